"""What happens when many do the same thing at once, or a process dies under them: against the real server."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any

import psycopg2
import pytest

from cases.demonstration.accounts import PASSWORD
from gridmap.models import Boundary
from tests.conftest import PATIENCE_S, Cast, Site

pytestmark = pytest.mark.django_db

THREADS = 8


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any


class Browser:
    """Somebody with cookies of their own."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(self.site + path, data, headers | {"X-CSRFToken": self.token()})
        try:
            with self.opener.open(request, timeout=PATIENCE_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def token(self) -> str:
        return next((it.value or "" for it in self.cookies if it.name == "csrftoken"), "")

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        status, text = self.ask(path, json.dumps(body).encode(), **{"Content-Type": "application/json"})
        return Answer(status, json.loads(text))

    def sign_in(self, username: str) -> None:
        """By the form, as people do."""
        _, page = self.ask("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        status, _ = self.ask("/sign-in/", urllib.parse.urlencode(form).encode())
        assert status == 200
        assert any(it.name == "sessionid" for it in self.cookies)


def at_once(browsers: list[Browser], path: str, bodies: list[dict[str, Any]]) -> list[Answer]:
    """What each gets that posts its own body, all starting together."""
    barrier = threading.Barrier(len(browsers))

    def start(browser: Browser, body: dict[str, Any]) -> Answer:
        barrier.wait(PATIENCE_S)
        return browser.post(path, body)

    with ThreadPoolExecutor(len(browsers)) as threads:
        return list(threads.map(start, browsers, bodies))


def crowd(server: Site) -> list[Browser]:
    return [Browser(server.url) for _ in range(THREADS)]


def report(grid: str) -> dict[str, Any]:
    """A report from inside a grid; the server's district is the same as ours."""
    inside = Boundary.objects.get(area=grid, valid_until=None).geom.point_on_surface
    return {
        "client_id": str(uuid.uuid4()),
        "category": "0301",
        "text": "路灯不亮",
        "lon": inside.x,
        "lat": inside.y,
        "coord": "cgcs2000",
        "channel": "web",
    }


def ask_database(server: Site, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(server.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


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


def showcase_ground(server: Site) -> tuple[list[str], str]:
    """Two accounts that may take the same case, and the grid of that case."""
    [(worker, grid)] = ask_database(
        server,
        """SELECT u.username, a.area_id FROM gridmap_appointment a
           JOIN gridmap_person p ON p.code = a.person_id JOIN auth_user u ON u.id = p.user_id
           WHERE a.role = 'grid_worker' AND u.password NOT LIKE '!%%' ORDER BY a.area_id LIMIT 1""",
    )
    [(chief,)] = ask_database(
        server,
        """SELECT u.username FROM gridmap_appointment a
           JOIN gridmap_person p ON p.code = a.person_id JOIN auth_user u ON u.id = p.user_id
           WHERE a.role = 'grid_chief' AND a.area_id = %s AND u.password NOT LIKE '!%%'""",
        grid[:12],
    )
    return [worker, chief], grid


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


def workers_of(server: Site) -> list[int]:
    """The server's worker processes."""
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(children) as listed:
        return [int(pid) for pid in listed.read().split()]


def insist(site: str, body: dict[str, Any], lost: list[str]) -> Answer:
    """Send a report until it is acknowledged, as a client does whose line breaks."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            return Browser(site).post("/api/v1/cases", body)
        except (OSError, HTTPException) as broken:
            lost.append(type(broken).__name__)
            time.sleep(0.1)
    raise AssertionError("never acknowledged")


def test_a_worker_killed_in_a_stream_of_reports_loses_none_and_doubles_none(server: Site, cast: Cast) -> None:
    bodies = [report(cast.grid) | {"text": f"路灯不亮 {number}"} for number in range(96)]
    sent: list[tuple[dict[str, Any], Answer]] = []
    lost: list[str] = []
    before = workers_of(server)
    assert len(before) == 2

    def stream(mine: list[dict[str, Any]]) -> None:
        for body in mine:
            sent.append((body, insist(server.url, body, lost)))

    threads = [threading.Thread(target=stream, args=(bodies[start::THREADS],)) for start in range(THREADS)]
    for thread in threads:
        thread.start()
    for victim in before:
        acknowledged = len(sent)
        while len(sent) < acknowledged + 12 and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        assert any(thread.is_alive() for thread in threads)
        os.kill(victim, signal.SIGKILL)
    for thread in threads:
        thread.join(PATIENCE_S)

    assert len(sent) == len(bodies)
    assert all(answer.status in (200, 201) for _, answer in sent), [answer for _, answer in sent]
    assert lost, "nobody noticed the kill, so nothing was tested"
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
    again = [insist(server.url, body, lost) for body in bodies[:16]]
    assert {answer.status for answer in again} == {200}
    assert not set(before) & set(workers_of(server))
