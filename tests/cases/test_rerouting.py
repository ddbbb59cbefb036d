"""After new boundaries: every case in its area, both desks told, and nothing done twice."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from cases import actions, rerouting, sealing
from cases.actions.handling import Given
from cases.models import Case, Category, Handover, Rerouting, TraceEvent
from cases.redrawn import MOST_BOXES, Redrawn, _few
from gridmap.duties import standing_of
from gridmap.models import Boundary, Edition
from gridmap.problems import Conflict, NotFound, Unprocessable
from tests.cases.redrawing import SHANGHAI, Shapes, grids_in_force, publish, redrawn, run
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

TOWN = "360702003"
DAY = dt.date(2026, 7, 1)
AT = dt.datetime(2026, 7, 7, 10, 0, tzinfo=SHANGHAI)

WRONG = """
SELECT cases_case.id, current_area_id, found.area
FROM (SELECT * FROM cases_case WHERE starts_with(area_id, %s)) AS cases_case,
     LATERAL gridmap_route(ST_X(point), ST_Y(point), %s, 0) AS found
WHERE current_area_id <> found.area AND (route_method <> 'manual' OR NOT EXISTS (
    SELECT FROM gridmap_boundary
    WHERE gridmap_boundary.area_id = current_area_id AND gridmap_in_force(valid_from, valid_until, %s)))
ORDER BY 1
"""
# Of those kept back, whose public point is another than the one inside their area.
SHOWN_ELSEWHERE = """
SELECT cases_case.id FROM cases_case JOIN gridmap_boundary AS drawn ON drawn.area_id = current_area_id
WHERE gridmap_in_force(valid_from, valid_until, %s) AND NOT ST_Equals(public_point, point)
  AND NOT ST_Equals(public_point, ST_PointOnSurface(geom)) ORDER BY 1
"""
LAY = """
UPDATE cases_case SET point = here, public_point = CASE WHEN kept_back THEN public_point ELSE here END
FROM (SELECT id AS found, NOT ST_Equals(public_point, point) AS kept_back FROM cases_case) AS shown,
     LATERAL (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4490) AS here) AS place
WHERE found = id AND id = %s
"""
VERSIONS = "SELECT id, xmin::text FROM cases_case"


def wholly(edition: Edition, chunk: int = rerouting.CHUNK) -> rerouting.Progress:
    return list(rerouting.reroute(edition, at=AT, chunk=chunk))[-1]


def halves(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """Cut upright through the middle."""
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    return [shape & shapely.box(west, south, middle, north), shape & shapely.box(middle, south, east, north)]


def put(case: Case, lon: float, lat: float, area: str, method: str = "within") -> None:
    """Lay a case somewhere, as if it had been reported there."""
    kept_back = case.category.sensitive
    shown = "(SELECT ST_PointOnSurface(geom) FROM gridmap_boundary WHERE area_id = %s AND valid_until IS NULL)"
    here = "ST_SetSRID(ST_MakePoint(%s, %s), 4490)"
    run(
        f"""UPDATE cases_case SET point = {here}, area_id = %s, current_area_id = %s, route_method = %s,
            public_point = {shown if kept_back else here} WHERE id = %s""",
        *(lon, lat, area, area, method),
        *((area,) if kept_back else (lon, lat)),
        case.pk,
    )


def settle(on: dt.date = DAY - dt.timedelta(days=1)) -> None:
    """Give every case the area of that day's boundaries, for those the test has laid elsewhere."""
    run(
        """UPDATE cases_case SET area_id = found.area, current_area_id = found.area FROM (
               SELECT id, (gridmap_route(ST_X(point), ST_Y(point), %s, 0)).area FROM cases_case
               WHERE starts_with(area_id, %s) AND route_method <> 'manual') AS found
           WHERE cases_case.id = found.id AND found.area <> area_id""",
        *(on, TOWN),
    )
    show_inside(run(SHOWN_ELSEWHERE, on))


