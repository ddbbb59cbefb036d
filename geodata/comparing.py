"""What became of what: the ground two sets of areas share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.crs import metres_srid, to_metres

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Overlap:
    """Ground that was `old_code`'s and is `new_code`'s.

    `m2`: square metres. `share_of_old`, `share_of_new`: 0 to 1, how much of the one and of the other that is.
    """

    old_code: str
    new_code: str
    m2: float
    share_of_old: float
    share_of_new: float


def overlaps(old: Mapping[str, Any], new: Mapping[str, Any], *, at_least_m2: float = 1.0) -> list[Overlap]:
    """The ground every old area shares with every new one, by old code, then new code.

    `old`, `new`: shapely polygons by code, CGCS2000 degrees (EPSG:4490); areas of one level, for areas of two levels
    share ground as a matter of course. Invalid polygons are taken as GEOS would mend them. What is at most
    `at_least_m2` square metres is left out: joining polygons moves their lines by less than that.
    """
    if not old or not new:
        return []
    old_codes, new_codes = list(old), list(new)
    before, after = sound_metres([*old.values(), *new.values()], len(old))
    old_m2, new_m2 = shapely.area(before), shapely.area(after)
    i, j = shapely.STRtree(after).query(before, predicate="intersects")
    m2 = _shared_m2(before[i], after[j])
    found = [
        Overlap(old_codes[a], new_codes[b], float(shared), float(shared / old_m2[a]), float(shared / new_m2[b]))
        for a, b, shared in zip(i, j, m2, strict=True)
        if shared > at_least_m2
    ]
    return sorted(found, key=lambda it: (it.old_code, it.new_code))


def sound_metres(shapes: list[Any], split: int) -> tuple[Shapes, Shapes]:
    """Polygons in metres, in the plane of the middle of them all, invalid ones mended; parted at `split`."""
    drawn = np.array(shapes, dtype=object)
    bad = ~shapely.is_valid(drawn)
    drawn[bad] = shapely.make_valid(drawn[bad], method="structure")
    west, south, east, north = shapely.total_bounds(drawn)
    srid = metres_srid((west + east) / 2, (south + north) / 2)
    drawn = shapely.transform(drawn, lambda vertices: np.column_stack(to_metres(vertices[:, 0], vertices[:, 1], srid)))
    return drawn[:split], drawn[split:]


def _shared_m2(before: Shapes, after: Shapes) -> NDArray[np.float64]:
    """Square metres each pair shares; an area that did not move is not cut with itself."""
    m2: NDArray[np.float64] = np.zeros(len(before))
    same = shapely.equals_identical(before, after)
    m2[same] = shapely.area(before[same])
    m2[~same] = shapely.area(shapely.intersection(before[~same], after[~same]))
    return m2
