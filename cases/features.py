"""Cases and whistles as collections: where they are, what they are about, how they stand; nothing about who reported."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import Case as Choose
from django.db.models import F, Q, QuerySet, TextChoices, Value, When
from django.utils import timezone

from cases.models import Assignment, Case, Whistle
from cases.models.case import late
from cases.workflow import State
from geodata.crs import STORED_SRID
from gridmap.duties import Standing
from gridmap.features.collection import Collection
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters, one_of, some_of


class Arrival(TextChoices):
    """How a department came that a letter asked (部门到位)."""

    DEMANDED = "demanded", "须报到的"
    ARRIVED = "arrived", "已报到"
    IN_TIME = "in_time", "按时报到"
    WAITING = "waiting", "还在时限内、未报到"
    MISSING = "missing", "到限未报到"


def came(arrival: str, now: dt.datetime) -> Q:
    """Assignments by letter of which the department came so, one of :class:`Arrival`, as it stands at a moment.

    None is waited for any more by a case that is closed or not with departments.
    """
    waiting = Q(finished_at=None, case__closed_at=None, case__by_letter=True, arrived_at=None, arrive_by__gte=now)
    return {
        Arrival.DEMANDED: Q(),
        Arrival.ARRIVED: Q(arrived_at__isnull=False),
        Arrival.IN_TIME: Q(arrived_at__lte=F("arrive_by")),
        Arrival.WAITING: waiting,
        Arrival.MISSING: Q(arrived_at=None) & ~waiting,
    }[Arrival(arrival)]


def rows(filters: Filters, standing: Standing) -> QuerySet[Case]:
    """Cases as filtered; everybody may see that they exist, so ``standing`` narrows nothing here."""
    chosen = Case.objects.filter(*conditions(filters))
    if filters.department is not None or filters.arrival is not None:
        chosen = chosen.filter(pk__in=_asked(filters).values("case"))
    return chosen


def _asked(filters: Filters) -> QuerySet[Assignment]:
    """What still stands of what units were asked to do."""
    asked = Assignment.objects.filter(withdrawn_at=None)
    if filters.department is not None:
        asked = asked.filter(unit=filters.department)
    if filters.arrival is not None:
        asked = asked.exclude(letter=None).filter(came(filters.arrival, timezone.now()))
    return asked


def conditions(filters: Filters, *, case: str = "", moment: str = "reported_at") -> list[Q]:
    """What filters ask of rows; ``case``: the way from a row to its case, ``moment``: the time that since and until mean.

    Overdue is a row by its own limit.
    """
    given = {
        f"{case}current_area__code__startswith": filters.area,
        f"{case}category__code__startswith": filters.category,
        f"{case}channel": filters.channel,
        f"{case}state__in": filters.state,
        f"{case}current_area__level": filters.level,
        f"{moment}__gte": filters.since,
        f"{moment}__lt": filters.until,
    }
    conditions = [Q(**{name: value}) for name, value in given.items() if value is not None]
    if filters.bbox:
        box = Polygon.from_bbox(filters.bbox)
        box.srid = STORED_SRID
        # Exact: the index alone rounds to float32.
        conditions.append(Q(**{f"{case}public_point__intersects": box}))
    if filters.overdue is not None:
        overdue = late(timezone.now(), case=case)
        conditions.append(overdue if filters.overdue else ~overdue)
    return conditions


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    return rows(filters, standing)


def _whistles(filters: Filters, standing: Standing) -> QuerySet[Any]:
    return Whistle.objects.filter(*conditions(filters, case="case__", moment="blown_at"))


def last_deadline_passed(now: dt.datetime) -> str:
    """Another one whenever a case may have fallen overdue, which it does without anybody changing it."""
    with connection.cursor() as cursor:
        # By hand: an answer of 304 consists of little else. The index on open cases by deadline has it.
        cursor.execute("SELECT max(due_at) FROM cases_case WHERE closed_at IS NULL AND due_at < %s", [now])
        return str(cursor.fetchone()[0])


def by_the_minute(question: Question) -> str:
    """Time alone makes another answer of the same rows."""
    return f"{question.now:%Y%m%d%H%M}"


def _turns(question: Question) -> str:
    if question.filters.arrival is not None:
        return by_the_minute(question)
    return "" if question.filters.overdue is None else last_deadline_passed(question.now)


def exact(*, case: str = "") -> Choose:
    """Whether the place shown is that of the case; what is sensitive shows its grid's. ``case``: the way from a row to it."""
    return Choose(When(**{f"{case}category__sensitive": True}, then=Value(False)), default=Value(True))


FILTERS = frozenset({"area", "bbox", "category", "channel", "level", "since", "state", "until", "limit", "after"})
READERS = {
    "arrival": one_of(*Arrival.values),
    "channel": one_of(*Case.Channel.values),
    "state": some_of(*State.values),
}

CASES = Collection(
    id="cases",
    title="事项",
    rows=_rows,
    key="number",
    geometry=AsGeoJSON("public_point", precision=7),
    properties={
        "number": "number",
        "category": "category_id",
        "category_name": "category__name",
        "state": "state",
        "channel": "channel",
        "area": "current_area_id",
        "area_name": "current_area__name",
        "area_routed": "area_id",
        "route_method": "route_method",
        "reported_at": "reported_at",
        "due_at": "due_at",
        "closed_at": "closed_at",
        "voices": "voices_count",
        "exact": exact(),
    },
    parameters=FILTERS | {"arrival", "department", "overdue"},
    counters=("cases", "areas"),
    readers=READERS,
    turns=_turns,
    default_limit=10_000,
)

WHISTLES = Collection(
    id="whistles",
    title="吹哨",
    rows=_whistles,
    key="id",
    geometry=AsGeoJSON("case__public_point", precision=7),
    properties={
        "number": "case__number",
        "level": "level",
        "blown_at": "blown_at",
        # Which of the two tracks of the second whistle are taken (R50).
        "tracks": Choose(
            When(filed_at__isnull=False, sent_at__isnull=False, then=Value("file,send")),
            When(filed_at__isnull=False, then=Value("file")),
            When(sent_at__isnull=False, then=Value("send")),
            default=Value(""),
        ),
        "filed_at": "filed_at",
        "sent_at": "sent_at",
        "area": "case__current_area_id",
        "area_name": "case__current_area__name",
        "state": "case__state",
        "category": "case__category_id",
        "category_name": "case__category__name",
        "channel": "case__channel",
        "exact": exact(case="case__"),
    },
    parameters=FILTERS,
    counters=("whistles", "cases", "areas"),
    readers=READERS,
    default_limit=10_000,
)
