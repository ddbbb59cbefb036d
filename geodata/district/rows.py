"""The tables of the demonstration district: one class a file, one field a column, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Area:
    """level: district, town, community, grid.

    kind: district, town, subdistrict, village, community, basic, dedicated.
    """

    code: str
    level: str
    kind: str
    name: str
    parent: str
    urban: bool
    households: int
    residents: int
    enterprises: int
    party_members: int
    complexity: int
    villager_groups: str = ""
    size_waiver: str = ""


@dataclass(frozen=True)
class Organisation:
    """kind: department, authority, office, centre, brigade, committee, district_centre."""

    code: str
    kind: str
    name: str
    area: str
    parent: str = ""
    template: str = ""


@dataclass(frozen=True)
class Person:
    code: str
    name: str
    phone: str
    party_member: bool


@dataclass(frozen=True)
class Appointment:
    """Exactly one of area and organisation is filled."""

    person: str
    role: str
    area: str
    organisation: str
    part_time: bool
    valid_from: str


@dataclass(frozen=True)
class PartyOrganisation:
    """kind: committee, general_branch, branch, group, functional. Filled: either area or building."""

    code: str
    kind: str
    name: str
    area: str
    building: str
    secretary: str
    established_on: str


@dataclass(frozen=True)
class Building:
    """kind: commercial, residential. lon, lat: stored degrees, inside the area. In the country one a villager group."""

    code: str
    kind: str
    name: str
    area: str
    lon: float
    lat: float
    address: str
    households: int = 0
    residents: int = 0


@dataclass(frozen=True)
class StationedStaff:
    """A post moved down from a department to a town; no person: vacant. mode: unified, dual, coordinated."""

    post: str
    home: str
    area: str
    person: str
    mode: str
    valid_from: str


@dataclass(frozen=True)
class Power:
    """kind: approval, service, enforcement. The guide's columns are filled for approvals and services."""

    code: str
    batch: str
    department: str
    kind: str
    name: str
    document: str
    valid_from: str
    conditions: str = ""
    basis: str = ""
    process: str = ""
    time_limit: str = ""
    contact_name: str = ""
    contact_phone: str = ""


@dataclass(frozen=True)
class PowerGrant:
    power: str
    area: str
    valid_from: str


@dataclass
class Registry:
    """All rows of the demonstration district."""

    areas: list[Area] = field(default_factory=list)
    organisations: list[Organisation] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    party_organisations: list[PartyOrganisation] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    stationed_staff: list[StationedStaff] = field(default_factory=list)
    powers: list[Power] = field(default_factory=list)
    power_grants: list[PowerGrant] = field(default_factory=list)
