"""Reporting, following and counting cases over the API, as somebody sends them who does it right."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Q
from django.test import Client
from django.utils import timezone
from PIL import Image

from cases.models import Case, Photo, Reporter, TraceEvent
from cases.workflow import OPEN
from geodata.crs import COORDINATE_SYSTEMS, from_metres, from_stored, to_metres
from gridmap.models import Boundary
from tests.cases import pictures
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

SignIn = Callable[[User | None], Client]
CASES = "/api/v1/cases.geojson"
NAME, PHONE, WORDS = "欧阳晓燕", "13877770123", "三号楼门口的路灯不亮三天了"
PUBLIC = {
    "number", "kind", "category", "state", "state_name", "step", "area", "area_routed", "point", "exact", "reported_at", "due_at",
    "closed_at", "merged_into", "voices", "actions",
}  # fmt: skip
WHOLE = (
    PUBLIC
    | {"text", "address", "channel", "route", "reporter", "photos", "trace"}
    | {"whistles", "dispatches", "assignments", "procedures", "survey", "hard", "reopened", "repeats"}
)


@pytest.fixture
def place(cast: Cast) -> tuple[float, float]:
    """A point inside the cast's grid, not the one that stands for it."""
    inside = Boundary.objects.get(area=cast.grid, valid_until=None).geom.point_on_surface
    return inside.x + 0.00003, inside.y + 0.00002


@pytest.fixture
def body(place: tuple[float, float]) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()),
        "category": "0301",
        "text": WORDS,
        "lon": place[0],
        "lat": place[1],
        "coord": "wgs84",
        "channel": "web",
        "address": "三号楼门口",
        "reporter": {"name": NAME, "phone": PHONE},
    }


def send(client: Client, body: dict[str, Any]) -> Any:
    return client.post("/api/v1/cases", body, content_type="application/json")


