"""Whatever is published, days before it answer as they did."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import shapely
from django.test import Client

from gridmap.editions import drafts, publishing
from gridmap.models import DraftArea, PartyOrganisation
from tests.gridmap import redrawn
from tests.gridmap.editing import (
    AT,
    DAY,
    EVE,
    NEW,
    SMALL,
    SOUTH,
    SQUARES,
    STEP,
    TODAY,
    WEST,
    YESTERDAY,
    A,
    B,
    approve,
    keepers,
    publish,
    published,
    small_district,
    split,
    squares,
    without,
)

pytestmark = pytest.mark.django_db


def answers(client: Client, on: dt.date) -> dict[str, Any]:
    """All that a past day is asked: every area, single ones, and places in what is about to change."""
    said: dict[str, Any] = {}
    for level in ("district", "town", "community", "grid"):
        whole = client.get(f"/api/v1/areas.geojson?on={on}&level={level}").content.decode()
        said[level] = whole[whole.index('"features"') :]
    shapes = redrawn.grids()
    for code in (redrawn.SPLIT, redrawn.MERGED_INTO, redrawn.MERGED_AWAY, redrawn.HANDED_FROM, redrawn.RENAMED):
        single = client.get(f"/api/v1/areas/{code}?on={on}")
        assert single.status_code == 200
        said[f"area {code}"] = single.json()
        # The day a boundary ends is known only once it was drawn anew.
        said[f"area {code}"]["properties"].pop("valid_until")
        for place in (shapes[code].point_on_surface(), shapely.Point(shapes[code].exterior.coords[0])):
            located = client.get(f"/api/v1/locate?lon={place.x!r}&lat={place.y!r}&coord=cgcs2000&on={on}&accuracy=50")
            assert located.status_code == 200
            said[f"{code} {place}"] = located.json()
    return said


def test_past_days_answer_byte_for_byte_as_before(client: Client) -> None:
    before = answers(client, YESTERDAY)
    published(valid_from=TODAY)
    after = answers(client, YESTERDAY)
    assert after.keys() == before.keys()
    for question, said in before.items():
        assert after[question] == said, question
    on_the_day = answers_on(client, TODAY)
    assert on_the_day[redrawn.RENAMED]["name"] == redrawn.NEW_NAME
    assert redrawn.MERGED_AWAY not in on_the_day


@pytest.mark.parametrize("valid_from", [DAY, TODAY, YESTERDAY], ids=["ahead", "today", "backdated"])
def test_the_day_before_answers_as_before_whenever_the_edition_begins(client: Client, valid_from: dt.date) -> None:
    small_district()
    eve = valid_from - dt.timedelta(1)

    def said(on: dt.date) -> list[Any]:
        whole = client.get(f"/api/v1/areas.geojson?area={SMALL}&on={on}").content.decode()
        places = [(WEST + x * STEP, SOUTH + STEP / 2) for x in (0.5, 0.6, 0.7, 1.0, 2.5)]
        asked = [client.get(f"/api/v1/locate?lon={x!r}&lat={y!r}&coord=cgcs2000&on={on}") for x, y in places]
        return [whole[whole.index('"features"') :], *(it.json() for it in asked)]

    before = said(eve)
    edition, ground = split()
    row = DraftArea.objects.filter(edition=edition, code=B).standing().get()
    drafts.describe(edition, row.pk, {"name": "新名"}, by=keepers().preparer, at=AT)
    publish(edition, ground, valid_from=valid_from, backdated=True)
    assert said(eve) == before
    assert said(valid_from) != before


def answers_on(client: Client, on: dt.date) -> dict[str, Any]:
    features = client.get(f"/api/v1/areas.geojson?on={on}&level=grid").json()["features"]
    return {it["id"]: it["properties"] for it in features}


def test_everything_the_collection_says_is_kept(client: Client) -> None:
    """Kind, counts and waiver too, not only name and shape."""
    small_district()
    path = f"/api/v1/areas.geojson?area={A}&on={EVE}"
    before = client.get(path).json()["features"]
    edition, ground = squares(SQUARES)
    row = DraftArea.objects.filter(edition=edition, code=A).standing().get()
    changes = {
        "name": "新名",
        "kind": "dedicated",
        "households": 1,
        "residents": 2,
        "enterprises": 3,
        "party_members": 4,
        "size_waiver": "理由",
    }
    drafts.describe(edition, row.pk, changes, by=keepers().preparer, at=AT)
    publish(edition, ground)
    assert client.get(path).json()["features"] == before
    [now] = client.get(f"/api/v1/areas.geojson?area={A}&on={DAY}").json()["features"]
    assert {name: now["properties"][name] for name in changes} == changes


def test_who_answered_on_a_past_day_is_found_after_they_moved(client: Client) -> None:
    """A party organisation carried over stood where it stood, and the centre too when its town gets another code."""
    small_district()
    place = f"lon={WEST + STEP / 2}&lat={SOUTH + STEP / 2}&coord=cgcs2000"
    before = client.get(f"/api/v1/locate?{place}&on={EVE}").json()
    assert before["party"]
    edition, ground = squares(without(A) | {NEW: SQUARES[A]})
    publish(edition, ground)
    assert PartyOrganisation.objects.get(code=f"{A}-P").area_id == NEW
    assert client.get(f"/api/v1/locate?{place}&on={EVE}").json() == before
    after = client.get(f"/api/v1/locate?{place}&on={DAY}").json()
    assert after["area"]["code"] == NEW
    assert after["party"] == before["party"]


def test_a_party_organisation_answers_from_its_first_day_to_its_last(client: Client) -> None:
    small_district()
    place = f"lon={WEST + STEP / 2}&lat={SOUTH + STEP / 2}&coord=cgcs2000"
    PartyOrganisation.objects.filter(code=f"{A}-P").update(established_on="2021-01-01", abolished_on="2022-01-01")
    for on, there in (("2020-12-31", False), ("2021-01-01", True), ("2021-12-31", True), ("2022-01-01", False)):
        party = client.get(f"/api/v1/locate?{place}&on={on}").json()["party"]
        assert (f"{A}-P" in [it["code"] for it in party]) == there, on


def test_the_etag_moves_with_the_publication(client: Client) -> None:
    small_district()
    path = f"/api/v1/areas.geojson?level=grid&on={DAY}"
    etag = client.get(path).headers["ETag"]
    edition = approve(*split())
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    publishing.publish(edition, valid_from=DAY, by=keepers().approver, at=AT)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200
