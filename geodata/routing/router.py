"""Many points at once: in which area does each lie?

Exact, and the same answer as PostGIS' ``ST_Covers`` with the lowest code, on lines and corners too: what the tables of
`geodata.routing.cells` cannot say for certain is asked of GEOS.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geodata.areas import Areas, Texts, are_polygons, areas_of
from geodata.routing.cells import (
    NONE,
    UNKNOWN,
    Cells,
    Floats,
    Ints,
    Positions,
    cells_of,
)

BLOCK, BLOCK_OF_THREADS = 1 << 16, 1 << 17
"""Points looked up in one go: their scratch columns stay in the processor's cache. Threads take more at a time, so that
they wait less often for Python's lock."""
CHUNK, CHUNK_OF_THREADS = 1 << 20, 1 << 21
"""Points answered in one go; what is worked out beside them takes memory for so many only. Threads take more at a time:
memory given back and taken anew holds up the other threads."""


class UnusableAreas(ValueError):
    """Areas that cannot be routed to: the message names the first one by code, and says why."""


@dataclass(frozen=True)
class Routed:
    """Where n points lie.

    `codes`: shape (areas,), all areas' codes in their order. `area`: int32, shape (n,), an index into `codes`, -1 for a
    point that no area covers; of several areas it is the one of the lowest code. `shared`: int64, shape (k,), ascending
    positions of the points that several areas cover (on a common line, or where areas overlap); `sharing`: k tuples of
    indexes into `codes`, ascending.
    """

    codes: Texts
    area: Ints
    shared: Positions
    sharing: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.area)

    def code(self) -> Texts:
        """The code of each point's area, shape (n,), None where there is none."""
        codes = np.full(len(self.codes) + 1, None, dtype=object)
        codes[:-1] = self.codes
        named: Texts = codes[self.area]
        return named


