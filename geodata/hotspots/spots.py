"""The hot spots of one window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.areas import Texts
from geodata.hotspots.method import COLD, HOT, METHOD, NONE, TOO_FEW, Method, Words
from geodata.hotspots.neighbours import pairs_of
from geodata.hotspots.statistics import Counts, Floats, empirical_bayes, false_discovery, rarity

NO_DENOMINATOR = "没有分母，不算比率 (no denominator, no rate)"
PATROL_ONLY = "只有巡查上报偏多，群众上报不偏多 (raised by patrols only)"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Hotspots:
    """n areas in the order given, and how their classes came about.

    Columns of shape (n,). `observed`, `patrol`: int64, reports and how many of them patrols made. `patrol_share`: 0 to 1, NaN
    without reports. `denominator`, `expected`: what they have and how many reports that would be at the rate of all; both
    have the unit of the denominator or of reports. `rate`, `eb_rate`: reports by unit of the denominator, as they are and
    smoothed. `neighbours`: int64, how many have a rate. `z`: of the neighbourhood, see `statistics.rarity`. `p`: one-sided,
    of the side z points to. `q`: the same after Benjamini & Hochberg among all areas for that side. `others_p`: one-sided,
    whether the reports of others than patrols are raised. `patrol_only`: bool, would be hot but for that. `spot`: a word of
    CLASSES. `reason`: why it is not told or not hot: Chinese, then short English, else "".

    Floats are NaN where they are not defined: `rate`, `eb_rate` and what follows for an area without denominator,
    everything from `eb_rate` on if there are too few reports (`too_few` then says why, else it is "").

    `total`: the reports in areas that have a denominator, which the floor counts. `method`, `seed`, `window_days`, `level`: as given.
    """

    codes: Texts
    observed: Counts
    patrol: Counts
    patrol_share: Floats
    denominator: Floats
    expected: Floats
    rate: Floats
    eb_rate: Floats
    neighbours: Counts
    z: Floats
    p: Floats
    q: Floats
    others_p: Floats
    patrol_only: NDArray[np.bool_]
    spot: Words
    reason: Words
    total: int
    too_few: str
    level: str
    window_days: int
    method: Method
    seed: int

    def __len__(self) -> int:
        return len(self.codes)


def hotspots(
    codes: Sequence[str] | Texts,
    observed: ArrayLike,
    patrol: ArrayLike,
    denominator: ArrayLike,
    graph: Any,
    window_days: int,
    level: str,
    *,
    method: Method = METHOD,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Hotspots:
    """Say which areas had more reports, or fewer, than chance explains.

    `observed`: reports of the window by area, shape (n,); `patrol`: those of them that patrols made. `denominator`: residents,
    enterprises or square kilometres, 0 for an area that has none: it gets no rate and no class, and adds nothing to its
    neighbours' sums. `graph`: of `neighbours`, of the same codes in any order. `window_days`, `level`: for the floors of
    `method`. `seed`: the method's unless given; the same input has the same answer. `progress` is called with (done, total).

    Hot and cold are tested by themselves: together, one strong cluster would carry cold spots that are none. An area is hot
    only where reports of others than patrols are raised as well. Raises ValueError for columns that do not fit.
    """
    labels = np.array(list(codes), dtype=object)
    seen, patrols, base = _columns(labels, observed, patrol, denominator)
    pairs = pairs_of(graph, labels)
    rated = base > 0
    total, days = int(seen[rated].sum()), int(window_days)
    too_few = method.too_few(total, days, level)
    answer = _Statistics.none(len(labels))
    answer.reason[~rated] = NO_DENOMINATOR
    chosen = method.seed if seed is None else seed
    if too_few:
        answer.spot[:], answer.reason[:] = TOO_FEW, too_few
    elif rated.any():
        reports = seen[rated], (seen - patrols)[rated]
        answer.fill(rated, reports, base[rated], graph.subgraph(labels[rated]), method, chosen, progress or _silent)
    return Hotspots(
        codes=labels,
        observed=seen,
        patrol=patrols,
        patrol_share=_ratio(patrols, seen),
        denominator=base,
        expected=base * (total / base.sum() if rated.any() else np.nan),
        rate=_ratio(seen, base),
        neighbours=np.bincount(pairs[rated[pairs].all(axis=1)].ravel(), minlength=len(labels)).astype(np.int64),
        total=total,
        too_few=too_few,
        level=level,
        window_days=days,
        method=method,
        seed=chosen,
        **vars(answer),
    )


@dataclass(frozen=True)
class _Statistics:
    """The columns of `Hotspots` that hang on the statistic."""

    eb_rate: Floats
    z: Floats
    p: Floats
    q: Floats
    others_p: Floats
    patrol_only: NDArray[np.bool_]
    spot: Words
    reason: Words

    @classmethod
    def none(cls, n: int) -> _Statistics:
        eb_rate, z, p, q, others_p = (np.full(n, np.nan) for _ in range(5))
        spot, reason = np.full(n, NONE, dtype=object), np.full(n, "", dtype=object)
        return cls(eb_rate, z, p, q, others_p, np.zeros(n, dtype=bool), spot, reason)

    def fill(
        self,
        rated: NDArray[np.bool_],
        reports: tuple[Counts, Counts],
        base: Floats,
        graph: Any,
        method: Method,
        seed: int,
        tell: Progress,
    ) -> None:
        """Test the rated areas; `reports`: all and those of others than patrols, `base`, `graph`: of the rated alone."""
        tell(0, 2)
        every, others = reports
        smoothed = empirical_bayes(every, base)
        found = rarity(smoothed.scores, graph, permutations=method.permutations, seed=seed)
        tell(1, 2)
        scores = empirical_bayes(others, base).scores
        of_others = rarity(scores, graph, permutations=method.permutations, seed=seed).above
        hot = found.z > 0
        q = np.where(hot, false_discovery(found.above), false_discovery(found.below))
        self.eb_rate[rated], self.z[rated], self.q[rated], self.others_p[rated] = (
            smoothed.rates,
            found.z,
            q,
            of_others,
        )
        self.p[rated] = np.where(hot, found.above, found.below)
        self.spot[rated] = _classes(q, hot, method)
        self.patrol_only[rated] = np.isin(self.spot[rated], HOT) & (of_others > method.corroborated_p)
        self.spot[self.patrol_only], self.reason[self.patrol_only] = NONE, PATROL_ONLY
        tell(2, 2)


def _columns(
    codes: Texts, observed: ArrayLike, patrol: ArrayLike, denominator: ArrayLike
) -> tuple[Counts, Counts, Floats]:
    given = [np.asarray(column, dtype=np.float64) for column in (observed, patrol, denominator)]
    if any(column.shape != codes.shape for column in given):
        raise ValueError(f"{len(codes)} 个区域的各列长短不同 (columns of different lengths)")
    if not all(np.isfinite(column).all() and (column >= 0).all() for column in given):
        raise ValueError("件数和分母须为不小于 0 的数 (counts and denominators are numbers from 0)")
    if (given[1] > given[0]).any():
        raise ValueError("巡查件数多于全部件数 (more patrol reports than reports)")
    if any((column != np.floor(column)).any() for column in given[:2]):
        raise ValueError("件数须为整数 (counts are whole numbers)")
    return given[0].astype(np.int64), given[1].astype(np.int64), given[2]


def _classes(q: Floats, hot: NDArray[np.bool_], method: Method) -> Words:
    """The most certain class that q reaches."""
    found = np.full(len(q), NONE, dtype=object)
    for words, side in ((HOT, hot), (COLD, ~hot)):
        for word, level in sorted(zip(words, method.levels, strict=True), key=lambda it: -it[1]):
            found[side & (q <= level)] = word
    return found


def _ratio(one: NDArray[np.number], other: NDArray[np.number]) -> Floats:
    found = np.full(len(one), np.nan)
    np.divide(one, other, out=found, where=other > 0)
    return found


def _silent(done: int, total: int) -> None:
    """For those who do not ask how far it is."""
