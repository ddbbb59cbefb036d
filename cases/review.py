"""How things stand in a period, for leaders: every share with what it is a share of, as plain data and no page.

The period is that in which cases were reported, as on every layer of the map; only the time per step is told of cases
that ended in it. Whole months are read from what is counted beforehand.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Count
from scipy.special import gammaincinv

from cases import funnel, summary
from cases.counting import (
    COLLECTED,
    Figures,
    Unfinished,
    begin,
    by_area,
    by_month,
    month_after,
    open_by_area,
    to_level,
    total,
)
from cases.coverage import ENOUGH, Coverage, coverage
from cases.deadlines import SHANGHAI
from cases.features import rows
from cases.models import Whistle
from cases.step_times import step_times
from cases.summary import rate
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.models import Area, Organisation
from gridmap.models.ground import Level

PER_RESIDENTS = 1_000
# Below these a place is neither ranked nor judged: chance alone would put small ones first and last.
FEWEST_CASES, FEWEST_RESIDENTS, FEWEST_OPEN = 10, 100, 5
TOO_FEW = "too_few"
# How many places are named.
TOP = 10
# What the mean of all departments weighs in each one's shrunken mean, in results (DOMAIN 5.4).
WEIGHT_OF_ALL = 5
CURVE_POINTS = 60
RATES = ("completion_rate", "on_time_rate", "survey_rate", "solved_rate", "satisfaction")


@dataclass(frozen=True)
class Review:
    """The figures, each part as it goes out; see the function of the same name in this module for what is in it."""

    headline: Mapping[str, Any]
    trend: list[dict[str, Any]]
    funnel: Mapping[str, Any]
    places: Mapping[str, Any]
    departments: Mapping[str, Any]
    steps: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """All parts, for JSON."""
        return asdict(self)


def review(filters: Filters, *, now: dt.datetime) -> Review:
    """The figures of the cases that filters mean, as things stand at a moment. ``filters.level`` is not looked at."""
    filters = replace(filters, level=None)
    district = by_area(replace(filters, area=None))
    figures = {code: its for code, its in district.items() if code.startswith(filters.area or "")}
    unfinished = open_by_area(filters, now=now)
    named = _places()
    return Review(
        headline=headline(filters, figures, now=now),
        trend=trend(filters, now=now),
        funnel=whistle_funnel(filters, district, named),
        places=places(figures, unfinished, named),
        departments=departments(filters, now=now),
        steps=step_times(filters),
    )


class Named(NamedTuple):
    """What is said of an area."""

    name: str
    town: str
    residents: int


def _places() -> dict[str, Named]:
    """Every town, community and grid by its code."""
    known = list(Area.objects.exclude(level=Level.DISTRICT).order_by().values_list("code", "name", "residents"))
    names = {code: name for code, name, _ in known}
    length = Level.TOWN.code_length
    return {code: Named(name, names.get(code[:length], ""), residents) for code, name, residents in known}


# ---- headline and trend -------------------------------------------------------------------------------------------


def headline(filters: Filters, figures: Mapping[str, Figures], *, now: dt.datetime) -> dict[str, Any]:
    """The summary, and beside it how many were done in time and the share that patrols found."""
    told = summary.headline(filters, now=now)
    collected, patrol = (sum(getattr(its, name) for its in figures.values()) for name in ("collected", "patrol"))
    return {
        **{name: told[name] for name in ("collected", "done", "open", "overdue")},
        "in_time": told["on_time_rate"]["numerator"],
        "patrol_rate": rate(patrol, collected),
        **{name: told[name] for name in RATES},
    }


def trend(filters: Filters, *, now: dt.datetime) -> list[dict[str, Any]]:
    """Cases by the month they were reported in, and what has become of them by now; no month between is left out.

    ``whole`` is false where the period or the present cuts a month: fewer cases there mean nothing.
    """
    counted = by_month(filters)
    if not counted:
        return []
    found, month, last = [], min(counted), max(counted)
    while month <= last:
        its = counted.get(month, Figures())
        after = month_after(month)
        whole = (
            after <= now.astimezone(SHANGHAI).date()
            and (filters.since is None or filters.since <= begin(month))
            and (filters.until is None or filters.until >= begin(after))
        )
        found.append(
            {
                "month": f"{month:%Y-%m}",
                "whole": whole,
                "collected": its.collected,
                "done": its.done,
                "in_time": its.in_time,
                "on_time_rate": rate(its.in_time, its.done),
                "patrol_rate": rate(its.patrol, its.collected),
            }
        )
        month = after
    return found


# ---- whistles by community ----------------------------------------------------------------------------------------


def whistle_funnel(filters: Filters, district: Mapping[str, Figures], named: Mapping[str, Named]) -> dict[str, Any]:
    """The share of cases whistled up to the town, by community, beside what chance alone explains.

    The middle is the whole district's share, whatever ``filters.area`` says. ``curve`` are the limits to draw, in
    percent; ``by_chance``: how many of the places judged chance alone would put outside, at most.
    A place with fewer cases than ``floor`` is not judged.
    """
    counted = to_level(district, Level.COMMUNITY)
    whistled = _whistled(replace(filters, area=None))
    n, k = total(district.values()).collected, sum(whistled.values())
    share = k / n if n else 0.0
    shown = sorted(code for code, its in counted.items() if its.collected and _concerns(code, filters.area))
    cases = np.array([counted[code].collected for code in shown], dtype=np.int64)
    blown = np.array([whistled.get(code, 0) for code in shown], dtype=np.int64)
    judged = [n >= FEWEST_CASES for n in cases]
    kinds = [
        kind if enough else TOO_FEW for kind, enough in zip(funnel.classes(blown, cases, share), judged, strict=True)
    ]
    return {
        "whistle_rate": rate(k, n),
        "rows": [
            {
                "code": code,
                "name": named[code].name if code in named else code,
                "town": named[code].town if code in named else "",
                "whistle_rate": rate(int(its), int(of)),
                "class": kind,
            }
            for code, its, of, kind in zip(shown, blown, cases, kinds, strict=True)
        ],
        "floor": FEWEST_CASES,
        "classes": {kind: kinds.count(kind) for kind in (*funnel.CLASSES, TOO_FEW)},
        "by_chance": {level: round(2 * beyond * sum(judged), 1) for level, beyond in funnel.SHARES.items()},
        "curve": _curve(share, int(cases.max()) if len(cases) else 0),
    }


def _concerns(code: str, area: str | None) -> bool:
    """Whether a community is in the area asked for, or around it."""
    return area is None or code.startswith(area) or area.startswith(code)


def _whistled(filters: Filters) -> dict[str, int]:
    """How many of the cases collected were whistled up to the town, by community; "" for none."""
    blown = rows(filters, NOBODY).filter(COLLECTED, whistles__level=Whistle.Level.TOWN)
    length = Level.COMMUNITY.code_length
    found: defaultdict[str, int] = defaultdict(int)
    for code, n in blown.order_by().values_list("current_area").annotate(Count("pk")):
        found[code[:length] if len(code) >= length else ""] += n
    return dict(found)


def _curve(share: float, most: int) -> list[dict[str, Any]]:
    """The limits at numbers of cases from 1 to a little over the most, closer together where the funnel bends."""
    if most == 0:
        return []
    n = np.unique(np.round(np.geomspace(1, most * 1.05 + 1, CURVE_POINTS)).astype(np.int64))
    ends = {
        f"{side}_{level}": np.round(100 * values, 2).tolist()
        for level in funnel.SHARES
        for side, values in zip(("lower", "upper"), funnel.limits(n, share, level), strict=True)
    }
    return [{"n": int(at), **{name: values[i] for name, values in ends.items()}} for i, at in enumerate(n)]


# ---- places that stand out ----------------------------------------------------------------------------------------


def places(
    figures: Mapping[str, Figures], unfinished: Mapping[str, Unfinished], named: Mapping[str, Named]
) -> dict[str, Any]:
    """By communities and by grids: where most is reported for 1,000 residents, and where most is overdue."""
    found: dict[str, Any] = {"floor": {"cases": FEWEST_CASES, "residents": FEWEST_RESIDENTS, "open": FEWEST_OPEN}}
    for level in (Level.COMMUNITY, Level.GRID):
        found[level.value] = {
            "busiest": _busiest(to_level(figures, level), named),
            "overdue": _most_overdue(to_level(unfinished, level), named),
        }
    return found


def _busiest(counted: Mapping[str, Figures], named: Mapping[str, Named]) -> dict[str, Any]:
    """Cases for 1,000 residents, most first; too few cases or residents make no rank."""
    with_cases = {code: its.collected for code, its in counted.items() if its.collected and code in named}
    enough = {
        code: n for code, n in with_cases.items() if n >= FEWEST_CASES and named[code].residents >= FEWEST_RESIDENTS
    }
    ranked = sorted(enough.items(), key=lambda it: (-it[1] / named[it[0]].residents, it[0]))
    return {
        "ranked": len(enough),
        "too_few": len(with_cases) - len(enough),
        "rows": [
            {
                "rank": nth,
                **_said(code, named),
                "collected": n,
                "residents": named[code].residents,
                "per_1000": round(PER_RESIDENTS * n / named[code].residents, 1),
                "interval": _poisson_interval(n, named[code].residents),
            }
            for nth, (code, n) in enumerate(ranked[:TOP], start=1)
        ],
    }


def _poisson_interval(n: int, residents: int) -> tuple[float, float]:
    """Where the rate for 1,000 residents lies with 95 % confidence: exact, after Garwood (1936)."""
    ends = (gammaincinv(n, 0.025), gammaincinv(n + 1, 0.975))
    low, high = (round(float(end) * PER_RESIDENTS / residents, 1) for end in ends)
    return low, high


def _most_overdue(unfinished: Mapping[str, Unfinished], named: Mapping[str, Named]) -> dict[str, Any]:
    """Open cases past their limit, most first; where few are open there is no rank, and these come after the others."""
    some = [(code, its) for code, its in unfinished.items() if its.overdue and code in named]
    some.sort(key=lambda it: (it[1].open < FEWEST_OPEN, -it[1].overdue, it[0]))
    return {
        "places": len(some),
        "rows": [
            {
                "rank": nth if its.open >= FEWEST_OPEN else None,
                **_said(code, named),
                "overdue": its.overdue,
                "open": its.open,
            }
            for nth, (code, its) in enumerate(some[:TOP], start=1)
        ],
    }


def _said(code: str, named: Mapping[str, Named]) -> dict[str, str]:
    return {"code": code, "name": named[code].name, "town": named[code].town}


# ---- departments --------------------------------------------------------------------------------------------------


def departments(filters: Filters, *, now: dt.datetime) -> dict[str, Any]:
    """What departments were asked by letter and how they answered, in all towns the filters mean; ranked first.

    The rank is by the mean result, drawn towards that of all so far as few results stand behind it, and only from five
    results on (DOMAIN 5.4). Where one department alone is asked about there is no rank.
    """
    asked: defaultdict[str, list[Coverage]] = defaultdict(list)
    for place, its in coverage(filters, level=Level.TOWN, now=now).items():
        asked[place.unit].append(its)
    found = {unit: together(its) for unit, its in asked.items()}
    every = together(found.values())
    shrunk = {} if every.mean_result is None else {unit: _shrunken(its, every) for unit, its in found.items()}
    if filters.department is not None:
        shrunk = {}
    ranked = sorted(
        (unit for unit, its in found.items() if its.scored >= ENOUGH and unit in shrunk),
        key=lambda unit: (-shrunk[unit], unit),
    )
    names = dict(Organisation.objects.filter(code__in=found).values_list("code", "name"))
    order = [*ranked, *sorted(found.keys() - set(ranked), key=lambda unit: (-found[unit].demanded, unit))]
    return {
        "floor": ENOUGH,
        "total": _department(every),
        "rows": [
            {
                "rank": ranked.index(unit) + 1 if unit in ranked else None,
                "code": unit,
                "name": names.get(unit, unit),
                **_department(found[unit]),
                "shrunken_mean": round(shrunk[unit], 2) if unit in ranked else None,
            }
            for unit in order
        ],
    }


def together(parts: Iterable[Coverage]) -> Coverage:
    """The sums of several."""
    every = list(parts)
    if not every:
        return Coverage()
    sums = {name: sum(getattr(part, name) for part in every) for name in Coverage._fields if name != "hours"}
    return Coverage(**sums, hours=tuple(map(sum, zip(*(part.hours for part in every), strict=True))))


def _shrunken(its: Coverage, every: Coverage) -> float:
    """(n·A + 5·μ) / (n + 5)."""
    mean = float(every.points) / every.scored
    return (float(its.points) + WEIGHT_OF_ALL * mean) / (its.scored + WEIGHT_OF_ALL)


def _department(its: Coverage) -> dict[str, Any]:
    return {
        "demanded": its.demanded,
        "waiting": its.waiting,
        "arrived": its.arrived,
        "arrival_rate": rate(its.arrived_in_time, its.fell_due),
        "median_hours": its.median_hours,
        "done": its.done,
        "done_rate": rate(its.done_in_time, its.done),
        "overdue": its.late,
        "scored": its.scored,
        "mean_result": its.mean_result,
        "interval": its.interval,
    }
