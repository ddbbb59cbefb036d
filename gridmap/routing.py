"""The one spatial question: whose ground is this point on, on that day?

Rules, in order (the numbers of the design):

1. covered by one second-level grid in force → ``within``;
2. covered by several, on a shared line → the lowest code, ``edge``, all of them kept as candidates;
3. covered by none → the nearest second-level grid within 200 m, inside the covering first-level grid if there is
   one, and not across a river the registry knows → ``nearest``;
4. otherwise ``unrouted``: it goes to the town that covers it, else to the district. Nothing is ever dropped.

A point farther than 500 m outside the district is refused (:class:`OutsideDistrict`).

One SQL statement; polygons are never cached in Python, so a published edition counts from its first second.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import TextChoices

from geodata.crs import METRES_SRID, STORED_SRID
from gridmap.problems import Problem

NEAREST_WITHIN_M = 200.0
REFUSED_BEYOND_M = 500.0
# A phone may say it is accurate to kilometres; candidates that far away help nobody.
ACCURACY_CAP_M = 200.0


class Method(TextChoices):
    """How an area was found."""

    WITHIN = "within", "落在网格内"
    EDGE = "edge", "落在网格交界线上"
    NEAREST = "nearest", "就近归入"
    UNROUTED = "unrouted", "未能归入网格"
    MANUAL = "manual", "人工指定"


@dataclass(frozen=True)
class Route:
    """Where a point belongs.

    ``area`` is a second-level code, or the town's or district's when ``unrouted``. ``distance_m`` is measured in
    EPSG:4547 to the line that decides: the grid's own outline, or for ``unrouted`` the district's. ``uncertain``
    says that the accuracy given is wider than that, and ``candidates`` then holds every grid within the accuracy.
    """

    area: str
    method: Method
    distance_m: float
    candidates: tuple[str, ...]
    uncertain: bool = False


class OutsideDistrict(Problem):
    """The point is farther outside the district than a slip of the finger explains."""

    status = 422
    code = "outside-district"


class NoDistrict(Problem):
    """The registry holds no district boundary on that day."""

    status = 422
    code = "no-district"


# `:radius` in degrees only narrows the index scan; every distance that decides is in metres.
_SQL = f"""
WITH input AS MATERIALIZED (
    SELECT point, ST_Transform(point, {METRES_SRID}) AS metres
    FROM (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), {STORED_SRID}) AS point) AS made
),
in_force AS (
    SELECT boundary.area_id AS code, area.level, boundary.geom
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
    WHERE boundary.valid_from <= %(on)s AND (boundary.valid_until IS NULL OR boundary.valid_until > %(on)s)
),
covering AS MATERIALIZED (
    SELECT code, ST_Distance(ST_Boundary(ST_Transform(geom, {METRES_SRID})), metres) AS distance
    FROM in_force, input WHERE level = 'grid' AND ST_Covers(geom, point)
),
around AS MATERIALIZED (
    SELECT code, ST_Distance(ST_Transform(geom, {METRES_SRID}), metres) AS distance, geom
    FROM in_force, input
    WHERE level = 'grid'
      AND geom && ST_Expand(point, %(radius_lon)s, %(radius_lat)s)
      AND (NOT EXISTS (SELECT FROM covering) OR %(accuracy)s > (SELECT min(distance) FROM covering))
),
community AS MATERIALIZED (
    SELECT code FROM in_force, input
    WHERE level = 'community' AND NOT EXISTS (SELECT FROM covering) AND ST_Covers(geom, point)
),
nearest AS MATERIALIZED (
    SELECT around.code, around.distance
    FROM around, input
    WHERE NOT EXISTS (SELECT FROM covering) AND around.distance <= {NEAREST_WITHIN_M}
      AND NOT EXISTS (
          SELECT FROM gridmap_river AS river
          WHERE ST_Intersects(river.geom, ST_ShortestLine(input.point, around.geom)))
      AND (NOT EXISTS (SELECT FROM community)
           OR EXISTS (SELECT FROM community WHERE starts_with(around.code, community.code)))
    ORDER BY around.distance, around.code LIMIT 1
),
ground AS MATERIALIZED (
    SELECT code, level,
           CASE WHEN ST_Covers(geom, point) THEN 0 ELSE ST_Distance(ST_Transform(geom, {METRES_SRID}), metres) END
               AS distance,
           degrees(ST_Azimuth(ST_Transform(ST_ClosestPoint(geom, point), {METRES_SRID}), metres)) AS azimuth
    FROM in_force, input
    WHERE level IN ('district', 'town') AND NOT EXISTS (SELECT FROM covering)
      AND (level = 'district' OR ST_Covers(geom, point))
)
SELECT (SELECT json_agg(json_build_array(code, distance) ORDER BY code COLLATE "C") FROM covering),
       (SELECT json_build_array(code, distance) FROM nearest),
       (SELECT json_agg(code ORDER BY code COLLATE "C") FROM around WHERE distance <= %(accuracy)s),
       (SELECT json_agg(json_build_array(code, level, distance, azimuth) ORDER BY code COLLATE "C" DESC) FROM ground)
