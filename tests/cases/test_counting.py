"""What is counted beforehand, against a recount that knows nothing of it: a table of all cases, in GeoPandas."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import counting
from cases.counting import Figures, Months, by_area, by_cell, open_by_area, settle, to_level, whole_months
from cases.coverage import Coverage, Place, coverage
from cases.deadlines import SHANGHAI
from cases.features import rows as cases_as_filtered
from cases.models import AreaMonth, Assignment, Case, CellMonth, Result, SurveyAnswer, UnitMonth
from cases.models.counts import CELL_ZOOM, HOURS
from cases.summary import headline, summary
from cases.workflow import RUNNING, State
from geodata.crs import STORED_SRID
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.models import Area
from gridmap.models.ground import Level

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 7, 7, 10, 0, tzinfo=SHANGHAI)
RELAXED = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


# ---- the recount --------------------------------------------------------------------------------------------------


def table_of_cases() -> geopandas.GeoDataFrame:
    """Every case with what figures are made of, its public place in CGCS2000."""
    columns = [
        "id",
        "state",
        "channel",
        "route_method",
        "category_id",
        "current_area_id",
        "reported_at",
        "due_at",
        "closed_at",
    ]
    rows = pd.DataFrame(Case.objects.values_list(*columns), columns=columns)
    for name in ("reported_at", "due_at", "closed_at"):
        rows[name] = pd.to_datetime(rows[name], utc=True)
    places = np.array([(point.x, point.y) for point in Case.objects.values_list("public_point", flat=True)])
    return geopandas.GeoDataFrame(rows, geometry=geopandas.points_from_xy(*places.T), crs=STORED_SRID)


def chosen(cases: pd.DataFrame, filters: Filters) -> Any:
    kept = cases
    if filters.since is not None:
        kept = kept[kept.reported_at >= filters.since]
    if filters.until is not None:
        kept = kept[kept.reported_at < filters.until]
    for name, column in (("category", "category_id"), ("area", "current_area_id")):
        if (prefix := getattr(filters, name)) is not None:
            kept = kept[kept[column].str.startswith(prefix)]
    if filters.state is not None:
        kept = kept[kept.state.isin(filters.state)]
    return kept if filters.channel is None else kept[kept.channel == filters.channel]


def figures_of(cases: pd.DataFrame) -> Figures:
    collected = cases.state != "merged"
    done = cases.state.isin(["closed", "evaluated"])
    in_time = done & (cases.closed_at <= cases.due_at)
    patrol = collected & (cases.channel == "patrol")
    astray = collected & (cases.route_method != "within")
    return Figures(*(int(it.sum()) for it in (collected, patrol, astray, ~collected, done, in_time)))


def recounted(cases: pd.DataFrame, filters: Filters) -> dict[str, Figures]:
    groups = chosen(cases, filters).groupby("current_area_id")
    return {str(code): its for code, rows in groups if any(its := figures_of(rows))}


def cells_of(cases: Any, filters: Filters) -> dict[tuple[int, int], int]:
    kept = chosen(cases, filters)
    kept = kept[kept.state != "merged"]
    metres = kept.to_crs(3857).geometry
    half = 20037508.342789244
    side = 2 * half / 2**CELL_ZOOM
    x = np.floor((metres.x + half) / side).astype(int)
    y = np.floor((half - metres.y) / side).astype(int)
    return pd.Series(1, index=pd.MultiIndex.from_arrays([x, y])).groupby(level=[0, 1]).sum().to_dict()


def as_dict(cells: counting.Cells) -> dict[tuple[int, int], int]:
    return {
        (int(x), int(y)): int(n)
        for x, y, n in zip(counting.columns_of(cells.key), counting.rows_of(cells.key), cells.n, strict=True)
    }


# ---- what may be asked --------------------------------------------------------------------------------------------

moments = st.integers(0, 1150 * 86_400).map(
    lambda seconds: dt.datetime(2023, 6, 1, tzinfo=SHANGHAI) + dt.timedelta(seconds=seconds)
)
months = st.builds(
    lambda year, month: dt.datetime(year, month, 1, tzinfo=SHANGHAI), st.integers(2023, 2026), st.integers(1, 12)
)
edges = st.one_of(st.none(), moments, months)
some_filters = st.builds(
    Filters,
    since=edges,
    until=edges,
    category=st.sampled_from([None, None, "0", "01", "03", "0301", "9"]),
    area=st.sampled_from([None, None, "360702", "360702002", "3607020020"]),
    channel=st.sampled_from([None, None, None, "patrol", "hotline"]),
    state=st.sampled_from([None, None, None, ("closed",), ("triage", "merged")]),
)


@pytest.fixture
def cases() -> Any:
    return table_of_cases()


@RELAXED
@given(filters=some_filters)
def test_figures_are_those_of_a_recount_for_whatever_is_asked(cases: Any, filters: Filters) -> None:
    assert by_area(filters) == recounted(cases, filters)
    assert as_dict(by_cell(filters)) == cells_of(cases, filters)
    still = chosen(cases[cases.closed_at.isna()], filters)
    late = still[still.state.isin([str(it) for it in RUNNING]) & (still.due_at < NOW)]
    assert headline(filters, now=NOW) == summary(cases_as_filtered(filters, NOBODY), now=NOW)
    found = open_by_area(filters, now=NOW)
    assert {code: its.open for code, its in found.items()} == still.groupby("current_area_id").size().to_dict()
    assert {code: its.overdue for code, its in found.items() if its.overdue} == late.groupby(
        "current_area_id"
    ).size().to_dict()


def test_the_district_has_what_the_article_says_and_nothing_is_lost_at_a_level() -> None:
    figures = by_area(Filters())
    total = Figures(*(sum(column) for column in zip(*figures.values(), strict=True)))
    assert total.collected == Case.objects.exclude(state=State.MERGED).count() > 4600
    for level in (Level.GRID, Level.COMMUNITY, Level.TOWN):
        summed, elsewhere = to_level(figures, level)
        assert Figures(*(sum(it) for it in zip(elsewhere, *summed.values(), strict=True))) == total
        assert {len(code) for code in summed} == {level.code_length}


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (None, None, Months(None, None)),
        ("2026-03-01T00:00", None, Months(dt.date(2026, 3, 1), None)),
        ("2026-03-01T00:00:00.000001", None, Months(dt.date(2026, 4, 1), None)),
        ("2026-03-02T00:00", "2026-04-01T00:00", None),
        ("2025-12-31T23:59", "2026-02-01T00:00", Months(dt.date(2026, 1, 1), dt.date(2026, 2, 1))),
        (None, "2026-02-28T23:59", Months(None, dt.date(2026, 2, 1))),
        ("2026-03-01T00:00", "2026-03-01T00:00", None),
    ],
)
def test_whole_months_begin_at_midnight_in_shanghai(
    since: str | None, until: str | None, months: Months | None
) -> None:
    edges = [dt.datetime.fromisoformat(it).replace(tzinfo=SHANGHAI) if it else None for it in (since, until)]
    assert whole_months(*edges) == months
    # The same moments, told in London.
    assert whole_months(*(it and it.astimezone(dt.UTC) for it in edges)) == months


# ---- histories ----------------------------------------------------------------------------------------------------


class Chance:
    """Changes of all kinds to a few cases and what departments were asked about them, one statement each."""

    def __init__(self, seed: int) -> None:
        self.die = random.Random(seed)
        self.areas = list(Area.objects.filter(level__in=["grid", "town"]).values_list("code", flat=True)[:60])

    def some(self, rows: Any, most: int = 40) -> Any:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model.objects.filter(pk__in=self.die.sample(keys, min(len(keys), self.die.randint(1, most))))

    def change(self) -> None:
        self.die.choice(
            [self.move, self.recategorise, self.end, self.redate, self.again, self.demand, self.score, self.hear]
        )()

    def move(self) -> None:
        area = self.die.choice(self.areas)
        place = Point(114.9 + self.die.random() / 10, 25.8 + self.die.random() / 10, srid=STORED_SRID)
        self.some(Case.objects.all()).update(current_area=area, public_point=place)

    def recategorise(self) -> None:
        self.some(Case.objects.all()).update(category=self.die.choice(["01", "0101", "0302", "0401"]))

    def end(self) -> None:
        state = self.die.choice([State.CLOSED, State.EVALUATED, State.REFUSED])
        moment = F("due_at") + dt.timedelta(days=self.die.randint(0, 1))
        whole = Case.objects.filter(closed_at=None).exclude(assignments__finished_at=None, assignments__part="lead")
        self.some(whole).update(state=state, closed_at=moment)

    def redate(self) -> None:
        later = dt.timedelta(days=self.die.randint(1, 70))
        self.some(Case.objects.filter(closed_at=None)).update(
            reported_at=F("reported_at") + later, due_at=F("due_at") + later
        )

    def again(self) -> None:
        """Cases that come and go."""
        kept = transaction.savepoint()
        for case in self.some(Case.objects.filter(closed_at=None), most=3):
            case.pk, case.number, case.client_id = None, f"再 {self.die.random()}"[:20], _uuid(self.die)
            case.save()
        if self.die.random() < 0.3:
            transaction.savepoint_rollback(kept)
        elif self.die.random() < 0.5:
            Case.objects.filter(number__startswith="再").delete()

    def demand(self) -> None:
        asked = self.some(Assignment.objects.exclude(letter=None))
        came = NOW + dt.timedelta(hours=self.die.randint(0, 99))
        asked.update(
            **self.die.choice(
                [
                    {"withdrawn_at": self.die.choice([None, NOW])},
                    {"arrived_at": came, "arrival_minutes": self.die.choice([0, 60, 61, 480, 2400, 2401])},
                    {"arrive_by": self.die.choice([came, came + dt.timedelta(days=99)])},
                    {"due_at": F("due_at") + dt.timedelta(days=self.die.randint(1, 99))},
                ]
            )
        )

    def hear(self) -> None:
        """Reporters say something, once more or no more."""
        if self.die.random() < 0.2:
            self.some(SurveyAnswer.objects.all()).delete()
            return
        said = {"solved": self.die.choice(["yes", "partly", "no"]), "satisfaction": self.die.randint(1, 5), "at": NOW}
        if self.die.random() < 0.3:
            self.some(SurveyAnswer.objects.all()).update(**said)
        else:
            SurveyAnswer.objects.bulk_create(SurveyAnswer(case=it, **said) for it in self.some(Case.objects.all()))

    def score(self) -> None:
        results = self.some(Result.objects.all())
        if self.die.random() < 0.3:
            results.delete()
        else:
            results.update(total=self.die.randint(0, 100))


def _uuid(die: random.Random) -> str:
    return f"{die.getrandbits(128):032x}"


def demands() -> pd.DataFrame:
    """What departments were asked and still stands."""
    columns = {
        "unit": "unit_id",
        "category_id": "case__category_id",
        "current_area_id": "case__current_area_id",
        "state": "case__state",
        "channel": "case__channel",
        "ended": "case__closed_at",
        "reported_at": "case__reported_at",
        "arrived_at": "arrived_at",
        "arrive_by": "arrive_by",
        "finished_at": "finished_at",
        "due_at": "due_at",
        "minutes": "arrival_minutes",
        "total": "result__total",
    }
    standing = Assignment.objects.exclude(letter=None).filter(withdrawn_at=None)
    rows = pd.DataFrame(standing.values_list(*columns.values()), columns=list(columns))
    for name in ("reported_at", "arrived_at", "arrive_by", "finished_at", "due_at", "ended"):
        rows[name] = pd.to_datetime(rows[name], utc=True)
    rows["total"] = rows.total.astype(float)
    return rows


def recovered(rows: pd.DataFrame, filters: Filters, level: Level) -> dict[Place, Coverage]:
    kept = chosen(rows, filters)
    if filters.department is not None:
        kept = kept[kept.unit == filters.department]
    kept = kept[kept.current_area_id.str.len() >= level.code_length]
    places = kept.groupby(["unit", kept.current_area_id.str[: level.code_length]])
    return {Place(*map(str, place)): _coverage_of(its) for place, its in places}


def _coverage_of(its: pd.DataFrame) -> Coverage:
    edges = [-1, *(60 * hours for hours in HOURS), np.inf]
    hours, _ = np.histogram(its.minutes.dropna().astype(float) - 0.5, bins=edges)
    still = its[its.finished_at.isna() & its.ended.isna()]
    scores = its.total.dropna()
    return Coverage(
        demanded=len(its),
        arrived=int(its.arrived_at.notna().sum()),
        arrived_in_time=int((its.arrived_at <= its.arrive_by).sum()),
        done=int(its.finished_at.notna().sum()),
        done_in_time=int((its.finished_at <= its.due_at).sum()),
        scored=len(scores),
        points=round(scores.sum(), 2),
        squares=round((scores**2).sum(), 4),
        hours=tuple(int(n) for n in hours),
        waiting=int((still.arrived_at.isna() & (still.arrive_by >= NOW)).sum()),
        late=int((still.state.isin([str(it) for it in RUNNING]) & (still.due_at < NOW)).sum()),
    )


def rounded(found: dict[Place, Coverage]) -> dict[Place, Coverage]:
    return {
        place: Coverage(**vars(its) | {"points": round(float(its.points), 2), "squares": round(float(its.squares), 4)})
        for place, its in found.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_counts_are_those_of_a_recount(seed: int) -> None:
    chance = Chance(seed)
    for _ in range(25):
        chance.change()
        if chance.die.random() < 0.15:
            settle(at_least=1)
    cases, rows = table_of_cases(), demands()
    for filters in (Filters(), Filters(category="03"), Filters(since=dt.datetime(2025, 1, 1, tzinfo=SHANGHAI))):
        assert headline(filters, now=NOW) == summary(cases_as_filtered(filters, NOBODY), now=NOW)
    for filters in (Filters(), Filters(category="03"), Filters(since=dt.datetime(2025, 1, 1, tzinfo=SHANGHAI))):
        assert by_area(filters) == recounted(cases, filters)
        assert as_dict(by_cell(filters)) == cells_of(cases, filters)
        for level in (Level.TOWN, Level.COMMUNITY):
            assert rounded(coverage(filters, level=level, now=NOW)) == recovered(rows, filters, level)


@RELAXED
@given(
    filters=some_filters,
    level=st.sampled_from([Level.TOWN, Level.COMMUNITY]),
    unit=st.sampled_from([None, "360702-D01", "360702-D12"]),
)
def test_coverage_is_that_of_a_recount_for_whatever_is_asked(filters: Filters, level: Level, unit: str | None) -> None:
    asked = Filters(**vars(filters) | {"department": unit})
    assert rounded(coverage(asked, level=level, now=NOW)) == recovered(demands(), asked, level)


# ---- keeping the counts -------------------------------------------------------------------------------------------


def everything() -> list[Any]:
    return [by_area(Filters()), as_dict(by_cell(Filters())), coverage(Filters(), level=Level.TOWN, now=NOW)]


def test_joining_rows_changes_no_figure_and_leaves_one_row_of_a_key() -> None:
    chance = Chance(7)
    for _ in range(30):
        chance.change()
    before = everything()
    assert AreaMonth.objects.filter(settled=False).exists()
    assert settle(at_least=10**9) == 0
    assert settle(at_least=1) > 0
    assert everything() == before
    for model, keys in ((AreaMonth, ("area",)), (CellMonth, ("cell",)), (UnitMonth, ("unit", "digits", "area"))):
        assert not model._default_manager.filter(settled=False).exists()
        names = model._default_manager.values_list("month", "category", *keys)
        assert len(names) == len(set(names))
    assert settle(at_least=1) == 0


def test_counting_anew_gives_the_same_and_mends_what_was_broken() -> None:
    before = everything()
    AreaMonth.objects.update(collected=F("collected") + 1)
    UnitMonth.objects.all().delete()
    assert everything() != before
    call_command("rebuild_rollups", verbosity=0)
    assert everything() == before


def test_a_change_of_nothing_that_is_counted_writes_nothing() -> None:
    before = AreaMonth.objects.count(), CellMonth.objects.count(), UnitMonth.objects.count()
    Case.objects.update(voices_count=F("voices_count") + 1, text="同")
    Assignment.objects.update(task="同")
    assert (AreaMonth.objects.count(), CellMonth.objects.count(), UnitMonth.objects.count()) == before


def test_a_year_is_read_in_one_statement_and_odd_ends_in_one_more_each(django_assert_num_queries: Any) -> None:
    year = Filters(since=dt.datetime(2025, 7, 1, tzinfo=SHANGHAI))
    odd = Filters(since=dt.datetime(2025, 7, 2, tzinfo=SHANGHAI), until=dt.datetime(2026, 6, 2, tzinfo=SHANGHAI))
    for filters, most in ((year, 1), (odd, 3)):
        with django_assert_num_queries(most):
            by_area(filters)
        with django_assert_num_queries(most):
            by_cell(filters)
        with django_assert_num_queries(most + 1):
            coverage(filters, level=Level.TOWN, now=NOW)


# ---- what is read from the counts ---------------------------------------------------------------------------------


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
