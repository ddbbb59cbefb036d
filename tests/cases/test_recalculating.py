"""Deadlines worked out again after the working calendar was changed: the right ones, once, all or nothing, traced."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from cases import photos
from cases.actions.recalculating import Chunk, recalculate
from cases.deadlines import SHANGHAI, Limit, Unit, read_limit
from cases.models import Assignment, Case, Category, TraceEvent, Workday
from cases.sealing import stored_rows, verify
from cases.workflow import RUNNING
from gridmap.models import Boundary
from tests.cases.playing import TWO_DAYS, Department, Office, act, ordered, report
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# The day after the Tuesday of these tests.
TOMORROW = dt.date(2026, 7, 8)
SATURDAY = dt.date(2026, 7, 11)


def decide(works: bool, *days: dt.date) -> None:
    for day in days:
        Workday.objects.update_or_create(date=day, defaults={"works": works})


def again(at: dt.datetime, **asked: Any) -> Chunk:
    """What is found of all open cases together."""
    found = Chunk(0)
    for done in recalculate(at=at, **asked):
        found.cases += done.cases
        found.changes += done.changes
        found.left += done.left
    return found


def of(case: Case, found: Chunk) -> list[tuple[str, dt.timedelta]]:
    """Whose deadline was moved how far."""
    return [(it.unit, it.after - it.before) for it in found.changes if it.number == case.number]


def deeds(case: Case) -> list[TraceEvent]:
    return list(TraceEvent.objects.filter(case=case, verb="recalculate").order_by("seq"))


def due(case: Case) -> dt.datetime:
    case.refresh_from_db()
    return case.due_at


def test_limits_are_read_as_they_are_written() -> None:
    for unit in Unit:
        assert read_limit(str(Limit(4, unit))) == Limit(4, unit)
    for said in ("", "4", "工作日", "4 工作日", "四工作日", "4工作日内", None, 4):
        assert read_limit(said) is None


def test_the_spring_festival_of_2020_was_lengthened_while_cases_were_running(cast: Cast) -> None:
    # As it was planned: from the 24th to the 30th of January. Then the State Council added three days.
    decide(False, *(dt.date(2020, 1, day) for day in range(24, 31)))
    added = [dt.date(2020, 1, 31), dt.date(2020, 2, 1), dt.date(2020, 2, 2)]
    Workday.objects.filter(date__in=added).delete()
    Boundary.objects.filter(area=cast.grid).update(valid_from=dt.date(2019, 1, 1))
    Category.objects.filter(code="0301").update(limit_amount=4, limit_unit=Unit.WORKING_HOURS)
    case = report(cast.grid, dt.datetime(2020, 1, 23, 17, tzinfo=SHANGHAI))
    assert due(case) == dt.datetime(2020, 1, 31, 11, tzinfo=SHANGHAI)

    decide(False, *added)
    # What the category says meanwhile is for cases to come.
    Category.objects.filter(code="0301").update(limit_amount=9)
    at = dt.datetime(2020, 1, 28, 9, tzinfo=SHANGHAI)
    assert of(case, again(at, since=added[0])) == [("", 3 * DAY)]
    assert due(case) == dt.datetime(2020, 2, 3, 11, tzinfo=SHANGHAI)
    (deed,) = deeds(case)
    assert (deed.actor, deed.role, deed.at, deed.from_state, deed.to_state) == (None, "", at, "reported", "reported")
    assert deed.payload == {
        "automatic": True,
        "text": "工作日历有变动：\n时限由 2020-01-31 11:00 改为 2020-02-03 11:00",
        "due_before": "2020-01-31T11:00:00+08:00",
        "due_at": "2020-02-03T11:00:00+08:00",
    }


def test_a_second_run_changes_nothing_and_the_trace_holds(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    assert of(case, again(now)) != []
    after, rows = due(case), TraceEvent.objects.count()
    assert again(now).changes == []
    assert (due(case), TraceEvent.objects.count()) == (after, rows)
    assert verify(row for row in stored_rows() if row.number == case.number).broken is None
    # Taken back, everything is as it was.
    Workday.objects.filter(date=TOMORROW).delete()
    before = TraceEvent.objects.get(case=case, verb="report").payload["due_at"]
    assert of(case, again(now)) != []
    assert due(case) == dt.datetime.fromisoformat(before)


def test_nothing_of_the_demonstration_is_changed_on_its_own_calendar(now: dt.datetime) -> None:
    found = again(now, dry_run=True)
    assert found.cases == Case.objects.filter(state__in=RUNNING).count() > 5
    assert (found.changes, found.left) == ([], [])


def test_an_order_counts_from_when_it_was_given_and_work_given_back_from_then(
    triage: Case, cast: Cast, offices: list[Office], picture: photos.Picture, now: dt.datetime
) -> None:
    # Two working days from Tuesday ten o'clock; once tomorrow is a holiday, a day later.
    ordered(triage, cast, offices, now)
    decide(False, TOMORROW)
    assert of(triage, again(now)) == [("", DAY)]
    assert due(triage) == Assignment.objects.get(case=triage).due_at == now + 3 * DAY

    # Half of that from Thursday: to Friday; once Friday is a holiday, to Monday.
    act(triage, "finish", offices[1].user, now, text="已换", pictures=[picture])
    thursday = now + 2 * DAY
    act(triage, "redo", cast.clerk, thursday, text="不平")
    assert due(triage) == thursday + DAY
    decide(False, thursday.date() + DAY)
    assert of(triage, again(thursday)) == [("", 3 * DAY)]
    assert due(triage) == Assignment.objects.get(case=triage).due_at == thursday + 4 * DAY
    assert again(thursday).changes == []


def test_more_time_and_suspension_count_from_the_limit_as_it_would_have_been(
    arrived: Case, cast: Cast, principal: User, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    # Ten working days and two more; then a week of standing still.
    act(arrived, "extend", lead.user, now, reason="weather", text="连日大雨", limit=TWO_DAYS)
    act(arrived, "grant_extension", cast.clerk, now)
    thursday, back = now + 2 * DAY, now + 9 * DAY
    act(arrived, "suspend", lead.user, thursday, reason="funds", text="等资金", until="2026-08-31")
    act(arrived, "support_suspension", principal, thursday)
    act(arrived, "grant_suspension", cast.centre, thursday)

    decide(False, TOMORROW)
    assert of(arrived, again(thursday)) == deeds(arrived) == []  # its clock stands still
    before = due(arrived)
    act(arrived, "resume", lead.user, back, text="资金到位")
    assert due(arrived) == before + 7 * DAY == now + 23 * DAY
    name = Assignment.objects.get(case=arrived, unit=assistant.code).unit.name
    # The assistant had no more time: Tuesday the 21st and a week, then a day.
    assert of(arrived, again(back)) == [("", DAY), (name, DAY)]
    assert due(arrived) == now + 24 * DAY == Assignment.objects.get(case=arrived, unit=lead.code).due_at
    assert Assignment.objects.get(case=arrived, unit=assistant.code).due_at == now + 22 * DAY
    assert again(back).changes == []


def test_what_was_suspended_when_the_calendar_changed_is_put_right_once_it_is_resumed(
    arrived: Case, cast: Cast, principal: User, lead: Department, now: dt.datetime
) -> None:
    act(arrived, "suspend", lead.user, now, reason="funds", text="等资金", until="2026-08-31")
    act(arrived, "support_suspension", principal, now)
    act(arrived, "grant_suspension", cast.centre, now)
    # Lost to the time that was left, for it was given on a calendar where that day was worked.
    decide(False, TOMORROW)
    said = io.StringIO()
    call_command("recalculate_deadlines", stdout=said)
    assert "挂账 1 件未看" in said.getvalue()
    assert deeds(arrived) == []
    back = now + 7 * DAY
    assert act(arrived, "resume", lead.user, back, text="资金到位").due_at == back + 13 * DAY
    assert ("", DAY) in of(arrived, again(back))
    assert due(arrived) == back + 14 * DAY


def test_an_extension_of_who_assists_is_not_the_cases_own(
    issued: Case, cast: Cast, assistant: Department, now: dt.datetime
) -> None:
    act(issued, "receive", assistant.user, now)
    act(issued, "extend", assistant.user, now, reason="weather", text="连日大雨", limit=TWO_DAYS)
    act(issued, "grant_extension", cast.clerk, now)
    decide(False, TOMORROW)
    again(now)
    assert due(issued) == now + 15 * DAY
    assert Assignment.objects.get(case=issued, unit=assistant.code).due_at == now + 17 * DAY


def test_what_was_withdrawn_keeps_its_deadline_and_the_case_follows_the_last_letter(
    arrived: Case, cast: Cast, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    first = set(Assignment.objects.filter(case=arrived).values_list("pk", flat=True))
    act(arrived, "convene", cast.clerk, now, text="周三下午会商")
    act(
        arrived,
        "minute",
        cast.clerk,
        now,
        persons="各单位",
        department=assistant.code,
        text="由水利局承办",
        limit=TWO_DAYS,
    )
    decide(False, TOMORROW)
    assert of(arrived, again(now)) == [("", DAY)]
    assert {it.due_at for it in Assignment.objects.filter(pk__in=first)} == {now + 14 * DAY}
    assert due(arrived) == now + 3 * DAY


def test_a_case_opened_again_counts_from_then(
    case: Case, cast: Cast, picture: photos.Picture, now: dt.datetime
) -> None:
    act(case, "resolve", cast.worker, now, text="换了", pictures=[picture])
    act(case, "close", cast.chief, now)
    opened = now + 2 * DAY
    act(case, "reopen", cast.chief, opened, reason="repeat", text="又坏了")
    assert due(case) == opened + 6 * HOUR  # four hours over noon
    decide(False, opened.date())
    assert of(case, again(opened)) == [("", 20 * HOUR)]  # to Friday noon


def test_a_made_up_workday_taken_away_moves_lead_and_assistant_with_one_row_of_the_trace(
    confirmed: Case, cast: Cast, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    decide(True, SATURDAY)
    given = {"department": lead.code, "assisting": [assistant.code], "text": "换盖"}
    act(confirmed, "issue", cast.clerk, now, limit=Limit(5, Unit.WORKING_DAYS), **given)
    assert due(confirmed) == now + 6 * DAY
    decide(False, SATURDAY)
    found = again(now, since=SATURDAY)
    name = Assignment.objects.get(case=confirmed, unit=assistant.code).unit.name
    assert of(confirmed, found) == [("", DAY), (name, DAY)]
    assert {it.due_at for it in Assignment.objects.filter(case=confirmed)} == {now + 7 * DAY} == {due(confirmed)}
    (deed,) = deeds(confirmed)
    assert [it["unit"] for it in deed.payload["assisting"]] == [name]
    assert again(now).changes == []


def test_who_assists_and_is_done_keeps_the_deadline_it_had(
    arrived: Case,
    offices: list[Office],
    assistant: Department,
    picture: photos.Picture,
    now: dt.datetime,
) -> None:
    act(arrived, "sign_in", offices[0].user, now, department=assistant.code, persons="王工")
    act(arrived, "claim", assistant.user, now, text="已配合", pictures=[picture])
    decide(False, TOMORROW)
    assert of(arrived, again(now)) == [("", DAY)]
    assert Assignment.objects.get(case=arrived, unit=assistant.code).due_at == now + 14 * DAY


def test_limits_of_the_clock_and_ended_cases_are_left_alone(
    triage: Case, cast: Cast, offices: list[Office], picture: photos.Picture, now: dt.datetime
) -> None:
    ordered(triage, cast, offices, now)
    act(triage, "finish", offices[1].user, now, text="已换", pictures=[picture])
    act(triage, "confirm", cast.clerk, now)
    Category.objects.filter(code="0301").update(limit_amount=30, limit_unit=Unit.CALENDAR_DAYS)
    other = report(cast.grid, now, "另一处")
    decide(False, TOMORROW)
    found = again(now)
    assert of(triage, found) == of(other, found) == []
    assert [it for it in found.left if it.number in (triage.number, other.number)] == []


def test_what_was_due_before_the_first_changed_day_is_not_looked_at(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    assert of(case, again(now, since=due(case).date() + DAY)) == []
    assert of(case, again(now, since=due(case).date())) != []


def test_what_the_trace_does_not_tell_is_left_and_named(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    Case.objects.filter(pk=case.pk).update(due_at=due(case) + HOUR)
    found = again(now)
    assert of(case, found) == deeds(case) == []
    assert ["留痕所记不符" in it.why for it in found.left if it.number == case.number] == [True]


def test_a_dry_run_says_all_and_writes_nothing(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    before, rows = due(case), TraceEvent.objects.count()
    would = again(now, dry_run=True)
    assert (due(case), TraceEvent.objects.count()) == (before, rows)
    assert would.changes == again(now).changes != []


def test_a_chunk_takes_few_statements_whatever_it_holds_and_waits_for_whoever_acts(
    issued: Case, cast: Cast, now: dt.datetime, django_assert_num_queries: Any
) -> None:
    some = [report(cast.grid, now, f"第 {n} 处") for n in range(10)]
    decide(False, TOMORROW)
    # The calendar; the cases, the trace, what was asked and granted; and the end of them. A savepoint each, since tests are in one.
    with django_assert_num_queries(1 + 4 + 1 + 4) as asked:
        would = again(now, dry_run=True)
    assert len(would.changes) > len(some)
    assert not any("FOR UPDATE" in it["sql"] for it in asked.captured_queries)
    with django_assert_num_queries(1 + 4 + 3 + 1 + 4) as asked:
        again(now)
    locked = [it["sql"] for it in asked.captured_queries if "FOR UPDATE" in it["sql"]]
    assert [it.endswith('FOR UPDATE OF "cases_case"') for it in locked] == [True, True]


def test_chunks_come_to_the_same(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    whole = again(now, dry_run=True)
    assert again(now, chunk=7).changes == whole.changes
    with pytest.raises(ValueError, match="a chunk of 0"):
        again(now, chunk=0)


def test_the_command_names_each_deadline_and_says_how_many(case: Case, now: dt.datetime) -> None:
    decide(False, TOMORROW)
    count = len(again(now, dry_run=True).changes)
    for flags, words in ((["--dry-run"], "将改"), ([], "改了"), ([], "改了 0 个")):
        said = io.StringIO()
        call_command("recalculate_deadlines", *flags, stdout=said)
        assert words in said.getvalue()
        assert (f"{case.number}：时限由 " in said.getvalue()) == (words != "改了 0 个")
        assert (f" {count} 个时限" in said.getvalue()) == (words != "改了 0 个")
    for wrong in ("--since=tomorrow", "--chunk=0"):
        with pytest.raises(CommandError):
            call_command("recalculate_deadlines", wrong)
