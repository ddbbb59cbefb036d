"""Rosters for the tests: spreadsheets as people fill them in, looked at, refused and carried out."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from openpyxl import Workbook

from gridmap.models import RosterImport
from gridmap.rosters import imports
from gridmap.rosters.reading import Unreadable
from gridmap.rosters.register import Register, Terms

DAY = dt.date(2026, 7, 1)
NOW = dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
Row = dict[str, Any]
PEOPLE: list[Row] = [{"工号": "N1", "姓名": "某甲"}]


def everywhere(code: str) -> bool:
    return True


def in_town(code: str) -> bool:
    return code.startswith("360702001")


def terms(keeps: Callable[[str], bool] = everywhere, day: dt.date = DAY) -> Terms:
    return Terms(day, NOW.date(), keeps, Register())


def sheet_of(rows: list[Row]) -> bytes:
    """An .xlsx as somebody fills it in: headings of the first row, values as they are."""
    book = Workbook()
    sheet: Any = book.active
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([row.get(heading) for heading in rows[0]])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def csv_of(rows: list[Row], encoding: str = "utf-8") -> bytes:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue().encode(encoding)


def worker(person: str, area: str, **more: object) -> Row:
    return {"工号": person, "角色": "网格员", "区域编码": area, "兼职": "否", "任职日期": "", "离任日期": ""} | more


def look(
    kind: str, rows: list[Row], *, day: dt.date = DAY, keeps: Callable[[str], bool] = everywhere
) -> imports.Findings:
    return imports.look(kind, "名册.xlsx", sheet_of(rows), day=day, today=NOW.date(), keeps=keeps)


def outcomes(found: imports.Findings) -> list[str]:
    return [row["outcome"] for row in found["rows"]]


def faults(found: imports.Findings) -> str:
    return " ".join(f"{row['row']}:{column}:{said}" for row in found["rows"] for column, said in row["faults"])


def refused(kind: str, content: bytes, name: str = "x.xlsx") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        imports.look(kind, name, content, day=DAY, today=NOW.date(), keeps=everywhere)
    return caught.value


def carry_out(
    kind: str, rows: list[Row], by: User, *, day: dt.date = DAY, keeps: Callable[[str], bool] = everywhere
) -> RosterImport:
    sent = imports.receive(kind, "名册.xlsx", sheet_of(rows), day=day, by=by, keeps=keeps, at=NOW)
    return imports.commit(sent, digest=sent.digest, keeps=keeps, at=NOW)


@pytest.fixture
def admin() -> User:
    return User.objects.get(username="admin")
