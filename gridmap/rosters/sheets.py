"""Write a roster as a spreadsheet: the empty template, or filled with what is registered."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from typing import Any

from gridmap.rosters.library import openpyxl
from gridmap.rosters.reading import EXPLANATION, MAX_ROWS
from gridmap.rosters.roster import Roster

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS = ((9, 26), (6, 18), (0, 14))


def workbook(roster: Roster, rows: Iterable[Any]) -> bytes:
    """An .xlsx with the roster's headings, its explanations in the second row, and these registered rows."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = roster.title
    sheet.freeze_panes = "B3"
    _head(sheet, roster)
    # The library reads the rows by the roster's columns; dates and numbers stay what they are.
    for number, values in enumerate(roster.export(list(rows)), 3):
        for at, value in enumerate(values, 1):
            _fill(sheet.cell(number, at), value)
    _guide(book, roster)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _head(sheet: Any, roster: Roster) -> None:
    styles, choices = openpyxl.styles, openpyxl.worksheet.datavalidation.DataValidation
    for at, column in enumerate(roster.columns, 1):
        letter = openpyxl.utils.get_column_letter(at)
        heading = sheet.cell(1, at, column.column_name + ("*" if column.required else ""))
        heading.font, heading.fill = (
            styles.Font(bold=True, color="FFFFFF"),
            styles.PatternFill("solid", fgColor="0B5A66"),
        )
        explained = sheet.cell(2, at, (EXPLANATION if at == 1 else "") + _explanation(column))
        explained.font = styles.Font(italic=True, color="52616A", size=9)
        explained.alignment = styles.Alignment(wrap_text=True, vertical="top")
        width = next(width for longest, width in _WIDTHS if len(column.hint) > longest or longest == 0)
        sheet.column_dimensions[letter].width = width
        if column.is_text:
            # As text, so that nothing makes 3.6E+14 of a code or takes its leading noughts.
            sheet.column_dimensions[letter].number_format = "@"
        if column.choices:
            listed = choices(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
            listed.error, listed.errorTitle = "请从列表中选择", column.column_name
            sheet.add_data_validation(listed)
            listed.add(f"{letter}3:{letter}{MAX_ROWS + 2}")
    sheet.row_dimensions[2].height = 54


def _explanation(column: Any) -> str:
    hint = column.hint or ("从列表中选择" if column.choices else "")
    return ("必填。" if column.required else "") + hint


def _fill(cell: Any, value: Any) -> None:
    if isinstance(value, dt.date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        cell.value = value
    elif value not in (None, ""):
        # Text whatever it begins with: = + - @ would be worked out by a spreadsheet.
        cell.value = str(value)
        cell.data_type, cell.number_format, cell.quotePrefix = "s", "@", True


def _guide(book: Any, roster: Roster) -> None:
    """A second sheet that says how to fill in the first; it is never read."""
    sheet = book.create_sheet("说明")
    lines = [
        f"{roster.title}：{roster.summary}。",
        f"只填“{roster.title}”这张表；第一行标题不要改动，第二行是填写说明，导入时略过。",
        "带 * 的列必填。编码、工号、电话按文本填写。日期写成 2026-07-01。不要合并单元格，不要填公式。",
        "编码留空时按名称查找，同名的须填编码。",
        "没有列在表中的，登记保持不变；不会因为没写而删除。",
    ]
    if roster.dated:
        lines.append("改动从上传时填写的生效日期起算：以前的登记在那天结束，新的从那天开始；填了截止日期的在那天结束。")
    sheet.column_dimensions["A"].width = 100
    for number, line in enumerate(lines, 1):
        sheet.cell(number, 1, line).alignment = openpyxl.styles.Alignment(wrap_text=True)
