"""From owned cells to outlines: smooth the shared borders once, so that both sides keep the same line.

A border between two owners is a chain of cell edges. Each chain is replaced by the line through the middles
of its edges, its ends kept. Two edges that meet are edges of one convex cell, so the line cuts that cell's
corner and can meet no other border: the coverage stays exact while the honeycomb disappears.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata import crs
from geodata.district.mosaic import CM, Floats, Ints, Mosaic

DECIMALS = 6  # of a degree: about 0.1 m, as RFC 7946 advises
OUTSIDE = -1

Corner = tuple[int, int]
Objects = NDArray[np.object_]


class CoverageBroken(ValueError):
    """The outlines overlap or leave a gap: a fault of the generator, not of its input."""


def draw(stones: Mosaic, owner: Ints, towns: Ints, grids: int, tolerance: float) -> tuple[list[BaseGeometry], Objects]:
    """Outlines of the grids and the stretches of water between the banks.

    owner: (n,) grid of each cell, -1 for dropped ground. towns: (n,) unit or neighbour of each cell.
    tolerance: metres, for coverage_simplify. Returns one polygon per grid and an array of lines, both in
    stored degrees with DECIMALS decimals. Raises CoverageBroken.
    """
    # Dropped ground is told apart by its neighbour, so that it, too, is a set of connected pieces.
    whose = np.where(owner >= 0, owner, grids + towns)
    pieces = _banks(stones, whose)
    shapes, labels = _faces(_borders(stones, pieces), pieces, stones)
    smooth = np.asarray(shapely.coverage_simplify(shapes, tolerance, simplify_boundary=False), dtype=object)
    stored = _stored(smooth)
    piece_owner = np.full(pieces.max() + 1, OUTSIDE, dtype=np.int64)
    piece_owner[pieces] = owner
    face_owner = piece_owner[labels]
    polygons = [shapely.coverage_union_all(stored[face_owner == grid]) for grid in range(grids)]
    if not shapely.coverage_is_valid(polygons) or not shapely.is_valid(polygons).all():
        raise CoverageBroken("the outlines of the grids overlap or do not match")
    tidy = [shapely.orient_polygons(shapely.normalize(polygon)) for polygon in polygons]
    return tidy, _water(stones, pieces, stored, labels)


def _banks(stones: Mosaic, whose: Ints) -> Ints:
    """Number the connected pieces of each owner's ground, water counting as a cut."""
    piece = np.arange(len(whose))
    joined = (whose[stones.pairs[:, 0]] == whose[stones.pairs[:, 1]]) & ~stones.crosses
    links = stones.pairs[joined]
    while True:
        low = np.minimum(piece[links[:, 0]], piece[links[:, 1]])
        before = piece.copy()
        np.minimum.at(piece, links[:, 0], low)
        np.minimum.at(piece, links[:, 1], low)
        piece = piece[piece]
        if np.array_equal(before, piece):
            break
    return np.unique(piece, return_inverse=True)[1].astype(np.int64)


def _borders(stones: Mosaic, pieces: Ints) -> list[Floats]:
    """Chains of cell edges between two pieces, smoothed, and the rim of the frame, untouched; metres."""
    apart = pieces[stones.pairs[:, 0]] != pieces[stones.pairs[:, 1]]
    inner = [_corners(edge) for edge in stones.edges[apart].tolist()]
    rim = [_corners(edge) for edge in stones.rim.tolist()]
    degree: dict[Corner, int] = defaultdict(int)
    for a, b in inner + rim:
        degree[a] += 1
        degree[b] += 1
    on_rim = {corner for edge in rim for corner in edge}
    nodes = {corner for corner, number in degree.items() if number != 2} | on_rim
    lines = [_midway(np.array(chain) / CM) for chain in _chains(inner, nodes)]
    return lines + [np.array(edge) / CM for edge in rim]


def _corners(edge: list[list[int]]) -> tuple[Corner, Corner]:
    (ax, ay), (bx, by) = edge
    return (ax, ay), (bx, by)


def _chains(edges: list[tuple[Corner, Corner]], nodes: set[Corner]) -> list[list[Corner]]:
    """String edges together from node to node, then whatever closed rings are left."""
    beside: dict[Corner, list[Corner]] = defaultdict(list)
    for a, b in edges:
        beside[a].append(b)
        beside[b].append(a)
    done: set[tuple[Corner, Corner]] = set()
    chains = []
    for start in [corner for corner in beside if corner in nodes] + list(beside):
        for following in beside[start]:
            if (start, following) not in done:
                chains.append(_chain(start, following, beside, nodes, done))
    return chains


def _chain(
    start: Corner,
    following: Corner,
    beside: dict[Corner, list[Corner]],
    nodes: set[Corner],
    done: set[tuple[Corner, Corner]],
) -> list[Corner]:
    chain = [start, following]
    while True:
        done.update([(chain[-2], chain[-1]), (chain[-1], chain[-2])])
        here, before = chain[-1], chain[-2]
        if here in nodes or here == start:
            return chain
        chain.append(next(corner for corner in beside[here] if corner != before))


def _midway(chain: Floats) -> Floats:
    if len(chain) < 3:
        return chain
    middles = np.round((chain[:-1] + chain[1:]) / 2, 3)
    if (chain[0] == chain[-1]).all():
        return np.vstack([middles, middles[:1]])
    return np.vstack([chain[:1], middles, chain[-1:]])


def _faces(borders: list[Floats], pieces: Ints, stones: Mosaic) -> tuple[Objects, Ints]:
    """Polygons between the borders and the piece each of them is."""
    lines = [shapely.LineString(border) for border in borders]
    faces = shapely.get_parts(shapely.polygonize(lines))
    tree = shapely.STRtree(stones.cells)
    labels = np.empty(len(faces), dtype=np.int64)
    for number, face in enumerate(faces):
        # Smoothing cuts corners only: the face holds most of its own cells and little of others.
        met = tree.query(face, predicate="intersects")
        held = shapely.area(shapely.intersection(stones.cells[met], face))
        labels[number] = pieces[met[np.argmax(held / stones.area[met])]]
    if len(np.unique(labels)) != len(faces) or len(faces) != pieces.max() + 1:
        raise CoverageBroken(f"{pieces.max() + 1} pieces of ground became {len(faces)} outlines")
    return faces, labels


def _stored(shapes: Objects) -> Objects:
    """Metres to stored degrees, rounded; equal corners stay equal, corners that fall together become one."""

    def degrees(xy: Floats) -> Floats:
        return np.round(np.column_stack(crs.from_metres(xy[:, 0], xy[:, 1])), DECIMALS)

    moved = shapely.transform(shapes, degrees)
    return np.asarray(shapely.remove_repeated_points(moved), dtype=object)


def _water(stones: Mosaic, pieces: Ints, shapes: Objects, labels: Ints) -> Objects:
    """Borders between pieces on two banks, as lines."""
    by_piece = {int(label): shape for label, shape in zip(labels, shapes, strict=True)}
    facing = np.sort(pieces[stones.pairs[stones.crosses]], axis=1)
    lines = [shapely.intersection(by_piece[int(a)], by_piece[int(b)]) for a, b in np.unique(facing, axis=0) if a != b]
    parts = shapely.get_parts(shapely.get_parts(np.array(lines, dtype=object)))
    return np.asarray(parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING], dtype=object)
