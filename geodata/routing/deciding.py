"""The routing rules for many points, as the registry has them for one (`gridmap.routing`).

1. covered by one area → ``within``; 2. by several → the lowest code, ``edge``, all kept as candidates; 3. by none → the
nearest within 200 m, inside the covering parent if there is one and not across a river → ``nearest``; 4. otherwise
``unrouted``, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geodata.areas import Areas, Shapes, Texts
from geodata.crs import to_stored
from geodata.routing.cells import Floats, Positions
from geodata.routing.metres import Outlines
from geodata.routing.nearest import REACH_M, Nearest
from geodata.routing.router import Routed, Router

WITHIN, EDGE, NEAREST, UNROUTED = METHODS = ("within", "edge", "nearest", "unrouted")
"""How an area was found; the words of `gridmap.routing.Method`."""

BETWEEN_CANDIDATES = ";"
NO_NUMBER = "经度或纬度不是数字 (longitude or latitude is no number)"
OUT_OF_RANGE = "经度须在 -180 至 180、纬度须在 -90 至 90 度之间 (out of range)"
PART = 1 << 16


@dataclass(frozen=True)
class Decided:
    """Where n points go; all columns have shape (n,).

    `code`: text, "" where unrouted. `method`: a word of METHODS. `distance_m`: float64, metres to the deciding line:
    the area's own outline for ``within`` (NaN if that was not asked for), 0 for ``edge``, the way to the area for
    ``nearest``, NaN for ``unrouted``. `candidates`: text, codes with ";" between them. `reason`: text, why a point
    is unrouted, else "".
    """

    code: Texts
    method: Texts
    distance_m: Floats
    candidates: Texts
    reason: Texts

    def __len__(self) -> int:
        return len(self.code)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Several one after the other."""
        columns = ("code", "method", "distance_m", "candidates", "reason")
        return cls(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


class Rules:
    """The rules for some areas; made once, then asked for chunk after chunk, by several threads or processes.

    `areas`, `parents`, `rivers`, `reach_m`: as for `Router` and `Nearest`, with their errors. `measured`: also measure
    the distance to the own outline for points within.
    """

    def __init__(
        self,
        areas: Areas,
        *,
        parents: Areas | None = None,
        rivers: Shapes | None = None,
        reach_m: float = REACH_M,
        measured: bool = True,
    ) -> None:
        self.made_of = (areas, parents, rivers, reach_m, measured)
        self.router = Router(areas)
        self.measured = measured
        self._outlines = Outlines(self.router.shapes)
        self._nearest = Nearest(self.router, parents=parents, rivers=rivers, reach_m=reach_m, outlines=self._outlines)
        self._nothing_near = f"{reach_m:g} 米内没有可归入的区域 (no area to route to within {reach_m:g} m)"

    def __reduce__(self) -> tuple[Callable[..., Rules], tuple[Any, ...]]:
        """Sent to another process as what they are made of; the tables are built anew there."""
        return rules_of, self.made_of

    def decide(self, lon: ArrayLike, lat: ArrayLike, coord: str, *, threads: int = 1) -> Decided:
        """Decide for points; `lon`, `lat`: shape (n,), degrees of the system `coord` (geodata.crs.COORDINATE_SYSTEMS).

        NaN and infinity are allowed and unrouted. Raises UnknownCoordinateSystem, and ValueError if `lon` and `lat` are
        not columns of one length.
        """
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(
                f"longitudes of shape {x.shape} and latitudes of shape {y.shape} are not columns of points"
            )
        if threads <= 1 or len(x) <= PART:
            return self._part(x, y, coord)
        starts = range(0, len(x), PART)
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(lambda start: self._part(x[start : start + PART], y[start : start + PART], coord), starts)
            return Decided.joined(list(parts))

    def _part(self, x: Floats, y: Floats, coord: str) -> Decided:
        usable, lon, lat = stored_points(x, y, coord)
        where = np.flatnonzero(usable)
        decided = _all_unrouted(len(x))
        finite = np.isfinite(x) & np.isfinite(y)
        decided.reason[~finite] = NO_NUMBER
        decided.reason[finite & ~usable] = OUT_OF_RANGE
        routed = self.router.route(lon, lat)
        self._covered(decided, where, routed, lon, lat)
        self._near(decided, where, routed, lon, lat)
        return decided

    def _covered(self, decided: Decided, where: Positions, routed: Routed, lon: Floats, lat: Floats) -> None:
        covered = np.flatnonzero(routed.area >= 0)
        codes = routed.codes[routed.area[covered]]
        at = where[covered]
        decided.code[at] = decided.candidates[at] = codes
        decided.method[at] = WITHIN
        if self.measured:
            decided.distance_m[at] = self._outlines.distances(routed.area[covered], lon[covered], lat[covered])
        at = where[routed.shared]
        decided.method[at] = EDGE
        decided.distance_m[at] = 0.0
        decided.candidates[at] = [
            BETWEEN_CANDIDATES.join(routed.codes[list(areas)].tolist()) for areas in routed.sharing
        ]

    def _near(self, decided: Decided, where: Positions, routed: Routed, lon: Floats, lat: Floats) -> None:
        outside = np.flatnonzero(routed.area < 0)
        near = self._nearest.find(lon[outside], lat[outside])
        found = near.area >= 0
        at = where[outside[found]]
        decided.code[at] = decided.candidates[at] = routed.codes[near.area[found]]
        decided.method[at] = NEAREST
        decided.distance_m[at] = near.distance_m[found]
        decided.reason[where[outside[~found]]] = self._nothing_near


def stored_points(x: Floats, y: Floats, coord: str) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Which points of a named system are on the globe, shape (n,), and these in CGCS2000 degrees, shape (usable,).

    Raises UnknownCoordinateSystem.
    """
    usable = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    lon, lat = to_stored(x[usable], y[usable], coord)
    return usable, lon, lat


def rules_of(areas: Areas, parents: Areas | None, rivers: Shapes | None, reach_m: float, measured: bool) -> Rules:
    """Rules from what they are made of, `Rules.made_of`."""
    return Rules(areas, parents=parents, rivers=rivers, reach_m=reach_m, measured=measured)


def _all_unrouted(count: int) -> Decided:
    def filled(text: str) -> NDArray[np.object_]:
        return np.full(count, text, dtype=object)

    return Decided(filled(""), filled(UNROUTED), np.full(count, np.nan), filled(""), filled(""))


def lines_of(shapes: Shapes, source: str) -> Shapes:
    """Rivers as `Nearest` wants them. Raises ValueError for points, for nothing and for missing geometry, by row."""
    dimensions = shapely.get_dimensions(shapes)
    for row in np.flatnonzero((dimensions < 1) | shapely.is_empty(shapes)):
        raise ValueError(f"{source} 第 {row + 1} 条河流不是线或面 (is neither a line nor a polygon)")
    return shapes
