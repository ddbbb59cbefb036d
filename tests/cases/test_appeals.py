"""A department appeals against its result; the district's centre rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cases import photos
from cases.desk import scores_waiting
from cases.models import Assignment, Case, TraceEvent
from cases.sealing import stored_rows, verify
from gridmap.duties import standing_of
from gridmap.models import Appointment
from gridmap.problems import Conflict, Forbidden, Unprocessable
from gridmap.roles import Role
from tests.cases.assessing import FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, certified, july, numbers, result, spent
from tests.cases.playing import Department, Office, act, offered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


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
