"""When the deeds of many cases on one path are done, on the working calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cases.deadlines import SHANGHAI, DeadlineTable, Limit, Unit, WorkingCalendar, halved, resumed
from cases.demonstration.paths import ISSUING, RESTARTS, Deed, Deeds, Hours, Share, extension_of, limit_given
from cases.models import Category

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
DAY = 86_400.0
# Nothing follows sooner than this upon anything else.
BREATH_S = 600.0
LONGEST_S = 400 * DAY


@dataclass(frozen=True)
class Walk:
    """Moments in seconds since the epoch: a row for each case, a column for each deed; the first and last deadlines."""

    moments: Floats
    due_first: Floats
    due: Floats

    def only(self, rows: Whole) -> Walk:
        """The walks of some of the cases."""
        return Walk(self.moments[rows], self.due_first[rows], self.due[rows])


class Timing:
    """Limits of all categories on one calendar."""

    def __init__(self, categories: Sequence[Category], calendar: WorkingCalendar, as_of: dt.datetime) -> None:
        days = dt.timedelta(days=2000), dt.timedelta(days=400)
        self._table = DeadlineTable(calendar, as_of.date() - days[0], as_of.date() + days[1])
        self._limits = [it.limit for it in categories]
        self._calendar = calendar

    def walker(self, deeds: Deeds, category: Whole, used: Floats, random: np.random.Generator) -> Walker:
        """Cases of these categories on one path; ``used``: how much of its limits each uses."""
        return Walker(self, self._limits, deeds, category, used, random.random((len(category), len(deeds))))

    def later(self, starts: Floats, amounts: Floats, unit: Unit) -> Floats:
        """Moments an amount of one unit after others."""
        return self._table.due_at(starts, amounts, unit)

    def resumed(self, due: Floats, paused: Floats, ends: Floats, units: Sequence[Unit]) -> Floats:
        """Deadlines of what was suspended between two moments; one by one, since few are."""
        rows = zip(due.tolist(), paused.tolist(), ends.tolist(), units, strict=True)
        found = (
            resumed(_moment(was), _moment(begin), _moment(end), unit, self._calendar) for was, begin, end, unit in rows
        )
        return np.array([it.timestamp() for it in found])

    def worked_before(self, ends: Floats, hours: Floats) -> Floats:
        """The latest moments from which so many working hours lead to an end or before it."""
        return _latest(lambda starts: self.later(starts, hours, Unit.WORKING_HOURS), ends)


@dataclass(frozen=True)
class Walker:
    """Walks one path with what was drawn for each case, from whatever moments they are reported at."""

    timing: Timing
    limits: Sequence[Limit]
    deeds: Deeds
    category: Whole
    used: Floats
    drawn: Floats

    def walk(self, reported: Floats) -> Walk:
        """When each deed is done."""
        clock = _Clock(self, reported)
        first = clock.due
        moments = np.empty((len(reported), len(self.deeds)))
        for column, deed in enumerate(self.deeds):
            moments[:, column] = clock.do(deed, self.drawn[:, column])
        return Walk(moments, first, clock.due)

    def begin_for(self, last: Floats) -> Floats:
        """When each must have been reported so that its last deed is done by a moment, as late as that can be."""
        return _latest(lambda starts: self.walk(starts).moments[:, -1], last)


class _Clock:
    """The running limit of each case, and when the deed before was done."""

    def __init__(self, walker: Walker, reported: Floats) -> None:
        self._walker = walker
        self._before = self._began = self._paused = reported
        self._limits = self._asked = list(walker.limits)
        self.due = self._of_limit(np.ones(len(reported)))

    def do(self, deed: Deed, drawn: Floats) -> Floats:
        """Do it to all of them; returns when."""
        amount = deed.when.least + (deed.when.most - deed.when.least) * drawn
        if isinstance(deed.when, Share):
            at = self._of_limit(self._walker.used * amount)
        else:
            start = self._before if isinstance(deed.when, Hours) else self._began
            at = np.floor(self._walker.timing.later(start, amount, Unit.WORKING_HOURS))
        self._before = np.maximum(at, self._before + BREATH_S)
        if deed.verb in RESTARTS:
            self._restart(deed.verb)
        if deed.verb == "grant_extension":
            more = [extension_of(limit) for limit in self._asked]
            self.due = self._run(self.due, more, np.ones(len(self._before)))
        if deed.verb == "grant_suspension":
            self._paused = self._before
        if deed.verb == "resume":
            units = [self._limits[category].unit for category in self._walker.category]
            self.due = self._walker.timing.resumed(self.due, self._paused, self._before, units)
        return self._before

    def _restart(self, verb: str) -> None:
        if verb in ("order", *ISSUING):
            self._limits = self._asked = [limit_given(verb, limit) for limit in self._walker.limits]
        else:
            self._limits = [halved(limit) for limit in self._asked]
        self._began = self._before
        self.due = self._of_limit(np.ones(len(self._before)))

    def _of_limit(self, share: Floats) -> Floats:
        """When a share of the running limit has run."""
        return self._run(self._began, self._limits, share)

    def _run(self, starts: Floats, limits: Sequence[Limit], share: Floats) -> Floats:
        """When a share of the limits, by category, has run from some moments on."""
        amounts = np.array([limit.amount for limit in limits])[self._walker.category]
        units = np.array([limit.unit.value for limit in limits])[self._walker.category]
        moments = np.empty(len(share))
        for unit in Unit:
            mine = units == unit.value
            moments[mine] = self._walker.timing.later(starts[mine], amounts[mine] * share[mine], unit)
        return np.floor(moments)


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, SHANGHAI)


def _latest(rule: Callable[[Floats], Floats], ends: Floats) -> Floats:
    """The latest whole seconds for which a rule that never goes back gives no more than ``ends``."""
    least, most = ends - LONGEST_S, ends.copy()
    while (most - least > 1.0).any():
        middle = np.floor((least + most) / 2)
        early = rule(middle) <= ends
        least, most = np.where(early, middle, least), np.where(early, most, middle)
    return np.floor(least)
