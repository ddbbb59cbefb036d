"""Everything that can be wrong with a request has an answer of its own, in Chinese, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from cases.inputs import ReportInput, SurveyInput
from cases.models import Case, Photo, Reporter, SurveyAnswer, TraceEvent, Voice
from gridmap.models import Appointment, Boundary
from gridmap.roles import Role
from tests.cases.bad_requests import LEFT_OUT, ROWS, Row

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u4e00-\u9fff]")
GRID = "360702003005002"


def kept() -> dict[str, int]:
    """What is there of cases: rows and files."""
    rows = {model.__name__: model.objects.count() for model in (Case, TraceEvent, Photo, Reporter, SurveyAnswer, Voice)}
    return rows | {"files": sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))}


@dataclass(frozen=True)
class Ground:
    """What the rows' stand-ins mean."""

    good: dict[str, Any]
    words: dict[str, str]
    taken: str
    worker: User


@pytest.fixture(scope="module")
def ground(kept_for_module: None) -> Ground:
    """A good report for the cast's grid, sent once, with one voice for it."""
    post = Appointment.objects.filter(role=Role.GRID_WORKER, area=GRID).select_related("person__user").first()
    assert post is not None
    assert post.person.user is not None
    inside = Boundary.objects.get(area=GRID, valid_until=None).geom.point_on_surface
    good = {
        "category": "0301",
        "text": "路灯不亮",
        "lon": inside.x,
        "lat": inside.y,
        "coord": "wgs84",
        "channel": "web",
    }
    taken = str(uuid.uuid4())
    sent = Client().post("/api/v1/cases", good | {"client_id": taken}, content_type="application/json")
    assert sent.status_code == 201
    other = Case.objects.open().exclude(area__code__startswith=GRID[:12]).order_by("pk").first()
    closed = Case.objects.done().order_by("pk").first()
    assert other is not None
    assert closed is not None
    Voice.objects.create(case=other, client_id=taken, at=other.reported_at)
    Case.objects.filter(pk=closed.pk).update(closed_at=timezone.now())  # so that it can be answered about
    words = {"number": sent.json()["number"], "lon": str(inside.x), "lat": str(inside.y)}
    words |= {"elsewhere": other.number, "closed": closed.number}
    codes = {"number_code": sent.json()["track_code"], "closed_code": closed.track_code}
    return Ground(good, words | codes, taken, post.person.user)


