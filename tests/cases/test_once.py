"""An action sent again with its key is done once; a key means one thing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cases.models import ActionKey, Case, Photo, TraceEvent
from gridmap.models import Boundary
from tests.cases import pictures
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

SignIn = Callable[[User | None], Client]
KEY = "2f1f6f0a-6a53-4c56-9d3f-0d5a7f5c1a11"


@pytest.fixture
def report(client: Client, cast: Cast) -> Callable[[], str]:
    """Report a case on the cast's grid; gives its number."""
    inside = Boundary.objects.get(area=cast.grid, valid_until=None).geom.point_on_surface
    body = {"category": "0301", "text": "路灯不亮", "lon": inside.x, "lat": inside.y, "coord": "cgcs2000"}

    def send() -> str:
        answer = client.post("/api/v1/cases", body | {"channel": "web", "client_id": str(uuid.uuid4())})
        return str(answer.json()["number"])

    return send


@pytest.fixture
def number(report: Callable[[], str]) -> str:
    return report()


@pytest.fixture
def worker(as_user: SignIn, cast: Cast) -> Client:
    return as_user(cast.worker)


def act(client: Client, number: str, verb: str, key: str = KEY, **given: Any) -> Any:
    return client.post(f"/api/v1/cases/{number}/actions/{verb}", given, headers={"Idempotency-Key": key})


def verbs(number: str) -> list[str]:
    return list(TraceEvent.objects.filter(case__number=number).order_by("seq").values_list("verb", flat=True))


def test_the_same_again_is_answered_the_same_and_done_once(worker: Client, number: str) -> None:
    first, again = act(worker, number, "accept"), act(worker, number, "accept")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert act(worker, number, "accept", "another").status_code == 409
    assert verbs(number) == ["report", "accept"]


def test_the_answer_to_the_same_again_is_the_case_as_it_is_now(worker: Client, number: str) -> None:
    act(worker, number, "accept")
    act(worker, number, "resolve", "next", text="换好了", photos=[pictures.upload(pictures.jpeg(40, 30))])
    assert act(worker, number, "accept").json()["state"] == "resolved"


def test_photos_are_part_of_what_is_the_same(worker: Client, number: str) -> None:
    act(worker, number, "accept", "accept")

    def resolve(*sides: int) -> Any:
        sent = [pictures.upload(pictures.jpeg(side, side)) for side in sides]
        return act(worker, number, "resolve", text="换好了", photos=sent)

    assert [resolve(40, 50).status_code, resolve(40, 50).status_code] == [200, 200]
    assert Photo.objects.filter(case__number=number).count() == 2
    for sides in ((40,), (40, 60), (50, 40)):
        assert resolve(*sides).status_code == 409


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("record", {"text": "已联系维修队，明天来"}),
        ("record", {"text": "已联系维修队", "tried": "设了围挡"}),
        ("record", {"text": "已联系维修队", "limit_amount": 3}),
        ("record", {"text": "已联系维修队", "assisting": ["D1"]}),
        ("accept", {"text": "已联系维修队"}),
    ],
)
def test_a_key_used_for_something_else_is_refused_in_a_sentence(
    worker: Client, number: str, verb: str, given: dict[str, Any]
) -> None:
    act(worker, number, "accept", "accept")
    assert act(worker, number, "record", text="已联系维修队").status_code == 200
    refused = act(worker, number, verb, **given)
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["parameter"]) == ("conflict", "Idempotency-Key")
    assert "已经用于另一次办理" in problem["detail"]
    assert verbs(number) == ["report", "accept", "record"]


def test_a_key_used_for_another_case_is_refused(worker: Client, report: Callable[[], str]) -> None:
    one, other = report(), report()
    assert act(worker, one, "accept").status_code == 200
    assert act(worker, other, "accept").status_code == 409
    assert verbs(other) == ["report"]


def test_keys_of_two_people_are_two_keys(worker: Client, as_user: SignIn, cast: Cast, number: str) -> None:
    act(worker, number, "accept", "accept")
    for client in (worker, as_user(cast.chief)):
        assert act(client, number, "record", text="已联系维修队").status_code == 200
    assert verbs(number) == ["report", "accept", "record", "record"]


def test_what_was_refused_leaves_its_key_free(worker: Client, number: str) -> None:
    refused = act(worker, number, "record", text="已联系维修队")
    assert (refused.status_code, refused.json()["state"]) == (409, "reported")
    assert not ActionKey.objects.exists()
    assert act(worker, number, "accept").status_code == 200


def test_the_same_again_is_answered_also_when_the_case_went_elsewhere(as_user: SignIn, cast: Cast, number: str) -> None:
    clerk, grid = as_user(cast.clerk), Boundary.objects.filter(area__level="grid", valid_until=None)
    elsewhere = grid.exclude(area__code__startswith=cast.grid[:9]).order_by("area")[0].area_id
    first, again = (act(clerk, number, "relocate", area=elsewhere, text="不在本镇街") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert Case.objects.get(number=number).area_id == elsewhere
    assert verbs(number) == ["report", "relocate"]


def test_the_description_of_the_api_names_the_header(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    described = schema["paths"]["/api/v1/cases/{number}/actions/{verb}"]["post"]["parameters"]
    (header,) = (it for it in described if it["in"] == "header")
    assert (header["name"], header.get("required", False)) == ("Idempotency-Key", False)
    assert re.fullmatch(header["schema"]["pattern"], KEY)


# ---- the page ----------------------------------------------------------------------------------------------------


def drawn_key(page: Any, verb: str) -> str:
    """The key in the form of a verb."""
    found = re.search(rf'name="key" value="([!-~]+-{verb})"', page.content.decode())
    assert found is not None
    return found[1]


def test_a_form_sent_twice_is_done_once_and_comes_back_to_the_case(worker: Client, number: str) -> None:
    act(worker, number, "accept", "accept")
    address = f"/cases/{number}/"
    page = worker.get(address)
    form = {"key": drawn_key(page, "record"), "text": "已联系维修队"}
    for _ in range(2):
        answer = worker.post(f"{address}record/", form)
        assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert verbs(number) == ["report", "accept", "record"]
    assert drawn_key(worker.get(address), "record") != form["key"] != drawn_key(page, "resolve")


def test_a_used_form_with_other_words_is_shown_again_with_them_and_a_new_key(worker: Client, number: str) -> None:
    act(worker, number, "accept", "accept")
    address = f"/cases/{number}/record/"
    form = {"key": drawn_key(worker.get(f"/cases/{number}/"), "record"), "text": "已联系维修队"}
    worker.post(address, form)
    shown = worker.post(address, form | {"text": "灯杆也歪了"})
    assert shown.status_code == 409
    assert "已经用于另一次办理" in shown.content.decode()
    assert "灯杆也歪了" in shown.content.decode()
    assert worker.post(address, {"key": drawn_key(shown, "record"), "text": "灯杆也歪了"}).status_code == 302
    assert verbs(number) == ["report", "accept", "record", "record"]


def test_a_form_with_an_empty_key_is_refused_in_a_sentence(worker: Client, number: str) -> None:
    shown = worker.post(f"/cases/{number}/accept/", {"key": ""})
    assert shown.status_code == 400
    assert "Idempotency-Key" in shown.content.decode()
    assert verbs(number) == ["report"]
