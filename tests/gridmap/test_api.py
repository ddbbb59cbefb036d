"""The registry's addresses for machines."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import Polygon
from django.db.models import F
from django.test import Client

from geodata.crs import COORDINATE_SYSTEMS, from_stored
from gridmap.models import Area, Boundary, Building, Edition
from gridmap.shapes import stored_multi
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

AREAS = "/api/v1/areas.geojson"


def answer(client: Client, path: str, **headers: str) -> Any:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def place(cast: Cast) -> tuple[float, float]:
    """A point inside the cast's grid."""
    inside = Boundary.objects.get(area=cast.grid, valid_until=None).geom.point_on_surface
    return inside.x, inside.y


# ---- one place ---------------------------------------------------------------------------------------------------


def test_locate_says_whose_ground_it_is_and_who_answers(client: Client, cast: Cast, place: tuple[float, float]) -> None:
    found = answer(client, f"/api/v1/locate?lon={place[0]}&lat={place[1]}&coord=wgs84")
    assert set(found) == {
        "method", "method_name", "distance_m", "uncertain", "area", "candidates", "people", "party", "centre"
    }  # fmt: skip
    assert (found["method"], found["uncertain"]) == ("within", False)
    assert found["distance_m"] > 0
    assert [area["level"] for area in found["area"]["path"]] == ["district", "town", "community", "grid"]
    assert found["area"] == found["area"]["path"][-1] | {"path": found["area"]["path"]}
    assert found["area"]["code"] == cast.grid
    assert [it["code"] for it in found["candidates"]] in ([], [cast.grid])
    roles = {person["role"] for person in found["people"]}
    assert roles == {"grid_worker", "grid_chief"}
    assert all(person["name"] and person["phone"] for person in found["people"])
    assert found["party"]
    assert found["centre"]


def test_a_place_is_the_same_in_every_coordinate_system(client: Client, cast: Cast, place: tuple[float, float]) -> None:
    for coord in COORDINATE_SYSTEMS:
        lon, lat = from_stored(*place, coord)
        found = answer(client, f"/api/v1/locate?lon={lon!r}&lat={lat!r}&coord={coord}")
        assert (found["area"]["code"], coord) == (cast.grid, coord)


def test_gps_wider_than_the_distance_to_the_line_offers_candidates(client: Client, place: tuple[float, float]) -> None:
    where = f"/api/v1/locate?lon={place[0]}&lat={place[1]}&coord=wgs84"
    sure = answer(client, where)
    unsure = answer(client, f"{where}&accuracy={sure['distance_m'] + 1}")
    assert (sure["uncertain"], unsure["uncertain"]) == (False, True)
    assert len(unsure["candidates"]) > 1
    assert sure["area"] == unsure["area"]


def test_a_place_is_asked_about_on_the_day_that_is_meant(
    client: Client, cast: Cast, place: tuple[float, float]
) -> None:
    on = Boundary.objects.get(area=cast.grid).valid_from
    assert on is not None
    where = f"/api/v1/locate?lon={place[0]}&lat={place[1]}&coord=wgs84"
    assert answer(client, f"{where}&on={on}")["area"]["code"] == cast.grid
    assert client.get(f"{where}&on={on - dt.timedelta(1)}").status_code == 422


# ---- places by name ----------------------------------------------------------------------------------------------


def test_places_are_found_by_name_and_by_part_of_it(client: Client, cast: Cast) -> None:
    area = Area.objects.get(code=cast.grid[:12])
    building = Building.objects.order_by("code").first()
    assert building is not None
    found = answer(client, f"/api/v1/places?q={area.name}")
    assert area.name in [it["name"] for it in found]
    found = answer(client, f"/api/v1/places?q={building.name[:4]}")
    first = next(it for it in found if it["name"] == building.name)
    assert set(first) == {"name", "detail", "kind", "lon", "lat"}
    assert (first["kind"], first["lon"], first["lat"]) == ("building", building.point.x, building.point.y)
    assert answer(client, "/api/v1/places?q=龘龘龘龘") == []


def test_a_found_area_is_where_its_point_says(client: Client) -> None:
    town = Area.objects.filter(level="town").order_by("code").first()
    assert town is not None
    spot = next(it for it in answer(client, f"/api/v1/places?q={town.name}") if it["name"] == town.name)
    path = answer(client, f"/api/v1/locate?lon={spot['lon']}&lat={spot['lat']}&coord=cgcs2000")["area"]["path"]
    assert path[1]["code"] == town.code


# ---- one area ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["360702", "360702003", "360702003005", "360702003005002"])
def test_an_area_is_a_feature(client: Client, code: str) -> None:
    feature = answer(client, f"/api/v1/areas/{code}")
    stored = Boundary.objects.get(area=code)
    assert (feature["type"], feature["id"]) == ("Feature", code)
    assert feature["properties"]["name"] == stored.area.name
    assert feature["properties"]["area_m2"] == pytest.approx(stored.area_m2)
    for polygon in json.loads(json.dumps(feature["geometry"]["coordinates"]), parse_float=str):
        check_polygon(polygon)
    shape = shapely.from_geojson(json.dumps(feature["geometry"]))
    assert shapely.symmetric_difference(shape, shapely.from_wkb(bytes(stored.geom.wkb))).area < 1e-8


