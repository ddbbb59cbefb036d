"""The ground an edition redrew: which cases it can concern, and where they lie on the day it came into force.

The answer for a place changes only where the ground changed hands, and near that where no grid covers it. So only
cases there are looked at, and those whose public point stands for a redrawn area. Those that a grid covers are found
by the bulk router, exactly and with the same tie rule as the database; the few on no grid are asked of the database
itself, and those placed by hand stay where somebody put them as long as that area is there.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.db.models import Q
from numpy.typing import NDArray

from geodata.crs import STORED_SRID
from geodata.routing.router import Router
from gridmap.models import Area, Boundary, Edition
from gridmap.models.ground import Level
from gridmap.routing import Method

Floats = NDArray[np.float64]
Codes = NDArray[np.bytes_]
"""Area codes as ASCII bytes, so that whole columns compare at once."""

# As far as gridmap_route looks for the nearest grid (200 m), and a little more.
REACH_DEGREES = 200 * 1.02 / 110_500
# About a metre: more than rounding can move a line by, whatever overlays leave out.
MARGIN_DEGREES = 1e-5
OUTWARDS = np.array([-1, -1, 1, 1])
MOST_BOXES = 128

# A row of COPY … (FORMAT binary): the number of columns, then each column's length before its value.
ROW = np.dtype(
    [
        ("columns", ">i2"),
        *(
            part
            for name, kind in (
                ("pk", ">i8"),
                ("lon", ">f8"),
                ("lat", ">f8"),
                ("area", "S15"),
                ("by_hand", "?"),
                ("kept_back", "?"),
            )
            for part in ((f"{name}_length", ">i4"), (name, kind))
        ),
    ]
)
HEADER, TRAILER = 19, 2
GRID_DIGITS = Level.GRID.code_length

# By hand: placed there by somebody. Kept back: everybody sees a point that stands for the whole area.
COLUMNS = f"""
    cases_case.id, ST_X(point), ST_Y(point), rpad(current_area_id, 15),
    route_method = '{Method.MANUAL}', category.sensitive OR NOT ST_Equals(public_point, point)
"""
ON_NO_GRID = """
SELECT cases_case.id, found.area
FROM cases_case, LATERAL gridmap_route(ST_X(point), ST_Y(point), %s, 0) AS found
WHERE cases_case.id = ANY(%s) AND found.area IS NOT NULL
"""
# Down the line of succession to areas in force: the one that covers the place, else the nearest.
HEIRS = """
WITH RECURSIVE heir (case_id, code) AS (
    SELECT id, current_area_id FROM cases_case WHERE id = ANY(%(cases)s)
    UNION
    SELECT heir.case_id, lineage.successor_id
    FROM heir JOIN gridmap_lineage AS lineage ON lineage.predecessor_id = heir.code
    JOIN gridmap_edition AS edition ON edition.id = lineage.edition_id
    WHERE edition.state = 'published' AND edition.valid_from <= %(on)s
)
SELECT DISTINCT ON (heir.case_id) heir.case_id, heir.code
FROM heir JOIN cases_case ON cases_case.id = heir.case_id
JOIN gridmap_boundary AS boundary ON boundary.area_id = heir.code
    AND gridmap_in_force(boundary.valid_from, boundary.valid_until, %(on)s),
    LATERAL (SELECT gridmap_metres_srid(ST_X(point), ST_Y(point)) AS srid) AS plane
ORDER BY heir.case_id, ST_Covers(boundary.geom, point) DESC,
         ST_Distance(ST_Transform(boundary.geom, plane.srid), ST_Transform(point, plane.srid)), heir.code
