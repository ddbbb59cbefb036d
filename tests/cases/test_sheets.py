"""Figures by area as they go out, JSON and GeoJSON, against a recount that knows nothing of how they are made."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
from collections import Counter
from typing import Any

import pandas as pd
import pyogrio
import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from cases.coverage import Coverage
from cases.deadlines import SHANGHAI
from cases.ground import HEAVY, SHARES, THEMES
from cases.models import Assignment, Case
from cases.workflow import OPEN, RUNNING, State
from gridmap.features.parameters import Filters
from gridmap.features.tile import Tile
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Edition,
    PartyOrganisation,
    PowerGrant,
    StationedStaff,
)
from gridmap.models.ground import Level
from gridmap.roles import Role
from tests.cases.test_counting import NOW, chosen, demands, figures_of, recovered, table_of_cases
from tests.conftest import Cast
from tests.tiling import features, path, tile_of

pytestmark = pytest.mark.django_db
WAY = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
DISTRICT = "360702"
COMMUNITY = "360702003005"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def ask(client: Client, where: str, **query: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/{where}", query)
    assert response.status_code == 200, response.content.decode()
    found: dict[str, Any] = json.loads(response.content)
    return found


# ---- counts -------------------------------------------------------------------------------------------------------

days = st.dates(dt.date(2024, 1, 1), dt.date(2026, 7, 31)).map(str)
words: dict[str, Any] = {
    "since": days,
    "until": days,
    "category": st.sampled_from(["0", "01", "03", "0301", "9"]),
    "area": st.sampled_from([DISTRICT, "360702002", COMMUNITY, "36070200"]),
    "channel": st.sampled_from(["patrol", "hotline"]),
    "state": st.sampled_from(["closed", "triage,merged", "suspended,handling,received"]),
    "department": st.sampled_from(["360702-D01", "360702-D12", "nobody"]),
}
queries = st.fixed_dictionaries({}, optional=words)


def filters_of(query: dict[str, str]) -> Filters:
    moments = {
        name: dt.datetime.fromisoformat(query[name]).replace(tzinfo=SHANGHAI)
        for name in ("since", "until")
        if name in query
    }
    state = {"state": tuple(query["state"].split(","))} if "state" in query else {}
    return Filters(**{**query, **moments, **state})  # type: ignore[arg-type]


@pytest.fixture
def cases() -> Any:
    """All cases, with what is open: a few of them late, one suspended."""
    late = list(Case.objects.filter(closed_at=None).order_by("pk").values_list("pk", flat=True)[:9])
    Case.objects.filter(pk__in=late).update(due_at=F("reported_at"))
    Case.objects.filter(pk__in=late[:2]).update(state=State.SUSPENDED)
    return table_of_cases()


def asked_of(cases: Any, filters: Filters) -> Any:
    kept = chosen(cases, filters)
    if filters.department is None:
        return kept
    asked = Assignment.objects.filter(unit=filters.department, withdrawn_at=None).values_list("case", flat=True)
    return kept[kept.id.isin(set(asked))]


@WAY
@given(query=queries, level=st.sampled_from(["grid", "community", "town", "district"]))
def test_counts_are_those_of_a_recount(client: Client, cases: Any, query: dict[str, str], level: str) -> None:
    said = ask(client, "counts", level=level, **query)
    kept = asked_of(cases, filters_of(query))
    digits = Level(level).code_length
    collected, done, still = kept.state != "merged", kept.state.isin(["closed", "evaluated"]), kept.closed_at.isna()
    columns = {
        "collected": collected,
        "patrol": collected & (kept.channel == "patrol"),
        "astray": collected & (kept.route_method != "within"),
        "merged": ~collected,
        "done": done,
        "in_time": done & (kept.closed_at <= kept.due_at),
        "open": still,
        "overdue": still & kept.state.isin([str(it) for it in RUNNING]) & (kept.due_at < NOW),
    }
    deep = kept.current_area_id.str.len() >= digits
    sums = pd.DataFrame(columns)[deep].groupby(kept.current_area_id[deep].str[:digits]).sum()
    sums = sums[sums.any(axis=1)].rename_axis("code").reset_index()
    assert said["rows"] == sums.to_dict("records")
    assert said["total"] == figures_of(kept)._asdict()
    assert said["elsewhere"] == figures_of(kept[kept.current_area_id.str.len() < digits])._asdict()
    assert kept[kept.closed_at.isna()].state.isin([str(it) for it in OPEN]).all()


def test_the_sums_of_all_levels_are_one_sum(client: Client, cases: Any) -> None:
    answers = {level: ask(client, "counts", level=level, since="2025-03-05") for level in Level.values}
    assert len({json.dumps(it["total"]) for it in answers.values()}) == 1
    for said in answers.values():
        for name, n in said["total"].items():
            assert sum(row[name] for row in said["rows"]) + said["elsewhere"][name] == n
    towns = {row["code"]: row for row in answers["town"]["rows"]}
    for code, row in towns.items():
        below = [it for it in answers["community"]["rows"] if it["code"].startswith(code)]
        assert sum(it["collected"] for it in below) <= row["collected"]
    assert answers["district"]["rows"][0]["collected"] == answers["district"]["total"]["collected"] > 1000
    assert answers["district"]["rows"][0]["open"] == len(
        cases[cases.closed_at.isna() & (cases.reported_at >= dt.datetime(2025, 3, 5, tzinfo=SHANGHAI))]
    )


# ---- as GeoJSON -----------------------------------------------------------------------------------------------------

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


# ---- as tiles -------------------------------------------------------------------------------------------------------

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


# ---- coverage -------------------------------------------------------------------------------------------------------


@WAY
@given(query=queries, level=st.sampled_from(["town", "community"]))
def test_coverage_is_that_of_a_recount(client: Client, query: dict[str, str], level: str) -> None:
    said = ask(client, "coverage", level=level, **query)
    filters = filters_of(query)
    expected = recovered(demands(), filters, Level(level))
    assert [(row["department"], row["code"]) for row in said["rows"]] == sorted(expected)
    for row in said["rows"]:
        its = expected[row["department"], row["code"]]  # type: ignore[index]
        assert {
            name: row[name] for name in ("demanded", "arrived", "arrived_in_time", "done", "done_in_time", "scored")
        } == {
            name: getattr(its, name)
            for name in ("demanded", "arrived", "arrived_in_time", "done", "done_in_time", "scored")
        }
        assert (row["waiting"], row["overdue"]) == (its.waiting, its.late)
        assert row["fell_due"] == its.demanded - its.waiting
        share = 100 * its.arrived_in_time / row["fell_due"] if row["fell_due"] else None
        assert row["percent_in_time"] == (None if share is None else pytest.approx(share, abs=0.051))


def test_results_and_hours_are_those_of_pandas(client: Client) -> None:
    """The mean and its interval from the rows; the median lies in the class of the true one."""
    rows = demands()
    rows["town"] = rows.current_area_id.str[:9]
    for said in ask(client, "coverage")["rows"]:
        its = rows[(rows.unit == said["department"]) & (rows.town == said["code"])]
        totals = its.total.dropna()
        assert said["mean_result"] == (pytest.approx(totals.mean(), abs=0.006) if len(totals) else None)
        if len(totals) >= 5:
            low, high = said["interval"]
            assert 0 <= low <= said["mean_result"] <= high <= 100
        minutes = its.minutes.dropna().astype(float)
        if not len(minutes):
            assert said["median_hours"] is None
        else:
            edges = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 40]
            below, above = minutes.quantile(0.5, "lower") / 60, minutes.quantile(0.5, "higher") / 60
            first = max(edge for edge in edges if edge <= below)
            last = min((edge for edge in edges if edge >= above), default=40)
            assert first - 0.05 <= said["median_hours"] <= last + 0.05


def test_supply_and_gaps_are_those_of_the_registry(client: Client) -> None:
    said = ask(client, "coverage")
    on = NOW.date()
    staffed = pd.DataFrame(StationedStaff.objects.on(on).filter(person__isnull=False).values("home", "area", "person"))
    granted = pd.DataFrame(PowerGrant.objects.on(on).values("power__department", "area", "power"))
    people = staffed.groupby(["home", "area"]).person.nunique().to_dict()
    powers = granted.groupby(["power__department", "area"]).power.nunique().to_dict()
    residents = dict(Area.objects.filter(level="town").values_list("code", "residents"))
    assert {(it["department"], it["code"]): (it["stationed"], it["powers"]) for it in said["supply"]} == {
        place: (people.get(place, 0), powers.get(place, 0)) for place in {*people, *powers}
    }
    assert all(it["per_10k"] == round(10000 * it["stationed"] / residents[it["code"]], 2) for it in said["supply"])
    rows = {(row["department"], row["code"]): row for row in said["rows"]}
    late = {place for place, row in rows.items() if row["fell_due"] >= 5 and row["percent_in_time"] < 60}
    nobody = {place for place in rows if place not in people} - late
    assert {(it["department"], it["code"]) for it in said["gaps"]} == late | nobody
    assert {(it["department"], it["code"]) for it in said["gaps"] if "派驻" in it["reason"]} == nobody


@pytest.mark.parametrize(
    "query", [{"area": COMMUNITY}, {"area": "36070200300"}, {"level": "community", "area": COMMUNITY}]
)
def test_a_part_of_a_town_is_served_by_those_stationed_in_the_town(client: Client, query: dict[str, str]) -> None:
    """Else every department that is asked there would seem to have nobody."""
    unit = (
        Assignment.objects.exclude(letter=None)
        .filter(withdrawn_at=None, case__current_area__code__startswith=COMMUNITY)
        .values_list("unit", flat=True)
        .first()
    )
    assert unit is not None
    StationedStaff.objects.filter(home=unit, area="360702003").exclude(
        person=None
    ).first() or StationedStaff.objects.filter(area="360702003").exclude(person=None).update(home=unit)
    said = ask(client, "coverage", department=unit, **query)
    assert said["rows"]
    assert [it["code"] for it in said["supply"]] == ["360702003"]
    assert not [it for it in said["gaps"] if "派驻" in it["reason"]]


def test_an_interval_of_few_results_is_as_wide_as_student_says() -> None:
    """scipy's own, on results not rounded away."""
    from scipy.stats import t

    for scores in ([80, 85, 90, 70, 75], [60.5, 61, 90, 88, 77, 93, 84], list(range(50, 90))):
        table = pd.Series(scores, dtype=float)
        its = Coverage(scored=len(scores), points=table.sum(), squares=(table**2).sum())
        low, high = t.interval(0.95, len(scores) - 1, table.mean(), table.sem())
        assert its.interval == pytest.approx((low, high), abs=0.051)
    assert Coverage(scored=5, points=400, squares=5 * 6400).interval == (80, 80)  # type: ignore[arg-type]
    assert Coverage(scored=4, points=400, squares=40000).interval is None  # type: ignore[arg-type]


