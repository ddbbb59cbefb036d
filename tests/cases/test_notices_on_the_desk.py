"""Notices on the desk: each sees those of their own posts, and what one knows leaves one's own desk alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cases import notices
from cases.models import Case, Notice, NoticeReading
from gridmap.duties import NOBODY, standing_of
from gridmap.models import Appointment
from gridmap.problems import NotFound, Unprocessable
from tests.cases.playing import Department
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(case: Case, cast: Cast) -> Notice:
    """To the worker of the grid."""
    return Notice.objects.create(
        case=case, kind="due_soon", role="grid_worker", area_id=cast.grid, text="事项将到期", due_at=case.due_at,
        at=timezone.now(),
    )  # fmt: skip


def seen(user: User) -> list[Notice]:
    standing = standing_of(user, on=timezone.localdate())
    return notices.unread(standing, user.pk, now=timezone.now()).rows


def test_a_notice_is_on_the_desks_of_its_post_alone(notice: Notice, cast: Cast) -> None:
    assert seen(cast.worker) == [notice]
    for somebody in (cast.chief, cast.clerk, cast.leader, cast.centre, cast.department, cast.stranger, cast.admin):
        assert seen(somebody) == []


def test_a_department_s_notice_is_on_its_own_desks(issued: Case, lead: Department, cast: Cast) -> None:
    Notice.objects.filter(case=issued).update(at=timezone.now())
    assert [it.organisation_id for it in seen(lead.user)] == [lead.code]
    assert seen(cast.department) == [] or cast.department == lead.user


def test_knowing_it_takes_it_off_one_s_own_desk_only(
    notice: Notice, cast: Cast, as_user: Callable[[User], Client]
) -> None:
    post = Appointment.objects.filter(role="grid_worker", area=cast.grid, person__user=cast.worker)[0]
    Appointment.objects.create(
        person=cast.stranger.person, role=post.role, area=post.area, part_time=True, valid_from=post.valid_from
    )
    for _ in range(2):  # again changes nothing
        answer = as_user(cast.worker).post("/desk/notices/read/", {"notice": [notice.pk]})
        assert (answer.status_code, answer["Location"]) == (302, "/desk/")
    assert seen(cast.worker) == []
    assert seen(cast.stranger) == [notice]
    assert NoticeReading.objects.count() == 1


@pytest.mark.parametrize("caller", ["chief", "clerk", "centre", "department", "stranger", "admin"])
def test_nobody_marks_the_notices_of_others(
    notice: Notice, cast: Cast, as_user: Callable[[User], Client], caller: str
) -> None:
    answer = as_user(getattr(cast, caller)).post("/desk/notices/read/", {"notice": [notice.pk]})
    assert answer.status_code == 404
    assert not NoticeReading.objects.exists()


@pytest.mark.parametrize("keys", [[], ["x"], ["-1"], ["1" * 30], ["²"], ["\x00"]])
def test_what_names_no_notice_is_refused(keys: list[str], cast: Cast) -> None:
    with pytest.raises(Unprocessable):
        notices.read(keys, standing=NOBODY, user_id=cast.worker.pk, at=timezone.now())


def test_one_of_others_among_one_s_own_marks_none(notice: Notice, cast: Cast) -> None:
    with pytest.raises(NotFound):
        notices.read(
            [str(notice.pk), "999999999"],
            standing=standing_of(cast.worker, on=timezone.localdate()),
            user_id=cast.worker.pk,
            at=timezone.now(),
        )
    assert not NoticeReading.objects.exists()


def test_what_is_over_old_or_out_of_sight_is_not_shown(notice: Notice, cast: Cast, case: Case) -> None:
    change = Case.objects.filter(pk=case.pk).update
    change(current_area="360702101001001")  # redrawn: the worker may no longer open it
    assert seen(cast.worker) == []
    change(current_area=cast.grid, state="refused", closed_at=case.due_at)
    assert seen(cast.worker) == []
    change(state="handling", closed_at=None)
    assert seen(cast.worker) == [notice]
    Notice.objects.update(at=timezone.now() - dt.timedelta(days=31))
    assert seen(cast.worker) == []


def test_the_desk_shows_the_latest_and_says_that_there_are_more(
    notice: Notice, cast: Cast, as_user: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    late = timezone.now()
    made = [
        Notice(
            case=notice.case,
            kind="letter",
            role=notice.role,
            area=notice.area,
            text=f"第{n}条<b>",
            due_at=late,
            at=late,
        )
        for n in range(20)
    ]
    Notice.objects.bulk_create(made)
    client = as_user(cast.worker)
    with django_assert_max_num_queries(14):
        page = client.get("/desk/").content.decode()
    assert "第19条&lt;b&gt;" in page
    assert "第0条" in page
    assert notice.text not in page
    assert "还有更早的提醒" in page
    assert "这 20 条都知道了" in page
    client.post("/desk/notices/read/", {"notice": [it.pk for it in made]})
    page = client.get("/desk/").content.decode()
    assert notice.text in page
    assert "都知道了" not in page
