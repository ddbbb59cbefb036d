"""Reports that are none, or with one thing wrong, and photos that will not do."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cases import pictures
from tests.cases.bad_requests.row import BAD, DEEP, LEFT_OUT, Row


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
