"""In whose hands cases are, beside their states: who was sent, which office has it, which unit or department was asked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Prefetch, QuerySet

from cases.models import Assignment, Case, Dispatch, TraceEvent, Whistle
from cases.workflow import HANDS, VERBS, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.roles import Role

ON_THE_GRID = frozenset({State.REPORTED, State.HANDLING, State.RESOLVED})
# Whoever used one of these may not use what comes after it, and the states in which that is asked.
NOT_TWICE = tuple(sorted({name for verb in VERBS.values() for name in verb.other_than}))
ASKED_WHO = frozenset(state for verb in VERBS.values() if verb.other_than for state in verb.comes_from)
NOT_THE_SAME = {
    "refer": "主要领导与主管领导不能是同一人 (the two leaders are two persons)",
}


@dataclass(frozen=True)
class Course:
    """The last whistle, dispatch and order of a case, what its last letter asked of whom, and who last used some verbs."""

    whistle: Whistle | None = None
    dispatch: Dispatch | None = None
    assignment: Assignment | None = None
    asked: tuple[Assignment, ...] = ()
    actors: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def tracks(self) -> frozenset[str]:
        """The tracks of the second whistle that are taken."""
        return self.whistle.tracks if self.whistle is not None else frozenset()

    @property
    def lead(self) -> Assignment | None:
        """What was asked of the lead department."""
        return next((it for it in self.asked if it.is_lead), None)

    def own(self, standing: Standing) -> Assignment | None:
        """What the letter asked of the department of somebody with this standing."""
        units = standing.organisations.get(Role.DEPARTMENT_STAFF, frozenset())
        return next((it for it in self.asked if it.unit_id in units), None)

    def asked_of(self, verb: Verb, standing: Standing, department: str) -> Assignment | None:
        """What the letter asked of the department a verb is about: its user's own, or the one its user names."""
        if verb.only == "department":
            return self.own(standing)
        return next((it for it in self.asked if it.unit_id == department), None)

    def refusal(self, verb: Verb, standing: Standing, user_id: int | None) -> str | None:
        """Why somebody of the right role may still not use a verb, as a sentence; None where nothing stands in the way."""
        for name in verb.other_than:
            if user_id is not None and user_id == self.actors.get(name):
                return NOT_THE_SAME.get(name, "核实人不能是处置人本人 (the one who handled it cannot verify it)")
        if verb.only and not self._is_in_hands(verb.only, standing, user_id):
            whose, english = HANDS[verb.only]
            return f"只有{whose}可以办理这一步 (only {english})"
        return None

    def too_early(self, verb: Verb, case: Case, standing: Standing, at: dt.datetime) -> str | None:
        """What has to be done by or with a department before it may use a verb, as a sentence; None where nothing has."""
        own = self.own(standing) if verb.only == "department" else None
        if own is None:
            return None
        if own.finished_at is not None:
            return "本部门已经申请办结 (done already)"
        if verb.name == "receive":
            return "信函已经查收 (received already)" if own.received_at is not None else None
        if own.received_at is None:
            return "请先查收信函 (receive the letter first)"
        if verb.name == "claim" and own.arrived_at is None:
            return "镇街还没有登记本部门签到，不能申请办结 (not signed in yet)"
        return None

    def _is_in_hands(self, of: str, standing: Standing, user_id: int | None) -> bool:
        if of == "sent":
            sent = self.whistle.sent if self.whistle is not None else None
            return user_id is not None and sent is not None and sent.user_id == user_id
        if of == "department":
            return self.own(standing) is not None
        offices = standing.organisations.get(Role.OFFICE_STAFF, frozenset())
        if of == "office":
            return self.dispatch is not None and self.dispatch.office_id in offices
        return self.assignment is not None and self.assignment.unit_id in offices


def usable(case: Case, course: Course, standing: Standing, user_id: int | None, *, at: dt.datetime) -> list[Verb]:
    """The verbs somebody may use on a case at a moment, in the order of the table."""
    return [
        verb
        for verb in VERBS.values()
        if allowed(verb, State(case.state), course.tracks)
        and standing.role_among(verb.roles, case.current_area_id)
        and course.refusal(verb, standing, user_id) is None
        and course.too_early(verb, case, standing, at) is None
    ]


def whole_case(key: int) -> tuple[Case, Course]:
    """A case with all that is shown of it, and its course, for which nothing more is read."""
    case = (
        Case.objects.select_related("category", "area", "current_area", "merged_into", "reporter")
        .prefetch_related(
            "photos",
            "answers",
            Prefetch("trace", TraceEvent.objects.select_related("actor__person").order_by("seq")),
            Prefetch("whistles", Whistle.objects.select_related("blown_by__person", "sent").order_by("id")),
            Prefetch("dispatches", Dispatch.objects.select_related("office").order_by("id")),
            Prefetch(
                "assignments",
                Assignment.objects.select_related("unit", "letter").prefetch_related("check_ins").order_by("id"),
            ),
        )
        .get(pk=key)
    )
    whistles = [it for it in case.whistles.all() if it.level == Whistle.Level.TOWN]
    actors = {event.verb: event.actor_id for event in case.trace.all()}
    return case, _course(whistles, list(case.dispatches.all()), list(case.assignments.all()), actors)


def course_of(case: Case) -> Course:
    """The course of one case; on the grid it asks the database nothing."""
    return courses_of([case])[case.pk]


def courses_of(cases: Collection[Case]) -> dict[int, Course]:
    """The courses of some cases by key: at most four statements, however many there are."""
    away = [case.pk for case in cases if State(case.state) not in ON_THE_GRID]
    town = Whistle.Level.TOWN
    whistles = _by_case(Whistle.objects.filter(level=town).select_related("sent"), away)
    dispatches = _by_case(Dispatch.objects.select_related("office"), away)
    assignments = _by_case(Assignment.objects.select_related("unit"), away)
    actors = _actors([case.pk for case in cases if State(case.state) in ASKED_WHO])
    return {
        case.pk: _course(whistles[case.pk], dispatches[case.pk], assignments[case.pk], actors[case.pk])
        for case in cases
    }


_Row = TypeVar("_Row", Whistle, Dispatch, Assignment)


def _by_case(rows: QuerySet[_Row], cases: Collection[int]) -> defaultdict[int, list[_Row]]:
    found: defaultdict[int, list[_Row]] = defaultdict(list)
    if cases:
        for row in rows.filter(case__in=cases).order_by("id"):
            found[row.case_id].append(row)
    return found


def _course(
    whistles: Sequence[Whistle],
    dispatches: Sequence[Dispatch],
    assignments: Sequence[Assignment],
    actors: Mapping[str, int | None],
) -> Course:
    """What counts of a case's rows, each kind in the order it was written."""
    orders = [it for it in assignments if it.letter_id is None]
    return Course(_last(whistles), _last(dispatches), _last(orders), _of_last_letter(assignments), actors)


def _last(rows: Sequence[_Row]) -> _Row | None:
    return rows[-1] if rows else None


def _of_last_letter(assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
    letters = [it.letter_id for it in assignments if it.letter_id is not None]
    return tuple(it for it in assignments if it.letter_id == max(letters)) if letters else ()


def _actors(cases: Collection[int]) -> defaultdict[int, dict[str, int | None]]:
    """Who last used each verb that its user may not be followed up on, by case."""
    found: defaultdict[int, dict[str, int | None]] = defaultdict(dict)
    if cases:
        used = TraceEvent.objects.filter(case__in=cases, verb__in=NOT_TWICE).order_by("seq")
        for case, verb, actor in used.values_list("case_id", "verb", "actor_id"):
            found[case][verb] = actor
    return found
