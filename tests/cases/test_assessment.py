"""One whistle, one assessment: the office's marks, one result of each department, an appeal and its ruling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from cases import photos
from cases.actions.sweeping import receive_overdue
from cases.deadlines import Limit, Unit
from cases.desk import scores_waiting
from cases.models import Assignment, Case, Result, SurveyAnswer, TraceEvent, Verification
from cases.scoring import Marks
from cases.sealing import stored_rows, verify
from gridmap.duties import standing_of
from gridmap.models import Appointment
from gridmap.problems import Conflict, Forbidden, Unprocessable
from gridmap.roles import Role
from tests.cases.playing import MARKS, Department, Office, act, dispatched, offered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
GOOD = MARKS[""]
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = 7, 8, 9, 10


def july(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """The letter is issued on Tuesday the 7th at ten."""
    return dt.datetime(2026, 7, day, hour, minute, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def certified(case: Case, office: Office, at: dt.datetime, marks: dict[str, Marks] | None = None) -> Case:
    return act(case, "certify", office.user, at, text="盖面平整", marks={"": GOOD} if marks is None else marks)


def result(case: Case, department: Department) -> Result:
    return Result.objects.get(assignment__case=case, assignment__unit=department.code)


def numbers(found: Result) -> list[float | None]:
    """The system's part, the town's, and the two joined."""
    return [None if it is None else float(it) for it in (found.system_score, found.street_score, found.total)]


def spent(found: Result) -> dict[str, tuple[float, float, bool]]:
    return {name: (it["used"], it["allowed"], it["done"]) for name, it in found.inputs["spent"].items()}


@pytest.fixture
def claimed(issued: Case, offices: list[Office], lead: Department, picture: photos.Picture) -> Case:
    """Received after one hour, arrived after four, done after sixteen, on Thursday at ten."""
    act(issued, "receive", lead.user, july(TUESDAY, 11))
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    act(issued, "handle", lead.user, july(WEDNESDAY, 9), text="已备料")
    return act(issued, "claim", lead.user, july(THURSDAY, 10), text="已换", pictures=[picture])


@pytest.fixture
def closed(claimed: Case, offices: list[Office]) -> Case:
    return certified(claimed, offices[0], july(THURSDAY, 15))


@pytest.fixture
def evaluated(closed: Case, cast: Cast) -> Case:
    return act(closed, "evaluate", cast.clerk, july(FRIDAY, 10))


def test_r65_the_office_marks_the_departments_it_verifies(
    claimed: Case, offices: list[Office], lead: Department, assistant: Department, outsider: Department
) -> None:
    office, at = offices[0], july(THURSDAY, 15)
    with pytest.raises(Unprocessable, match="专业评估的四项评分") as refused:
        certified(claimed, office, at, {})
    assert refused.value.parameter == "marks"
    with pytest.raises(Unprocessable, match="请给主办部门评分"):
        certified(claimed, office, at, {assistant.code: GOOD})
    with pytest.raises(Unprocessable, match="没有发给这个部门"):
        certified(claimed, office, at, {"": GOOD, outsider.code: GOOD})
    for bad in (Marks(6, 0, 0, 0), Marks(0, 0, 0, -1)):
        with pytest.raises(Unprocessable, match="0 到 5"):
            certified(claimed, office, at, {"": bad})
    assert not Verification.objects.filter(assignment__case=claimed).exists()
    assert certified(claimed, office, at, {"": GOOD, assistant.code: Marks(1, 2, 3, 4)}).state == "closed"
    made = Verification.objects.filter(assignment__case=claimed).select_related("assignment")
    rows = {it.assignment.unit_id: it for it in made}
    assert {code: (it.marks, it.own) for code, it in rows.items()} == {
        lead.code: (GOOD, True),
        assistant.code: (Marks(1, 2, 3, 4), True),
    }
    assert {(it.text, it.by, it.at) for it in rows.values()} == {("盖面平整", office.user, at)}
    told = TraceEvent.objects.filter(case=claimed).latest("seq").payload["marks"]
    assert [(it["unit"], it["solved"], it["cooperation"]) for it in told] == [
        (lead.code, 4, 4),
        (assistant.code, 1, 4),
    ]


def test_who_assists_has_the_leads_marks_where_it_is_given_none(closed: Case, assistant: Department) -> None:
    row = Verification.objects.get(assignment__unit=assistant.code)
    assert (row.marks, row.own) == (GOOD, False)


def test_r66_the_result_joins_the_systems_part_and_the_towns(
    closed: Case, cast: Cast, lead: Department, principal: User
) -> None:
    SurveyAnswer.objects.create(case=closed, solved="yes", satisfaction=1, at=july(THURSDAY, 16))
    SurveyAnswer.objects.create(case=closed, solved="yes", satisfaction=5, at=july(THURSDAY, 17))
    assert offered(closed, cast.clerk, july(FRIDAY, 10)) == ["reopen", "evaluate"]
    assert act(closed, "evaluate", cast.clerk, july(FRIDAY, 10)).state == "evaluated"
    found = result(closed, lead)
    assert spent(found) == {
        "receipt": (1, 2, True),
        "arrival": (4, 8, True),
        "handling": (16, 80, True),
    }
    assert all(found.inputs["evidence"].values())
    assert numbers(found) == [100, 88, 94]
    assert (found.grade, found.flags, found.model_version) == ("excellent", [], "1")
    closed.refresh_from_db()
    # An end like the one before: it counts as done, and was closed when it was closed.
    assert closed.closed_at == july(THURSDAY, 15)
    assert Case.objects.done().filter(pk=closed.pk).exists()
    assert not Case.objects.open().filter(pk=closed.pk).exists()
    told = TraceEvent.objects.filter(case=closed).latest("seq")
    assert (told.verb, told.from_state, told.to_state) == ("evaluate", "closed", "evaluated")
    assert told.payload["results"][0]["total"] == "94.00"


def test_r66_without_a_survey_the_whole_of_the_towns_part_is_the_offices(evaluated: Case, lead: Department) -> None:
    found = result(evaluated, lead)
    assert numbers(found) == [100, 80, 90]
    assert found.flags == ["unsurveyed"]


def test_r76_exactly_one_result_per_assignment(
    evaluated: Case, cast: Cast, lead: Department, assistant: Department
) -> None:
    results = Result.objects.filter(assignment__case=evaluated)
    assert sorted(results.values_list("assignment__unit", flat=True)) == sorted([lead.code, assistant.code])
    with pytest.raises(Conflict, match="已评价"):
        act(evaluated, "evaluate", cast.clerk, july(FRIDAY, 11))
    first = result(evaluated, lead)
    first.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)
    assert results.count() == 2


def test_r76_final_only_after_closing(claimed: Case, cast: Cast, offices: list[Office], lead: Department) -> None:
    with pytest.raises(Conflict, match="部门办结核实"):
        act(claimed, "evaluate", cast.clerk, july(THURSDAY, 11))
    certified(claimed, offices[0], july(THURSDAY, 15))
    act(claimed, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(claimed, lead)
    # Five working days from Friday at ten.
    assert found.appeal_by == july(17, 10)
    assert [found.is_final(at) for at in (july(17, 10), july(17, 10, 1))] == [False, True]


def test_only_the_towns_centre_scores(closed: Case, cast: Cast, offices: list[Office], lead: Department) -> None:
    for somebody in (cast.worker, cast.leader, offices[0].user, lead.user, cast.centre):
        with pytest.raises(Forbidden):
            act(closed, "evaluate", somebody, july(FRIDAY, 10))
    assert not Result.objects.filter(assignment__case=closed).exists()


def test_a_case_that_no_department_was_asked_about_is_not_scored(
    case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture
) -> None:
    act(case, "resolve", cast.worker, now, text="已扶正", pictures=[picture])
    act(case, "close", cast.chief, now)
    assert "evaluate" not in offered(case, cast.clerk, now)
    with pytest.raises(Conflict, match="没有区级部门承办"):
        act(case, "evaluate", cast.clerk, now)


def test_a_department_that_never_moved_gets_nothing_for_what_it_missed(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, picture: photos.Picture
) -> None:
    receive_overdue(at=july(TUESDAY, 15))  # the letter receives itself: nobody holds the clock, nobody earns by it
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    act(issued, "claim", lead.user, july(THURSDAY, 10), text="已换", pictures=[picture])
    certified(issued, offices[0], july(THURSDAY, 15))
    act(issued, "evaluate", cast.clerk, july(FRIDAY, 10))
    idle = result(issued, assistant)
    # Closed nineteen hours after the letter, long before the eighty of the task were over: that is not held against it.
    assert spent(idle) == {
        "receipt": (19, 2, False),
        "arrival": (19, 8, False),
        "handling": (19, 80, False),
    }
    assert [part.got for part in idle.score.parts] == [0, 0, None, None, 0]
    assert idle.inputs["evidence"] == {"received": False, "signed_in": False}
    assert numbers(idle) == [0, 80, 40]
    assert idle.flags == ["late", "moot", "unsurveyed"]
    # The lead's letter received itself too; what counts is when it first moved, here by coming, four hours on.
    moved = result(issued, lead)
    assert spent(moved)["receipt"] == (4, 2, True)
    assert [part.got for part in moved.score.parts] == [0, 25, 35, 15, 6]
    assert moved.evidence_missing == ["本部门查收", "处置记录"]


def test_a_department_that_was_not_needed_any_more_has_only_the_offices_marks(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, picture: photos.Picture
) -> None:
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 10, 20), department=lead.code, persons="张工")
    act(issued, "claim", lead.user, july(TUESDAY, 10, 40), text="已换", pictures=[picture])
    certified(issued, offices[0], july(TUESDAY, 11), {"": GOOD, assistant.code: Marks(3, 3, 3, 3)})
    act(issued, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(issued, assistant)
    assert [part.got for part in found.score.parts] == [None] * 5
    assert numbers(found) == [None, 60, 60]
    assert found.flags == ["moot", "unsurveyed"]


def test_rework_is_timed_round_by_round_and_not_while_the_office_verifies(
    claimed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(claimed, "fail", offices[0].user, july(THURSDAY, 15), text="不平")
    act(claimed, "claim", lead.user, july(FRIDAY, 10), text="已平", pictures=[picture])
    certified(claimed, offices[0], july(FRIDAY, 11))
    act(claimed, "evaluate", cast.clerk, july(FRIDAY, 12))
    found = result(claimed, lead)
    # Sixteen of eighty hours, then five of forty; from Thursday ten to fifteen it was the office's turn.
    assert spent(found)["handling"] == (21, 120, True)
    assert [part.got for part in found.score.parts] == [15, 25, 35, 10, 10]


def test_what_was_taken_up_again_after_closing_is_one_more_rework(
    closed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(closed, "reopen", cast.clerk, july(FRIDAY, 10), reason="check", text="又沉了")
    act(closed, "claim", lead.user, july(FRIDAY, 12), text="已平", pictures=[picture])
    certified(closed, offices[0], july(FRIDAY, 15), {"": Marks(2, 2, 2, 2)})
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 16))
    found = result(closed, lead)
    assert spent(found)["handling"] == (18, 120, True)
    assert found.inputs["reworks"] == 1
    # The marks given last count.
    assert numbers(found) == [95, 40, 67.5]


def test_a_repeat_after_the_result_lowers_it_and_there_is_still_one(
    closed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 9))
    before = result(closed, lead)
    act(closed, "reopen", cast.clerk, july(FRIDAY, 10), reason="repeat", text="居民又反映")
    act(closed, "claim", lead.user, july(FRIDAY, 12), text="已平", pictures=[picture])
    certified(closed, offices[0], july(FRIDAY, 15), {"": Marks(2, 2, 2, 2)})
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 16))
    after = result(closed, lead)
    assert (after.pk, Result.objects.filter(assignment__case=closed).count()) == (before.pk, 2)
    assert after.total < before.total
    told = TraceEvent.objects.filter(case=closed, verb="evaluate").latest("seq").payload["results"]
    assert {it["before"]["total"] for it in told if it["unit"] == lead.code} == {str(before.total)}


def test_extensions_refused_returns_and_suspended_time_count(
    issued: Case,
    cast: Cast,
    offices: list[Office],
    lead: Department,
    principal: User,
    picture: photos.Picture,
    as_user: Callable[[User | None], Client],
) -> None:
    act(issued, "return", lead.user, july(TUESDAY, 10, 30), reason="powers", text="不归我们")
    act(issued, "refuse_return", cast.clerk, july(TUESDAY, 11), text="移交协议写明")
    act(issued, "receive", lead.user, july(TUESDAY, 11))
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    more = Limit(5, Unit.WORKING_DAYS)
    act(issued, "extend", lead.user, july(WEDNESDAY, 8), reason="scope", text="管道更长", limit=more)
    act(issued, "grant_extension", cast.clerk, july(WEDNESDAY, 9))
    act(issued, "suspend", lead.user, july(WEDNESDAY, 9), reason="funds", text="等资金", until="2026-07-31")
    act(issued, "support_suspension", principal, july(WEDNESDAY, 10))
    act(issued, "grant_suspension", cast.centre, july(WEDNESDAY, 10))
    act(issued, "resume", lead.user, july(17, 10), text="资金到了")
    act(issued, "claim", lead.user, july(17, 12), text="已换", pictures=[picture])
    certified(issued, offices[0], july(17, 15))
    act(issued, "evaluate", cast.clerk, july(17, 16))
    found = result(issued, lead)
    # Eight hours until it was suspended and two after; allowed are the eighty and the forty more.
    assert spent(found)["handling"] == (10, 120, True)
    assert (found.inputs["extensions"], found.inputs["refused_returns"]) == (1, 1)
    assert [part.got for part in found.score.parts] == [15, 25, Decimal("31.50"), 10, 8]
    page = as_user(lead.user).get(f"/cases/{issued.number}/").content.decode()
    assert "延期 1 次" in page
    assert "退单未获同意 1 次" in page


def test_an_emergency_is_timed_by_the_clock(
    triage: Case,
    cast: Cast,
    offices: list[Office],
    principal: User,
    lead: Department,
    picture: photos.Picture,
    now: dt.datetime,
) -> None:
    dispatched(triage, cast, offices[0], now)
    given = {"department": lead.code, "text": "燃气泄漏", "limit": Limit(12, Unit.EMERGENCY_HOURS)}
    act(triage, "issue_at_once", cast.clerk, july(TUESDAY, 22), **given)
    act(triage, "receive", lead.user, july(TUESDAY, 22, 15))
    act(triage, "sign_in", offices[0].user, july(TUESDAY, 22, 45), department=lead.code, persons="张工")
    act(triage, "claim", lead.user, july(WEDNESDAY, 4), text="已关阀", pictures=[picture])
    act(triage, "ratify", principal, july(WEDNESDAY, 8))
    certified(triage, offices[0], july(WEDNESDAY, 9))
    act(triage, "evaluate", cast.clerk, july(WEDNESDAY, 10))
    found = result(triage, lead)
    # A quarter of an hour for receipt, half an hour for coming, at night as by day.
    assert spent(found) == {"receipt": (0.25, 0.25, True), "arrival": (0.75, 0.5, True), "handling": (6, 12, True)}
    assert [part.got for part in found.score.parts][:3] == [15, 12.5, 35]


def test_a_department_may_appeal_once_within_five_working_days(
    evaluated: Case, offices: list[Office], lead: Department, assistant: Department, outsider: Department, cast: Cast
) -> None:
    at = july(13, 10)
    assert offered(evaluated, lead.user, at) == ["appeal"]
    for somebody in (cast.clerk, offices[0].user, cast.centre):
        with pytest.raises(Forbidden):
            act(evaluated, "appeal", somebody, at, text="不同意")
    with pytest.raises(Unprocessable, match="说明文字"):
        act(evaluated, "appeal", lead.user, at)
    with pytest.raises(Conflict, match="申诉期已过，2026-07-17 10:00 截止"):
        act(evaluated, "appeal", lead.user, july(17, 10, 1), text="迟了")
    assert act(evaluated, "appeal", lead.user, july(17, 10), text="道路中断").state == "evaluated"
    found = result(evaluated, lead)
    assert (found.appealed_at, found.appeal_reason, found.final_at) == (july(17, 10), "道路中断", None)
    assert not found.is_final(july(31, 10))
    with pytest.raises(Conflict, match="已经申诉过"):
        act(evaluated, "appeal", lead.user, july(17, 10), text="再来")
    # Each has its own.
    assert result(evaluated, assistant).appealed_at is None
    assert offered(evaluated, assistant.user, at) == ["appeal"]


def late(issued: Case, cast: Cast, office: Office, lead: Department, picture: photos.Picture) -> Case:
    """Received an hour late, else all in time; appealed against."""
    act(issued, "receive", lead.user, july(TUESDAY, 15))
    act(issued, "sign_in", office.user, july(TUESDAY, 16), department=lead.code, persons="张工")
    act(issued, "handle", lead.user, july(WEDNESDAY, 9), text="已备料")
    act(issued, "claim", lead.user, july(THURSDAY, 10), text="已换", pictures=[picture])
    certified(issued, office, july(THURSDAY, 15))
    act(issued, "evaluate", cast.clerk, july(FRIDAY, 10))
    return act(issued, "appeal", lead.user, july(13, 9), text="当天平台停机")


def test_an_appeal_that_is_granted_takes_one_component_out_and_keeps_what_was(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, picture: photos.Picture
) -> None:
    appealed, at = late(issued, cast, offices[0], lead, picture), july(14, 9)
    before = result(appealed, lead)
    assert numbers(before) == [92.5, 80, 86.25]
    assert set(offered(appealed, cast.centre, at)) == {"reopen", "uphold", "grant"}
    grant = {"department": lead.code, "component": "receipt", "text": "平台停机属实"}
    for missing in grant:
        with pytest.raises(Unprocessable) as refused:
            act(appealed, "grant", cast.centre, at, **(grant | {missing: ""}))
        assert refused.value.parameter == missing
    with pytest.raises(Unprocessable, match="豁免的指标"):
        act(appealed, "grant", cast.centre, at, **(grant | {"component": "luck"}))
    with pytest.raises(Unprocessable, match="没有待裁决的申诉"):
        act(appealed, "grant", cast.centre, at, **(grant | {"department": assistant.code}))
    assert act(appealed, "grant", cast.centre, at, **grant).state == "evaluated"
    found = result(appealed, lead)
    assert numbers(found) == [100, 80, 90]
    assert (found.ruling, found.exempt) == ("granted", "receipt")
    # The fact stays: it was late, by so much.
    assert found.flags == ["late", "exempt", "unsurveyed"]
    assert spent(found)["receipt"] == (3, 2, True)
    assert (found.score.parts[0].got, found.is_final(at)) == (None, True)
    told = TraceEvent.objects.filter(case=appealed).latest("seq").payload
    assert (told["before"]["total"], told["after"]["total"]) == ("86.25", "90.00")
    assert (told["component"], told["unit"], told["text"]) == ("receipt", lead.code, "平台停机属实")
    with pytest.raises(Conflict, match="没有待裁决的申诉"):
        act(appealed, "uphold", cast.centre, at, department=lead.code, text="再裁")
    assert verify(row for row in stored_rows() if row.number == appealed.number).broken is None


def test_an_appeal_that_is_refused_changes_no_number(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    appealed, at = late(issued, cast, offices[0], lead, picture), july(14, 9)
    act(appealed, "uphold", cast.centre, at, department=lead.code, text="平台当天正常")
    found = result(appealed, lead)
    assert (found.total, found.ruling, found.exempt, found.flags) == (
        Decimal("86.25"),
        "upheld",
        "",
        ["late", "unsurveyed"],
    )
    assert (found.final_at, found.is_final(at)) == (at, True)
    with pytest.raises(Conflict, match="已经申诉过"):
        act(appealed, "appeal", lead.user, at, text="再申诉")


def test_only_the_districts_centre_rules_and_nobody_who_gave_the_marks(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    appealed, at = late(issued, cast, offices[0], lead, picture), july(14, 9)
    ruling = {"department": lead.code, "text": "平台当天正常"}
    for somebody in (cast.clerk, cast.leader, offices[0].user, lead.user):
        with pytest.raises(Forbidden):
            act(appealed, "uphold", somebody, at, **ruling)
    # Somebody who verified for the office and is of the district's centre now.
    post = Appointment.objects.filter(role=Role.DISTRICT_CENTRE_STAFF)[0]
    Appointment.objects.create(
        person=offices[0].user.person,
        role=post.role,
        organisation=post.organisation,
        valid_from=post.valid_from,
    )
    assert offered(appealed, offices[0].user, at) == ["reopen"]
    with pytest.raises(Forbidden, match="不能是核实评分的人"):
        act(appealed, "uphold", offices[0].user, at, **ruling)
    assert act(appealed, "uphold", cast.centre, at, **ruling).state == "evaluated"


@pytest.mark.parametrize(
    "change",
    [
        {"total": 101},
        {"system_score": -1},
        {"appealed_at": july(13, 9)},
        {"appealed_at": july(20, 9), "appeal_reason": "迟了", "final_at": None},
        {"appeal_reason": "没有时间"},
        {"decided_at": july(13, 9), "ruling": "upheld", "ruling_reason": "没有申诉"},
        {"ruling": "granted"},
        {"exempt": "receipt"},
        {"final_at": None},
    ],
)
def test_the_database_keeps_results_whole(evaluated: Case, lead: Department, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.filter(pk=result(evaluated, lead).pk).update(**change)


def test_the_database_takes_no_marks_above_five(closed: Case) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Verification.objects.update(solved=6)


def test_cases_closed_before_there_were_marks_are_scored_without(closed: Case, cast: Cast, lead: Department) -> None:
    Verification.objects.all().delete()
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(closed, lead)
    assert numbers(found) == [100, None, 100]
    assert found.flags == ["unsurveyed", "unmarked"]


def test_what_waits_about_results_is_on_the_desk(
    closed: Case, cast: Cast, lead: Department, as_user: Callable[[User | None], Client]
) -> None:
    def waiting(user: User, now: dt.datetime) -> list[str]:
        return [row.what for row in scores_waiting(standing_of(user, on=now.date()), now=now) if row.case == closed]

    at = july(FRIDAY, 10)
    assert waiting(cast.clerk, at) == ["综合评分"]
    assert waiting(lead.user, at) == waiting(cast.centre, at) == waiting(cast.stranger, at) == []
    act(closed, "evaluate", cast.clerk, at)
    assert waiting(cast.clerk, at) == []
    assert waiting(lead.user, at) == ["考核结果 90.00(优)，可以申诉"]
    assert waiting(lead.user, july(17, 10, 1)) == []
    act(closed, "appeal", lead.user, july(13, 9), text="道路中断")
    assert waiting(lead.user, july(13, 10)) == []
    assert waiting(cast.centre, july(13, 10)) == [
        f"裁决{Assignment.objects.get(case=closed, unit=lead.code).unit.name}的申诉"
    ]
    assert "一哨一考核" in as_user(cast.centre).get("/desk/").content.decode()


def test_the_result_is_read_by_page_and_program_in_few_statements(
    evaluated: Case,
    cast: Cast,
    lead: Department,
    outsider: Department,
    as_user: Callable[[User | None], Client],
    django_assert_max_num_queries: Any,
) -> None:
    client = as_user(lead.user)
    with django_assert_max_num_queries(14):
        told = client.get(f"/api/v1/cases/{evaluated.number}").json()
    found = {it["unit"]["code"]: it["result"] for it in told["assignments"]}[lead.code]
    assert (found["total"], found["grade"], found["flags"], found["marks"]["solved"]) == (
        90,
        "excellent",
        ["unsurveyed"],
        4,
    )
    assert [(it["component"], it["got"], it["used_h"], it["allowed_h"]) for it in found["components"]] == [
        ("receipt", 15, 1, 2),
        ("arrival", 25, 4, 8),
        ("handling", 35, 16, 80),
        ("quality", 15, None, None),
        ("trace", 10, None, None),
    ]
    with django_assert_max_num_queries(21):
        page = client.get(f"/cases/{evaluated.number}/").content.decode()
    for words in ("考核结果", "90.00", "未调查", "1 / 2", "4 / 8", "16 / 80", "模型第 1 版"):
        assert words in page
    assert as_user(outsider.user).get(f"/cases/{evaluated.number}/").status_code == 404
    assert "90.00" not in as_user(None).get(f"/api/v1/cases/{evaluated.number}").content.decode()


def test_marks_are_sent_as_json(
    claimed: Case, offices: list[Office], assistant: Department, as_user: Callable[[User | None], Client]
) -> None:
    def send(marks: object) -> Any:
        body = {"text": "平整", "marks": marks}
        address = f"/api/v1/cases/{claimed.number}/actions/certify"
        return as_user(offices[0].user).post(address, body, content_type="application/json")

    own = {"solved": 5, "removed": 4, "quality": 3, "cooperation": 2}
    for bad in (
        [own | {"solved": 6}],
        [own | {"solved": "很好"}],
        [{"solved": 5}],
        [own | {"luck": 1}],
        "5",
        [5],
        [own, own],
        None,
    ):
        answer = send(bad)
        assert 400 <= answer.status_code < 500, (bad, answer.content)
    made = Verification.objects.filter(assignment__case=claimed)
    assert not made.exists()
    assert send([own, own | {"department": assistant.code, "solved": 0}]).json()["state"] == "closed"
    assert sorted(it.solved for it in made.all()) == [0, 5]


def test_the_form_asks_for_marks_and_keeps_what_was_chosen(
    claimed: Case, offices: list[Office], lead: Department, assistant: Department, as_user: Callable[[User], Client]
) -> None:
    client, address = as_user(offices[0].user), f"/cases/{claimed.number}/"
    assert f'name="marks-{lead.code}-solved" required' in client.get(address).content.decode()
    typed = {f"marks-{lead.code}-{item}": "4" for item in ("solved", "removed", "quality")}
    page = client.post(f"{address}certify/", {"text": "平整", **typed})
    assert page.status_code == 422
    assert "四项都要评" in page.content.decode()
    assert page.content.decode().count('<option value="4" selected>') == 3
    typed |= {f"marks-{lead.code}-cooperation": "5", f"marks-{assistant.code}-solved": ""}
    assert client.post(f"{address}certify/", {"text": "平整", **typed}).status_code == 302
    row = Verification.objects.get(assignment__case=claimed, assignment__unit=lead.code)
    assert row.marks == Marks(4, 4, 4, 5)
    assert not Verification.objects.get(assignment__case=claimed, assignment__unit=assistant.code).own
