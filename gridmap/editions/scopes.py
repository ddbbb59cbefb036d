"""What a draft redraws, and the rows it begins with."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas
from geodata.crs import STORED_SRID
from gridmap.editions.attributes import UnfitValue, described
from gridmap.editions.standing import LENGTHS, Held, well_formed
from gridmap.models import Area, Boundary
from gridmap.models.drafts import DraftArea
from gridmap.problems import Unprocessable

DISTRICT = LENGTHS[0]
SCOPES = LENGTHS[:-1]
# Beyond a stray mistake, codes of another district are another district.
MOST = 0.9
# An area is drawn by those below when they leave none of it to nobody, but for what rounding leaves.
TOLERANCE_M2 = 1.0


def scope_of(areas: Areas | None, given: str, *, on: dt.date) -> str:
    """The code of the area whose inside is redrawn: as given, else read off the codes of the file.

    That is the smallest area in force that holds all of the file's well-formed codes; for a new district, its six
    digits. A few codes of other districts among many are taken for mistakes. Raises
    :class:`~gridmap.problems.Unprocessable`.
    """
    if given:
        return _checked(given, on=on, new=areas is not None)
    if areas is None:
        raise Unprocessable("请说明取哪个区域的现行边界 (name the area to copy)", parameter="scope")
    codes = [str(code) for code in areas.codes if well_formed(code)]
    if not codes:
        raise Unprocessable(
            "文件中没有 6、9、12 或 15 位数字的编码，请检查编码列 (no well-formed codes)", parameter="file"
        )
    ((district, number),) = Counter(code[:DISTRICT] for code in codes).most_common(1)
    if number < MOST * len(codes):
        raise Unprocessable(
            f"文件中的编码分属几个区，如 {min(codes)} 与 {max(codes)}，请分区导入 (codes of several districts)",
            parameter="file",
        )
    own = [code for code in codes if code.startswith(district)]
    for length in reversed(SCOPES):
        shared = {code[:length] for code in own}
        if len(shared) == 1 and _is_in_force(min(shared), on):
            return min(shared)
    return district


def _checked(given: str, *, on: dt.date, new: bool) -> str:
    if not well_formed(given) or len(given) not in SCOPES:
        raise Unprocessable(f"范围 {given[:20]} 应为 6、9 或 12 位编码 (the scope's code)", parameter="scope")
    if not (new and len(given) == DISTRICT) and not _is_in_force(given, on):
        raise Unprocessable(f"范围 {given} 在 {on} 没有生效的边界 (no boundary in force)", parameter="scope")
    return given


def _is_in_force(code: str, on: dt.date) -> bool:
    return Boundary.objects.on(on).filter(area_id=code).exists()


def rows_of_copy(scope: str, held: Mapping[str, Held]) -> list[DraftArea]:
    """The areas in force below the scope, and a district itself, as rows."""
    copied = [code for code in held if code != scope or len(scope) == DISTRICT]
    return [_row_as_held(held[code], _is_drawn_below(code, held)) for code in copied]


def rows_of_file(
    areas: Areas, scope: str, held: Mapping[str, Held], columns: Mapping[str, str] | None = None
) -> list[DraftArea]:
    """The file's areas as rows, and those of the levels it does not have, carried in.

    Raises :class:`~gridmap.editions.attributes.UnfitValue` for a value that cannot stand in a row.
    """
    _check_degrees(areas)
    rows = [
        DraftArea(**_completed(given, held.get(given["code"])), geom=stored(shape), row=int(row))
        for given, shape, row in zip(described(areas, columns), areas.shapes, areas.rows, strict=True)
    ]
    return rows + _carried(scope, held, {row.code for row in rows if well_formed(row.code)})


def _completed(given: dict[str, Any], area: Held | None) -> dict[str, Any]:
    """What the file says of an area; its name, and the waiver where the file has no such column, as registered."""
    if area is None:
        return given
    return {"size_waiver": area.size_waiver} | given | {"name": given["name"] or area.name}


def _check_degrees(areas: Areas) -> None:
    vertices, of = shapely.get_coordinates(areas.shapes, return_index=True)
    # Not a number fails every comparison.
    bad = of[~(np.abs(vertices) <= [180, 90]).all(axis=1)]
    if len(bad):
        raise UnfitValue(f"第 {areas.rows[bad[0]]} 行：坐标不是经度、纬度 (not degrees)", parameter="file")


def _carried(scope: str, held: Mapping[str, Held], in_file: set[str]) -> list[DraftArea]:
    """Rows for the levels the file does not have, from the bottom up.

    An area whose areas below are all gone from the draft is gone with them.
    """
    levels = {len(code) for code in in_file if code.startswith(scope)}
    lowest = DISTRICT if len(scope) == DISTRICT else len(scope) + 3
    above_in_draft = {code[:-3] for code in in_file}
    above_in_force = {code[:-3] for code in held}
    carried: list[DraftArea] = []
    for length in reversed(LENGTHS):
        if length in levels or length < lowest:
            continue
        for code, area in held.items():
            if len(code) != length or (code in above_in_force and code not in above_in_draft):
                continue
            carried.append(_row_as_held(area, code in above_in_draft and _is_drawn_below(code, held)))
            above_in_draft.add(code[:-3])
    if len(scope) == DISTRICT and scope not in held and scope not in in_file:
        registered = Area.objects.filter(code=scope).first()
        carried.append(DraftArea(code=scope, name=registered.name if registered else ""))
    return carried


def _is_drawn_below(code: str, held: Mapping[str, Held]) -> bool:
    below = [area.area_m2 for other, area in held.items() if other[:-3] == code]
    return bool(below) and abs(sum(below) - held[code].area_m2) <= max(TOLERANCE_M2, 1e-6 * held[code].area_m2)


def _row_as_held(area: Held, drawn_below: bool) -> DraftArea:
    return DraftArea(
        code=area.code,
        name=area.name,
        kind=area.kind,
        size_waiver=area.size_waiver,
        geom=None if drawn_below else stored(area.shape),
    )


def stored(shape: BaseGeometry | None) -> GEOSGeometry | None:
    """A geometry in CGCS2000 degrees as a draft's row takes it, every coordinate to the last bit."""
    if shape is None:
        return None
    return GEOSGeometry(shapely.to_wkb(shapely.force_2d(shape), hex=True), srid=STORED_SRID)
