"""An emergency is whistled first and confirmed within a day (R56); everything about it runs day and night."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from cases import photos
from cases.deadlines import Limit, Unit
from cases.models import Assignment, Case, Letter, TraceEvent
from cases.sealing import stored_rows, verify
from gridmap.problems import Conflict, Forbidden, Unprocessable
from tests.cases.playing import MARKS, TEN_DAYS, Department, Office, act, dispatched, offered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
TWELVE_HOURS = Limit(12, Unit.EMERGENCY_HOURS)


@pytest.fixture
def urgent(
    triage: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, now: dt.datetime
) -> Case:
    """Whistled at once, on a night."""
    dispatched(triage, cast, offices[0], now)
    night = now.replace(hour=23)
    return act(
        triage,
        "issue_at_once",
        cast.clerk,
        night,
        department=lead.code,
        assisting=[assistant.code],
        text="燃气泄漏，立即关阀抢修",
        limit=TWELVE_HOURS,
    )


def test_an_emergency_goes_out_first_and_its_limits_run_at_night(urgent: Case, now: dt.datetime) -> None:
    night = now.replace(hour=23)
    letter = Letter.objects.get(case=urgent)
    assert (urgent.state, urgent.due_at) == ("issued", night + dt.timedelta(hours=12))
    assert (letter.confirmed_by, letter.confirm_by) == (None, night + dt.timedelta(hours=24))
    asked = Assignment.objects.filter(case=urgent)[0]
    assert (asked.receive_by, asked.arrive_by) == (night + 15 * MINUTE, night + 30 * MINUTE)
    assert TraceEvent.objects.filter(case=urgent).latest("seq").payload["urgent"] is True


def test_only_the_centre_and_only_for_a_day(
    triage: Case, cast: Cast, offices: list[Office], lead: Department, principal: User, now: dt.datetime
) -> None:
    given = {"department": lead.code, "text": "抢修"}
    with pytest.raises(Conflict):  # nobody has it in hand yet who could sign them in
        act(triage, "issue_at_once", cast.clerk, now, limit=TWELVE_HOURS, **given)
    dispatched(triage, cast, offices[0], now)
    for somebody in (cast.worker, cast.chief, cast.leader, principal, offices[0].user, cast.centre):
        with pytest.raises(Forbidden):
            act(triage, "issue_at_once", somebody, now, limit=TWELVE_HOURS, **given)
    for limit in (TEN_DAYS, Limit(25, Unit.EMERGENCY_HOURS)):
        with pytest.raises(Unprocessable, match="24紧急工作时"):
            act(triage, "issue_at_once", cast.clerk, now, limit=limit, **given)
    assert not Letter.objects.filter(case=triage).exists()


def test_r56_no_l3_without_confirmed_principal_leader_even_in_an_emergency(
    urgent: Case,
    cast: Cast,
    offices: list[Office],
    lead: Department,
    principal: User,
    now: dt.datetime,
    picture: photos.Picture,
) -> None:
    act(urgent, "sign_in", offices[0].user, now, department=lead.code, persons="张工")
    act(urgent, "claim", lead.user, now, text="已关阀", pictures=[picture])
    assert "certify" not in offered(urgent, offices[0].user, now)
    with pytest.raises(Conflict, match="补确认"):
        act(urgent, "certify", offices[0].user, now, text="合格", marks=MARKS)
    with pytest.raises(Forbidden):
        act(urgent, "ratify", cast.leader, now)
    act(urgent, "ratify", principal, now)
    letter = Letter.objects.get(case=urgent)
    assert (letter.confirmed_by, letter.confirmed_at) == (principal, now)
    assert TraceEvent.objects.filter(case=urgent).latest("seq").payload["late"] is False
    with pytest.raises(Conflict, match="不是待补确认"):
        act(urgent, "ratify", principal, now)
    assert act(urgent, "certify", offices[0].user, now, text="合格", marks=MARKS).state == "closed"
    assert verify(row for row in stored_rows() if row.number == urgent.number).broken is None


def test_a_confirmation_after_more_than_a_day_is_said_to_be_late(
    urgent: Case, principal: User, now: dt.datetime
) -> None:
    act(urgent, "ratify", principal, Letter.objects.get(case=urgent).confirm_by + MINUTE)
    assert TraceEvent.objects.filter(case=urgent).latest("seq").payload["late"] is True


def test_what_is_not_confirmed_goes_back_to_the_town_and_has_to_be_applied_for_anew(
    urgent: Case, cast: Cast, lead: Department, principal: User, now: dt.datetime
) -> None:
    assert act(urgent, "disown", principal, now, text="镇街可以处置").state == "deciding"
    assert offered(urgent, lead.user, now) == []
    assert not Assignment.objects.binding().filter(case=urgent).exists()
    with pytest.raises(Conflict):
        act(urgent, "issue", cast.clerk, now, department=lead.code, text="抢修", limit=TWELVE_HOURS)


def test_an_ordinary_letter_needs_no_second_confirmation(issued: Case, principal: User, now: dt.datetime) -> None:
    assert offered(issued, principal, now) == ["mark"]


def test_the_database_keeps_no_unconfirmed_letter_that_is_not_urgent(issued: Case) -> None:
    with pytest.raises(IntegrityError, match="confirmed_or_urgent"), transaction.atomic():
        Letter.objects.filter(case=issued).update(confirmed_by=None)
