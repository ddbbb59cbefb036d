"""What is registered goes out as a spreadsheet and comes back unchanged, and templates are ready to fill in."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from openpyxl import load_workbook

from gridmap.models import Person
from gridmap.rosters import imports
from gridmap.rosters.kinds import ROSTERS
from gridmap.rosters.sheets import workbook
from tests.gridmap.rostering import DAY, NOW, everywhere, faults, in_town, outcomes, terms

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ROSTERS)
def test_what_is_registered_comes_back_unchanged(kind: str) -> None:
    roster = ROSTERS[kind](terms())
    held = roster.held_by_sender()
    assert len(held) > 60
    found = imports.look(kind, "x.xlsx", workbook(roster, held), day=DAY, today=NOW.date(), keeps=everywhere)
    assert faults(found) == ""
    assert set(outcomes(found)) == {"unchanged"}
    assert len(found["rows"]) == len(held)


@pytest.mark.parametrize("kind", [kind for kind, roster in ROSTERS.items() if not roster.district_only])
def test_what_a_clerk_downloads_comes_back_unchanged(kind: str) -> None:
    roster = ROSTERS[kind](terms(in_town))
    content = workbook(roster, roster.held_by_sender())
    found = imports.look(kind, "x.xlsx", content, day=DAY, today=NOW.date(), keeps=in_town)
    assert faults(found) == ""
    assert found["counts"]["unchanged"] == len(found["rows"]) > 5


@pytest.mark.parametrize("kind", ["appointments", "buildings", "stationed-staff"])
def test_what_was_saved_as_csv_on_an_office_computer_comes_back_unchanged(kind: str) -> None:
    def as_shown(value: object) -> object:
        if isinstance(value, dt.datetime):
            return f"{value.year}/{value.month}/{value.day}"
        return format(value, ".15g") if isinstance(value, float) else value

    roster = ROSTERS[kind](terms())
    sheet = load_workbook(io.BytesIO(workbook(roster, roster.held_by_sender()[:400]))).worksheets[0]
    made = io.StringIO()
    csv.writer(made).writerows([as_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
    content = made.getvalue().encode("gbk")
    found = imports.look(kind, "x.csv", content, day=DAY, today=NOW.date(), keeps=everywhere)
    assert faults(found) == ""
    assert set(outcomes(found)) == {"unchanged"}


def test_a_new_row_and_the_example_of_the_template() -> None:
    made = load_workbook(io.BytesIO(workbook(ROSTERS["people"](terms()), [])))
    sheet = made["人员名册"]
    assert [cell.value for cell in sheet[1]] == ["工号", "姓名*", "工作电话", "党员"]
    sheet.append(["007360702001001", "=HYPERLINK(1)"[1:], "13000000000", "是"])
    sent = io.BytesIO()
    made.save(sent)
    found = imports.look("people", "x.xlsx", sent.getvalue(), day=DAY, today=NOW.date(), keeps=everywhere)
    assert outcomes(found) == ["new"]
    assert found["rows"][0]["row"] == 3
    assert ["工号", "", "007360702001001"] in found["rows"][0]["changes"]


def test_a_template_keeps_codes_as_text_and_offers_choices() -> None:
    made = load_workbook(io.BytesIO(workbook(ROSTERS["appointments"](terms()), [])))
    sheet = made["任职名册"]
    assert sheet.column_dimensions["E"].number_format == "@"
    assert any("网格长" in listed.formula1 for listed in sheet.data_validations.dataValidation)
    for kind in ROSTERS:
        lists = load_workbook(io.BytesIO(workbook(ROSTERS[kind](terms()), []))).worksheets[0].data_validations
        assert all(len(listed.formula1) <= 257 for listed in lists.dataValidation), (
            kind
        )  # more breaks the file in Excel


def test_cells_that_look_like_formulas_go_out_as_text() -> None:
    for sign in "=+-@":
        Person.objects.update_or_create(code=f"X{ord(sign)}", defaults={"name": f"{sign}1+1", "phone": "+86 797"})
    made = load_workbook(io.BytesIO(workbook(ROSTERS["people"](terms()), Person.objects.filter(code__startswith="X"))))
    cells = [cell for row in made["人员名册"].iter_rows(min_row=3, max_col=3) for cell in row]
    assert {cell.value for cell in cells} >= {"=1+1", "+1+1", "-1+1", "@1+1"}
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
