"""The numbers of the method, in one place and with a version: what they are decides what is called hot.

Each was chosen by the simulation in `benchmarks.hotspots`; docs/guide/hotspots.md has its figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

GRID, COMMUNITY = LEVELS = ("grid", "community")
"""Second-level grids, and communities or villages, which are the first-level grids; words of `Area.level`."""

HOT = ("hot_99", "hot_95", "hot_90")
COLD = ("cold_99", "cold_95", "cold_90")
NONE, TOO_FEW = "none", "too_few"
CLASSES = (*HOT, NONE, *reversed(COLD), TOO_FEW)
"""What an area can be called, as legends list them."""

LABELS = MappingProxyType(
    {
        "hot_99": "热点 99%",
        "hot_95": "热点 95%",
        "hot_90": "热点 90%",
        NONE: "不显著",
        "cold_90": "冷点 90%",
        "cold_95": "冷点 95%",
        "cold_99": "冷点 99%",
        TOO_FEW: "样本不足",
    }
)

Words = NDArray[np.object_]


@dataclass(frozen=True)
class Floor:
    """Below either there is no statistic: `cases` in all areas that have a denominator, `days` of the window."""

    cases: int
    days: int


@dataclass(frozen=True)
class Method:
    """The numbers of one version of the method.

    `permutations`: how many draws stand behind each p, so that none is below 1 / (permutations + 1). `seed`: of these
    draws. `levels`: up to which q a class is 99, 95, 90. `corroborated_p`: up to which uncorrected p the reports of
    others than patrols raise a grid too. `floors`: by level. `windows`, `persistent_in`: a spot is persistent if it is
    hot in so many of so many windows, the current one among them.
    """

    version: str = "2021.1"
    permutations: int = 9_999
    seed: int = 2021
    levels: tuple[float, float, float] = (0.01, 0.05, 0.10)
    corroborated_p: float = 0.01
    # The shortest quarter, February to April, has 89 days; the shortest month 28.
    floors: Mapping[str, Floor] = field(
        default_factory=lambda: MappingProxyType({GRID: Floor(400, 89), COMMUNITY: Floor(100, 28)})
    )
    windows: int = 4
    persistent_in: int = 2

    def too_few(self, cases: int, days: int, level: str) -> str:
        """Why there is no statistic: Chinese, then short English; "" where there is one. Raises ValueError for a level unknown."""
        if level not in self.floors:
            raise ValueError(f"没有级别 {level}，应为 {'、'.join(self.floors)} 之一 (no such level)")
        floor = self.floors[level]
        if days < floor.days:
            return f"样本不足：时段 {days} 天，少于 {floor.days} 天 (the window is too short)"
        if cases < floor.cases:
            return f"样本不足：{cases} 件，少于 {floor.cases} 件 (too few cases)"
        return ""


METHOD = Method()
