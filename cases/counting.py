"""Cases counted by area or by cell of the map: whole months from what is counted beforehand, the rest from the cases.

Both ways give the same figures, which a test proves on random histories and filters; the first is only faster. What the
counts beforehand do not know of (a state, a channel, one category of a group, a place) is counted from the cases alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from operator import add
from time import sleep
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models, transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from numpy.typing import NDArray

from cases.deadlines import SHANGHAI
from cases.features import rows
from cases.models import Case
from cases.models.case import late
from cases.models.counts import CELL_ZOOM, CELL_ZOOMS, GROUP_LETTERS
from cases.totals import (
    AREAS,
    CELLS,
    KINDS,
    Kind,
    Months,
    Statement,
    asked,
    counted,
    counted_by_month,
    fetched,
    joining,
)
from cases.workflow import DONE, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.features.tile import QUADKEY_ZOOM
from gridmap.models.ground import Level
from gridmap.routing import Method

COLLECTED = ~Q(state=State.MERGED)
# Fewer rows than this are not worth joining.
MANY = 500
SETTLING = 4490_0205
# How long counting anew waits for writers, well before the database looks for deadlocks (1 s), and how often.
PATIENCE, PAUSE_S, TRIES = "300ms", 0.2, 300
# What it says then: https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCKED = "55P03"


class Figures(NamedTuple):
    """What is counted of cases: see :class:`cases.models.counts.AreaMonth`."""

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
    return _figures_by("area", counted, F("current_area"), filters)


def by_month(filters: Filters) -> dict[dt.date, Figures]:
    """Figures by the first day of the month, in Shanghai, in which cases were reported; no month without any."""
    of_a_case = TruncMonth("reported_at", output_field=models.DateField(), tzinfo=SHANGHAI)
    return _figures_by("month", counted_by_month, of_a_case, filters)


def _figures_by(
    column: str, source: Callable[[Kind, Months], str], of_a_case: Any, filters: Filters
) -> dict[Any, Figures]:
    """Figures by a column of what is counted beforehand, and by what it is of a case."""
    months, rest = split(filters, known=("area",))
    parts = [_from_cases(part, of_a_case) for part in rest]
    if months is not None:
        sums = ", ".join(f"sum({name})::bigint" for name in Figures._fields)
        parts.append(fetched(asked(f"{column}, {sums}", source(AREAS, months), filters, groups=column)))
    found: dict[Any, Figures] = {}
    for part in parts:
        for key, *figures in part:
            its = Figures(*figures)
            found[key] = plus(found[key], its) if key in found else its
    return {key: figures for key, figures in found.items() if any(figures)}


def by_cell(filters: Filters, *, zoom: int = CELL_ZOOM, merged_too: bool = False) -> Cells:
    """Cases collected, by the cell of a zoom their public places lie in; ``merged_too``: and those merged into others."""
    parts = [_read(statement) for statement in _cells_asked(filters, zoom=zoom, merged_too=merged_too)]
    keys, found = np.concatenate([NO_CELLS, *parts]).T
    cells, which = np.unique(keys, return_inverse=True)
    n = np.bincount(which, weights=found, minlength=len(cells)).astype(np.int64)
    return Cells(cells[n > 0], n[n > 0])


NO_CELLS = np.empty((0, 2), dtype=np.int64)


def _read(statement: Statement) -> NDArray[np.int64]:
    """Rows of a key and a number, which the database sends all in one: row by row takes longer than finding them."""
    sql, params = statement
    packed = f"SELECT string_agg(int8send(key) || int8send(n), '') FROM ({sql}) AS counted (key, n)"  # noqa: S608
    ((found,),) = fetched((packed, params))
    return np.frombuffer(found or b"", dtype=">i8").reshape(-1, 2).astype(np.int64)


def _cells_asked(
    filters: Filters, *, zoom: int, merged_too: bool = False, quadkeys: tuple[int, int] | None = None
) -> Iterator[Statement]:
    """Statements for rows of a cell and a number, from the counts and from the cases; several may be of one cell."""
    kept = min((it for it in CELL_ZOOMS if it >= zoom), default=None)
    months, rest = (None, [filters]) if kept is None else split(filters)
    if kept is not None and months is not None:
        more = {"zoom = %s": kept}
        if quadkeys is not None:
            first, last = (key >> 2 * (QUADKEY_ZOOM - kept) for key in quadkeys)
            more |= {"cell >= %s": first, "cell <= %s": last}
        n = "collected + merged" if merged_too else "collected"
        yield asked(f"cell >> {2 * (kept - zoom)}, ({n})::bigint", counted(CELLS, months), filters, more=more)
    for part in rest:
        cases = rows(part, NOBODY) if merged_too else rows(part, NOBODY).filter(COLLECTED)
        if quadkeys is not None:
            cases = cases.filter(quadkey__range=quadkeys)
        cell = F("quadkey").bitrightshift(2 * (QUADKEY_ZOOM - zoom))
        try:
            yield cases.order_by().values_list(cell).annotate(n=Count("pk")).query.sql_with_params()
        except EmptyResultSet:  # Django knows without asking
            continue


def cells_statement(filters: Filters, quadkeys: tuple[int, int], *, zoom: int) -> Statement | None:
    """SQL for the cells of a zoom with cases in a tile's range of quadkeys: key and number; None where nothing is to be asked.

    The tile is not beyond ``zoom``.
    """
    statements = list(_cells_asked(filters, zoom=zoom, quadkeys=quadkeys))
    if not statements:
        return None
    together = " UNION ALL ".join(f"({sql})" for sql, _ in statements)
    sums = f"SELECT key, sum(n)::bigint FROM ({together}) AS counted (key, n) GROUP BY 1 HAVING sum(n) > 0"  # noqa: S608
    return sums, tuple(value for _, values in statements for value in values)


def open_by_area(filters: Filters, *, now: dt.datetime) -> dict[str, Unfinished]:
    """What is open now of the cases the filters mean, by the area they lie in: few, so always from the cases."""
    unfinished = rows(filters, NOBODY).filter(closed_at=None).order_by().values("current_area")
    found = unfinished.annotate(open=Count("pk"), overdue=Count("pk", filter=late(now)))
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


def _from_cases(filters: Filters, key: Any) -> Iterable[tuple[Any, ...]]:
    """Rows of a key and figures, from the cases."""
    done = Q(state__in=sorted(DONE))
    grouped: QuerySet[Case, Any] = rows(filters, NOBODY).order_by().values(key=key)
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
    return grouped.annotate(**named).values_list("key", *named)


# ---- keeping the counts -------------------------------------------------------------------------------------------


def recount() -> None:
    """Count everything anew; writing waits meanwhile.

    It stops the tables one after the other. A writer who is in the middle may want one that is stopped already, and then
    neither would go on: so whoever counts gives way soon, and begins again.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # What is joined meanwhile would not be seen, and so be kept besides what is counted.
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
    """Join what changes added to the running totals; returns how many of these changed. Changes no sum.

    One at a time: whoever finds another at it leaves it to them.
    """
    return sum(_settle(kind, at_least) for kind in KINDS)


@transaction.atomic
def _settle(kind: Kind, at_least: int) -> int:
    if kind.months._default_manager.count() < at_least:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (SETTLING,))
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(joining(kind))
        return int(cursor.rowcount)
