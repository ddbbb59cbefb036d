"""What became of what: proposed from the ground, corrected by hand, and what may not be left unsaid."""

from __future__ import annotations

from itertools import pairwise

import pytest
import shapely

from gridmap.editions import lineage, publishing
from gridmap.editions.differences import Ground
from gridmap.models import DraftLineage, Edition
from gridmap.problems import Conflict, Unprocessable
from tests.gridmap import redrawn
from tests.gridmap.editing import (
    COMMUNITY,
    OTHER,
    SMALL,
    SQUARES,
    TODAY,
    A,
    B,
    C,
    D,
    approve,
    drafted,
    keepers,
    publish,
    small_district,
    split,
    square,
    squares,
    without,
)

pytestmark = pytest.mark.django_db
NEW, NEWER = f"{COMMUNITY}011", f"{COMMUNITY}012"


@pytest.fixture(autouse=True, scope="module")
def _small(kept_for_module: None) -> None:
    small_district()


def rows(edition: Edition) -> list[tuple[str, str, str, float]]:
    return [
        (it.kind, it.predecessor_id, it.successor, round(it.share, 2))
        for it in DraftLineage.objects.filter(edition=edition).order_by("predecessor_id", "successor")
    ]


def half(x: float, *, east: bool = False) -> shapely.Polygon:
    return square(x + 0.5 * east, 0, width=0.5)


CHANGES: dict[str, tuple[dict[str, shapely.Geometry], list[tuple[str, str, str, float]]]] = {
    "nothing": (SQUARES, []),
    "a part split off": (SQUARES | {A: half(0), NEW: half(0, east=True)}, [("split", A, NEW, 0.5)]),
    "split into two new codes": (
        without(A) | {NEW: half(0), NEWER: half(0, east=True)},
        [("split", A, NEW, 0.5), ("split", A, NEWER, 0.5)],
    ),
    "merged into a neighbour": (without(A, B) | {B: square(0, 0, width=2)}, [("merge", A, B, 1.0)]),
    "merged into a new code": (
        without(A, B) | {NEW: square(0, 0, width=2)},
        [("merge", A, NEW, 1.0), ("merge", B, NEW, 1.0)],
    ),
    "given another code": (without(A) | {NEW: SQUARES[A]}, [("recode", A, NEW, 1.0)]),
    # The line between A and B moves by two fifths of a square: both go on under their codes.
    "a line moved": (SQUARES | {A: square(0, 0, width=1.4), B: square(1.4, 0, width=0.6)}, []),
    "a sliver beside the heir is not succession": (
        without(A, B) | {NEW: square(0, 0, width=0.98), B: square(0.98, 0, width=1.02)},
        [("recode", A, NEW, 0.98)],
    ),
    "three out of two": (
        without(A, B) | {NEW: square(0, 0, width=0.7), NEWER: square(0.7, 0, width=0.6), B: square(1.3, 0, width=0.7)},
        [("split", A, NEW, 0.7), ("split", A, NEWER, 0.3), ("split", B, NEWER, 0.3)],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_proposed_is_read_off_the_ground(what: str) -> None:
    shapes, wanted = CHANGES[what]
    edition, ground = squares(shapes)
    assert rows(edition) == wanted
    assert lineage.missing(edition, ground) == []


def test_a_community_given_another_code_takes_its_grids_along() -> None:
    code = f"{SMALL}001009"
    grids = {A: SQUARES[A], B: SQUARES[B], f"{code}001": SQUARES[C], f"{code}002": SQUARES[D]}
    edition, _ = squares({COMMUNITY: None, code: None} | grids)
    assert rows(edition) == [
        ("recode", OTHER, code, 1.0),
        ("recode", C, f"{code}001", 1.0),
        ("recode", D, f"{code}002", 1.0),
    ]


def test_the_redrawn_district() -> None:
    edition, _ = drafted()
    assert rows(edition)[0] == ("merge", redrawn.MERGED_AWAY, redrawn.MERGED_INTO, 1.0)
    assert [row[:3] for row in rows(edition)[1:]] == [("split", redrawn.SPLIT, redrawn.SPLIT_NEW)]


def test_what_was_set_by_hand_survives_another_proposal() -> None:
    edition, _ = squares(CHANGES["split into two new codes"][0])
    row = DraftLineage.objects.get(edition=edition, successor=NEWER)
    lineage.remove(edition, row.pk, by=keepers().preparer)
    lineage.propose(edition, on=TODAY)
    assert rows(edition) == [("split", A, NEW, 0.5)]
    ground = lineage.set_by_hand(edition, predecessor=A, successor=NEW, kind="recode", on=TODAY, by=keepers().preparer)
    assert ground.by == keepers().preparer
    lineage.propose(edition, on=TODAY)
    assert rows(edition) == [("recode", A, NEW, 0.5)]


def test_a_gone_area_needs_an_heir_and_a_new_one_an_origin() -> None:
    edition, ground = squares(CHANGES["given another code"][0])
    DraftLineage.objects.filter(edition=edition).delete()
    first, second = lineage.missing(edition, ground)
    assert A in first
    assert "由谁承接" in first
    assert NEW in second
    assert "来自谁" in second
    publishing.propose(edition, on=TODAY)
    assert lineage.missing(edition, ground) == []


def test_ground_given_up_and_ground_nobody_had_need_neither() -> None:
    edition, ground = squares(without(D) | {f"{OTHER}003": square(0, 1)})
    assert rows(edition) == []
    assert lineage.missing(edition, ground) == []


def test_what_no_longer_fits_the_draft_is_said() -> None:
    edition, ground = squares(CHANGES["given another code"][0])
    DraftLineage.objects.filter(edition=edition).update(successor=NEWER)
    said = lineage.missing(edition, ground)
    assert any(NEWER in it and "不符" in it for it in said)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "swap"}, "kind"),
        ({"predecessor": NEW}, "predecessor"),
        ({"predecessor": "无"}, "predecessor"),
        ({"successor": A}, "successor"),
        ({"successor": "9900010010010110"}, "successor"),
        ({"successor": OTHER}, "successor"),
        ({"predecessor": C, "successor": D}, "successor"),
    ],
)
def test_what_cannot_be_is_refused_by_field(change: dict[str, str], field: str) -> None:
    edition, _ = squares(CHANGES["given another code"][0])
    before = rows(edition)
    with pytest.raises(Unprocessable) as caught:
        lineage.set_by_hand(
            edition, **({"predecessor": A, "successor": NEW, "kind": "recode"} | change), on=TODAY, by=None
        )
    assert caught.value.parameter == field
    assert rows(edition) == before


