"""Rows of a roster are matched with what is registered, and dated rather than written over it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User

from gridmap.models import Appointment, Boundary, PartyOrganisation, Person, RosterImport, StationedStaff
from gridmap.rosters import imports
from tests.gridmap.rostering import DAY, Row, admin, carry_out, faults, look, outcomes, worker

__all__ = ["admin"]
pytestmark = pytest.mark.django_db


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
