"""Cases laid on the ground and re-routed in tests, and which of them then lie elsewhere than the database's own rule says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely

from cases import rerouting
from cases.models import Case
from gridmap.models import Edition
from tests.cases.redrawing import SHANGHAI, run

TOWN = "360702003"
DAY = dt.date(2026, 7, 1)
AT = dt.datetime(2026, 7, 7, 10, 0, tzinfo=SHANGHAI)
WRONG = """
SELECT cases_case.id, current_area_id, found.area
FROM (SELECT * FROM cases_case WHERE starts_with(area_id, %s)) AS cases_case,
     LATERAL gridmap_route(ST_X(point), ST_Y(point), %s, 0) AS found
WHERE current_area_id <> found.area AND (route_method <> 'manual' OR NOT EXISTS (
    SELECT FROM gridmap_boundary
    WHERE gridmap_boundary.area_id = current_area_id AND gridmap_in_force(valid_from, valid_until, %s)))
ORDER BY 1
"""
# Of those kept back, whose public point is another than the one inside their area.
SHOWN_ELSEWHERE = """
SELECT cases_case.id FROM cases_case JOIN gridmap_boundary AS drawn ON drawn.area_id = current_area_id
WHERE gridmap_in_force(valid_from, valid_until, %s) AND NOT ST_Equals(public_point, point)
  AND NOT ST_Equals(public_point, ST_PointOnSurface(geom)) ORDER BY 1
"""


def one_open(at: int = 0) -> Case:
    return Case.objects.open().select_related("category").filter(category__sensitive=False).order_by("pk")[at]


def inside(shape: shapely.Geometry) -> tuple[float, float]:
    point = shape.representative_point()
    return point.x + 1e-6, point.y


def put(case: Case, lon: float, lat: float, area: str, method: str = "within") -> None:
    """Lay a case somewhere, as if it had been reported there."""
    kept_back = case.category.sensitive
    shown = "(SELECT ST_PointOnSurface(geom) FROM gridmap_boundary WHERE area_id = %s AND valid_until IS NULL)"
    here = "ST_SetSRID(ST_MakePoint(%s, %s), 4490)"
    run(
        f"""UPDATE cases_case SET point = {here}, area_id = %s, current_area_id = %s, route_method = %s,
            public_point = {shown if kept_back else here} WHERE id = %s""",
        *(lon, lat, area, area, method),
        *((area,) if kept_back else (lon, lat)),
        case.pk,
    )


def settle(on: dt.date = DAY - dt.timedelta(days=1)) -> None:
    """Give every case the area of that day's boundaries, for those the test has laid elsewhere."""
    run(
        """UPDATE cases_case SET area_id = found.area, current_area_id = found.area FROM (
               SELECT id, (gridmap_route(ST_X(point), ST_Y(point), %s, 0)).area FROM cases_case
               WHERE starts_with(area_id, %s) AND route_method <> 'manual') AS found
           WHERE cases_case.id = found.id AND found.area <> area_id""",
        *(on, TOWN),
    )
    show_inside(run(SHOWN_ELSEWHERE, on))


def show_inside(keys: list[Any]) -> None:
    """Let the public point of some cases stand for their area of today."""
    run(
        """UPDATE cases_case SET public_point = ST_PointOnSurface(geom) FROM gridmap_boundary AS drawn
           WHERE drawn.area_id = current_area_id AND valid_until IS NULL AND cases_case.id = ANY (%s)""",
        [key for (key,) in keys],
    )


def wrongly_placed(below: str = TOWN, on: dt.date = DAY) -> list[tuple[object, ...]]:
    """Cases of an area that lie elsewhere than the database's own rule says."""
    return run(WRONG, below, on, on)


def wholly(edition: Edition, chunk: int = rerouting.CHUNK) -> rerouting.Progress:
    return list(rerouting.reroute(edition, at=AT, chunk=chunk))[-1]
