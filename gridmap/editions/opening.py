"""Put areas and their boundaries in force: the one way they come into the registry, founded or published.

Everything here runs inside the caller's transaction and writes in a few statements whatever the number of areas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from shapely.geometry.base import BaseGeometry

from gridmap.models import Area, Boundary, Edition
from gridmap.models.ground import KEPT_TEXTS, KEPT_VALUES, Level
from gridmap.shapes import stored_multi

LEVEL_OF_LENGTH = {level.code_length: level for level in Level}
# What rounding coordinates to the centimetre leaves along a border; more is a mistake.
TOLERANCE_M2 = 1.0
# What an area of a level can be.
KINDS: dict[Level, tuple[Area.Kind, ...]] = {
    Level.DISTRICT: (Area.Kind.DISTRICT,),
    Level.TOWN: (Area.Kind.TOWN, Area.Kind.SUBDISTRICT),
    Level.COMMUNITY: (Area.Kind.COMMUNITY, Area.Kind.VILLAGE),
    Level.GRID: (Area.Kind.BASIC, Area.Kind.DEDICATED),
}
DESCRIBED = (*KEPT_TEXTS, *KEPT_VALUES)


def area_of(code: str, *, name: str, kind: str = "", **attributes: Any) -> Area:
    """An area not yet saved, its level and parent as the code says; an empty kind is read off the code too."""
    level = LEVEL_OF_LENGTH[len(code)]
    parent = code[:-3] if level is not Level.DISTRICT else None
    given = {"urban": not rural(code)} | attributes
    return Area(code=code, level=level, kind=kind or kind_of(code), name=name, parent_id=parent, **given)


def kind_of(code: str) -> str:
    """The kind the statistical code says: subdistricts below 100, villages from 200."""
    level = LEVEL_OF_LENGTH[len(code)]
    if level is Level.TOWN:
        return Area.Kind.SUBDISTRICT if code[-3:] < "100" else Area.Kind.TOWN
    if level is Level.COMMUNITY:
        return Area.Kind.VILLAGE if rural(code) else Area.Kind.COMMUNITY
    return Area.Kind.BASIC if level is Level.GRID else Area.Kind.DISTRICT


def rural(code: str) -> bool:
    """Villages have 200 and above in the NBS statistical codes, communities what is below."""
    return code[9:12] >= "200"


def register(areas: Iterable[Area]) -> None:
    """Write areas the registry does not have, parents before their children."""
    Area.objects.bulk_create(sorted(areas, key=lambda area: (len(area.code), area.code)))


def describe(areas: Iterable[Area]) -> None:
    """Write anew what the registry says of areas it has; their boundaries keep what it said before.

    Every boundary there is keeps it, not only the last one: what a past day was told holds for all of them.
    """
    changed = sorted(areas, key=lambda area: area.code)
    if not changed:
        return
    before = {area.code: area for area in Area.objects.filter(code__in=[area.code for area in changed])}
    for attribute in DESCRIBED:
        codes = [it.code for it in changed if getattr(it, attribute) != getattr(before[it.code], attribute)]
        if codes:
            _keep(attribute, codes)
    Area.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["code"], update_fields=[*DESCRIBED, "urban"]
    )


def _keep(attribute: str, codes: list[str]) -> None:
    """Let the boundaries of some areas keep what the registry says of them now, where they keep nothing yet."""
    column = f"former_{attribute}"
    nothing = f"boundary.{column} = ''" if attribute in KEPT_TEXTS else f"boundary.{column} IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE gridmap_boundary AS boundary SET {column} = area.{attribute} FROM gridmap_area AS area"  # noqa: S608
            f" WHERE area.code = boundary.area_id AND boundary.area_id = ANY(%s) AND {nothing}",
            [codes],
        )


def open_boundaries(edition: Edition, shapes: Mapping[str, BaseGeometry], *, valid_from: dt.date) -> None:
    """Put shapes (CGCS2000 degrees, by area code) in force from a day on."""
    Boundary.objects.bulk_create(
        Boundary(area_id=code, edition=edition, geom=stored_multi(shape), valid_from=valid_from)
        for code, shape in sorted(shapes.items())
    )


def close_boundaries(codes: Iterable[str], *, on: dt.date) -> None:
    """End what is in force of some areas on a day: it holds until the day before."""
    Boundary.objects.on(on).filter(area__in=list(codes)).update(valid_until=on)


def ground_taken(edition: Edition, *, valid_from: dt.date) -> str:
    """Which other district holds ground of this edition's districts from a day on, as a sentence; "" if none does.

    A point has one district.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT mine.area_id, other.area_id, area.name, shared.m2
                FROM gridmap_boundary AS mine
                JOIN gridmap_boundary AS other ON other.area_id <> mine.area_id AND other.edition_id <> mine.edition_id
                    AND (other.valid_until IS NULL OR other.valid_until > %s) AND ST_Intersects(other.geom, mine.geom)
                JOIN gridmap_area AS area ON area.code = other.area_id AND area.level = 'district'
                CROSS JOIN LATERAL (SELECT gridmap_area_m2(ST_Intersection(other.geom, mine.geom)) AS m2) AS shared
                WHERE mine.edition_id = %s AND length(mine.area_id) = 6 AND other.valid_from IS NOT NULL
                  AND shared.m2 > %s
                ORDER BY mine.area_id, other.area_id LIMIT 1""",
            (valid_from, edition.pk, TOLERANCE_M2),
        )
        found = cursor.fetchone()
    if not found:
        return ""
    mine, other, name, shared = found
    return f"{mine}：与已登记的 {other} {name} 重叠 {shared:,.0f} 平方米 (overlaps a district in force)"


def tell_planner() -> None:
    """Let the planner know at once how few boundaries cover a point; autovacuum comes a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gridmap_area, gridmap_boundary")
