"""The cases as a collection: where they are, what they are about and how they stand; nothing about who reported."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.contrib.gis.geos import Polygon
from django.db.models import Case as Choose
from django.db.models import Q, QuerySet, Value, When
from django.utils import timezone

from cases.models import Case
from cases.workflow import RUNNING, State
from geodata.crs import STORED_SRID
from gridmap.duties import Standing
from gridmap.features.collection import Collection
from gridmap.features.parameters import Filters, one_of, some_of


def rows(filters: Filters, standing: Standing) -> QuerySet[Case]:
    """Cases as filtered; everybody may see that they exist, so ``standing`` narrows nothing here."""
    chosen = Case.objects.all()
    for condition in _conditions(filters):
        chosen = chosen.filter(condition)
    if filters.overdue is not None:
        late = Q(state__in=RUNNING, due_at__lt=timezone.now())
        chosen = chosen.filter(late if filters.overdue else ~late)
    return chosen


def _conditions(filters: Filters) -> list[Q]:
    given = {
        "current_area__code__startswith": filters.area,
        "category__code__startswith": filters.category,
        "channel": filters.channel,
        "state__in": filters.state,
        "current_area__level": filters.level,
        "reported_at__gte": filters.since,
        "reported_at__lt": filters.until,
    }
    conditions = [Q(**{name: value}) for name, value in given.items() if value is not None]
    if filters.bbox:
        box = Polygon.from_bbox(filters.bbox)
        box.srid = STORED_SRID
        conditions.append(Q(public_point__intersects=box))  # exact: the index alone rounds to float32
    return conditions


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    return rows(filters, standing)


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
        "exact": Choose(When(category__sensitive=True, then=Value(False)), default=Value(True)),
    },
    parameters=frozenset(
        {
            "area",
            "bbox",
            "category",
            "channel",
            "level",
            "overdue",
            "since",
            "state",
            "until",
            "limit",
            "after",
        }
    ),
    counters=("cases", "areas"),
    readers={"state": some_of(*State.values), "channel": one_of(*Case.Channel.values)},
    default_limit=10_000,
)
