"""What a collection and a layer of tiles have in common: what may be asked, and when an answer is another one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gridmap.duties import Standing
from gridmap.features.parameters import Filters

SCHEMA_VERSION = "1"


@dataclass(frozen=True)
class Question:
    """What was asked, by whom and when."""

    filters: Filters
    standing: Standing
    now: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Offered:
    """Something that goes out.

    ``counters`` name the data versions that move when its rows do. Where an answer changes though no row does, because
    time passes, ``turns`` gives something that is another one each time.
    """

    id: str
    title: str
    parameters: frozenset[str]
    counters: tuple[str, ...]
    readers: Mapping[str, Callable[[str, str], Any]] = field(default_factory=dict)
    turns: Callable[[Question], str] | None = None
    # True where two callers may see different rows or columns: then no shared cache may keep the answer.
    personal: bool = False
