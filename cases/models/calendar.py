"""The working calendar people can edit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import models

from cases.deadlines import SHANGHAI, Limit, Unit, WorkingCalendar, due_at, last_day_needed, resumed, worked_between


class Workday(models.Model):
    """A date somebody has decided about: a holiday, or a weekend day made a workday (调休)."""

    date = models.DateField("日期", primary_key=True)
    works = models.BooleanField("上班")
    note = models.CharField("说明", max_length=60, blank=True)

    class Meta:
        verbose_name = "工作日历"
        verbose_name_plural = "工作日历"
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {'上班' if self.works else '休息'}"


def calendar_between(first: dt.date, last: dt.date) -> WorkingCalendar:
    """The calendar as far as these days need it."""
    return WorkingCalendar(dict(Workday.objects.filter(date__range=(first, last)).values_list("date", "works")))


def calendar_for(start: dt.datetime, limits: Iterable[Limit]) -> WorkingCalendar:
    """The calendar as far as any of these limits from ``start`` needs it (one statement)."""
    last = max((last_day_needed(start, limit) for limit in limits), default=start.date())
    return calendar_between(start.date(), last)


def due_after(start: dt.datetime, limit: Limit) -> dt.datetime:
    """When ``limit`` from ``start`` runs out on the calendar in force (one statement)."""
    return due_at(start, limit, calendar_for(start, [limit]))


def due_when_resumed(due: dt.datetime, paused: dt.datetime, end: dt.datetime, unit: Unit) -> dt.datetime:
    """The deadline of what was suspended between two moments, on the calendar in force (one statement)."""
    # What is left cannot take longer on the far side than twice what it took on the near one, and a holiday.
    last = end + 2 * max(due - paused, dt.timedelta()) + dt.timedelta(days=30)
    return resumed(due, paused, end, unit, calendar_between(min(paused, end).date(), last.date()))


def minutes_worked(start: dt.datetime, end: dt.datetime) -> int:
    """Whole minutes of working time between two moments, on the calendar in force (one statement)."""
    calendar = calendar_between(start.astimezone(SHANGHAI).date(), end.astimezone(SHANGHAI).date())
    return worked_between(start, end, calendar) // dt.timedelta(minutes=1)
