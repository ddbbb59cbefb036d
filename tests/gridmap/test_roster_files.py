"""Files and cells as offices send them: what can be read is read, and what cannot is refused with a reason."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook

from gridmap.rosters import imports
from tests.gridmap.rostering import (
    DAY,
    NOW,
    PEOPLE,
    csv_of,
    everywhere,
    faults,
    look,
    outcomes,
    refused,
    sheet_of,
    worker,
)

pytestmark = pytest.mark.django_db
NO_NUMBER = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1"><v>one</v></c></row></sheetData></worksheet>'
)
FAR_AWAY = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>工号</t></is></c><c r="B1" t="inlineStr"><is><t>姓名</t></is></c></row>'
    '<row r="2000000000"><c r="A2000000000"><v>1</v></c></row></sheetData></worksheet>'
).encode()


def many(element: bytes, number: int) -> bytes:
    """A sheet of one row, which holds this very often."""
    before, after = NO_NUMBER.split(b'<c r="A1"><v>one</v></c>')
    return before + element * number + after


def with_part(name: str, content: bytes) -> bytes:
    """The spreadsheet with one part more, or another in its place."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet_of(PEOPLE))) as good, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bad:
        for part in good.infolist():
            if part.filename != name:
                bad.writestr(part, good.read(part))
        bad.writestr(name, content)
    return made.getvalue()


def lying(archive: bytes) -> bytes:
    """The archive with every part said to unpack to a hundred bytes at most."""
    parts = bytearray(archive)
    at = parts.find(b"PK\x01\x02")
    while at >= 0:
        size = int.from_bytes(parts[at + 24 : at + 28], "little")
        parts[at + 24 : at + 28] = min(size, 100).to_bytes(4, "little")
        at = parts.find(b"PK\x01\x02", at + 4)
    return bytes(parts)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.xls", b"\xd0\xcf\x11\xe0", "另存为 .xlsx"),
        ("x.xlsm", sheet_of(PEOPLE), "宏"),
        ("x.pdf", b"%PDF", "只接受"),
        ("x.xlsx", b"", "空的"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "密码"),
        ("x.xlsx", b"PK\x03\x04 and no more", "不是完整的"),
        ("x.xlsx", sheet_of(PEOPLE)[:-40], "不是完整的"),
        ("x.xlsx", bytes(6 * 1024 * 1024), "超过 5 MB"),
        ("x.xlsx", with_part("xl/bomb.xml", bytes(60 * 1024 * 1024)), "展开后过大"),
        ("x.xlsx", with_part("xl/styles.xml", b"<xf/>" * 300_000), "styles.xml 过大"),
        ("x.xlsx", with_part("xl/sharedStrings.xml", b"<si/>" * 2_000_001), "展开后过大"),
        ("x.xlsx", with_part("xl/vbaProject.bin", b"1"), "宏"),
        ("x.xlsx", with_part("xl/sharedStrings.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><sst/>'), "文档类型"),
        ("x.xlsx", with_part("xl/workbook.xml", b"<workbook"), "打不开"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"), "打不开"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", NO_NUMBER), "读不下去"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", FAR_AWAY), "行号超出范围"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", many(b"<c/>", 500_001)), "超过 500000 格"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", many(b"<row/>", 100_001)), "超过 100000 行"),
        ("x.xlsx", with_part("xl/worksheets/sheet1.xml", b"<row " * 6_000_000), "展开后过大"),
        ("x.xlsx", lying(with_part("xl/bomb.xml", bytes(60 * 1024 * 1024))), "不是完整的"),
        ("x.csv", b"\xff\xfe\x00", "文字编码"),
        ("x.csv", b'\xe5\xb7\xa5\xe5\x8f\xb7\n"half', "格式有误"),
        ("x.csv", "工号,姓名\n".encode(), "没有内容"),
        ("x.csv", "工号,姓名,工号\nN1,甲,N1".encode(), "出现了两次"),
        ("x.csv", "工号,姓名,住址\nN1,甲,x".encode(), "不认识的列：住址"),
        ("x.csv", "工号\nN1".encode(), "缺少列：姓名"),
        ("x.csv", (",".join(f"c{n}" for n in range(61)) + "\nx").encode(), "超过 60 列"),
        ("x.csv", ("工号,姓名\n" + "N1,甲\n" * 20_001).encode(), "超过 20000 行"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_is_refused_with_a_reason(name: str, content: bytes, said: str) -> None:
    assert said in str(refused("people", content, name))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_csv_in_any_of_the_encodings_people_have(encoding: str) -> None:
    content = csv_of([{"工号": "N1", "姓名": "某甲", "党员": "是"}], encoding)
    found = imports.look("people", "x.csv", content, day=DAY, today=NOW.date(), keeps=everywhere)
    assert outcomes(found) == ["new"]
    assert found["rows"][0]["title"] == "某甲 N1"


def edited(change: Callable[[Any, Any], None]) -> bytes:
    book = load_workbook(io.BytesIO(sheet_of(PEOPLE)))
    change(book, book.worksheets[0])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def test_merged_cells_and_sheets_one_cannot_choose_from_are_refused() -> None:
    assert "合并单元格（A2:B2）" in str(refused("people", edited(lambda _, sheet: sheet.merge_cells("A2:B2"))))
    assert "命名为“人员名册”" in str(refused("people", edited(lambda book, _: book.create_sheet("另一张"))))

    def hide(book: Any, sheet: Any) -> None:
        book.create_sheet("人员名册").append(["工号"])
        sheet.sheet_state = "hidden"

    assert "没有内容" in str(refused("people", edited(hide)))


def test_hidden_rows_and_empty_rows_are_said() -> None:
    def hide(book: Any, sheet: Any) -> None:
        sheet.cell(9, 1, "N9"), sheet.cell(9, 2, "某九")
        sheet.row_dimensions[2].hidden = True

    found = imports.look("people", "x.xlsx", edited(hide), day=DAY, today=NOW.date(), keeps=everywhere)
    assert [row["row"] for row in found["rows"]] == [2, 9]
    assert "隐藏" in " ".join(found["notes"])
    assert "空行" in " ".join(found["notes"])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("=1+1", "B2：是公式"),
        ("#REF!", "错误值"),
        ("甲" * 41, "最多 40 字"),
        ("甲\x9f乙", "控制字符 U+009F"),
        (dt.date(2026, 7, 1), "改成了日期"),
        (dt.timedelta(hours=1), "读不懂"),
        ("", "不能为空"),
    ],
)
def test_a_cell_that_is_no_value_is_named(cell: object, said: str) -> None:
    found = look("people", [{"工号": "N1", "姓名": cell}])
    assert outcomes(found) == ["fault"]
    assert said in faults(found)


