"""When somebody is reminded of a limit, who has the thing in charge, and who stands above them.

Pure: no database, no clock. Exactly at a limit is in time; a moment later is overdue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import TextChoices

from cases.workflow import OPEN, VERBS, Kind, Stage, State, allowed
from gridmap.roles import Role

# Somebody who is told less than this before a limit can do little about it.
LEAST_AHEAD = dt.timedelta(hours=1)
# The shortest time the database tells apart: what is due at a moment is overdue this much later.
TICK = dt.timedelta(microseconds=1)


class NoticeKind(TextChoices):
    """What a notice is about."""

    DUE_SOON = "due_soon", "即将到期"
    OVERDUE = "overdue", "已超期"
    DISPATCHED = "dispatched", "新派件"
    ORDERED = "ordered", "新交办"
    LETTER = "letter", "新信函"
    SURVEY = "survey", "可以回访"
    ASKED = "asked", "待决定"
    DECIDED = "decided", "已决定"


# Written by time alone, and never twice about the same limit.
REMINDERS = frozenset({NoticeKind.DUE_SOON, NoticeKind.OVERDUE})


def due_soon_at(start: dt.datetime, due: dt.datetime, at: dt.datetime) -> dt.datetime:
    """The moment to remind of a limit that runs from ``start`` to ``due``, planned ``at`` a moment before it is due.

    A quarter of the time before the limit, an hour at least; but never in the first half of what is left when it is
    planned, so that a limit just given, or given anew and shorter, is not reminded of at once.
    """
    ahead = max((due - start) / 4, LEAST_AHEAD)
    return due - min(ahead, (due - at) / 2)


def next_word(
    start: dt.datetime, due: dt.datetime, at: dt.datetime, *, planned: bool
) -> tuple[NoticeKind | None, dt.datetime | None]:
    """What is to be said now about a limit, if anything, and when to look again; None when all is said.

    ``planned``: somebody has looked before, and this is the moment they chose.
    """
    if at > due:
        return NoticeKind.OVERDUE, None
    if not planned:
        return None, due_soon_at(start, due, at)
    return NoticeKind.DUE_SOON, due + TICK


@dataclass(frozen=True)
class Desk:
    """Whoever holds a role for a place: an area, or for the roles of :data:`UNITS` an organisation; by its code."""

    role: Role
    place: str

    @property
    def is_unit(self) -> bool:
        """Whether the place is an organisation."""
        return self.role in UNITS


UNITS = frozenset({Role.OFFICE_STAFF, Role.DEPARTMENT_STAFF})
# How long the code of a role's ground is, from those nearest to the ground up.
DIGITS = {
    Role.GRID_WORKER: 15,
    Role.GRID_CHIEF: 12,
    Role.CENTRE_CLERK: 9,
    Role.LEADER_IN_CHARGE: 9,
    Role.PRINCIPAL_LEADER: 9,
    Role.DISTRICT_CENTRE_STAFF: 6,
}
ABOVE = {
    Role.GRID_WORKER: Role.GRID_CHIEF,
    Role.GRID_CHIEF: Role.CENTRE_CLERK,
    Role.CENTRE_CLERK: Role.LEADER_IN_CHARGE,
    Role.OFFICE_STAFF: Role.LEADER_IN_CHARGE,
    Role.LEADER_IN_CHARGE: Role.PRINCIPAL_LEADER,
    Role.PRINCIPAL_LEADER: Role.DISTRICT_CENTRE_STAFF,
    Role.DEPARTMENT_STAFF: Role.DISTRICT_CENTRE_STAFF,
}


def desk_for(role: Role, area: str) -> Desk:
    """The desk of a role that answers for an area; the centre above it where the area is too large for the role."""
    if len(area) >= DIGITS[role]:
        return Desk(role, area[: DIGITS[role]])
    town = DIGITS[Role.CENTRE_CLERK]
    if len(area) >= town:
        return Desk(Role.CENTRE_CLERK, area[:town])
    return Desk(Role.DISTRICT_CENTRE_STAFF, area[: DIGITS[Role.DISTRICT_CENTRE_STAFF]])


def decider(kind: Kind, stage: Stage, area: str) -> Desk | None:
    """The desk that decides what somebody asked for about a case in this area; None where nothing waits any more."""
    deciding = [it for it in VERBS.values() if it.procedure == kind and stage in it.stages and it.decides]
    role = next((role for role in DIGITS for it in deciding[:1] if role in it.roles), None)
    return desk_for(role, area) if role is not None else None


def superior(desk: Desk, area: str) -> Desk | None:
    """The desk above one that works on a case in this area; None above the centre of the district."""
    role = ABOVE.get(desk.role)
    return desk_for(role, area) if role is not None else None


def in_charge(state: State, area: str, hands: Mapping[str, str], tracks: Collection[str] = ()) -> Desk | None:
    """The desk that an open case waits for; ``hands``: the code of its ``office``, where it was dispatched to one.

    None from an end, and while units or departments have it: they are reminded of what was asked of each of them.
    Where several roles may go on, the one nearest to the ground. A person who was sent is the centre's to remind.
    """
    ways = (it for it in VERBS.values() if allowed(it, state, tracks) and it.goes_to and not it.aside)
    verb = next(ways, None) if state in OPEN else None
    if verb is None or verb.only in ("unit", "department"):
        return None
    if verb.only == "office" and hands.get("office"):
        return Desk(Role.OFFICE_STAFF, hands["office"])
    nearest = next((role for role in DIGITS if role in verb.roles and not verb.only), Role.CENTRE_CLERK)
    return desk_for(nearest, area)
