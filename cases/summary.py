"""The headline figures, every rate with its numerator and denominator."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from cases.models import Case, SurveyAnswer
from cases.workflow import DONE, OPEN, RUNNING, State


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


def summary(cases: QuerySet[Case], *, now: dt.datetime) -> dict[str, Any]:
    """Count cases by state, the completion rate as the article counts it, the on-time rate beside it, what reporters say."""
    counts = cases.aggregate(
        # What was merged is counted as the one it is part of.
        collected=Count("pk", filter=~Q(state=State.MERGED)),
        done=Count("pk", filter=Q(state__in=DONE)),
        open=Count("pk", filter=Q(state__in=OPEN)),
        overdue=Count("pk", filter=Q(state__in=RUNNING, due_at__lt=now)),
        in_time=Count("pk", filter=Q(state__in=DONE, closed_at__lte=F("due_at"))),
        **{f"in_{state}": Count("pk", filter=Q(state=state)) for state in State.values},
    )
    said = (
        SurveyAnswer.objects.counted()
        .filter(case__in=cases)
        .aggregate(
            answers=Count("pk"),
            solved=Count("pk", filter=Q(solved=SurveyAnswer.Solved.YES)),
            points=Sum("satisfaction", default=0),
        )
    )
    return {
        "collected": counts["collected"],
        "done": counts["done"],
        "open": counts["open"],
        "overdue": counts["overdue"],
        "states": {state: counts[f"in_{state}"] for state in State.values},
        "completion_rate": rate(counts["done"], counts["collected"]),
        "on_time_rate": rate(counts["in_time"], counts["done"]),
        "survey_rate": rate(said["answers"], counts["done"]),
        "solved_rate": rate(said["solved"], said["answers"]),
        "satisfaction": mean(said["points"], said["answers"]),
    }
