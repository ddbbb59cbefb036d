"""Who is to answer for the areas a draft makes anew: their party organisations and people, in the same change.

Party organisations and grids are set up together (R17), and so are their secretaries, chiefs and workers (R18). What
the predecessors have is proposed; what nobody has is asked for. An area that goes on under its code keeps its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from gridmap.editions.changing import open_for_change
from gridmap.editions.differences import Ground
from gridmap.editions.lineage import gone, made
from gridmap.models import Appointment, DraftLineage, DraftStaffing, Edition, PartyOrganisation, Person
from gridmap.models.ground import Level
from gridmap.problems import Unprocessable
from gridmap.roles import Role

Kind = PartyOrganisation.Kind
# R16: which party organisation a level has, and who leads the area.
PARTY_KINDS: dict[int, tuple[PartyOrganisation.Kind, ...]] = {
    Level.COMMUNITY.code_length: (Kind.COMMITTEE, Kind.GENERAL_BRANCH),
    Level.GRID.code_length: (Kind.BRANCH, Kind.GROUP),
}
LEADERS: dict[int, Role] = {
    Level.COMMUNITY.code_length: Role.GRID_CHIEF,
    Level.GRID.code_length: Role.GRID_WORKER,
}
MAX_REASON = 200
MAX_NAME = 60


def staffed(codes: Iterable[str]) -> list[str]:
    """Those of some codes whose areas have a party organisation and people: communities and grids."""
    return [code for code in codes if len(code) in LEADERS]


# ---- the proposal ------------------------------------------------------------------------------------------------


@transaction.atomic
def propose(edition: Edition, ground: Ground, *, on: dt.date) -> None:
    """Write the staffing of the areas a draft makes anew; what somebody set by hand is left alone.

    To be called after the lineage was proposed; what was set for an area the draft no longer makes is taken away.
    """
    rows = DraftStaffing.objects.filter(edition=edition)
    wanted = staffed(made(ground))
    rows.exclude(code__in=wanted).delete()
    rows.filter(by_hand=False).delete()
    kept = {row.code: row for row in rows}
    carried = {row.party_organisation_id for row in kept.values() if row.party_organisation_id}
    origins = _origins(edition)
    posts = _posts({code for codes in origins.values() for code in codes}, on=on)
    parties = _carried_over(edition, ground, taken=carried, on=on)
    DraftStaffing.objects.bulk_create(
        DraftStaffing(
            edition=edition,
            code=code,
            party_organisation_id=parties.get(code),
            secretary_id=_first(posts, origins[code], Role.PARTY_SECRETARY),
            leader_id=_first(posts, origins[code], LEADERS[len(code)]),
        )
        for code in wanted
        if code not in kept
    )


def _origins(edition: Edition) -> defaultdict[str, list[str]]:
    """Where each successor's ground comes from, the predecessor with the largest part first."""
    origins: defaultdict[str, list[str]] = defaultdict(list)
    rows = DraftLineage.objects.filter(edition=edition).order_by("successor", "-share", "predecessor_id")
    for successor, predecessor in rows.values_list("successor", "predecessor_id"):
        origins[successor].append(predecessor)
    return origins


def _posts(codes: Iterable[str], *, on: dt.date) -> dict[tuple[str, str], str]:
    """Who holds each role in each area on a day: full-time before part-time, then by number."""
    held = (
        Appointment.objects.on(on)
        .filter(area__in=list(codes), role__in=[Role.PARTY_SECRETARY, *LEADERS.values()])
        .order_by("area_id", "role", "part_time", "person_id")
        .values_list("area_id", "role", "person_id")
    )
    found: dict[tuple[str, str], str] = {}
    for area, role, person in held:
        found.setdefault((area or "", role), person)
    return found


def _first(posts: Mapping[tuple[str, str], str], origins: list[str], role: Role) -> str | None:
    return next((posts[code, role] for code in origins if (code, role) in posts), None)


def _carried_over(edition: Edition, ground: Ground, *, taken: set[str], on: dt.date) -> dict[str, str]:
    """The party organisation each new area takes over: of a predecessor that goes, and each only once.

    An organisation goes where most of its ground goes, and only there; an area offered several takes the one with
    the most ground.
    """
    ended, begun = set(gone(ground)), set(made(ground))
    held = _organisations(ended, on=on)
    parties: dict[str, str] = {}
    rows = DraftLineage.objects.filter(edition=edition, predecessor__in=ended)
    offered: set[str] = set()
    for predecessor, successor in rows.order_by("-share", "predecessor_id", "successor").values_list(
        "predecessor_id", "successor"
    ):
        if predecessor in offered or successor not in begun:
            continue
        free = [it.code for it in held[predecessor] if it.code not in taken]
        offered.add(predecessor)
        if free:
            parties.setdefault(successor, free[0])
    return parties


