"""Corners and edges of areas that share their lines: what two areas have in common, to the last bit.

Areas that share a line have the same corners on it, written in the same bits. An edge is therefore known by its two
ends alone, whichever area it is read from and in whichever direction. Everything is in CGCS2000 degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.crs import metres_srid, to_metres

Place = tuple[float, float]
Edge = tuple[Place, Place]
Ring = list[Place]


class Plane:
    """Metres about a shape: lengths and ground are measured here, nothing is drawn here."""

    def __init__(self, shape: BaseGeometry) -> None:
        self.srid = plane_of([shape])

    def metres(self, places: Sequence[Place] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Eastings and northings, shape (n, 2), of n places in degrees."""
        degrees = np.asarray(places, dtype=np.float64)
        return np.column_stack(to_metres(degrees[:, 0], degrees[:, 1], self.srid))

    def distance(self, one: Place, other: Place) -> float:
        """Metres between two places."""
        (a, b) = self.metres([one, other])
        return float(np.hypot(*(b - a)))

    def ground(self, shape: BaseGeometry) -> float:
        """Square metres."""
        return float(shapely.transform(shape, self.metres).area)


def plane_of(shapes: Sequence[BaseGeometry]) -> int:
    """The EPSG code of the plane shapes are measured in, wherever on or off the globe they lie; not all empty."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    return metres_srid(float(np.clip((west + east) / 2, -180, 180)), float(np.clip((south + north) / 2, -90, 90)))


def edge(one: Place, other: Place) -> Edge:
    """The edge between two corners, the same from either end."""
    return (one, other) if one <= other else (other, one)


def parts_of(shape: BaseGeometry) -> list[shapely.Polygon]:
    """The polygons of a polygon or multipolygon."""
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]


def rings_of(shape: BaseGeometry) -> list[Ring]:
    """Every ring's corners, the first again at the end."""
    lines = [line for part in parts_of(shape) for line in (part.exterior, *part.interiors)]
    return [places_of(line) for line in lines]


def places_of(shape: BaseGeometry) -> Ring:
    """The corners of a shape in their order."""
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(shape)]


def edges_of(shape: BaseGeometry) -> set[Edge]:
    """Every edge of a shape."""
    return {edge(one, other) for ring in rings_of(shape) for one, other in pairwise(ring)}


def with_corners(shape: BaseGeometry, added: Mapping[Edge, Iterable[Place]]) -> BaseGeometry | None:
    """The shape with new corners on some of its edges, or None where it has none of these edges.

    Rings keep their direction and where they begin.
    """
    if not added or edges_of(shape).isdisjoint(added):
        return None
    return _rebuilt(shape, lambda ring: _with_corners(ring, added))


def _with_corners(ring: Ring, added: Mapping[Edge, Iterable[Place]]) -> Ring:
    corners = [ring[0]]
    for one, other in pairwise(ring):
        new = added.get(edge(one, other), ())
        corners += [*sorted(new, key=lambda place: _squared(one, place)), other]
    return corners


def _squared(one: Place, other: Place) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def _rebuilt(shape: BaseGeometry, changed: Callable[[Ring], Ring]) -> BaseGeometry:
    parts = [
        shapely.Polygon(changed(places_of(part.exterior)), [changed(places_of(hole)) for hole in part.interiors])
        for part in parts_of(shape)
    ]
    return in_the_form_of(shape, parts)


def in_the_form_of(shape: BaseGeometry, parts: Sequence[Any]) -> BaseGeometry:
    """Polygons as one shape: a multipolygon where `shape` is one or where there are several."""
    if shape.geom_type == "MultiPolygon" or len(parts) > 1:
        return shapely.MultiPolygon(list(parts))
    return parts[0]  # type: ignore[no-any-return]


def joined(shape: BaseGeometry, *others: BaseGeometry) -> BaseGeometry:
    """Areas that share edges as one, in the form of the first; corners on what remains stay, those between go."""
    whole = shapely.coverage_union_all([shape, *others])
    return in_the_form_of(shape, [shapely.orient_polygons(part) for part in parts_of(whole)])
