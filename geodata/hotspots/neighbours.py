"""Which areas are neighbours: those that share a border, unless it is a river."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.areas import Shapes, Texts, areas_of
from geodata.checking import Tolerances
from geodata.crs import metres_srid, to_metres
from geodata.routing.router import refuse_unusable

HAIR_M = Tolerances().snap_m
"""Lines of neighbours that miss each other by less are one line: the width that repairing closes."""

LEAST_BORDER_M = 5.0
"""A border drawn twice must be that long: about a corner that two areas share their lines run within a hair too."""

RIVER_M = 10.0
"""Nearer to a river's line a border runs along it; drawn one after the other they lie some metres apart."""

RIVER_SHARE = 0.5
"""If more of the border than this runs along rivers, nobody walks across."""

Pairs = NDArray[np.int64]


def neighbours(codes: Iterable[str], polygons: Iterable[Any], rivers: Iterable[Any] = ()) -> Any:
    """A `libpysal.graph.Graph` by code, in the order given, of weight 1 for each pair of neighbours.

    `polygons`: areas of one level, CGCS2000 degrees; `rivers`: lines or polygons in the same. Neighbours share an edge,
    not a corner only (rook), exactly or with lines a hair apart. A pair whose border runs along a river is none: those
    who live on the two banks have different streets. An area may be without neighbours. Raises
    `geodata.routing.UnusableAreas`.
    """
    # Both take seconds to be imported, which whoever only reads classes need not wait for.
    import geopandas
    from libpysal.graph import Graph

    areas = areas_of(codes, polygons)
    refuse_unusable(areas)
    if not len(areas):
        raise ValueError("没有区域 (no areas)")
    project = _plane_of(areas.shapes)
    planar = project(areas.shapes)
    touching = Graph.build_contiguity(geopandas.GeoSeries(planar, index=areas.codes), rook=True)
    pairs = np.unique(np.vstack([_pairs_of(touching, areas.codes), _a_hair_apart(planar)]), axis=0)
    water = np.full(0, None, dtype=object)
    water = np.append(water, np.array(list(rivers), dtype=object))
    if len(water):
        pairs = pairs[~_along_rivers(planar, pairs, shapely.union_all(project(water)))]
    return _graph(areas.codes, pairs)


def pairs_of(graph: Any, codes: Texts) -> Pairs:
    """The pairs of neighbours as positions in `codes`, each once, the lower first; shape (k, 2).

    Raises ValueError for a graph of other codes.
    """
    import pandas as pd

    known = pd.Index(graph.unique_ids)
    if len(known) != len(codes) or not known.isin(codes).all():
        raise ValueError("相邻关系的编码与区域的编码不同 (the graph is of other areas)")
    return _pairs_of(graph, codes)


def _pairs_of(graph: Any, codes: Texts) -> Pairs:
    import pandas as pd

    links = graph.adjacency
    links = links[links != 0]  # an area without neighbours stands there with itself, weighing nothing
    place = pd.Index(codes)
    ends = [place.get_indexer(links.index.get_level_values(end)) for end in ("focal", "neighbor")]
    pairs: Pairs = np.column_stack(ends).astype(np.int64)
    return np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)


def _graph(codes: Texts, pairs: Pairs) -> Any:
    from libpysal.graph import Graph

    alone = np.setdiff1d(np.arange(len(codes)), pairs)
    focal = np.concatenate([pairs[:, 0], pairs[:, 1], alone])
    other = np.concatenate([pairs[:, 1], pairs[:, 0], alone])
    weight = np.concatenate([np.ones(2 * len(pairs), dtype=np.int64), np.zeros(len(alone), dtype=np.int64)])
    order = np.lexsort((other, focal))
    return Graph.from_arrays(codes[focal[order]], codes[other[order]], weight[order])


def _plane_of(shapes: Shapes) -> Any:
    """What projects geometries to metres about the middle of the areas."""
    west, south, east, north = shapely.total_bounds(shapes)
    srid = metres_srid((west + east) / 2, (south + north) / 2)
    return lambda drawn: shapely.transform(drawn, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1], srid)))


def _a_hair_apart(planar: Shapes) -> Pairs:
    """Pairs among the areas whose lines do not agree with a neighbour's, that have a border all the same."""
    odd = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(planar, gap_width=HAIR_M)))
    one, other = shapely.STRtree(planar).query(planar[odd], predicate="dwithin", distance=HAIR_M)
    pairs: Pairs = np.column_stack([odd[one], other]).astype(np.int64)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return pairs[shapely.length(_borders(planar, pairs)) >= LEAST_BORDER_M]


def _borders(planar: Shapes, pairs: Pairs) -> Shapes:
    """The line of the first that lies within a hair of the second."""
    lines, near = shapely.boundary(planar[pairs[:, 0]]), shapely.buffer(planar[pairs[:, 1]], HAIR_M)
    return np.asarray(shapely.intersection(lines, near), dtype=object)


def _along_rivers(planar: Shapes, pairs: Pairs, water: shapely.Geometry) -> NDArray[np.bool_]:
    """Which pairs have more than RIVER_SHARE of their border along the water."""
    shapely.prepare(water)
    banks: NDArray[np.bool_] = np.atleast_1d(shapely.dwithin(planar, water, RIVER_M))
    along = np.flatnonzero(banks[pairs].all(axis=1))
    borders = _borders(planar, pairs[along])
    wet = shapely.length(shapely.intersection(borders, shapely.buffer(water, RIVER_M)))
    found = np.zeros(len(pairs), dtype=bool)
    found[along] = wet > RIVER_SHARE * shapely.length(borders)
    return found
