"""When things fall due: the domain's vectors, and what must hold for every start and limit."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.deadlines import SHANGHAI, DeadlineTable, Limit, Unit, WorkingCalendar, due_at, halved

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
    worked = dt.timedelta()
    for begin, end in CALENDAR.spells(start):
        if begin >= due:
            break
        worked += min(end, due) - begin
    assert worked == dt.timedelta(hours=hours)


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
