"""How long a department took, as its result counts it: rounds, extensions, suspensions, emergencies, opening again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cases import photos
from cases.actions.sweeping import receive_overdue
from cases.deadlines import Limit, Unit
from cases.models import Case, Result, TraceEvent
from cases.scoring import Marks
from tests.cases.assessing import FRIDAY, GOOD, THURSDAY, TUESDAY, WEDNESDAY, certified, july, numbers, result, spent
from tests.cases.playing import Department, Office, act, dispatched
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_a_department_that_never_moved_gets_nothing_for_what_it_missed(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, picture: photos.Picture
) -> None:
    receive_overdue(at=july(TUESDAY, 15))  # the letter receives itself: nobody holds the clock, nobody earns by it
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    act(issued, "claim", lead.user, july(THURSDAY, 10), text="已换", pictures=[picture])
    certified(issued, offices[0], july(THURSDAY, 15))
    act(issued, "evaluate", cast.clerk, july(FRIDAY, 10))
    idle = result(issued, assistant)
    # Closed nineteen hours after the letter, long before the eighty of the task were over: that is not held against it.
    assert spent(idle) == {
        "receipt": (19, 2, False),
        "arrival": (19, 8, False),
        "handling": (19, 80, False),
    }
    assert [part.got for part in idle.score.parts] == [0, 0, None, None, 0]
    assert idle.inputs["evidence"] == {"received": False, "signed_in": False}
    assert numbers(idle) == [0, 80, 40]
    assert idle.flags == ["late", "moot", "unsurveyed"]
    # The lead's letter received itself too; what counts is when it first moved, here by coming, four hours on.
    moved = result(issued, lead)
    assert spent(moved)["receipt"] == (4, 2, True)
    assert [part.got for part in moved.score.parts] == [0, 25, 35, 15, 6]
    assert moved.evidence_missing == ["本部门查收", "处置记录"]


def test_a_department_that_was_not_needed_any_more_has_only_the_offices_marks(
    issued: Case, cast: Cast, offices: list[Office], lead: Department, assistant: Department, picture: photos.Picture
) -> None:
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 10, 20), department=lead.code, persons="张工")
    act(issued, "claim", lead.user, july(TUESDAY, 10, 40), text="已换", pictures=[picture])
    certified(issued, offices[0], july(TUESDAY, 11), {"": GOOD, assistant.code: Marks(3, 3, 3, 3)})
    act(issued, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(issued, assistant)
    assert [part.got for part in found.score.parts] == [None] * 5
    assert numbers(found) == [None, 60, 60]
    assert found.flags == ["moot", "unsurveyed"]


def test_rework_is_timed_round_by_round_and_not_while_the_office_verifies(
    claimed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(claimed, "fail", offices[0].user, july(THURSDAY, 15), text="不平")
    act(claimed, "claim", lead.user, july(FRIDAY, 10), text="已平", pictures=[picture])
    certified(claimed, offices[0], july(FRIDAY, 11))
    act(claimed, "evaluate", cast.clerk, july(FRIDAY, 12))
    found = result(claimed, lead)
    # Sixteen of eighty hours, then five of forty; from Thursday ten to fifteen it was the office's turn.
    assert spent(found)["handling"] == (21, 120, True)
    assert [part.got for part in found.score.parts] == [15, 25, 35, 10, 10]


def test_what_was_taken_up_again_after_closing_is_one_more_rework(
    closed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(closed, "reopen", cast.clerk, july(FRIDAY, 10), reason="check", text="又沉了")
    act(closed, "claim", lead.user, july(FRIDAY, 12), text="已平", pictures=[picture])
    certified(closed, offices[0], july(FRIDAY, 15), {"": Marks(2, 2, 2, 2)})
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 16))
    found = result(closed, lead)
    assert spent(found)["handling"] == (18, 120, True)
    assert found.inputs["reworks"] == 1
    # The marks given last count.
    assert numbers(found) == [95, 40, 67.5]


def test_a_repeat_after_the_result_lowers_it_and_there_is_still_one(
    closed: Case, cast: Cast, offices: list[Office], lead: Department, picture: photos.Picture
) -> None:
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 9))
    before = result(closed, lead)
    act(closed, "reopen", cast.clerk, july(FRIDAY, 10), reason="repeat", text="居民又反映")
    act(closed, "claim", lead.user, july(FRIDAY, 12), text="已平", pictures=[picture])
    certified(closed, offices[0], july(FRIDAY, 15), {"": Marks(2, 2, 2, 2)})
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 16))
    after = result(closed, lead)
    assert (after.pk, Result.objects.filter(assignment__case=closed).count()) == (before.pk, 2)
    assert after.total < before.total
    told = TraceEvent.objects.filter(case=closed, verb="evaluate").latest("seq").payload["results"]
    assert {it["before"]["total"] for it in told if it["unit"] == lead.code} == {str(before.total)}


def test_extensions_refused_returns_and_suspended_time_count(
    issued: Case,
    cast: Cast,
    offices: list[Office],
    lead: Department,
    principal: User,
    picture: photos.Picture,
    as_user: Callable[[User | None], Client],
) -> None:
    act(issued, "return", lead.user, july(TUESDAY, 10, 30), reason="powers", text="不归我们")
    act(issued, "refuse_return", cast.clerk, july(TUESDAY, 11), text="移交协议写明")
    act(issued, "receive", lead.user, july(TUESDAY, 11))
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    more = Limit(5, Unit.WORKING_DAYS)
    act(issued, "extend", lead.user, july(WEDNESDAY, 8), reason="scope", text="管道更长", limit=more)
    act(issued, "grant_extension", cast.clerk, july(WEDNESDAY, 9))
    act(issued, "suspend", lead.user, july(WEDNESDAY, 9), reason="funds", text="等资金", until="2026-07-31")
    act(issued, "support_suspension", principal, july(WEDNESDAY, 10))
    act(issued, "grant_suspension", cast.centre, july(WEDNESDAY, 10))
    act(issued, "resume", lead.user, july(17, 10), text="资金到了")
    act(issued, "claim", lead.user, july(17, 12), text="已换", pictures=[picture])
    certified(issued, offices[0], july(17, 15))
    act(issued, "evaluate", cast.clerk, july(17, 16))
    found = result(issued, lead)
    # Eight hours until it was suspended and two after; allowed are the eighty and the forty more.
    assert spent(found)["handling"] == (10, 120, True)
    assert (found.inputs["extensions"], found.inputs["refused_returns"]) == (1, 1)
    assert [part.got for part in found.score.parts] == [15, 25, Decimal("31.50"), 10, 8]
    page = as_user(lead.user).get(f"/cases/{issued.number}/").content.decode()
    assert "延期 1 次" in page
    assert "退单未获同意 1 次" in page


def test_an_emergency_is_timed_by_the_clock(
    triage: Case,
    cast: Cast,
    offices: list[Office],
    principal: User,
    lead: Department,
    picture: photos.Picture,
    now: dt.datetime,
) -> None:
    dispatched(triage, cast, offices[0], now)
    given = {"department": lead.code, "text": "燃气泄漏", "limit": Limit(12, Unit.EMERGENCY_HOURS)}
    act(triage, "issue_at_once", cast.clerk, july(TUESDAY, 22), **given)
    act(triage, "receive", lead.user, july(TUESDAY, 22, 15))
    act(triage, "sign_in", offices[0].user, july(TUESDAY, 22, 45), department=lead.code, persons="张工")
    act(triage, "claim", lead.user, july(WEDNESDAY, 4), text="已关阀", pictures=[picture])
    act(triage, "ratify", principal, july(WEDNESDAY, 8))
    certified(triage, offices[0], july(WEDNESDAY, 9))
    act(triage, "evaluate", cast.clerk, july(WEDNESDAY, 10))
    found = result(triage, lead)
    # A quarter of an hour for receipt, half an hour for coming, at night as by day.
    assert spent(found) == {"receipt": (0.25, 0.25, True), "arrival": (0.75, 0.5, True), "handling": (6, 12, True)}
    assert [part.got for part in found.score.parts][:3] == [15, 12.5, 35]
