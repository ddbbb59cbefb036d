"""How many people live in a second-level grid (R12, R13); soft rules, never errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geodata.checking.findings import Finding, Kind, Severity
from geodata.checking.ground import Ground
from geodata.sizes import RURAL_RESIDENTS, URBAN_HOUSEHOLDS, URBAN_RESIDENTS

GRID_LEVEL = 15
COLUMNS = {
    "households": ("households", "户数", "总户数"),
    "residents": ("residents", "人口数", "人口", "常住人口", "总人口"),
    "urban": ("urban", "城乡", "城乡分类", "城乡分类代码"),
    "kind": ("kind", "类型", "网格类型"),
    "waiver": ("size_waiver", "规模豁免", "规模豁免理由"),
}
DEDICATED = ("dedicated", "专属网格", "专属")
URBAN_WORDS = ("true", "1", "是", "urban", "城镇", "城市", "111", "112", "121", "122")
RURAL_WORDS = ("false", "0", "否", "rural", "农村", "乡村", "210", "220")


def check_sizes(ground: Ground) -> Iterator[Finding]:
    """Second-level grids that are too large or too small, where the file says how many live in them.

    Dedicated grids have no size, and a waiver with a reason lifts the rule.
    """
    table = ground.areas.table
    columns = {what: _values(table, names) for what, names in COLUMNS.items()}
    if columns["households"] is None and columns["residents"] is None:
        return
    for row in np.flatnonzero((ground.level == GRID_LEVEL) & ground.well_formed).tolist():
        said = {what: _cell(values, row) for what, values in columns.items()}
        yield from _bad_counts(ground, row, said)
        if said["kind"] not in DEDICATED and not said["waiver"]:
            yield from _size(ground, row, said)


def _size(ground: Ground, row: int, said: dict[str, str]) -> Iterator[Finding]:
    households, residents = _count(said["households"]), _count(said["residents"])
    if not _is_urban(ground.areas.codes[row], said["urban"]):
        low, high = RURAL_RESIDENTS
        if residents is not None and not low <= residents <= high:
            rule = f"农村网格应为 500 人左右（{low} 至 {high}）"
            yield _finding(ground, row, Kind.RURAL_SIZE, f"{residents:,} 人，{rule}", residents, "rural size R13")
        return
    low, high = URBAN_HOUSEHOLDS
    rule = f"城镇网格应为 {low} 至 {high} 户"
    if households is not None and households > high:
        yield _finding(
            ground, row, Kind.TOO_MANY_HOUSEHOLDS, f"{households:,} 户，{rule}", households, "too large, R12"
        )
    if households is not None and households < low:
        yield _finding(ground, row, Kind.TOO_FEW_HOUSEHOLDS, f"{households:,} 户，{rule}", households, "too small, R12")
    if residents is not None and residents > URBAN_RESIDENTS:
        why = f"{residents:,} 人，城镇网格不超过 {URBAN_RESIDENTS:,} 人，超过应有豁免理由"
        yield _finding(ground, row, Kind.TOO_MANY_RESIDENTS, why, residents, "too many residents, R12")


def _bad_counts(ground: Ground, row: int, said: dict[str, str]) -> Iterator[Finding]:
    for what, label in (("households", "户数"), ("residents", "人口数")):
        if said[what] and _count(said[what]) is None:
            why = f"{label}“{said[what]}”不是不小于 0 的整数"
            yield _finding(ground, row, Kind.BAD_COUNT, why, None, "not a count")


def _finding(ground: Ground, row: int, kind: Kind, why: str, number: int | None, english: str) -> Finding:
    shape = ground.sound[row]
    return Finding(
        kind,
        Severity.WARNING,
        ground.areas.codes[row],
        f"{ground.title(row)}：{why} ({english})",
        row=int(ground.areas.rows[row]),
        place=shapely.point_on_surface(shape) if shape is not None else None,
        measure=None if number is None else float(number),
    )


def _is_urban(code: str, said: str) -> bool:
    """What the file says, else what the statistical code says: villages have 200 and above."""
    if said.lower() in URBAN_WORDS:
        return True
    return code[9:12] < "200" if said.lower() not in RURAL_WORDS else False


def _values(table: pd.DataFrame, names: tuple[str, ...]) -> list[Any] | None:
    """The column of one of these names. A list, for asking a table cell by cell is slow."""
    by_name = {str(column).strip().lower(): str(column) for column in table.columns}
    return next((table[by_name[name]].tolist() for name in names if name in by_name), None)


def _cell(values: list[Any] | None, row: int) -> str:
    value = values[row] if values is not None else None
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).strip()


def _count(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number >= 0 and number.is_integer() else None
