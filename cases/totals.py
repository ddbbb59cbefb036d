"""Running totals of what is counted by month: a period is one total less another, however long it is.

What changes added stands in rows of months (:mod:`cases.models.counts`) until it is joined to the totals. Every reader
takes both in one statement, so joining changes no figure for anybody. All names in the SQL are ours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from cases.models import AreaMonth, AreaTotals, CellMonth, CellTotals, UnitMonth, UnitTotals
from cases.models.counts import CELL_ZOOM, CELL_ZOOMS, HOURS, Counts, Totals
from gridmap.features.parameters import Filters

Statement = tuple[str, tuple[Any, ...]]


class Months(NamedTuple):
    """Whole months of a period, from one to before another; None: without a bound on that side."""

    first: dt.date | None
    end: dt.date | None


def number_of(month: dt.date) -> int:
    """Months since the year 0."""
    return 12 * month.year + month.month - 1


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Counts of one kind: its tables, and what its keys (beside the category) and figures are in a row of a month.

    ``beside``: what each of these rows is joined with. ``type``: of a total. ``long``: a matrix of some years is packed by
    the database, and would be unpacked for every figure; its lines are cut out once.
    """

    months: type[Counts]
    totals: type[Totals]
    keys: Mapping[str, str]
    figures: Mapping[str, str]
    beside: str = ""
    type: str = "integer"
    long: bool = False


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


ENDS = ("collected", "patrol", "astray", "merged", "refused", "evaluated", "done", "in_time")
CLASSES = tuple(f"class_{n}" for n in range(len(HOURS) + 1))
AREAS = Kind(
    months=AreaMonth,
    totals=AreaTotals,
    keys=_same("area"),
    figures=_same(*ENDS, "answers", "solved", "points"),
    long=True,
)
CELLS = Kind(
    months=CellMonth,
    totals=CellTotals,
    keys={"zoom": "zoom", "cell": f"cell >> 2 * ({CELL_ZOOM} - zoom)"},
    figures=_same("collected", "merged"),
    beside=f", unnest(ARRAY{list(CELL_ZOOMS)}::smallint[]) AS zoom",
)
UNITS = Kind(
    months=UnitMonth,
    totals=UnitTotals,
    keys=_same("digits", "unit", "area"),
    figures=_same("demanded", "arrived", "arrived_in_time", "done", "done_in_time", "scored")
    | {"points": "(points * 100)::bigint", "squares": "(squares * 10000)::bigint"}
    | {name: f"hours[{n}]" for n, name in enumerate(CLASSES, 1)},
    type="bigint",
    long=True,
)
KINDS = (AREAS, CELLS, UNITS)


# ---- reading --------------------------------------------------------------------------------------------------------


def counted(kind: Kind, months: Months) -> str:
    """SQL for the figures of a period: columns ``category``, the keys and the figures as they are kept.

    Of one key there may be two rows, and rows of nothing. To be asked with :func:`asked`.
    """
    return _totals_and_changes(
        kind, months, _lines(kind, _line_before(months.end), _line_before(months.first, none="0"))
    )


def counted_by_month(kind: Kind, months: Months) -> str:
    """The same by month besides, which is in a column ``month``: its first day."""
    begin = f"greatest(1, 1 + {_line_before(months.first, none='0')})"
    each = f", generate_series({begin}, {_line_before(months.end)}) AS nth"
    return _totals_and_changes(kind, months, _lines(kind, "nth", "nth - 1"), each, month="first + nth - 1")


def asked(
    columns: str, source: str, filters: Filters, *, more: Mapping[str, Any] | None = None, groups: str = ""
) -> Statement:
    """A statement that reads what is counted of the filters' category, area and department, and of no other filter.

    ``more``: SQL about other keys with one ``%s``, and the value for it.
    """
    of_filters = {
        "category = %s": filters.category or "",
        "starts_with(area, %s)": filters.area,
        "unit = %s": filters.department,
    }
    conditions = {sql: value for sql, value in of_filters.items() if value is not None} | dict(more or {})
    together = f" GROUP BY {groups}" if groups else ""
    where = " AND ".join(conditions)
    return f"SELECT {columns} FROM ({source}) AS counted WHERE {where}{together}", tuple(conditions.values())  # noqa: S608


def fetched(statement: Statement) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _day(number: str) -> str:
    return f"make_date(({number}) / 12, mod({number}, 12) + 1, 1)"


def _line_before(month: dt.date | None, none: str = "last - first + 1") -> str:
    """SQL for the number of the last line of totals before a month; below 1 there is no such line."""
    return none if month is None else f"least({number_of(month)}, last + 1) - first"


