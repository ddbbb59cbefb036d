"""A roster that comes in: looked at, shown row by row, then carried out as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from gridmap.models import RosterImport
from gridmap.problems import Conflict, NotFound
from gridmap.rosters.kinds import ROSTERS
from gridmap.rosters.reading import Sheet, read
from gridmap.rosters.register import Register, Terms
from gridmap.rosters.roster import Entry, Outcome
from gridmap.rosters.writing import write

# How long a file that was looked at can still be carried out.
KEPT_FOR = dt.timedelta(hours=1)
Findings = dict[str, Any]
_JUST_CHANGED = "登记刚刚有变动，没有写入，请再试 (the registry has just changed; nothing was written)"


class Refused(Exception):
    """The file cannot be carried out as it was shown: something stands in the way, or has changed meanwhile."""


def receive(
    kind: str, name: str, content: bytes, *, day: dt.date, by: User, keeps: Callable[[str], bool], at: dt.datetime
) -> RosterImport:
    """Look at a file and keep it for a while; raises :class:`gridmap.rosters.reading.Unreadable`."""
    RosterImport.objects.filter(committed_at=None, received_at__lt=at - KEPT_FOR).delete()
    findings = look(kind, name, content, day=day, today=at.date(), keeps=keeps)
    return RosterImport.objects.create(
        kind=kind,
        file_name=_plain_name(name),
        digest=hashlib.sha256(content).hexdigest(),
        day=day,
        by=by,
        received_at=at,
        counts=findings["counts"],
        content=content,
        findings=findings,
    )


def _plain_name(name: str) -> str:
    """The last part of a path of any system, as far as it can be shown."""
    return "".join(sign for sign in PurePath(name.replace("\\", "/")).name if sign.isprintable())[-200:]


def look(
    kind: str, name: str, content: bytes, *, day: dt.date, today: dt.date, keeps: Callable[[str], bool]
) -> Findings:
    """What every row of a file means, tried out in the database and taken back."""
    try:
        with transaction.atomic():
            findings, _ = _tried(kind, name, content, Terms(day, today, keeps, Register()))
            transaction.set_rollback(True)
    except IntegrityError as error:
        raise Conflict(_JUST_CHANGED) from error
    return findings


def _tried(kind: str, name: str, content: bytes, terms: Terms) -> tuple[Findings, list[Entry]]:
    roster = ROSTERS[kind](terms)
    sheet = read(name, content, title=roster.title)
    entries = roster.entries(sheet)
    write(entries)
    for entry in entries:
        if entry.faults:
            entry.refuse()
    return _findings(sheet, entries), entries


def _findings(sheet: Sheet, entries: list[Entry]) -> Findings:
    counts = Counter(entry.outcome.value for entry in entries)
    return {
        "counts": {outcome.value: counts[outcome.value] for outcome in Outcome},
        "notes": sheet.notes,
        "rows": [
            {
                "row": entry.line.number,
                "outcome": entry.outcome.value,
                "title": entry.title[:120],
                "changes": [[each.column, each.before, each.after] for each in entry.changes],
                "faults": [[each.column, each.sentence] for each in entry.faults],
            }
            for entry in entries
        ],
    }


def waiting(kind: str, key: UUID, *, by: User, at: dt.datetime) -> RosterImport:
    """The file this user sent a while ago and may still carry out; raises ``NotFound`` for everything else."""
    found = RosterImport.objects.filter(pk=key, kind=kind, by=by)
    kept = found.filter(committed_at=None, received_at__gte=at - KEPT_FOR) | found.exclude(committed_at=None)
    roster_import = kept.first()
    if roster_import is None:
        raise NotFound("这份名册已不在了：保留一小时，请重新上传 (it is kept for an hour)")
    return roster_import


def commit(roster_import: RosterImport, *, digest: str, keeps: Callable[[str], bool], at: dt.datetime) -> RosterImport:
    """Carry out the very file that was shown, all of it or nothing.

    Raises ``Conflict`` if it was carried out already or is another file, :class:`Refused` if it no longer means what
    was shown; then what it means now is kept to be shown.
    """
    try:
        with transaction.atomic():
            return _carried_out(roster_import, digest=digest, keeps=keeps, at=at)
    except _OtherFindings as other:
        changed = RosterImport.objects.filter(pk=roster_import.pk, committed_at=None)
        changed.update(findings=other.findings, counts=other.findings["counts"])
        raise Refused(str(other)) from None
    except IntegrityError as error:
        raise Conflict(
            "登记刚刚有变动，没有写入，请再试 (the registry has just changed; nothing was written)"
        ) from error


class _OtherFindings(Exception):
    def __init__(self, sentence: str, findings: Findings) -> None:
        super().__init__(sentence)
        self.findings = findings


def _carried_out(
    roster_import: RosterImport, *, digest: str, keeps: Callable[[str], bool], at: dt.datetime
) -> RosterImport:
    # One roster at a time: what a file means is read from the registry before it is written.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('gridmap rosters'))")
    held = RosterImport.objects.select_for_update().filter(pk=roster_import.pk).first()
    if held is None or held.committed_at is not None or held.content is None:
        raise Conflict("这份名册已经写入过了 (carried out already)")
    content = bytes(held.content)
    if digest != held.digest or hashlib.sha256(content).hexdigest() != held.digest:
        raise Conflict("不是刚才核对的那份文件，请重新上传 (not the file that was shown)")
    terms = Terms(held.day, at.date(), keeps, Register())
    findings, entries = _tried(held.kind, held.file_name, content, terms)
    if faulty(entries):
        raise _OtherFindings("名册中有错误，一行也没有写入 (there are faults; nothing was written)", findings)
    if findings["rows"] != (held.findings or {}).get("rows"):
        raise _OtherFindings(
            "核对之后登记有了变动，没有写入；请看新的结果再确认 (the registry has changed since)", findings
        )
    held.committed_at, held.content, held.findings = at, None, None
    held.save(update_fields=["committed_at", "content", "findings"])
    return held


def faulty(entries: Iterable[Entry]) -> bool:
    """Whether something is wrong with any row."""
    return any(entry.faults for entry in entries)
