"""The counts where everything commits: under writers, joining and counting anew at once, and through migrations and back."""

from __future__ import annotations

import datetime as dt
import io
import random
import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from cases.counting import by_area, by_cell, recount, settle
from cases.coverage import coverage
from cases.models import Assignment, Case, OpenWhistle, Result
from gridmap.features.parameters import Filters
from gridmap.models.ground import Level
from tests.cases.recounting import (
    NOW,
    as_dict,
    cells_of,
    demands,
    recounted,
    recovered,
    rounded,
    table_of_cases,
)
from tests.threads import on, threads_on

pytestmark = pytest.mark.django_db


def assert_counted() -> None:
    """What is counted beforehand is what there is."""
    cases, asked = table_of_cases(), demands()
    for filters in (Filters(), Filters(category="04")):
        assert by_area(filters) == recounted(cases, filters)
        assert as_dict(by_cell(filters)) == cells_of(cases, filters)
        assert rounded(coverage(filters, level=Level.TOWN, now=NOW)) == recovered(asked, filters, Level.TOWN)


def until(happened: threading.Event, work: Future[Any]) -> None:
    """Wait for what the work tells, unless it has ended without."""
    while not happened.wait(0.05):
        assert not work.done(), work.result()


def waits(database: str, work: Future[Any]) -> bool:
    """Whether the work comes to wait for somebody's lock before it ends."""

    def somebody() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(cursor.fetchone()[0])

    while not work.done():
        if on(database, somebody):
            return True
    return False


def write(die: random.Random) -> None:
    """One change, in a transaction of its own that is sometimes undone; rows in order, so that writers only wait."""
    keys = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    mine = sorted(die.sample(keys, 20))
    with transaction.atomic():
        list(Case.objects.select_for_update().filter(pk__in=mine).order_by("pk"))
        Case.objects.filter(pk__in=mine).update(category=die.choice(["0101", "0302", "0401"]))
        asked = Assignment.objects.filter(case__in=mine).exclude(letter=None).values_list("pk", flat=True)
        Assignment.objects.filter(pk__in=list(asked)).update(due_at=F("due_at") + dt.timedelta(hours=die.randint(1, 9)))
        if die.random() < 0.3:
            transaction.set_rollback(True)


def test_joining_and_counting_anew_lose_nothing_while_others_write(apart: str) -> None:
    over = threading.Event()
    begun = time.monotonic()

    def again(work: Any) -> int:
        times = 0
        while not over.is_set():
            work()
            times += 1
        return times

    with threads_on(apart) as start:
        dice = [random.Random(seed) for seed in range(3)]
        writers = [start(lambda die=die: again(lambda: write(die))) for die in dice]
        joining = [start(lambda: again(lambda: settle(at_least=1))) for _ in range(2)]
        anew = start(lambda: again(recount))
        while time.monotonic() - begun < 2 and not anew.done():
            time.sleep(0.05)
        over.set()
    assert all(it.result() > 1 for it in [*writers, *joining, anew])
    on(apart, lambda: settle(at_least=1))
    on(apart, assert_counted)


def test_counting_anew_waits_for_who_joins_rows(apart: str) -> None:
    """Else what is joined meanwhile would be counted besides."""
    on(apart, lambda: Case.objects.filter(pk=Case.objects.earliest("pk").pk).update(category="0302"))
    on(apart, lambda: Case.objects.filter(pk=Case.objects.earliest("pk").pk).update(category="0401"))
    joined, go_on = threading.Event(), threading.Event()

    def join() -> None:
        with transaction.atomic():
            assert settle(at_least=1) > 0
            joined.set()
            assert go_on.wait(30)

    with threads_on(apart) as start:
        until(joined, start(join))
        anew = start(recount)
        waited = waits(apart, anew)
        go_on.set()
    assert waited
    anew.result()
    on(apart, assert_counted)


def test_counting_anew_gives_way_to_a_writer_in_the_middle(apart: str) -> None:
    """Who has written a result and is about to write its case must not be shut out by who waits for the results."""
    wrote, go_on = threading.Event(), threading.Event()

    def writer() -> None:
        with transaction.atomic():
            scored = Result.objects.select_related("assignment").earliest("pk")
            Result.objects.filter(pk=scored.pk).update(total=77)
            wrote.set()
            assert go_on.wait(30)
            Case.objects.filter(pk=scored.assignment.case_id).update(category="0101")

    with threads_on(apart) as start:
        writing = start(writer)
        until(wrote, writing)
        anew = start(recount)
        waited = waits(apart, anew)
        go_on.set()
    assert waited
    writing.result()
    anew.result()
    on(apart, assert_counted)


def test_a_loaded_database_goes_back_and_forth(apart: str) -> None:
    """From before the counts and back: nothing of the cases is changed, and the counts are those of a recount again."""

    def facts() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), max(id), md5(string_agg(seal::text, '' ORDER BY case_id, seq)) FROM cases_traceevent"
            )
            sealed = cursor.fetchone()
        return [
            sealed,
            Case.objects.order_by("pk").values_list("number", "state", "due_at", "by_letter", "quadkey").last(),
            list(Case.objects.values_list("pk", "by_letter", "quadkey").order_by("pk")),
            list(Assignment.objects.values_list("pk", "arrival_minutes").order_by("pk")),
            Result.objects.count(),
            list(OpenWhistle.objects.values_list("id", flat=True).order_by("id")),
        ]

    def back(to: str) -> None:
        call_command("migrate", "cases", to, verbosity=0, stdout=io.StringIO())

    def forth() -> None:
        call_command("migrate", verbosity=0, stdout=io.StringIO())

    def counted_before_totals() -> tuple[int, int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT (SELECT sum(collected) FROM cases_areamonth WHERE category = ''),
                          (SELECT sum(done) FROM cases_cellmonth WHERE category = ''),
                          (SELECT sum(demanded) FROM cases_unitmonth WHERE category = '' AND digits = 9)"""
            )
            return tuple(cursor.fetchone())

    def there_are() -> tuple[int, int, int]:
        asked = Assignment.objects.exclude(letter=None).filter(withdrawn_at=None)
        cases = Case.objects.exclude(state="merged")
        return cases.count(), cases.filter(state__in=("closed", "evaluated")).count(), asked.count()

    before = on(apart, facts)
    # To before the totals and back: what is written meanwhile is counted by the triggers as they were.
    on(apart, lambda: back("0025"))
    assert on(apart, counted_before_totals) == on(apart, there_are)
    on(apart, lambda: _recategorise("0401"))
    assert on(apart, counted_before_totals) == on(apart, there_are)
    on(apart, forth)
    on(apart, assert_counted)
    on(apart, lambda: back("0015"))

    def gone() -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT to_regclass('cases_areamonth'), to_regclass('cases_openwhistle'), to_regproc('cases_recount'),
                          (SELECT count(*) FROM pg_trigger WHERE tgname ~ '_count_(insert|update|delete)$'
                             AND tgrelid = 'cases_case'::regclass)"""
            )
            return tuple(cursor.fetchone())

    assert on(apart, gone) == (None, None, None, 0)
    # What is written meanwhile is counted afterwards; only the trigger of numbers and seals looks on.
    on(apart, lambda: _recategorise("0302"))
    on(apart, forth)
    assert on(apart, facts) == before
    on(apart, assert_counted)


def _recategorise(to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET category_id = %s WHERE mod(id, 50) = 0", [to])
