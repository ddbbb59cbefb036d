"""Vector tiles: what is in them, what they are described as, and when they are sent again."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from django.db.models import F
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from gridmap.duties import NOBODY
from gridmap.features import answering
from gridmap.features.areas import AREAS, registered_ground
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters
from gridmap.features.tile import BUFFER, EXTENT, QUADKEY_ZOOM, Tile, tile_at
from gridmap.features.tiles import MAX_ZOOM, MEDIA_TYPE, features_of, tile_bytes, tile_layer, tile_layers
from gridmap.models import Area, Boundary
from gridmap.problems import NotFound
from tests.conftest import Cast
from tests.tiling import decoded, features, path, share, tile_of, units

pytestmark = pytest.mark.django_db

DISTRICT = Tile(9, 419, 217)


@pytest.fixture
def inside(cast: Cast) -> tuple[float, float]:
    """A place well inside the cast's grid."""
    point = Boundary.objects.get(area=cast.grid).geom.point_on_surface
    return point.x, point.y


# ---- where tiles are -----------------------------------------------------------------------------------------------


@given(st.integers(0, MAX_ZOOM), st.floats(-179.99, 179.99), st.floats(-85, 85))
def test_a_place_lies_in_the_box_of_its_tile(z: int, lon: float, lat: float) -> None:
    west, south, east, north = tile_of(lon, lat, z).box
    slack = 1e-9
    assert west - slack <= lon <= east + slack
    assert south - slack <= lat <= north + slack


def test_the_whole_map_is_one_tile_and_each_is_four_of_the_next_zoom() -> None:
    assert Tile(0, 0, 0).box == pytest.approx((-180, -85.0511287798066, 180, 85.0511287798066))
    assert Tile(0, 0, 0).quadkeys == (0, 4**QUADKEY_ZOOM - 1)


@given(st.integers(0, MAX_ZOOM).flatmap(lambda z: st.tuples(st.just(z), *[st.integers(0, 2**z - 1)] * 2)))
def test_the_quadkeys_of_a_tile_are_those_of_its_four_parts_without_gap_or_overlap(
    numbers: tuple[int, int, int],
) -> None:
    z, x, y = numbers
    first, last = Tile(z, x, y).quadkeys
    for part in (Tile(z + 1, 2 * x + east, 2 * y + south) for south in (0, 1) for east in (0, 1)):
        assert part.quadkeys[0] == first
        first = part.quadkeys[1] + 1
    assert first == last + 1


@pytest.mark.parametrize(
    "numbers", [(0, 1, 0), (0, 0, 1), (9, 512, 0), (9, 0, 512), (MAX_ZOOM + 1, 0, 0), (10**9, 0, 0), (5, 10**30, 0)]
)
def test_there_is_no_tile_beyond_the_edge_of_the_map(client: Client, numbers: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound):
        tile_at(*numbers, maxzoom=MAX_ZOOM)
    refused = client.get("/tiles/areas/{}/{}/{}.mvt".format(*numbers))
    assert refused.status_code == 404
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "zoom" in refused.json()["detail"]


# ---- areas -----------------------------------------------------------------------------------------------------------


def codes(client: Client, tile: Tile, **query: str) -> set[str]:
    return {it["properties"]["code"] for it in features(client, "areas", tile, **query)}


def test_levels_come_by_zoom(client: Client, inside: tuple[float, float]) -> None:
    levels = {
        z: {it["properties"]["level"] for it in features(client, "areas", tile_of(*inside, z))} for z in range(9, 15)
    }
    towns = {"district", "town"}
    assert levels == {
        9: towns,
        10: towns,
        11: towns | {"community"},
        12: towns | {"community"},
        13: towns | {"community", "grid"},
        14: towns | {"community", "grid"},
    }


def test_a_level_asked_for_is_drawn_at_every_zoom(client: Client) -> None:
    west, south, east, north = Boundary.objects.get(area="360702").geom.extent
    columns = (tile_of(west, north, 9), tile_of(east, south, 9))
    seen: set[str] = set()
    for x in range(columns[0].x, columns[1].x + 1):
        for y in range(columns[0].y, columns[1].y + 1):
            seen |= codes(client, Tile(9, x, y), level="grid")
    assert seen == set(Area.objects.filter(level="grid").values_list("code", flat=True))


def test_areas_tell_what_the_collection_tells(client: Client, inside: tuple[float, float], cast: Cast) -> None:
    tile = tile_of(*inside, 14)
    assert set(tile_layer("areas").fields) == set(AREAS.properties)
    shown = client.get(f"/api/v1/areas.geojson?area={cast.grid}").json()["features"][0]["properties"]
    [drawn] = [it for it in features(client, "areas", tile) if it["properties"]["code"] == cast.grid]
    assert drawn["properties"] == {name: value for name, value in shown.items() if value is not None}


