"""The bulk router: the same answers as GEOS, point by point, wherever the points lie."""

from __future__ import annotations

import csv
import json
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata.areas import areas_of
from geodata.crs import UnknownCoordinateSystem, from_stored, to_metres
from geodata.routing import Nearest, Router, Rules, UnusableAreas, lines_of
from geodata.routing import router as router_module
from geodata.routing.cells import MOST_LINES, UNKNOWN
from tests.real_data import WHY_SKIPPED, real_data

GRIDS = Path(__file__).resolve().parents[2] / "fixtures" / "district" / "grids.geojson"
Points = NDArray[np.float64]


def expected(shapes: list[shapely.Geometry], points: Points) -> list[tuple[int, ...]]:
    """The indexes of all shapes that cover each point, asked of GEOS one by one."""
    if not shapes:
        return [()] * len(points)
    covers = shapely.intersects_xy(np.array(shapes)[None, :], points[:, [0]], points[:, [1]])
    return [tuple(np.flatnonzero(row).tolist()) for row in covers]


def answered(router: Router, points: Points, *, threads: int = 1) -> list[tuple[int, ...]]:
    routed = router.route(points[:, 0], points[:, 1], threads=threads)
    found: list[tuple[int, ...]] = [(area,) if area >= 0 else () for area in routed.area.tolist()]
    for which, areas in zip(routed.shared.tolist(), routed.sharing, strict=True):
        assert areas[0] == routed.area[which]
        found[which] = areas
    return found


def awkward_points(shapes: list[shapely.Geometry], router: Router, random: np.random.Generator) -> Points:
    """Corners, edges' middles and other points of edges, all of them up to two ulp off; cells' corners; others."""
    rings = shapely.get_rings(shapely.get_parts(np.array(shapes)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    start, end = corners[:-1][inner], corners[1:][inner]
    share = np.concatenate([np.full(len(start), 0.5), random.random(len(start))])[:, None]
    on_lines = np.concatenate([start, np.tile(start, (2, 1)) + share * np.tile(end - start, (2, 1))])
    off = [on_lines]
    for axis in (0, 1):
        for towards in (-np.inf, np.inf):
            beside = on_lines.copy()
            for _ in range(2):
                beside[:, axis] = np.nextafter(beside[:, axis], towards)
                off.append(beside.copy())
    lattice = router.cells.lattice
    cells = random.integers(0, (lattice.columns, lattice.rows), (300, 2))
    west, south, east, north = shapely.total_bounds(np.array(shapes))
    wide = np.array([east - west, north - south])
    anywhere = random.uniform((west, south) - wide / 10, (east, north) + wide / 10, (1000, 2))
    points = np.concatenate([*off, np.array([lattice.west, lattice.south]) + cells * lattice.size, anywhere])
    return random.permutation(points)


@st.composite
def tessellations(draw: st.DrawFn) -> list[shapely.Geometry]:
    """Cells with shared edges; some joined into multipolygons, some with holes, filled or not; some overlapping."""
    try:
        return cut_up(draw)
    except shapely.errors.GEOSException:
        # It is our scissors that fail, and nothing has been routed yet: others are drawn.
        reject()


def cut_up(draw: st.DrawFn) -> list[shapely.Geometry]:
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    digits = draw(st.sampled_from([2, 6, 15]))
    wide = draw(st.sampled_from([0.01, 1.0, 60.0]))
    centre = np.array(draw(st.sampled_from([(114.9, 25.8), (0.0, 0.0), (-73.9, 40.7)])))
    seeds = shapely.multipoints(centre + random.uniform(-wide / 2, wide / 2, (draw(st.integers(2, 40)), 2)))
    window = shapely.box(*(centre - wide / 2), *(centre + wide / 2))
    cut = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=window)), window)
    shapes = [shapely.set_precision(shape, 10.0**-digits) for shape in cut]
    shapes = [shape for shape in shapes if shape.geom_type == "Polygon" and not shape.is_empty]
    for _ in range(draw(st.integers(0, 3))):
        if len(shapes) > 2:
            one, other = (shapes.pop(int(random.integers(len(shapes)))) for _ in range(2))
            shapes.append(shapely.union(one, other))
    for _ in range(draw(st.integers(0, 3))):
        if not shapes:
            break
        which = int(random.integers(len(shapes)))
        inside = shapely.point_on_surface(shapes[which])
        hole = shapely.intersection(inside.buffer(wide / 50, quad_segs=2), shapes[which])
        shapes[which] = shapely.difference(shapes[which], hole)
        if random.random() < 0.5:
            shapes.append(hole)
    if draw(st.booleans()):
        shapes.append(shapely.box(*(centre - wide / 4), *(centre + wide / 3)))
    usable = [s for s in shapes if s.is_valid and not s.is_empty and s.geom_type in ("Polygon", "MultiPolygon")]
    return [usable[which] for which in random.permutation(len(usable))]


