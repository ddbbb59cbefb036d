"""What the report says: read once, from what the review, the map and their addresses are read from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F
from django.http import QueryDict

from cases.coverage import Coverage, Gap, Place, coverage, gaps, supply
from cases.deadlines import SHANGHAI
from cases.features import READERS
from cases.map_report.spots import Answer, Spots, spots
from cases.models import Case, Category
from cases.overdue import OVERDUE_SUMS, described, open_whistles
from cases.review import Review, review
from cases.sheets import PERIOD
from cases.workflow import State
from gridmap.duties import NOBODY
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters, read_filters
from gridmap.models import Area, Boundary, Organisation
from gridmap.models.ground import Level
from gridmap.problems import BadParameter

# As the review's.
PARAMETERS = PERIOD - {"level"}
# More marks than this nobody tells apart on the map, and the file would grow with them: then by community.
MOST_MARKS = 2000
# So many of the whistles that are overdue are listed.
MOST_ROWS = 200


@dataclass(frozen=True)
class Whistles:
    """Whistles still open: the sums of all, by community, each one unless there are too many, and the first overdue."""

    head: Mapping[str, Any]
    by_community: Sequence[Mapping[str, Any]]
    marks: Sequence[Mapping[str, Any]] | None
    overdue: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Contents:
    """All that is shown; ``names``: of departments and towns, by code. ``asked``: the filters in words."""

    filters: Filters
    now: dt.datetime
    asked: Sequence[tuple[str, str]]
    schematic: bool
    review: Review
    whistles: Whistles
    coverage: Mapping[Place, Coverage]
    gaps: Sequence[Gap]
    names: Mapping[str, str]
    spots: Spots


def read(given: QueryDict) -> Filters:
    """The filters asked for; raises :class:`BadParameter` for what is unknown, cannot be read or means nothing."""
    return checked(read_filters(given, PARAMETERS, own=READERS))


def checked(filters: Filters) -> Filters:
    """The same filters, where they mean something; raises :class:`BadParameter`."""
    if filters.since and filters.until and filters.since >= filters.until:
        raise BadParameter("参数 until 应晚于 since (until after since)", parameter="until")
    in_words(filters)
    return filters


def gathered(filters: Filters, *, now: dt.datetime, ask: Answer) -> Contents:
    """The contents as things stand at a moment; ``ask`` answers for hot spots."""
    asked = coverage(filters, level=Level.TOWN, now=now)
    offered = supply(on=now.date(), area=filters.area or "", department=filters.department)
    units = Organisation.objects.filter(code__in={place.unit for place in asked})
    towns = Area.objects.filter(level=Level.TOWN)
    return Contents(
        filters=filters,
        now=now,
        asked=in_words(filters),
        schematic=Boundary.objects.on(now.date()).filter(edition__schematic=True).exists(),
        review=review(filters, now=now),
        whistles=_whistles(filters, now),
        coverage=asked,
        gaps=gaps(asked, offered),
        names=dict([*units.values_list("code", "name"), *towns.values_list("code", "name")]),
        spots=spots(filters, ask, now=now),
    )


def _whistles(filters: Filters, now: dt.datetime) -> Whistles:
    sums = OVERDUE_SUMS.sheet(Question(replace(filters, level=Level.COMMUNITY.value), NOBODY, now))
    chosen = described(open_whistles(filters, NOBODY), now=now).order_by("due_at", "id").values(
        "level", "late", "holder", "there_since", "due_at", "overdue_hours", "hops",
        number=F("case__number"), category_name=F("case__category__name"), area_name=F("case__current_area__name"),
        town=F("case__current_area__code"), point=F("case__public_point"),
    )  # fmt: skip
    few = sums.head["total"]["open"] <= MOST_MARKS
    rows = list(chosen if few else chosen.filter(late__in=LATE)[:MOST_ROWS])
    for row in rows:
        row["lon"], row["lat"] = row["point"].coords
        row["town"] = row["town"][: Level.TOWN.code_length]
    overdue = [row for row in rows if row["late"] in LATE][:MOST_ROWS]
    return Whistles(sums.head, list(sums.rows), rows if few else None, overdue)


LATE = ("over", "far_over")


# ---- in words ---------------------------------------------------------------------------------------------------------


def in_words(filters: Filters) -> list[tuple[str, str]]:
    """Every filter as people read it; raises :class:`BadParameter` where a code means nothing."""
    said = [
        ("时段", period(filters)),
        ("区域", _area(filters.area)),
        ("类别", _category(filters.category)),
        ("部门", _department(filters.department)),
    ]
    if filters.channel is not None:
        said.append(("来源", str(Case.Channel(filters.channel).label)))
    if filters.state is not None:
        said.append(("状态", "、".join(str(State(it).label) for it in filters.state)))
    return said


def period(filters: Filters) -> str:
    """The time in which the cases were reported, which is what all that is shown is about."""
    since, until = (_moment(it) for it in (filters.since, filters.until))
    if since and until:
        return f"{since} 起、{until} 前上报的事项"
    if since:
        return f"{since} 起上报的事项"
    return f"{until} 前上报的事项" if until else "至今上报的全部事项"


def _moment(moment: dt.datetime | None) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d}" if local.time() == dt.time() else f"{local:%Y-%m-%d %H:%M:%S}"


def _area(code: str | None) -> str:
    if code is None:
        return "全区"
    found = Area.objects.filter(code__startswith=code).order_by("code").first()
    if found is None:
        raise BadParameter(f"没有编码以 {code} 开头的区域 (no such area)", parameter="area")
    if found.code != code:
        return f"编码以 {code} 开头的区域"
    above = Area.objects.filter(code__in=[code[:9], code[:12]]).exclude(code=code).order_by("code")
    return " ".join([*above.values_list("name", flat=True), found.name, code])


def _category(code: str | None) -> str:
    if code is None:
        return "全部"
    found = Category.objects.filter(code__startswith=code).order_by("code").first()
    if found is None:
        raise BadParameter(f"没有代码以 {code} 开头的类别 (no such category)", parameter="category")
    return f"{found.name} {code}" if found.code == code else f"代码以 {code} 开头的类别"


def _department(code: str | None) -> str:
    if code is None:
        return "全部"
    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise BadParameter(f"没有代码为 {code} 的部门 (no such department)", parameter="department")
    return f"{found.name} {code}"
