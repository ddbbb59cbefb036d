"""The density of cases as the map gets it: how many, where urban ground lies, and a legend that is that of the picture."""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import Any

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.test import Client
from PIL import Image

from cases.counting import by_cell, columns_of, rows_of
from cases.deadlines import SHANGHAI
from cases.density import _urban
from cases.models import Case
from cases.models.counts import CELL_ZOOM
from geodata.crs import STORED_SRID
from gridmap.features.parameters import Filters
from gridmap.features.tile import Tile
from gridmap.models import Area, Boundary
from tests.cases.recounting import NOW
from tests.cases.sheets import ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def pixels_of(said: dict[str, Any]) -> Any:
    kind, _, text = said["image"].partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text, validate=True))).convert("RGBA"))


@pytest.mark.parametrize("query", [{}, {"category": "03", "since": "2025-02-03"}, {"channel": "patrol"}])
def test_it_counts_all_cases_and_covers_them(client: Client, query: dict[str, str]) -> None:
    said = ask(client, "density", **query)
    chosen = Case.objects.exclude(state="merged")
    chosen = chosen.filter(category__code__startswith=query.get("category", ""))
    if "since" in query:
        chosen = chosen.filter(reported_at__gte=f"{query['since']}T00:00+08:00")
    if "channel" in query:
        chosen = chosen.filter(channel=query["channel"])
    assert said["n"] == chosen.count() > 100
    assert (said["unit"], said["note"]) == ("件/平方公里", "密度图，不作检验")
    assert said["bandwidth_m"] == {"urban": 250, "rural": 800}
    west, south, east, north = said["bounds"]
    for point in chosen.values_list("public_point", flat=True):
        assert west < point.x < east
        assert south < point.y < north
    pixels = pixels_of(said)
    drawn = {tuple(it) for it in pixels[pixels[..., 3] > 0][:, :3].tolist()}
    legend = [tuple(bytes.fromhex(it["colour"][1:])) for it in said["classes"]]
    assert drawn == set(legend)
    assert [it["to"] for it in said["classes"]] == [*(it["from"] for it in said["classes"][1:]), None]


def test_urban_ground_is_that_of_the_grids(client: Client) -> None:
    """By the middle of each cell, whichever grid it lies in; outside all of them it is country."""
    cells = by_cell(Filters())
    rng = np.random.default_rng(3)
    some = rng.choice(len(cells.n), 120, replace=False)
    x, y = np.append(columns_of(cells.key)[some], 0), np.append(rows_of(cells.key)[some], 0)
    found = _urban(x, y, NOW.date())
    towns = shapely.union_all(
        shapely.from_wkt(
            [it.geom.wkt for it in Boundary.objects.on(NOW.date()).filter(area__level="grid", area__urban=True)]
        )
    )
    middles = []
    for column, row in zip(x.tolist(), y.tolist(), strict=True):
        west, south, east, north = Tile(CELL_ZOOM, column, row).box
        middles.append(shapely.Point((west + east) / 2, (south + north) / 2))
    assert found.tolist() == shapely.contains(towns, np.array(middles)).tolist()
    assert 20 < found.sum() < 120


def test_a_single_case_is_spread_as_its_ground_asks(client: Client) -> None:
    """In a town grid the spot is as wide as 250 m make it, in a village as 800 m; its middle is the case's."""
    sides = {}
    for urban in (True, False):
        grid = Area.objects.filter(level="grid", urban=urban).earliest("code")
        place = Boundary.objects.get(area=grid, valid_until=None).geom.point_on_surface
        case = Case.objects.filter(category__sensitive=False, reported_at__gte="2025-01-01T00:00+08:00").earliest("pk")
        point = Point(place.x, place.y, srid=STORED_SRID)
        alone = dt.datetime(2022, 3, 4 + urban, 12, tzinfo=SHANGHAI)
        Case.objects.filter(pk=case.pk).update(public_point=point, current_area=grid, reported_at=alone)
        said = ask(client, "density", since=f"2022-03-0{4 + urban}", until=f"2022-03-0{5 + urban}")
        assert said["n"] == 1
        pixels = pixels_of(said)
        rows, columns = np.nonzero(pixels[..., 3])
        west, south, east, north = said["bounds"]
        assert west + (columns.mean() + 0.5) / pixels.shape[1] * (east - west) == pytest.approx(place.x, abs=0.0011)
        assert north - (rows.mean() + 0.5) / pixels.shape[0] * (north - south) == pytest.approx(place.y, abs=0.0011)
        sides[urban] = np.ptp(columns)
    assert sides[False] / sides[True] == pytest.approx(800 / 250, rel=0.25)


def test_of_nothing_there_is_no_picture(client: Client) -> None:
    said = ask(client, "density", category="9")
    assert (said["n"], said["image"], said["bounds"], said["classes"]) == (0, None, None, [])
