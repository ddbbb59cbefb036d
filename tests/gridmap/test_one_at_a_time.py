"""The threads of a process answer in turn, and wait no longer for it than they should."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridmap.wsgi import OneAtATime

LONG_S = 30


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
