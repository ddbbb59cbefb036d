"""Shapely geometries as GeoDjango stores them."""

from __future__ import annotations

from typing import Any

import shapely
from django.contrib.gis.geos import GEOSGeometry
from shapely.geometry.base import BaseGeometry

from geodata.crs import STORED_SRID

_MULTI: dict[str, Any] = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings}


def stored_multi(shape: BaseGeometry) -> Any:
    """A polygon or line in CGCS2000 degrees as the multi-geometry a field takes, every coordinate to the last bit."""
    whole = _MULTI[shape.geom_type]([shape]) if shape.geom_type in _MULTI else shape
    return GEOSGeometry(shapely.to_wkb(whole, hex=True), srid=STORED_SRID)
