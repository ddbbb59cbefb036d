"""The coordinate system of a file: what it says, what its owner says, and the way from there to stored degrees."""

from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from geodata.crs import (
    PLANE_SRIDS,
    UnknownCoordinateSystem,
    central_meridian,
    false_easting,
    from_named,
    in_range,
    named_system,
    plane_of,
)
from geodata.reading.refusing import BadFile, NoSystemNamed, features_at

NAMES = "wgs84、cgcs2000、gcj02、bd09、EPSG:4547 等 CGCS2000 高斯投影（EPSG:4491 至 4554）"
AUTHORITY = re.compile(r"(?:.*[:/])?(?P<authority>EPSG|OGC)[:/]+(?:[\d.]*[:/]+)?(?P<code>\w+)", re.I)
WGS84_FLATTENING, CGCS2000_FLATTENING = 298.257223563, 298.257222101
EARTH_AXIS_M = 6378137.0
# These two are the system of commercial maps; nothing but their owner's word tells them from WGS 84.
SHIFTED = ("gcj02", "bd09")
DEGREES = ("wgs84", "cgcs2000")


def system_of(source: str, declared: str | None, named: str | None) -> str:
    """The one system of `geodata.crs.named_system` that a file is in. Raises BadFile.

    What the file declares holds; what its owner names must agree with it, but for GCJ-02 and BD-09, which no file can
    declare. WGS 84 and CGCS2000 are taken as equal.
    """
    wanted = _named(source, named) if named is not None else None
    if declared is None:
        if wanted is None:
            raise NoSystemNamed(
                f"{source}：文件没有写明坐标系，请指明：{NAMES} (no coordinate system in the file; name one)"
            )
        return wanted
    said = _recognised(declared)
    if said is None:
        raise BadFile(f"{source}：不认识文件的坐标系“{_short(declared)}”，可用 {NAMES} (unknown coordinate system)")
    if wanted is None or wanted == said or (said in DEGREES and wanted in (*DEGREES, *SHIFTED)):
        return wanted or said
    if _same_plane(wanted, said):
        return wanted
    raise BadFile(
        f"{source}：文件写明的坐标系是 {said}，指明的却是 {wanted} (the file's coordinate system contradicts the one named)"
    )