"""


@dataclass(frozen=True)
class Pulled:
    """Cases as they were when they were read; every column has shape (n,), ascending by ``pk``.

    ``lon``, ``lat``: CGCS2000 degrees. ``area``: the current one. ``by_hand`` and ``kept_back`` as in `COLUMNS`.
    """

    pk: NDArray[np.int64]
    lon: Floats
    lat: Floats
    area: Codes
    by_hand: NDArray[np.bool_]
    kept_back: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pk)

    def part(self, rows: slice) -> Pulled:
        """Some of the rows."""
        return Pulled(*(column[rows] for column in vars(self).values()))


@dataclass(frozen=True)
class Redrawing:
    """An area's shapes before and after an edition: none where it is new or gone."""

    code: str
    is_grid: bool
    before: list[shapely.Geometry] = field(default_factory=list)
    after: list[shapely.Geometry] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Drawn as before, to the last bit."""
        if len(self.before) != 1 or len(self.after) != 1:
            return False
        return bool(shapely.equals_exact(self.before[0], self.after[0], 0.0))

    def gained_and_lost(self) -> shapely.Geometry:
        """The ground that was its own before or after, but not both."""
        return shapely.symmetric_difference(shapely.union_all(self.before), shapely.union_all(self.after))


class Redrawn:
    """What an edition changed, and where cases lie on a day ``on`` when it is in force."""

    def __init__(self, edition: Edition, *, on: dt.date, reported_before: dt.datetime) -> None:
        self.on = on
        self.reported_before = reported_before
        areas = _changed(edition)
        self.opened = _codes(it.code for it in areas if it.after)
        closed = {it.code for it in areas if it.before}
        kept = Boundary.objects.filter(Q(valid_until=None) | Q(valid_until__gt=on), area__in=closed)
        self.gone = _codes(closed - set(kept.values_list("area_id", flat=True)))
        self.boxes = _boxes(areas, on)
        self._router = Router.of(*_grids_in_force(self.boxes, on))

    def cases(self, *, after: int, limit: int) -> Pulled:
        """The next cases that the edition can concern, in the order of their keys."""
        statement = f"""
            SELECT {COLUMNS}
            FROM cases_case JOIN cases_category AS category ON category.code = cases_case.category_id
            WHERE {self._concerned()} AND cases_case.id > {after:d} ORDER BY cases_case.id LIMIT {limit:d}
        """  # noqa: S608
        copied = io.BytesIO()
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT binary)", copied)
        return _pulled(copied.getbuffer()[HEADER:-TRAILER])

    def count(self) -> int:
        """How many cases the edition can concern."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM cases_case WHERE {self._concerned()}")  # noqa: S608
            (found,) = cursor.fetchone()
        return int(found)

    def _concerned(self) -> str:
        """A condition in SQL: where the answer may be another, in an area above or gone, or kept back in a redrawn one."""
        boxes = "".join(f"point && {box} OR " for box in _envelopes(self.boxes))
        above = Area.objects.filter(level__in=["district", "town"]).values_list("code", flat=True)
        return f"""({boxes}current_area_id = ANY ({_array([*above, *texts(self.gone)])})
            OR current_area_id = ANY ({_array(texts(self.opened))}) AND NOT ST_Equals(public_point, point))
            AND reported_at < '{self.reported_before.isoformat()}'"""

    def areas_of(self, cases: Pulled) -> Codes:
        """The area of each case on that day, shape (n,)."""
        areas = cases.area.copy()
        # The router knows all grids about the boxes, and beyond them only some: there a grid's case stays.
        routable = ~cases.by_hand & _within(self.boxes, cases.lon, cases.lat)
        near = np.flatnonzero(routable)
        routed = self._router.route(cases.lon[near], cases.lat[near])
        covered = routed.area >= 0
        areas[near[covered]] = _column(self._router.codes)[routed.area[covered]]
        unknown = ~cases.by_hand & (routable | (np.char.str_len(areas) < GRID_DIGITS) | np.isin(areas, self.gone))
        unknown[near[covered]] = False
        self._ask(areas, cases, unknown, ON_NO_GRID, lambda keys: (self.on, keys))
        orphaned = cases.by_hand & np.isin(areas, self.gone)
        self._ask(areas, cases, orphaned, HEIRS, lambda keys: {"on": self.on, "cases": keys})
        # Nothing came after it: where the place lies is all there is to go by.
        alone = cases.by_hand & np.isin(areas, self.gone)
        self._ask(areas, cases, alone, ON_NO_GRID, lambda keys: (self.on, keys))
        return areas

    def _ask(self, areas: Codes, cases: Pulled, which: NDArray[np.bool_], statement: str, values: Any) -> None:
        """Fill in the areas the database finds for some of the cases."""
        if not which.any():
            return
        with connection.cursor() as cursor:
            cursor.execute(statement, values(cases.pk[which].tolist()))
            found = cursor.fetchall()
        if found:
            keys, codes = zip(*found, strict=True)
            areas[np.searchsorted(cases.pk, keys)] = _column(codes)


def _changed(edition: Edition) -> list[Redrawing]:
    """Every area the edition opened or closed a shape of, but for those that are drawn as before."""
    rows = (
        Boundary.objects.filter(Q(edition=edition, valid_from__isnull=False) | Q(valid_until=edition.valid_from))
        .order_by("area_id", "valid_from")
        .values_list("area_id", "area__level", "edition_id", "geom")
    )
    areas: dict[str, Redrawing] = {}
    for code, level, of_edition, geom in rows:
        area = areas.setdefault(code, Redrawing(code, level == "grid"))
        drawn = area.after if of_edition == edition.pk else area.before
        drawn.append(shapely.from_wkb(bytes(geom.wkb)))
    return [area for area in areas.values() if not area.same]


