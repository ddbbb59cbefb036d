"""Rows of points on their way through: what a source gives, what is added, how a file is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from geodata.routing import Decided

ADDED = ("code", "method", "distance_m", "candidates", "reason")
"""The columns that routing adds, in their order; `geodata.routing.Decided` says what they hold."""

AT_ONCE = 1 << 16
"""Rows in memory at a time."""

Floats = NDArray[np.float64]


class PointsRefused(ValueError):
    """A file of points that cannot be read, or rows that cannot be written; the message says where and why."""


@dataclass(frozen=True)
class Chunk:
    """Some rows in the order of their file.

    `lon`, `lat`: float64, shape (n,), degrees of the file's own system, NaN where there is no number. `rows`: what else
    the file has: for CSV the n records as they stand there, for other files a pyarrow table of n rows. `reason`: text,
    shape (n,), why a row has no place if its source knows better than that there is no number, else "".
    """

    lon: Floats
    lat: Floats
    rows: Any
    reason: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.lon)


class Source(Protocol):
    """A file of points, read from its beginning to its end."""

    path: Path
    columns: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, AT_ONCE or fewer at a time. Raises PointsRefused at a row that cannot be read."""

    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1."""

    def table(self, chunk: Chunk) -> Any:
        """The chunk's rows as a pyarrow table, without the geometry of a layer."""


class Sink(Protocol):
    """A file in the making."""

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add the chunk's rows, each with what was decided."""

    def close(self) -> None:
        """Finish the file."""


def place(columns: list[str], name: str, path: Path) -> int:
    """Where a column stands. Raises PointsRefused if it is missing or there twice."""
    if columns.count(name) != 1:
        why = "没有列" if name not in columns else "有不止一列"
        raise PointsRefused(f"{path.name} {why} {name} (columns: {', '.join(columns[:30])})")
    return columns.index(name)


def arrow(purpose: str) -> Any:
    """The pyarrow module. Raises PointsRefused, naming the purpose, where it is not installed."""
    try:
        import pyarrow
    except ImportError:
        raise PointsRefused(f"{purpose} 需要 pyarrow (install gridmap[bulk])") from None
    return pyarrow
