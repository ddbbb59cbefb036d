"""Advice on grids of the wrong size: cut one in two along its buildings, or join it to a neighbour.

A cut never goes through a building's surroundings: the ground is divided among the buildings (Voronoi), neighbouring
pieces of ground make a graph weighted by residents, and METIS divides that graph into two connected halves of about equal
weight. Joining needs no optimiser: the neighbour with the longest common border that stays within
the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymetis
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geodata.crs import from_metres, metres_srid, to_metres

# METIS starts from chance; the most even of some tries is taken, always the same ones.
TRIES = 8
# How far a cut is drawn beyond the outline, so that it surely crosses it.
OVERSHOOT_M = 1.0
# A border shorter than this is a corner.
CORNER_M = 0.5


class CannotBalance(ValueError):
    """There is no way to divide this ground; the message says why."""


@dataclass(frozen=True)
class Homes:
    """Where people live. `lon`, `lat`: CGCS2000 degrees; `households`, `residents`: counts; all of shape (n,)."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    households: NDArray[np.int64]
    residents: NDArray[np.int64]


@dataclass(frozen=True)
class Halving:
    """A cut and what lies on either side of it.

    `line`: CGCS2000 degrees, its ends a metre outside the ground. `pieces`: the two sides, CGCS2000 degrees; where the
    cut meets a long edge they may be some square metres off, since what is straight in the plane is not in degrees.
    `first`: shape (n,), whether a home lies on the first side. `households`, `residents`: of the two sides.
    """

    line: LineString
    pieces: tuple[BaseGeometry, BaseGeometry]
    first: NDArray[np.bool_]
    households: tuple[int, int]
    residents: tuple[int, int]

    @property
    def unevenness(self) -> float:
        """How far the larger side is above half of the residents, 0 to 1."""
        return max(self.residents) / max(sum(self.residents), 1) * 2 - 1


def halve(ground: BaseGeometry, homes: Homes) -> Halving:
    """The most even cut of a polygon (CGCS2000 degrees) into two connected parts that goes between the homes.

    Raises CannotBalance when there are fewer than two homes, or when no try gives two connected parts.
    """
    if len(homes.lon) < 2:
        raise CannotBalance("登记的楼栋或村民小组不足两处，无从拆分 (fewer than two buildings)")
    plane = metres_srid(float(homes.lon[0]), float(homes.lat[0]))
    outline = shapely.transform(ground, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1], plane)))
    cells, owners = _cells(outline, np.column_stack(to_metres(homes.lon, homes.lat, plane)))
    weights = np.where(owners >= 0, homes.residents[owners], 0)
    found = [
        halving for sides in _divisions(cells, weights) if (halving := _halving(cells, owners, sides, homes, plane))
    ]
    if not found:
        raise CannotBalance("没有能保持两部分各自连片的分法 (no cut leaves both parts in one piece)")
    return min(found, key=lambda halving: (halving.unevenness, halving.line.length))


def best_neighbour(
    code: str, shapes: Mapping[str, BaseGeometry], fits: Callable[[str], bool]
) -> tuple[str, float] | None:
    """The neighbour to join an area to, and the length of their common border in metres; None when none fits.

    `shapes`: polygons in CGCS2000 degrees by code, the area's own among them. `fits` says whether the two together
    keep the rules. The longest border wins, among equals the lowest code.
    """
    shape = shapes[code]
    here = shapely.get_coordinates(shape)[0]
    plane = metres_srid(float(here[0]), float(here[1]))
    borders = []
    for other, beside in shapes.items():
        if other != code and fits(other) and shapely.intersects(shape, beside):
            common = shapely.intersection(shape, beside)
            metres = shapely.transform(common, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1], plane)))
            borders.append((-metres.length, other))
    if not borders or -min(borders)[0] < CORNER_M:
        return None
    length, other = min(borders)
    return other, -length


def _cells(outline: BaseGeometry, places: NDArray[np.float64]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """The ground nearest to each place, in connected pieces; `owners` is the place a piece holds, or -1 for none."""
    if len(np.unique(places, axis=0)) < 2:
        raise CannotBalance("登记的楼栋都在同一位置，无从拆分 (all buildings at one place)")
    points = shapely.points(places)
    around = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=outline)
    pieces = shapely.get_parts(shapely.intersection(shapely.get_parts(around), outline))
    parts = shapely.get_parts(pieces[shapely.area(pieces) > 0])
    owners = np.full(len(parts), -1, dtype=np.int64)
    held, inside = shapely.STRtree(parts).query(points, predicate="intersects")
    owners[inside] = held
    return parts, owners


def _divisions(cells: NDArray[np.object_], weights: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Some ways to give each cell to side 0 or 1, the same ones every time."""
    # Weighting the borders by their length made the halves a third less even, and some fell apart.
    graph = _graph(cells)
    divisions: dict[bytes, NDArray[np.int64]] = {}
    for seed in range(TRIES):
        _, sides = pymetis.part_graph(
            2,
            graph,
            vweights=weights.tolist(),
            recursive=False,
            options=pymetis.Options(seed=seed, contig=1),
        )
        division = np.array(sides, dtype=np.int64)
        divisions.setdefault(division.tobytes(), division)
    return list(divisions.values())


def _graph(cells: NDArray[np.object_]) -> Any:
    """Which cells share a border, as METIS takes it."""
    one, two = shapely.STRtree(cells).query(cells, predicate="intersects")
    lengths = shapely.length(shapely.intersection(cells[one], cells[two]))
    kept = (one != two) & (lengths > CORNER_M)
    order = np.lexsort((two[kept], one[kept]))
    one, two = one[kept][order], two[kept][order]
    starts = np.searchsorted(one, np.arange(len(cells) + 1))
    return pymetis.CSRAdjacency(starts.tolist(), two.tolist())


def _halving(
    cells: NDArray[np.object_], owners: NDArray[np.int64], sides: NDArray[np.int64], homes: Homes, plane: int
) -> Halving | None:
    """What a division comes to on the ground, or None when a side falls apart or is empty."""
    pieces = [shapely.coverage_union_all(cells[sides == side]) for side in (0, 1)]
    if any(piece.geom_type != "Polygon" or piece.is_empty for piece in pieces):
        return None
    border = shapely.line_merge(shapely.intersection(pieces[0].boundary, pieces[1].boundary))
    if border.geom_type != "LineString" or border.is_closed:
        return None
    first = np.zeros(len(homes.lon), dtype=bool)
    first[owners[(sides == 0) & (owners >= 0)]] = True
    back = _back(plane)
    return Halving(
        line=shapely.transform(_overshot(border), back),
        pieces=(shapely.transform(pieces[0], back), shapely.transform(pieces[1], back)),
        first=first,
        households=(int(homes.households[first].sum()), int(homes.households[~first].sum())),
        residents=(int(homes.residents[first].sum()), int(homes.residents[~first].sum())),
    )


def _back(plane: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    return lambda xy: np.column_stack(from_metres(xy[:, 0], xy[:, 1], plane))


def _overshot(line: BaseGeometry) -> LineString:
    """The line drawn a little farther at both ends."""
    xy = shapely.get_coordinates(line)
    return LineString([_beyond(xy[1], xy[0]), *xy, _beyond(xy[-2], xy[-1])])


def _beyond(towards: Sequence[float] | NDArray[Any], end: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    way = np.subtract(end, towards)
    return np.asarray(end + way / np.hypot(*way) * OVERSHOOT_M, dtype=np.float64)