# ---- a department's number, and the list behind it ---------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"since": "2025-06-01", "category": "03"}, {"area": "360702002"}])
def test_a_department_s_demands_and_the_list_of_its_cases(client: Client, query: dict[str, str]) -> None:
    """Demands are letters, one for each time it was asked; the list has each case once, and those of orders too."""
    said = ask(client, "coverage", **query)
    demanded = Counter[str]()
    for row in said["rows"]:
        demanded[row["department"]] += row["demanded"]
    for unit, n in demanded.most_common(3):
        listed = {it["id"] for it in ask(client, "cases.geojson", department=unit, limit="100000", **query)["features"]}
        counted = ask(client, "counts", department=unit, **query)["total"]["collected"]
        asked = Assignment.objects.filter(unit=unit, withdrawn_at=None).select_related("case")
        kept = set(chosen(table_of_cases(), filters_of(query)).id)
        letters = [it.case.number for it in asked if it.letter_id is not None and it.case_id in kept]
        assert len(letters) == n
        assert set(letters) <= listed
        assert listed == {it.case.number for it in asked if it.case_id in kept}
        # Every case of a department is a demand here: nobody orders it and writes it a letter too.
        assert len(listed) == counted == n


# ---- ground -----------------------------------------------------------------------------------------------------------


def classes(client: Client, theme: str, **query: str) -> dict[str, Any]:
    said = ask(client, "ground", theme=theme, **query)
    counts = Counter(row["class"] for row in said["rows"])
    assert {it["class"]: it["n"] for it in said["legend"]} == {
        it["class"]: counts[it["class"]] for it in said["legend"]
    }
    assert sum(counts.values()) == said["n"]
    assert set(counts) <= set(THEMES[theme].classes)
    return said | {"counts": counts}


