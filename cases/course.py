"""In whose hands cases are, beside their states: who was sent, which office has it, which unit was ordered, who solved it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet

from cases.models import Assignment, Case, Dispatch, TraceEvent, Whistle
from cases.workflow import VERBS, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.roles import Role

ON_THE_GRID = frozenset({State.REPORTED, State.HANDLING, State.RESOLVED})
# Saying that it is solved, and the states in which another is to see whether it is.
SOLVING = ("resolve", "settle", "finish")
AWAITING_VERIFICATION = frozenset({State.RESOLVED, State.VERIFYING, State.FINISHED})
NOT_THEIRS = {
    "sent": "只有派出的专人可以办理这一步 (only the person who was sent)",
    "office": "只有承接派件的职能机构可以办理这一步 (only the office it was dispatched to)",
    "unit": "只有被交办的责任部门可以办理这一步 (only the unit that was ordered)",
}


@dataclass(frozen=True)
class Course:
    """The last whistle, dispatch and assignment of a case, and the number of the account that said it was solved."""

    whistle: Whistle | None = None
    dispatch: Dispatch | None = None
    assignment: Assignment | None = None
    solver: int | None = None

    @property
    def tracks(self) -> frozenset[str]:
        """The tracks of the whistle that are taken."""
        return self.whistle.tracks if self.whistle is not None else frozenset()

    def refusal(self, verb: Verb, standing: Standing, user_id: int | None) -> str | None:
        """Why somebody of the right role may still not use a verb, as a sentence; None where nothing stands in the way."""
        if verb.by_another and user_id is not None and user_id == self.solver:
            return "核实人不能是处置人本人 (the one who handled it cannot verify it)"
        if verb.only and not self._is_in_hands(verb.only, standing, user_id):
            return NOT_THEIRS[verb.only]
        return None

    def _is_in_hands(self, of: str, standing: Standing, user_id: int | None) -> bool:
        if of == "sent":
            sent = self.whistle.sent if self.whistle is not None else None
            return user_id is not None and sent is not None and sent.user_id == user_id
        offices = standing.organisations.get(Role.OFFICE_STAFF, frozenset())
        if of == "office":
            return self.dispatch is not None and self.dispatch.office_id in offices
        return self.assignment is not None and self.assignment.unit_id in offices


def usable(case: Case, course: Course, standing: Standing, user_id: int | None) -> list[Verb]:
    """The verbs somebody may use on a case now, in the order of the table."""
    return [
        verb
        for verb in VERBS.values()
        if allowed(verb, State(case.state), course.tracks)
        and standing.role_among(verb.roles, case.current_area_id)
        and course.refusal(verb, standing, user_id) is None
    ]


def course_of(case: Case) -> Course:
    """The course of one case; on the grid it asks the database nothing."""
    return courses_of([case])[case.pk]


def courses_of(cases: Collection[Case]) -> dict[int, Course]:
    """The courses of some cases by key: at most four statements, however many there are."""
    away = [case.pk for case in cases if State(case.state) not in ON_THE_GRID]
    whistles = _last(Whistle.objects.select_related("sent"), away)
    dispatches = _last(Dispatch.objects.select_related("office"), away)
    assignments = _last(Assignment.objects.select_related("unit"), away)
    solvers = _solvers(case.pk for case in cases if State(case.state) in AWAITING_VERIFICATION)
    return {
        case.pk: Course(whistles.get(case.pk), dispatches.get(case.pk), assignments.get(case.pk), solvers.get(case.pk))
        for case in cases
    }


_Row = TypeVar("_Row", Whistle, Dispatch, Assignment)


def _last(rows: QuerySet[_Row], cases: Collection[int]) -> dict[int, _Row]:
    return {row.case_id: row for row in rows.filter(case__in=cases).order_by("id")} if cases else {}


def _solvers(cases: Iterable[int]) -> dict[int, int | None]:
    waiting = list(cases)
    if not waiting:
        return {}
    said = TraceEvent.objects.filter(case__in=waiting, verb__in=SOLVING).order_by("seq")
    return dict(said.values_list("case_id", "actor_id"))