def _boxes(areas: Sequence[Redrawing], on: dt.date) -> Floats:
    """Boxes (west, south, east, north) in degrees, at most `MOST_BOXES`, about every place whose answer may be another.

    That is the ground grids gained or lost, and what no grid in force covers within reach of a change of whatever level.
    """
    of_grids = _bounds([area.gained_and_lost() for area in areas if area.is_grid])
    changed = np.concatenate([of_grids, _bounds([area.gained_and_lost() for area in areas if not area.is_grid])])
    bounds = np.concatenate([of_grids, _bounds([_uncovered(_outermost(changed), on)])])
    return _few(_outermost(bounds + MARGIN_DEGREES * OUTWARDS))


def _uncovered(boxes: Floats, on: dt.date) -> shapely.Geometry:
    """What no grid in force covers of the boxes, as far about them as a nearest grid is looked for."""
    if not len(boxes):
        return shapely.Polygon()
    shrunk = max(float(np.cos(np.radians(np.abs(boxes[:, [1, 3]]).max()))), 0.1)
    reach = boxes + REACH_DEGREES * OUTWARDS / np.array([shrunk, 1, shrunk, 1])
    _, grids = _grids_in_force(reach, on)
    return shapely.difference(shapely.union_all(shapely.box(*reach.T)), shapely.union_all(grids))


def _bounds(shapes: Sequence[shapely.Geometry]) -> Floats:
    """The bounds of all parts that are not empty, shape (n, 4)."""
    parts = shapely.get_parts(np.array(shapes, dtype=object))
    return shapely.bounds(parts[~shapely.is_empty(parts)]).reshape(-1, 4)


def _outermost(boxes: Floats) -> Floats:
    """The boxes that lie in no other; of equal ones the first."""
    boxes = np.unique(boxes, axis=0)
    largest = boxes[np.argsort(-(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), kind="stable")]
    kept = largest[:0]
    for box in largest:
        if not ((kept[:, :2] <= box[:2]) & (kept[:, 2:] >= box[2:])).all(axis=1).any():
            kept = np.vstack([kept, box])
    return kept


def _few(boxes: Floats) -> Floats:
    """Join neighbouring boxes until few are left: strips from west to east, each cut from south to north."""
    if len(boxes) <= MOST_BOXES:
        return boxes
    side = int(MOST_BOXES**0.5)
    across = boxes[np.argsort(boxes[:, 0], kind="stable")]
    strips = (strip[np.argsort(strip[:, 1], kind="stable")] for strip in np.array_split(across, side))
    groups = [group for strip in strips for group in np.array_split(strip, side) if len(group)]
    return np.array([np.hstack([group[:, :2].min(axis=0), group[:, 2:].max(axis=0)]) for group in groups])


def _within(boxes: Floats, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    inside = np.zeros(len(lon), dtype=bool)
    for west, south, east, north in boxes:
        inside |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _envelopes(boxes: Floats) -> list[str]:
    return [f"ST_MakeEnvelope({', '.join(map(repr, box))}, {STORED_SRID})" for box in boxes.tolist()]


def _grids_in_force(boxes: Floats, on: dt.date) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Codes and shapes of all grids in force that come near the boxes."""
    near = "".join(f" OR geom && {box}" for box in _envelopes(_few(boxes)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT area.code, ST_AsBinary(boundary.geom)
            FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
            WHERE area.level = 'grid' AND gridmap_in_force(boundary.valid_from, boundary.valid_until, %s)
              AND (false{near})
            """,  # noqa: S608
            (on,),
        )
        rows = cursor.fetchall()
    codes = np.array([code for code, _ in rows], dtype=object)
    return codes, np.array(shapely.from_wkb([bytes(shape) for _, shape in rows]), dtype=object)


def _pulled(rows: bytes | memoryview) -> Pulled:
    read = np.frombuffer(rows, dtype=ROW)
    return Pulled(
        read["pk"].astype(np.int64),
        read["lon"].astype(np.float64),
        read["lat"].astype(np.float64),
        np.char.rstrip(read["area"]).astype("S15"),
        read["by_hand"],
        read["kept_back"],
    )


def _codes(codes: Iterable[str]) -> Codes:
    return _column(sorted(codes))


def _array(codes: Iterable[str]) -> str:
    """Codes, which are digits, as an array in SQL."""
    return f"'{{{','.join(sorted(codes))}}}'"


def texts(codes: Codes) -> list[str]:
    """The codes as text."""
    texts: list[str] = codes.astype(str).tolist()
    return texts


def _column(codes: Any) -> Codes:
    return np.array(codes, dtype="S15")
