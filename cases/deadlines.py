"""When something falls due, counted on a working calendar.

Pure: the calendar is passed in, so is the start. Chinese holidays move weekends both ways, so no rule of weekdays
is trusted where the calendar knows the date. Due exactly at the limit is in time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import TextChoices

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
    left = dt.timedelta(hours=hours)
    for begin, end in calendar.spells(start):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise AssertionError("working time has no end")


def last_day_needed(start: dt.datetime, limit: Limit) -> dt.date:
    """A day by which the limit has surely run out, so that a caller loads no more of the calendar than it needs.

    The longest public holiday is eight days; one working day in every two weeks is a safe floor beyond it.
    """
    return start.astimezone(SHANGHAI).date() + dt.timedelta(days=30 + 3 * limit.amount)