@pytest.mark.parametrize(
    "written", ["2026-07-02", "2026/7/2", "2026年7月2日", "2026.7.2", "20260702", 20260702, dt.date(2026, 7, 2)]
)
def test_days_as_spreadsheets_and_people_write_them(written: object) -> None:
    found = look("appointments", [worker("P0001", "360702001001001", 任职日期=written)])
    assert ["任职日期", "", "2026-07-02"] in found["rows"][0]["changes"]


@pytest.mark.parametrize(
    "written", ["7月2日", "46205", 46205, 1.5, "2026-13-01", "明天", dt.datetime.combine(DAY, dt.time(9))]
)
def test_what_is_no_day_is_a_fault(written: object) -> None:
    found = look("appointments", [worker("P0001", "360702001001001", 任职日期=written)])
    assert outcomes(found) == ["fault"]
    assert "任职日期" in faults(found)


@pytest.mark.parametrize("code", ["3.60702E+14", "3.607E14", 3.6e20, "N 1", dt.date(2026, 7, 1)])
def test_a_code_a_spreadsheet_has_eaten_is_refused(code: object) -> None:
    assert outcomes(look("people", [{"工号": code, "姓名": "某甲"}])) == ["fault"]


def test_a_long_code_typed_as_a_number_is_still_whole() -> None:
    found = look("appointments", [worker("P0001", "") | {"区域编码": 360702001001001}])
    assert outcomes(found) == ["new"]


def test_content_without_a_heading_is_not_dropped() -> None:
    sent = edited(lambda _, sheet: sheet.cell(2, 5, "漏了"))
    found = imports.look("people", "x.xlsx", sent, day=DAY, today=NOW.date(), keeps=everywhere)
    assert "E2 有内容，但这一列没有标题" in faults(found)