def read(client: Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.json()


# ---- reporting ---------------------------------------------------------------------------------------------------


def test_a_report_is_answered_with_its_receipt_and_again_with_the_same(
    client: Client, body: dict[str, Any], cast: Cast
) -> None:
    first = send(client, body)
    assert first.status_code == 201
    receipt = first.json()
    # What the design asks for, and where to follow it.
    assert set(receipt) == {"number", "state", "step", "area", "route", "due_at", "track_code", "track_url"}
    assert (receipt["state"], receipt["step"]) == ("reported", {"number": 1, "name": "问题收集"})
    assert receipt["area"]["code"] == cast.grid
    assert set(receipt["route"]) == {"method", "distance_m"}
    assert receipt["due_at"].endswith("+08:00")
    assert dt.datetime.fromisoformat(receipt["due_at"]) > timezone.now()

    again = send(client, body)
    assert (again.status_code, again.json()) == (200, receipt)
    assert Case.objects.filter(client_id=body["client_id"]).count() == 1
    assert Reporter.objects.get(case__number=receipt["number"]).phone == PHONE
    assert TraceEvent.objects.filter(case__number=receipt["number"]).count() == 1


def test_a_report_takes_at_most_fifteen_statements(
    client: Client, body: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15) as counted:
        assert send(client, body).status_code == 201
    assert len(counted) == 13  # two of them the test's own savepoint; a change is worth a look
    with django_assert_max_num_queries(2):
        assert send(client, body).status_code == 200


@pytest.mark.parametrize("coord", COORDINATE_SYSTEMS)
def test_a_place_in_any_system_is_reported_from_the_same_spot(
    client: Client, body: dict[str, Any], cast: Cast, coord: str
) -> None:
    lon, lat = from_stored(body["lon"], body["lat"], coord)
    receipt = send(client, body | {"lon": lon, "lat": lat, "coord": coord}).json()
    case = Case.objects.get(number=receipt["number"])
    assert (receipt["area"]["code"], case.coord) == (cast.grid, coord)
    assert (case.point.x, case.point.y) == pytest.approx((body["lon"], body["lat"]), abs=1e-9)


def test_gcj02_said_to_be_wgs84_is_another_place(client: Client, body: dict[str, Any]) -> None:
    """Why there is no default: the test above would be worth nothing if the systems hardly differed."""
    lon, lat = from_stored(body["lon"], body["lat"], "gcj02")
    case = Case.objects.get(number=send(client, body | {"lon": lon, "lat": lat}).json()["number"])
    x, y = to_metres(case.point.x, case.point.y)
    meant = to_metres(body["lon"], body["lat"])
    assert 300 < ((x - meant[0]) ** 2 + (y - meant[1]) ** 2) ** 0.5 < 900


def test_a_form_with_two_photos(client: Client, body: dict[str, Any]) -> None:
    reporter = body.pop("reporter")
    form = body | {f"reporter.{name}": value for name, value in reporter.items()}
    sent = [pictures.upload(pictures.jpeg(2000, 1000)), pictures.upload(pictures.drawn("PNG", 300, 400), "b.png")]
    response = client.post("/api/v1/cases", form | {"photos": sent})
    assert response.status_code == 201, response.content
    case = Case.objects.get(number=response.json()["number"])
    assert [(it.width, it.height, it.kind) for it in case.photos.all()] == [(1600, 800, "report"), (300, 400, "report")]
    assert (case.text, case.reporter.name) == (WORDS, NAME)
    for file in sent:
        file.seek(0)
    assert client.post("/api/v1/cases", form | {"photos": sent}).status_code == 200
    assert Photo.objects.filter(case=case).count() == 2
    # One photo less is other content.
    sent[0].seek(0)
    assert client.post("/api/v1/cases", form | {"photos": sent[:1]}).status_code == 409


def test_the_whole_trip_of_a_case(as_user: SignIn, client: Client, body: dict[str, Any], cast: Cast) -> None:
    number = send(client, body).json()["number"]
    worker, chief = as_user(cast.worker), as_user(cast.chief)
    address = f"/api/v1/cases/{number}/actions"
    after = worker.post(f"{address}/accept", {}, content_type="application/json")
    assert (after.status_code, after.json()["state"]) == (200, "handling")
    assert {it["verb"] for it in after.json()["actions"]} == {"record", "resolve"}
    form = {"text": "已更换灯泡", "photos": [pictures.upload(pictures.jpeg(40, 30))]}
    after = worker.post(f"{address}/resolve", form)
    assert (after.status_code, after.json()["state"]) == (200, "resolved")
    assert [it["kind"] for it in after.json()["photos"]] == ["after"]
    after = chief.post(f"{address}/close", {}, content_type="application/json")
    assert (after.status_code, after.json()["state"]) == (200, "closed")
    assert [it["verb"] for it in after.json()["actions"]] == ["reopen"]
    assert [it["verb"] for it in after.json()["trace"]] == ["report", "accept", "resolve", "close"]
    assert worker.post(f"{address}/accept", {}, content_type="application/json").status_code == 409
    assert client.get(f"/api/v1/cases/{number}").json()["closed_at"] is not None


# ---- who sees what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "keys", "verbs"),
    [
        (None, PUBLIC, set()),
        ("stranger", PUBLIC, set()),
        ("department", PUBLIC, set()),
        ("worker", WHOLE, {"accept"}),
        ("chief", WHOLE, {"accept"}),
        ("clerk", WHOLE, {"relocate", "refuse", "merge"}),
        ("leader", WHOLE, set()),
        ("centre", WHOLE, {"relocate", "refuse", "merge"}),
        ("admin", WHOLE, set()),
    ],
)
def test_everybody_sees_what_is_theirs(
    as_user: SignIn, client: Client, body: dict[str, Any], cast: Cast, who: str | None, keys: set[str], verbs: set[str]
) -> None:
    number = send(client, body).json()["number"]
    seen = read(as_user(getattr(cast, who) if who else None), f"/api/v1/cases/{number}")
    assert set(seen) == keys
    assert {it["verb"] for it in seen["actions"]} == verbs
    if keys == WHOLE:
        assert seen["reporter"] == {"name": "欧***", "phone": "138****0123"}
        assert (seen["text"], seen["point"]) == (WORDS, {"lon": body["lon"], "lat": body["lat"]})
        assert [it["verb"] for it in seen["trace"]] == ["report"]
    assert PHONE not in json.dumps(seen, ensure_ascii=False)
    assert NAME not in json.dumps(seen, ensure_ascii=False)


