"""The article's figures, each by the number of its requirement, in the committed demonstration district."""

# ruff: noqa: N802 - the tests bear the numbers of the requirements as the article's list writes them

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

DISTRICT = Path(__file__).parents[2] / "fixtures" / "district"
TOWNS, SUBDISTRICTS = 4, 6


def table(name):
    with (DISTRICT / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def areas():
    return table("areas")


@pytest.fixture(scope="module")
def grids(areas):
    return [row for row in areas if row["level"] == "grid"]


@pytest.fixture(scope="module")
def units(areas):
    return {row["code"]: row["kind"] for row in areas if row["level"] == "town"}


@pytest.fixture(scope="module")
def appointments():
    return table("appointments")


@pytest.fixture(scope="module")
def workers(appointments):
    return [row for row in appointments if row["role"] == "grid_worker"]


@pytest.fixture(scope="module")
def members():
    return {row["code"] for row in table("people") if row["party_member"] == "true"}


@pytest.fixture(scope="module")
def party():
    return table("party_organisations")


@pytest.fixture(scope="module")
def organisations():
    return table("organisations")


def test_R01_nothing_is_older_than_the_reform(appointments, party):
    days = [row["valid_from"] for name in ("stationed_staff", "powers", "power_grants") for row in table(name)]
    days += [row["valid_from"] for row in appointments] + [row["established_on"] for row in party]
    assert min(days) == "2019-01-01"


def test_R02_there_are_four_levels(areas):
    assert Counter(row["level"] for row in areas) == {
        "district": 1,
        "town": 10,
        "community": 143,
        "grid": 727,
    }


def test_R12_an_urban_grid_over_1000_people_has_a_waiver_and_nothing_else_has(grids):
    over = {row["code"] for row in grids if row["urban"] == "true" and int(row["residents"]) > 1000}
    assert over == {row["code"] for row in grids if row["size_waiver"]}
    assert 12 <= len(over) <= 25


def test_R12_basic_urban_grids_have_300_to_500_households(grids):
    urban = [row for row in grids if row["urban"] == "true" and row["kind"] == "basic"]
    assert all(300 <= int(row["households"]) <= 500 for row in urban)


def test_R13_rural_grids_have_about_500_people_and_several_villager_groups(grids):
    rural = [row for row in grids if row["urban"] == "false"]
    assert all(350 <= int(row["residents"]) <= 750 for row in rural)
    assert 450 <= sum(int(row["residents"]) for row in rural) / len(rural) <= 600
    assert all(len(row["villager_groups"].split(";")) >= 2 for row in rural)


def test_R13_urban_grids_have_no_villager_groups(grids):
    assert not any(row["villager_groups"] for row in grids if row["urban"] == "true")


def test_R14_there_are_143_first_level_grids(areas):
    assert Counter(row["kind"] for row in areas if row["level"] == "community") == {
        "community": 93,
        "village": 50,
    }


def test_R15_there_are_727_second_level_grids(grids):
    assert len(grids) == 727


def test_R16_the_level_decides_the_type_of_party_organisation(party):
    allowed = {12: {"committee", "general_branch"}, 15: {"branch", "group"}, 0: {"functional"}}
    assert all(row["kind"] in allowed[len(row["area"])] for row in party)
    first_level = [row["area"] for row in party if len(row["area"]) == 12]
    assert len(first_level) == len(set(first_level)) == 143
    assert len({row["kind"] for row in party}) == 5


def test_R18_every_party_organisation_has_a_secretary_who_is_a_member(party, members):
    assert all(row["secretary"] in members for row in party)


def test_R18_the_secretary_of_an_area_is_appointed_there(party, appointments):
    appointed = {(row["area"], row["person"]) for row in appointments if row["role"] == "party_secretary"}
    assert appointed == {(row["area"], row["secretary"]) for row in party if row["area"]}


def test_R20_600_grids_have_a_party_branch_or_group(party):
    assert len({row["area"] for row in party if row["kind"] in ("branch", "group")}) == 600
    assert sum(row["kind"] in ("branch", "group") for row in party) == 600


def test_R21_29_commercial_buildings_have_a_functional_party_organisation(party):
    commercial = {row["code"] for row in table("buildings") if row["kind"] == "commercial"}
    assert len(commercial) == 29
    assert sorted(row["building"] for row in party if row["kind"] == "functional") == sorted(commercial)


def test_R22_party_coverage_of_second_level_grids_is_above_82_percent(grids, party):
    covered = {row["area"] for row in party} & {row["code"] for row in grids}
    assert round(100 * len(covered) / len(grids), 1) == 82.5


def test_R23_every_first_level_grid_has_one_chief_who_is_its_party_secretary(areas, appointments, party):
    chiefs = {row["area"]: row["person"] for row in appointments if row["role"] == "grid_chief"}
    assert sum(row["role"] == "grid_chief" for row in appointments) == len(set(chiefs.values())) == 143
    assert chiefs == {row["area"]: row["secretary"] for row in party if len(row["area"]) == 12}
    assert set(chiefs) == {row["code"] for row in areas if row["level"] == "community"}


def test_R23_chiefs_are_not_counted_among_the_workers(appointments, workers):
    chiefs = {row["person"] for row in appointments if row["role"] == "grid_chief"}
    assert not chiefs & {row["person"] for row in workers}


def test_R25_party_group_leaders_serve_as_part_time_workers(party, workers):
    part_time = {(row["area"], row["person"]) for row in workers if row["part_time"] == "true"}
    assert part_time == {(row["area"], row["secretary"]) for row in party if row["kind"] == "group"}
    assert part_time


def test_R26_691_workers_cover_all_727_grids(grids, workers):
    assert len({row["person"] for row in workers}) == 691
    assert {row["area"] for row in workers} == {row["code"] for row in grids}


def test_R26_at_least_36_grids_share_their_worker(workers):
    served, serving = defaultdict(set), defaultdict(set)
    for row in workers:
        served[row["person"]].add(row["area"])
        serving[row["area"]].add(row["person"])
    shared = {area for areas in served.values() if len(areas) > 1 for area in areas}
    assert len(shared) >= 36
    assert max(len(areas) for areas in served.values()) == 2
    assert {area[:12] for areas in served.values() for area in areas if len({a[:12] for a in areas}) > 1} == set()
    assert sum(len(people) == 2 for people in serving.values()) > 0


def test_R27_359_of_the_workers_are_party_members(workers, members):
    assert len({row["person"] for row in workers} & members) == 359


def offices(organisations, template):
    authorities = {row["code"] for row in organisations if row["template"] == template}
    counts = Counter(row["parent"] for row in organisations if row["kind"] == "office")
    return {code: counts[code] for code in authorities}


def test_R29_one_developed_town_has_8_offices(organisations):
    assert list(offices(organisations, "developed_town").values()) == [8]


def test_R30_three_towns_have_7_offices_each(organisations):
    assert list(offices(organisations, "town_4_1_2").values()) == [7, 7, 7]


def test_R31_six_subdistricts_have_6_offices_each(organisations):
    assert list(offices(organisations, "subdistrict_3_1_2").values()) == [6] * 6


def test_R31_there_are_65_offices_in_all(organisations):
    assert sum(row["kind"] == "office" for row in organisations) == 65


def test_R34_123_posts_of_four_departments_went_to_nine_units_and_108_are_filled():
    rows = table("stationed_staff")
    staff = [row["person"] for row in rows if row["person"]]
    assert (len(rows), len(staff), len(set(staff))) == (123, 108, 108)
    names = {row["code"]: row["name"] for row in table("organisations")}
    assert {names[row["home"]] for row in rows} == {"区城管局", "区水利局", "区财政局", "区林业局"}
    assert len({row["area"] for row in rows}) == 9


@pytest.mark.parametrize("kind", ["centre", "brigade", "authority"])
def test_R36_every_unit_has_a_grid_centre_and_an_enforcement_brigade(organisations, units, kind):
    assert sorted(row["area"] for row in organisations if row["kind"] == kind) == sorted(units)


def test_R37_all_three_modes_of_management_occur_and_enforcement_is_under_dual_management():
    names = {row["code"]: row["name"] for row in table("organisations")}
    rows = table("stationed_staff")
    assert {row["mode"] for row in rows} == {"unified", "dual", "coordinated"}
    assert {row["mode"] for row in rows if names[row["home"]] == "区城管局"} == {"dual"}


def test_R39_75_powers_to_each_town_62_to_each_subdistrict_5_more_to_some(units):
    granted = Counter(row["area"] for row in table("power_grants"))
    towns = [granted[code] for code, kind in units.items() if kind == "town"]
    subdistricts = Counter(granted[code] for code, kind in units.items() if kind == "subdistrict")
    assert towns == [75] * TOWNS
    assert set(subdistricts) == {62, 67}
    assert sum(subdistricts.values()) == SUBDISTRICTS


def test_R40_every_power_has_a_delegating_department_a_kind_and_a_batch():
    departments = {row["code"] for row in table("organisations") if row["kind"] == "department"}
    rows = table("powers")
    assert {row["department"] for row in rows} <= departments
    assert {row["kind"] for row in rows} == {"approval", "service", "enforcement"}
    assert {row["batch"] for row in rows} == {"首批"}
    assert len({row["name"] for row in rows}) == len(rows) == 75


def test_R42_the_service_guide_is_complete_for_every_approval_and_service():
    fields = ("conditions", "basis", "process", "time_limit", "contact_name", "contact_phone", "document")
    guided = [row for row in table("powers") if row["kind"] != "enforcement"]
    assert guided
    assert all(row[field] for row in guided for field in fields)


def test_R45_every_organisational_level_has_people(appointments, organisations):
    kinds = {row["code"]: row["kind"] for row in organisations}
    manned = {row["organisation"] for row in appointments}
    for kind in ("department", "district_centre", "authority", "office", "centre"):
        assert {code for code in kinds if kinds[code] == kind} <= manned


def test_R48_building_heads_and_group_leaders_are_appointed_to_grids(appointments):
    for role in ("building_head", "group_leader"):
        places = [row["area"] for row in appointments if row["role"] == role]
        assert len(places) > 50
        assert all(len(area) == 15 for area in places)


def test_R56_every_unit_has_a_leader_in_charge_and_another_principal_leader(appointments, units):
    leaders = {
        role: {row["organisation"][:9]: row["person"] for row in appointments if row["role"] == role}
        for role in ("leader_in_charge", "principal_leader")
    }
    assert set(leaders["leader_in_charge"]) == set(leaders["principal_leader"]) == set(units)
    assert not set(leaders["leader_in_charge"].values()) & set(leaders["principal_leader"].values())


def test_R61_the_district_has_its_departments_and_one_grid_centre(organisations):
    names = {row["name"] for row in organisations if row["kind"] == "department"}
    assert {"区城管局", "区卫健委", "区水利局", "区财政局", "区林业局"} <= names
    assert len(names) >= 12
    assert sum(row["kind"] == "district_centre" for row in organisations) == 1


def test_R88_every_first_level_grid_has_its_committee(areas, organisations):
    committees = sorted(row["area"] for row in organisations if row["kind"] == "committee")
    assert committees == sorted(row["code"] for row in areas if row["level"] == "community")
