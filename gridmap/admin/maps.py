"""Maps on the pages of the admin: the site's own Leaflet, nothing from anywhere else."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.forms.widgets import BaseGeometryWidget
from django.contrib.gis.geos import Point
from django.forms import Media, Script
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from geodata.crs import STORED_SRID, CoordinateOutOfRange, to_stored

_SCRIPTS: list[Any] = ["vendor/leaflet/leaflet.js", Script("gridmap/js/admin_map.js", type="module")]
MEDIA = Media(
    css={"all": ["vendor/leaflet/leaflet.css", "gridmap/css/ground.css", "gridmap/css/admin_map.css"]},
    js=_SCRIPTS,
)


def addresses() -> dict[str, str]:
    """What the map asks the site for."""
    return {"areas": reverse("api-geojson", args=["areas"]), "locate": reverse("api-locate")}


def drawing(geojson: str | None, *, label: str) -> SafeString:
    """A map that shows a geometry (GeoJSON text, CGCS2000 degrees) and changes nothing."""
    if geojson is None:
        return mark_safe("没有生效的边界")
    context = {"addresses": addresses(), "geojson": geojson, "label": label}
    return render_to_string("gridmap/admin/drawing.html", context)


class PointWidget(BaseGeometryWidget):
    """A point as two numbers and a pin on the map: CGCS2000 degrees, longitude first; GeoJSON in and out."""

    template_name = "gridmap/admin/point.html"
    geom_type = "POINT"
    map_srid = STORED_SRID

    @property
    def media(self) -> Media:
        """The map's scripts and styles."""
        return MEDIA

    def serialize(self, value: Any) -> str:
        """GeoJSON of the point, or nothing."""
        return value.json if value else ""

    def deserialize(self, value: str) -> Point | None:
        """The point a GeoJSON text describes; None for one that is nowhere on the globe."""
        try:
            lon, lat = json.loads(value)["coordinates"]
            lon, lat = to_stored(float(lon), float(lat), "cgcs2000")
        except (CoordinateOutOfRange, ValueError, KeyError, TypeError):
            return None
        return Point(lon, lat, srid=STORED_SRID)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        """GeoJSON of the two numbers as typed; None when neither is."""
        typed = [data.get(f"{name}_{axis}", "").strip() for axis in ("lon", "lat")]
        return json.dumps({"type": "Point", "coordinates": typed}) if any(typed) else None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the form had no such field at all."""
        return f"{name}_lon" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """What was typed comes back as it was, good or not."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        shown = value if isinstance(value, str) else self.serialize(value)
        lon, lat = json.loads(shown)["coordinates"][:2] if shown else ("", "")
        return context | {"addresses": addresses(), "lon": lon, "lat": lat}

    def id_for_label(self, id_: str) -> str:
        """The label belongs to the first of the two numbers."""
        return f"{id_}_lon" if id_ else id_
