"""While the database is away everybody is told so: people by a page that needs none of it, machines by a problem."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SENTENCE = "系统暂时不可用，刚才这一步不一定办成了，请稍等片刻再试"


@pytest.fixture(params=[OperationalError, InterfaceError])
def away(cast: Cast, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every statement breaks as it does when the server is gone, or was gone already."""

    def breaks(*_: Any) -> None:
        raise request.param("server closed the connection unexpectedly")

    with connection.execute_wrapper(breaks):
        yield


@pytest.fixture
def signed_in(cast: Cast, as_user: Callable[[User], Client]) -> Client:
    return as_user(cast.worker)


@pytest.mark.parametrize("path", ["/desk/", "/", "/cases/AAAA/", "/registry/", "/admin/"])
def test_people_are_told_by_a_page(signed_in: Client, away: None, path: str) -> None:
    response = signed_in.get(path)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    page = response.content.decode()
    assert SENTENCE in page
    assert "暂时用不了" in page
    assert "server closed" not in page


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/categories", "/api/v1/areas.geojson", "/api/v1/cases/AAAA"])
def test_machines_are_told_by_a_problem(signed_in: Client, away: None, path: str) -> None:
    assert_unavailable(signed_in.get(path))


def test_who_acts_is_told_by_a_problem(signed_in: Client, away: None) -> None:
    sent = signed_in.post("/api/v1/cases/AAAA/actions/accept", headers={"Idempotency-Key": str(uuid.uuid4())})
    assert_unavailable(sent)


def assert_unavailable(response: Any) -> None:
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response["Retry-After"] == "5"
    body = response.json()
    assert (body["code"], body["status"]) == ("unavailable", 503)
    assert SENTENCE in body["detail"]
    assert "server closed" not in body["detail"]


def test_that_the_process_lives_is_said_without_the_database(client: Client, away: None) -> None:
    assert client.get("/healthz").status_code == 200
