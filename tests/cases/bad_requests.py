"""Bad requests, each with the answer it deserves: a table the tests walk through."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cases import pictures

BAD = "bad-parameter"
LEFT_OUT = object()
DEEP = "[" * 100_000


@dataclass(frozen=True)
class Row:
    """One bad request and its answer. ``{number}`` in an address stands for an open case, ``{place}`` for a place."""

    name: str
    path: str
    status: int
    code: str = BAD
    parameter: str = ""
    method: str = "GET"
    json: Any = None
    changes: Mapping[str, Any] | None = None  # a good report, changed
    body: bytes | str | None = None
    content_type: str = "application/json"
    photos: tuple[SimpleUploadedFile, ...] = ()
    signed_in: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str = ""  # part of the sentence


def report(name: str, parameter: str, status: int = 400, code: str = BAD, *, says: str = "", **changes: Any) -> Row:
    """A report with one thing wrong; ``status`` and ``code`` of the answer, and the field it names."""
    return Row(name, "/api/v1/cases", status, code, parameter, "POST", changes=changes, says=says)


def raw(name: str, body: bytes | str, status: int = 400, code: str = "parse-error", **more: Any) -> Row:
    """Something that is no report at all."""
    return Row(name, "/api/v1/cases", status, code, method="POST", body=body, **more)


def photo(name: str, *files: SimpleUploadedFile, says: str = "") -> Row:
    """A good report with photos that will not do."""
    return Row(name, "/api/v1/cases", 422, "unprocessable", "photos", "POST", changes={}, photos=files, says=says)


def with_word(field_name: str, text: str) -> str:
    """A report as JSON text, with a value no JSON library would write."""
    good = {"client_id": str(uuid.uuid4()), "category": "0301", "text": "x", "lon": 114.9, "lat": 30.4}
    members = [json.dumps(name) + ":" + json.dumps(value) for name, value in good.items() if name != field_name]
    return "{" + ",".join([*members, '"coord":"wgs84"', '"channel":"web"', f'"{field_name}":{text}']) + "}"


REPORTS = [
    report("longitude above 180", "lon", lon=181),
    report("longitude below -180", "lon", lon=-180.5),
    report("latitude above 90", "lat", lat=95),
    report("latitude below -90", "lat", lat=-90.01),
    report("longitude and latitude swapped", "lat", says="写反", lon=30.4, lat=114.9),
    report("longitude NaN as text", "lon", lon="nan"),
    report("latitude infinite as text", "lat", lat="-inf"),
    raw("longitude NaN as JavaScript writes it", with_word("lon", "NaN")),
    raw("longitude infinite as JavaScript writes it", with_word("lon", "Infinity")),
    raw("longitude an integer of 400 digits", with_word("lon", "1" + "0" * 400), code=BAD, parameter="lon"),
    raw("longitude an integer of 5,000 digits", with_word("lon", "1" + "0" * 5000)),
    raw("longitude 1e999", with_word("lon", "1e999"), code=BAD, parameter="lon"),
    report("the placeholder (0, 0)", "lon", says="占位", lon=0, lat=0),
    report("longitude not a number", "lon", lon="东经114度"),
    report("longitude null", "lon", lon=None),
    report("longitude a list", "lon", lon=[114.9]),
    report("longitude true", "lon", lon=True),
    report("longitude in full-width digits", "lon", lon="１１４.９"),
    report("longitude in superscripts", "lon", lon="¹¹⁴"),
    report("longitude with an underscore", "lon", lon="1_14.9"),
    report("longitude missing", "lon", lon=LEFT_OUT),
    report("latitude missing", "lat", lat=LEFT_OUT),
    report("coordinate system missing", "coord", says="没有默认值", coord=LEFT_OUT),
    report("coordinate system unknown", "coord", coord="epsg3857"),
    report("coordinate system a list", "coord", coord=["wgs84"]),
    report("category unknown", "category", says="类别", category="9999"),
    report("category with parts of its own", "category", category="03"),
    report("category missing", "category", category=LEFT_OUT),
    report("category empty", "category", category=""),
    report("category very long", "category", category="0" * 5000),
    report("category with a NUL", "category", category="0301\x00"),
    report("text missing", "text", text=LEFT_OUT),
    report("text empty", "text", text=""),
    report("text blank", "text", text=" \n\t　"),
    report("text of 4,001 characters", "text", says="4000", text="字" * 4001),
    report("text with a NUL", "text", text="路灯\x00不亮"),
    report("text a number list", "text", text=[1, 2]),
    raw("text with a lone surrogate", with_word("text", r'"路灯\ud800不亮"'), code=BAD, parameter="text"),
    report("client_id missing", "client_id", client_id=LEFT_OUT),
    report("client_id not a UUID", "client_id", says="UUID", client_id="12345"),
    report("client_id a number", "client_id", client_id=12345),
    report("client_id used for other content", "client_id", 409, "conflict", client_id="taken"),
    report("channel missing", "channel", channel=LEFT_OUT),
    report("channel unknown", "channel", channel="pigeon"),
    report("kind unknown", "kind", kind="wish"),
    report("accuracy negative", "accuracy", accuracy=-1),
    report("accuracy NaN", "accuracy", accuracy="nan"),
    report("accuracy huge", "accuracy", accuracy=1e9),
    report("accuracy infinite", "accuracy", accuracy="inf"),
    report("accuracy not a number", "accuracy", accuracy="about ten"),
    report("address very long", "address", address="路" * 201),
    report("occurred in the future", "occurred_at", says="将来", occurred_at="2999-01-01T00:00:00+08:00"),
    report("occurred at no date", "occurred_at", occurred_at="yesterday"),
    report("occurred in month 13", "occurred_at", occurred_at="2026-13-01T00:00:00+08:00"),
    report("occurred before calendars", "occurred_at", occurred_at="0001-01-01T00:00:00+14:00"),
    report("occurred at the year one", "occurred_at", occurred_at="0001-01-01T00:00:00+08:00"),
    report("reporter's telephone nonsense", "phone", says="电话", reporter={"phone": "call me"}),
    report("reporter's telephone in full width", "phone", reporter={"phone": "１３８００００００００"}),
    report("reporter's name very long", "name", reporter={"name": "张" * 41}),
    report("reporter's name with a NUL", "name", reporter={"name": "张\x00"}),
    report("reporter not an object", "reporter", reporter="张三"),
    report("reporter a list", "reporter", reporter=["张三"]),
    report("reporter with an unknown field", "nmae", reporter={"nmae": "张三"}),
    report("unknown field", "txet", says="txet", txet="路灯不亮"),
    report("unknown field very long", "x" * 40, **{"x" * 100_000: 1}),
    raw("unknown field with a lone surrogate", with_word(r"\ud800", "1"), code=BAD),
    report("photos in words", "photos", photos=["a.jpg"]),
    report("outside the district, north", "", 422, "outside-district", says="北侧", lon=114.8, lat=31.5),
    report("outside the district, in Beijing", "", 422, "outside-district", lon=116.4, lat=39.9),
    report("outside the district, south", "", 422, "outside-district", says="南侧", lon=114.9, lat=-30.4),
]

BODIES = [
    raw("JSON cut short", '{"text": "路灯'),
    raw("no JSON at all", "text=hello"),
    raw("an empty body", "", code=BAD, parameter="client_id"),
    raw("a list", "[]", code=BAD),
    raw("a number", "42", code=BAD),
    raw("a string", '"report"', code=BAD),
    raw("null", "null", code=BAD, says="JSON 对象"),
    raw("nested too deep", DEEP),
    raw("nested too deep in a field", with_word("reporter", '{"name":' * 100_000)),
    raw("not UTF-8", b'{"text": "\xb2\xa9"}'),
    raw("plain text", "路灯不亮", 415, "unsupported-media-type", content_type="text/plain"),
    raw("XML", "<report/>", 415, "unsupported-media-type", content_type="application/xml"),
    raw("no content type", "{}", 415, "unsupported-media-type", content_type=""),
    raw("a form without a boundary", "x", content_type="multipart/form-data"),
    raw("3 MB of JSON", with_word("text", '"' + "x" * 3_000_000 + '"'), 413, "too-large"),
    raw(
        "3 MB in a form field",
        "text=" + "x" * 3_000_000,
        413,
        "too-large",
        content_type="application/x-www-form-urlencoded",
    ),
    raw(
        "2,000 form fields",
        "&".join(f"f{i}=1" for i in range(2000)),
        400,
        "bad-request",
        content_type="application/x-www-form-urlencoded",
    ),
]

PHOTOS = [
    photo("photo that is text", pictures.upload(b"this is no picture", "a.jpg"), says="a.jpg"),
    photo("photo that is empty", pictures.upload(b"", "a.jpg")),
    photo("photo cut short", pictures.upload(pictures.jpeg(800, 600)[:3000], "a.jpg")),
    photo("photo of only a header", pictures.upload(pictures.jpeg(80, 60)[:30], "a.jpg")),
    photo("SVG", pictures.upload(pictures.SVG, "a.svg")),
    photo("SVG called JPEG", pictures.upload(pictures.SVG, "a.jpg")),
    photo("GIF", pictures.upload(pictures.drawn("GIF"), "a.gif")),
    photo("TIFF called JPEG", pictures.upload(pictures.drawn("TIFF"), "a.jpg")),
    photo("a PNG that claims 60,000 × 60,000", pictures.upload(pictures.png_claiming(60_000, 60_000)), says="尺寸"),
    photo("a PNG that claims 8,000 × 8,000", pictures.upload(pictures.png_claiming(8_000, 8_000)), says="尺寸"),
    photo("a PNG with a broken chunk", pictures.upload(pictures.png_claiming(8, 8))),
    photo("13 MB", pictures.upload(pictures.jpeg(80, 60) + b"\0" * 13 * 1024 * 1024, "big.jpg"), says="12 MB"),
    photo("seven photos", *(pictures.upload(pictures.jpeg(8, 8)) for _ in range(7)), says="6"),
    photo("a good photo and a bad one", pictures.upload(pictures.jpeg(80, 60)), pictures.upload(b"x", "b.jpg")),
    # Good photos with a bad report: they must not be kept either.
    *(
        Row(
            f"a good photo, but {name}", "/api/v1/cases", status, code, parameter, "POST", changes=changes, photos=(it,)
        )
        for it in [pictures.upload(pictures.jpeg(90, 70))]
        for name, status, code, parameter, changes in [
            ("from outside", 422, "outside-district", "", {"lon": 116.4, "lat": 39.9}),
            ("of no category", 400, BAD, "category", {"category": "9999"}),
            ("without words", 400, BAD, "text", {"text": ""}),
            ("under a used client_id", 409, "conflict", "client_id", {"client_id": "taken"}),
        ]
    ),
]

LOCATE = "/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84"
SIMILAR = "/api/v1/cases/similar?lon={lon}&lat={lat}&coord=wgs84"


def asked(path: str, *pairs: tuple[str, str]) -> list[Row]:
    """Questions with one bad parameter each."""
    return [
        Row(f"{path.split('?')[0]} {name}={value[:30]}", f"{path}{name}={value}", 400, BAD, name)
        for name, value in pairs
    ]


POSITIONS = [
    ("lon=114.9&lat=30.4", "coord"),
    ("lon=114.9&coord=wgs84", "lat"),
    ("lat=30.4&coord=wgs84", "lon"),
    ("", "lon"),
    ("lon=&lat=30.4&coord=wgs84", "lon"),
    ("lon=181&lat=30.4&coord=wgs84", "lon"),
    ("lon=114.9&lat=-91&coord=wgs84", "lat"),
    ("lon=30.4&lat=114.9&coord=wgs84", "lat"),
    ("lon=0&lat=0&coord=wgs84", "lon"),
    ("lon=nan&lat=30.4&coord=wgs84", "lon"),
    ("lon=114.9&lat=inf&coord=wgs84", "lat"),
    ("lon=1e999&lat=30.4&coord=wgs84", "lon"),
    ("lon=abc&lat=30.4&coord=wgs84", "lon"),
    ("lon=%EF%BC%91%EF%BC%92&lat=30.4&coord=wgs84", "lon"),  # １２
    ("lon=114.9&lat=%C2%B2&coord=wgs84", "lat"),  # ²
    ("lon=1_1&lat=30.4&coord=wgs84", "lon"),
    ("lon=114.9&lat=30.4&coord=WGS-84", "coord"),
    ("lon=114.9&lon=114.8&lat=30.4&coord=wgs84", "lon"),
    ("lon=114.9%00&lat=30.4&coord=wgs84", "lon"),
    ("lon=%ED%A0%80&lat=30.4&coord=wgs84", "lon"),
    ("lon=" + "9" * 20_000 + "&lat=30.4&coord=wgs84", "lon"),
]

FILTERS: dict[str, list[str]] = {
    "limit": ["0", "-1", "1000000000", "abc", "1.5", "%EF%BC%91", "%C2%B9", "9" * 5000, "00000100000000"],
    "bbox": [
        "1,2,3",
        "1,2,3,4,5",
        "abc",
        "nan,nan,nan,nan",
        "115,30,114,31",
        "114,31,115,30",
        "114,30,115,91",
        "114,30,115,inf",
        ",,,",
        "%EF%BC%91,1,2,2",
    ],
    "area": ["abc", "36070%", "1234567890123456", "%EF%BC%91", "-1"],
    "level": ["unknown", "grid,town", "GRID"],
    "after": ["<b>", "a b", "x" * 41, "%00"],
}
CASE_FILTERS: dict[str, list[str]] = {
    "since": [
        "yesterday",
        "2026-13-01",
        "9999-99-99",
        "2026-02-30",
        "0000-00-00",
        "1751500000000",
        "%EF%BC%92",
        "2026-01-01T25:00:00",
    ],
    "until": ["tomorrow", "2026-00-10", "now()"],
    "state": ["unknown", "reported,unknown", ",", "REPORTED"],
    "channel": ["pigeon", "web,patrol"],
    "overdue": ["maybe", "2"],
    "category": ["a%20b", "'; DROP", "x" * 41],
}

QUESTIONS = [
    *(
        Row(f"{where} {query[:50]}", f"{where}?{query}", 400, BAD, parameter)
        for where in ("/api/v1/locate", "/api/v1/cases/similar")
        for query, parameter in POSITIONS
    ),
    *asked(
        LOCATE + "&",
        ("accuracy", "-1"),
        ("accuracy", "nan"),
        ("accuracy", "1e9"),
        ("accuracy", "inf"),
        ("on", "0000-00-00"),
        ("on", "today"),
        ("on", "2026-02-30"),
        ("on", "1066-10-14"),
        ("on", "9" * 5000),
        ("unknown", "1"),
        ("format", "xml"),
    ),
    Row("locate outside", "/api/v1/locate?lon=116.4&lat=39.9&coord=wgs84", 422, "outside-district", says="北"),
    Row("locate before any edition", LOCATE + "&on=1950-01-01", 422, "no-district"),
    *asked(SIMILAR + "&", ("unknown", "1"), ("category", "%00"), ("category", "x" * 5000), ("category", "水 x")),
    *asked("/api/v1/places?", ("q", ""), ("q", "%20"), ("q", "x" * 61), ("q", "%00"), ("q", "a&q=b"), ("name", "x")),
    Row("places without a question", "/api/v1/places", 400, BAD, "q"),
    *asked("/api/v1/areas/360702?", ("unknown", "1"), ("on", "0000-00-00"), ("on", "x")),
    Row("an area that is not there", "/api/v1/areas/999999", 404, "not-found"),
    Row("an area by a wild name", "/api/v1/areas/%E7%BD%91%E6%A0%BC", 404, "not-found"),
    Row("an area with a NUL", "/api/v1/areas/36%00", 404, "not-found"),
    Row("an area of long ago", "/api/v1/areas/360702?on=1950-01-01", 404, "not-found"),
    *asked("/api/v1/process?", ("unknown", "1"), ("format", "api")),
    *asked("/api/v1/categories?", ("unknown", "1"), ("format", "api")),
    *(
        row
        for name, values in FILTERS.items()
        for value in values
        for where in ("areas", "cases")
        for row in asked(f"/api/v1/{where}.geojson?", (name, value))
    ),
    *(
        row
        for name, values in CASE_FILTERS.items()
        for value in values
        for where in ("cases.geojson", "summary")
        for row in asked(f"/api/v1/{where}?", (name, value))
    ),
    *asked(
        "/api/v1/areas.geojson?",
        ("unknown", "1"),
        ("category", "0301"),
        ("on", "0000-00-00"),
        ("on", "x"),
        ("limit", "1&limit=2"),
        ("x" * 40, "1"),
    ),
    *asked("/api/v1/cases.geojson?", ("unknown", "1"), ("on", "2026-01-01"), ("limit", "1&limit=2"), ("unit", "x")),
    *asked("/api/v1/summary?", ("unknown", "1"), ("limit", "5"), ("bbox", "1,2,3,4"), ("area", "3&area=4")),
    *asked(
        "/api/v1/rivers.geojson?", ("unknown", "1"), ("after", "x"), ("after", "1.5"), ("after", "²"), ("limit", "0")
    ),
    Row("an unknown collection", "/api/v1/ghosts.geojson", 404, "not-found", says="areas"),
    Row("an unknown collection by a NUL", "/api/v1/gho%00sts.geojson", 404, "not-found"),
    Row("an address that is not there", "/api/v1/nothing", 404, "not-found"),
    Row("an address that is not there, posted to", "/api/v1/nothing", 404, "not-found", method="POST", json={}),
    Row("an unknown case", "/api/v1/cases/20990101-000001", 404, "not-found"),
    Row("a case by a NUL", "/api/v1/cases/2026%00", 404, "not-found"),
    Row("a case by a very long number", "/api/v1/cases/" + "9" * 5000, 404, "not-found"),
    *asked("/api/v1/cases/{number}?", ("unknown", "1")),
    *asked(
        "/api/v1/cases/cells?",
        ("zoom", ""),
        ("zoom", "20"),
        ("zoom", "-1"),
        ("zoom", "1.5"),
        ("zoom", "²"),
        ("zoom", "1&zoom=2"),
    ),
    *asked("/api/v1/cases/cells?zoom=9&", ("unknown", "1"), ("limit", "5"), ("bbox", "1,2,3"), ("since", "x")),
    Row("an answer nobody makes", "/api/v1/categories", 406, "not-acceptable", headers={"Accept": "image/png"}),
]

# What a month, a window or a day of it cannot be: the ends of the calendar, and what lies beside them.
MOMENTS = [
    *((name, value) for name in ("since", "until") for value in CASE_FILTERS[name]),
    *(
        (name, value)
        for name in ("since", "until")
        for value in (
            "0001-01-01T00:00:00%2B08:00",
            "0001-01-01T00:00:00Z",
            "1899-12-31",
            "3000-01-01",
            "9999-12-31",
            "9999-12-31T23:59:59-12:00",
            "2026-01-01%00",
            "2026-01-01&since=2026-02-01&until=2026-03-01",
        )
    ),
]
FIGURES = ("counts", "coverage", "density", "ground", "hotspots", "overdue", "review")
MAPS = [
    *(
        row
        for where in FIGURES
        for row in asked(
            f"/api/v1/{where}?",
            *MOMENTS,
            ("area", "abc"),
            ("area", "1234567890123456"),
            ("category", "x" * 41),
            ("category", "%00"),
            ("unknown", "1"),
            ("bbox", "114,25,115,26"),
            ("after", "1"),
        )
    ),
    *(
        row
        for where in FIGURES
        if where != "hotspots"
        for row in asked(
            f"/api/v1/{where}?",
            ("state", "lost"),
            ("state", "closed,"),
            ("channel", "pigeon"),
            ("department", "a%20b"),
            ("department", "x" * 41),
        )
    ),
    *(
        row
        for where in ("counts", "coverage", "ground", "hotspots")
        for row in asked(f"/api/v1/{where}.geojson?", ("since", "9999-12-31"), ("unknown", "1"))
    ),
    *(row for where in ("counts", "overdue") for row in asked(f"/api/v1/{where}?", ("level", "house"))),
    *asked("/api/v1/coverage?", *(("level", it) for it in ("grid", "district", "town,community"))),
    *asked("/api/v1/density?", ("level", "grid"), ("theme", "size"), ("overdue", "true")),
    *asked("/api/v1/ground?", ("theme", "weather"), ("theme", "size&theme=party"), ("theme", "%00"), ("level", "grid")),
    *asked(
        "/api/v1/hotspots?",
        ("level", "town"),
        ("level", "district"),
        ("denominator", "dogs"),
        ("denominator", "km2&denominator=residents"),
        ("category", "0" * 13),
        ("since", "2026-01-01T10:00"),
        ("until", "2026-01-01T00:00:00Z"),
        ("until", "2026-02-01&since=2026-02-01"),
        ("until", "2026-02-01&since=2026-03-01"),
        ("since", "1900-01-01&until=2999-12-31"),
        ("since", "2016-01-01&until=2026-06-30"),
        *((name, "1") for name in ("department", "channel", "state", "theme", "overdue", "limit")),
    ),
    *asked(
        "/api/v1/overdue.geojson?",
        *MOMENTS,
        ("overdue", "maybe"),
        ("limit", "0"),
        ("after", "a b"),
        ("after", "x" * 41),
        ("theme", "size"),
    ),
    *asked("/api/v1/overdue?", ("overdue", "maybe"), ("limit", "1")),
    *asked("/api/v1/review?", ("level", "grid"), ("overdue", "true"), ("theme", "size"), ("limit", "1")),
    *(
        row
        for layer in ("heat", "overdue", "coverage")
        for row in asked(f"/tiles/{layer}/9/419/217.mvt?", *MOMENTS[-8:], ("unknown", "1"), ("state", "lost"))
    ),
]

METHODS = [
    Row(f"{method} {path}", path, 405, "method-not-allowed", method=method, json={} if method != "GET" else None)
    for path, methods in {
        "/api/v1/locate": ("POST", "DELETE"),
        "/api/v1/places": ("POST",),
        "/api/v1/areas/360702": ("PUT",),
        "/api/v1/areas.geojson": ("POST", "PUT", "DELETE"),
        "/api/v1/cases.geojson": ("PATCH",),
        "/api/v1/categories": ("POST",),
        "/api/v1/cases": ("GET", "DELETE"),
        "/api/v1/cases/similar": ("POST",),
        "/api/v1/cases/{number}": ("POST", "DELETE", "PATCH"),
        "/api/v1/cases/{number}/voices": ("GET",),
        "/api/v1/cases/{number}/survey": ("GET", "DELETE"),
        "/api/v1/cases/{number}/actions/accept": ("GET",),
        "/api/v1/cases/cells": ("POST",),
        "/api/v1/process": ("POST",),
        "/api/v1/summary": ("POST",),
        **{f"/api/v1/{where}": ("POST", "DELETE") for where in FIGURES},
        **{f"/api/v1/{where}.geojson": ("POST",) for where in ("counts", "coverage", "ground", "hotspots", "overdue")},
        "/tiles/heat/9/419/217.mvt": ("POST",),
    }.items()
    for method in methods
]

VOICE, ACT = "/api/v1/cases/{number}/voices", "/api/v1/cases/{number}/actions/"
ID = str(uuid.uuid4())


def voice(name: str, parameter: str, given: Any, status: int = 400, code: str = BAD, path: str = VOICE) -> Row:
    """A voice that cannot be counted."""
    return Row(name, path, status, code, parameter, "POST", json=given)


def act(name: str, verb: str, status: int, code: str = BAD, parameter: str = "", given: Any = None, **more: Any) -> Row:
    """Something a signed-in worker cannot do."""
    return Row(name, ACT + verb, status, code, parameter, "POST", json=given or {}, signed_in=True, **more)


VOICES = [
    voice("voice without client_id", "client_id", {}),
    voice("voice by no UUID", "client_id", {"client_id": "me"}),
    voice("voice of 1,001 characters", "text", {"client_id": ID, "text": "同" * 1001}),
    voice("voice with a NUL", "text", {"client_id": ID, "text": "\x00"}),
    voice("voice with an unknown field", "txet", {"client_id": ID, "txet": "同"}),
    voice("voice a list", "", []),
    voice("voice a number", "", 7),
    voice("voice for no case", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/20990101-000001/voices"),
    voice("voice for a NUL", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/%00/voices"),
    voice("voice for a closed case", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/{closed}/voices"),
    voice("voice used for another case", "client_id", {"client_id": "taken"}, 409, "conflict"),
    Row("voice as broken JSON", VOICE, 400, "parse-error", method="POST", body="{"),
    Row("voice nested too deep", VOICE, 400, "parse-error", method="POST", body=DEEP),
]

SURVEY = "/api/v1/cases/{closed}/survey"
ANSWER = {"code": "{closed_code}", "solved": "yes", "satisfaction": 5}


def survey(name: str, parameter: str, status: int = 422, problem: str = "unprocessable", **changes: Any) -> Row:
    """An answer to the survey with one thing wrong."""
    given = {name: value for name, value in (ANSWER | changes).items() if value is not LEFT_OUT}
    return Row(name, SURVEY, status, problem, parameter, "POST", json=given)


SURVEYS = [
    survey("survey without code", "code", 400, BAD, code=LEFT_OUT),
    survey("survey with an empty code", "code", 400, BAD, code=""),
    survey("survey with a code too long", "code", 400, BAD, code="A" * 13),
    survey("survey with another's code", "", 404, "not-found", code="ABCDEFGH"),
    survey("survey with a code in Chinese", "", 404, "not-found", code="查询码"),
    survey("survey without solved", "solved", solved=LEFT_OUT),
    survey("survey with an unknown solved", "solved", solved="maybe"),
    survey("survey with solved no text", "solved", 400, BAD, solved=True),
    survey("survey without satisfaction", "satisfaction", satisfaction=LEFT_OUT),
    survey("survey with satisfaction 0", "satisfaction", satisfaction=0),
    survey("survey with satisfaction 6", "satisfaction", satisfaction=6),
    survey("survey with satisfaction 2.5", "satisfaction", 400, BAD, satisfaction=2.5),
    survey("survey with satisfaction true", "satisfaction", 400, BAD, satisfaction=True),
    survey("survey with satisfaction huge", "satisfaction", satisfaction=10**30),
    survey("survey with a comment of 501", "comment", comment="好" * 501),
    survey("survey with a NUL", "comment", 400, BAD, comment="\x00"),
    survey("survey with half a character", "comment", 400, BAD, comment="\ud800"),
    survey("survey with an unknown field", "txet", 400, BAD, txet="1"),
    Row("survey a list", SURVEY, 400, BAD, method="POST", json=[]),
    Row("survey as broken JSON", SURVEY, 400, "parse-error", method="POST", body="{"),
    Row("survey nested too deep", SURVEY, 400, "parse-error", method="POST", body=DEEP),
    Row("survey of no case", "/api/v1/cases/20990101-000001/survey", 404, "not-found", method="POST", json=ANSWER),
    Row("survey of a NUL", "/api/v1/cases/%00/survey", 404, "not-found", method="POST", json=ANSWER),
    Row(
        "survey of an open case",
        "/api/v1/cases/{number}/survey",
        409,
        "conflict",
        method="POST",
        json=ANSWER | {"code": "{number_code}"},
        says="结项以后",
    ),
]

ACTIONS = [
    Row("action by nobody", ACT + "accept", 401, "sign-in-needed", method="POST", json={}),
    act("unknown verb", "explode", 404, "not-found"),
    act("verb with a NUL", "acc%00ept", 404, "not-found"),
    act("verb of another state", "resolve", 409, "conflict"),
    act("verb of another role", "refuse", 403, "forbidden", given={"text": "重复"}),
    act("text not a text", "accept", 400, parameter="text", given={"text": ["x"]}),
    act("text with a NUL", "accept", 400, parameter="text", given={"text": "\x00"}),
    act("text of 2,001 characters", "accept", 400, parameter="text", given={"text": "字" * 2001}),
    act("area too long", "accept", 400, parameter="area", given={"area": "1" * 16}),
    act("unknown field", "accept", 400, parameter="txet", given={"txet": "1"}),
    *(
        act(f"key {name}", "accept", 400, parameter="Idempotency-Key", headers={"Idempotency-Key": key}, says="请求头")
        for name, key in (("empty", ""), ("with a space", "a b"), ("in Chinese", "键".encode().decode("latin-1")))
    ),
    act("key too long", "accept", 400, parameter="Idempotency-Key", headers={"Idempotency-Key": "k" * 65}),
    Row("action as a list", ACT + "accept", 400, BAD, method="POST", json=[], signed_in=True),
    Row("action as broken JSON", ACT + "accept", 400, "parse-error", method="POST", body="{", signed_in=True),
    Row("action nested too deep", ACT + "accept", 400, "parse-error", method="POST", body=DEEP, signed_in=True),
    Row(
        "action on no case",
        "/api/v1/cases/20990101-000001/actions/accept",
        404,
        "not-found",
        method="POST",
        json={},
        signed_in=True,
    ),
    Row(
        "action on ground of others",
        "/api/v1/cases/{elsewhere}/actions/accept",
        404,
        "not-found",
        method="POST",
        json={},
        signed_in=True,
    ),
    Row(
        "action from another site",
        ACT + "accept",
        403,
        "permission-denied",
        method="POST",
        json={},
        signed_in=True,
        headers={"X-CSRFToken": "not the one"},
    ),
]

ROWS = [*REPORTS, *BODIES, *PHOTOS, *QUESTIONS, *MAPS, *METHODS, *VOICES, *SURVEYS, *ACTIONS]
