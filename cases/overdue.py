"""Whistles still open, by how much of their time is left (超期哨): each with whose desk it is on and since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import connection
from django.db.models import Case as Choose
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Extract, Left, Round
from django.utils import timezone
from numpy.typing import NDArray

from cases.deadlines import SHANGHAI, Limit, Unit, due_at
from cases.features import FILTERS, READERS, conditions
from cases.models import Assignment, Dispatch, OpenWhistle, TraceEvent
from cases.models.calendar import calendar_for
from cases.reminding import in_charge
from cases.workflow import OPEN, RUNNING, State
from gridmap.duties import Standing
from gridmap.features.areal import Areal, Sheet
from gridmap.features.collection import Collection
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters
from gridmap.models import Area
from gridmap.models.ground import Level

# Up to which share of the time left a class goes; what is overdue by a whole limit and more is a class of its own.
CLASSES: Mapping[str, str] = {
    "ok": "余时过半",
    "half": "余时 20–50 %",
    "short": "余时不足 20 %",
    "over": "超期",
    "far_over": "超期一倍时限以上",
    "still": "挂账，不计时",
}
Floats = NDArray[np.float64]
SOON = Limit(24, Unit.WORKING_HOURS)
# An area of each level, for whose desk a state is on whatever the area.
ANYWHERE = "0" * 15


def open_whistles(filters: Filters, standing: Standing) -> QuerySet[OpenWhistle]:
    """Open whistles as filtered; the period is that in which the case was reported, as on every layer."""
    chosen = OpenWhistle.objects.all()
    for condition in conditions(filters, case="case__", moment="case__reported_at"):
        chosen = chosen.filter(condition)
    if filters.department is not None:
        chosen = chosen.filter(unit=filters.department)
    if filters.overdue is not None:
        late = Q(due_at__lt=timezone.now(), case__state__in=sorted(RUNNING))
        chosen = chosen.filter(late if filters.overdue else ~late)
    return chosen


def share_left(now: dt.datetime) -> Any:
    """The share of its time that is left to a whistle, by the clock; below 0 when it is overdue."""
    left, whole = (
        Extract(ExpressionWrapper(span, output_field=DurationField()), "epoch", output_field=FloatField())
        for span in (F("due_at") - Value(now, DateTimeField()), F("due_at") - F("start"))
    )
    return left / Func(whole, Value(1.0), function="greatest", output_field=FloatField())


def class_of(now: dt.datetime) -> Any:
    """The class of a whistle, one of :data:`CLASSES`."""
    whens = [
        When(~Q(case__state__in=sorted(RUNNING)), then=Value("still")),
        *(
            When(**{f"left__{compared}": share}, then=Value(name))
            for name, compared, share in (
                ("ok", "gt", 0.5),
                ("half", "gte", 0.2),
                ("short", "gte", 0),
                ("over", "gt", -1),
            )
        ),
    ]
    return Choose(*whens, default=Value("far_over"))


def overdue_hours(now: dt.datetime) -> Any:
    """Working hours since a whistle was due, one decimal; null while it is not overdue."""
    worked = Func(Value(now, DateTimeField()), function="cases_worked", output_field=FloatField()) - Func(
        F("due_at"), function="cases_worked", output_field=FloatField()
    )
    late = Q(due_at__lt=now, case__state__in=sorted(RUNNING))
    return Choose(When(late, then=Round(worked, 1)), default=None)


def holder() -> Any:
    """Whose desk it is on, in words: the unit asked, or the town and who of it."""
    desks = {state: desk for state in OPEN if (desk := in_charge(state, ANYWHERE, {})) is not None}
    role = Choose(
        *(When(case__state=state, then=Value(str(desk.role.label))) for state, desk in desks.items()), default=Value("")
    )
    town = Area.objects.filter(code=Left(OuterRef("case__current_area"), Level.TOWN.code_length)).values("name")[:1]
    return Coalesce("unit__name", Concat(Coalesce(Subquery(town), Value("")), Value(" "), role))


def since() -> Any:
    """From when it has been where it is: when its unit was asked, or when the last thing happened to the case."""
    last = TraceEvent.objects.filter(case=OuterRef("case")).order_by("-seq").values("at")[:1]
    return Coalesce("since", Subquery(last))


def hops() -> Any:
    """In how many hands it was before: offices it was dispatched to, units ordered or asked to lead."""
    asked_at = Coalesce(OuterRef("since"), Value(timezone.now()))
    passed_on = Dispatch.objects.filter(case=OuterRef("case"), at__lt=asked_at)
    led = Assignment.objects.filter(case=OuterRef("case"), part=Assignment.Part.LEAD, ordered_at__lt=asked_at)
    counts = (it.order_by().values("case").annotate(n=Count("pk")).values("n") for it in (passed_on, led))
    first, second = (Coalesce(Subquery(it), 0) for it in counts)
    return first + second


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    now = timezone.now()
    return open_whistles(filters, standing).annotate(
        left=share_left(now),
        late=class_of(now),
        overdue_hours=overdue_hours(now),
        holder=holder(),
        there_since=since(),
        hops=hops(),
    )


def by_the_minute(question: Question) -> str:
    """Time alone makes another answer of the same whistles."""
    return f"{question.now:%Y%m%d%H%M}"


OVERDUE = Collection(
    id="overdue",
    title="未结的哨和超期",
    rows=_rows,
    key="id",
    geometry=AsGeoJSON("case__public_point", precision=7),
    properties={
        "number": "case__number",
        "category": "case__category_id",
        "category_name": "case__category__name",
        "state": "case__state",
        "level": "level",
        "part": "part",
        "holder": "holder",
        "holder_code": "unit_id",
        "since": "there_since",
        "start": "start",
        "due_at": "due_at",
        "left": Round(F("left"), 3),
        "late": "late",
        "suspended": Choose(When(case__state=State.SUSPENDED, then=Value(True)), default=Value(False)),
        "hops": "hops",
        "overdue_hours": "overdue_hours",
        "area": "case__current_area_id",
        "area_name": "case__current_area__name",
        "town": Left("case__current_area", Level.TOWN.code_length),
        "exact": Choose(When(case__category__sensitive=True, then=Value(False)), default=Value(True)),
    },
    parameters=FILTERS | {"department", "overdue"},
    counters=("cases", "areas", "whistles"),
    readers=READERS,
    turns=by_the_minute,
    default_limit=10_000,
)


def _sums(question: Question) -> Sheet:
    """Sums of open whistles by area, and of all: read in one statement, counted here."""
    level = Level(question.filters.level or Level.TOWN)
    filters, now = replace(question.filters, level=None), question.now
    soon = due_at(now, SOON, calendar_for(now, [SOON]))
    chosen = open_whistles(filters, question.standing).order_by()
    # Django's own Extract would tell the seconds of Shanghai's clock.
    seconds = (
        Func(name, template="extract(epoch FROM %(expressions)s)", output_field=FloatField())
        for name in ("start", "due_at")
    )
    rows = list(chosen.values_list("case__current_area_id", "case__state", *seconds))
    codes, states, start, due = map(np.array, zip(*rows, strict=True)) if rows else (np.array([]),) * 4
    running, at = np.isin(states, sorted(RUNNING)), now.timestamp()
    late = running & (due < at)
    figures = {
        "open": np.ones(len(rows), dtype=bool),
        "suspended": ~running,
        "due_soon": running & (due >= at) & (due <= soon.timestamp()),
        "overdue": late,
    }
    places, which = np.unique(codes.astype(f"U{level.code_length}"), return_inverse=True)
    groups = [np.ones(len(rows), dtype=bool), *(which == n for n in range(len(places)))]
    total, *sums = _told([(group, due[group & late]) for group in groups], figures, at)
    answered = [{"code": code, **its} for code, its in zip(places.tolist(), sums, strict=True)]
    answered = [it for it in answered if len(it["code"]) == level.code_length]
    answered.sort(key=lambda it: (-it["overdue"], it["code"]))
    kinds = classes_of(running, start, due, at)
    head = {
        "level": level.value,
        "total": total,
        "classes": {name: int((kinds == name).sum()) for name in CLASSES},
        "words": dict(CLASSES),
    }
    return Sheet(head, answered)


def classes_of(running: NDArray[np.bool_], start: Floats, due: Floats, at: float) -> NDArray[np.str_]:
    """The class of each, as :func:`class_of` says it in the database; moments in seconds."""
    left = (due - at) / np.maximum(due - start, 1)
    names = list(CLASSES)
    steps = [left > 0.5, left >= 0.2, left >= 0, left > -1]
    return np.where(running, np.select(steps, names[:4], names[4]), names[5])


def _told(
    groups: Sequence[tuple[NDArray[np.bool_], Floats]], figures: Mapping[str, NDArray[np.bool_]], at: float
) -> list[dict[str, Any]]:
    """Each group's figures, with the oldest limit past and the working hours since the middle one."""
    middles = [float(np.sort(late)[(len(late) - 1) // 2]) if len(late) else None for _, late in groups]
    worked = _worked([at, *middles])
    return [
        {
            **{name: int((rows & group).sum()) for name, rows in figures.items()},
            "oldest_due_at": _local(late.min()) if len(late) else None,
            "median_overdue_hours": None if hours is None else round(worked[0] - hours, 1),
        }
        for (group, late), hours in zip(groups, worked[1:], strict=True)
    ]


def _local(seconds: float) -> str:
    return dt.datetime.fromtimestamp(float(seconds), SHANGHAI).isoformat(timespec="seconds")


def _worked(moments: list[float | None]) -> list[Any]:
    """Working hours since the beginning of the count, of each moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cases_worked(to_timestamp(at)) FROM unnest(%s::float8[]) WITH ORDINALITY AS told (at, nth) ORDER BY nth",
            [moments],
        )
        return [hours for (hours,) in cursor.fetchall()]


OVERDUE_SUMS = Areal(
    id="overdue",
    title="未结的哨和超期，按区域合计",
    sheet=_sums,
    fields={
        "code": "区域编码",
        "open": "未结",
        "suspended": "其中挂账",
        "due_soon": "24 工作时内到期",
        "overdue": "超期",
        "median_overdue_hours": "超期工作时的中位数",
        "oldest_due_at": "最早的时限",
    },
    parameters=OVERDUE.parameters - {"limit", "after", "bbox"},
    counters=OVERDUE.counters,
    readers=READERS,
    turns=by_the_minute,
)
