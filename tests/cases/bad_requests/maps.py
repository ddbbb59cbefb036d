"""Questions the map's layers and the review cannot be asked."""

from __future__ import annotations

from tests.cases.bad_requests.questions import CASE_FILTERS
from tests.cases.bad_requests.row import asked

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
        *((name, "1") for name in ("theme", "overdue", "limit")),
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
