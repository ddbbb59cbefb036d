"""Routing on a Dask cluster: the same answers in the same order, whatever happens to a worker."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
import shapely
from distributed.comm.core import BaseListener

from geodata import cluster
from geodata.areas import areas_of
from geodata.cluster import ClusterFailed, by_threads, by_workers
from geodata.points import Chunk
from geodata.routing import Rules
from tests.conftest import PATIENCE_S, ROOT

CHUNKS, ROWS = 40, 4_000


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its two workers, each a process of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]


@pytest.fixture
def two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr(cluster, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(cluster, "WORKERS_S", PATIENCE_S)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DASK_TEMPORARY_DIRECTORY": str(tmp_path),
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{PATIENCE_S}s",
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{PATIENCE_S}s",
    }
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("wb"))

        def start(*command: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait, PATIENCE_S)
            stack.callback(process.kill)
            return process

        # It takes whichever port is free, and writes down which.
        written = tmp_path / "scheduler.json"
        here = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(written))
        scheduler = start("dask_scheduler", *here, "--port", "0")
        options = ("--nthreads", "1", "--no-nanny")
        workers = tuple(start("dask_worker", *here, *options, "--name", name) for name in ("one", "other"))
        yield Cluster(_address_in(written, scheduler, tmp_path / "log"), scheduler, workers)


def _address_in(written: Path, scheduler: subprocess.Popen[bytes], log: Path) -> str:
    while scheduler.poll() is None:
        with suppress(FileNotFoundError, json.JSONDecodeError):  # not there yet, or half of it
            return str(json.loads(written.read_text())["address"])
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_a_worker_killed_half_way_loses_nothing(two_workers: Cluster) -> None:
    rules, chunks = _rules(), _chunks()
    expected = list(by_threads(rules, chunks, "gcj02", 1))
    asked, found = 0, []

    def given() -> Iterator[Chunk]:
        nonlocal asked
        for chunk in chunks:
            asked += 1
            yield chunk

    for chunk, decided in by_workers(rules, given(), "gcj02", two_workers.address):
        found.append((chunk, decided))
        assert asked - len(found) < cluster.UNDER_WAY * 2  # memory does not grow with the file
        if len(found) == CHUNKS // 2:
            two_workers.workers[0].kill()
            two_workers.workers[0].wait(PATIENCE_S)
    assert [chunk.rows for chunk, _ in found] == list(range(CHUNKS))
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert set(one.method) == {"within", "nearest", "unrouted"}
        for column in ("code", "method", "candidates", "reason"):
            assert (getattr(one, column) == getattr(other, column)).all()
        np.testing.assert_array_equal(one.distance_m, other.distance_m)
    assert two_workers.workers[0].returncode == -9
    assert two_workers.workers[1].poll() is None


def test_a_scheduler_killed_half_way_is_told_in_a_sentence(two_workers: Cluster) -> None:
    answers = by_workers(_rules(), _chunks(), "gcj02", two_workers.address)
    for _ in range(CHUNKS // 4):
        next(answers)
    two_workers.scheduler.kill()
    two_workers.scheduler.wait(PATIENCE_S)
    with pytest.raises(ClusterFailed, match=r"断开了 \(the scheduler is gone\)"):
        list(answers)


def test_a_broken_handshake_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shake_hands = BaseListener.on_connection
    to_break = [1, 2]

    async def breaking(listener: BaseListener, comm: Any, overrides: Any = None) -> None:
        if to_break:
            to_break.pop()
            comm.abort()
        await shake_hands(listener, comm, overrides)

    rules, chunks = _rules(), _chunks()[:2]
    here = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **here) as one_worker:
        monkeypatch.setattr(BaseListener, "on_connection", breaking)
        found = list(by_workers(rules, chunks, "gcj02", one_worker.scheduler_address))
    assert to_break == []
    assert [chunk.rows for chunk, _ in found] == [0, 1]


def test_a_scheduler_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterFailed, match=f"连接不上 Dask 调度器 {address}：.*没有应答"):
            list(by_workers(_rules(), _chunks(), "wgs84", address))


def test_no_scheduler_and_no_dask_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with pytest.raises(ClusterFailed, match=r"连接不上 Dask 调度器 tcp://127\.0\.0\.1:9"):
        list(by_workers(_rules(), _chunks(), "wgs84", "tcp://127.0.0.1:9"))
    with pytest.raises(ClusterFailed, match="连接不上 Dask 调度器 nonsense"):
        list(by_workers(_rules(), _chunks(), "wgs84", "nonsense:address:1"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterFailed, match=r"需要 Dask \(install gridmap\[bulk\]\)"):
        list(by_workers(_rules(), _chunks(), "wgs84", "tcp://127.0.0.1:9"))


def test_threads_read_no_farther_ahead_than_they_must() -> None:
    asked = 0

    def given() -> Iterator[Chunk]:
        nonlocal asked
        for chunk in _chunks():
            asked += 1
            yield chunk

    for done, (chunk, decided) in enumerate(by_threads(_rules(), given(), "wgs84", 2), start=1):
        assert chunk.rows == done - 1
        assert len(decided) == len(chunk)
        assert asked - done < cluster.UNDER_WAY * 2
    assert asked == CHUNKS


def test_an_error_in_reading_comes_through() -> None:
    def given() -> Iterator[Chunk]:
        yield _chunks()[0]
        raise ValueError("第 7 行")

    with pytest.raises(ValueError, match="第 7 行"):
        list(by_threads(_rules(), given(), "wgs84", 2))


def _rules() -> Rules:
    squares = [
        shapely.box(114 + x / 100, 25 + y / 100, 114.009 + x / 100, 25.01 + y / 100) for x in range(9) for y in range(9)
    ]
    return Rules(areas_of([f"{number:03}" for number in range(81)], squares))


def _chunks() -> list[Chunk]:
    random = np.random.default_rng(8)
    return [
        Chunk(*random.uniform((113.99, 24.99), (114.12, 25.12), (ROWS, 2)).T.copy(), number) for number in range(CHUNKS)
    ]