def show_inside(keys: list[Any]) -> None:
    """Let the public point of some cases stand for their area of today."""
    run(
        """UPDATE cases_case SET public_point = ST_PointOnSurface(geom) FROM gridmap_boundary AS drawn
           WHERE drawn.area_id = current_area_id AND valid_until IS NULL AND cases_case.id = ANY (%s)""",
        [key for (key,) in keys],
    )


def inside(shape: shapely.Geometry) -> tuple[float, float]:
    point = shape.representative_point()
    return point.x + 1e-6, point.y


def wrongly_placed(below: str = TOWN, on: dt.date = DAY) -> list[tuple[object, ...]]:
    """Cases of an area that lie elsewhere than the database's own rule says."""
    return run(WRONG, below, on, on)


def one_open(at: int = 0) -> Case:
    return Case.objects.open().select_related("category").filter(category__sensitive=False).order_by("pk")[at]


def split(grid: str, new: str) -> tuple[Shapes, Shapes]:
    """A town's grids with one cut in two, and the two parts."""
    after = grids_in_force(grid[:9])
    first, second = halves(after[grid])
    return after | {grid: first, new: second}, {grid: first, new: second}


# ---- every case in its area ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "below", "moves", "gaps"),
    [(0, TOWN, 12, 0), (1, TOWN, 12, 0), (2, TOWN, 12, 4), (3, TOWN, 6, 8), (4, "", 60, 0)],
)
def test_after_a_random_redrawing_every_case_is_where_the_routing_says(
    seed: int, below: str, moves: int, gaps: int
) -> None:
    random = np.random.default_rng(seed)
    before = grids_in_force(below)
    if gaps:  # there already when lines near them are moved
        before = with_gaps(before, random, gaps)
        wholly(publish(before, on=DAY - dt.timedelta(days=9), name="有空隙", follow=False))
    after = redrawn(before, random, moves=moves)
    lay_where_it_is_hardest(before, after, random)
    assert run(SHOWN_ELSEWHERE, DAY - dt.timedelta(days=1)) == []
    versions, routed = dict(run(VERSIONS)), dict(Case.objects.values_list("pk", "area_id"))

    edition = publish(after, on=DAY)
    connection.check_constraints()
    wrong, shown_elsewhere = ({row[0] for row in rows} for rows in (wrongly_placed(""), run(SHOWN_ELSEWHERE, DAY)))
    by_hand = set(Case.objects.filter(route_method="manual").values_list("pk", flat=True))
    assert wrong - by_hand, "nothing was redrawn under any case, so nothing was tested"
    assert shown_elsewhere - wrong, "no public point had to move alone, so nothing was tested"
    progress = wholly(edition)

    assert wrongly_placed("") == []
    assert run(SHOWN_ELSEWHERE, DAY) == []
    assert (progress.moved, progress.finished) == (len(wrong), True)
    assert progress.done == progress.total < 1500
    # Not a row was written but those that moved and those whose public point stands for a redrawn grid.
    assert {key for key, version in run(VERSIONS) if versions[key] != version} == wrong | shown_elsewhere
    assert dict(Case.objects.values_list("pk", "area_id")) == routed


def lay_where_it_is_hardest(before: Shapes, after: Shapes, random: np.random.Generator) -> None:
    """Cases on corners and edges of the lines before and after, and anywhere about them; some by hand, some kept back."""
    everything = Case.objects.filter(current_area__code__startswith=TOWN).order_by("pk")
    keys = np.array(everything.values_list("pk", flat=True)[:300])
    changed = [shape for code, shape in (before | after).items() if before.get(code) != after.get(code)]
    corners = shapely.get_coordinates(changed)
    chosen, ends = (corners[random.integers(len(corners), size=len(keys))] for _ in range(2))
    every_corner = shapely.get_coordinates(list(before.values()))
    chosen[:50] = every_corner[random.integers(len(every_corner), size=50)]
    along = np.where(random.random((len(keys), 1)) < 0.5, chosen + 1e-4 * np.sign(ends - chosen), chosen)
    west, south, east, north = np.transpose(shapely.bounds(changed)[random.integers(len(changed), size=len(keys))])
    about = np.stack([random.uniform(west, east), random.uniform(south, north)], axis=1)
    places = np.where(np.arange(len(keys))[:, None] < 200, along, about)
    for key, (lon, lat) in zip(keys.tolist(), places.tolist(), strict=True):
        run(LAY, lon, lat, key)
    by_hand, kept_back = (random.choice(keys, 40, replace=False).tolist() for _ in range(2))
    drawn = [code for code in before if before[code] != after.get(code)]
    for key in by_hand:
        area = drawn[random.integers(len(drawn))]
        Case.objects.filter(pk=key).update(area=area, current_area=area, route_method="manual")
    settle()
    show_inside([(key,) for key in kept_back])


