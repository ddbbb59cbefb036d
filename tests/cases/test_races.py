"""What happens when many do the same thing at once, or a process dies under them: against the real server."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.cases import pictures
from tests.conftest import SHOWCASE_TOWN, Cast, Site
from tests.racing import (
    UNAVAILABLE,
    Answer,
    Browser,
    Deed,
    ask_database,
    assert_sealed,
    at_once,
    deed,
    kill_workers,
    new_case,
    report,
    send_under_kills,
    showcase_ground,
    signed_in,
    together,
    workers_of,
)

pytestmark = pytest.mark.django_db

THREADS = 8
CLIENTS = 20


def crowd(server: Site) -> list[Browser]:
    return [Browser(server.url) for _ in range(THREADS)]


def test_the_same_report_sent_eight_times_at_once_is_one_case(server: Site, cast: Cast) -> None:
    for _ in range(3):
        body = report(cast.grid)
        answers = at_once(crowd(server), "/api/v1/cases", [body] * THREADS)
        assert sorted(it.status for it in answers) == [200] * (THREADS - 1) + [201]
        assert len({json.dumps(it.body) for it in answers}) == 1
        rows = ask_database(server, "SELECT number FROM cases_case WHERE client_id = %s", body["client_id"])
        assert rows == [(answers[0].body["number"],)]


def test_different_reports_under_one_id_leave_one_case(server: Site, cast: Cast) -> None:
    body = report(cast.grid)
    bodies = [body | {"text": f"路灯不亮 {number}"} for number in range(THREADS)]
    answers = at_once(crowd(server), "/api/v1/cases", bodies)
    assert sorted(it.status for it in answers) == [201] + [409] * (THREADS - 1)
    assert ask_database(server, "SELECT count(*) FROM cases_case WHERE client_id = %s", body["client_id"]) == [(1,)]


def test_voices_at_once_are_all_counted_and_each_once(server: Site, cast: Cast) -> None:
    number = Browser(server.url).post("/api/v1/cases", report(cast.grid)).body["number"]
    ids = [str(uuid.uuid4()) for _ in range(THREADS // 2)] * 2
    answers = at_once(crowd(server), f"/api/v1/cases/{number}/voices", [{"client_id": who} for who in ids])
    assert sorted(it.status for it in answers) == [200] * (THREADS // 2) + [201] * (THREADS // 2)
    assert ask_database(server, "SELECT voices_count FROM cases_case WHERE number = %s", number) == [(THREADS // 2,)]
    trace = ask_database(
        server,
        """SELECT t.seq, (t.payload->>'voices')::int FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
           WHERE number = %s ORDER BY 1""",
        number,
    )
    assert trace == [(1, None), *((count + 1, count) for count in range(1, THREADS // 2 + 1))]


def test_two_who_take_the_same_case_at_once(server: Site, cast: Cast) -> None:
    names, grid = showcase_ground(server)
    people = [Browser(server.url) for _ in names]
    for browser, name in zip(people, names, strict=True):
        browser.sign_in(name)
    for _ in range(3):
        number = people[0].post("/api/v1/cases", report(grid)).body["number"]
        answers = at_once(people, f"/api/v1/cases/{number}/actions/accept", [{}, {}])
        assert sorted(it.status for it in answers) == [200, 409], answers
        late = next(it for it in answers if it.status == 409)
        assert (late.body["code"], late.body["state"]) == ("conflict", "handling")
        assert "处置中" in late.body["detail"]
        verbs = ask_database(
            server,
            """SELECT verb FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
               WHERE number = %s ORDER BY seq""",
            number,
        )
        assert verbs == [("report",), ("accept",)]


@pytest.fixture
def life(server: Site, let_in: Callable[..., tuple[str, str]]) -> list[list[Deed]]:
    """The steps of a whole life by those who may take them, from the grid to the leader, with more time, to the end."""
    chief = signed_in(server, showcase_ground(server)[0][1])
    clerk = signed_in(server, let_in("centre_clerk", "网格化服务管理中心")[1])
    builder = signed_in(server, let_in("office_staff", "城市建设办公室")[1])
    leader = signed_in(server, let_in("leader_in_charge", "街道办事处")[1])
    envoy, _ = let_in("office_staff", "党政综合办公室")
    [(office,)] = ask_database(
        server,
        "SELECT code FROM gridmap_organisation WHERE area_id = %s AND name LIKE %s",
        SHOWCASE_TOWN,
        "%城市建设办公室",
    )
    photo = pictures.upload(pictures.jpeg(40, 30))
    return [
        [deed(chief, "accept")],
        [deed(chief, "whistle", tried="设了围挡", text="没有施工权限")],
        [deed(clerk, "file"), deed(clerk, "send", person=envoy)],
        [deed(clerk, "dispatch", office=office)],
        [deed(builder, "brief", text="拟由本办换灯")],
        [deed(leader, "order", unit=office, text="更换路灯", limit_amount=3, limit_unit="working_days")],
        [deed(builder, "extend", reason="scope", text="要换整条线", limit_amount=1, limit_unit="working_days")],
        [deed(clerk, "grant_extension")],
        [deed(builder, "finish", text="已更换", photos=[photo])],
        [deed(clerk, "confirm")],
    ]


def state_of(server: Site, number: str) -> str:
    [(state,)] = ask_database(server, "SELECT state FROM cases_case WHERE number = %s", number)
    return str(state)


def assert_lived_once(server: Site, number: str) -> None:
    """Each step is in the trace once, and did what it does once."""
    trace = ask_database(
        server,
        """SELECT seq, verb, to_state FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
           WHERE number = %s ORDER BY seq""",
        number,
    )
    verbs = [verb for _, verb, _ in trace]
    assert sorted(verbs[3:5]) == ["file", "send"]
    beside, end = ["extend", "grant_extension"], ["finish", "confirm"]
    assert verbs[:3] + verbs[5:] == ["report", "accept", "whistle", "dispatch", "brief", "order", *beside, *end]
    assert [seq for seq, _, _ in trace] == list(range(1, 13))
    assert (trace[-1][2], state_of(server, number)) == ("closed", "closed")
    written = ask_database(
        server,
        """SELECT (SELECT count(*) FROM cases_whistle WHERE case_id = c.id),
                  (SELECT count(*) FROM cases_dispatch WHERE case_id = c.id),
                  (SELECT count(*) FROM cases_assignment WHERE case_id = c.id),
                  (SELECT count(*) FROM cases_procedure WHERE case_id = c.id AND stage = 'granted'),
                  (SELECT count(*) FROM cases_photo WHERE case_id = c.id)
           FROM cases_case c WHERE number = %s""",
        number,
    )
    assert written == [(1, 1, 1, 1, 1)]
    assert_sealed(server)


def test_twenty_at_every_step_of_a_life_are_one_step_and_nineteen_refusals(
    server: Site, cast: Cast, life: list[list[Deed]]
) -> None:
    number = new_case(server)
    for step in life:
        before = state_of(server, number)
        deeds = step * (CLIENTS // len(step))
        answers = together(lambda it: it.on(number), deeds)
        statuses = Counter((it.verb, answer.status) for it, answer in zip(deeds, answers, strict=True))
        late = CLIENTS // len(step) - 1
        assert statuses == {(it.verb, status): many for it in step for status, many in ((200, 1), (409, late))}, answers
        after = state_of(server, number)
        # Who came late is told where the case is now; between two tracks that may be where it was.
        now = {after} if len(step) == 1 else {before, after}
        refused = [it.body for it in answers if it.status == 409]
        assert {it["code"] for it in refused} == {"conflict"}
        assert {it["state"] for it in refused} <= now
    assert_lived_once(server, number)


def test_twenty_with_one_key_at_every_step_of_a_life_are_all_answered_and_it_is_done_once(
    server: Site, cast: Cast, life: list[list[Deed]]
) -> None:
    number = new_case(server)
    for step in life:
        keyed = [replace(it, key=str(uuid.uuid4())) for it in step]
        answers = together(lambda it: it.on(number), keyed * (CLIENTS // len(step)))
        assert {it.status for it in answers} == {200}, answers
        assert state_of(server, number) in {it.body["state"] for it in answers}
        if len(step) == 1:  # between two tracks each is told what it finds
            assert len({json.dumps(it.body) for it in answers}) == 1
    assert_lived_once(server, number)


def test_a_worker_killed_in_a_stream_of_reports_loses_none_and_doubles_none(server: Site, cast: Cast) -> None:
    bodies = [report(cast.grid) | {"text": f"路灯不亮 {number}"} for number in range(96)]

    def send(body: dict[str, Any]) -> Answer:
        return Browser(server.url).post("/api/v1/cases", body)

    before = workers_of(server)
    lost: list[str] = []
    sent = send_under_kills(send, [bodies[start::THREADS] for start in range(THREADS)], kill_workers(server), lost=lost)
    assert not set(before) & set(workers_of(server))
    assert str(UNAVAILABLE) not in lost
    assert all(answer.status in (200, 201) for _, answer in sent), [answer for _, answer in sent]
    stored = dict(
        ask_database(
            server,
            "SELECT client_id::text, array_agg(number::text) FROM cases_case WHERE client_id::text = ANY(%s) GROUP BY 1",
            [body["client_id"] for body in bodies],
        )
    )
    assert stored == {body["client_id"]: [answer.body["number"]] for body, answer in sent}
    # Each with its trace: a case without one would be half written.
    [(traced,)] = ask_database(
        server,
        """SELECT count(DISTINCT t.case_id) FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
           WHERE c.client_id::text = ANY(%s) AND t.verb = 'report'""",
        list(stored),
    )
    assert traced == len(bodies)
    # And once more, all of them: nothing new.
    assert {send(body).status for body in bodies[:16]} == {200}


def test_a_worker_killed_in_a_stream_of_actions_loses_none_and_doubles_none(server: Site, cast: Cast) -> None:
    worker = signed_in(server, showcase_ground(server)[0][0])
    numbers = [new_case(server) for _ in range(3 * THREADS)]
    records = [f"第 {count} 次" for count in range(1, 5)]

    def script(number: str) -> list[tuple[str, Deed]]:
        deeds = [deed(worker, "accept"), *(deed(worker, "record", text=text) for text in records)]
        return [(number, replace(it, key=str(uuid.uuid4()))) for it in deeds]

    def send(item: tuple[str, Deed]) -> Answer:
        number, it = item
        return it.on(number)

    def traces() -> dict[str, list[str]]:
        return dict(
            ask_database(
                server,
                """SELECT number::text, array_agg(coalesce(payload->>'text', verb) ORDER BY seq)
                   FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
                   WHERE number = ANY(%s) GROUP BY 1""",
                numbers,
            )
        )

    streams = [[item for number in numbers[start::THREADS] for item in script(number)] for start in range(THREADS)]
    before = workers_of(server)
    lost: list[str] = []
    sent = send_under_kills(send, streams, kill_workers(server), lost=lost)
    assert not set(before) & set(workers_of(server))
    assert str(UNAVAILABLE) not in lost
    assert {answer.status for _, answer in sent} == {200}, sent
    once = {number: ["report", "accept", *records] for number in numbers}
    assert traces() == once
    # And once more, all of them: nothing new.
    assert {send(item).status for item, _ in sent} == {200}
    assert traces() == once
    assert_sealed(server)
