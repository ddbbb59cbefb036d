"""Numbers given on a command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def between(low: float, high: float, unit: str) -> Callable[[str], float]:
    """The type of an option that takes a number of some unit from `low` to `high`."""

    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"from {low:g} to {high:g} {unit}")
        return value

    return number
