"""Whether what is in force on a day is whole: read back from the database, inside the publication that wrote it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from geodata.comparing import square_metres
from gridmap.editions.opening import TOLERANCE_M2
from gridmap.editions.standing import LENGTHS, in_force

# About a metre: two lines closer than this were meant to be one.
HAIRLINE_DEGREES = 0.00001
GRID = LENGTHS[-1]
# Places asked for after a publication; each is one call of the routing function.
MOST_PLACES = 300


Place = tuple[float, float]


def mismatches(shapes: Mapping[str, BaseGeometry]) -> dict[str, Place]:
    """The areas whose lines do not meet those of their level, and where (degrees); empty for whole coverages.

    They overlap, or share a line in part only, or come closer to one another than a hair without touching.
    """
    found: dict[str, Place] = {}
    for length in LENGTHS:
        level = {code: shape for code, shape in shapes.items() if len(code) == length}
        faults = shapely.coverage_invalid_edges(list(level.values()), gap_width=HAIRLINE_DEGREES)
        for code, fault in zip(level, faults, strict=True):
            if not fault.is_empty:
                x, y = shapely.get_coordinates(fault)[0]
                found[code] = (float(x), float(y))
    return found


def said_of(code: str, place: Place) -> str:
    """That an area's line does not meet its neighbours', as a sentence."""
    return f"{code}：与相邻区域重叠或界线不吻合，见 {place[0]:.6f}, {place[1]:.6f} (overlap or mismatched line)"


def unwhole(district: str, *, on: dt.date, touched: set[str], known: Collection[str] = ()) -> list[str]:
    """What is not whole in a district on a day, a sentence each.

    No two areas of a level overlap or miss each other by a hair, but for those ``known`` to; every area lies in one
    above it that is in force and, taken together, those below an area touched do not reach beyond it.
    """
    shapes = {code: area.shape for code, area in in_force(district, on=on).items()}
    said = [said_of(code, place) for code, place in mismatches(shapes).items() if code not in known][:1]
    below: defaultdict[str, list[str]] = defaultdict(list)
    for code in shapes:
        if len(code) > LENGTHS[0]:
            below[code[:-3]].append(code)
    said += [
        f"{children[0]}：上级 {code} 在 {on} 没有生效的边界 (no area above it)"
        for code, children in sorted(below.items())
        if code not in shapes
    ]
    for code, children in sorted(below.items()):
        if code in shapes and touched & {code, *children}:
            said += _beyond(code, children, shapes)
    return said


def _beyond(code: str, children: Sequence[str], shapes: Mapping[str, BaseGeometry]) -> list[str]:
    outside = {child: shapely.difference(shapes[child], shapes[code]) for child in children}
    measured = square_metres({child: ground for child, ground in outside.items() if not ground.is_empty})
    most = TOLERANCE_M2 * len(children)
    if sum(measured.values()) <= most:
        return []
    worst = max(measured, key=lambda child: measured[child])
    return [f"{worst}：有 {measured[worst]:,.0f} 平方米在上级 {code} 的边界之外 (outside its parent)"]


def unfilled(shapes: Mapping[str, BaseGeometry], codes: set[str]) -> dict[str, float]:
    """Square metres of areas that those below leave to nobody; an area without any below is whole."""
    below: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    for code, shape in shapes.items():
        if code[:-3] in codes:
            below[code[:-3]].append(shape)
    left = {
        code: shapely.difference(shapes[code], shapely.union_all(parts))
        for code, parts in below.items()
        if code in shapes
    }
    return square_metres({code: ground for code, ground in left.items() if not ground.is_empty})


def strays(shapes: Mapping[str, BaseGeometry], *, on: dt.date) -> list[str]:
    """Places that do not route to the area whose ground they are, a sentence each.

    ``shapes``: second-level grids by code, CGCS2000 degrees. One place on the surface of each is asked for, of many
    grids every n-th.
    """
    codes = sorted(shapes)
    codes = codes[:: max(1, -(-len(codes) // MOST_PLACES))]
    places = [shapely.point_on_surface(shapes[code]) for code in codes]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT place.code, place.lon, place.lat, found.area"
            " FROM unnest(%s::text[], %s::float8[], %s::float8[]) AS place (code, lon, lat)"
            " CROSS JOIN LATERAL gridmap_route(place.lon, place.lat, %s, 0) AS found"
            " WHERE found.area IS DISTINCT FROM place.code ORDER BY place.code",
            (codes, [place.x for place in places], [place.y for place in places], on),
        )
        return [
            f"{code}：{lon:.6f}, {lat:.6f} 被归入 {area or '无处'} (routed elsewhere)"
            for code, lon, lat, area in cursor.fetchall()
        ]
