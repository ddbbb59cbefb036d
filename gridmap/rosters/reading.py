"""Read a spreadsheet somebody sent: .xlsx or .csv, within limits, as text and days; nothing in it is ever run."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from gridmap.rosters.archive import CheckedArchive, Unreadable, check_archive
from gridmap.rosters.library import openpyxl

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELL = 2_000
# As far as any spreadsheet goes; a file may claim a row anywhere, and all before it are then empty.
_LAST_ROW = 1_048_576
# The template's second row; whoever leaves it in place is not told off for it.
EXPLANATION = "（填写说明）"

Cell = str | int | float | bool | dt.date

__all__ = [
    "EXPLANATION",
    "MAX_BYTES",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "Cell",
    "Fault",
    "Line",
    "Sheet",
    "Unreadable",
    "read",
]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and in which column; no column for the row as a whole."""

    column: str
    sentence: str


@dataclass(frozen=True)
class Line:
    """A row as it was sent: its number as the spreadsheet counts, its cells by heading, what could not be read."""

    number: int
    cells: dict[str, Cell]
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """The rows of a roster, its headings in order, and what its sender should know of how it was read."""

    headings: list[str]
    lines: list[Line]
    notes: list[str]


class _Unfit(Exception):
    """A cell that is no value."""


@dataclass(frozen=True)
class _Formula:
    """A cell that is worked out by the spreadsheet; only its presence is known."""


