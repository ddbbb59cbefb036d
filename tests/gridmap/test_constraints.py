"""What must never be in the registry, and that the database itself refuses it, whoever writes and however.

Each row of each table is one wrong thing said in SQL, past every form and model, and the constraint that stops it.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import CheckConstraint, UniqueConstraint

from tests.gridmap.good_rows import (
    GOOD,
    GRID,
    SOMEBODY,
    SQUARE,
    appointment,
    area,
    boundary,
    building,
    draft_lineage,
    draft_staffing,
    edition,
    former_seat,
    grant,
    guide,
    lineage,
    organisation,
    party,
    power,
    roster_import,
    run,
    stationed,
)
from tests.gridmap.refused_cases import REFUSED_CASES

pytestmark = pytest.mark.django_db
# What is no good polygon.
BOW = "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30.01,113.01 30,113 30.01,113 30)))', 4490)"
HOLE_OUTSIDE = (
    "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30,113.01 30.01,113 30.01,113 30),"
    "(114 31,114.01 31,114.01 31.01,114 31.01,114 31)))', 4490)"
)


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
