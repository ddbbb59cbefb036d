"""The one spatial question: whose ground is this point on, on that day?

Rules, in order:

1. covered by one second-level grid in force → ``within``;
2. covered by several, on a shared line → the lowest code, ``edge``, all of them kept as candidates;
3. covered by none → the nearest second-level grid within 200 m, inside the covering first-level grid if there is
   one, and not across a river the registry knows → ``nearest``;
4. otherwise ``unrouted``: it goes to the town that covers it, else to the district. Nothing is ever dropped.

A point farther than 500 m outside the district is refused (:class:`OutsideDistrict`).

One statement; the rules run inside the database (``gridmap_route``, see the migrations), and polygons are never
cached in Python, so a published edition counts from its first second.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import TextChoices

from gridmap.problems import Problem

REFUSED_BEYOND_M = 500.0
# A phone may say it is accurate to kilometres; candidates that far away help nobody.
ACCURACY_CAP_M = 200.0
SIDES = ["北", "东北", "东", "东南", "南", "西南", "西", "西北"]


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

    ``area`` is a second-level code, or the town's or district's when ``unrouted``. ``distance_m`` is measured in the
    plane of ``geodata.crs.metres_srid`` to the line that decides: the grid's own outline, or for ``unrouted`` the
    district's. ``uncertain`` says that the accuracy given is wider than that, and ``candidates`` then holds every grid
    within the accuracy.
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


def route(lon: float, lat: float, *, on: dt.date, accuracy: float | None = None) -> Route:
    """Find the area that answers for a point (CGCS2000 degrees) on a day.

    ``accuracy`` is the radius in metres the device claims. Raises :class:`OutsideDistrict` for a point more than
    500 m outside every district boundary in force on that day, :class:`NoDistrict` when there is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT area, method, distance_m, candidates, uncertain, azimuth FROM gridmap_route(%s, %s, %s, %s)",
            (lon, lat, on, min(accuracy or 0.0, ACCURACY_CAP_M)),
        )
        area, method, distance, candidates, uncertain, azimuth = cursor.fetchone()
    if area is None:
        raise NoDistrict(f"{on} 没有已发布的区界，无法定位 (no district boundary in force on that day)")
    if method == Method.UNROUTED and distance > REFUSED_BEYOND_M:
        raise OutsideDistrict(
            f"该位置在本区界外{_side(azimuth)}约 {distance / 1000:.1f} 公里处，不在受理范围内 (outside the district)"
        )
    return Route(area, Method(method), distance, tuple(candidates), uncertain)


def _side(azimuth: float) -> str:
    """The compass side the point lies on, seen from the district."""
    return SIDES[round(azimuth / 45) % 8] + "侧"
