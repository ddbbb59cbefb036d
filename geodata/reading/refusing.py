"""A file that cannot be read, and how much of a file is taken in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024
NAMED = 5


class BadFile(ValueError):
    """A file that is refused; the message says in Chinese and English which file, where in it, and why."""


class NoSystemNamed(BadFile):
    """A file that does not say which coordinate system it is in, and nobody else did."""


@dataclass(frozen=True)
class Limits:
    """How much of a file is taken in; a file beyond a limit is refused before it fills the memory.

    The largest district of the country has some thousand grids of some hundred corners each.
    """

    file_bytes: int = 512 * MIB
    features: int = 200_000
    vertices: int = 10_000_000
    vertices_of_one: int = 1_000_000
    zip_members: int = 1_000
    unpacked_bytes: int = 1024 * MIB
    zip_ratio: int = 200


DEFAULT_LIMITS = Limits()


def too_many(source: str, what: str, number: int, limit: int, english: str) -> BadFile:
    """The refusal of a file that holds more than is taken in."""
    return BadFile(f"{source}：{what}有 {number:,} 个，最多 {limit:,} 个 ({english})")


def features_at(rows: Iterable[int]) -> str:
    """The places of features in their file, from 1, as a sentence names them: the first few, then how many in all."""
    listed = list(rows)
    named = "、".join(str(row) for row in listed[:NAMED])
    more = f" 等 {len(listed):,} 个要素" if len(listed) > NAMED else " 个要素"
    return f"第 {named}{more}"
