"""A real city as a second district: checked, imported, approved, published, and its own labels found again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from geodata.reading import read_areas
from gridmap.editions import drafts, publishing, staffing
from gridmap.models import Area, Boundary, DraftFinding, Edition
from tests.gridmap.editing import AT, TODAY, keepers
from tests.real_data import WHY_SKIPPED, real_data

CITY = real_data("nyc")
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(CITY is None, reason=WHY_SKIPPED)]
# The city's own number of a district, borough × 100 + board, as the last digits of made-up codes.
DISTRICT = "990201"


def grid_of(label: int) -> str:
    """Borough as the town, the district as a community of one grid."""
    return f"{DISTRICT}{label // 100:03d}{label % 100:03d}001"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The city's polygons with codes of ours; what lies above is drawn by them."""
    assert CITY is not None
    features = json.loads((CITY / "community_districts.geojson").read_text("utf-8"))["features"]
    for feature in features:
        label = int(feature["properties"]["BoroCD"])
        feature["properties"] = {"code": grid_of(label), "name": f"第{label}区"}
    grids = [feature["properties"]["code"] for feature in features]
    above = sorted({code[:length] for code in grids for length in (6, 9, 12)})
    features += [
        {"type": "Feature", "properties": {"code": code, "name": f"区域{code}"}, "geometry": None} for code in above
    ]
    path = tmp_path / "districts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def test_every_report_off_the_lines_gets_the_label_the_city_gave_it(file: Path) -> None:
    there = Area.objects.count()
    edition = drafts.begin("某市", read_areas(file, coord="wgs84"), on=TODAY, by=keepers().preparer, at=AT)
    assert edition.scope == DISTRICT
    errors = DraftFinding.objects.filter(edition=edition, severity="error")
    assert [it.sentence for it in errors] == []
    ground = publishing.propose(edition, on=TODAY)
    staffing.excuse_all(edition, ground, reason="名册随后导入", by=keepers().preparer)
    publishing.approve(edition, by=keepers().approver, at=AT)
    done = publishing.publish(edition, valid_from=TODAY, by=keepers().approver, at=AT)
    assert done.created == done.redrawn == Area.objects.count() - there
    assert Boundary.objects.filter(edition=edition, area__level="grid").count() == 71
    assert Edition.objects.filter(state="published").count() == 2
    check_labels()


def check_labels() -> None:
    """2,802 of the city's 2,924 reports lie farther than 5 m from a line; the rest may be a surveyor's slip."""
    assert CITY is not None
    with (CITY / "reports.csv").open(encoding="utf-8", newline="") as reports:
        rows = [row for row in csv.DictReader(reports) if float(row["dist_to_nearest_boundary_m"]) > 5]
    assert len(rows) == 2802
    found = routed([float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows])
    wrong = [
        (row["id"], row["label"], code)
        for row, (code, method) in zip(rows, found, strict=True)
        if (code, method) != (grid_of(int(row["label"])), "within")
    ]
    assert wrong == []


def routed(lon: list[float], lat: list[float]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT found.area, found.method"
            " FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS place (lon, lat, row)"
            " CROSS JOIN LATERAL gridmap_route(place.lon, place.lat, %s, 0) AS found ORDER BY place.row",
            (lon, lat, TODAY),
        )
        return list(cursor.fetchall())
