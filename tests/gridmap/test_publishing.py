"""Publishing an edition: what is written from its day on, in a district as registered or quite new."""

from __future__ import annotations

import datetime as dt

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gridmap import routing
from gridmap.editions import drafts, publishing, staffing
from gridmap.models import Area, Boundary, Building, DraftArea, Edition, Lineage
from tests.gridmap import redrawn
from tests.gridmap.editing import (
    AT,
    COMMUNITY,
    DAY,
    EVE,
    FOUNDED_ON,
    OTHER,
    SMALL,
    SQUARES,
    YESTERDAY,
    A,
    B,
    approved,
    drafted,
    in_force,
    keepers,
    named_by_code,
    publish,
    small_district,
    square,
    squares,
    staff,
    without,
)

pytestmark = pytest.mark.django_db


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
    again = drafts.begin("分", named_by_code(SQUARES | {}), on=DAY, by=keepers().preparer, at=AT, scope=SMALL)
    ground = publishing.propose(again, on=DAY)
    staffing.excuse_all(again, ground, reason="选任中", by=keepers().preparer)
    later = AT + dt.timedelta(days=60)
    publishing.approve(again, by=keepers().approver, at=later)
    publishing.publish(again, valid_from=later.date(), by=keepers().approver, at=later)
    assert in_force(later.date(), A) == {A}
    assert Area.objects.filter(code=A).count() == 1
