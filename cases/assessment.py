"""What a department did about what it was asked, read from the rows and the trace: the inputs of its score."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.deadlines import Unit, WorkingCalendar, due_at, halved, worked_between
from cases.models import Assignment, Procedure, TraceEvent
from cases.rules import RULES
from cases.scoring import Inputs, Marks, Spent
from cases.workflow import Kind, Stage

# Where the lead's work was found not done, at once or later.
AGAIN = ("fail", "reopen")
MOVES = ("receive", "sign_in", "handle", "claim")


@dataclass(frozen=True)
class Record:
    """All that is known of a case when it is scored: its trace and procedures in order, answers of 1 to 5."""

    trace: Sequence[TraceEvent]
    procedures: Sequence[Procedure]
    satisfaction: Sequence[int]
    calendar: WorkingCalendar
    closed_at: dt.datetime


def inputs(assignment: Assignment, record: Record, marks: Marks | None) -> Inputs:
    """The inputs of one assignment's score; nothing is asked of the database."""
    own = _deeds_of(assignment, record.trace)
    clock = Clock(assignment, record)
    start, calendar = assignment.ordered_at, record.calendar
    receive_by = assignment.receive_by or due_at(start, RULES.receipt, calendar)
    arrive_by = assignment.arrive_by or due_at(start, RULES.arrival, calendar)
    spent = {
        "receipt": clock.spent(_received_at(assignment, own), receive_by),
        "arrival": clock.spent(assignment.arrived_at, arrive_by),
        "handling": _handling(assignment, own, record, clock),
    }
    asked = [it for it in record.procedures if it.assignment_id == assignment.pk]
    return Inputs(
        spent=spent,
        evidence=_evidence(assignment, own, spent),
        extensions=sum(it.kind == Kind.EXTENSION and it.stage == Stage.GRANTED for it in asked),
        reworks=assignment.redone,
        refused_returns=sum(it.kind == Kind.RETURN and it.stage == Stage.REFUSED for it in asked),
        marks=marks,
        satisfaction=tuple(record.satisfaction),
    )


class Clock:
    """Hours of one assignment: working hours where its limit is in working time, else hours by the clock.

    While the case is suspended none pass.
    """

    def __init__(self, assignment: Assignment, record: Record) -> None:
        self._assignment, self._record = assignment, record
        self._by_the_clock = assignment.limit.unit in (Unit.EMERGENCY_HOURS, Unit.CALENDAR_DAYS)
        self._suspended = [
            (it.decided_at, it.ended_at)
            for it in record.procedures
            if it.kind == Kind.SUSPENSION and it.decided_at is not None and it.ended_at is not None
        ]

    def spent(self, done_at: dt.datetime | None, by: dt.datetime) -> Spent:
        """From the letter on; what had not come when the case was closed is not done."""
        start, closed_at = self._assignment.ordered_at, self._record.closed_at
        return Spent(self.hours(start, done_at or closed_at), self.hours(start, by), done=done_at is not None)

    def hours(self, start: dt.datetime, end: dt.datetime) -> float:
        """Between two moments, to the second."""
        passed = self._passed(start, end)
        for begins, ends in self._suspended:
            passed -= self._passed(max(start, begins), min(end, ends))
        return round(passed.total_seconds() / 3600, 6)

    def _passed(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        if self._by_the_clock:
            return max(dt.timedelta(), end - start)
        return worked_between(start, end, self._record.calendar)


def _deeds_of(assignment: Assignment, trace: Sequence[TraceEvent]) -> list[TraceEvent]:
    """What was done by or with its department since it was asked."""
    return [it for it in trace if it.at >= assignment.ordered_at and it.payload.get("unit") == assignment.unit_id]


def _received_at(assignment: Assignment, own: Sequence[TraceEvent]) -> dt.datetime | None:
    """When the department itself first moved: a letter that received itself was received by nobody."""
    moved = [it.at for it in own if it.verb in MOVES and not it.payload.get("automatic")]
    automatic = any(it.payload.get("automatic") for it in own)
    return min(moved, default=None) if automatic else assignment.received_at


def _handling(assignment: Assignment, own: Sequence[TraceEvent], record: Record, clock: Clock) -> Spent:
    """Round by round: from the letter, or from where its work was found not done, to the next claim.

    The time the office takes to verify is not the department's. The last round is allowed until the assignment falls
    due, extensions and all; those before it, their limits.
    """
    ends = [it.at for it in own if it.verb == "claim"]
    starts = [assignment.ordered_at, *_again_at(assignment, record.trace)]
    used = allowed = 0.0
    for number, start in enumerate(starts):
        last = number == len(starts) - 1
        end = next((it for it in ends if it >= start), None)
        limit = assignment.limit if number == 0 else halved(assignment.limit)
        used += clock.hours(start, end or record.closed_at)
        allowed += clock.hours(start, assignment.due_at if last else due_at(start, limit, record.calendar))
    return Spent(used, allowed, done=assignment.finished_at is not None)


def _again_at(assignment: Assignment, trace: Sequence[TraceEvent]) -> list[dt.datetime]:
    if not assignment.is_lead:
        return []  # only the lead's work is sent back
    return [it.at for it in trace if it.verb in AGAIN and it.at >= assignment.ordered_at]


def _evidence(assignment: Assignment, own: Sequence[TraceEvent], spent: Mapping[str, Spent]) -> dict[str, bool]:
    """Which of what a whole trace has is there; what nobody waited for any more when the case was closed is not asked."""
    verbs = {it.verb for it in own if not it.payload.get("automatic")}
    there = {
        "receipt": {"received": "receive" in verbs},
        "arrival": {"signed_in": assignment.arrived_at is not None},
        "handling": {
            "handled": "handle" in verbs,
            "claimed": assignment.finished_at is not None,
            "photographed": any(it.verb == "claim" and it.payload.get("photos") for it in own),
        },
    }
    return {name: has for part, found in there.items() if not spent[part].moot for name, has in found.items()}