"""


def route(lon: float, lat: float, *, on: dt.date, accuracy: float | None = None) -> Route:
    """Find the area that answers for a point (CGCS2000 degrees) on a day.

    ``accuracy`` is the radius in metres the device claims. Raises :class:`OutsideDistrict` for a point more than
    500 m outside every district boundary in force on that day, :class:`NoDistrict` when there is none.
    """
    radius = max(NEAREST_WITHIN_M, min(accuracy or 0.0, ACCURACY_CAP_M)) * 1.01
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "lon": lon,
                "lat": lat,
                "on": on,
                "accuracy": min(accuracy or 0.0, ACCURACY_CAP_M),
                "radius_lat": radius / 110_500,
                "radius_lon": radius / (110_500 * max(math.cos(math.radians(lat)), 0.1)),
            },
        )
        covering, nearest, around, ground = cursor.fetchone()
    return _decide(covering or [], nearest, around or [], ground or [], on)


def _decide(
    covering: list[list[Any]],
    nearest: list[Any] | None,
    around: list[str],
    ground: list[list[Any]],
    on: dt.date,
) -> Route:
    if covering:
        codes = [code for code, _ in covering]
        code, distance = covering[0]
        method = Method.WITHIN if len(codes) == 1 else Method.EDGE
        candidates = sorted({*codes, *around})
        return Route(code, method, float(distance), tuple(candidates), uncertain=len(candidates) > len(codes))
    _refuse_far_away(ground, on)
    if nearest:
        code, distance = nearest
        return Route(code, Method.NEAREST, float(distance), tuple(sorted({code, *around})), len(around) > 1)
    # The town's code is longer than the district's, so it comes first in descending order.
    code, _, distance, _ = next((row for row in ground if row[1] == "town"), ground[0])
    return Route(code, Method.UNROUTED, float(distance), tuple(around))


def _refuse_far_away(ground: list[list[Any]], on: dt.date) -> None:
    if not ground:
        raise NoDistrict(f"{on} 没有已发布的区界,无法定位 (no district boundary in force on {on})")
    _, _, distance, azimuth = min(ground, key=lambda row: float(row[2]))
    if distance > REFUSED_BEYOND_M:
        kilometres = distance / 1000
        raise OutsideDistrict(
            f"该位置在本区界外{_side(azimuth)}约 {kilometres:.1f} 公里处,不在受理范围内"
            f" (about {kilometres:.1f} km outside the district)"
        )


def _side(azimuth: float | None) -> str:
    """Name the compass side the point lies on."""
    if azimuth is None:
        return ""
    return "北 东北 东 东南 南 西南 西 西北".split()[round(azimuth / 45) % 8] + "侧"
