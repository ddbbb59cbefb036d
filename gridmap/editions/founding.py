"""Editions of boundaries: found a district from drawn areas and put it in force, all at once or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.crs import metres_srid, to_metres
from gridmap.editions import opening, wholeness
from gridmap.editions.opening import LEVEL_OF_LENGTH, TOLERANCE_M2, area_of
from gridmap.models import Area, Boundary, Edition
from gridmap.models.ground import Level

MAX_NAME = 80


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
            raise BadAreas(f"编码 {self.code}：长度应为 6、9、12 或 15 位 (code length)") from None

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
    do not make a district or that are taken, and changes nothing then.
    """
    _check_not_taken(drawn, name)
    shapes = _shapes(drawn)
    edition = Edition.objects.create(
        name=name,
        state=Edition.State.PUBLISHED,
        scope=_scope(drawn),
        valid_from=valid_from,
        source=source,
        schematic=schematic,
        created_at=at,
        published_at=at,
    )
    opening.register(area_of(it.code, name=it.name, kind=it.kind, **it.attributes) for it in drawn)
    opening.open_boundaries(edition, shapes, valid_from=valid_from)
    if taken := opening.ground_taken(edition, valid_from=valid_from):
        raise BadAreas(taken)
    opening.tell_planner()
    return edition


def _scope(drawn: Sequence[DrawnArea]) -> str:
    """The district founded; "" where it is several at once."""
    districts = {area.code[: Level.DISTRICT.code_length] for area in drawn}
    return districts.pop() if len(districts) == 1 else ""


def _shapes(drawn: Sequence[DrawnArea]) -> dict[str, BaseGeometry]:
    """Every area's polygon, checked: those given, and from the bottom up those made of their children."""
    by_code = {area.code: area for area in drawn}
    _check_codes(drawn, by_code)
    shapes: dict[str, BaseGeometry] = {}
    children: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    # From the bottom up, and a level is checked before the next is made of it: a union of what overlaps is nonsense.
    for level in reversed(Level):
        made = {area.code: _shape(area, children[area.code]) for area in drawn if area.level is level}
        _check_coverage(made)
        shapes |= made
        for code, shape in made.items():
            children[code[:-3]].append(shape)
    for area in drawn:
        if area.parent is not None and by_code[area.parent].geometry is not None:
            _check_inside(area, shapes[area.code], shapes[area.parent])
    return shapes


def _shape(area: DrawnArea, children: list[BaseGeometry]) -> BaseGeometry:
    if area.geometry is not None:
        return _checked(area, area.geometry)
    if not children:
        raise BadAreas(f"{area.code} {area.name}：没有边界，也没有下级 (no polygon and no children)")
    return _checked(area, shapely.coverage_union_all(children))


def _check_not_taken(drawn: Sequence[DrawnArea], name: str) -> None:
    if not 0 < len(name) <= MAX_NAME:
        raise BadAreas(f"版本名称应为 1 至 {MAX_NAME} 字 (edition name)")
    if Edition.objects.filter(name=name).exists():
        raise BadAreas(f"已有名为“{name}”的边界版本 (edition name taken)")
    taken = Area.objects.filter(code__in=[area.code for area in drawn]).order_by("code").first()
    if taken is not None:
        raise BadAreas(f"编码 {taken.code} 已登记为“{taken.name}” (code already registered)")


def _check_codes(drawn: Sequence[DrawnArea], by_code: dict[str, DrawnArea]) -> None:
    if len(by_code) != len(drawn):
        codes = [area.code for area in drawn]
        twice = next(code for code in codes if codes.count(code) > 1)
        raise BadAreas(f"编码 {twice} 出现多次 (duplicate code)")
    for area in drawn:
        if not area.code.isascii() or not area.code.isdigit():
            raise BadAreas(f"编码 {area.code} 含有数字以外的字符 (not digits)")
        if area.parent is not None and area.parent not in by_code:
            raise BadAreas(f"{area.code} {area.name}：缺少上级 {area.parent} (parent missing)")


def _checked(area: DrawnArea, shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise BadAreas(f"{area.code} {area.name}：边界不是多边形 (not a polygon)")
    if not shape.is_valid:
        raise BadAreas(f"{area.code} {area.name}：边界无效，{shapely.is_valid_reason(shape)} (invalid polygon)")
    return shape


def _in_metres(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    west, south = vertices.min(axis=0)
    return np.column_stack(to_metres(vertices[:, 0], vertices[:, 1], metres_srid(west, south)))


def _check_inside(area: DrawnArea, shape: BaseGeometry, above: BaseGeometry) -> None:
    if above.covers(shape):
        return
    outside = shapely.transform(shape.difference(above), _in_metres).area
    if outside > TOLERANCE_M2:
        raise BadAreas(
            f"{area.code} {area.name}：有 {outside:,.0f} 平方米在上级 {area.parent} 的边界之外 (outside its parent)"
        )


def _check_coverage(shapes: dict[str, BaseGeometry]) -> None:
    for code, place in wholeness.mismatches(shapes).items():
        raise BadAreas(wholeness.said_of(code, place))


def polygons_by_code(features: Iterable[dict[str, Any]], code_field: str) -> dict[str, BaseGeometry]:
    """Read GeoJSON features into polygons by code; raises :class:`BadAreas` for a feature without either."""
    shapes: dict[str, BaseGeometry] = {}
    for number, feature in enumerate(features, start=1):
        code = str((feature.get("properties") or {}).get(code_field) or "")
        if not code:
            raise BadAreas(f"第 {number} 个要素没有 {code_field} (no code)")
        if not feature.get("geometry"):
            raise BadAreas(f"{code}：没有几何 (no geometry)")
        shapes[code] = shapely.from_geojson(json.dumps(feature["geometry"]))
    return shapes


@dataclass(frozen=True)
class Gap:
    """An area whose children leave some of it to nobody."""

    code: str
    name: str
    m2: float


def gaps(edition: Edition) -> list[Gap]:
    """The areas of an edition that their children do not fill, widest gap first; those without children are whole."""
    extents = {
        code: (name, m2)
        for code, name, m2 in Boundary.objects.filter(edition=edition).values_list("area_id", "area__name", "area_m2")
    }
    filled: defaultdict[str, float] = defaultdict(float)
    for code, (_, m2) in extents.items():
        filled[code[:-3]] += m2
    found = [Gap(code, name, m2 - filled[code]) for code, (name, m2) in extents.items() if code in filled]
    return sorted((gap for gap in found if gap.m2 > TOLERANCE_M2), key=lambda gap: -gap.m2)
