"""Whether areas cover their ground once: ours and GeoPandas on one processor, 727 areas and 70,000, good and faulty.

GeoPandas is asked for overlaps and holes only; ours looks at codes, rings, slivers and places as well. Both must name the
same overlapping pairs and as many holes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import shapely

from benchmarks.bulk_routing import BENDS, grids, tessellation
from benchmarks.measuring import Finding, Work, at_least, interleaved
from benchmarks.peers.coverage import geopandas_check, with_faults
from geodata.areas import Areas, Shapes, Texts, areas_of
from geodata.checking import Kind, check

FEW_SECONDS, MANY_SECONDS = 2, 60
FAULTY = {"good": 0.0, "faulty": 0.01}


def run(_database_url: str) -> list[Finding]:
    """Seconds against their budgets, and against GeoPandas; with many bent areas GeoPandas is left out, to keep the run short."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(everywhere)})
    codes, shapes = grids()
    bounds = shapely.total_bounds(shapes)
    plain, bent = (shapely.orient_polygons(tessellation(bounds, bends=bends)) for bends in (0, BENDS))
    many = np.array([f"360702{number:09d}" for number in range(len(plain))], dtype=object)
    findings = [
        *_measured(codes, shapes, FEW_SECONDS, rounds=10),
        *_measured(many, plain, MANY_SECONDS, rounds=1),
        *_measured(many, bent, MANY_SECONDS, rounds=1, with_peer=False),
    ]
    os.sched_setaffinity(0, everywhere)
    return findings


def _measured(codes: Texts, shapes: Shapes, budget: float, *, rounds: int, with_peer: bool = True) -> list[Finding]:
    vertices = shapely.get_num_coordinates(shapes).mean()
    name = f"{len(shapes):,} areas of {vertices:.0f} vertices"
    works: dict[str, Work] = {}
    spent: dict[str, list[float]] = {}
    findings = []
    for state, share in FAULTY.items():
        drawn = with_faults(shapes, share)
        areas, peer = areas_of(codes, drawn), geopandas_check(codes, drawn)
        spent[state] = []
        works[state] = Work(_checking(areas, spent[state]))
        if with_peer:
            works[f"{state}: GeoPandas"] = Work(_asking(peer))
            findings.append(_same_answers(f"{name}, {state}", areas, peer()))
    seconds = interleaved(works, rounds=rounds)
    return [*_figures(name, seconds, spent, budget), *findings]


def _checking(areas: Areas, spent: list[float]) -> Callable[[int], None]:
    """A check that notes what it took of the processor, whatever else the machine does."""

    def run(_: int) -> None:
        begun = time.process_time()
        check(areas)
        spent.append(time.process_time() - begun)

    return run


def _asking(peer: Callable[[], object]) -> Callable[[int], object]:
    return lambda _: peer()


def _figures(
    name: str, seconds: Mapping[str, Sequence[float]], spent: Mapping[str, Sequence[float]], budget: float
) -> list[Finding]:
    found = []
    for state in FAULTY:
        ours, peer = seconds[state], seconds.get(f"{state}: GeoPandas")
        taken = statistics.median(ours)
        figure = f"{taken:.2f} s, {statistics.median(spent[state]):.2f} s of the processor"
        found.append(Finding(f"{name}, {state}", figure, f"< {budget:g} s", taken < budget))
        if peer is not None:
            found.append(Finding(f"{name}, {state}: GeoPandas", f"{statistics.median(peer):.2f} s"))
            found.append(at_least(f"{name}, {state}: against GeoPandas", ours, peer, None))
    return found


def _same_answers(name: str, areas: Areas, told: tuple[set[tuple[str, str]], int]) -> Finding:
    findings = check(areas)
    pairs = {(one.code, one.other) for one in findings if one.kind is Kind.OVERLAP}
    holes = sum(one.kind is Kind.GAP for one in findings)
    if pairs != told[0]:
        raise ValueError(f"{name}: {len(pairs ^ told[0])} pairs are not found by both")
    return Finding(f"{name}: overlaps · gaps found (GeoPandas)", f"{len(pairs)} · {holes} ({len(told[0])} · {told[1]})")