def stored(source: str, shapes: NDArray[np.object_], coord: str, codes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes turned vertex by vertex into CGCS2000 degrees. Raises BadFile naming the features that cannot lie there."""
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    good = in_range(places[:, 0], places[:, 1], coord)
    if not good.all():
        first = int(np.argmin(good))
        raise _out_of_range(source, np.unique(owners[~good]), codes, places[first], coord)
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(from_named(xy[:, 0], xy[:, 1], coord))), dtype=object
    )


def _out_of_range(
    source: str, wrong: NDArray[np.int64], codes: NDArray[np.object_], place: NDArray[np.float64], coord: str
) -> BadFile:
    x, y = float(place[0]), float(place[1])
    code = f"（编码 {codes[wrong[0]]}）" if codes[wrong[0]] else ""
    mixed = "，与其余要素的坐标系不同" if len(wrong) < len(codes) else ""
    return BadFile(
        f"{source}：{features_at(wrong + 1)}{code}的坐标 {x:,.10g}, {y:,.10g} 不可能是 {coord} 的坐标{mixed}"
        f"{_hint(x, y, coord)} (coordinates out of range for the coordinate system)"
    )


def _hint(x: float, y: float, coord: str) -> str:
    """What a coordinate that cannot be one of its system most likely is."""
    if not (np.isfinite(x) and np.isfinite(y)):
        return "：不是有限的数"
    if plane_of(coord) is None:
        if abs(x) <= 90 < abs(y) <= 180:
            return "：像是纬度在前，经度在后"
        return "：像是以米为单位的平面坐标" if abs(x) > 1000 and abs(y) > 1000 else ""
    if abs(x) <= 180 and abs(y) <= 90:
        return "：像是以度为单位的经纬度"
    if in_range(y, x, coord):
        return "：像是北坐标在前，东坐标在后"
    zone = int(x // 1e6)
    fitting = [f"EPSG:{plane}" for plane in PLANE_SRIDS if zone and int(false_easting(plane) // 1e6) == zone]
    return f"：东坐标前有带号 {zone}，应是 {'、'.join(fitting)}" if fitting else ""


def _named(source: str, coord: str) -> str:
    try:
        return named_system(coord)
    except UnknownCoordinateSystem:
        raise BadFile(f"{source}：不认识指明的坐标系“{coord}”，可用 {NAMES} (unknown coordinate system)") from None


def _recognised(declared: str) -> str | None:
    """The name of the system a file declares, by authority and code or by the parameters of its WKT."""
    short = AUTHORITY.fullmatch(declared.strip())
    try:
        if short is not None:
            authority, code = short["authority"].upper(), short["code"].upper()
            return named_system("crs84" if (authority, code) == ("OGC", "CRS84") else f"{authority}:{code}")
        return _by_parameters(CRS.from_wkt(declared)) if "[" in declared else named_system(declared)
    except (UnknownCoordinateSystem, CRSError):
        return None


def _by_parameters(crs: CRS) -> str | None:
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    geodetic = crs.geodetic_crs
    degrees = _geographic(geodetic) if geodetic is not None else None
    if degrees is None or crs.is_geographic:
        return degrees
    return _plane(crs) if degrees == "cgcs2000" else None


def _geographic(crs: CRS) -> str | None:
    earth, meridian = crs.ellipsoid, crs.prime_meridian
    if earth is None or abs(earth.semi_major_metre - EARTH_AXIS_M) > 0.01 or (meridian and meridian.longitude):
        return None
    name = f"{crs.name} {crs.datum.name if crs.datum else ''}".lower().replace("_", " ")
    if abs(earth.inverse_flattening - CGCS2000_FLATTENING) < 1e-7:
        # GRS 80 has the same figure within its last digits, and so have many datums of other countries.
        return "cgcs2000" if re.search(r"cgcs ?2000|china ?2000|china geodetic|国家2000|2000国家", name) else None
    if abs(earth.inverse_flattening - WGS84_FLATTENING) < 1e-7:
        return "wgs84" if "wgs" in name and "84" in name else None
    return None


def _plane(crs: CRS) -> str | None:
    """The CGCS2000 plane with the same parameters, whatever its writer called it."""
    operation = crs.coordinate_operation
    units = {axis.unit_conversion_factor for axis in crs.axis_info}
    if operation is None or units != {1.0} or not re.search("mercator|kr[uü]ger", operation.method_name, re.I):
        return None
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    fixed = {
        "Latitude of natural origin": 0.0,
        "Scale factor at natural origin": 1.0,
        "False northing": 0.0,
    }
    if any(abs(values.get(name, value) - value) > 1e-9 for name, value in fixed.items()):
        return None
    at = (values.get("Longitude of natural origin", np.nan), values.get("False easting", np.nan))
    # From the last, so that a plane both widths of zone have gets the name of the narrow one.
    found = (plane for plane in reversed(PLANE_SRIDS) if (central_meridian(plane), false_easting(plane)) == at)
    return next((f"EPSG:{plane}" for plane in found), None)


def _same_plane(one: str, other: str) -> bool:
    planes = [plane_of(one), plane_of(other)]
    parameters = {(central_meridian(plane), false_easting(plane)) for plane in planes if plane is not None}
    return None not in planes and len(parameters) == 1


def _short(declared: str) -> str:
    """A name of a system for a message: an authority's code with what it stands for, or the name in the WKT."""
    name = re.search(r'"([^"]+)"', declared)
    if name:
        return name[1]
    short = AUTHORITY.fullmatch(declared.strip())
    try:
        return (
            f"{declared[:80]} {CRS.from_authority(short['authority'], short['code']).name}" if short else declared[:80]
        )
    except CRSError:
        return declared[:80]
