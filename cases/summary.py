"""The headline figures, every rate with its numerator and denominator."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from cases.models import Case
from cases.workflow import DONE, OPEN, State


def rate(numerator: int, denominator: int) -> dict[str, Any]:
    """A share in percent, one decimal, rounded half up (R07); None of nothing."""
    percent = None
    if denominator:
        percent = float(
            (Decimal(numerator) * 100 / Decimal(denominator)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
        )
    return {"numerator": numerator, "denominator": denominator, "percent": percent}


def summary(cases: QuerySet[Case], *, now: dt.datetime) -> dict[str, Any]:
    """Count cases by state, the completion rate as the article counts it, and the on-time rate beside it."""
    counts = cases.aggregate(
        collected=Count("pk"),
        done=Count("pk", filter=Q(state__in=DONE)),
        open=Count("pk", filter=Q(state__in=OPEN)),
        overdue=Count("pk", filter=Q(state__in=OPEN, due_at__lt=now)),
        in_time=Count("pk", filter=Q(state__in=DONE, closed_at__lte=F("due_at"))),
        **{f"in_{state}": Count("pk", filter=Q(state=state)) for state in State.values},
    )
    return {
        "collected": counts["collected"],
        "done": counts["done"],
        "open": counts["open"],
        "overdue": counts["overdue"],
        "states": {state: counts[f"in_{state}"] for state in State.values},
        "completion_rate": rate(counts["done"], counts["collected"]),
        "on_time_rate": rate(counts["in_time"], counts["done"]),
    }
