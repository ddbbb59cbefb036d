"""Distances in metres between points and the outlines of areas, in the plane of each point's own longitude."""

from __future__ import annotations

import threading

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.areas import Shapes
from geodata.crs import metres_srid, to_metres
from geodata.routing.cells import Floats, Ints, Positions

FEW_VERTICES = 400
"""An outline of more vertices is searched by an index of its edges."""


def planes_of(lon: Floats, lat: Floats) -> NDArray[np.int64]:
    """`geodata.crs.metres_srid` of each point, shape (n,); degrees, finite."""
    # Zones begin and end at whole and half degrees, so one look for each half degree is enough.
    halves = np.column_stack([np.floor(lon * 2), np.sign(lat), lat < 60]).astype(np.int64)
    _, first, which = np.unique(halves, axis=0, return_index=True, return_inverse=True)
    srids = [metres_srid(x, y) for x, y in zip(lon[first].tolist(), lat[first].tolist(), strict=True)]
    return np.array(srids, dtype=np.int64)[which.reshape(-1)]


class Outlines:
    """Outlines of areas, projected when they are first needed; for several threads at once."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._vertices = shapely.get_num_coordinates(shapes)
        self._projected: dict[int, tuple[Shapes, Shapes]] = {}
        self._trees: dict[tuple[int, int], shapely.STRtree] = {}
        self._making = threading.Lock()

    def distances(self, area: Ints | Positions, lon: Floats, lat: Floats, *, solid: bool = False) -> Floats:
        """Metres from each point to the outline of its area.

        `area`: shape (n,), indexes of the shapes; `lon`, `lat`: shape (n,), CGCS2000 degrees, finite. `solid`: 0 for a
        point inside the area in the plane. One outside in degrees may be: an edge is straight in both, which makes two
        lines of it.
        """
        found = np.empty(len(area))
        planes = planes_of(lon, lat)
        for srid in np.unique(planes).tolist():
            those = np.flatnonzero(planes == srid)
            x, y = to_metres(lon[those], lat[those], srid)
            points: Shapes = np.asarray(shapely.points(x, y))
            found[those] = self._to_outlines(srid, area[those], points)
            if solid:
                found[those[shapely.intersects(self._projected[srid][0][area[those]], points)]] = 0.0
        return found

    def _to_outlines(self, srid: int, area: Ints | Positions, points: Shapes) -> Floats:
        with self._making:
            lines = self._outlines_in(srid, np.unique(area))
            many = np.flatnonzero(self._vertices[area] > FEW_VERTICES)
            trees = {int(which): self._tree(srid, int(which)) for which in np.unique(area[many])}
        few = self._vertices[area] <= FEW_VERTICES
        found = np.empty(len(area))
        found[few] = shapely.distance(lines[area[few]], points[few])
        for which, tree in trees.items():
            those = many[area[many] == which]
            (nearest_to, _), distance = tree.query_nearest(points[those], return_distance=True, all_matches=False)
            found[those[nearest_to]] = distance
        return found

    def _outlines_in(self, srid: int, areas: NDArray[np.integer]) -> Shapes:
        if srid not in self._projected:
            nothing = np.full(len(self._shapes), None, dtype=object)
            self._projected[srid] = nothing, nothing.copy()
        shapes, outlines = self._projected[srid]
        missing = areas[shapely.is_missing(outlines[areas])]
        shapes[missing] = shapely.transform(
            self._shapes[missing], lambda points: np.column_stack(to_metres(points[:, 0], points[:, 1], srid))
        )
        outlines[missing] = shapely.boundary(shapes[missing])
        return outlines

    def _tree(self, srid: int, area: int) -> shapely.STRtree:
        if (srid, area) not in self._trees:
            points, line = shapely.get_coordinates(shapely.get_parts(self._projected[srid][1][area]), return_index=True)
            inner = line[1:] == line[:-1]
            edges: Shapes = np.asarray(shapely.linestrings(np.stack([points[:-1][inner], points[1:][inner]], axis=1)))
            tree = shapely.STRtree(edges)
            tree.query(edges[0])  # builds it, before several threads ask
            self._trees[srid, area] = tree
        return self._trees[srid, area]