def everything_public(client: Client, body: dict[str, Any], number: str) -> dict[str, str]:
    """What anybody can read, by address."""
    where = f"lon={body['lon']}&lat={body['lat']}&coord=wgs84"
    addresses = [
        f"/api/v1/cases/{number}",
        f"/api/v1/cases/similar?{where}",
        f"/api/v1/cases/similar?{where}&category={body['category']}",
        f"/api/v1/locate?{where}",
        f"{CASES}?since=2026-07-01&limit=100000",
        f"{CASES}?bbox={body['lon'] - 0.01},{body['lat'] - 0.01},{body['lon'] + 0.01},{body['lat'] + 0.01}",
        "/api/v1/cases/cells?zoom=19&since=2026-07-01",
        "/api/v1/summary",
        "/api/v1/areas.geojson?level=grid",
        "/api/v1/categories",
        "/api/v1/places?q=路",
    ]
    return {address: client.get(address).content.decode() for address in addresses}


def within_a_metre(text: str, body: dict[str, Any]) -> bool:
    """Whether any two numbers that follow each other are the place of the report."""
    numbers = [float(it) for it in re.findall(r"-?\d+\.\d+", text)]
    return any(
        abs(lon - body["lon"]) < 1e-5 and abs(lat - body["lat"]) < 1e-5 for lon, lat in itertools.pairwise(numbers)
    )


@pytest.mark.parametrize(("category", "sensitive"), [("0301", False), ("0403", True), ("0601", True)])
def test_nobody_reads_words_people_or_sensitive_places_without_signing_in(
    client: Client, body: dict[str, Any], category: str, sensitive: bool
) -> None:
    body |= {"category": category}
    receipt = send(client, body).json()
    said = everything_public(client, body, receipt["number"])
    voice = client.post(f"/api/v1/cases/{receipt['number']}/voices", {"client_id": str(uuid.uuid4())})
    said["voice"] = voice.content.decode()
    refused = client.post(f"/api/v1/cases/{receipt['number']}/actions/accept")
    said["refused"] = refused.content.decode()
    assert (voice.status_code, refused.status_code) == (201, 401)
    secrets = [NAME, PHONE, PHONE[-8:], WORDS, WORDS[:6], body["address"], receipt["track_code"], body["client_id"]]
    for address, text in said.items():
        for secret in secrets:
            assert secret not in text, (secret, address)
        assert not (sensitive and within_a_metre(text, body)), address
    shown = json.loads(said[f"/api/v1/cases/{receipt['number']}"])
    assert shown["exact"] is not sensitive
    # The scan is worth something only because an ordinary case is found where it is.
    assert within_a_metre(said[f"{CASES}?since=2026-07-01&limit=100000"], body) is not sensitive


def test_a_sensitive_case_stands_at_a_point_of_its_grid(client: Client, body: dict[str, Any], cast: Cast) -> None:
    places = set()
    for shift in (0, 0.0001):
        sent = body | {"category": "0403", "client_id": str(uuid.uuid4()), "lat": body["lat"] + shift}
        number = send(client, sent).json()["number"]
        seen = read(client, f"/api/v1/cases/{number}")
        assert seen["area"]["code"] == cast.grid
        places.add((seen["point"]["lon"], seen["point"]["lat"]))
    assert len(places) == 1
    [(lon, lat)] = places
    assert read(client, f"/api/v1/locate?lon={lon}&lat={lat}&coord=cgcs2000")["area"]["code"] == cast.grid


# ---- the same thing again ----------------------------------------------------------------------------------------


def moved(body: dict[str, Any], metres: float, **changes: Any) -> dict[str, Any]:
    """Another report so many metres to the east."""
    x, y = to_metres(body["lon"], body["lat"])
    lon, lat = from_metres(x + metres, y)
    return body | {"client_id": str(uuid.uuid4()), "lon": lon, "lat": lat} | changes


