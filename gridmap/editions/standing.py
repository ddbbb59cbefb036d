"""A draft as it stands, and the ground in force beside it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas
from gridmap.editions.attributes import COUNTS
from gridmap.models import Boundary, Edition
from gridmap.models.drafts import DraftArea
from gridmap.models.ground import Level

LENGTHS = tuple(level.code_length for level in Level)
DESCRIBED = ("kind", *COUNTS, "size_waiver")


def well_formed(code: str) -> bool:
    """Whether a code could be registered: 6, 9, 12 or 15 digits."""
    return len(code) in LENGTHS and code.isascii() and code.isdigit()


@dataclass(frozen=True)
class Held:
    """An area in force: what the registry says of it, and its boundary in CGCS2000 degrees."""

    code: str
    name: str
    kind: str
    households: int
    residents: int
    enterprises: int
    party_members: int
    size_waiver: str
    urban: bool
    area_m2: float
    shape: BaseGeometry


def in_force(scope: str, *, on: dt.date) -> dict[str, Held]:
    """The areas at and below ``scope`` with a boundary in force on that day, by code in ascending order."""
    described = [f"area__{name}" for name in ("name", *DESCRIBED, "urban")]
    rows = (
        Boundary.objects.on(on)
        .filter(area__code__startswith=scope)
        .order_by("area_id")
        .values_list("area_id", *described, "area_m2", AsWKB("geom"))
    )
    held: dict[str, Held] = {}
    for row in rows:
        said: list[Any] = [*row[:-1], shapely.from_wkb(bytes(row[-1]))]
        held[row[0]] = Held(*said)
    return held


def standing(edition: Edition) -> Areas:
    """The rows of a draft as they stand, in the order of their codes.

    A shape that the areas below draw is None, a count that the registry keeps is missing; ``table`` holds ``id`` (the
    row's key, for :func:`gridmap.editions.drafts.take_step`), ``kind``, the counts and ``size_waiver``. ``rows`` is 0
    for what came from no file.
    """
    columns = ("id", "code", "name", "row", *DESCRIBED)
    rows = list(
        DraftArea.objects.filter(edition=edition).standing().order_by("code", "id").values_list(*columns, AsWKB("geom"))
    )
    frame = pd.DataFrame([row[:-1] for row in rows], columns=list(columns))
    for count in COUNTS:
        frame[count] = frame[count].astype("Int64")
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [None if row[-1] is None else shapely.from_wkb(bytes(row[-1])) for row in rows]
    return Areas(
        frame["code"].to_numpy(dtype=object),
        frame["name"].to_numpy(dtype=object),
        shapes,
        frame["row"].fillna(0).to_numpy(dtype=np.int64),
        frame[["id", *DESCRIBED]],
        edition.source,
        _coord(edition),
    )


def _coord(edition: Edition) -> str:
    """The coordinate system of the file a draft began with."""
    began = edition.steps.order_by("pk").values_list("details", flat=True).first()
    return str(began[0]["coord"]) if began and "coord" in began[0] else "cgcs2000"


def shapes(edition: Edition) -> dict[str, BaseGeometry]:
    """Every area's shape in a draft as it stands, by code; those without one are drawn by the areas below.

    Areas with an ill-formed code are left out, and those that neither they nor any area below draws. Where a code
    stands twice, the first row counts. Nothing is promised about validity.
    """
    rows = standing(edition)
    return drawn(rows.codes, rows.shapes)


def drawn(codes: Iterable[str], given: Iterable[BaseGeometry | None]) -> dict[str, BaseGeometry]:
    """Shapes by code from rows with codes and shapes; a missing shape is the union of those below."""
    by_length: defaultdict[int, list[tuple[str, BaseGeometry | None]]] = defaultdict(list)
    for code, shape in zip(codes, given, strict=True):
        if well_formed(code):
            by_length[len(code)].append((code, shape))
    made: dict[str, BaseGeometry] = {}
    below: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    for length in reversed(LENGTHS):
        for code, shape in by_length[length]:
            whole = shape if shape is not None else union(below[code])
            if whole is None:
                continue
            made.setdefault(code, whole)
            # Of a code that stands twice both rows are ground of the area above.
            below[code[:-3]].append(whole)
    return dict(sorted(made.items()))


def union(parts: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """The ground of neighbours as one shape, or None without any.

    Along shared lines nothing is computed anew, so that what did not move stays as it is to the last bit; where
    lines do not meet (the checks say so) the parts are overlaid.
    """
    polygons = [part for part in parts if part.geom_type in ("Polygon", "MultiPolygon") and not part.is_empty]
    if not polygons:
        return None
    whole: Any = np.array(polygons, dtype=object)
    if shapely.is_valid(whole).all() and shapely.coverage_is_valid(whole):
        return shapely.coverage_union_all(whole)
    return shapely.union_all(shapely.make_valid(whole, method="structure"))
