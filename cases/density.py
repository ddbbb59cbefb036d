"""The density of cases (密度), for the eye and no test: from the counts by cell, spread as urban or rural ground asks."""

from __future__ import annotations

import base64
import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cases.counting import by_cell, columns_of, rows_of
from cases.models.counts import CELL_ZOOM
from geodata.density import RURAL_M, URBAN_M, surface
from geodata.routing.router import Router
from geodata.tiles import latitude
from gridmap.features.parameters import Filters
from gridmap.models import Boundary
from gridmap.models.versions import version_of

NOTE = "密度图，不作检验"
UNIT = "件/平方公里"


def density(filters: Filters, *, on: dt.date) -> dict[str, Any]:
    """The surface as a picture in a data address, where it lies, and its legend; without a picture where there is nothing."""
    cells = by_cell(filters)
    x, y, n = columns_of(cells.key), rows_of(cells.key), cells.n
    found = surface(x, y, n, _urban(x, y, on), cell_zoom=CELL_ZOOM)
    said: dict[str, Any] = {
        "n": int(n.sum()),
        "unit": UNIT,
        "note": NOTE,
        "bandwidth_m": {"urban": URBAN_M, "rural": RURAL_M},
        "image": None,
        "bounds": None,
        "classes": [],
    }
    if found is None:
        return said
    picture = base64.b64encode(found.picture()).decode()
    classes = [{"from": it.start, "to": it.end, "colour": it.colour} for it in found.classes]
    return said | {
        "image": f"data:image/png;base64,{picture}",
        "bounds": [round(edge, 7) for edge in found.bounds],
        "classes": classes,
    }


def _urban(x: NDArray[np.int64], y: NDArray[np.int64], on: dt.date) -> NDArray[np.bool_]:
    """Whether the middle of each cell lies in a grid that is urban."""
    router, urban = _ground(on, version_of("areas"))
    if not len(urban) or not len(x):
        return np.zeros(len(x), dtype=bool)
    lon = (x + 0.5) / 2**CELL_ZOOM * 360 - 180
    area = router.route(lon, latitude(y + 0.5, CELL_ZOOM)).area
    return np.where(area >= 0, urban[area], False)


@lru_cache(maxsize=2)
def _ground(on: dt.date, version: int) -> tuple[Router, NDArray[np.bool_]]:
    """The grids in force on a day, to find cells in, and which are urban; ``version`` is that of the areas."""
    grids = Boundary.objects.on(on).filter(area__level="grid").order_by("area")
    rows = list(grids.values_list("area_id", "area__urban", "geom"))
    codes = np.array([code for code, _, _ in rows], dtype=object)
    shapes = np.array(shapely.from_wkb([bytes(geom.wkb) for _, _, geom in rows]), dtype=object)
    return Router.of(codes, shapes), np.array([bool(urban) for _, urban, _ in rows])
