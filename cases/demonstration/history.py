"""Three years of cases, made up: where people live, clustered so that real hot spots exist, handled as in practice.

Everything drawn at random comes from one seeded generator. The rows are staged by COPY and turned into cases, photos
and trace by a few statements, which end in the same state as the actions one by one: routed by the same rule,
numbered from the same sequence, dated on the same calendar, sealed by the same trigger.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from django.db import connection, transaction
from numpy.typing import NDArray

from cases.actions.reporting import TRACK_ALPHABET, TRACK_LENGTH
from cases.deadlines import SHANGHAI, DeadlineTable, Unit
from cases.demonstration import pictures, statements
from cases.models import Case, Category
from cases.models.calendar import calendar_between
from cases.workflow import State
from geodata.crs import to_metres
from gridmap.models import Area, Boundary

MONTHS = 36
SEED = 4649
HOT_SPOTS = 6
HOT_RADIUS_M = 450.0
HOT_FACTOR = 6.0
# Of 4,649 collected 4,640 are done (R06, R07); other amounts keep the proportion.
ARTICLE_COLLECTED, ARTICLE_OPEN = 4649, 9
OPEN_STAGES = (State.REPORTED, State.HANDLING, State.RESOLVED)
LATE_SHARE = 0.06
DAY = 86_400.0

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Grids:
    """The second-level grids in force: codes, polygons (degrees), centres in metres, residents."""

    codes: list[str]
    shapes: NDArray[np.object_]
    centres: Floats
    residents: Floats


@dataclass(frozen=True)
class Moments:
    """Seconds since the epoch of each case's steps; NaN where a step has not been reached."""

    reported: Floats
    due: Floats
    accepted: Floats
    resolved: Floats
    closed: Floats


def load(count: int, *, as_of: dt.datetime, fixtures: Path) -> int:
    """Add ``count`` cases reported in the 36 months before ``as_of``; returns how many stay open."""
    random = np.random.default_rng(SEED)
    grids = _grids(as_of.date())
    categories = list(Category.objects.filter(children=None).order_by("code"))
    phrases = _phrases(fixtures / "phrases.csv")
    open_count = max(1, round(count * ARTICLE_OPEN / ARTICLE_COLLECTED)) if count else 0
    hot, favourite = _hot_spots(grids, len(categories), random)
    grid = _choose_grids(grids, hot, count, random)
    # Whoever tries the first worker's account finds a case of each stage on the desk.
    grid[count - open_count :][: len(OPEN_STAGES)] = 0
    points = _points(grids, grid, random)
    category = _choose_categories(categories, favourite[grid], random)
    moments = _moments(count, open_count, categories, category, as_of, random)
    in_time = np.argsort(moments.reported, kind="stable")
    moments = Moments(*(values[in_time] for values in vars(moments).values()))
    points, category = points[in_time], category[in_time]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statements.STAGE)
        cursor.copy_expert(statements.FILL, _Lines(_rows(points, category, categories, phrases, moments, random)))
        statements.stage_pictures(cursor, pictures.keep_all(categories))
        for statement in statements.SETTLE:
            cursor.execute(statement, {"on": as_of.date()})
        for statement in statements.TRACE:
            cursor.execute(statement)
        cursor.execute("DROP TABLE staged")
        cursor.execute("ANALYZE cases_case, cases_photo, cases_traceevent")
    return open_count


def _grids(on: dt.date) -> Grids:
    rows = (
        Boundary.objects.on(on)
        .filter(area__level="grid")
        .order_by("area_id")
        .values_list("area_id", "geom", "area__residents")
    )
    codes, geometries, residents = zip(*rows, strict=True)
    shapes = np.array([shapely.from_wkb(bytes(geometry.wkb)) for geometry in geometries], dtype=object)
    shapely.prepare(shapes)
    lon, lat = shapely.get_coordinates(shapely.centroid(shapes)).T
    return Grids(list(codes), shapes, np.column_stack(to_metres(lon, lat)), np.array(residents, float))


