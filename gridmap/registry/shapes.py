"""What an edition's map draws, as GeoJSON features (RFC 7946, longitude and latitude in degrees)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsGeoJSON
from shapely.geometry.base import BaseGeometry

from gridmap.editions.differences import Difference, Ground
from gridmap.models import Boundary, DraftFinding, Edition

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
            features.append(_feature(it.code, shape, it.name or it.code, it.level, main[it.code]))
    return features


def drawn_by(edition: Edition) -> list[dict[str, Any]]:
    """The boundaries a published edition drew."""
    rows = Boundary.objects.filter(edition=edition).order_by("area_id")
    return [
        {
            "type": "Feature",
            "id": code,
            "geometry": json.loads(geojson),
            "properties": {"code": code, "name": name, "level": level, "change": "moved"},
        }
        for code, name, level, geojson in rows.values_list("area_id", "area__name", "area__level", "geojson")[:AT_ONCE]
    ]


def _feature(code: str, shape: BaseGeometry, name: str, level: str, change: str) -> dict[str, Any]:
    rounded = shapely.transform(shape, lambda degrees: np.round(degrees, DECIMALS))
    turned = shapely.orient_polygons(rounded) if rounded.geom_type.endswith("Polygon") else rounded
    return {
        "type": "Feature",
        "id": code,
        "geometry": json.loads(shapely.to_geojson(turned)),
        "properties": {"code": code, "name": name, "level": level, "change": change},
    }
