"""What verification, scoring and opening again write."""

from __future__ import annotations

from cases.actions.assessing import APPEAL, worked_out
from cases.actions.district import named
from cases.deadlines import halved
from cases.demonstration.effects.doing import Doing
from cases.demonstration.story import Payload, there
from cases.models import (
    Verification,
)
from cases.scoring import CURRENT
from cases.workflow import REASONS


def certify(it: Doing) -> Payload:
    marks = it.story.marks = it.teller.marks()
    rows = [
        Verification(assignment=asked, own=asked.is_lead, text=it.text, at=it.at, by_id=it.by, **vars(marks))
        for asked in it.story.asked.values()
    ]
    it.teller.beside.verifications += rows
    return {"marks": [named(row.assignment) | {"own": row.own} | vars(marks) for row in rows]}


def evaluate(it: Doing) -> Payload:
    record = it.teller.record(it.story, there(it.story.closed_at))
    appeal_by, told = it.teller.due_after(it.at, APPEAL), []
    for asked in it.story.asked.values():
        row, said = worked_out(asked, record, it.story.marks, appeal_by=appeal_by, at=it.at)
        it.teller.beside.results.append(row)
        told.append(said)
    return {"results": told, "model": CURRENT.version}


def reopen(it: Doing) -> Payload:
    story, reason, limit = it.story, it.teller.reason("reopen"), halved(it.story.plot.category.limit)
    closed_at, story.closed_at = there(story.closed_at), None
    story.due = it.teller.due_after(it.at, limit)
    return {
        "reason": REASONS["reopen"][reason],
        "was_closed_at": closed_at.isoformat(),
        "limit": str(limit),
        "due_at": story.due.isoformat(),
    }
