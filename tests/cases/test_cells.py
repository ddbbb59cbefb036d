"""Cells count every case once, wherever the map stands."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from cases.cells import CELL_PIXELS, MAX_ZOOM, cell_size, cells
from cases.models import Case

pytestmark = pytest.mark.django_db


def test_a_cell_is_64_pixels_and_halves_with_each_zoom() -> None:
    assert cell_size(0) == pytest.approx(360 * CELL_PIXELS / 256)
    assert cell_size(11) == pytest.approx(cell_size(10) / 2)


@pytest.mark.parametrize("zoom", [0, 9, 12, MAX_ZOOM])
def test_no_case_is_left_out_at_any_zoom(zoom: int, now: dt.datetime) -> None:
    counted = cells(Case.objects.all(), zoom=zoom, now=now)
    assert sum(it["count"] for it in counted) == Case.objects.count()
    assert sum(it["open"] for it in counted) == Case.objects.open().count()
    assert sum(it["overdue"] for it in counted) == Case.objects.overdue(now).count()


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
    assert sum(it["count"] for it in found) == Case.objects.filter(public_point=hidden.public_point).count()


@pytest.mark.parametrize("zoom", ["", "20", "-1", "1.5", "x", None])
def test_a_zoom_that_is_none_is_refused_by_name(client: Client, zoom: str | None) -> None:
    answer = client.get("/api/v1/cases/cells", {} if zoom is None else {"zoom": zoom})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "zoom"
