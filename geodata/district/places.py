"""Registry rows of places: areas with their figures, organisations, buildings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.district.ground import Community, District, Grid
from geodata.district.outlines import DECIMALS
from geodata.district.plan import Plan, PlanUnusable, Unit
from geodata.district.rows import Area, Building, Organisation
from geodata.sizes import RURAL_RESIDENTS, URBAN_HOUSEHOLDS, URBAN_RESIDENTS

URBAN_SPREAD, RURAL_SPREAD = 90, 110
HOUSEHOLDS_PER_BUILDING = 70


class Figures:
    """Draws the numbers of grids; the sums of each unit come out as planned."""

    def __init__(self, plan: Plan, district: District) -> None:
        self.plan = plan
        self.rng = np.random.default_rng([plan.seed, 1])
        self.communities = {community.code: community for community in district.communities}
        self.grids = district.grids
        self.purposes = self._dedicated()
        self.waivers = self._waived()
        self.residents = {code: size for unit in plan.units for code, size in self._unit_residents(unit).items()}

    def areas(self) -> list[Area]:
        """Rows of all levels; a parent's figures are the sums of its children's."""
        grids = self._grid_rows()
        communities = [
            _summed(community.code, "community", community.kind, community.name, community.unit.code, grids)
            for community in self.communities.values()
        ]
        towns = [
            _summed(unit.code, "town", unit.kind, unit.name, self.plan.district_code, communities)
            for unit in self.plan.units
        ]
        code, name = self.plan.district_code, self.plan.district_name
        return [_summed(code, "district", "district", name, "", towns), *towns, *communities, *grids]

    def _of(self, unit: Unit) -> list[Grid]:
        return [grid for grid in self.grids if grid.code.startswith(unit.code)]

    def _dedicated(self) -> dict[str, str]:
        """Code and purpose of the dedicated grids (专属网格): the last grid of an urban community each."""
        purposes: dict[str, str] = {}
        for unit in self.plan.units:
            last = {grid.community: grid.code for grid in self._of(unit) if grid.urban}
            chosen = self.rng.permutation(sorted(last.values()))[: len(unit.dedicated)]
            purposes.update(zip((str(code) for code in chosen), unit.dedicated, strict=True))
        return purposes

    def _waived(self) -> dict[str, str]:
        """Code and reason of the urban grids that are larger than the rule allows."""
        basic = [grid.code for grid in self.grids if grid.urban and grid.code not in self.purposes]
        chosen = sorted(self.rng.permutation(basic)[: self.plan.counts.size_waivers])
        reasons = self.plan.size_waiver_reasons
        return {str(code): reasons[number % len(reasons)] for number, code in enumerate(chosen)}

    def _unit_residents(self, unit: Unit) -> dict[str, int]:
        grids = self._of(unit)
        residents = {grid.code: int(self.rng.integers(60, 150)) for grid in grids if grid.code in self.purposes}
        residents |= {grid.code: int(self.rng.integers(1010, 1190)) for grid in grids if grid.code in self.waivers}
        rest = [grid.code for grid in grids if grid.urban and grid.code not in residents]
        left = unit.urban_residents - sum(residents.values())
        residents |= self._drawn(unit, rest, left, URBAN_RESIDENTS, URBAN_SPREAD)
        rural = [grid.code for grid in grids if not grid.urban]
        return residents | self._drawn(unit, rural, unit.rural_residents, RURAL_RESIDENTS[1], RURAL_SPREAD)

    def _drawn(self, unit: Unit, codes: Sequence[str], total: int, most: int, spread: int) -> dict[str, int]:
        """Sizes around the mean that sum to `total`, none above `most`."""
        if not codes:
            return {}
        mean = total // len(codes)
        if mean >= most:
            raise PlanUnusable(f"{unit.name}: {total} residents do not fit into {len(codes)} grids of {most}")
        spread = min(spread, most - mean)
        sizes = mean + self.rng.integers(-spread, spread + 1, len(codes))
        turn = 0
        while (left := total - int(sizes.sum())) != 0:
            step = 1 if left > 0 else -1
            if sizes[turn % len(sizes)] + step <= most:
                sizes[turn % len(sizes)] += step
            turn += 1
        return dict(zip(codes, sizes.tolist(), strict=True))

    def _grid_rows(self) -> list[Area]:
        rows, groups = [], dict.fromkeys(self.communities, 0)
        for grid in self.grids:
            kind = "dedicated" if grid.code in self.purposes else "basic"
            purpose = self.purposes.get(grid.code, "")
            villager_groups = ""
            if not grid.urban:
                first = groups[grid.community] + 1
                groups[grid.community] += int(self.rng.integers(3, 6))
                villager_groups = ";".join(f"第{n}组" for n in range(first, groups[grid.community] + 1))
            residents = self.residents[grid.code]
            rows.append(
                Area(
                    code=grid.code,
                    level="grid",
                    kind=kind,
                    name=f"{grid.name}({purpose})" if purpose else grid.name,
                    parent=grid.community,
                    urban=grid.urban,
                    households=self._households(kind, grid.urban, residents),
                    residents=residents,
                    enterprises=int(self.rng.integers(8, 60) if grid.urban else self.rng.integers(0, 9)),
                    party_members=int(residents * self.rng.integers(25, 46) // 1000),
                    complexity=int(self.rng.choice([1, 1, 2, 2, 2, 3]) if grid.urban else self.rng.choice([1, 1, 2])),
                    villager_groups=villager_groups,
                    size_waiver=self.waivers.get(grid.code, ""),
                )
            )
        return rows

    def _households(self, kind: str, urban: bool, residents: int) -> int:
        if urban and kind == "basic":
            least, most = URBAN_HOUSEHOLDS
            drawn = residents * 10 // int(self.rng.integers(25, 31))
            return min(max(drawn, least + int(self.rng.integers(0, 20))), most)
        return max(1, residents * 10 // int(self.rng.integers(34, 43)))


def _summed(code: str, level: str, kind: str, name: str, parent: str, below: Sequence[Area]) -> Area:
    children = [area for area in below if area.parent == code]
    return Area(
        code=code,
        level=level,
        kind=kind,
        name=name,
        parent=parent,
        urban=2 * sum(child.urban for child in children) > len(children),
        households=sum(child.households for child in children),
        residents=sum(child.residents for child in children),
        enterprises=sum(child.enterprises for child in children),
        party_members=sum(child.party_members for child in children),
        complexity=max(child.complexity for child in children),
    )


def organisations(plan: Plan, communities: Sequence[Community]) -> list[Organisation]:
    """Departments, the district's centre, each unit's authority with offices (R29-R31), centre, brigade."""
    home, words = plan.district_code, plan.unit_organisations
    rows = [Organisation(department_code(plan, name), "department", name, home) for name in plan.departments]
    rows.append(Organisation(f"{home}-C", "district_centre", plan.district_centre, home))
    for unit in plan.units:
        top = f"{unit.code}-A"
        rows.append(Organisation(top, "authority", unit.name + words[unit.kind], unit.code, "", unit.template))
        for number, office in enumerate(plan.templates[unit.template], start=1):
            rows.append(Organisation(f"{unit.code}-O{number}", "office", unit.name + office, unit.code, top))
        rows.append(Organisation(f"{unit.code}-C", "centre", unit.name + words["centre"], unit.code, top))
        rows.append(Organisation(f"{unit.code}-B", "brigade", unit.name + words["brigade"], unit.code, top))
    for community in communities:
        name = community.name + words[f"{community.kind}_committee"]
        rows.append(Organisation(f"{community.code}-M", "committee", name, community.code, f"{community.unit.code}-A"))
    return rows


def department_code(plan: Plan, name: str) -> str:
    return f"{plan.district_code}-D{plan.departments.index(name) + 1:02d}"


def buildings(plan: Plan, grids: Sequence[Grid], areas: Sequence[Area]) -> list[Building]:
    """The commercial buildings of each unit, and where the people of every basic grid live."""
    rng = np.random.default_rng([plan.seed, 2])
    rows = {area.code: area for area in areas}
    basic = [grid for grid in grids if rows[grid.code].kind == "basic"]
    found = []
    for unit in plan.units:
        own = [grid for grid in basic if grid.code.startswith(unit.code)]
        urban = [grid.code for grid in own if grid.urban]
        commercial = [
            urban[n] for n in sorted(int(n) for n in rng.permutation(len(urban))[: unit.commercial_buildings])
        ]
        for grid in own:
            homes = _homes(grid, rows[grid.code], rng)
            found += homes
            if grid.code in commercial:
                name = f"{unit.name}{plan.invented}商务楼{commercial.index(grid.code) + 1}号"
                serial = len(homes) + 1
                lon, lat = _inside(grid.polygon, rng)
                address = f"{grid.name}{serial}号楼"
                found.append(Building(f"{grid.code}-{serial:02d}", "commercial", name, grid.code, lon, lat, address))
    return found


def _homes(grid: Grid, area: Area, rng: np.random.Generator) -> list[Building]:
    """Where a grid's people live: blocks of about 70 households in town, the villager groups in the country."""
    groups = area.villager_groups.split(";") if area.villager_groups else []
    names = groups or [f"{n}号楼" for n in range(1, max(2, round(area.households / HOUSEHOLDS_PER_BUILDING)) + 1)]
    weights = rng.uniform(0.7, 1.3, len(names))
    households, residents = _shared(area.households, weights), _shared(area.residents, weights)
    rows = []
    for serial, name in enumerate(names, start=1):
        lon, lat = _inside(grid.polygon, rng)
        address = f"{grid.name}{name}"
        row = Building(f"{grid.code}-{serial:02d}", "residential", address, grid.code, lon, lat, address)
        rows.append(replace(row, households=households[serial - 1], residents=residents[serial - 1]))
    return rows


def _shared(total: int, weights: NDArray[np.float64]) -> list[int]:
    """Whole numbers in about these proportions that sum to `total`."""
    ends = np.round(np.cumsum(weights) / weights.sum() * total).astype(int)
    return [int(part) for part in np.diff(ends, prepend=0)]


def _inside(polygon: BaseGeometry, rng: np.random.Generator) -> tuple[float, float]:
    """A point well inside: of some random points the one farthest from the outline."""
    west, south, east, north = polygon.bounds
    while True:
        points = np.round(rng.random((12, 2)) * [east - west, north - south] + [west, south], DECIMALS)
        points = points[shapely.contains_xy(polygon, points)]
        if len(points):
            away = shapely.distance(polygon.boundary, shapely.points(points))
            lon, lat = points[int(np.argmax(away))]
            return round(float(lon), DECIMALS), round(float(lat), DECIMALS)