class Lines(NamedTuple):
    """SQL for two lines of totals, and for what has to be beside the table for it."""

    upto: str
    below: str
    beside: str


def _lines(kind: Kind, until: str, before: str) -> Lines:
    """Two lines by their numbers; where there is none its figures are NULL."""
    if not kind.long:
        return Lines(f"totals[{until}]", f"totals[{before}]", "")
    cut = f"SELECT totals[{until}:{until}] AS upto, totals[{before}:{before}] AS below OFFSET 0"
    return Lines("upto[1]", "below[1]", f", LATERAL ({cut}) AS lines")


def _differences(kind: Kind, lines: Lines) -> str:
    """SQL for the figures in one of the lines less those in the other."""
    return ", ".join(
        f"coalesce({lines.upto}[{place}], 0) - coalesce({lines.below}[{place}], 0) AS {name}"
        for place, name in enumerate(kind.figures, 1)
    )


def _totals_and_changes(kind: Kind, months: Months, lines: Lines, beside: str = "", *, month: str = "") -> str:
    keys = ", ".join(["category", *kind.keys])
    # Of the same types in both parts: else no condition would be asked of the rows themselves.
    sums = ", ".join(f"sum({name})::{kind.type}" for name in kind.figures)
    return f"""
        SELECT {f"{_day(month)} AS month, " if month else ""}{keys}, {_differences(kind, lines)}
        FROM {_table(kind.totals)} {beside} {lines.beside}
        UNION ALL
        SELECT {f"{_day('month')}, " if month else ""}{keys}, {sums}
        FROM ({_added(kind, _table(kind.months), months)}) AS added GROUP BY {"month, " if month else ""}{keys}
    """  # noqa: S608


ALL = Months(None, None)


def _added(kind: Kind, rows: str, months: Months = ALL) -> str:
    """SQL for what changes added to some months, by the number of the month."""
    columns = ", ".join(f"{sql} AS {name}" for some in (kind.keys, kind.figures) for name, sql in some.items())
    bounds = [f"month {sign} '{it}'" for sign, it in ((">=", months.first), ("<", months.end)) if it is not None]
    return f"""
        SELECT (12 * extract(year FROM month) + extract(month FROM month) - 1)::integer AS month, category, {columns}
        FROM {rows} {kind.beside} {"WHERE" if bounds else ""} {" AND ".join(bounds)}
    """  # noqa: S608


def _table(model: type[Counts] | type[Totals]) -> str:
    return model._meta.db_table


# ---- joining --------------------------------------------------------------------------------------------------------


def joining(kind: Kind) -> str:
    """One statement that takes what changes added into the totals; a reader sees both as they were, or both as they are.

    The totals of the keys touched are taken apart into months, and put together again with what was added.
    """
    keys = ", ".join(["category", *kind.keys])
    lines = _lines(kind, "nth", "nth - 1")
    figures = ", ".join(kind.figures)
    sums = ", ".join(f"sum({name}) AS {name}" for name in kind.figures)
    so_far = ", ".join(f"sum({name}) OVER so_far AS {name}" for name in kind.figures)
    return f"""
        WITH taken AS (DELETE FROM {_table(kind.months)} RETURNING *),
        added AS ({_added(kind, "taken")}),
        touched AS (SELECT DISTINCT {keys} FROM added),
        kept AS (
            SELECT first + nth - 1 AS month, {keys}, {_differences(kind, lines)}
            FROM {_table(kind.totals)} JOIN touched USING ({keys}),
                generate_series(1, last - first + 1) AS nth {lines.beside}
        ),
        whole AS (
            SELECT month, {keys}, {sums} FROM (SELECT * FROM added UNION ALL SELECT * FROM kept) AS parts
            GROUP BY month, {keys}
        ),
        span AS (SELECT {keys}, min(month) AS first, max(month) AS last FROM whole GROUP BY {keys}),
        running AS (
            SELECT first, last, month, {keys}, {so_far}
            FROM span CROSS JOIN generate_series(first, last) AS month LEFT JOIN whole USING (month, {keys})
            WINDOW so_far AS (PARTITION BY {keys} ORDER BY month)
        )
        INSERT INTO {_table(kind.totals)} ({keys}, first, last, totals)
        SELECT {keys}, first, last, array_agg(ARRAY[{figures}] ORDER BY month) FROM running GROUP BY {keys}, first, last
        ON CONFLICT ({keys}) DO UPDATE SET first = excluded.first, last = excluded.last, totals = excluded.totals
    """  # noqa: S608
