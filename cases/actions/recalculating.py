"""After the working calendar was changed: deadlines that count working time, worked out again.

A deadline is worked out from what set it last: the last deed in the trace that says both a limit and the moment it came
to (a report, an order, a letter, work given back). The unit in the lead has the case's deadline; one that assists has
its own, from its own row. Where that does not tell, the deadline is left and the reason given.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet

from cases.deadlines import SHANGHAI, Limit, WorkingCalendar, due_at, read_limit
from cases.models import Assignment, Case, TraceEvent, Workday

CHUNK = 500
"""Cases looked at in one transaction; their rows are locked until it ends."""
WHY = "工作日历有变动"


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
    """How a deadline was set."""

    start: dt.datetime
    limit: Limit

    def due(self, calendar: WorkingCalendar) -> dt.datetime:
        """What that comes to on a calendar."""
        return due_at(self.start, self.limit, calendar)


@dataclass(frozen=True)
class Said:
    """A deed that said by when: the limit as a text where it said one, and the deadline."""

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
    if since is None:
        return Case.objects.open()
    begins = dt.datetime.combine(since, dt.time(), SHANGHAI)
    asked = Assignment.objects.filter(finished_at=None, due_at__gte=begins)
    return Case.objects.open().filter(Q(due_at__gte=begins) | Q(pk__in=asked.values("case")))


def _go_through(cases: Sequence[Case], calendar: WorkingCalendar, *, at: dt.datetime, write: bool) -> Chunk:
    keys = [case.pk for case in cases]
    said, asked = _said(keys), _asked(keys)
    done = Chunk(keys[-1], len(keys))
    changed: list[Case | Assignment] = []
    deeds = []
    for case in cases:
        review = Review(case, said[case.pk], asked[case.pk], calendar)
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
    for case, *told in deeds.values_list("case_id", "at", "payload__limit", "payload__due_at"):
        found[case].append(Said(*told))
    return found


def _asked(cases: Sequence[int]) -> defaultdict[int, list[Assignment]]:
    found: defaultdict[int, list[Assignment]] = defaultdict(list)
    for it in Assignment.objects.filter(case__in=cases).select_related("unit").order_by("id"):
        found[it.case_id].append(it)
    return found


@dataclass
class Review:
    """One case under review: what of it is another on the calendar, and what cannot be told."""

    case: Case
    said: Sequence[Said]
    asked: Sequence[Assignment]
    calendar: WorkingCalendar
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    changed: list[Case | Assignment] = field(default_factory=list)

    def look(self) -> None:
        """Put the new deadlines into the rows, and list them."""
        setter = max((n for n, it in enumerate(self.said) if it.limit is not None), default=None)
        if setter is None:
            self._leave("留痕没有记下时限 (the trace says no limit)")
            return
        start = self.said[setter].at
        lead = next((it for it in reversed(self.asked) if it.is_lead and it.ordered_at <= start), None)
        self._look_at_case(self.said[setter:], lead)
        for it in self.asked:
            if it is not lead and it.finished_at is None:
                self._look_at_unit(it)

    def _look_at_case(self, said: Sequence[Said], lead: Assignment | None) -> None:
        limit = read_limit(said[0].limit)
        if limit is None:
            self._leave(f"留痕所记时限“{said[0].limit}”无法辨认 (a limit nobody can read)")
        elif limit.counts_working_time:
            if self.case.due_at not in [dt.datetime.fromisoformat(it.due_at) for it in said]:
                self._leave("截止时间与留痕所记不符 (not the deadline the trace says)")
            elif lead is not None and lead.due_at != self.case.due_at:
                self._leave("主办单位的时限与事项的不一致 (the lead's deadline is another)")
            else:
                self._set((self.case, *([lead] if lead else [])), Clock(said[0].at, limit))

    def _look_at_unit(self, asked: Assignment) -> None:
        if not asked.limit.counts_working_time:
            return
        if asked.redone:
            self._leave(f"{asked.unit.name}返工以后的时限无从算起 (no telling since when)")
        else:
            self._set([asked], Clock(asked.ordered_at, asked.limit), asked.unit.name)

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
