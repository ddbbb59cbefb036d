"""The desk: whose turn it is, how long there is, and who one is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cases.desk import desk_of, posts_of, time_left, waits_for
from cases.handovers import handed_over
from cases.models import Case, Handover
from cases.workflow import VERBS, State
from gridmap.duties import NOBODY, Standing, standing_of
from gridmap.models import Area, Edition
from tests.conftest import Cast

NOW = dt.datetime(2026, 7, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "还剩 0 分钟"),
        (59.9, "还剩 59 分钟"),
        (60, "还剩 1 小时"),
        (47 * 60 + 59, "还剩 47 小时"),
        (3 * 24 * 60 - 1, "还剩 2 天"),
        (-0.5, "已超期 1 分钟"),
        (-61, "已超期 2 小时"),
        (-49 * 60, "已超期 3 天"),
    ],
)
def test_time_left_never_says_more_than_there_is(minutes: float, words: str) -> None:
    assert time_left(State.HANDLING, NOW + dt.timedelta(minutes=minutes), NOW) == words
    assert time_left(State.SUSPENDED, NOW + dt.timedelta(minutes=minutes), NOW) == "不计时"


def test_an_open_state_says_who_is_waited_for_and_an_end_says_nothing() -> None:
    waiting = waits_for(State.RESOLVED)
    assert waiting == {"verb": "close", "mine": False, "label": "核实结项", "roles": ["网格长", "网格中心人员"]}
    mine = waits_for(State.RESOLVED, [VERBS["close"]])
    assert mine is not None
    assert mine["mine"] is True
    assert waits_for(State.CLOSED) is None
    assert waits_for(State.REFUSED) is None


@pytest.mark.django_db
def test_the_desk_of_the_district_lists_what_is_open_by_deadline(cast: Cast) -> None:
    standing = standing_of(cast.centre, on=timezone.localdate())
    desk = desk_of(standing, user_id=cast.centre.pk, now=NOW)
    due = [row.case.due_at for row in desk.rows]
    assert due == sorted(due)
    assert desk.total == len(desk.rows) == Case.objects.open().count() > 0
    assert desk.overdue == sum(row.overdue for row in desk.rows) == Case.objects.overdue(NOW).count()
    assert all(row.left.startswith("已超期") == row.overdue for row in desk.rows)
    # The district's centre may refuse a case, but nobody waits for that.
    assert {row.turn for row in desk.rows} == {""}


@pytest.mark.django_db
def test_nobody_has_nothing_on_the_desk() -> None:
    desk = desk_of(NOBODY, user_id=None, now=NOW)
    assert (desk.rows, desk.total, desk.overdue, desk.mine) == ([], 0, 0, 0)
    assert posts_of(NOBODY) == []


@pytest.mark.django_db
def test_posts_name_role_and_place(cast: Cast) -> None:
    worker = posts_of(standing_of(cast.worker, on=timezone.localdate()))
    assert ("网格员", True) in [(post.role, any(place.endswith("网格") for place in post.places)) for post in worker]
    clerk = posts_of(standing_of(cast.clerk, on=timezone.localdate()))
    assert any("网格化服务管理中心" in place for post in clerk for place in post.places)


@pytest.fixture
def handed(cast: Cast) -> dict[str, Handover]:
    """Open cases that a new edition handed from grid to grid, by what they are to the clerk of the cast's town."""
    town, elsewhere = cast.grid[:9], "360702101"
    here = Area.objects.filter(level="grid", code__startswith=town).order_by("code")[:2]
    there = Area.objects.filter(level="grid", code__startswith=elsewhere).order_by("code")[:2]
    ways = {
        "arrived": (there[0], here[0], 3),
        "left": (here[1], there[1], 5),
        "within": (here[0], here[1], 1),
        "elsewhere": (there[0], there[1], 1),
        "long ago": (there[0], here[0], 15),
    }
    edition = Edition.objects.get()
    made = {}
    for (way, (source, target, days)), case in zip(ways.items(), Case.objects.open().order_by("pk"), strict=False):
        Case.objects.filter(pk=case.pk).update(current_area=target)
        made[way] = Handover.objects.create(
            case=case, edition=edition, from_area=source, to_area=target, at=NOW - dt.timedelta(days=days)
        )
    return made


@pytest.mark.django_db
def test_the_desk_says_what_new_boundaries_brought_and_took(cast: Cast, handed: dict[str, Handover]) -> None:
    told = handed_over(standing_of(cast.clerk, on=timezone.localdate()), now=NOW)
    assert (told.arrived, told.left, told.within, told.total) == (1, 1, 1, 3)
    assert [(row.way, row.handover, row.readable) for row in told.rows] == [
        ("within", handed["within"], True),
        ("arrived", handed["arrived"], True),
        ("left", handed["left"], False),
    ]
    # What has gone on since may be read again: whoever sees the case now may open it.
    Case.objects.filter(pk=handed["left"].case_id).update(current_area=handed["left"].from_area)
    assert all(row.readable for row in handed_over(standing_of(cast.clerk, on=timezone.localdate()), now=NOW).rows)


@pytest.mark.django_db
def test_the_district_sees_every_handover_as_its_own_and_nobody_sees_none(handed: dict[str, Handover]) -> None:
    everything = handed_over(Standing(everything=True), now=NOW)
    assert (everything.arrived, everything.left, everything.within) == (0, 0, 4)
    assert {row.way for row in everything.rows} == {"within"}
    nothing = handed_over(NOBODY, now=NOW)
    assert (nothing.rows, nothing.total) == ([], 0)


@pytest.mark.django_db
def test_the_page_links_only_to_cases_its_reader_may_open(
    cast: Cast, handed: dict[str, Handover], as_user: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    Handover.objects.update(at=timezone.now() - dt.timedelta(days=1))
    clerk = as_user(cast.clerk)
    with django_assert_max_num_queries(15):
        page = clerk.get("/desk/").content.decode()
    assert "划界调整移交" in page
    assert '移入 <strong class="number">2</strong>' in page
    for way, readable in {"arrived": True, "within": True, "left": False}.items():
        number = handed[way].case.number
        assert f'<span class="number">{number}</span>' in page or readable
        assert (f'<a class="number" href="/cases/{number}/">' in page) is readable
    assert handed["elsewhere"].case.number not in page
    assert "划界调整移交" not in as_user(cast.department).get("/desk/").content.decode()
