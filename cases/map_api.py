"""What the map's layers are drawn from: figures by area, the density of cases, hot spots, whistles still open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from cases import hotspots
from cases.density import density
from cases.features import READERS
from cases.hotspots import DENOMINATORS, LEVELS, Window, read_category, window_of
from cases.models import HotSpots
from cases.sheets import PERIOD, window_words
from gridmap.features import areal
from gridmap.features.areal import Areal, Sheet
from gridmap.features.offered import Offered, Question
from gridmap.features.parameters import one_of, read_filters

DENSITY = Offered(
    id="density",
    title="密度",
    parameters=PERIOD - {"level"},
    counters=("cases", "areas"),
    readers=READERS,
    turns=lambda question: f"{question.now:%Y%m%d}",
)
SPOTS_BY = PERIOD | {"denominator"}
SPOTS_READERS = READERS | {
    "category": read_category,
    "denominator": one_of(*DENOMINATORS),
    "level": one_of(*LEVELS),
}
ASK_AGAIN_SECONDS = 3
# What it answers depends on the window that was found: see `_answered`.
HOTSPOTS = Areal(
    id="hotspots",
    title="热点",
    sheet=lambda question: Sheet({}),
    fields={
        "code": "区域编码",
        "observed": "件数",
        "expected": "按分母应有的件数",
        "rate": "件数与分母之比",
        "eb_rate": "经验贝叶斯平滑后的比",
        "z": "本格与相邻格之和的标准分(Gi*)",
        "p": "置换检验的 p",
        "q": "错误发现率校正后的 q",
        "class": "类别",
        "patrol_share": "巡查发现的份额",
        "patrol_only": "只因巡查而多",
        "persistence": "新增、持续、消退",
        "reason": "没有类别的原因",
    },
    parameters=SPOTS_BY,
    counters=(),
    readers=SPOTS_READERS,
    takes_time=True,
)


def density_surface(request: HttpRequest) -> HttpResponse:
    """The density of cases as a picture with a legend."""

    def tell(question: Question) -> dict[str, Any]:
        window = {"window": window_words(question.filters)}
        return window | density(question.filters, on=question.now.date())

    return areal.answer_told(request, DENSITY, tell)


def hot_spots(request: HttpRequest, *, as_geojson: bool = False) -> HttpResponse:
    """Hot spots of a window: 200 with the last answer, 202 with how far the work is while there is none."""
    now = timezone.localtime()
    window = window_of(read_filters(request.GET, SPOTS_BY, own=SPOTS_READERS), now=now)
    found = hotspots.kept(window, now=now)
    if found.answer is None:
        return _not_yet(found, window)
    shown = _answered(found, window)
    return areal.answer_geojson(request, shown) if as_geojson else areal.answer(request, shown)


def _not_yet(found: HotSpots, window: Window) -> HttpResponse:
    said: dict[str, Any] = {"status": "computing", "progress": found.progress, **hotspots.described(window)}
    if found.problem:
        said = {"status": "failed", "problem": found.problem, **hotspots.described(window)}
    headers = {"Retry-After": str(ASK_AGAIN_SECONDS), "Cache-Control": "no-store"}
    return JsonResponse(said, status=202, headers=headers, json_dumps_params={"ensure_ascii": False})


def _answered(found: HotSpots, window: Window) -> Areal:
    answer, done_at = found.answer or {}, found.done_at
    head = {
        "status": "ready",
        "computed_at": done_at and timezone.localtime(done_at).isoformat(timespec="seconds"),
        "renewing": found.wanted,
        # Why there is no better answer, if there is none.
        "problem": found.problem,
        **hotspots.described(window),
        **{name: value for name, value in answer.items() if name != "rows"},
    }
    return replace(
        HOTSPOTS,
        sheet=lambda question: Sheet(head, answer["rows"]),
        turns=lambda question: f"{found.pk}|{done_at}|{found.wanted}|{found.problem}",
    )
