"""The demonstration district is ground without gap or overlap, and comes out the same every time."""

import csv
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata import crs
from geodata.__main__ import main
from geodata.district import PlanUnusable, mosaic, partition, read_frame, read_plan

FIXTURES = Path(__file__).parents[2] / "fixtures"
DISTRICT = FIXTURES / "district"
METRE = 1e-5  # of a degree, about


def table(name):
    with (DISTRICT / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_metres(geometry):
    return shapely.transform(geometry, lambda xy: np.column_stack(crs.to_metres(xy[:, 0], xy[:, 1])))


@pytest.fixture(scope="module")
def plan():
    return read_plan(FIXTURES / "plan.json")


@pytest.fixture(scope="module")
def features():
    return json.loads((DISTRICT / "grids.geojson").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def grids(features):
    shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in features["features"]])
    return dict(zip([f["properties"]["code"] for f in features["features"]], shapes, strict=True))


@pytest.fixture(scope="module")
def ground(grids):
    """Polygons by length of code: 15 as written, 12, 9 and 6 as unions of their children."""
    levels = {15: grids}
    for length in (12, 9, 6):
        children = defaultdict(list)
        for code, shape in levels[{12: 15, 9: 12, 6: 9}[length]].items():
            children[code[:length]].append(shape)
        levels[length] = {code: shapely.coverage_union_all(shapes) for code, shapes in children.items()}
    return levels


@pytest.fixture(scope="module")
def rivers():
    collection = json.loads((DISTRICT / "rivers.geojson").read_text(encoding="utf-8"))
    return {f["properties"]["name"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in collection["features"]}


@pytest.fixture(scope="module")
def areas():
    return {row["code"]: row for row in table("areas")}


def test_the_committed_files_are_what_the_plan_gives(tmp_path, capsys):
    arguments = ["--plan", str(FIXTURES / "plan.json"), "--frame", str(FIXTURES / "frame.geojson")]
    assert main(["district", *arguments, "--out", str(tmp_path)]) == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {path.name for path in DISTRICT.iterdir()}
    assert set(capsys.readouterr().out.split()) == {str(tmp_path / name) for name in written}
    for name in sorted(written):
        assert (tmp_path / name).read_bytes() == (DISTRICT / name).read_bytes(), name


def test_every_file_is_small_enough_to_read():
    assert all(path.stat().st_size < 1_000_000 for path in DISTRICT.iterdir())


@pytest.mark.parametrize(("length", "number"), [(15, 727), (12, 143), (9, 10), (6, 1)])
def test_every_level_is_an_exact_coverage_without_gap(ground, length, number):
    shapes = list(ground[length].values())
    assert len(shapes) == number
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes, gap_width=METRE)
    union = shapely.coverage_union_all(shapes)
    assert union.geom_type == "Polygon"
    assert not union.interiors
    assert shapely.area(shapes).sum() == pytest.approx(union.area, rel=1e-12)


@pytest.mark.parametrize("length", [15, 12, 9, 6])
def test_every_area_is_one_connected_polygon_without_hole(ground, length):
    assert [code for code, shape in ground[length].items() if shape.geom_type != "Polygon"] == []
    assert [code for code, shape in ground[length].items() if shape.interiors] == []


def test_no_grid_is_a_sliver(grids):
    flat = in_metres(np.array(list(grids.values())))
    roundness = 4 * np.pi * shapely.area(flat) / shapely.length(flat) ** 2
    assert roundness.min() > 0.25
    assert shapely.area(flat).min() > 5_000
    # A disc of 30 m across fits into the thinnest of them.
    assert not shapely.is_empty(shapely.buffer(flat, -15)).any()


def test_urban_grids_are_small_and_rural_ones_large(grids, areas):
    size = {code: shapely.area(in_metres(shape)) for code, shape in grids.items()}
    urban = np.median([size[code] for code in size if areas[code]["urban"] == "true"])
    rural = np.median([size[code] for code in size if areas[code]["urban"] == "false"])
    assert urban < 150_000 < 1_000_000 < rural


