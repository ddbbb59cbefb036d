"""For points that no area covers: the nearest area within reach, as the registry's rule has it.

Not outside the first-level area that covers the point, if one does, and not across a river.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.areas import Areas, Shapes, Texts
from geodata.routing.cells import NONE, Floats, Ints, Positions
from geodata.routing.metres import Outlines
from geodata.routing.router import Router

REACH_M = 200.0
# A degree of latitude is nowhere shorter; a hundredth more, since this only narrows the search.
METRES_PER_DEGREE = 110_500 / 1.01


@dataclass(frozen=True)
class Near:
    """The areas that n points are near to: `area`, int32, -1 for none; `distance_m`, float64, NaN for none."""

    area: Ints
    distance_m: Floats


class Nearest:
    """Finds the nearest area of points outside all areas.

    `router`: of the areas. `parents`: areas of the level above; an area belongs to the parents its code starts with, and
    where parents cover a point only their own areas are looked at. `rivers`: shape (k,), lines or polygons in CGCS2000
    degrees; the shortest way to the area, in degrees, must touch none. `reach_m`: how far to look.
    """

    def __init__(
        self,
        router: Router,
        *,
        parents: Areas | None = None,
        rivers: Shapes | None = None,
        reach_m: float = REACH_M,
        outlines: Outlines | None = None,
    ) -> None:
        self.reach_m = reach_m
        self._router = router
        self._outlines = outlines or Outlines(router.shapes)
        self._parents = Router(parents) if parents is not None and len(parents) else None
        self._rivers = shapely.STRtree(rivers) if rivers is not None and len(rivers) else None
        self._tree = shapely.STRtree(router.shapes)
        for tree in (self._tree, self._rivers):
            if tree is not None:
                tree.query(shapely.Point(0, 0))  # builds it, before several threads ask

    def find(self, lon: Floats, lat: Floats) -> Near:
        """The nearest area of each point; `lon`, `lat`: shape (n,), CGCS2000 degrees, outside all areas, finite.

        Of areas at the same distance the one of the lowest code.
        """
        area = np.full(len(lon), NONE, dtype=np.int32)
        distance = np.full(len(lon), np.nan)
        point, near = self._around(lon, lat)
        metres = self._outlines.distances(near, lon[point], lat[point], solid=True)
        chosen = metres <= self.reach_m
        point, near, metres = point[chosen], near[chosen], metres[chosen]
        chosen = self._of_own_parents(point, near, lon, lat)
        point, near, metres = point[chosen], near[chosen], metres[chosen]
        chosen = ~self._across_rivers(point, near, lon, lat)
        point, near, metres = point[chosen], near[chosen], metres[chosen]
        order = np.lexsort((near, metres, point))
        point, near, metres = point[order], near[order], metres[order]
        first = np.ones(len(point), dtype=bool)
        first[1:] = point[1:] != point[:-1]
        area[point[first]], distance[point[first]] = near[first], metres[first]
        return Near(area, distance)

    def _around(self, lon: Floats, lat: Floats) -> tuple[Positions, Positions]:
        """All pairs of a point and an area whose box is within reach, by degrees."""
        up = self.reach_m / METRES_PER_DEGREE
        across = up / np.maximum(np.cos(np.radians(lat)), 0.1)
        # A diagonal has the extent of its box, and is made five times as quickly.
        ends = np.stack([np.column_stack([lon - across, lat - up]), np.column_stack([lon + across, lat + up])], axis=1)
        point, area = self._tree.query(np.asarray(shapely.linestrings(ends)))
        return point, area

    def _of_own_parents(self, point: Positions, near: Positions, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        if self._parents is None or not len(point):
            return np.ones(len(point), dtype=bool)
        asked, back = np.unique(point, return_inverse=True)
        found = self._parents.route(lon[asked], lat[asked])
        covering: list[tuple[int, ...]] = [(area,) if area >= 0 else () for area in found.area.tolist()]
        for which, several in zip(found.shared.tolist(), found.sharing, strict=True):
            covering[which] = several
        codes: Texts = self._parents.codes
        starts = [tuple(str(codes[area]) for area in areas) for areas in covering]
        return np.array(
            [
                not starts[which] or str(self._router.codes[area]).startswith(starts[which])
                for which, area in zip(back.tolist(), near.tolist(), strict=True)
            ],
            dtype=bool,
        )

    def _across_rivers(self, point: Positions, near: Positions, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        across = np.zeros(len(point), dtype=bool)
        if self._rivers is not None and len(point):
            here = shapely.points(lon[point], lat[point])
            ways = shapely.shortest_line(here, self._router.shapes[near])
            touching, _ = self._rivers.query(ways, predicate="intersects")
            across[touching] = True
        return across
