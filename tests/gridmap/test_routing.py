"""The one spatial question, against shapely on the same polygons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection

from geodata.crs import STORED_SRID, from_stored, metres_srid, to_metres, to_stored
from gridmap import routing
from gridmap.models import Area, Boundary, Edition, River
from gridmap.routing import Method
from gridmap.shapes import stored_multi

TODAY = dt.date(2026, 6, 30)
pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Ground:
    """The second-level grids as shapely polygons in order of code."""

    codes: np.ndarray
    shapes: np.ndarray
    tree: shapely.STRtree

    def covering(self, points: np.ndarray) -> list[list[str]]:
        """The codes of all grids covering each point, lowest first."""
        found: list[list[str]] = [[] for _ in points]
        for point, grid in self.tree.query(shapely.points(points), predicate="covered_by").T:
            found[point].append(str(self.codes[grid]))
        return [sorted(codes) for codes in found]


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker) -> Ground:  # type: ignore[no-untyped-def]
    with django_db_blocker.unblock():
        rows = Boundary.objects.on(TODAY).filter(area__level="grid").order_by("area_id").values_list("area_id", "geom")
        codes, geometries = zip(*rows, strict=True)
    shapes = np.array([shapely.from_wkb(bytes(geometry.wkb)) for geometry in geometries])
    return Ground(np.array(codes), shapes, shapely.STRtree(shapes))


def routed(points: np.ndarray) -> list[tuple[str, str, list[str]]]:
    """What the database says of many points, by the same function that routes one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT area, method, candidates FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p(x, y, n),
               LATERAL gridmap_route(x, y, %s, 0) ORDER BY n""",
            (points[:, 0].tolist(), points[:, 1].tolist(), TODAY),
        )
        return [(area, method, list(candidates)) for area, method, candidates in cursor.fetchall()]


def assert_like_shapely(points: np.ndarray, ground: Ground) -> np.ndarray:
    """Every point goes to the lowest covering code; returns how many grids cover each."""
    for point, expected, (area, method, candidates) in zip(
        points, ground.covering(points), routed(points), strict=True
    ):
        assert expected, f"no grid covers {point}"
        assert (area, candidates) == (expected[0], expected), point
        assert method == ("within" if len(expected) == 1 else "edge"), point
    return np.array([len(codes) for codes in ground.covering(points)])


def test_random_points_go_where_shapely_says(ground: Ground) -> None:
    random = np.random.default_rng(1)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    points = random.uniform((west, south), (east, north), (12_000, 2))
    points = points[shapely.contains_xy(shapely.coverage_union_all(ground.shapes), points)]
    assert len(points) > 3000
    assert_like_shapely(points, ground)


def test_all_shared_vertices_go_to_the_lowest_code(ground: Ground) -> None:
    vertices = np.unique(shapely.get_coordinates(ground.shapes), axis=0)
    covered_by = assert_like_shapely(vertices, ground)
    assert (covered_by > 1).sum() > 10_000
    assert covered_by.max() >= 3


def test_ten_thousand_edge_midpoints_go_where_shapely_says(ground: Ground) -> None:
    # A midpoint is seldom exactly on its edge in doubles: each engine must still give the same exact answer.
    rings = shapely.get_rings(shapely.get_parts(ground.shapes))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    middles = np.unique(((coordinates[:-1] + coordinates[1:]) / 2)[same], axis=0)
    chosen = np.random.default_rng(2).permutation(middles)
    covered = chosen[[bool(codes) for codes in ground.covering(chosen)]][:10_000]
    assert len(covered) == 10_000
    assert_like_shapely(covered, ground)


def test_the_python_answer_is_the_functions_answer(ground: Ground) -> None:
    inside = shapely.point_on_surface(ground.shapes[100])
    found = routing.route(inside.x, inside.y, on=TODAY)
    line = shapely.linestrings(np.column_stack(to_metres(*shapely.get_coordinates(ground.shapes[100]).T)))
    distance = shapely.distance(line, shapely.points(*to_metres(inside.x, inside.y)))
    assert (found.area, found.method) == (ground.codes[100], Method.WITHIN)
    assert found.distance_m == pytest.approx(distance, abs=0.01)
    assert found.candidates == (ground.codes[100],)
    assert not found.uncertain


def test_accuracy_wider_than_the_way_to_the_line_offers_the_neighbours(ground: Ground) -> None:
    edge = shapely.get_coordinates(ground.shapes[100])[0]
    inside = shapely.point_on_surface(ground.shapes[100])
    near_line = edge + (np.array([inside.x, inside.y]) - edge) * 0.02
    if not ground.shapes[100].contains(shapely.points(near_line)):
        near_line = np.array([inside.x, inside.y])
    x, y = near_line.tolist()
    exact = routing.route(x, y, on=TODAY)
    vague = routing.route(x, y, on=TODAY, accuracy=150)
    assert vague.area == exact.area
    assert vague.uncertain
    assert set(vague.candidates) > set(exact.candidates)


def test_gcj02_lands_in_the_same_grid_and_unconverted_in_another(ground: Ground) -> None:
    centres = shapely.get_coordinates(shapely.point_on_surface(ground.shapes))
    lon, lat = from_stored(centres[:, 0], centres[:, 1], "gcj02")
    back = np.column_stack(to_stored(lon, lat, "gcj02"))
    assert [area for area, _, _ in routed(back)] == ground.codes.tolist()
    wrong = [
        codes[:1] != [code]
        for codes, code in zip(ground.covering(np.column_stack([lon, lat])), ground.codes, strict=True)
    ]
    assert np.mean(wrong) > 0.6


# ---- a small district on exact binary coordinates, for the rarer outcomes ------------------------------------------
#
#   y=26.0   +-----------+-----------+     one degree of latitude is about 111 km here, so the squares are of
#            | 001: A    | 001: B    |     1/64 degree (1.7 km); between community 001 and community 002 there is a
#   25.984   +-----------+-----------+     gap of 1/1024 degree (about 105 m) that only the town covers.
#             (gap, town only)
#   25.983   +-----------+
#            | 002: C    |
#            +-----------+

D = 1 / 64
GAP = 1 / 1024
WEST, TOP = 120.0, 26.0


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(west, south, east, north)


@pytest.fixture
def small(db: None) -> Iterator[None]:
    at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    edition = Edition.objects.create(
        name="小区", state="published", valid_from=dt.date(2020, 1, 1), created_at=at, published_at=at
    )
    a = box(WEST, TOP - D, WEST + D, TOP)
    b = box(WEST + D, TOP - D, WEST + 2 * D, TOP)
    c = box(WEST, TOP - 2 * D - GAP, WEST + D, TOP - D - GAP)
    town = box(WEST, TOP - 2 * D - GAP, WEST + 2 * D, TOP)
    drawn = [
        ("999901", "district", "district", None, town),
        ("999901001", "town", "town", "999901", town),
        ("999901001001", "community", "community", "999901001", shapely.union(a, b)),
        ("999901001002", "community", "village", "999901001", c),
        ("999901001001001", "grid", "basic", "999901001001", a),
        ("999901001001002", "grid", "basic", "999901001001", b),
        ("999901001002001", "grid", "basic", "999901001002", c),
    ]
    for code, level, kind, parent, shape in drawn:
        Area.objects.create(code=code, level=level, kind=kind, name=code, parent_id=parent)
        Boundary.objects.create(area_id=code, edition=edition, geom=stored_multi(shape), valid_from=dt.date(2020, 1, 1))
    return


def test_a_point_on_a_shared_line_goes_to_the_lowest_code_and_keeps_both(small: None) -> None:
    found = routing.route(WEST + D, TOP - D / 2, on=TODAY)
    assert (found.area, found.method, found.distance_m) == ("999901001001001", Method.EDGE, 0.0)
    assert found.candidates == ("999901001001001", "999901001001002")


def test_a_point_in_a_gap_goes_to_the_nearest_grid_with_the_distance(small: None) -> None:
    found = routing.route(WEST + D / 2, TOP - D - GAP / 4, on=TODAY)
    assert (found.area, found.method) == ("999901001001001", Method.NEAREST)
    assert found.distance_m == pytest.approx(GAP / 4 * 110_780, rel=0.01)


def test_nearest_stays_inside_the_community_that_covers_the_point(small: None) -> None:
    # The gap now belongs to community 002, whose grid is the farther one.
    gap = box(WEST, TOP - D - GAP, WEST + D, TOP - D)
    lower = Boundary.objects.get(area="999901001002")
    whole = shapely.union(shapely.from_wkb(bytes(lower.geom.wkb)), gap)
    Boundary.objects.filter(pk=lower.pk).update(geom=stored_multi(whole))
    found = routing.route(WEST + D / 2, TOP - D - GAP / 4, on=TODAY)
    assert (found.area, found.method) == ("999901001002001", Method.NEAREST)


def test_nearest_never_crosses_a_river(small: None) -> None:
    line = f"SRID={STORED_SRID};MULTILINESTRING(({WEST} {TOP - D - GAP / 8}, {WEST + D} {TOP - D - GAP / 8}))"
    River.objects.create(name="小河", geom=GEOSGeometry(line))
    found = routing.route(WEST + D / 2, TOP - D - GAP / 4, on=TODAY)
    assert (found.area, found.method) == ("999901001002001", Method.NEAREST)


def test_a_point_no_grid_is_near_goes_to_its_town(small: None) -> None:
    found = routing.route(WEST + 1.75 * D, TOP - 1.75 * D, on=TODAY)
    assert (found.area, found.method, found.distance_m) == ("999901001", Method.UNROUTED, 0.0)
    assert found.candidates == ()


def test_outside_within_500_m_is_taken_in_by_the_district(small: None) -> None:
    found = routing.route(WEST + D / 2, TOP + 300 / 110_780, on=TODAY)
    assert (found.area, found.method) == ("999901", Method.UNROUTED)
    assert found.distance_m == pytest.approx(300, rel=0.01)


def test_farther_outside_is_refused_and_the_side_is_named(small: None) -> None:
    with pytest.raises(routing.OutsideDistrict, match=r"北侧约 0\.6 公里"):
        routing.route(WEST + D / 2, TOP + 600 / 110_780, on=TODAY)


def test_the_answer_is_that_of_the_day(small: None) -> None:
    moved = dt.date(2024, 1, 1)
    Boundary.objects.filter(area="999901001001001").update(valid_until=moved)
    point = (WEST + D / 4, TOP - D / 4)
    assert routing.route(*point, on=moved - dt.timedelta(days=1)).area == "999901001001001"
    assert routing.route(*point, on=moved).method != Method.WITHIN
    with pytest.raises(routing.NoDistrict):
        routing.route(*point, on=dt.date(2010, 1, 1))


def test_routing_is_one_statement(ground: Ground, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(1):
        routing.route(114.9375, 25.8685, on=TODAY, accuracy=80)


def test_the_database_chooses_the_same_plane_to_measure_in() -> None:
    places = [(lon, lat) for lon in np.arange(-180, 180.1, 0.75) for lat in (-80.0, -0.1, 0.0, 0.1, 25.8, 59.9, 60.0)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gridmap_metres_srid(x, y) FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p(x, y, n) ORDER BY n",
            ([float(lon) for lon, _ in places], [lat for _, lat in places]),
        )
        assert [srid for (srid,) in cursor.fetchall()] == [metres_srid(*place) for place in places]
