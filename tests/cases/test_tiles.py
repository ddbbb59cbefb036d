"""Tiles of cases: every case counted once in the one tile it lies in, where everybody may see it, and no nearer."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pyogrio
import pytest
from django.contrib.gis.geos import Point
from django.db.models import F
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.features import CASES
from cases.models import Case
from cases.tiles import COUNTING_CELLS, EACH_FROM, PIXEL_CELLS
from cases.workflow import OPEN, RUNNING, State
from geodata.crs import STORED_SRID
from gridmap.duties import NOBODY
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters
from gridmap.features.tile import EXTENT, Tile
from gridmap.features.tiles import MAX_ZOOM, tile_layer
from tests.conftest import Cast
from tests.tiling import features, path, tile_of, units

pytestmark = pytest.mark.django_db

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
COLUMNS = ("number", "public_point", "current_area_id", "category_id", "state", "channel", "reported_at", "due_at")


def total(found: list[dict[str, Any]], what: str = "count") -> int:
    return sum(it["properties"][what] for it in found)


def placed(case: Case, lon: float, lat: float) -> None:
    """Put the case there for everybody to see."""
    Case.objects.filter(pk=case.pk).update(public_point=Point(lon, lat, srid=STORED_SRID))


# ---- none hidden, none twice -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(kept_for_module: None) -> list[dict[str, Any]]:
    """All cases as an independent count looks at them; one of them late, and one late but suspended."""
    late, suspended = Case.objects.filter(closed_at=None).values_list("pk", flat=True)[:2]
    Case.objects.filter(pk=late).update(state=State.HANDLING, due_at=F("reported_at"))
    Case.objects.filter(pk=suspended).update(state=State.SUSPENDED, due_at=F("reported_at"))
    return [row | {"lon": row["public_point"].x, "lat": row["public_point"].y} for row in Case.objects.values(*COLUMNS)]


def matches(row: dict[str, Any], query: dict[str, str], now: dt.datetime) -> bool:
    late = row["state"] in RUNNING and row["due_at"] < now
    tests = {
        "area": lambda value: row["current_area_id"].startswith(value),
        "category": lambda value: row["category_id"].startswith(value),
        "channel": lambda value: row["channel"] == value,
        "state": lambda value: row["state"] in value.split(","),
        "since": lambda value: row["reported_at"] >= dt.datetime.fromisoformat(value).replace(tzinfo=SHANGHAI),
        "until": lambda value: row["reported_at"] < dt.datetime.fromisoformat(value).replace(tzinfo=SHANGHAI),
        "overdue": lambda value: late == (value == "true"),
        "level": lambda value: len(row["current_area_id"]) == {"grid": 15, "town": 9, "district": 6}[value],
    }
    return all(tests[name](value) for name, value in query.items())


days = st.dates(dt.date(2023, 1, 1), dt.date(2026, 12, 31)).map(str)
filters = st.fixed_dictionaries(
    {},
    optional={
        "area": st.sampled_from(["360702", "360702003", "360702003005", "36070210", "999"]),
        "category": st.sampled_from(["01", "03", "0301", "0", "x"]),
        "channel": st.sampled_from(Case.Channel.values),
        "state": st.lists(st.sampled_from(State.values), min_size=1, max_size=4).map(",".join),
        "since": days,
        "until": days,
        "overdue": st.sampled_from(["true", "false"]),
        "level": st.sampled_from(["grid", "town", "district"]),
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), z=st.integers(0, MAX_ZOOM), query=filters)
def test_the_counts_of_a_tile_add_up_to_the_cases_in_it(
    data: st.DataObject, z: int, query: dict[str, str], known: list[dict[str, Any]], client: Client
) -> None:
    about = data.draw(st.sampled_from(known))
    tile = tile_of(about["lon"], about["lat"], z)
    if data.draw(st.booleans()):  # a tile beside it, perhaps without any case
        beside = st.integers(-1, 1)
        tile = Tile(z, (tile.x + data.draw(beside)) % 2**z, (tile.y + data.draw(beside)) % 2**z)
    now = timezone.now()
    there = [row for row in known if tile_of(row["lon"], row["lat"], z) == tile and matches(row, query, now)]
    found = features(client, "cases", tile, **query)
    assert total(found) == len(there)
    assert total(found, "open") == sum(row["state"] in OPEN for row in there)
    assert total(found, "overdue") == sum(row["state"] in RUNNING and row["due_at"] < now for row in there)
    assert {it["properties"]["number"] for it in found if "number" in it["properties"]} <= {
        row["number"] for row in there
    }


@pytest.mark.parametrize("z", [0, 5, 9, 11, 12, 13])
def test_the_tiles_of_a_zoom_have_all_cases_once(client: Client, z: int) -> None:
    west, south, east, north = client.get("/tiles/cases.json").json()["bounds"]
    first, last = tile_of(west, north, z), tile_of(east, south, z)
    tiles = [Tile(z, x, y) for x in range(first.x, last.x + 1) for y in range(first.y, last.y + 1)]
    assert sum(total(features(client, "cases", tile)) for tile in tiles) == Case.objects.count()


@pytest.mark.parametrize("z", [12, 15, MAX_ZOOM])
def test_what_lies_on_the_edges_of_tiles_is_in_one_of_them(client: Client, z: int) -> None:
    """The west edge of a tile is its own: a longitude exact in binary; latitudes of edges are rounded, as they come."""
    middle = Tile(12, 3356, 1744)
    west, _, _, north = middle.box
    assert west * 2**20 == int(west * 2**20)
    cases = list(Case.objects.order_by("pk")[:9])
    nudges = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    for case, (dx, dy) in zip(cases, nudges, strict=True):
        placed(case, west + dx * 1e-12, north + dy * 1e-12)
    Case.objects.exclude(pk__in=[case.pk for case in cases]).update(public_point=Point(114.0, 25.0, srid=STORED_SRID))
    more = 2 ** (z - 12)
    corner = (middle.x * more, middle.y * more)
    counts = {
        (dx, dy): total(features(client, "cases", Tile(z, corner[0] + dx, corner[1] + dy)))
        for dx in (-1, 0)
        for dy in (-1, 0)
    }
    assert sum(counts.values()) == len(cases)
    assert counts[-1, -1] + counts[-1, 0] == 3
    assert counts[0, -1] + counts[0, 0] == 6


# ---- where they are drawn ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [EACH_FROM, 16, MAX_ZOOM])
def test_a_single_case_stands_where_the_collection_puts_it(client: Client, cast: Cast, z: int) -> None:
    shown = {it["id"]: it for it in client.get("/api/v1/cases.geojson?limit=100000").json()["features"]}
    points = dict(Case.objects.values_list("number", "public_point"))
    seen = 0
    for case in Case.objects.filter(area=cast.grid):
        tile = tile_of(case.public_point.x, case.public_point.y, z)
        for it in features(client, "cases", tile):
            if it["properties"]["count"] == 1:
                same = shown[it["properties"]["number"]]
                place = it["geometry"]["coordinates"]
                assert place == pytest.approx(units(*same["geometry"]["coordinates"], tile), abs=2.3)
                assert place == _unit(points[same["id"]], tile)
                assert {name: same["properties"][name] for name in ("state", "category")} == {
                    name: it["properties"][name] for name in ("state", "category")
                }
                seen += 1
    assert seen > 3


@pytest.mark.parametrize("z", [0, 9, 13, EACH_FROM, MAX_ZOOM])
def test_features_lie_inside_the_tile_each_in_a_cell_of_its_own(client: Client, cast: Cast, z: int) -> None:
    """Not on the far edge either, where MapLibre leaves points out; in one cell by a rounding at most."""
    some = Case.objects.filter(area=cast.grid).first()
    assert some is not None
    found = features(client, "cases", tile_of(some.public_point.x, some.public_point.y, z))
    cell = EXTENT >> (COUNTING_CELLS if z < EACH_FROM else PIXEL_CELLS)
    places = [it["geometry"]["coordinates"] for it in found]
    assert all(0 <= value < EXTENT for place in places for value in place)
    assert len({(x // cell, y // cell) for x, y in places}) == len(places) > 0


def test_those_in_one_pixel_are_one_feature_and_those_apart_are_two(client: Client) -> None:
    Case.objects.update(public_point=Point(114.0, 25.0, srid=STORED_SRID))
    first, second, third = Case.objects.order_by("pk")[:3]
    lon, lat = Tile(20, 858900, 446300).box[0], Tile(20, 858900, 446300).box[3] - 1e-7
    tile = tile_of(lon + 1e-9, lat, MAX_ZOOM)
    pixel = 360 / 2**MAX_ZOOM / 2**PIXEL_CELLS
    placed(first, lon + 0.2 * pixel, lat)
    placed(second, lon + 0.7 * pixel, lat)
    placed(third, lon + 1.2 * pixel, lat)
    found = sorted(features(client, "cases", tile), key=lambda it: it["properties"]["count"])
    assert [it["properties"]["count"] for it in found] == [1, 2]
    assert found[0]["properties"]["number"] == third.number
    assert set(found[1]["properties"]) == {"count", "open", "overdue"}
    assert {it["properties"]["count"] for it in features(client, "cases", tile_of(lon + 1e-9, lat, 13))} == {3}


def test_far_away_cases_are_only_counted(client: Client) -> None:
    fields = {name for it in features(client, "cases", Tile(9, 419, 217)) for name in it["properties"]}
    assert fields == {"count", "open", "overdue"}


def test_nothing_is_told_but_what_the_collection_tells(client: Client) -> None:
    shown = client.get("/api/v1/cases.geojson?limit=1").json()["features"][0]["properties"]
    assert set(tile_layer("cases").fields) - {"count", "open", "overdue"} <= set(shown)


def test_a_place_kept_back_is_in_no_tile(client: Client) -> None:
    """Neither drawn nor counted where it really is."""
    kept_back = Case.objects.filter(category__sensitive=True).first()
    assert kept_back is not None
    lon, lat = 114.5, 25.5
    Case.objects.filter(pk=kept_back.pk).update(point=Point(lon, lat, srid=STORED_SRID))
    for z in (9, 12, EACH_FROM, MAX_ZOOM):
        assert features(client, "cases", tile_of(lon, lat, z)) == []
    public = kept_back.public_point
    tile = tile_of(public.x, public.y, MAX_ZOOM)
    at = [it for it in features(client, "cases", tile) if it["geometry"]["coordinates"] == _unit(public, tile)]
    assert total(at) == Case.objects.filter(public_point=public).count()


def _unit(point: Any, tile: Tile) -> list[int]:
    """The unit of a tile that a place lies in."""
    return [math.floor(value) for value in units(point.x, point.y, tile)]


def test_the_key_moves_with_the_public_place(cast: Cast) -> None:
    case = Case.objects.filter(area=cast.grid).first()
    assert case is not None
    placed(case, 114.2, 25.3)
    case.refresh_from_db()
    first, last = tile_of(114.2, 25.3, 18).quadkeys
    assert first <= case.quadkey <= last


@pytest.mark.parametrize("place", [(-180, 90), (180, -90), (180, 86), (0, 0), (-180, -86)])
def test_every_place_has_a_key(cast: Cast, place: tuple[float, float]) -> None:
    """Also beyond the map's own edges, at ±85.05° and 180°: counted in the tile there."""
    case = Case.objects.filter(area=cast.grid).first()
    assert case is not None
    placed(case, *place)
    case.refresh_from_db()
    assert 0 <= case.quadkey < 4**30