def test_shapes_lie_where_the_collection_draws_them(client: Client, inside: tuple[float, float]) -> None:
    """Cut off at the buffer, and to the unit of the tile."""
    tile = tile_of(*inside, 13)
    whole = {
        it["id"]: shapely.from_geojson(json.dumps(it["geometry"]))
        for it in client.get("/api/v1/areas.geojson").json()["features"]
    }
    edge = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    drawn = features(client, "areas", tile)
    for it in drawn:
        shape = shapely.transform(
            whole[it["properties"]["code"]], lambda rows: [units(lon, lat, tile) for lon, lat in rows]
        )
        expected = shapely.intersection(shape, edge)
        got = shapely.from_geojson(json.dumps(it["geometry"]))
        assert shapely.symmetric_difference(got, expected).area <= 1.5 * expected.length, it["properties"]["code"]
    met = {
        code
        for code, shape in whole.items()
        if shapely.intersects(shapely.transform(shape, lambda rows: [units(*row, tile) for row in rows]), edge)
    }
    assert met == {it["properties"]["code"] for it in drawn}


def test_areas_are_those_in_force_on_the_day(client: Client, inside: tuple[float, float], cast: Cast) -> None:
    change = dt.date(2026, 7, 1)
    Boundary.objects.filter(area=cast.grid).update(valid_until=change)
    tile = tile_of(*inside, 14)
    assert cast.grid in codes(client, tile, on="2026-06-30")
    assert cast.grid not in codes(client, tile, on="2026-07-01")
    assert codes(client, tile, on="2026-07-01", gone="true") == {cast.grid}
    assert codes(client, tile, area=cast.grid, on="2026-06-30") == {cast.grid}
    assert codes(client, tile, on="1999-01-01") == set()


def test_gdal_reads_a_saved_tile(client: Client, inside: tuple[float, float], cast: Cast, tmp_path: Path) -> None:
    tile = tile_of(*inside, 14)
    saved = tmp_path / str(tile.z) / str(tile.x) / f"{tile.y}.mvt"
    saved.parent.mkdir(parents=True)
    saved.write_bytes(client.get(path("areas", tile)).content)
    read = pyogrio.read_dataframe(saved, layer="areas")
    assert read.crs.to_epsg() == 3857
    grid = read[read["code"] == cast.grid]
    assert list(grid["name"]) == [Area.objects.get(code=cast.grid).name]
    x, y = share(*inside)
    half = math.pi * 6378137
    assert grid.geometry.iloc[0].contains(shapely.Point((2 * x - 1) * half, (1 - 2 * y) * half))


# ---- what a layer says of itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["areas", "cases"])
def test_a_layer_is_described_as_tilejson(client: Client, name: str) -> None:
    response = client.get(f"/tiles/{name}.json", {"area": "360702003", "level": ""})
    assert response.headers["Content-Type"] == "application/json"
    said = response.json()
    assert said["tilejson"] == "3.0.0"
    assert said["tiles"] == [f"http://testserver/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt?area=360702003"]
    assert (said["minzoom"], said["maxzoom"]) == (0, MAX_ZOOM)
    west, south, east, north = said["bounds"]
    district = Boundary.objects.get(area="360702").geom.extent
    # What lies up to 500 m outside is taken too.
    assert west < district[0] - 0.006 < district[2] + 0.006 < east
    assert south < district[1] - 0.006 < district[3] + 0.006 < north
    [layer] = said["vector_layers"]
    assert layer["id"] == name
    assert layer["fields"] == tile_layer(name).fields
    assert all(layer["fields"].values())


def test_the_address_in_the_description_gives_the_tile(client: Client) -> None:
    [template] = client.get("/tiles/areas.json", {"level": "town", "on": "2026-06-30"}).json()["tiles"]
    address = template.replace("{z}", "9").replace("{x}", "419").replace("{y}", "217")
    assert {it["properties"]["level"] for it in decoded(client.get(address).content, "areas")} == {"town"}


def test_the_description_names_the_site_as_text_not_as_html(client: Client) -> None:
    with override_settings(SITE_NAME="<b>网格</b>"):
        assert client.get("/tiles/areas.json").json()["attribution"].startswith("&lt;b&gt;网格")


