"""The admin's pages: the point of a building, the map of an area, and nothing loaded from elsewhere."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cases.models import TraceEvent
from gridmap.models import Area, Building
from tests.gridmap.administration import GRID, keeper, page, refused

__all__ = ["keeper"]
pytestmark = pytest.mark.django_db
BUILDING = {"code": "N1", "kind": "commercial", "name": "新楼", "address": "某路 1 号", "area": GRID} | {
    "households": "0",
    "residents": "0",
}


def test_a_point_is_stored_as_typed(keeper: Client) -> None:
    answer = keeper.post(page(Building, "add"), BUILDING | {"point_lon": " 114.9332641", "point_lat": "25.8717549"})
    assert answer.status_code == 302
    point = Building.objects.get(code="N1").point
    assert (point.srid, point.x, point.y) == (4490, 114.9332641, 25.8717549)
    text = keeper.get(page(Building, "change", "N1")).content.decode()
    assert 'value="114.9332641"' in text
    keeper.post(page(Building, "change", "N1"), BUILDING | {"point_lon": "114.94", "point_lat": "25.87"})
    assert Building.objects.get(code="N1").point.x == 114.94


@pytest.mark.parametrize(
    ("lon", "lat", "sentence"),
    [
        ("", "", "请在地图上点出位置"),
        ("114.9", "", "经度应为 -180 至 180 的数字"),
        ("东经", "25.8", "经度应为 -180 至 180 的数字"),
        ("25.8", "114.9", "经度应为 -180 至 180 的数字"),
        ("nan", "25.8", "经度应为 -180 至 180 的数字"),
        ('"><script>', "25.8", "经度应为 -180 至 180 的数字"),
    ],
)
def test_what_is_no_point_is_refused_and_shown_again(lon: str, lat: str, sentence: str, keeper: Client) -> None:
    answer = keeper.post(page(Building, "add"), BUILDING | {"point_lon": lon, "point_lat": lat})
    refused(answer, sentence)
    assert "<script>" not in answer.content.decode().split('name="point_lon"')[1].split("</p>")[0]
    if lon == "东经":
        assert 'value="东经"' in answer.content.decode()


def test_a_map_shows_the_boundary_in_force(keeper: Client) -> None:
    text = keeper.get(page(Area, "change", GRID)).content.decode()
    assert 'data-geojson="{&quot;type&quot;:&quot;MultiPolygon&quot;' in text
    assert reverse("api-geojson", args=["areas"]) in text
    assert "openlayers" not in text.lower()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gridmap_boundary SET valid_until = '2020-01-01' WHERE area_id = %s", [GRID])
    assert "没有生效的边界" in keeper.get(page(Area, "change", GRID)).content.decode()


def test_pages_may_load_from_the_site_only(keeper: Client) -> None:
    for address in (reverse("admin:index"), page(Building, "add"), page(Area, "change", GRID)):
        answer = keeper.get(address)
        assert answer["Content-Security-Policy"].startswith("default-src 'self'")
        assert "http://" not in answer.content.decode().replace("http://www.w3.org", "")
        assert "https://" not in answer.content.decode()


def test_the_pages_carry_the_name_of_the_site(keeper: Client, settings) -> None:
    assert settings.SITE_NAME in keeper.get(reverse("admin:index")).content.decode()


def test_the_trace_speaks_as_people_do(keeper: Client) -> None:
    answer = keeper.get(page(TraceEvent, "changelist"), {"verb": "close"})
    assert {event.verb for event in answer.context["cl"].result_list} == {"close"}
    text = answer.content.decode()
    assert "核实结项" in text
    assert answer.context["cl"].result_list[0].actor.first_name in text
