"""Which departments came, as it goes out, against a recount; supply and gaps; the list behind a department's number."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pandas as pd
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cases.coverage import Coverage
from cases.features import Arrival
from cases.models import Assignment
from gridmap.models import (
    Area,
    PowerGrant,
    StationedStaff,
)
from gridmap.models.ground import Level
from tests.cases.recounting import NOW, chosen, demands, recovered, table_of_cases
from tests.cases.sheets import COMMUNITY, WAY, ask, filters_of, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


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
    there = StationedStaff.objects.filter(area="360702003").exclude(person=None)
    if not there.filter(home=unit).exists():
        there.update(home=unit)
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


@pytest.mark.parametrize("query", [{}, {"since": "2025-06-01", "category": "03"}, {"area": "360702002"}])
def test_a_department_s_demands_and_the_list_of_its_cases(client: Client, query: dict[str, str]) -> None:
    """Demands are letters, one for each time it was asked; the list has each case once, and those of orders too."""
    said = ask(client, "coverage", **query)
    demanded = Counter[str]()
    for row in said["rows"]:
        demanded[row["department"]] += row["demanded"]
    kept = set(chosen(table_of_cases(), filters_of(query)).id)
    for unit, n in demanded.most_common(3):
        listed = {it["id"] for it in ask(client, "cases.geojson", department=unit, limit="100000", **query)["features"]}
        counted = ask(client, "counts", department=unit, **query)["total"]["collected"]
        asked = Assignment.objects.filter(unit=unit, withdrawn_at=None).select_related("case")
        letters = [it.case.number for it in asked if it.letter_id is not None and it.case_id in kept]
        assert len(letters) == n
        assert set(letters) <= listed
        assert listed == {it.case.number for it in asked if it.case_id in kept}
        # Every case of a department is a demand here: nobody orders it and writes it a letter too.
        assert len(listed) == counted == n


def came_so(arrival: str, it: Assignment) -> bool:
    """As the guide says it."""
    case = it.case
    still = it.finished_at is None and case.closed_at is None and case.by_letter
    waiting = it.arrived_at is None and still and it.arrive_by is not None and it.arrive_by >= NOW
    in_time = it.arrived_at is not None and it.arrive_by is not None and it.arrived_at <= it.arrive_by
    return {
        "demanded": True,
        "arrived": it.arrived_at is not None,
        "in_time": in_time,
        "waiting": waiting,
        "missing": it.arrived_at is None and not waiting,
    }[arrival]


@pytest.mark.parametrize("arrival", Arrival.values)
@pytest.mark.parametrize("query", [{}, {"department": "360702-D12"}, {"since": "2025-06-01", "area": "360702003"}])
def test_every_number_of_how_departments_came_has_its_cases(
    client: Client, some_are_waited_for: None, query: dict[str, str], arrival: str
) -> None:
    rows = ask(client, "coverage", **query)["rows"]
    told = {name: sum(row[name] for row in rows) for name in ("demanded", "arrived", "arrived_in_time", "waiting")}
    told["in_time"] = told.pop("arrived_in_time")
    told["missing"] = told["demanded"] - told["arrived"] - told["waiting"]
    kept = set(chosen(table_of_cases(), filters_of(query)).id)
    asked = Assignment.objects.exclude(letter=None).filter(withdrawn_at=None).select_related("case")
    so = [
        it
        for it in asked
        if it.case_id in kept and it.unit_id == query.get("department", it.unit_id) and came_so(arrival, it)
    ]
    assert len(so) == told[arrival]
    assert so or query, "nobody came so: nothing is tested"
    found = ask(client, "cases.geojson", limit="100000", arrival=arrival, **query)["features"]
    assert {it["id"] for it in found} == {it.case.number for it in so}
    assert ask(client, "summary", arrival=arrival, **query)["collected"] == len(found)
    counted = client.get("/api/v1/cases/cells", {"zoom": "11", "arrival": arrival} | query).json()["cells"]
    assert sum(it["count"] for it in counted) == len(found)


@pytest.fixture
def some_are_waited_for() -> None:
    """Of those not done, some have come, some may yet, some should have."""
    still = Assignment.objects.exclude(letter=None).filter(withdrawn_at=None, finished_at=None, case__closed_at=None)
    for n, it in enumerate(still.order_by("unit", "pk")):
        it.arrive_by = NOW + dt.timedelta(hours=(-3, 0, 5)[n % 3])
        it.arrived_at = None
        it.arrival_minutes = None
        it.save(update_fields=["arrive_by", "arrived_at", "arrival_minutes"])


def test_the_median_is_found_within_its_class() -> None:
    one_of_each = (1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert Coverage(hours=one_of_each).median_hours == 1.5
    assert Coverage(hours=(0,) * 10 + (3,)).median_hours == 40.0
    assert Coverage(hours=(0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0)).median_hours == 5.0
    assert Coverage().median_hours is None


def test_a_rate_is_of_those_that_should_have_come_and_a_mean_of_few_has_no_interval() -> None:
    its = Coverage(demanded=10, arrived=6, arrived_in_time=3, waiting=4, scored=4, points=320, squares=25_700)
    assert (its.fell_due, its.percent_in_time, its.mean_result, its.interval) == (6, 50.0, 80.0, None)
    assert Coverage(demanded=2, waiting=2).percent_in_time is None
    many = Coverage(scored=100, points=8000, squares=650_000)
    assert many.interval == (78.0, 82.0)
