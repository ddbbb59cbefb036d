"""Approve an edition and publish it at a day: everything of it in one transaction, or nothing.

Before the day the old boundaries hold and from it on the new ones; whoever reads sees the one or the other whole,
for queries go by date and a transaction is seen all at once. An edition may be published ahead of its day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import shapely
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from shapely.geometry.base import BaseGeometry

from gridmap.duties import standing_of
from gridmap.editions import findings, keepers, lineage, opening, staffing, succeeding, wholeness
from gridmap.editions.attributes import COUNTS
from gridmap.editions.changing import withdraw_approval
from gridmap.editions.differences import Ground, fingerprint
from gridmap.editions.differences import ground as measured
from gridmap.editions.opening import TOLERANCE_M2
from gridmap.editions.standing import LENGTHS, in_force, standing
from gridmap.models import Area, Boundary, DraftFinding, DraftStaffing, Edition, Lineage
from gridmap.models.drafts import DraftLineage
from gridmap.problems import Conflict

# Two publications never interleave, not even of two districts: each checks ground the other may take.
PUBLICATION_LOCK = 7_203_600_001
SHOWN = 20
State = Edition.State
CLOSED = (State.PUBLISHED, State.ABANDONED)


class Refused(Conflict):
    """An edition cannot be approved or published; ``sentences`` say why, one each."""

    code = "edition-refused"

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("；".join(sentences[:SHOWN]))
        self.sentences = sentences


# ---- what stands in the way --------------------------------------------------------------------------------------


def propose(edition: Edition, *, on: dt.date) -> Ground:
    """Propose lineage and staffing of a draft as it stands anew, keeping what was set by hand."""
    with transaction.atomic():
        ground = lineage.propose(edition, on=on)
        staffing.propose(edition, ground, on=on)
    return ground


def faults(edition: Edition, *, on: dt.date) -> list[str]:
    """What of a draft's content keeps it from being approved, a sentence each."""
    return _faults(Plan.of(edition, on=on), on=on)


def obstacles(edition: Edition, *, on: dt.date, today: dt.date | None = None, backdated: bool = False) -> list[str]:
    """What keeps an edition from being published at a day, a sentence each; empty when nothing does."""
    plan = Plan.of(edition, on=on)
    return [
        *_faults(plan, on=on),
        *_approval_lacking(edition),
        *_day_unfit(plan, on=on, today=today or timezone.localdate(), backdated=backdated),
    ]


@dataclass(frozen=True)
class Plan:
    """What publishing a draft would write: its ground, and each area as the registry would have it."""

    edition: Edition
    ground: Ground
    rows: int
    areas: dict[str, Area]
    described: dict[str, Area]

    @classmethod
    def of(cls, edition: Edition, *, on: dt.date) -> Plan:
        """The plan for a draft as it stands, against what is in force on a day."""
        ground = measured(edition, on=on)
        rows = standing(edition)
        said: dict[str, dict[str, Any]] = {}
        for code, name, row in zip(rows.codes, rows.names, rows.table.to_dict("records"), strict=True):
            said.setdefault(code, {"name": name} | {str(key): value for key, value in row.items()})
        known = {it.code: it for it in Area.objects.filter(code__in=list(ground.after))}
        areas: dict[str, Area] = {}
        described: dict[str, Area] = {}
        for code in ground.after:
            if code not in known:
                areas[code] = _new_area(code, said[code])
            elif changes := _changes(known[code], said[code]):
                described[code] = _changed(known[code], changes)
        return cls(edition, ground, len(rows), areas, described)

    @property
    def gone(self) -> list[str]:
        """Codes in force that go."""
        return lineage.gone(self.ground)

    @property
    def founds(self) -> bool:
        """Whether nothing in the edition's scope was ever in force."""
        return not Boundary.objects.filter(area__code__startswith=self.edition.scope, valid_from__isnull=False).exists()


def _new_area(code: str, said: Mapping[str, Any]) -> Area:
    given = {name: int(said[name]) for name in COUNTS if not pd.isna(said[name])}
    return opening.area_of(code, name=said["name"], kind=said["kind"], size_waiver=said["size_waiver"] or "", **given)