def test_every_unit_holds_its_centre_and_has_about_its_published_area(ground, plan):
    for unit in plan.units:
        shape = ground[9][unit.code]
        area_km2 = in_metres(shape).area / 1e6
        assert shape.contains(shapely.Point(unit.centre)), unit.name
        assert area_km2 == pytest.approx(unit.drawn_km2, rel=0.03), unit.name
        assert area_km2 == pytest.approx(unit.area_km2, rel=0.08), unit.name


def test_the_ground_lies_inside_the_frame(ground, plan):
    frame = read_frame(FIXTURES / "frame.geojson")
    # A straight edge in metres bends by some decimetres in degrees.
    assert frame.buffer(METRE).covers(ground[6][plan.district_code])


def test_geojson_is_schematic_right_handed_and_short(features, grids):
    assert "示意" in features["schematic"]
    assert "crs" not in features
    assert all(set(f["properties"]) == {"code"} for f in features["features"])
    assert all(shape.exterior.is_ccw for shape in grids.values())
    xy = shapely.get_coordinates(list(grids.values()))
    assert np.array_equal(xy, np.round(xy, 6))


def test_rivers_are_borders_of_grids(rivers, grids):
    """No grid lies on both banks: a river runs along borders from end to end, to the last digit."""
    borders = shapely.union_all(shapely.boundary(list(grids.values())))
    assert set(rivers) == {"章江", "贡江", "赣江"}
    for name, river in rivers.items():
        assert river.geom_type == "LineString"
        assert river.difference(borders).length == 0, name


def test_the_two_rivers_meet_and_become_the_third(rivers):
    meeting = rivers["章江"].intersection(rivers["贡江"])
    assert meeting.geom_type == "Point"
    assert rivers["赣江"].intersection(rivers["章江"]) == meeting
    assert meeting.distance(shapely.Point(114.937, 25.878)) < 50 * METRE


def test_codes_grow_out_of_their_parents(areas):
    lengths = {"district": 6, "town": 9, "community": 12, "grid": 15}
    for code, row in areas.items():
        assert len(code) == lengths[row["level"]]
        assert code.isdigit()
        if row["level"] != "district":
            assert row["parent"] == code[: {9: 6, 12: 9, 15: 12}[len(code)]]
            assert row["parent"] in areas


def test_communities_and_villages_have_their_own_ranges_of_codes(areas):
    for code, row in areas.items():
        if row["level"] == "community":
            assert (int(code[9:]) >= 200) == (row["kind"] == "village")


def test_grids_are_numbered_from_one_in_each_community(areas):
    serials = defaultdict(list)
    for code, row in areas.items():
        if row["level"] == "grid":
            serials[row["parent"]].append(int(code[12:]))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in serials.values())


def test_grids_are_numbered_from_west_to_east_and_from_north_to_south(grids):
    """The next number lies farther east in the same row, or in a row farther south."""
    codes = sorted(grids)
    middle = shapely.get_coordinates(shapely.centroid([grids[code] for code in codes]))
    step = np.diff(middle, axis=0)[[a[:12] == b[:12] for a, b in pairwise(codes)]]
    east, south = step[:, 0] > -30 * METRE, step[:, 1] < 30 * METRE
    assert (east | south).all()
    assert (step[:, 0] > 0).mean() > 0.5


def test_areas_and_polygons_name_the_same_grids(areas, grids):
    assert {code for code, row in areas.items() if row["level"] == "grid"} == set(grids)


def test_no_first_level_grid_bears_a_real_name(areas):
    for row in areas.values():
        if row["level"] in ("community", "grid"):
            assert re.fullmatch(r".+(街道|镇)示范\d\d(社区|村)(第\d+网格(\(.+\))?)?", row["name"])


