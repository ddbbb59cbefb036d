"""What the hot spots are worth: made-up reports on the demonstration district's real neighbourhoods.

Maps without any cluster count false alarms, with all areas alike and with natural differences between them; maps with a
true cluster of contiguous areas count how much of it is found; maps where only the patrols of such a cluster report more
must stay silent. Beside ours: Gi* of counts without any correction, and `esda`'s conditional permutation of the same
scores. Needs no database.
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.measuring import Finding, Work, bytes_for, interleaved, memory
from geodata.areas import Shapes, Texts
from geodata.hotspots import COMMUNITY, GRID, HOT, Hotspots, hotspots, neighbours
from geodata.hotspots.statistics import empirical_bayes, false_discovery
from geodata.reading import read_areas, read_shapes

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures" / "district"
MAPS, MAPS_OF_ESDA = 200, 40
MONTH, QUARTER, YEAR = (155, 30), (465, 91), (1860, 365)
"""Reports and days of a window: 4,649 cases in two and a half years."""
VARIED = 0.5
BY_PATROLS, BUSY = 0.4, 10
"""Which share of reports patrols make, and how many times as many where they are active."""
FALSE_ALARMS = 0.05
SECONDS, MEGABYTES = 5, 200

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """The areas of one level: `residents`, and who is a neighbour of whom."""

    codes: Texts
    residents: Floats
    graph: Any
    level: str
    cluster: int

    @property
    def links(self) -> list[NDArray[np.int64]]:
        """The positions of each area's neighbours."""
        sparse = self.graph.sparse.tocsr()
        return [np.flatnonzero(sparse[[row]].toarray()[0]) for row in range(len(self.codes))]


@dataclass(frozen=True)
class Scenario:
    """How maps are made: `reports` in `days`, areas that differ by `varied`, a cluster with `risk` times the reports.

    `by_patrols`: only those of patrols are more.
    """

    reports: int
    days: int
    varied: float = 0.0
    risk: float = 1.0
    by_patrols: bool = False


@dataclass(frozen=True)
class Map:
    """Reports by area, those of patrols among them, and where the cluster is and what borders on it."""

    observed: Floats
    patrol: Floats
    inside: Flags
    about: Flags


def run(_database_url: str) -> list[Finding]:
    """False alarms, power, patrols, then time and memory."""
    grids, communities = ground(GRID), ground(COMMUNITY)
    findings = [_neighbourhoods(it) for it in (grids, communities)]
    for it, windows in (
        (grids, {"季 quarter": QUARTER, "年 year": YEAR}),
        (communities, {"月 month": MONTH, "季 quarter": QUARTER}),
    ):
        for name, (reports, days) in windows.items():
            for varied in (0.0, VARIED):
                title = f"{it.level}, {name}, CV {varied:g}"
                findings += _false_alarms(title, it, Scenario(reports, days, varied))
                for risk in (3, 5):
                    findings.append(_power(f"{title}, {risk}×", it, Scenario(reports, days, varied, risk)))
                findings.append(_patrols(title, it, Scenario(reports, days, varied, BUSY, by_patrols=True)))
    return [
        *findings,
        *_against_esda(grids),
        *_time(grids),
        memory("memory above the areas, four windows", "benchmarks.hotspots", MEGABYTES),
    ]


@cache
def ground(level: str) -> Ground:
    """The demonstration district's grids, or its communities, which are their unions."""
    shapes, rivers = shapes_of(level)
    with (FIXTURES / "areas.csv").open(encoding="utf-8-sig", newline="") as file:
        residents = {row["code"]: float(row["residents"]) for row in csv.DictReader(file)}
    return Ground(
        np.array(list(shapes), dtype=object),
        np.array([residents[code] for code in shapes]),
        neighbours(shapes, shapes.values(), rivers),
        level,
        10 if level == GRID else 5,
    )


def shapes_of(level: str) -> tuple[dict[str, Any], Shapes]:
    """Polygons by code, and the rivers; CGCS2000 degrees."""
    grids = read_areas(FIXTURES / "grids.geojson", coord="cgcs2000")
    shapes = dict(sorted(zip(grids.codes.tolist(), grids.shapes, strict=True)))
    if level == COMMUNITY:
        parts: dict[str, list[Any]] = {}
        for code, shape in shapes.items():
            parts.setdefault(code[:12], []).append(shape)
        shapes = {code: shapely.coverage_union_all(some) for code, some in parts.items()}
    return shapes, read_shapes(FIXTURES / "rivers.geojson", coord="cgcs2000")


