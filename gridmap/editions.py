"""Editions of boundaries: found a district from drawn areas and put it in force, all at once or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.db import connection, transaction
from shapely.geometry.base import BaseGeometry

from gridmap.models import Area, Boundary, Edition
from gridmap.models.ground import Level
from gridmap.shapes import stored_multi

LEVEL_OF_LENGTH = {level.code_length: level for level in Level}


class BadAreas(ValueError):
    """The areas drawn cannot make a district; the message names the first code at fault."""


@dataclass(frozen=True)
class DrawnArea:
    """An area as it comes in: its code, its names, and its polygon in CGCS2000 degrees unless its children draw it."""

    code: str
    name: str
    kind: str
    geometry: BaseGeometry | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """Read off the code's length; raises :class:`BadAreas`."""
        try:
            return LEVEL_OF_LENGTH[len(self.code)]
        except KeyError:
            raise BadAreas(f"编码 {self.code}:长度应为 6、9、12 或 15 位 (code length)") from None

    @property
    def parent(self) -> str | None:
        """The code of the area above, or None for the district."""
        return self.code[:-3] if self.level is not Level.DISTRICT else None


@transaction.atomic
def found(
    drawn: Sequence[DrawnArea],
    *,
    name: str,
    valid_from: dt.date,
    at: dt.datetime,
    source: str = "",
    schematic: bool = False,
) -> Edition:
    """Register the areas of a district and publish their boundaries as its first edition.

    Areas without a polygon get the union of their children's. Raises :class:`BadAreas` for codes or geometry that
    do not make a district, and changes nothing then.
    """
    shapes = _shapes(drawn)
    edition = Edition.objects.create(
        name=name,
        state=Edition.State.PUBLISHED,
        valid_from=valid_from,
        source=source,
        schematic=schematic,
        created_at=at,
        published_at=at,
    )
    in_order = sorted(drawn, key=lambda area: (len(area.code), area.code))
    Area.objects.bulk_create(
        Area(
            code=area.code,
            level=area.level,
            kind=area.kind,
            name=area.name,
            parent_id=area.parent,
            **area.attributes,
        )
        for area in in_order
    )
    Boundary.objects.bulk_create(
        Boundary(area_id=code, edition=edition, geom=stored_multi(shape), valid_from=valid_from)
        for code, shape in sorted(shapes.items())
    )
    with connection.cursor() as cursor:
        # The planner must know at once how few boundaries cover a point; autovacuum comes a minute later.
        cursor.execute("ANALYZE gridmap_area, gridmap_boundary")
    return edition


def _shapes(drawn: Sequence[DrawnArea]) -> dict[str, BaseGeometry]:
    """Every area's polygon, checked: those given, and from the bottom up those made of their children."""
    by_code = {area.code: area for area in drawn}
    _check_codes(drawn, by_code)
    shapes: dict[str, BaseGeometry] = {}
    for area in sorted(drawn, key=lambda area: -len(area.code)):
        shape = area.geometry
        if shape is None:
            below = [shapes[code] for code in shapes if code[:-3] == area.code]
            if not below:
                raise BadAreas(f"{area.code} {area.name}:没有边界,也没有下级 (no polygon and no children)")
            shape = shapely.coverage_union_all(below)
        shapes[area.code] = _checked(area, shape)
    for level in Level:
        _check_coverage({code: shape for code, shape in shapes.items() if len(code) == level.code_length})
    return shapes


def _check_codes(drawn: Sequence[DrawnArea], by_code: dict[str, DrawnArea]) -> None:
    if len(by_code) != len(drawn):
        codes = [area.code for area in drawn]
        twice = next(code for code in codes if codes.count(code) > 1)
        raise BadAreas(f"编码 {twice} 出现多次 (duplicate code)")
    for area in drawn:
        if not area.code.isascii() or not area.code.isdigit():
            raise BadAreas(f"编码 {area.code} 含有数字以外的字符 (not digits)")
        if area.parent is not None and area.parent not in by_code:
            raise BadAreas(f"{area.code} {area.name}:缺少上级 {area.parent} (parent missing)")


def _checked(area: DrawnArea, shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise BadAreas(f"{area.code} {area.name}:边界不是多边形 (not a polygon)")
    if not shape.is_valid:
        raise BadAreas(f"{area.code} {area.name}:边界无效,{shapely.is_valid_reason(shape)} (invalid polygon)")
    return shape


def _check_coverage(shapes: dict[str, BaseGeometry]) -> None:
    faults = shapely.coverage_invalid_edges(list(shapes.values()))
    for code, fault in zip(shapes, faults, strict=True):
        if not fault.is_empty:
            x, y = shapely.get_coordinates(fault)[0]
            raise BadAreas(f"{code}:与相邻区域重叠或界线不吻合,见 {x:.6f}, {y:.6f} (overlap or mismatched line)")


def polygons_by_code(features: Iterable[dict[str, Any]], code_field: str) -> dict[str, BaseGeometry]:
    """Read GeoJSON features into polygons by code; raises :class:`BadAreas` for a feature without either."""
    shapes: dict[str, BaseGeometry] = {}
    for number, feature in enumerate(features, start=1):
        code = str((feature.get("properties") or {}).get(code_field) or "")
        if not code:
            raise BadAreas(f"第 {number} 个要素没有 {code_field} (no code)")
        if not feature.get("geometry"):
            raise BadAreas(f"{code}:没有几何 (no geometry)")
        shapes[code] = shapely.from_geojson(json.dumps(feature["geometry"]))
    return shapes
