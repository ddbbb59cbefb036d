"""What is asked for beside the course of a case: return, ruling, meeting, more time, suspension; who decides, and what follows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from cases import photos
from cases.actions.sweeping import receive_overdue, resume_expired
from cases.deadlines import Limit, Unit
from cases.models import Assignment, Case, Letter, Procedure, TraceEvent
from cases.notices import unread
from cases.rules import RULES
from cases.sealing import stored_rows, verify
from gridmap.duties import standing_of
from gridmap.models import Appointment
from gridmap.problems import Conflict, Forbidden, Unprocessable
from gridmap.roles import Role
from tests.cases.playing import MARKS, TEN_DAYS, Department, Office, act, offered, ordered, turn
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
GROUNDS = {"reason": "powers", "text": "管养单位是市政公司，见移交协议"}
FIVE_DAYS = Limit(5, Unit.WORKING_DAYS)


@pytest.fixture
def district_clerk(cast: Cast) -> User:
    """Somebody of the district's centre, who sees everything."""
    return cast.centre


def deadline(case: Case, unit: Department | Office) -> dt.datetime:
    return Assignment.objects.filter(case=case, unit=unit.code).latest("id").due_at


def sound(case: Case) -> bool:
    return verify(row for row in stored_rows() if row.number == case.number).broken is None


# ---- return ------------------------------------------------------------------------------------------------------


def test_a_return_that_is_let_brings_the_case_back_to_whoever_sent_the_letter(
    issued: Case, cast: Cast, lead: Department, assistant: Department, outsider: Department, now: dt.datetime
) -> None:
    due = issued.due_at
    assert act(issued, "return", lead.user, now, **GROUNDS).state == "issued"
    asked = Procedure.objects.get(case=issued)
    assert (asked.kind, asked.stage, asked.unit_id, asked.reason_label) == ("return", "asked", lead.code, "权属不清")
    assert turn(issued, cast.clerk, now) == "决定退单"
    back = act(issued, "take_back", cast.clerk, now + HOUR, text="属实")
    assert (back.state, back.due_at) == ("confirmed", due)
    # Nothing is asked of anybody any more; the record stays, and so does sight of it.
    assert not Assignment.objects.binding().filter(case=issued).exists()
    assert offered(issued, lead.user, now) == offered(issued, assistant.user, now) == []
    told = TraceEvent.objects.filter(case=issued).latest("seq").payload
    assert (told["hops"], len(told["withdrawn"])) == (1, 2)
    sent = act(issued, "issue", cast.clerk, now + HOUR, department=outsider.code, text="换盖", limit=TEN_DAYS)
    assert sent.state == "issued"
    assert Letter.objects.filter(case=issued).count() == 2
    assert "receive" in offered(issued, outsider.user, now + HOUR)
    assert sound(issued)


def test_a_return_never_resets_the_clock_when_refused(
    issued: Case, cast: Cast, lead: Department, now: dt.datetime
) -> None:
    before = Assignment.objects.get(case=issued, unit=lead.code)
    act(issued, "return", lead.user, now, **GROUNDS)
    after = act(issued, "refuse_return", cast.clerk, now + 3 * HOUR, text="移交协议不含该路段")
    kept = Assignment.objects.get(pk=before.pk)
    assert (after.due_at, kept.due_at, kept.receive_by) == (issued.due_at, before.due_at, before.receive_by)
    assert Procedure.objects.get(case=issued).stage == "refused"
    # Nor does asking hold it: what nobody received is received meanwhile.
    assert receive_overdue(at=now + 3 * HOUR) == 3  # one of them is a letter of the demonstration
    assert not Assignment.objects.filter(case=issued, received_at=None).exists()