def maps(on: Ground, scenario: Scenario, count: int, seed: int = 1) -> list[Map]:
    """Maps of a scenario, each with its own cluster and its own differences between areas."""
    random = np.random.default_rng(
        [seed, scenario.reports, int(scenario.varied * 100), int(scenario.risk), scenario.by_patrols]
    )
    links = on.links
    return [_map(on, scenario, links, random) for _ in range(count)]


def _map(on: Ground, scenario: Scenario, links: Sequence[NDArray[np.int64]], random: np.random.Generator) -> Map:
    base = on.residents.copy()
    if scenario.varied:
        base *= random.gamma(scenario.varied**-2, scenario.varied**2, len(base))
    inside = np.zeros(len(base), dtype=bool)
    inside[_contiguous(links, on.cluster, random)] = True
    patrols, others = base * BY_PATROLS, base * (1 - BY_PATROLS)
    patrols[inside] *= scenario.risk
    others[inside] *= 1 if scenario.by_patrols else scenario.risk
    shares = np.concatenate([patrols, others])
    told = random.multinomial(scenario.reports, shares / shares.sum()).astype(float).reshape(2, -1)
    about = inside.copy()
    about[np.concatenate([links[at] for at in np.flatnonzero(inside)])] = True
    return Map(told.sum(axis=0), told[0], inside, about)


def _contiguous(links: Sequence[NDArray[np.int64]], size: int, random: np.random.Generator) -> list[int]:
    """Areas grown from one by taking a neighbour at random again and again; begun anew where there are too few."""
    while True:
        taken = [int(random.integers(len(links)))]
        while len(taken) < size:
            beside = np.setdiff1d(np.concatenate([links[at] for at in taken]), taken)
            if not len(beside):
                break
            taken.append(int(random.choice(beside)))
        if len(taken) == size:
            return taken


def ours(on: Ground, scenario: Scenario, drawn: Map) -> Hotspots:
    """Our answer to a map."""
    return hotspots(on.codes, drawn.observed, drawn.patrol, on.residents, on.graph, scenario.days, on.level)


def sure(spots: Hotspots) -> Flags:
    """Which areas are hot with 95 % or more."""
    return np.isin(spots.spot, HOT[:2])


def uncorrected(on: Ground, observed: Floats) -> Flags:
    """Gi* of counts above 1.645, which is 5 % one-sided, for every area by itself."""
    from esda import G_Local

    return np.asarray(G_Local(observed, on.graph, transform="B", star=True, permutations=0).Zs > 1.645)


def _neighbourhoods(on: Ground) -> Finding:
    counts = np.array([len(some) for some in on.links])
    return Finding(
        f"{on.level}: areas · neighbours",
        f"{len(counts)} · {counts.min()}–{counts.max()}, {counts.mean():.1f} on average",
    )


def _false_alarms(title: str, on: Ground, scenario: Scenario) -> list[Finding]:
    drawn = maps(on, scenario, MAPS)
    answers = [ours(on, scenario, it) for it in drawn]
    hot = np.mean([sure(it).any() for it in answers])
    any_hot = np.mean([np.isin(it.spot, HOT).any() for it in answers])
    raised = np.mean([(it.q[it.z > 0] <= 0.05).any() for it in answers])
    cold = np.mean([np.isin(it.spot, ("cold_99", "cold_95")).any() for it in answers])
    naive = [uncorrected(on, it.observed) for it in drawn]
    return [
        Finding(
            f"{title}: maps with a false hot spot", f"{hot:.1%}", f"≤ {FALSE_ALARMS:.0%}", bool(hot <= FALSE_ALARMS)
        ),
        Finding(
            f"{title}: without looking at patrols · at 90 % · a false cold spot",
            f"{raised:.1%} · {any_hot:.1%} · {cold:.1%}",
        ),
        Finding(
            f"{title}: Gi* of counts, uncorrected",
            f"{np.mean([it.any() for it in naive]):.0%} of maps, {np.mean([it.sum() for it in naive]):.0f} areas each",
        ),
    ]