# ---- asked and sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameter", ["since=soon", "state=lost", "channel=pigeon", "overdue=2", "bbox=1", "on=2026-01-01", "limit=1"]
)
def test_a_bad_parameter_is_named(client: Client, parameter: str) -> None:
    for address in (path("cases", Tile(9, 419, 217)), "/tiles/cases.json"):
        refused = client.get(f"{address}?{parameter}")
        assert (refused.status_code, refused.json()["parameter"]) == (400, parameter.partition("=")[0])


def test_a_tile_is_one_statement_beside_its_version(client: Client, cast: Cast, django_assert_num_queries: Any) -> None:
    """The version is two: that of the rows, and the last deadline that has passed."""
    for z in (9, EACH_FROM):
        tile = tile_of(114.93, 25.85, z)
        with django_assert_num_queries(3):
            first = client.get(path("cases", tile))
        assert first.status_code == 200
        with django_assert_num_queries(2):
            again = client.get(path("cases", tile), headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
    Case.objects.filter(area=cast.grid).update(voices_count=3)
    assert client.get(path("cases", tile)).headers["ETag"] != first.headers["ETag"]


def test_a_tile_is_another_one_when_a_deadline_has_passed() -> None:
    case = Case.objects.filter(closed_at=None).first()
    assert case is not None
    due = timezone.now() + dt.timedelta(days=3)
    Case.objects.filter(pk=case.pk).update(due_at=due)
    turns = tile_layer("cases").turns
    assert turns is not None
    before, at, after, later = (
        turns(Question(Filters(), NOBODY, due + dt.timedelta(seconds=seconds))) for seconds in (-5, 0, 1, 600)
    )
    assert before == at != after == later
    assert CASES.turns is not None
    assert CASES.turns(Question(Filters(overdue=True), NOBODY, due + dt.timedelta(1))) == after
    # Nothing else the collection tells changes by itself.
    assert CASES.turns(Question(Filters(), NOBODY, due)) == ""


def test_filters_reach_the_tiles_by_the_description(client: Client) -> None:
    query = {"state": "closed,evaluated", "since": "2025-01-01T00:00:00+08:00", "category": "03"}
    [template] = client.get("/tiles/cases.json", query).json()["tiles"]
    assert template.endswith("?" + urlencode(query))
    address = template.removeprefix("http://testserver").replace("{z}/{x}/{y}", "9/419/217")
    narrowed = client.get(address)
    assert narrowed.content == client.get(path("cases", Tile(9, 419, 217)), query).content
    assert narrowed.content != client.get(path("cases", Tile(9, 419, 217))).content


def test_gdal_counts_the_same_in_a_saved_tile(client: Client, tmp_path: Any) -> None:
    tile = tile_of(114.93, 25.85, EACH_FROM)
    saved = tmp_path / str(tile.z) / str(tile.x) / f"{tile.y}.mvt"
    saved.parent.mkdir(parents=True)
    saved.write_bytes(client.get(path("cases", tile)).content)
    read = pyogrio.read_dataframe(saved, layer="cases")
    west, south, east, north = tile.box
    degrees = read.to_crs(4326).geometry
    assert degrees.x.between(west, east).all()
    assert degrees.y.between(south, north).all()
    drawn = Counter(it["properties"]["count"] for it in features(client, "cases", tile))
    assert Counter(int(count) for count in read["count"]) == drawn