class Router:
    """Finds the areas of points; made once for some areas, then asked as often as needed, by several threads too.

    `areas`: polygons and multipolygons with codes, CGCS2000 degrees. They may overlap and leave gaps. The order of
    codes is the order of their bytes (UTF-8), as in the database's collation "C". Raises `UnusableAreas` for a code
    that is missing or stands twice, and for a shape that is missing, empty, not a polygon, invalid, or not in degrees.
    """

    def __init__(self, areas: Areas) -> None:
        refuse_unusable(areas)
        # Text in Python compares by code point, which for UTF-8 is the order of its bytes.
        order = np.argsort(areas.codes, kind="stable")
        self.codes: Texts = areas.codes[order]
        self.shapes = areas.shapes[order].copy()
        self.cells: Cells = cells_of(self.shapes)
        self._sets: list[tuple[int, ...]] = []
        self._number_of_set: dict[tuple[int, ...], int] = {}
        self._asking = threading.Lock()
        self._tree = shapely.STRtree(self.shapes)
        shapely.prepare(self.shapes)

    @classmethod
    def of(cls, codes: Iterable[str], shapes: Iterable[Any]) -> Router:
        """A router for codes and shapely geometries in CGCS2000 degrees, of equal number."""
        return cls(areas_of(codes, shapes))

    def route(self, lon: ArrayLike, lat: ArrayLike, *, threads: int = 1) -> Routed:
        """Route points; `lon`, `lat`: shape (n,), CGCS2000 degrees. NaN, infinity or another place lies in no area.

        `threads` work on chunks of points side by side; NumPy and GEOS release Python's lock. Raises ValueError if
        `lon` and `lat` are not columns of one length.
        """
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(
                f"longitudes of shape {x.shape} and latitudes of shape {y.shape} are not columns of points"
            )
        label = np.empty(len(x), dtype=np.int32)
        block, size = BLOCK, CHUNK
        if threads > 1:
            block, size = BLOCK_OF_THREADS, min(CHUNK_OF_THREADS, max(-(-len(x) // threads), BLOCK))
        waiting = deque(slice(start, start + size) for start in range(0, len(x), size))

        def work() -> list[Positions]:
            shared: list[Positions] = []
            while True:
                try:
                    part = waiting.popleft()
                except IndexError:  # nothing is left
                    return shared
                shared.append(part.start + self._answer(x[part], y[part], label[part], block))

        others = min(threads, len(waiting)) - 1
        if others > 0:
            # The calling thread works too: it need not be woken.
            with ThreadPoolExecutor(others) as pool:
                theirs = [pool.submit(work) for _ in range(others)]
                shared = [*work(), *(found for future in theirs for found in future.result())]
        else:
            shared = work()
        return self._routed(label, np.sort(np.concatenate([np.empty(0, dtype=np.int64), *shared])))

    def _routed(self, label: Ints, shared: Positions) -> Routed:
        """Labels are areas, and sets of areas where several share a point."""
        areas = len(self.codes)
        sharing = tuple(self._sets[number] for number in (label[shared] - areas).tolist())
        label[shared] = [areas[0] for areas in sharing]
        return Routed(self.codes, label, shared, sharing)

    def _answer(self, x: Floats, y: Floats, label: Ints, block: int) -> Positions:
        """Write the label of each point; returns the positions of those that several areas share."""
        self._look_up(x, y, label, block)
        lined = np.flatnonzero(label < UNKNOWN)
        x, y = x[lined], y[lined]
        entry = self.cells.entries(-3 - label[lined], x, y)
        # The last entry is always unknown: it serves the points whose side is uncertain.
        found = self.cells.sides[entry]
        unknown = np.flatnonzero(found == UNKNOWN)
        if len(unknown):
            told = self._ask(x[unknown], y[unknown])
            found[unknown] = told
            learned = entry[unknown] >= 0
            self.cells.sides[entry[unknown[learned]]] = told[learned]
        label[lined] = found
        return lined[found >= len(self.codes)]

    def _look_up(self, x: Floats, y: Floats, label: Ints, block: int) -> None:
        """Write the kind of each point's cell. What lies outside falls into the outermost ring, where nothing is."""
        lattice, kind = self.cells.lattice, self.cells.kind
        per_degree = 1 / lattice.size
        across, up = np.empty(block), np.empty(block)
        number = np.empty(block, dtype=np.int32)
        with np.errstate(invalid="ignore"):  # a NaN becomes an odd number, and that is clipped to the first cell
            for start in range(0, len(x), block):
                part = slice(start, start + block)
                size = len(label[part])
                column, row, cell = across[:size], up[:size], number[:size]
                np.multiply(np.subtract(x[part], lattice.west, out=column), per_degree, out=column)
                np.multiply(np.subtract(y[part], lattice.south, out=row), per_degree, out=row)
                np.clip(column, 0, lattice.columns - 1, out=column)
                np.clip(row, 0, lattice.rows - 1, out=row)
                np.multiply(np.floor(row, out=row), lattice.columns, out=row)
                np.copyto(cell, np.add(row, column, out=row), casting="unsafe")
                np.take(kind, cell, out=label[part], mode="clip")

    def _ask(self, x: Floats, y: Floats) -> Ints:
        """The labels of a few points by GEOS, which builds its indexes as it goes and is asked by one thread a time."""
        with self._asking:
            point, area = self._tree.query(shapely.points(x, y))
            covered = shapely.intersects_xy(self.shapes[area], x[point], y[point])
            point, area = point[covered], area[covered]
            order = np.lexsort((area, point))
            point, area = point[order], area[order]
            label = np.full(len(x), NONE, dtype=np.int32)
            label[point] = area
            several = np.unique(point[1:][point[1:] == point[:-1]])
            bounds = np.searchsorted(point, np.column_stack([several, several + 1]))
            for which, (start, stop) in zip(several.tolist(), bounds.tolist(), strict=True):
                label[which] = self._number(tuple(area[start:stop].tolist()))
        return label

    def _number(self, areas: tuple[int, ...]) -> int:
        number = self._number_of_set.get(areas)
        if number is None:
            number = len(self.codes) + len(self._sets)
            self._sets.append(areas)
            self._number_of_set[areas] = number
        return number


def refuse_unusable(areas: Areas) -> None:
    """Raise `UnusableAreas` for the first area that cannot be routed to; see `Router`."""
    _refuse(areas, areas.codes == "", "没有编码 (has no code)")
    again = np.ones(len(areas), dtype=np.bool_)
    again[np.unique(areas.codes.astype(str), return_index=True)[1]] = False
    _refuse(areas, again, "编码重复 (its code stands twice)")
    shapes = areas.shapes
    _refuse(areas, shapely.is_missing(shapes), "没有图形 (has no geometry)")
    _refuse(areas, ~are_polygons(shapes), "不是面 (is not a polygon)")
    _refuse(areas, shapely.is_empty(shapes), "图形为空 (is empty)")
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    outside = ~(np.abs(bounds) <= (180, 90, 180, 90)).all(axis=1)
    _refuse(areas, outside, "坐标不是经纬度 (is not in degrees)")
    invalid = ~shapely.is_valid(shapes)
    reason = shapely.is_valid_reason(shapes[invalid][0]) if invalid.any() else ""
    _refuse(areas, invalid, f"图形无效：{reason} (is invalid)")


def _refuse(areas: Areas, which: ArrayLike, why: str) -> None:
    bad = np.asarray(which, dtype=np.bool_)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        source = f"{areas.source} " if areas.source else ""
        raise UnusableAreas(f"{source}第 {areas.rows[first]} 个区域 {areas.codes[first] or '?'}：{why}")