def test_similar_cases_are_the_open_ones_within_fifty_metres(
    client: Client, body: dict[str, Any], cast: Cast, as_user: SignIn
) -> None:
    near = f"/api/v1/cases/similar?lon={body['lon']}&lat={body['lat']}&coord=wgs84"
    before = {it["number"] for it in read(client, near)}
    numbers = {metres: send(client, moved(body, metres)).json()["number"] for metres in (49.5, 0, 20, 50.5)}
    other = send(client, moved(body, 10, category="0101")).json()["number"]
    send(client, moved(body, 5, category="0403"))  # its place is kept back
    refused = send(client, moved(body, 6)).json()["number"]
    clerk = as_user(cast.clerk)
    assert clerk.post(f"/api/v1/cases/{refused}/actions/refuse", {"text": "重复"}).status_code == 200

    found = [it for it in read(client, near) if it["number"] not in before]
    assert [it["number"] for it in found] == [numbers[0], other, numbers[20], numbers[49.5]]
    assert [it["distance_m"] for it in found] == pytest.approx([0, 10, 20, 49.5], abs=0.1)
    assert set(found[0]) == PUBLIC - {"actions"} | {"distance_m"}
    of_kind = read(client, f"{near}&category=03")
    assert [it["number"] for it in of_kind if it["number"] not in before] == [numbers[0], numbers[20], numbers[49.5]]


def test_a_voice_counts_once(client: Client, body: dict[str, Any]) -> None:
    number = send(client, body).json()["number"]
    address, voice = f"/api/v1/cases/{number}/voices", {"client_id": str(uuid.uuid4()), "text": "我也看到了"}
    first = client.post(address, voice, content_type="application/json")
    assert (first.status_code, first.json()["voices"]) == (201, 1)
    again = client.post(address, voice, content_type="application/json")
    assert (again.status_code, again.json()["voices"]) == (200, 1)
    another = client.post(address, {"client_id": str(uuid.uuid4())}, content_type="application/json")
    assert (another.status_code, another.json()["voices"]) == (201, 2)
    assert read(client, f"/api/v1/cases/{number}")["voices"] == 2
    assert [it.verb for it in Case.objects.get(number=number).trace.all()] == ["report", "voice", "voice"]


# ---- the collection ----------------------------------------------------------------------------------------------


def count(client: Client, query: str) -> int:
    page = read(client, f"{CASES}?{query}")
    assert page["number_returned"] == len(page["features"])
    assert "next" not in page
    return len(page["features"])


def test_cases_are_good_geojson(client: Client) -> None:
    response = client.get(CASES)
    assert response.headers["Content-Type"] == "application/geo+json"
    collection = response.json(parse_float=str)
    features = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert len(features) == len({feature["id"] for feature in features}) == Case.objects.count() >= 4649
    for feature in features:
        assert set(feature) == {"type", "id", "geometry", "properties"}
        assert feature["geometry"]["type"] == "Point"
        assert all(len(number.partition(".")[2]) <= 7 for number in feature["geometry"]["coordinates"])
        assert feature["properties"]["reported_at"].endswith("+08:00")
    assert not {"text", "track_code", "client_id", "address", "reporter"} & set(features[0]["properties"])


