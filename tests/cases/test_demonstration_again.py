"""The demonstration's histories, taken again: by the rules deed for deed, and through the actions row for row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.contrib.auth.models import User

from cases import sealing
from cases.actions.reopening import reopens_to
from cases.course import Course
from cases.deadlines import SHANGHAI
from cases.demonstration import history
from cases.demonstration.drafting import STALE_EVERY
from cases.demonstration.paths import PATHS, UNFINISHED, Stop
from cases.management.commands.load_demo import FIXTURES
from cases.models import Assignment, Case, Dispatch, Procedure, SurveyAnswer, TraceEvent, Whistle
from cases.summary import summary
from cases.workflow import OPEN, STEP_OF, VERBS, Stage, State, Step, Verb, after, allowed
from gridmap.duties import Standing, standing_of
from tests.cases.retaking import BY_THE_WAY, ENDED, assert_same_again, cases_of

pytestmark = pytest.mark.django_db
MORE, MORE_OPEN = 160, 3 * len(UNFINISHED)
DONE_PATHS = sorted(name for name, path in PATHS.items() if path.share)
OTHER_ENDS = sorted(stop.path for stop in UNFINISHED if not stop.before)


@pytest.fixture(scope="module")
def more(kept_for_module: None) -> list[int]:
    """Some more cases beside the article's, half of them not done: three of each place where one can stand."""
    before = Case.objects.order_by("-pk").values_list("pk", flat=True)[0]
    seed, history.SEED = history.SEED, 7
    try:
        history.load(MORE, as_of=ENDED, fixtures=FIXTURES, unfinished=MORE_OPEN)
    finally:
        history.SEED = seed
    return list(Case.objects.filter(pk__gt=before).values_list("pk", flat=True))


def test_with_more_unfinished_ones_every_state_has_some_and_some_are_late(more: list[int]) -> None:
    figures = summary(Case.objects.filter(pk__in=more), now=ENDED)
    refused = 3 * len(OTHER_ENDS)
    assert (figures["collected"], figures["done"]) == (MORE, MORE - MORE_OPEN)
    assert figures["open"] == MORE_OPEN - refused
    assert figures["states"]["refused"] == refused
    assert all(figures["states"][state] >= 3 for state in OPEN)
    assert MORE_OPEN // STALE_EVERY - 2 <= figures["overdue"] < figures["open"] / 2
    steps = {STEP_OF[State(state)] for state in Case.objects.filter(pk__in=more).values_list("state", flat=True)}
    assert steps == set(Step)


def test_all_seals_hold(more: list[int]) -> None:
    found = sealing.verify(sealing.stored_rows())
    assert found.broken is None
    assert found.cases == Case.objects.count()


# ---- by the rules ------------------------------------------------------------------------------------------------


def test_every_deed_was_allowed_to_whoever_did_it(more: list[int]) -> None:
    """All that went beyond the grid, all that is open or ended otherwise, and one in twenty of the rest."""
    far = set(Whistle.objects.values_list("case_id", flat=True))
    odd = set(Case.objects.exclude(state="closed").values_list("pk", flat=True))
    again = set(Case.objects.filter(reopened__gt=0).values_list("pk", flat=True))
    rest = set(Case.objects.order_by("pk").values_list("pk", flat=True)[::20])
    chosen = Case.objects.filter(pk__in=far | odd | again | rest | set(more)).select_related("category")
    assert chosen.count() > 600
    for case in chosen.prefetch_related("trace__actor", "whistles__sent", "dispatches", "assignments__unit"):
        follow(case)


def test_a_rule_that_is_broken_is_seen() -> None:
    """What the test above leans on: each way of going wrong is caught."""
    case = Case.objects.get(pk=cases_of(PATHS["failed"].deeds)[0])
    follow(case)
    first = {it.verb: it for it in reversed(case.trace.order_by("seq"))}
    wrong = [
        ("claim", "actor", first["issue"].actor),
        ("endorse", "role", "centre_clerk"),
        ("dispatch", "to_state", "ordered"),
        ("brief", "from_state", "triage"),
        ("apply", "payload", {}),
        ("receive", "at", first["issue"].at),
        ("claim", "at", first["sign_in"].at),
    ]
    for verb, name, value in wrong:
        fresh = Case.objects.prefetch_related("trace__actor").get(pk=case.pk)
        event = next(it for it in fresh.trace.all() if it.verb == verb)
        setattr(event, name, value)
        with pytest.raises(AssertionError):
            follow(fresh)


def follow(case: Case) -> None:
    """Hold each deed of a case against the tables, as they would have stood then."""
    state, actors, beside = State.REPORTED, dict[str, int | None](), Beside.of(case)
    for event in sorted(case.trace.all(), key=lambda it: it.seq):
        about = (case.number, event.seq, event.verb)
        if event.verb in BY_THE_WAY:
            assert event.to_state == (event.from_state or State.REPORTED) == state, about
            continue
        verb, course = VERBS[event.verb], course_at(beside, event.at, actors)
        assert event.from_state == state, about
        assert allowed(verb, state, course.tracks), about
        concerned = asked_in(case, event, course)
        if event.actor is None:
            assert event.payload["automatic"] is True, about
            assert event.at > concerned.receive_by, about
        else:
            standing = standing_on(event.actor_id, event.at.astimezone(SHANGHAI).date())
            assert event.role == standing.role_among(verb.roles, case.current_area_id), about
            assert course.refusal(verb, standing, event.actor_id) is None, about
            assert course.too_early(verb, case, standing, event.at) is None, about
            assert_given(verb, event)
        lead = concerned is None or concerned.is_lead
        told = told_by(event, course) if verb.one_of else None
        state = after(verb, state, course.tracks, lead=lead, told=told)
        assert event.to_state == state, about
        actors[verb.name] = event.actor_id
    assert case.state == state, case.number


