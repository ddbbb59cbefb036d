"""Cases counted by cells of the map: what is drawn where there are too many to send one by one.

A cell is a tile of the web's maps two zooms on, 64 pixels wide. One that the box asked for touches is counted whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from django.db.models import Count, F
from numpy.typing import NDArray

from cases.counting import Cells, by_cell, columns_of, rows_of
from cases.features import rows
from cases.models.case import late
from cases.models.counts import CELL_ZOOM
from geodata.tiles import latitude
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.features.tile import QUADKEY_ZOOM

ZOOMS_ON = 2
MAX_ZOOM = 19
# The middle of a cell's cases is known to an eighth of its side, or to the finest cells that are counted.
FINER = 3


def cells(filters: Filters, *, zoom: int, now: dt.datetime) -> list[dict[str, Any]]:
    """Count cases by cell, by their public places; no case is left out of the counts.

    Gives ``lon`` and ``lat`` (CGCS2000 degrees, about the middle of the cases in the cell), ``count``, ``open`` and
    ``overdue`` for each cell with a case in it, the fullest first.
    """
    side, everywhere = zoom + ZOOMS_ON, replace(filters, bbox=None)
    fine = max(side, min(side + FINER, CELL_ZOOM))
    found = by_cell(everywhere, zoom=fine, merged_too=True)
    key = found.key >> 2 * (fine - side)
    if filters.bbox is not None:
        seen = _touched(key, side, filters.bbox)
        found, key = Cells(found.key[seen], found.n[seen]), key[seen]
    unfinished = _unfinished(everywhere, side, now)
    told = [
        {"lon": lon, "lat": lat, "count": n, **unfinished.get(cell, {"open": 0, "overdue": 0})}
        for cell, n, lon, lat in _middles(found, key, fine)
    ]
    return sorted(told, key=lambda it: (-it["count"], it["lon"], it["lat"]))


def _middles(found: Cells, key: NDArray[np.int64], zoom: int) -> Iterator[tuple[int, int, float, float]]:
    """Each cell with how many it has, and where they lie by the finer cells of a zoom."""
    lon = (columns_of(found.key) + 0.5) / 2**zoom * 360 - 180
    lat = latitude(rows_of(found.key) + 0.5, zoom)
    cell, which = np.unique(key, return_inverse=True)
    n, east, north = (np.bincount(which, weights=found.n * by, minlength=len(cell)) for by in (1, lon, lat))
    for its, count, x, y in zip(cell.tolist(), n, east, north, strict=True):
        yield its, int(count), round(x / count, 6), round(y / count, 6)


def _touched(key: NDArray[np.int64], zoom: int, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Which of the cells of a zoom a box in degrees touches."""
    west, south, east, north = box
    column, row = columns_of(key), rows_of(key)
    inside = ((column + 1) / 2**zoom * 360 - 180 >= west) & (column / 2**zoom * 360 - 180 <= east)
    return np.asarray(inside & (latitude(row, zoom) >= south) & (latitude(row + 1, zoom) <= north))


def _unfinished(filters: Filters, zoom: int, now: dt.datetime) -> dict[int, dict[str, int]]:
    """What is open in each cell, and past its limit: few, so they are always asked of the cases."""
    cell = F("quadkey").bitrightshift(2 * (QUADKEY_ZOOM - zoom))
    chosen = rows(filters, NOBODY).filter(closed_at=None).order_by().values(cell=cell)
    counted = chosen.annotate(open=Count("pk"), overdue=Count("pk", filter=late(now)))
    return {it["cell"]: {"open": it["open"], "overdue": it["overdue"]} for it in counted}
