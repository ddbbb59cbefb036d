"""Approving and publishing: what stands in the way, what is written, and that past days answer as before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gridmap import routing
from gridmap.editions import drafts, publishing, staffing, wholeness
from gridmap.editions.differences import fingerprint
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Building,
    DraftArea,
    DraftFinding,
    DraftLineage,
    DraftStaffing,
    Edition,
    Lineage,
    PartyOrganisation,
)
from tests.conftest import Cast
from tests.gridmap import redrawn
from tests.gridmap.editing import (
    AT,
    COMMUNITY,
    DAY,
    FOUNDED_ON,
    NEW,
    OTHER,
    SMALL,
    SOUTH,
    SQUARES,
    STEP,
    TODAY,
    WEST,
    A,
    B,
    C,
    D,
    approve,
    approved,
    drafted,
    keepers,
    publish,
    published,
    refused,
    small_district,
    split,
    square,
    squares,
    staff,
    without,
)

pytestmark = pytest.mark.django_db
EVE = DAY - dt.timedelta(1)
YESTERDAY = TODAY - dt.timedelta(1)


def counts() -> tuple[int, ...]:
    """How much there is of everything a publication writes."""
    tables = (Area, Boundary, Lineage, Appointment, PartyOrganisation, Building)
    closed = Boundary.objects.filter(valid_until__isnull=False).count()
    return (*(it.objects.count() for it in tables), closed)


def in_force(on: dt.date, scope: str = "") -> set[str]:
    return set(Boundary.objects.on(on).filter(area__code__startswith=scope).values_list("area_id", flat=True))


# ---- what is written ---------------------------------------------------------------------------------------------


def test_the_redrawn_district_comes_into_force_on_its_day() -> None:
    before, old = in_force(EVE), {it.code: it for it in Area.objects.filter(level="grid")}
    stood = list(Building.objects.filter(area__in=[redrawn.SPLIT, redrawn.MERGED_AWAY]))
    assert {it.area_id for it in stood} == {redrawn.SPLIT, redrawn.MERGED_AWAY}
    edition = approved()
    with CaptureQueriesContext(connection) as statements:
        done = publishing.publish(edition, valid_from=DAY, by=keepers().approver, at=AT)
    assert len(statements) < 70
    assert (done.created, done.ended, done.redrawn) == (1, 1, 8)
    assert (edition.state, edition.valid_from, edition.published_at) == ("published", DAY, AT)
    assert edition.rerouted_at is None
    assert in_force(EVE) == before
    assert in_force(DAY) == before - {redrawn.MERGED_AWAY} | {redrawn.SPLIT_NEW}
    assert set(Lineage.objects.values_list("kind", "predecessor_id", "successor_id")) == {
        ("merge", redrawn.MERGED_AWAY, redrawn.MERGED_INTO),
        ("split", redrawn.SPLIT, redrawn.SPLIT_NEW),
    }
    check_areas(old)
    check_boundaries(edition)
    check_places(stood)


def check_areas(old: dict[str, Area]) -> None:
    """The new grid is registered, and a name and counts hold from the day, the old ones before it."""
    new = Area.objects.get(code=redrawn.SPLIT_NEW)
    assert (new.level, new.kind, new.parent_id, new.urban) == ("grid", "basic", redrawn.SPLIT[:12], True)
    assert new.households > 0
    assert Area.objects.get(code=redrawn.RENAMED).name == redrawn.NEW_NAME
    before, after = Boundary.objects.filter(area=redrawn.RENAMED).order_by("valid_from")
    assert (before.former_name, before.valid_until, after.former_name) == (old[redrawn.RENAMED].name, DAY, "")
    assert before.geom.equals_exact(after.geom, 0)
    assert before.former_residents is None
    split = Boundary.objects.get(area=redrawn.SPLIT, valid_until=DAY)
    assert (split.former_name, split.former_residents) == ("", old[redrawn.SPLIT].residents)
    assert split.former_residents != Area.objects.get(code=redrawn.SPLIT).residents


def check_boundaries(edition: Edition) -> None:
    """Boundaries open only for what moved or is said otherwise of."""
    opened = set(Boundary.objects.filter(edition=edition).values_list("area_id", flat=True))
    grids = {redrawn.SPLIT, redrawn.SPLIT_NEW, redrawn.MERGED_INTO, redrawn.HANDED_FROM, redrawn.HANDED_TO}
    assert {code for code in opened if len(code) == 15} == grids | {redrawn.RENAMED}
    # The line that moved lies between two communities of one town.
    assert {code for code in opened if len(code) < 15} == {redrawn.HANDED_FROM[:12], redrawn.HANDED_TO[:12]}
    closed = set(Boundary.objects.filter(valid_until=DAY).values_list("area_id", flat=True))
    assert closed == opened - {redrawn.SPLIT_NEW} | {redrawn.MERGED_AWAY}


def check_places(stood: list[Building]) -> None:
    """Points and buildings belong where they lie, from the day on."""
    shapes = redrawn.changed()
    for code in (redrawn.SPLIT, redrawn.SPLIT_NEW, redrawn.MERGED_INTO, redrawn.HANDED_FROM, redrawn.HANDED_TO):
        place = shapes[code].point_on_surface()
        assert routing.route(place.x, place.y, on=DAY).area == code
    gone = redrawn.grids()[redrawn.MERGED_AWAY].point_on_surface()
    assert routing.route(gone.x, gone.y, on=EVE).area == redrawn.MERGED_AWAY
    assert routing.route(gone.x, gone.y, on=DAY).area == redrawn.MERGED_INTO
    for building in stood:
        point = shapely.Point(building.point.x, building.point.y)
        building.refresh_from_db()
        assert building.area_id == min(code for code, shape in shapes.items() if shape.covers(point))
    assert not Building.objects.exclude(area__in=in_force(DAY)).exists()


def test_all_grids_anew_take_few_statements() -> None:
    edition, ground = drafted()
    staff(edition, ground)
    DraftArea.objects.filter(edition=edition).exclude(row=None).update(residents=1)
    publishing.approve(edition, by=keepers().approver, at=AT)
    with CaptureQueriesContext(connection) as statements:
        done = publishing.publish(edition, valid_from=DAY, by=keepers().approver, at=AT)
    assert done.redrawn >= 727
    assert len(statements) < 80


def test_a_second_edition_leaves_what_each_earlier_day_was_told() -> None:
    small_district()
    for count, name in enumerate(("二名", "三名"), start=7):
        at = AT + dt.timedelta(days=count)
        edition, ground = squares(SQUARES, name=name, on=at.date())
        row = DraftArea.objects.filter(edition=edition, code=A).standing().get()
        drafts.describe(edition, row.pk, {"name": name, "residents": count}, by=keepers().preparer, at=at)
        publish(edition, ground, valid_from=at.date(), at=at)
    first, second, third = Boundary.objects.filter(area=A).order_by("valid_from")
    assert (first.former_residents, second.former_residents, third.former_residents) == (0, 7, None)
    assert (first.former_name[-2:], second.former_name, third.former_name) == ("网格", "二名", "")
    third.refresh_from_db()
    assert (third.area.name, third.area.residents) == ("三名", 8)


# ---- past days ---------------------------------------------------------------------------------------------------


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


# ---- what stands in the way --------------------------------------------------------------------------------------


@pytest.fixture
def small(db: None) -> Edition:
    """The small district as founded."""
    return small_district()


def test_nothing_is_published_without_a_second_person(cast: Cast, small: Edition) -> None:
    edition, ground = split()
    staffing.excuse_all(edition, ground, reason="选任中", by=keepers().preparer)
    refused(edition, "尚未经未参与编制的人批准")
    for user, word in ((keepers().preparer, "未参与编制"), (cast.clerk, "岗位"), (cast.worker, "岗位")):
        with pytest.raises(publishing.Refused, match=word):
            publishing.approve(edition, by=user, at=AT)
    publishing.approve(edition, by=keepers().approver, at=AT)
    for user, word in ((keepers().preparer, "未参与编制"), (cast.clerk, "岗位")):
        refused(edition, word, by=user)
    assert edition.approved_by == keepers().approver


def test_what_is_missing_keeps_it_from_being_approved(small: Edition) -> None:
    edition, _ = split()
    with pytest.raises(publishing.Refused) as caught:
        publishing.approve(edition, by=keepers().approver, at=AT)
    (said,) = caught.value.sentences
    assert NEW in said
    assert Edition.objects.get(pk=edition.pk).state == "draft"


def test_lineage_left_unsaid_keeps_it_from_being_approved_and_published(small: Edition) -> None:
    edition, ground = split()
    staffing.excuse_all(edition, ground, reason="选任中", by=keepers().preparer)
    DraftLineage.objects.filter(edition=edition).delete()
    with pytest.raises(publishing.Refused, match="应写明来自谁"):
        publishing.approve(edition, by=keepers().approver, at=AT)
    refused(edition, "应写明来自谁")


def test_errors_found_are_named(small: Edition) -> None:
    edition, _ = split()
    DraftFinding.objects.create(edition=edition, kind="gap", severity="error", sentence="某处有缝")
    said = publishing.obstacles(edition, on=DAY, today=TODAY)
    assert "1 处错误" in said[0]
    assert said[1] == "某处有缝"


def test_a_change_after_approval_withdraws_it_whoever_makes_it(small: Edition) -> None:
    edition = approve(*split())
    row = DraftArea.objects.filter(edition=edition, code=B).standing().get()
    drafts.describe(edition, row.pk, {"name": "再改名"}, by=keepers().preparer, at=AT)
    refused(edition, "尚未经未参与编制的人批准")


def test_a_change_past_every_door_is_noticed_by_what_was_approved(small: Edition) -> None:
    edition = approve(*split())
    DraftStaffing.objects.filter(edition=edition).update(vacancy="偷改")
    refused(edition, "批准之后草稿又有改动")
    DraftStaffing.objects.filter(edition=edition).update(vacancy="")
    assert publishing.obstacles(edition, on=DAY, today=TODAY) == []
    DraftArea.objects.filter(edition=edition, code=B).update(name="偷改")
    refused(edition, "批准之后草稿又有改动")
    assert fingerprint(edition) != edition.approved_digest


def test_an_edition_that_came_out_since_needs_another_approval(small: Edition) -> None:
    first, second = approve(*split()), approve(*split(name="二版"))
    publishing.publish(first, valid_from=DAY, by=keepers().approver, at=AT + dt.timedelta(minutes=1))
    refused(second, "批准之后又发布了", valid_from=DAY + dt.timedelta(1))


def test_a_later_edition_stands_in_the_way_and_one_of_other_ground_does_not(small: Edition) -> None:
    publish(*split(), valid_from=DAY)
    again, ground = squares(without(A, B) | {B: square(0, 0, width=2)}, name="二版")
    with pytest.raises(publishing.Refused, match="将于 2026-08-01 生效"):
        approve(again, ground)
    for on, there in ((TODAY, True), (DAY, True), (DAY + dt.timedelta(1), False)):
        said = publishing.obstacles(again, on=on, today=TODAY)
        assert any(f"已有 {DAY} 生效的" in it for it in said) == there, on
    elsewhere, _ = drafted()
    assert not any("生效的" in it for it in publishing.obstacles(elsewhere, on=TODAY, today=TODAY))


def test_an_edition_of_one_community_counts_for_the_whole(small: Edition) -> None:
    part = drafts.begin("一部分", _areas(without(A, C, D) | {NEW: SQUARES[A]}), on=TODAY, by=keepers().preparer, at=AT)
    assert part.scope == COMMUNITY
    publish(part, publishing.propose(part, on=TODAY))
    assert in_force(DAY, COMMUNITY) == {COMMUNITY, NEW, B}
    assert in_force(DAY, OTHER) == {OTHER, C, D}
    whole, _ = split(name="全区")
    assert any(f"已有 {DAY} 生效的" in it for it in publishing.obstacles(whole, on=TODAY, today=TODAY))


def test_yesterday_is_refused_unless_meant(small: Edition) -> None:
    edition = approve(*split())
    refused(edition, "早于今天", valid_from=YESTERDAY)
    publishing.publish(edition, valid_from=YESTERDAY, by=keepers().approver, at=AT, backdated=True)
    assert in_force(YESTERDAY) - in_force(YESTERDAY - dt.timedelta(1)) == {NEW}


def test_what_changes_nothing_is_not_published(small: Edition) -> None:
    edition, _ = squares(SQUARES)
    with pytest.raises(publishing.Refused, match="没有差别"):
        publishing.approve(edition, by=keepers().approver, at=AT)


def test_twice_is_once(small: Edition) -> None:
    edition, ground = split()
    publish(edition, ground)
    before = counts()
    refused(edition, "已发布")
    with pytest.raises(publishing.Refused, match="已发布"):
        publishing.approve(edition, by=keepers().approver, at=AT)
    with pytest.raises(publishing.Refused, match="没有可撤回的批准"):
        publishing.withdraw(edition, by=keepers().approver)
    assert counts() == before


def test_an_approval_is_taken_back(cast: Cast, small: Edition) -> None:
    edition = approve(*split())
    with pytest.raises(publishing.Refused, match="已经批准"):
        publishing.approve(edition, by=keepers().approver, at=AT)
    with pytest.raises(publishing.Refused, match="岗位"):
        publishing.withdraw(edition, by=cast.clerk)
    publishing.withdraw(edition, by=keepers().preparer)
    assert (edition.state, edition.approved_by, edition.approved_at, edition.approved_digest) == (
        "draft",
        None,
        None,
        "",
    )
    refused(edition, "尚未经")


def test_an_abandoned_draft_is_closed(small: Edition) -> None:
    edition = approve(*split())
    drafts.abandon(edition, by=keepers().preparer, at=AT)
    refused(edition, "已放弃")


# ---- whole or not at all -----------------------------------------------------------------------------------------


FAULTS = {
    "a boundary written otherwise": (
        "UPDATE gridmap_boundary SET geom = ST_Multi(ST_Buffer(geom, -0.0001)) WHERE edition_id = %s AND area_id = '{A}'",
        "不同",
    ),
    "a boundary not opened": ("DELETE FROM gridmap_boundary WHERE edition_id = %s AND area_id = '{A}'", "不同"),
    "a boundary not closed": (
        "UPDATE gridmap_boundary SET valid_until = NULL WHERE area_id = '{C}' AND valid_until IS NOT NULL"
        " AND edition_id <> %s",
        "",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_is_not_whole_is_taken_back(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_district()
    edition, ground = squares(
        without(A, C) | {A: square(0, 0, width=0.6), NEW: square(0.6, 0, width=0.4)} | {D: square(2, 0, width=2)}
    )
    staffing.excuse_all(edition, ground, reason="选任中", by=keepers().preparer)
    publishing.approve(edition, by=keepers().approver, at=AT)
    before = counts()
    statement, word = FAULTS[what]
    follow = publishing._let_follow

    def spoil(*args: Any, **options: Any) -> None:
        follow(*args, **options)
        with connection.cursor() as cursor:
            cursor.execute(statement.format(A=A, C=C), [edition.pk])

    monkeypatch.setattr(publishing, "_let_follow", spoil)
    refused(edition, "不完整", word)
    assert counts() == before
    assert Edition.objects.get(pk=edition.pk).state == "approved"


def test_lines_that_miss_the_neighbours_by_a_hair_are_not_whole() -> None:
    small_district()
    assert wholeness.unwhole(SMALL, on=TODAY, touched={A}) == []
    Boundary.objects.filter(area=B).update(geom=_moved(square(1.000001, 0, width=0.999999)))
    (said,) = wholeness.unwhole(SMALL, on=TODAY, touched={A})
    assert "界线不吻合" in said


def test_children_beyond_their_parent_and_orphans_are_not_whole() -> None:
    small_district()
    Boundary.objects.filter(area=D).update(geom=_moved(square(3, 0, width=1.5)))
    assert any("上级" in it and "之外" in it for it in wholeness.unwhole(SMALL, on=TODAY, touched={D}))
    Boundary.objects.filter(area=OTHER).update(valid_until=TODAY)
    assert any("没有生效的边界" in it for it in wholeness.unwhole(SMALL, on=TODAY, touched={D}))


def test_places_that_route_elsewhere_are_named() -> None:
    small_district()
    assert wholeness.strays(SQUARES, on=TODAY) == []
    Boundary.objects.filter(area=A).update(valid_until=TODAY)
    (said,) = wholeness.strays(SQUARES, on=TODAY)
    assert A in said


def _moved(shape: shapely.Polygon) -> Any:
    from gridmap.shapes import stored_multi

    return stored_multi(shape)


def test_a_hole_that_was_not_there_is_not_published() -> None:
    """Ground left to nobody inside a community whose own outline stands."""
    small_district()
    edition, _ = squares(
        {COMMUNITY: square(0, 0, width=2), OTHER: square(2, 0, width=2)} | without(A) | {A: square(0, 0, width=0.9)}
    )
    DraftFinding.objects.filter(edition=edition).delete()
    Edition.objects.filter(pk=edition.pk).update(
        state="approved", approved_by=keepers().approver, approved_at=AT, approved_digest=fingerprint(edition)
    )
    edition.refresh_from_db()
    before = counts()
    refused(edition, "不属于任何下级")
    assert counts() == before


def test_noise_below_a_square_metre_opens_nothing_by_itself() -> None:
    small_district()
    wobble = {code: shapely.transform(shape, lambda xy: xy + 1e-9) for code, shape in SQUARES.items()}
    edition, ground = squares(
        wobble
        | {
            A: shapely.transform(square(0, 0, width=0.6), lambda xy: xy + 1e-9),
            NEW: shapely.transform(square(0.6, 0, width=0.4), lambda xy: xy + 1e-9),
        }
    )
    publish(edition, ground)
    # The new line fits none of the old ones to the last bit: those beside it are taken anew as well.
    opened = set(Boundary.objects.filter(edition=edition).values_list("area_id", flat=True))
    assert {A, NEW} <= opened
    assert wholeness.unwhole(SMALL, on=DAY, touched=set(SQUARES)) == []


def test_ground_of_another_district_is_not_taken() -> None:
    small_district()
    edition, ground = squares(
        without(A)
        | {A: shapely.box(WEST, SOUTH, WEST + STEP, SOUTH + STEP)}
        | {NEW: shapely.box(114.9, 25.8, 114.95, 25.85)}
    )
    staffing.excuse_all(edition, ground, reason="选任中", by=keepers().preparer)
    DraftFinding.objects.filter(edition=edition).delete()
    Edition.objects.filter(pk=edition.pk).update(
        state="approved", approved_by=keepers().approver, approved_at=AT, approved_digest=fingerprint(edition)
    )
    edition.refresh_from_db()
    before = counts()
    refused(edition, "与已登记的 360702")
    assert counts() == before


# ---- a district nobody had registered ----------------------------------------------------------------------------


def test_a_new_district_may_begin_in_the_past() -> None:
    edition, ground = squares({SMALL: None, f"{SMALL}001": None, COMMUNITY: None, OTHER: None} | SQUARES)
    assert edition.scope == SMALL
    publish(edition, ground, valid_from=FOUNDED_ON)
    assert in_force(FOUNDED_ON, SMALL) == {SMALL, f"{SMALL}001", COMMUNITY, OTHER, *SQUARES}
    assert Area.objects.get(code=A).parent_id == COMMUNITY
    again, ground = squares(without(A, B) | {B: square(0, 0, width=2)}, name="二版")
    with pytest.raises(publishing.Refused, match="早于今天"):
        publish(again, ground, valid_from=YESTERDAY)


def test_a_code_that_comes_back_is_the_same_area_again() -> None:
    small_district()
    edition, ground = squares(without(A, B) | {B: square(0, 0, width=2)})
    publish(edition, ground)
    Edition.objects.filter(pk=edition.pk).update(name="合")
    assert not in_force(DAY, A)
    again = drafts.begin("分", _areas(SQUARES | {}), on=DAY, by=keepers().preparer, at=AT, scope=SMALL)
    ground = publishing.propose(again, on=DAY)
    staffing.excuse_all(again, ground, reason="选任中", by=keepers().preparer)
    later = AT + dt.timedelta(days=60)
    publishing.approve(again, by=keepers().approver, at=later)
    publishing.publish(again, valid_from=later.date(), by=keepers().approver, at=later)
    assert in_force(later.date(), A) == {A}
    assert Area.objects.filter(code=A).count() == 1


def _areas(shapes: dict[str, Any]) -> Any:
    from geodata.areas import areas_of

    return areas_of(shapes, shapes.values(), [f"{code[-6:]}网格" for code in shapes])


def test_a_missing_parent_is_named() -> None:
    small_district()
    edition, _ = squares(SQUARES | {f"{SMALL}001003001": square(0, 1)})
    assert any(f"缺少上级区域 {SMALL}001003" in it for it in publishing.obstacles(edition, on=DAY, today=TODAY))
