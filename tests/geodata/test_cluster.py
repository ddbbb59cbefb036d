"""Routing on a Dask cluster: the same answers in the same order, whatever happens to a worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata import cluster
from geodata.areas import areas_of
from geodata.cluster import ClusterFailed, by_threads, by_workers
from geodata.points import Chunk
from geodata.routing import Rules

ROOT = Path(__file__).resolve().parents[2]
CHUNKS, ROWS = 40, 4_000


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its two workers, each a process of its own."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[Cluster]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("wb"))

        def start(*command: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(tmp_path)},
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait, 20)
            stack.callback(process.kill)
            return process

        start("dask_scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard")
        options = ("--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        workers = tuple(start("dask_worker", address, *options, "--name", name) for name in ("one", "other"))
        yield Cluster(address, workers)


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
            two_workers.workers[0].wait(20)
    assert [chunk.rows for chunk, _ in found] == list(range(CHUNKS))
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert set(one.method) == {"within", "nearest", "unrouted"}
        for column in ("code", "method", "candidates", "reason"):
            assert (getattr(one, column) == getattr(other, column)).all()
        np.testing.assert_array_equal(one.distance_m, other.distance_m)
    assert two_workers.workers[0].returncode == -9
    assert two_workers.workers[1].poll() is None


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

    started = time.monotonic()
    with pytest.raises(ValueError, match="第 7 行"):
        list(by_threads(_rules(), given(), "wgs84", 2))
    assert time.monotonic() - started < 20


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
