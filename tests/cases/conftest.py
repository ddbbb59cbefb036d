"""One case about the cast's grid on its way from the grid to the district, and those who meet it there."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from cases import photos
from cases.actions.town import rules_for, units_of
from cases.actions.whistling import who_can_be_sent
from cases.models import Case
from cases.workflow import State
from gridmap.models import Appointment, Person
from gridmap.roles import Role
from tests.cases.assessing import FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, certified, july
from tests.cases.pictures import drawn
from tests.cases.playing import (
    BLOWN,
    TEN_DAYS,
    Department,
    Office,
    act,
    department,
    dispatched,
    report,
    user_of,
)
from tests.cases.recounting import NOW, table_of_cases
from tests.conftest import Cast


@pytest.fixture
def picture() -> photos.Picture:
    return photos.re_encode(io.BytesIO(drawn("PNG")))


# ---- people, besides the cast ------------------------------------------------------------------------------------


@pytest.fixture
def envoy(cast: Cast, case: Case, now: dt.datetime) -> Person:
    """Somebody of the town's offices, to be sent."""
    offices = Appointment.objects.filter(role=Role.OFFICE_STAFF, organisation__area=cast.grid[:9])
    return who_can_be_sent(case, on=now.date()).filter(pk__in=offices.values("person")).earliest("code")


@pytest.fixture
def offices(triage: Case) -> list[Office]:
    """The town's offices that have somebody in post: the one the rules name first."""
    named = rules_for(triage)[0].office_id
    held = Appointment.objects.filter(role=Role.OFFICE_STAFF, organisation__in=units_of(triage))
    found = [Office(post.organisation_id or "", user_of(post.person)) for post in held.select_related("person__user")]
    return sorted(found, key=lambda office: (office.code != named, office.code))


@pytest.fixture
def principal(cast: Cast) -> User:
    """The principal leader of the town."""
    held = Appointment.objects.filter(role=Role.PRINCIPAL_LEADER, organisation__area=cast.grid[:9])
    return user_of(held.select_related("person__user")[0].person)


@pytest.fixture
def lead(db: None) -> Department:
    """The department a letter is written to."""
    return department(0)


@pytest.fixture
def assistant(db: None) -> Department:
    """The department a letter asks to assist."""
    return department(1)


@pytest.fixture
def outsider(db: None) -> Department:
    """A department that no letter names."""
    return department(2)


# ---- the case, from each of its turns on -------------------------------------------------------------------------


@pytest.fixture
def case(cast: Cast, now: dt.datetime) -> Case:
    """A case that its worker has in hand."""
    return act(report(cast.grid, now), "accept", cast.worker, now)


@pytest.fixture
def triage(case: Case, cast: Cast, envoy: Person, now: dt.datetime) -> Case:
    """A case in the hands of the town's centre."""
    act(case, "whistle", cast.chief, now, **BLOWN)
    act(case, "file", cast.clerk, now)
    return act(case, "send", cast.clerk, now, person=envoy.code)


@pytest.fixture
def referred(triage: Case, cast: Cast, offices: list[Office], now: dt.datetime) -> Case:
    """Found to need the district."""
    dispatched(triage, cast, offices[0], now)
    act(triage, "brief", offices[0].user, now, text="涉及市政主管网")
    return act(triage, "refer", cast.leader, now, text="主管网归区里管")


@pytest.fixture
def confirmed(referred: Case, offices: list[Office], principal: User, now: dt.datetime) -> Case:
    """The third whistle asked for, and confirmed by the principal leader."""
    act(referred, "apply", offices[0].user, now, text="请城管部门承办")
    return act(referred, "endorse", principal, now)


@pytest.fixture
def issued(confirmed: Case, cast: Cast, lead: Department, assistant: Department, now: dt.datetime) -> Case:
    """The letter is out to both departments."""
    return act(
        confirmed,
        "issue",
        cast.clerk,
        now,
        department=lead.code,
        assisting=[assistant.code],
        text="更换主管网井盖",
        limit=TEN_DAYS,
    )


@pytest.fixture
def arrived(issued: Case, offices: list[Office], lead: Department, now: dt.datetime) -> Case:
    """The lead has received the letter and is on the ground."""
    act(issued, "receive", lead.user, now)
    return act(issued, "sign_in", offices[0].user, now, department=lead.code, persons="张工、李工", text="现场")


# ---- done, closed and scored, in the days of tests.cases.assessing -----------------------------------------------


@pytest.fixture
def claimed(issued: Case, offices: list[Office], lead: Department, picture: photos.Picture) -> Case:
    """Received after one hour, arrived after four, done after sixteen, on Thursday at ten."""
    act(issued, "receive", lead.user, july(TUESDAY, 11))
    act(issued, "sign_in", offices[0].user, july(TUESDAY, 16), department=lead.code, persons="张工")
    act(issued, "handle", lead.user, july(WEDNESDAY, 9), text="已备料")
    return act(issued, "claim", lead.user, july(THURSDAY, 10), text="已换", pictures=[picture])


@pytest.fixture
def closed(claimed: Case, offices: list[Office]) -> Case:
    return certified(claimed, offices[0], july(THURSDAY, 15))


@pytest.fixture
def evaluated(closed: Case, cast: Cast) -> Case:
    return act(closed, "evaluate", cast.clerk, july(FRIDAY, 10))


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the moment of the recounts, and stays so."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def cases() -> Any:
    """A table of all cases, with what is open: a few of them late, one suspended."""
    late = list(Case.objects.filter(closed_at=None).order_by("pk").values_list("pk", flat=True)[:9])
    Case.objects.filter(pk__in=late).update(due_at=F("reported_at"))
    Case.objects.filter(pk__in=late[:2]).update(state=State.SUSPENDED)
    return table_of_cases()
