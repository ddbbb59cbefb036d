"""Cut the ground into equal cells, so that most points need one look into a table.

A cell that no line comes near is wholly inside one area, or in none. A cell that lines come near keeps those lines,
and a small table: on which side of each line a point lies decides where it belongs.

Why that is exact: every edge that comes within a margin (`MARGIN` of a cell) of a cell is kept there, and the
margin is wider than all rounding. Take two points of one cell on the same side of every line kept. The way from one
to the other crosses none of those lines, and no other edge is near: the same areas cover both. So the answer for one
point of a side combination holds for all of them, and it is known from a corner of the cell that is farther than the
margin from every line, or else from the first point that was asked of GEOS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.areas import Shapes

Ints = NDArray[np.int32]
Positions = NDArray[np.int64]
Floats = NDArray[np.float64]

NONE = -1
"""Covered by no area."""
UNKNOWN = -2
"""Not in the tables: to be asked of GEOS."""
MOST_LINES = 6
"""A cell with more lines than this has no table of sides; its points are asked of GEOS."""

MARGIN = 1 / 128
CELLS_PER_EDGE = 128
FEWEST_CELLS, MOST_CELLS = 1 << 16, 1 << 25
SMALLEST_CELL = 1e-5  # degrees, about a metre; below, the margin would come near the rounding of coordinates
# Shewchuk's bound for a determinant of differences is 3.33e-16 of the sum of its two products.
ROUNDING = 5e-16
NO_PRODUCT = 1e-290  # products below may have lost their sign to underflow
EDGES_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Lattice:
    """Square cells of `size` degrees from the south-west corner on; the outermost ring of cells is empty ground."""

    west: float
    south: float
    size: float
    columns: int
    rows: int

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.columns * self.rows


@dataclass(frozen=True)
class Edges:
    """Edges of all rings, lower end first: `ends` shape (n, 4) as x, y, x, y in degrees.

    `area`: shape (n,), whose edge it is. `turn`: shape (n,), +1 where the area begins going east across it, else -1.
    """

    ends: Floats
    area: Ints
    turn: NDArray[np.int8]


@dataclass(frozen=True)
class Cells:
    """The tables. `kind`: shape (cells,): an area, `NONE`, or -3 - b for the b-th cell with lines.

    Of the b-th cell with lines, `count[b]` is how many, or `MOST_LINES + 1` if there are more; `first[b]` is where they
    start in `lines`; `sides_from[b]` where its table starts in `sides`. `lines` holds rows of `edges`, whose columns
    are x, y, run, rise, bound: a determinant within the bound may have the wrong sign. `sides` is filled further
    while points are asked; its last entry stays `UNKNOWN`.
    """

    lattice: Lattice
    kind: Ints
    count: NDArray[np.int8]
    first: Ints
    lines: Ints
    edges: Floats
    sides_from: Ints
    sides: Ints

    @property
    def bytes(self) -> int:
        """Memory the tables take."""
        tables = (self.kind, self.count, self.first, self.lines, self.edges, self.sides_from, self.sides)
        return sum(table.nbytes for table in tables)

    def entries(self, cell: Ints, x: Floats, y: Floats, *, clear: bool = False) -> Ints:
        """Where in `sides` the answers for points of cells with lines stand.

        `cell`: shape (n,), numbers of cells with lines; `x`, `y`: shape (n,), degrees, points in or beside them. -1, an
        entry that is never known, for a point so near to a line that rounding may deceive (with `clear`, for a corner
        that is not clear of all lines by the margin) and for a cell of too many lines.
        """
        entry = self.sides_from[cell]
        count = self.count[cell]
        dubious = count > MOST_LINES
        for line in range(MOST_LINES):
            those = np.flatnonzero(count > line)
            if not len(those):
                break
            # Rows are taken several times as quickly as they are indexed.
            edge = self.edges.take(self.lines.take(self.first.take(cell.take(those)) + line), axis=0)
            run, rise = edge[:, 2], edge[:, 3]
            side = run * (y[those] - edge[:, 1]) - (x[those] - edge[:, 0]) * rise
            bound = MARGIN * self.lattice.size * (np.abs(run) + rise) if clear else edge[:, 4]
            entry[those] += (side > 0).astype(np.int32) << line
            dubious[those[np.abs(side) <= bound]] = True
        entry[dubious] = -1
        return entry


def cells_of(shapes: Shapes) -> Cells:
    """Build the tables of valid polygons and multipolygons, shape (n,), in degrees; n may be 0."""
    edges = _edges(shapes)
    lattice = _lattice(edges)
    unique = _unique(edges.ends)
    cell, line = _near(unique, lattice)
    corners = _corners(edges, lattice)
    order = np.argsort(cell, kind="stable")
    cell, line = cell[order], line[order]
    crossed, first, count = np.unique(cell, return_index=True, return_counts=True)
    # Ground covered by several areas with no line near: a table of one entry, learned from the first point.
    heaped = np.setdiff1d(np.flatnonzero(corners == UNKNOWN).astype(np.int32), crossed, assume_unique=True)
    special = np.concatenate([crossed, heaped])
    kept = np.concatenate([np.minimum(count, MOST_LINES + 1), np.zeros(len(heaped), dtype=np.int64)])
    entries = np.where(kept > MOST_LINES, 0, 1 << kept)
    sides_from = np.cumsum(entries) - entries
    kind = corners.copy()
    kind[special] = -3 - np.arange(len(special))
    cells = Cells(
        lattice=lattice,
        kind=kind,
        count=kept.astype(np.int8),
        first=np.concatenate([first, np.zeros(len(heaped), dtype=np.int64)]).astype(np.int32),
        lines=line,
        edges=_with_bound(unique, lattice.size),
        sides_from=sides_from.astype(np.int32),
        sides=np.full(int(entries.sum()) + 1, UNKNOWN, dtype=np.int32),
    )
    _learn_from_corners(cells, special, corners)
    return cells


def spread(counts: NDArray[np.integer]) -> tuple[Positions, Positions]:
    """`counts[i]` copies of each i, and the number of each copy from 0."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _edges(shapes: Shapes) -> Edges:
    parts, area = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[:-1] == ring[1:]
    ends = np.hstack([points[:-1], points[1:]])[inner]
    owner = area[part[ring[:-1][inner]]].astype(np.int32)
    # Exteriors run anticlockwise: the area lies east of an edge that runs down.
    down = (ends[:, 1] > ends[:, 3]) | ((ends[:, 1] == ends[:, 3]) & (ends[:, 0] > ends[:, 2]))
    ends[down] = ends[down][:, [2, 3, 0, 1]]
    long = (ends[:, 0] != ends[:, 2]) | (ends[:, 1] != ends[:, 3])
    return Edges(ends[long], owner[long], np.where(down, 1, -1).astype(np.int8)[long])


