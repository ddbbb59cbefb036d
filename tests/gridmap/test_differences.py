"""What a draft would change: areas, ground, counts, open cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from django.contrib.gis.geos import Point
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Case
from geodata.areas import Areas, areas_of
from geodata.comparing import overlaps, square_metres
from gridmap.editions import drafts
from gridmap.editions.differences import (
    Change,
    Difference,
    case_moves,
    changed_codes,
    differences,
    fingerprint,
    ground,
)
from gridmap.models import Boundary, DraftArea, DraftLineage, DraftStaffing, Edition
from tests.gridmap import redrawn

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 7, 7)
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)


def begin(areas: Areas | None, name: str = "新版", **more: object) -> Edition:
    return drafts.begin(name, areas, **({"on": DAY, "by": None, "at": AT} | more))  # type: ignore[arg-type]


def found(edition: Edition) -> dict[str, Difference]:
    return {it.code: it for it in differences(edition, on=DAY)}


def row_of(edition: Edition, code: str) -> DraftArea:
    return DraftArea.objects.standing().get(edition=edition, code=code)


# ---- areas and ground --------------------------------------------------------------------------------------------


def test_a_split_a_merge_a_moved_line_and_a_new_name() -> None:
    changes = found(begin(redrawn.redrawn()))
    from_community, to_community = redrawn.HANDED_FROM[:12], redrawn.HANDED_TO[:12]
    assert {code: it.change for code, it in changes.items()} == {
        redrawn.SPLIT: {Change.MOVED, Change.RECOUNTED, Change.DESCRIBED},
        redrawn.SPLIT_NEW: {Change.NEW},
        redrawn.MERGED_INTO: {Change.MOVED, Change.RECOUNTED, Change.DESCRIBED},
        redrawn.MERGED_AWAY: {Change.GONE},
        redrawn.HANDED_FROM: {Change.MOVED},
        redrawn.HANDED_TO: {Change.MOVED},
        from_community: {Change.MOVED},
        to_community: {Change.MOVED},
        redrawn.RENAMED: {Change.RENAMED},
    }
    half, other = changes[redrawn.SPLIT], changes[redrawn.SPLIT_NEW]
    (given_up,) = half.to_codes.values()
    assert half.to_codes.keys() == {redrawn.SPLIT_NEW}
    assert other.from_codes == {redrawn.SPLIT: given_up}
    assert given_up == pytest.approx(other.area_m2_after, rel=1e-4)
    assert given_up == pytest.approx(half.moved_m2)
    assert half.area_m2_before == pytest.approx(Boundary.objects.get(area=redrawn.SPLIT).area_m2, rel=1e-6)
    assert half.area_m2_before == pytest.approx((half.area_m2_after or 0) + given_up, rel=1e-4)
    assert (half.residents_before, half.residents_after, other.residents_after) == (945, 567, 378)
    assert (other.area_m2_before, other.residents_before, other.former_name) == (None, None, "")
    gone = changes[redrawn.MERGED_AWAY]
    assert (gone.area_m2_after, gone.households_after, gone.to_codes.keys()) == (None, None, {redrawn.MERGED_INTO})
    assert changes[redrawn.HANDED_FROM].moved_m2 == pytest.approx(changes[redrawn.HANDED_TO].moved_m2, rel=1e-4)
    assert changes[to_community].from_codes.keys() == {from_community}
    renamed = changes[redrawn.RENAMED]
    assert (renamed.former_name, renamed.name, renamed.moved_m2) == ("南外街道示范01社区第1网格", redrawn.NEW_NAME, 0.0)


def test_only_ground_that_changes_hands_counts_as_moved() -> None:
    edition = begin(redrawn.redrawn())
    assert changed_codes(edition, on=DAY) == {
        code for code, it in found(edition).items() if it.change & {Change.NEW, Change.GONE, Change.MOVED}
    }
    # What an overlay of lines leaves, some square centimetres, is no move; two metres are.
    grids = {code: shape for code, shape in redrawn.grids().items() if code.startswith(redrawn.TOWN)}
    shape = grids[redrawn.RENAMED]
    for degrees, moved in ((1e-10, False), (2e-5, True)):
        ring = shapely.get_coordinates(shape)
        ring[1] += degrees
        nudged = redrawn.areas(dict(grids) | {redrawn.RENAMED: shapely.Polygon(ring)})
        edition = begin(nudged, f"{degrees}")
        assert (redrawn.RENAMED in changed_codes(edition, on=DAY)) is moved
    measured = ground(edition, on=DAY)
    alone = shapely.symmetric_difference(shapely.Polygon(ring), shape)
    assert measured.moved_m2[redrawn.RENAMED] == pytest.approx(square_metres({"": alone})[""], rel=1e-3)


def test_the_scope_of_a_part_is_no_new_area() -> None:
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    with_town = replace(
        drawn,
        codes=np.append(drawn.codes, redrawn.TOWN),
        names=np.append(drawn.names, "改名街道"),
        shapes=np.append(drawn.shapes, None),
        rows=np.append(drawn.rows, len(drawn) + 1),
        table=pd.concat([drawn.table, pd.DataFrame([{}])], ignore_index=True),
    )
    changes = found(begin(with_town))
    assert changes.keys() == {redrawn.SPLIT, redrawn.SPLIT_NEW, redrawn.RENAMED, redrawn.TOWN}
    assert changes[redrawn.TOWN].change == {Change.RENAMED}


def test_a_broken_draft_has_differences_too() -> None:
    drawn = redrawn.redrawn(defects=True)
    shapes = drawn.shapes.copy()
    shapes[3], shapes[4], shapes[5] = None, shapely.LineString([(114.9, 25.8), (115, 25.9)]), shapely.Polygon()
    codes = drawn.codes.copy()
    codes[6], codes[7] = "", codes[8]
    changes = found(begin(replace(drawn, codes=codes, shapes=shapes)))
    assert changes[redrawn.WRONG_CODE].change == {Change.NEW}
    assert changes[redrawn.MISCODED].change == {Change.GONE}
    assert redrawn.SPIKED not in changes
    assert 1 < changes[redrawn.OVER_THE_LINE].moved_m2 < 100


def test_areas_are_measured_where_they_lie() -> None:
    """In the zone of New York, as in China's."""
    west = areas_of(["990001"], [shapely.box(-74.0, 40.7, -73.99, 40.71)], ["甲"])
    (difference,) = differences(begin(west), on=DAY)
    assert difference.area_m2_after == pytest.approx(938_000, rel=0.01)


