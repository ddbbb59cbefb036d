"""A case whose area changed is handed over and both desks are told, and one placed by hand stays while it can."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import shapely
from django.db.models import F

from cases import actions, rerouting, sealing
from cases.actions.handling import Given
from cases.models import Case, Category, Handover, TraceEvent
from gridmap.duties import standing_of
from gridmap.models import Boundary
from gridmap.problems import NotFound, Unprocessable
from tests.cases.placing import AT, DAY, inside, one_open, put, wholly
from tests.cases.redrawing import cut_in_two, grids_in_force, halves, publish, run
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_an_open_case_that_changes_hands_is_traced_and_both_are_told(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    case = one_open()
    after, parts = cut_in_two(cast.grid, new)
    put(case, *inside(parts[new]), cast.grid)
    closed = Case.objects.exclude(pk__in=Case.objects.open()).filter(category__sensitive=False).earliest("pk")
    put(closed, *inside(parts[new]), cast.grid)
    rows = TraceEvent.objects.count()
    edition = publish(after, on=DAY)
    assert wholly(edition).moved >= 2

    case.refresh_from_db()
    assert (case.area_id, case.current_area_id) == (cast.grid, new)
    event = case.trace.latest("seq")
    assert (event.verb, event.actor, event.role, event.at) == ("reroute", None, "", AT)
    assert event.from_state == event.to_state == case.state
    assert event.payload == {"from_area": cast.grid, "to_area": new, "edition": "测试版"}
    told = Handover.objects.get(case=case)
    assert (told.edition, told.from_area_id, told.to_area_id, told.at) == (edition, cast.grid, new, AT)
    closed.refresh_from_db()
    assert closed.current_area_id == new
    assert not closed.trace.filter(verb="reroute").exists()
    assert TraceEvent.objects.count() - rows == Handover.objects.count()
    found = sealing.verify(sealing.stored_rows())
    assert (found.broken, found.rows) == (None, TraceEvent.objects.count())


def test_who_sees_and_handles_it_changes_with_the_area(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    case = one_open()
    after, parts = cut_in_two(cast.grid, new)
    put(case, *inside(parts[new]), cast.grid)
    Case.objects.filter(pk=case.pk).update(state="reported")
    worker, chief = (standing_of(who, on=DAY) for who in (cast.worker, cast.chief))
    wholly(publish(after, on=DAY))
    assert not Case.objects.visible_to(worker).filter(pk=case.pk).exists()
    with pytest.raises(NotFound):
        actions.act(case.number, "accept", Given(), by=cast.worker, standing=worker, at=AT)
    assert Case.objects.visible_to(chief).filter(pk=case.pk).exists()
    assert actions.act(case.number, "accept", Given(), by=cast.chief, standing=chief, at=AT).state == "handling"


def test_the_public_point_of_a_sensitive_case_stays_inside_its_area(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    after, parts = cut_in_two(cast.grid, new)
    sensitive = list(Case.objects.filter(category__sensitive=True).select_related("category").order_by("pk")[:4])
    moves, stays, by_hand, once_sensitive = sensitive
    put(moves, *inside(parts[new]), cast.grid)
    put(stays, *inside(parts[cast.grid]), cast.grid)
    # Placed by hand from the other end of the district, and one whose category is no longer kept back.
    elsewhere = Boundary.objects.filter(area__code__startswith="360702105", area__level="grid").earliest("area").geom
    put(by_hand, elsewhere.point_on_surface.x, elsewhere.point_on_surface.y, cast.grid, "manual")
    put(once_sensitive, *inside(parts[new]), cast.grid)
    plain = Category.objects.filter(sensitive=False, children=None).earliest("pk")
    Case.objects.filter(pk=once_sensitive.pk).update(category=plain)
    wholly(publish(after, on=DAY))
    for case in sensitive:
        case.refresh_from_db()
        assert case.current_area_id == (new if case in (moves, once_sensitive) else cast.grid)
        drawn = Boundary.objects.on(DAY).get(area=case.current_area_id).geom
        assert case.public_point == drawn.point_on_surface, case.pk
        assert case.public_point != case.point


# ---- placed by hand --------------------------------------------------------------------------------------------


def test_a_case_placed_by_hand_stays_while_its_area_is_there(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    case = one_open()
    after, parts = cut_in_two(cast.grid, new)
    put(case, *inside(parts[new]), cast.grid, "manual")
    wholly(publish(after, on=DAY))
    case.refresh_from_db()
    assert case.current_area_id == cast.grid
    assert not case.trace.filter(verb="reroute").exists()


def test_when_its_area_is_gone_it_goes_to_the_successor_that_covers_it_else_the_nearest(cast: Cast) -> None:
    west, east = cast.grid[:12] + "901", cast.grid[:12] + "902"
    after = grids_in_force(cast.grid[:9])
    parts = halves(after[cast.grid])
    covered, outside, lone = one_open(0), one_open(1), one_open(2)
    put(covered, *inside(parts[1]), cast.grid, "manual")
    lon, lat = inside(parts[0])
    put(outside, lon - 0.05, lat, cast.grid, "manual")
    del after[cast.grid]
    # A third one of another town says it came from there too, but lies farther away.
    came = {west: [cast.grid], east: [cast.grid], "360702105001001": [cast.grid]}
    wholly(publish(after | {west: parts[0], east: parts[1]}, on=DAY, came_from=came))
    assert [Case.objects.get(pk=it.pk).current_area_id for it in (covered, outside)] == [east, west]

    # A chain: the two become one again under a new code, and what nobody came after falls to where it lies.
    both = cast.grid[:12] + "903"
    put(lone, lon, lat, west, "manual")
    covers = grids_in_force(cast.grid[:9])
    del covers[west], covers[east]
    joined = shapely.union_all(parts)
    next_day = DAY + dt.timedelta(days=2)
    wholly(publish(covers | {both: joined}, on=next_day, came_from={both: [east]}, name="再版"))
    assert [Case.objects.get(pk=it.pk).current_area_id for it in (covered, lone)] == [both, both]
    # Of west nothing is recorded in the second edition, so the place itself decides: another grid, or the town.
    [(expected,)] = run("SELECT (gridmap_route(%s, %s, %s, 0)).area", lon - 0.05, lat, next_day)
    assert Case.objects.get(pk=outside.pk).current_area_id == expected


def test_a_correction_by_hand_goes_to_a_grid_in_force_only(cast: Cast) -> None:
    after = grids_in_force(cast.grid[:9])
    other = next(code for code in after if code[:12] == cast.grid[:12] and code != cast.grid)
    after[other] = shapely.union_all([after[other], after.pop(cast.grid)])
    wholly(publish(after, on=DAY))
    case = one_open()
    Case.objects.filter(pk=case.pk).update(state="reported")
    standing = standing_of(cast.centre, on=DAY)
    with pytest.raises(Unprocessable, match="现行二级网格"):
        actions.act(
            case.number, "relocate", Given(text="在隔壁", area=cast.grid), by=cast.centre, standing=standing, at=AT
        )
    moved = actions.act(
        case.number, "relocate", Given(text="在隔壁", area=other), by=cast.centre, standing=standing, at=AT
    )
    assert (moved.area_id, moved.current_area_id) == (other, other)


# ---- asked from outside ----------------------------------------------------------------------------------------


def test_open_points_of_areas(cast: Cast) -> None:
    put(one_open(0), 114.93, 25.85, cast.grid)
    put(one_open(1), 114.94, 25.86, cast.grid)
    lon, lat, codes = rerouting.open_points([cast.grid])
    there = Case.objects.open().filter(current_area=cast.grid).order_by("pk")
    assert list(zip(lon.tolist(), lat.tolist(), strict=True)) == [(it.point.x, it.point.y) for it in there]
    assert len(there) >= 2
    assert codes.tolist() == [cast.grid] * len(there)
    lon, lat, codes = rerouting.open_points([])
    assert (lon.shape, lat.shape, codes.shape) == ((0,), (0,), (0,))


def test_a_new_report_lies_where_it_was_routed(cast: Cast) -> None:
    place = Boundary.objects.get(area=cast.grid).geom.point_on_surface
    sent = actions.Report(
        client_id=uuid.uuid4(), category="0301", text="路灯不亮", lon=place.x, lat=place.y, coord="cgcs2000",
        channel="web",
    )  # fmt: skip
    case, _ = actions.report(sent, by=None, at=AT)
    assert (case.area_id, case.current_area_id) == (cast.grid, cast.grid)
    assert Case.objects.exclude(area=F("current_area")).count() == 0
