"""Cases counted by area or by cell of the map: whole months from what is counted beforehand, the rest from the cases.

Both ways give the same figures, which a test proves on random histories and filters; the first is only faster. What the
counts beforehand do not know of (a state, a channel, one category of a group, a place) is counted from the cases alone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import add
from time import sleep
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from numpy.typing import NDArray

from cases.deadlines import SHANGHAI
from cases.features import rows
from cases.models import AreaMonth, Case, CellMonth, UnitMonth
from cases.models.case import late
from cases.models.counts import CELL_ZOOM, GROUP_LETTERS, Counts
from cases.workflow import DONE, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.features.tile import QUADKEY_ZOOM
from gridmap.models.ground import Level
from gridmap.routing import Method

COUNTED: tuple[type[Counts], ...] = (AreaMonth, CellMonth, UnitMonth)
COLLECTED = ~Q(state=State.MERGED)
# Taken together these are what makes a row one of its own: all but its figures.
KEYS = ("month", "category", "area", "cell", "unit", "digits")
# Fewer rows than this are not worth joining.
MANY = 500
SETTLING = 4490_0205
# How long counting anew waits for writers, well before the database looks for deadlocks (1 s), and how often.
PATIENCE, PAUSE_S, TRIES = "300ms", 0.2, 300
# What it says then: https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCKED = "55P03"


class Figures(NamedTuple):
    """What is counted of cases: see :class:`cases.models.counts.CaseCounts`."""

    collected: int = 0
    patrol: int = 0
    astray: int = 0
    merged: int = 0
    done: int = 0
    in_time: int = 0


class Unfinished(NamedTuple):
    """How many cases are open at a moment, and how many of them past their limit."""

    open: int = 0
    overdue: int = 0


Sums = TypeVar("Sums", Figures, Unfinished)


def plus(some: Sums, others: Sums) -> Sums:
    """Both together."""
    return type(some)(*map(add, some, others))


class Cells(NamedTuple):
    """How many cases there are in each cell, by its key (quadkey of its zoom), in order; shape (n,) each."""

    key: NDArray[np.int64]
    n: NDArray[np.int64]


def columns_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tiles' numbers from the west: the bits of a quadkey at even places, put together."""
    found = np.zeros_like(keys)
    for bit in range(QUADKEY_ZOOM):
        found |= keys >> bit & 1 << bit
    return found


def rows_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tiles' numbers from the north."""
    return columns_of(keys >> 1)


def by_area(filters: Filters) -> dict[str, Figures]:
    """Figures by the code of the area cases lie in now: of a grid, or of a town or district that has to find one."""
    return _figures_by("area", F("current_area"), filters)


def by_month(filters: Filters) -> dict[dt.date, Figures]:
    """Figures by the first day of the month, in Shanghai, in which cases were reported; no month without any."""
    return _figures_by("month", TruncMonth("reported_at", output_field=models.DateField(), tzinfo=SHANGHAI), filters)


def _figures_by(column: str, of_a_case: Any, filters: Filters) -> dict[Any, Figures]:
    """Figures by a column of :class:`AreaMonth`, and by what it is of a case."""
    months, rest = split(filters, known=("area",))
    chosen = in_months(AreaMonth, months, filters.category)
    if filters.area is not None:
        chosen = chosen.filter(area__startswith=filters.area)
    found: defaultdict[Any, Figures] = defaultdict(Figures)
    for counted in (
        chosen.order_by().values_list(column).annotate(*map(Sum, Figures._fields)),
        *(_from_cases(part, of_a_case) for part in rest),
    ):
        for key, *figures in counted:
            found[key] = plus(found[key], Figures(*figures))
    return {key: figures for key, figures in found.items() if any(figures)}


def by_cell(filters: Filters, *, zoom: int = CELL_ZOOM, merged_too: bool = False) -> Cells:
    """Cases collected, by the cell their public places lie in; ``merged_too``: and those merged into others.

    ``zoom``: of the cells, :data:`CELL_ZOOM` or beyond it, where the counts do not reach.
    """
    table = [row for asked in _cells_asked(filters, zoom=zoom, merged_too=merged_too) for row in asked]
    keys, found = np.array(table, dtype=np.int64).reshape(-1, 2).T
    cells, which = np.unique(keys, return_inverse=True)
    n = np.bincount(which, weights=found, minlength=len(cells)).astype(np.int64)
    return Cells(cells[n > 0], n[n > 0])