def test_each_filter_counts_as_an_independent_count_says(client: Client, cast: Cast) -> None:
    now, day = timezone.now(), dt.datetime(2025, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    town = cast.grid[:9]
    late = Q(state__in=OPEN, due_at__lt=now)
    box = (114.9, 25.8, 114.95, 25.87)
    inside = Q(public_point__coveredby=f"SRID=4490;POLYGON(({box[0]} {box[1]},{box[2]} {box[1]},{box[2]} {box[3]},"
               f"{box[0]} {box[3]},{box[0]} {box[1]}))")  # fmt: skip
    expected = {
        f"area={town}": Q(current_area__code__startswith=town),
        "category=03": Q(category__parent="03"),
        "category=0301": Q(category="0301"),
        "channel=hotline": Q(channel="hotline"),
        "state=closed": Q(state="closed"),
        "state=reported,handling": Q(state__in=["reported", "handling"]),
        "overdue=true": late,
        "overdue=false": ~late,
        "level=grid": Q(current_area__level="grid"),
        "since=2025-03-01": Q(reported_at__gte=day),
        "until=2025-03-01T00:00:00%2B08:00": Q(reported_at__lt=day),
        f"since=2025-03-01&category=03&area={town}": Q(
            reported_at__gte=day, category__parent="03", current_area__code__startswith=town
        ),
        "bbox=" + ",".join(map(str, box)): inside,
    }
    counted = {query: count(client, query) for query in expected}
    assert counted == {query: Case.objects.filter(which).count() for query, which in expected.items()}
    assert counted["since=2025-03-01"] + counted["until=2025-03-01T00:00:00%2B08:00"] == Case.objects.count()
    narrowed = {query for query, found in counted.items() if 0 < found < Case.objects.count()}
    assert narrowed >= set(expected) - {"level=grid"}
    assert count(client, "channel=forum&state=refused&category=06&area=999") == 0


def test_paging_by_next_walks_every_case_once(client: Client) -> None:
    seen: list[str] = []
    address, pages = f"{CASES}?state=closed&limit=1500", 0
    while address:
        page = read(client, address)
        seen += [feature["id"] for feature in page["features"]]
        address, pages = page.get("next", ""), pages + 1
    assert pages == 4
    assert seen == sorted(Case.objects.filter(state="closed").values_list("number", flat=True))


def test_the_etag_moves_with_every_report_and_every_action(
    client: Client, as_user: SignIn, body: dict[str, Any], cast: Cast
) -> None:
    address = f"{CASES}?limit=5"
    etags = [client.get(address).headers["ETag"]]
    assert client.get(address, headers={"If-None-Match": etags[0]}).status_code == 304
    number = send(client, body).json()["number"]
    etags.append(client.get(address).headers["ETag"])
    as_user(cast.worker).post(f"/api/v1/cases/{number}/actions/accept")
    etags.append(client.get(address).headers["ETag"])
    assert len(set(etags)) == 3
    assert client.get(address, headers={"If-None-Match": etags[1]}).status_code == 200
    assert client.get(address, headers={"If-None-Match": etags[2]}).status_code == 304
    # A refused report changes nothing.
    assert send(client, body | {"client_id": "no"}).status_code == 400
    assert client.get(address, headers={"If-None-Match": etags[2]}).status_code == 304


# ---- figures -----------------------------------------------------------------------------------------------------


def test_the_summary_says_what_the_article_says(client: Client) -> None:
    figures = read(client, "/api/v1/summary")
    assert (figures["collected"], figures["done"], figures["open"]) == (4649, 4640, 9)
    assert figures["completion_rate"] == {"numerator": 4640, "denominator": 4649, "percent": 99.8}
    assert sum(figures["states"].values()) - figures["states"]["merged"] == 4649
    assert figures["on_time_rate"]["denominator"] == 4640
    nothing = read(client, "/api/v1/summary?since=2099-01-01")
    assert nothing["completion_rate"] == {"numerator": 0, "denominator": 0, "percent": None}


def test_the_summary_of_the_parts_is_that_of_the_whole(client: Client) -> None:
    towns = Boundary.objects.filter(area__level="town").values_list("area", flat=True)
    parts = [read(client, f"/api/v1/summary?area={town}") for town in towns]
    assert sum(it["collected"] for it in parts) == 4649
    assert sum(it["done"] for it in parts) == 4640
    assert all(0 < it["collected"] < 4649 for it in parts)


def test_categories_are_a_tree_of_two_levels(client: Client) -> None:
    tree = read(client, "/api/v1/categories")
    parts = [part for category in tree for part in category["children"]]
    assert len({it["code"] for it in [*tree, *parts]}) == len(tree) + len(parts)
    assert all(part["code"].startswith(category["code"]) for category in tree for part in category["children"])
    assert next(part for part in parts if part["code"] == "0101")["limit"] == "4工作时"


def test_what_a_worker_is_shown_of_a_photo_is_a_jpeg(
    client: Client, as_user: SignIn, body: dict[str, Any], cast: Cast
) -> None:
    body.pop("reporter")
    sent = client.post("/api/v1/cases", body | {"photos": [pictures.upload(pictures.jpeg(60, 40))]}).json()
    worker = as_user(cast.worker)
    [photo] = read(worker, f"/api/v1/cases/{sent['number']}")["photos"]
    shown = worker.get(photo["url"])
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(b"".join(shown.streaming_content))).size == (60, 40)
    assert client.get(photo["url"]).status_code == 404
    assert as_user(cast.stranger).get(photo["url"]).status_code == 404
