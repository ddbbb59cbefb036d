"""Whom cases wait for: asked of the database for all at once, the answer is that of the rule asked case by case."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Q

from cases.course import SPECIAL, courses_of, usable
from cases.desk import Show, listed
from cases.models import Assignment, Case, Dispatch, Letter, Procedure, TraceEvent, Whistle
from cases.waiting import (
    IN_HANDS,
    TAKEN_AT,
    UNCONFIRMED,
    is_waited_for,
    may_use,
    procedures_undecided,
    turns_of,
    ways_on,
)
from cases.workflow import HANDS, OPEN, VERBS, Kind, Stage, State
from gridmap.duties import NOBODY, Standing, standing_of
from gridmap.models import Appointment, Organisation
from gridmap.roles import Role
from tests.conftest import GRID, Cast

pytestmark = pytest.mark.django_db

TOWN = GRID[:9]
EACH = 12  # cases in every open state
GRIDS = (GRID, GRID, GRID[:12] + "001", "360702101001001")
HANDLERS = ("resolve", "settle", "finish", "refer", "claim")


def holders(role: Role, **where: object) -> list[User]:
    """Two people of a role."""
    posts = Appointment.objects.filter(role=role, person__user__isnull=False, **where).select_related("person__user")
    return [post.person.user for post in posts.order_by("person")[:2] if post.person.user is not None]


@dataclass
class Town:
    """A town's people and places, and a die that falls the same way every time."""

    die: random.Random
    staff: list[User]
    offices: list[str]
    departments: list[str]
    at: dt.datetime

    def set_up(self, case: Case, state: State) -> None:
        """Put a case into a state with rows of all kinds beside it, some older than what counts, some of others."""
        case.current_area_id, case.state = self.die.choice(GRIDS), state
        case.closed_at = case.merged_into = None
        case.due_at = case.reported_at + dt.timedelta(hours=self.die.randrange(1, 200))
        case.save()
        self._whistle(case)
        for _ in range(self.die.randrange(3)):
            Dispatch.objects.create(case=case, office_id=self.die.choice(self.offices), at=self.at, by=self._one())
            self._assign(case, self.die.choice(self.offices))
        for _ in range(self.die.randrange(3)):
            self._letter(case)
        for kind in self.die.sample(list(Kind), 2):
            self._procedure(case, kind)
        for verb in self.die.sample(HANDLERS, 3):
            for actor in self.die.sample([*self.staff, None], self.die.randrange(3)):
                TraceEvent.objects.create(case=case, at=self.at, actor=actor, verb=verb, to_state=state)

    def _one(self) -> User:
        return self.die.choice(self.staff)

    def _perhaps(self) -> dt.datetime | None:
        return self.die.choice([None, self.at])

    def _whistle(self, case: Case) -> None:
        sent = self.die.choice([None, self._one().person])  # type: ignore[attr-defined]
        told: dict[str, Any] = {"tried": "做过", "reason": "不够", "blown_at": self.at, "blown_by": self._one()}
        if self.die.random() < 0.8:
            tracks = {"filed_at": self._perhaps(), "sent": sent, "sent_at": self.at if sent else None}
            Whistle.objects.create(case=case, level=Whistle.Level.TOWN, **told, **tracks)
        Whistle.objects.create(case=case, level=Whistle.Level.DISTRICT, **told, filed_at=self.at)

    def _assign(self, case: Case, unit: str, **more: object) -> None:
        Assignment.objects.create(
            case=case,
            unit_id=unit,
            task="去办",
            limit_amount=1,
            limit_unit="working_days",
            ordered_at=self.at,
            ordered_by=self._one(),
            due_at=self.at,
            withdrawn_at=self.at if self.die.random() < 0.3 else None,
            **more,
        )

    def _procedure(self, case: Case, kind: Kind) -> None:
        stages = [Stage.ASKED, Stage.GRANTED, Stage.REFUSED]
        stage = self.die.choice([*stages, Stage.SUPPORTED, Stage.OVER] if kind == Kind.SUSPENSION else stages)
        decided = stage in (Stage.GRANTED, Stage.REFUSED)
        Procedure.objects.create(
            case=case,
            kind=kind,
            stage=stage,
            text="因为",
            asked_at=self.at,
            asked_by=self.staff[0],
            decide_by=self.at,
            until=self.at + dt.timedelta(days=1) if kind == Kind.SUSPENSION else None,
            supported_by=self.staff[1] if kind == Kind.SUSPENSION else None,
            decided_at=self.at if decided else None,
            decided_by=self.staff[2] if decided else None,
            ended_at=self.at if stage == Stage.OVER else None,
        )

    def _letter(self, case: Case) -> None:
        told: dict[str, Any] = {"task": "去办", "due_at": self.at, "issued_at": self.at}
        by = {"issued_by": self._one(), "confirmed_by": self.die.choice([None, self._one()]), "confirm_by": self.at}
        letter = Letter.objects.create(case=case, number=f"示范 {Letter.objects.count()}", **told, **by)
        for part, unit in zip(("lead", "assist"), self.die.sample(self.departments, 2), strict=True):
            received = self._perhaps()
            arrived = self._perhaps() if received else None
            done = self._perhaps() if arrived and self.die.random() < 0.5 else None
            came = {"arrived_at": arrived, "arrival_minutes": 0 if arrived else None}
            self._assign(case, unit, letter=letter, part=part, received_at=received, finished_at=done, **came)