def read(name: str, content: bytes, *, title: str) -> Sheet:
    """Read the roster called ``title``; raises :class:`Unreadable` with a sentence for the sender."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件 (the file is too large)")
    if not content:
        raise Unreadable("文件是空的 (the file is empty)")
    suffix = PurePath(name).suffix.lower()
    if suffix == ".xlsx":
        archive = check_archive(content)
        rows, notes = _workbook_rows(content, archive, title)
        return _sheet(rows, notes)
    if suffix == ".csv":
        return _sheet(_csv_rows(content), [])
    if suffix == ".xls":
        raise Unreadable("不接受旧的 .xls 文件，请在表格软件里另存为 .xlsx (save as .xlsx)")
    if suffix in (".xlsm", ".xlsb", ".xltm"):
        raise Unreadable(f"不接受可能带宏的 {suffix} 文件，请另存为 .xlsx (macros are not accepted)")
    raise Unreadable("只接受 .xlsx 和 .csv 文件 (only .xlsx and .csv)")


def _workbook_rows(content: bytes, archive: CheckedArchive, title: str) -> tuple[Iterator[list[Any]], list[str]]:
    try:
        # Formulas are seen as such and never replaced by what some program last worked out.
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = _chosen(book, title)
        part = sheet._worksheet_path
    except Unreadable:
        raise
    except Exception as error:
        # openpyxl raises whatever comes up in a broken file: KeyError, ValueError, ParseError and more.
        raise Unreadable("文件打不开，可能已损坏，请重新保存后再试 (not a readable .xlsx)") from error
    archive.bound(part)
    if merged := archive.merged_in(part):
        raise Unreadable(f"表中有合并单元格（{'、'.join(merged)}），请取消合并，每格各填各的 (merged cells)")
    notes = ["表中有隐藏的行或列，也一并读入 (hidden rows or columns were read too)"] if archive.hidden_in(part) else []
    return _cells_of(sheet), notes


def _chosen(book: Any, title: str) -> Any:
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in shown if sheet.title.strip() == title]
    if named:
        return named[0]
    if len(shown) == 1:
        return shown[0]
    if not shown:
        raise Unreadable("没有可见的工作表 (no visible sheet)")
    names = "、".join(f"“{sheet.title}”" for sheet in shown[:5])
    raise Unreadable(f"有几个工作表（{names}），请把要导入的一张命名为“{title}” (which sheet?)")


def _cells_of(sheet: Any) -> Iterator[list[Any]]:
    try:
        # What the file says of its own extent may be anything.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), 1):
            if number > _LAST_ROW:
                raise Unreadable("工作表的行号超出范围，文件可能已损坏 (rows beyond any sheet)")
            if len(row) > 4 * MAX_COLUMNS:
                raise Unreadable(f"第 {number} 行有 {len(row)} 列，请把数据复制到新下载的模板里 (too many columns)")
            yield [_Formula() if cell.data_type == "f" else _said(cell) for cell in row]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable("工作表读不下去，文件可能已损坏，请重新保存后再试 (a broken sheet)") from error


def _said(cell: Any) -> Any:
    return _Unfit(f"单元格是错误值 {cell.value}") if cell.data_type == "e" else cell.value


def _csv_rows(content: bytes) -> Iterator[list[Any]]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield [_Formula() if cell.startswith("=") else cell for cell in row]
    except csv.Error as error:
        raise Unreadable(f"CSV 文件格式有误：{error} (not a readable .csv)") from error


def _decoded(content: bytes) -> str:
    codecs = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for codec in codecs:
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise Unreadable("看不出文件的文字编码，请另存为 UTF-8 的 CSV 或 .xlsx (unknown encoding)")


def _sheet(rows: Iterator[list[Any]], notes: list[str]) -> Sheet:
    headings = _headings(next(rows, []))
    lines: list[Line] = []
    empty = 0
    for number, row in enumerate(rows, 2):
        if not any(_holds(cell) for cell in row):
            empty += 1
            continue
        if _is_explanation(row):
            continue
        if len(lines) == MAX_ROWS:
            raise Unreadable(f"超过 {MAX_ROWS} 行，请分成几个文件 (more than {MAX_ROWS} rows)")
        if empty:
            notes = [*notes, f"第 {number} 行前有空行，已略过 (empty rows were passed over)"]
            empty = 0
        lines.append(_line(number, headings, row))
    if not lines:
        raise Unreadable("除标题外没有内容 (no rows)")
    return Sheet([heading for heading in headings if heading], lines, notes[:5])


def _headings(row: list[Any]) -> list[str]:
    headings = [_plain(cell) if isinstance(cell, str) else "" for cell in row]
    while headings and not headings[-1]:
        headings.pop()
    # People mark what must be filled in.
    headings = [heading.rstrip("*＊ ") for heading in headings]
    if not any(headings):
        raise Unreadable("第一行应是列标题，请从模板开始填 (the first row must be the headings)")
    if len(headings) > MAX_COLUMNS:
        raise Unreadable(f"超过 {MAX_COLUMNS} 列 (more than {MAX_COLUMNS} columns)")
    twice = sorted({heading for heading in headings if heading and headings.count(heading) > 1})
    if twice:
        raise Unreadable(f"列“{'”“'.join(twice)}”出现了两次 (a column twice)")
    return headings


def _holds(cell: Any) -> bool:
    return bool(_plain(cell)) if isinstance(cell, str) else cell is not None


def _is_explanation(row: Iterable[Any]) -> bool:
    first = next((cell for cell in row if _holds(cell)), "")
    return isinstance(first, str) and _plain(first).replace("(", "（").replace(")", "）").startswith(EXPLANATION)


def _line(number: int, headings: list[str], row: list[Any]) -> Line:
    line = Line(number, {})
    for at, cell in enumerate(row):
        heading = headings[at] if at < len(headings) else ""
        if not heading:
            if _holds(cell):
                line.faults.append(Fault("", f"{_letters(at)}{number} 有内容，但这一列没有标题 (no heading)"))
            continue
        try:
            line.cells[heading] = _value(cell)
        except _Unfit as unfit:
            line.faults.append(Fault(heading, f"{_letters(at)}{number}：{unfit}"))
    for heading in headings[len(row) :]:
        if heading:
            line.cells[heading] = ""
    return line


def _value(cell: Any) -> Cell:
    if isinstance(cell, _Unfit):
        raise cell
    if isinstance(cell, _Formula):
        raise _Unfit("是公式，请填写值，不填公式 (a formula)")
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        if cell.time() != dt.time():
            raise _Unfit("是带钟点的时间，请只填日期 (a time of day)")
        return cell.date()
    if isinstance(cell, str):
        return _text(cell)
    if isinstance(cell, (bool, int, float, dt.date)):
        return cell
    raise _Unfit("读不懂，请按文字填写 (not a value)")


def _text(cell: str) -> str:
    text = _plain(cell)
    if len(text) > MAX_CELL:
        raise _Unfit(f"超过 {MAX_CELL} 字 (too long)")
    odd = next((sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t"), None)
    if odd is not None:
        raise _Unfit(f"含有看不见的控制字符 U+{ord(odd):04X} (a control character)")
    return text


def _plain(text: str) -> str:
    # Zero-width signs come along when people copy from chats and web pages.
    return re.sub("[\u200b\u200e\u200f\u2060\ufeff]", "", text).strip().strip("\u3000\u00a0")


def _letters(at: int) -> str:
    return (chr(64 + at // 26) if at >= 26 else "") + chr(65 + at % 26)
