"""Figures by area for maps and reviews: what each address may be asked and what it answers (JSON and GeoJSON alike)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils import timezone

from cases.counting import Unfinished, above, by_area, open_by_area, to_level, total
from cases.coverage import Coverage, Place, coverage, gaps, supply
from cases.features import READERS, by_the_minute
from cases.ground import THEMES, told
from gridmap.features.areal import Areal, Sheet, level_of
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters, one_of
from gridmap.models import Organisation
from gridmap.models.ground import Level

PERIOD = frozenset({"area", "category", "channel", "department", "level", "since", "state", "until"})


def window_words(filters: Filters) -> dict[str, str | None]:
    """The period as every answer says it, in Shanghai."""
    return {
        name: timezone.localtime(moment).isoformat(timespec="seconds") if moment else None
        for name, moment in (("since", filters.since), ("until", filters.until))
    }


# ---- counts ---------------------------------------------------------------------------------------------------------


def _counts(question: Question) -> Sheet:
    level, filters = level_of(question, Level.GRID)
    every = by_area(filters)
    unfinished = to_level(open_by_area(filters, now=question.now), level)
    rows = [
        {"code": code, **its._asdict(), **unfinished.get(code, Unfinished())._asdict()}
        for code, its in sorted(to_level(every, level).items())
    ]
    head = {
        "window": window_words(filters),
        "level": level.value,
        "total": total(every.values())._asdict(),
        "elsewhere": above(every, level)._asdict(),
    }
    return Sheet(head, rows)


COUNTS = Areal(
    id="counts",
    title="事项数，按区域",
    sheet=_counts,
    fields={
        "code": "区域编码",
        "collected": "收集",
        "patrol": "其中巡查发现",
        "astray": "其中压线、就近或人工更正的",
        "merged": "并入别件的，不在收集之内",
        "done": "办结",
        "in_time": "按期办结",
        "open": "未结",
        "overdue": "超期",
    },
    parameters=PERIOD,
    counters=("cases", "areas"),
    readers=READERS,
    turns=by_the_minute,
)


# ---- coverage -------------------------------------------------------------------------------------------------------


def _coverage(question: Question) -> Sheet:
    level, filters = level_of(question, Level.TOWN)
    on = question.now.date()
    asked = coverage(filters, level=level, now=question.now)
    offered = supply(on=on, area=filters.area or "", department=filters.department)
    units = {place.unit for place in (*asked, *offered)}
    departments = Organisation.objects.filter(code__in=units).order_by("code")
    towns = asked if level == Level.TOWN else coverage(filters, level=Level.TOWN, now=question.now)
    head = {
        "window": window_words(filters),
        "level": level.value,
        "departments": [{"code": it.code, "name": it.name} for it in departments],
        "gaps": [{**_place(gap.place), "reason": gap.reason} for gap in gaps(towns, offered)],
        "supply": [
            {**_place(place), "stationed": its.stationed, "powers": its.powers, "per_10k": its.per_10k}
            for place, its in sorted(offered.items())
        ],
    }
    return Sheet(head, [answered(place, its) for place, its in sorted(asked.items())])


def _place(place: Place) -> dict[str, str]:
    return {"department": place.unit, "code": place.area}


def answered(place: Place, its: Coverage) -> dict[str, Any]:
    """A row of coverage, as every address tells it."""
    return {
        "id": f"{place.unit}-{place.area}",
        **_place(place),
        "demanded": its.demanded,
        "waiting": its.waiting,
        "arrived": its.arrived,
        "arrived_in_time": its.arrived_in_time,
        "fell_due": its.fell_due,
        "percent_in_time": its.percent_in_time,
        "median_hours": its.median_hours,
        "done": its.done,
        "done_in_time": its.done_in_time,
        "overdue": its.late,
        "scored": its.scored,
        "mean_result": its.mean_result,
        "interval": its.interval,
    }


COVERAGE = Areal(
    id="coverage",
    title="部门到位",
    sheet=_coverage,
    fields={
        "department": "部门编码",
        "code": "区域编码",
        "demanded": "需报到",
        "waiting": "未到限、未报到",
        "arrived": "已报到",
        "arrived_in_time": "按时报到",
        "fell_due": "按时报到率的分母",
        "percent_in_time": "按时报到率，%",
        "median_hours": "报到用时的中位数，工作时，按分组",
        "done": "已办结",
        "done_in_time": "按期办结",
        "overdue": "超期未办结",
        "scored": "已评分",
        "mean_result": "考核结果的平均",
        "interval": "其 95 % 区间",
    },
    parameters=PERIOD,
    counters=("cases", "areas", "registry"),
    readers=READERS | {"level": one_of(Level.TOWN, Level.COMMUNITY)},
    turns=by_the_minute,
)


# ---- ground -----------------------------------------------------------------------------------------------------------


def _ground(question: Question) -> Sheet:
    name = question.filters.theme or "size"
    sheet = told(THEMES[name], replace(question.filters, theme=None), now=question.now)
    return replace(sheet, head={"theme": name, **sheet.head})


GROUND = Areal(
    id="ground",
    title="网格底数",
    sheet=_ground,
    fields={"code": "网格编码", "class": "类别", "value": "数值", "words": "说明"},
    parameters=(PERIOD - {"level"}) | {"theme"},
    counters=("cases", "areas", "registry"),
    readers=READERS | {"theme": one_of(*THEMES)},
    turns=lambda question: f"{question.now:%Y%m%d}",
)
