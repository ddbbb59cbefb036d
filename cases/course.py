"""In whose hands cases are, beside their states: who was sent, which office has it, which unit or department was asked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Prefetch, QuerySet

from cases import procedures as rules_of
from cases.deadlines import SHANGHAI
from cases.models import Assignment, Case, Dispatch, Letter, Procedure, Result, TraceEvent, Whistle
from cases.models.assessment import result_of
from cases.workflow import HANDS, VERBS, VERBS_FROM, Kind, Stage, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.roles import Role

ON_THE_GRID = frozenset({State.REPORTED, State.HANDLING, State.RESOLVED})
ABOUT_RESULTS = frozenset({"evaluate", "appeal", "uphold", "grant"})
# Whoever used one of these may not use what comes after it, and the states in which that is asked.
NOT_TWICE = tuple(sorted({name for verb in VERBS.values() for name in verb.other_than}))
ASKED_WHO = frozenset(state for verb in VERBS.values() if verb.other_than for state in verb.comes_from)
PROCEDURE_PARTS = ("unit", "department", "assignment__unit", "assignment__letter", "asked_by__person")
NOT_THE_SAME = {
    "refer": "主要领导与主管领导不能是同一人 (the two leaders are two persons)",
    "certify": "裁决申诉的不能是核实评分的人 (who gave the marks cannot rule on the appeal)",
}


@dataclass(frozen=True)
class Course:
    """The last whistle and dispatch of a case, what was asked of whom last, the procedures beside it, who used some verbs.

    What was asked last is either an order (``assignment``) or what a letter ``asked`` of departments; what was
    withdrawn is no longer asked.
    """

    whistle: Whistle | None = None
    dispatch: Dispatch | None = None
    assignment: Assignment | None = None
    asked: tuple[Assignment, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    actors: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def tracks(self) -> frozenset[str]:
        """The tracks of the second whistle that are taken."""
        return self.whistle.tracks if self.whistle is not None else frozenset()

    @property
    def lead(self) -> Assignment | None:
        """What was asked of the lead department."""
        return next((it for it in self.asked if it.is_lead), None)

    @property
    def unconfirmed(self) -> Letter | None:
        """The letter of an emergency that no principal leader has confirmed yet."""
        letter = self.lead.letter if self.lead is not None else None
        return letter if letter is not None and letter.confirmed_by_id is None else None

    @property
    def units(self) -> tuple[Assignment, ...]:
        """All that was asked last, by order or by letter."""
        return (self.assignment,) if self.assignment is not None else self.asked

    @property
    def returns(self) -> int:
        """How often a lead department has returned it and was let."""
        returned = (it.assignment for it in self.procedures if it.kind == Kind.RETURN and it.stage == Stage.GRANTED)
        return sum(it is not None and it.is_lead for it in returned)

    @property
    def suspension(self) -> Procedure | None:
        """The one in force."""
        granted = (it for it in self.procedures if it.kind == Kind.SUSPENSION and it.stage == Stage.GRANTED)
        return next(granted, None)

    @property
    def ruled(self) -> str | None:
        """The department found to answer for it, until a letter has gone there."""
        ruled = [it for it in self.procedures if it.kind == Kind.DISPUTE and it.stage == Stage.GRANTED]
        return ruled[-1].department_id if ruled and not self.asked else None

    def own(self, standing: Standing) -> Assignment | None:
        """What was asked of the unit of somebody with this standing: by letter of a department, by order of an office."""
        departments = standing.organisations.get(Role.DEPARTMENT_STAFF, frozenset())
        offices = standing.organisations.get(Role.OFFICE_STAFF, frozenset())
        if self.assignment is not None and self.assignment.unit_id in offices:
            return self.assignment
        return next((it for it in self.asked if it.unit_id in departments), None)

    def asked_of(self, verb: Verb, standing: Standing, department: str) -> Assignment | None:
        """What was asked of the unit a verb is about: its user's own, or the one its user names."""
        if verb.only in ("department", "asked") or (verb.procedure and not verb.stages):
            return self.own(standing)
        return next((it for it in self.asked if it.unit_id == department), None)

    def waiting(self, verb: Verb) -> list[Procedure]:
        """The procedures a verb can carry on."""
        return [it for it in self.procedures if it.kind == verb.procedure and it.stage in verb.stages]

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
        if verb.name in ABOUT_RESULTS:
            return self.no_result(verb, standing, at)
        if verb.stages and not self.waiting(verb):
            return f"没有待办的{Kind(str(verb.procedure)).label}申请 (nothing of the kind is waiting)"
        if verb.procedure and not verb.stages:
            return rules_of.hindrance(verb.procedure, self.own(standing), self.procedures, at)
        if verb.name in SPECIAL:
            return SPECIAL[verb.name](self, case, at)
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

    def no_result(self, verb: Verb, standing: Standing, at: dt.datetime) -> str | None:
        """Why there is no result to work out, to appeal against or to rule on, as a sentence; None where there is."""
        if verb.name == "evaluate":
            return None if self.asked else "没有区级部门承办，没有可评的 (no department was asked: nothing to score)"
        if verb.name != "appeal":
            waiting = any(result.is_appealed for result in self.results.values())
            return None if waiting else "没有待裁决的申诉 (no appeal to rule on)"
        own = self.own(standing)
        result = self.results.get(own.pk) if own is not None else None
        if result is None:
            return "本部门没有考核结果 (no result of this department)"
        if result.appealed_at is not None:
            return "每个结果只能申诉一次，已经申诉过 (appealed already)"
        if at > result.appeal_by:
            return f"申诉期已过，{result.appeal_by.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 截止 (too late to appeal)"
        return None

    @property
    def results(self) -> dict[int, Result]:
        """The results of what the last letter asked, by the key of the assignment."""
        found = {it.pk: result_of(it) for it in self.asked}
        return {key: result for key, result in found.items() if result is not None}

    def _is_in_hands(self, of: str, standing: Standing, user_id: int | None) -> bool:
        if of == "sent":
            sent = self.whistle.sent if self.whistle is not None else None
            return user_id is not None and sent is not None and sent.user_id == user_id
        if of == "department":
            own = self.own(standing)
            return own is not None and own.letter_id is not None
        if of == "asked":
            return self.own(standing) is not None
        offices = standing.organisations.get(Role.OFFICE_STAFF, frozenset())
        if of == "office":
            return self.dispatch is not None and self.dispatch.office_id in offices
        return self.assignment is not None and self.assignment.unit_id in offices


