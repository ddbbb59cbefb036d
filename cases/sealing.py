"""Recompute the seals of the trace, without the database's own function.

Each row's seal is SHA-256 over the seal before it and the row's fields (``cases/migrations/0002_guards.py``), so a row
that was changed, moved, put in or taken out breaks the chain of its case at that place. What a chain cannot show by
itself is its own end cut off: whoever needs that keeps :class:`Verified.digest` elsewhere and compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db import connection, transaction

SEPARATOR = "\x1f"
ROWS_AT_A_TIME = 5000


@dataclass(frozen=True)
class Row:
    """A row of the trace as the seal sees it: every field but ``case`` and ``seq`` as PostgreSQL's own text.

    ``number`` is the case's, for people. ``at`` is in UTC to the microsecond, ``payload`` is the text of the jsonb
    value, ``actor`` is empty for nobody.
    """

    case: int
    number: str
    seq: int
    at: str
    actor: str
    role: str
    verb: str
    from_state: str
    to_state: str
    payload: str
    previous: str
    seal: str


# One statement, streamed: the rows of all cases in order, and row 0 with nothing in it for a case that has none.
ROWS = """
SELECT cases_case.id, cases_case.number, coalesce(event.seq, 0),
       coalesce(to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), ''),
       coalesce(event.actor_id::text, ''), coalesce(event.role, ''), coalesce(event.verb, ''),
       coalesce(event.from_state, ''), coalesce(event.to_state, ''), coalesce(event.payload::text, ''),
       coalesce(event.previous, ''), coalesce(event.seal, '')
FROM cases_case LEFT JOIN cases_traceevent AS event ON event.case_id = cases_case.id
ORDER BY cases_case.id, event.seq
"""


@dataclass(frozen=True)
class Broken:
    """The first row that does not hold, and why in a sentence."""

    number: str
    seq: int
    reason: str


@dataclass(frozen=True)
class Verified:
    """How much was walked, and one digest over the last seal of every case."""

    cases: int
    rows: int
    digest: str
    broken: Broken | None


def seal_of(row: Row, previous: str) -> str:
    """The seal of a row that follows the seal ``previous``; "" for the first of a case."""
    sealed = (
        previous,
        str(row.case),
        str(row.seq),
        row.at,
        row.actor,
        row.role,
        row.verb,
        row.from_state,
        row.to_state,
        row.payload,
    )
    return hashlib.sha256(SEPARATOR.join(sealed).encode()).hexdigest()


def stored_rows() -> Iterator[Row]:
    """Every row of the trace, by case and number, a few thousand in memory at a time."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(ROWS)
        while chunk := cursor.fetchmany(ROWS_AT_A_TIME):
            yield from (Row(*values) for values in chunk)


def verify(rows: Iterable[Row]) -> Verified:
    """Walk the chains of rows sorted by case and number; stops at the first that is broken."""
    ends = hashlib.sha256()
    cases = walked = 0
    for _, chain in groupby(rows, key=attrgetter("case")):
        cases += 1
        seq, seal = 0, ""
        for row in chain:
            walked += 1
            reason = _fault(row, seq, seal)
            if reason:
                return Verified(cases, walked, "", Broken(row.number, row.seq, reason))
            seq, seal = row.seq, row.seal
        ends.update(f"{row.number} {seq} {seal}\n".encode())
    return Verified(cases, walked, ends.hexdigest(), None)


def _fault(row: Row, last_seq: int, last_seal: str) -> str:
    if row.seq == 0:
        return "整条链不见了 (the whole chain is gone)"
    if row.seq != last_seq + 1:
        return f"应为第 {last_seq + 1} 条，中间缺失或多出 (rows missing or put in)"
    if row.previous != last_seal:
        return "与上一条的封印不衔接 (does not follow the seal before it)"
    if row.seal != seal_of(row, last_seal):
        return "内容与封印不符 (was changed after it was sealed)"
    return ""
