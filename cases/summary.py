"""The headline figures, every rate with its numerator and denominator."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from cases.counting import split
from cases.features import rows
from cases.models import Case, SurveyAnswer
from cases.models.case import late
from cases.totals import AREAS, asked, counted, fetched
from cases.workflow import DONE, OPEN, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters


def rate(numerator: int, denominator: int) -> dict[str, Any]:
    """A share in percent, one decimal, rounded half up (R07); None of nothing."""
    return _counted_from(numerator, denominator, "percent", numerator * 100, "0.1")


def mean(total: int, count: int) -> dict[str, Any]:
    """A mean, two decimals, rounded half up; None of nothing."""
    return _counted_from(total, count, "mean", total, "0.01")


def _counted_from(numerator: int, denominator: int, name: str, shown: int, step: str) -> dict[str, Any]:
    share = None
    if denominator:
        share = float((Decimal(shown) / Decimal(denominator)).quantize(Decimal(step), rounding=ROUND_HALF_UP))
    return {"numerator": numerator, "denominator": denominator, name: share}


SAID = ("answers", "solved", "points")
ENDED = ("collected", "merged", "refused", "evaluated", "done", "in_time")


def headline(filters: Filters, *, now: dt.datetime) -> dict[str, Any]:
    """The summary of the cases that filters mean: whole months from the counts, the odd days and what is open from the cases."""
    months, rest = split(filters, known=("area",))
    if months is None:
        return summary(rows(filters, NOBODY), now=now)
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in (*ENDED, *SAID))
    (kept,) = fetched(asked(sums, counted(AREAS, months), filters))
    parts = [dict(zip((*ENDED, *SAID), kept, strict=True))]
    for part in rest:
        cases = rows(part, NOBODY)
        parts.append(_ended(cases) | _said(cases))
    whole = {name: sum(part[name] for part in parts) for name in (*ENDED, *SAID)}
    return _told(whole, _unfinished(rows(filters, NOBODY).filter(closed_at=None), now))


def summary(cases: QuerySet[Case], *, now: dt.datetime) -> dict[str, Any]:
    """Count cases by state, the completion rate as the article counts it, the on-time rate beside it, what reporters say."""
    return _told(_ended(cases) | _said(cases), _unfinished(cases.filter(closed_at=None), now))


def _ended(cases: QuerySet[Case]) -> dict[str, int]:
    """How many there are, and how many of them ended how. What was merged is counted as the one it is part of."""
    return cases.aggregate(
        collected=Count("pk", filter=~Q(state=State.MERGED)),
        done=Count("pk", filter=Q(state__in=DONE)),
        in_time=Count("pk", filter=Q(state__in=DONE, closed_at__lte=F("due_at"))),
        **{name: Count("pk", filter=Q(state=name)) for name in (State.MERGED, State.REFUSED, State.EVALUATED)},
    )


def _said(cases: QuerySet[Case]) -> dict[str, int]:
    """What reporters said of them, the last word of each."""
    return (
        SurveyAnswer.objects.counted()
        .filter(case__in=cases)
        .aggregate(
            answers=Count("pk"),
            solved=Count("pk", filter=Q(solved=SurveyAnswer.Solved.YES)),
            points=Sum("satisfaction", default=0),
        )
    )


def _unfinished(cases: QuerySet[Case], now: dt.datetime) -> dict[str, int]:
    """How many are open in each state, and past their limit: they are few."""
    by_state = cases.order_by().values_list("state").annotate(n=Count("pk"), overdue=Count("pk", filter=late(now)))
    found = {state: (n, overdue) for state, n, overdue in by_state}
    states = {state.value: found.get(state, (0, 0))[0] for state in OPEN}
    return states | {"overdue": sum(overdue for _, overdue in found.values())}


def _told(sums: dict[str, int], unfinished: dict[str, int]) -> dict[str, Any]:
    ended = {
        State.CLOSED: sums["done"] - sums["evaluated"],
        State.EVALUATED: sums["evaluated"],
        State.REFUSED: sums["refused"],
        State.MERGED: sums["merged"],
    }
    states = {state.value: ended[state] if state in ended else unfinished[state] for state in State}
    return {
        "collected": sums["collected"],
        "done": sums["done"],
        "open": sum(unfinished[state] for state in OPEN),
        "overdue": unfinished["overdue"],
        "states": states,
        "completion_rate": rate(sums["done"], sums["collected"]),
        "on_time_rate": rate(sums["in_time"], sums["done"]),
        "survey_rate": rate(sums["answers"], sums["done"]),
        "solved_rate": rate(sums["solved"], sums["answers"]),
        "satisfaction": mean(sums["points"], sums["answers"]),
    }
