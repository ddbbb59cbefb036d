"""What the report's map shows, as layers of Folium, each with a legend that says what is drawn and of how many."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import folium
import numpy as np
from django.contrib.gis.db.models.functions import AsGeoJSON, PointOnSurface
from django.utils import timezone
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString
from folium.map import CustomPane

from cases.counting import Figures, Unfinished, above, by_area, open_by_area, to_level
from cases.coverage import ENOUGH, Coverage, Place
from cases.density import NOTE as DENSITY_NOTE
from cases.density import density
from cases.map_report.contents import Whistles
from cases.map_report.spots import Spots
from cases.overdue import CLASSES as LATE
from geodata.hotspots import LABELS
from gridmap.features.parameters import Filters
from gridmap.models import Boundary
from gridmap.models.ground import Level

# Nearer than a hand's breadth nobody looks, and the lines of neighbours are rounded alike.
DECIMALS = 6
NONE = "url(#hatch)"
BLUES = ("#eff3ff", "#bdd7e7", "#6baed6", "#3182bd", "#08519c")
SPOTS = {
    "hot_99": "#b2182b",
    "hot_95": "#ef8a62",
    "hot_90": "#fddbc7",
    "none": "#f4f4f2",
    "cold_90": "#d1e5f0",
    "cold_95": "#67a9cf",
    "cold_99": "#2166ac",
    "too_few": NONE,
}
WHISTLES = {
    "ok": "#ffffcc",
    "half": "#fed976",
    "short": "#fd8d3c",
    "over": "#e31a1c",
    "far_over": "#67000d",
    "still": "#9aa3a8",
}
# From so many percent in time; like all colours here, told apart by eyes of every kind (after ColorBrewer).
IN_TIME = ((95, "#018571"), (80, "#80cdc1"), (60, "#dfc27d"), (0, "#a6611a"))


@dataclass(frozen=True)
class Swatch:
    """One class of a legend: what it is drawn with, in words, and how many are of it; None: it is not counted."""

    fill: str
    words: str
    n: int | None = None


@dataclass(frozen=True)
class Legend:
    """What a layer shows: ``layer`` is the name of its variable in the page."""

    layer: str
    title: str
    note: str
    swatches: Sequence[Swatch]
    round: bool = False


@dataclass
class Drawn:
    """Layers and their legends, in the order they are listed."""

    layers: list[folium.map.Layer] = field(default_factory=list)
    legends: list[Legend] = field(default_factory=list)

    def add(self, layer: folium.map.Layer, note: str, swatches: Iterable[Swatch], *, round: bool = False) -> None:
        """One more."""
        self.layers.append(layer)
        self.legends.append(Legend(layer.get_name(), layer.layer_name, note, list(swatches), round))


@dataclass(frozen=True)
class Outline:
    """An area as it is drawn, and a place within for its name: degrees, CGCS2000."""

    code: str
    name: str
    geometry: Mapping[str, Any]
    lon: float
    lat: float


def outlines(level: Level, area: str, on: dt.date) -> list[Outline]:
    """The areas of a level within an area that are in force on a day."""
    chosen = Boundary.objects.on(on).filter(area__level=level, area__code__startswith=area).order_by("area")
    drawn = chosen.annotate(drawn=AsGeoJSON("geom", precision=DECIMALS), middle=PointOnSurface("geom"))
    rows = drawn.values_list("area_id", "area__name", "drawn", "middle")
    return [Outline(code, name, json.loads(text), middle.x, middle.y) for code, name, text, middle in rows]


def lines(*said: str) -> SafeString:
    """Lines of a tooltip; what is said is text, never markup."""
    return format_html_join(SafeString("<br>"), "{}", ((it,) for it in said if it))


# ---- areas in classes -----------------------------------------------------------------------------------------------


def shaded(
    title: str,
    name: str,
    areas: Sequence[Outline],
    fills: Mapping[str, str],
    words: Mapping[str, SafeString],
    *,
    show: bool,
) -> folium.GeoJson:
    """Areas filled as ``fills`` say by code; one at a time lies on the map."""
    features = [
        {
            "type": "Feature",
            "id": it.code,
            "properties": {"words": str(lines(f"{it.name} {it.code}") + SafeString("<br>") + words[it.code])},
            "geometry": it.geometry,
        }
        for it in areas
    ]

    def look(feature: Mapping[str, Any]) -> dict[str, Any]:
        return {"fillColor": fills[feature["id"]], "fillOpacity": 0.85, "color": "#6b7780", "weight": 0.6}

    layer = folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=look,
        name=title,
        overlay=False,
        show=show,
        smooth_factor=0.5,
        tooltip=folium.GeoJsonTooltip(["words"], labels=False) if features else None,
    )
    layer._id = name
    return layer


def steps(values: Sequence[int], most: int = len(BLUES)) -> list[tuple[int, int]]:
    """Whole numbers from and to, each class with about as many of the values, all of them above zero."""
    if not values:
        return []
    ends = np.unique(np.quantile(values, np.arange(1, most + 1) / most, method="higher").astype(int)).tolist()
    starts = [min(values), *(end + 1 for end in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def add_counts(drawn: Drawn, filters: Filters, *, now: dt.datetime) -> None:
    """Cases collected, by community and by grid."""
    every = by_area(filters)
    unfinished = open_by_area(filters, now=now)
    for level in (Level.COMMUNITY, Level.GRID):
        if len(filters.area or "") > level.code_length:
            continue
        areas = outlines(level, filters.area or "", now.date())
        layer, swatches = _counted(
            level, areas, to_level(every, level), to_level(unfinished, level), show=not drawn.layers
        )
        elsewhere = above(every, level).collected
        lost = f"另有 {elsewhere} 件没有归到{level.label}" if elsewhere else ""
        drawn.add(layer, lost, swatches)


def _counted(
    level: Level,
    areas: Sequence[Outline],
    figures: Mapping[str, Figures],
    unfinished: Mapping[str, Unfinished],
    *,
    show: bool,
) -> tuple[folium.GeoJson, list[Swatch]]:
    counts = {it.code: figures.get(it.code, Figures()) for it in areas}
    classes = steps([its.collected for its in counts.values() if its.collected])
    colours = BLUES[-len(classes) :] if classes else ()
    fills = dict.fromkeys(counts, NONE)
    swatches = []
    for (start, end), colour in zip(classes, colours, strict=True):
        inside = [code for code, its in counts.items() if start <= its.collected <= end]
        fills |= dict.fromkeys(inside, colour)
        swatches.append(Swatch(colour, f"{start}–{end} 件" if start < end else f"{start} 件", len(inside)))
    swatches.append(Swatch(NONE, "没有", sum(not its.collected for its in counts.values())))
    words = {
        code: lines(
            f"收集 {its.collected} 件，其中巡查 {its.patrol} 件",
            f"办结 {its.done} 件，按期 {its.in_time} 件",
            f"未结 {unfinished.get(code, Unfinished()).open} 件",
        )
        for code, its in counts.items()
    }
    return shaded(f"事项数 · {level.label}", f"counts_{level.value}", areas, fills, words, show=show), swatches


def add_spots(drawn: Drawn, filters: Filters, found: Spots, *, now: dt.datetime) -> None:
    """Hot spots, where they were found."""
    if found.answer is None:
        return
    rows = {row["code"]: row for row in found.answer["rows"]}
    areas = [it for it in outlines(found.level, filters.area or "", now.date()) if it.code in rows]
    fills = {it.code: SPOTS[rows[it.code]["class"]] for it in areas}
    words = {it.code: _spot(rows[it.code]) for it in areas}
    swatches = [Swatch(SPOTS[name], LABELS[name], n) for name, n in found.answer["classes"].items()]
    layer = shaded(f"热点 · {found.level.label}", "spots", areas, fills, words, show=False)
    drawn.add(layer, found.words, [it for it in swatches if it.n])


def _spot(row: Mapping[str, Any]) -> SafeString:
    share = row["patrol_share"]
    return lines(
        LABELS[row["class"]] + ("，只因巡查而多" if row["patrol_only"] else ""),
        f"{row['observed']} 件，按分母应有 {_number(row['expected'])} 件",
        f"q = {_number(row['q'])}" if row["q"] is not None else "",
        f"巡查份额 {share:.0%}" if share is not None else "",
    )


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3g}"


def add_coverage(
    drawn: Drawn, filters: Filters, asked: Mapping[Place, Coverage], names: Mapping[str, str], *, now: dt.datetime
) -> None:
    """Departments that came in time, by town; ``asked`` has each department, ``names`` them by code."""
    if len(filters.area or "") > Level.TOWN.code_length:
        return
    areas = outlines(Level.TOWN, filters.area or "", now.date())
    of_town: dict[str, list[tuple[str, Coverage]]] = {it.code: [] for it in areas}
    for place, its in asked.items():
        if place.area in of_town:
            of_town[place.area].append((names[place.unit], its))
    kinds = {code: _in_time([its for _, its in every]) for code, every in of_town.items()}
    classes = {
        **{colour: f"{start} % 及以上" if start else f"不到 {IN_TIME[-2][0]} %" for start, colour in IN_TIME},
        "#ffffff": f"应到不足 {ENOUGH} 次，不评",
        NONE: "没有需求(不等于不到位)",
    }
    words = {
        code: lines(
            *(
                f"{name}：应到 {its.fell_due}，按时 {its.arrived_in_time}，待到 {its.waiting}"
                for name, its in every[:12]
            ),
            f"等 {len(every)} 个部门" if len(every) > 12 else "" if every else "没有需求",
        )
        for code, every in of_town.items()
    }
    layer = shaded("部门按时报到率 · 镇街", "coverage", areas, kinds, words, show=False)
    here = list(kinds.values())
    drawn.add(layer, "", [Swatch(fill, said, here.count(fill)) for fill, said in classes.items()])


def _in_time(every: Sequence[Coverage]) -> str:
    """What a town is filled with."""
    due = sum(its.fell_due for its in every)
    if not every:
        return NONE
    if due < ENOUGH:
        return "#ffffff"
    share = 100 * sum(its.arrived_in_time for its in every) / due
    return next(colour for start, colour in IN_TIME if share >= start)


def add_density(drawn: Drawn, filters: Filters, *, now: dt.datetime) -> None:
    """The density of cases as a picture, where there is any."""
    found = density(filters, on=now.date())
    if found["image"] is None:
        return
    west, south, east, north = found["bounds"]
    layer = folium.raster_layers.ImageOverlay(
        found["image"],
        [[south, west], [north, east]],
        name="密度",
        overlay=False,
        show=False,
        pixelated=False,
        alt=DENSITY_NOTE,
    )
    layer._id = "density"
    ends = (f"{it['from']:g}–{it['to']:g}" if it["to"] else f"{it['from']:g} 以上" for it in found["classes"])
    swatches = [Swatch(it["colour"], said) for it, said in zip(found["classes"], ends, strict=True)]
    metres = found["bandwidth_m"]
    note = (
        f"{DENSITY_NOTE}；{found['unit']}，n = {found['n']:,}，带宽城镇 {metres['urban']} 米、农村 {metres['rural']} 米"
    )
    drawn.add(layer, note, swatches)


# ---- above the areas -------------------------------------------------------------------------------------------------


def add_whistles(drawn: Drawn, filters: Filters, found: Whistles, *, now: dt.datetime) -> None:
    """Whistles still open, the latest above the others; too many for marks of their own are summed by community."""
    total = found.head["total"]["open"]
    if found.marks is None:
        _whistles_summed(drawn, filters, found, total, now)
        return
    features = [
        _mark(row["lon"], row["lat"], _whistle(row), fill=WHISTLES[row["late"]], radius=5 if row["level"] == 2 else 7)
        for row in reversed(found.marks)
    ]
    swatches = [Swatch(WHISTLES[name], LATE[name], n) for name, n in found.head["classes"].items()]
    _add_marks(drawn, features, f"n = {total:,}；小圈二级哨，大圈三级哨", swatches)


def _whistles_summed(drawn: Drawn, filters: Filters, found: Whistles, total: int, now: dt.datetime) -> None:
    communities = outlines(Level.COMMUNITY, (filters.area or "")[: Level.COMMUNITY.code_length], now.date())
    places = {it.code: it for it in communities}
    rows = [row for row in found.by_community if row["code"] in places]
    features = [
        _mark(
            places[row["code"]].lon,
            places[row["code"]].lat,
            lines(places[row["code"]].name, f"未结的哨 {row['open']}，其中超期 {row['overdue']}"),
            fill=WHISTLES["over" if row["overdue"] else "ok"],
            radius=round(min(24, 4 + sqrt(row["open"])), 1),
        )
        for row in rows
    ]
    late = sum(row["overdue"] > 0 for row in rows)
    swatches = [Swatch(WHISTLES["over"], "有超期", late), Swatch(WHISTLES["ok"], "没有超期", len(rows) - late)]
    note = f"n = {total:,}，太多，不逐个画，按村(社区)合计，圈越大越多"
    lost = total - sum(row["open"] for row in rows)
    _add_marks(drawn, features, f"{note}；{lost:,} 个不在任何村(社区)，没有画" if lost else note, swatches)


def _mark(lon: float, lat: float, words: SafeString, *, fill: str, radius: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"words": str(words), "fill": fill, "radius": radius},
        "geometry": {"type": "Point", "coordinates": [round(lon, DECIMALS), round(lat, DECIMALS)]},
    }


def _add_marks(drawn: Drawn, features: list[dict[str, Any]], note: str, swatches: Sequence[Swatch]) -> None:
    for number, feature in enumerate(features):
        feature["id"] = number

    def look(feature: Mapping[str, Any]) -> dict[str, Any]:
        its = feature["properties"]
        # Folium passes on to marks what their style says, but no pane given with the marker.
        return {"fillColor": its["fill"], "radius": its["radius"], "pane": "marks"}

    layer = folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=look,
        marker=folium.CircleMarker(color="#1b262c", weight=1.2, fill=True, fill_opacity=0.95),
        name="未结的哨",
        tooltip=folium.GeoJsonTooltip(["words"], labels=False) if features else None,
    )
    layer._id = "whistles"
    drawn.add(layer, note, [it for it in swatches if it.n], round=True)


def _whistle(row: Mapping[str, Any]) -> SafeString:
    held = row["there_since"]
    return lines(
        f"{row['number']} {row['category_name']}",
        f"{'二级哨' if row['level'] == 2 else '三级哨'}，{LATE[row['late']]}",
        f"在 {row['holder']}" + (f"，自 {timezone.localtime(held):%Y-%m-%d %H:%M} 起" if held else ""),
        f"时限 {timezone.localtime(row['due_at']):%Y-%m-%d %H:%M}",
        f"超期 {row['overdue_hours']:g} 工作时" if row["overdue_hours"] is not None else "",
    )


def add_towns(drawn: Drawn, filters: Filters, *, now: dt.datetime) -> None:
    """Lines and names of the towns, above everything that is filled."""
    towns = outlines(Level.TOWN, (filters.area or "")[: Level.TOWN.code_length], now.date())
    group = folium.FeatureGroup("镇街界线和名称")
    group._id = "towns"
    features = [{"type": "Feature", "id": it.code, "properties": {}, "geometry": it.geometry} for it in towns]
    look = {"fill": False, "color": "#1b262c", "weight": 1.6}
    shapes = {"type": "FeatureCollection", "features": features}
    folium.GeoJson(shapes, style_function=lambda _: look, pane="lines", interactive=False, control=False).add_to(group)
    for it in towns:
        icon = folium.DivIcon(html=f"<span>{conditional_escape(it.name)}</span>", icon_size=(0, 0), class_name="town")
        folium.Marker((it.lat, it.lon), icon=icon, pane="names", interactive=False, keyboard=False).add_to(group)
    drawn.layers.append(group)


def panes() -> list[CustomPane]:
    """Where lines, marks and names are drawn: above what is filled, whichever of it was chosen last."""
    return [
        CustomPane("lines", z_index=450),
        CustomPane("marks", z_index=460, pointer_events=True),
        CustomPane("names", z_index=470),
    ]
