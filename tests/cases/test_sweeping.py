"""What time alone brings about: a letter nobody received is received, once, whoever sweeps and however many."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import psycopg2
import pytest
from django.core.management import call_command
from django.db.models import F

from cases.actions.sweeping import receive_overdue
from cases.models import Assignment, Case, TraceEvent
from cases.sealing import stored_rows, verify
from tests.cases.playing import ASKED_FOR, Department, Office, act, offered
from tests.cases.test_delivery import receiver
from tests.conftest import PATIENCE_S, ROOT, Site

pytestmark = pytest.mark.django_db
# Two working hours after Tuesday ten o'clock.
LIMIT = dt.timedelta(hours=2)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _received(db: None) -> None:
    """The letters of the demonstration have been received."""
    Assignment.objects.filter(letter__isnull=False, received_at=None).update(received_at=F("ordered_at"))


def test_r61_what_nobody_received_is_received_when_its_time_has_passed(
    issued: Case, lead: Department, now: dt.datetime
) -> None:
    assert set(Assignment.objects.filter(case=issued).values_list("receive_by", flat=True)) == {now + LIMIT}
    assert receive_overdue(at=now + LIMIT) == 0  # exactly at the limit is in time
    later = now + LIMIT + MINUTE
    assert receive_overdue(at=later) == 2
    issued.refresh_from_db()
    assert issued.state == "received"
    assert set(Assignment.objects.filter(case=issued).values_list("received_at", flat=True)) == {later}
    last = TraceEvent.objects.filter(case=issued).order_by("-seq")[:2]
    assert {(it.verb, it.actor, it.payload["automatic"]) for it in last} == {("receive", None, True)}
    assert verify(row for row in stored_rows() if row.number == issued.number).broken is None
    assert receive_overdue(at=later + MINUTE) == 0
    # The deadline is the letter's own: it was never held.
    assert issued.due_at == Assignment.objects.filter(case=issued)[0].due_at
    assert offered(issued, lead.user, now) == ["handle", *ASKED_FOR]


def test_what_was_received_or_signed_in_is_left_alone(
    issued: Case, offices: list[Office], lead: Department, assistant: Department, now: dt.datetime
) -> None:
    act(issued, "receive", assistant.user, now)
    act(issued, "sign_in", offices[0].user, now, department=lead.code, persons="张工")
    assert receive_overdue(at=now + LIMIT + MINUTE) == 0
    issued.refresh_from_db()
    assert issued.state == "arrived"


def test_who_assists_moves_nothing_when_it_is_received_by_itself(
    issued: Case, lead: Department, now: dt.datetime
) -> None:
    act(issued, "receive", lead.user, now)
    assert receive_overdue(at=now + LIMIT + MINUTE) == 1
    issued.refresh_from_db()
    assert issued.state == "received"


def test_the_command_says_how_many(issued: Case, now: dt.datetime) -> None:
    Assignment.objects.filter(case=issued).update(receive_by=now - dt.timedelta(days=9))
    said = io.StringIO()
    call_command("sweep", stdout=said)
    assert "自动查收 2 件" in said.getvalue()
    said = io.StringIO()
    call_command("sweep", stdout=said)
    assert said.getvalue() == ""


def test_a_sweep_with_nothing_due_asks_once(issued: Case, now: dt.datetime, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert receive_overdue(at=now) == 0


LETTER = """
UPDATE cases_assignment SET withdrawn_at = ordered_at WHERE letter_id IS NOT NULL AND finished_at IS NULL;
UPDATE cases_case SET state = 'closed', closed_at = now() WHERE state IN ('issued', 'arrived');
WITH found AS (
    UPDATE cases_case SET state = 'issued', closed_at = NULL
    WHERE id IN (SELECT id FROM cases_case WHERE state = 'closed' ORDER BY id LIMIT 60) RETURNING id
), somebody AS (SELECT id FROM auth_user ORDER BY id LIMIT 1
), letter AS (
    INSERT INTO cases_letter (number, case_id, task, due_at, issued_at, issued_by_id, confirmed_by_id)
    SELECT 'test ' || found.id, found.id, '换盖', now(), now(), somebody.id, somebody.id FROM found, somebody RETURNING id, case_id
)
INSERT INTO cases_assignment (case_id, letter_id, unit_id, task, limit_amount, limit_unit, ordered_at, ordered_by_id, due_at,
                              receive_by, redone)
SELECT case_id, letter.id, (SELECT code FROM gridmap_organisation WHERE kind = 'department' ORDER BY code LIMIT 1), '换盖', 1,
       'working_days', now(), somebody.id, now(), now() - interval '1 day', 0 FROM letter, somebody
"""
RECEIVED = """
SELECT count(*), count(DISTINCT case_id), (SELECT count(*) FROM cases_case WHERE state = 'received')
FROM cases_traceevent WHERE verb = 'receive' AND case_id IN (SELECT case_id FROM cases_letter WHERE number LIKE 'test %')
"""


WEBHOOK = """
INSERT INTO cases_webhook (organisation_id, url, secret, active)
SELECT code, %s, repeat('s', 16), true FROM gridmap_organisation WHERE kind = 'department' ORDER BY code LIMIT 1
"""
HELD = "SELECT id FROM cases_case WHERE state = 'reported' ORDER BY id LIMIT 1 FOR UPDATE"
TOLD = "SELECT count(*), count(DISTINCT case_id), (SELECT count(*) FROM cases_reminder) FROM cases_notice WHERE {}"


def sweep_at_once(server: Site, times: int) -> list[str]:
    """Run so many sweeps at the same time; returns the lines they say."""
    sweeps = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "sweep"],
            env=os.environ | {"DATABASE_URL": server.database_url, "DEBUG": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(times)
    ]
    said = [sweep.communicate(timeout=PATIENCE_S)[0] for sweep in sweeps]
    assert [sweep.returncode for sweep in sweeps] == [0] * times
    return [line for words in said for line in words.splitlines()]


def test_four_sweeps_at_once_receive_each_letter_once_remind_once_and_deliver_once(
    start_server: Callable[[str], AbstractContextManager[Site]],
) -> None:
    with (
        start_server("sweeping") as server,
        receiver() as there,
        closing(psycopg2.connect(server.database_url)) as database,
        closing(psycopg2.connect(server.database_url)) as busy,
    ):
        with database, database.cursor() as cursor:
            cursor.execute(LETTER)
            cursor.execute(WEBHOOK, [there.url])
            cursor.execute("SELECT count(*) FROM cases_case WHERE closed_at IS NULL")
            ((in_all,),) = cursor.fetchall()
        with busy, busy.cursor() as cursor:
            cursor.execute(HELD)  # somebody is acting on it
            ((held,),) = cursor.fetchall()
            # What one sweep has in hand another leaves, so that a last one alone finds the rest.
            said = sweep_at_once(server, 4) + sweep_at_once(server, 1)
        assert sum(int(line.split()[1]) for line in said if line.startswith("自动查收")) == 60
        with database, database.cursor() as cursor:
            cursor.execute(RECEIVED)
            assert cursor.fetchone() == (60, 60, 60)
            cursor.execute(TOLD.format("kind = 'overdue'"))
            # The desk in charge and its superior, of each case but the one held.
            assert cursor.fetchone() == (2 * (in_all - 1), in_all - 1, 1)
        sweep_at_once(server, 1)
        with database, database.cursor() as cursor:
            cursor.execute(TOLD.format(f"case_id = {held}"))
            assert cursor.fetchone() == (2, 1, 0)
        told = [json.loads(body)["notice"] for _, body in there.posted]
        assert len(told) == len(set(told)) == 60
