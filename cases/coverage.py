"""Which departments came when a town asked them, how soon, and with what result (部门到位): by department and area.

A demand is an assignment by letter that still stands, of the period in which its case was reported, as on every layer
of the map. No demand is not bad coverage: where nothing was demanded there is no row.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from operator import add
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Left
from scipy.special import stdtrit

from cases.counting import split
from cases.features import Arrival, came, conditions
from cases.models import Assignment
from cases.models.case import late
from cases.models.counts import HOURS
from cases.totals import CLASSES, UNITS, Months, asked, counted, fetched
from gridmap.features.parameters import Filters
from gridmap.models import Area, PowerGrant, StationedStaff
from gridmap.models.ground import Level

# Fewer demands than this are too few to judge anybody by (DOMAIN 5.6).
ENOUGH = 5
# A department that comes in time less often than this, where it is asked often enough, leaves a gap.
GAP_PERCENT = 60
PER_RESIDENTS = 10_000
# Of 100 intervals so many hold the true mean.
CONFIDENCE = 95


class Place(NamedTuple):
    """A department and an area: codes."""

    unit: str
    area: str


class Coverage(NamedTuple):
    """What a department was asked in an area and how it answered.

    ``hours`` counts those that came by the working hours it took (:data:`cases.models.counts.HOURS`, and more).
    ``waiting``: not come yet, and the limit for that has not passed. ``late``: not done, and past its limit.
    """

    demanded: int = 0
    arrived: int = 0
    arrived_in_time: int = 0
    done: int = 0
    done_in_time: int = 0
    scored: int = 0
    points: Decimal = Decimal(0)
    squares: Decimal = Decimal(0)
    hours: tuple[int, ...] = (0,) * (len(HOURS) + 1)
    waiting: int = 0
    late: int = 0

    @property
    def fell_due(self) -> int:
        """How many have come, or should have by now: what the share of those in time is a share of."""
        return self.demanded - self.waiting

    @property
    def percent_in_time(self) -> float | None:
        """The share that came in time; None of nothing."""
        return round(100 * self.arrived_in_time / self.fell_due, 1) if self.fell_due else None

    @property
    def median_hours(self) -> float | None:
        """Working hours until half of those that came had come, straight lines within a class; None where nobody came.

        The last class has no end: whatever lies in it is said to be its beginning, at least.
        """
        half, before = sum(self.hours) / 2, 0
        for count, start, end in zip(self.hours, (0, *HOURS), (*HOURS, HOURS[-1]), strict=True):
            if count and before + count >= half:
                return round(start + (end - start) * (half - before) / count, 1)
            before += count
        return None

    @property
    def mean_result(self) -> float | None:
        """The mean of the results; None before there is one."""
        return round(float(self.points) / self.scored, 2) if self.scored else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the mean lies with 95 % confidence (Student 1908), within 0 and 100; None where there are too few results."""
        if self.scored < ENOUGH:
            return None
        mean = float(self.points) / self.scored
        variance = max(0.0, (float(self.squares) - self.scored * mean**2) / (self.scored - 1))
        reach = stdtrit(self.scored - 1, 0.5 + CONFIDENCE / 200) * sqrt(variance / self.scored)
        return round(max(0.0, float(mean - reach)), 1), round(min(100.0, float(mean + reach)), 1)


def coverage(filters: Filters, *, level: Level, now: dt.datetime, together: bool = False) -> dict[Place, Coverage]:
    """By department and area of a level, towns or communities; what lies in no area so low is left out of communities.

    ``together``: all departments as one, whose code is "".
    """
    months, rest = split(filters, known=("area", "department"))
    if filters.area is not None and len(filters.area) > level.code_length:
        months, rest = None, [filters]  # the counts know of nothing so low
    found: dict[Place, list[Any]] = {}
    for rows in (
        *([] if months is None else [_from_months(months, filters, level)]),
        *(_from_rows(part, level, now) for part in rest),
        _standing_now(filters, level, now),
    ):
        for unit, area, *figures in rows:
            if len(area) == level.code_length:
                place = Place("" if together else unit, area)
                found[place] = list(map(add, found[place], figures)) if place in found else figures
    return {place: _read(sums) for place, sums in found.items() if sums[0]}


# What a row has after department and area, in the order of Coverage, with the classes as its hours.
SUMS = ("demanded", "arrived", "arrived_in_time", "done", "done_in_time", "scored", "points", "squares")
# waiting, late
NOT_NOW = (0, 0)
# Kept in hundredths and ten-thousandths.
IN_POINTS = {"points": "points * 0.01", "squares": "squares * 0.0001"}


def _read(sums: list[Any]) -> Coverage:
    end = len(SUMS) + len(CLASSES)
    return Coverage._make([*sums[: len(SUMS)], tuple(sums[len(SUMS) : end]), *sums[end:]])


