"""Control limits of a funnel plot: how far a small place's share may lie from the district's by chance alone.

After D. J. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005)
1185-1202, appendix A.1.1: exact binomial limits, drawn straight between the steps of the discrete distribution. They
allow for chance only, not for what else makes places differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

# How many of a hundred places lie within by chance, and so which share lies below the lower limit.
SHARES = {"95": 0.025, "99.8": 0.001}
CLASSES = ("inside", "above_95", "above_99.8", "below_95", "below_99.8")
Floats = NDArray[np.float64]


def limits(n: ArrayLike, share: float, level: str) -> tuple[Floats, Floats]:
    """Lower and upper limit, each from 0 to 1, of a share around ``share`` for ``n`` cases; shapes as ``n``, n ≥ 1.

    ``level``: one of :data:`SHARES`, in percent.
    """
    cases, beyond = np.asarray(n, dtype=np.int64), SHARES[level]
    return _limit(cases, share, beyond), _limit(cases, share, 1 - beyond)


def _limit(n: NDArray[np.int64], share: float, p: float) -> Floats:
    """(r - α) / n, r being the p-quantile and α how far p lies below the distribution's step there."""
    if share <= 0 or share >= 1:
        return np.full(n.shape, share)
    quantile = _quantile(n, share, p)
    upto, below = _up_to(quantile, n, share), _up_to(quantile - 1, n, share)
    alpha = (upto - p) / (upto - below)
    return np.asarray(np.clip((quantile - alpha) / n, 0, 1))


def _quantile(n: NDArray[np.int64], share: float, p: float) -> NDArray[np.int64]:
    """The least number of successes that not fewer than p of all draws stay within."""
    low, high = np.full(n.shape, -1), n.copy()
    while np.any(high - low > 1):
        middle = (low + high) // 2
        enough = _up_to(middle, n, share) >= p
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _up_to(k: NDArray[np.int64], n: NDArray[np.int64], share: float) -> Floats:
    """The chance of at most k successes; none of fewer than nothing."""
    return np.where(k < 0, 0.0, bdtr(np.maximum(k, 0).astype(float), n, share))


def classes(whistled: ArrayLike, n: ArrayLike, share: float) -> list[str]:
    """Where each place lies, one of :data:`CLASSES`; ``n`` ≥ 1.

    By the exact chance of so many or more, so many or fewer: where cases are few the drawn line lies within that, and
    somebody with one case, and that one whistled, would lie beyond it.
    """
    k, cases = np.asarray(whistled, dtype=np.int64), np.asarray(n, dtype=np.int64)
    many, few = 1 - _up_to(k - 1, cases, share), _up_to(k, cases, share)
    words = np.full(k.shape, "inside", dtype="U10")
    for level, beyond in SHARES.items():  # the wider ones last: they have the last word
        words = np.where(many <= beyond, f"above_{level}", np.where(few <= beyond, f"below_{level}", words))
    return [str(word) for word in words]
