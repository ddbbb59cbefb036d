"""What an edition's map draws, as GeoJSON features (RFC 7946, longitude and latitude in degrees)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import Case, Exists, OuterRef, Value, When
from shapely.geometry.base import BaseGeometry

from gridmap.editions.differences import Change, Difference, Ground
from gridmap.models import Boundary, DraftFinding, Edition, Lineage
from gridmap.models.ground import said
from gridmap.registry.shown import successions

DECIMALS = 7
AT_ONCE = 5_000


def found(edition: Edition) -> list[dict[str, Any]]:
    """The findings that have a place."""
    rows = DraftFinding.objects.filter(edition=edition, place__isnull=False).annotate(
        shown=AsGeoJSON("place", precision=DECIMALS)
    )
    return [
        {
            "type": "Feature",
            "id": row.pk,
            "geometry": json.loads(row.shown),
            "properties": {"severity": row.severity, "kind": row.kind, "code": row.code, "sentence": row.sentence},
        }
        for row in rows.order_by("pk")[:AT_ONCE]
    ]


def changed(ground: Ground, found: Sequence[Difference], main: Mapping[str, str]) -> list[dict[str, Any]]:
    """The areas a draft changes: as they will be, or as they are where they go; ``main`` says what happens to each."""
    features = []
    for it in found:
        shape = ground.after.get(it.code, ground.before.get(it.code))
        if shape is not None and not shape.is_empty:
            properties = _properties(
                it.code, it.name or it.code, it.level, main[it.code], gone=Change.GONE in it.change
            )
            features.append({"type": "Feature", "id": it.code, "geometry": _geometry(shape), "properties": properties})
    return features


def published(edition: Edition) -> list[dict[str, Any]]:
    """What a published edition drew, and what it ended as that was; each with the most telling of what happened."""
    kinds = successions(Lineage.objects.filter(edition=edition))
    before = Boundary.objects.filter(area=OuterRef("area"), valid_until=OuterRef("valid_from"))
    as_it_was = before.filter(geom__equals=OuterRef("geom"))
    drawn = Boundary.objects.filter(edition=edition).annotate(
        change=Case(
            When(~Exists(before), then=Value(Change.NEW.value)),
            When(Exists(as_it_was.exclude(former_name="")), then=Value(Change.RENAMED.value)),
            When(Exists(as_it_was), then=Value(Change.DESCRIBED.value)),
            default=Value(Change.MOVED.value),
        )
    )
    gone = Boundary.objects.gone_by(edition).annotate(change=Value(Change.GONE.value))
    return [
        {
            "type": "Feature",
            "id": code,
            "geometry": json.loads(geojson),
            "properties": _properties(code, name, level, min(kinds.get(code, (str(change),))), gone=found is gone),
        }
        for found in (drawn, gone)
        for code, name, level, geojson, change in found.annotate(said_name=said("name"))
        .order_by("area_id")
        .values_list("area_id", "said_name", "area__level", "geojson", "change")[:AT_ONCE]
    ]


def _properties(code: str, name: str, level: str, change: str, *, gone: bool) -> dict[str, Any]:
    return {"code": code, "name": name, "level": level, "change": change, "gone": gone}


def _geometry(shape: BaseGeometry) -> Any:
    rounded = shapely.transform(shape, lambda degrees: np.round(degrees, DECIMALS))
    turned = shapely.orient_polygons(rounded) if rounded.geom_type.endswith("Polygon") else rounded
    return json.loads(shapely.to_geojson(turned))
