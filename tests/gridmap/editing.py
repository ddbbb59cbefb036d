"""Drafts for the tests: who prepares, who approves, and a whole draft ready to be approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import shapely
from django.contrib.auth.models import User

from geodata.areas import Areas, areas_of
from gridmap.editions import drafts, founding, publishing, staffing
from gridmap.editions.differences import Ground
from gridmap.editions.founding import DrawnArea
from gridmap.editions.opening import kind_of
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Building,
    DraftStaffing,
    Edition,
    Lineage,
    PartyOrganisation,
    Person,
)
from gridmap.roles import Role
from tests.gridmap import redrawn

AT = dt.datetime(2026, 7, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TODAY = AT.date()
YESTERDAY = TODAY - dt.timedelta(1)
DAY = dt.date(2026, 8, 1)
EVE = DAY - dt.timedelta(1)


@dataclass(frozen=True)
class Keepers:
    """Two of the district centre: one prepares, the other approves and publishes."""

    preparer: User
    approver: User


def keepers() -> Keepers:
    posts = (
        Appointment.objects.filter(role=Role.DISTRICT_CENTRE_STAFF).order_by("person").select_related("person__user")
    )
    first, second = [post.person.user for post in posts[:2]]
    assert first is not None
    assert second is not None
    return Keepers(first, second)


def drafted(areas: Areas | None = None, *, name: str = "新版", by: User | None = None) -> tuple[Edition, Ground]:
    """A draft from areas (the redrawn district), its lineage and staffing proposed."""
    areas = redrawn.redrawn() if areas is None else areas
    edition = drafts.begin(name, areas, on=TODAY, by=by or keepers().preparer, at=AT)
    return edition, publishing.propose(edition, on=TODAY)


def staff(edition: Edition, ground: Ground) -> None:
    """Set by hand what the proposal leaves open for the grid split off."""
    row = DraftStaffing.objects.get(edition=edition, code=redrawn.SPLIT_NEW)
    given = staffing.Staff(
        party_name="第8网格党支部",
        party_kind="branch",
        secretary=row.secretary_id or "",
        leader=row.leader_id or "",
        vacancy="" if row.secretary_id and row.leader_id else "选任中",
    )
    staffing.set_by_hand(edition, redrawn.SPLIT_NEW, given, ground=ground, by=keepers().preparer)


def approved(areas: Areas | None = None, *, name: str = "新版") -> Edition:
    """The same, staffed and approved by the second."""
    edition, ground = drafted(areas, name=name)
    staff(edition, ground)
    publishing.approve(edition, by=keepers().approver, at=AT)
    return edition


def published(areas: Areas | None = None, *, name: str = "新版", valid_from: dt.date = DAY) -> Edition:
    """The same, published."""
    edition = approved(areas, name=name)
    publishing.publish(edition, valid_from=valid_from, by=keepers().approver, at=AT)
    return edition


def refused(edition: Edition, *parts: str, **options: object) -> list[str]:
    """Publishing is refused with these words, and nothing is written."""
    with pytest.raises(publishing.Refused) as caught:
        publishing.publish(
            edition,
            **({"valid_from": DAY, "by": keepers().approver, "at": AT} | options),  # type: ignore[arg-type]
        )
    for part in parts:
        assert part in str(caught.value), caught.value.sentences
    return caught.value.sentences


def counts() -> tuple[int, ...]:
    """How much there is of everything a publication writes."""
    tables = (Area, Boundary, Lineage, Appointment, PartyOrganisation, Building)
    closed = Boundary.objects.filter(valid_until__isnull=False).count()
    return (*(it.objects.count() for it in tables), closed)


def in_force(on: dt.date, scope: str = "") -> set[str]:
    return set(Boundary.objects.on(on).filter(area__code__startswith=scope).values_list("area_id", flat=True))


# ---- a small district of squares ---------------------------------------------------------------------------------

# Far from the demonstration district; steps of about a kilometre.
WEST, SOUTH, STEP = 113.0, 30.0, 0.01
SMALL = "990001"
FOUNDED_ON = dt.date(2020, 1, 1)


def square(x: float, y: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """A rectangle in steps from the district's south-western corner."""
    return shapely.box(
        WEST + x * STEP, SOUTH + y * STEP, WEST + (x + width) * STEP, SOUTH + (y + height) * STEP, ccw=True
    )


