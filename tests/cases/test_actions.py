"""Reporting and handling, against the real database: state, trace and who may, all in one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from cases import actions, photos
from cases.actions import Report
from cases.models import Case, Photo, TraceEvent
from cases.workflow import State
from gridmap.models import Boundary
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from tests.cases.playing import act, offered, standing
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(cast: Cast) -> tuple[float, float]:
    """A point inside the cast's grid."""
    point = Boundary.objects.get(area=cast.grid, valid_until=None).geom.point_on_surface
    return point.x, point.y


@pytest.fixture
def sent(place: tuple[float, float]) -> Report:
    return Report(
        client_id=uuid.uuid4(),
        category="0301",
        text="路灯不亮",
        lon=place[0],
        lat=place[1],
        coord="wgs84",
        channel="web",
        reporter_name="张三丰",
        reporter_phone="10000001234",
    )


@pytest.fixture
def case(sent: Report, now: dt.datetime) -> Case:
    """A case that nobody has in hand yet."""
    return actions.report(sent, by=None, at=now)[0]


def test_a_report_lands_in_its_grid_with_its_deadline_and_its_trace(case: Case, cast: Cast, now: dt.datetime) -> None:
    assert case.area_id == cast.grid
    assert (case.state, case.route_method) == ("reported", "within")
    assert case.due_at == dt.datetime(2026, 7, 8, 10, 0, tzinfo=now.tzinfo)  # one working day after Tuesday ten
    [event] = case.trace.all()
    assert (event.seq, event.verb, event.from_state, event.to_state) == (1, "report", "", "reported")
    assert event.payload["area"] == cast.grid
    assert len(event.seal) == 64


def test_the_same_report_again_is_the_same_case(sent: Report, case: Case, now: dt.datetime) -> None:
    again, new = actions.report(sent, by=None, at=now + dt.timedelta(minutes=5))
    assert (again.pk, new) == (case.pk, False)
    with pytest.raises(Conflict, match="client_id"):
        actions.report(replace(sent, text="别的事"), by=None, at=now)
    assert Case.objects.filter(client_id=sent.client_id).count() == 1


def test_a_sensitive_case_shows_the_grids_point_to_the_public(sent: Report, cast: Cast, now: dt.datetime) -> None:
    corner = replace(sent, category="0403", lon=sent.lon + 1e-5)
    case, _ = actions.report(corner, by=None, at=now)
    boundary = Boundary.objects.get(area=case.area_id, valid_until=None)
    assert case.point.x == corner.lon
    assert case.public_point.equals_exact(boundary.geom.point_on_surface, 1e-9)


