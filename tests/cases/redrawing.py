"""New boundaries for tests of re-routing: lines moved, grids split and merged, and put in force as an edition.

Only the rows are written that a publication leaves behind; how an edition is prepared and published has tests of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection

from geodata.crs import STORED_SRID
from gridmap.models import Area, Boundary, Edition, Lineage

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
Shapes = dict[str, shapely.Geometry]


def grids_in_force(below: str = "") -> Shapes:
    """The second-level grids in force, all of one part."""
    rows = Boundary.objects.filter(area__level="grid", valid_until=None, area__code__startswith=below)
    return {
        code: shapely.get_parts(shapely.from_wkb(bytes(geom.wkb)))[0]
        for code, geom in rows.values_list("area_id", "geom")
    }


def publish(
    after: Shapes,
    *,
    on: dt.date,
    came_from: dict[str, list[str]] | None = None,
    name: str = "测试版",
    follow: bool = True,
) -> Edition:
    """Put new shapes in force on a day: codes that are new become areas, codes that are missing are closed.

    ``after`` holds all grids of the towns it touches. Areas above follow where what their grids cover has changed, unless told not to.
    ``came_from`` gives the predecessors of a code.
    """
    noon = dt.datetime.combine(on, dt.time(12), SHANGHAI)
    edition = Edition.objects.create(
        name=name, state="published", valid_from=on, created_at=noon, published_at=noon, source="测试"
    )
    before = {code: shape for town in {code[:9] for code in after} for code, shape in grids_in_force(town).items()}
    _make_areas(sorted(set(after) - set(before)))
    changed = {
        code for code in before | after if code not in before or code not in after or before[code] != after[code]
    }
    drawn: Shapes = {code: after[code] for code in changed & set(after)}
    closed = changed & set(before)
    for above in sorted({code[:length] for code in changed for length in (12, 9) if follow}):
        if not _union(before, above).equals(_union(after, above)):
            drawn[above] = _union(after, above)
            closed.add(above)
    Boundary.objects.filter(area__in=closed, valid_until=None).update(valid_until=on)
    Boundary.objects.bulk_create(
        Boundary(area_id=code, edition=edition, geom=_multi(shape), valid_from=on) for code, shape in drawn.items()
    )
    for successor, predecessors in (came_from or {}).items():
        for predecessor in predecessors:
            Lineage.objects.create(edition=edition, kind="split", predecessor_id=predecessor, successor_id=successor)
    return edition


def _make_areas(codes: list[str]) -> None:
    for code in codes:
        Area.objects.create(code=code, level="grid", kind="basic", name=f"新网格{code[-3:]}", parent_id=code[:12])


def _union(shapes: Shapes, above: str) -> shapely.Geometry:
    return shapely.union_all([shape for code, shape in shapes.items() if code.startswith(above)])


def _multi(shape: shapely.Geometry) -> MultiPolygon:
    geom = GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=STORED_SRID)
    return geom if isinstance(geom, MultiPolygon) else MultiPolygon(geom, srid=STORED_SRID)


def halves(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """Cut upright through the middle."""
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    return [shape & shapely.box(west, south, middle, north), shape & shapely.box(middle, south, east, north)]


def cut_in_two(grid: str, new: str) -> tuple[Shapes, Shapes]:
    """A town's grids with one cut in two, and the two parts."""
    after = grids_in_force(grid[:9])
    first, second = halves(after[grid])
    return after | {grid: first, new: second}, {grid: first, new: second}


# ---- redrawing at random; every line stays shared to the last bit ----------------------------------------------


def redrawn(
    shapes: Shapes, random: np.random.Generator, *, moves: int = 12, splits: int = 2, merges: int = 2
) -> Shapes:
    """Move corners, split grids and merge neighbours of one community, at random."""
    after = dict(shapes)
    for _ in range(moves):
        after = _moved(after, random)
    for _ in range(merges):
        after = _merged(after, random)
    for _ in range(splits):
        after = _split(after, random)
    return after


def _moved(shapes: Shapes, random: np.random.Generator) -> Shapes:
    """One corner that three grids or more share goes up to some 60 m elsewhere, in all of them."""
    owners: defaultdict[tuple[float, float], list[str]] = defaultdict(list)
    for code, shape in shapes.items():
        for corner in {tuple(xy) for xy in shapely.get_coordinates(shape).tolist()}:
            owners[corner[0], corner[1]].append(code)
    shared = sorted(corner for corner, codes in owners.items() if len(codes) > 2)
    for index in random.permutation(len(shared)):
        old = shared[index]
        new = np.array(old) + random.uniform(-0.0006, 0.0006, 2)

        def carry(xy: np.ndarray, old: tuple[float, float] = old, new: np.ndarray = new) -> np.ndarray:
            xy[(xy == old).all(axis=1)] = new
            return xy

        moved = {code: shapely.transform(shapes[code], carry) for code in owners[old]}
        whole = shapely.union_all([shapes[code] for code in moved])
        if all(shape.is_valid for shape in moved.values()) and shapely.union_all(list(moved.values())).equals(whole):
            return shapes | moved
    return shapes


def _merged(shapes: Shapes, random: np.random.Generator) -> Shapes:
    codes = sorted(shapes)
    for index in random.permutation(len(codes)):
        kept = codes[index]
        for other in codes:
            if other[:12] == kept[:12] and other != kept:
                joined = shapely.union_all([shapes[kept], shapes[other]])
                if joined.geom_type == "Polygon" and not joined.interiors:
                    rest = {code: shape for code, shape in shapes.items() if code not in (kept, other)}
                    return rest | {kept: joined}
    return shapes


def _split(shapes: Shapes, random: np.random.Generator) -> Shapes:
    codes = sorted(shapes)
    for index in random.permutation(len(codes)):
        code = codes[index]
        ring = shapely.get_coordinates(shapes[code].exterior)[:-1]
        for _ in range(20):
            i, j = sorted(random.choice(len(ring), 2, replace=False).tolist())
            chord = shapely.LineString(ring[[i, j]])
            parts = [np.vstack([ring[i : j + 1]]), np.vstack([ring[j:], ring[: i + 1]])]
            if min(map(len, parts)) < 3 or not shapes[code].contains(chord):
                continue
            first, second = map(shapely.Polygon, parts)
            if first.is_valid and second.is_valid and first.area > 0 and second.area > 0:
                return shapes | {code: first, _free(code[:12], shapes): second}
    return shapes


def _free(community: str, shapes: Shapes) -> str:
    taken = set(Area.objects.filter(parent=community).values_list("code", flat=True)) | set(shapes)
    return next(code for number in range(900, 1000) if (code := f"{community}{number}") not in taken)


def run(statement: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []
