"""What has one safe repair is mended and said; everything else stays as it was drawn, to the last bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from geodata import repairing
from geodata.areas import Areas, areas_of
from geodata.checking import Kind, Severity, check
from tests.gridmap import redrawn

# About 10 cm in every direction.
HAIR = 0.000001
WEST, SOUTH, SIDE = 114.875, 25.875, 1 / 512  # exact in binary, so that squares share corners to the last bit
SQUARES = {
    f"360702001001{number:03}": shapely.box(
        WEST + x * SIDE, SOUTH + y * SIDE, WEST + (x + 1) * SIDE, SOUTH + (y + 1) * SIDE
    )
    for number, (x, y) in enumerate(np.ndindex(4, 4), start=1)
}


def squares(**changed):
    """Sixteen squares; by the last digits of their codes some are drawn otherwise."""
    shapes = SQUARES | {f"360702001001{number.lstrip('_')}": shape for number, shape in changed.items()}
    return areas_of(shapes, shapes.values())


def square(number):
    return SQUARES[f"360702001001{number}"]


def repair(areas, **more):
    made = repairing.repair(areas, **more)
    assert list(made.areas.rows) == list(areas.rows[made.kept])
    return made.areas, made.repairs


def with_corner(shape, at, place):
    ring = shapely.get_coordinates(shape.exterior)
    ring[at] = place
    ring[-1] = ring[0]
    return shapely.Polygon(ring)


def kept(before, after):
    """Codes whose shape is the very one it was."""
    return {
        code
        for code, one, other in zip(before.codes, before.shapes, after.shapes, strict=True)
        if shapely.equals_identical(one, other)
    }


def errors(areas, **more):
    return [it for it in check(areas, **more) if it.severity is Severity.ERROR]


def test_a_file_with_every_defect_is_mended_where_it_is_safe_and_nowhere_else():
    before = redrawn.redrawn(defects=True)
    after, done = repair(before)
    assert {(it.kind, it.code) for it in done} == {("make_valid", redrawn.SPIKED), ("snap", redrawn.OVER_THE_LINE)}
    assert kept(before, after) == set(before.codes) - {redrawn.SPIKED, redrawn.OVER_THE_LINE}
    assert [it.code for it in errors(before)] == [redrawn.SPIKED, redrawn.OVER_THE_LINE]
    assert errors(after) == []
    assert shapely.coverage_is_valid(after.shapes)
    spiked = redrawn.changed()[redrawn.SPIKED]
    assert shapely.equals(after.shapes[list(after.codes).index(redrawn.SPIKED)], spiked)
    assert [it.row for it in done] == [list(before.codes).index(it.code) + 1 for it in done]
    assert "7.13 平方米易手" in done[1].sentence


def test_sound_areas_stay_as_they_are():
    before = redrawn.redrawn()
    after, done = repair(before)
    assert done == []
    assert kept(before, after) == set(before.codes)


def test_a_row_that_is_there_twice_is_dropped_once():
    some = squares()
    twice = Areas(*(np.concatenate([one, one[:1]]) for one in (some.codes, some.names, some.shapes)), np.arange(1, 18))
    after, done = repair(twice)
    assert list(after.codes) == list(some.codes)
    assert [(it.kind, it.row) for it in done] == [("drop_duplicate", 17)]
    said_otherwise = replace(twice, table=pd.DataFrame({"residents": [*range(16), 99]}))
    assert len(repair(said_otherwise)[0]) == 17
    assert repair(said_otherwise)[1] == []


def test_a_ring_that_runs_the_wrong_way_is_turned():
    before = squares(_006=square("006").reverse())
    after, done = repair(before)
    assert [(it.kind, it.code[-3:]) for it in done] == [("turn", "006")]
    assert shapely.is_ccw(shapely.get_exterior_ring(after.shapes)).all()
    assert check(after) == []


def test_what_could_be_meant_two_ways_is_left_alone():
    first, second, third, fourth, _ = square("006").exterior.coords
    bowtie = shapely.Polygon([first, third, second, fourth])
    assert not bowtie.is_valid
    wide = with_corner(square("011"), 2, shapely.get_coordinates(square("011").exterior)[2] + [0.0001, 0.0001])
    for before in (squares(_006=bowtie), squares(_011=wide)):
        after, done = repair(before)
        assert done == []
        assert kept(before, after) == set(before.codes)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("number", ["001", "006", "008"])
@pytest.mark.parametrize(("east", "north"), [(HAIR, 0), (-HAIR, HAIR), (-2 * HAIR, -HAIR)])
def test_a_corner_beside_its_neighbours_corners_is_drawn_onto_them(number, at, east, north):
    ring = shapely.get_coordinates(square(number).exterior)
    before = squares(**{f"_{number}": with_corner(square(number), at, ring[at] + [east, north])})
    after, done = repair(before)
    assert {it.kind for it in done} <= {"snap"}
    assert shapely.coverage_is_valid(after.shapes)
    assert errors(after) == []
    others = {code for code, shape in SQUARES.items() if shape.disjoint(shapely.Point(ring[at]))}
    assert others <= kept(before, after)
    if number == "006":  # three others have each of its corners, and stay
        assert len(kept(before, after)) == 15


@pytest.mark.parametrize("number", ["001", "006"])
def test_an_area_drawn_a_hair_inside_its_lines_meets_them_again(number):
    inside = shapely.orient_polygons(square(number).buffer(-3 * HAIR, join_style="mitre"))
    before = squares(**{f"_{number}": inside})
    after, done = repair(before)
    assert [(it.kind, it.code[-3:]) for it in done] == [("snap", number)]
    assert errors(after) == []
    assert len(kept(before, after)) == 15


def test_a_hairline_beside_a_wide_overlap_waits_for_its_owner_and_others_do_not():
    wide = with_corner(square("006"), 2, shapely.get_coordinates(square("006").exterior)[2] + [0.0001, 0.0001])
    hair = with_corner(square("016"), 3, shapely.get_coordinates(square("016").exterior)[3] - [HAIR, HAIR])
    before = squares(_006=wide, _016=hair)
    after, _ = repair(before)
    assert "360702001001006" in kept(before, after)
    assert shapely.equals(after.shapes[15], square("016"))
    beside_wide = shapely.Point(shapely.get_coordinates(square("006").exterior)[2])
    assert errors(after)
    assert all(it.place.distance(beside_wide) < 0.0002 for it in errors(after))


def jittered(shapes, share, most, seed):
    rng = np.random.default_rng(seed)

    def moved(shape):
        ring = shapely.get_coordinates(shape.exterior)
        ring[:-1] += rng.uniform(-most, most, ring[:-1].shape)
        ring[-1] = ring[0]
        return shapely.Polygon(ring)

    return {code: moved(shape) if rng.random() < share else shape for code, shape in shapes.items()}


@pytest.mark.parametrize(("share", "seed"), [(0.1, 1), (0.1, 2), (0.4, 3), (1.0, 4)])
def test_a_town_drawn_with_an_unsteady_hand_becomes_a_coverage(share, seed):
    town = {code: shape for code, shape in redrawn.grids().items() if code.startswith("360702001")}
    drawn = jittered(town, share, HAIR, seed)
    before = areas_of(drawn, drawn.values())
    assert not shapely.coverage_is_valid(before.shapes)
    after, done = repair(before)
    assert shapely.coverage_is_valid(after.shapes)
    assert errors(after) == []
    moved = {code for code, was in zip(drawn, before.shapes, strict=True) if not shapely.equals(was, town[code])}
    assert {it.code for it in done} <= {
        code for code, shape in town.items() if any(shape.intersects(town[other]) for other in moved)
    }
    # Nowhere half a metre wide.
    differences = shapely.symmetric_difference(after.shapes, before.shapes)
    assert shapely.is_empty(shapely.buffer(differences, -0.25 / 100_000)).all()


def test_outlines_follow_the_areas_that_lie_in_them():
    grids = redrawn.redrawn(below="360702001")
    shapes = dict(zip(grids.codes, grids.shapes, strict=True))
    outlines = {
        above: shapely.coverage_union_all([shape for code, shape in shapes.items() if code.startswith(above)])
        for above in sorted({code[:length] for code in shapes for length in (9, 12)})
    }
    drawn = shapes | jittered(outlines, 0.5, HAIR, 5)
    before = areas_of(drawn, drawn.values())
    assert {it.kind for it in errors(before)} >= {Kind.OUTSIDE_PARENT, Kind.GAP}
    after, done = repair(before)
    assert errors(after) == []
    assert {len(it.code) for it in done} <= {9, 12}
    assert kept(before, after) >= set(shapes)


def test_an_outline_drawn_otherwise_than_its_areas_is_left_alone():
    whole = shapely.orient_polygons(shapely.union_all(list(SQUARES.values())))
    for beyond in (HAIR, 0.0001):
        outline = with_corner(whole, 0, shapely.get_coordinates(whole.exterior)[0] + [beyond, -beyond])
        drawn = {"360702001001": outline} | SQUARES
        before = areas_of(drawn, drawn.values())
        after, done = repair(before)
        assert kept(before, after) >= set(SQUARES)
        assert len(done) == (beyond == HAIR)


@pytest.mark.parametrize("above", ["360702001001", "360702001", "360702"])
def test_an_outline_in_force_keeps_its_corners_and_draws_others_onto_them(above):
    outline = shapely.union_all(list(SQUARES.values()))
    outline = areas_of([above], [shapely.segmentize(outline, SIDE)])
    ring = shapely.get_coordinates(square("001").exterior)
    west = int(ring[:-1].sum(axis=1).argmin())
    for east, north in ((-2 * HAIR, -2 * HAIR), (2 * HAIR, 2 * HAIR)):
        before = squares(_001=with_corner(square("001"), west, ring[west] + [east, north]))
        assert errors(before, parents=outline)
        after, done = repair(before, parents=outline)
        assert [(it.kind, it.code[-3:]) for it in done] == [("snap", "001")]
        assert errors(after, parents=outline) == []
        assert shapely.equals(after.shapes[0], square("001"))


def test_collections_of_one_polygon_are_mended_where_their_polygons_would_be():
    """As a registry keeps areas: to snap and to clean is to be given back polygons."""
    outline = areas_of(["360702001"], [shapely.union_all(list(SQUARES.values()))])
    ring = shapely.get_coordinates(square("006").exterior)
    for moved, mended in ((0.0, {}), (HAIR, {"006": "snap"})):
        before = squares(_006=with_corner(square("006"), 0, ring[0] + moved))
        before = replace(before, shapes=np.array([shapely.multipolygons([it]) for it in before.shapes]))
        after, done = repair(before, parents=outline)
        assert {it.code[-3:]: it.kind for it in done} == mended
        assert errors(after, parents=outline) == []


@pytest.mark.parametrize(
    "shape",
    [
        None,
        shapely.Polygon(),
        shapely.LineString([(114.9, 25.8), (115, 25.9)]),
        shapely.Point(114.9, 25.8),
        shapely.Polygon([(114.9, 25.8), (114.9, 25.8), (114.9, 25.8), (114.9, 25.8)]),
        shapely.box(-170, -80, -169, -79),
        shapely.MultiPolygon([shapely.box(114.88, 25.88, 114.89, 25.89), shapely.box(114.88, 25.88, 114.881, 25.881)]),
    ],
)
@pytest.mark.parametrize("code", ["360702001001006", "", "x"])
def test_whatever_is_in_the_areas_nothing_is_raised(shape, code):
    before = squares(_006=shape)
    before.codes[5] = code
    repair(before)
    repair(before, parents=before)
    repair(before.where(np.arange(16) == 5))


def test_no_areas_need_no_repair():
    after, done = repair(areas_of([], []))
    assert (len(after), done) == (0, [])
