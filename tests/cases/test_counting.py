"""What is counted beforehand, against a recount that knows nothing of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.counting import Figures, above, by_area, by_cell, by_month, open_by_area, settle, to_level, whole_months
from cases.coverage import coverage
from cases.deadlines import SHANGHAI
from cases.features import rows as cases_as_filtered
from cases.models import AreaMonth, AreaTotals, Assignment, Case, CellMonth, UnitMonth, UnitTotals
from cases.summary import headline, summary
from cases.totals import KINDS, Months
from cases.workflow import RUNNING, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.models.ground import Level
from tests.cases.changing import Chance
from tests.cases.recounting import (
    NOW,
    as_dict,
    cells_of,
    chosen,
    demands,
    recounted,
    recovered,
    rounded,
    table_of_cases,
)

pytestmark = pytest.mark.django_db
RELAXED = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.parametrize("zoom", [12, 16, 17, 19])
@pytest.mark.parametrize("area", [None, "360702001"])
def test_wider_cells_hold_what_the_narrower_do(zoom: int, area: str | None) -> None:
    """From the totals of three zooms, or from the cases where these do not reach; before and after joining."""
    chance = Chance(11)
    for joined in (False, True):
        for _ in range(5):
            chance.change()
        if joined:
            settle(at_least=1)
        filters = Filters(area=area, since=dt.datetime(2025, 2, 1, tzinfo=SHANGHAI))
        finest, wide = by_cell(filters, zoom=22), by_cell(filters, zoom=zoom)
        expected: Counter[int] = Counter()
        for key, n in zip(finest.key.tolist(), finest.n.tolist(), strict=True):
            expected[key >> 2 * (22 - zoom)] += n
        assert dict(zip(wide.key.tolist(), wide.n.tolist(), strict=True)) == expected
        assert len(expected) > 1


def test_the_district_has_what_the_article_says_and_nothing_is_lost_at_a_level() -> None:
    figures = by_area(Filters())
    total = Figures(*(sum(column) for column in zip(*figures.values(), strict=True)))
    assert total.collected == Case.objects.exclude(state=State.MERGED).count() > 4600
    for level in (Level.GRID, Level.COMMUNITY, Level.TOWN):
        summed, elsewhere = to_level(figures, level), above(figures, level)
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


def everything() -> list[Any]:
    """Of all time and since a month, which are read from different lines of the totals, and month by month."""
    return [
        answer
        for filters in (Filters(), Filters(since=dt.datetime(2025, 6, 1, tzinfo=SHANGHAI)))
        for answer in (
            by_area(filters),
            by_month(filters),
            as_dict(by_cell(filters)),
            coverage(filters, level=Level.TOWN, now=NOW),
        )
    ]


def test_joining_changes_no_figure_and_leaves_one_row_of_a_key() -> None:
    """Whether a key is new, has a total already, or begins earlier than its total did."""
    chance = Chance(7)
    for _ in range(30):
        chance.change()
    before = everything()
    assert AreaMonth.objects.exists()
    assert settle(at_least=10**9) == 0
    assert settle(at_least=1) > 0
    assert everything() == before
    long_ago = Case.objects.exclude(state=State.MERGED).earliest("-reported_at")
    Case.objects.filter(pk=long_ago.pk).update(reported_at=dt.datetime(2019, 5, 6, tzinfo=SHANGHAI))
    before = everything()
    assert settle(at_least=1) > 0
    assert everything() == before
    for kind in KINDS:
        assert not kind.months._default_manager.exists()
        keys = kind.totals._default_manager.values_list("category", *kind.keys)
        assert len(keys) == len(set(keys)) > 0
    assert settle(at_least=1) == 0


def test_counting_anew_gives_the_same_and_mends_what_was_broken() -> None:
    before = everything()
    settle(at_least=1)
    for spoil in (
        lambda: AreaTotals.objects.update(first=F("first") + 1),
        lambda: UnitTotals.objects.all().delete(),
        lambda: CellMonth.objects.create(month=dt.date(2025, 3, 1), category="", cell=1, collected=1),
    ):
        spoil()
        assert everything() != before
        call_command("rebuild_rollups", verbosity=0)
        assert everything() == before
        assert not AreaMonth.objects.exists()


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
