"""The ground that many polygons hold between them, found from their outer edges alone.

An edge that one polygon has on its left and another on its right lies inside their common ground. Of areas that nearly
agree with each other few edges are left over, and only these are cut with one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.areas import Shapes

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True)
class Faces:
    """What outer edges divide the plane into, without what lies outside of them all.

    `shapes`: polygons, shape (n,). `held`: shape (n,), whether some area holds a face, or else it is a hole.
    """

    shapes: Shapes
    held: NDArray[np.bool_]

    @property
    def holes(self) -> Shapes:
        """What areas surround and none holds."""
        return self.shapes[~self.held]

    @property
    def whole(self) -> BaseGeometry:
        """All areas as one."""
        made: BaseGeometry = shapely.coverage_union_all(self.shapes[self.held])
        return made


def faces_of(shapes: Shapes) -> Faces:
    """The faces of valid polygons, shape (n,)."""
    if not len(shapes):
        return Faces(shapes, np.zeros(0, dtype=bool))
    lines = _lines(outer_edges(shapes))
    crossed = shapely.unary_union(shapely.multilinestrings(lines))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(crossed)))
    found, _ = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="intersects")
    held = np.zeros(len(faces), dtype=bool)
    held[found] = True
    return Faces(faces, held)


def outer_edges(shapes: Shapes) -> NDArray[np.float64]:
    """The edges with ground on one side only, shape (n, 2, 2): those that no two polygons have in opposite directions.

    They are in the order of their rings.
    """
    rings = shapely.get_rings(shapely.orient_polygons(shapes))
    places, owners = shapely.get_coordinates(rings, return_index=True)
    same = owners[1:] == owners[:-1]
    edges = np.stack([places[:-1][same], places[1:][same]], axis=1)
    edges = edges[(edges[:, 0] != edges[:, 1]).any(axis=1)]
    one, other = edges[:, 0], edges[:, 1]
    forward = (one[:, 0] < other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] < other[:, 1]))
    ends = np.where(forward[:, None, None], edges, edges[:, ::-1])
    _, first, which = np.unique(_hashes(ends), return_index=True, return_inverse=True)
    ahead = np.bincount(which, weights=forward) > 0
    back = np.bincount(which, weights=~forward) > 0
    return np.asarray(edges[np.sort(first[ahead != back])], dtype=np.float64)


def _lines(edges: NDArray[np.float64]) -> Shapes:
    """Edges that follow upon each other as one line: a line an edge would take a kilobyte each."""
    begins = np.ones(len(edges), dtype=bool)
    begins[1:] = (edges[1:, 0] != edges[:-1, 1]).any(axis=1)
    which = np.cumsum(begins) - 1
    # A line has its first place, and the end of each of its edges.
    places = np.empty((len(edges) + which[-1] + 1, 2)) if len(edges) else np.empty((0, 2))
    owners = np.empty(len(places), dtype=np.int64)
    ends = np.arange(len(edges)) + which + 1
    places[ends], owners[ends] = edges[:, 1], which
    places[ends[begins] - 1], owners[ends[begins] - 1] = edges[begins, 0], which[begins]
    return np.asarray(shapely.linestrings(places, indices=owners))


def _hashes(ends: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A number for each edge by the bits of its ends; of ten million edges, one in a million runs sees two alike."""
    bits = np.ascontiguousarray(ends + 0.0).reshape(-1, 4).view(np.uint64)
    mixed = np.zeros(len(bits), dtype=np.uint64)
    for column in range(4):
        mixed = (mixed ^ bits[:, column]) * _MIX
        mixed ^= mixed >> _SHIFT
    return mixed