def _from_months(months: Months, filters: Filters, level: Level) -> Iterable[tuple[Any, ...]]:
    figures = ", ".join(IN_POINTS.get(name, name) for name in (*SUMS, *CLASSES))
    kept = asked(f"unit, area, {figures}", counted(UNITS, months), filters, more={"digits = %s": level.code_length})
    return ((*row, *NOT_NOW) for row in fetched(kept))


def _from_rows(filters: Filters, level: Level, now: dt.datetime) -> Iterable[tuple[Any, ...]]:
    bounds = [(-1, HOURS[0]), *zip(HOURS, (*HOURS[1:], 10**6), strict=True)]
    sums: dict[str, Any] = {
        "demanded": Count("pk"),
        "arrived": Count("pk", filter=came(Arrival.ARRIVED, now)),
        "arrived_in_time": Count("pk", filter=came(Arrival.IN_TIME, now)),
        "done": Count("pk", filter=Q(finished_at__isnull=False)),
        "done_in_time": Count("pk", filter=Q(finished_at__lte=F("due_at"))),
        "scored": Count("result"),
        "points": Sum("result__total", default=Decimal(0)),
        "squares": Sum(F("result__total") * F("result__total"), default=Decimal(0)),
    } | {
        f"class_{n}": Count("pk", filter=Q(arrival_minutes__gt=60 * low, arrival_minutes__lte=60 * high))
        for n, (low, high) in enumerate(bounds)
    }
    summed = _demands(filters, level).annotate(**{f"all_{name}": value for name, value in sums.items()})
    return ((*row, *NOT_NOW) for row in summed)


def _standing_now(filters: Filters, level: Level, now: dt.datetime) -> Iterable[tuple[Any, ...]]:
    """What time alone changes: few are not done yet, so they are always asked of the rows."""
    # Where a letter binds the case is known to be with departments, and open: so the index of those finds them.
    standing = _demands(filters, level).filter(finished_at=None, case__closed_at=None, case__by_letter=True)
    waiting = Count("pk", filter=came(Arrival.WAITING, now))
    overdue = Count("pk", filter=late(now, case="case__"))
    nothing = [0] * (len(SUMS) + len(CLASSES))
    return ((unit, area, *nothing, *its) for unit, area, *its in standing.annotate(waiting=waiting, overdue=overdue))


def _demands(filters: Filters, level: Level) -> QuerySet[Any]:
    """Assignments the filters mean, grouped by department and by areas of a level."""
    asked_for = conditions(filters, case="case__", moment="case__reported_at")
    if filters.department is not None:
        asked_for.append(Q(unit=filters.department))
    chosen = Assignment.objects.filter(*asked_for, letter__isnull=False, withdrawn_at=None)
    return chosen.order_by().values_list("unit", Left("case__current_area", level.code_length))


# ---- supply, and where demand meets none --------------------------------------------------------------------------


@dataclass(frozen=True)
class Supply:
    """What a department has put into a town: people stationed there and powers handed down, and residents to serve."""

    stationed: int
    powers: int
    residents: int

    @property
    def per_10k(self) -> float | None:
        """People stationed for every 10,000 residents; None where nobody lives."""
        return round(PER_RESIDENTS * self.stationed / self.residents, 2) if self.residents else None


def supply(*, on: dt.date, area: str = "", department: str | None = None) -> dict[Place, Supply]:
    """By department and town on a day; vacant posts are nobody. Only where there is something.

    ``area``: within it, or for a part of a town: that town, whose people serve all of it.
    """
    within = area[: Level.TOWN.code_length]
    staffed = StationedStaff.objects.on(on).filter(area__code__startswith=within, person__isnull=False)
    granted = PowerGrant.objects.on(on).filter(area__code__startswith=within)
    if department is not None:
        staffed, granted = staffed.filter(home=department), granted.filter(power__department=department)
    people = staffed.order_by().values_list("home", "area").annotate(Count("person", distinct=True))
    powers = granted.order_by().values_list("power__department", "area").annotate(Count("power", distinct=True))
    found: defaultdict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for column, rows in enumerate((people, powers)):
        for unit, town, n in rows:
            found[Place(unit, town)][column] = n
    residents = dict(Area.objects.filter(level=Level.TOWN).values_list("code", "residents"))
    return {place: Supply(n, handed, residents.get(place.area) or 0) for place, (n, handed) in found.items()}


class Gap(NamedTuple):
    """A department that is not there for a town, and why it is said so."""

    place: Place
    reason: str


def gaps(demand: Mapping[Place, Coverage], offered: Mapping[Place, Supply]) -> list[Gap]:
    """Where a department is asked often and seldom comes in time, or is asked and has nobody there; the worst first."""
    late, nobody = [], []
    for place, its in demand.items():
        share = its.percent_in_time
        if its.fell_due >= ENOUGH and share is not None and share < GAP_PERCENT:
            late.append((share, Gap(place, f"按时报到 {share:g} %，低于 {GAP_PERCENT} %")))
        elif place not in offered or not offered[place].stationed:
            nobody.append((-its.demanded, Gap(place, "有需求，没有派驻人员")))
    return [gap for _, gap in (*sorted(late), *sorted(nobody))]
