"""Mend what has one safe repair, and say of each what was done; everything else stays as it was drawn.

Safe is what nobody could have meant otherwise: a row that is there twice, a ring that runs the wrong way round, a spike
or a crossing with next to no ground in it, and lines of neighbours that miss each other by less than the width that
snapping closes. Corners that are not moved keep their bits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas, Shapes, are_polygons
from geodata.checking.alone import Mending
from geodata.checking.coding import same_attributes, same_shapes
from geodata.checking.findings import DROP_DUPLICATE, MAKE_VALID, SNAP, TURN, Tolerances
from geodata.checking.ground import (
    Ground,
    in_metres,
    m2,
    no_wider_than,
    polygonal,
)
from geodata.checking.nesting import above_each, outlines_above

DEFAULTS = Tolerances()
Rows = NDArray[np.int64]
Places = NDArray[np.float64]
METRES_A_DEGREE = 111_000.0
MOST_NORTHERN = 80.0
# What rounding adds to a width that was just within the tolerance.
ROUNDING_M = 0.001


@dataclass(frozen=True)
class Repair:
    """One thing mended.

    `kind`: a word of `geodata.checking.REPAIR_LABELS`. `code`: the area's; `row`: where it stands in its file, from 1.
    `sentence`: Chinese, then short English, with figures. `changed_m2`: square metres of the area that came or went.
    """

    kind: str
    code: str
    sentence: str
    row: int
    changed_m2: float = 0.0


@dataclass(frozen=True)
class Repaired:
    """`areas`: what is left, mended. `kept`: shape (n,), which of the n areas given that is. `repairs`: what was done, in order."""

    areas: Areas
    kept: NDArray[np.bool_]
    repairs: list[Repair]


def repair(areas: Areas, *, parents: Areas | None = None, tolerances: Tolerances = DEFAULTS) -> Repaired:
    """Make all safe repairs.

    `parents` as in `geodata.checking.check`: outlines that stay as they are. Shapes are in CGCS2000 degrees; an area that
    needed nothing has the very shape it had. Never raises for what is in the areas.
    """
    kept, done = _without_duplicates(areas)
    areas = areas if kept.all() else areas.where(kept)
    for step in (_without_faults, _turned, partial(_snapped, parents=parents)):
        areas, repairs = step(areas, tolerances=tolerances)
        done += repairs
    return Repaired(areas, kept, done)


# ---- each area by itself -----------------------------------------------------------------------------------------


def _without_duplicates(areas: Areas) -> tuple[NDArray[np.bool_], list[Repair]]:
    """Which areas to keep."""
    ground = Ground.of(areas)
    kept, done = np.ones(len(areas), dtype=bool), []
    for row, first in same_shapes(ground).items():
        if areas.codes[row] == areas.codes[first] and same_attributes(ground, row, first):
            kept[row] = False
            what = f"与第 {areas.rows[first]} 个要素完全相同，去掉 (a duplicate, dropped)"
            done.append(_repair(ground, row, DROP_DUPLICATE, what))
    return kept, done


def _without_faults(areas: Areas, tolerances: Tolerances) -> tuple[Areas, list[Repair]]:
    ground = Ground.of(areas)
    shapes, done = areas.shapes.copy(), []
    for row in np.flatnonzero(ground.drawn & ~ground.valid).tolist():
        made = Mending.of(shapes[row], tolerances.m2)
        if made.is_safe:
            shapes[row] = shapely.orient_polygons(made.shape)
            what = f"清理边界，面积变动 {made.changed_m2:,.2f} 平方米 (made valid)"
            done.append(_repair(ground, row, MAKE_VALID, what, made.changed_m2))
    return replace(areas, shapes=shapes), done


def _turned(areas: Areas, tolerances: Tolerances) -> tuple[Areas, list[Repair]]:
    ground = Ground.of(areas)
    shapes, done = areas.shapes.copy(), []
    for row in np.flatnonzero(ground.valid).tolist():
        parts = shapely.get_parts(shapes[row])
        if shapely.is_ccw(shapely.get_exterior_ring(parts)).all():
            continue
        shapes[row] = shapely.orient_polygons(shapes[row])
        done.append(_repair(ground, row, TURN, "外环转为逆时针 (turned)"))
    return replace(areas, shapes=shapes), done


def _repair(ground: Ground, row: int, kind: str, what: str, changed_m2: float = 0.0) -> Repair:
    sentence = f"{ground.title(row)}：{what}"
    return Repair(kind, str(ground.areas.codes[row]), sentence, int(ground.areas.rows[row]), changed_m2)


# ---- lines of neighbours -----------------------------------------------------------------------------------------


def _snapped(areas: Areas, tolerances: Tolerances, *, parents: Areas | None) -> tuple[Areas, list[Repair]]:
    """Close hairlines between neighbours of a level, the lowest first; outlines follow the areas that lie in them."""
    before = Ground.of(areas)
    shapes = before.sound.copy()
    above = above_each(before, outlines_above(before, None))
    children = _children(before, above)
    outlines = _outlines(before, above, Ground.of(parents)) if parents is not None else {}
    for level in reversed(before.levels):
        rows = before.at(level)
        led = _follow_children(shapes, children, rows, tolerances)
        _meet_outlines(shapes, outlines, rows, tolerances)
        _meet_each_other(shapes, rows, led, tolerances)
    moved = np.flatnonzero(_others(before.sound, shapes))
    changed = m2(shapely.symmetric_difference(shapes[moved], before.sound[moved]))
    done = [
        _repair(before, row, SNAP, f"界线吸附到相邻区域，{size:,.2f} 平方米易手 (snapped)", float(size))
        for row, size in zip(moved.tolist(), changed, strict=True)
    ]
    after = areas.shapes.copy()
    after[moved] = shapes[moved]
    return replace(areas, shapes=after), done


def _children(ground: Ground, above: dict[int, str]) -> dict[int, list[int]]:
    """The rows that lie directly in each row of the same file."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for row, code in above.items():
        children[ground.by_code[code]].append(row)
    return children


