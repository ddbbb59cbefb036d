"""Answers kept in memory: by key, within their room, and never out of date."""

from __future__ import annotations

import gzip
import json
import urllib.request
from typing import Any

import psycopg2
import pytest

from gridmap.features.kept import KeptAnswers
from tests.conftest import Site


def made(body: bytes, calls: list[bytes]) -> Any:
    def make() -> bytes:
        calls.append(body)
        return body

    return make


def test_the_same_key_is_made_once() -> None:
    kept, calls = KeptAnswers(room=100), []
    assert [kept.body("a", made(b"one", calls)), kept.body("a", made(b"two", calls))] == [b"one", b"one"]
    assert calls == [b"one"]


def test_what_nobody_asks_for_goes_first() -> None:
    kept, calls = KeptAnswers(room=100), []
    for key in ("a", "b", "c", "d"):
        kept.body(key, made(b"x" * 25, calls))
    kept.body("a", made(b"again", calls))
    kept.body("e", made(b"x" * 25, calls))
    assert len(calls) == 5
    kept.body("a", made(b"again", calls))
    assert b"again" not in calls
    kept.body("b", made(b"b again", calls))
    assert calls[-1] == b"b again"


def test_what_takes_over_a_quarter_of_the_room_is_not_kept() -> None:
    kept, calls = KeptAnswers(room=100), []
    for _ in range(2):
        assert kept.body("a", made(b"x" * 26, calls)) == b"x" * 26
    assert len(calls) == 2


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_change_is_in_the_next_answer(server: Site, coding: str) -> None:
    def named() -> tuple[str, str]:
        address = f"{server.url}/api/v1/areas.geojson?level=district"
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept-Encoding": coding})) as answer:
            body = answer.read()
            assert answer.headers.get("Content-Encoding", "identity") == coding
            assert "Accept-Encoding" in answer.headers["Vary"]
        text = gzip.decompress(body) if coding == "gzip" else body
        return json.loads(text)["features"][0]["properties"]["name"], json.loads(text)["generated_at"]

    with psycopg2.connect(server.database_url) as writer, writer.cursor() as cursor:
        before = {named() for _ in range(6)}
        assert len({name for name, _ in before}) == 1
        for name in (f"改名一{coding}", f"改名二{coding}", next(iter(before))[0]):
            cursor.execute("UPDATE gridmap_area SET name = %s WHERE level = 'district'", (name,))
            assert {found for found, _ in (named() for _ in range(4))} != {name}, "not committed yet"
            writer.commit()
            assert {found for found, _ in (named() for _ in range(4))} == {name}
    writer.close()
