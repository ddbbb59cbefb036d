"""Cut one polygon along a drawn line, so that its neighbours can be given the same new corners.

A hand is not exact: what is drawn within `SNAP_METRES` of a corner or a line means that corner or that line. Where
the cut meets a line, one new corner is made; its bits are the same for everybody who has that line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.corners import (
    Edge,
    Place,
    Plane,
    Ring,
    edge,
    edges_of,
    in_the_form_of,
    parts_of,
    places_of,
    rings_of,
    with_corners,
)

SNAP_METRES = 1.0
MAX_POINTS = 500


class EditRefused(ValueError):
    """What was drawn cannot be carried out; `sentence` says why, `place` (lon, lat in degrees) where, if somewhere."""

    def __init__(self, sentence: str, place: Place | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.place = place


@dataclass(frozen=True)
class Cut:
    """A polygon cut along a line.

    `faces`: what it falls into, polygons. `corners`: the new corners by the edge they lie on, for whoever shares it.
    `path`: the line as it was cut, moved to the corners and lines it was drawn beside. `moved_m`: how far, at most, a
    corner of a fixed line drew the cut to itself.
    """

    shape: BaseGeometry
    faces: list[shapely.Polygon]
    corners: dict[Edge, list[Place]]
    path: Ring
    moved_m: float

    @property
    def whole(self) -> list[shapely.Polygon]:
        """The faces that are parts of the shape the line did not cut."""
        before = [shapely.normalize(part) for part in parts_of(self.shape)]
        return [face for face in self.faces if shapely.normalize(face) in before]

    @property
    def halves(self) -> list[shapely.Polygon]:
        """The faces the line made, the largest first."""
        whole = self.whole
        return sorted((face for face in self.faces if face not in whole), key=lambda face: -face.area)


def drawn_line(line: BaseGeometry) -> Ring:
    """The corners of a drawn line, none twice in a row. Raises EditRefused for what is no line or crosses itself."""
    if line.geom_type not in ("LineString", "LinearRing"):
        raise EditRefused("应画一条线 (not a line)")
    places = _without_repeats(places_of(line))
    if not all(abs(x) <= 180 and abs(y) <= 90 for x, y in places):
        raise EditRefused("坐标应是经纬度 (not longitude and latitude in degrees)")
    if len(places) < 2:
        raise EditRefused("线至少要有两个不同的点 (a line needs two points)")
    if len(places) > MAX_POINTS:
        raise EditRefused(f"线不能超过 {MAX_POINTS} 个点，现有 {len(places)} 个 (too many points)")
    _check_simple(places)
    return places


def cut(shape: BaseGeometry, path: Ring, fixed: frozenset[Edge] = frozenset()) -> Cut:
    """Cut a (multi)polygon along a path of places in degrees.

    On `fixed` edges no new corner is made: the cut goes to the nearer of their ends. What of the path does not cross
    the shape from line to line is left out; with nothing left, `faces` are the shape's own parts. Raises EditRefused
    where the moved path would run into a line.
    """
    landing = _Landing(shape, fixed)
    stops = landing.stops(path)
    cornered = with_corners(shape, landing.new) or shape
    parts = [part for part in _between_lines(stops, landing) if _inside(cornered, part, landing)]
    used = {place for part in parts for place in (part[0], part[-1])}
    new = {on: [place for place in places if place in used] for on, places in landing.new.items() if used & set(places)}
    cornered = with_corners(shape, new) or shape
    return Cut(cornered, _faces(cornered, parts), new, [place for place, _ in stops], landing.moved_m)


@dataclass
class _Landing:
    """Where a path meets the lines of a shape: at corners, old or new."""

    shape: BaseGeometry
    fixed: frozenset[Edge]
    new: defaultdict[Edge, list[Place]] = field(default_factory=lambda: defaultdict(list))
    moved_m: float = 0.0

    def __post_init__(self) -> None:
        self.plane = Plane(self.shape)
        self.edges = [edge(one, other) for ring in rings_of(self.shape) for one, other in pairwise(ring)]
        self.lines: NDArray[np.object_] = np.array([shapely.LineString(on) for on in self.edges], dtype=object)
        self.flat = shapely.linestrings(self.plane.metres(np.array(self.edges).reshape(-1, 2)).reshape(-1, 2, 2))
        self.corners = {place for one in self.edges for place in one}

    def stops(self, path: Ring) -> list[tuple[Place, bool]]:
        """The path's places and where it meets a line, in order, each with whether it lies on a line."""
        near = [self._near(place) for place in path]
        stops = [near[0]]
        for one, other in pairwise(near):
            stops += [(place, True) for place in self._met(one[0], other[0])]
            stops.append(other)
        kept = [stops[0]]
        for stop in stops[1:]:
            if stop[0] != kept[-1][0]:
                kept.append(stop)
        if len(kept) < 2:
            raise EditRefused("线太短，两端落在同一点 (the line is too short)", kept[0][0])
        _check_simple([place for place, _ in kept])
        return kept

    def _near(self, place: Place) -> tuple[Place, bool]:
        """The place, or the corner or line it was drawn beside."""
        at = shapely.Point(self.plane.metres([place])[0])
        away = np.asarray(shapely.distance(self.flat, at))
        nearest = int(np.argmin(away))
        if away[nearest] > SNAP_METRES:
            return place, False
        line = self.lines[nearest]
        foot = line.interpolate(line.project(shapely.Point(place)))
        return self._land(self.edges[nearest], (foot.x, foot.y)), True

    def _met(self, one: Place, other: Place) -> list[Place]:
        """Where a stretch of the path meets lines, from one end to the other."""
        stretch = shapely.LineString([one, other])
        hit = np.flatnonzero(shapely.intersects(self.lines, stretch))
        met = [
            (stretch.project(shapely.Point(place)), self._land(self.edges[number], place))
            for number, shared in zip(hit, shapely.intersection(self.lines[hit], stretch), strict=True)
            for place in places_of(shared)
        ]
        return [place for _, place in sorted(met)]

    def _land(self, on: Edge, place: Place) -> Place:
        """The corner for a place on an edge: one that is there, or a new one."""
        known: Ring = [*on, *self.new.get(on, ())]
        away = [self.plane.distance(place, corner) for corner in known]
        nearest = int(np.argmin(away))
        if away[nearest] <= SNAP_METRES:
            return known[nearest]
        if on in self.fixed:
            self.moved_m = max(self.moved_m, away[nearest])
            return known[nearest]
        self.new[on].append(place)
        return place