def test_the_article_s_party_organisations(client: Client) -> None:
    """R15–R17: 727 second-level grids, 600 with a party organisation, 29 buildings with one."""
    said = classes(client, "party")
    assert said["n"] == 727
    assert (said["counts"]["with"], said["counts"]["without"]) == (600, 127)
    assert len({it["code"] for it in said["buildings"]}) == 29
    seated = set(
        PartyOrganisation.objects.filter(abolished_on=None, building__isnull=False).values_list("building", flat=True)
    )
    assert {it["code"] for it in said["buildings"]} == seated
    assert all(114.5 < it["lon"] < 115.3 and 25.4 < it["lat"] < 26.3 for it in said["buildings"])


def test_sizes_are_those_of_the_rules_with_waivers_apart(client: Client) -> None:
    said = classes(client, "size")
    columns = ["code", "households", "residents", "urban", "kind", "size_waiver"]
    table = pd.DataFrame(Area.objects.filter(level="grid").values_list(*columns), columns=columns)
    too_large = (table.urban & ((table.households > 500) | (table.residents > 1000))) | (
        ~table.urban & (table.residents > 750)
    )
    too_small = ~too_large & ((table.urban & (table.households < 300)) | (~table.urban & (table.residents < 250)))
    kind = pd.Series("fits", index=table.index).mask(too_large, "too_large").mask(too_small, "too_small")
    kind = kind.mask((kind != "fits") & (table.size_waiver != ""), "waived").mask(
        table.kind == "dedicated", "dedicated"
    )
    assert {row["code"]: row["class"] for row in said["rows"]} == dict(zip(table.code, kind, strict=True))
    assert said["counts"]["waived"] > 0
    waived = [row for row in said["rows"] if row["class"] == "waived"]
    assert all("豁免" in row["words"] for row in waived)