# ---- all areas ---------------------------------------------------------------------------------------------------


def test_areas_are_good_geojson(client: Client) -> None:
    response = client.get(AREAS)
    assert response.headers["Content-Type"] == "application/geo+json"
    collection = response.json(parse_float=str)
    features = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert collection["number_returned"] == len(features) == Boundary.objects.on(dt.date.today()).count()  # noqa: DTZ011
    assert len({feature["id"] for feature in features}) == len(features)
    for feature in features:
        assert set(feature) == {"type", "id", "geometry", "properties"}
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "MultiPolygon"
        for polygon in feature["geometry"]["coordinates"]:
            check_polygon(polygon)
    assert "crs" not in collection


def check_polygon(polygon: list[list[list[str]]]) -> None:
    """RFC 7946, 3.1.6: closed rings of four positions or more, the exterior anticlockwise, holes clockwise."""
    for place, ring in enumerate(polygon):
        assert len(ring) >= 4
        assert ring[0] == ring[-1]
        assert all(len(position) == 2 for position in ring)
        assert all(len(number.partition(".")[2]) <= 7 for position in ring for number in position)
        assert shapely.LinearRing([(float(x), float(y)) for x, y in ring]).is_ccw == (place == 0)


def test_areas_carry_what_the_registry_knows(client: Client, cast: Cast) -> None:
    collection = answer(client, f"{AREAS}?area={cast.grid}")
    [feature] = collection["features"]
    area = Area.objects.get(code=cast.grid)
    known = feature["properties"]
    assert (known["code"], known["name"], known["households"]) == (area.code, area.name, area.households)
    assert known["parent"] == area.parent_id
    assert known["schematic"] is True


def count(client: Client, query: str) -> int:
    return int(answer(client, f"{AREAS}?{query}")["number_returned"])


