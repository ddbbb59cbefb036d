"""Redraw areas that share their lines: split one by a line, merge neighbours, hand a strip to the neighbour.

A coverage is a mapping from code to polygon or multipolygon in CGCS2000 degrees, of one level or of several: a code
is below another that it starts with. Shared lines have the same corners on both sides (`shapely.coverage_is_valid`)
and keep them: a corner made on one side is made on all sides and in the outlines of the areas above. No ground is won
or lost. What an edit does not mention is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.corners import Edge, Place, Plane, edges_of, in_the_form_of, joined, parts_of, with_corners
from geodata.cutting import SNAP_METRES, Cut, EditRefused, as_one, cut, drawn_line

__all__ = ["EditRefused", "HandOver", "Merge", "Split", "hand_over", "merge", "split"]

Coverage = Mapping[str, BaseGeometry]
Shapes = dict[str, BaseGeometry]

# Less than this is a slip of the hand.
SMALLEST_M2 = 1.0
# About a metre: two lines closer than this were meant to be one.
HAIRLINE_DEGREES = 0.00001


@dataclass(frozen=True)
class Split:
    """`pieces`: the two, the larger first. `changed`: the other areas that got a new corner on a shared line.

    `moved_m`: how far the cut was drawn to a corner of the fixed outer line, 0 if it was not.
    """

    pieces: tuple[BaseGeometry, BaseGeometry]
    changed: Shapes
    moved_m: float = 0.0


@dataclass(frozen=True)
class Merge:
    """`whole`: the areas as one. `changed`: outlines of areas above, where ground went from one to another."""

    whole: BaseGeometry
    changed: Shapes


@dataclass(frozen=True)
class HandOver:
    """`strip`: what goes over. `rest`: what the giver keeps. `whole`: the taker with it. `changed`, `moved_m`: as in Split.

    Where giver and taker lie below different areas, `changed` has the new outlines of these too.
    """

    strip: BaseGeometry
    rest: BaseGeometry
    whole: BaseGeometry
    changed: Shapes
    moved_m: float = 0.0


def split(coverage: Coverage, code: str, line: BaseGeometry, *, fixed: BaseGeometry | None = None) -> Split:
    """Split an area in two by a line, which may overshoot on both sides.

    `line`: LineString in degrees. `fixed`: an outline that must keep its corners, as that of everything redrawn; the
    cut goes to one of them. Raises EditRefused where the line does not make two pieces of the area.
    """
    shape = _drawable(coverage, code)
    path = drawn_line(line)
    done = cut(shape, path, _fixed(fixed))
    pieces = _two(shape, done)
    return Split(pieces, _neighbours(coverage, {code}, done.corners), done.moved_m)


def merge(coverage: Coverage, codes: Iterable[str], *, into: str | None = None, across: bool = False) -> Merge:
    """Make one area of two or more that lie side by side.

    `into`: whose place the whole takes in the tree, the lowest code's if none is named. `across`: whether areas
    below different areas may be merged; the ground then goes to the area above `into`. Raises EditRefused.
    """
    wanted = sorted(set(codes))
    if len(wanted) < 2:
        raise EditRefused("合并至少要选两个网格 (choose two or more areas)")
    into = into or wanted[0]
    if into not in wanted:
        raise EditRefused(f"{into} 不在所选网格之中 (not among the chosen)")
    shapes = {code: _drawable(coverage, code) for code in wanted}
    if len({len(code) for code in wanted}) > 1:
        raise EditRefused(f"{'、'.join(wanted)} 不是同级的网格 (not of one level)")
    if not across and len({code[:-3] for code in wanted}) > 1:
        raise EditRefused(f"{'、'.join(wanted)} 不属于同一个上级，不能合并 (not below the same area)")
    _check_side_by_side(shapes)
    changed: Shapes = {}
    for code in wanted:
        changed |= _moved_above({**coverage, **changed}, code, into, shapes[code])
    others = [shapes[code] for code in wanted if code != into]
    return Merge(joined(shapes[into], *others), changed)


def hand_over(
    coverage: Coverage,
    giver: str,
    taker: str,
    drawn: BaseGeometry,
    *,
    fixed: BaseGeometry | None = None,
    in_parts: bool = False,
) -> HandOver:
    """Give a strip of one area to its neighbour.

    `drawn`: a LineString in degrees, and the part of `giver` on the side of `taker` goes over (the smaller part where
    both lie on that side); or a Polygon or closed LineString, and what of `giver` is in it goes over. `in_parts`:
    whether the giver may fall apart. `fixed`: as in `split`. Raises EditRefused.
    """
    shape, other = _drawable(coverage, giver), _drawable(coverage, taker)
    if giver == taker or len(giver) != len(taker):
        raise EditRefused(f"{giver} 与 {taker} 不是同级的两个网格 (not two areas of one level)")
    _check_side_by_side({giver: shape, taker: other})
    path = drawn_line(drawn.exterior if isinstance(drawn, shapely.Polygon) else drawn)
    done = cut(shape, path, _fixed(fixed))
    corners = done.corners
    cornered = with_corners(other, corners) or other
    faces = _strip(done, cornered, giver, taker)
    kept = [face for face in done.faces if face not in faces]
    if not kept:
        raise EditRefused(f"{giver} 会全部划走，请改用合并 (nothing would be left; merge instead)")
    rest, strip = as_one(shape, kept), as_one(shape, faces)
    if len(parts_of(rest)) > len(parts_of(shape)) and not in_parts:
        raise EditRefused(f"划转后 {giver} 会断成不相连的几块 (it would fall apart)", _on(parts_of(rest)[-1]))
    _check_size(strip)
    _check_size(rest)
    changed = _neighbours(coverage, {giver, taker}, corners)
    changed |= _moved_above({**coverage, **changed}, giver, taker, strip)
    return HandOver(strip, rest, joined(cornered, *faces), changed, done.moved_m)


# ---- what may be edited ----------------------------------------------------------------------------------------


def _drawable(coverage: Coverage, code: str) -> BaseGeometry:
    shape = coverage.get(code)
    if shape is None:
        raise EditRefused(f"没有网格 {code} (no such area)")
    if any(other.startswith(code) and other != code for other in coverage):
        raise EditRefused(f"{code} 下面还有网格，请改画下面的网格 (it has areas below)")
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise EditRefused(f"{code} 没有图形 (no polygon)")
    if not shape.is_valid:
        raise EditRefused(f"{code} 的图形无效，请先修复 (invalid polygon; repair it first)", _on(shape))
    return shape


def _fixed(outline: BaseGeometry | None) -> frozenset[Edge]:
    return frozenset(edges_of(outline)) if outline is not None else frozenset()


def _check_side_by_side(shapes: Shapes) -> None:
    """Every shape must be reached from the first over shared edges, and shared lines must be the same on both sides."""
    edges = {code: edges_of(shape) for code, shape in shapes.items()}
    first, *waiting = shapes
    reached = set(edges[first])
    while near := [code for code in waiting if edges[code] & reached]:
        for code in near:
            reached |= edges[code]
        waiting = [code for code in waiting if code not in near]
    # Between areas that do share edges a narrow gap is a third area; between others it is a line drawn twice.
    gap = HAIRLINE_DEGREES if waiting else 0.0
    faults = shapely.coverage_invalid_edges(list(shapes.values()), gap_width=gap)
    for code, fault in zip(shapes, faults, strict=True):
        if not fault.is_empty:
            raise EditRefused(f"{code} 与相邻网格的界线不吻合，请先修复 (the shared line differs)", _on(fault))
    if waiting:
        near_to = shapely.shortest_line(shapes[waiting[0]], shapely.union_all([shapes[first]]))
        raise EditRefused(
            f"{first} 与 {waiting[0]} 没有共同的边线，只相接于一点或不相邻 (no shared edge)", _on(near_to)
        )


def _check_size(shape: BaseGeometry) -> None:
    ground = Plane(shape).ground(shape)
    if ground < SMALLEST_M2:
        raise EditRefused(f"切出的一块只有 {ground:.2f} 平方米 (a piece is too small)", _on(shape))


def _on(shape: BaseGeometry) -> Place:
    point = shapely.point_on_surface(shape)
    return point.x, point.y


# ---- what a cut makes ------------------------------------------------------------------------------------------


def _two(shape: BaseGeometry, done: Cut) -> tuple[BaseGeometry, BaseGeometry]:
    """The two pieces, the larger first; parts of a multipolygon that were not cut go with the nearer."""
    more = len(done.faces) - len(parts_of(shape))
    if more < 1:
        raise _not_across(shape, done)
    if more > 1:
        raise EditRefused(
            f"线把网格切成了 {more + 1} 块，只能切成两块 (it makes {more + 1} pieces)", _on(min(done.faces, key=_size))
        )
    halves = done.halves
    sides: list[list[shapely.Polygon]] = [[half] for half in halves]
    for face in done.whole:
        min(sides, key=lambda side: side[0].distance(face)).append(face)
    for half in halves:
        _check_size(half)
    first, second = sorted((as_one(shape, side) for side in sides), key=_size, reverse=True)
    return first, second


def _size(shape: BaseGeometry) -> float:
    return float(shape.area)


def _not_across(shape: BaseGeometry, done: Cut) -> EditRefused:
    """Why a line does not cut: beside the area, at its edge only, or ending inside."""
    line = shapely.LineString(done.path)
    if not shape.intersects(line):
        return EditRefused("线没有碰到网格 (the line does not touch the area)", done.path[0])
    plane = Plane(shape)
    border = shapely.transform(shape.boundary, plane.metres)
    # An end that was drawn to the border may lie a bit's width inside.
    missing, end = max(
        (
            border.distance(shapely.Point(plane.metres([place])[0])) if shape.contains(shapely.Point(place)) else 0.0,
            place,
        )
        for place in (done.path[0], done.path[-1])
    )
    if missing <= SNAP_METRES:
        return EditRefused("线只碰到网格的边，没有穿过网格 (it only touches the border)", _on(line.intersection(shape)))
    return EditRefused(f"线没有完全穿过网格：末端离边线还有 {missing:,.1f} 米 (it ends inside the area)", end)


def _strip(done: Cut, other: BaseGeometry, giver: str, taker: str) -> list[shapely.Polygon]:
    """The faces that go over."""
    edges = edges_of(other)
    if done.path[0] == done.path[-1]:
        return _inside_ring(done, edges, giver, taker)
    halves = done.halves
    if not halves:
        raise _not_across(done.shape, done)
    beside = [face for face in halves if edges & edges_of(face)]
    if not beside:
        raise _not_beside(taker, halves[-1])
    return beside if len(beside) < len(halves) else halves[1:]


def _not_beside(taker: str, face: BaseGeometry) -> EditRefused:
    return EditRefused(f"划出的地块与 {taker} 没有共同的边线 (the strip does not lie along the neighbour)", _on(face))


def _inside_ring(done: Cut, edges: set[Edge], giver: str, taker: str) -> list[shapely.Polygon]:
    ring = shapely.Polygon(done.path)
    faces = [face for face in done.faces if ring.contains(shapely.point_on_surface(face))]
    if not faces:
        raise EditRefused(f"画的范围里没有 {giver} 的地 (none of it lies inside)", done.path[0])
    for face in faces:
        if edges.isdisjoint(edges_of(face)):
            raise _not_beside(taker, face)
    return faces


# ---- what else changes -----------------------------------------------------------------------------------------


def _neighbours(coverage: Coverage, edited: set[str], corners: Mapping[Edge, Sequence[Place]]) -> Shapes:
    """Areas of every level, but for those edited, that have an edge with a new corner, with the corner."""
    if not corners:
        return {}
    west, south, east, north = shapely.MultiPoint([place for places in corners.values() for place in places]).bounds
    codes = [code for code in coverage if code not in edited]
    bounds = shapely.bounds([coverage[code] for code in codes]).reshape(-1, 4)
    near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    shapes = ((code, with_corners(coverage[code], corners)) for code, hit in zip(codes, near, strict=True) if hit)
    return {code: shape for code, shape in shapes if shape is not None}


def _moved_above(coverage: Coverage, giver: str, taker: str, strip: BaseGeometry) -> Shapes:
    """The areas above giver and taker, where these differ and have an outline, with the strip given over."""
    changed: Shapes = {}
    for length in range(6, len(giver), 3):
        loser, winner = giver[:length], taker[:length]
        if loser == winner:
            continue
        if loser in coverage:
            rest = shapely.difference(coverage[loser], strip)
            if not parts_of(rest):
                raise EditRefused(f"{loser} 会没有剩余的地 (nothing would be left of it)", _on(strip))
            changed[loser] = in_the_form_of(coverage[loser], [shapely.orient_polygons(part) for part in parts_of(rest)])
        if winner in coverage:
            changed[winner] = joined(coverage[winner], strip)
    return changed