def test_workers_are_those_in_post(client: Client) -> None:
    said = classes(client, "workers")
    held = Appointment.objects.on(NOW.date()).filter(role=Role.GRID_WORKER, area__level="grid")
    table = pd.DataFrame(held.values("area", "person", "part_time"))
    table["shared"] = table.groupby("person").area.transform("size") > 1
    for row in said["rows"]:
        its = table[table.area == row["code"]]
        own = (~its.shared & ~its.part_time).any()
        best = "own" if own else "shared" if (~its.part_time).any() else "part_time" if len(its) else "vacant"
        assert (row["class"], row["value"]) == (best, len(its))


def test_workload_and_routing_are_those_of_a_recount(client: Client, cases: Any) -> None:
    grids = set(Area.objects.filter(level="grid").values_list("code", flat=True))
    workers = Counter(
        Appointment.objects.on(NOW.date())
        .filter(role=Role.GRID_WORKER, area__level="grid")
        .values_list("area", flat=True)
    )
    query = {"since": "2025-02-10", "area": "360702002"}
    kept = chosen(cases, filters_of(query))
    still = Counter(kept[kept.closed_at.isna()].current_area_id)
    said = classes(client, "workload", **query)
    assert {row["code"] for row in said["rows"]} == {code for code in grids if code.startswith("360702002")}
    for row in said["rows"]:
        n, people = still[row["code"]], workers[row["code"]]
        each = round(n / people, 1) if people else None
        named = (
            "vacant" if each is None else "none" if not n else next((f"to_{it}" for it in HEAVY if each <= it), "more")
        )
        assert (row["class"], row["value"]) == (named, each)
    said = classes(client, "routing", **query)
    collected = kept[kept.state != "merged"]
    for row in said["rows"]:
        its = collected[collected.current_area_id == row["code"]]
        share = round(100 * float((its.route_method != "within").mean()), 1) if len(its) else None
        named = (
            "none"
            if share is None
            else "clear"
            if not share
            else next((f"to_{it}" for it in SHARES if share <= it), "more")
        )
        assert (row["class"], row["value"]) == (named, share)
    assert said["unrouted"] == int((collected.current_area_id.str.len() < 15).sum())


# ---- asked and sent -----------------------------------------------------------------------------------------------------

STATEMENTS = {
    # Beside the version of the rows, which is one.
    "counts": 1 + 2,
    "counts.geojson": 1 + 3,
    "coverage": 1 + 6,
    "ground": 1 + 1,
    "overdue": 1 + 3,
    "density": 1 + 2,
}


@pytest.mark.parametrize("where", STATEMENTS)
def test_how_many_statements_an_answer_takes(client: Client, where: str, django_assert_num_queries: Any) -> None:
    client.get(f"/api/v1/{where}")  # what is kept of the ground
    with django_assert_num_queries(STATEMENTS[where]):
        first = client.get(f"/api/v1/{where}")
    with django_assert_num_queries(1):
        again = client.get(f"/api/v1/{where}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    head = client.head(f"/api/v1/{where}")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    Case.objects.filter(pk=Case.objects.earliest("pk").pk).update(voices_count=9)
    assert client.get(f"/api/v1/{where}").headers["ETag"] != first.headers["ETag"]


def test_who_answers_for_a_grid_is_told_at_once(client: Client, cast: Cast) -> None:
    before = {row["code"]: row["class"] for row in ask(client, "ground", theme="workers")["rows"]}
    etag = client.get("/api/v1/ground?theme=workers").headers["ETag"]
    Appointment.objects.filter(area=cast.grid, role=Role.GRID_WORKER).update(valid_until=NOW.date())
    assert client.get("/api/v1/ground?theme=workers").headers["ETag"] != etag
    after = {row["code"]: row["class"] for row in ask(client, "ground", theme="workers")["rows"]}
    assert before[cast.grid] != after[cast.grid] == "vacant"


def test_nothing_at_all_is_an_answer_too(client: Client, tmp_path: Any) -> None:
    for where in ("counts", "coverage", "overdue"):
        said = ask(client, where, category="9")
        assert said["rows"] == []
        drawn = client.get(f"/api/v1/{where}.geojson?category=9").content
        assert json.loads(drawn)["features"] == []
        assert len(pyogrio.read_dataframe(io.BytesIO(drawn))) == 0