@pytest.fixture(scope="module")
def stage(kept_for_module: None, now: dt.datetime) -> Town:
    """The people of a town: everybody somebody can be waited for to be, most of them twice."""
    offices = Organisation.objects.filter(kind=Organisation.Kind.OFFICE, area=TOWN).order_by("code")
    codes = [office.code for office in offices if holders(Role.OFFICE_STAFF, organisation=office)][:2]
    staff = [user for code in codes for user in holders(Role.OFFICE_STAFF, organisation=code)]
    for role in (Role.CENTRE_CLERK, Role.LEADER_IN_CHARGE, Role.PRINCIPAL_LEADER):
        staff += holders(role, organisation__area=TOWN)
    staff += (
        holders(Role.DISTRICT_CENTRE_STAFF)
        + holders(Role.GRID_WORKER, area=GRID)
        + holders(Role.GRID_CHIEF, area=GRID[:12])
    )
    from_departments = holders(Role.DEPARTMENT_STAFF)
    posts = Appointment.objects.filter(person__user__in=from_departments, role=Role.DEPARTMENT_STAFF)
    departments = sorted({str(post.organisation_id) for post in posts})
    others = Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT).exclude(pk__in=departments)
    departments += others.order_by("code").values_list("code", flat=True)[:2]
    die = random.Random(20260707)
    return Town(die, list(dict.fromkeys(staff + from_departments)), codes, departments, now)


@pytest.fixture(scope="module")
def cases(stage: Town) -> list[int]:
    """The keys of cases in every open state."""
    pool = list(Case.objects.filter(whistles=None, assignments=None).order_by("pk")[: EACH * len(OPEN)])
    for case, state in zip(pool, itertools.cycle(sorted(OPEN)), strict=False):
        stage.set_up(case, State(state))
    return [case.pk for case in pool]


def standings(stage: Town, on: dt.date) -> list[tuple[Standing, int]]:
    """Everybody on the stage, the district's centre, and somebody who is everything at once."""
    each = [(standing_of(user, on=on), user.pk) for user in stage.staff]
    grounds = {role: frozenset({TOWN}) for role in Role}
    organisations = {
        Role.OFFICE_STAFF: frozenset(stage.offices),
        Role.DEPARTMENT_STAFF: frozenset(stage.departments[:2]),
    }
    return [*each, (Standing(grounds, organisations), stage.staff[0].pk), (Standing(everything=True), 1)]


def first_wanted(may: set[str]) -> str:
    """Of the verbs somebody may use, the one they are waited for to use: what others asked for before the ordinary way on."""
    mine = [verb for verb in VERBS.values() if verb.name in may]
    ordinary = (verb for verb in mine if verb.carries_on)
    verb = next((verb for verb in mine if verb.decides), None) or next(ordinary, None)
    return verb.name if verb else ""


def test_the_database_says_of_every_case_and_verb_what_the_rule_says(
    stage: Town, cases: list[int], now: dt.datetime
) -> None:
    found = list(Case.objects.filter(pk__in=cases).select_related("category"))
    courses = courses_of(found)
    met = set()
    for standing, user_id in standings(stage, now.date()):
        may = {
            case.pk: {verb.name for verb in usable(case, courses[case.pk], standing, user_id, at=now)} for case in found
        }
        undecided = procedures_undecided(Role, standing)
        for verb in ways_on():
            chosen = Case.objects.filter(may_use(verb, standing, user_id, undecided), pk__in=cases)
            wanted = {key for key, verbs in may.items() if verb.name in verbs}
            assert set(chosen.values_list("pk", flat=True)) == wanted, (verb.name, standing)
            met |= {verb.name} if wanted else set()
        turns = turns_of(standing, user_id)
        told = Case.objects.filter(pk__in=cases).annotate(turn=turns.first()).values_list("pk", "turn")
        assert dict(told) == {key: first_wanted(verbs) for key, verbs in may.items()}
        waiting = Case.objects.filter(turns.any(), pk__in=cases)
        assert set(waiting.values_list("pk", flat=True)) == {key for key, verb in told if verb}
    assert met == {verb.name for verb in ways_on()}, "the stage lets every verb be used by somebody"


def test_what_waits_for_somebody_is_on_their_desk(stage: Town, cases: list[int], now: dt.datetime) -> None:
    for standing, user_id in standings(stage, now.date()):
        mine = listed(standing, user_id=user_id, now=now, show=Show.MINE)
        everywhere = Case.objects.open().filter(turns_of(standing, user_id).any())
        assert set(mine.values_list("pk", flat=True)) == set(everywhere.values_list("pk", flat=True))


def test_everything_the_table_may_ask_is_known_to_the_database() -> None:
    assert {verb.only for verb in ways_on() if verb.only} == set(IN_HANDS) <= set(HANDS)
    # What stands in the way of a verb for a reason of its own, has its own condition too.
    assert {verb.name for verb in ways_on()} & set(SPECIAL) == set(UNCONFIRMED)
    assert set(TAKEN_AT) == {verb.name for verb in VERBS.values() if verb.beside}
    # An index has whom it asks about, and nobody else.
    (last,) = (it for it in TraceEvent._meta.indexes if it.name == "trace_who_did_it_last")
    assert last.condition == Q(verb__in=sorted({name for verb in ways_on() for name in verb.other_than}))


def test_nobody_is_waited_for_without_a_post(cast: Cast, now: dt.datetime) -> None:
    assert not is_waited_for(NOBODY)
    assert not is_waited_for(standing_of(cast.admin, on=now.date()))
    assert is_waited_for(standing_of(cast.clerk, on=now.date()))
    assert not Case.objects.filter(turns_of(standing_of(cast.clerk, on=now.date()), None).any()).exists()
