"""What a file says of an area besides its code and shape: its name, kind, counts and waiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geodata.areas import Areas
from gridmap.models import Area
from gridmap.models.ground import Level
from gridmap.problems import Unprocessable

COUNTS = ("households", "residents", "enterprises", "party_members")
MAX_COUNT = 2_147_483_647
MAX_LENGTH = {"code": 40, "name": 60, "size_waiver": 200}
# Names of columns people use; a Shapefile keeps the first ten letters of them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "类型", "网格类型", "区域类型"),
    "households": ("households", "户数", "家庭户数"),
    "residents": ("residents", "人口数", "人口", "常住人口"),
    "enterprises": ("enterprises", "企业数", "企业"),
    "party_members": ("party_members", "党员数", "党员"),
    "size_waiver": ("size_waiver", "规模豁免理由", "豁免理由"),
}
SHAPEFILE_LETTERS = 10
LABELS = {
    "code": "编码",
    "name": "名称",
    "kind": "类型",
    "households": "户数",
    "residents": "人口数",
    "enterprises": "企业数",
    "party_members": "党员数",
    "size_waiver": "规模豁免理由",
}

KINDS: dict[Level, tuple[Area.Kind, ...]] = {
    Level.DISTRICT: (Area.Kind.DISTRICT,),
    Level.TOWN: (Area.Kind.TOWN, Area.Kind.SUBDISTRICT),
    Level.COMMUNITY: (Area.Kind.COMMUNITY, Area.Kind.VILLAGE),
    Level.GRID: (Area.Kind.BASIC, Area.Kind.DEDICATED),
}


class UnfitValue(Unprocessable):
    """A value in a file or a form that cannot stand in a draft."""

    code = "unfit-value"


def described(areas: Areas, columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What the file says of each area, ready for a draft's row: code, name, kind, size_waiver and counts.

    ``columns`` names the file's column for one of :data:`COLUMNS` where it is called neither by our word nor by one
    of the Chinese ones. A count the file does not have, or leaves empty, is None. Raises :class:`UnfitValue`
    naming row and column.
    """
    named = {attribute: _column(areas.table, attribute, (columns or {}).get(attribute)) for attribute in COLUMNS}
    values = {attribute: areas.table[column].tolist() for attribute, column in named.items() if column is not None}
    listed = []
    for position, row in enumerate(areas.rows):
        where = f"第 {row} 行"
        given = {"code": areas.codes[position], "name": areas.names[position]}
        given |= {attribute: column[position] for attribute, column in values.items()}
        listed.append({attribute: fit(attribute, value, where) for attribute, value in given.items()})
    return listed


def fit(attribute: str, value: Any, where: str) -> Any:
    """A value as a draft's row takes it: text, or a count (None where there is none); raises :class:`UnfitValue`."""
    if attribute in COUNTS:
        return _count(attribute, value, where)
    text = "" if _missing(value) else str(value).strip()
    if not storable(text):
        raise UnfitValue(
            f"{where}：{LABELS[attribute]}中有不能保存的字符 (a character that is none)", parameter=attribute
        )
    if attribute == "kind":
        return _kind(text, where)
    if len(text) > MAX_LENGTH[attribute]:
        limit = MAX_LENGTH[attribute]
        raise UnfitValue(
            f"{where}：{LABELS[attribute]}“{text[:20]}…”超过 {limit} 个字 (longer than {limit})", parameter=attribute
        )
    return text


def storable(text: str) -> bool:
    """Whether the database can keep a text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _column(table: pd.DataFrame, attribute: str, named: str | None) -> str | None:
    if named:
        if named not in table.columns:
            raise UnfitValue(f"文件中没有“{named}”这一列 (no such column)", parameter=attribute)
        return named
    columns = {str(column).strip().lower(): str(column) for column in table.columns}
    for name in COLUMNS[attribute]:
        for spelling in (name, name[:SHAPEFILE_LETTERS]):
            if spelling in columns:
                return columns[spelling]
    return None


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def _count(attribute: str, value: Any, where: str) -> int | None:
    if _missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if str(value) in ("True", "False") or not 0 <= number <= MAX_COUNT or number % 1:
        raise UnfitValue(
            f"{where}：{LABELS[attribute]}“{str(value)[:20]}”应为不小于 0 的整数 (not a count)", parameter=attribute
        )
    return int(number)


def _kind(text: str, where: str) -> str:
    for kind in Area.Kind:
        if text in ("", kind.value, kind.label):
            return kind.value if text else ""
    wanted = "、".join(f"{kind.label}({kind.value})" for kind in Area.Kind)
    raise UnfitValue(f"{where}：类型“{text[:20]}”不在 {wanted} 之中 (unknown kind)", parameter="kind")
