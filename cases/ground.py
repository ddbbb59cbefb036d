"""What the ground itself says of each second-level grid (网格底数): one theme of it on the map at a time."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from cases.counting import Figures, Unfinished, above, by_area, open_by_area
from geodata.sizes import URBAN_HOUSEHOLDS, Size, size_of
from gridmap.features.areal import Sheet
from gridmap.features.parameters import Filters
from gridmap.models import Appointment, Area, Boundary, Building, PartyOrganisation
from gridmap.models.ground import Level, said
from gridmap.roles import Role


class Said(NamedTuple):
    """What is said of a grid: its class, the number behind it if there is one, and both in words."""

    kind: str
    value: float | None
    words: str


class Told(NamedTuple):
    """What a theme says: of grids, by code, and of what is no grid, by name."""

    grids: Mapping[str, Said]
    beside: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Theme:
    """A theme, in a word and in words: its classes in the order of the legend, and what it says at a moment."""

    name: str
    title: str
    classes: Mapping[str, str]
    say: Callable[[Filters, dt.datetime], Told]


def told(theme: Theme, filters: Filters, *, now: dt.datetime) -> Sheet:
    """The legend with the number of grids in each class, a row for each grid, and what the theme says beside them."""
    found = theme.say(filters, now)
    counts = Counter(it.kind for it in found.grids.values())
    legend = [{"class": kind, "words": words, "n": counts[kind]} for kind, words in theme.classes.items()]
    rows = [
        {"code": code, "class": it.kind, "value": it.value, "words": it.words}
        for code, it in sorted(found.grids.items())
    ]
    return Sheet({"theme_name": theme.title, "legend": legend, "n": len(rows), **found.beside}, rows)


def _grids(filters: Filters, on: dt.date) -> list[Mapping[str, Any]]:
    """The grids in force on a day, with what the registry says of them."""
    chosen = Boundary.objects.on(on).filter(area__level=Level.GRID)
    if filters.area is not None:
        chosen = chosen.filter(area__code__startswith=filters.area)
    columns = {name: said(name) for name in ("households", "residents", "size_waiver", "kind")}
    rows: QuerySet[Boundary, Any] = chosen.values(
        "area_id", "area__urban", **{f"its_{name}": it for name, it in columns.items()}
    )
    return list(rows)


# ---- size (R12, R13) ------------------------------------------------------------------------------------------------


def _sizes(filters: Filters, now: dt.datetime) -> Told:
    return Told({grid["area_id"]: _size(grid) for grid in _grids(filters, now.date())})


def _size(grid: Mapping[str, Any]) -> Said:
    households, residents = grid["its_households"], grid["its_residents"]
    if households is None or residents is None:
        return Said("unknown", None, "没有登记规模")
    urban = bool(grid["area__urban"])
    words, measured = f"{households:,} 户，{residents:,} 人", households if urban else residents
    if grid["its_kind"] == Area.Kind.DEDICATED:
        return Said("dedicated", measured, words)
    size = size_of(households, residents, urban=urban)
    if size != Size.FITS and grid["its_size_waiver"]:
        return Said("waived", measured, f"{words}；豁免：{grid['its_size_waiver']}")
    return Said(size, measured, words)


# ---- party organisations (R15–R17) ----------------------------------------------------------------------------------


def _party(filters: Filters, now: dt.datetime) -> Told:
    on = now.date()
    seated = PartyOrganisation.objects.existing(on).exclude(area=None).values_list("area_id", "name")
    of_grid: defaultdict[str, list[str]] = defaultdict(list)
    for code, name in seated:
        of_grid[code].append(name)
    grids = {
        grid["area_id"]: Said("with", len(names), "、".join(names))
        if (names := of_grid[grid["area_id"]])
        else Said("without", 0, "没有党组织")
        for grid in _grids(filters, on)
    }
    return Told(grids, {"buildings": _buildings_with_party(on)})


def _buildings_with_party(on: dt.date) -> list[dict[str, Any]]:
    """The buildings that have a party organisation (the 29 of the article), as points in CGCS2000 degrees."""
    seated = PartyOrganisation.objects.existing(on).exclude(building=None).values("building")
    found = Building.objects.filter(code__in=seated).order_by("code")
    return [{"code": it.code, "name": it.name, "lon": it.point.x, "lat": it.point.y} for it in found]


# ---- workers ----------------------------------------------------------------------------------------------------------


def _posts(on: dt.date) -> list[tuple[str, str, bool]]:
    """Grid workers in post on a day: grid, person, whether part-time."""
    held = Appointment.objects.on(on).filter(role=Role.GRID_WORKER, area__level=Level.GRID)
    return list(held.values_list("area_id", "person_id", "part_time"))


def _workers(filters: Filters, now: dt.datetime) -> Told:
    posts = _posts(now.date())
    grids_of = Counter(person for _, person, _ in posts)
    of_grid: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for code, person, part_time in posts:
        of_grid[code].append((grids_of[person] > 1, part_time))
    return Told({grid["area_id"]: _staffed(of_grid[grid["area_id"]]) for grid in _grids(filters, now.date())})


def _staffed(workers: Iterable[tuple[bool, bool]]) -> Said:
    """By the best there is: somebody for this grid alone, before somebody shared, before somebody part-time."""
    workers = list(workers)
    n = len(workers)
    if not workers:
        return Said("vacant", 0, "没有网格员")
    if any(not shared and not part_time for shared, part_time in workers):
        return Said("own", n, f"{n} 人，有专属网格员")
    if any(not part_time for _, part_time in workers):
        return Said("shared", n, f"{n} 人，与别的网格共用")
    return Said("part_time", n, f"{n} 人，兼职")


# ---- workload and routing ---------------------------------------------------------------------------------------------

HEAVY = (2, 5, 10)


def _workload(filters: Filters, now: dt.datetime) -> Told:
    cases = open_by_area(filters, now=now)
    workers = Counter(code for code, _, _ in _posts(now.date()))
    codes = [grid["area_id"] for grid in _grids(filters, now.date())]
    return Told({code: _load(cases.get(code, Unfinished()).open, workers[code]) for code in codes})


def _load(cases: int, workers: int) -> Said:
    if not workers:
        return Said("vacant", None, f"未结 {cases} 件，没有网格员")
    each = round(cases / workers, 1)
    kind = "none" if not cases else next((f"to_{most}" for most in HEAVY if each <= most), "more")
    return Said(kind, each, f"未结 {cases} 件，网格员 {workers} 人，人均 {each:g} 件")


SHARES = (5, 20)


def _routing(filters: Filters, now: dt.datetime) -> Told:
    figures = by_area(filters)
    codes = [grid["area_id"] for grid in _grids(filters, now.date())]
    # What lies in no grid a town or the district has to find one for.
    return Told(
        {code: _routed(figures.get(code, Figures())) for code in codes},
        {"unrouted": above(figures, Level.GRID).collected},
    )


def _routed(figures: Figures) -> Said:
    if not figures.collected:
        return Said("none", None, "没有事项")
    share = round(100 * figures.astray / figures.collected, 1)
    kind = "clear" if not figures.astray else next((f"to_{most}" for most in SHARES if share <= most), "more")
    return Said(kind, share, f"{figures.collected} 件中 {figures.astray} 件压线、就近或人工更正")


THEMES: dict[str, Theme] = {
    "size": Theme(
        "规模",
        "网格规模",
        {
            Size.FITS: f"合规：城镇 {URBAN_HOUSEHOLDS[0]}–{URBAN_HOUSEHOLDS[1]} 户，农村 500 人左右",
            Size.TOO_SMALL: "偏小",
            Size.TOO_LARGE: "偏大",
            "waived": "有豁免理由",
            "dedicated": "专属网格，不论大小",
            "unknown": "没有登记",
        },
        _sizes,
    ),
    "party": Theme("党组织", "党组织覆盖", {"with": "有党组织", "without": "没有党组织"}, _party),
    "workers": Theme(
        "网格员",
        "网格员覆盖",
        {"own": "有专属网格员", "shared": "与别的网格共用", "part_time": "只有兼职", "vacant": "空缺"},
        _workers,
    ),
    "workload": Theme(
        "工作量",
        "工作量：网格员人均未结",
        {
            "none": "没有未结",
            **{f"to_{most}": f"不超过 {most} 件" for most in HEAVY},
            "more": f"多于 {HEAVY[-1]} 件",
            "vacant": "没有网格员",
        },
        _workload,
    ),
    "routing": Theme(
        "归格质量",
        "归格质量：压线、就近、人工更正的份额",
        {
            "clear": "全部落在格内",
            **{f"to_{most}": f"不超过 {most} %" for most in SHARES},
            "more": f"多于 {SHARES[-1]} %",
            "none": "没有事项",
        },
        _routing,
    ),
}
