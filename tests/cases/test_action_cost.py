"""What an action costs the database, sent as its form is sent: signing in, the key, the photo and the trace among it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import actions
from cases.actions import Report
from cases.actions.town import rules_for
from cases.models import Case
from gridmap.models import Appointment, Boundary
from gridmap.roles import Role
from tests.cases.pictures import jpeg, upload
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
MOST = 20
# Asked once a request, beside what is counted here: whether the kept connection still answers.
CHECK = 1
AsUser = Callable[[User], Client]


@pytest.fixture
def number(cast: Cast, now: dt.datetime) -> str:
    """A case just reported on the cast's grid."""
    point = Boundary.objects.get(area=cast.grid, valid_until=None).geom.point_on_surface
    made, _ = actions.report(
        Report(uuid.uuid4(), "0301", "井盖下沉", point.x, point.y, "wgs84", "web"), by=None, at=now
    )
    return made.number


def cost(client: Client, number: str, verb: str, given: dict[str, Any]) -> int:
    """How many statements it takes to send a form."""
    with CaptureQueriesContext(connection) as seen:
        answer = client.post(f"/cases/{number}/{verb}/", given | {"key": str(uuid.uuid4())})
    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{number}/")
    return len(seen) + CHECK


def walked(number: str, as_user: AsUser, steps: list[tuple[str, User, dict[str, Any]]]) -> dict[str, int]:
    return {verb: cost(as_user(user), number, verb, given) for verb, user, given in steps}


def test_each_action_on_the_grid_takes_few_statements(number: str, cast: Cast, as_user: AsUser) -> None:
    costs = walked(
        number,
        as_user,
        [
            ("accept", cast.worker, {}),
            ("record", cast.worker, {"text": "已到现场"}),
            ("resolve", cast.worker, {"text": "已清理", "photos": upload(jpeg(64, 48))}),
            ("close", cast.chief, {}),
        ],
    )
    assert Case.objects.get(number=number).state == "closed"
    assert max(costs.values()) <= MOST, costs


def test_each_action_of_the_town_takes_few_statements(number: str, cast: Cast, as_user: AsUser) -> None:
    case = Case.objects.get(number=number)
    office = Appointment.objects.select_related("person__user").get(
        role=Role.OFFICE_STAFF, organisation=rules_for(case)[0].office_id
    )
    clerk, staff = cast.clerk, office.person.user
    assert staff is not None
    costs = walked(
        number,
        as_user,
        [
            ("accept", cast.worker, {}),
            ("whistle", cast.chief, {"tried": "已上门两次", "text": "社区没有施工权限"}),
            ("file", clerk, {}),
            ("send", clerk, {"person": office.person_id}),
            ("dispatch", clerk, {"office": office.organisation_id}),
            ("brief", staff, {"text": "拟请本办处置"}),
            ("order", cast.leader, {"unit": office.organisation_id, "text": "换盖", "limit_amount": "2"}),
            ("finish", staff, {"text": "已换盖", "photos": upload(jpeg(64, 48))}),
            ("confirm", clerk, {}),
        ],
    )
    assert Case.objects.get(number=number).state == "closed"
    assert max(costs.values()) <= MOST, costs
