"""The drawing of a letter: the grids about the place as the database cuts them out, and where their names stand."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import shapely

from cases.letters import HEIGHT, MARGIN, ROOM, WIDTH, drawing
from cases.models import Case
from geodata.crs import metres_srid, to_metres
from gridmap.models import Area, Boundary
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WINDOW = shapely.box(0, 0, WIDTH, HEIGHT)


def outline(path: str) -> shapely.Geometry:
    """The shape that an SVG path of closed rings encloses, evenly and oddly."""
    shape: shapely.Geometry = shapely.Polygon()
    for ring in re.findall(r"M([^Z]+)Z", path):
        corners = [float(number) for number in re.findall(r"[-.\d]+", ring)]
        shape = shape ^ shapely.Polygon(list(zip(corners[::2], corners[1::2], strict=True)))
    return shape


def on_paper(boundary: Boundary, case: Case) -> shapely.Geometry:
    """What of a boundary lies in the drawing about a case, worked out corner by corner: 0.8 pixels a metre, north up."""
    srid = metres_srid(case.point.x, case.point.y)
    east, north = to_metres(case.point.x, case.point.y, srid)

    def placed(degrees: object) -> object:
        x, y = to_metres(degrees[:, 0], degrees[:, 1], srid)  # type: ignore[index]
        return shapely.get_coordinates(shapely.points(320 + 0.8 * (x - east), 210 - 0.8 * (y - north)))

    return shapely.transform(shapely.from_wkb(bytes(boundary.geom.wkb)), placed) & WINDOW


def test_every_grid_in_sight_is_drawn_where_it_lies(issued: Case, now: dt.datetime) -> None:
    drawn = [outline(it["path"]) for it in drawing(issued, on=now.date(), above="")["areas"]]
    grids = Boundary.objects.on(now.date()).filter(area__level="grid", geom__bboverlaps=issued.point.buffer(0.02))
    seen = [shape for boundary in grids.order_by("area") if not (shape := on_paper(boundary, issued)).is_empty]
    assert len(drawn) == len(seen) > 5
    # Corners are written to a tenth of a pixel.
    assert [(a ^ b).area < 0.1 * b.length for a, b in zip(drawn, seen, strict=True)] == [True] * len(seen)


def test_the_place_lies_in_the_one_grid_that_is_marked(issued: Case, cast: Cast, now: dt.datetime) -> None:
    town = Area.objects.get(code=cast.grid[:9]).name
    drawn = drawing(issued, on=now.date(), above=town)
    (here,) = [it for it in drawn["areas"] if it["here"]]
    assert town + here["name"] == Area.objects.get(code=cast.grid).name
    assert [outline(it["path"]).covers(shapely.Point(320, 210)) for it in drawn["areas"]] == [
        it["here"] for it in drawn["areas"]
    ]
    assert (drawn["width"], drawn["height"], drawn["hundred_m"]) == (640, 420, 80)


def test_a_name_stands_inside_its_grid_and_only_where_it_has_room(issued: Case, now: dt.datetime) -> None:
    drawn = drawing(issued, on=now.date(), above="")["areas"]
    for it in drawn:
        shape, spot = outline(it["path"]), shapely.Point(it["x"], it["y"])
        assert shape.distance(spot) < 1  # it is written in whole pixels
        inner = MARGIN < spot.x < WIDTH - MARGIN and 16 < spot.y < HEIGHT - 16
        assert bool(it["name"]) == (it["here"] or (inner and shape.area > ROOM))
    assert {bool(it["name"]) for it in drawn} == {True, False}
