"""How long cases stay in each of the nine steps (R44): working hours, told by the trace of those that ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from cases.features import rows
from cases.workflow import RUNNING, STEP_OF, State, Step
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters

# The trace is long: of more cases than these only the latest are looked at, and the answer says so.
LATEST = 5_000
# Of fewer cases nobody can say what nine of ten stay within.
ENOUGH_FOR_TENTHS = 10


def step_times(filters: Filters, *, latest: int = LATEST) -> dict[str, Any]:
    """By step: how many cases were in it, median and 90th percentile of the working hours each spent there in all.

    Of cases that ended in the period, the ``latest`` at most. No time is counted while a case is suspended, and after
    it was closed only until it was evaluated.
    """
    chosen = _ended(filters)[: latest + 1]
    found: dict[int, tuple[int, float, float]] = {}
    counted = 0
    sql, values = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        states = sorted(_COUNTED)
        cursor.execute(
            _STATEMENT.format(ended=sql), [*values, latest, states, [STEP_OF[State(it)].value for it in states]]
        )
        for step, n, median, tenth in cursor.fetchall():
            if step is None:
                counted = n
            else:
                found[step] = (n, median, tenth)
    return {
        "counted": min(counted, latest),
        "latest_only": counted > latest,
        "rows": [_row(step, *found.get(step.value, (0, None, None))) for step in Step],
    }


def _ended(filters: Filters) -> QuerySet[Any, Any]:
    """Cases that ended in the period, the latest first."""
    chosen = rows(replace(filters, since=None, until=None), NOBODY).exclude(closed_at=None)
    if filters.since is not None:
        chosen = chosen.filter(closed_at__gte=filters.since)
    if filters.until is not None:
        chosen = chosen.filter(closed_at__lt=filters.until)
    return chosen.order_by("-closed_at", "-id").values("id", "state", "closed_at")


def _row(step: Step, n: int, median: float | None, tenth: float | None) -> dict[str, Any]:
    return {
        "step": step.value,
        "name": step.label,
        "n": n,
        "median_hours": None if median is None else round(median, 1),
        "p90_hours": None if tenth is None or n < ENOUGH_FOR_TENTHS else round(tenth, 1),
    }


_COUNTED = RUNNING | {State.CLOSED}
# Asking for each moment what was worked before it takes 33 µs; so it is asked once for each midnight, and the hours of
# the day itself are added here, as :func:`cases_worked` counts them.
_STATEMENT = """
WITH latest AS MATERIALIZED ({ended}),
ended AS (SELECT id, state FROM latest ORDER BY closed_at DESC, id DESC LIMIT %s),
moments AS MATERIALIZED (
    SELECT trace.case_id, trace.seq, trace.to_state, ended.state, (trace.at AT TIME ZONE 'Asia/Shanghai') AS at
    FROM ended JOIN cases_traceevent AS trace ON trace.case_id = ended.id
),
midnights AS MATERIALIZED (
    SELECT day::date, cases_worked(day AT TIME ZONE 'Asia/Shanghai') AS before
    FROM (SELECT min(at)::date AS first, max(at)::date + 1 AS last FROM moments) AS told,
         generate_series(first::timestamp, last::timestamp, '1 day') AS day
),
days AS (SELECT day, before, lead(before) OVER (ORDER BY day) > before AS works FROM midnights),
worked AS (
    SELECT case_id, seq, to_state, state, before + CASE WHEN works
           THEN least(greatest(hour - 8, 0), 4) + least(greatest(hour - 14, 0), 4) ELSE 0 END AS worked
    FROM (SELECT *, extract(epoch FROM at::time)::float8 / 3600 AS hour FROM moments) AS moments
    JOIN days ON days.day = moments.at::date
),
stays AS (
    SELECT case_id, to_state, state,
           lead(worked) OVER (PARTITION BY case_id ORDER BY seq) - worked AS spent
    FROM worked
),
step_of AS (SELECT * FROM unnest(%s::varchar[], %s::int[]) AS it (in_state, step)),
spent AS (
    SELECT case_id, step, sum(spent) AS spent FROM stays JOIN step_of ON in_state = to_state
    WHERE spent IS NOT NULL AND (to_state <> 'closed' OR state = 'evaluated')
    GROUP BY case_id, step
)
SELECT step, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY spent), percentile_cont(0.9) WITHIN GROUP (ORDER BY spent)
FROM spent GROUP BY step
UNION ALL SELECT NULL, count(*), NULL, NULL FROM latest
"""
