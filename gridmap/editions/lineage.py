"""What became of what in a draft: read off the ground that old and new areas share, corrected by hand.

An area is *gone* when the draft no longer has its code, *new* when its code is not in force yet. Only for those is
anything recorded: an area that goes on under its code keeps its people by itself, whatever its lines do.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from geodata.comparing import Overlap
from gridmap.editions.changing import open_for_change
from gridmap.editions.differences import Ground
from gridmap.editions.differences import ground as measured
from gridmap.models import Area, DraftLineage, Edition, Lineage
from gridmap.problems import Unprocessable

# Ground that makes one the successor of another, as a part of the one or of the other: less is a line moved.
WORTH_NAMING = 0.05
# Of ground that is nobody's any more, and of ground that was nobody's before, rounding leaves less than this.
NONE_OF_IT = 0.01


def gone(ground: Ground) -> list[str]:
    """Codes in force that the draft does not have."""
    return sorted(ground.before.keys() - ground.after.keys())


def made(ground: Ground) -> list[str]:
    """Codes the draft has that are not in force."""
    return sorted(ground.after.keys() - ground.before.keys())


# ---- the proposal ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Succession:
    """One area that came of another, by what change, and the part of the old one's ground it has (0 to 1)."""

    predecessor: str
    successor: str
    kind: Lineage.Kind
    share: float


def proposed(ground: Ground) -> list[Succession]:
    """Who succeeds whom, by the ground they share."""
    pairs = _worth_naming(ground)
    into, out_of = _sides(pairs)
    kinds = {
        (it.old_code, it.new_code): _kind(len(into[it.old_code]), len(out_of[it.new_code]))
        for it in pairs
        if it.old_code != it.new_code
    }
    ended, begun = set(gone(ground)), set(made(ground))
    return [
        Succession(it.old_code, it.new_code, kinds[it.old_code, it.new_code], round(min(it.share_of_old, 1.0), 6))
        for it in pairs
        if it.old_code != it.new_code and (it.old_code in ended or it.new_code in begun)
    ]


def _worth_naming(ground: Ground) -> list[Overlap]:
    """The overlaps that make a succession: large, or the largest there is for an area gone or new."""
    ended, begun = set(gone(ground)), set(made(ground))
    largest_of_old: dict[str, Overlap] = {}
    largest_of_new: dict[str, Overlap] = {}
    for it in ground.overlaps:
        if it.old_code in ended:
            largest_of_old[it.old_code] = max(largest_of_old.get(it.old_code, it), it, key=lambda one: one.m2)
        if it.new_code in begun:
            largest_of_new[it.new_code] = max(largest_of_new.get(it.new_code, it), it, key=lambda one: one.m2)
    main = {(it.old_code, it.new_code) for it in [*largest_of_old.values(), *largest_of_new.values()]}
    return [
        it
        for it in ground.overlaps
        if max(it.share_of_old, it.share_of_new) >= WORTH_NAMING or (it.old_code, it.new_code) in main
    ]


def _sides(pairs: Iterable[Overlap]) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
    into: defaultdict[str, set[str]] = defaultdict(set)
    out_of: defaultdict[str, set[str]] = defaultdict(set)
    for it in pairs:
        into[it.old_code].add(it.new_code)
        out_of[it.new_code].add(it.old_code)
    return into, out_of


def _kind(successors: int, predecessors: int) -> Lineage.Kind:
    if successors > 1:
        return Lineage.Kind.SPLIT
    return Lineage.Kind.MERGE if predecessors > 1 else Lineage.Kind.RECODE


@transaction.atomic
def propose(edition: Edition, *, on: dt.date) -> Ground:
    """Write a draft's lineage anew from the ground; an area whose succession somebody set by hand is left alone."""
    ground = measured(edition, on=on)
    rows = DraftLineage.objects.filter(edition=edition)
    decided = set(rows.filter(by_hand=True).values_list("predecessor_id", flat=True))
    wanted = [it for it in proposed(ground) if it.predecessor not in decided]
    rows.filter(by_hand=False).delete()
    DraftLineage.objects.bulk_create(
        DraftLineage(
            edition=edition, kind=it.kind, predecessor_id=it.predecessor, successor=it.successor, share=it.share
        )
        for it in wanted
    )
    return ground


# ---- corrected by hand -------------------------------------------------------------------------------------------


