"""An edition is published whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from django.db import connection

from gridmap.editions import publishing, staffing, wholeness
from gridmap.editions.differences import fingerprint
from gridmap.models import Boundary, DraftFinding, Edition
from tests.gridmap.editing import (
    AT,
    COMMUNITY,
    DAY,
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
    counts,
    keepers,
    publish,
    refused,
    small_district,
    square,
    squares,
    without,
)

pytestmark = pytest.mark.django_db
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
