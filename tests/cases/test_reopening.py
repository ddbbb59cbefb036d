"""What was closed and is not solved is taken up again, where it was handled last and in half the time."""

from __future__ import annotations

import datetime as dt

import pytest

from cases import photos
from cases.models import Assignment, Case, TraceEvent
from cases.rules import RULES
from cases.sealing import stored_rows, verify
from gridmap.models import Person
from gridmap.problems import Conflict, Forbidden, Unprocessable
from tests.cases.playing import MARKS, Department, Office, act, offered, ordered, report
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WHY = {"reason": "check", "text": "抽查：井盖仍下沉"}


@pytest.fixture
def closed(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> Case:
    """Solved on the grid."""
    act(case, "resolve", cast.worker, now, text="已换", pictures=[picture])
    return act(case, "close", cast.chief, now)


def test_a_case_closed_on_the_grid_goes_back_to_the_grid(closed: Case, cast: Cast, now: dt.datetime) -> None:
    later = now + dt.timedelta(days=1)
    again = act(closed, "reopen", cast.clerk, later, **WHY)
    assert (again.state, again.closed_at, again.reopened) == ("handling", None, 1)
    assert again.due_at > later
    told = TraceEvent.objects.filter(case=closed).latest("seq").payload
    assert (told["reason"], told["was_closed_at"]) == ("抽查发现未解决", now.isoformat())
    assert "resolve" in offered(closed, cast.worker, later)
    assert verify(row for row in stored_rows() if row.number == closed.number).broken is None


def test_it_is_opened_within_thirty_days_and_by_those_who_verify(closed: Case, cast: Cast, now: dt.datetime) -> None:
    limit = now + dt.timedelta(days=RULES.reopening_days)
    for somebody in (cast.worker, cast.leader):
        with pytest.raises(Forbidden):
            act(closed, "reopen", somebody, now, **WHY)
    with pytest.raises(Conflict, match="超过 30 天"):
        act(closed, "reopen", cast.clerk, limit + dt.timedelta(seconds=1), **WHY)
    assert "reopen" not in offered(closed, cast.clerk, limit + dt.timedelta(seconds=1))
    with pytest.raises(Unprocessable, match="虚假办结"):
        act(closed, "reopen", cast.clerk, limit, text="没有解决", reason="anger")
    assert act(closed, "reopen", cast.clerk, limit, **WHY).state == "handling"


def test_what_an_office_had_done_goes_back_to_it(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, picture: photos.Picture
) -> None:
    case = ordered(triage, cast, offices, now)
    act(case, "finish", offices[1].user, now, text="已换盖", pictures=[picture])
    act(case, "confirm", cast.clerk, now)
    again = act(case, "reopen", cast.centre, now, **WHY)
    asked = Assignment.objects.get(case=case)
    assert (again.state, asked.finished_at, asked.redone) == ("ordered", None, 1)
    # One working day, half of two.
    assert again.due_at == asked.due_at == now + dt.timedelta(days=1)
    assert "finish" in offered(case, offices[1].user, now)


def test_what_a_department_had_done_goes_back_to_it(
    arrived: Case, cast: Cast, offices: list[Office], lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    act(arrived, "claim", lead.user, now, text="已换", pictures=[picture])
    act(arrived, "certify", offices[0].user, now, text="合格", marks=MARKS)
    again = act(arrived, "reopen", cast.clerk, now, **WHY)
    assert (again.state, again.due_at) == ("arrived", Assignment.objects.get(case=arrived, unit=lead.code).due_at)
    assert "claim" in offered(arrived, lead.user, now)


def test_what_the_person_sent_had_settled_goes_back_to_the_centre(
    triage: Case, cast: Cast, envoy: Person, now: dt.datetime, picture: photos.Picture
) -> None:
    assert envoy.user is not None
    act(triage, "settle", envoy.user, now, text="已协调", pictures=[picture])
    act(triage, "conclude", cast.clerk, now)
    assert act(triage, "reopen", cast.clerk, now, **WHY).state == "triage"


def test_a_repeated_report_at_the_same_place_finds_the_old_case(closed: Case, cast: Cast, now: dt.datetime) -> None:
    later = now + dt.timedelta(days=RULES.reopening_days)
    again = report(cast.grid, later)
    assert again.repeats == closed
    assert TraceEvent.objects.get(case=again).payload["repeats"] == closed.number
    assert report(cast.grid, later + dt.timedelta(seconds=1)).repeats is None
    # The old one is opened again, and the new report counts there.
    act(closed, "reopen", cast.clerk, later, reason="repeat", text="居民再次反映")
    assert act(again, "merge", cast.clerk, later, into=closed.number).state == "merged"
    closed.refresh_from_db()
    assert (closed.state, closed.voices_count) == ("handling", 1)