@settings(max_examples=60)
@given(shapes=tessellations(), seed=st.integers(0, 2**32 - 1), threads=st.sampled_from([1, 3]))
def test_every_point_goes_where_geos_says(shapes: list[shapely.Geometry], seed: int, threads: int) -> None:
    random = np.random.default_rng(seed)
    router = Router.of([f"{number:04}" for number in range(len(shapes))], shapes)
    if not shapes:
        return
    points = awkward_points(shapes, router, random)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(router_module, "BLOCK", 500)
        patch.setattr(router_module, "CHUNK", 1700)
        first = answered(router, points, threads=threads)
        again = answered(router, points)  # by now the tables have learned
    assert first == expected(shapes, points)
    assert again == first


def test_the_district_on_and_beside_its_lines() -> None:
    codes, shapes = _grids()
    router = Router.of(codes, shapes)
    points = awkward_points(list(router.shapes), router, np.random.default_rng(3))
    tree = shapely.STRtree(router.shapes)
    covering: list[list[int]] = [[] for _ in points]
    for point, area in tree.query(shapely.points(points), predicate="covered_by").T:
        covering[point].append(int(area))
    found = answered(router, points)
    assert found == [tuple(sorted(areas)) for areas in covering]
    assert sum(len(areas) > 1 for areas in found) > 20_000
    assert router.codes.tolist() == sorted(codes)


def test_most_points_are_answered_by_the_tables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, shapes = _grids()
    router = Router.of(codes, shapes)
    west, south, east, north = shapely.total_bounds(shapes)
    points = np.random.default_rng(4).uniform((west, south), (east, north), (100_000, 2))
    asked = []
    ask = Router._ask
    monkeypatch.setattr(Router, "_ask", lambda self, x, y: asked.append(len(x)) or ask(self, x, y))
    router.route(points[:, 0], points[:, 1])
    assert sum(asked) < 500
    asked.clear()
    router.route(points[:, 0], points[:, 1])
    assert sum(asked) < 10
    assert router.cells.bytes < 40e6
    assert router.cells.sides[-1] == UNKNOWN


def test_a_corner_of_many_areas_is_asked_of_geos() -> None:
    # Sixteen wedges meet in a point: more lines than a table of sides is kept for.
    rim = [(np.cos(turn), np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 17)]
    wedges = [shapely.Polygon([(0, 0), one, other]) for one, other in pairwise(rim)]
    router = Router.of([f"{number:02}" for number in range(16)], wedges)
    assert (router.cells.count > MOST_LINES).any()
    points = np.random.default_rng(5).normal(0, 0.01, (5000, 2))
    points[:10] = 0
    assert answered(router, points) == expected(wedges, points)
    assert answered(router, points[:1]) == [tuple(range(16))]


def test_the_lowest_code_is_lowest_by_bytes() -> None:
    square = shapely.box(0, 0, 1, 1)
    router = Router.of(["格", "b", "B", "10", "9", "𠀀"], [square] * 6)
    assert router.codes.tolist() == ["10", "9", "B", "b", "格", "𠀀"]
    assert router.codes.tolist() == sorted(router.codes, key=lambda code: code.encode())
    routed = router.route([0.5], [0.5])
    assert (routed.code()[0], routed.sharing) == ("10", ((0, 1, 2, 3, 4, 5),))


