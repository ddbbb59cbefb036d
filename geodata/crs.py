"""The one place where coordinates change their system.

Everything stored is longitude and latitude in degrees, CGCS2000 (EPSG:4490). What comes from a phone or a
commercial map is in one of four systems and must name it; there is no default, because a GCJ-02 point taken
for WGS 84 lies about half a kilometre away, which in the inner city is another street's ground.

WGS 84 and CGCS2000 differ by centimetres and are taken as equal. GCJ-02 and BD-09 have no published
definition; the formulas are the ones in general circulation, and their inverses are found by fixed point.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer

STORED_SRID = 4490
"""CGCS2000, longitude and latitude in degrees, in this order."""

METRES_SRID = 4547
"""CGCS2000 / 3-degree Gauss-Kruger, central meridian 114°E: where the demonstration district is measured (see `metres_srid`)."""

COORDINATE_SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")

PLANE_SRIDS = range(4491, 4555)
"""The CGCS2000 Gauss-Kruger planes: 6-degree zones with and without the zone's number before the easting, then 3-degree ones."""

Degrees = NDArray[np.float64]

# How far from its central meridian a plane may be used, in metres; two 6-degree zones away nothing is surveyed in it.
PLANE_REACH_M = 700_000.0
# What lies nearer to the equator than this are degrees taken for metres; China begins 300 km north of it.
PLANE_SOUTH_M, PLANE_NORTH_M = 10_000.0, 6_700_000.0
FALSE_EASTING_M = 500_000.0

KRASOVSKY_AXIS = 6378245.0
KRASOVSKY_ECCENTRICITY_SQUARED = 0.00669342162296594323
BD09_TURN = np.pi * 3000 / 180
BD09_LON, BD09_LAT = 0.0065, 0.006
FIXED_POINT_ROUNDS = 6  # each round gains about three digits; six reach the last bit of a double

# GCJ-02 is applied by its users inside this box only; elsewhere their maps are plain WGS 84.
CHINA = (72.004, 0.8293, 137.8347, 55.8271)


class UnknownCoordinateSystem(ValueError):
    """The coordinate system is not one of COORDINATE_SYSTEMS."""

    def __init__(self, coord: object) -> None:
        super().__init__(f"unknown coordinate system {coord!r}; name one of {', '.join(COORDINATE_SYSTEMS)}")
        self.coord = coord


class CoordinateOutOfRange(ValueError):
    """A longitude or latitude is not a finite number of degrees on the globe."""


def to_stored(lon: ArrayLike, lat: ArrayLike, coord: str) -> tuple[Any, Any]:
    """Turn a point of a named system into the stored system.

    `lon`, `lat`: degrees, scalars or arrays of one shape. `coord`: one of COORDINATE_SYSTEMS.
    Returns longitude and latitude in CGCS2000 degrees: floats for scalars, float64 arrays for arrays.
    Raises UnknownCoordinateSystem and CoordinateOutOfRange.
    """
    return _converted(lon, lat, coord, _TO_STORED)


def from_stored(lon: ArrayLike, lat: ArrayLike, coord: str) -> tuple[Any, Any]:
    """Turn a stored point into a named system; arguments, result and errors as in `to_stored`."""
    return _converted(lon, lat, coord, _FROM_STORED)


def named_system(coord: str) -> str:
    """The one name of a coordinate system that a file of areas may be in.

    One of COORDINATE_SYSTEMS, or "EPSG:4491" to "EPSG:4554" for the CGCS2000 planes; EPSG:4490, EPSG:4326 and CRS84
    are cgcs2000 and wgs84. Capitals do not matter. Raises UnknownCoordinateSystem.
    """
    given = coord.strip().lower()
    name = {"epsg:4490": "cgcs2000", "epsg:4326": "wgs84", "crs84": "wgs84", "ogc:crs84": "wgs84"}.get(given, given)
    if name in COORDINATE_SYSTEMS:
        return name
    if plane_of(name) is None:
        raise UnknownCoordinateSystem(coord)
    return name.upper()


def plane_of(coord: str) -> int | None:
    """The EPSG code of a plane named "EPSG:4547" or the like; None for a system in degrees."""
    authority, _, code = coord.lower().partition(":")
    known = authority == "epsg" and code.isascii() and code.isdigit() and int(code) in PLANE_SRIDS
    return int(code) if known else None


def from_named(x: ArrayLike, y: ArrayLike, coord: str) -> tuple[Any, Any]:
    """Turn coordinates of any system of `named_system` into stored degrees, longitude first.

    `x`, `y`: longitude and latitude in degrees or, in a plane, easting and northing in metres; scalars or arrays of
    one shape. Raises UnknownCoordinateSystem, and CoordinateOutOfRange for what cannot lie in that system.
    """
    name = named_system(coord)
    plane = plane_of(name)
    if plane is None:
        return to_stored(x, y, name)
    if not np.all(in_range(x, y, name)):
        raise CoordinateOutOfRange(f"easting or northing is not one of {name}")
    return from_metres(x, y, plane)


def to_named(lon: ArrayLike, lat: ArrayLike, coord: str) -> tuple[Any, Any]:
    """Turn stored degrees into any system of `named_system`; arguments and errors as in `from_named`."""
    name = named_system(coord)
    plane = plane_of(name)
    if plane is None:
        return from_stored(lon, lat, name)
    x, y = to_metres(*_checked(lon, lat), plane)
    if not np.all(in_range(x, y, name)):
        raise CoordinateOutOfRange(f"the place lies outside {name}")
    return x, y


