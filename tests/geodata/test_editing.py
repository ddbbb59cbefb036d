"""Splitting, merging and handing over: the ground stays whole, shared lines stay one, the rest is not touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geodata.corners import Plane, edges_of, places_of
from geodata.cutting import SNAP_METRES
from geodata.editing import EditRefused, hand_over, merge, split

Shapes = dict[str, BaseGeometry]
WEST, SOUTH, STEP = 114.93, 25.85, 0.004  # a step is about 400 m
DISTRICT = "360702"
# A square millimetre in square degrees: far above what the last bit of a new corner moves.
BITS = 1e-16


def at(x: float, y: float) -> tuple[float, float]:
    """A place in steps from the corner of the little district."""
    return WEST + x * STEP, SOUTH + y * STEP


def path(*places: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([at(*place) for place in places])


def ring(*places: tuple[float, float]) -> shapely.Polygon:
    return shapely.Polygon([at(*place) for place in places])


def with_levels(grids: Mapping[str, BaseGeometry]) -> Shapes:
    """The grids and everything above them."""
    whole = dict(grids)
    for length in (12, 9, 6):
        for code in sorted({grid[:length] for grid in grids}):
            whole[code] = shapely.coverage_union_all([shape for grid, shape in grids.items() if grid.startswith(code)])
    return whole


def squares() -> Shapes:
    """Two towns of a community of two by two grids each, beside each other; sides have a corner in the middle."""
    grids: Shapes = {}
    for town in (1, 2):
        for number, (x, y) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1)), start=1):
            w, s = x + 2 * (town - 1), y
            grids[f"36070200{town}00100{number}"] = ring(
                (w, s),
                (w + 0.5, s),
                (w + 1, s),
                (w + 1, s + 0.5),
                (w + 1, s + 1),
                (w + 0.5, s + 1),
                (w, s + 1),
                (w, s + 0.5),
            )
    return with_levels(grids)


A, B, C, D = (f"36070200100100{number}" for number in (1, 2, 3, 4))  # south-west, south-east, north-west, north-east
BESIDE_B = "360702002001001"


def level(shapes: Mapping[str, BaseGeometry], length: int) -> list[BaseGeometry]:
    return [shape for code, shape in shapes.items() if len(code) == length]


def check(before: Shapes, after: Shapes, touched: set[str], *, moved: set[str]) -> None:
    """Everything that must hold after any edit.

    `touched`: whose bits may differ. `moved`: whose ground may differ.
    """
    for length in (15, 12, 9, 6):
        shapes = level(after, length)
        assert shapely.coverage_is_valid(shapes), length
        assert all(shapely.is_valid(shapes)), length
        assert sum(shape.area for shape in shapes) == pytest.approx(before[DISTRICT].area, rel=1e-12)
    # Every level is drawn by the same corners as the one below it.
    edges = {length: set().union(*(edges_of(shape) for shape in level(after, length))) for length in (15, 12, 9, 6)}
    assert edges[6] <= edges[9] <= edges[12] <= edges[15]
    for code, shape in before.items():
        if code not in touched:
            assert shapely.to_wkb(after[code]) == shapely.to_wkb(shape), code
        elif code not in moved:
            assert shapely.symmetric_difference(after[code], shape).area < BITS, code
            assert set(places_of(shape)) <= set(places_of(after[code])), code


def after_split(before: Shapes, code: str, line: BaseGeometry, new: str, **more: Any) -> Shapes:
    done = split(before, code, line, **more)
    assert done.pieces[0].area >= done.pieces[1].area
    after = {**before, **done.changed, code: done.pieces[0], new: done.pieces[1]}
    check(before, after, {*done.changed, code}, moved={code})
    return after


def place_of(refused: pytest.ExceptionInfo[EditRefused]) -> tuple[float, float]:
    place = refused.value.place
    assert place is not None
    return (place[0] - WEST) / STEP, (place[1] - SOUTH) / STEP


# ---- split -----------------------------------------------------------------------------------------------------


def test_a_line_past_both_sides_makes_two_pieces_and_corners_for_the_neighbours() -> None:
    before = squares()
    done = split(before, B, path((0.9, 0.3), (1.4, 0.25), (2.3, 0.2)))
    after = after_split(before, B, path((0.9, 0.3), (1.4, 0.25), (2.3, 0.2)), "360702001001005")
    # A to the west; to the east the next town's grid, and the outlines of community and town on both sides.
    assert set(done.changed) == {A, BESIDE_B, *(BESIDE_B[:n] for n in (9, 12)), *(B[:n] for n in (9, 12))}
    assert not after[B].touches(before[DISTRICT].boundary) or after[B].is_valid
    assert done.moved_m == 0
    for code in (A, BESIDE_B):
        assert shapely.get_num_coordinates(after[code]) == shapely.get_num_coordinates(before[code]) + 1


def test_ends_drawn_beside_a_corner_or_line_mean_it() -> None:
    before = squares()
    metre = 0.000009 / STEP
    done = split(before, A, path((0.5 + 0.5 * metre, 0.6 * metre), (0.75, 0.4), (1 - 0.7 * metre, 0.3)))
    corners = set(places_of(done.pieces[1]))
    assert at(0.5, 0) in corners
    assert set(done.changed) == {B}  # its western side got the corner; the southern one was there
    after_split(
        before, A, path((0.5 + 0.5 * metre, 0.6 * metre), (0.75, 0.4), (1 - 0.7 * metre, 0.3)), "360702001001005"
    )


@pytest.mark.parametrize(
    ("line", "words", "place"),
    [
        ([(0.5, -0.2), (0.5, 0.5)], "没有完全穿过网格：末端离边线还有", (0.5, 0.5)),
        ([(0.2, 0.2), (0.6, 0.6)], "没有完全穿过网格", (0.6, 0.6)),
        ([(-0.5, -0.2), (0.7, -0.2)], "没有碰到网格", (-0.5, -0.2)),
        ([(-0.5, 0.5), (0.5, -0.5)], "只碰到网格的边", (0, 0)),
        ([(0, 0), (0.5, 0), (1, 0)], "只碰到网格的边", None),
        ([(0.2, -0.2), (0.3, 1.2), (0.7, 1.2), (0.7, -0.2)], "切成了 3 块", None),
        ([(0.2, -0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (-0.5, 0.8)], "与自己相交", (0.575, 0.425)),
        ([(0.2, 0.2), (0.2, 0.2)], "至少要有两个不同的点", None),
    ],
)  # fmt: skip
def test_a_line_that_does_not_cut_is_refused_with_why_and_where(
    line: list[tuple[float, float]], words: str, place: tuple[float, float] | None
) -> None:
    before = squares()
    with pytest.raises(EditRefused, match=words) as refused:
        split(before, A, path(*line))
    if place is not None:
        assert place_of(refused) == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("360702001001009", path((0, 0), (1, 1)), "没有网格"),
        ("360702001001", path((0, 0), (1, 1)), "下面还有网格"),
        (A, shapely.Point(at(0, 0)), "应画一条线"),
        (A, shapely.LineString([(0, 0), (500, 500)]), "坐标应是经纬度"),
        (A, path(*((0.1 + n / 1000, -0.1) for n in range(501))), "不能超过 500 个点"),
        (A, path((0, 0), (0, 0.0000002)), "太短"),
        (A, path((0, 0.0000002), (0.5, 0.0000004), (1, 0.0000002)), "没有穿过|平方米|贴得太近"),
    ],
)
def test_what_cannot_be_split_is_refused(code: str, line: BaseGeometry, words: str) -> None:
    with pytest.raises(EditRefused, match=words):
        split(squares(), code, line)


def test_a_hole_and_a_second_part_go_with_the_right_piece() -> None:
    holed = ring((0, 0), (1, 0), (1, 1), (0, 1)).difference(ring((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))
    island = ring((1.5, 0.1), (1.6, 0.1), (1.6, 0.2), (1.5, 0.2))
    shape = shapely.MultiPolygon([holed, island])
    inner = ring((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
    done = split({A: shape, B: inner}, A, path((0.7, -0.1), (0.7, 1.1)))
    assert [piece.geom_type for piece in done.pieces] == ["MultiPolygon", "MultiPolygon"]
    assert sum(piece.area for piece in done.pieces) == pytest.approx(shape.area, rel=1e-12)
    assert done.pieces[1].covers(island)
    assert len(done.pieces[0].geoms[0].interiors) == 1
    # Through the hole: two stretches, still two pieces, and the area in the hole gets both corners.
    done = split({A: shape, B: inner}, A, path((0.55, -0.1), (0.45, 1.1)))
    assert not [part for piece in done.pieces for part in piece.geoms if part.interiors]
    assert shapely.get_num_coordinates(done.changed[B]) == shapely.get_num_coordinates(inner) + 2
    assert shapely.coverage_is_valid([*done.pieces, done.changed[B]])


def test_a_fixed_outer_line_keeps_its_corners() -> None:
    before = squares()
    fixed = before["360702001"]
    line = path((1.3, 1.2), (1.4, 0.4), (0.9, 0.4))
    free = split(before, B, path((1.3, 1.2), (1.4, 0.4), (1.4, -0.2)))
    assert free.changed.keys() >= {B[:9], DISTRICT}
    done = split(before, B, path((1.3, 1.2), (1.4, 0.4), (1.4, -0.2)), fixed=fixed)
    assert not done.changed.keys() & {B[:9], B[:12], BESIDE_B, DISTRICT}
    assert at(1.5, 0) in set(places_of(done.pieces[1]))
    assert done.moved_m == pytest.approx(Plane(fixed).distance(at(1.4, 0), at(1.5, 0)), rel=0.01)
    after_split(before, B, line, "360702001001005", fixed=fixed)


# ---- merge -----------------------------------------------------------------------------------------------------


def test_neighbours_become_one_and_nothing_else_changes() -> None:
    before = squares()
    done = merge(before, [B, A, C])
    after = {code: shape for code, shape in {**before, A: done.whole}.items() if code not in (B, C)}
    assert done.changed == {}
    check({code: shape for code, shape in before.items() if code not in (B, C)}, after, {A}, moved={A})


def test_a_split_merged_again_is_what_it_was_but_for_the_corners() -> None:
    before = squares()
    after = after_split(before, B, path((1.2, -0.2), (1.3, 1.2)), "360702001001005")
    done = merge(after, [B, "360702001001005"])
    assert shapely.normalize(done.whole.simplify(0)).equals(before[B])
    assert shapely.get_num_coordinates(done.whole) == shapely.get_num_coordinates(before[B]) + 2


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ([A], "至少要选两个"),
        ([A, D], "没有共同的边线"),
        ([B, BESIDE_B], "不属于同一个上级"),
        ([A, "360702001001009"], "没有网格 360702001001009"),
        (["360702001", A], "下面还有网格"),
    ],
)
def test_what_cannot_be_merged_is_refused(codes: list[str], words: str) -> None:
    with pytest.raises(EditRefused, match=words):
        merge(squares(), codes)


def test_only_a_corner_in_common_is_shown() -> None:
    with pytest.raises(EditRefused) as refused:
        merge(squares(), [A, D])
    assert place_of(refused) == pytest.approx((1, 1), abs=1e-6)


def test_a_merge_across_takes_the_ground_along_above() -> None:
    before = squares()
    done = merge(before, [B, BESIDE_B], into=BESIDE_B, across=True)
    assert set(done.changed) == {B[:9], B[:12], BESIDE_B[:9], BESIDE_B[:12]}
    assert done.changed[BESIDE_B[:9]].area == pytest.approx(5 * before[A].area)
    after = {**before, **done.changed, BESIDE_B: done.whole}
    del after[B]
    kept = {code: shape for code, shape in before.items() if code != B}
    check(kept, after, {*done.changed, BESIDE_B}, moved={*done.changed, BESIDE_B})


def test_lines_that_differ_are_refused_with_the_place() -> None:
    before = squares()
    bent = before | {B: ring((1.001, 0), (2, 0), (2, 1), (1, 1))}
    with pytest.raises(EditRefused, match="界线不吻合") as refused:
        merge(bent, [A, B])
    assert place_of(refused)[0] == pytest.approx(1, abs=0.51)


def test_a_wedge_of_a_third_area_between_two_is_no_fault() -> None:
    south = ring((0, 0), (2, 0), (2, 1), (1, 1), (0, 0.999))
    north = ring((2, 1), (2, 2), (0, 2), (0, 1), (1, 1))
    wedge = ring((0, 0.999), (1, 1), (0, 1))
    assert shapely.coverage_is_valid([south, north, wedge])
    whole = merge({A: south, B: north, C: wedge}, [A, B]).whole
    assert whole.area == pytest.approx(south.area + north.area, rel=1e-12)


def test_an_end_drawn_to_the_border_from_outside_only_touches() -> None:
    slanted = {A: ring((0, 0), (1, 0.37), (0.61, 1.03))}
    for share in np.linspace(0.1, 0.9, 17):
        line = path((0.5, -0.3), (share, share * 0.37))
        with pytest.raises(EditRefused, match=r"只碰到|没有碰到"):
            split(slanted, A, line)


# ---- hand over -------------------------------------------------------------------------------------------------


def after_hand_over(before: Shapes, giver: str, taker: str, drawn: BaseGeometry, **more: Any) -> Shapes:
    done = hand_over(before, giver, taker, drawn, **more)
    after = {**before, **done.changed, giver: done.rest, taker: done.whole}
    moved = {giver, taker} | {code[:n] for code in (giver, taker) for n in (9, 12) if giver[:n] != taker[:n]}
    check(before, after, {*done.changed, giver, taker}, moved=moved)
    assert done.rest.area + done.strip.area == pytest.approx(before[giver].area, rel=1e-12)
    assert done.whole.area == pytest.approx(before[taker].area + done.strip.area, rel=1e-12)
    return after


def test_the_strip_on_the_neighbours_side_goes_over() -> None:
    before = squares()
    after = after_hand_over(before, A, B, path((0.8, -0.1), (0.8, 1.1)))
    assert after[B].bounds == pytest.approx((*at(0.8, 0), *at(2, 1)))
    # Drawn the other way round, and nearer to the far side: still what lies beside the taker.
    after = after_hand_over(before, A, B, path((0.1, 1.1), (0.2, -0.1)))
    assert after[B].area > 1.8 * before[B].area


def test_a_bump_cut_off_the_shared_line_goes_over_not_the_rest() -> None:
    after = after_hand_over(squares(), A, B, path((1.1, 0.3), (0.8, 0.4), (0.8, 0.6), (1.1, 0.7)))
    assert shapely.Point(at(0.9, 0.5)).within(after[B])
    assert shapely.Point(at(0.5, 0.5)).within(after[A])


def test_what_lies_in_a_drawn_ring_goes_over_wherever_the_ring_begins() -> None:
    corners = [(0.6, 0.2), (1.3, 0.2), (1.3, 0.8), (0.6, 0.8)]
    found = []
    for turn in range(4):
        turned = corners[turn:] + corners[:turn]
        found.append(after_hand_over(squares(), A, B, ring(*turned))[B])
        found.append(after_hand_over(squares(), A, B, path(*turned, turned[0]))[B])
    assert all(shape.equals(found[0]) for shape in found)
    assert found[0].area == pytest.approx(squares()[B].area + 0.4 * 0.6 * STEP**2)


def test_ground_for_another_town_changes_both_towns_and_communities() -> None:
    after = after_hand_over(squares(), B, BESIDE_B, path((1.8, -0.1), (1.8, 1.1)))
    assert after["360702002"].area == pytest.approx(4.2 * STEP**2)
    assert after["360702001001"].area == pytest.approx(3.8 * STEP**2)


@pytest.mark.parametrize(
    ("giver", "taker", "drawn", "words"),
    [
        (A, D, path((0.8, -0.1), (0.8, 1.1)), "没有共同的边线"),
        (A, A, path((0.8, -0.1), (0.8, 1.1)), "不是同级的两个网格"),
        (A, "360702002001", path((0.8, -0.1), (0.8, 1.1)), "下面还有网格"),
        (A, B, path((0.8, -0.1), (0.8, 0.5)), "没有完全穿过"),
        (A, B, ring((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)), "与 360702001001002 没有共同的边线"),
        (A, B, ring((1.1, 0.1), (1.5, 0.1), (1.5, 0.5)), "没有 360702001001001 的地"),
        (A, B, ring((-1, -1), (3, -1), (3, 3), (-1, 3)), "请改用合并"),
        (A, B, ring((0.4, -0.1), (0.6, -0.1), (0.6, 0.4), (1.1, 0.4), (1.1, 0.6), (0.6, 0.6), (0.6, 1.1), (0.4, 1.1)), "不相连"),
    ],
)  # fmt: skip
def test_what_cannot_be_handed_over_is_refused(giver: str, taker: str, drawn: BaseGeometry, words: str) -> None:
    with pytest.raises(EditRefused, match=words):
        hand_over(squares(), giver, taker, drawn)


def test_the_giver_may_fall_apart_where_that_is_wanted() -> None:
    drawn = ring((0.4, -0.1), (0.6, -0.1), (0.6, 0.4), (1.1, 0.4), (1.1, 0.6), (0.6, 0.6), (0.6, 1.1), (0.4, 1.1))
    after = after_hand_over(squares(), A, B, drawn, in_parts=True)
    assert len(after[A].geoms) == 3


# ---- any ground, any line --------------------------------------------------------------------------------------


def mosaic(seed: int) -> Shapes:
    """Crooked grids over a square: what a random net of lines cuts it into, in communities by where they lie."""
    random = np.random.default_rng(seed)
    points = shapely.MultiPoint(random.uniform(0, 6, (24, 2)))
    frame = shapely.box(0, 0, 6, 6)
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=frame))
    lines = shapely.union_all([*(cell.boundary for cell in cells), frame.boundary])
    faces = [face for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))) if frame.covers(face)]
    grids: Shapes = {}
    counts: dict[str, int] = {}
    for face in sorted(faces, key=lambda it: it.centroid.coords[0]):
        west, south = face.centroid.x < 3, face.centroid.y < 3
        community = f"36070200{1 + west}00{1 + south}"
        counts[community] = counts.get(community, 0) + 1
        places = [at(x / 2, y / 2) for x, y in face.exterior.coords]
        grids[f"{community}{counts[community]:03d}"] = shapely.orient_polygons(shapely.Polygon(places))
    return with_levels(grids)


lines = st.lists(st.tuples(st.floats(-0.4, 1.4), st.floats(-0.4, 1.4)), min_size=2, max_size=3)
seeds = st.integers(0, 40)


def over(shape: BaseGeometry, line: list[tuple[float, float]], *, closed: bool = False) -> BaseGeometry:
    """A line over a shape, its places given in parts of the shape's box."""
    west, south, east, north = shape.bounds
    places = [(west + x * (east - west), south + y * (north - south)) for x, y in line]
    return shapely.LineString([*places, places[0]] if closed else places)


