"""What the map shows of cases: addresses and choices, for the page to draw."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from cases.serializers import category_tree
from cases.workflow import OPEN, State


def cases() -> dict[str, Any]:
    """The layer of cases: where to read them, what they can be filtered by, and what draws them.

    ``module`` exports ``mount(context, layer)``; ``template`` is its part of the panel; ``scripts`` are classic scripts
    needed before it.
    """
    categories = category_tree(at=timezone.localtime())
    return {
        "id": "cases",
        "title": "事项",
        "template": "cases/map_layer.html",
        "module": static("cases/js/map_layer.js"),
        "scripts": [static("vendor/leaflet.markercluster/leaflet.markercluster.js")],
        "styles": [static("cases/css/pins.css"), static("cases/css/map_layer.css")],
        "items": reverse("api-geojson", args=["cases"]),
        "cells": reverse("api-cells"),
        "summary": reverse("api-summary"),
        "page": reverse("case", args=["NUMBER"]),
        "report": reverse("report"),
        "categories": categories,
        "icons": {
            it["code"]: static(f"vendor/bootstrap-icons/{it['icon']}.svg")
            for category in categories
            for it in (category, *category["children"])
        },
        "states": [{"code": state.value, "name": state.label, "open": state in OPEN} for state in State],
    }
