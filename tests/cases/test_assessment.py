"""One whistle, one assessment: the office's marks, and one result of each department."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from cases import photos
from cases.models import Case, Result, SurveyAnswer, TraceEvent, Verification
from cases.scoring import Marks
from gridmap.problems import Conflict, Forbidden, Unprocessable
from tests.cases.assessing import FRIDAY, GOOD, THURSDAY, certified, july, numbers, result, spent
from tests.cases.playing import Department, Office, act, offered
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_r65_the_office_marks_the_departments_it_verifies(
    claimed: Case, offices: list[Office], lead: Department, assistant: Department, outsider: Department
) -> None:
    office, at = offices[0], july(THURSDAY, 15)
    with pytest.raises(Unprocessable, match="专业评估的四项评分") as refused:
        certified(claimed, office, at, {})
    assert refused.value.parameter == "marks"
    with pytest.raises(Unprocessable, match="请给主办部门评分"):
        certified(claimed, office, at, {assistant.code: GOOD})
    with pytest.raises(Unprocessable, match="没有发给这个部门"):
        certified(claimed, office, at, {"": GOOD, outsider.code: GOOD})
    for bad in (Marks(6, 0, 0, 0), Marks(0, 0, 0, -1)):
        with pytest.raises(Unprocessable, match="0 到 5"):
            certified(claimed, office, at, {"": bad})
    assert not Verification.objects.filter(assignment__case=claimed).exists()
    assert certified(claimed, office, at, {"": GOOD, assistant.code: Marks(1, 2, 3, 4)}).state == "closed"
    made = Verification.objects.filter(assignment__case=claimed).select_related("assignment")
    rows = {it.assignment.unit_id: it for it in made}
    assert {code: (it.marks, it.own) for code, it in rows.items()} == {
        lead.code: (GOOD, True),
        assistant.code: (Marks(1, 2, 3, 4), True),
    }
    assert {(it.text, it.by, it.at) for it in rows.values()} == {("盖面平整", office.user, at)}
    told = TraceEvent.objects.filter(case=claimed).latest("seq").payload["marks"]
    assert [(it["unit"], it["solved"], it["cooperation"]) for it in told] == [
        (lead.code, 4, 4),
        (assistant.code, 1, 4),
    ]


def test_who_assists_has_the_leads_marks_where_it_is_given_none(closed: Case, assistant: Department) -> None:
    row = Verification.objects.get(assignment__unit=assistant.code)
    assert (row.marks, row.own) == (GOOD, False)


def test_r66_the_result_joins_the_systems_part_and_the_towns(
    closed: Case, cast: Cast, lead: Department, principal: User
) -> None:
    SurveyAnswer.objects.create(case=closed, solved="yes", satisfaction=1, at=july(THURSDAY, 16))
    SurveyAnswer.objects.create(case=closed, solved="yes", satisfaction=5, at=july(THURSDAY, 17))
    assert offered(closed, cast.clerk, july(FRIDAY, 10)) == ["reopen", "evaluate"]
    assert act(closed, "evaluate", cast.clerk, july(FRIDAY, 10)).state == "evaluated"
    found = result(closed, lead)
    assert spent(found) == {
        "receipt": (1, 2, True),
        "arrival": (4, 8, True),
        "handling": (16, 80, True),
    }
    assert all(found.inputs["evidence"].values())
    assert numbers(found) == [100, 88, 94]
    assert (found.grade, found.flags, found.model_version) == ("excellent", [], "1")
    closed.refresh_from_db()
    # An end like the one before: it counts as done, and was closed when it was closed.
    assert closed.closed_at == july(THURSDAY, 15)
    assert Case.objects.done().filter(pk=closed.pk).exists()
    assert not Case.objects.open().filter(pk=closed.pk).exists()
    told = TraceEvent.objects.filter(case=closed).latest("seq")
    assert (told.verb, told.from_state, told.to_state) == ("evaluate", "closed", "evaluated")
    assert told.payload["results"][0]["total"] == "94.00"


def test_r66_without_a_survey_the_whole_of_the_towns_part_is_the_offices(evaluated: Case, lead: Department) -> None:
    found = result(evaluated, lead)
    assert numbers(found) == [100, 80, 90]
    assert found.flags == ["unsurveyed"]


def test_r76_exactly_one_result_per_assignment(
    evaluated: Case, cast: Cast, lead: Department, assistant: Department
) -> None:
    results = Result.objects.filter(assignment__case=evaluated)
    assert sorted(results.values_list("assignment__unit", flat=True)) == sorted([lead.code, assistant.code])
    with pytest.raises(Conflict, match="已评价"):
        act(evaluated, "evaluate", cast.clerk, july(FRIDAY, 11))
    first = result(evaluated, lead)
    first.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)
    assert results.count() == 2


def test_r76_final_only_after_closing(claimed: Case, cast: Cast, offices: list[Office], lead: Department) -> None:
    with pytest.raises(Conflict, match="部门办结核实"):
        act(claimed, "evaluate", cast.clerk, july(THURSDAY, 11))
    certified(claimed, offices[0], july(THURSDAY, 15))
    act(claimed, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(claimed, lead)
    # Five working days from Friday at ten.
    assert found.appeal_by == july(17, 10)
    assert [found.is_final(at) for at in (july(17, 10), july(17, 10, 1))] == [False, True]


def test_only_the_towns_centre_scores(closed: Case, cast: Cast, offices: list[Office], lead: Department) -> None:
    for somebody in (cast.worker, cast.leader, offices[0].user, lead.user, cast.centre):
        with pytest.raises(Forbidden):
            act(closed, "evaluate", somebody, july(FRIDAY, 10))
    assert not Result.objects.filter(assignment__case=closed).exists()


def test_a_case_that_no_department_was_asked_about_is_not_scored(
    case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture
) -> None:
    act(case, "resolve", cast.worker, now, text="已扶正", pictures=[picture])
    act(case, "close", cast.chief, now)
    assert "evaluate" not in offered(case, cast.clerk, now)
    with pytest.raises(Conflict, match="没有区级部门承办"):
        act(case, "evaluate", cast.clerk, now)


@pytest.mark.parametrize(
    "change",
    [
        {"total": 101},
        {"system_score": -1},
        {"appealed_at": july(13, 9)},
        {"appealed_at": july(20, 9), "appeal_reason": "迟了", "final_at": None},
        {"appeal_reason": "没有时间"},
        {"decided_at": july(13, 9), "ruling": "upheld", "ruling_reason": "没有申诉"},
        {"ruling": "granted"},
        {"exempt": "receipt"},
        {"final_at": None},
    ],
)
def test_the_database_keeps_results_whole(evaluated: Case, lead: Department, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.filter(pk=result(evaluated, lead).pk).update(**change)


def test_the_database_takes_no_marks_above_five(closed: Case) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Verification.objects.update(solved=6)


def test_cases_closed_before_there_were_marks_are_scored_without(closed: Case, cast: Cast, lead: Department) -> None:
    Verification.objects.all().delete()
    act(closed, "evaluate", cast.clerk, july(FRIDAY, 10))
    found = result(closed, lead)
    assert numbers(found) == [100, None, 100]
    assert found.flags == ["unsurveyed", "unmarked"]


def test_the_result_is_read_by_page_and_program_in_few_statements(
    evaluated: Case,
    cast: Cast,
    lead: Department,
    outsider: Department,
    as_user: Callable[[User | None], Client],
    django_assert_max_num_queries: Any,
) -> None:
    client = as_user(lead.user)
    with django_assert_max_num_queries(14):
        told = client.get(f"/api/v1/cases/{evaluated.number}").json()
    found = {it["unit"]["code"]: it["result"] for it in told["assignments"]}[lead.code]
    assert (found["total"], found["grade"], found["flags"], found["marks"]["solved"]) == (
        90,
        "excellent",
        ["unsurveyed"],
        4,
    )
    assert [(it["component"], it["got"], it["used_h"], it["allowed_h"]) for it in found["components"]] == [
        ("receipt", 15, 1, 2),
        ("arrival", 25, 4, 8),
        ("handling", 35, 16, 80),
        ("quality", 15, None, None),
        ("trace", 10, None, None),
    ]
    with django_assert_max_num_queries(21):
        page = client.get(f"/cases/{evaluated.number}/").content.decode()
    for words in ("考核结果", "90.00", "未调查", "1 / 2", "4 / 8", "16 / 80", "模型第 1 版"):
        assert words in page
    assert as_user(outsider.user).get(f"/cases/{evaluated.number}/").status_code == 404
    assert "90.00" not in as_user(None).get(f"/api/v1/cases/{evaluated.number}").content.decode()


def test_marks_are_sent_as_json(
    claimed: Case, offices: list[Office], assistant: Department, as_user: Callable[[User | None], Client]
) -> None:
    def send(marks: object) -> Any:
        body = {"text": "平整", "marks": marks}
        address = f"/api/v1/cases/{claimed.number}/actions/certify"
        return as_user(offices[0].user).post(address, body, content_type="application/json")

    own = {"solved": 5, "removed": 4, "quality": 3, "cooperation": 2}
    for bad in (
        [own | {"solved": 6}],
        [own | {"solved": "很好"}],
        [{"solved": 5}],
        [own | {"luck": 1}],
        "5",
        [5],
        [own, own],
        None,
    ):
        answer = send(bad)
        assert 400 <= answer.status_code < 500, (bad, answer.content)
    made = Verification.objects.filter(assignment__case=claimed)
    assert not made.exists()
    assert send([own, own | {"department": assistant.code, "solved": 0}]).json()["state"] == "closed"
    assert sorted(it.solved for it in made.all()) == [0, 5]


def test_the_form_asks_for_marks_and_keeps_what_was_chosen(
    claimed: Case, offices: list[Office], lead: Department, assistant: Department, as_user: Callable[[User], Client]
) -> None:
    client, address = as_user(offices[0].user), f"/cases/{claimed.number}/"
    assert f'name="marks-{lead.code}-solved" required' in client.get(address).content.decode()
    typed = {f"marks-{lead.code}-{item}": "4" for item in ("solved", "removed", "quality")}
    page = client.post(f"{address}certify/", {"text": "平整", **typed})
    assert page.status_code == 422
    assert "四项都要评" in page.content.decode()
    assert page.content.decode().count('<option value="4" selected>') == 3
    typed |= {f"marks-{lead.code}-cooperation": "5", f"marks-{assistant.code}-solved": ""}
    assert client.post(f"{address}certify/", {"text": "平整", **typed}).status_code == 302
    row = Verification.objects.get(assignment__case=claimed, assignment__unit=lead.code)
    assert row.marks == Marks(4, 4, 4, 5)
    assert not Verification.objects.get(assignment__case=claimed, assignment__unit=assistant.code).own
