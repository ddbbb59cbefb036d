"""The page of sizes: what each keeper sees of it, and proposals becoming a draft."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from gridmap.editions.balance import advice
from gridmap.models import Edition
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
PAGE = "/registry/balance/"


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def wrong(scope: str) -> list[str]:
    return [it.grid.code for it in advice(scope, on=timezone.localdate())]


TOWN = "360702002"  # has several
IN_TOWN = f"{PAGE}?area={TOWN}"


def test_the_district_centre_sees_every_grid_and_a_town_its_own(cast: Cast) -> None:
    every = wrong("360702")

    def shown(user: object, **asked: str) -> list[str]:
        text = client_of(user).get(PAGE, asked).content.decode()
        return [code for code in every if f'value="{code}"' in text]

    assert shown(cast.centre) == every
    assert shown(cast.centre, area=TOWN) == [code for code in every if code.startswith(TOWN)]
    assert shown(cast.clerk) == [code for code in every if code.startswith(cast.grid[:9])]
    assert client_of(cast.clerk).get(PAGE, {"area": "360702"}).status_code == 403
    assert client_of(cast.centre).get(PAGE, {"area": "nowhere"}).status_code == 403


def test_what_is_chosen_becomes_a_draft(cast: Cast) -> None:
    chosen = wrong(TOWN)[:2]
    answer = client_of(cast.centre).post(IN_TOWN, {"name": "按建议调整", "grids": chosen})
    edition = Edition.objects.get(name="按建议调整")
    assert (answer.status_code, answer["Location"]) == (302, f"/registry/editions/{edition.pk}/")
    assert edition.state == Edition.State.DRAFT
    assert edition.created_by == cast.centre
    assert list(edition.steps.values_list("kind", flat=True)) == ["copy", "proposal", "proposal"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "草稿"}, "请至少勾选一条建议"),
        ({"name": "草稿", "grids": ["360702001001001"]}, "不在可用的选项中"),
        ({"name": "", "grids": ["FIRST"]}, "请给草稿起个名称"),
        ({"name": "名" * 81, "grids": ["FIRST"]}, "80"),
        ({"name": "TAKEN", "grids": ["FIRST"]}, "已有名为"),
    ],
)
def test_what_cannot_be_taken_up_is_said_on_the_page(form: dict[str, object], sentence: str, cast: Cast) -> None:
    taken = Edition.objects.create(name="同名", created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    first = wrong(TOWN)[0]
    filled = {
        key: taken.name if value == "TAKEN" else [first] if value == ["FIRST"] else value for key, value in form.items()
    }
    answer = client_of(cast.centre).post(IN_TOWN, filled)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Edition.objects.filter(state="draft").count() == 1
    if "grids" in form and form["grids"] == ["FIRST"]:
        assert f'value="{first}" id="grid-{first}" checked' in answer.content.decode()


def test_a_town_cannot_take_up_another_towns_advice(cast: Cast) -> None:
    other = next(code for code in wrong("360702") if not code.startswith(cast.grid[:9]))
    assert client_of(cast.clerk).post(PAGE, {"name": "越界", "grids": [other]}).status_code == 422
    assert not Edition.objects.filter(name="越界").exists()
