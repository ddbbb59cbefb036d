"""What became of what: the ground two sets of areas share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.areas import Shapes, are_polygons
from geodata.crs import metres_srid, to_metres


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
    share ground as a matter of course. Invalid polygons are taken as GEOS would mend them, other shapes as empty. What
    is at most `at_least_m2` square metres is left out: joining polygons moves their lines by less than that.
    """
    if not old or not new:
        return []
    old_codes, new_codes = list(old), list(new)
    before, after = _sound(list(old.values())), _sound(list(new.values()))
    # Lines are straight in degrees: cut there, the pieces of an area add up to it however its line is cornered.
    old_size, new_size = shapely.area(before), shapely.area(after)
    i, j = shapely.STRtree(after).query(before, predicate="intersects")
    pieces = _shared(before[i], after[j])
    old_m2 = np.array(list(square_metres(dict(enumerate(before))).values()))
    found = [
        Overlap(old_codes[a], new_codes[b], size / old_size[a] * old_m2[a], size / old_size[a], size / new_size[b])
        for a, b, size in zip(i.tolist(), j.tolist(), pieces.tolist(), strict=True)
        if size > 0 and size / old_size[a] * old_m2[a] > at_least_m2
    ]
    return sorted(found, key=lambda it: (it.old_code, it.new_code))


def square_metres(shapes: Mapping[Any, Any]) -> dict[Any, float]:
    """The size of polygons by their keys, in the plane of the middle of them all; shapes as for `overlaps`."""
    drawn = _sound(list(shapes.values()))
    if shapely.is_empty(drawn).all():
        return dict.fromkeys(shapes, 0.0)
    west, south, east, north = shapely.total_bounds(drawn)
    srid = metres_srid((west + east) / 2, (south + north) / 2)
    planar = shapely.transform(drawn, lambda vertices: np.column_stack(to_metres(vertices[:, 0], vertices[:, 1], srid)))
    return dict(zip(shapes, shapely.area(planar).tolist(), strict=True))


def _sound(shapes: list[Any]) -> Shapes:
    """Valid polygons in degrees; empty where there is no ground on the globe."""
    drawn = np.empty(len(shapes), dtype=object)
    drawn[:] = shapes
    drawn[~np.all(np.abs(shapely.bounds(drawn)) <= [180, 90, 180, 90], axis=1)] = shapely.MultiPolygon()
    bad = ~are_polygons(drawn) | ~shapely.is_valid(drawn)
    drawn[bad] = [_mended(shape) for shape in drawn[bad]]
    return drawn


def _mended(shape: BaseGeometry) -> BaseGeometry:
    """The ground of a shape of any kind as GEOS would mend it."""
    parts = [shapely.make_valid(part, method="structure") for part in shapely.get_parts(shape)]
    return shapely.union_all([part for part in parts if part.geom_type in ("Polygon", "MultiPolygon")])


def _shared(before: Shapes, after: Shapes) -> NDArray[np.float64]:
    """Square degrees each pair shares; an area that did not move is not cut with itself."""
    size: NDArray[np.float64] = np.zeros(len(before))
    same = shapely.equals_identical(before, after)
    size[same] = shapely.area(before[same])
    size[~same] = shapely.area(shapely.intersection(before[~same], after[~same]))
    return size
