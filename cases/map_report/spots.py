"""Hot spots for the report: those kept for its window, or worked out for it, or the reason why there are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from cases import hotspots
from cases.hotspots import Window, window_of
from gridmap.features.parameters import Filters
from gridmap.models.ground import Level
from gridmap.problems import BadParameter


@dataclass(frozen=True)
class Spots:
    """An answer as :func:`cases.hotspots.spots` gives it, None where there is none, and what is to be said of it."""

    level: Level
    answer: Mapping[str, Any] | None
    words: str


Answer = Callable[[Window], tuple[Mapping[str, Any] | None, str]]


def kept_only(now: dt.datetime) -> Answer:
    """Only what is there already; what is not is asked for herewith, so that another report has it."""

    def ask(window: Window) -> tuple[Mapping[str, Any] | None, str]:
        found = hotspots.kept(window, now=now)
        if found.answer is None:
            return None, found.problem or "还没有算出，已交后台计算，稍后重新下载即有"
        at = timezone.localtime(found.done_at) if found.done_at else now
        return found.answer, f"{at:%Y-%m-%d %H:%M} 计算"

    return ask


def worked_out(now: dt.datetime) -> Answer:
    """Worked out here and now, which takes some seconds the first time."""

    def ask(window: Window) -> tuple[Mapping[str, Any] | None, str]:
        try:
            return hotspots.spots(window, on=now.date()), f"{now:%Y-%m-%d %H:%M} 计算"
        except ValueError as problem:
            return None, str(problem)

    return ask


def spots(filters: Filters, ask: Answer, *, now: dt.datetime) -> Spots:
    """Of grids where there are enough cases for them, else of communities."""
    found = None
    for level in (Level.GRID, Level.COMMUNITY):
        if len(filters.area or "") >= level.code_length:
            continue
        try:
            window = window_of(replace(filters, level=level.value), now=now)
        except BadParameter as problem:
            return Spots(level, None, problem.detail)
        answer, words = ask(window)
        found = Spots(level, answer, _said(window, answer, words))
        if answer is None or not answer["too_few"]:
            break
    return found or Spots(Level.GRID, None, "一个网格里没有热点可言")


def _said(window: Window, answer: Mapping[str, Any] | None, words: str) -> str:
    if answer is None:
        return words
    described = hotspots.described(window)
    method = described["method"]
    said = (
        f"{window.since} 起、{window.until} 前，n = {answer['n']:,}，分母{described['per']}；"
        f"平滑比率的邻域和，{method['permutations']:,} 次置换，错误发现率校正，方法 {method['version']}；{words}"
    )
    return f"{answer['too_few']}；{said}" if answer["too_few"] else said
