"""The guards of the process, each by its name: by the action, and by the database where somebody goes past the actions.

That a return never resets the clock when refused and that suspended time is excluded only between approval and expiry
is tested beside the procedures, in ``test_asking``.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction

from cases import photos
from cases.models import Assignment, Case, CheckIn, Letter, TraceEvent, Whistle
from cases.workflow import VERBS, State
from gridmap.problems import Conflict, Forbidden, Unprocessable
from gridmap.roles import Role
from tests.cases.playing import BLOWN, MARKS, TEN_DAYS, Department, Office, act, ordered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
ON_THE_GROUND = {Role.GRID_WORKER, Role.BUILDING_HEAD, Role.GROUP_LEADER}
# What is handled, by whom, and what then verifies it.
VERIFIED_BY = {"resolve": "close", "settle": "conclude", "finish": "confirm", "claim": "certify"}


def test_no_l3_without_confirmed_principal_leader(
    referred: Case, cast: Cast, offices: list[Office], lead: Department, now: dt.datetime
) -> None:
    act(referred, "apply", offices[0].user, now, text="请承办")
    with pytest.raises(Conflict):
        act(referred, "issue", cast.clerk, now, department=lead.code, text="换盖", limit=TEN_DAYS)
    # Were it in the state of one that is confirmed, the confirmation itself would still be missing.
    Case.objects.filter(pk=referred.pk).update(state=State.CONFIRMED)
    with pytest.raises(Conflict, match="没有主要领导的确认"):
        act(referred, "issue", cast.clerk, now, department=lead.code, text="换盖", limit=TEN_DAYS)
    assert not Letter.objects.filter(case=referred).exists()


def test_no_worker_may_blow_l2_or_l3(case: Case, cast: Cast, now: dt.datetime) -> None:
    ways_up = {name for name, verb in VERBS.items() if verb.goes_to in (State.WHISTLED, State.ISSUED)}
    assert ways_up == {"whistle", "issue", "issue_at_once", "minute"}
    for name in ways_up:
        assert not VERBS[name].roles & ON_THE_GROUND
        with pytest.raises(Forbidden):
            act(case, name, cast.worker, now, **BLOWN)
    assert not Whistle.objects.filter(case=case).exists()


def test_no_l2_without_attempt_record(case: Case, cast: Cast, now: dt.datetime) -> None:
    for missing in BLOWN:
        with pytest.raises(Unprocessable) as refused:
            act(case, "whistle", cast.chief, now, **(BLOWN | {missing: " "}))
        assert refused.value.parameter == missing


def test_a_department_cannot_sign_itself_in(issued: Case, lead: Department, now: dt.datetime) -> None:
    with pytest.raises(Forbidden):
        act(issued, "sign_in", lead.user, now, department=lead.code, persons="张工")
    assert not CheckIn.objects.filter(assignment__case=issued).exists()


def test_the_verifier_is_not_the_handler(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> None:
    ends = {name for name, verb in VERBS.items() if verb.goes_to == State.CLOSED}
    assert ends == set(VERIFIED_BY.values())
    for handled, verified in VERIFIED_BY.items():
        assert handled in VERBS[verified].other_than
    act(case, "resolve", cast.chief, now, text="已换", pictures=[picture])
    with pytest.raises(Forbidden, match="本人"):
        act(case, "close", cast.chief, now)


@pytest.mark.parametrize("missing", ["department", "text", "limit"])
def test_no_letter_without_department_task_and_deadline(
    confirmed: Case, cast: Cast, lead: Department, now: dt.datetime, missing: str
) -> None:
    given = {"department": lead.code, "text": "换盖", "limit": TEN_DAYS}
    with pytest.raises(Unprocessable) as refused:
        act(confirmed, "issue", cast.clerk, now, **{name: said for name, said in given.items() if name != missing})
    assert refused.value.parameter == missing
    assert not Letter.objects.filter(case=confirmed).exists()


def test_no_closing_with_an_open_lead_assignment(
    arrived: Case, cast: Cast, offices: list[Office], lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    with pytest.raises(Conflict):
        act(arrived, "certify", offices[0].user, now, text="合格", marks=MARKS)
    closed = {"state": State.CLOSED, "closed_at": now}
    with pytest.raises(IntegrityError, match="open lead"), transaction.atomic():
        Case.objects.filter(pk=arrived.pk).update(**closed)
    act(arrived, "claim", lead.user, now, text="已换", pictures=[picture])
    # Whoever assists and is not done holds nobody up.
    assert Assignment.objects.binding().filter(case=arrived, part="assist").exists()
    assert act(arrived, "certify", offices[0].user, now, text="合格", marks=MARKS).state == "closed"


def test_no_closing_with_an_open_order(triage: Case, cast: Cast, offices: list[Office], now: dt.datetime) -> None:
    case = ordered(triage, cast, offices, now)
    with pytest.raises(IntegrityError, match="open lead"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(state=State.CLOSED, closed_at=now)


def test_no_event_row_can_be_changed(case: Case, principal: User) -> None:
    rows = TraceEvent.objects.filter(case=case)
    before = list(rows.values_list())
    for change in (lambda: rows.update(verb="close"), lambda: rows.update(actor=principal), lambda: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert list(rows.values_list()) == before
