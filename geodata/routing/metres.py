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
        self._lines: Shapes = shapely.boundary(shapes)
        self._vertices = shapely.get_num_coordinates(shapes)
        self._projected: dict[int, Shapes] = {}
        self._trees: dict[tuple[int, int], shapely.STRtree] = {}
        self._making = threading.Lock()

    def distances(self, area: Ints | Positions, lon: Floats, lat: Floats) -> Floats:
        """Metres from each point to the outline of its area.

        `area`: shape (n,), indexes of the shapes; `lon`, `lat`: shape (n,), CGCS2000 degrees, finite.
        """
        found = np.empty(len(area))
        planes = planes_of(lon, lat)
        for srid in np.unique(planes).tolist():
            those = np.flatnonzero(planes == srid)
            x, y = to_metres(lon[those], lat[those], srid)
            found[those] = self._in_plane(srid, area[those], shapely.points(x, y))
        return found

    def _in_plane(self, srid: int, area: Ints | Positions, points: Shapes) -> Floats:
        with self._making:
            lines = self._lines_in(srid, np.unique(area))
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

    def _lines_in(self, srid: int, areas: NDArray[np.integer]) -> Shapes:
        lines = self._projected.setdefault(srid, np.full(len(self._lines), None, dtype=object))
        missing = areas[shapely.is_missing(lines[areas])]
        lines[missing] = shapely.transform(
            self._lines[missing], lambda points: np.column_stack(to_metres(points[:, 0], points[:, 1], srid))
        )
        return lines

    def _tree(self, srid: int, area: int) -> shapely.STRtree:
        if (srid, area) not in self._trees:
            points, line = shapely.get_coordinates(shapely.get_parts(self._projected[srid][area]), return_index=True)
            inner = line[1:] == line[:-1]
            edges: Shapes = np.asarray(shapely.linestrings(np.stack([points[:-1][inner], points[1:][inner]], axis=1)))
            tree = shapely.STRtree(edges)
            tree.query(edges[0])  # builds it, before several threads ask
            self._trees[srid, area] = tree
        return self._trees[srid, area]
