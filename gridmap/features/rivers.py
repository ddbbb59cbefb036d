"""The rivers as a collection: for the eye, and so that others see where "nearest" stops."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import QuerySet

from gridmap.duties import Standing
from gridmap.features.collection import Collection
from gridmap.features.parameters import Filters
from gridmap.models import River


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    return River.objects.all()


RIVERS = Collection(
    id="rivers",
    title="河流(示意)",
    rows=_rows,
    key="id",
    geometry=AsGeoJSON("geom", precision=7),
    properties={"name": "name"},
    parameters=frozenset(),
    counters=("rivers",),
)