def test_nothing_lies_in_no_areas_and_no_points_lie_nowhere() -> None:
    nothing = Router.of([], []).route([1.0, np.nan], [2.0, 3.0])
    assert (nothing.area.tolist(), nothing.code().tolist()) == ([-1, -1], [None, None])
    none = Router.of(["1"], [shapely.box(0, 0, 1, 1)]).route([], [])
    assert (len(none), len(none.shared), none.sharing) == (0, 0, ())


@pytest.mark.parametrize(
    "point",
    [(np.nan, 0.5), (0.5, np.nan), (np.nan, np.nan), (np.inf, 0.5), (0.5, -np.inf), (-179.5, -0.5), (0.5, 1e300)],
)
def test_what_is_no_place_or_elsewhere_lies_in_no_area(point: tuple[float, float]) -> None:
    router = Router.of(["1"], [shapely.box(0, 0, 1, 1)])
    assert router.route([point[0], 0.5], [point[1], 0.5]).area.tolist() == [-1, 0]


def test_points_are_two_columns_of_one_length() -> None:
    router = Router.of(["1"], [shapely.box(0, 0, 1, 1)])
    for lon, lat in (([1.0], [1.0, 2.0]), (1.0, 2.0), ([[1.0]], [[1.0]])):
        with pytest.raises(ValueError, match="not columns of points"):
            router.route(lon, lat)


@pytest.mark.parametrize(
    ("codes", "shapes", "why"),
    [
        (["7"], [None], r"第 1 个区域 7：没有图形"),
        (["7"], [shapely.Polygon()], r"7：图形为空"),
        (["7"], [shapely.Point(1, 1)], r"7：不是面"),
        (["7"], [shapely.LineString([(0, 0), (1, 1)])], r"7：不是面"),
        (["7"], [shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], r"7：图形无效：Self-intersection\[0\.5 0\.5\]"),
        (["7"], [shapely.box(39500000, 2800000, 39500100, 2800100)], r"7：坐标不是经纬度"),
        (["7", "7"], [shapely.box(0, 0, 1, 1)] * 2, r"第 2 个区域 7：编码重复"),
        (["7", ""], [shapely.box(0, 0, 1, 1)] * 2, r"第 2 个区域 \?：没有编码"),
    ],
)
def test_unusable_areas_are_refused_by_name(codes: list[str], shapes: list[shapely.Geometry], why: str) -> None:
    with pytest.raises(UnusableAreas, match=why):
        Router.of(codes, shapes)


# ---- the nearest area and the whole rule -----------------------------------------------------------------------
#
# Squares of 1/64 degree on exact binary coordinates, a gap of 1/1024 degree (about 108 m) between north and south.

D, GAP = 1 / 64, 1 / 1024
WEST, TOP = 114.0, 26.0
A = shapely.box(WEST, TOP - D, WEST + D, TOP)
B = shapely.box(WEST + D, TOP - D, WEST + 2 * D, TOP)
C = shapely.box(WEST, TOP - 2 * D - GAP, WEST + D, TOP - D - GAP)
CODES = ["001001", "001002", "002001"]
IN_THE_GAP = (WEST + D / 2, TOP - D - GAP / 4)


def metres_between(lon: float, lat: float, shape: shapely.Geometry) -> float:
    plane = shapely.transform(shape, lambda points: np.column_stack(to_metres(*points.T)))
    return float(shapely.distance(shapely.boundary(plane), shapely.Point(*to_metres(lon, lat))))


def near(point: tuple[float, float], **rule: object) -> tuple[str, float]:
    router = Router.of(CODES, [A, B, C])
    found = Nearest(router, **rule).find(np.array([point[0]]), np.array([point[1]]))  # type: ignore[arg-type]
    area = int(found.area[0])
    return (str(router.codes[area]) if area >= 0 else "", float(found.distance_m[0]))


