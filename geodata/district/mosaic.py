"""The district in small stones: fine cells from which every invented boundary is put together.

Sites are scattered with the density of the population and mirrored on both sides of the rivers, so that the
edges of their Voronoi cells look like ground and run along the water. Whatever is built as a union of cells
is an exact coverage. All coordinates are metres in METRES_SRID; cell corners are whole centimetres, so that
equal corners are equal numbers on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LLOYD_ROUNDS = 3
RIVER_TOLL_DM = 200_000  # crossing water costs as much as a walk of 20 km, so areas stay on their bank
CM = 100


@dataclass(frozen=True)
class Kernel:
    """A hill of density: `count` cells spread around `centre` with the given `radius` in metres."""

    centre: tuple[float, float]
    radius: float
    count: float


@dataclass(frozen=True)
class Mosaic:
    """Cells, their centres and which of them are neighbours.

    centres: (n, 2) metres. cells: n polygons. area: (n,) whole square metres.
    pairs: (m, 2) cells that share an edge. edges: (m, 2, 2) the ends of that edge in whole centimetres.
    cost: (m,) decimetres between the two centres, with the toll where a river lies between.
    crosses: (m,) whether a river lies between. rim: (r, 2, 2) the outer edges.
    """

    centres: Floats
    cells: NDArray[np.object_]
    area: Ints
    pairs: Ints
    edges: Ints
    cost: Ints
    crosses: Bools
    rim: Ints


def lay(
    frame: BaseGeometry,
    rivers: Sequence[shapely.LineString],
    kernels: Sequence[Kernel],
    floor_per_km2: float,
    seed: int,
) -> Mosaic:
    """Fill `frame` (metres) with cells; the same arguments give the same cells."""
    rng = np.random.default_rng(seed)
    banks = _bank_sites(frame, rivers, kernels, floor_per_km2)
    free = _scattered(frame, rivers, kernels, floor_per_km2, rng)
    for _ in range(LLOYD_ROUNDS):
        free = _relaxed(free, banks, frame)
    cells = _clipped(np.vstack([banks, free]), frame)
    return _joined(cells, rivers)


def density(points: Floats, kernels: Sequence[Kernel], floor_per_km2: float) -> Floats:
    """Cells per square metre at (n, 2) points. Each hill is 1/(pi r² (1+q²)²), whose integral is one."""
    total = np.full(len(points), floor_per_km2 / 1e6)
    for kernel in kernels:
        away = points - np.array(kernel.centre)
        q2 = (away[:, 0] * away[:, 0] + away[:, 1] * away[:, 1]) / (kernel.radius * kernel.radius)
        total += kernel.count / (np.pi * kernel.radius * kernel.radius * (1 + q2) * (1 + q2))
    return total


def _scattered(
    frame: BaseGeometry,
    rivers: Sequence[shapely.LineString],
    kernels: Sequence[Kernel],
    floor: float,
    rng: np.random.Generator,
) -> Floats:
    """Sites by rejection, thinned where they would stand too near a river."""
    west, south, east, north = frame.bounds
    peak = max(density(np.array([k.centre for k in kernels]), kernels, floor))
    trials = int(peak * (east - west) * (north - south))
    points = rng.random((trials, 2)) * [east - west, north - south] + [west, south]
    here = density(points, kernels, floor)
    kept = rng.random(trials) * peak < here
    points, here = points[kept], here[kept]
    water = shapely.union_all(rivers)
    shapely.prepare(frame)
    dry = _distance(shapely.points(points), water) > 0.8 / np.sqrt(here)
    sites: Floats = np.round(points[dry & shapely.contains_xy(frame, points)], 2)
    return sites


def _bank_sites(
    frame: BaseGeometry, rivers: Sequence[shapely.LineString], kernels: Sequence[Kernel], floor: float
) -> Floats:
    """Pairs of sites facing each other across the water: their common edge is the river."""
    sites: list[Floats] = []
    rim = frame.boundary
    for number, river in enumerate(rivers):
        others = shapely.union_all([r for other, r in enumerate(rivers) if other != number])
        along = 0.0
        while along < river.length:
            here, ahead = river.interpolate(along), river.interpolate(along + 1.0)
            spacing = float(0.9 / np.sqrt(density(np.array([[here.x, here.y]]), kernels, floor)[0]))
            half = spacing * 0.45
            here_xy = np.array([here.x, here.y])
            away = np.array([here.y - ahead.y, ahead.x - here.x])
            away = away / np.sqrt(away[0] * away[0] + away[1] * away[1]) * half
            pair = np.round(np.array([here_xy + away, here_xy - away]), 2)
            clear = _distance(np.asarray(shapely.points(pair)), others).min() > 0.8 * half
            if clear and frame.contains(here) and rim.distance(here) > 1.5 * half:
                sites.append(pair)
            along += spacing
    return np.vstack(sites) if sites else np.empty((0, 2))


def _distance(points: NDArray[np.object_], water: BaseGeometry) -> Floats:
    """Metres to the water; infinite where there is none, for which GEOS answers NaN."""
    return np.asarray(np.nan_to_num(shapely.distance(points, water), nan=np.inf))


def _relaxed(free: Floats, banks: Floats, frame: BaseGeometry) -> Floats:
    """One of Lloyd's rounds: each free site moves to the middle of its cell if that lies in the frame."""
    cells = _voronoi(np.vstack([banks, free]))[len(banks) :]
    middle = np.round(shapely.get_coordinates(shapely.centroid(cells)), 2)
    inside = shapely.contains_xy(frame, middle)
    return np.where(inside[:, None], middle, free)


