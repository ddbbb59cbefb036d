"""Every kind of roster, in the order their rows depend on each other."""

from __future__ import annotations

from gridmap.rosters.appointments import Appointments
from gridmap.rosters.buildings import Buildings
from gridmap.rosters.organisations import Organisations
from gridmap.rosters.party_organisations import PartyOrganisations
from gridmap.rosters.people import People
from gridmap.rosters.powers import PowerGrants, Powers
from gridmap.rosters.roster import Roster
from gridmap.rosters.stationed_staff import StationedPosts

ROSTERS: dict[str, type[Roster]] = {
    roster.kind: roster
    for roster in (
        Organisations,
        People,
        Appointments,
        Buildings,
        PartyOrganisations,
        StationedPosts,
        Powers,
        PowerGrants,
    )
}
