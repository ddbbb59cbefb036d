"""Questions with one bad parameter: places, filters, collections, what is not there."""

from __future__ import annotations

from tests.cases.bad_requests.row import BAD, Row, asked

LOCATE = "/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84"
SIMILAR = "/api/v1/cases/similar?lon={lon}&lat={lat}&coord=wgs84"

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
