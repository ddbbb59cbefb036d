"""What the map shows of cases: addresses and choices, for the page to draw.

Each layer names itself (``id``, ``title``, ``icon``, ``hint``), its part of the panel (``template``), its ``module``,
which exports ``mount(context, layer)``, the classic ``scripts`` and ``styles`` needed before it, and which of the
shared ``filters`` it understands; ``levels`` are those of areas it counts by, ``choices`` its own parameters of the
page's address, ``names`` those that say what of it the panel shows.
"""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from cases.features import Arrival
from cases.ground import THEMES
from cases.models import Case
from cases.serializers import category_tree
from cases.workflow import OPEN, State
from gridmap.models import Organisation

STYLES = ("cases/css/pins.css", "cases/css/map_layer.css", "cases/css/themes.css")


def filters() -> dict[str, Any]:
    """The filters all layers share, and what can be chosen in them."""
    departments = Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT).order_by("code")
    categories = category_tree(at=timezone.localtime())
    return {
        "template": "cases/map_filters.html",
        "module": static("cases/js/map/filters_form.js"),
        "categories": categories,
        "icons": {
            it["code"]: static(f"vendor/bootstrap-icons/{it['icon']}.svg")
            for category in categories
            for it in (category, *category["children"])
        },
        "states": [{"code": state.value, "name": state.label, "open": state in OPEN} for state in State],
        "channels": [{"code": code, "name": name} for code, name in Case.Channel.choices],
        "departments": list(departments.values("code", "name")),
        "arrivals": [{"code": code, "name": name} for code, name in Arrival.choices],
    }


def cases() -> dict[str, Any]:
    """The layer of cases: each one of them, with the headline figures."""
    return _layer("cases", "事项", "pin-map-fill", "每件事在哪里、办得怎样") | {
        "scripts": [static("vendor/leaflet.markercluster/leaflet.markercluster.js")],
        "filters": ["since", "until", "category", "state", "overdue", "channel", "area", "department", "arrival"],
        "names": ["case"],
        "opened": True,
        "items": reverse("api-geojson", args=["cases"]),
        "cells": reverse("api-cells"),
        "summary": reverse("api-summary"),
        "page": reverse("case", args=["NUMBER"]),
        "report": reverse("report"),
    }


def density() -> dict[str, Any]:
    """How dense cases lie, smoothed; for the eye only."""
    return _layer("density", "密度", "cloud-haze2-fill", "事项在哪里密") | {
        "filters": ["since", "until", "category", "state", "channel", "area", "department"],
        "choices": ["before"],
        "compare": True,
        "items": reverse("api-density"),
    }


def hotspots() -> dict[str, Any]:
    """Where there are more cases, or fewer, than chance explains."""
    return _layer("hotspots", "热点", "fire", "哪里多得不像偶然") | {
        "filters": ["since", "until", "category", "state", "channel", "area", "department"],
        "levels": ["grid", "community"],
        "choices": ["denominator", "before"],
        "compare": True,
        "items": reverse("api-hotspots"),
    }


def overdue() -> dict[str, Any]:
    """Open assignments by the time they have left: whose desk each lies on."""
    return _layer("overdue", "超期哨", "alarm-fill", "在谁手里，超了多久") | {
        "filters": ["since", "until", "category", "state", "channel", "area", "department"],
        "choices": ["late"],
        "names": ["case"],
        "items": reverse("api-geojson", args=["overdue"]),
        "sums": reverse("api-overdue"),
        "page": reverse("case", args=["NUMBER"]),
    }


def coverage() -> dict[str, Any]:
    """Whether departments came when they were asked."""
    return _layer("coverage", "部门到位", "person-check-fill", "叫了来没来，来得快不快") | {
        "filters": ["since", "until", "category", "state", "channel", "area", "department"],
        "levels": ["town", "community"],
        "choices": ["view", "before"],
        "compare": True,
        "items": reverse("api-coverage"),
    }


def ground() -> dict[str, Any]:
    """What is known of the grids themselves."""
    return _layer("ground", "网格底数", "grid-3x3-gap-fill", "网格大小、党组织、人员、工作量") | {
        "filters": ["since", "until", "category", "state", "channel", "area", "department"],
        "choices": ["theme"],
        "items": reverse("api-ground"),
        "themes": [{"code": code, "name": theme.name} for code, theme in THEMES.items()],
    }


def _layer(name: str, title: str, icon: str, hint: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": title,
        "icon": static(f"vendor/bootstrap-icons/{icon}.svg"),
        "hint": hint,
        "template": f"cases/map_{name}.html",
        "module": static(f"cases/js/map/{name}.js"),
        "scripts": [],
        "styles": [static(style) for style in STYLES],
    }
