"""Cells count every case once, wherever the map stands."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import Point
from django.db.models import FloatField, Func
from django.test import Client

from cases.cells import MAX_ZOOM, cells
from cases.models import Case
from geodata.crs import STORED_SRID
from gridmap.features.parameters import Filters

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("zoom", [0, 9, 12, 16, 17, MAX_ZOOM])
@pytest.mark.parametrize("state", [None, ("closed", "reported")])
def test_no_case_is_left_out_at_any_zoom(zoom: int, state: tuple[str, ...] | None, now: dt.datetime) -> None:
    chosen = Case.objects.filter(state__in=state) if state else Case.objects.all()
    counted = cells(Filters(state=state), zoom=zoom, now=now)
    assert sum(it["count"] for it in counted) == chosen.count()
    assert sum(it["open"] for it in counted) == chosen.open().count()
    assert sum(it["overdue"] for it in counted) == chosen.overdue(now).count()


def test_a_cell_is_64_pixels_and_lies_where_its_cases_do(now: dt.datetime) -> None:
    width = 360 / 2 ** (12 + 2)
    for cell in cells(Filters(), zoom=12, now=now)[:5]:
        column = int((cell["lon"] + 180) / width)
        inside = Case.objects.annotate(x=Func("public_point", function="ST_X", output_field=FloatField())).filter(
            x__gte=column * width - 180, x__lt=(column + 1) * width - 180
        )
        assert inside.count() >= cell["count"]
        assert inside.filter(public_point__dwithin=(Point(cell["lon"], cell["lat"], srid=STORED_SRID), width)).exists()


def test_the_cells_a_box_touches_are_counted_whole(now: dt.datetime) -> None:
    everywhere = cells(Filters(), zoom=13, now=now)
    fullest = everywhere[0]
    tiny = (fullest["lon"] - 1e-9, fullest["lat"] - 1e-9, fullest["lon"] + 1e-9, fullest["lat"] + 1e-9)
    assert cells(Filters(bbox=tiny), zoom=13, now=now) == [fullest]
    whole = (113.0, 25.0, 116.0, 27.0)
    assert cells(Filters(bbox=whole), zoom=13, now=now) == everywhere
    assert cells(Filters(bbox=(0, 0, 1, 1)), zoom=13, now=now) == []


def test_cells_follow_the_filters_and_keep_places_back(client: Client) -> None:
    everything = client.get("/api/v1/cases/cells", {"zoom": "12"}).json()["cells"]
    closed = client.get("/api/v1/cases/cells", {"zoom": "12", "state": "closed"}).json()["cells"]
    assert (
        sum(it["count"] for it in closed)
        == Case.objects.filter(state="closed").count()
        < sum(it["count"] for it in everything)
    )
    hidden = Case.objects.filter(category__sensitive=True).first()
    assert hidden is not None
    box = ",".join(str(hidden.public_point[i] + d) for d in (-1e-6, 1e-6) for i in (0, 1))
    found = client.get("/api/v1/cases/cells", {"zoom": "19", "bbox": box}).json()["cells"]
    together = Case.objects.filter(public_point=hidden.public_point).count()
    assert together <= sum(it["count"] for it in found) < together + 5


@pytest.mark.parametrize("zoom", ["", "20", "-1", "1.5", "x", None])
def test_a_zoom_that_is_none_is_refused_by_name(client: Client, zoom: str | None) -> None:
    answer = client.get("/api/v1/cases/cells", {} if zoom is None else {"zoom": zoom})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "zoom"
