"""What is to happen to each case, drawn at random: where and what it is, which path it takes, and when each deed is done."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from cases.deadlines import Unit, WorkingCalendar
from cases.demonstration.paths import PATHS, UNFINISHED, Deeds, Stop, states_along
from cases.demonstration.timing import DAY, Floats, Timing, Walk, Whole
from cases.models import Category
from cases.workflow import OPEN, State
from geodata.crs import to_metres
from gridmap.models import Boundary

MONTHS = 36
HOT_SPOTS = 6
HOT_RADIUS_M = 450.0
HOT_FACTOR = 6.0
LATE_SHARE = 0.06
# Of a thousand, so many beside are merged into another: they count as the one they are part of.
MERGED = 4
VOICED = 0.06
# One open case in so many has been waiting for long.
STALE_EVERY, STALE_DAYS = 9, 25.0


@dataclass(frozen=True)
class Grids:
    """The second-level grids in force: codes, polygons (degrees), centres in metres, residents."""

    codes: list[str]
    shapes: NDArray[np.object_]
    centres: Floats
    residents: Floats


@dataclass(frozen=True)
class Way:
    """Cases that go the same deeds: who of all they are, when each deed is done, and the deadline at the end."""

    deeds: Deeds
    cases: Whole
    walk: Walk

    @property
    def state(self) -> State:
        """Where they stand at the end."""
        return states_along(self.deeds)[-1][1] if self.deeds else State.REPORTED

    @property
    def ends(self) -> Floats:
        """When each of them was closed, a column for each time."""
        closing = [came in OPEN and state not in OPEN for came, state in states_along(self.deeds)]
        found: Floats = self.walk.moments[:, np.flatnonzero(closing)]
        return found


class Draft:
    """All cases before they are written, in no order of time: first the done, then the unfinished, then the merged.

    Moments are seconds since the epoch; ``closed`` is NaN for what is open, ``ended`` for what was never closed: then it
    was for the first time. ``into`` is the case another is merged into,
    −1 for none.
    """

    def __init__(self, count: int) -> None:
        self.points = np.empty((count, 2))
        self.category = np.empty(count, int)
        self.reported = np.empty(count)
        self.due_first = np.empty(count)
        self.due = np.empty(count)
        self.closed = np.full(count, np.nan)
        self.ended = np.full(count, np.nan)
        self.voices = np.zeros(count, int)
        self.into = np.full(count, -1)
        self.way = np.empty(count, int)
        self.row = np.empty(count, int)
        self.ways: list[Way] = []

    def add(self, way: Way, reported: Floats) -> None:
        """Let some cases go a way."""
        mine = way.cases
        self.reported[mine], self.due_first[mine] = reported, way.walk.due_first
        self.due[mine], self.way[mine], self.row[mine] = way.walk.due, len(self.ways), np.arange(len(mine))
        if (ends := way.ends).shape[1]:
            self.ended[mine] = ends[:, 0]
        if way.state not in OPEN:
            self.closed[mine] = ends[:, -1]
        self.ways.append(way)

    def moments(self, case: int) -> Floats:
        """When each deed is done to a case."""
        found: Floats = self.ways[self.way[case]].walk.moments[self.row[case]]
        return found

    def cut(self, count: int) -> None:
        """Forget all cases from the one with this number on."""
        for name, values in vars(self).items():
            if name != "ways":
                setattr(self, name, values[:count])


def draft_of(
    count: int,
    unfinished: int,
    categories: list[Category],
    calendar: WorkingCalendar,
    as_of: dt.datetime,
    random: np.random.Generator,
) -> Draft:
    """Draw ``count`` cases, the last ``unfinished`` of them not done, and those merged into them."""
    grids = _grids(as_of.date())
    hot, favourite = _hot_spots(grids, len(categories), random)
    grid = _choose_grids(grids, hot, count, random)
    category = _choose_categories(categories, favourite[grid], random)
    done = count - unfinished
    stops = [UNFINISHED[number % len(UNFINISHED)] for number in range(unfinished)]
    _set_apart(grid[done:], category[done:], stops, grids, categories)
    merged = round(done * MERGED / 1000)
    draft = Draft(count + merged)
    draft.category[:count] = category
    draft.points[:count] = _points(grids, grid, random)
    timing = Timing(categories, calendar, as_of)
    _go_far(draft, done, categories, timing, as_of, random)
    _stand_open(draft, done, stops, timing, as_of, random)
    draft.voices[:count] = np.where(random.random(count) < VOICED, random.integers(1, 4, count), 0)
    _merge(draft, done, merged, timing, grids.shapes[grid], random)
    return draft


def _set_apart(grid: Whole, category: Whole, stops: Sequence[Stop], grids: Grids, categories: list[Category]) -> None:
    """Lay the first of the unfinished where whoever tries the listed accounts finds them on their desks."""
    codes = [it.code for it in categories]
    near = [index for index, code in enumerate(grids.codes) if code[:12] == grids.codes[0][:12]]
    for number, stop in enumerate(stops):
        if stop.category:
            category[number] = codes.index(stop.category)
        if number < len(UNFINISHED):
            grid[number] = near[number % len(near)] if PATHS[stop.path].far else near[0]


def _go_far(
    draft: Draft,
    done: int,
    categories: list[Category],
    timing: Timing,
    as_of: dt.datetime,
    random: np.random.Generator,
) -> None:
    """Give those that are done a path and its moments, all before now."""
    begin, end = _months_before(as_of, MONTHS).timestamp(), as_of.timestamp()
    path = _choose_paths(draft.category[:done], categories, random)
    for number, chosen in enumerate(PATHS.values()):
        mine = np.flatnonzero(path == number)
        if not len(mine):
            continue
        reported = daytime(random.uniform(begin, end - 3 * DAY, len(mine)), random)
        walker = timing.walker(chosen.deeds, draft.category[mine], _used(len(mine), random), random)
        while (late := walker.walk(reported).moments[:, -1] > end - 3600.0).any():
            reported[late] -= 70 * DAY  # done by now, as all but the last few are
        draft.add(Way(chosen.deeds, mine, walker.walk(reported)), reported)


def _choose_paths(category: Whole, categories: list[Category], random: np.random.Generator) -> Whole:
    """The path of each case: exact shares, so that the rare ones are there; what goes far has days, not hours."""
    paths = list(PATHS.values())
    amounts = [int(it.share * len(category) / 1000 + 0.5) for it in paths]
    days = np.array([it.limit_unit == Unit.WORKING_DAYS and it.limit_amount > 1 for it in categories])
    far = random.permutation(np.flatnonzero(days[category]))
    numbers = np.repeat(np.arange(len(paths)), [n if it.far else 0 for n, it in zip(amounts, paths, strict=True)])
    chosen = np.zeros(len(category), int)
    chosen[far[: len(numbers)]] = numbers[: len(far)]
    rest = random.permutation(np.flatnonzero(chosen == 0))
    numbers = np.repeat(np.arange(len(paths)), [0 if it.far else n for n, it in zip(amounts, paths, strict=True)])
    numbers = numbers[numbers > 0][: len(rest)]  # the first path has what the others leave
    chosen[rest[: len(numbers)]] = numbers
    return chosen


def _used(count: int, random: np.random.Generator) -> Floats:
    """How much of its limit each case uses: within working time, as the deadline is counted; a few more than they may."""
    return np.where(random.random(count) < LATE_SHARE, random.uniform(1.02, 1.8, count), random.beta(2.0, 3.0, count))


def _stand_open(
    draft: Draft,
    done: int,
    stops: Sequence[Stop],
    timing: Timing,
    as_of: dt.datetime,
    random: np.random.Generator,
) -> None:
    """Let the unfinished come to where they stand a working hour or two ago, but some of them too long ago."""
    together: defaultdict[Stop, list[int]] = defaultdict(list)
    for number, stop in enumerate(stops):
        together[stop].append(number)
    for stop, found in together.items():
        numbers = np.array(found)
        ago = np.where(numbers % STALE_EVERY == STALE_EVERY - 1, STALE_DAYS, 0.0) * DAY
        mine = done + numbers
        walker = timing.walker(stop.deeds, draft.category[mine], random.beta(2.0, 3.0, len(mine)), random)
        if stop.deeds:
            last = timing.worked_before(as_of.timestamp() - ago, random.uniform(0.2, 1.4, len(mine)))
            reported = walker.begin_for(last)
        else:
            reported = _lately(as_of.timestamp() - ago, random)
        draft.add(Way(stop.deeds, mine, walker.walk(reported)), reported)


def _lately(end: Floats, random: np.random.Generator) -> Floats:
    """When the cases nobody has taken yet were reported: these three days."""
    moments = daytime(end - random.uniform(0.1, 3.0, len(end)) * DAY, random)
    return np.where(moments > end - 1800.0, moments - DAY, moments)


def _merge(
    draft: Draft, done: int, count: int, timing: Timing, shapes: NDArray[np.object_], random: np.random.Generator
) -> None:
    """Report some cases a second time while they are open, and merge the second into the first."""
    deeds, first = PATHS["merged"].deeds, len(draft.reported) - count
    span = draft.ended[:done] - draft.reported[:done]
    kept = random.permutation(np.flatnonzero(span > 0))
    reported = np.floor(draft.reported[kept] + span[kept] * random.uniform(0.05, 0.3, len(kept)))
    walker = timing.walker(deeds, draft.category[kept], np.ones(len(kept)), random)
    walk = walker.walk(reported)
    fits = np.flatnonzero(walk.moments[:, -1] < draft.ended[kept] - 60.0)[:count]
    kept, reported, mine = kept[fits], reported[fits], first + np.arange(len(fits))
    draft.category[mine], draft.into[mine] = draft.category[kept], kept
    for case, other in zip(mine, kept, strict=True):
        draft.points[case] = _beside(draft.points[other], shapes[other], random)
    draft.add(Way(deeds, mine, walk.only(fits)), reported)
    draft.voices[kept] += 1
    draft.cut(first + len(fits))


def _beside(point: Floats, shape: shapely.Geometry, random: np.random.Generator) -> Floats:
    """A place some steps from another in the same grid."""
    tried: Floats = (point + random.normal(0.0, 0.0001, 2)).round(7)
    return tried if shapely.contains_xy(shape, *tried) else point


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


def _months_before(moment: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(moment.month - 1 - months, 12)
    return moment.replace(year=moment.year + years, month=month + 1, day=min(moment.day, 28))


def daytime(moments: Floats, random: np.random.Generator) -> Floats:
    """Move reports to the hours people are awake, seven to twenty-two, most of them by day."""
    east = 8 * 3600.0
    midnight = np.floor((moments + east) / DAY) * DAY - east
    moved: Floats = np.floor(midnight + (7.0 + 15.0 * random.beta(2.0, 2.2, len(moments))) * 3600.0)
    return moved
