"""Generate a demonstration district: real names and figures from a plan, invented ground and people."""

from __future__ import annotations

from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.district import ground, places, writing
from geodata.district.people import Roster
from geodata.district.plan import Plan, PlanUnusable, read_plan
from geodata.district.rows import Registry

__all__ = ["PlanUnusable", "compose", "generate", "read_frame", "read_plan"]


def generate(plan: Path, frame: Path, out: Path) -> list[Path]:
    """Write the district of `plan` inside `frame` into the directory `out`; returns the files' paths.

    The same plan and frame give the same bytes. Raises PlanUnusable, partition.CannotPartition and
    outlines.CoverageBroken.
    """
    district, registry = compose(read_plan(plan), read_frame(frame))
    return writing.write(out, district, registry)


def read_frame(path: Path) -> BaseGeometry:
    """Outline of the whole ground in stored degrees, from a GeoJSON file."""
    shape = shapely.union_all(shapely.get_parts(shapely.from_geojson(path.read_text(encoding="utf-8"))))
    if shape.geom_type not in ("Polygon", "MultiPolygon") or not shape.is_valid:
        raise PlanUnusable(f"{path.name}: the frame must be a valid polygon, not {shape.geom_type}")
    return shape


def compose(plan: Plan, frame: BaseGeometry) -> tuple[ground.District, Registry]:
    """Draw the ground and fill the registry, without writing anything."""
    district = ground.draw(plan, frame)
    areas = places.Figures(plan, district).areas()
    registry = Registry(
        areas=areas,
        organisations=places.organisations(plan, district.communities),
        buildings=places.buildings(plan, district.grids, areas),
    )
    Roster(plan, district, registry).fill()
    return district, registry