# Two communities of one town, each of two squares in a row: A B | C D.
COMMUNITY, OTHER = f"{SMALL}001001", f"{SMALL}001002"
A, B, C, D = f"{COMMUNITY}001", f"{COMMUNITY}002", f"{OTHER}001", f"{OTHER}002"
SQUARES = {A: square(0, 0), B: square(1, 0), C: square(2, 0), D: square(3, 0)}


def small_district() -> Edition:
    """The small district founded, with a party organisation, a worker and a secretary in each grid and community."""
    names = {SMALL: "某区", f"{SMALL}001": "某街道", COMMUNITY: "甲社区", OTHER: "乙社区"}
    upper = [DrawnArea(code, name, kind_of(code)) for code, name in names.items()]
    grids = [DrawnArea(code, f"{code[-6:]}网格", "basic", shape) for code, shape in SQUARES.items()]
    edition = founding.found([*upper, *grids], name="首版", valid_from=FOUNDED_ON, at=AT)
    for code in (COMMUNITY, OTHER, *SQUARES):
        leader, secretary = (Person.objects.create(code=f"{code}-{n}", name=f"某{n}{code[-6:]}") for n in ("L", "S"))
        Appointment.objects.create(person=leader, role=staffing.LEADERS[len(code)], area_id=code, valid_from=FOUNDED_ON)
        Appointment.objects.create(person=secretary, role="party_secretary", area_id=code, valid_from=FOUNDED_ON)
        PartyOrganisation.objects.create(
            code=f"{code}-P",
            kind=staffing.PARTY_KINDS[len(code)][0],
            name=f"{code[-6:]}党组织",
            area_id=code,
            secretary=secretary,
            established_on=FOUNDED_ON,
        )
    return edition


def squares(
    shapes: Mapping[str, shapely.Geometry | None], *, name: str = "改版", on: dt.date = TODAY
) -> tuple[Edition, Ground]:
    """A draft of the small district with these areas (None: drawn by those below), named as registered or by code."""
    known = dict(Area.objects.filter(code__in=shapes).values_list("code", "name"))
    areas = areas_of(shapes, shapes.values(), [known.get(code, f"新{code[-6:]}") for code in shapes])
    edition = drafts.begin(name, areas, on=on, by=keepers().preparer, at=AT, scope=SMALL)
    return edition, publishing.propose(edition, on=on)


def named_by_code(shapes: Mapping[str, shapely.Geometry]) -> Areas:
    """Areas as a file would give them, each named by its code."""
    return areas_of(shapes, shapes.values(), [f"{code[-6:]}网格" for code in shapes])


def without(*codes: str) -> dict[str, shapely.Geometry]:
    """The squares but for some."""
    return {code: shape for code, shape in SQUARES.items() if code not in codes}


NEW = f"{COMMUNITY}011"


def split(*, name: str = "改版", on: dt.date = TODAY) -> tuple[Edition, Ground]:
    """A draft in which a part of A becomes NEW."""
    return squares(SQUARES | {A: square(0, 0, width=0.6), NEW: square(0.6, 0, width=0.4)}, name=name, on=on)


def approve(edition: Edition, ground: Ground, *, at: dt.datetime = AT) -> Edition:
    """Excuse what staffing is open, and approve."""
    staffing.excuse_all(edition, ground, reason="选任中", by=keepers().preparer)
    publishing.approve(edition, by=keepers().approver, at=at)
    return edition


def publish(
    edition: Edition, ground: Ground, *, valid_from: dt.date = DAY, at: dt.datetime = AT, **options: Any
) -> publishing.Published:
    """The same, and publish."""
    approve(edition, ground, at=at)
    return publishing.publish(edition, valid_from=valid_from, by=keepers().approver, at=at, **options)