# ---- shared ground -----------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 10), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 10), max_size=4, unique=True),
)
def test_all_ground_goes_somewhere(old_cuts: list[int], new_cuts: list[int]) -> None:
    """Two ways of cutting one strip: what each old part loses to new ones adds up to the part, and the other way."""

    def strip(cuts: list[int]) -> dict[str, shapely.Polygon]:
        ends = sorted({0, 10, *cuts})
        return {f"{a}": shapely.box(114 + a / 100, 25, 114 + b / 100, 25.01) for a, b in pairwise(ends)}

    old, new = strip(old_cuts), strip(new_cuts)
    shared = overlaps(old, new)
    for code in old:
        assert sum(it.share_of_old for it in shared if it.old_code == code) == pytest.approx(1)
    for code in new:
        assert sum(it.share_of_new for it in shared if it.new_code == code) == pytest.approx(1)
    assert sum(it.m2 for it in shared) == pytest.approx(sum(square_metres(old).values()), rel=1e-5)
    assert [(it.old_code, it.new_code) for it in shared] == sorted((it.old_code, it.new_code) for it in shared)


def test_neighbours_share_no_ground() -> None:
    assert overlaps({"1": shapely.box(114, 25, 115, 26)}, {"2": shapely.box(115, 25, 116, 26)}) == []
    assert overlaps({}, {"2": shapely.box(115, 25, 116, 26)}) == []
    bow_tie = shapely.Polygon([(114, 25), (114.1, 25.1), (114.1, 25), (114, 25.1)])
    (shared,) = overlaps({"1": bow_tie}, {"2": shapely.box(114, 25, 115, 26)})
    assert shared.share_of_old == pytest.approx(1)


# ---- open cases --------------------------------------------------------------------------------------------------