def _outlines(ground: Ground, above: dict[int, str], fixed: Ground) -> dict[int, BaseGeometry]:
    """The fixed outline that each row lies in directly; rows with an area of the same file in between are left out."""
    outlines = outlines_above(fixed, None)
    within = above_each(ground, outlines)
    return {row: outlines[code] for row, code in within.items() if len(above.get(row, "")) <= len(code)}


def _follow_children(shapes: Shapes, children: dict[int, list[int]], rows: Rows, tolerances: Tolerances) -> Rows:
    """Let an outline that differs by hairlines from its children's ground be that ground; returns the rows with children."""
    led = np.array([row for row in rows.tolist() if row in children], dtype=np.int64)
    for row in led.tolist():
        parts = shapes[children[row]]
        whole = shapely.coverage_union_all(parts) if shapely.coverage_is_valid(parts) else shapely.union_all(parts)
        if not shapely.equals(whole, shapes[row]) and _hairlines([shapes[row]], [whole], tolerances):
            shapes[row] = shapely.orient_polygons(whole)
    return led


def _meet_outlines(shapes: Shapes, outlines: dict[int, BaseGeometry], rows: Rows, tolerances: Tolerances) -> None:
    """Draw corners that miss a fixed outline by a hair onto its corners."""
    for row in rows.tolist():
        if row not in outlines:
            continue
        evened = Evened([shapes[row], outlines[row]])
        flat, outline = evened.flat([shapes[row], outlines[row]])
        snapped = shapely.snap(flat, shapely.boundary(outline), tolerances.snap_m / METRES_A_DEGREE)
        (drawn,) = evened.degrees([snapped])
        same = shapely.equals_exact(_plain([drawn]), _plain([shapes[row]]), 0.0)
        if not same.all() and _hairlines([shapes[row]], [drawn], tolerances):
            shapes[row] = drawn


def _meet_each_other(shapes: Shapes, rows: Rows, led: Rows, tolerances: Tolerances) -> None:
    """Close gaps and overlaps no wider than snapping closes; where more would change, all stays as it was."""
    of_level = shapes[rows]
    faults = _faults(of_level, tolerances)
    flat = Evened(of_level).flat(of_level)
    tree = shapely.STRtree(flat)
    # What a hairline parts on all sides touches nobody.
    one, other = tree.query(flat[faults], predicate="dwithin", distance=tolerances.snap_m / METRES_A_DEGREE)
    one = faults[one]
    wide = _wide(of_level, one, other, tolerances)
    fixed = np.flatnonzero(np.isin(rows, led))
    for cluster in _clusters(one, other, np.setdiff1d(faults, wide)):
        about = np.setdiff1d(other[np.isin(one, cluster)], wide)
        near = np.unique(tree.query(flat[about])[1])
        after = of_level.copy()
        after[about] = _cleaned(of_level[about], tolerances)
        moved = about[_others(of_level[about], after[about])]
        sound = _hairlines(of_level[moved], after[moved], tolerances) and not np.isin(fixed, moved).any()
        if sound and np.isin(near[_faults(after[near], tolerances)], faults).all():
            of_level = after
    shapes[rows] = of_level


def _faults(shapes: Shapes, tolerances: Tolerances) -> Rows:
    """Those whose lines do not agree with their neighbours', or leave a hairline between them."""
    faults = shapely.coverage_invalid_edges(Evened(shapes).flat(shapes), gap_width=tolerances.snap_m / METRES_A_DEGREE)
    return np.flatnonzero(~shapely.is_empty(faults))


