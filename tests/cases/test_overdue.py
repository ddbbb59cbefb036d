"""Whistles still open, against rows put together in Python: which, whose desk, since when, and how late they are."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.deadlines import SHANGHAI, WorkingCalendar, worked_between
from cases.models import Assignment, Case, Dispatch, OpenWhistle, TraceEvent, Whistle, Workday
from cases.overdue import class_of
from cases.reminding import in_charge
from cases.workflow import OPEN, RUNNING, State
from gridmap.models import Area, Organisation
from tests.cases.playing import Department, Office, act, department, dispatched
from tests.cases.recounting import NOW
from tests.cases.sheets import ask
from tests.cases.test_waiting import Town, cases, stage  # noqa: F401  fixtures
from tests.conftest import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]
WAY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOUR = dt.timedelta(hours=1)
TICK = dt.timedelta(microseconds=1)


@pytest.fixture(scope="module")
def some(stage: Town, cases: list[int]) -> list[int]:  # noqa: F811
    """Cases in every open state, with whistles and assignments whose times lie all about."""
    die = random.Random(45)

    def earlier(most: int = 900) -> dt.datetime:
        return NOW - dt.timedelta(seconds=die.randrange(1, most * 3600), microseconds=die.choice([0, 1, 123_456]))

    for row in Assignment.objects.filter(case__in=cases):
        row.ordered_at = earlier()
        row.due_at = row.ordered_at + dt.timedelta(hours=die.choice([1, 20, 200, 2000]))
        if die.random() < 0.3 and row.finished_at is None:
            row.redone, row.redone_at = 1, row.ordered_at + (NOW - row.ordered_at) / 2
            row.due_at = row.redone_at + dt.timedelta(hours=die.choice([1, 20, 200]))
        row.save()
    for model, name in ((Whistle, "blown_at"), (Dispatch, "at")):
        for it in model._default_manager.filter(case__in=cases):
            model._default_manager.filter(pk=it.pk).update(**{name: earlier()})
    for case in Case.objects.filter(pk__in=cases):
        due = NOW + dt.timedelta(hours=die.randrange(-400, 400))
        Case.objects.filter(pk=case.pk).update(due_at=max(due, case.reported_at))
    return cases


def told(client: Client, **query: str) -> list[dict[str, Any]]:
    return [it["properties"] for it in ask(client, "overdue.geojson", limit="100000", **query)["features"]]


# ---- which ------------------------------------------------------------------------------------------------------------


def in_python() -> dict[tuple[int, int | None], tuple[Any, ...]]:
    """What the view says, by case and assignment: unit, level, part, start, since and limit."""
    rows: dict[tuple[int, int | None], tuple[Any, ...]] = {}
    for case in Case.objects.filter(closed_at=None).prefetch_related("assignments", "whistles"):
        asked = [it for it in case.assignments.all() if it.finished_at is None and it.withdrawn_at is None]
        for it in asked:
            level = 3 if it.letter_id else 2
            since = it.redone_at or it.ordered_at
            rows[case.pk, it.pk] = (it.unit_id, level, it.part, it.ordered_at, since, it.due_at)
        blown = [it for it in case.whistles.all() if it.level == Whistle.Level.TOWN]
        if blown and not asked:
            binding = [it for it in case.assignments.all() if it.withdrawn_at is None]
            last = max(binding, key=lambda it: it.pk, default=None)
            level = 3 if last is not None and last.letter_id else 2
            rows[case.pk, None] = (None, level, "", blown[0].blown_at, None, case.due_at)
    return rows


def test_the_view_has_the_rows_that_python_puts_together(some: list[int]) -> None:
    view = {
        (it.case_id, it.assignment_id): (it.unit_id, it.level, it.part, it.start, it.since, it.due_at)
        for it in OpenWhistle.objects.all()
    }
    assert view == in_python()
    assert len(view) > 100
    assert {level for _, level, *_ in view.values()} == {2, 3}
    ids = list(OpenWhistle.objects.order_by("id").values_list("id", "due_at"))
    assert [due for _, due in ids] == sorted(due for _, due in ids)
    assert len({key for key, _ in ids}) == len(ids)


@pytest.mark.parametrize("end", ["close", "finish", "withdraw"])
def test_what_has_ended_is_no_longer_there(some: list[int], end: str) -> None:
    desks = OpenWhistle.objects.filter(assignment=None)
    row = (desks if end == "close" else OpenWhistle.objects.exclude(assignment=None)).earliest("id")
    alone = row.case.assignments.filter(withdrawn_at=None, finished_at=None).count() == 1
    if end == "close":
        Case.objects.filter(pk=row.case_id).update(state=State.CLOSED, closed_at=NOW)
    elif end == "finish":
        Assignment.objects.filter(pk=row.assignment_id).update(finished_at=NOW, arrived_at=NOW, arrival_minutes=1)
    else:
        Assignment.objects.filter(pk=row.assignment_id).update(withdrawn_at=NOW)
    left = OpenWhistle.objects.filter(case=row.case_id)
    assert not left.filter(assignment=row.assignment_id).exists()
    blown = Whistle.objects.filter(case=row.case_id, level=2).exists()
    assert left.exists() is (end != "close" and (blown or not alone))


# ---- how late -----------------------------------------------------------------------------------------------------------


def kind_of(state: str, left: dt.timedelta, whole: dt.timedelta) -> str:
    """As the contract has it, in whole microseconds: exactly half is not more than half, exactly due is in time."""
    if state not in RUNNING:
        return "still"
    whole = max(whole, dt.timedelta(seconds=1))
    if 2 * left > whole:
        return "ok"
    if 5 * left >= whole:
        return "half"
    if left >= dt.timedelta():
        return "short"
    return "over" if -left < whole else "far_over"


def kinds(now: dt.datetime) -> tuple[list[str], list[str]]:
    """Of all rows: as the database says, and as the contract says."""
    columns = OpenWhistle.objects.order_by("id").values_list("case__state", class_of(now), "start", "since", "due_at")
    states, found, starts, sinces, dues = zip(*columns, strict=True)
    expected = [
        kind_of(state, due - now, due - (since or start))
        for state, start, since, due in zip(states, starts, sinces, dues, strict=True)
    ]
    return list(found), expected


def test_the_database_tells_the_classes_of_the_contract(some: list[int]) -> None:
    found, expected = kinds(NOW)
    assert found == expected
    assert set(expected) == {"ok", "half", "short", "over", "far_over", "still"}


@pytest.mark.parametrize("micros", [0, 1, 123_457, 999_999])
def test_exactly_at_a_border_too(some: list[int], micros: int) -> None:
    """Limits of round hours, looked at when exactly a half, a fifth, nothing and a whole of them is left, and beside it."""
    asked = OpenWhistle.objects.exclude(assignment=None).filter(case__state__in=sorted(RUNNING)).order_by("id")
    start = NOW.replace(microsecond=micros)
    for n, row in enumerate(list(asked)[:40]):
        hours = [1, 3, 8, 24, 80][n % 5]
        Assignment.objects.filter(pk=row.assignment_id).update(
            ordered_at=start, redone_at=None, due_at=start + hours * HOUR
        )
    seen = set()
    for hours in (1, 3, 8, 24, 80):
        for tenths in (5, 8, 10, 20):
            for nudge in (-TICK, dt.timedelta(), TICK):
                found, expected = kinds(start + hours * HOUR * tenths / 10 + nudge)
                assert found == expected
                seen.update(expected)
    assert seen >= {"ok", "half", "short", "over", "far_over"}


def test_due_exactly_now_is_in_time(client: Client, some: list[int]) -> None:
    row = OpenWhistle.objects.exclude(assignment=None).filter(case__state=State.ORDERED).earliest("id")
    of = Assignment.objects.filter(pk=row.assignment_id)
    for due, late, counted in ((NOW, "short", 0), (NOW - TICK, "over", 1)):
        of.update(ordered_at=NOW - 9 * HOUR, redone_at=None, due_at=due)
        [its] = [it for it in told(client) if it["number"] == row.case.number and it["holder_code"] == row.unit_id]
        assert its["late"] == late
        assert (its["overdue_hours"] is None) is (late == "short")
        listed = [it for it in told(client, overdue="true") if it["number"] == row.case.number]
        assert sum(it["holder_code"] == row.unit_id for it in listed) == counted
    assert ask(client, "overdue")["total"]["overdue"] == len(told(client, overdue="true"))
    assert ask(client, "overdue")["total"]["open"] == len(told(client, overdue="true")) + len(
        told(client, overdue="false")
    )


@pytest.mark.parametrize("query", [{}, {"area": "360702002"}, {"state": "ordered,received"}])
def test_due_soon_is_within_three_working_days(client: Client, some: list[int], query: dict[str, str]) -> None:
    calendar = WorkingCalendar(dict(Workday.objects.values_list("date", "works")))
    soon, others = (told(client, soon=word, **query) for word in ("true", "false"))
    for it in (*soon, *others):
        due = dt.datetime.fromisoformat(it["due_at"])
        near = due >= NOW and worked_between(NOW, due, calendar) <= 24 * HOUR
        assert (it in soon) is (near and not it["suspended"] and it["late"] != "still")
    assert len(told(client, **query)) == len(soon) + len(others)
    assert len(soon) == ask(client, "overdue", **query)["total"]["due_soon"]
    assert soon or query, "none is due soon: nothing is tested"


def test_what_is_suspended_is_never_overdue(client: Client, some: list[int]) -> None:
    Case.objects.filter(state=State.SUSPENDED).update(due_at=NOW - 500 * HOUR, reported_at=NOW - 900 * HOUR)
    Assignment.objects.filter(case__state=State.SUSPENDED).update(
        ordered_at=NOW - 900 * HOUR, redone_at=None, due_at=NOW - 500 * HOUR
    )
    still = [it for it in told(client) if it["suspended"]]
    assert still
    assert {(it["late"], it["overdue_hours"]) for it in still} == {("still", None)}
    assert {it["late"] for it in told(client) if not it["suspended"]}.isdisjoint({"still"})
    said = ask(client, "overdue", state="suspended")["total"]
    assert (said["open"], said["suspended"], said["overdue"], said["due_soon"]) == (len(still), len(still), 0, 0)
    assert told(client, state="suspended", overdue="true") == []


def test_whoever_has_to_do_it_again_has_its_time_from_then_on(client: Client, some: list[int]) -> None:
    """Else a limit of a day that begins after three weeks would seem nearly over at once."""
    row = OpenWhistle.objects.exclude(assignment=None).filter(case__state=State.ORDERED).earliest("id")
    again = NOW - HOUR
    Assignment.objects.filter(pk=row.assignment_id).update(
        ordered_at=NOW - 500 * HOUR, redone=1, redone_at=again, due_at=again + 8 * HOUR
    )
    [its] = [it for it in told(client) if it["number"] == row.case.number and it["holder_code"] == row.unit_id]
    assert (its["late"], its["left"]) == ("ok", 0.875)
    assert dt.datetime.fromisoformat(its["since"]) == dt.datetime.fromisoformat(its["start"]) == again


# ---- working time ---------------------------------------------------------------------------------------------------------

days = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31))
moments = st.builds(
    lambda day, seconds, micros: dt.datetime.combine(day, dt.time(), SHANGHAI) + dt.timedelta(0, seconds, micros),
    days,
    st.one_of(st.integers(0, 86_399), st.sampled_from([0, 8 * 3600, 12 * 3600, 14 * 3600, 18 * 3600])),
    st.sampled_from([0, 0, 1, 999_999]),
)


@WAY
@given(first=moments, second=moments, decided=st.dictionaries(days, st.booleans(), max_size=6), near=st.booleans())
def test_the_database_counts_working_time_as_the_rule_does(
    first: dt.datetime, second: dt.datetime, decided: dict[dt.date, bool], near: bool
) -> None:
    if near:  # within a fortnight, whose days somebody decided about
        second = first + (second - dt.datetime(2024, 1, 1, tzinfo=SHANGHAI)) / 80
        decided = {first.date() + dt.timedelta(days=n * 2): works for n, works in enumerate(decided.values())}
    first, second = sorted((first, second))
    for day, works in decided.items():
        Workday.objects.update_or_create(date=day, defaults={"works": works})
    calendar = WorkingCalendar(dict(Workday.objects.values_list("date", "works")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_worked(%s) - cases_worked(%s)", [second, first.astimezone(dt.UTC)])
        [hours] = cursor.fetchone()
    assert hours == pytest.approx(worked_between(first, second, calendar) / HOUR, abs=1e-6)


def test_overdue_hours_are_working_hours_since_the_limit(client: Client, some: list[int]) -> None:
    calendar = WorkingCalendar(dict(Workday.objects.values_list("date", "works")))
    late = told(client, overdue="true")
    assert len(late) > 30
    for it in late:
        hours = worked_between(dt.datetime.fromisoformat(it["due_at"]), NOW, calendar) / HOUR
        assert it["overdue_hours"] == pytest.approx(hours, abs=0.051)


# ---- whose desk, since when -------------------------------------------------------------------------------------------------


def test_whose_desk_it_is_on_is_what_reminders_go_by(client: Client, some: list[int]) -> None:
    names = dict(Area.objects.values_list("code", "name"))
    units = dict(Organisation.objects.values_list("code", "name"))
    Case.objects.filter(pk__in=some[::5]).update(current_area=Area.objects.get(code="360702001"))
    met = set()
    for it in told(client):
        case = Case.objects.get(number=it["number"])
        if it["part"]:
            assert it["holder"] == units[it["holder_code"]]
            continue
        office = case.dispatches.order_by("-pk").values_list("office", flat=True).first()
        desk = in_charge(State(case.state), case.current_area_id, {"office": office or ""})
        met.add(case.state)
        if desk is None:
            assert (it["holder"].strip(), it["holder_code"]) == (names[it["town"]], None)
        elif desk.is_unit:
            assert (it["holder"], it["holder_code"]) == (units[desk.place], desk.place)
        else:
            assert (it["holder"], it["holder_code"]) == (f"{names[it['town']]} {desk.role.label}", None)
    assert met >= {"whistled", "triage", "dispatched", "deciding", "referred", "applied", "confirmed"} & {
        str(s) for s in OPEN
    }


def test_a_case_on_its_way_tells_whose_desk_since_when_and_after_how_many_hands(
    client: Client, triage: Case, cast: Cast, offices: list[Office], principal: Any, lead: Department, now: dt.datetime
) -> None:
    """From the centre to an office, the leader, a unit and back; a voice or a look at it moves it nowhere."""
    town = Area.objects.get(code=cast.grid[:9]).name
    names = dict(Organisation.objects.values_list("code", "name"))

    def seen() -> list[tuple[str, Any, int]]:
        return [
            (it["holder"], dt.datetime.fromisoformat(it["since"]), it["hops"])
            for it in told(client)
            if it["number"] == triage.number
        ]

    assert seen() == [(f"{town} 镇街网格中心人员", now, 0)] or seen()[0][2] == 0
    at = now + HOUR
    dispatched(triage, cast, offices[0], at)
    assert seen() == [(names[offices[0].code], at, 0)]
    # Somebody looks, somebody else adds a voice: the office has had it all the same.
    TraceEvent.objects.create(
        case=triage, at=at + HOUR, verb="read_reporter", from_state="dispatched", to_state="dispatched"
    )
    assert seen() == [(names[offices[0].code], at, 0)]
    at += 2 * HOUR
    act(triage, "brief", offices[0].user, at, text="井盖下沉，拟请城建办处置")
    [(holder, since, hops)] = seen()
    assert (holder.startswith(town), since, hops) == (True, at, 1)
    at += HOUR
    from tests.cases.playing import TWO_DAYS

    act(triage, "order", cast.leader, at, unit=offices[1].code, text="换盖并回填", limit=TWO_DAYS)
    assert seen() == [(names[offices[1].code], at, 1)]
    asked = Assignment.objects.get(case=triage)
    again = at + HOUR
    Assignment.objects.filter(pk=asked.pk).update(redone=1, redone_at=again)
    assert seen() == [(names[offices[1].code], again, 1)]


def test_one_department_after_the_other_is_counted(
    client: Client, issued: Case, lead: Department, now: dt.datetime
) -> None:
    before = [it for it in told(client) if it["number"] == issued.number]
    assert {it["level"] for it in before} == {3}
    first = Assignment.objects.get(case=issued, part="lead", withdrawn_at=None)
    Assignment.objects.filter(pk=first.pk).update(withdrawn_at=now + HOUR)
    other = department(5)
    Assignment.objects.create(
        case=issued, unit_id=other.code, part="lead", task="去办", limit_amount=1, limit_unit="working_days",
        ordered_at=now + HOUR, ordered_by=first.ordered_by, due_at=now + 9 * HOUR,
    )  # fmt: skip
    [its] = [it for it in told(client) if it["number"] == issued.number and it["part"] == "lead"]
    assert its["hops"] == Dispatch.objects.filter(case=issued).count() + 1


# ---- sums ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"category": "03"}, {"area": "360702003", "state": "ordered,issued,suspended"}])
@pytest.mark.parametrize("level", ["grid", "town", "district"])
def test_sums_are_those_of_the_list(client: Client, some: list[int], level: str, query: dict[str, str]) -> None:
    calendar = WorkingCalendar(dict(Workday.objects.values_list("date", "works")))
    said = ask(client, "overdue", level=level, **query)
    rows = pd.DataFrame(told(client, **query))
    rows["due"] = rows.due_at.map(dt.datetime.fromisoformat)
    rows["worked"] = [worked_between(due, NOW, calendar) / HOUR for due in rows.due]
    rows["ahead"] = [worked_between(NOW, due, calendar) / HOUR for due in rows.due]
    rows["place"] = rows.area.str[: {"grid": 15, "town": 9, "district": 6}[level]]

    def summed(its: Any) -> dict[str, Any]:
        late = its[its.late.isin(["over", "far_over"])]
        running = its[~its.late.isin(["still"])]
        return {
            "open": len(its),
            "suspended": int(its.suspended.sum()),
            "due_soon": int(((running.due >= NOW) & (running.ahead <= 24)).sum()),
            "overdue": len(late),
            "oldest_due_at": late.due.min().isoformat(timespec="seconds") if len(late) else None,
            "median_overdue_hours": pytest.approx(late.worked.median(), abs=0.051) if len(late) else None,
        }

    assert said["total"] == summed(rows)
    assert said["classes"] == {name: int((rows.late == name).sum()) for name in said["words"]}
    deep = rows[rows.place.str.len() == {"grid": 15, "town": 9, "district": 6}[level]]
    assert {row["code"]: {name: row[name] for name in row if name != "code"} for row in said["rows"]} == {
        code: summed(its) for code, its in deep.groupby("place")
    }
    assert [row["overdue"] for row in said["rows"]] == sorted((row["overdue"] for row in said["rows"]), reverse=True)


# ---- the list -----------------------------------------------------------------------------------------------------------


def test_pages_lose_nothing_and_repeat_nothing_also_where_limits_are_equal(client: Client, some: list[int]) -> None:
    same = NOW - 3 * HOUR
    Assignment.objects.filter(pk__in=OpenWhistle.objects.exclude(assignment=None).values("assignment")).update(
        ordered_at=same - HOUR, redone_at=None, due_at=same
    )
    Case.objects.filter(pk__in=some[::2], reported_at__lt=same).update(due_at=same)
    whole = ask(client, "overdue.geojson")
    pages, query = [], {"limit": "23"}
    while True:
        page = ask(client, "overdue.geojson", **query)
        pages += [it["id"] for it in page["features"]]
        if "next" not in page:
            break
        query = {name: value for name, [value] in parse_qs(urlsplit(page["next"]).query).items()}
    assert pages == [it["id"] for it in whole["features"]]
    assert len(set(pages)) == len(pages) == OpenWhistle.objects.count() > 100
    limits = [it["properties"]["due_at"] for it in whole["features"]]
    assert limits == sorted(limits)
    assert len(set(limits)) < len(limits) / 2


def test_a_department_s_whistles_are_its_own(client: Client, some: list[int]) -> None:
    unit = OpenWhistle.objects.exclude(unit=None).values_list("unit", flat=True)[0]
    mine = told(client, department=unit)
    assert mine
    assert {it["holder_code"] for it in mine} == {unit}
    assert len(mine) == sum(it["holder_code"] == unit and it["part"] != "" for it in told(client))
    assert ask(client, "overdue", department=unit)["total"]["open"] == len(mine)


def test_an_answer_is_one_statement_and_another_one_each_minute(
    client: Client, some: list[int], django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_assert_num_queries(2):
        first = client.get("/api/v1/overdue.geojson")
    with django_assert_num_queries(1):
        assert (
            client.get("/api/v1/overdue.geojson", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        )
    with django_assert_num_queries(4):  # the version, the rows, the calendar, working time
        client.get("/api/v1/overdue")
    monkeypatch.setattr(timezone, "now", lambda: NOW + dt.timedelta(minutes=1))
    assert client.get("/api/v1/overdue.geojson").headers["ETag"] != first.headers["ETag"]
