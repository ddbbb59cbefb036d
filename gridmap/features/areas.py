"""The areas as a collection: boundaries in force on a day, with what the registry knows of each."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Polygon
from django.db.models import QuerySet

from geodata.crs import STORED_SRID
from gridmap.duties import Standing
from gridmap.features.collection import Collection
from gridmap.features.parameters import Filters
from gridmap.models import Boundary
from gridmap.models.ground import said


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    if filters.on is None:
        raise ValueError("areas are asked for on a day")
    rows = Boundary.objects.gone().filter(valid_until=filters.on) if filters.gone else Boundary.objects.on(filters.on)
    if filters.level:
        rows = rows.filter(area__level=filters.level)
    if filters.area:
        rows = rows.filter(area__code__startswith=filters.area)
    if filters.edition is not None:
        rows = rows.filter(edition=filters.edition)
    if filters.bbox:
        box = Polygon.from_bbox(filters.bbox)
        box.srid = STORED_SRID
        rows = rows.filter(geom__bboverlaps=box)
    return rows


AREAS = Collection(
    id="areas",
    title="区域边界(示意)",
    rows=_rows,
    key="area_id",
    geometry="geojson",
    properties={
        "code": "area_id",
        "name": said("name"),
        "level": "area__level",
        "kind": said("kind"),
        "parent": "area__parent_id",
        "urban": "area__urban",
        "households": said("households"),
        "residents": said("residents"),
        "enterprises": said("enterprises"),
        "party_members": said("party_members"),
        "complexity": "area__complexity",
        "size_waiver": said("size_waiver"),
        "area_m2": "area_m2",
        "edition": "edition__name",
        "schematic": "edition__schematic",
        "valid_from": "valid_from",
    },
    parameters=frozenset({"area", "bbox", "edition", "gone", "level", "limit", "after", "on"}),
    counters=("areas",),
)
