"""What must never be in the registry, and that the database itself refuses it, whoever writes and however.

Each row of each table is one wrong thing said in SQL, past every form and model, and the constraint that stops it.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.db.models import CheckConstraint, UniqueConstraint

from cases.models import Case
from gridmap.models import Appointment, Area, Boundary, PowerGrant
from gridmap.models.versions import version_of
from tests.gridmap.refused_cases import REFUSED_CASES

pytestmark = pytest.mark.django_db
# A square of about a kilometre outside the district, and things that are no good polygon.
SQUARE = "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30,113.01 30.01,113 30.01,113 30)))', 4490)"
BOW = "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30.01,113.01 30,113 30.01,113 30)))', 4490)"
HOLE_OUTSIDE = (
    "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30,113.01 30.01,113 30.01,113 30),"
    "(114 31,114.01 31,114.01 31.01,114 31.01,114 31)))', 4490)"
)
POINT = "ST_GeomFromText('POINT(114.92 25.85)', 4490)"
GRID = "360702001001001"


SOMEBODY = "(SELECT min(id) FROM auth_user)"


def insert(table: str, **values: object) -> str:
    """An INSERT; a value that begins with ``ST_`` or ``(`` is SQL as it is."""
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(_literal(it) for it in values.values())})"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return text if text.startswith(("ST_", "(")) else "'" + text.replace("'", "''") + "'"


def area(**change: object) -> str:
    good = {
        "code": "360702001001999",
        "level": "grid",
        "kind": "basic",
        "name": "试",
        "parent_id": "360702001001",
        "urban": True,
        "households": 1,
        "residents": 1,
        "enterprises": 1,
        "party_members": 1,
        "complexity": 1,
        "villager_groups": "{}",
        "size_waiver": "",
    }
    return insert("gridmap_area", **(good | change))


def boundary(**change: object) -> str:
    edition = "(SELECT min(id) FROM gridmap_edition)"
    good = {
        "area_id": GRID,
        "edition_id": edition,
        "geom": SQUARE,
        "valid_from": None,
        "valid_until": None,
        "former_name": "",
    }
    return insert("gridmap_boundary", **(good | change))


def edition(**change: object) -> str:
    good = {
        "name": "试版",
        "state": "draft",
        "scope": "",
        "valid_from": None,
        "source": "",
        "schematic": False,
        "created_at": "2026-01-01T00:00:00Z",
        "published_at": None,
    }
    return insert("gridmap_edition", **(good | change))


def lineage(**change: object) -> str:
    number = "(SELECT min(id) FROM gridmap_edition)"
    good = {"edition_id": number, "kind": "split", "predecessor_id": GRID, "successor_id": GRID[:-1] + "2"}
    return insert("gridmap_lineage", **(good | change))


def draft_lineage(**change: object) -> str:
    number = "(SELECT min(id) FROM gridmap_edition)"
    good = {"edition_id": number, "kind": "split", "predecessor_id": GRID, "successor": GRID, "share": 1}
    return insert("gridmap_draftlineage", **(good | {"by_hand": False} | change))


def draft_staffing(**change: object) -> str:
    good = {
        "edition_id": "(SELECT min(id) FROM gridmap_edition)",
        "code": GRID,
        "party_name": "",
        "party_kind": "",
        "exemption": "",
        "vacancy": "",
    }
    return insert("gridmap_draftstaffing", **(good | change))


def former_seat(**change: object) -> str:
    good = {"organisation_id": "360702-D01", "party_organisation_id": None, "area_id": GRID, "until": "2026-01-01"}
    return insert("gridmap_formerseat", **(good | change))


def organisation(**change: object) -> str:
    good = {"code": "N1", "kind": "office", "name": "试", "area_id": "360702001", "parent_id": None, "template": ""}
    return insert("gridmap_organisation", **(good | change))


def party(**change: object) -> str:
    good = {
        "code": "N1",
        "kind": "branch",
        "name": "试",
        "area_id": GRID,
        "building_id": None,
        "secretary_id": None,
        "established_on": "2026-01-01",
    }
    return insert("gridmap_partyorganisation", **(good | change))


def building(**change: object) -> str:
    good = {
        "code": "N1",
        "kind": "commercial",
        "name": "试",
        "address": "",
        "area_id": GRID,
        "households": 0,
        "residents": 0,
        "point": POINT,
    }
    return insert("gridmap_building", **(good | change))


def appointment(**change: object) -> str:
    good = {
        "person_id": "P0002",
        "role": "grid_worker",
        "area_id": GRID,
        "organisation_id": None,
        "part_time": False,
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_appointment", **(good | change))


def stationed(**change: object) -> str:
    good = {
        "post": "N1",
        "home_id": "360702-D01",
        "area_id": "360702001",
        "person_id": None,
        "mode": "dual",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_stationedstaff", **(good | change))


def roster_import(**change: object) -> str:
    good = {
        "id": "6f0e3b2c-5a68-4c8e-9d51-1f3a5a3f0c11",
        "kind": "people",
        "file_name": "x.csv",
        "digest": "0" * 64,
        "day": "2026-07-01",
        "by_id": "(SELECT min(id) FROM auth_user)",
        "received_at": "2026-07-01",
        "committed_at": None,
        "counts": "{}",
        "content": "x",
        "findings": "{}",
    }
    return insert("gridmap_rosterimport", **(good | change))


def power(**change: object) -> str:
    good = {
        "code": "N1",
        "batch": "首批",
        "department_id": "360702-D01",
        "kind": "approval",
        "name": "试",
        "document": "",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_delegatedpower", **(good | change))


def grant(**change: object) -> str:
    free = "(SELECT code FROM gridmap_delegatedpower WHERE code NOT IN (SELECT power_id FROM gridmap_powergrant"
    good = {
        "power_id": f"{free} WHERE area_id = '360702001') ORDER BY code LIMIT 1)",
        "area_id": "360702001",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_powergrant", **(good | change))


def guide(**change: object) -> str:
    good = {
        "power_id": "(SELECT min(code) FROM gridmap_delegatedpower WHERE kind = 'enforcement')",
        "conditions": "条件",
        "basis": "依据",
        "process": "流程",
        "time_limit": "即办",
        "contact_name": "某人",
        "contact_phone": "1",
    }
    return insert("gridmap_serviceguide", **(good | change))


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


GOOD = [
    area,
    boundary,
    edition,
    lineage,
    draft_lineage,
    draft_staffing,
    organisation,
    former_seat,
    party,
    building,
    appointment,
    stationed,
    roster_import,
    power,
    grant,
    guide,
]


@pytest.mark.parametrize("good", GOOD, ids=lambda it: it.__name__)
def test_the_row_all_wrong_rows_are_made_from_is_taken(good) -> None:
    run(good())


REFUSED = {
    # areas
    "district code too long": (area(code="3607020", level="district", parent_id=None), "area_code_fits_level"),
    "grid with a town's code": (area(code="360702009", parent_id="360702"), "area_code_fits_level"),
    "letters in a code": (area(code="36070200100100A"), "area_code_fits_level"),
    "full-width digits": (area(code="36070200100199９"), "area_code_fits_level"),
    "no such level": (area(level="block"), "area_code_fits_level"),
    "grid of another community": (area(parent_id="360702001002"), "area_code_starts_with_parent"),
    "grid under a town": (area(parent_id="360702001"), "area_code_starts_with_parent"),
    "grid under nothing": (area(parent_id=None), "area_code_starts_with_parent"),
    "its own parent": (area(parent_id="360702001001999"), "area_code_starts_with_parent"),
    "district under a district": (
        area(code="360799", level="district", kind="district", parent_id="360702"),
        "area_code_starts_with_parent",
    ),
    "parent that does not exist": (area(code="360702001888999", parent_id="360702001888"), "parent_id"),
    "code twice": (area(code=GRID), "gridmap_area_pkey"),
    "complexity of four": (area(complexity=4), "area_complexity_1_to_3"),
    "complexity of nought": (area(complexity=0), "area_complexity_1_to_3"),
    "fewer than no households": (area(households=-1), "households"),
    "fewer than no residents": (area(residents=-1), "residents"),
    "area taken away under its people": (f"DELETE FROM gridmap_area WHERE code = '{GRID}'", "foreign key"),
    "code changed under its people": (
        f"UPDATE gridmap_area SET code = '360702001001998' WHERE code = '{GRID}'",
        "foreign key",
    ),
    "area moved to another parent": (
        f"UPDATE gridmap_area SET parent_id = '360702001002' WHERE code = '{GRID}'",
        "area_code_starts_with_parent",
    ),
    # boundaries
    "second boundary in force": (boundary(valid_from="2026-01-01"), "boundary_one_in_force"),
    "second boundary for one day": (
        boundary(valid_from="2026-01-01", valid_until="2026-01-02"),
        "boundary_one_in_force",
    ),
    "boundary into the present one": (
        boundary(valid_from="2018-01-01", valid_until="2019-01-02"),
        "boundary_one_in_force",
    ),
    "until before from": (boundary(valid_from="2018-02-01", valid_until="2018-01-01"), "boundary_until_after_from"),
    "until on from": (boundary(valid_from="2018-01-01", valid_until="2018-01-01"), "boundary_until_after_from"),
    "end brought before the beginning": (
        f"UPDATE gridmap_boundary SET valid_until = valid_from WHERE area_id = '{GRID}'",
        "boundary_until_after_from",
    ),
    "bow-tie": (boundary(geom=BOW), "boundary_is_valid"),
    "hole outside its shell": (boundary(geom=HOLE_OUTSIDE), "boundary_is_valid"),
    "polygon that is no multipolygon": (boundary(geom=f"ST_GeometryN({SQUARE}, 1)"), "MultiPolygon"),
    "line": (boundary(geom="ST_GeomFromText('LINESTRING(0 0,1 1)', 4490)"), "Geometry type"),
    "another coordinate system": (boundary(geom=f"ST_SetSRID({SQUARE}, 4326)"), "SRID"),
    "no shape": (boundary(geom=None), "not-null"),
    "boundary of no area": (boundary(area_id="990001"), "area_id"),
    "extent written by hand": (f"UPDATE gridmap_boundary SET area_m2 = 1 WHERE area_id = '{GRID}'", "area_m2"),
    "edition taken away under its boundaries": ("DELETE FROM gridmap_edition", "foreign key"),
    # editions and lineage
    "published without a day": (
        edition(state="published", published_at="2026-01-01T00:00:00Z"),
        "edition_published_at_a_date",
    ),
    "published without a moment": (edition(state="published", valid_from="2026-01-01"), "edition_published_at_a_date"),
    "edition name twice": (
        edition(name="(SELECT name FROM gridmap_edition ORDER BY id LIMIT 1)"),
        "gridmap_edition_name",
    ),
    "area come from itself": (lineage(successor_id=GRID), "lineage_between_two"),
    "succession twice": (lineage() + "; " + lineage(), "lineage_once"),
    # organisations
    "authority without a template": (organisation(kind="authority"), "organisation_template_of_authorities"),
    "office with a template": (organisation(template="town_4_1_2"), "organisation_template_of_authorities"),
    "organisation code twice": (organisation(code="360702-D01"), "gridmap_organisation_pkey"),
    "organisation of no area": (organisation(area_id="990001"), "area_id"),
    "former seat of nobody": (former_seat(organisation_id=None), "former_seat_of_one"),
    "former seat left twice": (former_seat() + "; " + former_seat(), "former_seat_of_organisation_once"),
    "party organisation's seat left twice": (
        "; ".join([former_seat(organisation_id=None, party_organisation_id=f"{GRID[:12]}-P")] * 2),
        "former_seat_of_party_organisation_once",
    ),
    # drafts
    "approved by nobody": (edition(state="approved"), "edition_approved_by_somebody"),
    "approved by whoever prepared it": (
        edition(created_by_id=SOMEBODY, approved_by_id=SOMEBODY),
        "edition_approved_by_another",
    ),
    "a lineage drafted twice": (draft_lineage() + "; " + draft_lineage(), "draft_lineage_once"),
    "staffed twice": (draft_staffing() + "; " + draft_staffing(), "draft_staffing_once"),
    "a party organisation carried over and exempted": (
        draft_staffing(party_organisation_id="(SELECT min(code) FROM gridmap_partyorganisation)", exemption="面积很小"),
        "draft_staffing_one_party_organisation",
    ),
    # party organisations
    "party organisation that ends before it begins": (
        party(abolished_on="2025-01-01"),
        "party_organisation_abolished_after_established",
    ),
    "branch on a first-level grid": (party(area_id="360702001001"), "party_organisation_kind_fits_place"),
    "group on a first-level grid": (party(kind="group", area_id="360702001001"), "party_organisation_kind_fits_place"),
    "committee on a second-level grid": (party(kind="committee"), "party_organisation_kind_fits_place"),
    "general branch on a second-level grid": (party(kind="general_branch"), "party_organisation_kind_fits_place"),
    "committee on a town": (party(kind="committee", area_id="360702001"), "party_organisation_kind_fits_place"),
    "functional branch on a grid": (party(kind="functional"), "party_organisation_kind_fits_place"),
    "party organisation nowhere": (party(area_id=None), "party_organisation_kind_fits_place"),
    "functional branch nowhere": (party(kind="functional", area_id=None), "party_organisation_kind_fits_place"),
    "branch in two places": (
        party(building_id="(SELECT min(code) FROM gridmap_building)"),
        "party_organisation_kind_fits_place",
    ),
    "party of no kind": (party(kind="club"), "party_organisation_kind_fits_place"),
    # buildings
    "building nowhere": (building(point=None), "not-null"),
    "building that is a line": (building(point="ST_GeomFromText('LINESTRING(0 0,1 1)', 4490)"), "Geometry type"),
    "building of another system": (building(point="ST_GeomFromText('POINT(1 1)', 4326)"), "SRID"),
    # people
    "two chiefs": (
        appointment(role="grid_chief", area_id="360702001001"),
        "appointment_one_chief",
    ),
    "two chiefs for a day": (
        appointment(role="grid_chief", area_id="360702001001", valid_from="2019-01-01", valid_until="2019-01-02"),
        "appointment_one_chief",
    ),
    "appointed to two places": (appointment(organisation_id="360702-D01"), "appointment_to_one_place"),
    "appointed nowhere": (appointment(area_id=None), "appointment_to_one_place"),
    "the same post twice": (
        appointment() + "; " + appointment(valid_from="2026-05-01", part_time=True),
        "appointment_held_once",
    ),
    "appointment that ends on its first day": (appointment(valid_until="2026-01-01"), "appointment_until_after_from"),
    "appointment to an organisation that ends before it begins": (
        appointment(area_id=None, organisation_id="360702-D01", valid_until="2025-01-01"),
        "appointment_until_after_from",
    ),
    "appointment of nobody": (appointment(person_id="X"), "person_id"),
    "person taken away under their posts": ("DELETE FROM gridmap_person WHERE code = 'P0001'", "foreign key"),
    "two people with one account": (
        "UPDATE gridmap_person SET user_id = (SELECT user_id FROM gridmap_person WHERE code = 'P0001')"
        " WHERE code = 'P0002'",
        "gridmap_person_user_id",
    ),
    "stationed until before": (stationed(valid_until="2025-12-31"), "stationed_staff_until_after_from"),
    "post twice at a time": (stationed(post="S001"), "stationed_staff_once_a_post"),
    "roster carried out with its file": (roster_import(committed_at="2026-07-01"), "roster_import_keeps_no_file"),
    "roster kept without its file": (roster_import(content=None), "roster_import_keeps_no_file"),
    # powers
    "power until before": (power(valid_until="2025-12-31"), "delegated_power_until_after_from"),
    "grant until on from": (grant(valid_until="2026-01-01"), "power_grant_until_after_from"),
    "the same grant twice": (grant(power_id="Q001"), "power_granted_once"),
    "the same grant for a while": (
        grant(power_id="Q001", valid_from="2020-01-01", valid_until="2020-02-01"),
        "power_granted_once",
    ),
    "guide without conditions": (guide(conditions=""), "service_guide_conditions_given"),
    "guide without basis": (guide(basis=""), "service_guide_basis_given"),
    "guide without process": (guide(process=""), "service_guide_process_given"),
    "guide without limit": (guide(time_limit=""), "service_guide_time_limit_given"),
    "guide without a contact": (guide(contact_name=""), "service_guide_contact_name_given"),
    "guide without a telephone": (guide(contact_phone=""), "service_guide_contact_phone_given"),
    "guide with a field unsaid": (guide(process=None), "not-null"),
    "second guide": (guide(power_id="Q001"), "gridmap_serviceguide_pkey"),
    # counters
    "slot twice": (
        "INSERT INTO gridmap_dataversion (collection, slot, changes)"
        " SELECT collection, slot, 0 FROM gridmap_dataversion LIMIT 1",
        "data_version_slot",
    ),
    # cases
    "case in no state": ("UPDATE cases_case SET state = 'lost' WHERE id IN (SELECT min(id) FROM cases_case)", "case_"),
    "closed without a moment": (
        "UPDATE cases_case SET closed_at = NULL WHERE id IN (SELECT min(id) FROM cases_case WHERE state = 'closed')",
        "case_closed_at_when_ended",
    ),
    "open with a moment of closing": (
        "UPDATE cases_case SET closed_at = due_at WHERE state = 'reported'",
        "case_closed_at_when_ended",
    ),
    "closed before it was reported": (
        "UPDATE cases_case SET closed_at = reported_at - interval '1 s' WHERE state = 'closed'",
        "case_closed_at_when_ended",
    ),
    "due before it was reported": (
        "UPDATE cases_case SET due_at = reported_at - interval '1 s'",
        "case_due_after_reported",
    ),
    "case in unheard coordinates": ("UPDATE cases_case SET coord = 'mars'", "case_coord_known"),
    "case on no area": ("UPDATE cases_case SET area_id = '990001'", "area_id"),
    "case lying on no area": ("UPDATE cases_case SET current_area_id = NULL", "current_area_id"),
    "case handed over twice by one edition": (
        """INSERT INTO cases_handover (case_id, edition_id, from_area_id, to_area_id, at)
           SELECT (SELECT min(id) FROM cases_case), (SELECT min(id) FROM gridmap_edition),
                  '360702001001001', '360702001001002', now() FROM generate_series(1, 2)""",
        "handover_once",
    ),
    "number twice": ("UPDATE cases_case SET number = 'X' WHERE id < 100", "cases_case_number"),
    "one report twice": (
        "UPDATE cases_case SET client_id = (SELECT client_id FROM cases_case ORDER BY id LIMIT 1)",
        "cases_case_client_id",
    ),
    **REFUSED_CASES,
}


@pytest.mark.parametrize(("statement", "named"), REFUSED.values(), ids=REFUSED)
def test_the_database_refuses(statement: str, named: str) -> None:
    with pytest.raises(DatabaseError, match=named), transaction.atomic():
        run(statement)


ALLOWED = {
    "a boundary of before": boundary(valid_from="2018-01-01", valid_until="2019-01-01"),
    "a draft beside the one in force": boundary(),
    "two drafts": boundary() + "; " + boundary(),
    "a chief after the one before": (
        "UPDATE gridmap_appointment SET valid_until = '2026-01-01'"
        " WHERE role = 'grid_chief' AND area_id = '360702001001'; "
        + appointment(role="grid_chief", area_id="360702001001")
    ),
    "one person for two grids": appointment() + "; " + appointment(area_id="360702001001002"),
    "two workers on a grid": appointment() + "; " + appointment(person_id="P0003"),
    "a grant again after it ended": (
        "UPDATE gridmap_powergrant SET valid_until = '2020-01-01' WHERE power_id = 'Q001'; "
        + grant(power_id="Q001", valid_from="2020-01-01")
    ),
    "a group in a building": party(
        kind="functional", area_id=None, building_id="(SELECT min(code) FROM gridmap_building)"
    ),
    "a committee on a first-level grid": party(kind="committee", area_id="360702001001"),
    "a second district": area(code="990001", level="district", kind="district", parent_id=None),
    "a vacant post": stationed(),
    "a post again after it changed": (
        "UPDATE gridmap_stationedstaff SET valid_until = '2026-01-01' WHERE post = 'S001'; " + stationed(post="S001")
    ),
    "a roster carried out": roster_import(committed_at="2026-07-01", content=None, findings=None),
}


@pytest.mark.parametrize("statement", ALLOWED.values(), ids=ALLOWED)
def test_the_database_takes(statement: str) -> None:
    run(statement)


def test_every_constraint_has_a_row_here_and_a_sentence_for_people() -> None:
    tried = " ".join(named for _, named in REFUSED.values())
    ours = [
        constraint
        for model in apps.get_models()
        if model._meta.app_label in ("gridmap", "cases")
        for constraint in model._meta.constraints
    ]
    assert len(ours) > 25
    for constraint in ours:
        # The unknown state is stopped by whichever of two constraints comes first; the trace has a test of its own.
        assert constraint.name in tried or constraint.name in ("case_state_known", "trace_event_seq"), constraint.name
        assert any("一" <= letter <= "鿿" for letter in str(constraint.violation_error_message)), constraint.name
        if isinstance(constraint, CheckConstraint | UniqueConstraint):
            assert constraint.violation_error_code != "", constraint.name


# ---- said in words before the database has to ------------------------------------------------------------------


def complain(row: object) -> str:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()  # type: ignore[attr-defined]
    return " ".join(caught.value.messages)


def test_models_say_it_in_words() -> None:
    chief = Appointment(person_id="P0002", role="grid_chief", area_id="360702001001", valid_from="2026-01-01")
    assert "已有网格长" in complain(chief)
    ended = PowerGrant(power_id="Q001", area_id="360702001", valid_from="2026-02-01", valid_until="2026-01-01")
    assert "截止日期应晚于起始日期" in complain(ended)
    stray = Area(code="360702001001999", level="grid", kind="basic", name="试", parent_id="360702001002")
    assert "编码应为上级编码加三位" in complain(stray)
    short = Area(code="3607020010019", level="grid", kind="basic", name="试", parent_id="360702001001")
    assert "二级网格 15 位" in complain(short)
    old = Boundary.objects.get(area=GRID)
    again = Boundary(area_id=GRID, edition=old.edition, geom=old.geom, valid_from=old.valid_from)
    assert "已有生效的边界" in complain(again)


def test_the_database_itself_counts_the_changes() -> None:
    areas, cases = version_of("areas"), version_of("cases")
    run(f"UPDATE gridmap_area SET name = name WHERE code = '{GRID}'")
    assert version_of("areas") > areas
    run("UPDATE cases_case SET address = address WHERE id = (SELECT min(id) FROM cases_case)")
    assert version_of("cases") > cases
    areas = version_of("areas")
    run(boundary())
    assert version_of("areas") > areas


def test_extent_and_geojson_are_made_by_the_database() -> None:
    run(boundary(area_id="360702", geom=SQUARE, valid_from="2018-01-01", valid_until="2018-02-01"))
    made = Boundary.objects.get(area="360702", valid_from="2018-01-01")
    assert made.area_m2 == pytest.approx(111_000 * 0.01 * 96_500 * 0.01, rel=0.01)
    assert made.geojson.startswith('{"type":"MultiPolygon","coordinates":[[[[113,30],')


def test_an_old_case_keeps_its_area_when_the_line_moves() -> None:
    case = Case.objects.filter(area=GRID).first()
    assert case is not None
    run(f"UPDATE gridmap_boundary SET valid_until = '2026-06-01' WHERE area_id = '{GRID}'")
    run(boundary(valid_from="2026-06-01"))
    case.refresh_from_db()
    assert case.area_id == GRID
    assert Boundary.objects.filter(area=GRID).count() == 2
