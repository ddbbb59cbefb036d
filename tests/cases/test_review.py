"""The review's figures against a recount that knows nothing of it, and its limits against SciPy's distributions."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scipy.stats import binom, poisson

from cases import funnel
from cases.deadlines import SHANGHAI
from cases.features import rows
from cases.models import Assignment, Case, Result, SurveyAnswer, TraceEvent, Whistle, Workday
from cases.review import FEWEST_CASES, FEWEST_OPEN, FEWEST_RESIDENTS, review
from cases.step_times import step_times
from cases.summary import summary
from cases.workflow import RUNNING, STEP_OF, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.models import Area

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 7, 7, 10, 0, tzinfo=SHANGHAI)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


ASKED = {
    "everything": Filters(),
    "a year": Filters(since=moment("2025-07-01T00:00")),
    "between days": Filters(since=moment("2025-03-11T12:30"), until=moment("2026-02-20T00:00")),
    "a town": Filters(area="360702002"),
    "a grid": Filters(area="360702001001001"),
    "a group": Filters(category="01"),
    "one category": Filters(category="0301", since=moment("2025-01-01T00:00")),
    "patrols": Filters(channel="patrol"),
    "nothing": Filters(since=moment("2030-01-01T00:00")),
}


def table() -> pd.DataFrame:
    """Every case with what figures are made of."""
    columns = ["id", "state", "channel", "category_id", "current_area_id", "reported_at", "due_at", "closed_at"]
    found = pd.DataFrame(Case.objects.values_list(*columns), columns=columns)
    for name in ("reported_at", "due_at", "closed_at"):
        found[name] = pd.to_datetime(found[name], utc=True).dt.tz_convert("Asia/Shanghai")
    found["whistled"] = found.id.isin(list(Whistle.objects.filter(level=2).values_list("case", flat=True)))
    found["collected"] = found.state != "merged"
    found["done"] = found.state.isin(["closed", "evaluated"])
    found["in_time"] = found.done & (found.closed_at <= found.due_at)
    found["open"] = found.closed_at.isna()
    found["overdue"] = found.open & found.state.isin([str(it) for it in RUNNING]) & (found.due_at < NOW)
    found["community"] = found.current_area_id.str[:12].where(found.current_area_id.str.len() >= 12)
    return found


def chosen(cases: pd.DataFrame, filters: Filters, *, column: str = "reported_at") -> pd.DataFrame:
    kept = cases
    if filters.since is not None:
        kept = kept[kept[column] >= filters.since]
    if filters.until is not None:
        kept = kept[kept[column] < filters.until]
    for value, name in ((filters.category, "category_id"), (filters.area, "current_area_id")):
        if value is not None:
            kept = kept[kept[name].str.startswith(value)]
    return kept if filters.channel is None else kept[kept.channel == filters.channel]


@pytest.fixture
def some_late() -> None:
    """A month of cases still open and late, some of them suspended."""
    ids = list(Case.objects.filter(state=State.CLOSED, by_letter=False).order_by("pk").values_list("pk", flat=True))
    late = Case.objects.filter(pk__in=ids[::40])
    late.update(state=State.HANDLING, closed_at=None, due_at=F("reported_at") + dt.timedelta(hours=4))
    Case.objects.filter(pk__in=ids[::200]).update(state=State.SUSPENDED)


@pytest.mark.parametrize("filters", ASKED.values(), ids=ASKED.keys())
def test_headline_and_months_are_those_of_a_recount_and_of_the_summary(some_late: None, filters: Filters) -> None:
    found, kept = review(filters, now=NOW), chosen(table(), filters)
    for name in ("collected", "done", "in_time", "open", "overdue"):
        assert found.headline[name] == kept[name].sum(), name
    patrol = kept[kept.collected & (kept.channel == "patrol")]
    assert found.headline["patrol_rate"]["numerator"] == len(patrol)
    told = summary(rows(filters, NOBODY), now=NOW)
    shared = found.headline.keys() & told.keys()
    assert {"completion_rate", "on_time_rate", "survey_rate", "solved_rate", "satisfaction"} <= shared
    assert {name: found.headline[name] for name in shared} == {name: told[name] for name in shared}

    by_month = kept.groupby(kept.reported_at.dt.strftime("%Y-%m"))
    expected = by_month[["collected", "done", "in_time"]].sum()
    got = pd.DataFrame(found.trend, columns=["month", "collected", "done", "in_time"]).set_index("month")
    assert got[got.sum(axis=1) > 0].to_dict("index") == expected[expected.sum(axis=1) > 0].to_dict("index")
    patrols = patrol.groupby(patrol.reported_at.dt.strftime("%Y-%m")).size().to_dict()
    assert {it["month"]: it["patrol_rate"]["numerator"] for it in found.trend if it["patrol_rate"]["numerator"]} == (
        patrols
    )


def test_the_article_has_4640_of_4649_done() -> None:
    assert review(Filters(), now=NOW).headline["completion_rate"] == {
        "numerator": 4640,
        "denominator": 4649,
        "percent": 99.8,
    }


def test_a_month_the_present_or_the_period_cuts_is_not_whole() -> None:
    now = moment("2026-06-15T09:00")
    months = {it["month"]: it["whole"] for it in review(Filters(since=moment("2026-03-02T00:00")), now=now).trend}
    assert months == {"2026-03": False, "2026-04": True, "2026-05": True, "2026-06": False}
    until = Filters(since=moment("2026-03-01T00:00"), until=moment("2026-04-30T00:00"))
    assert [it["whole"] for it in review(until, now=now).trend] == [True, False]


def test_a_month_without_cases_between_others_is_told() -> None:
    Case.objects.filter(reported_at__gte=moment("2026-04-01T00:00"), reported_at__lt=moment("2026-05-01T00:00")).update(
        reported_at=moment("2026-03-05T00:00"), due_at=moment("2027-01-01T00:00")
    )
    found = review(Filters(since=moment("2026-03-01T00:00")), now=NOW).trend
    assert [it["month"] for it in found] == ["2026-03", "2026-04", "2026-05", "2026-06"]
    assert found[1]["collected"] == 0
    assert found[1]["on_time_rate"] == {"numerator": 0, "denominator": 0, "percent": None}


# ---- funnel ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", ASKED.values(), ids=ASKED.keys())
def test_whistles_by_community_are_those_of_a_recount(filters: Filters) -> None:
    found = review(filters, now=NOW).funnel
    everywhere = Filters(**{**filters.__dict__, "area": None})
    kept = chosen(table(), everywhere)
    kept = kept[kept.collected]
    assert found["whistle_rate"]["numerator"] == kept.whistled.sum()
    assert found["whistle_rate"]["denominator"] == len(kept)
    communities = kept.groupby("community").whistled.agg(["sum", "size"])
    if filters.area is not None:
        communities = communities[[it.startswith(filters.area[:12]) for it in communities.index]]
    got = {it["code"]: (it["whistle_rate"]["numerator"], it["whistle_rate"]["denominator"]) for it in found["rows"]}
    assert got == {code: (its["sum"], its["size"]) for code, its in communities.iterrows()}
    assert sum(found["classes"].values()) == len(got)
    assert found["classes"]["too_few"] == (communities["size"] < FEWEST_CASES).sum()
    share = kept.whistled.mean() if len(kept) else 0
    for row in found["rows"]:
        k, n = row["whistle_rate"]["numerator"], row["whistle_rate"]["denominator"]
        many, few = binom.sf(k - 1, n, share), binom.cdf(k, n, share)
        expected = next(
            (
                f"{side}_{level}"
                for level, p in (("99.8", 0.001), ("95", 0.025))
                for side, tail in (("above", many), ("below", few))
                if tail <= p
            ),
            "inside",
        )
        assert row["class"] == (expected if n >= FEWEST_CASES else "too_few")


@pytest.mark.parametrize("share", [0.001, 0.065, 0.5, 0.97])
@pytest.mark.parametrize("level", ["95", "99.8"])
def test_the_limits_are_those_of_scipys_binomial(share: float, level: str) -> None:
    n = np.array([1, 2, 3, 10, 37, 200, 4649, 100_000])
    beyond = (1 - float(level) / 100) / 2
    for limit, p in zip(funnel.limits(n, share, level), (beyond, 1 - beyond), strict=True):
        quantile = binom.ppf(p, n, share)
        step = binom.pmf(quantile, n, share)
        exact = (quantile - (binom.cdf(quantile, n, share) - p) / step) / n
        assert limit == pytest.approx(np.clip(exact, 0, 1), abs=1e-9)


@pytest.mark.parametrize("n", [1, 5, 60, 400])
@pytest.mark.parametrize("share", [0.03, 0.2])
def test_chance_alone_puts_no_more_outside_than_is_said(n: int, share: float) -> None:
    whistled = np.arange(n + 1)
    chance = binom.pmf(whistled, n, share)
    kinds = np.array(funnel.classes(whistled, np.full(n + 1, n), share))
    for level, beyond in funnel.SHARES.items():
        # Whoever is beyond the wider limits is beyond the narrower ones too.
        for side in ("above", "below"):
            outside = np.isin(kinds, [f"{side}_{level}", f"{side}_99.8"])
            assert chance[outside].sum() <= beyond
    # And nobody is spared who could be named.
    above = whistled[np.isin(kinds, ["above_95", "above_99.8"])]
    assert len(above) == (binom.sf(whistled - 1, n, share) <= 0.025).sum()


def test_a_small_community_is_not_blamed_for_chance_and_a_large_one_is_named() -> None:
    assert funnel.classes([1, 0, 60, 9, 100, 42], [1, 4, 300, 300, 300, 300], 0.1) == [
        "inside",
        "inside",
        "above_99.8",
        "below_99.8",
        "above_99.8",
        "above_95",
    ]
    assert funnel.classes([0, 0], [7, 5], 0.0) == ["inside", "inside"]
    assert funnel.classes([], [], 0.1) == []


# ---- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "digits"), [("community", 12), ("grid", 15)])
def test_places_are_ranked_by_their_rate_above_the_floors_alone(some_late: None, level: str, digits: int) -> None:
    found = review(Filters(), now=NOW).places[level]
    cases = table()
    cases = cases[cases.current_area_id.str.len() >= digits]
    codes = cases.current_area_id.str[:digits]
    counted = cases.groupby(codes)[["collected", "open", "overdue"]].sum()
    counted["residents"] = pd.Series(dict(Area.objects.values_list("code", "residents"))).reindex(counted.index)
    some = counted[counted.collected > 0]
    enough = some[(some.collected >= FEWEST_CASES) & (some.residents >= FEWEST_RESIDENTS)].copy()
    assert found["busiest"]["ranked"] == len(enough)
    assert found["busiest"]["too_few"] == len(some) - len(enough)
    enough["rate"] = 1000 * enough.collected / enough.residents
    expected = enough.rename_axis("code").sort_values(["rate", "code"], ascending=[False, True]).head(10)
    assert [it["code"] for it in found["busiest"]["rows"]] == list(expected.index)
    for row in found["busiest"]["rows"]:
        its = counted.loc[row["code"]]
        assert (row["collected"], row["residents"]) == (its.collected, its.residents)
        assert row["per_1000"] == pytest.approx(1000 * its.collected / its.residents, abs=0.051)
        low, high = (end * its.residents / 1000 for end in row["interval"])
        rounding = 0.06 * its.residents / 1000
        assert poisson.sf(its.collected - 1, low - rounding) <= 0.025 <= poisson.sf(its.collected - 1, low + rounding)
        assert poisson.cdf(its.collected, high + rounding) <= 0.025 <= poisson.cdf(its.collected, high - rounding)

    late = counted[counted.overdue > 0]
    assert found["overdue"]["places"] == len(late)
    shown = found["overdue"]["rows"]
    assert {it["code"]: (it["overdue"], it["open"]) for it in shown}.items() <= {
        code: (its.overdue, its.open) for code, its in late.iterrows()
    }.items()
    assert all((it["rank"] is not None) == (it["open"] >= FEWEST_OPEN) for it in shown)
    ranked = [it["overdue"] for it in shown if it["rank"] is not None]
    assert ranked == sorted(ranked, reverse=True)
    assert ranked == sorted(late[late.open >= FEWEST_OPEN].overdue, reverse=True)[:10]


# ---- departments ------------------------------------------------------------------------------------------------------


@pytest.fixture
def scored() -> None:
    """Results that tell departments apart."""
    for nth, it in enumerate(Result.objects.order_by("pk")):
        Result.objects.filter(pk=it.pk).update(total=40 + nth * 7 % 60)


@pytest.mark.parametrize("area", [None, "360702001"])
def test_departments_are_those_of_a_recount_and_ranked_by_the_shrunken_mean(scored: None, area: str | None) -> None:
    found = review(Filters(area=area), now=NOW).departments
    columns = ["unit", "case__current_area", "arrived_at", "arrive_by", "finished_at", "due_at", "result__total"]
    asked = pd.DataFrame(
        Assignment.objects.exclude(letter=None).filter(withdrawn_at=None).values_list(*columns), columns=columns
    )
    if area is not None:
        asked = asked[asked.case__current_area.str.startswith(area)]
    asked["total"] = asked.result__total.astype(float)
    groups = dict(list(asked.groupby("unit")))
    assert {it["code"] for it in found["rows"]} == groups.keys()
    middle = asked.total.mean()
    expected = {}
    for row in found["rows"]:
        its = groups[row["code"]]
        arrived = its[its.arrived_at.notna()]
        done = its[its.finished_at.notna()]
        waiting = its[its.arrived_at.isna() & (its.arrive_by >= NOW)]
        assert (row["demanded"], row["arrived"], row["done"]) == (len(its), len(arrived), len(done))
        assert row["arrival_rate"]["numerator"] == (arrived.arrived_at <= arrived.arrive_by).sum()
        assert row["arrival_rate"]["denominator"] == len(its) - len(waiting)
        assert row["done_rate"]["numerator"] == (done.finished_at <= done.due_at).sum()
        n = its.total.notna().sum()
        assert row["scored"] == n
        if n:
            assert row["mean_result"] == pytest.approx(its.total.mean(), abs=0.006)
        if n >= 5:
            expected[row["code"]] = (its.total.sum() + 5 * middle) / (n + 5)
    ranked = {it["code"]: it for it in found["rows"] if it["rank"] is not None}
    assert list(ranked) == sorted(expected, key=lambda unit: (-expected[unit], unit))
    assert [it["rank"] for it in ranked.values()] == list(range(1, len(ranked) + 1))
    assert {code: it["shrunken_mean"] for code, it in ranked.items()} == pytest.approx(expected, abs=0.006)
    assert found["total"]["demanded"] == len(asked)
    if area is None:
        assert 2 <= len(ranked) < len(groups)


def test_one_department_alone_has_no_rank() -> None:
    unit = review(Filters(), now=NOW).departments["rows"][0]
    assert unit["rank"] == 1
    (alone,) = review(Filters(department=unit["code"]), now=NOW).departments["rows"]
    assert alone["rank"] is None
    assert alone["shrunken_mean"] is None


# ---- steps --------------------------------------------------------------------------------------------------------------


def worked(begin: dt.datetime, end: dt.datetime, special: dict[dt.date, bool]) -> float:
    """Working hours between two moments, day by day."""
    hours, day = 0.0, begin.astimezone(SHANGHAI).date()
    while day <= end.astimezone(SHANGHAI).date():
        if special.get(day, day.weekday() < 5):
            for first, last in ((8, 12), (14, 18)):
                opens, closes = (dt.datetime.combine(day, dt.time(hour), SHANGHAI) for hour in (first, last))
                hours += max(0.0, (min(end, closes) - max(begin, opens)).total_seconds()) / 3600
        day += dt.timedelta(days=1)
    return hours


def recounted_steps(filters: Filters, latest: int) -> dict[int, list[float]]:
    """Hours by step, from the trace, read event by event."""
    special = dict(Workday.objects.values_list("date", "works"))
    ended = chosen(table().dropna(subset=["closed_at"]), filters, column="closed_at")
    ended = ended.sort_values(["closed_at", "id"], ascending=False).head(latest)
    found: dict[int, list[float]] = {}
    columns = ["case", "seq", "at", "to_state"]
    trace = pd.DataFrame(TraceEvent.objects.values_list(*columns), columns=columns)
    by_case = dict(list(trace[trace.case.isin(ended.id)].sort_values("seq").groupby("case")))
    for its in ended.itertuples():
        spent: dict[int, float] = {}
        events = list(by_case[its.id].itertuples())
        for event, after in pairwise(events):
            state = State(event.to_state)
            if state in RUNNING or (state == State.CLOSED and its.state == "evaluated"):
                step = STEP_OF[state].value
                spent[step] = spent.get(step, 0) + worked(event.at, after.at, special)
        for step, hours in spent.items():
            found.setdefault(step, []).append(hours)
    return found


@pytest.mark.parametrize(
    ("filters", "latest"),
    [
        (Filters(since=moment("2026-01-01T00:00")), 5000),
        (Filters(area="360702001", until=moment("2026-06-20T12:00")), 150),
        (Filters(channel="patrol", category="01"), 200),
    ],
)
def test_time_per_step_is_that_of_a_recount(filters: Filters, latest: int) -> None:
    found = step_times(filters, latest=latest)
    expected = recounted_steps(filters, latest)
    every = len(chosen(table().dropna(subset=["closed_at"]), filters, column="closed_at"))
    assert found["counted"] == min(latest, every)
    assert found["latest_only"] == (every > latest)
    assert [it["step"] for it in found["rows"]] == list(range(1, 10))
    for row in found["rows"]:
        hours = expected.get(row["step"], [])
        assert row["n"] == len(hours)
        if hours:
            assert row["median_hours"] == pytest.approx(np.percentile(hours, 50), abs=0.051)
        if len(hours) >= 10:
            assert row["p90_hours"] == pytest.approx(np.percentile(hours, 90), abs=0.051)
        else:
            assert row["p90_hours"] is None
    assert found["rows"][0]["n"] > 100


# ---- the address ----------------------------------------------------------------------------------------------------------


def test_the_address_tells_the_figures_and_an_answer_moves_its_etag(client: Client) -> None:
    first = client.get("/api/v1/review?area=360702002&since=2026-01-01")
    assert first.status_code == 200
    told = first.json()
    expected = review(Filters(area="360702002", since=moment("2026-01-01T00:00")), now=timezone.localtime())
    assert told["headline"] == expected.headline
    assert told["trend"] == expected.trend
    assert told["window"] == {"since": "2026-01-01T00:00:00+08:00", "until": None}
    etag = first.headers["ETag"]
    again = client.get("/api/v1/review?area=360702002&since=2026-01-01", headers={"If-None-Match": etag})
    case = Case.objects.filter(state=State.CLOSED).latest("pk")
    SurveyAnswer.objects.create(case=case, solved="yes", satisfaction=5, at=NOW)
    after = client.get("/api/v1/review?area=360702002&since=2026-01-01", headers={"If-None-Match": etag})
    assert (again.status_code, after.status_code) in {(304, 200), (200, 200)}  # the minute may turn
    assert after.headers["ETag"] != etag
    refused = client.get("/api/v1/review?level=grid")
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json")


def test_it_asks_the_database_the_same_number_of_times_whatever_there_is() -> None:
    cut = Filters(since=moment("2025-01-02T00:00"), until=moment("2026-06-02T00:00"))
    asked = []
    # Where the period cuts months, their days are asked of the rows: by area and month, of departments, for the headline.
    for filters in (Filters(), Filters(area="360702001"), Filters(since=moment("2025-01-01T00:00")), cut):
        with CaptureQueriesContext(connection) as queries:
            review(filters, now=NOW)
        asked.append(len(queries))
    assert asked == [11, 11, 11, 21]
