"""Many who ask a running server at once, each a browser of their own, and what its database holds afterwards."""

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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any, TypeVar

import psycopg2
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cases.demonstration.accounts import PASSWORD
from cases.sealing import ROWS, Row, verify
from gridmap.models import Boundary
from gridmap.problems import Unavailable
from tests.conftest import PATIENCE_S, Site

Item = TypeVar("Item")
UNAVAILABLE = Unavailable.status


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
        return self.send(path, json.dumps(body).encode(), **{"Content-Type": "application/json"})

    def send(self, path: str, data: bytes, **headers: str) -> Answer:
        status, text = self.ask(path, data, **headers)
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


def together(send: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """What each item gets that is sent, all starting together."""
    barrier = threading.Barrier(len(items))

    def start(item: Item) -> Answer:
        barrier.wait(PATIENCE_S)
        return send(item)

    with ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(start, items))


def at_once(browsers: list[Browser], path: str, bodies: list[dict[str, Any]]) -> list[Answer]:
    """What each gets that posts its own body."""
    return together(lambda each: each[0].post(path, each[1]), list(zip(browsers, bodies, strict=True)))


def ask_database(server: Site, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(server.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


# ---- reports and deeds -----------------------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class Deed:
    """One verb with what it needs, by somebody who may use it; with a key where it has one."""

    by: Browser
    verb: str
    form: bytes
    key: str = ""
    media: str = MULTIPART_CONTENT

    def on(self, number: str) -> Answer:
        headers = {"Content-Type": self.media} | ({"Idempotency-Key": self.key} if self.key else {})
        return self.by.send(f"/api/v1/cases/{number}/actions/{self.verb}", self.form, **headers)


def deed(by: Browser, verb: str, key: str = "", **fields: Any) -> Deed:
    return Deed(by, verb, encode_multipart(BOUNDARY, fields), key)


def deed_in_json(by: Browser, verb: str, **fields: Any) -> Deed:
    """For what a form cannot say."""
    return Deed(by, verb, json.dumps(fields).encode(), media="application/json")


def signed_in(server: Site, username: str) -> Browser:
    browser = Browser(server.url)
    browser.sign_in(username)
    return browser


def new_case(server: Site) -> str:
    """The number of a case just reported on the showcase ground."""
    return str(Browser(server.url).post("/api/v1/cases", report(showcase_ground(server)[1])).body["number"])


def assert_sealed(server: Site) -> None:
    """The chains of all cases hold."""
    assert verify(Row(*values) for values in ask_database(server, ROWS)).broken is None


# ---- under kills -----------------------------------------------------------------------------------------------------


def workers_of(server: Site) -> list[int]:
    """The server's worker processes."""
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(children) as listed:
        return [int(pid) for pid in listed.read().split()]


def insist(send: Callable[[Item], Answer], item: Item, lost: list[str]) -> Answer:
    """Send it until it is acknowledged, as a client does whose line breaks or who is told to try again.

    What came instead is added to ``lost``.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = send(item)
        except (OSError, HTTPException) as broken:
            lost.append(type(broken).__name__)
        else:
            if answer.status != UNAVAILABLE:
                return answer
            lost.append(str(answer.status))
        time.sleep(0.1)
    raise AssertionError("never acknowledged")


def send_under_kills(
    send: Callable[[Item], Answer],
    streams: Sequence[Sequence[Item]],
    kills: Sequence[Callable[[], object]],
    *,
    lost: list[str],
) -> list[tuple[Item, Answer]]:
    """Insist on every item, each stream in a thread of its own, while one kill after another is done.

    Between two of them twelve items more are acknowledged; one that says False waits for its moment. The load outlasts
    them all.
    """
    sent: list[tuple[Item, Answer]] = []

    def stream(mine: Sequence[Item]) -> None:
        for item in mine:
            answer = insist(send, item, lost)
            sent.append((item, answer))
            if answer.status >= 400:  # then what builds on it would be refused as well
                return

    waiting, due = list(kills), 12
    with ThreadPoolExecutor(len(streams)) as threads:
        running = [threads.submit(stream, mine) for mine in streams]
        while waiting and not all(it.done() for it in running):
            if len(sent) >= due and waiting[0]() is not False:
                del waiting[0]
                due = len(sent) + 12
            time.sleep(0.01)
    for it in running:
        it.result()
    refused = [answer for _, answer in sent if answer.status >= 400]
    assert not refused, refused
    assert not waiting, "the load was over before the kills were"
    assert lost, "nobody noticed the kills, so nothing was tested"
    return sent


def kill_workers(server: Site) -> list[Callable[[], object]]:
    """A kill for every worker the server has now."""
    return [partial(os.kill, worker, signal.SIGKILL) for worker in workers_of(server)]