def test_a_unit_returns_once_and_only_in_its_time_and_before_it_has_come(
    issued: Case,
    cast: Cast,
    offices: list[Office],
    lead: Department,
    assistant: Department,
    now: dt.datetime,
) -> None:
    limit = Assignment.objects.get(case=issued, unit=lead.code).return_by
    assert limit == now + 6 * HOUR  # four working hours after ten o'clock: the lunch break is none
    assert "return" in offered(issued, lead.user, limit)
    assert "return" not in offered(issued, lead.user, limit + dt.timedelta(minutes=1))
    with pytest.raises(Conflict, match="4工作时"):
        act(issued, "return", lead.user, limit + dt.timedelta(minutes=1), **GROUNDS)
    act(issued, "return", lead.user, limit, **GROUNDS)
    act(issued, "refuse_return", cast.clerk, limit, text="归你")
    with pytest.raises(Conflict, match="退过一次"):
        act(issued, "return", lead.user, limit, **GROUNDS)
    act(issued, "sign_in", offices[0].user, now, department=assistant.code, persons="王工")
    with pytest.raises(Conflict, match="已经报到"):
        act(issued, "return", assistant.user, now, **GROUNDS)
    again = Procedure.objects.get(case=issued)
    again.pk = None
    with pytest.raises(IntegrityError, match="return_once_a_unit"), transaction.atomic():
        again.save(force_insert=True)


