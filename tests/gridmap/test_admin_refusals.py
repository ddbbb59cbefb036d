"""What the admin cannot save it refuses in sentences, and what is right it saves."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import Client

from cases.models import Category, Workday
from gridmap.admin.rows import refusal
from gridmap.models import (
    Appointment,
    DelegatedPower,
    Organisation,
    PartyOrganisation,
    Person,
    PowerGrant,
    ServiceGuide,
    StationedStaff,
)
from tests.gridmap.administration import GRID, keeper, page, prefixed, refused

__all__ = ["keeper"]
pytestmark = pytest.mark.django_db
CHIEF = {"role": "grid_chief", "area": "360702001001", "valid_from": "2020-01-01"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "该区域在这段日期内已有网格长"),
        ({"person": "P0001"}, "该区域在这段日期内已有网格长"),
        ({"role": "grid_worker", "organisation": "360702-D01"}, "只填其一"),
        ({"role": "grid_worker", "area": ""}, "只填其一"),
        ({"role": "grid_worker", "valid_until": "2019-12-31"}, "截止日期应晚于起始日期"),
        ({"valid_until": "2020-01-01"}, "截止日期应晚于起始日期"),
        ({"person": "P0001", "role": "party_secretary"}, "此人在这段日期内已任同一区域的同一角色"),
        ({"valid_from": "去年"}, "输入一个有效的日期"),
        ({"area": "000"}, "选择一个有效的选项"),
    ],
)
def test_an_appointment_is_refused_in_words(change: dict[str, str], sentence: str, keeper: Client) -> None:
    before = Appointment.objects.count()
    refused(keeper.post(page(Appointment, "add"), {"person": "P0002"} | CHIEF | change), sentence)
    assert Appointment.objects.count() == before


def test_a_good_appointment_is_saved(keeper: Client) -> None:
    sent = {"person": "P0002", "role": "grid_worker", "area": GRID, "valid_from": "2026-07-01", "part_time": "on"}
    assert keeper.post(page(Appointment, "add"), sent).status_code == 302
    assert Appointment.objects.filter(person="P0002", area=GRID, part_time=True).exists()


def test_two_overlapping_rows_sent_together_are_refused(keeper: Client) -> None:
    row = {"role": "grid_worker", "area": GRID, "valid_from": "2026-01-01"}
    person = {"code": "N1", "name": "新人", "phone": "", "user": ""}
    sent = person | prefixed("appointments", [row, row | {"valid_from": "2026-03-01"}])
    refused(keeper.post(page(Person, "add"), sent), "同一任职的日期重叠")
    assert not Person.objects.filter(code="N1").exists()
    apart = person | prefixed("appointments", [row | {"valid_until": "2026-03-01"}, row | {"valid_from": "2026-03-01"}])
    assert keeper.post(page(Person, "add"), apart).status_code == 302
    assert Appointment.objects.filter(person="N1").count() == 2


def test_the_key_of_a_row_is_written_once(keeper: Client) -> None:
    posts = [
        {"id": it.pk, "role": it.role, "area": it.area_id or "", "valid_from": it.valid_from.isoformat()}
        for it in Appointment.objects.filter(person="P0001").order_by("-valid_from", "role")
    ]
    sent = {"code": "OTHER", "name": "钱改名", "phone": "1", "user": ""}
    sent |= prefixed("appointments", [it | {"person": "P0001"} for it in posts], initial=len(posts))
    answer = keeper.post(page(Person, "change", "P0001"), sent)
    assert answer.status_code == 302, answer.content.decode()
    assert not Person.objects.filter(code="OTHER").exists()
    assert Person.objects.get(code="P0001").name == "钱改名"


GUIDE = {
    "conditions": "条件",
    "basis": "依据",
    "process": "流程",
    "time_limit": "即办",
    "contact_name": "某人",
    "contact_phone": "1",
}
POWER = {
    "code": "N1",
    "batch": "二批",
    "department": "360702-D01",
    "kind": "approval",
    "name": "新事项",
    "valid_from": "2026-01-01",
}


def test_a_guide_with_an_empty_field_is_refused(keeper: Client) -> None:
    guide = prefixed("guide", [GUIDE | {"process": " "}]) | prefixed("grants", [])
    refused(keeper.post(page(DelegatedPower, "add"), POWER | guide), "该字段是必填项")
    whole = prefixed("guide", [GUIDE]) | prefixed("grants", [{"area": "360702001", "valid_from": "2026-01-01"}])
    assert keeper.post(page(DelegatedPower, "add"), POWER | whole).status_code == 302
    assert ServiceGuide.objects.get(power="N1").process == "流程"
    assert PowerGrant.objects.filter(power="N1").count() == 1


def test_a_grant_is_not_given_twice(keeper: Client) -> None:
    grant = {"area": "360702001", "valid_from": "2026-01-01"}
    twice = prefixed("guide", []) | prefixed("grants", [grant, grant])
    refused(keeper.post(page(DelegatedPower, "add"), POWER | twice), "同一镇街的赋权日期重叠")
    again = {"power": "Q001", "area": "360702001", "valid_from": "2026-01-01"}
    refused(keeper.post(page(PowerGrant, "add"), again), "已赋予该镇街")


@pytest.mark.parametrize(
    ("model", "sent", "sentence"),
    [
        (
            PartyOrganisation,
            {"code": "N1", "kind": "branch", "name": "错层", "area": "360702001001", "established_on": "2026-01-01"},
            "类型与层级不符",
        ),
        (
            PartyOrganisation,
            {"code": "N1", "kind": "functional", "name": "无楼宇", "established_on": "2026-01-01"},
            "类型与层级不符",
        ),
        (
            Organisation,
            {"code": "N1", "kind": "authority", "name": "无模式", "area": "360702001"},
            "镇街应选机构模式",
        ),
        (
            Organisation,
            {"code": "N1", "kind": "office", "name": "多模式", "area": "360702001", "template": "town_4_1_2"},
            "镇街应选机构模式",
        ),
        (
            StationedStaff,
            {
                "post": "N1",
                "home": "360702-D01",
                "area": "360702001",
                "mode": "dual",
                "valid_from": "2026-02-01",
                "valid_until": "2026-01-01",
            },
            "截止日期应晚于起始日期",
        ),
        (Person, {"code": "P0001", "name": "重号"} | prefixed("appointments", []), "已存在"),
        (
            Category,
            {"code": "0699", "parent": "0601", "name": "第三层", "limit_amount": 1, "limit_unit": "working_days"},
            "大类应是没有上级的类别",
        ),
        (Workday, {"date": "2026-10-01", "works": "on"}, "已存在"),
    ],
)
def test_a_row_is_refused_in_words(model, sent: dict[str, object], sentence: str, keeper: Client) -> None:
    before = model.objects.count()
    refused(keeper.post(page(model, "add"), sent), sentence)
    assert model.objects.count() == before


def test_a_party_organisation_on_its_level_is_saved(keeper: Client) -> None:
    sent = {"code": "N1", "kind": "group", "name": "对层", "area": GRID, "established_on": "2026-01-01"}
    assert keeper.post(page(PartyOrganisation, "add"), sent).status_code == 302


def test_a_top_category_with_parts_stays_on_top(keeper: Client) -> None:
    sent = {"parent": "01", "name": "环境污染", "limit_amount": 2, "limit_unit": "working_days"}
    refused(keeper.post(page(Category, "change", "02"), sent), "下面还有小类")


def test_whoever_was_quicker_is_told_of_in_words(keeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The form asks the database before it saves; here somebody else saves in between.
    monkeypatch.setattr(Appointment, "validate_constraints", lambda self, exclude=None: None)
    answer = keeper.post(page(Appointment, "add"), {"person": "P0002"} | CHIEF, follow=True)
    assert "没有保存：该区域在这段日期内已有网格长" in answer.content.decode()


def test_a_refusal_without_a_name_is_a_sentence_too() -> None:
    assert "没有保存" in refusal(IntegrityError("?"))