def _cells_asked(
    filters: Filters, *, zoom: int, merged_too: bool = False, quadkeys: tuple[int, int] | None = None
) -> Iterable[QuerySet[Any, Any]]:
    """Rows of a cell and a number, from the counts and from the cases; several may be of one cell."""
    deeper = 2 * (QUADKEY_ZOOM - zoom)
    months, rest = split(filters) if zoom == CELL_ZOOM else (None, [filters])
    counts, number = in_months(CellMonth, months, filters.category), F("collected")
    if quadkeys is not None:
        counts = counts.filter(cell__range=[key >> deeper for key in quadkeys])
    yield counts.order_by().values_list("cell").annotate(n=Sum(number + F("merged") if merged_too else number))
    for part in rest:
        cases = rows(part, NOBODY) if merged_too else rows(part, NOBODY).filter(COLLECTED)
        if quadkeys is not None:
            cases = cases.filter(quadkey__range=quadkeys)
        yield cases.order_by().values_list(F("quadkey").bitrightshift(deeper)).annotate(n=Count("pk"))


def cells_statement(filters: Filters, quadkeys: tuple[int, int], *, zoom: int) -> tuple[str, tuple[Any, ...]] | None:
    """SQL for the cells of a zoom with cases in a tile's range of quadkeys: key and number; None where nothing is to be asked.

    Neither the tile nor ``zoom`` is beyond :data:`CELL_ZOOM`.
    """
    asked = []
    for chosen in _cells_asked(filters, zoom=CELL_ZOOM, quadkeys=quadkeys):
        try:
            asked.append(chosen.query.sql_with_params())
        except EmptyResultSet:
            continue
    if not asked:
        return None
    together = " UNION ALL ".join(f"({sql})" for sql, _ in asked)
    shift = 2 * (CELL_ZOOM - zoom)
    statement = f"""
        SELECT key >> {shift}, sum(n)::bigint FROM ({together}) AS counted (key, n) GROUP BY 1 HAVING sum(n) > 0
    """  # noqa: S608
    return statement, tuple(value for _, values in asked for value in values)


def open_by_area(filters: Filters, *, now: dt.datetime) -> dict[str, Unfinished]:
    """What is open now of the cases the filters mean, by the area they lie in: few, so always from the cases."""
    counted = rows(filters, NOBODY).filter(closed_at=None).order_by().values("current_area")
    found = counted.annotate(open=Count("pk"), overdue=Count("pk", filter=late(now)))
    return {it["current_area"]: Unfinished(it["open"], it["overdue"]) for it in found}


def to_level(figures: Mapping[str, Sums], level: Level) -> dict[str, Sums]:
    """Figures by areas of a level; what lies in no area so low is left out: see :func:`above`."""
    summed: dict[str, Sums] = {}
    for code, its in figures.items():
        if len(code) >= level.code_length:
            place = code[: level.code_length]
            summed[place] = plus(summed[place], its) if place in summed else its
    return summed


def above(figures: Mapping[str, Figures], level: Level) -> Figures:
    """Figures of what lies in no area of a level, nor in a lower one."""
    return total(its for code, its in figures.items() if len(code) < level.code_length)


def total(some: Iterable[Figures]) -> Figures:
    """All of them in one."""
    return reduce(plus, some, Figures())


# ---- whole months, and what is left of a period -----------------------------------------------------------------


class Months(NamedTuple):
    """Whole months of a period, from one to before another; None: without a bound on that side."""

    first: dt.date | None
    end: dt.date | None


def whole_months(since: dt.datetime | None, until: dt.datetime | None) -> Months | None:
    """The whole months from a moment to before another, in Shanghai; None where there is none."""
    first = None if since is None else month_after(_month_of(since - dt.timedelta(microseconds=1)))
    end = None if until is None else _month_of(until)
    return None if first is not None and end is not None and first >= end else Months(first, end)


def _month_of(moment: dt.datetime) -> dt.date:
    return moment.astimezone(SHANGHAI).date().replace(day=1)


def month_after(month: dt.date) -> dt.date:
    """The first day of the month after one, by its first day."""
    return (month + dt.timedelta(days=31)).replace(day=1)


def begin(month: dt.date) -> dt.datetime:
    """When a month begins in Shanghai, by its first day."""
    return dt.datetime.combine(month, dt.time(), SHANGHAI)


