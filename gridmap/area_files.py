"""Read the areas of a district from one GeoJSON file, in any of the coordinate systems people have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.crs import CoordinateOutOfRange, to_stored
from gridmap.editions.founding import BadAreas, DrawnArea
from gridmap.models import Area
from gridmap.models.ground import Level

COUNTS = ("households", "residents", "enterprises", "party_members")
MAX_NAME = 60
MAX_COUNT = 2_147_483_647
KINDS: dict[Level, tuple[Area.Kind, ...]] = {
    Level.DISTRICT: (Area.Kind.DISTRICT,),
    Level.TOWN: (Area.Kind.TOWN, Area.Kind.SUBDISTRICT),
    Level.COMMUNITY: (Area.Kind.COMMUNITY, Area.Kind.VILLAGE),
    Level.GRID: (Area.Kind.BASIC, Area.Kind.DEDICATED),
}


@dataclass(frozen=True)
class Fields:
    """The properties that hold an area's code, name and kind."""

    code: str = "code"
    name: str = "name"
    kind: str = "kind"


def read(path: Path, *, coord: str, fields: Fields) -> list[DrawnArea]:
    """The areas a GeoJSON file holds, turned vertex by vertex from ``coord`` into CGCS2000.

    ``coord`` is one of :data:`geodata.crs.COORDINATE_SYSTEMS`. A feature whose geometry is null is drawn by its
    children. Households, residents, enterprises and party members are taken where the file has them under those
    names. Raises :class:`BadAreas` naming the first code, or feature, at fault.
    """
    return [_area(number, feature, coord, fields) for number, feature in enumerate(_features(path), start=1)]


def _features(path: Path) -> Iterable[dict[str, Any]]:
    try:
        # Windows programs put a byte-order mark before UTF-8.
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadAreas(f"不能读取 {path}:{error.strerror} (cannot read)") from None
    except ValueError as error:
        raise BadAreas(f"{path.name} 不是 UTF-8 编码的 GeoJSON:{error} (not GeoJSON)") from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise BadAreas(f"{path.name} 不是 GeoJSON 要素集 (not a FeatureCollection)")
    if not features:
        raise BadAreas(f"{path.name} 中没有要素 (no features)")
    return features


def _area(number: int, feature: dict[str, Any], coord: str, fields: Fields) -> DrawnArea:
    properties = feature.get("properties")
    given: dict[str, Any] = properties if isinstance(properties, dict) else {}
    code = _text(given, fields.code)
    if not code:
        raise BadAreas(f"第 {number} 个要素没有属性 {fields.code} (no code)")
    name = _text(given, fields.name)
    if not name or len(name) > MAX_NAME:
        raise BadAreas(f"{code}：属性 {fields.name} 应为 1 至 {MAX_NAME} 字的名称 (no name, or too long)")
    area = DrawnArea(code, name, "")
    attributes = {count: _count(code, count, given[count]) for count in COUNTS if given.get(count) is not None}
    return DrawnArea(
        code,
        name,
        _kind(area, _text(given, fields.kind)),
        _geometry(code, feature.get("geometry"), coord),
        attributes | {"urban": not _rural(code)},
    )


def _text(given: dict[str, Any], field: str) -> str:
    value = given.get(field)
    return "" if value is None else str(value).strip()


def _count(code: str, field: str, value: Any) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT or value % 1:
        raise BadAreas(f"{code}：属性 {field} 应为不小于 0 的整数 (not a count)")
    return int(value)


def _kind(area: DrawnArea, given: str) -> str:
    """The kind as given, by value or Chinese label; else as the statistical code says it."""
    possible = KINDS[area.level]
    if not given:
        own = area.code[-3:]
        by_code = {
            Level.TOWN: Area.Kind.SUBDISTRICT if own < "100" else Area.Kind.TOWN,
            Level.COMMUNITY: Area.Kind.VILLAGE if _rural(area.code) else Area.Kind.COMMUNITY,
        }
        return by_code.get(area.level, possible[0]).value
    for kind in possible:
        if given in (kind.value, kind.label):
            return kind.value
    wanted = "、".join(f"{kind.label}({kind.value})" for kind in possible)
    raise BadAreas(
        f"{area.code} {area.name}：类型 {given} 不适用于这一层级，应为 {wanted} (kind does not fit the level)"
    )


def _rural(code: str) -> bool:
    """Villages have 200 and above in the NBS statistical codes, communities what is below."""
    return code[9:12] >= "200"


def _geometry(code: str, given: Any, coord: str) -> BaseGeometry | None:
    if given is None:
        return None
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(given)))
    except shapely.errors.GEOSException as error:
        raise BadAreas(f"{code}：几何无法读取，{error} (invalid ring or not GeoJSON)") from None

    def converted(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_stored(vertices[:, 0], vertices[:, 1], coord))

    try:
        return shapely.transform(shape, converted)
    except CoordinateOutOfRange:
        raise BadAreas(f"{code}：坐标超出经纬度范围，应为 {coord} 的经度、纬度 (not degrees)") from None