def test_the_nearest_in_metres_with_the_distance() -> None:
    code, distance = near(IN_THE_GAP)
    assert code == "001001"
    assert distance == pytest.approx(metres_between(*IN_THE_GAP, A), abs=1e-6)
    assert distance == pytest.approx(GAP / 4 * 110_780, rel=0.01)


def test_nearest_is_measured_in_metres_not_in_degrees() -> None:
    # The western square is nearer in metres, the northern one in degrees: a degree of longitude is shorter.
    north, west = shapely.box(0.0, 60.001, 0.001, 60.002), shapely.box(-0.003, 59.99, -0.0012, 60.0)
    router = Router.of(["n", "w"], [north, west])
    found = Nearest(router).find(np.array([0.0]), np.array([60.0]))
    assert router.codes[found.area[0]] == "w"
    assert found.distance_m[0] == pytest.approx(0.0012 * 55_800, rel=0.01)


def test_two_hundred_metres_and_no_farther() -> None:
    metre = 1 / 110_780
    assert near((WEST + D / 2, TOP + 199 * metre))[0] == "001001"
    assert near((WEST + D / 2, TOP + 201 * metre)) == ("", pytest.approx(np.nan, nan_ok=True))
    assert near((WEST + D / 2, TOP + 201 * metre), reach_m=300.0)[0] == "001001"


def test_at_the_same_distance_the_lowest_code() -> None:
    assert near((WEST + D, TOP + GAP / 8))[0] == "001001"


def test_only_inside_the_parent_that_covers_the_point() -> None:
    parents = areas_of(["001", "002"], [shapely.union(A, B), shapely.box(*C.bounds[:3], TOP - D)])
    assert near(IN_THE_GAP, parents=parents)[0] == "002001"
    outside_all = (WEST + D / 2, TOP + GAP / 4)
    assert near(outside_all, parents=parents)[0] == "001001"
    # Two parents cover the point: the areas of both are looked at.
    both = areas_of(["001", "002"], [shapely.union(A, shapely.box(*C.bounds[:3], TOP)), parents.shapes[1]])
    assert near(IN_THE_GAP, parents=both)[0] == "001001"


def test_never_across_a_river() -> None:
    river = shapely.linestrings([(WEST, TOP - D - GAP / 8), (WEST + D, TOP - D - GAP / 8)])
    assert near(IN_THE_GAP, rivers=np.array([river]))[0] == "002001"
    both = shapely.box(WEST, TOP - D - GAP, WEST + D, TOP - D - GAP * 3 / 4)
    assert near(IN_THE_GAP, rivers=np.array([river, both])) == ("", pytest.approx(np.nan, nan_ok=True))


def test_the_whole_rule_row_by_row() -> None:
    rules = Rules(areas_of(CODES, [A, B, C]))
    points = np.array(
        [(WEST + D / 2, TOP - D / 2), (WEST + D, TOP - D / 2), IN_THE_GAP, (0, 0), (np.nan, 1), (200, 1), (1, -91)]
    )
    found = rules.decide(points[:, 0], points[:, 1], "cgcs2000")
    assert found.code.tolist() == ["001001", "001001", "001001", "", "", "", ""]
    assert found.method.tolist() == ["within", "edge", "nearest", *["unrouted"] * 4]
    assert found.candidates.tolist() == ["001001", "001001;001002", "001001", "", "", "", ""]
    assert found.distance_m[0] == pytest.approx(metres_between(*points[0], A), abs=1e-6)
    assert found.distance_m[1] == 0
    assert found.distance_m[2] == pytest.approx(metres_between(*IN_THE_GAP, A), abs=1e-6)
    assert np.isnan(found.distance_m[3:]).all()
    assert found.reason[:3].tolist() == ["", "", ""]
    assert [text.rpartition("(")[2] for text in found.reason[3:]] == [
        "no area to route to within 200 m)",
        "longitude or latitude is no number)",
        "out of range)",
        "out of range)",
    ]