def _voronoi(sites: Floats) -> NDArray[np.object_]:
    return shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites), ordered=True))


def _clipped(sites: Floats, frame: BaseGeometry) -> NDArray[np.object_]:
    """Voronoi cells cut at the frame, corners on whole centimetres, pieces of a cut cell apart."""
    cells = _on_centimetres(_voronoi(sites))
    cut = ~shapely.covers(frame, cells)
    cells[cut] = shapely.intersection(cells[cut], frame)
    parts = _on_centimetres(shapely.get_parts(cells[~shapely.is_empty(cells)]))
    good = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
    kept: NDArray[np.object_] = parts[good]
    return kept


def _on_centimetres(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    moved = shapely.transform(cells, lambda xy: np.round(xy * CM) / CM)
    return np.asarray(shapely.remove_repeated_points(moved), dtype=object)


def _joined(cells: NDArray[np.object_], rivers: Sequence[shapely.LineString]) -> Mosaic:
    """Find the neighbours by the corners they share: an edge of two cells appears once in each direction."""
    cells = shapely.orient_polygons(cells)
    xy, owner = shapely.get_coordinates(cells, return_index=True)
    corners = np.round(xy * CM).astype(np.int64)
    same = owner[:-1] == owner[1:]
    start, end, left = corners[:-1][same], corners[1:][same], owner[:-1][same]
    forward = (start[:, 0] < end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] < end[:, 1]))
    low = np.where(forward[:, None], start, end)
    high = np.where(forward[:, None], end, start)
    order = np.lexsort((~forward, high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    key = np.hstack([low, high])[order]
    twin = np.all(key[:-1] == key[1:], axis=1)
    first, second = order[:-1][twin], order[1:][twin]
    alone = np.ones(len(order), dtype=bool)
    alone[:-1][twin] = False
    alone[1:][twin] = False
    rim = order[alone]
    centres = np.round(shapely.get_coordinates(shapely.centroid(cells)), 2)
    pairs = np.column_stack([left[first], left[second]])
    away = centres[pairs[:, 0]] - centres[pairs[:, 1]]
    walk = np.round(10 * np.sqrt(away[:, 0] ** 2 + away[:, 1] ** 2)).astype(np.int64)
    water = shapely.union_all(rivers)
    shapely.prepare(water)
    crosses = shapely.intersects(shapely.linestrings(centres[pairs]), water)
    return Mosaic(
        centres=centres,
        cells=cells,
        area=np.round(shapely.area(cells)).astype(np.int64),
        pairs=pairs,
        edges=np.stack([start[first], end[first]], axis=1),
        cost=walk + RIVER_TOLL_DM * crosses,
        crosses=crosses,
        rim=np.stack([start[rim], end[rim]], axis=1),
    )
