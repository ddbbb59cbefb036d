"""The map's layers over a million cases: from what is counted by month against the same from the rows, and over HTTP.

The peer is the same question asked of the rows themselves, which the site asks too where the counts do not reach; both
answers are compared before anything is timed. Over HTTP four clients look at the whole district, each time at other
months or another category, so that no answer that was kept is given again.
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
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone

from benchmarks import backlog
from benchmarks.measuring import Finding, Work, at_least, interleaved, milliseconds, percentile
from benchmarks.serving import Client, gunicorn
from cases import counting, coverage
from cases.deadlines import SHANGHAI
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
        cursor.execute("VACUUM ANALYZE cases_areamonth, cases_cellmonth, cases_unitmonth")
    print(f"{counts}", file=sys.stderr, flush=True)
    findings = [*_against_rows(), *_hot_spots()]
    connection.close()
    with gunicorn(os.environ) as server:
        findings += [_layer(name, own, server.port) for name, own in LAYERS.items()]
    return findings


# ---- against the rows -----------------------------------------------------------------------------------------------


def _against_rows() -> list[Finding]:
    now = timezone.now()
    questions: dict[str, Callable[[], Any]] = {
        "按网格计数 by grid": lambda: counting.by_area(YEAR),
        "密度的格子 cells of density": lambda: [column.tolist() for column in counting.by_cell(YEAR)],
        "部门到位 coverage": lambda: coverage.coverage(YEAR, level=Level.TOWN, now=now),
    }
    return [finding for name, ask in questions.items() for finding in _compared(name, ask)]


def _compared(name: str, ask: Callable[[], Any]) -> list[Finding]:
    def from_rows(_: int = 0) -> Any:
        whole = counting.split, coverage.split
        counting.split = coverage.split = lambda filters, known=(): (None, [filters])  # type: ignore[assignment]
        try:
            return ask()
        finally:
            counting.split, coverage.split = whole

    if ask() != from_rows():
        raise ValueError(f"{name}: the counts and the rows say different things")
    seconds = interleaved({"counts": Work(lambda _: ask(), turns=4), "rows": Work(from_rows)}, rounds=ROUNDS)
    return [
        Finding(f"{name}，一年，从月计数 from the counts", milliseconds(seconds["counts"])),
        Finding(f"{name}，一年，从事项 from the rows", milliseconds(seconds["rows"])),
        at_least(f"{name}：比从事项快 faster than from the rows", seconds["counts"], seconds["rows"], TIMES),
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
