"""The third whistle: applied for, confirmed, written in a letter; departments receive, come, handle; the office verifies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from cases import photos
from cases.actions.district import own_powers
from cases.models import Assignment, Case, CategoryPower, CheckIn, Letter, TraceEvent, Whistle
from cases.sealing import stored_rows, verify
from gridmap.duties import standing_of
from gridmap.models import Appointment, DelegatedPower, PowerGrant
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from gridmap.roles import Role
from tests.cases.playing import ASKED_FOR, MARKS, TEN_DAYS, Department, Office, act, dispatched, offered, turn
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_r56_no_third_whistle_without_the_principal_leaders_confirmation(
    referred: Case, cast: Cast, offices: list[Office], principal: User, lead: Department, now: dt.datetime
) -> None:
    given = {"department": lead.code, "text": "换盖", "limit": TEN_DAYS}
    with pytest.raises(Conflict, match="待申请三级哨"):
        act(referred, "issue", cast.clerk, now, **given)
    act(referred, "apply", offices[0].user, now, text="请承办")
    with pytest.raises(Conflict, match="待主要领导确认"):
        act(referred, "issue", cast.clerk, now, **given)
    for somebody in (cast.leader, cast.clerk, offices[0].user, cast.centre):
        with pytest.raises(Forbidden):
            act(referred, "endorse", somebody, now)
    assert act(referred, "endorse", principal, now).state == "confirmed"
    assert not Letter.objects.filter(case=referred).exists()


def test_r56_the_two_leaders_are_two_persons(
    triage: Case, cast: Cast, offices: list[Office], principal: User, now: dt.datetime
) -> None:
    post = Appointment.objects.get(role=Role.PRINCIPAL_LEADER, person__user=principal)
    Appointment.objects.create(
        person=cast.leader.person,
        role=Role.PRINCIPAL_LEADER,
        organisation=post.organisation,
        valid_from=post.valid_from,
    )
    dispatched(triage, cast, offices[0], now)
    act(triage, "brief", offices[0].user, now, text="情况")
    act(triage, "refer", cast.leader, now, text="区里管")
    act(triage, "apply", offices[0].user, now, text="请承办")
    assert "endorse" not in offered(triage, cast.leader, now)
    with pytest.raises(Forbidden, match="不能是同一人"):
        act(triage, "endorse", cast.leader, now)
    assert act(triage, "endorse", principal, now).state == "confirmed"


def test_the_principal_leader_may_send_it_back(
    referred: Case, cast: Cast, offices: list[Office], principal: User, now: dt.datetime
) -> None:
    act(referred, "apply", offices[0].user, now, text="请承办")
    assert act(referred, "decline", principal, now, text="镇街先行处置").state == "deciding"
    assert turn(referred, cast.leader, now) == "交办"


def test_r43_a_power_handed_down_is_asked_about_first(
    referred: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    assert own_powers(referred, on=now.date()) == []
    grant = PowerGrant.objects.filter(area=cast.grid[:9]).select_related("power")[0]
    CategoryPower.objects.create(category_id=referred.category.parent_id, power=grant.power)
    elsewhere = DelegatedPower.objects.exclude(grants__area=cast.grid[:9])[0]
    CategoryPower.objects.create(category_id=referred.category_id, power=elsewhere)
    assert own_powers(referred, on=now.date()) == [grant.power]
    with pytest.raises(Unprocessable, match="已赋予本镇街") as refused:
        act(referred, "apply", offices[0].user, now, text="请承办")
    assert refused.value.parameter == "own_power"
    assert grant.power.name in refused.value.detail
    act(referred, "apply", offices[0].user, now, text="请承办", own_power="设备不足")
    told = TraceEvent.objects.filter(case=referred).latest("seq").payload
    assert (told["own_powers"], told["own_power"]) == ([grant.power.code], "设备不足")


def test_r59_r60_the_letter_is_numbered_and_says_department_task_and_deadline(
    issued: Case, cast: Cast, principal: User, lead: Department, assistant: Department, now: dt.datetime
) -> None:
    letter = Letter.objects.get(case=issued)
    assert letter.number.startswith("吹函〔2026〕")
    assert (letter.task, letter.confirmed_by, letter.issued_by) == ("更换主管网井盖", principal, cast.clerk)
    asked = {it.unit_id: it for it in letter.assignments.all()}
    assert {code: it.part for code, it in asked.items()} == {lead.code: "lead", assistant.code: "assist"}
    assert {it.due_at for it in asked.values()} == {letter.due_at, issued.due_at}
    assert list(Whistle.objects.filter(case=issued).values_list("level", flat=True)) == [2, 3]
    told = TraceEvent.objects.filter(case=issued).latest("seq").payload
    assert (told["letter"], told["level"], len(told["assisting"])) == (letter.number, 3, 1)


@pytest.mark.parametrize("missing", ["department", "text", "limit"])
def test_r60_no_letter_without_department_task_and_deadline(
    confirmed: Case, cast: Cast, lead: Department, now: dt.datetime, missing: str
) -> None:
    whole = {"department": lead.code, "text": "换盖", "limit": TEN_DAYS}
    with pytest.raises(Unprocessable) as refused:
        act(confirmed, "issue", cast.clerk, now, **(whole | {missing: None if missing == "limit" else " "}))
    assert refused.value.parameter == missing
    for bad in ({"department": "nobody"}, {"assisting": ["nobody"]}):
        with pytest.raises(Unprocessable, match="没有编码为"):
            act(confirmed, "issue", cast.clerk, now, **(whole | bad))
    assert not Letter.objects.filter(case=confirmed).exists()
    assert not Assignment.objects.filter(case=confirmed).exists()


def test_departments_see_what_a_letter_asks_them_and_nothing_else(
    issued: Case, lead: Department, assistant: Department, outsider: Department, now: dt.datetime
) -> None:
    def sees(user: User) -> bool:
        return Case.objects.filter(pk=issued.pk).visible_to(standing_of(user, on=now.date())).exists()

    assert sees(lead.user)
    assert sees(assistant.user)
    assert not sees(outsider.user)
    with pytest.raises(NotFound):
        act(issued, "receive", outsider.user, now)
    assert Case.objects.visible_to(standing_of(lead.user, on=now.date())).filter(pk__gte=issued.pk).count() == 1


def test_r61_r62_receipt_comes_before_handling_and_arrival_before_done(
    issued: Case, offices: list[Office], lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    assert offered(issued, lead.user, now) == ["receive", *ASKED_FOR]
    assert turn(issued, lead.user, now) == "查收信函"
    with pytest.raises(Conflict, match="先查收"):
        act(issued, "handle", lead.user, now, text="派人")
    assert act(issued, "receive", lead.user, now).state == "received"
    with pytest.raises(Conflict, match="已经查收"):
        act(issued, "receive", lead.user, now)
    act(issued, "handle", lead.user, now, text="已备料")
    with pytest.raises(Conflict, match="还没有登记本部门签到"):
        act(issued, "claim", lead.user, now, text="已换", pictures=[picture])
    act(issued, "sign_in", offices[0].user, now, department=lead.code, persons="张工")
    assert act(issued, "claim", lead.user, now, text="已换", pictures=[picture]).state == "claimed"
    with pytest.raises(Conflict):
        act(issued, "claim", lead.user, now, text="再来", pictures=[picture])


def test_r63_the_office_signs_in_and_never_the_department(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, outsider: Department, now: dt.datetime
) -> None:
    for somebody in (lead.user, cast.clerk, cast.leader):
        with pytest.raises(Forbidden):
            act(issued, "sign_in", somebody, now, department=lead.code, persons="张工")
    with pytest.raises(Forbidden, match="承接派件"):
        act(issued, "sign_in", offices[1].user, now, department=lead.code, persons="张工")
    with pytest.raises(Unprocessable, match="来的人"):
        act(issued, "sign_in", offices[0].user, now, department=lead.code)
    with pytest.raises(Unprocessable, match="没有发给"):
        act(issued, "sign_in", offices[0].user, now, department=outsider.code, persons="王工")
    # Whoever came has the letter, whether it was received before or not.
    assert act(issued, "sign_in", offices[0].user, now, department=lead.code, persons="张工").state == "arrived"
    asked = Assignment.objects.get(case=issued, unit=lead.code)
    assert (asked.received_at, asked.arrived_at) == (now, now)
    again = now + dt.timedelta(hours=3)
    act(issued, "sign_in", offices[0].user, again, department=lead.code, persons="李工")
    asked.refresh_from_db()
    assert asked.arrived_at == now
    assert list(CheckIn.objects.filter(assignment=asked).values_list("persons", flat=True)) == ["张工", "李工"]


def test_r05_who_assists_moves_nothing_and_the_lead_moves_the_case(
    issued: Case,
    offices: list[Office],
    lead: Department,
    assistant: Department,
    now: dt.datetime,
    picture: photos.Picture,
) -> None:
    assert act(issued, "receive", assistant.user, now).state == "issued"
    act(issued, "sign_in", offices[0].user, now, department=assistant.code, persons="王工")
    assert act(issued, "claim", assistant.user, now, text="已围挡", pictures=[picture]).state == "issued"
    assert offered(issued, assistant.user, now) == []
    assert act(issued, "receive", lead.user, now).state == "received"


def test_r64_the_office_verifies_and_closes_only_when_the_lead_is_done(
    arrived: Case, cast: Cast, offices: list[Office], lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    with pytest.raises(Conflict, match="部门已报到"):
        act(arrived, "certify", offices[0].user, now, text="合格", marks=MARKS)
    act(arrived, "claim", lead.user, now, text="已换", pictures=[picture])
    for somebody in (lead.user, cast.clerk, cast.leader):
        with pytest.raises(Forbidden):
            act(arrived, "certify", somebody, now, text="合格", marks=MARKS)
    assert turn(arrived, offices[0].user, now) == "核实并结项"
    assert act(arrived, "certify", offices[0].user, now, text="盖面平整，合格", marks=MARKS).state == "closed"
    assert verify(row for row in stored_rows() if row.number == arrived.number).broken is None


def test_what_is_returned_to_the_lead_has_half_the_limit(
    arrived: Case, offices: list[Office], lead: Department, now: dt.datetime, picture: photos.Picture
) -> None:
    act(arrived, "claim", lead.user, now, text="已换", pictures=[picture])
    back = act(arrived, "fail", offices[0].user, now, text="不平")
    asked = Assignment.objects.get(case=arrived, unit=lead.code)
    assert (back.state, asked.redone, asked.finished_at) == ("arrived", 1, None)
    # Forty working hours after Tuesday ten o'clock.
    assert back.due_at == asked.due_at == now + dt.timedelta(days=7)
    assert act(arrived, "claim", lead.user, now, text="已平", pictures=[picture]).state == "claimed"


def test_the_letter_can_be_printed_by_those_who_may_read_the_case(
    issued: Case, cast: Cast, lead: Department, outsider: Department, as_user: Callable[[User | None], Client]
) -> None:
    letter = Letter.objects.get(case=issued)
    address = f"/cases/{issued.number}/letters/{letter.pk}/"
    for user in (lead.user, cast.clerk, cast.leader, cast.centre):
        page = as_user(user).get(address)
        assert page.status_code == 200
        shown = page.content.decode()
        for words in (letter.number, "更换主管网井盖", "主办", "完成时限", "is-here", "示意"):
            assert words in shown
    assert as_user(outsider.user).get(address).status_code == 404
    assert as_user(cast.stranger).get(address).status_code == 404
    assert as_user(None).get(address).status_code == 302
    assert as_user(cast.clerk).get(f"/cases/{issued.number}/letters/{letter.pk + 1}/").status_code == 404


def test_the_letter_takes_few_statements_one_of_them_its_drawing(
    issued: Case, cast: Cast, as_user: Callable[[User | None], Client], django_assert_num_queries: Any
) -> None:
    letter = Letter.objects.get(case=issued)
    client = as_user(cast.clerk)
    with django_assert_num_queries(13) as asked:
        client.get(f"/cases/{issued.number}/letters/{letter.pk}/")
    assert sum("ST_AsSVG" in it["sql"] for it in asked.captured_queries) == 1


def test_an_issued_case_is_read_in_few_statements(
    issued: Case, lead: Department, as_user: Callable[[User | None], Client], django_assert_max_num_queries: Any
) -> None:
    client = as_user(lead.user)
    with django_assert_max_num_queries(14):
        answer = client.get(f"/api/v1/cases/{issued.number}")
    # Long after: a return or more time is no longer asked for.
    assert [it["verb"] for it in answer.json()["actions"]] == ["receive", "dispute", "suspend"]
    with django_assert_max_num_queries(21):
        assert client.get(f"/cases/{issued.number}/").status_code == 200


def test_the_database_keeps_one_lead_and_nobody_done_before_they_came(
    issued: Case, lead: Department, assistant: Department, outsider: Department, now: dt.datetime
) -> None:
    asked = Assignment.objects.filter(case=issued)
    for change in ({"part": "lead"}, {"unit": lead.code}, {"finished_at": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            asked.filter(unit=assistant.code).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.filter(case=issued).update(task="")
