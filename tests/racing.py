"""Many who ask a running server at once, each a browser of their own, and what its database holds afterwards."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any, TypeVar

import psycopg2

from cases.demonstration.accounts import PASSWORD
from tests.conftest import PATIENCE_S, Site

Item = TypeVar("Item")


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
