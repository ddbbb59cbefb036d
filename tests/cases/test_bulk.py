"""Several cases dispatched at once: each by itself, none in silence."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cases import actions
from cases.actions.handling import Given
from cases.bulk import MAX_AT_ONCE, proposals
from cases.models import ActionKey, Case, Dispatch, Responsibility, TraceEvent
from gridmap.duties import standing_of
from gridmap.models import Organisation
from tests.cases.test_desk_list import open_cases
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

AsUser = Callable[[User | None], Client]
ADDRESS = "/desk/dispatch/"


@pytest.fixture
def offices(cast: Cast) -> list[str]:
    found = Organisation.objects.filter(kind=Organisation.Kind.OFFICE, area=cast.grid[:9]).order_by("code")
    return list(found.values_list("code", flat=True))


def form(key: object, **offices: str) -> dict[str, Any]:
    return {"key": str(key), "case": list(offices)} | {f"office-{number}": code for number, code in offices.items()}


def test_each_case_is_asked_about_with_what_the_table_proposes(
    cast: Cast, as_user: AsUser, offices: list[str], django_assert_num_queries: Any
) -> None:
    pool = open_cases(cast, 30)
    Responsibility.objects.filter(category=pool[0].category).delete()
    rule = Responsibility.objects.create(category=pool[0].category, office_id=offices[3])
    Case.objects.filter(pk=pool[1].pk).update(state="dispatched")
    Case.objects.filter(pk=pool[2].pk).update(current_area="360702101001001")
    standing = standing_of(cast.clerk, on=timezone.localdate())
    for numbers in ([case.number for case in pool[:4]], [case.number for case in pool]):
        with django_assert_num_queries(7):
            found = proposals(numbers, standing, cast.clerk.pk, at=timezone.now())
        assert [it.case.number for it in found] == [number for number in numbers if number != pool[2].number]
        assert found[0].rules[0] == rule
        assert found[0].refusal == ""
        assert found[1].refusal.startswith("事项已是“已派件”")
        assert {unit.area_id for unit in found[0].units} == {cast.grid[:9]}
    query = "&".join(f"case={case.number}" for case in pool[:3])
    page = as_user(cast.clerk).get(f"{ADDRESS}?{query}").content.decode()
    assert f'<option value="{offices[3]}" selected>' in page
    assert f"“{pool[0].category.name}”归" in page
    assert f"没有找到事项 {pool[2].number}" in page
    assert page.count('name="case"') == 1


def test_every_case_is_an_action_of_its_own_and_what_is_refused_is_said(
    cast: Cast, as_user: AsUser, offices: list[str]
) -> None:
    good, other, no_office, moved, abroad = open_cases(cast, 5)
    Case.objects.filter(pk=moved.pk).update(state="closed", closed_at=timezone.now() + dt.timedelta(days=365))
    Case.objects.filter(pk=abroad.pk).update(current_area="360702101001001")
    key = uuid.uuid4()
    sent = form(
        key,
        **{
            no_office.number: "",
            good.number: offices[0],
            moved.number: offices[0],
            abroad.number: offices[0],
            "NO-SUCH-CASE": offices[0],
            other.number: offices[1],
        },
    )
    answer = as_user(cast.clerk).post(ADDRESS, sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert [result.refusal[:14] for result in answer.context["results"]] == [
        "“派件”需要承接的职能机构 ",
        "",
        "事项已是“已结项”，不能再“",
        f"没有找到事项 {abroad.number}"[:14],
        "没有找到事项 NO-SUCH",
        "",
    ]
    assert '已派 <span class="number">2</span> 件，没有派成 <span class="number">4</span> 件' in page
    for case, office in ((good, offices[0]), (other, offices[1])):
        case.refresh_from_db()
        assert case.state == "dispatched"
        assert case.dispatches.get().office_id == office
        assert TraceEvent.objects.filter(case=case, verb="dispatch", actor=cast.clerk).count() == 1
    keys = ActionKey.objects.filter(user=cast.clerk).values_list("key", flat=True)
    assert set(keys) == {f"{key}-{good.number}", f"{key}-{other.number}"}
    assert {case.state for case in Case.objects.filter(pk__in=[no_office.pk, abroad.pk])} == {"triage"}


def test_sent_again_it_is_done_once_and_goes_on_where_it_broke_off(
    cast: Cast, as_user: AsUser, offices: list[str]
) -> None:
    one, two = open_cases(cast, 2)
    key = uuid.uuid4()
    standing = standing_of(cast.clerk, on=timezone.localdate())
    # The first of them was done before the answer was lost.
    actions.act(
        one.number, "dispatch", Given(office=offices[0]), by=cast.clerk, standing=standing,
        at=timezone.localtime(), key=f"{key}-{one.number}",
    )  # fmt: skip
    for _ in range(2):
        answer = as_user(cast.clerk).post(ADDRESS, form(key, **{one.number: offices[0], two.number: offices[1]}))
        assert answer.status_code == 200
        assert [result.refusal for result in answer.context["results"]] == ["", ""]
    assert Dispatch.objects.filter(case__in=[one, two]).count() == 2
    # The same page with another office is no repetition, and is not done.
    answer = as_user(cast.clerk).post(ADDRESS, form(key, **{one.number: offices[1]}))
    assert answer.status_code == 409
    assert "已经用于另一次办理" in answer.context["results"][0].refusal


def test_nothing_is_dispatched_without_a_key_a_tick_or_in_hundreds(
    cast: Cast, as_user: AsUser, offices: list[str]
) -> None:
    (case,) = open_cases(cast, 1)
    clerk, chosen = as_user(cast.clerk), {case.number: offices[0]}
    assert clerk.post(ADDRESS, form("not a key", **chosen)).status_code == 400
    assert clerk.post(ADDRESS, form(uuid.uuid4())).status_code == 422
    assert clerk.get(ADDRESS).status_code == 422
    many = {f"N{i}": offices[0] for i in range(MAX_AT_ONCE + 1)}
    assert clerk.post(ADDRESS, form(uuid.uuid4(), **many)).status_code == 422
    assert clerk.post(ADDRESS, form(uuid.uuid4(), **{"x" * 21: offices[0]})).status_code == 422
    assert clerk.post(ADDRESS, form(uuid.uuid4(), **{"a\x00b": offices[0]})).status_code == 422
    assert as_user(cast.leader).post(ADDRESS, form(uuid.uuid4(), **chosen)).status_code == 403
    case.refresh_from_db()
    assert case.state == "triage"


def test_only_those_who_may_dispatch_are_offered_the_boxes(cast: Cast, as_user: AsUser) -> None:
    (case,) = open_cases(cast, 1)
    box = f'name="case" value="{case.number}"'
    assert box in as_user(cast.clerk).get("/desk/?show=all").content.decode()
    for user in (cast.leader, cast.chief, cast.centre, cast.admin):
        page = as_user(user).get("/desk/?show=all").content.decode()
        assert case.number in page
        assert box not in page