def try_edit(edit: Callable[[], Shapes]) -> Shapes | None:
    """The coverage after an edit, or None where it was refused."""
    try:
        return edit()
    except EditRefused:
        return None


@settings(max_examples=60)
@given(seed=seeds, number=st.integers(0, 999), line=lines, fixed=st.booleans())
def test_any_line_splits_or_is_refused(seed: int, number: int, line: list[tuple[float, float]], fixed: bool) -> None:
    before = mosaic(seed)
    grids = [code for code in before if len(code) == 15]
    code = grids[number % len(grids)]
    drawn = over(before[code], line)
    assume(drawn.length > 0)
    outline = before[code[:12]] if fixed else None
    after = try_edit(lambda: after_split(before, code, drawn, f"{code[:12]}999", fixed=outline))
    if after is not None and fixed:
        assert shapely.to_wkb(after[code[:12]]) == shapely.to_wkb(before[code[:12]])


def test_straight_lines_through_the_middle_always_split() -> None:
    for seed in range(40):
        before = mosaic(seed)
        grids = [code for code in before if len(code) == 15]
        code = grids[seed % len(grids)]
        west, _, east, _ = before[code].bounds
        y = before[code].centroid.y
        line = shapely.LineString([(west - STEP, y), (east + STEP, y + STEP * 0.01)])
        after_split(before, code, line, f"{code[:12]}999")  # the cells are convex: nothing may be refused


