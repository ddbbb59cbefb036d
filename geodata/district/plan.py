"""What the demonstration district is to be: names, codes, places, sizes and counts, read from a JSON file.

No name of a place stands in the code; another district is another plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Place = tuple[float, float]
"""Longitude and latitude in CGCS2000 degrees."""


class PlanUnusable(ValueError):
    """The plan lacks something or contradicts itself; the message says what."""


@dataclass(frozen=True)
class Unit:
    """A town or subdistrict. Centre in degrees; areas in km²: the published one and the one to be drawn."""

    code: str
    name: str
    kind: str
    centre: Place
    area_km2: float
    drawn_km2: float
    template: str
    communities: int
    villages: int
    villages_urban: bool
    urban_grids: int
    rural_grids: int
    census_residents: int
    urban_residents: int
    rural_residents: int
    commercial_buildings: int
    dedicated: tuple[str, ...]

    @property
    def urban_first_level(self) -> int:
        return self.communities + (self.villages if self.villages_urban else 0)

    @property
    def rural_first_level(self) -> int:
        return 0 if self.villages_urban else self.villages


@dataclass(frozen=True)
class Neighbour:
    """A unit run by others: it takes ground from the frame and is then dropped."""

    name: str
    centre: Place
    area_km2: float


@dataclass(frozen=True)
class River:
    name: str
    course: tuple[Place, ...]


@dataclass(frozen=True)
class Ground:
    """How fine the stones are and how much of their edge is smoothed away."""

    cells_per_grid: int
    floor_per_km2: float
    urban_grid_km2: float
    simplify_metres: float


@dataclass(frozen=True)
class Counts:
    """Figures that must come out exactly."""

    first_level: int
    second_level: int
    grid_party_organisations: int
    grid_party_groups: int
    functional_party_organisations: int
    workers: int
    member_workers: int
    two_worker_grids: int
    size_waivers: int
    posts: int
    filled_posts: int


@dataclass(frozen=True)
class Home:
    """A department that sends staff to towns, and under which mode."""

    department: str
    posts: int
    mode: str


@dataclass(frozen=True)
class Power:
    department: str
    kind: str
    name: str
    granted: str


@dataclass(frozen=True)
class Guide:
    conditions: str
    basis: str
    process: str
    time_limits: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    seed: int
    valid_from: str
    district_code: str
    district_name: str
    ground: Ground
    units: tuple[Unit, ...]
    neighbours: tuple[Neighbour, ...]
    rivers: tuple[River, ...]
    counts: Counts
    size_waiver_reasons: tuple[str, ...]
    templates: Mapping[str, tuple[str, ...]]
    unit_organisations: Mapping[str, str]
    district_centre: str
    party: Mapping[str, str]
    departments: tuple[str, ...]
    hosts: tuple[str, ...]
    homes: tuple[Home, ...]
    batch: str
    document: str
    some_subdistricts: tuple[str, ...]
    guide: Guide
    powers: tuple[Power, ...]
    surnames: str
    invented: str
    phone_prefix: str


def read_plan(path: Path) -> Plan:
    """Read and check a plan; raises PlanUnusable with the reason."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    try:
        plan = _plan(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise PlanUnusable(f"{path.name}: {type(error).__name__}: {error}") from error
    _check(plan)
    return plan


def _plan(raw: dict[str, Any]) -> Plan:
    powers, stationed, names = raw["powers"], raw["stationed"], raw["names"]
    return Plan(
        seed=int(raw["seed"]),
        valid_from=raw["valid_from"],
        district_code=raw["district"]["code"],
        district_name=raw["district"]["name"],
        ground=Ground(**raw["ground"]),
        units=tuple(
            Unit(**{**u, "centre": tuple(u["centre"]), "dedicated": tuple(u["dedicated"])}) for u in raw["units"]
        ),
        neighbours=tuple(Neighbour(**{**n, "centre": tuple(n["centre"])}) for n in raw["neighbours"]),
        rivers=tuple(River(r["name"], tuple((x, y) for x, y in r["course"])) for r in raw["rivers"]),
        counts=Counts(**raw["counts"]),
        size_waiver_reasons=tuple(raw["size_waiver_reasons"]),
        templates={key: tuple(offices) for key, offices in raw["templates"].items()},
        unit_organisations=dict(raw["unit_organisations"]),
        district_centre=raw["district_centre"],
        party=dict(raw["party"]),
        departments=tuple(raw["departments"]),
        hosts=tuple(stationed["hosts"]),
        homes=tuple(Home(**home) for home in stationed["homes"]),
        batch=powers["batch"],
        document=powers["document"],
        some_subdistricts=tuple(powers["some_subdistricts"]),
        guide=Guide(**{**powers["guide"], "time_limits": tuple(powers["guide"]["time_limits"])}),
        powers=tuple(Power(**power) for power in powers["list"]),
        surnames=names["surnames"],
        invented=names["invented"],
        phone_prefix=names["phone_prefix"],
    )


def _check(plan: Plan) -> None:
    counts, units = plan.counts, plan.units
    names = {unit.name for unit in units}
    sums = {
        "first_level": (counts.first_level, sum(u.communities + u.villages for u in units)),
        "second_level": (counts.second_level, sum(u.urban_grids + u.rural_grids for u in units)),
        "functional_party_organisations": (
            counts.functional_party_organisations,
            sum(u.commercial_buildings for u in units),
        ),
        "posts": (counts.posts, sum(home.posts for home in plan.homes)),
    }
    for name, (wanted, found) in sums.items():
        if wanted != found:
            raise PlanUnusable(f"{name}: {wanted} wanted, but the parts sum to {found}")
    for name in (*plan.hosts, *plan.some_subdistricts):
        if name not in names:
            raise PlanUnusable(f"no unit is named {name}")
    for department in [home.department for home in plan.homes] + [power.department for power in plan.powers]:
        if department not in plan.departments:
            raise PlanUnusable(f"no department is named {department}")
    for unit in units:
        if unit.template not in plan.templates:
            raise PlanUnusable(f"{unit.name}: no template {unit.template}")
