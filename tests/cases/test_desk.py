"""The desk: whose turn it is, how long there is, and who one is."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from cases.desk import desk_of, posts_of, time_left, waits_for
from cases.models import Case
from cases.workflow import VERBS, State
from gridmap.duties import NOBODY, standing_of
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
    assert time_left(NOW + dt.timedelta(minutes=minutes), NOW) == words


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
