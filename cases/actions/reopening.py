"""Take up again what was closed and is not solved: where it was handled last, with half the time it had there."""

from __future__ import annotations

import datetime as dt

from cases.actions import town
from cases.course import Course
from cases.deadlines import halved
from cases.models import Case
from cases.models.calendar import due_after
from cases.workflow import REASONS, State


def reopen(case: Case, course: Course, reason: str, *, at: dt.datetime) -> dict[str, object]:
    """Open it again; the earlier end stays in the trace."""
    told: dict[str, object] = {"reason": REASONS["reopen"][reason]}
    if case.closed_at is not None:
        told["was_closed_at"] = case.closed_at.isoformat()
    case.closed_at = None
    case.reopened += 1
    asked = course.lead or course.assignment
    if asked is not None:
        return told | town.redo(asked, case, at=at)
    limit = halved(case.category.limit)
    case.due_at = due_after(at, limit)
    return told | {"limit": str(limit), "due_at": case.due_at.isoformat()}


def reopens_to(course: Course) -> State:
    """Where it was handled last: by a department, an office, the town's centre, or on the grid."""
    if course.lead is not None:
        return State.ARRIVED
    if course.assignment is not None:
        return State.ORDERED
    return State.TRIAGE if course.whistle is not None else State.HANDLING