def _changes(known: Area, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says otherwise than the registry; an empty name, kind or count keeps what the registry says."""
    wanted: dict[str, Any] = {name: int(said[name]) for name in COUNTS if not pd.isna(said[name])}
    wanted |= {name: said[name] for name in ("name", "kind") if said[name]}
    wanted["size_waiver"] = said["size_waiver"] or ""
    return {name: value for name, value in wanted.items() if value != getattr(known, name)}


def _changed(known: Area, changes: Mapping[str, Any]) -> Area:
    for name, value in changes.items():
        setattr(known, name, value)
    return known


def _faults(plan: Plan, *, on: dt.date) -> list[str]:
    said = _drawing_faults(plan, on=on)
    if plan.edition.state in CLOSED:
        return said
    said += lineage.missing(plan.edition, plan.ground)
    said += staffing.missing(plan.edition, plan.ground, on=on)
    return said + succeeding.begun_too_late(plan.gone, day=on)


def _drawing_faults(plan: Plan, *, on: dt.date) -> list[str]:
    """What of the areas themselves stands in the way, whoever is to answer for them."""
    edition, ground = plan.edition, plan.ground
    if edition.state in CLOSED:
        return [f"“{edition.name}”{edition.get_state_display()} (no longer a draft)"]
    said = _errors_found(edition)
    if plan.rows != len(ground.after):
        said.append("草稿中有编码不合格式、重复或没有图形的区域，请先改正 (rows that make no area)")
    said += [
        f"{code}：没有名称 (no name)" for code, area in sorted((plan.areas | plan.described).items()) if not area.name
    ]
    said += _orphans(ground, edition, on=on)
    if not (ground.changed or plan.areas or plan.described):
        said.append("草稿与现行边界没有差别，无需发布 (nothing differs)")
    return said


def _errors_found(edition: Edition) -> list[str]:
    number = findings.blocking(edition)
    if not number:
        return []
    first = DraftFinding.objects.filter(edition=edition, severity="error").order_by("pk")[:SHOWN]
    return [f"检查发现 {number} 处错误，须先改正 (errors found)", *(it.sentence for it in first)]


def _orphans(ground: Ground, edition: Edition, *, on: dt.date) -> list[str]:
    above = {code[:-3] for code in ground.after if len(code) > LENGTHS[0]} - ground.after.keys()
    # The scope itself is outside a draft of what lies below it.
    standing_above = set(Boundary.objects.on(on).filter(area__in=above).values_list("area_id", flat=True))
    return [f"缺少上级区域 {code} (no area above)" for code in sorted(above - standing_above)]


def _approval_lacking(edition: Edition) -> list[str]:
    if edition.state == State.DRAFT:
        return ["尚未经未参与编制的人批准 (not approved)"]
    if edition.state != State.APPROVED or edition.approved_at is None:
        return []
    if edition.approved_digest != fingerprint(edition):
        return ["批准之后草稿又有改动，须重新批准 (changed since it was approved)"]
    later = _published_about(edition.scope).filter(published_at__gt=edition.approved_at).first()
    if later is not None:
        return [f"批准之后又发布了“{later.name}”，须重新核对并批准 (another edition came out since)"]
    return []


def _published_about(scope: str) -> QuerySet[Edition]:
    """Published editions of this ground: whose scope holds this one, or lies in it."""
    above = [scope[:length] for length in LENGTHS if length <= len(scope)]
    return Edition.objects.filter(Q(scope__in=above) | Q(scope__startswith=scope), state=State.PUBLISHED)


def _day_unfit(plan: Plan, *, on: dt.date, today: dt.date, backdated: bool) -> list[str]:
    said = []
    if on < today and not backdated and not plan.founds:
        said.append(f"生效日期 {on} 早于今天 {today} (before today)")
    inside = Q(area__code__startswith=plan.edition.scope)
    if len(plan.edition.scope) > LENGTHS[0]:
        inside &= ~Q(area=plan.edition.scope)
    last = Boundary.objects.filter(inside, valid_from__gte=on).order_by("-valid_from").select_related("edition").first()
    if last is not None:
        said.append(
            f"范围内已有 {last.valid_from} 生效的“{last.edition.name}”，新版应晚于它 (a later edition is published)"
        )
    return said


# ---- approval ----------------------------------------------------------------------------------------------------


def approve(edition: Edition, *, by: User, at: dt.datetime) -> None:
    """Approve a draft as it stands, checked again; any change afterwards withdraws it.

    Raises :class:`Refused` where ``by`` may not, or where something of the draft stands in the way.
    """
    today = timezone.localdate(at)
    with transaction.atomic():
        _lock(edition)
        _check_person(keepers.Act.APPROVE, edition, by, on=today)
        if edition.state == State.APPROVED:
            raise Refused(["已经批准 (approved already)"])
        findings.recheck(edition, on=today)
        if said := [*_pending(edition, on=today), *faults(edition, on=today)]:
            raise Refused(said)
        edition.state, edition.approved_by, edition.approved_at = State.APPROVED, by, at
        edition.approved_digest = fingerprint(edition)
        edition.save(update_fields=["state", "approved_by", "approved_at", "approved_digest"])


def _pending(edition: Edition, *, on: dt.date) -> list[str]:
    """A draft is compared with what is in force; what is published for later would make it another draft."""
    later = _published_about(edition.scope).filter(valid_from__gt=on).order_by("valid_from").first()
    if later is None:
        return []
    return [
        f"“{later.name}”将于 {later.valid_from} 生效，本草稿须在那天之后核对并批准 (another edition is yet to come)"
    ]


def withdraw(edition: Edition, *, by: User) -> None:
    """Take an approval back; raises :class:`Refused` where there is none or ``by`` may not."""
    with transaction.atomic():
        _lock(edition)
        role = standing_of(by, on=timezone.localdate())
        if not keepers.has_role_for(keepers.Act.APPROVE, role, by, scope=edition.scope):
            raise Refused(["您的岗位不能撤回批准 (your post does not allow it)"])
        if edition.state != State.APPROVED:
            raise Refused([f"“{edition.name}”{edition.get_state_display()}，没有可撤回的批准 (not approved)"])
        withdraw_approval(edition)


def _check_person(act: keepers.Act, edition: Edition, by: User, *, on: dt.date) -> None:
    if reason := keepers.refusal(act, standing_of(by, on=on), by, edition):
        raise Refused([reason])


def _lock(edition: Edition) -> None:
    """Hold the edition's row until the transaction ends and see it as it is now."""
    Edition.objects.select_for_update().get(pk=edition.pk)
    edition.refresh_from_db()


# ---- publication -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """What a publication wrote, as numbers of areas, boundaries, posts and so on."""

    created: int
    ended: int
    described: int
    redrawn: int


def publish(edition: Edition, *, valid_from: dt.date, by: User, at: dt.datetime, backdated: bool = False) -> Published:
    """Put an approved edition in force from a day on: all of it in one transaction, or nothing.

    ``backdated`` allows a day before that of ``at``; a district nobody had registered may begin in the past anyway.
    Raises :class:`Refused` with every obstacle, and where what was written is not whole; nothing is changed then.
    """
    today = timezone.localdate(at)
    with transaction.atomic():
        _alone(edition)
        _check_person(keepers.Act.PUBLISH, edition, by, on=today)
        plan = Plan.of(edition, on=valid_from)
        said = [
            *_faults(plan, on=valid_from),
            *_approval_lacking(edition),
            *_day_unfit(plan, on=valid_from, today=today, backdated=backdated),
        ]
        if said:
            raise Refused(said)
        published = _written(plan, valid_from, at)
    edition.refresh_from_db()
    return published


def found(edition: Edition, *, valid_from: dt.date, at: dt.datetime) -> Published:
    """Put the draft of a district nobody had registered in force, for whoever sets the site up.

    It needs no second person and no staffing: nothing changes for anybody, and rosters need areas to refer to.
    Otherwise as :func:`publish`.
    """
    with transaction.atomic():
        _alone(edition)
        plan = Plan.of(edition, on=valid_from)
        if not plan.founds or len(edition.scope) != LENGTHS[0]:
            raise Refused([f"{edition.scope} 已有登记的边界，须经批准后发布 (registered already: it needs approval)"])
        if said := _drawing_faults(plan, on=valid_from):
            raise Refused(said)
        published = _written(plan, valid_from, at)
    edition.refresh_from_db()
    return published


def _alone(edition: Edition) -> None:
    """Let no other publication begin until the transaction ends, and nobody change this edition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLICATION_LOCK])
    _lock(edition)


def _written(plan: Plan, day: dt.date, at: dt.datetime) -> Published:
    """Write everything and look whether it is whole."""
    published = _take_effect(plan, day)
    Edition.objects.filter(pk=plan.edition.pk).update(state=State.PUBLISHED, valid_from=day, published_at=at)
    if said := _unwhole(plan, day):
        raise Refused(["发布后的边界不完整，已全部撤回 (not whole, taken back)", *said])
    opening.tell_planner()
    return published


def _take_effect(plan: Plan, day: dt.date) -> Published:
    """Write everything: areas, boundaries, lineage, and what follows the ground."""
    edition, gone = plan.edition, plan.gone
    opening.register(plan.areas.values())
    opening.describe(plan.described.values())
    shapes = _to_open(plan)
    opening.close_boundaries([*gone, *shapes], on=day)
    opening.open_boundaries(edition, shapes, valid_from=day)
    Lineage.objects.bulk_create(
        Lineage(edition=edition, kind=row.kind, predecessor_id=row.predecessor_id, successor_id=row.successor)
        for row in DraftLineage.objects.filter(edition=edition)
    )
    _let_follow(plan, day, touched={*gone, *plan.ground.changed})
    return Published(len(plan.areas), len(gone), len(plan.described), len(shapes))


def _let_follow(plan: Plan, day: dt.date, *, touched: set[str]) -> None:
    ended = set(plan.gone)
    heirs = {old: new for old, new in lineage.heirs_of(plan.edition).items() if old in ended}
    staffed = list(DraftStaffing.objects.filter(edition=plan.edition).order_by("code"))
    succeeding.appoint(staffed, gone=plan.gone, heirs=heirs, day=day)
    succeeding.settle_parties(staffed, gone=plan.gone, day=day)
    succeeding.move_organisations(gone=plan.gone, heirs=heirs, day=day)
    succeeding.move_buildings(touched=touched, heirs=heirs, day=day)


def _to_open(plan: Plan) -> dict[str, BaseGeometry]:
    """The boundaries that begin: of areas new, moved by more than a square metre, or said otherwise of.

    An area moved by less keeps its line, unless its neighbours' new lines would then miss it by a hair.
    """
    ground = plan.ground
    kept = {code for code, m2 in ground.moved_m2.items() if m2 <= TOLERANCE_M2}
    mixed = {code: ground.before[code] if code in kept else shape for code, shape in ground.after.items()}
    if wholeness.mismatches(mixed):
        kept = {code for code in kept if _identical(ground.before[code], ground.after[code])}
        mixed = dict(ground.after)
    return {code: shape for code, shape in mixed.items() if code not in kept or code in plan.described}


def _identical(one: BaseGeometry, other: BaseGeometry) -> bool:
    before, after = (shapely.normalize(shapely.multipolygons(shapely.get_parts(it))) for it in (one, other))
    return bool(shapely.equals_identical(before, after))


def _unwhole(plan: Plan, day: dt.date) -> list[str]:
    """What the database now holds from the day on, against what was approved."""
    edition, ground = plan.edition, plan.ground
    if taken := opening.ground_taken(edition, valid_from=day):
        return [taken]
    now = measured(edition, on=day)
    said = [f"{code}：生效的边界与批准的不同 (not as approved)" for code in sorted(now.changed)]
    district = edition.scope[: LENGTHS[0]]
    # What the checks let pass, and what was so before, is not the publication's doing.
    eve = in_force(district, on=day - dt.timedelta(1))
    known = wholeness.mismatches(ground.after) | wholeness.mismatches({code: it.shape for code, it in eve.items()})
    said += wholeness.unwhole(district, on=day, touched=set(ground.changed), known=known)
    grids = {code: ground.after[code] for code in ground.changed if len(code) == LENGTHS[-1] and code in ground.after}
    return said or _new_holes(ground) or wholeness.strays(grids, on=day)


def _new_holes(ground: Ground) -> list[str]:
    """Areas of which less is left to those below than before; a founded district is as its findings allowed."""
    if not ground.before:
        return []
    parents = {code[:-3] for code in ground.changed} & ground.after.keys()
    before = wholeness.unfilled(ground.before, parents & ground.before.keys())
    after = wholeness.unfilled(ground.after, parents)
    return [
        f"{code}：有 {m2 - before.get(code, 0.0):,.0f} 平方米不属于任何下级 (belongs to no area below)"
        for code, m2 in sorted(after.items())
        if m2 - before.get(code, 0.0) > TOLERANCE_M2
    ]
