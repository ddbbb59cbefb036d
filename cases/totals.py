"""Running totals of what is counted by month: a period is one total less another, however long it is.

What changes added stands in rows of months (:mod:`cases.models.counts`) until it is joined to the totals. Every reader
takes both in one statement, so joining changes no figure for anybody. All names in the SQL are ours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cases.models import AreaMonth, AreaTotals, CellMonth, CellTotals, UnitMonth, UnitTotals
from cases.models.counts import CELL_ZOOM, CELL_ZOOMS, HOURS, Counts, Totals

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

    ``beside``: what each of these rows is joined with. ``number``: the type of a total.
    """

    months: type[Counts]
    totals: type[Totals]
    keys: Mapping[str, str]
    figures: Mapping[str, str]
    beside: str = ""
    number: str = "integer"


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


ENDS = ("collected", "patrol", "astray", "merged", "refused", "evaluated", "done", "in_time")
CLASSES = tuple(f"class_{n}" for n in range(len(HOURS) + 1))
AREAS = Kind(
    months=AreaMonth,
    totals=AreaTotals,
    keys=_same("area"),
    figures=_same(*ENDS, "answers", "solved", "points"),
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
    number="bigint",
)
KINDS = (AREAS, CELLS, UNITS)


# ---- reading --------------------------------------------------------------------------------------------------------


def counted(kind: Kind, months: Months) -> str:
    """SQL for the figures of a period: columns ``category``, the keys and the figures as they are kept.

    Of one key there may be two rows, and rows of nothing. To be asked with :func:`asked`.
    """
    until, before = _row_before(months.end), None if months.first is None else _row_before(months.first)
    return _totals_and_rows(kind, months, columns={}, until=until, before=before)


def counted_by_month(kind: Kind, months: Months) -> str:
    """The same by month besides, which is in a column ``month``: its first day."""
    begin = "1" if months.first is None else f"greatest(1, {number_of(months.first)} - first + 1)"
    nth = f", generate_series({begin}, {_row_before(months.end)}) AS nth"
    return _totals_and_rows(
        kind, months, columns={"month": _day("first + nth - 1")}, until="nth", before="nth - 1", beside=nth
    )


def asked(columns: str, source: str, conditions: Mapping[str, Any], groups: str = "") -> Statement:
    """A statement that reads counts; ``conditions``: SQL about the keys with one ``%s``, and the value for it."""
    together = f" GROUP BY {groups}" if groups else ""
    where = " AND ".join(conditions)
    return f"SELECT {columns} FROM ({source}) AS counted WHERE {where}{together}", tuple(conditions.values())  # noqa: S608


def _day(number: str) -> str:
    return f"make_date(({number}) / 12, mod({number}, 12) + 1, 1)"


def _row_before(month: dt.date | None) -> str:
    """SQL for the last row of totals before a month, or of all; below 1 there is none."""
    rows = "array_length(totals, 1)"
    return rows if month is None else f"least({number_of(month)} - first, {rows})"


def _totals_and_rows(
    kind: Kind, months: Months, *, columns: Mapping[str, str], until: str, before: str | None, beside: str = ""
) -> str:
    kept = {name: _less(until, before, place) for place, name in enumerate(kind.figures, 1)}
    keys = ["category", *kind.keys]
    shown = ", ".join([*keys, *(f"{sql} AS {name}" for some in (columns, kept) for name, sql in some.items())])
    groups = ", ".join([*keys, *(_day(name) for name in columns)])
    # Of the same types as above: else no condition would be asked of the rows themselves.
    sums = ", ".join(f"sum({name})::{kind.number}" for name in kind.figures)
    return f"""
        SELECT {shown} FROM {_table(kind.totals)} {beside}
        UNION ALL
        SELECT {groups}, {sums} FROM ({_added(kind, _table(kind.months), months)}) AS added
        GROUP BY {groups}
    """  # noqa: S608


def _less(until: str, before: str | None, place: int) -> str:
    """SQL for a figure in one row of totals less that in another; in none it is 0."""
    total = f"coalesce(totals[{until}][{place}], 0)"
    return total if before is None else f"{total} - coalesce(totals[{before}][{place}], 0)"


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
    figures = ", ".join(kind.figures)
    was = ", ".join(_less("nth", "nth - 1", place) for place in range(1, 1 + len(kind.figures)))
    sums = ", ".join(f"sum({name}) AS {name}" for name in kind.figures)
    so_far = ", ".join(f"sum({name}) OVER so_far AS {name}" for name in kind.figures)
    return f"""
        WITH taken AS (DELETE FROM {_table(kind.months)} RETURNING *),
        added AS ({_added(kind, "taken")}),
        touched AS (SELECT DISTINCT {keys} FROM added),
        kept AS (
            SELECT first + nth - 1 AS month, {keys}, {was}
            FROM {_table(kind.totals)} JOIN touched USING ({keys}), generate_subscripts(totals, 1) AS nth
        ),
        whole AS (
            SELECT month, {keys}, {sums} FROM (SELECT * FROM added UNION ALL SELECT * FROM kept) AS parts
            GROUP BY month, {keys}
        ),
        span AS (SELECT {keys}, min(month) AS first, max(month) AS last FROM whole GROUP BY {keys}),
        running AS (
            SELECT first, month, {keys}, {so_far}
            FROM span CROSS JOIN generate_series(first, last) AS month LEFT JOIN whole USING (month, {keys})
            WINDOW so_far AS (PARTITION BY {keys} ORDER BY month)
        )
        INSERT INTO {_table(kind.totals)} ({keys}, first, totals)
        SELECT {keys}, first, array_agg(ARRAY[{figures}] ORDER BY month) FROM running GROUP BY {keys}, first
        ON CONFLICT ({keys}) DO UPDATE SET first = excluded.first, totals = excluded.totals
    """  # noqa: S608
