"""What the map shows of cases: addresses and choices, for the page to draw."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cases.serializers import category_tree
from cases.workflow import OPEN, State


def cases() -> dict[str, Any]:
    """The layer of cases: where to read them and what they can be filtered by."""
    return {
        "id": "cases",
        "title": "事项",
        "items": reverse("api-geojson", args=["cases"]),
        "summary": reverse("api-summary"),
        "page": reverse("case", args=["NUMBER"]),
        "report": reverse("report"),
        "categories": category_tree(),
        "states": [{"code": state.value, "name": state.label, "open": state in OPEN} for state in State],
    }
