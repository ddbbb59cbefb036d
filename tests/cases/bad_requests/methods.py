"""Methods an address does not know."""

from __future__ import annotations

from tests.cases.bad_requests.maps import FIGURES
from tests.cases.bad_requests.row import Row

METHODS = [
    Row(f"{method} {path}", path, 405, "method-not-allowed", method=method, json={} if method != "GET" else None)
    for path, methods in {
        "/api/v1/locate": ("POST", "DELETE"),
        "/api/v1/places": ("POST",),
        "/api/v1/areas/360702": ("PUT",),
        "/api/v1/areas.geojson": ("POST", "PUT", "DELETE"),
        "/api/v1/cases.geojson": ("PATCH",),
        "/api/v1/categories": ("POST",),
        "/api/v1/cases": ("GET", "DELETE"),
        "/api/v1/cases/similar": ("POST",),
        "/api/v1/cases/{number}": ("POST", "DELETE", "PATCH"),
        "/api/v1/cases/{number}/voices": ("GET",),
        "/api/v1/cases/{number}/survey": ("GET", "DELETE"),
        "/api/v1/cases/{number}/actions/accept": ("GET",),
        "/api/v1/cases/cells": ("POST",),
        "/api/v1/process": ("POST",),
        "/api/v1/summary": ("POST",),
        **{f"/api/v1/{where}": ("POST", "DELETE") for where in FIGURES},
        **{f"/api/v1/{where}.geojson": ("POST",) for where in ("counts", "coverage", "ground", "hotspots", "overdue")},
        "/tiles/heat/9/419/217.mvt": ("POST",),
    }.items()
    for method in methods
]
