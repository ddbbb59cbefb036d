"""Notices: written with what is asked and when limits are near or past, once; read by each on their own desk."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases import photos
from cases.actions.sweeping import remind
from cases.models import Assignment, Case, Notice, Reminder, Reporter
from cases.reminding import TICK
from gridmap.problems import Unprocessable
from tests.cases.playing import TEN_DAYS, TWO_DAYS, Department, Office, act, dispatched, ordered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def told(case: Case, *kinds: str) -> list[tuple[str, str, str]]:
    """Kind, role and place of the notices about a case, in the order they were written."""
    rows = Notice.objects.filter(case=case).order_by("id")
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [(it.kind, it.role, it.area_id or it.organisation_id or "") for it in rows]


# ---- limits ----------------------------------------------------------------------------------------------------


def test_a_limit_is_reminded_of_before_and_after_to_the_desk_and_its_superior(
    case: Case, cast: Cast, now: dt.datetime
) -> None:
    desk, chief = ("grid_worker", cast.grid), ("grid_chief", cast.grid[:12])
    remind(at=now)
    soon = case.due_at - (case.due_at - now) / 4
    remind(at=soon - TICK)
    assert told(case) == []
    remind(at=soon)
    assert told(case) == [("due_soon", *desk), ("due_soon", *chief)]
    remind(at=soon)
    remind(at=case.due_at)  # exactly at the limit is in time
    assert len(told(case)) == 2
    remind(at=case.due_at + TICK)
    assert told(case)[2:] == [("overdue", *desk), ("overdue", *chief)]
    assert not Reminder.objects.filter(case=case).exists()
    remind(at=case.due_at + dt.timedelta(days=30))
    assert len(told(case)) == 4
    assert set(Notice.objects.filter(case=case).values_list("due_at", flat=True)) == {case.due_at}


def test_what_nobody_looked_at_in_time_is_overdue_at_once(case: Case) -> None:
    remind(at=case.due_at + TICK)
    assert [kind for kind, *_ in told(case)] == ["overdue", "overdue"]


def test_a_limit_given_anew_is_reminded_of_anew(case: Case, now: dt.datetime) -> None:
    remind(at=case.due_at + TICK)
    later = case.due_at + dt.timedelta(days=4)
    Case.objects.filter(pk=case.pk).update(due_at=later)
    at = case.due_at + dt.timedelta(days=1)
    remind(at=at)
    assert len(told(case)) == 2  # planned, not said at once
    remind(at=later)
    remind(at=later + TICK)
    assert [kind for kind, *_ in told(case)] == ["overdue"] * 2 + ["due_soon"] * 2 + ["overdue"] * 2


def test_the_same_limit_given_back_is_not_reminded_of_twice(case: Case) -> None:
    remind(at=case.due_at + TICK)
    for due in (case.due_at + dt.timedelta(days=4), case.due_at):
        Case.objects.filter(pk=case.pk).update(due_at=due)
    remind(at=case.due_at + 2 * TICK)
    assert len(told(case)) == 2
    twin = Notice.objects.filter(case=case)[0]
    twin.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)


def test_nobody_is_reminded_of_what_has_ended(
    case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture
) -> None:
    act(case, "resolve", cast.worker, now, text="已换盖", pictures=[picture])
    remind(at=now)
    act(case, "close", cast.chief, now)
    assert not Reminder.objects.filter(case=case).exists()
    remind(at=case.due_at + TICK)
    assert told(case) == []
    # Opened again, its limit counts again.
    Case.objects.filter(pk=case.pk).update(state="handling", closed_at=None)
    remind(at=case.due_at + TICK)
    assert len(told(case)) == 2


def test_the_reminder_goes_to_whoever_has_it_by_then(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    dispatched(triage, cast, offices[0], now)
    remind(at=triage.due_at + TICK)
    town = cast.grid[:9]
    assert told(triage, "overdue") == [
        ("overdue", "office_staff", offices[0].code),
        ("overdue", "leader_in_charge", town),
    ]


def test_a_unit_is_reminded_of_its_order_and_the_case_is_not_told_beside_it(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, picture: photos.Picture
) -> None:
    case = ordered(triage, cast, offices, now)
    remind(at=now)
    remind(at=case.due_at)
    reminders = [("office_staff", offices[1].code), ("leader_in_charge", cast.grid[:9])]
    assert told(case, "due_soon", "overdue") == [("due_soon", *it) for it in reminders]
    act(case, "finish", offices[1].user, now, text="已换盖", pictures=[picture])
    assert not Reminder.objects.filter(case=case, assignment__isnull=False).exists()
    act(case, "redo", cast.clerk, now, text="盖面不平")
    asked = Assignment.objects.get(case=case)
    remind(at=asked.due_at + TICK)
    assert told(case, "due_soon", "overdue")[2:] == [("overdue", *it) for it in reminders]
    assert set(Notice.objects.filter(case=case, kind="overdue").values_list("assignment", flat=True)) == {asked.pk}


def test_every_department_of_a_letter_is_reminded_and_the_district_s_centre(
    issued: Case, cast: Cast, lead: Department, assistant: Department
) -> None:
    remind(at=issued.due_at + TICK)
    assert sorted(told(issued, "overdue")) == sorted(
        [("overdue", "department_staff", it.code) for it in (lead, assistant)]
        + [("overdue", "district_centre_staff", cast.grid[:6])] * 2
    )


def test_an_order_that_no_longer_counts_is_not_reminded_of(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    case = ordered(triage, cast, offices, now)
    first = Assignment.objects.get(case=case)
    second = Assignment.objects.get(case=case)
    second.pk, second.unit_id = None, offices[0].code
    second.save(force_insert=True)
    remind(at=case.due_at + TICK)
    assert set(Notice.objects.filter(case=case, kind="overdue").values_list("assignment", flat=True)) == {second.pk}
    assert first.pk != second.pk


def test_a_sweep_with_nothing_new_asks_once_and_many_cost_the_same(
    case: Case, now: dt.datetime, django_assert_num_queries: Any
) -> None:
    remind(at=now)
    with django_assert_num_queries(3):  # the savepoint of a chunk, and one question
        assert remind(at=now) == 0


def test_a_sweep_takes_chunks_until_all_is_said(case: Case, now: dt.datetime, monkeypatch: Any) -> None:
    monkeypatch.setattr("cases.actions.sweeping.AT_ONCE", 2)
    assert Reminder.objects.count() > 4
    remind(at=now + dt.timedelta(days=400))
    assert not Reminder.objects.exists()
    assert set(Notice.objects.values_list("case", flat=True)) == set(Case.objects.open().values_list("pk", flat=True))


def test_what_is_withdrawn_is_not_reminded_of(issued: Case, lead: Department, now: dt.datetime) -> None:
    Assignment.objects.filter(case=issued, unit=lead.code).update(withdrawn_at=now)
    assert Reminder.objects.filter(case=issued, assignment__isnull=False).count() == 1
    remind(at=issued.due_at + TICK)
    assert lead.code not in [place for _, _, place in told(issued, "overdue")]


def test_nothing_is_said_of_a_suspended_case_until_it_is_taken_up_again(
    issued: Case, lead: Department, now: dt.datetime
) -> None:
    Case.objects.filter(pk=issued.pk).update(state="suspended")
    remind(at=issued.due_at + TICK)
    assert told(issued, "due_soon", "overdue") == []
    later = issued.due_at + dt.timedelta(days=9)
    Case.objects.filter(pk=issued.pk).update(state="received", due_at=later)
    Assignment.objects.filter(case=issued).update(due_at=later)
    remind(at=later + TICK)
    assert lead.code in [place for _, _, place in told(issued, "overdue")]


# ---- what is asked ---------------------------------------------------------------------------------------------


def test_an_office_is_told_of_a_dispatch_and_a_unit_of_an_order(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    case = ordered(triage, cast, offices, now)
    assert told(case) == [
        ("dispatched", "office_staff", offices[0].code),
        ("ordered", "office_staff", offices[1].code),
    ]
    order = Notice.objects.get(case=case, kind="ordered")
    assert order.due_at == case.due_at
    assert case.number in order.text


def test_every_department_a_letter_names_is_told(issued: Case, lead: Department, assistant: Department) -> None:
    assert told(issued, "letter") == [
        ("letter", "department_staff", lead.code),
        ("letter", "department_staff", assistant.code),
    ]
    assert "主办" in Notice.objects.get(case=issued, organisation=lead.code).text


# With those that find out who acts, and the savepoints of a test.
def test_a_letter_takes_few_statements_however_many_it_names(
    confirmed: Case,
    cast: Cast,
    lead: Department,
    assistant: Department,
    now: dt.datetime,
    django_assert_max_num_queries: Any,
) -> None:
    given = {"department": lead.code, "assisting": [assistant.code], "text": "换盖", "limit": TEN_DAYS}
    with django_assert_max_num_queries(23):
        act(confirmed, "issue", cast.clerk, now, **given)


def test_an_order_takes_few_statements(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, django_assert_max_num_queries: Any
) -> None:
    dispatched(triage, cast, offices[0], now)
    act(triage, "brief", offices[0].user, now, text="情况")
    with django_assert_max_num_queries(15):
        act(triage, "order", cast.leader, now, unit=offices[1].code, text="换盖", limit=TWO_DAYS)


def test_what_is_refused_tells_nobody(triage: Case, cast: Cast, offices: list[Office], now: dt.datetime) -> None:
    with pytest.raises(Unprocessable):
        act(triage, "dispatch", cast.clerk, now, office="nobody")
    assert told(triage) == []


@pytest.mark.parametrize("phone", ["", "13800005678"])
def test_the_centre_may_call_a_reporter_who_left_a_number(
    case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture, phone: str
) -> None:
    Reporter.objects.create(case=case, name="李四海", phone=phone)
    act(case, "resolve", cast.worker, now, text="已换盖", pictures=[picture])
    act(case, "close", cast.chief, now)
    assert told(case) == ([("survey", "centre_clerk", cast.grid[:9])] if phone else [])
    for it in Notice.objects.filter(case=case):
        assert it.due_at == now + dt.timedelta(days=30)
        assert not any(secret in it.text for secret in ("李", "5678", case.track_code))
