"""Towns, communities and grids as polygons: who owns which cell, and the outlines that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata import crs
from geodata.district import mosaic, outlines, partition
from geodata.district.mosaic import Floats, Ints, Mosaic
from geodata.district.plan import Place, Plan, Unit

COMMUNITY_ROUNDS = 3
GRID_ROUNDS = 5


@dataclass(frozen=True)
class Grid:
    """A second-level grid: its code, where it hangs, and its ground in stored degrees."""

    code: str
    name: str
    community: str
    urban: bool
    polygon: BaseGeometry


@dataclass(frozen=True)
class Community:
    """A village or community, which is a first-level grid."""

    code: str
    name: str
    kind: str
    unit: Unit
    urban: bool


@dataclass(frozen=True)
class District:
    """The finished ground. Rivers are lines in stored degrees."""

    communities: tuple[Community, ...]
    grids: tuple[Grid, ...]
    rivers: tuple[tuple[str, BaseGeometry], ...]


def draw(plan: Plan, frame: BaseGeometry) -> District:
    """Draw the planned district inside `frame` (stored degrees); the same plan gives the same district."""
    ground = _in_metres(frame)
    rivers = [_smooth(_metres(river.course)) for river in plan.rivers]
    stones = mosaic.lay(ground, rivers, _kernels(plan), plan.ground.floor_per_km2, plan.seed)
    towns = _towns(plan, stones)
    owner = np.full(len(stones.cells), -1, dtype=np.int64)
    communities: list[Community] = []
    places: list[tuple[str, str, Community]] = []
    for number, unit in enumerate(plan.units):
        members = np.flatnonzero(towns == number)
        for community, cells, share in _communities(plan, unit, members, stones):
            communities.append(community)
            owner[cells] = len(places) + _grids(cells, share, stones)
            places += [
                (f"{community.code}{n:03d}", f"{community.name}第{n}网格", community) for n in range(1, share + 1)
            ]
    shapes, water = outlines.draw(stones, owner, towns, len(places), plan.ground.simplify_metres)
    grids = [
        Grid(code, name, community.code, community.urban, shape)
        for (code, name, community), shape in zip(places, shapes, strict=True)
    ]
    return District(tuple(communities), tuple(grids), _named(water, plan, rivers))


def _metres(places: Sequence[Place]) -> Floats:
    lon, lat = np.array(places, dtype=np.float64).T
    return np.round(np.column_stack(crs.to_metres(lon, lat)), 2)


def _in_metres(frame: BaseGeometry) -> BaseGeometry:
    return shapely.transform(frame, lambda xy: np.round(np.column_stack(crs.to_metres(xy[:, 0], xy[:, 1])), 2))


def _smooth(course: Floats, rounds: int = 2) -> shapely.LineString:
    """Cut the corners of a course given by few points (Chaikin)."""
    for _ in range(rounds):
        near = course[:-1] * 0.75 + course[1:] * 0.25
        far = course[:-1] * 0.25 + course[1:] * 0.75
        inner = np.stack([near, far], axis=1).reshape(-1, 2)[1:-1]
        course = np.vstack([course[:1], inner, course[-1:]])
    return shapely.LineString(np.round(course, 2))


def _kernels(plan: Plan) -> list[mosaic.Kernel]:
    """Where people live: a dense heart for the urban grids of each unit, a wide hill for the rural ones."""
    kernels = []
    for unit in plan.units:
        x, y = _metres([unit.centre])[0]
        heart_km2 = min(unit.drawn_km2, unit.urban_grids * plan.ground.urban_grid_km2)
        for km2, grids in ((heart_km2, unit.urban_grids), (unit.drawn_km2, unit.rural_grids)):
            if grids:
                radius = float(np.sqrt(km2 * 1e6 / np.pi))
                kernels.append(mosaic.Kernel((x, y), radius, plan.ground.cells_per_grid * grids))
    return kernels


def _towns(plan: Plan, stones: Mosaic) -> Ints:
    """The unit (or, numbered after the units, the neighbour) that owns each cell, by the wanted areas."""
    centres = _metres([u.centre for u in plan.units] + [n.centre for n in plan.neighbours])
    wanted = np.array([u.drawn_km2 for u in plan.units] + [n.area_km2 for n in plan.neighbours])
    everything = np.arange(len(stones.cells))
    near = partition.neighbours_among(everything, stones.pairs, stones.cost, len(everything))
    tree = shapely.STRtree(stones.cells)
    seeds = np.asarray(tree.nearest(shapely.points(centres)))
    walks = np.stack([partition.walk_from(int(seed), near) for seed in seeds])
    return partition.balanced(walks, stones.area, wanted / wanted.sum() * stones.area.sum())


def _communities(plan: Plan, unit: Unit, members: Ints, stones: Mosaic) -> list[tuple[Community, Ints, int]]:
    """First-level grids of one unit in the order of their codes, with their cells and numbers of grids."""
    urban = _shared_out(unit.urban_grids, unit.urban_first_level)
    rural = _shared_out(unit.rural_grids, unit.rural_first_level)
    near = partition.neighbours_among(members, stones.pairs, stones.cost, len(stones.cells))
    centres = stones.centres[members]
    away = centres - _metres([unit.centre])[0]
    heart = int(np.argmin((away * away).sum(axis=1)))
    by_distance = np.argsort(partition.walk_from(heart, near), kind="stable")
    town_cells = round(len(members) * unit.urban_grids / (unit.urban_grids + unit.rural_grids))
    seeds = partition.first_seeds(by_distance[:town_cells], urban, centres)
    if rural:
        seeds += partition.first_seeds(by_distance[town_cells:], rural, centres)
    shares = np.array(urban + rural)
    owner = partition.split(members, shares.astype(np.float64), np.array(seeds), centres, near, COMMUNITY_ROUNDS)
    order = _reading_order(owner, len(shares), members, stones)
    return _coded(plan, unit, shares, [members[owner == part] for part in range(len(shares))], order)


def _coded(
    plan: Plan, unit: Unit, shares: Ints, cells: list[Ints], order: list[int]
) -> list[tuple[Community, Ints, int]]:
    """Give codes and neutral names: 001 on for communities, 200 on for villages, both in reading order.

    Villages under the urban rule are the outermost of the urban parts: those with most ground.
    """
    ground = {part: len(cells[part]) for part in order}
    urban = [part for part in order if part < unit.urban_first_level]
    villages = {part for part in order if part >= unit.urban_first_level}
    if unit.villages_urban:
        outermost = sorted(urban, key=lambda part: (-ground[part], part))
        villages |= set(outermost[: unit.villages])
    rows = []
    for kind, first, word in (("community", 1, "社区"), ("village", 200, "村")):
        parts = [part for part in order if (part in villages) == (kind == "village")]
        for serial, part in enumerate(parts):
            community = Community(
                code=f"{unit.code}{first + serial:03d}",
                name=f"{unit.name}{plan.invented}{serial + 1:02d}{word}",
                kind=kind,
                unit=unit,
                urban=part < unit.urban_first_level,
            )
            rows.append((community, cells[part], int(shares[part])))
    return rows


def _shared_out(grids: int, parts: int) -> list[int]:
    """Numbers of grids as even as they can be, then every second pair made a little uneven."""
    if not parts:
        return []
    shares = [grids // parts + (1 if part < grids % parts else 0) for part in range(parts)]
    for part in range(0, parts - 1, 2):
        if min(shares[part : part + 2]) >= 4:
            shares[part] += 1
            shares[part + 1] -= 1
    return shares


def _grids(cells: Ints, share: int, stones: Mosaic) -> Ints:
    """The number of its grid (0 on, in reading order) for each cell of one community."""
    near = partition.neighbours_among(cells, stones.pairs, stones.cost, len(stones.cells))
    centres = stones.centres[cells]
    seeds = partition.first_seeds(np.arange(len(cells)), [1.0] * share, centres)
    owner = partition.split(cells, np.ones(share), np.array(seeds), centres, near, GRID_ROUNDS)
    rank = np.empty(share, dtype=np.int64)
    rank[_reading_order(owner, share, cells, stones)] = np.arange(share)
    return rank[owner]


def _reading_order(owner: Ints, parts: int, cells: Ints, stones: Mosaic) -> list[int]:
    """Parts from west to east in rows, the rows from north to south, by their centres of gravity."""
    place, weight = np.round(stones.centres[cells]).astype(np.int64), stones.area[cells]
    moment = np.stack([(place * weight[:, None])[owner == part].sum(axis=0) for part in range(parts)])
    middle = moment // np.array([weight[owner == part].sum() for part in range(parts)])[:, None]
    southward = np.argsort(-middle[:, 1], kind="stable")
    rows = np.array_split(southward, round(np.sqrt(parts)))
    return [int(part) for row in rows for part in row[np.argsort(middle[row, 0], kind="stable")]]


def _named(
    water: NDArray[np.object_], plan: Plan, courses: Sequence[shapely.LineString]
) -> tuple[tuple[str, BaseGeometry], ...]:
    """Tell the drawn stretches of water apart by the planned course they lie on."""
    degrees = [
        shapely.transform(line, lambda xy: np.column_stack(crs.from_metres(xy[:, 0], xy[:, 1]))) for line in courses
    ]
    middles = shapely.line_interpolate_point(water, 0.5, normalized=True)
    nearest = np.argmin([shapely.distance(line, middles) for line in degrees], axis=0)
    return tuple(
        (river.name, shapely.line_merge(shapely.union_all(water[nearest == number])))
        for number, river in enumerate(plan.rivers)
    )