def test_without_any_boundary_there_are_no_bounds(client: Client) -> None:
    Boundary.objects.all().update(valid_from=None, valid_until=None)
    assert registered_ground() is None
    assert "bounds" not in client.get("/tiles/areas.json").json()


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=5", "limit"),
        ("after=360702", "after"),
        ("colour=red", "colour"),
        ("on=tomorrow", "on"),
        ("on=2026-13-01", "on"),
        ("level=planet", "level"),
        ("area=abc", "area"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,nan,4", "bbox"),
        ("edition=x", "edition"),
        ("gone=perhaps", "gone"),
        ("area=1&area=2", "area"),
        ("area=%00", "area"),
    ],
)
def test_a_bad_parameter_is_named(client: Client, query: str, parameter: str) -> None:
    for address in (path("areas", DISTRICT), "/tiles/areas.json"):
        refused = client.get(f"{address}?{query}")
        assert refused.status_code == 400
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["parameter"] == parameter


@pytest.mark.parametrize(
    "address",
    [
        "/tiles/roads.json",
        "/tiles/roads/9/419/217.mvt",
        "/tiles/areas/9/419/217.pbf",
        "/tiles/areas/9/419/-1.mvt",
        "/tiles/areas/9/419/x.mvt",
        "/tiles/areas/9/419/1.5.mvt",
        "/tiles/areas/9/419/２.mvt",
        "/tiles/areas/%00/9/419/217.mvt",
        "/tiles/" + "a" * 3000 + ".json",
    ],
)
def test_what_is_not_there_is_said_to_be_missing(client: Client, address: str) -> None:
    refused = client.get(address)
    assert refused.status_code == 404
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert len(refused.json()["detail"]) < 300


@pytest.mark.parametrize("address", [path("areas", DISTRICT), "/tiles/areas.json"])
def test_tiles_are_only_read(client: Client, address: str) -> None:
    refused = client.post(address)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert client.head(address).status_code == 200


# ---- sent once -------------------------------------------------------------------------------------------------------


def test_a_tile_that_has_not_changed_is_not_sent_again(
    client: Client, cast: Cast, django_assert_num_queries: Any
) -> None:
    address = path("areas", DISTRICT)
    with django_assert_num_queries(2):
        first = client.get(address)
    assert first.headers["Content-Type"] == MEDIA_TYPE
    etag = first.headers["ETag"]
    assert etag.startswith('W/"areas-')
    assert set(first.headers["Cache-Control"].split(", ")) == {"no-cache", "public"}
    with django_assert_num_queries(1):
        again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(address, {"level": "town"}).headers["ETag"] != etag
    Area.objects.filter(code=cast.grid).update(households=F("households") + 1)
    changed = client.get(address, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_a_tile_of_nothing_is_no_content_and_not_sent_again_either(client: Client) -> None:
    address = path("areas", Tile(9, 0, 0))
    nothing = client.get(address)
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert client.get(address, headers={"If-None-Match": nothing.headers["ETag"]}).status_code == 304


def test_a_layer_may_know_without_asking_that_a_tile_is_empty(django_assert_num_queries: Any) -> None:
    assert features_of(Boundary.objects.none(), F("geom"), {"code": "area_id"}) is None
    nothing = replace(tile_layer("areas"), features=lambda question, tile: None)
    with django_assert_num_queries(0):
        assert tile_bytes(nothing, Question(Filters(), NOBODY, timezone.localtime()), DISTRICT) == b""


def test_a_description_is_two_statements(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        client.get("/tiles/areas.json")


def test_a_tile_is_packed_once_and_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a transaction nothing is kept, and every test is one: this one says it is none."""
    made: list[bytes] = []
    monkeypatch.setattr("gridmap.features.tiles.KEPT", KeptAnswers(room=1024 * 1024))
    monkeypatch.setattr(answering, "connection", type("Committed", (), {"in_atomic_block": False}))
    pack = answering._packed
    monkeypatch.setattr(answering, "_packed", lambda body: made.append(body) or pack(body))
    address = path("areas", DISTRICT)
    plain = client.get(address).content
    packed = [client.get(address, headers={"Accept-Encoding": "gzip"}) for _ in range(3)]
    for response in packed:
        assert response.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response.headers["Vary"]
        assert gzip.decompress(response.content) == plain
    assert made == [plain]
    nothing = client.get(path("areas", Tile(9, 0, 0)), headers={"Accept-Encoding": "gzip"})
    assert (nothing.status_code, nothing.content, "Content-Encoding" in nothing.headers) == (204, b"", False)


def test_every_layer_has_an_id_and_fields_of_its_own() -> None:
    assert set(tile_layers()) >= {"areas", "cases"}
    for layer in tile_layers().values():
        assert layer.fields
        assert "geom" not in layer.fields
        assert not {"limit", "after"} & layer.parameters