def _between_lines(stops: list[tuple[Place, bool]], landing: _Landing) -> list[Ring]:
    """The stretches of the path from one line to the next; of a closed path that meets none, the whole."""
    closed = len(stops) > 3 and stops[0][0] == stops[-1][0]
    on = [number for number, (_, on_line) in enumerate(stops) if on_line]
    if closed and not on:
        return [[place for place, _ in stops]]
    if closed:
        stops = [*stops[on[0] : -1], *stops[: on[0] + 1]]
        on = [number for number, (_, on_line) in enumerate(stops) if on_line]
    return [[place for place, _ in stops[one : other + 1]] for one, other in pairwise(on)]


def _inside(shape: BaseGeometry, part: Ring, landing: _Landing) -> bool:
    """Whether a stretch runs through the shape. Raises EditRefused when moving it made it run into a line."""
    if len(part) == 2 and edge(*part) in edges_of(shape):
        return False
    line = shapely.LineString(part)
    middle = line.interpolate(0.5, normalized=True)
    if not shape.contains(middle):
        return False
    if shape.contains(line):
        return True
    outside = places_of(line.difference(shape).representative_point()) or [part[0]]
    if landing.moved_m:
        raise EditRefused(
            f"外边界不能增加拐点，线移到最近的拐点（{landing.moved_m:,.0f} 米外）后碰到别的边线，请从外边界的拐点画起"
            " (the outer line is fixed; begin at one of its corners)",
            outside[0],
        )
    raise EditRefused("线与边线贴得太近，请离开一些再画 (the line runs along a border)", outside[0])


def _faces(shape: BaseGeometry, parts: Sequence[Ring]) -> list[shapely.Polygon]:
    """What a shape falls into along stretches that end at its corners; nothing is computed, only put together."""
    if not parts:
        return parts_of(shape)
    lines = [shapely.LineString(pair) for ring in (*rings_of(shape), *parts) for pair in pairwise(ring)]
    found = shapely.get_parts(shapely.polygonize(lines))
    inside = found[shapely.contains(shape, shapely.point_on_surface(found))]
    return [shapely.orient_polygons(face) for face in inside]


def as_one(shape: BaseGeometry, faces: Sequence[shapely.Polygon]) -> BaseGeometry:
    """Faces that belong together, as a shape in the form of the one they were cut from."""
    whole = shapely.coverage_union_all(list(faces)) if len(faces) > 1 else faces[0]
    return in_the_form_of(shape, [shapely.orient_polygons(part) for part in parts_of(whole)])


def _without_repeats(places: Ring) -> Ring:
    return [place for number, place in enumerate(places) if number == 0 or place != places[number - 1]]


def _check_simple(places: Ring) -> None:
    line = shapely.LineString(places) if len(places) > 1 else None
    if line is None or line.is_simple:
        return
    raise EditRefused("线与自己相交 (the line crosses itself)", _crossing(places))


def _crossing(places: Ring) -> Place:
    """Where a line meets itself."""
    stretches = [shapely.LineString(pair) for pair in pairwise(places)]
    for number, one in enumerate(stretches):
        for other in stretches[number + 1 :]:
            shared = one.intersection(other)
            apart = [place for place in places_of(shared) if place not in (one.coords[-1], places[0])]
            if apart or (not shared.is_empty and shared.geom_type != "Point"):
                return (apart or places_of(shared))[0]
    return places[0]