def _power(title: str, on: Ground, scenario: Scenario) -> Finding:
    drawn = maps(on, scenario, MAPS)
    answers = [ours(on, scenario, it) for it in drawn]
    told = [sure(it) for it in answers]
    seen = np.mean([(hot & it.inside).any() for hot, it in zip(told, drawn, strict=True)])
    found = np.mean([hot[it.inside].mean() for hot, it in zip(told, drawn, strict=True)])
    certain = np.mean([(it.spot == HOT[0]).any() for it in answers])
    far = np.mean([(hot & ~it.about).any() for hot, it in zip(told, drawn, strict=True)])
    naive = np.mean([uncorrected(on, it.observed)[it.inside].mean() for it in drawn])
    return Finding(
        f"{title}: cluster seen · share of it · with 99 % · maps with one elsewhere · uncorrected, share",
        f"{seen:.0%} · {found:.0%} · {certain:.0%} · {far:.1%} · {naive:.0%}",
    )


def _patrols(title: str, on: Ground, scenario: Scenario) -> Finding:
    answers = [ours(on, scenario, it) for it in maps(on, scenario, MAPS)]
    hot = np.mean([sure(it).any() for it in answers])
    raised = [(it.z > 0) & (it.q <= 0.05) for it in answers]
    unchecked = np.mean([it.any() for it in raised])
    laxer = np.mean([(hot & (it.others_p <= 0.05)).any() for hot, it in zip(raised, answers, strict=True)])
    return Finding(
        f"{title}, active patrols {scenario.risk:g}×: maps called hot · with p ≤ 0.05 for others · without looking at others",
        f"{hot:.1%} · {laxer:.1%} · {unchecked:.0%}",
    )


def _against_esda(on: Ground) -> list[Finding]:
    """Both on all reports alone, for patrols are looked at afterwards."""
    findings = []
    for window, (reports, days) in {"季 quarter": QUARTER, "年 year": YEAR}.items():
        for risk in (1, 3, 5):
            scenario = Scenario(reports, days, 0.0, risk)
            drawn = maps(on, scenario, MAPS_OF_ESDA, seed=2)
            told = {
                "ours": [(answer.z > 0) & (answer.q <= 0.05) for answer in (ours(on, scenario, it) for it in drawn)],
                "esda": [conditional(on, it.observed) for it in drawn],
            }
            share = {
                name: np.mean(
                    [hot.any() if risk == 1 else hot[it.inside].mean() for hot, it in zip(hots, drawn, strict=True)]
                )
                for name, hots in told.items()
            }
            what = "maps with a false hot spot" if risk == 1 else f"share of the cluster, {risk}×"
            figure = " · ".join(f"{name} {value:.0%}" for name, value in share.items())
            findings.append(Finding(f"{window}, permutation of all rates and conditional: {what}", figure))
    return findings


def conditional(on: Ground, observed: Floats) -> Flags:
    """Hot by `esda`'s conditional permutation of the same scores, with the same correction; none where all rates are equal."""
    from esda import G_Local

    scores = empirical_bayes(observed.astype(np.int64), on.residents).scores
    if not scores.any():
        return np.zeros(len(scores), dtype=bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        star = G_Local(
            scores - scores.min(),
            on.graph,
            transform="B",
            star=True,
            permutations=9999,
            seed=1,
            n_jobs=1,
            keep_simulations=False,
        )
    return false_discovery(np.where(star.Zs > 0, star.p_sim, 1.0)) <= 0.05


def _time(on: Ground) -> list[Finding]:
    scenario = Scenario(*YEAR, VARIED, 3)
    drawn = maps(on, scenario, 4)
    seconds = _median_of(lambda: [ours(on, scenario, it) for it in drawn])
    esda = _median_of(lambda: [conditional(on, it.observed) for it in drawn])
    return [
        Finding(
            f"{len(on.codes)} grids, four windows of a year", f"{seconds:.2f} s", f"< {SECONDS} s", seconds < SECONDS
        ),
        Finding("the same windows, one statistic of each by esda", f"{esda:.2f} s"),
    ]


def _median_of(work: Callable[[], object]) -> float:
    def anew(_: int) -> None:
        from geodata.hotspots.statistics import draws

        draws.cache_clear()
        work()

    return float(np.median(interleaved({"": Work(anew)}, rounds=5)[""]))


def memory_of_a_run() -> None:
    """Print the bytes that neighbours and four windows took; for a process of its own."""
    on = ground(GRID)
    scenario = Scenario(*YEAR, VARIED, 3)
    drawn = maps(on, scenario, 4)
    print(bytes_for(lambda: [ours(on, scenario, it) for it in drawn]))


if __name__ == "__main__":
    from benchmarks.measuring import report

    begun = time.perf_counter()
    print(report(run("")))
    print(f"{time.perf_counter() - begun:.0f} s", file=sys.stderr)
