"""Whether areas lie where they should: by the edition in force, or else by where most of the file lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.areas import Shapes
from geodata.checking.findings import Finding, Kind, Severity
from geodata.checking.ground import Ground
from geodata.crs import CoordinateOutOfRange, from_stored, in_range, metres_srid, to_metres, to_stored

Places = NDArray[np.float64]

# Ground of a district reaches some times as far as most of it; what is farther is not of it.
FAR_TIMES, FAR_LEAST_M = 8.0, 20_000.0
# How many corners are tried under each system, and how near they must come to lines in force to prove it.
TRIED = 2_000
OFF_M, FITTING_SHARE = 10.0, 0.25
SUSPECTS = {"gcj02": Kind.GCJ02_SUSPECTED, "bd09": Kind.BD09_SUSPECTED, "cgcs2000": Kind.WGS84_SUSPECTED}
SYSTEM_NAMES = {"gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "WGS 84 或 CGCS2000"}


@dataclass(frozen=True)
class _Middle:
    """Where ground is, and how far it reaches: a place in degrees, and metres."""

    lon: float
    lat: float
    reach_m: float

    @classmethod
    def of(cls, places: Places) -> _Middle:
        lon, lat = (float(value) for value in np.median(places, axis=0))
        away = _away(places, lon, lat)
        return cls(lon, lat, max(FAR_TIMES * float(np.median(away)), FAR_LEAST_M))

    def away(self, places: Places) -> Places:
        """Metres from the middle."""
        return _away(places, self.lon, self.lat)


def check_places(ground: Ground, in_force: Ground | None) -> Iterator[Finding]:
    """Areas off the globe, far from the rest or with longitude and latitude in the wrong order, and a file in another system
    than it says."""
    for row in np.flatnonzero(~ground.on_globe).tolist():
        yield _off_globe(ground, row)
    rows = np.flatnonzero(ground.drawn)
    if not len(rows):
        return
    places = _middles(ground.sound[rows])
    known = in_force if in_force is not None and in_force.drawn.any() else None
    middle = _Middle.of(_middles(known.sound[known.drawn]) if known is not None else places)
    away = middle.away(places)
    far = away > middle.reach_m
    turned = far & (middle.away(places[:, ::-1]) <= middle.reach_m)
    if known is not None and far.all():
        yield _all_far(ground, rows, places, float(np.median(away)), bool(turned.all()))
        return
    for at in np.flatnonzero(far):
        yield _far(ground, int(rows[at]), places[at], float(away[at]), bool(turned[at]))
    if known is not None:
        yield from _other_system(ground, known, rows[~far])


def _middles(shapes: Shapes) -> Places:
    boxes = shapely.bounds(shapes)
    return np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2])


def _away(places: Places, lon: float, lat: float) -> Places:
    """Metres on a sphere: far enough away, a plane says nothing."""
    one, other = np.radians(places), np.radians([lon, lat])
    half = np.sin((one - other) / 2) ** 2
    share = half[:, 1] + np.cos(one[:, 1]) * np.cos(other[1]) * half[:, 0]
    return np.asarray(2 * 6_371_000 * np.arcsin(np.sqrt(np.clip(share, 0, 1))), dtype=np.float64)


def _far(ground: Ground, row: int, place: Places, metres: float, turned: bool) -> Finding:
    code, at = ground.areas.codes[row], int(ground.areas.rows[row])
    why = "，经度与纬度像是写反了" if turned else "，坐标系或坐标有误"
    english = "longitude and latitude swapped" if turned else "far from the rest"
    sentence = f"{ground.title(row)}：离其余区域 {metres / 1000:,.0f} 公里{why} ({english})"
    kind = Kind.SWAPPED if turned else Kind.FAR_AWAY
    look = shapely.Point(place)
    return Finding(kind, Severity.ERROR, code, sentence, row=at, place=look, measure=metres)


def _off_globe(ground: Ground, row: int) -> Finding:
    places = shapely.get_coordinates(ground.areas.shapes[row])
    x, y = places[np.argmin(in_range(places[:, 0], places[:, 1], "cgcs2000"))].tolist()
    sentence = f"{ground.title(row)}：坐标 {x:,.10g}, {y:,.10g} 不是地球上的经纬度 (coordinates off the globe)"
    code, at = ground.areas.codes[row], int(ground.areas.rows[row])
    return Finding(Kind.FAR_AWAY, Severity.ERROR, code, sentence, row=at)


def _all_far(ground: Ground, rows: NDArray[np.int64], places: Places, metres: float, turned: bool) -> Finding:
    why = "，经度与纬度像是写反了" if turned else "，坐标系有误，或不是这个区"
    english = "longitude and latitude swapped" if turned else "far from the edition in force"
    sentence = f"全部 {len(rows):,} 个区域离现行边界 {metres / 1000:,.0f} 公里{why} ({english})"
    kind = Kind.SWAPPED if turned else Kind.FAR_AWAY
    return Finding(kind, Severity.ERROR, "", sentence, place=shapely.Point(np.median(places, axis=0)), measure=metres)


def _other_system(ground: Ground, in_force: Ground, rows: NDArray[np.int64]) -> Iterator[Finding]:
    """Compare corners with the lines in force as they are, and as they would be had the file been in another system.

    Most lines stay when grids are redrawn, so that under the right system most corners lie on a line.
    """
    named = ground.areas.coord
    if named.startswith("EPSG:"):
        return
    corners = shapely.get_coordinates(ground.sound[rows])
    corners = corners[:: max(1, len(corners) // TRIED)]
    lines = _Lines(in_force)
    as_it_is = lines.off(corners)
    if as_it_is <= OFF_M:
        return
    here = "cgcs2000" if named == "wgs84" else named
    tried = {system: lines.off(as_if(corners, here, system)) for system in SUSPECTS if system != here}
    system, off = min(tried.items(), key=lambda item: item[1])
    if off > FITTING_SHARE * as_it_is:
        return
    moved = as_if(corners, here, system)
    shift = float(np.median(np.hypot(*(lines.metres(moved) - lines.metres(corners)).T)))
    sentence = (
        f"整个文件像是 {SYSTEM_NAMES[system]}：按 {named} 读，拐点离现行边线 {as_it_is:,.0f} 米（中位数），"
        f"按 {SYSTEM_NAMES[system]} 读只有 {off:,.1f} 米，各点移动约 {shift:,.0f} 米；请用 --coord {system} 重读"
        f" (the file seems to be in {system})"
    )
    place = shapely.Point(np.median(corners, axis=0))
    yield Finding(SUSPECTS[system], Severity.ERROR, "", sentence, place=place, measure=shift)


def as_if(places: Places, named: str, other: str) -> Places:
    """Stored places of a file read in one system as they would be, had it been read in another."""
    try:
        return np.column_stack(to_stored(*from_stored(places[:, 0], places[:, 1], named), other))
    except CoordinateOutOfRange:
        return np.full_like(places, np.nan)


class _Lines:
    """The lines of the edition in force, to measure how far places are from them."""

    def __init__(self, in_force: Ground) -> None:
        shapes = in_force.sound[in_force.drawn]
        middle = np.median(_middles(shapes), axis=0)
        self.srid = metres_srid(float(middle[0]), float(middle[1]))
        flat = shapely.transform(shapes, self.metres)
        rings = shapely.get_rings(shapely.get_parts(flat))
        ends, owners = shapely.get_coordinates(rings, return_index=True)
        same = owners[1:] == owners[:-1]
        edges: Shapes = np.asarray(shapely.linestrings(np.stack([ends[:-1][same], ends[1:][same]], axis=1)))
        self.tree = shapely.STRtree(edges)

    def metres(self, places: Places) -> Places:
        """Eastings and northings."""
        return np.column_stack(to_metres(places[:, 0], places[:, 1], self.srid))

    def off(self, places: Places) -> float:
        """The median distance of places from the nearest line, in metres."""
        flat = self.metres(places)
        finite = flat[np.isfinite(flat).all(axis=1)]
        if not len(finite):
            return float("inf")
        points = shapely.points(finite)
        _, metres = self.tree.query_nearest(points, return_distance=True, all_matches=False)
        return float(np.median(metres))