def in_range(x: ArrayLike, y: ArrayLike, coord: str) -> NDArray[np.bool_]:
    """Whether each coordinate can be one of the system: degrees on the globe, or metres within reach of its meridian."""
    one, other = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    plane = plane_of(coord)
    if plane is None:
        return np.asarray((np.abs(one) <= 180) & (np.abs(other) <= 90))
    east = np.abs(one - false_easting(plane)) <= PLANE_REACH_M
    return np.asarray(east & (other >= PLANE_SOUTH_M) & (other <= PLANE_NORTH_M))


def false_easting(plane: int) -> float:
    """The easting of a plane's central meridian in metres: 500,000, after the zone's number where the plane has one."""
    if plane in range(4491, 4502):
        return (plane - 4491 + 13) * 1e6 + FALSE_EASTING_M
    if plane in range(4513, 4534):
        return (plane - 4513 + 25) * 1e6 + FALSE_EASTING_M
    return FALSE_EASTING_M


def central_meridian(plane: int) -> int:
    """A plane's central meridian in degrees east."""
    for first, last, step in ((4491, 4501, 6), (4502, 4512, 6), (4513, 4533, 3), (4534, 4554, 3)):
        if first <= plane <= last:
            return 75 + (plane - first) * step
    raise UnknownCoordinateSystem(f"EPSG:{plane}")


def metres_srid(lon: float, lat: float) -> int:
    """The EPSG code of the plane that lengths and areas about a place are measured in.

    In China the CGCS2000 3-degree Gauss-Kruger zone of that longitude (EPSG:4534 about 75°E to 4554 about 135°E),
    elsewhere the UTM zone on WGS 84. The database has the same rule (`gridmap_metres_srid`).
    """
    if 73.5 <= lon < 136.5 and 0 < lat < 60:
        return 4534 + int((lon - 73.5) // 3)
    zone = min(int((lon + 180) // 6), 59) + 1
    return (32600 if lat >= 0 else 32700) + zone


def to_metres(lon: ArrayLike, lat: ArrayLike, srid: int = METRES_SRID) -> tuple[Any, Any]:
    """Project stored degrees to a plane of `metres_srid`; returns easting and northing in metres, in this order."""
    return _transformer(STORED_SRID, srid).transform(lon, lat)


def from_metres(x: ArrayLike, y: ArrayLike, srid: int = METRES_SRID) -> tuple[Any, Any]:
    """Turn easting and northing in a plane of `metres_srid` back into stored degrees, longitude first."""
    return _transformer(srid, STORED_SRID).transform(x, y)


# The ellipsoid of CGCS2000 has the axis and the flattening of GRS 80.
GEOD = Geod(ellps="GRS80")


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Geodesic metres between two places, longitude and latitude in CGCS2000 degrees."""
    return float(GEOD.inv(*one, *other)[2])


@cache
def _transformer(source: int, target: int) -> Transformer:
    # Both registry entries put latitude or northing first; here it is always x, then y.
    return Transformer.from_crs(source, target, always_xy=True)


def _converted(lon: ArrayLike, lat: ArrayLike, coord: str, ways: dict[str, _Way]) -> tuple[Any, Any]:
    if coord not in ways:
        raise UnknownCoordinateSystem(coord)
    x, y = _checked(lon, lat)
    x, y = ways[coord](x, y)
    if x.ndim == 0:
        return float(x), float(y)
    return x, y


def _checked(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    try:
        x, y = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CoordinateOutOfRange("longitude and latitude must be numbers") from error
    if x.shape != y.shape:
        raise CoordinateOutOfRange(f"{x.shape} longitudes do not go with {y.shape} latitudes")
    # A NaN fails every comparison, so it is caught by asking for what is good.
    if not np.all((np.abs(x) <= 180) & (np.abs(y) <= 90)):
        raise CoordinateOutOfRange("longitude must lie in -180…180 and latitude in -90…90 degrees")
    return x, y


def _same(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return lon, lat


def _gcj02_offset(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Offset of GCJ-02 against WGS 84 in degrees, for points given in WGS 84."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y / 30 * np.pi)) * 2 / 3
    curve = 1 - KRASOVSKY_ECCENTRICITY_SQUARED * np.sin(np.radians(lat)) ** 2
    prime = KRASOVSKY_AXIS / np.sqrt(curve)
    meridian = KRASOVSKY_AXIS * (1 - KRASOVSKY_ECCENTRICITY_SQUARED) / (curve * np.sqrt(curve))
    inside = (lon >= CHINA[0]) & (lon <= CHINA[2]) & (lat >= CHINA[1]) & (lat <= CHINA[3])
    return (
        np.where(inside, np.degrees(east / (prime * np.cos(np.radians(lat)))), 0.0),
        np.where(inside, np.degrees(north / meridian), 0.0),
    )


def _to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    east, north = _gcj02_offset(lon, lat)
    return lon + east, lat + north


def _gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    length = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD09_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD09_TURN)
    return length * np.cos(angle) + BD09_LON, length * np.sin(angle) + BD09_LAT


def _to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return _gcj02_to_bd09(*_to_gcj02(lon, lat))


def _undone(way: _Way) -> _Way:
    """The inverse of a way that moves points little: go back by what it would add, until nothing is left."""

    def back(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
        x, y = lon, lat
        for _ in range(FIXED_POINT_ROUNDS):
            forward_x, forward_y = way(x, y)
            x, y = x + (lon - forward_x), y + (lat - forward_y)
        return x, y

    return back


_Way = Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]
_FROM_STORED: dict[str, _Way] = {"wgs84": _same, "cgcs2000": _same, "gcj02": _to_gcj02, "bd09": _to_bd09}
_TO_STORED: dict[str, _Way] = {
    "wgs84": _same,
    "cgcs2000": _same,
    "gcj02": _undone(_to_gcj02),
    "bd09": _undone(_to_bd09),
}
