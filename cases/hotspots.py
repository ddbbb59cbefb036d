"""Hot spots (热点) on the map: asked for by a page, found by the sweep, kept by window.

The statistic is :mod:`geodata.hotspots`; here it is given its counts, its denominators and its ground. An answer is worked
out anew once the cases have changed, also that of a past window, whose reports can still be merged, moved or put into
another category; until then the last one is shown with its time.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cases.counting import Figures, by_area, to_level
from cases.deadlines import SHANGHAI
from cases.models import HotSpots
from geodata.hotspots import CLASSES, LABELS, METHOD, hotspots, neighbours, persistence
from gridmap.features.parameters import Filters, read_word
from gridmap.models import Boundary, River
from gridmap.models.ground import Level, said
from gridmap.models.versions import version_of
from gridmap.problems import DATABASE_AWAY, BadParameter

LOG = logging.getLogger(__name__)
LEVELS = (Level.GRID, Level.COMMUNITY)
DENOMINATORS = {"residents": "千名居民", "enterprises": "家企业", "km2": "平方公里"}
# Rates are told for so many of a denominator.
PER = {"residents": 1000, "enterprises": 1, "km2": 1}
COUNTERS = ("cases", "areas", "rivers")
# No longer window: with those before it that is as far back as anything was ever reported.
LONGEST = dt.timedelta(days=3660)
# A window is found anew no more often than this, however much is reported.
REST = dt.timedelta(minutes=10)
# Anybody may ask for any window, so there is an end to what is kept of them: those asked for last.
KEPT_FOR = dt.timedelta(days=30)
KEPT_AT_MOST = 500
ASKED_AGAIN = dt.timedelta(days=1)
AT_ONCE = 4


@dataclass(frozen=True)
class Window:
    """What hot spots are asked for: of which level, against which denominator, from a day to before another.

    The rest says of which cases, "" for any: ``state`` has states by their names, in order, with commas between.
    """

    level: Level
    denominator: str
    since: dt.date
    until: dt.date
    category: str = ""
    area: str = ""
    channel: str = ""
    state: str = ""
    department: str = ""

    @classmethod
    def of(cls, row: HotSpots) -> Window:
        """The window that was kept."""
        kept = {field.name: getattr(row, field.name) for field in fields(cls)}
        return cls(**kept | {"level": Level(row.level)})

    @property
    def days(self) -> int:
        """How long it is."""
        return (self.until - self.since).days

    def before(self, times: int) -> Window:
        """The window of the same length so many times before."""
        back = dt.timedelta(days=self.days * times)
        return replace(self, since=self.since - back, until=self.until - back)

    def filters(self) -> Filters:
        """Which cases are meant."""
        since, until = (dt.datetime.combine(day, dt.time(), SHANGHAI) for day in (self.since, self.until))
        return Filters(
            since=since,
            until=until,
            category=self.category or None,
            area=self.area or None,
            channel=self.channel or None,
            state=tuple(self.state.split(",")) if self.state else None,
            department=self.department or None,
        )


def window_of(filters: Filters, *, now: dt.datetime) -> Window:
    """The window that filters ask for; a year until the end of today unless they say otherwise."""
    until = _day("until", filters.until) or now.astimezone(SHANGHAI).date() + dt.timedelta(days=1)
    since = _day("since", filters.since) or until - dt.timedelta(days=365)
    if since >= until:
        raise BadParameter("参数 until 应晚于 since (until after since)", parameter="until")
    if until - since > LONGEST:
        raise BadParameter(f"时段不能长于 {LONGEST.days} 天 (the window is too long)", parameter="since")
    words = {name: getattr(filters, name) or "" for name in ("category", "area", "channel", "department")}
    state = ",".join(sorted(set(filters.state or ())))
    level = Level(filters.level or Level.GRID)
    return Window(level, filters.denominator or "residents", since, until, state=state, **words)


def read_category(name: str, value: str) -> str:
    """A category's code or the beginning of one, no longer than there are."""
    most = HotSpots._meta.get_field("category").max_length
    if len(code := read_word(name, value)) > (most or 0):
        raise BadParameter(f"参数 {name} 长于任何类别编码 (longer than any code)", parameter=name)
    return code


def _day(name: str, moment: dt.datetime | None) -> dt.date | None:
    if moment is None:
        return None
    local = moment.astimezone(SHANGHAI)
    if local.time() != dt.time():
        raise BadParameter(f"热点按天计算，参数 {name} 应为日期 (a day, not a moment)", parameter=name)
    return local.date()


def kept(window: Window, *, now: dt.datetime) -> HotSpots:
    """The hot spots of a window, answered already or asked for herewith; the last answer while a better one is looked for."""
    found, _ = HotSpots.objects.get_or_create(**asdict(window), method=METHOD.version, defaults={"asked_at": now})
    if _is_old(found, now):
        # Found anew behind the answer there is, which stays until there is another.
        HotSpots.objects.filter(pk=found.pk, wanted=False).update(
            wanted=True, asked_at=now, started_at=None, progress=0
        )
        found.refresh_from_db()
    elif not found.wanted and now - found.asked_at > ASKED_AGAIN:
        HotSpots.objects.filter(pk=found.pk, wanted=False).update(asked_at=now)
    return found


def _is_old(found: HotSpots, now: dt.datetime) -> bool:
    """Whether it was looked at some time ago, with an answer or without, and cases changed since."""
    looked_at = [it for it in (found.told_at, found.done_at) if it is not None]
    if found.wanted or not looked_at or now - max(looked_at) < REST:
        return False
    return found.version != version_of(*COUNTERS)


