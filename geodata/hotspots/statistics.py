"""The steps of the statistic on columns of numbers: smoothed rates and their scores, sums over neighbourhoods, how rare they are.

Marshall, R. J. (1991): Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40.
Getis, A. & Ord, J. K. (1992): The analysis of spatial association by use of distance statistics. Geogr. Analysis 24.
Ord, J. K. & Getis, A. (1995): Local spatial autocorrelation statistics. Geographical Analysis 27.
Assunção, R. M. & Reis, E. A. (1999): A new proposal to adjust Moran's I for population density. Statistics in Medicine 18.
Benjamini, Y. & Hochberg, Y. (1995): Controlling the false discovery rate. J. Royal Statistical Society B 57; it holds
for neighbourhoods that overlap: Benjamini, Y. & Yekutieli, D. (2001), Annals of Statistics 29.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

AT_ONCE = 2_000
"""Draws made in one go."""

TIED = 1e-9
"""Scores and sums of them that differ by less are equal: they were added up in another order."""


@dataclass(frozen=True)
class Rarity:
    """One statistic of n areas: `z`, standardised; `above`, `below`: how probable a sum so high, so low is by chance."""

    z: Floats
    above: Floats
    below: Floats


@dataclass(frozen=True)
class Smoothed:
    """Of n areas `rates`, drawn towards the rate of all, and `scores`, how far each own rate lies from it in standard deviations."""

    rates: Floats
    scores: Floats


def empirical_bayes(observed: Counts, denominator: Floats) -> Smoothed:
    """Rates drawn towards the rate of all, the more the less an area's own denominator carries.

    `observed`, `denominator`: shape (n,), the latter above 0. Marshall's global estimator: with m the rate of all and v
    what rates vary beyond chance, m + v / (v + m / denominator) * (rate - m). The score is Assunção & Reis', the same
    difference in units of its own standard deviation, (rate - m) / sqrt(v + m / denominator): of smoothed rates those of
    small areas vary less, so that a neighbourhood of large ones would stand out by being large.

    Where chance explains everything v is 0, and every area has the rate of all and a score of 0: `esda.smoothing` lets v be
    negative there, which turns rates upside down, and is the same otherwise.
    """
    overall = observed.sum() / denominator.sum()
    difference = observed / denominator - overall
    varying = float((denominator * difference**2).sum() / denominator.sum() - overall / denominator.mean())
    if overall == 0 or varying <= 0:
        return Smoothed(np.full(len(observed), overall), np.zeros(len(observed)))
    by_chance = varying + overall / denominator
    return Smoothed(overall + varying / by_chance * difference, difference / np.sqrt(by_chance))


def rarity(scores: Floats, graph: Any, *, permutations: int, seed: int) -> Rarity:
    """Sum each area's score and its neighbours', and see how rare that is when scores fall on areas by chance.

    `scores`: shape (n,), in the order of `graph`'s areas. `z` is Gi* of Ord & Getis by `esda.G_Local`. The probabilities are
    by permutation of all scores, where the sum of k areas is that of k scores drawn without putting back, whichever areas
    they are: so there is one set of draws for each k. `esda` permutes with each area's own score held fast, which says
    nothing of that score and found fewer of the true clusters (docs/guide/hotspots.md). If all scores are equal, nothing
    is rare.
    """
    width = np.ptp(scores)
    if width <= TIED:
        return Rarity(np.zeros(len(scores)), np.ones(len(scores)), np.ones(len(scores)))
    from esda import G_Local

    # Neither z nor ranks hang on where the scale begins; G itself divides by the sum, which must not be 0.
    placed = 1 + (scores - scores.min()) / width
    star = G_Local(placed, graph, transform="B", star=True, permutations=0)
    sums, sizes = star.Gs * placed.sum(), star.w.cardinalities.to_numpy()
    # Sorted, so that the draws do not hang on the order of the areas.
    drawn = np.sort(placed)[draws(len(scores), int(sizes.max()), permutations, seed)].cumsum(axis=1)
    above, below = np.empty(len(scores)), np.empty(len(scores))
    for size in np.unique(sizes).tolist():
        those, by_chance = sizes == size, np.sort(drawn[:, size - 1])
        above[those] = permutations - np.searchsorted(by_chance, sums[those] - TIED, side="left")
        below[those] = np.searchsorted(by_chance, sums[those] + TIED, side="right")
    # The map as it is counts as one of the permutations, so that no p is 0.
    return Rarity(np.asarray(star.Zs), (1 + above) / (1 + permutations), (1 + below) / (1 + permutations))


@lru_cache(maxsize=4)
def draws(count: int, size: int, permutations: int, seed: int) -> NDArray[np.int16]:
    """The first `size` places of so many permutations of `count` things; shape (permutations, size), not to be written to.

    By Fisher & Yates, shuffled no further than asked for. The windows of one question have the same draws.
    """
    random = np.random.default_rng(seed)
    dtype = np.int16 if count < 1 << 15 else np.int64
    made = np.empty((permutations, size), dtype=dtype)
    for start in range(0, permutations, AT_ONCE):
        rows = np.arange(min(AT_ONCE, permutations - start))
        cards = np.tile(np.arange(count, dtype=dtype), (len(rows), 1))
        for place in range(size):
            taken = random.integers(place, count, size=len(rows))
            cards[rows, taken], cards[:, place] = cards[:, place].copy(), cards[rows, taken]
        made[start : start + len(rows)] = cards[:, :size]
    made.flags.writeable = False
    return made


def false_discovery(p: Floats) -> Floats:
    """q by Benjamini & Hochberg: the share of false ones among all that are called so up to this p."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p)) if len(p) else p
