"""Who is to answer for what a draft makes anew: proposed from the predecessors, set by hand, asked for (R16–R18)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridmap.editions import publishing, staffing
from gridmap.editions.staffing import Staff
from gridmap.models import Appointment, DraftStaffing, Edition, Organisation, PartyOrganisation, Person
from gridmap.problems import Conflict, Unprocessable
from tests.gridmap.editing import (
    AT,
    COMMUNITY,
    DAY,
    FOUNDED_ON,
    OTHER,
    SMALL,
    SQUARES,
    TODAY,
    A,
    B,
    C,
    D,
    keepers,
    publish,
    small_district,
    square,
    squares,
    without,
)

pytestmark = pytest.mark.django_db
NEW, NEWER = f"{COMMUNITY}011", f"{COMMUNITY}012"
HALVES = {NEW: square(0, 0, width=0.6), NEWER: square(0.6, 0, width=0.4)}
WHOLE = Staff(party_name="新支部", party_kind="branch", secretary=f"{A}-S", leader=f"{A}-L")


@pytest.fixture(autouse=True, scope="module")
def _small(kept_for_module: None) -> None:
    small_district()


def proposals(edition: Edition) -> dict[str, tuple[str | None, str | None, str | None]]:
    return {
        it.code: (it.party_organisation_id, it.leader_id, it.secretary_id)
        for it in DraftStaffing.objects.filter(edition=edition)
    }


def test_a_recoded_grid_keeps_its_party_organisation_and_people() -> None:
    edition, ground = squares(without(A) | {NEW: SQUARES[A]})
    assert proposals(edition) == {NEW: (f"{A}-P", f"{A}-L", f"{A}-S")}
    assert staffing.missing(edition, ground, on=TODAY) == []


def test_of_two_halves_the_larger_takes_the_party_organisation_and_both_are_offered_the_people() -> None:
    edition, ground = squares(without(A) | HALVES)
    assert proposals(edition) == {NEW: (f"{A}-P", f"{A}-L", f"{A}-S"), NEWER: (None, f"{A}-L", f"{A}-S")}
    (said,) = staffing.missing(edition, ground, on=TODAY)
    assert NEWER in said
    assert "党组织" in said


def test_what_is_split_off_a_grid_that_goes_on_takes_nothing_from_it() -> None:
    edition, ground = squares(SQUARES | {A: square(0, 0, width=0.6), NEW: square(0.6, 0, width=0.4)})
    assert proposals(edition) == {NEW: (None, f"{A}-L", f"{A}-S")}
    assert len(staffing.missing(edition, ground, on=TODAY)) == 1


def test_of_two_merged_the_larger_party_organisation_goes_on() -> None:
    shapes = without(A, B) | {NEW: square(0, 0, width=2)}
    PartyOrganisation.objects.filter(code=f"{A}-P").delete()
    edition, _ = squares(shapes)
    assert proposals(edition)[NEW][0] == f"{B}-P"


def test_a_grid_that_goes_on_or_is_merged_into_is_not_asked_about() -> None:
    edition, ground = squares(without(A, B) | {B: square(0, 0, width=2)})
    assert proposals(edition) == {}
    assert staffing.missing(edition, ground, on=TODAY) == []
    (worker,) = [it for it in staffing.leaving(edition, ground, on=TODAY) if "网格员" in it]
    assert A in worker


def test_a_new_grid_on_ground_nobody_had_is_asked_for_everything() -> None:
    edition, ground = squares(SQUARES | {NEW: square(0, 1)})
    assert proposals(edition) == {NEW: (None, None, None)}
    said = staffing.missing(edition, ground, on=TODAY)
    assert len(said) == 3
    for word in ("党组织应与网格同步设置", "网格员", "书记"):
        assert any(word in it for it in said), said


def test_a_new_community_has_a_chief_and_a_committee() -> None:
    code = f"{SMALL}001009"
    grids = {A: SQUARES[A], B: SQUARES[B], f"{code}001": SQUARES[C], f"{code}002": SQUARES[D]}
    edition, ground = squares({COMMUNITY: None, code: None} | grids)
    assert proposals(edition)[code] == (f"{OTHER}-P", f"{OTHER}-L", f"{OTHER}-S")
    with pytest.raises(Unprocessable, match="党委、党总支"):
        staffing.set_by_hand(edition, code, WHOLE, ground=ground, by=None)
    said = replace(WHOLE, party_kind="committee")
    staffing.set_by_hand(edition, code, said, ground=ground, by=None)
    publish(edition, ground)
    posts = Appointment.objects.on(DAY).filter(area=code)
    assert set(posts.values_list("role", "person_id")) == {("grid_chief", f"{A}-L"), ("party_secretary", f"{A}-S")}


@pytest.mark.parametrize(
    ("staff", "words"),
    [
        (WHOLE, []),
        (Staff(exemption="人数不足三人", vacancy="选任中"), []),
        (Staff(exemption="人数不足三人", leader=f"{A}-L"), []),
        (Staff(exemption="人数不足三人"), ["网格员"]),
        (replace(WHOLE, secretary=""), ["书记"]),
        (replace(WHOLE, leader="", vacancy="招录中"), []),
        (replace(WHOLE, party_name="", party_kind=""), ["党组织应与网格同步设置"]),
    ],
)
def test_what_is_enough_and_what_is_still_missing(staff: Staff, words: list[str]) -> None:
    edition, ground = squares(SQUARES | {NEW: square(0, 1)})
    staffing.set_by_hand(edition, NEW, staff, ground=ground, by=keepers().preparer)
    said = staffing.missing(edition, ground, on=TODAY)
    assert len(said) == len(words), said
    assert all(word in it for word, it in zip(words, said, strict=True))


@pytest.mark.parametrize(
    ("code", "staff", "field"),
    [
        (A, WHOLE, "code"),
        ("无", WHOLE, "code"),
        (SMALL, WHOLE, "code"),
        (NEW, replace(WHOLE, exemption="又"), "exemption"),
        (NEW, replace(WHOLE, party_organisation=f"{B}-P"), "exemption"),
        (NEW, Staff(party_organisation=f"{B}-P"), "party_organisation"),
        (NEW, Staff(party_organisation=f"{COMMUNITY}-P"), "party_organisation"),
        (NEW, Staff(party_organisation="无"), "party_organisation"),
        (NEW, replace(WHOLE, party_kind="committee"), "party_kind"),
        (NEW, replace(WHOLE, party_kind="club"), "party_kind"),
        (NEW, replace(WHOLE, party_name=" "), "party_name"),
        (NEW, replace(WHOLE, party_name="长" * 61), "party_name"),
        (NEW, replace(WHOLE, leader="无此人"), "leader"),
        (NEW, Staff(exemption="长" * 201), "exemption"),
        (NEW, Staff(vacancy="\x00"), "vacancy"),
    ],
)
def test_what_cannot_be_is_refused_by_field(code: str, staff: Staff, field: str) -> None:
    edition, ground = squares(without(A) | {NEW: SQUARES[A]})
    before = proposals(edition)
    with pytest.raises(Unprocessable) as caught:
        staffing.set_by_hand(edition, code, staff, ground=ground, by=None)
    assert caught.value.parameter == field
    assert proposals(edition) == before


def test_what_was_set_by_hand_survives_a_proposal_until_its_area_is_gone() -> None:
    edition, ground = squares(without(A) | HALVES)
    staffing.set_by_hand(edition, NEWER, WHOLE, ground=ground, by=None)
    publishing.propose(edition, on=TODAY)
    row = DraftStaffing.objects.get(edition=edition, code=NEWER)
    assert (row.party_name, row.leader_id, row.by_hand) == ("新支部", f"{A}-L", True)
    edition.draft_areas.filter(code=NEWER).update(code=f"{COMMUNITY}013")
    publishing.propose(edition, on=TODAY)
    assert set(proposals(edition)) == {NEW, f"{COMMUNITY}013"}


def test_one_party_organisation_goes_to_one_area_only() -> None:
    edition, ground = squares(without(A) | HALVES)
    DraftStaffing.objects.filter(edition=edition).update(party_organisation=f"{A}-P")
    assert any("只能转入一个区域" in it for it in staffing.missing(edition, ground, on=TODAY))


def test_one_reason_for_all_that_is_open() -> None:
    edition, ground = squares(SQUARES | {NEW: square(0, 1), NEWER: square(1, 1)})
    staffing.set_by_hand(edition, NEWER, WHOLE, ground=ground, by=None)
    assert staffing.excuse_all(edition, ground, reason="名册随后导入", by=None) == 1
    assert staffing.missing(edition, ground, on=TODAY) == []
    assert staffing.excuse_all(edition, ground, reason="又", by=None) == 0
    row = DraftStaffing.objects.get(edition=edition, code=NEW)
    assert (row.exemption, row.vacancy) == ("名册随后导入", "名册随后导入")
    for reason in ("", " ", "长" * 201):
        with pytest.raises(Unprocessable):
            staffing.excuse_all(edition, ground, reason=reason, by=None)


# ---- what publication makes of it --------------------------------------------------------------------------------


def in_post(area: str, day: object) -> set[tuple[str, str]]:
    return set(Appointment.objects.on(day).filter(area=area).values_list("role", "person_id"))  # type: ignore[arg-type]


def test_posts_end_and_begin_on_the_day() -> None:
    edition, ground = squares(without(A) | HALVES)
    staffing.set_by_hand(edition, NEWER, replace(WHOLE, leader=f"{B}-L"), ground=ground, by=None)
    publish(edition, ground)
    eve = DAY.replace(month=7, day=31)
    assert in_post(A, eve) == {("grid_worker", f"{A}-L"), ("party_secretary", f"{A}-S")}
    assert in_post(NEW, eve) == in_post(NEWER, eve) == in_post(A, DAY) == set()
    assert in_post(NEW, DAY) == {("grid_worker", f"{A}-L"), ("party_secretary", f"{A}-S")}
    assert in_post(NEWER, DAY) == {("grid_worker", f"{B}-L"), ("party_secretary", f"{A}-S")}
    assert in_post(B, DAY) == {("grid_worker", f"{B}-L"), ("party_secretary", f"{B}-S")}


def test_part_timers_and_building_heads_go_with_the_ground_and_full_timers_nobody_named_leave() -> None:
    someone = Person.objects.create(code="X1", name="某甲")
    for role, part_time in (("grid_worker", True), ("building_head", False), ("group_leader", False)):
        Appointment.objects.create(person=someone, role=role, area_id=A, part_time=part_time, valid_from=FOUNDED_ON)
    edition, ground = squares(without(A, B) | {B: square(0, 0, width=2)})
    publish(edition, ground)
    assert in_post(B, DAY) == {
        ("grid_worker", f"{B}-L"),
        ("party_secretary", f"{B}-S"),
        ("grid_worker", "X1"),
        ("building_head", "X1"),
        ("group_leader", "X1"),
    }
    assert Appointment.objects.get(area=B, person="X1", role="grid_worker").part_time
    assert not Appointment.objects.on(DAY).filter(person=f"{A}-L").exists()


def test_party_organisations_are_carried_established_and_abolished() -> None:
    PartyOrganisation.objects.create(
        code=f"{NEWER}-P", kind="branch", name="占号", area_id=D, established_on=FOUNDED_ON
    )
    edition, ground = squares(without(A, C) | HALVES | {D: square(2, 0, width=2)})
    staffing.set_by_hand(edition, NEWER, WHOLE, ground=ground, by=None)
    publish(edition, ground)
    carried = PartyOrganisation.objects.get(code=f"{A}-P")
    assert (carried.area_id, carried.abolished_on, carried.established_on) == (NEW, None, FOUNDED_ON)
    made = PartyOrganisation.objects.get(name="新支部")
    assert (made.code, made.area_id, made.established_on, made.secretary_id) == (f"{NEWER}-P2", NEWER, DAY, f"{A}-S")
    assert PartyOrganisation.objects.get(code=f"{C}-P").abolished_on == DAY
    assert PartyOrganisation.objects.get(code=f"{D}-P").abolished_on is None


def test_an_exempted_area_has_none() -> None:
    edition, ground = squares(SQUARES | {NEW: square(0, 1)})
    publish(edition, ground)
    assert not PartyOrganisation.objects.filter(area=NEW).exists()
    assert in_post(NEW, DAY) == set()


def test_a_committee_of_a_community_that_goes_stands_at_its_heirs_and_stood_there_before() -> None:
    Organisation.objects.create(code="N1", kind="committee", name="乙居委会", area_id=OTHER)
    code = f"{SMALL}001009"
    grids = {A: SQUARES[A], B: SQUARES[B], f"{code}001": SQUARES[C], f"{code}002": SQUARES[D]}
    edition, ground = squares({COMMUNITY: None, code: None} | grids)
    publish(edition, ground)
    moved = Organisation.objects.get(code="N1")
    assert moved.area_id == code
    assert list(moved.former_seats.values_list("area_id", "until")) == [(OTHER, DAY)]


def test_a_post_that_could_never_begin_is_an_obstacle() -> None:
    edition, _ = squares(without(A) | {NEW: SQUARES[A]})
    Appointment.objects.create(person_id=f"{B}-L", role="grid_worker", area_id=A, valid_from=DAY)
    PartyOrganisation.objects.create(code="N2", kind="group", name="新小组", area_id=A, established_on=DAY)
    said = publishing.obstacles(edition, on=DAY, today=TODAY)
    assert any("任职自" in it for it in said)
    assert any("新小组" in it for it in said)


def test_staffing_of_an_approved_edition_takes_the_approval_back() -> None:
    edition, ground = squares(without(A) | HALVES)
    staffing.set_by_hand(edition, NEWER, WHOLE, ground=ground, by=keepers().preparer)
    publishing.approve(edition, by=keepers().approver, at=AT)
    staffing.set_by_hand(edition, NEWER, replace(WHOLE, leader=f"{B}-L"), ground=ground, by=None)
    assert edition.state == "draft"
    publishing.approve(edition, by=keepers().approver, at=AT)
    publishing.publish(edition, valid_from=DAY, by=keepers().approver, at=AT)
    with pytest.raises(Conflict):
        staffing.set_by_hand(edition, NEWER, WHOLE, ground=ground, by=None)