def test_a_parents_figures_are_its_childrens_sums(areas):
    for figure in ("households", "residents", "enterprises", "party_members"):
        sums = Counter()
        for row in areas.values():
            sums[row["parent"]] += int(row[figure])
        assert all(int(areas[code][figure]) == total for code, total in sums.items() if code)


def test_unit_populations_are_the_planned_ones_and_the_census_where_it_fits(areas, plan):
    for unit in plan.units:
        residents = int(areas[unit.code]["residents"])
        assert residents == unit.urban_residents + unit.rural_residents
        if unit.kind == "subdistrict":
            assert residents == unit.census_residents


def test_dedicated_grids_are_few_and_hold_few_people(areas, plan):
    dedicated = [row for row in areas.values() if row["kind"] == "dedicated"]
    assert len(dedicated) == sum(len(unit.dedicated) for unit in plan.units) > 0
    assert all(int(row["residents"]) < 300 for row in dedicated)


def test_buildings_stand_in_their_grids(grids):
    rows = table("buildings")
    shapes = np.array([grids[row["area"]] for row in rows])
    lon, lat = (np.array([float(row[key]) for row in rows]) for key in ("lon", "lat"))
    assert shapely.contains_xy(shapes, lon, lat).all()


def test_the_people_of_a_basic_grid_live_in_its_buildings(areas):
    living = defaultdict(lambda: [0, 0])
    for row in table("buildings"):
        living[row["area"]][0] += int(row["households"])
        living[row["area"]][1] += int(row["residents"])
    basic = {code: row for code, row in areas.items() if row["kind"] == "basic"}
    assert living.keys() == basic.keys()
    assert all(living[code] == [int(row["households"]), int(row["residents"])] for code, row in basic.items())


def test_a_forgotten_conversion_puts_most_points_into_another_grid(grids, areas):
    """Buildings of the town as a phone with GCJ-02 reports them: wrong as they come, right once the system is named."""
    codes = np.array(list(grids))
    tree = shapely.STRtree(list(grids.values()))
    rows = [row for row in table("buildings") if areas[row["area"]]["urban"] == "true"]
    true = np.array([[float(row["lon"]), float(row["lat"])] for row in rows])
    home = np.array([row["area"] for row in rows])

    def share_at_home(lon, lat):
        point, grid = tree.query(shapely.points(lon, lat), predicate="within")
        return (codes[grid] == home[point]).sum() / len(rows)

    reported = crs.from_stored(true[:, 0], true[:, 1], "gcj02")
    assert share_at_home(*reported) < 0.1
    assert share_at_home(*crs.to_stored(*reported, "gcj02")) == 1


def test_nobody_in_the_registry_can_be_real():
    rows = table("people")
    assert len({row["name"] for row in rows}) == len({row["phone"] for row in rows}) == len(rows)
    assert all(re.fullmatch(r".示范\d{4}", row["name"]) for row in rows)
    assert all(re.fullmatch(r"1000000\d{4}", row["phone"]) for row in rows)


def test_every_reference_in_the_files_finds_its_row(areas):
    known = {
        "area": set(areas),
        "person": {row["code"] for row in table("people")},
        "organisation": {row["code"] for row in table("organisations")},
        "building": {row["code"] for row in table("buildings")},
        "power": {row["code"] for row in table("powers")},
    }
    columns = {"secretary": "person", "home": "organisation", "department": "organisation"} | {k: k for k in known}
    for path in DISTRICT.glob("*.csv"):
        rows = table(path.stem)
        for column in columns.keys() & rows[0].keys():
            missing = {row[column] for row in rows} - known[columns[column]] - {""}
            assert not missing, (path.name, column)


def test_every_table_is_sorted_by_its_key():
    for path in DISTRICT.glob("*.csv"):
        rows = [tuple(row.values()) for row in table(path.stem)]
        assert rows == sorted(rows), path.name


