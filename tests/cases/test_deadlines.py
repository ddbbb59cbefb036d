"""When things fall due: the domain's vectors, and what must hold for every start and limit."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.deadlines import SHANGHAI, DeadlineTable, Limit, Unit, WorkingCalendar, due_at, halved, worked_between

CALENDAR = WorkingCalendar(
    {day: False for day in chinese_calendar.holidays} | {day: True for day in chinese_calendar.workdays}
)


def clock(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2020-12-07 11:00", Limit(4, Unit.WORKING_HOURS), "2020-12-07 17:00"),
        ("2020-12-07 12:00", Limit(1, Unit.WORKING_HOURS), "2020-12-07 15:00"),  # lunch
        ("2020-12-07 13:00", Limit(1, Unit.WORKING_HOURS), "2020-12-07 15:00"),
        ("2020-01-18 17:00", Limit(4, Unit.WORKING_HOURS), "2020-01-19 12:00"),  # Saturday off, Sunday worked
        ("2020-01-23 17:00", Limit(4, Unit.WORKING_HOURS), "2020-02-03 11:00"),  # over Spring Festival, lengthened
        ("2020-04-25 10:00", Limit(1, Unit.WORKING_DAYS), "2020-04-26 18:00"),
        ("2021-09-18 09:00", Limit(1, Unit.WORKING_DAYS), "2021-09-22 09:00"),  # a Saturday made workday
        ("2021-09-30 16:00", Limit(2, Unit.WORKING_DAYS), "2021-10-09 16:00"),
        ("2021-09-30 16:00", Limit(24, Unit.EMERGENCY_HOURS), "2021-10-01 16:00"),
        ("2021-09-30 16:00", Limit(3, Unit.CALENDAR_DAYS), "2021-10-03 16:00"),
        ("2020-12-07 08:00", Limit(8, Unit.WORKING_HOURS), "2020-12-07 18:00"),  # ends with the day, not the next
    ],
)
def test_due_at(start: str, limit: Limit, due: str) -> None:
    assert due_at(clock(start), limit, CALENDAR) == clock(due)


FIRST, LAST = clock("2019-01-10 00:00").replace(tzinfo=None), clock("2025-06-01 00:00").replace(tzinfo=None)
starts = st.datetimes(FIRST, LAST, timezones=st.just(SHANGHAI))
limits = st.builds(Limit, st.integers(1, 60), st.sampled_from(Unit))


@given(starts, limits)
def test_due_is_after_the_start_and_at_a_working_moment(start: dt.datetime, limit: Limit) -> None:
    due = due_at(start, limit, CALENDAR)
    assert due > start
    if limit.unit in (Unit.WORKING_HOURS, Unit.WORKING_DAYS):
        assert CALENDAR.works_on(due.date())
        assert any(opens < due.time() <= closes for opens, closes in CALENDAR.hours)


@given(starts, st.integers(1, 200))
def test_the_working_time_between_start_and_due_is_the_limit(start: dt.datetime, hours: int) -> None:
    due = due_at(start, Limit(hours, Unit.WORKING_HOURS), CALENDAR)
    assert worked_between(start, due, CALENDAR) == dt.timedelta(hours=hours)


@given(starts, st.integers(1, 200), st.integers(1, 3600))
def test_due_is_the_first_moment_that_much_was_worked(start: dt.datetime, hours: int, seconds: int) -> None:
    due = due_at(start, Limit(hours, Unit.WORKING_HOURS), CALENDAR)
    just_before = due - dt.timedelta(seconds=seconds)
    assert worked_between(start, just_before, CALENDAR) < dt.timedelta(hours=hours)


near = st.timedeltas(dt.timedelta(0), dt.timedelta(days=20))


@given(starts, near, near)
def test_working_time_adds_up_and_never_exceeds_the_time_gone_by(
    start: dt.datetime, first: dt.timedelta, second: dt.timedelta
) -> None:
    middle, end = start + first, start + first + second
    worked = worked_between(start, end, CALENDAR)
    assert dt.timedelta() <= worked <= end - start
    assert worked == worked_between(start, middle, CALENDAR) + worked_between(middle, end, CALENDAR)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2020-12-07 11:00", "2020-12-07 15:00", 2),  # lunch is not worked
        ("2020-12-07 12:00", "2020-12-07 14:00", 0),
        ("2020-12-07 18:00", "2020-12-08 08:00", 0),  # nor is the night
        ("2021-09-30 16:00", "2021-10-08 09:00", 3),  # nor a week of holidays
        ("2021-09-17 17:00", "2021-09-18 09:00", 2),  # a Saturday made workday
        ("2020-12-07 15:00", "2020-12-07 15:00", 0),
        ("2020-12-08 15:00", "2020-12-07 15:00", 0),  # the wrong way round
    ],
)
def test_worked_between(start: str, end: str, hours: int) -> None:
    assert worked_between(clock(start), clock(end), CALENDAR) == dt.timedelta(hours=hours)


def test_working_time_is_the_same_in_whatever_zone_the_moments_are_given() -> None:
    start, end = clock("2020-12-07 17:00"), clock("2020-12-08 09:00")
    assert worked_between(start.astimezone(dt.UTC), end.astimezone(dt.UTC), CALENDAR) == dt.timedelta(hours=2)


@given(starts, st.integers(1, 30), st.sampled_from([Unit.WORKING_HOURS, Unit.WORKING_DAYS]))
def test_working_time_agrees_with_the_table(start: dt.datetime, amount: int, unit: Unit) -> None:
    start = start.replace(microsecond=0)
    table = DeadlineTable(CALENDAR, dt.date(2018, 12, 1), dt.date(2025, 12, 31))
    (due,) = table.due_at(np.array([start.timestamp()]), np.array([amount]), unit)
    worked = worked_between(start, dt.datetime.fromtimestamp(due, SHANGHAI), CALENDAR)
    assert worked == dt.timedelta(hours=amount * (8 if unit == Unit.WORKING_DAYS else 1))


@given(starts, st.integers(1, 30))
def test_a_working_day_is_eight_working_hours(start: dt.datetime, days: int) -> None:
    assert due_at(start, Limit(days, Unit.WORKING_DAYS), CALENDAR) == due_at(
        start, Limit(days * 8, Unit.WORKING_HOURS), CALENDAR
    )


@given(st.lists(st.tuples(starts, st.integers(1, 30)), min_size=1, max_size=20), st.sampled_from(Unit))
def test_the_table_gives_the_same_answers(asked: list[tuple[dt.datetime, int]], unit: Unit) -> None:
    table = DeadlineTable(CALENDAR, dt.date(2018, 12, 1), dt.date(2025, 12, 31))
    given_starts = np.array([np.floor(start.timestamp()) for start, _ in asked])
    many = table.due_at(given_starts, np.array([amount for _, amount in asked]), unit)
    alone = [
        due_at(dt.datetime.fromtimestamp(at, SHANGHAI), Limit(amount, unit), CALENDAR).timestamp()
        for at, (_, amount) in zip(given_starts, asked, strict=True)
    ]
    assert many == pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize(
    ("limit", "half"),
    [
        (Limit(3, Unit.WORKING_DAYS), Limit(12, Unit.WORKING_HOURS)),
        (Limit(1, Unit.WORKING_DAYS), Limit(4, Unit.WORKING_HOURS)),
        (Limit(4, Unit.WORKING_HOURS), Limit(2, Unit.WORKING_HOURS)),
        (Limit(1, Unit.WORKING_HOURS), Limit(1, Unit.WORKING_HOURS)),
        (Limit(5, Unit.EMERGENCY_HOURS), Limit(3, Unit.EMERGENCY_HOURS)),
        (Limit(3, Unit.CALENDAR_DAYS), Limit(36, Unit.EMERGENCY_HOURS)),
    ],
)
def test_what_has_to_be_done_again_gets_half_the_time(limit: Limit, half: Limit) -> None:
    assert halved(limit) == half