def test_the_whole_way_from_worker_to_chief(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> None:
    act(case, "accept", cast.worker, now)
    act(case, "record", cast.worker, now, text="已联系维修队")
    act(case, "resolve", cast.worker, now, text="灯已换好", pictures=[picture])
    closed = act(case, "close", cast.chief, now + dt.timedelta(hours=1))
    assert (closed.state, closed.closed_at) == (State.CLOSED, now + dt.timedelta(hours=1))
    verbs = list(TraceEvent.objects.filter(case=case).order_by("seq").values_list("verb", "from_state", "to_state"))
    assert verbs == [
        ("report", "", "reported"),
        ("accept", "reported", "handling"),
        ("record", "handling", "handling"),
        ("resolve", "handling", "resolved"),
        ("close", "resolved", "closed"),
    ]
    assert Photo.objects.get(case=case).kind == Photo.Kind.AFTER


def test_what_is_needed_is_asked_for(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> None:
    act(case, "accept", cast.worker, now)
    with pytest.raises(Unprocessable, match="照片"):
        act(case, "resolve", cast.worker, now, text="好了")
    with pytest.raises(Unprocessable, match="说明文字"):
        act(case, "resolve", cast.worker, now, text="  ", pictures=[picture])
    assert Case.objects.get(pk=case.pk).state == State.HANDLING
    assert TraceEvent.objects.filter(case=case).count() == 2


def test_a_refused_action_leaves_nothing(case: Case, cast: Cast, now: dt.datetime) -> None:
    with pytest.raises(Conflict, match="已上报"):
        act(case, "resolve", cast.worker, now, text="好了")
    with pytest.raises(Forbidden):
        act(case, "refuse", cast.worker, now, text="不归我管")
    with pytest.raises(NotFound):
        act(case, "accept", cast.stranger, now)
    with pytest.raises(NotFound):
        act(case, "accept", cast.department, now)
    assert TraceEvent.objects.filter(case=case).count() == 1


def test_who_resolved_it_cannot_verify_it(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> None:
    act(case, "accept", cast.chief, now)
    act(case, "resolve", cast.chief, now, text="好了", pictures=[picture])
    assert offered(case, cast.chief, now) == ["send_back"]
    with pytest.raises(Forbidden, match="本人"):
        act(case, "close", cast.chief, now)
    assert act(case, "close", cast.clerk, now).state == State.CLOSED


def test_the_centre_corrects_the_grid_with_a_reason_and_the_desk_changes(
    case: Case, cast: Cast, now: dt.datetime
) -> None:
    other = Boundary.objects.filter(area__level="grid", valid_until=None).exclude(area=cast.grid).earliest("area")
    with pytest.raises(Unprocessable, match="说明文字"):
        act(case, "relocate", cast.clerk, now, area=other.area_id)
    moved = act(case, "relocate", cast.clerk, now, area=other.area_id, text="实际在隔壁院内")
    assert (moved.area_id, moved.route_method) == (other.area_id, "manual")
    event = TraceEvent.objects.filter(case=case).latest("seq")
    assert event.payload == {"text": "实际在隔壁院内", "from_area": cast.grid, "to_area": other.area_id}
    assert not Case.objects.filter(pk=case.pk).visible_to(standing(cast.worker, now)).exists()


def test_a_sensitive_case_corrected_by_hand_shows_its_new_grids_point(
    sent: Report, cast: Cast, now: dt.datetime
) -> None:
    case, _ = actions.report(replace(sent, category="0403"), by=None, at=now)
    other = Boundary.objects.filter(area__level="grid", valid_until=None).exclude(area=cast.grid).earliest("area")
    moved = act(case, "relocate", cast.clerk, now, area=other.area_id, text="实际在隔壁院内")
    moved.refresh_from_db()
    assert moved.public_point.equals_exact(other.geom.point_on_surface, 1e-9)


def test_reading_the_reporter_in_clear_is_traced(case: Case, cast: Cast, now: dt.datetime) -> None:
    seen = actions.read_reporter(case.number, by=cast.worker, standing=standing(cast.worker, now), at=now)
    assert (seen.name, seen.phone) == ("张三丰", "10000001234")
    assert (seen.masked_name, seen.masked_phone) == ("张**", "100****1234")
    event = TraceEvent.objects.filter(case=case).latest("seq")
    assert (event.verb, event.actor, event.role) == ("read_reporter", cast.worker, "grid_worker")
    for nobody in (cast.stranger, cast.department):
        with pytest.raises(NotFound):
            actions.read_reporter(case.number, by=nobody, standing=standing(nobody, now), at=now)


def test_only_somebody_in_post_reports_from_a_patrol(
    place: tuple[float, float], cast: Cast, as_user: Callable[[User | None], Client]
) -> None:
    sent = {
        "category": "0301",
        "text": "巡查所见",
        "lon": place[0],
        "lat": place[1],
        "coord": "wgs84",
        "channel": "patrol",
    }
    for user, status in ((None, 403), (cast.admin, 403), (cast.worker, 201)):
        client = as_user(user)
        body = sent | {"client_id": str(uuid.uuid4())}
        assert client.post("/api/v1/cases", body, content_type="application/json").status_code == status


def test_a_voice_counts_once(case: Case, now: dt.datetime) -> None:
    mine = uuid.uuid4()
    assert actions.add_voice(case.number, mine, "我家门口也是", at=now)[1]
    assert not actions.add_voice(case.number, mine, "我家门口也是", at=now)[1]
    case.refresh_from_db()
    assert case.voices_count == 1
    assert TraceEvent.objects.filter(case=case, verb="voice").count() == 1


def execute(statement: str, params: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_traceevent SET verb = 'x' WHERE case_id = %s",
        "DELETE FROM cases_traceevent WHERE case_id = %s",
        "TRUNCATE cases_traceevent",
    ],
)
def test_the_trace_cannot_be_changed(case: Case, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a pending check would refuse TRUNCATE before the trigger
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        execute(statement, [case.pk] if "%s" in statement else [])
    assert case.trace.count() == 1


def test_a_report_takes_few_statements(sent: Report, now: dt.datetime, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_max_num_queries(12):
        actions.report(sent, by=None, at=now)