def test_each_filter_narrows_as_an_independent_count_says(client: Client, cast: Cast) -> None:
    rows = Boundary.objects.filter(valid_until=None)
    assert count(client, "level=grid") == rows.filter(area__level="grid").count() == 727
    assert count(client, "level=community") == rows.filter(area__level="community").count() == 143
    assert count(client, "level=town") == 10
    town = cast.grid[:9]
    assert count(client, f"area={town}") == sum(code.startswith(town) for code in rows.values_list("area", flat=True))
    assert (
        count(client, f"area={town}&level=grid") == rows.filter(area__level="grid", area__parent__parent=town).count()
    )
    west, south, east, north = Boundary.objects.get(area=cast.grid).geom.extent
    met = [
        it.area_id
        for it in rows.only("geom", "area_id")
        if (box := it.geom.extent)[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south
    ]
    assert count(client, f"bbox={west!r},{south!r},{east!r},{north!r}") == len(met)
    assert 5 < len(met) < 100
    assert count(client, "bbox=0,0,1,1") == 0


def test_paging_walks_every_area_once(client: Client) -> None:
    seen: list[str] = []
    address, pages = f"{AREAS}?level=community&limit=40", 0
    while address:
        page = answer(client, address)
        seen += [feature["id"] for feature in page["features"]]
        address, pages = page.get("next", ""), pages + 1
    assert pages == 4
    assert seen == sorted(Area.objects.filter(level="community").values_list("code", flat=True))


def test_areas_on_a_day_are_those_in_force_on_it(client: Client, cast: Cast) -> None:
    """The grid is drawn anew on 1 July 2026: half of it is left."""
    old = Boundary.objects.get(area=cast.grid)
    change = dt.date(2026, 7, 1)
    west, south, east, north = old.geom.extent
    half = Polygon.from_bbox((west, south, (west + east) / 2, north))
    new = old.geom.intersection(half)
    Boundary.objects.filter(pk=old.pk).update(valid_until=change)
    Boundary.objects.create(
        area_id=cast.grid,
        edition=old.edition,
        geom=new if new.geom_type == "MultiPolygon" else type(old.geom)(new, srid=old.geom.srid),
        valid_from=change,
    )
    sizes = {}
    for on in (old.valid_from, change - dt.timedelta(1), change, change + dt.timedelta(400)):
        [feature] = answer(client, f"{AREAS}?area={cast.grid}&on={on}")["features"]
        sizes[on] = feature["properties"]["area_m2"]
        single = answer(client, f"/api/v1/areas/{cast.grid}?on={on}")
        assert single["properties"]["area_m2"] == pytest.approx(sizes[on])
    before, last, first, after = sizes.values()
    assert before == last == pytest.approx(old.area_m2)
    assert first == after < before
    assert old.valid_from is not None
    assert count(client, f"on={old.valid_from - dt.timedelta(1)}") == 0


# ---- caching -----------------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(client: Client, cast: Cast, django_assert_max_num_queries: Any) -> None:
    address = f"{AREAS}?level=grid"
    first = client.get(address)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"areas-')
    assert "no-cache" in first.headers["Cache-Control"]
    with django_assert_max_num_queries(1):
        again = client.get(address, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(f"{AREAS}?level=town").headers["ETag"] != etag

    Area.objects.filter(code=cast.grid).update(households=F("households") + 1)
    changed = client.get(address, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_areas_are_read_in_few_statements(client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(2):
        client.get(AREAS)


def test_head_and_compression(client: Client) -> None:
    assert client.head(AREAS).status_code == 200
    plain = client.get(AREAS)
    squeezed = client.get(AREAS, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert squeezed.headers["ETag"] == plain.headers["ETag"]
    assert len(squeezed.content) * 2 < len(plain.content)


def test_rivers_are_lines(client: Client) -> None:
    rivers = answer(client, "/api/v1/rivers.geojson")["features"]
    assert rivers
    assert {feature["geometry"]["type"] for feature in rivers} == {"MultiLineString"}
    assert all(feature["properties"]["name"] for feature in rivers)


# ---- editions ------------------------------------------------------------------------------------------------------


@pytest.fixture
def redrawn(cast: Cast) -> Edition:
    """A second edition, in force from a day of its own: one grid joined to its neighbour."""
    day, neighbour = dt.date(2024, 1, 1), "360702003005003"
    made = dt.datetime(2023, 12, 1, tzinfo=dt.UTC)
    edition = Edition.objects.create(
        name="二〇二四年调整", state="published", valid_from=day, created_at=made, published_at=made
    )
    old = Boundary.objects.filter(area__in=[cast.grid, neighbour])
    joined = stored_multi(shapely.union_all([shapely.from_wkb(bytes(it.geom.wkb)) for it in old]))
    old.update(valid_until=day)
    Boundary.objects.create(area_id=cast.grid, edition=edition, valid_from=day, geom=joined)
    return edition


def test_editions_are_listed_from_the_first_with_what_each_drew(client: Client, redrawn: Edition) -> None:
    Edition.objects.create(name="还在起草", created_at=redrawn.created_at)
    first, second = answer(client, "/api/v1/editions")
    assert first["changed"] == {"community": 143, "district": 1, "grid": 727, "town": 10}
    assert first["gone"] == {}
    assert second == {
        "id": redrawn.pk,
        "name": "二〇二四年调整",
        "valid_from": "2024-01-01",
        "schematic": False,
        "changed": {"grid": 1},
        "gone": {"grid": 1},
    }
    assert client.get("/api/v1/editions?on=2024-01-01").status_code == 400


def test_areas_are_narrowed_to_what_an_edition_drew(client: Client, cast: Cast, redrawn: Edition) -> None:
    drawn = answer(client, f"{AREAS}?edition={redrawn.pk}")
    assert [it["id"] for it in drawn["features"]] == [cast.grid]
    assert answer(client, f"{AREAS}?edition={redrawn.pk}&on=2023-12-31")["features"] == []
    for bad in ("x", "-1", "1.5", "9" * 19):
        refused = client.get(f"{AREAS}?edition={bad}")
        assert (refused.status_code, refused.json()["parameter"]) == (400, "edition")


def test_the_areas_an_edition_ended_are_asked_for_with_its_day(client: Client, redrawn: Edition) -> None:
    (gone,) = answer(client, f"{AREAS}?gone=true&on=2024-01-01")["features"]
    assert gone["id"] == "360702003005003"
    assert gone["geometry"] == answer(client, "/api/v1/areas/360702003005003?on=2023-12-31")["geometry"]
    for day in ("2023-12-31", "2024-01-02"):
        assert answer(client, f"{AREAS}?gone=true&on={day}")["features"] == []
    assert len(answer(client, f"{AREAS}?gone=false&on=2024-01-01&level=grid")["features"]) == 726
    assert client.get(f"{AREAS}?gone=perhaps").json()["parameter"] == "gone"


def test_what_ended_is_counted_to_the_edition_of_that_ground(client: Client, redrawn: Edition) -> None:
    elsewhere = Edition.objects.create(
        name="同一天的另一处",
        state="published",
        scope="360702101",
        valid_from=redrawn.valid_from,
        created_at=redrawn.created_at,
        published_at=redrawn.created_at,
    )
    Edition.objects.filter(pk=redrawn.pk).update(scope="360702003")
    counted = {it["id"]: it["gone"] for it in answer(client, "/api/v1/editions")}
    assert (counted[redrawn.pk], counted[elsewhere.pk]) == ({"grid": 1}, {})


def test_the_map_names_the_edition_in_force_and_no_coming_one(client: Client, redrawn: Edition) -> None:
    assert "二〇二四年调整" in client.get("/").content.decode()
    Edition.objects.filter(pk=redrawn.pk).update(valid_from=dt.date(2999, 1, 1))
    assert "二〇二四年调整" not in client.get("/").content.decode()
