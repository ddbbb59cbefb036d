"""The threads of a process answer in turn, processes share connections, and nobody waits longer than they should."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from gridmap.serving import OneAtATime
from tests.conftest import PATIENCE_S, ROOT

LONG_S = 30


# ---- in turn ----------------------------------------------------------------------------------------------------------


class Busy:
    """A site that counts how many answers it computes at once, and goes on only when told to."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, _environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.now += 1
        self.most = max(self.most, self.now)
        self.began.release()
        assert self.go_on.acquire(timeout=LONG_S)
        self.now -= 1
        return [b"done"]


def ask(site: OneAtATime) -> list[bytes]:
    return list(site({}, lambda *_: lambda _: None))  # type: ignore[arg-type, return-value]


def test_answers_are_computed_one_after_the_other() -> None:
    busy = Busy()
    site = OneAtATime(busy, patience_s=LONG_S)
    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(ask, site) for _ in range(3)]
        for _ in answers:
            assert busy.began.acquire(timeout=LONG_S)
            assert not busy.began.acquire(timeout=0.05)
            busy.go_on.release()
        assert [it.result() for it in answers] == [[b"done"]] * 3
    assert busy.most == 1


def test_nobody_waits_long_behind_an_answer_that_takes_its_time() -> None:
    busy = Busy()
    site = OneAtATime(busy, patience_s=0.05)
    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(ask, site) for _ in range(3)]
        for _ in answers:
            assert busy.began.acquire(timeout=LONG_S)
        busy.go_on.release(3)
        assert [it.result() for it in answers] == [[b"done"]] * 3
    assert busy.most == 3
    # Whoever went ahead without a turn gave none back.
    busy.go_on.release()
    assert ask(site) == [b"done"]


def test_a_turn_ends_with_an_error_too() -> None:
    def broken(_environ: object, _start_response: object) -> Iterable[bytes]:
        raise RuntimeError("broken")

    site = OneAtATime(broken, patience_s=LONG_S)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            ask(site)


# ---- who takes what is new --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_processes() -> Iterator[int]:
    """The port of a site of two processes of four threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # The rest is in gunicorn.conf.py.
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "tests.gridmap.whose_process", "--bind", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=os.environ | {"WEB_CONCURRENCY": "2"},
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while len({it.process for _ in range(8) if (it := answer(port))}) < 2:
            assert time.monotonic() < until, "two processes never came up"
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


class Answer(NamedTuple):
    """Which process answered, and from when to when."""

    process: int
    began: float
    ended: float


def answer(port: int, seconds: float = 0, *, patience_s: float = PATIENCE_S) -> Answer | None:
    """What is answered after so many seconds; None while nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience_s)
    try:
        connection.request("GET", f"/?{seconds}")
        process, began, ended = connection.getresponse().read().split()
        return Answer(int(process), float(began), float(ended))
    except ConnectionRefusedError:
        time.sleep(0.1)
        return None
    finally:
        connection.close()


def test_who_is_at_work_leaves_what_is_new_to_the_other(two_processes: int) -> None:
    beside = 0
    for _ in range(20):
        with ThreadPoolExecutor(1) as thread:
            first = thread.submit(answer, two_processes, 0.25)
            time.sleep(0.05)
            quick = answer(two_processes)
        long = first.result()
        assert long
        assert quick
        # On a busy machine they may not have met, or so late that anybody would have taken it.
        if 0 < quick.began - long.began < 0.2:
            beside += 1
            assert quick.process != long.process
    assert beside, "nobody came while one was at work"


def test_where_all_are_at_work_nobody_waits_for_the_end_of_it(two_processes: int) -> None:
    with ThreadPoolExecutor(3) as threads:
        long = [threads.submit(answer, two_processes, 5) for _ in range(3)]
        time.sleep(1)
        assert answer(two_processes)
        assert not any(it.done() for it in long)
    assert len({it.process for one in long if (it := one.result())}) == 2


def test_connections_that_say_nothing_hold_up_nobody(two_processes: int) -> None:
    # Each would else have one of the eight threads for five seconds.
    silent = [socket.create_connection(("127.0.0.1", two_processes)) for _ in range(24)]
    try:
        assert answer(two_processes, patience_s=8)
    finally:
        for it in silent:
            it.close()
