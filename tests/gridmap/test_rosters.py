"""Rosters: spreadsheets read, matched, tried and carried out against the demonstration district."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook, load_workbook

from geodata.crs import from_stored
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Organisation,
    PartyOrganisation,
    Person,
    RosterImport,
    StationedStaff,
)
from gridmap.problems import Conflict, NotFound
from gridmap.rosters import imports
from gridmap.rosters.kinds import ROSTERS
from gridmap.rosters.reading import Unreadable
from gridmap.rosters.register import Register, Terms
from gridmap.rosters.sheets import workbook
from tests.cases.test_races import Browser
from tests.conftest import PATIENCE_S, Cast

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 7, 1)
NOW = dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
Row = dict[str, Any]


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


def look(
    kind: str, rows: list[Row], *, day: dt.date = DAY, keeps: Callable[[str], bool] = everywhere
) -> imports.Findings:
    return imports.look(kind, "名册.xlsx", sheet_of(rows), day=day, today=NOW.date(), keeps=keeps)


def outcomes(found: imports.Findings) -> list[str]:
    return [row["outcome"] for row in found["rows"]]


def faults(found: imports.Findings) -> str:
    return " ".join(f"{row['row']}:{column}:{said}" for row in found["rows"] for column, said in row["faults"])


def carry_out(
    kind: str, rows: list[Row], by: User, *, day: dt.date = DAY, keeps: Callable[[str], bool] = everywhere
) -> RosterImport:
    sent = imports.receive(kind, "名册.xlsx", sheet_of(rows), day=day, by=by, keeps=keeps, at=NOW)
    return imports.commit(sent, digest=sent.digest, keeps=keeps, at=NOW)


@pytest.fixture
def admin() -> User:
    return User.objects.get(username="admin")


# ---- round trip ------------------------------------------------------------------------------------------------


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


# ---- matching ----------------------------------------------------------------------------------------------------


def test_a_person_is_found_by_code_or_by_the_only_name() -> None:
    known = Person.objects.get(code="P0001")
    Person.objects.create(code="N1", name="同名")
    Person.objects.create(code="N2", name="同名")
    found = look(
        "people",
        [
            {"工号": "P0001", "姓名": known.name, "工作电话": "13900000000"},
            {"工号": "", "姓名": Person.objects.get(code="P0002").name, "工作电话": "13900000001"},
            {"工号": "", "姓名": "同名", "工作电话": "1"},
            {"工号": "", "姓名": "查无此人", "工作电话": "1"},
        ],
    )
    assert outcomes(found) == ["changed", "changed", "fault", "fault"]
    assert found["rows"][0]["changes"] == [["工作电话", known.phone, "13900000000"]]
    assert "叫“同名”的有 2 个，请填写工号" in faults(found)
    assert "登记中没有“查无此人”" in faults(found)


def test_code_and_name_that_do_not_belong_together_are_a_fault() -> None:
    name = Person.objects.get(code="P0002").name
    rows = [{"工号": "P0001", "姓名": name, "角色": "网格员", "区域编码": "360702001001001", "任职日期": ""}]
    found = look("appointments", rows)
    assert "P0001 登记的是" in faults(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_csv_in_any_of_the_encodings_people_have(encoding: str) -> None:
    content = csv_of([{"工号": "N1", "姓名": "某甲", "党员": "是"}], encoding)
    found = imports.look("people", "x.csv", content, day=DAY, today=NOW.date(), keeps=everywhere)
    assert outcomes(found) == ["new"]
    assert found["rows"][0]["title"] == "某甲 N1"


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


def worker(person: str, area: str, **more: object) -> Row:
    return {"工号": person, "角色": "网格员", "区域编码": area, "兼职": "否", "任职日期": "", "离任日期": ""} | more


# ---- dated rather than overwritten -------------------------------------------------------------------------------


def post_of(role: str, area: str) -> Appointment:
    return Appointment.objects.select_related("person").get(role=role, area=area, valid_until=None)


def test_a_worker_moved_to_another_grid_leaves_the_old_row_closed(admin: User) -> None:
    post = Appointment.objects.filter(role="grid_worker", valid_until=None).order_by("pk").first()
    assert post is not None
    free = "360702101001001"
    rows = [
        {
            "任职编号": str(post.pk),
            "工号": post.person_id,
            "角色": "网格员",
            "区域编码": free,
            "任职日期": post.valid_from,
        }
    ]
    before = Appointment.objects.count()
    found = look("appointments", rows)
    assert outcomes(found) == ["changed"]
    assert found["rows"][0]["changes"][-1] == ["任职日期", "2019-01-01", "2026-07-01（原登记到此日为止）"]
    carry_out("appointments", rows, admin)
    post.refresh_from_db()
    assert (post.valid_until, post.area_id) == (DAY, post.area_id)
    assert Appointment.objects.filter(person=post.person, area=free, valid_from=DAY, valid_until=None).count() == 1
    assert Appointment.objects.count() == before + 1
    assert outcomes(look("appointments", rows)) == ["unchanged"]
    assert outcomes(look("appointments", rows, day=DAY + dt.timedelta(days=9))) == ["unchanged"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_old_chief_ends_and_the_new_one_begins_in_one_file(order: int, admin: User) -> None:
    area = "360702001001"
    old = post_of("grid_chief", area)
    rows: list[Row] = [
        {"工号": old.person_id, "角色": "网格长", "区域编码": area, "任职日期": "", "离任日期": DAY},
        {"工号": "P0002", "角色": "网格长", "区域编码": area, "任职日期": DAY, "离任日期": ""},
    ][::order]
    assert sorted(outcomes(look("appointments", rows))) == ["ended", "new"]
    carry_out("appointments", rows, admin)
    assert post_of("grid_chief", area).person_id == "P0002"
    assert outcomes(look("appointments", rows)) == ["unchanged", "unchanged"]


def test_a_second_chief_is_refused_in_the_words_of_the_constraint(admin: User) -> None:
    rows = [{"工号": "P0002", "角色": "网格长", "区域编码": "360702001001"}]
    rows += [worker("P0001", "360702001001001")]
    found = look("appointments", [rows[0] | {"任职日期": ""}, rows[1]])
    assert outcomes(found) == ["fault", "new"]
    assert "该区域在这段日期内已有网格长" in faults(found)
    assert "已有的自 2019-01-01 至今" in faults(found)
    before = Appointment.objects.count()
    with pytest.raises(imports.Refused, match="一行也没有写入"):
        carry_out("appointments", [rows[0] | {"任职日期": ""}, rows[1]], admin)
    assert Appointment.objects.count() == before
    assert not RosterImport.objects.exclude(committed_at=None).exists()


def test_a_file_wrong_as_a_whole_is_not_tried_to_its_end() -> None:
    rows = [
        {"编码": f"N{n}", "名称": "试", "类型": "党委", "区域编码": "360702001001001", "成立日期": "2026-07-01"}
        for n in range(400)
    ]
    found = look("party-organisations", rows)
    assert found["counts"]["fault"] == 400
    assert faults(found).count("类型与层级不符") == 300
    assert faults(found).count("没有再试") == 100


def test_two_chiefs_in_one_file_are_told_apart() -> None:
    area = "360702001001"
    old = post_of("grid_chief", area)
    rows: list[Row] = [
        {"工号": old.person_id, "角色": "网格长", "区域编码": area, "离任日期": DAY},
        {"工号": "P0002", "角色": "网格长", "区域编码": area, "离任日期": ""},
        {"工号": "P0003", "角色": "网格长", "区域编码": area, "离任日期": ""},
    ]
    found = look("appointments", rows)
    assert outcomes(found) == ["ended", "new", "fault"]


def test_a_change_of_a_fact_closes_and_opens() -> None:
    post = Appointment.objects.filter(role="grid_worker", part_time=False).order_by("pk")[0]
    rows = [worker(post.person_id, post.area_id or "", 兼职="是", 任职日期=post.valid_from)]
    found = look("appointments", rows)
    assert outcomes(found) == ["changed"]
    assert ["兼职", "否", "是"] in found["rows"][0]["changes"]


def test_history_is_not_rewritten() -> None:
    post = Appointment.objects.filter(role="grid_worker", part_time=False).order_by("pk")[0]
    area = post.area_id or ""
    another_day = look("appointments", [worker(post.person_id, area, 任职日期="2020-01-01")])
    assert "登记的是 2019-01-01 起，这里写的是 2020-01-01" in faults(another_day)
    Appointment.objects.filter(pk=post.pk).update(valid_until="2026-01-01")
    sent = {"任职编号": str(post.pk)} | worker(post.person_id, area, 任职日期="2019-01-01")
    assert "已于 2026-01-01 结束" in faults(look("appointments", [sent]))
    # Whoever comes back begins anew.
    assert outcomes(look("appointments", [worker(post.person_id, area)])) == ["new"]


def test_nobody_is_put_on_ground_that_was_taken_apart(admin: User) -> None:
    gone = "360702001001002"
    Boundary.objects.filter(area=gone).update(valid_until="2026-01-01")
    assert "已没有生效的边界" in faults(look("appointments", [worker("P0001", gone)]))
    branch = PartyOrganisation.objects.get(area=gone)
    row = {"编码": branch.code, "名称": "改名", "类型": "党支部", "区域编码": gone, "成立日期": "2019-01-01"}
    # What stands there already may still be put right, or closed.
    assert outcomes(look("party-organisations", [row])) == ["changed"]


def test_the_same_row_twice_and_an_end_before_the_beginning() -> None:
    rows = [worker("P0001", "360702001001001"), worker("P0001", "360702001001001")]
    assert outcomes(look("appointments", rows)) == ["new", "fault"]
    backwards = look("appointments", [worker("P0001", "360702001001001", 任职日期="2026-07-05", 离任日期="2026-07-05")])
    assert "截止日期应晚于起始日期" in faults(backwards)


def test_what_begins_today_can_be_put_right_today(admin: User) -> None:
    carry_out("stationed-staff", [station("S001", "P0002")], admin)
    carry_out("stationed-staff", [station("S001", "P0003")], admin)
    rows = StationedStaff.objects.filter(post="S001").order_by("valid_from")
    assert [(row.person_id, row.valid_from, row.valid_until) for row in rows] == [
        ("P1538", dt.date(2019, 1, 1), DAY),
        ("P0003", DAY, None),
    ]


def station(post: str, person: str, **more: object) -> Row:
    return {
        "编制号": post,
        "派出部门编码": "360702-D01",
        "镇街编码": "360702001",
        "工号": person,
        "管理方式": "双重管理",
        "起始日期": "",
        "截止日期": "",
    } | more


@pytest.mark.parametrize("order", [1, -1])
def test_a_post_handed_over_in_two_rows(order: int, admin: User) -> None:
    rows = [station("S001", "P1538", 截止日期=DAY), station("S001", "P0002", 起始日期=DAY)][::order]
    assert sorted(outcomes(look("stationed-staff", rows))) == ["ended", "new"]
    carry_out("stationed-staff", rows, admin)
    assert outcomes(look("stationed-staff", rows)) == ["unchanged", "unchanged"]


def test_a_grant_taken_back_and_given_again(admin: User) -> None:
    row = {"事项编码": "Q001", "镇街名称": "解放街道", "失效日期": "2026-08-01"}
    assert outcomes(look("power-grants", [row])) == ["ended"]
    carry_out("power-grants", [row], admin)
    assert outcomes(look("power-grants", [row])) == ["unchanged"]
    again = {"事项编码": "Q001", "镇街名称": "解放街道", "生效日期": "2026-09-01"}
    assert outcomes(look("power-grants", [again])) == ["new"]


# ---- facts -------------------------------------------------------------------------------------------------------


def test_a_party_organisation_of_the_wrong_kind_is_told_so() -> None:
    row = {"编码": "N1", "名称": "试", "类型": "党委", "区域编码": "360702001001001", "成立日期": "2026-07-01"}
    assert "类型与层级不符" in faults(look("party-organisations", [row]))


def test_a_party_organisation_that_moves_is_still_found_on_a_past_day(admin: User) -> None:
    branch = PartyOrganisation.objects.filter(kind="branch").order_by("code")[0]
    old = branch.area_id
    free = Area.objects.filter(level="grid", party_organisations=None).order_by("code")[0]
    row = {"编码": branch.code, "名称": branch.name, "类型": "党支部", "区域编码": free.code, "成立日期": "2019-01-01"}
    carry_out("party-organisations", [row], admin)
    branch.refresh_from_db()
    assert branch.area_id == free.code
    assert [(seat.area_id, seat.until) for seat in branch.former_seats.all()] == [(old, DAY)]


def test_a_building_needs_its_coordinate_system_named() -> None:
    row = {
        "编码": "N1", "名称": "新楼", "类型": "居民楼栋", "网格编码": "360702001001001",
        "经度": "114.934691", "纬度": 25.871934, "坐标系": "",
    }  # fmt: skip
    assert "坐标系:不能为空" in faults(look("buildings", [row]))
    assert "缺少列：坐标系" in str(refused("buildings", sheet_of([{k: v for k, v in row.items() if k != "坐标系"}])))
    there = look("buildings", [row | {"坐标系": "CGCS2000"}])
    assert outcomes(there) == ["new"]
    # The same figures read as those of a phone's map lie half a kilometre away.
    assert "离所填的网格有" in faults(look("buildings", [row | {"坐标系": "GCJ-02"}]))
    lon, lat = from_stored(114.934691, 25.871934, "gcj02")
    meant = look("buildings", [row | {"坐标系": "GCJ-02", "经度": lon, "纬度": lat}])
    assert (
        abs(next(float(after) for column, _, after in meant["rows"][0]["changes"] if column == "经度") - 114.934691)
        < 1e-7
    )
    assert "不在地球上" in faults(look("buildings", [row | {"坐标系": "WGS84", "纬度": 114.9}]))


def test_a_guide_is_whole_and_never_taken_away() -> None:
    guide = {"办理条件": "", "依据": "", "流程": "", "办理时限": "", "联络人": "", "联系电话": ""}
    power: Row = {
        "编码": "Q001", "名称": "临时占用道路摆设摊点审批", "类别": "审批", "批次": "首批",
        "赋权部门编码": "360702-D01", "生效日期": "2019-01-01",
    }  # fmt: skip
    assert outcomes(look("powers", [power])) == ["unchanged"]
    assert "已有服务指南，不能删去" in faults(look("powers", [power | guide]))
    assert "服务指南的“流程”不能为空" in faults(look("powers", [power | guide | {"办理条件": "新"}]))
    new = power | {"编码": "Q900", "名称": "新事项"} | dict.fromkeys(guide, "1")
    assert outcomes(look("powers", [new])) == ["new"]
    assert outcomes(look("powers", [power | {"失效日期": "2027-01-01"}])) == ["ended"]


def test_an_organisation_that_moves_is_still_found_on_a_past_day(admin: User) -> None:
    row: Row = {
        "编码": "360702001-O01", "名称": "", "类型": "镇街职能机构", "辖区编码": "360702002", "上级机构编码": "",
    }  # fmt: skip
    office = Organisation.objects.filter(kind="office", area="360702001").order_by("code")[0]
    carry_out("organisations", [row | {"编码": office.code, "名称": office.name}], admin)
    carry_out("organisations", [row | {"编码": office.code, "名称": office.name, "辖区编码": "360702003"}], admin)
    assert [(seat.area_id, seat.until) for seat in office.former_seats.all()] == [("360702001", DAY)]


def test_organisations_of_one_file_stand_under_each_other_but_in_no_circle() -> None:
    def office(code: str, parent: str) -> Row:
        return {
            "编码": code,
            "名称": f"办{code}",
            "类型": "镇街职能机构",
            "辖区编码": "360702001",
            "上级机构编码": parent,
        }

    assert outcomes(look("organisations", [office("N2", "N1"), office("N1", "")])) == ["new", "new"]
    assert outcomes(look("organisations", [office("N1", "N2"), office("N2", "N1")])) == ["fault", "fault"]


# ---- whose ground ------------------------------------------------------------------------------------------------


def test_a_clerk_writes_on_their_own_ground_only() -> None:
    rows = [worker("P0001", "360702001001002"), worker("P0001", "360702101001001")]
    found = look("appointments", rows, keeps=in_town)
    assert outcomes(found) == ["new", "fault"]
    assert "不归您登记" in faults(found)


def test_a_person_elsewhere_is_neither_changed_nor_shown() -> None:
    elsewhere = Appointment.objects.filter(area__code__startswith="360702101").order_by("pk")[0].person
    found = look("people", [{"工号": elsewhere.code, "姓名": elsewhere.name, "工作电话": "1"}], keeps=in_town)
    assert outcomes(found) == ["fault"]
    assert elsewhere.phone not in str(found)
    codes = {row.code for row in ROSTERS["people"](terms(in_town)).held_by_sender()}
    assert elsewhere.code not in codes
    assert len(codes) > 50


@pytest.mark.parametrize(
    ("kind", "row", "said"),
    [
        ("appointments", {"工号": "P0001", "角色": "区网格中心人员", "区域编码": "360702001001001"}, "区网格中心人员"),
        ("appointments", {"工号": "P0001", "角色": "区网格中心人员", "机构编码": "360702-C"}, "不归您登记"),
        (
            "organisations",
            {"编码": "N1", "名称": "假", "类型": "区网格中心", "辖区编码": "360702001"},
            "辖区应是一个区",
        ),
    ],
)
def test_nobody_makes_themselves_the_district_centre(kind: str, row: Row, said: str) -> None:
    assert said in faults(look(kind, [row], keeps=in_town))


# ---- what is sent ------------------------------------------------------------------------------------------------


def refused(kind: str, content: bytes, name: str = "x.xlsx") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        imports.look(kind, name, content, day=DAY, today=NOW.date(), keeps=everywhere)
    return caught.value


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


PEOPLE: list[Row] = [{"工号": "N1", "姓名": "某甲"}]


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


# ---- all or nothing ----------------------------------------------------------------------------------------------


def test_a_look_writes_nothing() -> None:
    before = Person.objects.count(), Appointment.objects.count()
    assert outcomes(look("people", PEOPLE)) == ["new"]
    assert (Person.objects.count(), Appointment.objects.count()) == before


def test_what_was_shown_is_what_is_carried_out_once(admin: User) -> None:
    sent = imports.receive(
        "people", "C:\\a\\名\0册.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW
    )
    with pytest.raises(Conflict, match="不是刚才核对的"):
        imports.commit(sent, digest="0" * 64, keeps=everywhere, at=NOW)
    done = imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert (done.content, done.findings, done.counts["new"], done.by, done.file_name) == (
        None,
        None,
        1,
        admin,
        "名册.xlsx",
    )
    with pytest.raises(Conflict, match="已经写入过"):
        imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert outcomes(look("people", PEOPLE)) == ["unchanged"]


def test_a_registry_that_changed_meanwhile_is_shown_again(admin: User) -> None:
    sent = imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW)
    Person.objects.create(code="N1", name="某乙")
    with pytest.raises(imports.Refused, match="登记有了变动"):
        imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    sent.refresh_from_db()
    assert sent.counts["changed"] == 1
    imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert Person.objects.get(code="N1").name == "某甲"


def test_a_file_is_forgotten_after_an_hour(admin: User) -> None:
    sent = imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW)
    late = NOW + dt.timedelta(minutes=61)
    with pytest.raises(NotFound):
        imports.waiting("people", sent.pk, by=admin, at=late)
    with pytest.raises(NotFound):
        imports.waiting("people", sent.pk, by=User.objects.exclude(pk=admin.pk)[0], at=NOW)
    imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=late)
    assert not RosterImport.objects.filter(pk=sent.pk).exists()


def test_statements_do_not_grow_with_rows() -> None:
    def statements(number: int) -> int:
        people = Person.objects.order_by("code")[:number]
        rows = [worker(person.code, "360702101001001") for person in people]
        with CaptureQueriesContext(connection) as asked:
            assert outcomes(look("appointments", rows)) == ["new"] * number
        return len(asked)

    assert statements(200) == statements(5)


# ---- pages -------------------------------------------------------------------------------------------------------


def test_a_clerk_sends_looks_and_carries_out(cast: Cast, as_user: Callable[[User], Client]) -> None:
    client = as_user(cast.clerk)
    address = "/registry/rosters/appointments/"
    free = Person.objects.filter(appointments=None, stations=None).order_by("code")[0]
    content = sheet_of([worker(free.code, cast.grid)])
    sent = client.post(address, {"file": SimpleUploadedFile("名册.xlsx", content), "day": ""})
    assert sent.status_code == 302
    shown = client.get(sent["Location"]).content.decode()
    assert "确认写入 1 行" in shown
    digest = RosterImport.objects.get().digest
    done = client.post(sent["Location"], {"digest": digest}, follow=True).content.decode()
    assert "任职名册已写入：新增 1 行" in done
    assert "名册.xlsx" in done
    assert client.post(sent["Location"], {"digest": digest}).status_code == 409
    assert Appointment.objects.filter(person=free, area=cast.grid).exists()


def test_faults_come_first_and_close_the_way(cast: Cast, as_user: Callable[[User], Client]) -> None:
    client = as_user(cast.clerk)
    rows = [worker("P0001", "360702101001001"), worker("P0001", cast.grid)]
    sent = client.post("/registry/rosters/appointments/", {"file": SimpleUploadedFile("a.csv", csv_of(rows))})
    shown = client.get(sent["Location"]).content.decode()
    assert "1 行有误，整份都没有写入" in shown
    assert "不归您登记" in shown
    assert "确认写入" not in shown
    assert client.post(sent["Location"], {"digest": RosterImport.objects.get().digest}).status_code == 409
    assert as_user(cast.centre).get(sent["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "请选择一个"),
        ({"file": SimpleUploadedFile("a.txt", b"x")}, "只接受"),
        ({"file": SimpleUploadedFile("a.csv", csv_of(PEOPLE)), "day": "2062-07-01"}, "请核对年份"),
        ({"file": SimpleUploadedFile("a.csv", csv_of(PEOPLE)), "day": "x"}, "日期写成"),
    ],
)
def test_a_form_filled_in_wrongly_is_shown_again(
    sent: dict[str, Any], said: str, cast: Cast, as_user: Callable[[User], Client]
) -> None:
    answer = as_user(cast.centre).post("/registry/rosters/appointments/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_filled_roster_is_for_its_ground_and_for_no_cache(cast: Cast, as_user: Callable[[User], Client]) -> None:
    answer = as_user(cast.clerk).get("/registry/rosters/appointments/registered.xlsx")
    assert answer["Cache-Control"] == "no-store"
    assert "%E4%BB%BB%E8%81%8C%E5%90%8D%E5%86%8C" in answer["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    codes = {row[4] for row in sheet.iter_rows(min_row=3, values_only=True) if row[4]}
    assert codes
    assert all(code.startswith(cast.grid[:9]) for code in codes)
    assert as_user(cast.clerk).get("/registry/rosters/powers/").status_code == 403
    assert as_user(cast.centre).get("/registry/rosters/nonsense/").status_code == 404


# ---- at once -----------------------------------------------------------------------------------------------------


def looked_at(browser: Browser, rows: list[Row]) -> tuple[str, bytes]:
    """Where a file of people can be carried out, and the form that does it."""
    sent = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + csv_of(rows)
        + b"\r\n--cut--\r\n"
    )
    status, page = browser.ask(
        "/registry/rosters/people/", sent, **{"Content-Type": "multipart/form-data; boundary=cut"}
    )
    assert status == 200
    place = re.search(r'"(/registry/rosters/people/[0-9a-f-]{36}/)\?', page)
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert place
    assert digest
    return place[1], urlencode({"digest": digest[1]}).encode()


def together(tasks: list[tuple[Browser, str, bytes]]) -> list[int]:
    """The answers to what all post at the same moment."""
    barrier = threading.Barrier(len(tasks))

    def start(task: tuple[Browser, str, bytes]) -> int:
        barrier.wait(PATIENCE_S)
        return task[0].ask(task[1], task[2])[0]

    with ThreadPoolExecutor(len(tasks)) as threads:
        return sorted(threads.map(start, tasks))


def test_of_many_at_once_one_is_carried_out(site: str) -> None:
    clerks = [Browser(site) for _ in range(4)]
    for clerk in clerks:
        clerk.sign_in("p1441")
    assert together([(clerks[0], *looked_at(clerks[0], [{"工号": "R0001", "姓名": "某甲"}]))]) == [200]
    # One file confirmed four times, which only changes what is there; then two files about one new person.
    place, form = looked_at(clerks[0], [{"工号": "R0001", "姓名": "某乙"}])
    assert together([(clerk, place, form) for clerk in clerks]) == [200, 409, 409, 409]
    names = zip(clerks, "甲乙", strict=False)
    files = [(clerk, *looked_at(clerk, [{"工号": "R0002", "姓名": name}])) for clerk, name in names]
    assert together(files) == [200, 409]
