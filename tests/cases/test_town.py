"""The town's part: dispatched by the table of responsibilities, decided by the leader in charge, ordered, done, verified."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases import photos
from cases.actions.town import rules_for, units_of
from cases.deadlines import Limit, Unit
from cases.models import Assignment, Case, Dispatch, Responsibility, TraceEvent
from cases.sealing import stored_rows, verify
from gridmap.models import Organisation
from gridmap.problems import Conflict, Forbidden, Unprocessable
from tests.cases.playing import TWO_DAYS, Office, act, dispatched, offered, ordered, turn
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_r52_the_rule_that_names_an_office_is_shown_and_kept(triage: Case, cast: Cast, now: dt.datetime) -> None:
    (rule, *_) = rules_for(triage)
    assert rule.office.name.endswith("城市建设办公室")
    assert rule.office.area_id == cast.grid[:9]
    act(triage, "dispatch", cast.clerk, now, office=rule.office_id)
    kept = Dispatch.objects.get(case=triage)
    assert (kept.office, kept.rule, kept.by, kept.at) == (rule.office, f"设施损坏 → {rule.office}", cast.clerk, now)
    assert TraceEvent.objects.filter(case=triage).latest("seq").payload["rule"] == kept.rule


def test_r52_a_rule_of_the_category_comes_before_that_of_its_group(triage: Case) -> None:
    other = units_of(triage).exclude(pk__in=[rule.office_id for rule in rules_for(triage)])[0]
    Responsibility.objects.create(category_id=triage.category_id, office=other)
    assert rules_for(triage)[0].office_id == other.code


def test_the_centre_may_choose_another_office_and_that_is_kept_too(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    dispatched(triage, cast, offices[-1], now)
    assert Dispatch.objects.get(case=triage).rule == ""


def test_nothing_is_dispatched_out_of_town(triage: Case, cast: Cast, now: dt.datetime) -> None:
    elsewhere = Organisation.objects.filter(kind="office").exclude(area=cast.grid[:9])[0]
    district = Organisation.objects.filter(kind="department")[0]
    for code in (elsewhere.code, district.code, "nobody"):
        with pytest.raises(Unprocessable, match="本镇街没有"):
            act(triage, "dispatch", cast.clerk, now, office=code)
    assert not Dispatch.objects.filter(case=triage).exists()


def test_r53_only_the_office_it_was_dispatched_to_lays_it_before_the_leader(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    dispatched(triage, cast, offices[0], now)
    with pytest.raises(Forbidden, match="承接派件"):
        act(triage, "brief", offices[1].user, now, text="不归我")
    assert offered(triage, offices[1].user, now) == []
    assert offered(triage, offices[0].user, now) == ["brief"]
    assert turn(triage, offices[0].user, now) == "呈报主管领导"
    assert act(triage, "brief", offices[0].user, now, text="拟请本办处置").state == "deciding"
    assert turn(triage, cast.leader, now) == "交办"


@pytest.mark.parametrize("missing", ["unit", "text", "limit"])
def test_r55_no_order_without_unit_task_and_deadline(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, missing: str
) -> None:
    dispatched(triage, cast, offices[0], now)
    act(triage, "brief", offices[0].user, now, text="拟请本办处置")
    whole = {"unit": offices[0].code, "text": "换盖", "limit": TWO_DAYS}
    given = whole | {missing: None if missing == "limit" else " "}
    with pytest.raises(Unprocessable) as refused:
        act(triage, "order", cast.leader, now, **given)
    assert refused.value.parameter == missing
    assert not Assignment.objects.filter(case=triage).exists()
    for limit in (Limit(0, Unit.WORKING_DAYS), Limit(366, Unit.CALENDAR_DAYS)):
        with pytest.raises(Unprocessable, match="时限应在"):
            act(triage, "order", cast.leader, now, **(whole | {"limit": limit}))


def test_r54_only_the_leader_in_charge_decides(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    dispatched(triage, cast, offices[0], now)
    act(triage, "brief", offices[0].user, now, text="拟请本办处置")
    for somebody in (offices[0].user, cast.clerk, cast.chief, cast.centre):
        with pytest.raises(Forbidden):
            act(triage, "order", somebody, now, unit=offices[0].code, text="换盖", limit=TWO_DAYS)


def test_the_order_s_deadline_is_the_case_s_from_then_on(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    case = ordered(triage, cast, offices, now)
    assignment = Assignment.objects.get(case=case)
    # Two working days after Tuesday ten o'clock.
    assert assignment.due_at == case.due_at == now + dt.timedelta(days=2)
    assert (assignment.unit_id, assignment.task, assignment.limit) == (offices[1].code, "换盖并回填", TWO_DAYS)
    assert Case.objects.get(pk=case.pk).due_at == assignment.due_at


def test_only_the_unit_that_was_ordered_acts(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, picture: photos.Picture
) -> None:
    case = ordered(triage, cast, offices, now)
    for verb in ("log", "finish"):
        with pytest.raises(Forbidden, match="责任部门"):
            act(case, verb, offices[0].user, now, text="代办", pictures=[picture])
    assert offered(case, offices[1].user, now) == ["log", "finish", "extend", "suspend"]
    assert turn(case, offices[1].user, now) == "办理到位"
    act(case, "log", offices[1].user, now, text="已备料")
    with pytest.raises(Unprocessable, match="照片"):
        act(case, "finish", offices[1].user, now, text="已换盖")
    assert act(case, "finish", offices[1].user, now, text="已换盖", pictures=[picture]).state == "finished"
    assert Assignment.objects.get(case=case).finished_at == now


def test_the_unit_cannot_verify_its_own_work_and_the_trace_is_whole(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, picture: photos.Picture
) -> None:
    case = ordered(triage, cast, offices, now)
    act(case, "finish", offices[1].user, now, text="已换盖", pictures=[picture])
    with pytest.raises(Forbidden, match="本人"):
        act(case, "confirm", offices[1].user, now)
    assert act(case, "confirm", offices[0].user, now).state == "closed"
    verbs = list(TraceEvent.objects.filter(case=case).order_by("seq").values_list("verb", flat=True))
    assert verbs[-5:] == ["dispatch", "brief", "order", "finish", "confirm"]
    assert verify(row for row in stored_rows() if row.number == case.number).broken is None


def test_what_is_done_again_gets_half_the_limit(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime, picture: photos.Picture
) -> None:
    case = ordered(triage, cast, offices, now)
    act(case, "finish", offices[1].user, now, text="已换盖", pictures=[picture])
    again = act(case, "redo", cast.clerk, now, text="盖面不平")
    assignment = Assignment.objects.get(case=case)
    # Eight working hours after Tuesday ten o'clock: Wednesday ten.
    assert again.due_at == assignment.due_at == now + dt.timedelta(days=1)
    assert (again.state, assignment.redone, assignment.finished_at) == ("ordered", 1, None)
    assert act(case, "finish", offices[1].user, now, text="已垫平", pictures=[picture]).state == "finished"


def test_two_orders_at_once_are_one_order(triage: Case, cast: Cast, offices: list[Office], now: dt.datetime) -> None:
    case = ordered(triage, cast, offices, now)
    with pytest.raises(Conflict, match="镇街办理"):
        act(case, "order", cast.leader, now, unit=offices[0].code, text="换盖", limit=TWO_DAYS)
    assert Assignment.objects.filter(case=triage).count() == 1


def test_the_database_refuses_an_order_without_task_or_time(
    triage: Case, cast: Cast, offices: list[Office], now: dt.datetime
) -> None:
    given = {
        "case": triage, "unit_id": offices[0].code, "task": "换盖", "limit_amount": 1, "limit_unit": "working_days",
        "ordered_at": now, "ordered_by": cast.leader, "due_at": now,
    }  # fmt: skip
    Assignment.objects.create(**given)
    for bad in ({"task": ""}, {"limit_amount": 0}, {"due_at": now - dt.timedelta(seconds=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Assignment.objects.create(**(given | bad))


def test_every_category_of_the_demonstration_has_an_office_in_every_town() -> None:
    towns = set(Organisation.objects.filter(kind="centre").values_list("area", flat=True))
    for category in ("0301", "0201", "0404", "0502", "0602", "0603"):
        case = Case(category_id=category)
        for town in towns:
            case.current_area_id = town
            assert rules_for(case), (category, town)
