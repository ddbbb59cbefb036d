"""Grids that break the size rules, and what is proposed for each."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pytest
import shapely
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from geodata.sizes import Size, size_of
from gridmap.editions import drafts
from gridmap.editions.balance import Advice, advice, common_scope, take_up
from gridmap.models import Area, Boundary, Building, DraftFinding, Edition
from gridmap.problems import Unprocessable
from tests.conftest import Cast

DAY = dt.date(2026, 6, 30)
COMMUNITY = "360702001001"
GRID = f"{COMMUNITY}001"
pytestmark = pytest.mark.django_db


def about(code: str) -> Advice:
    (found,) = [it for it in advice(code[:12], on=DAY) if it.grid.code == code]
    return found


def set_size(code: str, households: int, residents: int) -> None:
    """Let that many live in a grid, in its buildings as they were in proportion."""
    area = Area.objects.get(code=code)
    factors = (households / area.households, residents / area.residents)
    for building in Building.objects.filter(area=code):
        building.households = round(building.households * factors[0])
        building.residents = round(building.residents * factors[1])
        building.save()
    Area.objects.filter(code=code).update(households=households, residents=residents)


def beside(code: str) -> str:
    """The neighbour with the lowest code in the same community."""
    shape = Boundary.objects.on(DAY).get(area=code).geom
    others = Boundary.objects.on(DAY).filter(area__parent=code[:12], geom__intersects=shape).exclude(area=code)
    return str(others.order_by("area").values_list("area", flat=True)[0])


def test_the_list_holds_exactly_the_basic_grids_that_break_a_rule() -> None:
    listed = [it.grid.code for it in advice("360702", on=DAY)]
    grids = Area.objects.filter(level="grid", kind="basic").order_by("code")
    wrong = [it.code for it in grids if size_of(it.households, it.residents, urban=it.urban) is not Size.FITS]
    assert listed == wrong
    assert len(wrong) == 20
    assert all(it.can_be_taken_up for it in advice("360702", on=DAY))


def test_a_grid_too_large_is_cut_in_two_that_keep_the_rules() -> None:
    even = "360702001012002"  # its buildings fall into two halves of nearly the same weight
    set_size(even, 700, 1700)
    found = about(even)
    assert found.size is Size.TOO_LARGE
    assert found.joined is None
    assert found.cut is not None
    assert sum(found.cut.households) == pytest.approx(700, abs=3)
    assert max(found.cut.residents) <= 1000
    assert min(found.cut.households) >= 300
    assert "拆成两个" in found.what
    assert "偏" not in found.what


def test_a_grid_a_little_too_large_is_divided_anew_with_its_neighbour() -> None:
    other = beside(GRID)
    set_size(GRID, 420, 1100)
    set_size(other, 320, 700)
    for code in Area.objects.filter(parent=COMMUNITY).exclude(code__in=[GRID, other]).values_list("code", flat=True):
        set_size(code, 400, 990)
    found = about(GRID)
    assert found.joined is not None
    assert found.joined.code == other
    assert found.cut is not None
    assert max(found.cut.residents) <= 1000
    assert "重新划分" in found.what
    both = shapely.union_all(
        [shapely.from_wkb(bytes(Boundary.objects.on(DAY).get(area=it).geom.wkb)) for it in (GRID, other)]
    )
    assert shapely.union_all(found.cut.pieces).symmetric_difference(both).area < 1e-9


def test_a_grid_too_small_is_joined_to_a_neighbour_that_has_room() -> None:
    other = beside(GRID)
    set_size(GRID, 60, 150)
    set_size(other, 310, 700)
    found = about(GRID)
    assert found.size is Size.TOO_SMALL
    assert found.cut is None
    assert found.joined is not None
    together = (found.joined.households + 60, found.joined.residents + 150)
    assert size_of(*together, urban=True) is Size.FITS
    assert found.joined.code.startswith(COMMUNITY)


def test_what_cannot_be_helped_is_said() -> None:
    set_size(GRID, 60, 150)
    Area.objects.filter(parent=COMMUNITY).exclude(code=GRID).update(households=500, residents=1000)
    found = about(GRID)
    assert not found.can_be_taken_up
    assert "没有合并后不超标的相邻网格" in found.what
    Area.objects.filter(code=GRID).update(households=600)
    Building.objects.filter(area=GRID).update(residents=F("residents") * 0)
    assert "不足两处" in about(GRID).what


def test_a_dedicated_grid_has_no_size_rule() -> None:
    Area.objects.filter(code=GRID).update(kind="dedicated", households=1, residents=1)
    assert GRID not in [it.grid.code for it in advice(COMMUNITY, on=DAY)]


def test_advice_costs_three_statements_however_many_grids_it_is_for() -> None:
    for scope in (COMMUNITY, "360702"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            advice(scope, on=DAY)
        assert len(asked) == 3


# ---- taken up as a draft -----------------------------------------------------------------------------------------

AT = dt.datetime(2026, 6, 30, 10, tzinfo=dt.UTC)


def take(codes: list[str], cast: Cast) -> Edition:
    return take_up(codes, name="规模调整", on=DAY, by=cast.centre, at=AT)


def test_all_advice_for_a_town_can_be_taken_up_and_passes_the_checks(cast: Cast) -> None:
    town = Counter(it.grid.code[:9] for it in advice("360702", on=DAY)).most_common(1)[0][0]
    codes = [it.grid.code for it in advice(town, on=DAY)]
    edition = take(codes, cast)
    assert edition.scope == town
    assert edition.steps.filter(kind="proposal").count() == len(codes) > 3
    assert list(DraftFinding.objects.filter(edition=edition, severity="error").values_list("sentence")) == []
    drawn = drafts.shapes(edition)
    before = {
        it.area_id: shapely.from_wkb(bytes(it.geom.wkb))
        for it in Boundary.objects.on(DAY).filter(area__code__startswith=town)
    }
    grids = np.array([shape for code, shape in drawn.items() if len(code) == 15])
    assert len(grids) == sum(len(code) == 15 for code in before) + len(codes)
    assert shapely.coverage_is_valid(grids)
    assert shapely.union_all(grids).symmetric_difference(before[town]).area < 1e-12


def test_a_pair_divided_anew_keeps_its_people(cast: Cast) -> None:
    other = beside(GRID)
    set_size(GRID, 420, 1100)
    set_size(other, 320, 700)
    for code in Area.objects.filter(parent=COMMUNITY).exclude(code__in=[GRID, other]).values_list("code", flat=True):
        set_size(code, 400, 990)
    edition = take([GRID], cast)
    assert edition.scope == COMMUNITY
    assert [step.kind for step in edition.steps.all()] == ["copy", "proposal", "proposal"]
    rows = edition.draft_areas.standing().filter(code__startswith=COMMUNITY)
    changed = [row for row in rows if row.residents is not None]
    assert GRID in [row.code for row in changed]
    assert other not in [row.code for row in rows]
    assert sum(row.residents for row in changed) == 1800
    assert max(row.residents for row in changed) <= 1000


def test_nothing_is_kept_of_what_cannot_be_taken_up_whole(cast: Cast) -> None:
    wrong = advice("360702", on=DAY)[0].grid.code
    with pytest.raises(Unprocessable, match="没有可采用的建议"):
        take([wrong, GRID], cast)
    with pytest.raises(Unprocessable, match="请至少选一个网格"):
        take([], cast)
    assert not Edition.objects.filter(name="规模调整").exists()


def test_one_neighbour_is_not_used_twice(cast: Cast) -> None:
    other = beside(GRID)
    for code in Area.objects.filter(parent=COMMUNITY).values_list("code", flat=True):
        set_size(code, 500, 1000)
    set_size(GRID, 60, 150)
    set_size(other, 70, 160)
    assert about(GRID).joined.code == other  # type: ignore[union-attr]
    with pytest.raises(Unprocessable, match="另一条建议"):
        take([GRID, other], cast)


@pytest.mark.parametrize(
    ("codes", "scope"),
    [
        (["360702001001001"], "360702001001"),
        (["360702001001001", "360702001001009"], "360702001001"),
        (["360702001001001", "360702001010001"], "360702001"),
        (["360702001001001", "360702100001001"], "360702"),
    ],
)
def test_the_smallest_area_that_holds_all_is_redrawn(codes: list[str], scope: str) -> None:
    assert common_scope(codes) == scope