def _lattice(edges: Edges) -> Lattice:
    if not len(edges.ends):
        return Lattice(0.0, 0.0, 1.0, 3, 3)
    west, south = edges.ends[:, [0, 2]].min(), edges.ends[:, 1].min()
    width, height = edges.ends[:, [0, 2]].max() - west, edges.ends[:, 3].max() - south
    wanted = min(max(CELLS_PER_EDGE * len(edges.ends) // 2, FEWEST_CELLS), MOST_CELLS)
    size = max(float(np.sqrt(width * height / wanted)), max(width, height) / (1 << 13), SMALLEST_CELL)
    columns, rows = int(width / size) + 4, int(height / size) + 4
    return Lattice(float(west - 1.5 * size), float(south - 1.5 * size), size, columns, rows)


def _unique(ends: Floats) -> Floats:
    """Each edge once, though two areas share it. By hash: two different edges of one hash are both kept."""
    bits = np.ascontiguousarray(ends).view(np.uint64)
    hashed = np.zeros(len(ends), dtype=np.uint64)
    for column in range(4):
        hashed = (hashed ^ bits[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        hashed ^= hashed >> np.uint64(29)
    order = np.argsort(hashed, kind="stable")
    ends = ends[order]
    fresh = np.ones(len(ends), dtype=bool)
    fresh[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    return ends[fresh]


def _near(ends: Floats, lattice: Lattice) -> tuple[Ints, Ints]:
    """All pairs of a cell and an edge that comes within the margin of it."""
    found = [
        _near_some(ends[start : start + EDGES_AT_ONCE], start, lattice) for start in range(0, len(ends), EDGES_AT_ONCE)
    ]
    if not found:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    cells, lines = zip(*found, strict=True)
    return np.concatenate(cells), np.concatenate(lines)


def _near_some(ends: Floats, start: int, lattice: Lattice) -> tuple[Ints, Ints]:
    margin, size = MARGIN * lattice.size, lattice.size
    x0, y0, x1, y1 = ends.T
    lowest = ((y0 - margin - lattice.south) / size).astype(np.int32)
    highest = ((y1 + margin - lattice.south) / size).astype(np.int32)
    edge, step = spread(highest - lowest + 1)
    row = lowest[edge] + step
    # The stretch of the edge inside this row, as a share of its rise; a flat edge lies in the row with all its length.
    bottom = lattice.south + row * size - margin
    rise = y1 - y0
    flat = rise < margin
    per_rise = 1 / np.where(flat, 1.0, rise)
    enters = np.clip((bottom - y0[edge]) * per_rise[edge], 0, 1)
    leaves = np.clip((bottom + (size + 2 * margin) - y0[edge]) * per_rise[edge], 0, 1)
    enters[flat[edge]], leaves[flat[edge]] = 0, 1
    run = (x1 - x0)[edge]
    one, other = x0[edge] + enters * run, x0[edge] + leaves * run
    left = ((np.minimum(one, other) - margin - lattice.west) / size).astype(np.int32)
    right = ((np.maximum(one, other) + margin - lattice.west) / size).astype(np.int32)
    stretch, step = spread(right - left + 1)
    cell = row[stretch] * lattice.columns + left[stretch] + step
    return cell.astype(np.int32), (start + edge[stretch]).astype(np.int32)


def _corners(edges: Edges, lattice: Lattice) -> Ints:
    """What covers the south-west corner of every cell: an area, `NONE`, or `UNKNOWN` if several do.

    Along each row of corners areas begin and end where edges cross it; what is open in between covers the corners.
    Only right for corners farther from every edge than rounding.
    """
    x0, y0, x1, y1 = edges.ends.T
    lowest = np.ceil((y0 - lattice.south) / lattice.size).astype(np.int32)
    highest = np.ceil((y1 - lattice.south) / lattice.size).astype(np.int32)
    edge, step = spread(highest - lowest)
    row = lowest[edge] + step
    share = (lattice.south + row * lattice.size - y0[edge]) / (y1 - y0)[edge]
    x = x0[edge] + np.clip(share, 0, 1) * (x1 - x0)[edge]
    place = row * lattice.columns + np.ceil((x - lattice.west) / lattice.size).astype(np.int64)
    order = np.argsort(place, kind="stable")
    edge, place = edge[order], place[order]
    turn = edges.turn[edge].astype(np.int64)
    last = np.flatnonzero(np.append(place[1:] != place[:-1], len(place) > 0))
    covering = np.cumsum(turn)[last]
    only = np.cumsum(turn * edges.area[edge])[last]
    told = np.where(covering == 0, NONE, np.where(covering == 1, only, UNKNOWN)).astype(np.int32)
    breaks = np.concatenate([[0], place[last], [lattice.cells]])
    return np.repeat(np.concatenate([np.array([NONE], dtype=np.int32), told]), np.diff(breaks))


def _with_bound(ends: Floats, size: float) -> Floats:
    x, y = ends[:, 0], ends[:, 1]
    run, rise = ends[:, 2] - x, ends[:, 3] - y
    # A point of a cell near the edge is at most two cells outside the edge's own box.
    products = np.abs(run) * (rise + 2 * size) + (np.abs(run) + 2 * size) * rise
    return np.column_stack([x, y, run, rise, ROUNDING * products + NO_PRODUCT])


def _learn_from_corners(cells: Cells, special: Ints, corners: Ints) -> None:
    lattice = cells.lattice
    lined = np.flatnonzero(cells.count > 0).astype(np.int32)
    row, column = np.divmod(special[lined], lattice.columns)
    for east, north in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = lattice.west + (column + east) * lattice.size, lattice.south + (row + north) * lattice.size
        entry = cells.entries(lined, x, y, clear=True)
        told = corners[special[lined] + east + north * lattice.columns]
        usable = (entry >= 0) & (told != UNKNOWN)
        cells.sides[entry[usable]] = told[usable]
