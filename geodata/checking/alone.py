"""What can be wrong with an area by itself: no polygon, an invalid one, a turned one, one too narrow for anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.areas import are_polygons
from geodata.checking.findings import MAKE_VALID, TURN, Finding, Kind, Severity, Tolerances
from geodata.checking.ground import LEVELS, MOST_CROSSINGS, Ground, in_metres, m2, mended, no_wider_than

REASONS = {
    "Ring Self-intersection": "环自己碰到自己",
    "Self-intersection": "边线自相交",
    "Hole lies outside shell": "洞在外环之外",
    "Holes are nested": "洞套着洞",
    "Interior is disconnected": "内部被洞隔断",
    "Nested shells": "部分之间互相包含",
    "Duplicate Rings": "环重复",
    "Too few points": "环上的点太少",
}
TYPES = {
    "Point": "点", "MultiPoint": "点", "LineString": "线", "LinearRing": "线", "MultiLineString": "线",
    "GeometryCollection": "几何集合",
}  # fmt: skip
# Mending may take away or add at most this share of an area and still be no redrawing.
MENDED_SHARE = 0.001


def check_shapes(ground: Ground, tolerances: Tolerances) -> Iterator[Finding]:
    """Each area's own polygon."""
    yield from _without_polygon(ground)
    yield from _invalid(ground, tolerances)
    yield from _turned(ground)
    yield from _slivers(ground, tolerances)


def _without_polygon(ground: Ground) -> Iterator[Finding]:
    empty = shapely.is_missing(ground.areas.shapes) | shapely.is_empty(ground.areas.shapes)
    above: set[str] = set()
    if empty.any():
        above = {code[:length] for code in ground.areas.codes for length in LEVELS if length < len(code)}
    for row in np.flatnonzero(empty).tolist():
        code, at = ground.areas.codes[row], int(ground.areas.rows[row])
        title = ground.title(row)
        if code in above:
            sentence = f"{title}：没有图形，由下级拼成 (no shape; made of its children)"
            yield Finding(Kind.EMPTY, Severity.NOTE, code, sentence, row=at)
        else:
            yield Finding(Kind.EMPTY, Severity.ERROR, code, f"{title}：没有图形 (no shape)", row=at)
    for row in np.flatnonzero(~are_polygons(ground.areas.shapes) & ~empty).tolist():
        shape = ground.areas.shapes[row]
        what = TYPES.get(shape.geom_type, shape.geom_type)
        sentence = f"{ground.title(row)}：图形是{what}，应为面 (a {shape.geom_type}, not a polygon)"
        code, at = ground.areas.codes[row], int(ground.areas.rows[row])
        place = shape if ground.on_globe[row] else None
        yield Finding(Kind.NOT_POLYGON, Severity.ERROR, code, sentence, row=at, place=place)


def _invalid(ground: Ground, tolerances: Tolerances) -> Iterator[Finding]:
    polygons = are_polygons(ground.areas.shapes) & ~shapely.is_empty(ground.areas.shapes)
    for row in np.flatnonzero(polygons & ground.on_globe & ~ground.valid).tolist():
        shape = ground.areas.shapes[row]
        reason = shapely.is_valid_reason(shape)
        if ground.tangled[row]:
            yield _tangled(ground, row, _place_in(reason))
            continue
        chinese = next((text for sign, text in REASONS.items() if sign in reason), reason)
        made = Mending.of(shape, tolerances.m2)
        what = f"清理可以修复，面积变动 {made.changed_m2:,.2f} 平方米" if made.is_safe else "没有唯一的修法，请改图"
        place = _place_in(reason)
        where = f"，见 {place.x:.6f}, {place.y:.6f}" if place is not None else ""
        sentence = f"{ground.title(row)}：{chinese}{where}；{what} (invalid: {reason.partition('[')[0]})"
        yield Finding(
            Kind.INVALID_RING,
            Severity.ERROR,
            ground.areas.codes[row],
            sentence,
            row=int(ground.areas.rows[row]),
            place=place if place is not None else shape.envelope,
            measure=made.changed_m2,
            repair=MAKE_VALID if made.is_safe else "",
        )


def _tangled(ground: Ground, row: int, place: shapely.Point | None) -> Finding:
    sentence = (
        f"{ground.title(row)}：边线互相穿过或碰到 {MOST_CROSSINGS:,} 次以上，不与其他区域比较；"
        "没有唯一的修法，请改图 (invalid: tangled)"
    )
    code, at = ground.areas.codes[row], int(ground.areas.rows[row])
    return Finding(Kind.INVALID_RING, Severity.ERROR, code, sentence, row=at, place=place)


@dataclass(frozen=True)
class Mending:
    """What mending makes of an invalid polygon.

    `shape`: as `mended` gives it. `changed_m2`: by how many square metres the area its rings enclose changes. `is_safe`:
    whether that is next to nothing, so that there are no two opinions about what was meant.
    """

    shape: BaseGeometry
    changed_m2: float
    is_safe: bool

    @classmethod
    def of(cls, shape: BaseGeometry, tolerance_m2: float) -> Mending:
        """Mend a polygon in degrees; a change of so many square metres is let pass."""
        made = mended(shape)
        before, after = m2(np.array([shape, made], dtype=object)).tolist()
        changed = abs(after - before)
        stays = made.geom_type in ("Polygon", "MultiPolygon") and not made.is_empty
        return cls(made, changed, stays and changed <= max(tolerance_m2, MENDED_SHARE * before))


def _place_in(reason: str) -> shapely.Point | None:
    numbers = re.search(r"\[(\S+) (\S+)\]", reason)
    return shapely.Point(float(numbers[1]), float(numbers[2])) if numbers else None


def _turned(ground: Ground) -> Iterator[Finding]:
    polygons = np.flatnonzero(are_polygons(ground.areas.shapes) & ground.on_globe)
    parts, owners = shapely.get_parts(ground.areas.shapes[polygons], return_index=True)
    full = ~shapely.is_empty(parts)
    clockwise = ~shapely.is_ccw(shapely.get_exterior_ring(parts[full]))
    for owner in np.unique(owners[full][clockwise]):
        row = int(polygons[owner])
        sentence = f"{ground.title(row)}：外环按顺时针画，读入时转向 (clockwise; turned)"
        code, at = ground.areas.codes[row], int(ground.areas.rows[row])
        yield Finding(Kind.CLOCKWISE, Severity.NOTE, code, sentence, row=at, repair=TURN)


def _slivers(ground: Ground, tolerances: Tolerances) -> Iterator[Finding]:
    drawn = np.flatnonzero(ground.drawn)
    parts, owners = shapely.get_parts(ground.sound[drawn], return_index=True)
    flat = in_metres(parts)
    narrow = no_wider_than(tolerances.sliver_m, flat) & (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON)
    number = np.bincount(owners, minlength=len(drawn))
    for part in np.flatnonzero(narrow):
        row = int(drawn[owners[part]])
        whole = number[owners[part]] == 1
        width = 2 * float(shapely.area(flat[part]) / shapely.length(flat[part]))
        what = "整个区域" if whole else "其中一部分"
        sentence = f"{ground.title(row)}：{what}处处窄于 {tolerances.sliver_m:g} 米，平均宽 {width:.2f} 米 (a sliver)"
        yield Finding(
            Kind.SLIVER,
            Severity.ERROR if whole else Severity.WARNING,
            ground.areas.codes[row],
            sentence,
            row=int(ground.areas.rows[row]),
            place=parts[part],
            measure=width,
        )
