"""Two reports of one matter become one case: voices go along, both traces say so, the figures count one."""

from __future__ import annotations

import datetime as dt

import psycopg2
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cases.actions.merging import candidates
from cases.models import Case, TraceEvent
from cases.sealing import stored_rows, verify
from cases.summary import summary
from gridmap.duties import standing_of
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from tests.cases.playing import act, offered, report
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(cast: Cast, now: dt.datetime) -> Case:
    return report(cast.grid, now)


@pytest.fixture
def second(cast: Cast, now: dt.datetime) -> Case:
    """The same matter, reported again; two more have said that it is the same."""
    case = report(cast.grid, now + dt.timedelta(hours=1), "井盖陷下去了")
    Case.objects.filter(pk=case.pk).update(voices_count=2)
    return case


def test_r51_two_reports_of_one_matter_become_one_case(first: Case, second: Case, cast: Cast, now: dt.datetime) -> None:
    before = summary(Case.objects.all(), now=now)
    later = now + dt.timedelta(hours=2)
    merged = act(second, "merge", cast.clerk, later, into=first.number)
    assert (merged.state, merged.merged_into, merged.closed_at) == ("merged", first, later)
    first.refresh_from_db()
    # The second report and the two voices it had.
    assert (first.state, first.voices_count) == ("reported", 3)
    told = TraceEvent.objects.filter(case=first).latest("seq")
    assert (told.verb, told.actor, told.payload) == ("absorb", cast.clerk, {"merged": second.number, "voices": 3})
    assert TraceEvent.objects.filter(case=second).latest("seq").payload == {"into": first.number}
    for number in (first.number, second.number):
        assert verify(row for row in stored_rows() if row.number == number).broken is None
    after = summary(Case.objects.all(), now=now)
    assert (after["collected"], after["open"]) == (before["collected"] - 1, before["open"] - 1)
    assert after["completion_rate"]["denominator"] == before["completion_rate"]["denominator"] - 1
    assert offered(merged, cast.clerk, now) == []


def test_only_an_open_case_of_the_same_town_can_take_another_in(
    first: Case, second: Case, cast: Cast, now: dt.datetime
) -> None:
    elsewhere = report("360702101001001", now)
    done = Case.objects.filter(state="closed", current_area__code__startswith=cast.grid[:9])[0]
    for number in (elsewhere.number, done.number, second.number, "20990101-000000", "x"):
        with pytest.raises(Unprocessable, match="本镇街没有编号为"):
            act(second, "merge", cast.clerk, now, into=number)
    with pytest.raises(Unprocessable, match="另一件事项的编号"):
        act(second, "merge", cast.clerk, now)
    later = now + dt.timedelta(hours=2)
    act(second, "merge", cast.clerk, later, into=first.number)
    with pytest.raises(Unprocessable):
        act(first, "merge", cast.clerk, later, into=second.number)
    with pytest.raises(Conflict, match="已并入"):
        act(second, "merge", cast.clerk, later, into=first.number)


def test_only_a_centre_merges(first: Case, second: Case, cast: Cast, now: dt.datetime) -> None:
    for somebody in (cast.worker, cast.chief, cast.leader):
        with pytest.raises(Forbidden):
            act(second, "merge", somebody, now, into=first.number)
    with pytest.raises(NotFound):
        act(second, "merge", cast.stranger, now, into=first.number)


def test_what_it_may_be_the_same_as_is_offered(first: Case, second: Case, cast: Cast, now: dt.datetime) -> None:
    offers = list(candidates(second, standing_of(cast.clerk, on=now.date())))
    assert first in offers
    assert second not in offers
    assert {case.current_area_id for case in offers} == {cast.grid}


def test_a_case_somebody_is_acting_on_is_not_waited_for(cast: Cast, now: dt.datetime) -> None:
    """Else two that are merged into each other at once would wait for each other for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM cases_case WHERE state IN ('reported', 'handling') AND current_area_id LIKE '360702001%%'"
            " ORDER BY id LIMIT 1"
        )
        (number,) = cursor.fetchone()
    into = Case.objects.get(number=number)
    case = report(into.current_area_id, now)
    settings = connection.get_connection_params()
    with psycopg2.connect(
        **{key: settings[key] for key in ("dbname", "user", "host", "port") if key in settings}
    ) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM cases_case WHERE number = %s FOR UPDATE", [number])
        with pytest.raises(Conflict, match="正有人办理"):
            act(case, "merge", cast.centre, now, into=number)
        other.rollback()
    case.refresh_from_db()
    assert (case.state, case.merged_into) == ("reported", None)


def test_the_reporter_is_told_where_it_went(
    first: Case, second: Case, cast: Cast, now: dt.datetime, client: Client
) -> None:
    act(second, "merge", cast.clerk, now + dt.timedelta(hours=2), into=first.number)
    page = client.get(f"/track/?number={second.number}&code={second.track_code}").content.decode()
    assert f'已并入 <span class="number">{first.number}</span>' in page
    assert client.get(f"/api/v1/cases/{second.number}").json()["merged_into"] == first.number


def test_the_database_keeps_where_a_merged_case_went(first: Case, second: Case, now: dt.datetime) -> None:
    rows = Case.objects.filter(pk=second.pk)
    for bad in (
        {"state": "merged", "closed_at": now + dt.timedelta(hours=3)},
        {"merged_into": first},
        {"state": "merged", "closed_at": now + dt.timedelta(hours=3), "merged_into": second},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**bad)
