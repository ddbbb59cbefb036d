"""After new boundaries every case is in its area, and only those by what changed are looked at."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import shapely
from django.db import connection

from cases import rerouting
from cases.models import Case
from cases.redrawn import MOST_BOXES, Redrawn, _few
from gridmap.models import Boundary
from tests.cases.placing import (
    AT,
    DAY,
    SHOWN_ELSEWHERE,
    TOWN,
    inside,
    one_open,
    put,
    settle,
    show_inside,
    wholly,
    wrongly_placed,
)
from tests.cases.redrawing import Shapes, grids_in_force, publish, redrawn, run
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
VERSIONS = "SELECT id, xmin::text FROM cases_case"
LAY = """
UPDATE cases_case SET point = here, public_point = CASE WHEN kept_back THEN public_point ELSE here END
FROM (SELECT id AS found, NOT ST_Equals(public_point, point) AS kept_back FROM cases_case) AS shown,
     LATERAL (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4490) AS here) AS place
WHERE found = id AND id = %s
"""


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
