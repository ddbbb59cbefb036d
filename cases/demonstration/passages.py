"""What people say in the demonstration: invented, by category and occasion."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from random import Random


class Passages:
    """The lines of ``passages.csv`` and ``phrases.csv``."""

    def __init__(self, fixtures: Path) -> None:
        self._said: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for row in _rows(fixtures / "passages.csv"):
            self._said[row["category"], row["occasion"]].append(row["text"])
        self._phrases: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in _rows(fixtures / "phrases.csv"):
            self._phrases[row["category"]].append((row["reported"], row["done"]))

    def phrase(self, category: str, number: int) -> tuple[str, str]:
        """What is reported about a category, and how it was solved; the same for the same number."""
        return self._phrases[category][number % len(self._phrases[category])]

    def say(self, occasion: str, category: str, random: Random) -> str:
        """Something said on an occasion, about the category, its group or anything; "" for nothing."""
        found = next(
            (self._said[about, occasion] for about in (category, category[:2], "") if (about, occasion) in self._said),
            [],
        )
        return random.choice(found) if found else ""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
