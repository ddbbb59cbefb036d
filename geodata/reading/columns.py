"""Codes and names out of a file's columns, as text, to the last digit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.reading.refusing import BadFile, features_at

CODE_NAMES = (
    "code", "编码", "区划编码", "网格编码", "区划代码", "网格代码", "区域编码", "行政区划代码", "统计用区划代码",
    "代码", "grid_code", "gridcode", "area_code", "areacode", "adcode", "xzqdm", "qhdm", "wgbm", "wgdm", "bm", "dm", "gb",
)  # fmt: skip
NAME_NAMES = (
    "name", "名称", "区划名称", "网格名称", "区域名称", "行政区名称", "grid_name", "gridname", "area_name", "areaname",
    "xzqmc", "qhmc", "wgmc", "mc",
)  # fmt: skip
# Beyond this a float no longer holds every whole number.
EXACT_FLOAT = 2**53
# A spreadsheet that writes all digits drops the zeros at the end; one that rounds leaves six digits or fewer.
ENOUGH_DIGITS = 12
POWER_OF_TEN = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+?\d+")
WHOLE = re.compile(r"(\d+)\.0*")


def code_column(source: str, table: pd.DataFrame, wanted: str | None) -> str:
    """The column of codes: the one wanted, else the first of the common names. Raises BadFile listing what there is."""
    found = _column(table, wanted, CODE_NAMES)
    if found is None:
        listed = "、".join(str(column) for column in table.columns) or "（无）"
        asked = f"没有编码列 {wanted}" if wanted is not None else "看不出哪一列是编码，请指明"
        raise BadFile(f"{source}：{asked}，现有列 {listed} (no column of codes; name one of these)")
    return found


def name_column(source: str, table: pd.DataFrame, wanted: str | None) -> str | None:
    """The column of names, None when none was wanted and none has a common name. Raises BadFile."""
    found = _column(table, wanted, NAME_NAMES)
    if found is None and wanted is not None:
        listed = "、".join(str(column) for column in table.columns)
        raise BadFile(f"{source}：没有名称列 {wanted}，现有列 {listed} (no column of names; name one of these)")
    return found


def texts(values: pd.Series[Any]) -> NDArray[np.object_]:
    """A column as text, shape (n,): "" for nothing, blanks at the ends taken off."""
    return np.array([_text(value) for value in values], dtype=object)


def codes(source: str, values: pd.Series[Any]) -> NDArray[np.object_]:
    """A column of codes as digits, shape (n,): numbers to the last digit, never 3.6E+14. Raises BadFile where digits are lost."""
    found = np.array([_code(value) for value in values], dtype=object)
    lost = [row for row, code in enumerate(found, start=1) if code is None]
    if lost:
        given = _text(values.iloc[lost[0] - 1])
        raise BadFile(
            f"{source}：{features_at(lost)}的编码“{given}”被写成了科学计数法，后几位已经丢失，"
            "请把编码列设为文本再导出 (digits of the code are lost)"
        )
    return found


def _column(table: pd.DataFrame, wanted: str | None, common: tuple[str, ...]) -> str | None:
    columns = [str(column) for column in table.columns]
    if wanted is not None and wanted in columns:
        return wanted
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    if wanted is not None:
        return by_name.get(wanted.strip().lower())
    possible = [by_name[name] for name in common if name in by_name]
    # KML has a name for everything, mostly empty.
    return next((column for column in possible if any(texts(table[column]))), possible[0] if possible else None)


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    # JSON can hold halves of signs, which no other file can.
    return str(value).encode(errors="replace").decode().replace("\0", "").strip().strip("\ufeff")


def _code(value: Any) -> str | None:
    """The text of a code, None where a number no longer holds its digits."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        number = float(value)
        return str(int(number)) if abs(number) < EXACT_FLOAT else None
    text = _text(value)
    if POWER_OF_TEN.fullmatch(text):
        return _unfolded(text)
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _unfolded(text: str) -> str | None:
    number = Decimal(text)
    digits = len(number.as_tuple().digits)
    if digits <= number.adjusted() and digits < ENOUGH_DIGITS:
        return None
    return str(int(number)) if number == number.to_integral_value() else text
