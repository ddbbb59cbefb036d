"""Drafts for the tests: who prepares, who approves, and a whole draft ready to be approved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from geodata.areas import Areas
from gridmap.editions import drafts, publishing, staffing
from gridmap.editions.differences import Ground
from gridmap.models import Appointment, DraftStaffing, Edition
from gridmap.roles import Role
from tests.gridmap import redrawn

AT = dt.datetime(2026, 7, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TODAY = AT.date()
DAY = dt.date(2026, 8, 1)


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
