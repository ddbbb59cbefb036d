"""Registry rows of people: all invented, with names and telephone numbers that nobody can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely

from geodata.district.ground import District, Grid
from geodata.district.places import department_code
from geodata.district.plan import Plan, PlanUnusable
from geodata.district.rows import (
    Appointment,
    PartyOrganisation,
    Person,
    Power,
    PowerGrant,
    Registry,
    StationedStaff,
)

COMMITTEE_MEMBERS = 100  # from here on a first-level party organisation is a committee, below a general branch
BUILDING_HEAD_EVERY = 5
CLERKS, DEPARTMENT_STAFF, DISTRICT_STAFF = 2, 2, 3


class Roster:
    """Takes people on, appoints them, and founds their party organisations."""

    def __init__(self, plan: Plan, district: District, registry: Registry) -> None:
        self.plan = plan
        self.district = district
        self.registry = registry
        self.rng = np.random.default_rng([plan.seed, 3])
        self.areas = {area.code: area for area in registry.areas}

    def fill(self) -> None:
        """Fill the registry's people, appointments, party organisations, stationed staff, powers, grants."""
        self._chiefs()
        first_workers = self._workers()
        self._grid_party_organisations(first_workers)
        self._functional_party_organisations()
        self._heads_and_leaders()
        self._offices()
        self._stationed()
        self._powers()

    def hire(self, member: bool) -> str:
        serial = len(self.registry.people) + 1
        surname = self.plan.surnames[serial % len(self.plan.surnames)]
        person = Person(
            code=f"P{serial:04d}",
            name=f"{surname}{self.plan.invented}{serial:04d}",
            phone=f"{self.plan.phone_prefix}{serial:04d}",
            party_member=member,
        )
        self.registry.people.append(person)
        return person.code

    def appoint(
        self, person: str, role: str, *, area: str = "", organisation: str = "", part_time: bool = False
    ) -> None:
        self.registry.appointments.append(
            Appointment(person, role, area, organisation, part_time, self.plan.valid_from)
        )

    def found(self, place: str, kind: str, name: str, secretary: str, *, building: bool = False) -> None:
        self.registry.party_organisations.append(
            PartyOrganisation(
                code=f"{place}-P",
                kind=kind,
                name=name + self.plan.party[kind],
                area="" if building else place,
                building=place if building else "",
                secretary=secretary,
                established_on=self.plan.valid_from,
            )
        )

    def _chiefs(self) -> None:
        """One chief for each first-level grid, who is the secretary of its party organisation (R16, R23)."""
        for community in self.district.communities:
            members = self.areas[community.code].party_members
            chief = self.hire(member=True)
            self.appoint(chief, "grid_chief", area=community.code)
            self.appoint(chief, "party_secretary", area=community.code)
            kind = "committee" if members >= COMMITTEE_MEMBERS else "general_branch"
            self.found(community.code, kind, community.name, chief)

    def _workers(self) -> dict[str, str]:
        """Grid workers (R24-R27), some with two grids, some two on a grid. Returns each grid's first."""
        counts = self.plan.counts
        grids = self.district.grids
        doubled = self._two_worker_grids()
        pairs = self._shared_pairs(len(grids) - counts.workers + len(doubled), doubled)
        second = {b: a for a, b in pairs}
        own = [grid.code for grid in grids if grid.code not in second]
        posts = own + doubled
        in_group = self._group_grids([code for code in own if code not in second.values()], doubled)
        members = self._members(posts, in_group)
        first: dict[str, str] = {}
        for number, code in enumerate(posts):
            worker = self.hire(member=number in members)
            self.appoint(worker, "grid_worker", area=code, part_time=code in in_group)
            first.setdefault(code, worker)
        for code, shared in second.items():
            self.appoint(first[shared], "grid_worker", area=code)
            first[code] = first[shared]
        return first

    def _two_worker_grids(self) -> list[str]:
        largest = sorted(self.district.grids, key=lambda grid: (-self.areas[grid.code].residents, grid.code))
        return sorted(grid.code for grid in largest[: self.plan.counts.two_worker_grids])

    def _shared_pairs(self, wanted: int, taken: Sequence[str]) -> list[tuple[str, str]]:
        """Pairs of grids of one community with a common border, no grid in two pairs."""
        pairs: list[tuple[str, str]] = []
        used = set(taken)
        by_community: dict[str, list[Grid]] = {}
        for grid in self.district.grids:
            by_community.setdefault(grid.community, []).append(grid)
        for number in self.rng.permutation(len(by_community)):
            if len(pairs) == wanted:
                break
            grids = by_community[sorted(by_community)[int(number)]]
            pair = next(
                (
                    (a.code, b.code)
                    for n, a in enumerate(grids)
                    for b in grids[n + 1 :]
                    if not used & {a.code, b.code} and shapely.intersection(a.polygon, b.polygon).length > 0
                ),
                None,
            )
            if pair:
                pairs.append(pair)
                used.update(pair)
        if len(pairs) < wanted:
            raise PlanUnusable(f"{wanted} workers should serve two grids; only {len(pairs)} pairs were found")
        return pairs

    def _group_grids(self, candidates: Sequence[str], doubled: Sequence[str]) -> set[str]:
        """Grids with a party group: its leader serves as a part-time worker (R25)."""
        free = [code for code in candidates if code not in doubled]
        chosen = self.rng.permutation(free)[: self.plan.counts.grid_party_groups]
        return {str(code) for code in chosen}

    def _members(self, posts: Sequence[str], in_group: set[str]) -> set[int]:
        """Which workers are party members: all part-time ones, the rest drawn (R27)."""
        certain = {number for number, code in enumerate(posts) if code in in_group}
        others = [number for number in range(len(posts)) if number not in certain]
        more = self.rng.permutation(others)[: self.plan.counts.member_workers - len(certain)]
        return certain | {int(number) for number in more}

    def _grid_party_organisations(self, first_workers: dict[str, str]) -> None:
        """A branch or a group on the planned number of grids, never two on one (R16, R20, R22)."""
        member = {person.code: person.party_member for person in self.registry.people}
        groups = {row.area for row in self.registry.appointments if row.part_time}
        others = [grid.code for grid in self.district.grids if grid.code not in groups]
        wanted = self.plan.counts.grid_party_organisations - len(groups)
        chosen = groups | {str(code) for code in self.rng.permutation(others)[:wanted]}
        busy: set[str] = set()
        for code in sorted(chosen):
            secretary = first_workers[code]
            if not member[secretary] or secretary in busy:
                secretary = self.hire(member=True)
            busy.add(secretary)
            self.appoint(secretary, "party_secretary", area=code)
            self.found(code, "group" if code in groups else "branch", self.areas[code].name, secretary)

    def _functional_party_organisations(self) -> None:
        for building in self.registry.buildings:
            if building.kind == "commercial":
                self.found(building.code, "functional", building.name, self.hire(member=True), building=True)

    def _heads_and_leaders(self) -> None:
        """Building heads in some urban grids, a villagers'-group leader in every rural one (R48)."""
        basic = [self.areas[grid.code] for grid in self.district.grids if self.areas[grid.code].kind == "basic"]
        for area in [area for area in basic if area.urban][::BUILDING_HEAD_EVERY]:
            self.appoint(self._anyone(), "building_head", area=area.code)
        for area in [area for area in basic if not area.urban]:
            self.appoint(self._anyone(), "group_leader", area=area.code)

    def _anyone(self) -> str:
        return self.hire(member=int(self.rng.integers(0, 3)) == 0)

    def _offices(self) -> None:
        """People of the towns and of the district: each office and department has at least one."""
        roles = {
            "authority": [("leader_in_charge", 1), ("principal_leader", 1)],
            "office": [("office_staff", 1)],
            "centre": [("centre_clerk", CLERKS)],
            "department": [("department_staff", DEPARTMENT_STAFF)],
            "district_centre": [("district_centre_staff", DISTRICT_STAFF)],
        }
        for organisation in self.registry.organisations:
            for role, number in roles.get(organisation.kind, []):
                for _ in range(number):
                    person = self.hire(member=True) if role.endswith("leader") else self._anyone()
                    self.appoint(person, role, organisation=organisation.code)

    def _stationed(self) -> None:
        """Posts moved down to the hosts in turn; vacancies spread over them evenly (R34, R37, R72)."""
        units = {unit.name: unit.code for unit in self.plan.units}
        hosts = [units[name] for name in self.plan.hosts]
        counts = self.plan.counts
        posts = [home for home in self.plan.homes for _ in range(home.posts)]
        vacant = counts.posts - counts.filled_posts
        empty = {(2 * n + 1) * counts.posts // (2 * vacant) for n in range(vacant)}
        for number, home in enumerate(posts):
            self.registry.stationed_staff.append(
                StationedStaff(
                    post=f"S{number + 1:03d}",
                    home=department_code(self.plan, home.department),
                    area=hosts[number % len(hosts)],
                    person="" if number in empty else self._anyone(),
                    mode=home.mode,
                    valid_from=self.plan.valid_from,
                )
            )

    def _powers(self) -> None:
        """Delegated powers, their guide entries and whom they are granted to (R39-R42)."""
        guide = self.plan.guide
        people = {person.code: person for person in self.registry.people}
        contacts: dict[str, Person] = {}
        for row in self.registry.appointments:
            if row.role == "department_staff":
                contacts.setdefault(row.organisation, people[row.person])
        for number, planned in enumerate(self.plan.powers):
            department = department_code(self.plan, planned.department)
            power = Power(
                code=f"Q{number + 1:03d}",
                batch=self.plan.batch,
                department=department,
                kind=planned.kind,
                name=planned.name,
                document=self.plan.document,
                valid_from=self.plan.valid_from,
            )
            if planned.kind != "enforcement":
                power = replace(
                    power,
                    conditions=guide.conditions,
                    basis=guide.basis,
                    process=guide.process,
                    time_limit=guide.time_limits[number % len(guide.time_limits)],
                    contact_name=contacts[department].name,
                    contact_phone=contacts[department].phone,
                )
            self.registry.powers.append(power)
            for unit in self.plan.units:
                some = unit.name in self.plan.some_subdistricts
                if (
                    unit.kind == "town"
                    or planned.granted == "all"
                    or (planned.granted == "towns_and_some_subdistricts" and some)
                ):
                    self.registry.power_grants.append(PowerGrant(power.code, unit.code, self.plan.valid_from))
