"""A roster's facts must be possible, and nobody writes or reads beyond their own ground."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from geodata.crs import from_stored
from gridmap.models import Appointment, Area, Organisation, PartyOrganisation
from gridmap.rosters.kinds import ROSTERS
from tests.gridmap.rostering import (
    DAY,
    Row,
    admin,
    carry_out,
    faults,
    in_town,
    look,
    outcomes,
    refused,
    sheet_of,
    terms,
    worker,
)

__all__ = ["admin"]
pytestmark = pytest.mark.django_db


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
