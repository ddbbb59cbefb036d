"""Many points decided by others: by threads here, or by the workers of a Dask cluster that is there already.

Either way the answers come back in the order of the chunks, and only so many chunks are under way at a time, so that
memory does not grow with the file. A worker that dies loses nothing: the scheduler gives its chunks to another.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, Protocol

from geodata.points import Chunk
from geodata.routing import Decided, Rules
from geodata.routing.cells import Floats
from geodata.routing.deciding import rules_of

UNDER_WAY = 2
"""Chunks under way for each thread: one in work, one waiting."""
CONNECT_S, WORKERS_S = 60, 120
"""How long a scheduler may take to answer, and then to have a worker: they may have been started a moment ago."""


class ClusterFailed(ValueError):
    """The cluster cannot be reached, has no workers, or lost too many of them over one chunk."""


class _Future(Protocol):
    def result(self) -> Any: ...


def by_threads(rules: Rules, chunks: Iterable[Chunk], coord: str, threads: int) -> Iterator[tuple[Chunk, Decided]]:
    """Each chunk with what `rules` decide of it, in order; `coord`: the points' coordinate system.

    Raises what reading the chunks or `Rules.decide` raises.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from _in_order(
            lambda chunk: pool.submit(rules.decide, chunk.lon, chunk.lat, coord), chunks, UNDER_WAY * threads
        )


def by_workers(rules: Rules, chunks: Iterable[Chunk], coord: str, scheduler: str) -> Iterator[tuple[Chunk, Decided]]:
    """The same by the workers of the cluster at address `scheduler`, such as ``tcp://10.0.0.5:8786``.

    The workers need this package. Raises ClusterFailed, and what `by_threads` raises.
    """
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ClusterFailed("--scheduler 需要 Dask (install gridmap[bulk])") from None
    try:
        client = _connected(Client, scheduler)
    except (OSError, ValueError) as error:
        raise ClusterFailed(f"连接不上 Dask 调度器 {scheduler}：{error} (cannot connect)") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKERS_S)
            # Built on a worker from what it is made of: should that worker die, another builds it again.
            there = client.submit(rules_of, *rules.made_of, pure=False)
            threads = sum(client.nthreads().values())

            def submit(chunk: Chunk) -> _Future:
                future: _Future = client.submit(_decide, there, chunk.lon, chunk.lat, coord, pure=False)
                return future

            yield from _in_order(submit, chunks, UNDER_WAY * max(threads, 1))
        except TimeoutError:
            raise ClusterFailed(f"{scheduler} 没有工作进程 (the cluster has no workers)") from None
        except KilledWorker as error:
            raise ClusterFailed(f"工作进程接连中断：{error} (workers died over the same chunk)") from None
        except CancelledError:
            raise ClusterFailed(f"与 Dask 调度器 {scheduler} 断开了 (the scheduler is gone)") from None


def _connected(client_of: Any, scheduler: str) -> Any:
    """A client of `scheduler`, tried for again until CONNECT_S are over.

    Dask tries again by itself where nobody listens, but not when a handshake breaks off, and waits for ever where one
    is never answered. Each client that fails leaves a thread behind; so none is made until a handshake has gone well.
    """
    from distributed.utils import LoopRunner

    loop: Any = LoopRunner
    deadline = time.monotonic() + CONNECT_S
    while True:
        try:
            loop().run_sync(_shake_hands, scheduler, max(deadline - time.monotonic(), 0.1))
            return client_of(scheduler, timeout=CONNECT_S, set_as_default=False)
        except OSError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.2)


async def _shake_hands(scheduler: str, seconds: float) -> None:
    from distributed.comm import core

    connect: Any = core.connect
    try:
        async with asyncio.timeout(seconds):
            comm = await connect(scheduler, timeout=seconds)
            await comm.close()
    except TimeoutError:
        raise TimeoutError(f"{CONNECT_S} 秒内没有应答 (no answer in time)") from None


def _in_order(
    submit: Callable[[Chunk], _Future], chunks: Iterable[Chunk], most: int
) -> Iterator[tuple[Chunk, Decided]]:
    under_way: deque[tuple[Chunk, _Future]] = deque()
    for chunk in chunks:
        under_way.append((chunk, submit(chunk)))
        if len(under_way) >= most:
            yield _first_of(under_way)
    while under_way:
        yield _first_of(under_way)


def _first_of(under_way: deque[tuple[Chunk, _Future]]) -> tuple[Chunk, Decided]:
    chunk, future = under_way.popleft()
    decided: Decided = future.result()
    return chunk, decided


def _decide(rules: Rules, lon: Floats, lat: Floats, coord: str) -> Decided:
    return rules.decide(lon, lat, coord)
