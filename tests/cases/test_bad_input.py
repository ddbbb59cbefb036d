"""Everything that can be wrong with a request has an answer of its own, in Chinese, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from cases.models import Case, Photo, Reporter, TraceEvent, Voice
from gridmap.models import Appointment, Boundary
from gridmap.roles import Role
from tests.cases.bad_requests import LEFT_OUT, ROWS, Row

CHINESE = re.compile(r"[\u4e00-\u9fff]")
GRID = "360702003005002"


def kept() -> dict[str, int]:
    """What is there of cases: rows and files."""
    rows = {model.__name__: model.objects.count() for model in (Case, TraceEvent, Photo, Reporter, Voice)}
    return rows | {"files": sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))}


@dataclass(frozen=True)
class Ground:
    """What the rows' stand-ins mean."""

    good: dict[str, Any]
    words: dict[str, str]
    taken: str
    worker: User


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Ground]:
    """A good report for the cast's grid, sent once, with one voice for it; undone after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield prepared()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def undone(ground: Ground) -> Iterator[None]:
    """Undo each test by itself."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def prepared() -> Ground:
    """Send the good report."""
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
    words = {"number": sent.json()["number"], "lon": str(inside.x), "lat": str(inside.y)}
    return Ground(good, words | {"elsewhere": other.number, "closed": closed.number}, taken, post.person.user)


def send(row: Row, ground: Ground) -> HttpResponse:
    """The request of a row, as a browser or a machine would send it."""
    client = Client(
        raise_request_exception=False, enforce_csrf_checks="X-CSRFToken" in row.headers or not row.signed_in
    )
    if row.signed_in:
        client.force_login(ground.worker)
    path = re.sub(r"\{(\w+)\}", lambda found: ground.words[found[1]], row.path)
    given: Any = row.json
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