def _organisations(codes: Iterable[str], *, on: dt.date) -> defaultdict[str, list[PartyOrganisation]]:
    found: defaultdict[str, list[PartyOrganisation]] = defaultdict(list)
    for it in PartyOrganisation.objects.existing(on).filter(area__in=list(codes)).order_by("area_id", "code"):
        found[it.area_id or ""].append(it)
    return found


# ---- set by hand -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Staff:
    """What is set for one new area; empty fields are open.

    Either ``party_organisation`` (a code carried over), or ``party_name`` with ``party_kind`` (a new one), or
    ``exemption`` (why there is none yet). ``secretary`` and ``leader`` are people's codes, or ``vacancy`` says why
    somebody is lacking.
    """

    party_organisation: str = ""
    party_name: str = ""
    party_kind: str = ""
    exemption: str = ""
    secretary: str = ""
    leader: str = ""
    vacancy: str = ""


def set_by_hand(edition: Edition, code: str, staff: Staff, *, ground: Ground, by: User | None) -> DraftStaffing:
    """Set who is to answer for one new area, in place of what was proposed or set before.

    Raises :class:`~gridmap.problems.Unprocessable` for what cannot be, :class:`~gridmap.problems.Conflict` when the
    edition is no draft any more.
    """
    _check(code, staff, ground)
    with transaction.atomic():
        open_for_change(edition)
        row, _ = DraftStaffing.objects.update_or_create(
            edition=edition,
            code=code,
            defaults={
                "party_organisation_id": staff.party_organisation or None,
                "party_name": staff.party_name,
                "party_kind": staff.party_kind,
                "exemption": staff.exemption,
                "secretary_id": staff.secretary or None,
                "leader_id": staff.leader or None,
                "vacancy": staff.vacancy,
                "by_hand": True,
                "by": by,
            },
        )
    return row


def _check(code: str, staff: Staff, ground: Ground) -> None:
    if code not in staffed(made(ground)):
        raise Unprocessable(f"{code[:20]} 不是草稿新设的村(社区)或二级网格 (not made anew)", parameter="code")
    chosen = [
        bool(staff.party_organisation),
        bool(staff.party_name or staff.party_kind),
        bool(staff.exemption),
    ]
    if sum(chosen) > 1:
        raise Unprocessable(
            f"{code}：沿用党组织、新设党组织、说明理由，只取其一 (carried over, new, or none)", parameter="exemption"
        )
    for field, text, most in (
        ("party_name", staff.party_name, MAX_NAME),
        ("exemption", staff.exemption, MAX_REASON),
        ("vacancy", staff.vacancy, MAX_REASON),
    ):
        if len(text) > most or "\x00" in text:
            raise Unprocessable(f"{code}：文字超过 {most} 字 (longer than {most})", parameter=field)
    _check_kind(code, staff)
    _check_rows(code, staff, ground)


def _check_kind(code: str, staff: Staff) -> None:
    if not (staff.party_name or staff.party_kind):
        return
    fitting = PARTY_KINDS[len(code)]
    if staff.party_kind not in fitting:
        wanted = "、".join(kind.label for kind in fitting)
        raise Unprocessable(
            f"{code}：这一层级的党组织应为 {wanted} (kind does not fit the level)", parameter="party_kind"
        )
    if not staff.party_name.strip():
        raise Unprocessable(f"{code}：请填写新设党组织的名称 (its name)", parameter="party_name")


def _check_rows(code: str, staff: Staff, ground: Ground) -> None:
    people = {person for person in (staff.secretary, staff.leader) if person}
    known = set(Person.objects.filter(code__in=people).values_list("code", flat=True))
    for unknown in sorted(people - known):
        raise Unprocessable(f"{code}：没有工号为 {unknown[:24]} 的人员 (no such person)", parameter="leader")
    if staff.party_organisation:
        party = PartyOrganisation.objects.filter(code=staff.party_organisation).first()
        if party is None:
            raise Unprocessable(
                f"{code}：没有编码为 {staff.party_organisation[:24]} 的党组织 (no such party organisation)",
                parameter="party_organisation",
            )
        if reason := _cannot_carry(party, code, set(gone(ground))):
            raise Unprocessable(f"{code}：{reason}", parameter="party_organisation")


