"""Cases as vector tiles: counted by cells of the map, and each by itself from where a client can tell them apart.

No case is hidden: the counts of a tile add up to the cases in it, and the tiles of a zoom to all cases.
"""

from __future__ import annotations

from django.contrib.gis.db.models import Func
from django.core.exceptions import EmptyResultSet
from django.db.models import FloatField

from cases.features import CASES, last_deadline_passed, rows
from cases.workflow import RUNNING
from gridmap.features.areas import registered_ground
from gridmap.features.offered import Question
from gridmap.features.tile import QUADKEY_ZOOM, Tile, place_on
from gridmap.features.tiles import Features, TileLayer

EACH_FROM = 14
"""The first zoom with cases by themselves."""
COUNTING_CELLS = 6
"""Below it a cell is a tile of so many zooms on: 64 to a side, 4 pixels of a picture of 256."""
PIXEL_CELLS = 8
"""From it on cases are one feature that lie in one pixel of a picture of 256."""

COLUMNS = (
    "quadkey",
    Func("public_point", function="ST_X", output_field=FloatField()),
    Func("public_point", function="ST_Y", output_field=FloatField()),
    "closed_at",
    "due_at",
    "number",
    "state",
    "category",
)
# What has ended is told by its closing time, quicker to look at than the state (case_closed_at_when_ended).
COUNTED = """
    SELECT sum(lon) / count(*) AS lon, sum(lat) / count(*) AS lat, count(*) AS count,
           count(*) FILTER (WHERE closed_at IS NULL) AS open,
           count(*) FILTER (WHERE closed_at IS NULL AND due_at < %s AND state = ANY (%s)) AS overdue {more}
    FROM ({rows}) AS chosen (quadkey, lon, lat, closed_at, due_at, number, state, category)
    GROUP BY quadkey >> {shift}
"""
# Collation C compares bytes; which of several is the lowest does not matter.
OF_A_SINGLE_ONE = "".join(
    f""", CASE WHEN count(*) = 1 THEN min({column} COLLATE "C") END AS {column}"""
    for column in ("number", "state", "category")
)


def features(question: Question, tile: Tile) -> Features | None:
    """A feature for each cell of a tile that has cases, in the middle of them."""
    counts = counted(question, tile) if tile.z < EACH_FROM else _by_cell(question, tile, PIXEL_CELLS, OF_A_SINGLE_ONE)
    if counts is None:
        return None
    sql, params = counts
    told = "count, open, overdue" + (", number, state, category" if tile.z >= EACH_FROM else "")
    return f"SELECT {place_on(tile, 'lon', 'lat')} AS geom, {told} FROM ({sql}) AS cell", params  # noqa: S608


def counted(question: Question, tile: Tile) -> Features | None:
    """Cells of a far tile: ``lon`` and ``lat`` (the middle of its cases), ``count``, ``open`` and ``overdue``."""
    return _by_cell(question, tile, COUNTING_CELLS)


def _by_cell(question: Question, tile: Tile, zooms: int, more: str = "") -> Features | None:
    chosen = rows(question.filters, question.standing).filter(quadkey__range=tile.quadkeys)
    try:
        sql, params = chosen.order_by().values_list(*COLUMNS).query.sql_with_params()
    except EmptyResultSet:
        return None
    counts = COUNTED.format(rows=sql, more=more, shift=2 * (QUADKEY_ZOOM - tile.z - zooms))
    return counts, (question.now, sorted(RUNNING), *params)


CASE_TILES = TileLayer(
    id="cases",
    title=CASES.title,
    features=features,
    fields={
        "count": "几件事项",
        "open": "其中未结的",
        "overdue": "其中超期的",
        "number": f"编号，{EACH_FROM} 级起，只有一件时",
        "state": f"状态，{EACH_FROM} 级起，只有一件时",
        "category": f"类别编码，{EACH_FROM} 级起，只有一件时",
    },
    bounds=registered_ground,
    parameters=CASES.parameters - {"limit", "after"},
    counters=CASES.counters,
    readers=CASES.readers,
    turns=lambda question: last_deadline_passed(question.now),
)
