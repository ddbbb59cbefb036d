"""The bulk router against the database: the same polygons, the same points, the same answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from django.db import connection

from geodata.areas import Areas, areas_of
from geodata.routing import Router, Rules
from gridmap.models import Boundary, River

TODAY = dt.date(2026, 6, 30)
pytestmark = pytest.mark.django_db

COVERING = """
    SELECT array_agg(boundary.area_id::text ORDER BY boundary.area_id COLLATE "C")
           FILTER (WHERE boundary.area_id IS NOT NULL)
    FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS asked(x, y, number)
    LEFT JOIN (gridmap_boundary AS boundary
               JOIN gridmap_area AS area ON area.code = boundary.area_id AND area.level = 'grid')
      ON ST_Covers(boundary.geom, ST_SetSRID(ST_MakePoint(x, y), 4490))
      AND gridmap_in_force(boundary.valid_from, boundary.valid_until, %s)
    GROUP BY number ORDER BY number
"""


@dataclass(frozen=True)
class Ground:
    grids: Areas
    communities: Areas


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker) -> Ground:  # type: ignore[no-untyped-def]
    def of(level: str) -> Areas:
        rows = Boundary.objects.on(TODAY).filter(area__level=level).values_list("area_id", "geom")
        return areas_of([code for code, _ in rows], [shapely.from_wkb(bytes(geom.wkb)) for _, geom in rows])

    with django_db_blocker.unblock():
        return Ground(of("grid"), of("community"))


def lines_and_beside(areas: Areas, count: int, seed: int) -> np.ndarray:
    """Corners and points of edges, some up to two ulp off in one direction or the other."""
    random = np.random.default_rng(seed)
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(areas.shapes)), return_index=True)
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    edge = random.choice(inner, count)
    share = random.choice([0.0, 0.5, np.nan], count)
    share[np.isnan(share)] = random.random(int(np.isnan(share).sum()))
    points = corners[edge] + share[:, None] * (corners[edge + 1] - corners[edge])
    for axis in (0, 1):
        for _ in range(2):
            towards = random.choice([-np.inf, np.inf, np.nan], count)
            moved = np.nextafter(points[:, axis], towards)
            points[:, axis] = np.where(np.isnan(towards), points[:, axis], moved)
    return points


def test_on_lines_and_two_ulp_beside_them_as_st_covers(ground: Ground) -> None:
    points = lines_and_beside(ground.grids, 20_000, seed=1)
    router = Router(ground.grids)
    routed = router.route(points[:, 0], points[:, 1])
    found = [(area,) if area >= 0 else () for area in routed.area.tolist()]
    for which, areas in zip(routed.shared.tolist(), routed.sharing, strict=True):
        found[which] = areas
    with connection.cursor() as cursor:
        cursor.execute(COVERING, (points[:, 0].tolist(), points[:, 1].tolist(), TODAY))
        expected = [tuple(codes or ()) for (codes,) in cursor.fetchall()]
    assert [tuple(router.codes[list(areas)]) for areas in found] == expected
    covered_by = np.bincount([len(codes) for codes in expected])
    assert covered_by[1] > 5000
    assert covered_by[2:].sum() > 500


def test_the_whole_rule_as_the_database_has_it(ground: Ground) -> None:
    random = np.random.default_rng(2)
    on_lines = lines_and_beside(ground.grids, 600, seed=3)
    beside_lines = lines_and_beside(ground.grids, 1500, seed=4) + random.normal(0, 0.0008, (1500, 2))
    west, south, east, north = shapely.total_bounds(ground.grids.shapes)
    points = np.concatenate([on_lines, beside_lines, random.uniform((west, south), (east, north), (600, 2))])
    rivers = np.array([shapely.from_wkb(bytes(geom.wkb)) for geom in River.objects.values_list("geom", flat=True)])
    rules = Rules(ground.grids, parents=ground.communities, rivers=rivers)
    decided = rules.decide(points[:, 0], points[:, 1], "cgcs2000")
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT area, method, distance_m, candidates FROM unnest(%s::float8[], %s::float8[])
               WITH ORDINALITY AS asked(x, y, number), LATERAL gridmap_route(x, y, %s, 0) ORDER BY number""",
            (points[:, 0].tolist(), points[:, 1].tolist(), TODAY),
        )
        rows = cursor.fetchall()
    for number, (area, method, distance, candidates) in enumerate(rows):
        assert decided.method[number] == method, points[number]
        if method == "unrouted":
            # The registry gives it to the town or the district; the bulk router knows neither.
            assert decided.code[number] == decided.candidates[number] == ""
            continue
        assert decided.code[number] == area, points[number]
        assert decided.candidates[number] == ";".join(candidates)
        assert decided.distance_m[number] == pytest.approx(distance, abs=1e-6)
    methods = set(decided.method)
    assert methods == {"within", "edge", "nearest", "unrouted"}
    assert (decided.method == "nearest").sum() > 30
