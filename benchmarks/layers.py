"""The map's layers over a million cases: from running totals against the same from the rows, and over HTTP.

The peer is the same question asked of the rows themselves, which the site asks too where the totals do not reach; both
answers are compared before anything is timed. What departments have not done yet is asked of the rows either way: coverage
is compared without it, where the budget is for totals, and as a whole. Over HTTP four clients look at the whole district,
each time at other months or another category, so that no answer that was kept is given again.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.db import connection
from django.utils import timezone

from benchmarks import backlog
from benchmarks.measuring import Finding, Work, at_least, interleaved, milliseconds, percentile
from benchmarks.serving import Client, gunicorn
from cases import counting, coverage
from cases.deadlines import SHANGHAI
from cases.tiles import COUNTING_CELLS
from cases.totals import KINDS
from gridmap.features.parameters import Filters
from gridmap.models.ground import Level

ROUNDS = 5
TIMES = 50
CLIENTS = 4
ASKED = 40  # of each layer, by every client
WARM = 3
MOST_MS = 300
SPOTS_SECONDS = 20
SPOTS_MEGABYTES = 1000
YEAR = Filters(since=dt.datetime(2025, 7, 1, tzinfo=SHANGHAI), until=dt.datetime(2026, 7, 1, tzinfo=SHANGHAI))
PERIODS = {"一年 a year": YEAR, "全部 all": Filters()}
# Cells of heat tiles of the zoom that shows the district on a screen.
FROM_AFAR = 11 + COUNTING_CELLS
LAYERS = {
    "summary": {},
    "cases/cells": {"zoom": "11"},
    "counts": {"level": "grid"},
    "density": {},
    "overdue": {"level": "town"},
    "coverage": {"level": "town"},
    "ground": {"theme": "routing"},
}


def run(database_url: str) -> list[Finding]:
    """Compare with the rows, find hot spots, then serve."""
    counts = backlog.make(database_url)
    # As the sweep beside every site does: what was written one by one is joined.
    counting.settle()
    with connection.cursor() as cursor:
        for kind in KINDS:
            cursor.execute(f"VACUUM ANALYZE {kind.months._meta.db_table}, {kind.totals._meta.db_table}")
    print(f"{counts}", file=sys.stderr, flush=True)
    findings = [*_against_rows(), *_hot_spots()]
    connection.close()
    with gunicorn(os.environ) as server:
        findings += [_layer(name, own, server.port) for name, own in LAYERS.items()]
    return findings


# ---- against the rows -----------------------------------------------------------------------------------------------


def _against_rows() -> list[Finding]:
    now = timezone.now()
    covered = partial(coverage.coverage, level=Level.TOWN, now=now)
    questions: dict[str, tuple[Callable[[Filters], Any], float | None]] = {
        "按网格计数 by grid": (counting.by_area, TIMES),
        "远看的热力 heat from afar": (partial(counting.by_cell, zoom=FROM_AFAR), TIMES),
        "密度的格子 cells of density": (counting.by_cell, TIMES),
        "部门到位 coverage": (lambda asked: _without_rows(partial(covered, asked)), TIMES),
        "部门到位连同未办结的 coverage and what is not done": (covered, None),
    }
    return [
        finding
        for name, (ask, times) in questions.items()
        for period, asked in PERIODS.items()
        for finding in _compared(f"{name}，{period}", partial(ask, asked), times)
    ]


def _without_rows(ask: Callable[[], Any]) -> Any:
    whole = coverage._standing_now
    coverage._standing_now = lambda *_: []
    try:
        return ask()
    finally:
        coverage._standing_now = whole


def _same(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, one, other)) if isinstance(one, counting.Cells) else bool(one == other)


def _compared(name: str, ask: Callable[[], Any], times: float | None) -> list[Finding]:
    def from_rows(_: int = 0) -> Any:
        whole = counting.split, coverage.split
        counting.split = coverage.split = lambda filters, known=(): (None, [filters])  # type: ignore[assignment]
        try:
            return ask()
        finally:
            counting.split, coverage.split = whole

    if not _same(ask(), from_rows()):
        raise ValueError(f"{name}: the totals and the rows say different things")
    seconds = interleaved({"totals": Work(lambda _: ask(), turns=8), "rows": Work(from_rows)}, rounds=ROUNDS)
    return [
        Finding(f"{name}，从累计 from the totals", milliseconds(seconds["totals"])),
        Finding(f"{name}，从各行 from the rows", milliseconds(seconds["rows"])),
        at_least(f"{name}：快几倍 times as fast", seconds["totals"], seconds["rows"], times),
    ]


# ---- hot spots --------------------------------------------------------------------------------------------------------


def _hot_spots() -> list[Finding]:
    """A process of its own, from its start: what it takes, and its memory at most."""
    begun = time.perf_counter()
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); from benchmarks.layers import spots_of_a_year as run; run()",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = time.perf_counter() - begun, int(found.stdout)
    return [
        Finding(
            "热点，一年及前三年 hot spots of a year and three before",
            f"{seconds:.1f} s",
            f"< {SPOTS_SECONDS} s",
            seconds < SPOTS_SECONDS,
        ),
        Finding(
            "其进程的内存 memory of its process",
            f"{megabytes} MB",
            f"< {SPOTS_MEGABYTES} MB",
            megabytes < SPOTS_MEGABYTES,
        ),
    ]


def spots_of_a_year() -> None:
    """Find the hot spots of a year; prints the process's largest memory in megabytes."""
    from cases.hotspots import Window, spots

    answer = spots(Window(Level.GRID, "residents", dt.date(2025, 7, 1), dt.date(2026, 7, 1)), on=dt.date(2026, 7, 1))
    if not answer["n"]:
        raise ValueError("no cases were counted")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


# ---- over HTTP --------------------------------------------------------------------------------------------------------


def _layer(name: str, own: dict[str, str], port: int) -> Finding:
    questions = list(_questions())
    random.Random(1).shuffle(questions)
    shares = [questions[client::CLIENTS] for client in range(CLIENTS)]

    def ask(share: list[dict[str, str]]) -> list[float]:
        client, waits = Client(port), []
        for n, asked in enumerate(share[: ASKED + WARM]):
            begun = time.perf_counter()
            query = urlencode(own | asked)
            answer = client.ask(f"/api/v1/{name}?{query}", headers={"Accept-Encoding": "gzip"})
            if answer.status != 200:
                raise ValueError(f"{name} answered {answer.status}: {answer.body[:200]!r}")
            if n >= WARM:
                waits.append(time.perf_counter() - begun)
        return waits

    with ThreadPoolExecutor(CLIENTS) as pool:
        waits = [wait for found in pool.map(ask, shares) for wait in found]
    high = percentile(waits, 95) * 1e3
    said = f"p95 {high:.0f} ms，p50 {percentile(waits, 50) * 1e3:.0f} ms，{len(waits)} 问 asked"
    return Finding(f"{CLIENTS} 个客户端 clients：{name}", said, f"p95 ≤ {MOST_MS} ms", high <= MOST_MS)


def _questions() -> list[dict[str, str]]:
    """Filters of whole months, one or more, till now or before, for all categories or a group; each once."""
    return [
        {"since": f"{year}-{month:02}-01", "category": category} | ({"until": until} if until else {})
        for year in (2023, 2024, 2025)
        for month in range(1, 13)
        for until in (None, "2026-07-01", "2026-01-01")
        for category in ("", "01", "02", "03")
    ]
