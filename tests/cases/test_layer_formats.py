"""Every layer as GeoJSON and as tiles: GDAL reads them, and they say what the figures say."""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from typing import Any

import pyogrio
import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string
from shapely.geometry import shape

from cases.ground import THEMES
from cases.models import Case
from gridmap.features.tile import Tile
from gridmap.models import (
    Boundary,
    Edition,
)
from tests.cases.recounting import NOW, chosen
from tests.cases.sheets import ask, filters_of
from tests.conftest import Cast
from tests.tiling import features, path, tile_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


LAYERS = {
    "counts": "MultiPolygon",
    "coverage": "MultiPolygon",
    **{f"ground?theme={theme}": "MultiPolygon" for theme in THEMES},
    "overdue": "Point",
    "areas": "MultiPolygon",
    "cases": "Point",
    "whistles": "Point",
}


def ring_turns(ring: list[list[float]]) -> float:
    """Twice the area within; above 0 where the ring goes anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))


def test_every_layer_understands_the_filters_that_all_share() -> None:
    shared = {"since", "until", "category", "state", "department", "channel", "area"}
    for layer in (import_string(described)() for described in settings.MAP_LAYERS):
        assert shared <= set(layer["filters"]), layer["id"]


@pytest.mark.parametrize("layer", LAYERS)
def test_gdal_reads_every_layer(client: Client, layer: str, tmp_path: Any) -> None:
    where, _, query = layer.partition("?")
    response = client.get(f"/api/v1/{where}.geojson?{query}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/geo+json"
    said = json.loads(response.content)
    # RFC 7946: 7.1 and 4, no other CRS; 3.1.6, which way rings turn.
    assert said["type"] == "FeatureCollection"
    assert not {"crs", "coordinates", "geometries", "geometry", "properties"} & set(said)
    ids = [it["id"] for it in said["features"]]
    assert len(set(ids)) == len(ids) == said["number_returned"] > 0
    for feature in said["features"]:
        assert set(feature) == {"type", "id", "geometry", "properties"}
        if LAYERS[layer] == "MultiPolygon":
            for rings in feature["geometry"]["coordinates"]:
                assert ring_turns(rings[0]) > 0
                assert all(ring_turns(hole) < 0 for hole in rings[1:])
                assert all(ring[0] == ring[-1] for ring in rings)
    saved = tmp_path / "layer.geojson"
    saved.write_bytes(response.content)
    info = pyogrio.read_info(saved)
    assert info["features"] == len(ids)
    assert info["geometry_type"] in (LAYERS[layer], "Polygon")
    assert set(said["features"][0]["properties"]) <= {*info["fields"], "id"}
    read = pyogrio.read_dataframe(saved)
    assert read.crs.to_epsg() == 4326
    assert read.geometry.is_valid.all()
    west, south, east, north = read.total_bounds
    assert 114.5 < west < east < 115.3
    assert 25.4 < south < north < 26.3


@pytest.mark.parametrize("where", ["counts", "coverage", "ground"])
def test_geojson_says_what_json_says_with_the_boundary_in_force(client: Client, where: str) -> None:
    plain, drawn = ask(client, where), ask(client, f"{where}.geojson")
    in_force = Boundary.objects.filter(edition__state=Edition.State.PUBLISHED, valid_until=None)
    rows = {row.get("id", row["code"]): row for row in plain["rows"]}
    assert {it["id"]: it["properties"] for it in drawn["features"]} == rows
    kept = {code: geom for code, geom in in_force.values_list("area_id", "geom")}
    for feature in drawn["features"][:: max(1, len(rows) // 40)]:
        ours = shape(feature["geometry"])
        theirs = shape(json.loads(kept[feature["properties"]["code"]].geojson))
        assert ours.symmetric_difference(theirs).area < 1e-6 * theirs.area
    head = set(plain) - {"rows", "generated_at"}
    assert {name: drawn[name] for name in head} == {name: plain[name] for name in head}


def test_a_boundary_that_ended_is_drawn_no_more(client: Client, cast: Cast) -> None:
    old = Boundary.objects.get(area=cast.grid, valid_until=None)
    day = NOW.date()
    Boundary.objects.filter(pk=old.pk).update(valid_until=day)
    moved = Boundary.objects.get(area=f"{cast.grid[:-1]}1", valid_until=None).geom
    Boundary.objects.create(area_id=cast.grid, edition=old.edition, geom=moved, valid_from=day)
    [drawn] = [it for it in ask(client, "counts.geojson")["features"] if it["id"] == cast.grid]
    assert shape(drawn["geometry"]).symmetric_difference(shape(json.loads(moved.geojson))).area < 1e-9


MIDDLE = (114.94, 25.85)


@pytest.mark.parametrize("layer", ["areas", "cases", "heat", "overdue", "coverage"])
@pytest.mark.parametrize("z", [9, 14])
def test_gdal_reads_a_tile_of_every_layer(client: Client, layer: str, z: int, tmp_path: Any) -> None:
    point = Case.objects.filter(closed_at=None, open_whistles__isnull=False).earliest("pk").public_point
    tile = tile_of(point.x, point.y, z)
    found = features(client, layer, tile)
    assert found
    saved = tmp_path / str(tile.z) / str(tile.x) / f"{tile.y}.mvt"
    saved.parent.mkdir(parents=True)
    saved.write_bytes(client.get(path(layer, tile)).content)
    read = pyogrio.read_dataframe(saved, layer=layer, CLIP="NO")
    assert len(read) == len(found)
    west, south, east, north = tile.box
    degrees = read.to_crs(4326)
    margin = (east - west) / 20
    assert (degrees.bounds.minx > west - margin).all()
    assert (degrees.bounds.miny > south - margin).all()
    assert (degrees.bounds.maxx < east + margin).all()
    assert (degrees.bounds.maxy < north + margin).all()
    named = set(client.get(f"/tiles/{layer}.json").json()["vector_layers"][0]["fields"])
    assert {name for it in found for name in it["properties"]} <= named


@pytest.mark.parametrize("query", [{}, {"category": "03"}, {"since": "2025-01-15", "channel": "patrol"}])
def test_the_cells_of_heat_are_all_cases_once(client: Client, cases: Any, query: dict[str, str]) -> None:
    kept = chosen(cases, filters_of(query))
    places = kept[kept.state != "merged"].geometry
    for z in (8, 12):
        tiles = Counter(tile_of(place.x, place.y, z) for place in places)
        for tile, n in tiles.most_common(4):
            assert sum(it["properties"]["count"] for it in features(client, "heat", tile, **query)) == n
    near = tile_of(places.iloc[0].x, places.iloc[0].y, 18)
    there = sum(tile_of(place.x, place.y, 18) == near for place in places)
    assert [it["properties"]["count"] for it in features(client, "heat", near, **query)] == [there]


def test_overdue_and_coverage_tiles_say_what_the_sheets_say(client: Client, cases: Any) -> None:
    whole = Tile(7, *(it >> 2 for it in (tile_of(*MIDDLE, 9).x, tile_of(*MIDDLE, 9).y)))
    said = ask(client, "overdue")["total"]
    drawn = features(client, "overdue", whole)
    assert sum(it["properties"]["open"] for it in drawn) == said["open"]
    assert sum(it["properties"]["overdue"] for it in drawn) == said["overdue"]
    department = "360702-D01"
    rows = {row["code"]: row for row in ask(client, "coverage", department=department)["rows"]}
    towns = {
        it["properties"]["code"]: it["properties"] for it in features(client, "coverage", whole, department=department)
    }
    assert set(towns) == set(rows)
    for code, its in towns.items():
        assert {name: its[name] for name in ("demanded", "arrived_in_time", "overdue")} == {
            name: rows[code][name] for name in ("demanded", "arrived_in_time", "overdue")
        }
    together = Counter[str]()
    for row in ask(client, "coverage")["rows"]:
        together[row["code"]] += row["demanded"]
    assert {
        it["properties"]["code"]: it["properties"]["demanded"] for it in features(client, "coverage", whole)
    } == together


def test_nothing_at_all_is_an_answer_too(client: Client, tmp_path: Any) -> None:
    for where in ("counts", "coverage", "overdue"):
        said = ask(client, where, category="9")
        assert said["rows"] == []
        drawn = client.get(f"/api/v1/{where}.geojson?category=9").content
        assert json.loads(drawn)["features"] == []
        assert len(pyogrio.read_dataframe(io.BytesIO(drawn))) == 0
