"""Time things in turns, and say how they compare.

Works are interleaved, A B A B, so that whatever else the machine does falls on all of them; figures are medians.
Nothing is asserted about time: a missed budget is printed as missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.database import ROOT


@dataclass(frozen=True)
class Work:
    """One thing to time; ``run`` is called with 0, 1, 2, … and ``turns`` times in a row each round."""

    run: Callable[[int], object]
    turns: int = 1


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``met`` is None for a figure without a budget."""

    work: str
    figure: str
    budget: str = ""
    met: bool | None = None


def interleaved(works: Mapping[str, Work], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of every call, by work; a first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for this_round in range(-1, rounds):
        for name, work in works.items():
            for turn in range(work.turns):
                begun = time.perf_counter()
                work.run(max(this_round, 0) * work.turns + turn)
                taken = time.perf_counter() - begun
                if this_round >= 0:
                    seconds[name].append(taken)
    return seconds


def milliseconds(seconds: Sequence[float]) -> str:
    """The median, and the tenth and ninetieth percentile so that noise shows."""
    low, high = percentile(seconds, 10), percentile(seconds, 90)
    return f"{statistics.median(seconds) * 1e3:.2f} ms ({low * 1e3:.2f}–{high * 1e3:.2f})"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which that percentage lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def at_most(work: str, ours: Sequence[float], peer: Sequence[float], times: float) -> Finding:
    """Ours may take that many times the peer's time."""
    ratio = statistics.median(ours) / statistics.median(peer)
    return Finding(work, f"{ratio:.2f}×", f"≤ {times:g}×", ratio <= times)


def at_least(work: str, ours: Sequence[float], peer: Sequence[float], times: float | None) -> Finding:
    """Ours must be that many times as fast as the peer."""
    ratio = statistics.median(peer) / statistics.median(ours)
    return Finding(
        work, f"{ratio:.1f}×", "" if times is None else f"≥ {times:g}×", None if times is None else ratio >= times
    )


def memory(work: str, module: str, megabytes: int) -> Finding:
    """What ``memory_of_a_run`` of a module prints, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", f"from {module} import memory_of_a_run as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    above = int(told.stdout) / 1e6
    return Finding(work, f"{above:.0f} MB", f"< {megabytes} MB", above < megabytes)


def bytes_for(work: Callable[[], object]) -> int:
    """How far the process's memory peaks above its peak now; what took more before is forgotten."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    work()
    return _peak() - before


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def report(findings: Sequence[Finding]) -> str:
    """The findings as a table in Markdown, with how busy the machine was."""
    marks = {True: "达到 met", False: "未达 missed", None: ""}
    rows = [f"| {it.work} | {it.figure} | {it.budget} | {marks[it.met]} |" for it in findings]
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    head = [
        f"{os.cpu_count()} cores, load {load}",
        "",
        "| 工作 work | 实测 measured | 预算 budget | |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])
