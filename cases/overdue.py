"""Whistles still open, by how much of their time is left (超期哨): each with whose desk it is on and since when."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any, NamedTuple

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Case as Choose
from django.db.models import (
    CharField,
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
from django.db.models.functions import Coalesce, Concat, Extract, Greatest, Left, Round
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual
from django.utils import timezone

from cases.deadlines import SHANGHAI, Limit, Unit, due_at
from cases.features import FILTERS, READERS, by_the_minute, conditions, exact
from cases.models import Assignment, Dispatch, OpenWhistle, TraceEvent
from cases.models.calendar import calendar_for
from cases.models.case import late
from cases.reminding import in_charge
from cases.workflow import OPEN, RUNNING, State
from gridmap.duties import Standing
from gridmap.features.areal import Areal, Sheet, level_of
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
SOON = Limit(24, Unit.WORKING_HOURS)
# An area of each level, for whose desk a state is on whatever the area.
ANYWHERE = "0" * 15


def open_whistles(filters: Filters, standing: Standing) -> QuerySet[OpenWhistle]:
    """Open whistles as filtered; the period is that in which the case was reported, as on every layer."""
    # Only open cases have open whistles; said again, it lets the database look into their index alone.
    chosen = OpenWhistle.objects.filter(case__closed_at=None)
    for condition in conditions(filters, case="case__", moment="case__reported_at"):
        chosen = chosen.filter(condition)
    if filters.department is not None:
        chosen = chosen.filter(unit=filters.department)
    if filters.soon is not None:
        soon = due_soon(timezone.now())
        chosen = chosen.filter(soon if filters.soon else ~soon)
    return chosen


def due_soon(now: dt.datetime) -> Q:
    """Open whistles whose limit is near: it passes within :data:`SOON`, by the calendar."""
    return Q(due_at__range=(now, due_at(now, SOON, calendar_for(now, [SOON]))), case__state__in=sorted(RUNNING))


def _span(until: Any, since: Any) -> Any:
    return ExpressionWrapper(until - since, output_field=DurationField())


def _left(now: dt.datetime) -> Any:
    return _span(F("due_at"), Value(now, DateTimeField()))


# A unit that has to do it again has its time from then on.
WHOLE = Greatest(_span(F("due_at"), Coalesce("since", "start")), Value(dt.timedelta(seconds=1)))


def share_left(now: dt.datetime) -> Any:
    """The share of its time that is left to a whistle, by the clock; below 0 when it is overdue."""
    left, whole = (Extract(span, "epoch", output_field=FloatField()) for span in (_left(now), WHOLE))
    return left / whole


def class_of(now: dt.datetime) -> Any:
    """The class of a whistle, one of :data:`CLASSES`: spans are compared, which is exact and quick, and not their shares."""

    def left(times: int) -> Any:
        return ExpressionWrapper(_left(now) * times, output_field=DurationField())

    return Choose(
        When(~Q(case__state__in=sorted(RUNNING)), then=Value("still")),
        When(GreaterThan(left(2), WHOLE), then=Value("ok")),
        When(GreaterThanOrEqual(left(5), WHOLE), then=Value("half")),
        When(due_at__gte=now, then=Value("short")),
        When(GreaterThan(WHOLE, left(-1)), then=Value("over")),
        default=Value("far_over"),
    )


def overdue_hours(now: dt.datetime) -> Any:
    """Working hours since a whistle was due, one decimal; null while it is not overdue."""
    worked = Func(Value(now, DateTimeField()), function="cases_worked", output_field=FloatField()) - Func(
        F("due_at"), function="cases_worked", output_field=FloatField()
    )
    return Choose(When(late(now, case="case__"), then=Round(worked, 1)), default=None)


# Where the town's office has a case that it was dispatched to, and whoever else has it by the size of the area.
AT_THE_OFFICE = sorted(
    state for state in OPEN if (desk := in_charge(state, ANYWHERE, {"office": "any"})) is not None and desk.is_unit
)
ROLES = {
    (state, level): str(desk.role.label)
    for state in sorted(OPEN)
    for level in Level
    if (desk := in_charge(state, ANYWHERE[: level.code_length], {})) is not None
}


def _office(column: str) -> Any:
    """Something of the office that a case was dispatched to last, while it is there."""
    last = Dispatch.objects.filter(case=OuterRef("case")).order_by("-pk").values(column)[:1]
    return Choose(When(case__state__in=AT_THE_OFFICE, then=Subquery(last)), default=None)


def holder() -> Any:
    """Whose desk it is on, in words: the unit asked, the office it was dispatched to, or the town and who of it."""
    usual = {state: role for (state, level), role in ROLES.items() if level == Level.GRID}
    unusual = {key: role for key, role in ROLES.items() if role != usual[key[0]]}
    role = Choose(
        *(
            When(case__state=it, case__current_area__level=level, then=Value(who))
            for (it, level), who in unusual.items()
        ),
        *(When(case__state=it, then=Value(who)) for it, who in usual.items()),
        default=Value(""),
    )
    town = Area.objects.filter(code=Left(OuterRef("case__current_area"), Level.TOWN.code_length)).values("name")[:1]
    return Coalesce(
        "unit__name", _office("office__name"), Concat(Coalesce(Subquery(town), Value("")), Value(" "), role)
    )


def since() -> Any:
    """From when it has been where it is: when its unit was asked, or when the case came into its state.

    Not when anything happened: reading it, or adding a voice, leaves it on the same desk.
    """
    came = TraceEvent.objects.filter(case=OuterRef("case")).exclude(from_state=F("to_state"))
    return Coalesce("since", Subquery(came.order_by("-seq").values("at")[:1]))


def hops() -> Any:
    """In how many hands it was before: offices it was dispatched to, units ordered or asked to lead; of ``there_since``.

    The hand it is in is none of them, though it may have to do it again.
    """
    asked_at = Coalesce(OuterRef("assignment__ordered_at"), OuterRef("there_since"))
    passed_on = Dispatch.objects.filter(case=OuterRef("case"), at__lt=asked_at)
    led = Assignment.objects.filter(case=OuterRef("case"), part=Assignment.Part.LEAD, ordered_at__lt=asked_at)
    counts = (it.order_by().values("case").annotate(n=Count("pk")).values("n") for it in (passed_on, led))
    first, second = (Coalesce(Subquery(it), 0) for it in counts)
    return first + second


def described(chosen: QuerySet[OpenWhistle], *, now: dt.datetime) -> QuerySet[Any]:
    """Open whistles with what is to be said of each at a moment."""
    return chosen.annotate(
        left=share_left(now),
        late=class_of(now),
        overdue_hours=overdue_hours(now),
        holder=holder(),
        there_since=since(),
    ).annotate(hops=hops())


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    return described(open_whistles(filters, standing), now=timezone.now())


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
        "holder_code": Coalesce("unit_id", _office("office_id"), output_field=CharField()),
        "since": "there_since",
        "start": Coalesce("since", "start"),
        "due_at": "due_at",
        "left": Round(F("left"), 3),
        "late": "late",
        "suspended": Choose(When(case__state=State.SUSPENDED, then=Value(True)), default=Value(False)),
        "hops": "hops",
        "overdue_hours": "overdue_hours",
        "area": "case__current_area_id",
        "area_name": "case__current_area__name",
        "town": Left("case__current_area", Level.TOWN.code_length),
        "exact": exact(case="case__"),
    },
    parameters=FILTERS | {"department", "overdue", "soon"},
    counters=("cases", "areas", "whistles"),
    readers=READERS,
    turns=by_the_minute,
    default_limit=10_000,
)


class Counted(NamedTuple):
    """Open whistles of an area and a class of :data:`CLASSES`; ``past``: the limits of those that are overdue."""

    area: str
    kind: str
    open: int
    due_soon: int
    past: list[dt.datetime]


def _sums(question: Question) -> Sheet:
    """Sums of open whistles by area, and of all."""
    (level, filters), now = level_of(question, Level.TOWN), question.now
    counted = _counted(open_whistles(filters, question.standing), level, now)
    by_area: defaultdict[str, list[Counted]] = defaultdict(list)
    for row in counted:
        by_area[row.area].append(row)
    total, *sums = _told([counted, *by_area.values()], now)
    answered = [{"code": code, **its} for code, its in zip(by_area, sums, strict=True)]
    answered = [it for it in answered if len(it["code"]) == level.code_length]
    answered.sort(key=lambda it: (-it["overdue"], it["code"]))
    head = {
        "level": level.value,
        "total": total,
        "classes": {name: sum(row.open for row in counted if row.kind == name) for name in CLASSES},
        "words": dict(CLASSES),
    }
    return Sheet(head, answered)


def _counted(chosen: QuerySet[OpenWhistle], level: Level, now: dt.datetime) -> list[Counted]:
    place = Left("case__current_area", level.code_length)
    rows = chosen.order_by().values(place=place, kind=class_of(now))
    counted = rows.annotate(
        n=Count("case"),  # its id is made of its limit for each row
        soon=Count("case", filter=due_soon(now)),
        past=ArrayAgg("due_at", filter=late(now, case="case__"), default=Value([])),
    )
    return [Counted(*row) for row in counted.values_list("place", "kind", "n", "soon", "past")]


def _told(groups: Sequence[Sequence[Counted]], now: dt.datetime) -> list[dict[str, Any]]:
    """Each group's figures, with the oldest limit past and the median of working hours since."""
    pasts = [sorted(limit for row in group for limit in row.past) for group in groups]
    # Of an even number two are in the middle.
    middles = [past[(len(past) - 1) // 2 : len(past) // 2 + 1] for past in pasts]
    hours = _worked(now, [limit for middle in middles for limit in middle])
    return [
        {
            "open": sum(row.open for row in group),
            "suspended": sum(row.open for row in group if row.kind == "still"),
            "due_soon": sum(row.due_soon for row in group),
            "overdue": len(past),
            "oldest_due_at": past[0].astimezone(SHANGHAI).isoformat(timespec="seconds") if past else None,
            "median_overdue_hours": round(mean(hours[limit] for limit in middle), 1) if past else None,
        }
        for group, past, middle in zip(groups, pasts, middles, strict=True)
    ]


def _worked(now: dt.datetime, moments: Iterable[dt.datetime]) -> dict[dt.datetime, float]:
    """Working hours from each of these moments until now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, cases_worked(%s) - cases_worked(at) FROM unnest(%s::timestamptz[]) AS at",
            [now, list(set(moments))],
        )
        return dict(cursor.fetchall())


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