def _phrases(path: Path) -> dict[str, list[tuple[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        phrases: dict[str, list[tuple[str, str]]] = {}
        for row in csv.DictReader(file):
            phrases.setdefault(row["category"], []).append((row["reported"], row["done"]))
    return phrases


def _hot_spots(grids: Grids, kinds: int, random: np.random.Generator) -> tuple[Floats, Whole]:
    """A factor per grid, and the category a hot grid is known for (−1 elsewhere)."""
    factor = np.ones(len(grids.codes))
    favourite = np.full(len(grids.codes), -1)
    crowded = np.argsort(-grids.residents / np.maximum(shapely.area(grids.shapes), 1e-12))[:200]
    for centre in random.choice(crowded, HOT_SPOTS, replace=False):
        near = np.hypot(*(grids.centres - grids.centres[centre]).T) <= HOT_RADIUS_M
        factor[near] = HOT_FACTOR
        favourite[near] = random.integers(kinds)
    return factor, favourite


def _choose_grids(grids: Grids, factor: Floats, count: int, random: np.random.Generator) -> Whole:
    weight = grids.residents * factor * random.gamma(4.0, 0.25, len(grids.codes))
    return random.choice(len(grids.codes), count, p=weight / weight.sum())


def _points(grids: Grids, grid: Whole, random: np.random.Generator) -> Floats:
    """A point well inside each case's grid; half of them crowd around a few corners of it."""
    points = np.empty((len(grid), 2))
    order = np.argsort(grid, kind="stable")
    starts = np.searchsorted(grid[order], np.arange(len(grids.codes) + 1))
    for index, shape in enumerate(grids.shapes):
        mine = order[starts[index] : starts[index + 1]]
        points[mine] = _inside(shape, len(mine), random)
    return points


def _inside(shape: shapely.Geometry, count: int, random: np.random.Generator) -> Floats:
    west, south, east, north = shapely.bounds(shape)
    corners = random.uniform((west, south), (east, north), (3, 2))
    found = np.empty((0, 2))
    while len(found) < count:
        spread = random.uniform((west, south), (east, north), (4 * count + 8, 2))
        crowd = corners[random.integers(3, size=len(spread))] + random.normal(0.0, 0.0003, spread.shape)
        # Rounded before it is tried: a rounding afterwards could step over the district's outline.
        tried = np.where(random.random((len(spread), 1)) < 0.5, crowd, spread).round(7)
        found = np.vstack([found, tried[shapely.contains_xy(shape, tried)]])
    return found[:count]


def _choose_categories(categories: list[Category], favourite: Whole, random: np.random.Generator) -> Whole:
    # A few kinds make up most of what is reported, as everywhere.
    weight = 1.0 / np.arange(1, len(categories) + 1) ** 0.6
    weight = random.permutation(weight)
    chosen = random.choice(len(categories), len(favourite), p=weight / weight.sum())
    known = (favourite >= 0) & (random.random(len(favourite)) < 0.55)
    return np.where(known, favourite, chosen)


def _moments(
    count: int,
    open_count: int,
    categories: list[Category],
    category: Whole,
    as_of: dt.datetime,
    random: np.random.Generator,
) -> Moments:
    """When each case was reported, taken, solved and closed; the last ``open_count`` are recent and still open.

    In no order of time.
    """
    end = as_of.timestamp()
    begin = _months_before(as_of, MONTHS).timestamp()
    reported = _daytime(random.uniform(begin, end - 3 * DAY, count), random)
    last = slice(count - open_count, count)
    reported[last] = _lately(open_count, end, random)
    # Handled within working time, as the deadline is counted; a few take longer than they may.
    used = np.where(random.random(count) < LATE_SHARE, random.uniform(1.02, 1.8, count), random.beta(2.0, 3.0, count))
    unfinished = _Limits(categories, category, reported, as_of).after(used) > end - 3600.0
    unfinished[last] = False
    reported[unfinished] -= 70 * DAY  # done by now, as all but the last few are
    limits = _Limits(categories, category, reported, as_of)
    accepted = limits.after(used * random.uniform(0.02, 0.3, count)) + 60.0
    resolved = limits.after(used * random.uniform(0.4, 0.9, count)) + 120.0
    moments = Moments(reported, limits.after(np.ones(count)), accepted, resolved, limits.after(used) + 180.0)
    _leave_open(moments, last, end)
    return moments


def _lately(open_count: int, end: float, random: np.random.Generator) -> Floats:
    """When the cases still open were reported: these three days, but one in nine too long ago."""
    ago = np.where(np.arange(open_count) % 9 == 8, 25.0, random.uniform(0.1, 3.0, open_count))
    moments = _daytime(end - ago * DAY, random)
    return np.where(moments > end - 1800.0, moments - DAY, moments)


def _leave_open(moments: Moments, last: slice, end: float) -> None:
    """Cut the last cases off at their different stages."""
    reported = moments.reported[last]
    stage = np.arange(len(reported)) % len(OPEN_STAGES)
    since = end - reported
    moments.accepted[last] = np.where(stage >= 1, np.floor(reported + since * 0.3), np.nan)
    moments.resolved[last] = np.where(stage >= 2, np.floor(reported + since * 0.8), np.nan)
    moments.closed[last] = np.nan


def _months_before(moment: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(moment.month - 1 - months, 12)
    return moment.replace(year=moment.year + years, month=month + 1, day=min(moment.day, 28))


def _daytime(moments: Floats, random: np.random.Generator) -> Floats:
    """Move reports to the hours people are awake, seven to twenty-two, most of them by day."""
    east = 8 * 3600.0
    midnight = np.floor((moments + east) / DAY) * DAY - east
    moved: Floats = np.floor(midnight + (7.0 + 15.0 * random.beta(2.0, 2.2, len(moments))) * 3600.0)
    return moved


class _Limits:
    """The limits of all cases on one calendar."""

    def __init__(self, categories: list[Category], category: Whole, reported: Floats, as_of: dt.datetime) -> None:
        first = dt.datetime.fromtimestamp(reported.min(), SHANGHAI).date() - dt.timedelta(days=20)
        last = as_of.date() + dt.timedelta(days=120)
        self._table = DeadlineTable(calendar_between(first, last), first, last)
        self._amounts = np.array([it.limit_amount for it in categories])[category]
        self._units = np.array([it.limit_unit for it in categories])[category]
        self._reported = reported

    def after(self, shares: Floats) -> Floats:
        """The moment this share of each case's limit has run, in seconds since the epoch."""
        moments = np.empty(len(self._reported))
        for unit in Unit:
            mine = self._units == unit.value
            moments[mine] = self._table.due_at(self._reported[mine], self._amounts[mine] * shares[mine], unit)
        return np.floor(moments)


CHANNELS = (
    Case.Channel.PATROL,
    Case.Channel.WEB,
    Case.Channel.WECHAT,
    Case.Channel.HOTLINE,
    Case.Channel.MEETING,
)
CHANNEL_SHARES = (0.55, 0.2, 0.12, 0.1, 0.03)


def _rows(
    points: Floats,
    category: Whole,
    categories: list[Category],
    phrases: dict[str, list[tuple[str, str]]],
    moments: Moments,
    random: np.random.Generator,
) -> Iterator[str]:
    """Lines for COPY, in the order of the staged columns."""
    count = len(points)
    ids = random.bytes(16 * count)
    letters = np.array(list(TRACK_ALPHABET))[random.integers(len(TRACK_ALPHABET), size=(count, TRACK_LENGTH))]
    channel = random.choice(len(CHANNELS), count, p=CHANNEL_SHARES)
    phrase = random.integers(1 << 30, size=count)
    for i in range(count):
        code = categories[category[i]].code
        reported, done = phrases[code][phrase[i] % len(phrases[code])]
        yield (
            "\t".join(
                (
                    str(uuid.UUID(bytes=ids[16 * i : 16 * i + 16], version=4)),
                    "".join(letters[i]),
                    code,
                    reported,
                    done,
                    CHANNELS[channel[i]].value,
                    repr(float(points[i, 0])),
                    repr(float(points[i, 1])),
                    *(_seconds(values[i]) for values in vars(moments).values()),
                )
            )
            + "\n"
        )


def _seconds(moment: float) -> str:
    return r"\N" if np.isnan(moment) else str(int(moment))


class _Lines(io.TextIOBase):
    """Lines from a generator as the file COPY reads."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = ""

    def read(self, size: int | None = -1) -> str:
        parts, length = [self._rest], len(self._rest)
        for line in self._lines:
            parts.append(line)
            length += len(line)
            if size is not None and 0 <= size <= length:
                break
        text = "".join(parts)
        if size is None or size < 0:
            self._rest = ""
            return text
        self._rest = text[size:]
        return text[:size]


def summary() -> str:
    """One line about what is loaded."""
    return f"{Case.objects.count()} 件事项,{Case.objects.open().count()} 件未结;{Area.objects.count()} 个区域"