def asked_in(case: Case, event: TraceEvent, course: Course) -> Assignment | None:
    """What a letter asked of the department a deed is about."""
    name = event.payload.get("department")
    return next((it for it in course.asked if it.unit.name == name), None)


def told_by(event: TraceEvent, course: Course) -> State | None:
    """Where the course of a case says that it stands after a verb."""
    if event.verb == "resume":
        return State(course.suspension.resumes)
    if event.verb == "rule":
        return State.CONFIRMED if event.payload.get("withdrawn") else None
    return reopens_to(course)


@cache
def standing_on(user: int, day: dt.date) -> Standing:
    return standing_of(User.objects.get(pk=user), on=day)


@dataclass(frozen=True)
class Beside:
    """The rows that other tables have of a case; they are changed in copies only."""

    whistles: list[Whistle]
    dispatches: list[Dispatch]
    assignments: list[Assignment]
    procedures: list[Procedure]

    @classmethod
    def of(cls, case: Case) -> Beside:
        return cls(
            list(Whistle.objects.filter(case=case, level=Whistle.Level.TOWN).select_related("sent")),
            list(Dispatch.objects.filter(case=case)),
            list(Assignment.objects.filter(case=case).select_related("unit", "letter").order_by("id")),
            list(Procedure.objects.filter(case=case).select_related("unit", "department").order_by("id")),
        )


def course_at(beside: Beside, at: dt.datetime, actors: dict[str, int | None]) -> Course:
    """In whose hands a case was just before a moment, from the rows it has now."""

    def earlier(rows: Any, name: str) -> list[Any]:
        return [row for row in rows if getattr(row, name) < at]

    def then(row: Any, *names: str) -> Any:
        made = copy(row)
        for name in names:
            value = getattr(row, name)
            setattr(made, name, value if value is not None and value < at else None)
        return made

    def asked(row: Assignment) -> Any:
        made = then(row, "received_at", "arrived_at", "finished_at")
        if row.letter is not None and row.letter.confirmed_at is not None and row.letter.confirmed_at >= at:
            made.letter = copy(row.letter)
            made.letter.confirmed_by_id = None
        return made

    assignments = [asked(it) for it in earlier(beside.assignments, "ordered_at")]
    binding = [it for it in assignments if it.withdrawn_at is None or it.withdrawn_at >= at]
    letter = binding[-1].letter_id if binding else None
    return Course(
        whistle=next(iter(then(it, "filed_at", "sent_at") for it in earlier(beside.whistles, "blown_at")), None),
        dispatch=next(iter(earlier(beside.dispatches, "at")), None),
        assignment=binding[-1] if binding and letter is None else None,
        asked=tuple(it for it in binding if letter is not None and it.letter_id == letter),
        procedures=tuple(procedure_at(it, at) for it in earlier(beside.procedures, "asked_at")),
        actors=dict(actors),
    )


def procedure_at(row: Procedure, at: dt.datetime) -> Procedure:
    """What was asked for as it stood just before a moment."""
    row = copy(row)
    reached = {Stage.OVER: row.ended_at, Stage.GRANTED: row.decided_at, Stage.SUPPORTED: row.supported_at}
    row.stage = next((stage for stage, when in reached.items() if when is not None and when < at), Stage.ASKED)
    return row


# Under which names the trace keeps what a verb needs.
NAMED = {"sign_in": "department", "rule": "ruled"}
KEPT_AS = {"photo": "photos", "area": "to_area", "department": "lead"}


def assert_given(verb: Verb, event: TraceEvent) -> None:
    for need in verb.needs:
        kept = NAMED.get(verb.name) if need == "department" else None
        kept = kept or KEPT_AS.get(need, need)
        assert event.payload.get(kept), (event.case_id, event.seq, need)


# ---- through the actions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DONE_PATHS)
def test_the_actions_make_the_same_of_a_done_case(name: str) -> None:
    found = cases_of(PATHS[name].deeds)
    for key in found[:1] + found[-1:]:
        assert_same_again(key)


@pytest.mark.parametrize("stop", UNFINISHED, ids=lambda stop: f"{stop.path}, {stop.before or 'end'}")
def test_the_actions_make_the_same_of_an_unfinished_case(stop: Stop, more: list[int]) -> None:
    found = [key for key in cases_of(stop.deeds) if key in more]
    assert found
    assert_same_again(found[-1])


def test_the_actions_make_the_same_of_two_that_are_one_matter() -> None:
    for key in cases_of(PATHS["merged"].deeds)[:2]:
        assert_same_again(key)


def test_the_actions_make_the_same_of_what_others_say() -> None:
    answered = SurveyAnswer.objects.values_list("case_id", flat=True)
    twice = next(case for case, count in Counter(answered).items() if count == 2)
    voiced = Case.objects.filter(voices_count=3, merged=None).order_by("pk").values_list("pk", flat=True)[0]
    for key in (twice, voiced):
        assert_same_again(key)
