"""After the working calendar was changed: deadlines that count working time, worked out again.

A deadline is worked out from what set it last: the last deed in the trace that says both a limit and the moment it came
to (a report, an order, a letter, work given back, a case opened again), and then by what was granted since: more time,
suspension. The unit in the lead has the case's deadline; one that assists has its own, from its own row. Where that does
not tell, the deadline is left and the reason given. While a case is suspended its clock stands still, and so does this.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet

from cases.deadlines import SHANGHAI, Limit, Unit, WorkingCalendar, due_at, halved, read_limit, resumed
from cases.models import Assignment, Case, Procedure, TraceEvent, Workday
from cases.workflow import RUNNING, Kind, Stage

CHUNK = 500
"""Cases looked at in one transaction; their rows are locked until it ends."""
WHY = "工作日历有变动"
# Says a limit too, but one that was added.
EXTENSION = "grant_extension"


@dataclass(frozen=True)
class Change:
    """A deadline that is another now; ``unit`` whose, by name, "" for the case and whoever is in the lead."""

    number: str
    unit: str
    before: dt.datetime
    after: dt.datetime

    def __str__(self) -> str:
        before, after = (f"{it.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for it in (self.before, self.after))
        return f"{self.unit}时限由 {before} 改为 {after}"


@dataclass(frozen=True)
class Left:
    """A deadline that was not touched, because nobody can tell what it should be."""

    number: str
    why: str


@dataclass
class Chunk:
    """What was found of some cases; ``last``: the key of the last of them."""

    last: int
    cases: int = 0
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True)
class Clock:
    """How a deadline was set, and what was granted since, in that order; ``unit``: what that is counted in."""

    start: dt.datetime
    limit: Limit
    unit: Unit
    granted: Sequence[Procedure] = ()

    def due(self, calendar: WorkingCalendar) -> dt.datetime:
        """What that comes to on a calendar."""
        due = due_at(self.start, self.limit, calendar)
        for it in self.granted:
            if it.kind == Kind.EXTENSION:
                due = due_at(due, Limit(it.limit_amount or 0, self.unit), calendar)
            elif it.decided_at is not None and it.ended_at is not None:
                due = resumed(due, it.decided_at, it.ended_at, self.unit, calendar)
        return due


@dataclass(frozen=True)
class Said:
    """A deed that said by when: the limit as a text where it said one, and the deadline."""

    verb: str
    at: dt.datetime
    limit: str | None
    due_at: str


def recalculate(
    *, at: dt.datetime, since: dt.date | None = None, dry_run: bool = False, chunk: int = CHUNK
) -> Iterator[Chunk]:
    """Go through the open cases, a chunk in each transaction, saying after each what was changed; again, nothing is.

    ``since``: the first day that was changed; what was due before it is not looked at. ``dry_run`` writes nothing.
    Waits for whoever acts on a case just then.
    """
    if chunk < 1:
        raise ValueError(f"a chunk of {chunk} cases")
    calendar = WorkingCalendar(dict(Workday.objects.values_list("date", "works")))
    last = 0
    while True:
        with transaction.atomic():
            cases = _cases(since).filter(pk__gt=last).order_by("pk")
            rows = list((cases if dry_run else cases.select_for_update(of=("self",)))[:chunk])
            if not rows:
                return
            done = _go_through(rows, calendar, at=at, write=not dry_run)
        yield done
        last = done.last


def _cases(since: dt.date | None) -> QuerySet[Case]:
    running = Case.objects.filter(state__in=RUNNING)
    if since is None:
        return running
    begins = dt.datetime.combine(since, dt.time(), SHANGHAI)
    asked = Assignment.objects.binding().filter(due_at__gte=begins)
    return running.filter(Q(due_at__gte=begins) | Q(pk__in=asked.values("case")))


def _go_through(cases: Sequence[Case], calendar: WorkingCalendar, *, at: dt.datetime, write: bool) -> Chunk:
    keys = [case.pk for case in cases]
    said, asked, granted = _said(keys), _asked(keys), _granted(keys)
    done = Chunk(keys[-1], len(keys))
    changed: list[Case | Assignment] = []
    deeds = []
    for case in cases:
        review = Review(case, said[case.pk], asked[case.pk], granted[case.pk], calendar)
        review.look()
        done.changes += review.changes
        done.left += review.left
        changed += review.changed
        if review.changes:
            deeds.append(_deed(case, review.changes, at=at))
    if write:
        Case.objects.bulk_update([it for it in changed if isinstance(it, Case)], ["due_at"])
        Assignment.objects.bulk_update([it for it in changed if isinstance(it, Assignment)], ["due_at"])
        TraceEvent.objects.bulk_create(deeds)
    return done


def _said(cases: Sequence[int]) -> defaultdict[int, list[Said]]:
    found: defaultdict[int, list[Said]] = defaultdict(list)
    deeds = TraceEvent.objects.filter(case__in=cases, payload__has_key="due_at").order_by("seq")
    for case, *told in deeds.values_list("case_id", "verb", "at", "payload__limit", "payload__due_at"):
        found[case].append(Said(*told))
    return found


def _asked(cases: Sequence[int]) -> defaultdict[int, list[Assignment]]:
    found: defaultdict[int, list[Assignment]] = defaultdict(list)
    for it in Assignment.objects.filter(case__in=cases).select_related("unit").order_by("id"):
        found[it.case_id].append(it)
    return found


def _granted(cases: Sequence[int]) -> defaultdict[int, list[Procedure]]:
    """More time, and suspensions that are over: each moves a deadline on."""
    found: defaultdict[int, list[Procedure]] = defaultdict(list)
    extension = Q(kind=Kind.EXTENSION, stage=Stage.GRANTED)
    over = Q(kind=Kind.SUSPENSION, stage=Stage.OVER, decided_at__isnull=False)
    for it in Procedure.objects.filter(extension | over, case__in=cases).order_by("decided_at", "id"):
        found[it.case_id].append(it)
    return found


@dataclass
class Review:
    """One case under review: what of it is another on the calendar, and what cannot be told."""

    case: Case
    said: Sequence[Said]
    asked: Sequence[Assignment]
    granted: Sequence[Procedure]
    calendar: WorkingCalendar
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    changed: list[Case | Assignment] = field(default_factory=list)

    def look(self) -> None:
        """Put the new deadlines into the rows, and list them."""
        setter = max((n for n, it in enumerate(self.said) if it.limit and it.verb != EXTENSION), default=None)
        if setter is None:
            self._leave("留痕没有记下时限 (the trace says no limit)")
            return
        start = self.said[setter].at
        lead = next((it for it in reversed(self.asked) if it.is_lead and it.ordered_at <= start), None)
        self._look_at_case(self.said[setter:], lead)
        for it in self.asked:
            if it is not lead and it.finished_at is None and it.withdrawn_at is None:
                self._look_at_unit(it)

    def _look_at_case(self, said: Sequence[Said], lead: Assignment | None) -> None:
        limit = read_limit(said[0].limit)
        bound = lead if lead is not None and lead.withdrawn_at is None else None
        if limit is None:
            self._leave(f"留痕所记时限“{said[0].limit}”无法辨认 (a limit nobody can read)")
        elif limit.counts_working_time:
            if self.case.due_at not in [dt.datetime.fromisoformat(it.due_at) for it in said]:
                self._leave("截止时间与留痕所记不符 (not the deadline the trace says)")
            elif bound is not None and bound.due_at != self.case.due_at:
                self._leave("主办单位的时限与事项的不一致 (the lead's deadline is another)")
            else:
                rows: list[Case | Assignment] = [self.case]
                if bound is not None:
                    rows.append(bound)
                self._set(rows, self._clock(said[0].at, limit, lead))

    def _look_at_unit(self, asked: Assignment) -> None:
        if not asked.limit.counts_working_time:
            return
        if not asked.redone:
            self._set([asked], self._clock(asked.ordered_at, asked.limit, asked), asked.unit.name)
        elif asked.redone_at is not None:
            self._set([asked], self._clock(asked.redone_at, halved(asked.limit), asked), asked.unit.name)
        else:
            self._leave(f"{asked.unit.name}返工以后的时限无从算起 (no telling since when)")

    def _clock(self, start: dt.datetime, limit: Limit, asked: Assignment | None) -> Clock:
        """What was granted counts where it was after that, and about what was asked of this unit or about the whole case."""
        if asked is None:
            return Clock(start, limit, limit.unit)
        own = [it for it in self.granted if it.kind == Kind.SUSPENSION or it.assignment_id == asked.pk]
        return Clock(start, limit, asked.limit.unit, [it for it in own if it.decided_at and it.decided_at >= start])

    def _set(self, rows: Sequence[Case | Assignment], clock: Clock, unit: str = "") -> None:
        before, after = rows[0].due_at, clock.due(self.calendar)
        if before != after:
            self.changes.append(Change(self.case.number, unit, before, after))
            self.changed += rows
            for row in rows:
                row.due_at = after

    def _leave(self, why: str) -> None:
        self.left.append(Left(self.case.number, why))


def _deed(case: Case, changes: Sequence[Change], *, at: dt.datetime) -> TraceEvent:
    """One row of the trace for all that was changed of a case."""
    payload: dict[str, object] = {"automatic": True, "text": "\n".join([f"{WHY}：", *map(str, changes)])}
    for change in changes:
        if not change.unit:
            payload |= _times(change)
    assisting = [{"unit": it.unit} | _times(it) for it in changes if it.unit]
    if assisting:
        payload["assisting"] = assisting
    return TraceEvent(case=case, at=at, verb="recalculate", from_state=case.state, to_state=case.state, payload=payload)


def _times(change: Change) -> dict[str, str]:
    before, after = (it.astimezone(SHANGHAI).isoformat() for it in (change.before, change.after))
    return {"due_before": before, "due_at": after}