def send(row: Row, ground: Ground) -> HttpResponse:
    """The request of a row, as a browser or a machine would send it."""
    client = Client(
        raise_request_exception=False, enforce_csrf_checks="X-CSRFToken" in row.headers or not row.signed_in
    )
    if row.signed_in:
        client.force_login(ground.worker)
    path = re.sub(r"\{(\w+)\}", lambda found: ground.words[found[1]], row.path)
    given: Any = row.json
    if isinstance(given, dict) and str(given.get("code")).startswith("{"):
        given = given | {"code": ground.words[given["code"].strip("{}")]}
    if row.changes is not None:
        given = ground.good | {"client_id": str(uuid.uuid4())} | row.changes
        given = {name: value for name, value in given.items() if value is not LEFT_OUT}
    if isinstance(given, dict) and given.get("client_id") == "taken":
        given |= {"client_id": ground.taken, "text": "另一件事"}
        given = {name: value for name, value in given.items() if row.changes is not None or name == "client_id"}
    if row.photos:
        for file in row.photos:
            file.seek(0)
        return client.post(path, {**given, "photos": list(row.photos)}, headers=row.headers)
    data = row.body if row.body is not None else json.dumps(given) if given is not None else ""
    return client.generic(row.method, path, data, content_type=row.content_type, headers=row.headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_bad_request_is_named_and_leaves_nothing(row: Row, ground: Ground) -> None:
    before = kept()
    response = send(row, ground)
    assert response.status_code == row.status, response.content.decode()[:500]
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = json.loads(response.content)
    assert (problem["status"], problem["code"]) == (row.status, row.code), problem
    assert problem.get("parameter", "") == row.parameter or row.parameter == "", problem
    assert len(CHINESE.findall(problem["detail"])) >= 2, problem
    assert len(problem["detail"]) < 300
    assert row.says in problem["detail"]
    assert kept() == before


# ---- whatever else ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "lon",
        "lat",
        "coord",
        "accuracy",
        "on",
        "q",
        "category",
        "area",
        "bbox",
        "limit",
        "after",
        "level",
        "since",
        "until",
        "state",
        "channel",
        "overdue",
        "arrival",
        "soon",
        "department",
        "denominator",
        "theme",
        "zoom",
        "format",
        "unknown",
    ]
)
# Much of it nearly right, for what is quite wrong is refused at the door.
VALUES = st.one_of(
    st.sampled_from(
        ["114.93", "25.87", "wgs84", "gcj02", "grid", "0301", "360702", "1", "true", "2026-06-30", "closed"]
    ),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes().map(str),
    st.lists(st.floats(allow_nan=False, width=32), min_size=3, max_size=5).map(lambda it: ",".join(map(str, it))),
    st.text(max_size=12),
)
GETS = st.sampled_from(
    [
        "locate",
        "places",
        "categories",
        "summary",
        "areas.geojson",
        "rivers.geojson",
        "cases.geojson",
        "cases/similar",
        "cases/cells",
        "counts",
        "coverage",
        "coverage.geojson",
        "density",
        "ground",
        "hotspots",
        "overdue",
        "overdue.geojson",
        "areas/360702",
        "cases/{number}",
        "cases/{wild}",
        "areas/{wild}",
        "{wild}.geojson",
    ]
)
WILD = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).map(lambda it: quote(it, safe=""))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from([name for name in {**ReportInput().fields, **SurveyInput().fields} if name != "photos"])
WAY = settings_of(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(response: HttpResponse) -> None:
    """An answer of some kind, and a problem where it is a refusal."""
    assert response.status_code < 500, response.content[:500]
    if response.status_code >= 400:
        assert response.headers["Content-Type"].startswith("application/problem+json")
        problem = json.loads(response.content)
        assert problem["status"] == response.status_code
        assert problem["code"]
        assert CHINESE.search(problem["detail"]), problem
    elif response.status_code != 301:
        json.loads(response.content)


@given(
    path=GETS,
    wild=WILD,
    query=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    place=st.booleans(),
)
@WAY
def test_no_question_breaks_it(ground: Ground, path: str, wild: str, query: list[tuple[str, str]], place: bool) -> None:
    words = ground.words
    if place:  # else hardly anything gets past the position
        query = [("lon", words["lon"]), ("lat", words["lat"]), ("coord", "wgs84"), *query]
    address = f"/api/v1/{path.format(number=words['number'], wild=wild)}?{urlencode(query, errors='surrogatepass')}"
    check(Client(raise_request_exception=False).get(address))


@given(
    changes=st.dictionaries(FIELDS | st.text(max_size=8), JSON | VALUES, max_size=3),
    whole=JSON,
    fate=st.integers(0, 9),
    path=st.sampled_from(["cases", "cases/{number}/voices", "cases/{closed}/survey", "cases/{number}/actions/accept"]),
)
@WAY
def test_no_body_breaks_it(ground: Ground, changes: dict[str, Any], whole: Any, fate: int, path: str) -> None:
    client = Client(raise_request_exception=False)
    if fate % 2:
        client.force_login(ground.worker)
    body = whole if fate == 0 else {**ground.good, "client_id": str(uuid.uuid4()), **changes}
    if path != "cases" and fate != 0:
        key = {"voices": {"client_id": str(uuid.uuid4())}, "survey": {"code": ground.words["closed_code"]}}
        body = key.get(path.rpartition("/")[2], {}) | changes
    address = f"/api/v1/{path.format(**ground.words)}"
    with transaction.atomic():
        check(client.post(address, json.dumps(body), content_type="application/json"))
        transaction.set_rollback(True)