@settings(max_examples=40)
@given(seed=seeds, number=st.integers(0, 9999), line=lines, closed=st.booleans(), parts=st.booleans())
def test_any_strip_goes_over_or_is_refused(
    seed: int, number: int, line: list[tuple[float, float]], closed: bool, parts: bool
) -> None:
    before = mosaic(seed)
    grids = [code for code in before if len(code) == 15]
    pairs = [(a, b) for a in grids for b in grids if a != b and edges_of(before[a]) & edges_of(before[b])]
    giver, taker = pairs[number % len(pairs)]
    drawn = over(before[giver], line, closed=closed and len(line) > 2)
    assume(drawn.length > 0)
    try_edit(lambda: after_hand_over(before, giver, taker, drawn, in_parts=parts))


@settings(max_examples=25)
@given(seed=seeds, steps=st.lists(st.tuples(st.integers(0, 9999), lines), min_size=1, max_size=8))
def test_any_sequence_of_edits_keeps_the_ground_whole(
    seed: int, steps: list[tuple[int, list[tuple[float, float]]]]
) -> None:
    now = mosaic(seed)
    for turn, (number, line) in enumerate(steps):
        grids = [code for code in now if len(code) == 15]
        pairs = [(a, b) for a in grids for b in grids if a != b and edges_of(now[a]) & edges_of(now[b])]
        giver, taker = pairs[number % len(pairs)]
        kinds: list[Callable[[], Shapes]] = [
            lambda now=now, giver=giver, line=line, turn=turn: after_split(
                now, giver, over(now[giver], line), f"{giver[:12]}9{turn:02d}"
            ),
            lambda now=now, giver=giver, taker=taker, line=line: after_hand_over(
                now, giver, taker, over(now[giver], line)
            ),
        ]
        now = try_edit(kinds[number % 2]) or now


def test_snapping_is_within_reach_of_a_hand_only() -> None:
    assert SNAP_METRES <= 1