def _wide(shapes: Shapes, one: Rows, other: Rows, tolerances: Tolerances) -> Rows:
    """Those that overlap another by more than a hairline: which of the two is right, nobody can say but their owner."""
    pairs = one < other
    shared = polygonal(shapely.intersection(shapes[one[pairs]], shapes[other[pairs]]))
    wide = ~no_wider_than(tolerances.snap_m + ROUNDING_M, in_metres(shared)) & (shapely.area(shared) > 0)
    return np.union1d(one[pairs][wide], other[pairs][wide])


def _clusters(one: Rows, other: Rows, faults: Rows) -> Iterator[Rows]:
    """Groups of faulty ones that touch each other, directly or by way of others."""
    beside: defaultdict[int, list[int]] = defaultdict(list)
    for row, near in zip(one.tolist(), other.tolist(), strict=True):
        beside[row].append(near)
    left = set(faults.tolist())
    while left:
        group, reached = {left.pop()}, set[int]()
        while group:
            reached |= group
            group = {near for row in group for near in beside[row] if near in left}
            left -= group
        yield np.array(sorted(reached), dtype=np.int64)


def _cleaned(shapes: Shapes, tolerances: Tolerances) -> Shapes:
    """A coverage of shapes that nearly are one; those that needed nothing are the very shapes they were.

    Corners go to those beside them that others share already; what is then left of gaps and overlaps goes to the
    neighbour with the longest line along it.
    """
    evened = Evened(shapes)
    width = tolerances.snap_m / METRES_A_DEGREE
    flat = evened.flat(shapes)
    flat = shapely.snap(flat, shapely.multipoints(_shared_corners(flat)), width)
    # The package of types knows shapely 2.1 only.
    cleaned = shapely.coverage_clean(flat, gap_width=width, snapping_distance=0)  # type: ignore[attr-defined]
    made = evened.degrees(cleaned)
    made = np.asarray(shapely.orient_polygons(made), dtype=object)
    same = shapely.equals_exact(shapely.normalize(_plain(made)), shapely.normalize(_plain(shapes)), 0.0)
    made[same] = shapes[same]
    return made


def _plain(shapes: Any) -> Shapes:
    """A collection of one polygon as that polygon: snapping and cleaning give back the one for the other."""
    shapes = np.array(shapes, dtype=object)
    alone = shapely.get_num_geometries(shapes) == 1
    return np.asarray(np.where(alone, shapely.get_geometry(shapes, 0), shapes), dtype=object)


def _shared_corners(shapes: Shapes) -> Places:
    """Corners of two or more shapes, shape (n, 2)."""
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    each = np.unique(np.column_stack([places, owners]), axis=0)[:, :2]
    corners, times = np.unique(each, axis=0, return_counts=True)
    return np.asarray(corners[times > 1], dtype=np.float64)


def _others(before: Shapes, after: Shapes) -> NDArray[np.bool_]:
    return np.array([one is not other for one, other in zip(before, after, strict=True)], dtype=bool)


def _hairlines(before: Any, after: Any, tolerances: Tolerances) -> bool:
    """Whether shapes differ by hairlines only, and what came of them is sound."""
    before, after = np.array(before, dtype=object), np.array(after, dtype=object)
    sound = are_polygons(after) & shapely.is_valid(after)
    if not (sound & ~shapely.is_empty(after)).all():
        return False
    pieces = shapely.get_parts(polygonal(shapely.symmetric_difference(before, after)))
    pieces = pieces[~shapely.is_empty(pieces)]
    return bool(no_wider_than(tolerances.snap_m + ROUNDING_M, in_metres(pieces)).all())


class Evened:
    """Shapes with degrees of longitude as long as those of latitude, and the way back, where corners that stayed have their bits.

    What lies on a straight line does so here too, as it would not in a plane of metres.
    """

    def __init__(self, shapes: Any) -> None:
        self._places = shapely.get_coordinates(shapes)
        furthest = float(np.abs(self._places[:, 1]).max(initial=0.0))
        self._scale = np.array([math.cos(math.radians(min(furthest, MOST_NORTHERN))), 1.0])

    def flat(self, shapes: Any) -> Shapes:
        """Shapes evened, in degrees of latitude."""
        return np.asarray(shapely.transform(np.array(shapes, dtype=object), lambda xy: xy * self._scale), dtype=object)

    def degrees(self, flat: Any) -> Shapes:
        """The way back."""
        return np.asarray(shapely.transform(np.array(flat, dtype=object), self._back), dtype=object)

    def _back(self, evened: Places) -> Places:
        known, first = np.unique(_numbers(self._places * self._scale), return_index=True)
        numbers = _numbers(evened)
        at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        return np.where((known[at] == numbers)[:, None], self._places[first[at]], evened / self._scale)


def _numbers(places: Places) -> NDArray[np.complex128]:
    """Places as one number each, to be sorted and found."""
    return np.ascontiguousarray(places).view(np.complex128).ravel()