def test_the_rule_takes_the_four_systems_and_no_other() -> None:
    codes, shapes = _grids()
    rules = Rules(areas_of(codes, shapes), measured=False)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    for coord in ("wgs84", "cgcs2000", "gcj02", "bd09"):
        lon, lat = from_stored(inside[:, 0], inside[:, 1], coord)
        assert rules.decide(lon, lat, coord).code.tolist() == codes
    with pytest.raises(UnknownCoordinateSystem):
        rules.decide([1.0], [1.0], "utm")


def test_no_points_several_threads_and_another_process_change_nothing() -> None:
    codes, shapes = _grids()
    rules = Rules(areas_of(codes, shapes))
    assert len(rules.decide([], [], "gcj02")) == 0
    west, south, east, north = shapely.total_bounds(shapes)
    lon, lat = np.random.default_rng(6).uniform((west, south), (east, north), (150_000, 2)).T
    alone, together = (rules.decide(lon, lat, "wgs84", threads=threads) for threads in (1, 2))
    elsewhere = pickle.loads(pickle.dumps(rules)).decide(lon, lat, "wgs84")
    for other in (together, elsewhere):
        for column in ("code", "method", "candidates", "reason"):
            assert (getattr(alone, column) == getattr(other, column)).all()
        np.testing.assert_array_equal(alone.distance_m, other.distance_m)
    assert set(alone.method) == {"within", "nearest", "unrouted"}


def test_distances_to_an_outline_of_many_vertices() -> None:
    # Over 400 vertices the outline is searched by an index of its edges, holes included.
    round_one = shapely.Point(114.5, 26).buffer(0.01, quad_segs=400)
    ring = round_one.difference(shapely.Point(114.5, 26).buffer(0.004, quad_segs=150))
    rules = Rules(areas_of(["1", "2"], [ring, shapely.box(115, 26, 115.01, 26.01)]))
    turn = np.linspace(0, 6, 50)
    lon, lat = 114.5 + 0.006 * np.cos(turn), 26 + 0.006 * np.sin(turn)
    found = rules.decide(np.append(lon, 115.001), np.append(lat, 26.003), "cgcs2000")
    for which in range(50):
        assert found.distance_m[which] == pytest.approx(metres_between(lon[which], lat[which], ring), abs=1e-6)
    assert found.code[50] == "2"
    assert found.distance_m[50] == pytest.approx(100, abs=1)


def test_rivers_are_lines_or_polygons() -> None:
    line = shapely.linestrings([(0, 0), (1, 1)])
    assert len(lines_of(np.array([line, shapely.box(0, 0, 1, 1)]), "r")) == 2
    for bad in (shapely.Point(0, 0), None, shapely.LineString()):
        with pytest.raises(ValueError, match=r"rivers\.geojson 第 2 条河流"):
            lines_of(np.array([line, bad]), "rivers.geojson")


# ---- real reports that their city labelled ----------------------------------------------------------------------


@pytest.mark.skipif(real_data("nyc") is None, reason=WHY_SKIPPED)
def test_real_reports_get_their_citys_label() -> None:
    folder = real_data("nyc")
    assert folder is not None
    features = json.loads((folder / "community_districts.geojson").read_text())["features"]
    codes = [str(feature["properties"]["BoroCD"]) for feature in features]
    rules = Rules(areas_of(codes, shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])))
    with (folder / "reports.csv").open(newline="") as lines:
        reports = list(csv.DictReader(lines))
    lon, lat = (np.array([float(report[name]) for report in reports]) for name in ("lon", "lat"))
    far = np.array([float(report["dist_to_nearest_boundary_m"]) > 5 for report in reports])
    labels = np.array([report["label"] for report in reports], dtype=object)
    found = rules.decide(lon, lat, "wgs84")
    assert far.sum() == 2802
    assert (found.code[far] == labels[far]).all()
    assert set(found.method) == {"within"}


def _grids() -> tuple[list[str], NDArray[np.object_]]:
    features = json.loads(GRIDS.read_text())["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return [feature["properties"]["code"] for feature in features], shapes