def split(filters: Filters, *, known: Collection[str] = ()) -> tuple[Months | None, list[Filters]]:
    """The months counted beforehand that answer the filters, if any do, and what is left to be counted from the rows.

    ``known``: filters that the counts know of beside the period and the group of categories.
    """
    unknown = replace(filters, since=None, until=None, category=None, limit=None, after=None)
    unknown = replace(unknown, **dict.fromkeys(known))
    whole = whole_months(filters.since, filters.until)
    if whole is None or unknown != Filters() or len(filters.category or "") not in (0, GROUP_LETTERS):
        return None, [filters]
    rest = []
    if whole.first is not None and filters.since is not None and filters.since < begin(whole.first):
        rest.append(replace(filters, until=begin(whole.first)))
    if whole.end is not None and filters.until is not None and begin(whole.end) < filters.until:
        rest.append(replace(filters, since=begin(whole.end)))
    return whole, rest


def in_months(model: type[Counts], months: Months | None, category: str | None) -> QuerySet[Any]:
    """What was counted beforehand of some months; None: of none."""
    counts: QuerySet[Any] = model._default_manager.all()
    if months is None:
        return counts.none()
    chosen = counts.filter(category=category or "")
    if months.first is not None:
        chosen = chosen.filter(month__gte=months.first)
    if months.end is not None:
        chosen = chosen.filter(month__lt=months.end)
    return chosen


def _from_cases(filters: Filters, key: Any) -> Iterable[tuple[Any, ...]]:
    """Rows of a key and figures, from the cases."""
    done = Q(state__in=sorted(DONE))
    counted: QuerySet[Case, Any] = rows(filters, NOBODY).order_by().values(key=key)
    sums: dict[str, Any] = dict(
        collected=Count("pk", filter=COLLECTED),
        patrol=Count("pk", filter=COLLECTED & Q(channel=Case.Channel.PATROL)),
        astray=Count("pk", filter=COLLECTED & ~Q(route_method=Method.WITHIN)),
        merged=Count("pk", filter=~COLLECTED),
        done=Count("pk", filter=done),
        in_time=Count("pk", filter=done & Q(closed_at__lte=F("due_at"))),
    )
    # Under names that no field of a case has.
    named = {f"n_{name}": value for name, value in sums.items()}
    return counted.annotate(**named).values_list("key", *named)


# ---- keeping the counts -------------------------------------------------------------------------------------------


def recount() -> None:
    """Count everything anew; writing waits meanwhile.

    It stops the tables one after the other. A writer who is in the middle may want one that is stopped already, and then
    neither would go on: so whoever counts gives way soon, and begins again.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # Rows joined meanwhile would not be seen, and so be kept besides what is counted.
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (SETTLING,))
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", (PATIENCE,))
                cursor.execute("SELECT cases_recount()")
        except OperationalError as waited:
            if not left or getattr(waited.__cause__, "pgcode", "") != LOCKED:
                raise
            sleep(PAUSE_S)
        else:
            return


def settle(*, at_least: int = MANY) -> int:
    """Join rows that were added one by one with those of the same key; returns how many were joined. Changes no sum.

    One at a time: whoever finds another at it leaves it to them.
    """
    return sum(_settle(model, at_least) for model in COUNTED)


@transaction.atomic
def _settle(model: type[Counts], at_least: int) -> int:
    loose = model._default_manager.filter(settled=False)
    if loose.count() < at_least:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (SETTLING,))
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_joining(model))
        return int(cursor.rowcount)


def _joining(model: type[Counts]) -> str:
    """One statement: a reader sees the rows as they were or as they are, and the sums are the same."""
    table = model._meta.db_table
    names = [field.name for field in model._meta.fields if field.name not in ("id", "settled")]
    keys = [name for name in names if name in KEYS]
    figures = [field for field in model._meta.fields if field.name in names and field.name not in keys]
    sums = [_sum(field) for field in figures]
    same = " AND ".join(f"loose.{key} = whole.{key}" for key in keys)
    some = " OR ".join(f"sum({field.name}) <> 0" for field in figures if field.name != "hours")
    columns = ", ".join([*keys, *(field.name for field in figures)])
    return f"""
        WITH loose AS (SELECT DISTINCT {", ".join(keys)} FROM {table} WHERE NOT settled),
        taken AS (DELETE FROM {table} AS whole USING loose WHERE {same} RETURNING whole.*)
        INSERT INTO {table} ({columns}, settled)
        SELECT {", ".join([*keys, *sums])}, true FROM taken GROUP BY {", ".join(keys)} HAVING {some}
    """  # noqa: S608  # names of our own columns


def _sum(field: models.Field[Any, Any]) -> str:
    size = getattr(field, "size", None)
    if size is None:
        return f"sum({field.name})"
    return f"ARRAY[{', '.join(f'sum({field.name}[{n}])' for n in range(1, size + 1))}]"