def with_gaps(shapes: Shapes, random: np.random.Generator, number: int) -> Shapes:
    """Some grids with a hole, or cut back from a neighbour."""
    after = dict(shapes)
    for code in random.choice(sorted(shapes), number, replace=False).tolist():
        away = random.uniform(-0.4, 0.4, 2) * np.ptp(np.reshape(shapes[code].bounds, (2, 2)), axis=0)
        taken = shapely.affinity.translate(shapely.affinity.scale(shapes[code], 0.4, 0.4), *away)
        after[code] = max(shapely.get_parts(shapes[code] - taken), key=lambda part: part.area)
    return after


def test_only_cases_by_what_changed_are_looked_at_and_those_kept_back_in_a_redrawn_area(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    after = grids_in_force(cast.grid[:9])
    west, south, east, north = after[cast.grid].bounds
    strip = shapely.box(west, south, west + (east - west) / 10, north)
    far = inside(after[cast.grid] & shapely.box(west + (east - west) * 0.6, south, east, north))
    parts = {new: after[cast.grid] & strip, cast.grid: after[cast.grid] - strip}
    near, stays, by_hand = (one_open(number) for number in range(3))
    kept_back = Case.objects.filter(category__sensitive=True).select_related("category").earliest("pk")
    put(near, *inside(parts[new]), cast.grid)
    put(stays, *far, cast.grid)
    put(by_hand, *far, cast.grid, "manual")
    put(kept_back, *far, cast.grid)
    edition = publish(after | parts, on=DAY)

    looked_at = set(Redrawn(edition, on=DAY, reported_before=AT).cases(after=0, limit=10_000).pk.tolist())
    assert {near.pk, kept_back.pk} <= looked_at
    assert not {stays.pk, by_hand.pk} & looked_at


def test_ground_left_without_a_grid_falls_to_the_nearest_or_to_the_town_and_back() -> None:
    everywhere = grids_in_force()
    grid = max(everywhere, key=lambda code: everywhere[code].area)
    town, before = grid[:9], grids_in_force(grid[:9])
    middle = shapely.affinity.scale(before[grid], 0.8, 0.8)
    hole = shapely.get_parts(middle & before[grid])[0]
    near, far = one_open(0), one_open(1)
    edge = shapely.get_coordinates(hole.exterior)[0] * 0.999 + 0.001 * np.array(inside(hole))
    put(near, *edge.tolist(), grid)
    put(far, *inside(hole), grid)
    assert wholly(publish(before | {grid: before[grid] - hole}, on=DAY, follow=False)).finished
    assert wrongly_placed(town) == []
    near.refresh_from_db()
    far.refresh_from_db()
    assert (near.current_area_id, far.current_area_id) == (grid, town)
    assert (far.area_id, far.trace.latest("seq").payload["to_area"]) == (grid, town)

    wholly(publish(before, on=DAY + dt.timedelta(days=2), name="再版", follow=False))
    far.refresh_from_db()
    assert far.current_area_id == grid


def test_shapes_published_again_as_they_were_concern_no_case() -> None:
    before = grids_in_force(TOWN)
    edition = publish(before, on=DAY)
    for code, shape in before.items():
        Boundary.objects.filter(area=code, valid_until=None).update(valid_until=DAY)
        geom = Boundary.objects.get(area=code, valid_until=DAY).geom
        Boundary.objects.create(area_id=code, edition=edition, geom=geom, valid_from=DAY)
        assert shapely.from_wkb(bytes(geom.wkb)).equals(shape)
    versions = run(VERSIONS)
    assert wholly(edition) == rerouting.Progress(0, 0, 0, True)
    assert run(VERSIONS) == versions
    edition.refresh_from_db()
    assert edition.rerouted_at == AT


def test_many_boxes_become_few_that_cover_them_all() -> None:
    corners = np.random.default_rng(3).uniform((114, 25), (115, 26), (999, 2))
    boxes = np.hstack([corners, corners + 0.002])
    few = _few(boxes)
    assert len(few) <= MOST_BOXES
    covered = (few[:, None, :2] <= boxes[:, :2]).all(axis=2) & (few[:, None, 2:] >= boxes[:, 2:]).all(axis=2)
    assert covered.any(axis=0).all()


# ---- in chunks, again, and in order ----------------------------------------------------------------------------


def state() -> dict[str, object]:
    """Everything re-routing leaves behind."""
    return {
        "areas": run("SELECT id, current_area_id, ST_AsEWKB(public_point)::text FROM cases_case ORDER BY id"),
        "trace": run("SELECT case_id, seq, verb, payload, seal FROM cases_traceevent ORDER BY case_id, seq"),
        "handovers": run("SELECT case_id, edition_id, from_area_id, to_area_id, at FROM cases_handover ORDER BY 1, 2"),
        "progress": run("SELECT done, total, moved FROM cases_rerouting"),
        "editions": run("SELECT id, rerouted_at FROM gridmap_edition ORDER BY id"),
    }


@pytest.fixture
def edition(cast: Cast) -> Edition:
    """A redrawn town, with an open case in the middle of each of its grids that changed."""
    before = grids_in_force(TOWN)
    after = redrawn(before, np.random.default_rng(8), moves=20, merges=3)
    gone = [code for code in before if code not in after]
    lost = [before[code] - after[code] for code in before if code in after and before[code] != after[code]]
    for number, shape in enumerate([*(before[code] for code in gone), *(it for it in lost if it.area)][:8]):
        put(one_open(number), *inside(max(shapely.get_parts(shape), key=lambda part: part.area)), TOWN)
    settle()
    return publish(after, on=DAY)


def test_any_size_of_chunk_comes_to_the_same_end(edition: Edition) -> None:
    ends = []
    for chunk, pull in ((100_000, 100_000), (100, 140), (19, 19)):
        with transaction.atomic():
            steps = list(rerouting.reroute(edition, at=AT, chunk=chunk, pull=pull))
            assert [it.finished for it in steps] == [False] * (len(steps) - 1) + [True]
            assert [it.done for it in steps] == sorted({it.done for it in steps})
            assert steps[-1].done == steps[-1].total == steps[0].total
            ends.append(state())
            transaction.set_rollback(True)
    assert ends[0] == ends[1] == ends[2]
    assert len(ends[0]["handovers"]) >= 4  # type: ignore[arg-type]


def test_a_page_can_drive_it_chunk_by_chunk(edition: Edition) -> None:
    steps = [rerouting.advance(edition, at=AT, chunk=60)]
    while not steps[-1].finished:
        assert Edition.objects.get(pk=edition.pk).rerouted_at is None
        steps.append(rerouting.advance(edition, at=AT, chunk=60))
    assert len(steps) == steps[0].total // 60 + 1 > 3
    assert wrongly_placed() == []
    assert rerouting.advance(edition, at=AT) == steps[-1]
    assert rerouting.pending(DAY) == []


def test_done_again_from_the_start_it_does_nothing_twice(edition: Edition) -> None:
    moved = wholly(edition).moved
    assert moved > 20
    first = state()
    Rerouting.objects.all().delete()
    Edition.objects.filter(pk=edition.pk).update(rerouted_at=None)
    assert wholly(edition).moved == 0
    again = state()
    assert {name: again[name] for name in ("areas", "trace", "handovers", "editions")} == {
        name: first[name] for name in ("areas", "trace", "handovers", "editions")
    }


def test_two_at_once_share_the_work(edition: Edition) -> None:
    one, other = (rerouting.reroute(edition, at=AT, chunk=30, pull=80) for _ in range(2))
    seen: list[rerouting.Progress] = []
    for turn in (one, other, other, one, one, other, other, one):
        seen.append(next(turn))
    seen.extend([*one, *other])
    assert [it.done for it in seen if not it.finished] == sorted({it.done for it in seen if not it.finished})
    assert seen[-1].finished
    assert seen[-1].done == seen[0].total
    assert wrongly_placed() == []


def test_editions_wait_for_their_day_and_for_each_other(edition: Edition) -> None:
    later = publish(grids_in_force(TOWN), on=DAY + dt.timedelta(days=3), name="后一版")
    drafts = Edition.objects.create(name="草稿", created_at=AT, valid_from=DAY)
    assert rerouting.pending(DAY - dt.timedelta(days=1)) == []
    assert rerouting.pending(DAY) == [edition]
    assert rerouting.pending(AT.date()) == [edition, later]
    with pytest.raises(Conflict, match="请先完成“测试版”"):
        rerouting.advance(later, at=AT)
    with pytest.raises(Conflict, match="还未生效"):
        rerouting.advance(later, at=AT - dt.timedelta(days=5))
    with pytest.raises(Conflict, match="还没有发布"):
        rerouting.advance(drafts, at=AT)
    assert not Rerouting.objects.exists()
    wholly(edition)
    assert wholly(later).finished


def test_cases_reported_under_the_new_lines_are_left_alone(edition: Edition) -> None:
    wholly(edition)
    whole = run("SELECT done FROM cases_rerouting")[0][0]
    newer = list(Case.objects.order_by("-pk").values_list("pk", flat=True)[:3000])
    Rerouting.objects.all().delete()
    Edition.objects.filter(pk=edition.pk).update(rerouted_at=None)
    Case.objects.filter(pk__in=newer).update(
        reported_at=AT - dt.timedelta(days=1), due_at=AT, closed_at=F("closed_at") + dt.timedelta(days=3000)
    )
    assert wholly(edition).done < whole


# ---- handed over -----------------------------------------------------------------------------------------------


def test_an_open_case_that_changes_hands_is_traced_and_both_are_told(cast: Cast) -> None:
    new = cast.grid[:12] + "901"
    case = one_open()
    after, parts = split(cast.grid, new)
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
    after, parts = split(cast.grid, new)
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
    after, parts = split(cast.grid, new)
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
    after, parts = split(cast.grid, new)
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


def lines_of(*arguments: str) -> Iterator[str]:
    said = io.StringIO()
    call_command("reroute_cases", *arguments, stdout=said)
    return iter(said.getvalue().splitlines())


def test_the_command_takes_all_that_wait_and_says_so(edition: Edition) -> None:
    publish(grids_in_force(TOWN), on=DAY + dt.timedelta(days=3), name="后一版")
    first, second = lines_of("--chunk", "400")
    progress = Rerouting.objects.get(edition=edition)
    assert first == (
        f"测试版（2026-07-01 起）：看过 {progress.done} 件，改归 {progress.moved} 件"
        f" ({progress.done} looked at, {progress.moved} moved)"
    )
    assert second.startswith("后一版（2026-07-04 起）：看过 0 件")
    assert wrongly_placed() == []
    assert list(lines_of()) == ["没有等待重新归入的边界版本 (nothing to do)"]
    with pytest.raises(CommandError, match="--chunk 应为正整数"):
        list(lines_of("--chunk", "0"))


def test_statements_do_not_grow_with_the_cases(edition: Edition) -> None:
    with CaptureQueriesContext(connection) as seen:
        progress = wholly(edition)
    assert progress.moved > 20
    counted = [it["sql"] for it in seen if not it["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(counted) <= 20, counted
