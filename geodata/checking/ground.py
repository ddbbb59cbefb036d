"""Areas made ready to be compared: sound polygons in degrees, their levels, and measures in metres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas, Shapes, are_polygons
from geodata.crs import in_range, metres_srid, to_metres

LEVELS = (6, 9, 12, 15)
# Whose edges cross more often is no drawing of an area; to mend it takes time and memory beyond bounds.
MOST_CROSSINGS = 10_000
FIRST_LOOK = 8


@dataclass(frozen=True)
class Ground:
    """The areas of a file with what every check wants to know of them.

    `on_globe`: shape (n,), whether every place of an area can be one of the stored system. `drawn`: whether it is a
    polygon on the globe with something in it. `valid`: whether that polygon is valid. `tangled`: whether it is so far from
    valid that it is not mended, and counts as not drawn.
    `sound`: shape (n,), the polygons, invalid ones as GEOS mends them, None where there is none. `level`: shape (n,), the
    length of an area's code, of an ill-formed one the level most of the file has.
    """

    areas: Areas
    on_globe: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    tangled: NDArray[np.bool_]
    sound: Shapes
    well_formed: NDArray[np.bool_]
    level: NDArray[np.int64]

    @classmethod
    def of(cls, areas: Areas) -> Ground:
        """Prepare areas."""
        shapes = areas.shapes
        on_globe = _on_globe(shapes)
        drawn = are_polygons(shapes) & on_globe & ~shapely.is_empty(shapes)
        valid = drawn & shapely.is_valid(shapes)
        sound = shapes.copy()
        bad = drawn & ~valid
        tangled = np.zeros(len(shapes), dtype=bool)
        tangled[bad] = [_is_tangled(shape) for shape in shapes[bad]]
        bad &= ~tangled
        sound[bad] = polygonal(mended(shapes[bad]))
        # A polygon that collapses altogether is nothing to compare.
        drawn = drawn & ~tangled & ~shapely.is_empty(sound)
        sound[~drawn] = None
        well_formed = np.array([is_well_formed(code) for code in areas.codes], dtype=bool)
        return cls(areas, on_globe, drawn, valid, tangled, sound, well_formed, _levels(areas, well_formed))

    def __len__(self) -> int:
        return len(self.areas)

    @cached_property
    def by_code(self) -> dict[str, int]:
        """The first drawn area of each well-formed code."""
        found: dict[str, int] = {}
        for row in np.flatnonzero(self.drawn & self.well_formed).tolist():
            found.setdefault(self.areas.codes[row], int(row))
        return found

    @cached_property
    def mismatched(self) -> NDArray[np.bool_]:
        """Which areas have an edge that does not agree with that of a neighbour of their level; shape (n,)."""
        found = np.zeros(len(self), dtype=bool)
        for level in self.levels:
            rows = self.at(level)
            found[rows] = ~shapely.is_empty(shapely.coverage_invalid_edges(self.sound[rows]))
        return found

    def at(self, level: int) -> NDArray[np.int64]:
        """The drawn areas of a level."""
        return np.flatnonzero(self.drawn & (self.level == level))

    @property
    def levels(self) -> list[int]:
        """The levels there are, the highest first."""
        return [int(level) for level in np.unique(self.level[self.drawn])]

    def title(self, row: int) -> str:
        """How a message calls an area."""
        code, name = self.areas.codes[row], self.areas.names[row]
        return f"{code} {name}".strip() if code else self.row_title(row)

    def row_title(self, row: int) -> str:
        """How a message calls an area whose code is not to be relied on."""
        name = self.areas.names[row]
        return f"第 {self.areas.rows[row]} 个要素{f'（{name}）' if name else ''}"


def _on_globe(shapes: Shapes) -> NDArray[np.bool_]:
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    found = np.ones(len(shapes), dtype=bool)
    found[owners[~in_range(places[:, 0], places[:, 1], "cgcs2000")]] = False
    return found


def _is_tangled(shape: BaseGeometry) -> bool:
    """Whether edges of a polygon meet others more than MOST_CROSSINGS times, those next to them aside."""
    places, owners = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    same = owners[1:] == owners[:-1]
    edges: Shapes = np.asarray(shapely.linestrings(np.stack([places[:-1][same], places[1:][same]], axis=1)))
    # In no order, so that a few edges tell of all, and there are never many meetings in memory.
    edges = np.random.default_rng(1).permutation(edges)
    tree = shapely.STRtree(edges)
    met, begin, number = 0, 0, FIRST_LOOK
    while begin < len(edges) and met <= 2 * MOST_CROSSINGS:
        part = edges[begin : begin + number]
        # Each meets itself and the two next to it.
        met += tree.query(part, predicate="intersects").shape[1] - 3 * len(part)
        begin, number = begin + number, number * 2
    return met > 2 * MOST_CROSSINGS


def mended(shapes: Any) -> Any:
    """An invalid polygon, or an array of them, as GEOS mends it; it may be something else than a polygon then."""
    return shapely.make_valid(shapes, method="structure", keep_collapsed=False)


def is_well_formed(code: str) -> bool:
    """Whether a code has the digits of a level."""
    return len(code) in LEVELS and code.isascii() and code.isdigit()


def _levels(areas: Areas, well_formed: NDArray[np.bool_]) -> NDArray[np.int64]:
    lengths = np.array([len(code) for code in areas.codes], dtype=np.int64)
    most = Counter(lengths[well_formed].tolist()).most_common(1)
    lengths[~well_formed] = most[0][0] if most else LEVELS[-1]
    return lengths


def polygonal(shapes: Shapes) -> Shapes:
    """What of each geometry is polygons: a polygon or multipolygon, empty where there is none."""
    made = shapes.copy()
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    made[~are_polygons(shapes) & ~mixed] = shapely.Polygon()
    for row in np.flatnonzero(mixed).tolist():
        parts = shapely.get_parts(shapely.get_parts(shapes[row]))
        inner = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        made[row] = shapely.union_all(inner) if len(inner) else shapely.Polygon()
    return made


def in_metres(shapes: Shapes) -> Shapes:
    """Each geometry in the plane of its own place, for lengths and areas of it alone; None and empty ones stay."""
    made = shapes.copy()
    boxes = shapely.bounds(shapes)
    there = np.isfinite(boxes[:, 0])
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    srids = np.zeros(len(shapes), dtype=np.int64)
    srids[there] = [metres_srid(x, y) for x, y in zip(middle_x[there], middle_y[there], strict=True)]
    for srid in np.unique(srids[there]):
        chosen = srids == srid
        made[chosen] = shapely.transform(shapes[chosen], _projection(int(srid)))
    return made


def _projection(srid: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    return lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1], srid))


def m2(shapes: Shapes) -> NDArray[np.float64]:
    """Square metres of each geometry in degrees."""
    return np.asarray(shapely.area(in_metres(shapes)), dtype=np.float64)


def no_wider_than(metres: float, flat: Shapes) -> NDArray[np.bool_]:
    """Whether polygons, given in metres, are nowhere wider than that."""
    perimeter = shapely.length(flat)
    # The widest circle inside has a radius of at least area by perimeter, so that most need no closer look.
    thin = (perimeter > 0) & (2 * shapely.area(flat) <= metres * perimeter)
    narrow = np.zeros(len(flat), dtype=bool)
    narrow[thin] = shapely.is_empty(shapely.buffer(flat[thin], -metres / 2, quad_segs=4))
    return narrow
