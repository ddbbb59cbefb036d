"""The satisfaction survey (R64): number and code are the key, the last answer counts, all are kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from cases import photos
from cases.actions import Opinion, answer_survey
from cases.actions.surveying import survey_until
from cases.models import Case, SurveyAnswer, TraceEvent
from cases.sealing import stored_rows, verify
from gridmap.problems import Conflict, NotFound, Unprocessable
from tests.cases.playing import act
from tests.conftest import Cast, Site
from tests.racing import Browser, ask_database, at_once

pytestmark = pytest.mark.django_db

SignIn = Callable[[User | None], Client]
GOOD, POOR = Opinion("yes", 5, "来得很快"), Opinion("no", 1, "还是不亮")
COMMENT = "第二天又不亮了"


@pytest.fixture
def closed(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> Case:
    """A case of the grid, closed now."""
    act(case, "resolve", cast.worker, now, text="已换灯泡", pictures=[picture])
    return act(case, "close", cast.chief, now)


@pytest.fixture
def fresh(closed: Case) -> Case:
    """The same closed a minute ago by the clock on the wall, which pages go by."""
    return ended(closed, dt.timedelta(minutes=1))


def ended(case: Case, ago: dt.timedelta) -> Case:
    """Move the whole of a closed case to a moment before this one."""
    case.reported_at = case.due_at = case.closed_at = timezone.now() - ago
    case.save()
    return case


def answer(case: Case, opinion: Opinion, at: dt.datetime) -> SurveyAnswer:
    return answer_survey(case.number, case.track_code, opinion, at=at)[0]


# ---- the action --------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_and_traced_without_its_comment(closed: Case, now: dt.datetime) -> None:
    kept = answer(closed, GOOD, now)
    assert (kept.case, kept.solved, kept.satisfaction, kept.comment, kept.at) == (closed, "yes", 5, "来得很快", now)
    traced = TraceEvent.objects.filter(case=closed).latest("seq")
    assert (traced.verb, traced.actor, traced.role, traced.at) == ("survey", None, "", now)
    assert traced.payload == {"solved": "yes", "satisfaction": 5}
    assert (traced.from_state, traced.to_state) == ("closed", "closed")
    assert verify(row for row in stored_rows() if row.number == closed.number).broken is None


def test_the_last_answer_counts_and_those_before_it_are_kept(closed: Case, now: dt.datetime) -> None:
    first, second = answer(closed, GOOD, now), answer(closed, POOR, now)
    assert list(closed.answers.all()) == [second, first]
    assert list(SurveyAnswer.objects.counted().filter(case=closed)) == [second]
    assert TraceEvent.objects.filter(case=closed, verb="survey").count() == 2


def test_the_same_answer_again_writes_nothing(closed: Case, now: dt.datetime) -> None:
    first = answer(closed, GOOD, now)
    assert answer(closed, GOOD, now + dt.timedelta(hours=1)) == first
    assert TraceEvent.objects.filter(case=closed, verb="survey").count() == 1
    # But going back to what was said first is an answer of its own.
    answer(closed, POOR, now)
    assert answer(closed, GOOD, now) != first


def test_answers_are_taken_for_thirty_days_to_the_moment(closed: Case, now: dt.datetime) -> None:
    _, until = answer_survey(closed.number, closed.track_code, GOOD, at=now)
    assert until == survey_until(closed) == now + dt.timedelta(days=30)
    answer(closed, POOR, until)
    with pytest.raises(Conflict, match="结项已超过 30 天") as refused:
        answer(closed, GOOD, until + dt.timedelta(microseconds=1))
    assert refused.value.more == {"state": "closed"}
    assert SurveyAnswer.objects.counted().get(case=closed).solved == "no"


def test_nothing_is_asked_before_the_end_nor_of_a_case_that_was_refused(
    case: Case, cast: Cast, now: dt.datetime
) -> None:
    for state, ended in (("handling", None), ("resolved", None), ("refused", now)):
        Case.objects.filter(pk=case.pk).update(state=state, closed_at=ended)
        case.refresh_from_db()
        assert survey_until(case) is None
        with pytest.raises(Conflict, match="结项以后才能评价"):
            answer(case, GOOD, now)
    assert not SurveyAnswer.objects.filter(case=case).exists()


def test_number_and_code_are_the_key(closed: Case, now: dt.datetime) -> None:
    other = Case.objects.done().exclude(pk=closed.pk)[0]
    for number, code in (
        (closed.number, other.track_code),
        (closed.number, ""),
        (closed.number, "查询码"),
        ("20990101-000001", closed.track_code),
        ("\x00", closed.track_code),
    ):
        with pytest.raises(NotFound, match="编号或查询码不对"):
            answer_survey(number, code, GOOD, at=now)
    assert not SurveyAnswer.objects.filter(case=closed).exists()
    assert answer_survey(closed.number, f" {closed.track_code.lower()} ", GOOD, at=now)[0].case == closed


@pytest.mark.parametrize(
    ("opinion", "parameter"),
    [
        (Opinion("", 5), "solved"),
        (Opinion("maybe", 5), "solved"),
        (Opinion("yes", None), "satisfaction"),
        (Opinion("yes", 0), "satisfaction"),
        (Opinion("yes", 6), "satisfaction"),
        (Opinion("yes", 5, "好" * 501), "comment"),
        (Opinion("yes", 5, "\x00"), "comment"),
    ],
)
def test_what_is_no_answer_is_refused_by_its_name(
    closed: Case, now: dt.datetime, opinion: Opinion, parameter: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        answer(closed, opinion, now)
    assert refused.value.parameter == parameter
    assert not SurveyAnswer.objects.filter(case=closed).exists()
    assert not TraceEvent.objects.filter(case=closed, verb="survey").exists()


def test_a_line_s_end_counts_as_one_character_and_blanks_around_as_none(closed: Case, now: dt.datetime) -> None:
    assert answer(closed, Opinion("partly", 3, "  " + "好\r\n" * 249 + "很好  "), now).comment == "好\n" * 249 + "很好"


def test_the_database_refuses_what_is_out_of_range(closed: Case, now: dt.datetime) -> None:
    good = {"case": closed, "solved": "yes", "satisfaction": 5, "at": now}
    for bad in ({"solved": "maybe"}, {"satisfaction": 0}, {"satisfaction": 6}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SurveyAnswer.objects.create(**(good | bad))


# ---- the page ----------------------------------------------------------------------------------------------------


def track(client: Client, case: Case) -> str:
    return client.get("/track/", {"number": case.number, "code": case.track_code}).content.decode()


def send(client: Client, case: Case, **given: str) -> Any:
    return client.post("/track/survey/", {"number": case.number, "code": case.track_code} | given)


def test_the_page_asks_when_the_case_is_closed_and_thanks_for_the_answer(client: Client, fresh: Case) -> None:
    asked = track(client, fresh)
    for words in ("问题解决了吗", "没有解决", "很不满意", "还想说的话", "送出评价"):
        assert words in asked
    sent = send(client, fresh, solved="partly", satisfaction="2", comment=COMMENT)
    assert sent.status_code == 302
    assert sent.url == f"/track/?number={fresh.number}&code={fresh.track_code}#survey"
    thanked = track(client, fresh)
    until = timezone.localtime(survey_until(fresh))
    for words in ("谢谢您的评价", "解决了一部分", "不太满意", COMMENT, f"{until.year}年{until.month}月{until.day}日"):
        assert words in thanked
    # In the trace it is a deed beside the state, which the page does not list.
    assert "群众评价" not in thanked


def test_the_page_does_not_ask_before_the_end(client: Client, case: Case) -> None:
    assert "survey" not in track(client, case)
    refused = send(client, case, solved="yes", satisfaction="5", comment=COMMENT)
    assert refused.status_code == 409
    assert "结项以后才能评价" in refused.content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"satisfaction": "2"}, "请选择问题解决了没有"),
        ({"solved": "no"}, "请选择满意程度"),
        ({"solved": "no", "satisfaction": "9"}, "请选择满意程度"),
        ({"solved": "no", "satisfaction": "²"}, "请选择满意程度"),
        ({"solved": "no", "satisfaction": "2", "comment": COMMENT + "。" * 500}, "留言不能超过 500 字"),
    ],
)
def test_a_refusal_is_shown_beside_what_was_typed(
    client: Client, fresh: Case, given: dict[str, str], sentence: str
) -> None:
    refused = send(client, fresh, **({"comment": COMMENT} | given))
    shown = refused.content.decode()
    assert refused.status_code == 422
    assert sentence in shown
    assert COMMENT in shown
    assert ('value="no" required checked' in shown) is ("solved" in given)
    assert ('value="2" required checked' in shown) is (given.get("satisfaction") == "2")
    assert not SurveyAnswer.objects.filter(case=fresh).exists()


def test_after_thirty_days_the_page_says_so_and_keeps_what_was_typed(client: Client, closed: Case) -> None:
    ended(closed, dt.timedelta(days=30, seconds=1))
    assert "评价已经截止" in track(client, closed)
    refused = send(client, closed, solved="yes", satisfaction="5", comment=COMMENT)
    shown = refused.content.decode()
    assert refused.status_code == 409
    assert "结项已超过 30 天" in shown
    assert COMMENT in shown
    assert "送出评价" not in shown


def test_a_wrong_code_tells_nothing_and_a_form_of_another_site_is_refused(fresh: Case) -> None:
    client = Client()
    wrong = client.post("/track/survey/", {"number": fresh.number, "code": "ABCDEFGH", "solved": "yes"})
    assert wrong.status_code == 404
    assert "编号或查询码不对" in wrong.content.decode()
    assert fresh.category.name not in wrong.content.decode()
    assert send(Client(enforce_csrf_checks=True), fresh, solved="yes", satisfaction="5").status_code == 403
    assert not SurveyAnswer.objects.filter(case=fresh).exists()


# ---- those who may see the case ----------------------------------------------------------------------------------


def test_those_who_may_see_the_case_read_the_answer_and_nobody_else(fresh: Case, cast: Cast, as_user: SignIn) -> None:
    page, api = f"/cases/{fresh.number}/", f"/api/v1/cases/{fresh.number}"
    chief = as_user(cast.chief)
    assert "上报人还没有评价" in chief.get(page).content.decode()
    assert chief.get(api).json()["survey"] is None
    answer(fresh, GOOD, timezone.now())
    last = answer(fresh, Opinion("no", 1, COMMENT), timezone.now())
    for somebody in (cast.worker, cast.chief, cast.clerk, cast.centre):
        shown = as_user(somebody).get(page).content.decode()
        for words in ("满意度", "没有解决", "很不满意", COMMENT, "修改前的评价", "来得很快"):
            assert words in shown
        assert as_user(somebody).get(api).json()["survey"] == {
            "solved": "no", "solved_name": "没有解决", "satisfaction": 1, "satisfaction_name": "很不满意",
            "comment": COMMENT, "at": timezone.localtime(last.at).isoformat(),
        }  # fmt: skip
    for outside in (None, cast.stranger, cast.department):
        assert "survey" not in as_user(outside).get(api).json()
        assert COMMENT not in as_user(outside).get(page, follow=True).content.decode()


# ---- the API -----------------------------------------------------------------------------------------------------


def test_an_answer_over_the_api(client: Client, fresh: Case) -> None:
    address, body = f"/api/v1/cases/{fresh.number}/survey", {"code": fresh.track_code, "solved": "yes"}
    sent = client.post(address, body | {"satisfaction": 4}, content_type="application/json")
    assert sent.status_code == 200
    assert set(sent.json()) == {
        "number", "solved", "solved_name", "satisfaction", "satisfaction_name", "comment", "at", "until"
    }  # fmt: skip
    assert (sent.json()["satisfaction_name"], sent.json()["comment"]) == ("比较满意", "")
    assert dt.datetime.fromisoformat(sent.json()["until"]) == survey_until(fresh)
    ended(fresh, dt.timedelta(days=31))
    late = client.post(address, body | {"satisfaction": 5}, content_type="application/json")
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "conflict", "closed")
    assert "30 天" in late.json()["detail"]


def test_the_figures_count_the_last_answer_of_each_case(
    client: Client, closed: Case, now: dt.datetime, django_assert_num_queries: Any
) -> None:
    def figures(query: str = "") -> dict[str, Any]:
        return dict(client.get(f"/api/v1/summary{query}").json())

    SurveyAnswer.objects.all().delete()
    done = figures()["done"]
    assert figures()["survey_rate"] == {"numerator": 0, "denominator": done, "percent": 0.0}
    assert figures()["solved_rate"] == {"numerator": 0, "denominator": 0, "percent": None}
    assert figures()["satisfaction"] == {"numerator": 0, "denominator": 0, "mean": None}
    answer(closed, GOOD, now)
    answer(closed, POOR, now)
    elsewhere = Case.objects.done().exclude(current_area__code__startswith=closed.current_area_id[:9])[:2]
    for other, satisfaction in zip(elsewhere, (4, 5), strict=True):
        SurveyAnswer.objects.create(case=other, solved="yes", satisfaction=satisfaction, at=now)
    assert figures()["survey_rate"] == {"numerator": 3, "denominator": done, "percent": 0.1}
    assert figures()["solved_rate"] == {"numerator": 2, "denominator": 3, "percent": 66.7}
    assert figures()["satisfaction"] == {"numerator": 10, "denominator": 3, "mean": 3.33}
    with django_assert_num_queries(2):
        figures()
    of_town = figures(f"?area={closed.current_area_id[:9]}")
    assert of_town["satisfaction"] == {"numerator": 1, "denominator": 1, "mean": 1.0}


# ---- at once -----------------------------------------------------------------------------------------------------


def test_answers_at_once_are_all_kept_and_one_counts(server: Site, cast: Cast) -> None:
    [(pk, number, code)] = ask_database(
        server,
        """SELECT id, number, track_code FROM cases_case WHERE state = 'closed' AND current_area_id = %s
           ORDER BY id DESC LIMIT 1""",
        cast.grid,
    )
    close_now(server, pk)
    bodies = [{"code": code, "solved": "yes", "satisfaction": it % 5 + 1, "comment": f"第 {it} 次"} for it in range(8)]
    browsers = [Browser(server.url) for _ in bodies]
    answers = at_once(browsers, f"/api/v1/cases/{number}/survey", bodies)
    assert [it.status for it in answers] == [200] * 8
    rows = ask_database(server, "SELECT satisfaction FROM cases_surveyanswer WHERE case_id = %s ORDER BY id", pk)
    traced = ask_database(
        server,
        """SELECT (payload->>'satisfaction')::int FROM cases_traceevent WHERE case_id = %s AND verb = 'survey'
           ORDER BY seq""",
        pk,
    )
    # The trace tells them in the order they were taken.
    assert rows == traced
    assert len(rows) == 8
    again = at_once(browsers, f"/api/v1/cases/{number}/survey", [bodies[0] | {"comment": "同一句"}] * 8)
    assert len({json.dumps(it.body) for it in again}) == 1
    assert ask_database(server, "SELECT count(*) FROM cases_surveyanswer WHERE case_id = %s", pk) == [(9,)]


def close_now(server: Site, pk: int) -> None:
    """Move a closed case's end to this moment, so that it can be answered about."""
    with closing(psycopg2.connect(server.database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET closed_at = now() WHERE id = %s", [pk])
