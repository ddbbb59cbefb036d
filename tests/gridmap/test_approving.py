"""What stands in the way of approving and publishing, and whose approval it takes."""

from __future__ import annotations

import datetime as dt

import pytest

from gridmap.editions import drafts, publishing, staffing
from gridmap.editions.differences import fingerprint
from gridmap.models import DraftArea, DraftFinding, DraftLineage, DraftStaffing, Edition
from tests.conftest import Cast
from tests.gridmap.editing import (
    AT,
    COMMUNITY,
    DAY,
    NEW,
    OTHER,
    SMALL,
    SQUARES,
    TODAY,
    YESTERDAY,
    A,
    B,
    C,
    D,
    approve,
    counts,
    drafted,
    in_force,
    keepers,
    named_by_code,
    publish,
    refused,
    small_district,
    split,
    square,
    squares,
    without,
)

pytestmark = pytest.mark.django_db


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
    part = drafts.begin(
        "一部分", named_by_code(without(A, C, D) | {NEW: SQUARES[A]}), on=TODAY, by=keepers().preparer, at=AT
    )
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


def test_a_missing_parent_is_named() -> None:
    small_district()
    edition, _ = squares(SQUARES | {f"{SMALL}001003001": square(0, 1)})
    assert any(f"缺少上级区域 {SMALL}001003" in it for it in publishing.obstacles(edition, on=DAY, today=TODAY))
