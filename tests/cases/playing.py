"""How the tests play a case's course: who acts and what each is offered, and steps that many tests take.

The cases and people themselves, at one point of the course or another, are the fixtures beside this module.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User

from cases import actions
from cases.actions import Report
from cases.actions.district import departments
from cases.actions.handling import Given
from cases.course import course_of, usable
from cases.deadlines import Limit, Unit
from cases.desk import desk_of
from cases.models import Case
from cases.scoring import Marks
from gridmap.duties import Standing, standing_of
from gridmap.models import Appointment, Boundary, Person
from gridmap.roles import Role
from tests.conftest import Cast

# What a community says that blows the second whistle.
BLOWN = {"tried": "已上门两次，物业称无权处理", "text": "涉及市政管网，社区没有施工权限"}
# What a lead department that has not come yet can ask for.
ASKED_FOR = ("return", "dispute", "extend", "suspend")
TWO_DAYS = Limit(2, Unit.WORKING_DAYS)
TEN_DAYS = Limit(10, Unit.WORKING_DAYS)
# What an office thinks of the lead's work.
MARKS = {"": Marks(4, 4, 4, 4)}


@dataclass(frozen=True)
class Office:
    """An office of the town and somebody of it."""

    code: str
    user: User


@dataclass(frozen=True)
class Department:
    """A department of the district and somebody of it."""

    code: str
    user: User


def user_of(person: Person) -> User:
    assert person.user is not None
    return person.user


def department(number: int) -> Department:
    """One of the district's departments, counted from 0."""
    unit = departments()[number]
    held = Appointment.objects.filter(role=Role.DEPARTMENT_STAFF, organisation=unit).select_related("person__user")
    return Department(unit.code, user_of(held[0].person))


def report(grid: str, now: dt.datetime, text: str = "井盖下沉") -> Case:
    """A case just reported, by nobody who says so, from inside a grid."""
    point = Boundary.objects.get(area=grid, valid_until=None).geom.point_on_surface
    sent = Report(uuid.uuid4(), "0301", text, point.x, point.y, "wgs84", "web")
    return actions.report(sent, by=None, at=now)[0]


def standing(user: User, now: dt.datetime) -> Standing:
    return standing_of(user, on=now.date())


def act(case: Case, verb: str, by: User, at: dt.datetime, **given: object) -> Case:
    """The case after somebody has used a verb on it."""
    return actions.act(case.number, verb, Given(**given), by=by, standing=standing(by, at), at=at)  # type: ignore[arg-type]


def offered(case: Case, user: User, now: dt.datetime) -> list[str]:
    """The verbs somebody may use on the case as it is in the database."""
    case.refresh_from_db()
    return [it.name for it in usable(case, course_of(case), standing(user, now), user.pk, at=now)]


def turn(case: Case, user: User, now: dt.datetime) -> str:
    """What somebody's desk asks of them in the case."""
    rows = desk_of(standing(user, now), user_id=user.pk, now=now).rows
    return next(row.turn for row in rows if row.case.pk == case.pk)


def dispatched(case: Case, cast: Cast, office: Office, now: dt.datetime) -> Case:
    return act(case, "dispatch", cast.clerk, now, office=office.code)


def ordered(case: Case, cast: Cast, offices: list[Office], now: dt.datetime) -> Case:
    """Dispatched to the first office, ordered of the second."""
    dispatched(case, cast, offices[0], now)
    act(case, "brief", offices[0].user, now, text="井盖下沉，拟请城建办处置")
    return act(case, "order", cast.leader, now, unit=offices[1].code, text="换盖并回填", limit=TWO_DAYS)
