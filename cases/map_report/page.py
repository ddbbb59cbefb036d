"""The report as one page: the map above, the tables below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import folium
from django.conf import settings
from django.contrib.gis.db.models import Extent
from django.template.loader import render_to_string
from django.utils import timezone

from cases.map_report import layers, one_file
from cases.map_report.contents import Contents
from cases.map_report.layers import Drawn
from cases.map_report.one_file import OwnMap
from gridmap.models import Boundary
from gridmap.models.ground import Level
from gridmap.problems import BadParameter

DEEPEST_ZOOM = 18


def written(contents: Contents) -> str:
    """The whole file; raises :class:`cases.map_report.one_file.MissingAsset`."""
    drawn = _drawn(contents)
    chart, control = _map(contents, drawn)
    parts = one_file.parts(chart)
    shown = ", ".join(legend.layer for legend in drawn.legends)
    page = render_to_string(
        "cases/map_report.html",
        {
            "site_name": settings.SITE_NAME,
            "policy": one_file.POLICY_PLACE,
            "map": parts,
            "style": one_file.style("cases/css/map_report.css"),
            "script": one_file.script("cases/js/map_report.js"),
            "start": f"mapReport({chart.get_name()}, {control.get_name()}, {_bounds(contents)}, {{ {shown} }});",
            "legends": drawn.legends,
            "contents": contents,
            "generated_at": timezone.localtime(contents.now),
            "headline": list(_headline(contents)),
            "trend": _trend(contents),
            "departments": contents.review.departments,
            "late": [{**it, "town_name": contents.names.get(it["town"], "")} for it in contents.whistles.overdue],
            "late_n": contents.whistles.head["total"]["overdue"],
            "gaps": [
                {
                    "department": contents.names.get(gap.place.unit, gap.place.unit),
                    "town": contents.names.get(gap.place.area, gap.place.area),
                    "reason": gap.reason,
                }
                for gap in contents.gaps
            ],
        },
    )
    return one_file.sealed(page)


def _drawn(contents: Contents) -> Drawn:
    drawn, filters, now = Drawn(), contents.filters, contents.now
    layers.add_counts(drawn, filters, now=now)
    layers.add_spots(drawn, filters, contents.spots, now=now)
    layers.add_coverage(drawn, filters, contents.coverage, contents.names, now=now)
    layers.add_density(drawn, filters, now=now)
    layers.add_towns(drawn, filters, now=now)
    layers.add_whistles(drawn, filters, contents.whistles, now=now)
    return drawn


def _map(contents: Contents, drawn: Drawn) -> tuple[OwnMap, folium.LayerControl]:
    """The map around what is drawn, without a base map and so without anybody else's server."""
    # Without tiles nothing tells Leaflet how deep one may zoom.
    chart = OwnMap(tiles=None, max_zoom=DEEPEST_ZOOM, zoom_snap=0.25, attribution_control=False, zoom_start=11)
    chart._id = "report"
    for pane in layers.panes():
        pane.add_to(chart)
    for layer in drawn.layers:
        layer.add_to(chart)
    control = folium.LayerControl(collapsed=False, autoZIndex=False)
    control._id = "report"
    control.add_to(chart)
    return chart, control


def _bounds(contents: Contents) -> list[list[float]]:
    area = contents.filters.area or ""
    level = Level.TOWN if len(area) <= Level.TOWN.code_length else Level.COMMUNITY
    chosen = Boundary.objects.on(contents.now.date()).filter(
        area__level=level, area__code__startswith=area[: level.code_length]
    )
    extent = chosen.aggregate(all=Extent("geom"))["all"]
    if extent is None:
        raise BadParameter("现行边界里没有这个区域 (no such area today)", parameter="area")
    west, south, east, north = extent
    return [[south, west], [north, east]]


# ---- tables ---------------------------------------------------------------------------------------------------------


def _headline(contents: Contents) -> Iterator[dict[str, Any]]:
    """The figures of the review, each share with what it is a share of."""
    said = contents.review.headline
    yield from (
        {"name": name, "words": words, "shown": f"{said[name]:,}"}
        for name, words in (("collected", "收集"), ("done", "办结"), ("open", "未结"), ("overdue", "其中超期"))
    )
    for name, words in (
        ("completion_rate", "办结率"),
        ("on_time_rate", "按期办结率"),
        ("patrol_rate", "巡查发现"),
        ("survey_rate", "评价率"),
        ("solved_rate", "解决率"),
    ):
        yield {"name": name, "words": words, "shown": percent(said[name]), "of": _of(said[name])}
    mean = said["satisfaction"]
    shown = "—" if mean["mean"] is None else f"{mean['mean']:.2f}"
    yield {"name": "satisfaction", "words": "满意度(5 分)", "shown": shown, "of": f"n = {mean['denominator']:,}"}


def percent(share: Mapping[str, Any]) -> str:
    """A share as it is shown."""
    return "—" if share["percent"] is None else f"{share['percent']:.1f} %"


def _of(share: Mapping[str, Any]) -> str:
    return f"{share['numerator']:,} / {share['denominator']:,}"


def _trend(contents: Contents) -> list[dict[str, Any]]:
    """By month, with how long its bar is, of 100."""
    months = contents.review.trend
    most = max((it["collected"] for it in months), default=0) or 1
    return [
        it | {"bar": round(100 * it["collected"] / most, 1), "done_bar": round(100 * it["done"] / most, 1)}
        for it in months
    ]