def set_by_hand(
    edition: Edition, *, predecessor: str, successor: str, kind: str, on: dt.date, by: User | None
) -> DraftLineage:
    """Say that one area came of another; from now on nothing is proposed for that predecessor.

    Raises :class:`~gridmap.problems.Unprocessable` for areas or a kind that cannot be, and
    :class:`~gridmap.problems.Conflict` when the edition is no draft any more.
    """
    with transaction.atomic():
        open_for_change(edition)
        ground = measured(edition, on=on)
        _check(ground, predecessor, successor, kind)
        share = next(
            (it.share_of_old for it in ground.overlaps if (it.old_code, it.new_code) == (predecessor, successor)), 0.0
        )
        rows = DraftLineage.objects.filter(edition=edition)
        rows.filter(predecessor=predecessor).update(by_hand=True)
        row, _ = rows.update_or_create(
            edition=edition,
            predecessor_id=predecessor,
            successor=successor,
            defaults={"kind": kind, "share": min(share, 1.0), "by_hand": True, "by": by},
        )
    return row


def _check(ground: Ground, predecessor: str, successor: str, kind: str) -> None:
    if kind not in Lineage.Kind.values:
        wanted = "、".join(Lineage.Kind.labels)
        raise Unprocessable(f"变更“{kind[:20]}”应为 {wanted} 之一 (unknown kind of change)", parameter="kind")
    if predecessor not in ground.before:
        raise Unprocessable(f"{predecessor[:20]} 不是范围内现行的区域 (not in force)", parameter="predecessor")
    if successor not in ground.after:
        raise Unprocessable(f"{successor[:20]} 不是草稿中的区域 (not in the draft)", parameter="successor")
    if predecessor == successor or len(predecessor) != len(successor):
        raise Unprocessable(
            f"{predecessor} 与 {successor} 应为同一层级的两个区域 (two areas of one level)", parameter="successor"
        )
    if predecessor in ground.after and successor in ground.before:
        raise Unprocessable(
            f"{predecessor} 与 {successor} 都沿用原编码，没有沿革可记 (both go on under their codes)",
            parameter="successor",
        )


def remove(edition: Edition, row_id: int, *, by: User | None) -> None:
    """Take one row of a draft's lineage back; what else its predecessor became counts as set by hand from now on."""
    with transaction.atomic():
        open_for_change(edition)
        row = DraftLineage.objects.filter(edition=edition, pk=row_id).first()
        if row is None:
            raise Unprocessable("没有这条沿革，请刷新后再做 (no such row)", parameter="row")
        row.delete()
        others = DraftLineage.objects.filter(edition=edition, predecessor=row.predecessor_id)
        others.update(by_hand=True, by=by)


# ---- what is still open ------------------------------------------------------------------------------------------


def missing(edition: Edition, ground: Ground) -> list[str]:
    """What a draft's lineage leaves unsaid, a sentence each; empty when nothing stands in the way of approving it."""
    rows = list(DraftLineage.objects.filter(edition=edition).values_list("predecessor_id", "successor"))
    names = names_of({*gone(ground), *(predecessor for predecessor, _ in rows)})
    heirs = {predecessor for predecessor, _ in rows}
    origins = {successor for _, successor in rows}
    said = [
        f"沿革：{_named(names, code)} 的土地仍在范围内，应写明由谁承接 (no successor)"
        for code in gone(ground)
        if code not in heirs and _left(ground, code) > NONE_OF_IT
    ]
    said += [
        f"沿革：新编码 {code} 的土地原属其他区域，应写明来自谁 (no predecessor)"
        for code in made(ground)
        if code not in origins and _taken(ground, code) > NONE_OF_IT
    ]
    return said + [
        f"沿革：{_named(names, predecessor)} → {successor} 已与草稿不符，请改正或删去 (no longer fits the draft)"
        for predecessor, successor in rows
        if predecessor not in ground.before
        or successor not in ground.after
        or (predecessor in ground.after and successor in ground.before)
    ]


def _left(ground: Ground, code: str) -> float:
    """The part of a gone area's ground that the draft gives to somebody; the rest is no longer the district's."""
    return sum(it.share_of_old for it in ground.overlaps if it.old_code == code)


def _taken(ground: Ground, code: str) -> float:
    """The part of a new area's ground that was somebody's."""
    return sum(it.share_of_new for it in ground.overlaps if it.new_code == code)


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """What the registry calls some areas, by code."""
    return dict(Area.objects.filter(code__in=list(codes)).values_list("code", "name"))


def _named(names: Mapping[str, str], code: str) -> str:
    return f"{code} {names.get(code, '')}".strip()


def heirs_of(edition: Edition) -> dict[str, str]:
    """For each predecessor the successor with the largest part of it, by code; lowest code where equal."""
    main: dict[str, str] = {}
    rows = DraftLineage.objects.filter(edition=edition).order_by("predecessor_id", "-share", "successor")
    for predecessor, successor in rows.values_list("predecessor_id", "successor"):
        main.setdefault(predecessor, successor)
    return main
