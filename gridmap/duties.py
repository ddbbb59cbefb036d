"""Who answers for a piece of ground, and which ground a user answers for.

The two directions of one relation: appointments in force on a day, read from the place or from the person.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from gridmap.models import Appointment, Area, Boundary, FormerSeat, Organisation, PartyOrganisation
from gridmap.models.ground import said
from gridmap.roles import Role

# Roles that see whatever happens on their ground. A department's people are not among them: they see what their
# department was asked to do.
SEE_THEIR_GROUND = frozenset(
    {
        Role.GRID_WORKER,
        Role.GRID_CHIEF,
        Role.BUILDING_HEAD,
        Role.GROUP_LEADER,
        Role.LEADER_IN_CHARGE,
        Role.PRINCIPAL_LEADER,
        Role.CENTRE_CLERK,
        Role.OFFICE_STAFF,
        Role.DISTRICT_CENTRE_STAFF,
    }
)


class PersonInPost(TypedDict):
    """Somebody as the public may know them: by name and role, with the telephone of the post."""

    name: str
    role: str
    role_name: str
    phone: str
    area: str


class Responsible(TypedDict):
    """Everybody who answers for a place."""

    people: list[PersonInPost]
    party: list[dict[str, str]]
    centre: str


def lineage_of(code: str) -> list[str]:
    """The code and those of all areas above it, from the district down."""
    return [code[:length] for length in (6, 9, 12, 15) if length <= len(code)]


def path_of(code: str, *, on: dt.date | None = None) -> list[dict[str, str]]:
    """The areas from the district down to this one, as ``{code, name, level}``; with a day, by their names then."""
    areas = list(Area.objects.filter(code__in=lineage_of(code)).order_by("code"))
    names = {area.code: area.name for area in areas} | (names_of([area.code for area in areas], on=on) if on else {})
    return [{"code": area.code, "name": names[area.code], "level": area.level} for area in areas]


def names_of(codes: Iterable[str], *, on: dt.date) -> dict[str, str]:
    """What areas in force on a day were called then, by code."""
    rows = Boundary.objects.on(on).filter(area__in=list(codes))
    return dict(rows.annotate(said_name=said("name")).values_list("area_id", "said_name"))


def responsible_for(code: str, *, on: dt.date) -> Responsible:
    """Second-level workers, grid chief, party organisation and street centre of an area on a day."""
    line = lineage_of(code)
    held = (
        Appointment.objects.on(on)
        .filter(area__in=line, role__in=[Role.GRID_WORKER, Role.GRID_CHIEF])
        .select_related("person")
        .order_by("-area", "role", "part_time", "person")
    )
    people: list[PersonInPost] = [
        {
            "name": post.person.name,
            "role": post.role,
            "role_name": Role(post.role).label,
            "phone": post.person.phone,
            "area": post.area_id or "",
        }
        for post in held
    ]
    party = seated(PartyOrganisation.objects.existing(on), line[2:], on=on)
    centres = [Organisation.Kind.CENTRE, Organisation.Kind.DISTRICT_CENTRE]
    centre = seated(Organisation.objects.filter(kind__in=centres), line[:2], on=on)
    return {
        "people": people,
        "party": [{"code": it.code, "name": it.name, "kind": it.get_kind_display()} for it in party],
        "centre": next((it.name for it in centre), ""),
    }


_Seated = TypeVar("_Seated", Organisation, PartyOrganisation)


def seated(rows: QuerySet[_Seated], codes: list[str], *, on: dt.date) -> QuerySet[_Seated]:
    """Those of some organisations that stood in one of these areas on a day, the lowest level first.

    Where they stand now they stood then too, unless they have moved since: the first move after that day says where.
    """
    mover = "organisation" if rows.model is Organisation else "party_organisation"
    moves = FormerSeat.objects.filter(until__gt=on)
    first = moves.filter(**{mover: OuterRef("pk")}).order_by("until").values("area")[:1]
    # Few could have stood there: asked by index before the moves of each are looked up.
    perhaps = rows.filter(Q(area__in=codes) | Q(pk__in=moves.filter(area__in=codes).values(mover)))
    return (
        perhaps.annotate(seat=Coalesce(Subquery(first), F("area_id"), output_field=CharField()))
        .filter(seat__in=codes)
        .order_by("-seat", "code")
    )


@dataclass(frozen=True)
class Standing:
    """What a user is on a day: the areas (code prefixes) each role holds for, and the organisations behind them.

    ``names`` of the areas and organisations appointed to, by code.
    """

    grounds: dict[Role, frozenset[str]] = field(default_factory=dict)
    organisations: dict[Role, frozenset[str]] = field(default_factory=dict)
    everything: bool = False
    names: dict[str, str] = field(default_factory=dict, compare=False)

    def holds(self, role: Role, code: str) -> bool:
        """Whether the user has this role for the area or one above it."""
        return any(code.startswith(prefix) for prefix in self.grounds.get(role, ()))

    def role_among(self, roles: frozenset[Role], code: str) -> Role | None:
        """The first of these roles that the user has for the area, or None."""
        return next((role for role in sorted(roles) if self.holds(role, code)), None)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The code prefixes of all ground the user may see, none inside another."""
        seen = {code for role, codes in self.grounds.items() if role in SEE_THEIR_GROUND for code in codes}
        kept: list[str] = []
        for prefix in sorted(seen):
            if not kept or not prefix.startswith(kept[-1]):
                kept.append(prefix)
        return tuple(kept)

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held."""
        return frozenset(self.grounds)


NOBODY = Standing()


def standing_of(user: AbstractBaseUser | AnonymousUser, *, on: dt.date) -> Standing:
    """Read what a user is on a day; anonymous callers and users without a post are nobody."""
    if not user.is_authenticated:
        return NOBODY
    held = (
        Appointment.objects.on(on)
        .filter(person__user_id=user.pk)
        .values_list("role", "area_id", "area__name", "organisation_id", "organisation__name", "organisation__area_id")
    )
    everything = bool(getattr(user, "is_superuser", False))
    return _standing(held, everything=everything)


def standing_for(request: HttpRequest) -> Standing:
    """What the one who asks is today; read once a request, however many parts of it want to know."""
    standing: Standing | None = getattr(request, "standing", None)
    if standing is None:
        standing = standing_of(request.user, on=timezone.localdate())
        request.standing = standing  # type: ignore[attr-defined]
    return standing


def _standing(held: Iterable[tuple[Any, ...]], *, everything: bool) -> Standing:
    grounds: defaultdict[Role, set[str]] = defaultdict(set)
    organisations: defaultdict[Role, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for role, area, area_name, organisation, organisation_name, organisation_area in held:
        if code := area or organisation_area:
            grounds[Role(role)].add(code)
        if organisation:
            organisations[Role(role)].add(organisation)
        names |= {code: name for code, name in ((area, area_name), (organisation, organisation_name)) if code}
    return Standing(
        {role: frozenset(codes) for role, codes in grounds.items()},
        {role: frozenset(codes) for role, codes in organisations.items()},
        everything or Role.DISTRICT_CENTRE_STAFF in grounds,
        names,
    )
