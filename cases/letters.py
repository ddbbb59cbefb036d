"""A letter of demand as a page to print, with a drawing of the place: no map server, no script."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.gis.db.models.functions import (
    AsSVG,
    GeomOutputGeoFunc,
    Intersection,
    PointOnSurface,
    Scale,
    Transform,
    Translate,
)
from django.contrib.gis.geos import Polygon
from django.db.models import BooleanField, ExpressionWrapper, FloatField, Func, Q, QuerySet

from cases.models import Case
from geodata.crs import metres_srid, to_metres
from gridmap.models import Boundary

WIDTH, HEIGHT = 640, 420
# Metres about the place, from side to side.
ACROSS_M = 800.0
PER_METRE = WIDTH / ACROSS_M
# A name is written where it has room: not at the edge of the drawing, and where enough of the area is seen.
MARGIN, ROOM = 80, 9_000
# No less than the drawing reaches, in degrees: what is not near is not looked at.
NEAR = 0.006


class Polygons(GeomOutputGeoFunc):
    """What a shape has of polygons; two that only touch have none in common."""

    function = "ST_CollectionExtract"

    def __init__(self, shape: Any, **extra: Any) -> None:
        super().__init__(shape, 3, **extra)


def drawing(case: Case, *, on: dt.date, above: str) -> dict[str, Any]:
    """The ground about a case, north up, for an SVG of ``WIDTH`` by ``HEIGHT``: paths and names of grids, a scale.

    Names are less ``above``, the name of the town; "" where there is no room for one. One statement, which draws too.
    """
    areas = [_area(row, above) for row in _seen(case, on=on)]
    return {"width": WIDTH, "height": HEIGHT, "areas": areas, "hundred_m": round(100 * PER_METRE)}


def _area(row: dict[str, Any], above: str) -> dict[str, Any]:
    room = row["room"] > ROOM and MARGIN < row["x"] < WIDTH - MARGIN and 16 < row["y"] < HEIGHT - 16
    name = row["area__name"].removeprefix(above) if room or row["here"] else ""
    return {"name": name, "here": row["here"], "path": row["path"], "x": round(row["x"]), "y": round(row["y"])}


def _seen(case: Case, *, on: dt.date) -> QuerySet[Boundary, Any]:
    """The second-level grids in force, as far as the drawing shows them, in its pixels.

    ``room`` is the area in square pixels, ``x`` and ``y`` a point inside, for the name.
    """
    srid = metres_srid(case.point.x, case.point.y)
    ((east,), (north,)) = to_metres([case.point.x], [case.point.y], srid)
    west, top = east - WIDTH / 2 / PER_METRE, north + HEIGHT / 2 / PER_METRE
    window = Polygon.from_bbox((west, top - HEIGHT / PER_METRE, west + ACROSS_M, top))
    window.srid = srid
    seen = Polygons(Intersection(Transform("geom", srid), window))
    # Up is still up here: AsSVG turns it over.
    placed = Scale(Translate(seen, -west, -top), PER_METRE, PER_METRE)
    return (
        Boundary.objects.on(on)
        .filter(area__level="grid", geom__bboverlaps=case.point.buffer(NEAR))
        .annotate(
            placed=placed,
            room=Func("placed", function="ST_Area", output_field=FloatField()),
            inside=PointOnSurface("placed"),
            here=ExpressionWrapper(Q(geom__intersects=case.point), output_field=BooleanField()),
            path=AsSVG("placed", precision=1),
            x=Func("inside", function="ST_X", output_field=FloatField()),
            y=-Func("inside", function="ST_Y", output_field=FloatField()),
        )
        .filter(room__gt=0)
        .order_by("area")
        .values("area__name", "here", "room", "path", "x", "y")
    )