def test_a_published_edition_is_closed_and_an_approved_one_is_opened_again() -> None:
    edition = approve(*split())
    row = DraftLineage.objects.get(edition=edition)
    lineage.remove(edition, row.pk, by=keepers().preparer)
    edition.refresh_from_db()
    assert (edition.state, edition.approved_by, edition.approved_digest) == ("draft", None, "")
    with pytest.raises(Unprocessable):
        lineage.remove(edition, row.pk, by=keepers().preparer)
    publish(edition, publishing.propose(edition, on=TODAY))
    row = DraftLineage.objects.get(edition=edition)
    with pytest.raises(Conflict):
        lineage.remove(edition, row.pk, by=keepers().preparer)


def test_of_many_heirs_the_one_with_most_ground_is_the_main_one() -> None:
    edition, _ = squares(CHANGES["three out of two"][0])
    assert lineage.heirs_of(edition) == {A: NEW, B: NEWER}


def test_no_ground_is_counted_twice() -> None:
    """Shares of what goes add up to the whole, whatever became of it."""
    ground: Ground
    for shapes, _ in CHANGES.values():
        edition, ground = squares(shapes)
        for code in lineage.gone(ground):
            total = sum(it.share_of_old for it in ground.overlaps if it.old_code == code)
            assert total == pytest.approx(1.0, abs=1e-6)
        Edition.objects.filter(pk=edition.pk).delete()
    assert all(one.touches(other) for one, other in pairwise(SQUARES.values()))
