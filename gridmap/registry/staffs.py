"""Who is to answer for a draft's new areas, as its page shows and asks for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q

from gridmap.editions import lineage, staffing
from gridmap.editions.differences import Ground
from gridmap.models import Appointment, DraftStaffing, Edition, PartyOrganisation
from gridmap.models.ground import Level
from gridmap.registry.forms import StaffingForm, StyledForm
from gridmap.registry.shown import names_of
from gridmap.roles import Role

AT_ONCE = 60
MAX_PEOPLE = 400
FIELDS = (
    ("party_organisation", "party_organisation_id"),
    ("party_name", "party_name"),
    ("party_kind", "party_kind"),
    ("exemption", "exemption"),
    ("secretary", "secretary_id"),
    ("leader", "leader_id"),
    ("vacancy", "vacancy"),
)


def staffing_context(edition: Edition, ground: Ground, *, today: dt.date, form: StyledForm | None) -> dict[str, Any]:
    """A row for each new community and grid, what is still open, and who may be chosen."""
    codes = staffing.staffed(lineage.made(ground))
    rows = {
        row.code: row
        for row in DraftStaffing.objects.filter(edition=edition).select_related(
            "party_organisation", "secretary", "leader"
        )
    }
    missing = staffing.missing(edition, ground, on=today)
    names = names_of(edition, set(codes))
    parties = _parties(ground, today)
    listed = [
        {
            "code": code,
            "name": names.get(code) or code,
            "missing": [sentence.removeprefix(f"{code}：") for sentence in missing if sentence.startswith(f"{code}：")],
            "words": _words(rows.get(code)),
            "form": form
            if form is not None and form.data.get("code") == code
            else staffing_form(code, parties, rows.get(code)),
        }
        for code in codes[:AT_ONCE]
    ]
    return {
        "staffing": listed,
        "staffing_total": len(codes),
        "staffing_missing": missing,
        "staffing_other": [it for it in missing if not any(it.startswith(f"{code}：") for code in codes)],
        "leaving": staffing.leaving(edition, ground, on=today),
        "people": _people(codes, today) if codes else [],
    }


def staffing_form(
    code: str, parties: list[PartyOrganisation], row: DraftStaffing | None = None, data: Any = None
) -> StaffingForm:
    """The form for one area, as it is staffed so far or as somebody filled it in."""
    initial = {name: getattr(row, column) or "" for name, column in FIELDS} if row else {}
    offered = [(it.code, f"{it.name} {it.code}") for it in parties if len(it.area_id or "") == len(code)]
    return StaffingForm(data, initial=initial | {"code": code}, level=len(code), parties=offered, auto_id=f"{code}-%s")


def parties_of(ground: Ground, *, today: dt.date) -> list[PartyOrganisation]:
    """Party organisations that could be carried over: those of areas that go."""
    return _parties(ground, today)


def _parties(ground: Ground, today: dt.date) -> list[PartyOrganisation]:
    return list(PartyOrganisation.objects.existing(today).filter(area__in=lineage.gone(ground)).order_by("code"))


def _words(row: DraftStaffing | None) -> str:
    if row is None:
        return ""
    party = row.party_organisation.name if row.party_organisation else row.party_name
    leader = "网格员" if len(row.code) == Level.GRID.code_length else "网格长"
    said = [
        party and f"党组织 {party}",
        row.exemption and f"暂不设党组织：{row.exemption}",
        row.secretary and f"书记 {row.secretary.name}",
        row.leader and f"{leader} {row.leader.name}",
        row.vacancy and f"暂缺人员：{row.vacancy}",
    ]
    return "；".join(it for it in said if it)


def _people(codes: list[str], today: dt.date) -> list[dict[str, str]]:
    """Those who hold a post in the towns concerned, to choose from."""
    towns = {code[: Level.TOWN.code_length] for code in codes}
    inside = Q()
    for town in towns:
        inside |= Q(area__code__startswith=town)
    held = (
        Appointment.objects.on(today)
        .filter(inside, role__in=[Role.GRID_WORKER, Role.GRID_CHIEF, Role.PARTY_SECRETARY])
        .select_related("person", "area")
        .order_by("person_id", "area_id")
    )
    people: dict[str, dict[str, str]] = {}
    for post in held[: 2 * MAX_PEOPLE]:
        said = f"{post.area.name if post.area else ''}{Role(post.role).label}"
        known = people.setdefault(post.person_id, {"code": post.person_id, "name": post.person.name, "posts": said})
        if known["posts"] != said:
            known["posts"] = f"{known['posts']}、{said}"[:60]
    return list(people.values())[:MAX_PEOPLE]
