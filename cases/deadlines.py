"""When something falls due, counted on a working calendar.

Pure: the calendar is passed in, so is the start. Chinese holidays move weekends both ways, so no rule of weekdays
is trusted where the calendar knows the date. Due exactly at the limit is in time.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import TextChoices
from numpy.typing import NDArray

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS_IN_A_WORKING_DAY = 8


class Unit(TextChoices):
    """The four units limits are given in."""

    EMERGENCY_HOURS = "emergency_hours", "紧急工作时"
    WORKING_HOURS = "working_hours", "工作时"
    WORKING_DAYS = "working_days", "工作日"
    CALENDAR_DAYS = "calendar_days", "自然日"


@dataclass(frozen=True)
class Limit:
    """An amount of one unit, e.g. four working hours."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.label}"

    @property
    def counts_working_time(self) -> bool:
        """Whether the working calendar says when it runs out."""
        return self.unit in (Unit.WORKING_HOURS, Unit.WORKING_DAYS)


def read_limit(said: object) -> Limit | None:
    """The limit that was written like this; None for anything else."""
    found = re.fullmatch(r"(\d+)(\D+)", str(said), re.ASCII)
    unit = next((it for it in Unit if found and found[2] == it.label), None)
    return Limit(int(found[1]), unit) if found and unit else None


def halved(limit: Limit) -> Limit:
    """Half of a limit, for what has to be done again; in hours, and never less than one."""
    if limit.unit == Unit.WORKING_DAYS:
        return Limit(limit.amount * HOURS_IN_A_WORKING_DAY // 2, Unit.WORKING_HOURS)
    if limit.unit == Unit.CALENDAR_DAYS:
        return Limit(limit.amount * 12, Unit.EMERGENCY_HOURS)
    return Limit(max(1, -(-limit.amount // 2)), limit.unit)


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked, and at what hours.

    ``days`` holds the dates somebody has decided about; any other date is worked from Monday to Friday.
    """

    days: Mapping[dt.date, bool] = field(default_factory=dict)
    hours: tuple[tuple[dt.time, dt.time], ...] = (
        (dt.time(8), dt.time(12)),
        (dt.time(14), dt.time(18)),
    )

    def works_on(self, day: dt.date) -> bool:
        """Whether work is done on that day."""
        return self.days.get(day, day.weekday() < 5)

    def spells(self, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Stretches of working time from ``start`` on, in Shanghai time."""
        local = start.astimezone(SHANGHAI)
        day = local.date()
        while True:
            if self.works_on(day):
                for opens, closes in self.hours:
                    begin = max(dt.datetime.combine(day, opens, SHANGHAI), local)
                    end = dt.datetime.combine(day, closes, SHANGHAI)
                    if begin < end:
                        yield begin, end
            day += dt.timedelta(days=1)


def due_at(start: dt.datetime, limit: Limit, calendar: WorkingCalendar) -> dt.datetime:
    """The moment ``limit`` after ``start`` (aware), in Shanghai time.

    A working day is eight working hours, so a day begun at ten ends at ten on the next day worked.
    """
    if limit.unit == Unit.EMERGENCY_HOURS:
        return start.astimezone(SHANGHAI) + dt.timedelta(hours=limit.amount)
    if limit.unit == Unit.CALENDAR_DAYS:
        return start.astimezone(SHANGHAI) + dt.timedelta(days=limit.amount)
    hours = limit.amount * (HOURS_IN_A_WORKING_DAY if limit.unit == Unit.WORKING_DAYS else 1)
    return _worked_on(start, dt.timedelta(hours=hours), calendar)


def _worked_on(start: dt.datetime, left: dt.timedelta, calendar: WorkingCalendar) -> dt.datetime:
    """The moment by which so much working time has passed."""
    for begin, end in calendar.spells(start):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise AssertionError("working time has no end")


def resumed(
    due: dt.datetime, paused: dt.datetime, end: dt.datetime, unit: Unit, calendar: WorkingCalendar
) -> dt.datetime:
    """The deadline of what was suspended between two moments: the time that was left then is left again at the end.

    What was overdue already stays so. The calendar must reach as far as the new deadline.
    """
    if due <= paused:
        return due
    if unit in (Unit.EMERGENCY_HOURS, Unit.CALENDAR_DAYS):
        return due + (end - paused)
    return _worked_on(end, worked_between(paused, due, calendar), calendar)


def worked_between(start: dt.datetime, end: dt.datetime, calendar: WorkingCalendar) -> dt.timedelta:
    """Working time from ``start`` to ``end`` (both aware); none where ``end`` is not later.

    The inverse of :func:`due_at` for limits in working hours and days.
    """
    worked = dt.timedelta()
    for begin, closes in calendar.spells(start):
        if begin >= end:
            break
        worked += min(closes, end) - begin
    return worked


def last_day_needed(start: dt.datetime, limit: Limit) -> dt.date:
    """A day by which the limit has surely run out, so that a caller loads no more of the calendar than it needs.

    The longest public holiday is eight days; one working day in every two weeks is a safe floor beyond it.
    """
    return start.astimezone(SHANGHAI).date() + dt.timedelta(days=30 + 3 * limit.amount)


class DeadlineTable:
    """Many deadlines at once, on one calendar, between two days: the same answers as :func:`due_at`.

    Working time is laid end to end in minutes; a limit is then one addition and one look-up.
    """

    def __init__(self, calendar: WorkingCalendar, first: dt.date, last: dt.date) -> None:
        days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        spells = [
            (dt.datetime.combine(day, opens, SHANGHAI), dt.datetime.combine(day, closes, SHANGHAI))
            for day in days
            if calendar.works_on(day)
            for opens, closes in calendar.hours
        ]
        self._opens = np.array([opens.timestamp() for opens, _ in spells])
        lengths = np.array([(closes - opens).total_seconds() for opens, closes in spells])
        self._worked = np.concatenate([[0.0], np.cumsum(lengths)])
        self._lengths = lengths

    def due_at(self, starts: NDArray[np.float64], amounts: NDArray[Any], unit: Unit) -> NDArray[np.float64]:
        """Deadlines of ``starts`` (seconds since the epoch) with limits of one unit, as seconds since the epoch."""
        if unit == Unit.EMERGENCY_HOURS:
            return starts + amounts * 3600.0
        if unit == Unit.CALENDAR_DAYS:
            return starts + amounts * 86_400.0
        hours = amounts * (HOURS_IN_A_WORKING_DAY if unit == Unit.WORKING_DAYS else 1)
        spell = np.searchsorted(self._opens, starts, side="right") - 1
        into = np.clip(starts - self._opens[spell], 0.0, self._lengths[spell])
        target = self._worked[spell] + into + hours * 3600.0
        last = np.searchsorted(self._worked, target, side="left") - 1
        due: NDArray[np.float64] = self._opens[last] + target - self._worked[last]
        return due