def test_who_assists_returns_its_own_part_only(
    issued: Case, cast: Cast, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    act(issued, "return", assistant.user, now, **GROUNDS)
    assert act(issued, "take_back", cast.clerk, now, text="可以").state == "issued"
    binding = Assignment.objects.binding().filter(case=issued)
    assert [it.unit_id for it in binding] == [lead.code]


def test_who_decides_is_told_and_so_is_the_unit_that_asked(
    issued: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime
) -> None:
    def told(user: User) -> list[str]:
        rows = unread(standing_of(user, on=now.date()), user.pk, now=now).rows
        return [row.text.split("：")[1] for row in rows if row.kind in ("asked", "decided") and row.case == issued]

    act(issued, "return", lead.user, now, **GROUNDS)
    assert told(cast.clerk) == ["区城管局提出退单，请在 07-07 16:00 前决定 (to be decided)"]
    assert told(lead.user) == told(cast.centre) == []
    act(issued, "refuse_return", cast.clerk, now, text="归你")
    assert told(lead.user) == ["退单不同意 (decided)"]
    act(issued, "suspend", lead.user, now, reason="law", text="等批复", until="2026-08-01")
    act(issued, "support_suspension", principal, now)
    assert [it[:9] for it in told(principal)] == ["区城管局提出挂账，"]
    assert [it[:9] for it in told(cast.centre)] == ["区城管局提出挂账，"]


def test_a_coded_reason_and_grounds_are_needed(issued: Case, lead: Department, now: dt.datetime) -> None:
    for given, parameter in (
        ({"text": "不归我们"}, "reason"),
        ({"reason": "tired", "text": "不归我们"}, "reason"),
        ({"reason": "powers", "text": "  "}, "text"),
    ):
        with pytest.raises(Unprocessable) as refused:
            act(issued, "return", lead.user, now, **given)
        assert refused.value.parameter == parameter
    assert not Procedure.objects.filter(case=issued).exists()


def test_the_third_hop_goes_to_arbitration_by_itself(
    issued: Case,
    cast: Cast,
    lead: Department,
    assistant: Department,
    outsider: Department,
    district_clerk: User,
    now: dt.datetime,
) -> None:
    for unit, following in ((lead, assistant), (assistant, outsider)):
        act(issued, "return", unit.user, now, **GROUNDS)
        act(issued, "take_back", cast.clerk, now, text="属实")
        act(issued, "issue", cast.clerk, now, department=following.code, text="换盖", limit=TEN_DAYS)
    act(issued, "return", outsider.user, now, **GROUNDS)
    asked = Procedure.objects.filter(case=issued).latest("id")
    assert (asked.kind, asked.stage) == ("dispute", "asked")
    assert TraceEvent.objects.filter(case=issued).latest("seq").payload["arbitration"] is True
    assert "take_back" not in offered(issued, cast.clerk, now)
    assert turn(issued, district_clerk, now) == "裁定权属"


# ---- ruling ------------------------------------------------------------------------------------------------------


def test_a_ruling_names_the_lead_and_the_letter_has_to_follow_it(
    issued: Case,
    cast: Cast,
    lead: Department,
    assistant: Department,
    outsider: Department,
    district_clerk: User,
    now: dt.datetime,
) -> None:
    act(issued, "dispute", lead.user, now, **GROUNDS)
    for somebody in (cast.clerk, cast.leader, assistant.user):
        with pytest.raises(Forbidden):
            act(issued, "rule", somebody, now, department=outsider.code, text="归水利")
    ruled = act(issued, "rule", district_clerk, now, department=outsider.code, text="按管养协议")
    assert ruled.state == "confirmed"
    with pytest.raises(Unprocessable, match="裁定"):
        act(issued, "issue", cast.clerk, now, department=lead.code, text="换盖", limit=TEN_DAYS)
    sent = act(issued, "issue", cast.clerk, now, department=outsider.code, text="换盖", limit=TEN_DAYS)
    assert sent.state == "issued"
    with pytest.raises(Conflict, match="认定由本部门承办"):
        act(issued, "return", outsider.user, now, **GROUNDS)
    assert [it.department_id for it in Procedure.objects.rulings(issued.category_id)] == [outsider.code]
    assert sound(issued)


def test_a_ruling_for_the_present_lead_changes_nothing_and_the_clock_has_run(
    issued: Case, cast: Cast, lead: Department, district_clerk: User, now: dt.datetime
) -> None:
    due = issued.due_at
    act(issued, "dispute", cast.clerk, now, **GROUNDS)
    with pytest.raises(Conflict, match="等决定"):
        act(issued, "dispute", lead.user, now, **GROUNDS)
    kept = act(issued, "rule", district_clerk, now + DAY, department=lead.code, text="归城管")
    assert (kept.state, kept.due_at) == ("issued", due)
    assert Assignment.objects.binding().filter(case=issued).count() == 2


# ---- joint meeting -----------------------------------------------------------------------------------------------


def test_r75_a_joint_meeting_puts_a_hard_case_on_the_list_and_its_minutes_into_a_letter(
    issued: Case,
    cast: Cast,
    lead: Department,
    outsider: Department,
    now: dt.datetime,
) -> None:
    assert act(issued, "convene", cast.clerk, now, text="周四 9 时，城管、水利参加").hard
    assert turn(issued, cast.clerk, now) == "登记会商纪要"
    later = now + 2 * DAY
    sent = act(
        issued,
        "minute",
        cast.clerk,
        later,
        persons="城管局张工、水利局李工",
        department=outsider.code,
        assisting=[lead.code],
        text="水利局牵头疏浚，城管局配合清淤",
        limit=FIVE_DAYS,
    )
    assert sent.state == "issued"
    parts = {it.unit_id: it.part for it in Assignment.objects.binding().filter(case=issued)}
    assert parts == {outsider.code: "lead", lead.code: "assist"}
    assert deadline(issued, outsider) == sent.due_at
    told = TraceEvent.objects.filter(case=issued).latest("seq").payload
    assert (told["persons"], len(told["withdrawn"])) == ("城管局张工、水利局李工", 2)


def test_r75_a_case_is_put_on_the_list_of_hard_ones_once(triage: Case, cast: Cast, now: dt.datetime) -> None:
    assert act(triage, "mark", cast.leader, now, text="涉及三个单位").hard
    with pytest.raises(Conflict, match="已经列为"):
        act(triage, "mark", cast.clerk, now, text="再列")


# ---- extension ---------------------------------------------------------------------------------------------------


def test_an_extension_is_asked_for_in_time_and_counted_from_the_limit_as_it_was(
    arrived: Case, cast: Cast, lead: Department, now: dt.datetime
) -> None:
    due = deadline(arrived, lead)
    given = {"reason": "weather", "text": "连日暴雨", "limit": FIVE_DAYS}
    act(arrived, "extend", lead.user, due, **given)  # exactly at the limit is in time
    with pytest.raises(Forbidden):
        act(arrived, "grant_extension", lead.user, due)
    after = act(arrived, "grant_extension", cast.clerk, due)
    asked = Procedure.objects.get(case=arrived)
    assert (asked.due_before, asked.due_after) == (due, deadline(arrived, lead))
    assert after.due_at == deadline(arrived, lead) == due + 7 * DAY
    with pytest.raises(Conflict, match="时限已过"):
        act(arrived, "extend", lead.user, after.due_at + HOUR, **given)


def test_the_reporter_is_told_of_more_time(
    arrived: Case, cast: Cast, lead: Department, now: dt.datetime, client: Client
) -> None:
    act(arrived, "extend", lead.user, now, reason="weather", text="内部说明", limit=FIVE_DAYS)
    after = act(arrived, "grant_extension", cast.clerk, now)
    page = client.get("/track/", {"number": arrived.number, "code": arrived.track_code}).content.decode()
    assert "同意延期" in page
    assert f"{after.due_at:%Y-%m-%d %H:%M}" in page
    assert "内部说明" not in page


def test_no_more_than_two_extensions_and_none_longer_than_the_limit(
    arrived: Case, cast: Cast, lead: Department, now: dt.datetime
) -> None:
    given = {"reason": "scope", "text": "管径超出预计"}
    for limit in (Limit(11, Unit.WORKING_DAYS), Limit(5, Unit.CALENDAR_DAYS)):
        with pytest.raises(Unprocessable, match="10工作日"):
            act(arrived, "extend", lead.user, now, limit=limit, **given)
    for _ in range(RULES.extensions):
        act(arrived, "extend", lead.user, now, limit=TEN_DAYS, **given)
        with pytest.raises(Conflict, match="等决定"):
            act(arrived, "extend", lead.user, now, limit=TEN_DAYS, **given)
        act(arrived, "grant_extension", cast.clerk, now)
    assert "extend" not in offered(arrived, lead.user, now)
    with pytest.raises(Conflict, match="延期 2 次"):
        act(arrived, "extend", lead.user, now, limit=TEN_DAYS, **given)


def test_a_refused_extension_changes_no_limit(arrived: Case, cast: Cast, lead: Department, now: dt.datetime) -> None:
    due = deadline(arrived, lead)
    act(arrived, "extend", lead.user, now, reason="others", text="等供电", limit=FIVE_DAYS)
    after = act(arrived, "refuse_extension", cast.clerk, now, text="已协调供电")
    assert (after.due_at, deadline(arrived, lead)) == (due, due)


def test_more_time_for_who_assists_is_not_more_for_the_case(
    issued: Case, cast: Cast, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    act(issued, "extend", assistant.user, now, reason="others", text="等材料", limit=FIVE_DAYS)
    act(issued, "extend", lead.user, now, reason="others", text="等材料", limit=FIVE_DAYS)
    with pytest.raises(Unprocessable, match="哪一份"):
        act(issued, "grant_extension", cast.clerk, now)
    asked = Procedure.objects.get(case=issued, unit=assistant.code)
    after = act(issued, "grant_extension", cast.clerk, now, procedure=str(asked.pk))
    assert deadline(issued, assistant) > deadline(issued, lead) == after.due_at


def test_whoever_decides_is_not_of_the_unit_that_asks(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    case = ordered(triage, cast, offices, now)
    unit = offices[1]
    act(case, "extend", unit.user, now, reason="scope", text="量大", limit=Limit(1, Unit.WORKING_DAYS))
    centre = Appointment.objects.get(role=Role.CENTRE_CLERK, person__user=cast.clerk)
    Appointment.objects.create(
        person=cast.clerk.person, role=Role.OFFICE_STAFF, organisation_id=unit.code, valid_from=centre.valid_from
    )
    with pytest.raises(Forbidden, match="不能自己决定"):
        act(case, "grant_extension", cast.clerk, now)


def test_what_waits_lapses_when_the_unit_is_done(
    arrived: Case, lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    act(arrived, "extend", lead.user, now, reason="scope", text="量大", limit=FIVE_DAYS)
    act(arrived, "claim", lead.user, now, text="已换", pictures=[picture])
    asked = Procedure.objects.get(case=arrived)
    assert (asked.stage, asked.ended_at, asked.decided_by) == ("over", now, None)


# ---- suspension --------------------------------------------------------------------------------------------------


def suspended(
    case: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime, until: dt.date | None = None
) -> Case:
    until = until or (now + 60 * DAY).date()
    act(case, "suspend", lead.user, now, reason="funds", text="列入明年计划", until=until.isoformat())
    act(case, "support_suspension", principal, now)
    return act(case, "grant_suspension", cast.centre, now)


def test_a_suspension_needs_the_principal_leader_and_then_the_district(
    arrived: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime
) -> None:
    act(arrived, "suspend", lead.user, now, reason="funds", text="列入明年计划", until="2026-08-20")
    with pytest.raises(Conflict, match="没有待办"):
        act(arrived, "grant_suspension", cast.centre, now)
    with pytest.raises(Forbidden):
        act(arrived, "support_suspension", cast.leader, now)
    assert turn(arrived, principal, now) == "决定挂账"
    act(arrived, "support_suspension", principal, now)
    assert turn(arrived, cast.centre, now) == "决定挂账"
    assert act(arrived, "grant_suspension", cast.centre, now).state == "suspended"
    with pytest.raises(IntegrityError, match="suspension_supported"), transaction.atomic():
        Procedure.objects.filter(case=arrived).update(supported_by=None)


def test_a_day_of_review_is_needed_within_ninety_days(arrived: Case, lead: Department, now: dt.datetime) -> None:
    last = now.date() + dt.timedelta(days=RULES.suspension_days)
    for wrong in ("", "soon", now.date().isoformat(), (last + DAY).isoformat(), "2026-13-01"):
        with pytest.raises(Unprocessable) as refused:
            act(arrived, "suspend", lead.user, now, reason="law", text="等批复", until=wrong)
        assert refused.value.parameter == "until"
    act(arrived, "suspend", lead.user, now, reason="law", text="等批复", until=last.isoformat())


def test_suspended_time_is_excluded_only_between_approval_and_expiry(
    arrived: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime
) -> None:
    """Eighty working hours from Tuesday ten o'clock; a day of them was worked when it was suspended."""
    asked_at, granted_at = now + DAY / 2, now + DAY
    until = (now + 28 * DAY).date()
    act(arrived, "suspend", lead.user, asked_at, reason="funds", text="等资金", until=until.isoformat())
    act(arrived, "support_suspension", principal, asked_at)
    act(arrived, "grant_suspension", cast.centre, granted_at)
    case = Case.objects.get(pk=arrived.pk)
    assert not case.is_overdue(now + 300 * DAY)
    assert case not in Case.objects.overdue(now + 300 * DAY)
    assert case in Case.objects.open()
    expiry = Procedure.objects.get(case=arrived).until
    assert resume_expired(at=expiry - HOUR) == 0
    # Swept late: the clock has run since the day of review all the same.
    assert resume_expired(at=expiry + 3 * DAY) == 1
    assert resume_expired(at=expiry + 3 * DAY) == 0
    case.refresh_from_db()
    assert case.state == "arrived"
    # Nine working days were left; they begin on the Wednesday after the Tuesday of review.
    wednesday = dt.datetime.combine(expiry.astimezone(now.tzinfo).date(), dt.time(8), now.tzinfo)
    assert case.due_at == deadline(arrived, lead) == wednesday + dt.timedelta(days=12, hours=10)
    last = TraceEvent.objects.filter(case=arrived).latest("seq")
    assert (last.verb, last.actor, last.payload["automatic"]) == ("resume", None, True)
    assert sound(arrived)


def test_a_suspended_case_is_taken_up_before_its_day_by_whoever_has_it(
    arrived: Case, cast: Cast, lead: Department, outsider: Department, principal: User, now: dt.datetime
) -> None:
    due = arrived.due_at
    suspended(arrived, cast, lead, principal, now)
    assert offered(arrived, lead.user, now) == ["resume"]
    with pytest.raises(Conflict, match="已挂账"):
        act(arrived, "handle", lead.user, now, text="先做一点")
    back = act(arrived, "resume", lead.user, now + 7 * DAY, text="资金到位")
    assert (back.state, back.due_at) == ("arrived", due + 7 * DAY)


def test_what_nobody_had_received_when_it_was_suspended_is_taken_up_all_the_same(
    issued: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime
) -> None:
    suspended(issued, cast, lead, principal, now)
    assert act(issued, "resume", lead.user, now, text="资金到位").state == "issued"


def test_what_was_overdue_when_it_was_suspended_stays_so(
    arrived: Case, cast: Cast, lead: Department, principal: User
) -> None:
    due = arrived.due_at
    suspended(arrived, cast, lead, principal, due + DAY)
    assert act(arrived, "resume", lead.user, due + 9 * DAY, text="资金到位").due_at == due


def test_a_case_cannot_be_closed_while_it_is_suspended(
    arrived: Case, cast: Cast, offices: list[Office], lead: Department, principal: User, now: dt.datetime
) -> None:
    suspended(arrived, cast, lead, principal, now)
    with pytest.raises(Conflict):
        act(arrived, "certify", offices[0].user, now, text="合格", marks=MARKS)