def test_an_appointment_is_to_an_area_or_an_organisation():
    assert all(bool(row["area"]) != bool(row["organisation"]) for row in table("appointments"))


def test_a_party_organisation_belongs_to_an_area_or_a_building():
    assert all(bool(row["area"]) != bool(row["building"]) for row in table("party_organisations"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plan: plan["counts"].update(second_level=728), "second_level"),
        (lambda plan: plan["units"][0].update(villages=1), "first_level"),
        (lambda plan: plan["stationed"].update(hosts=["无此街道"]), "无此街道"),
        (lambda plan: plan["units"][0].update(template="none"), "template"),
        (lambda plan: plan.pop("seed"), "seed"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_by_name(tmp_path, change, message):
    raw = json.loads((FIXTURES / "plan.json").read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(PlanUnusable, match=message):
        read_plan(path)


def test_the_command_says_what_is_wrong_and_fails(tmp_path, capsys):
    missing = str(tmp_path / "none.json")
    assert main(["district", "--plan", missing, "--frame", missing, "--out", str(tmp_path)]) == 1
    assert "none.json" in capsys.readouterr().err


RIVER = shapely.LineString([(500, 0), (500, 1000)])


def laid(rivers):
    """A square kilometre of stones, most of them in the west."""
    kernel = mosaic.Kernel((300.0, 500.0), 300.0, 300.0)
    return mosaic.lay(shapely.box(0, 0, 1000, 1000), rivers, [kernel], floor_per_km2=100.0, seed=5)


def parts_of(stones, wanted, starts=None):
    everything = np.arange(len(stones.cells))
    near = partition.neighbours_among(everything, stones.pairs, stones.cost, len(everything))
    starts = starts or partition.first_seeds(everything, wanted, stones.centres)
    return partition.split(everything, np.array(wanted), np.array(starts), stones.centres, near, rounds=3)


def test_stones_fill_the_frame_exactly():
    cells = laid([RIVER]).cells
    assert shapely.coverage_is_valid(cells)
    assert shapely.area(cells).sum() == pytest.approx(1_000_000, rel=1e-9)


def test_the_same_seed_lays_the_same_stones():
    assert np.array_equal(laid([RIVER]).cells, laid([RIVER]).cells)


def test_stones_are_denser_where_more_people_live():
    x = laid([]).centres[:, 0]
    assert (x < 500).sum() > 1.5 * (x > 500).sum()


def test_no_stone_lies_on_both_banks():
    stones = laid([RIVER])
    wet = shapely.crosses(RIVER, shapely.buffer(stones.cells, -10))
    assert not wet.any()
    assert stones.crosses.any()


def test_every_part_is_connected_and_about_its_share():
    stones, wanted = laid([]), [1.0, 2.0, 1.0, 1.0]
    owner = parts_of(stones, wanted)
    assert np.bincount(owner) / len(owner) == pytest.approx(np.array(wanted) / sum(wanted), rel=0.1)
    for part in range(len(wanted)):
        assert shapely.coverage_union_all(stones.cells[owner == part]).geom_type == "Polygon"


def test_parts_stay_on_their_bank():
    stones = laid([RIVER])
    west = stones.centres[:, 0] < 500
    starts = [int(np.flatnonzero(west)[0]), int(np.flatnonzero(~west)[0])]
    owner = parts_of(stones, [float(west.sum()), float((~west).sum())], starts)
    assert len(set(owner[west])) == len(set(owner[~west])) == 1


def test_more_parts_than_stones_are_refused():
    with pytest.raises(partition.CannotPartition):
        partition.first_seeds(np.arange(2), [1.0, 1.0, 1.0], np.zeros((2, 2)))


def test_ground_that_does_not_hang_together_is_refused():
    walks = np.array([[0, partition.UNREACHED]])
    with pytest.raises(partition.CannotPartition):
        partition.balanced(walks, np.array([1, 1]), np.array([2.0]))