def _cannot_carry(party: PartyOrganisation, code: str, ended: set[str]) -> str:
    if party.area_id not in ended:
        return f"党组织 {party.name} 所在区域没有撤销，不能转入 (its area goes on)"
    if len(party.area_id or "") != len(code):
        return f"党组织 {party.name} 属于另一层级 (of another level)"
    return "" if party.abolished_on is None else f"党组织 {party.name} 已撤销 (abolished)"


def excuse_all(edition: Edition, ground: Ground, *, reason: str, by: User | None) -> int:
    """Give one reason for whatever is still open in all new areas, as when rosters come later; returns how many."""
    if not 0 < len(reason.strip()) <= MAX_REASON or "\x00" in reason:
        raise Unprocessable(f"请写明理由，1 至 {MAX_REASON} 字 (a reason)", parameter="reason")
    with transaction.atomic():
        open_for_change(edition)
        rows = {row.code: row for row in DraftStaffing.objects.filter(edition=edition)}
        excused = []
        for code in staffed(made(ground)):
            row = rows.get(code) or DraftStaffing(edition=edition, code=code)
            before = (row.exemption, row.vacancy)
            if not (row.party_organisation_id or row.party_name or row.exemption):
                row.exemption = reason
            if _people_lacking(row) and not row.vacancy:
                row.vacancy = reason
            if (row.exemption, row.vacancy) != before:
                row.by_hand, row.by = True, by
                excused.append(row)
        DraftStaffing.objects.bulk_create(
            excused,
            update_conflicts=True,
            unique_fields=["edition", "code"],
            update_fields=["exemption", "vacancy", "by_hand", "by"],
        )
    return len(excused)


# ---- what is still open ------------------------------------------------------------------------------------------


def missing(edition: Edition, ground: Ground, *, on: dt.date) -> list[str]:
    """What is not yet set for the areas a draft makes anew, a sentence each; empty when approval need not wait."""
    rows = {row.code: row for row in _rows(edition)}
    ended = set(gone(ground))
    said: list[str] = []
    for code in staffed(made(ground)):
        row = rows.get(code)
        said += [f"{code}：{it}" for it in (_open(row) if row else ["党组织与人员尚未确定 (not staffed)"])]
        if row and row.party_organisation and (reason := _cannot_carry(row.party_organisation, code, ended)):
            said.append(f"{code}：{reason}")
    return said + _carried_twice(rows.values())


def _rows(edition: Edition) -> list[DraftStaffing]:
    return list(DraftStaffing.objects.filter(edition=edition).select_related("party_organisation").order_by("code"))


def _open(row: DraftStaffing) -> list[str]:
    open_: list[str] = []
    if not (row.party_organisation_id or row.party_name or row.exemption):
        open_.append("党组织应与网格同步设置：沿用、新设，或写明理由 (no party organisation)")
    if row.party_name and row.party_kind not in PARTY_KINDS[len(row.code)]:
        open_.append("新设党组织的类型与层级不符 (kind does not fit the level)")
    if not row.vacancy:
        open_ += [f"应配备{it}，或写明暂缺的理由 (vacant)" for it in _people_lacking(row)]
    return open_


def _people_lacking(row: DraftStaffing) -> list[str]:
    """The posts nobody is named for; a secretary is needed only where there is a party organisation."""
    lacking = [] if row.leader_id else [LEADERS[len(row.code)].label]
    if not row.secretary_id and not row.exemption:
        lacking.append("党组织书记")
    return lacking


def _carried_twice(rows: Iterable[DraftStaffing]) -> list[str]:
    takers: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.party_organisation_id:
            takers[row.party_organisation_id].append(row.code)
    return [
        f"党组织 {party} 只能转入一个区域，现有 {'、'.join(codes)} (carried over twice)"
        for party, codes in sorted(takers.items())
        if len(codes) > 1
    ]


def leaving(edition: Edition, ground: Ground, *, on: dt.date) -> list[str]:
    """Who loses a post because the area goes and nobody names them for another, a sentence each; for information."""
    named: set[str | None] = set()
    for row in DraftStaffing.objects.filter(edition=edition):
        named |= {row.leader_id, row.secretary_id}
    posts = (
        Appointment.objects.on(on)
        .filter(area__in=gone(ground), role__in=ENDING, part_time=False)
        .exclude(person__in=[it for it in named if it])
        .select_related("person", "area")
        .order_by("area_id", "role", "person_id")
    )
    return [
        f"{post.area_id} {post.area.name if post.area else ''}：{Role(post.role).label} {post.person.name}"
        " 的任职随区域撤销而止 (the post ends)"
        for post in posts
    ]


# Posts that somebody is named for anew; the others go with the ground to the main successor.
ENDING = (Role.GRID_WORKER, Role.GRID_CHIEF, Role.PARTY_SECRETARY)
