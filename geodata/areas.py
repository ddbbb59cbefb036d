"""Areas as they come in and go out: parallel columns, one row an area, no database behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Areas:
    """Drawn areas in the order of their file.

    `codes` and `names`: shape (n,), text, "" where the file has none. `shapes`: shape (n,), shapely geometries in
    CGCS2000 degrees (EPSG:4490), or None where there is no geometry; nothing is promised about their type or
    validity until they were checked. `rows`: shape (n,), where each stands in its file, from 1, for messages.
    `table`: the file's other columns, n rows. `source`: the file's name, for messages. `coord`: the coordinate
    system the file was in.
    """

    codes: Texts
    names: Texts
    shapes: Shapes
    rows: NDArray[np.int64]
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    source: str = ""
    coord: str = "cgcs2000"

    def __len__(self) -> int:
        return len(self.codes)

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        """The areas marked in `chosen`, shape (n,)."""
        table = self.table[chosen].reset_index(drop=True) if len(self.table) else self.table
        return type(self)(
            self.codes[chosen],
            self.names[chosen],
            self.shapes[chosen],
            self.rows[chosen],
            table,
            self.source,
            self.coord,
        )


def are_polygons(shapes: Shapes) -> NDArray[np.bool_]:
    """Which of some geometries are polygons or multipolygons, empty and invalid ones too; shape (n,)."""
    return np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))


def areas_of(codes: Iterable[str], shapes: Iterable[Any], names: Iterable[str] | None = None) -> Areas:
    """Areas put together by hand: codes, shapely geometries in CGCS2000 degrees, and names if there are any."""
    listed = list(codes)
    texts = np.array(listed, dtype=object)
    drawn = np.empty(len(listed), dtype=object)
    drawn[:] = list(shapes)
    named = np.array(list(names) if names is not None else [""] * len(listed), dtype=object)
    return Areas(texts, named, drawn, np.arange(1, len(listed) + 1))