# ---- finding them ---------------------------------------------------------------------------------------------------


def find(*, now: Callable[[], dt.datetime] = timezone.localtime) -> int:
    """Find what was asked for and nobody works on; returns how many answers there are more. Any number may do so at once."""
    return sum(_find_next(now) for _ in range(AT_ONCE))


def _find_next(now: Callable[[], dt.datetime]) -> bool:
    with transaction.atomic():
        waiting = HotSpots.objects.to_be_found(now()).order_by("asked_at")
        row = waiting.select_for_update(skip_locked=True).first()
        if row is None:
            return False
        row.started_at = row.told_at = now()
        row.save(update_fields=["started_at", "told_at"])

    def tell(done: float) -> None:
        HotSpots.objects.filter(pk=row.pk).update(progress=done, told_at=now())

    version = version_of(*COUNTERS)
    window = Window.of(row)
    try:
        answer = spots(window, on=now().date(), tell=tell)
    except DATABASE_AWAY:
        raise
    except Exception as problem:  # whoever asked is told, and the sweep goes on for all others
        # The ground cannot be used, which a sentence says; or something nobody thought of, which the log has whole.
        LOG.exception("hot spots of %s", window)
        told = str(problem) if isinstance(problem, ValueError) else "计算没有成功，原因见日志 (failed, see the log)"
        HotSpots.objects.filter(pk=row.pk).update(problem=told, wanted=False, told_at=now())
        return False
    HotSpots.objects.filter(pk=row.pk).update(
        answer=answer, version=version, progress=1, done_at=now(), wanted=False, problem=""
    )
    return True


def spots(window: Window, *, on: dt.date, tell: Callable[[float], None] = lambda done: None) -> dict[str, Any]:
    """The hot spots of a window on the boundaries of a day, with those of the windows before it for how long they last.

    ``rows``: for each area what is observed, expected and rated for :data:`PER` of the denominator, its class and course.
    """
    ground = _ground(window.level, window.area, on, version_of("areas", "rivers"))
    base = ground.denominators[window.denominator]
    found = []
    for times in range(METHOD.windows):
        figures = to_level(by_area(window.before(times).filters()), window.level)
        counts = np.array([figures.get(code, Figures())[:2] for code in ground.codes], dtype=np.int64).reshape(-1, 2)
        observed, patrol = counts.T
        found.append(hotspots(ground.codes, observed, patrol, base, ground.graph, window.days, window.level))
        tell((times + 1) / METHOD.windows)
    now, course = found[0], persistence([it.spot for it in found])
    per = PER[window.denominator]
    columns = zip(
        now.codes, now.observed, now.expected, now.rate * per, now.eb_rate * per, now.z, now.p, now.q, now.spot,
        now.patrol_share, now.patrol_only, course, now.reason, strict=True,
    )  # fmt: skip
    names = ("code", "observed", "expected", "rate", "eb_rate", "z", "p", "q", "class", "patrol_share", "patrol_only")
    rows = [dict(zip((*names, "persistence", "reason"), map(_plain, row), strict=True)) for row in columns]
    return {
        "n": int(now.total),
        "too_few": now.too_few,
        "classes": {name: int((now.spot == name).sum()) for name in CLASSES},
        "rows": rows,
    }


def described(window: Window) -> dict[str, Any]:
    """What was asked and by which method, as every answer says."""
    floor = METHOD.floors[window.level]
    return {
        "window": {"since": window.since.isoformat(), "until": window.until.isoformat(), "days": window.days},
        "level": window.level.value,
        "denominator": window.denominator,
        "per": DENOMINATORS[window.denominator],
        "method": {
            "version": METHOD.version,
            "permutations": METHOD.permutations,
            "floor": {"cases": floor.cases, "days": floor.days},
            "fdr": list(METHOD.levels),
        },
        "labels": dict(LABELS),
    }


def _plain(value: Any) -> Any:
    """As JSON has it: four significant digits, and null for what is no number."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value


@dataclass(frozen=True)
class _Ground:
    codes: list[str]
    graph: Any
    denominators: dict[str, np.ndarray[Any, Any]]


@lru_cache(maxsize=8)
def _ground(level: Level, area: str, on: dt.date, version: int) -> _Ground:
    """The areas of a level in force on a day, with who is whose neighbour; ``version`` is that of areas and rivers."""
    chosen = Boundary.objects.on(on).filter(area__level=level, area__code__startswith=area).order_by("area")
    columns = chosen.annotate(residents=said("residents"), enterprises=said("enterprises"))
    rows = list(columns.values_list("area_id", "geom", "residents", "enterprises", "area_m2"))
    shapes = shapely.from_wkb([bytes(geom.wkb) for _, geom, *_ in rows])
    rivers = shapely.from_wkb([bytes(geom.wkb) for geom in River.objects.values_list("geom", flat=True)])
    codes = [code for code, *_ in rows]
    numbers = np.array([[n or 0 for n in its] for _, _, *its in rows], dtype=np.float64).reshape(-1, 3)
    denominators = {"residents": numbers[:, 0], "enterprises": numbers[:, 1], "km2": numbers[:, 2] / 1e6}
    return _Ground(codes, neighbours(codes, shapes, rivers), denominators)


def forget_old(*, now: dt.datetime) -> int:
    """Drop what nobody asked for in a month, and of more than :data:`KEPT_AT_MOST` the eldest; returns how many."""
    last = HotSpots.objects.order_by("-asked_at", "-pk").values("pk")[:KEPT_AT_MOST]
    return HotSpots.objects.filter(Q(asked_at__lt=now - KEPT_FOR) | ~Q(pk__in=last)).delete()[0]