def test_the_open_cases_that_would_move_are_counted() -> None:
    edition = begin(redrawn.redrawn())
    before, after = redrawn.grids(), redrawn.changed()
    strip = after[redrawn.HANDED_TO].intersection(before[redrawn.HANDED_FROM])
    elsewhere = Case.objects.open().exclude(current_area=redrawn.MERGED_AWAY).order_by("pk")
    for case, area, shape in zip(
        elsewhere[:3],
        (redrawn.HANDED_FROM, redrawn.SPLIT, redrawn.SPLIT),
        (strip, after[redrawn.SPLIT], after[redrawn.SPLIT_NEW]),
        strict=True,
    ):
        point = Point(*shapely.get_coordinates(shape.representative_point())[0], srid=4490)
        Case.objects.filter(pk=case.pk).update(point=point, current_area=area)
    moves = case_moves(edition, on=DAY)
    expected: dict[tuple[str, str], int] = {}
    # One by one, over every open case of the demonstration.
    for area, lon, lat in open_cases():
        covering = [code for code, shape in after.items() if shape.covers(shapely.Point(lon, lat))]
        if covering and area not in covering:
            expected[area, min(covering)] = expected.get((area, min(covering)), 0) + 1
    assert moves == expected
    changes = found(edition)
    gone = changes[redrawn.MERGED_AWAY]
    assert moves[redrawn.SPLIT, redrawn.SPLIT_NEW] == 1
    assert gone.cases_out == moves[redrawn.MERGED_AWAY, redrawn.MERGED_INTO] == changes[redrawn.MERGED_INTO].cases_in
    assert gone.cases_in == 0
    assert changes[redrawn.HANDED_TO[:12]].cases_in == changes[redrawn.HANDED_FROM[:12]].cases_out == 1


def open_cases() -> list[tuple[str, float, float]]:
    rows = Case.objects.open().values_list("current_area_id", "point")
    return [(area, point.x, point.y) for area, point in rows]


def test_cases_no_grid_covers_move_only_with_their_own_grid(settings: Any) -> None:
    asked: list[Sequence[str]] = []

    def points(codes: Sequence[str]) -> tuple[Any, Any, Any]:
        asked.append(codes)
        lon, lat = shapely.get_coordinates(redrawn.changed()[redrawn.SPLIT_NEW].representative_point())[0]
        current = [redrawn.SPLIT, redrawn.MERGED_AWAY, "360702001001003", redrawn.TOWN]
        return np.array([lon, 100.0, 100.0, lon]), np.array([lat, 20.0, 20.0, lat]), np.array(current, dtype=object)

    open_points.answer = points  # type: ignore[attr-defined]
    settings.OPEN_POINTS = "tests.gridmap.test_differences.open_points"
    edition = begin(redrawn.redrawn())
    assert case_moves(edition, on=DAY) == {
        (redrawn.TOWN, redrawn.SPLIT_NEW): 1,
        (redrawn.SPLIT, redrawn.SPLIT_NEW): 1,
        (redrawn.MERGED_AWAY, ""): 1,
    }
    assert {redrawn.SPLIT_NEW, redrawn.MERGED_AWAY, redrawn.TOWN, "360702"} <= set(asked[0])
    changes = found(edition)
    assert (changes[redrawn.SPLIT_NEW].cases_in, changes[redrawn.SPLIT].cases_out) == (2, 1)
    assert case_moves(begin(None, "副本", scope=redrawn.TOWN), on=DAY) == {}


def open_points(codes: Sequence[str]) -> Any:
    """What the setting names in these tests."""
    return open_points.answer(codes)  # type: ignore[attr-defined]


# ---- what was approved -------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_the_content() -> None:
    first, again = (begin(redrawn.redrawn(below=redrawn.TOWN), name) for name in ("新版", "又一版"))
    digest = fingerprint(first)
    assert fingerprint(again) == digest
    row = row_of(first, redrawn.RENAMED)
    for change in ({"name": "别名"}, {"residents": None}, {"kind": "dedicated"}, {"size_waiver": "由"}):
        step = drafts.describe(first, row.pk, change, by=None, at=AT)
        assert fingerprint(first) != digest, change
        drafts.undo(first, step_id=step.pk, by=None, at=AT)
        assert fingerprint(first) == digest
    DraftArea.objects.filter(pk=row.pk).update(geom="SRID=4490;POINT (1 2)")
    assert fingerprint(first) != digest
    lineage = DraftLineage.objects.create(
        edition=again, kind="merge", predecessor_id=redrawn.MERGED_AWAY, successor=redrawn.MERGED_INTO
    )
    with_lineage = fingerprint(again)
    assert with_lineage != digest
    DraftStaffing.objects.create(edition=again, code=redrawn.SPLIT_NEW, vacancy="招聘中")
    assert len({digest, with_lineage, fingerprint(again)}) == 3
    DraftStaffing.objects.all().delete()
    lineage.delete()
    assert fingerprint(again) == digest
