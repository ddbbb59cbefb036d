"""Density, whistles still open and coverage as vector tiles, for QGIS and other clients: the same figures as on the map."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.db.models import Func
from django.core.exceptions import EmptyResultSet
from django.db.models import Avg, Count, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Round

from cases.counting import cells_statement
from cases.coverage import coverage
from cases.features import READERS, by_the_minute
from cases.models.case import late
from cases.models.counts import CELL_ZOOM
from cases.overdue import OVERDUE, class_of, holder, open_whistles, share_left
from cases.sheets import COVERAGE, PERIOD, answered
from cases.tiles import COUNTING_CELLS, EACH_FROM
from gridmap.features.areal import level_of
from gridmap.features.areas import registered_ground
from gridmap.features.offered import Question
from gridmap.features.tile import QUADKEY_ZOOM, Tile, ground, place_on, shape_on
from gridmap.features.tiles import Features, TileLayer, features_of
from gridmap.models import Boundary
from gridmap.models.ground import Level

# ---- heat -----------------------------------------------------------------------------------------------------------


def _heat(question: Question, tile: Tile) -> Features | None:
    """A point for each cell with cases, in its middle: a heat map draws them by ``count``."""
    zoom = min(CELL_ZOOM, tile.z + COUNTING_CELLS)
    found = cells_statement(question.filters, tile.quadkeys, zoom=zoom)
    if found is None:
        return None
    sql, params = found
    side = 2.0**zoom
    lon = f"(({_number('key', zoom)} + 0.5) / {side} * 360 - 180)"
    lat = f"degrees(atan(sinh(pi() * (1 - 2 * ({_number('key >> 1', zoom)} + 0.5) / {side}))))"
    return f"SELECT {place_on(tile, lon, lat)} AS geom, n AS count FROM ({sql}) AS cell (key, n)", params  # noqa: S608


def _number(key: str, zoom: int) -> str:
    """SQL for a column of tiles from a quadkey: its bits at even places, put together; for a row from half of it."""
    return "(" + " | ".join(f"(({key}) >> {bit} & {1 << bit})" for bit in range(zoom)) + ")"


HEAT_TILES = TileLayer(
    id="heat",
    title="密度：各格子的事项数",
    features=_heat,
    fields={"count": "几件事项，可作热力的权重"},
    bounds=registered_ground,
    parameters=PERIOD - {"level"},
    counters=("cases", "areas"),
    readers=READERS,
)

# ---- whistles still open --------------------------------------------------------------------------------------------


def _overdue(question: Question, tile: Tile) -> Features | None:
    now = question.now
    chosen = open_whistles(question.filters, question.standing).filter(case__quadkey__range=tile.quadkeys)
    if tile.z >= EACH_FROM:
        said = chosen.annotate(
            lon=_degrees("ST_X"), lat=_degrees("ST_Y"), left=share_left(now), late=class_of(now), whose=holder()
        )
        columns = {"number": F("case__number"), "level": F("level"), "late": F("late"), "left": Round(F("left"), 2)}
        return _points(said, tile, columns | {"holder": F("whose"), "due_at": F("due_at")})
    cell = F("case__quadkey").bitrightshift(2 * (QUADKEY_ZOOM - tile.z - COUNTING_CELLS))
    return _cells(chosen.order_by().values(cell=cell), tile, late(now, case="case__"))


def _degrees(function: str) -> Func:
    return Func("case__public_point", function=function, output_field=FloatField())


def _points(rows: QuerySet[Any], tile: Tile, columns: dict[str, Any]) -> Features | None:
    found = features_of(rows, Value(""), {"lon": F("lon"), "lat": F("lat"), **columns})
    return _placed(found, tile, list(columns))


def _cells(groups: QuerySet[Any], tile: Tile, overdue: Q) -> Features | None:
    figures = {"open": Count("pk"), "overdue": Count("pk", filter=overdue)}
    summed = groups.annotate(mid_lon=Avg(_degrees("ST_X")), mid_lat=Avg(_degrees("ST_Y")), **figures)
    try:
        sql, params = summed.values_list("mid_lon", "mid_lat", *figures).query.sql_with_params()
    except EmptyResultSet:
        return None
    return _placed((f"SELECT * FROM ({sql}) AS cell (lon, lat, open, overdue)", params), tile, list(figures))  # noqa: S608


def _placed(found: Features | None, tile: Tile, columns: list[str]) -> Features | None:
    if found is None:
        return None
    sql, params = found
    told = ", ".join(f'"{name}"' for name in columns)
    return f"SELECT {place_on(tile, 'lon', 'lat')} AS geom, {told} FROM ({sql}) AS row", params  # noqa: S608


OVERDUE_TILES = TileLayer(
    id="overdue",
    title=OVERDUE.title,
    features=_overdue,
    fields={
        "number": f"编号，{EACH_FROM} 级起",
        "level": f"哨的级别，{EACH_FROM} 级起",
        "late": f"余时的类别，{EACH_FROM} 级起",
        "left": f"余时的份额，{EACH_FROM} 级起",
        "holder": f"在谁手上，{EACH_FROM} 级起",
        "due_at": f"完成时限，{EACH_FROM} 级起",
        "open": f"几个未结，{EACH_FROM} 级以前",
        "overdue": f"其中超期，{EACH_FROM} 级以前",
    },
    bounds=registered_ground,
    parameters=OVERDUE.parameters - {"limit", "after"},
    counters=OVERDUE.counters,
    readers=OVERDUE.readers,
    turns=by_the_minute,
)

# ---- coverage -------------------------------------------------------------------------------------------------------


def _coverage(question: Question, tile: Tile) -> Features | None:
    """Towns, or communities if asked for, with the coverage of one department or of all together."""
    level, filters = level_of(question, Level.TOWN)
    found = coverage(filters, level=level, now=question.now, together=filters.department is None)
    rows = [
        {name: value for name, value in answered(place, its).items() if name in FIGURES} for place, its in found.items()
    ]
    if not rows:
        return None
    shapes = Boundary.objects.on(question.now.date()).filter(geom__bboverlaps=ground(tile))
    shapes = shapes.filter(area__in=[row["code"] for row in rows])
    drawn = features_of(shapes, shape_on(tile, "geom"), {"code": "area_id", "name": "area__name"})
    if drawn is None:
        return None
    sql, params = drawn
    kinds = ", ".join(f"{name} {kind}" for name, kind in FIGURES.items())
    told = ", ".join(f"said.{name}" for name in FIGURES if name != "code")
    return (
        f"SELECT drawn.*, {told} FROM ({sql}) AS drawn JOIN jsonb_to_recordset(%s) AS said ({kinds}) USING (code)"  # noqa: S608
        " WHERE drawn.geom IS NOT NULL",
        (*params, json.dumps(rows)),
    )


FIGURES = {
    "code": "text",
    "demanded": "integer",
    "arrived": "integer",
    "arrived_in_time": "integer",
    "fell_due": "integer",
    "percent_in_time": "float8",
    "median_hours": "float8",
    "done": "integer",
    "done_in_time": "integer",
    "overdue": "integer",
    "mean_result": "float8",
}
COVERAGE_TILES = TileLayer(
    id="coverage",
    title=COVERAGE.title,
    features=_coverage,
    fields={"name": "名称", **{name: COVERAGE.fields[name] for name in FIGURES}},
    bounds=registered_ground,
    parameters=COVERAGE.parameters,
    counters=COVERAGE.counters,
    readers=COVERAGE.readers,
    turns=by_the_minute,
)
