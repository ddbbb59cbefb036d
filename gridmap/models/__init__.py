"""The registry: ground, organisations, people and powers."""

from gridmap.models.drafts import DraftArea, DraftFinding, DraftLineage, DraftStaffing, DraftStep
from gridmap.models.ground import Area, Boundary, Edition, Lineage, River
from gridmap.models.organisations import Building, FormerSeat, Organisation, PartyOrganisation
from gridmap.models.people import Appointment, Person, StationedStaff
from gridmap.models.powers import DelegatedPower, PowerGrant, ServiceGuide
from gridmap.models.rosters import RosterImport
from gridmap.models.versions import DataVersion

__all__ = [
    "Appointment",
    "Area",
    "Boundary",
    "Building",
    "DataVersion",
    "DelegatedPower",
    "DraftArea",
    "DraftFinding",
    "DraftLineage",
    "DraftStaffing",
    "DraftStep",
    "Edition",
    "FormerSeat",
    "Lineage",
    "Organisation",
    "PartyOrganisation",
    "Person",
    "PowerGrant",
    "River",
    "RosterImport",
    "ServiceGuide",
    "StationedStaff",
]