def _confirmed(course: Course, case: Case, at: dt.datetime) -> str | None:
    return "不是待补确认的应急哨 (nothing to confirm)" if course.unconfirmed is None else None


def _unconfirmed(course: Course, case: Case, at: dt.datetime) -> str | None:
    if course.unconfirmed is None:
        return None
    return "应急哨还没有主要领导补确认，不能结项 (not confirmed by the principal leader)"


def _ended_long_ago(course: Course, case: Case, at: dt.datetime) -> str | None:
    return rules_of.too_late_to_reopen(case.closed_at, at)


def _marked(course: Course, case: Case, at: dt.datetime) -> str | None:
    return "已经列为重点难点 (on the list already)" if case.hard else None


# What stands in the way of some verbs beside whose hands the case is in.
SPECIAL: Mapping[str, Callable[[Course, Case, dt.datetime], str | None]] = {
    "certify": _unconfirmed,
    "ratify": _confirmed,
    "disown": _confirmed,
    "reopen": _ended_long_ago,
    "mark": _marked,
}


def usable(case: Case, course: Course, standing: Standing, user_id: int | None, *, at: dt.datetime) -> list[Verb]:
    """The verbs somebody may use on a case at a moment, in the order of the table."""
    state = State(case.state)
    return [
        verb
        for verb in VERBS_FROM[state]
        if allowed(verb, state, course.tracks)
        and standing.role_among(verb.roles, case.current_area_id)
        and course.refusal(verb, standing, user_id) is None
        and course.too_early(verb, case, standing, at) is None
    ]


def whole_case(key: int) -> tuple[Case, Course]:
    """A case with all that is shown of it, and its course, for which nothing more is read."""
    case = (
        Case.objects.select_related("category", "area", "current_area", "merged_into", "repeats", "reporter")
        .prefetch_related(
            "photos",
            "answers",
            Prefetch("trace", TraceEvent.objects.select_related("actor__person").order_by("seq")),
            Prefetch("whistles", Whistle.objects.select_related("blown_by__person", "sent").order_by("id")),
            Prefetch("dispatches", Dispatch.objects.select_related("office").order_by("id")),
            Prefetch(
                "assignments",
                Assignment.objects.select_related("unit", "letter", "result")
                .prefetch_related("check_ins")
                .order_by("id"),
            ),
            Prefetch("procedures", Procedure.objects.select_related(*PROCEDURE_PARTS).order_by("id")),
        )
        .get(pk=key)
    )
    whistles = [it for it in case.whistles.all() if it.level == Whistle.Level.TOWN]
    actors = {event.verb: event.actor_id for event in case.trace.all()}
    rows = list(case.dispatches.all()), list(case.assignments.all()), list(case.procedures.all())
    return case, _course(whistles, *rows, actors)


def course_of(case: Case) -> Course:
    """The course of one case; on the grid it asks the database nothing."""
    return courses_of([case])[case.pk]


def courses_of(cases: Collection[Case]) -> dict[int, Course]:
    """The courses of some cases by key: at most five statements, however many there are."""
    away = [case.pk for case in cases if State(case.state) not in ON_THE_GRID]
    town = Whistle.Level.TOWN
    whistles = _by_case(Whistle.objects.filter(level=town).select_related("sent"), away)
    dispatches = _by_case(Dispatch.objects.select_related("office"), away)
    assignments = _by_case(Assignment.objects.select_related("unit", "letter", "result"), away)
    procedures = _by_case(Procedure.objects.select_related(*PROCEDURE_PARTS), away)
    actors = _actors([case.pk for case in cases if State(case.state) in ASKED_WHO])
    return {
        case.pk: _course(
            whistles[case.pk], dispatches[case.pk], assignments[case.pk], procedures[case.pk], actors[case.pk]
        )
        for case in cases
    }


_Row = TypeVar("_Row", Whistle, Dispatch, Assignment, Procedure)


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
    procedures: Sequence[Procedure],
    actors: Mapping[str, int | None],
) -> Course:
    """What counts of a case's rows, each kind in the order it was written."""
    binding = [it for it in assignments if it.withdrawn_at is None]
    last = _last(binding)
    order = last if last is not None and last.letter_id is None else None
    asked = tuple(it for it in binding if it.letter_id == last.letter_id) if last is not None and not order else ()
    return Course(_last(whistles), _last(dispatches), order, asked, tuple(procedures), actors)


def _last(rows: Sequence[_Row]) -> _Row | None:
    return rows[-1] if rows else None


def _actors(cases: Collection[int]) -> defaultdict[int, dict[str, int | None]]:
    """Who last used each verb that its user may not be followed up on, by case."""
    found: defaultdict[int, dict[str, int | None]] = defaultdict(dict)
    if cases:
        used = TraceEvent.objects.filter(case__in=cases, verb__in=NOT_TWICE).order_by("seq")
        for case, verb, actor in used.values_list("case_id", "verb", "actor_id"):
            found[case][verb] = actor
    return found
