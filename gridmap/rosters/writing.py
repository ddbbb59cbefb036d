"""Put what a roster asks for into the database: many rows at once, and a sentence for each the database refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, connection, models, transaction

from gridmap.refusals import sentence_of
from gridmap.rosters.roster import Entry, Verb, Write

_BATCH = 500
_EXISTING = re.compile(r"existing key .*\[(\d{4}-\d\d-\d\d),(\d{4}-\d\d-\d\d)?\)")
# A file with more is wrong as a whole, and trying its rows one by one takes long.
MOST_REFUSALS = 300


def write(entries: Iterable[Entry]) -> None:
    """Write every sound entry, inside the caller's transaction; what the database refuses becomes a fault.

    What ends is written before what is changed, and that before what begins, so that a post given up and taken over
    in one file is never held twice, whatever the order of its rows. Raises ``IntegrityError`` if something a row
    refers to has gone meanwhile.
    """
    writes = [each for entry in entries for each in entry.writes]
    order = [(verb, model) for verb in Verb for model in dict.fromkeys(type(each.row) for each in writes)]
    attempt = _Attempt()
    for verb, model in order:
        attempt.place([each for each in writes if each.verb is verb and type(each.row) is model])
    # References are checked when a transaction ends; here, so that a look without writing finds them too.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class _Attempt:
    """Halves what the database refuses until the very rows are found."""

    def __init__(self) -> None:
        self.refused = 0

    def place(self, writes: list[Write]) -> None:
        """Write these, all of one verb and one model."""
        if self.refused >= MOST_REFUSALS:
            for each in writes:
                each.entry.fault(f"前面已有 {MOST_REFUSALS} 行有误，这一行没有再试 (not tried any more)")
            return
        if not writes:
            return
        try:
            with transaction.atomic():
                _put(writes)
        except (IntegrityError, DataError) as error:
            if len(writes) == 1:
                self.refused += 1
                writes[0].entry.fault(_said(error))
                return
            self.place(writes[: len(writes) // 2])
            self.place(writes[len(writes) // 2 :])


def _said(error: DatabaseError) -> str:
    """The sentence of the constraint, and since when what stands in the way has been there."""
    sentence = sentence_of(error) or "与已有数据冲突 (conflict with what is stored)"
    detail = getattr(getattr(error.__cause__, "diag", None), "message_detail", None) or ""
    held = _EXISTING.search(detail)
    return f"{sentence}：已有的自 {held[1]} {'至 ' + held[2] if held[2] else '至今'}" if held else sentence


def _put(writes: list[Write]) -> None:
    model: Any = type(writes[0].row)
    if writes[0].verb is Verb.INSERT:
        model.objects.bulk_create([each.row for each in writes], batch_size=_BATCH)
        return
    for fields, alike in groupby(sorted(writes, key=attrgetter("fields")), key=attrgetter("fields")):
        rows: list[models.Model] = [each.row for each in alike]
        model.objects.bulk_update(rows, fields, batch_size=_BATCH)
