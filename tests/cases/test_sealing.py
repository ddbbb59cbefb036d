"""The trace cannot be changed; and if somebody gets round the database's refusal, it shows."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, QuerySet

from cases import sealing
from cases.models import Case, TraceEvent
from cases.sealing import Row

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def unguarded() -> None:
    """The trace without its triggers, as somebody with all rights over the database may leave it."""
    sql("ALTER TABLE cases_traceevent DISABLE TRIGGER USER")


def done_case() -> Case:
    """A case in the middle of the table with four rows of trace."""
    return short_stories()[1000]


def short_stories() -> QuerySet[Case]:
    """Done cases with four rows of trace."""
    return Case.objects.filter(state="closed").annotate(rows=Count("trace")).filter(rows=4).order_by("id")


def verify() -> str:
    said = io.StringIO()
    call_command("verify_trace", stdout=said)
    return said.getvalue()


def broken() -> str:
    with pytest.raises(CommandError) as caught:
        verify()
    return str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_traceevent SET verb = 'close' WHERE id = (SELECT min(id) FROM cases_traceevent)",
        "UPDATE cases_traceevent SET verb = verb WHERE false",
        "DELETE FROM cases_traceevent WHERE id = (SELECT max(id) FROM cases_traceevent)",
        "TRUNCATE cases_traceevent",
        "TRUNCATE cases_case CASCADE",
        "DELETE FROM cases_case WHERE id = (SELECT min(id) FROM cases_case)",
    ],
)
def test_the_database_refuses_to_change_the_trace(statement: str) -> None:
    count = TraceEvent.objects.count()
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        sql(statement)
    if "traceevent" in statement or "TRUNCATE" in statement:
        assert "append-only" in str(caught.value)
    assert TraceEvent.objects.count() == count


def test_the_orm_is_refused_too() -> None:
    event = TraceEvent.objects.first()
    for change in (event.delete, event.save, TraceEvent.objects.filter(pk=event.pk).delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_what_an_inserter_claims_about_number_and_seal_is_overwritten() -> None:
    case = done_case()
    event = TraceEvent.objects.create(
        case=case, seq=77, at=case.reported_at, verb="record", to_state="closed", previous="x", seal="y"
    )
    event.refresh_from_db()
    last = TraceEvent.objects.get(case=case, seq=4)
    assert (event.seq, event.previous) == (5, last.seal)
    assert "全部完好" in verify()


def test_every_seal_of_the_demonstration_holds(django_assert_num_queries) -> None:
    found = sealing.verify(sealing.stored_rows())
    assert found.broken is None
    assert (found.cases, found.rows) == (Case.objects.count(), TraceEvent.objects.count())
    assert found.rows > 18_000
    assert len(found.digest) == 64


def test_the_walk_is_one_statement(django_assert_max_num_queries) -> None:
    # The savepoint of the transaction is the other two.
    with django_assert_max_num_queries(3) as captured:
        verify()
    assert not [it for it in captured.captured_queries if "cases_traceevent" in it["sql"]][1:]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01 00:00:00+00"),
        ("actor_id", None),
        ("role", "grid_chief"),
        ("verb", "record"),
        ("from_state", "resolved"),
        ("to_state", "closed"),
        ("payload", '{"text": "都好"}'),
        ("seal", "0" * 64),
    ],
)
def test_a_changed_field_is_named_by_its_row(column: str, value: str | None, unguarded: None) -> None:
    case = done_case()
    sql(f"UPDATE cases_traceevent SET {column} = %s WHERE case_id = %s AND seq = 3", value, case.pk)
    assert f"事项 {case.number} 第 3 条留痕：内容与封印不符" in broken()


def test_a_payload_changed_by_one_space_in_a_word_is_found(unguarded: None) -> None:
    case = done_case()
    text = "jsonb_set(payload, '{text}', to_jsonb((payload->>'text') || ' '))"
    sql(f"UPDATE cases_traceevent SET payload = {text} WHERE case_id = %s AND seq = 3", case.pk)
    assert f"{case.number} 第 3 条" in broken()


def test_a_row_taken_out_is_missed(unguarded: None) -> None:
    case = done_case()
    sql("DELETE FROM cases_traceevent WHERE case_id = %s AND seq = 2", case.pk)
    assert f"事项 {case.number} 第 3 条留痕：应为第 2 条" in broken()
    sql("UPDATE cases_traceevent SET seq = seq - 1 WHERE case_id = %s AND seq > 2", case.pk)
    assert f"事项 {case.number} 第 2 条留痕：与上一条的封印不衔接" in broken()


def test_a_row_sealed_anew_does_not_fit_the_next(unguarded: None) -> None:
    case = done_case()
    row = next(it for it in sealing.stored_rows() if it.case == case.pk and it.seq == 2)
    forged = Row(**(vars(row) | {"verb": "record"}))
    seal = sealing.seal_of(forged, forged.previous)
    sql("UPDATE cases_traceevent SET verb = 'record', seal = %s WHERE case_id = %s AND seq = 2", seal, case.pk)
    assert f"事项 {case.number} 第 3 条留痕：与上一条的封印不衔接" in broken()


def test_rows_of_two_cases_exchanged_are_found(unguarded: None) -> None:
    one, other = short_stories()[1000:1002]
    sql("UPDATE cases_traceevent SET seq = 90 WHERE case_id = %s AND seq = 4", one.pk)
    sql("UPDATE cases_traceevent SET case_id = %s WHERE case_id = %s AND seq = 4", one.pk, other.pk)
    sql("UPDATE cases_traceevent SET case_id = %s, seq = 4 WHERE case_id = %s AND seq = 90", other.pk, one.pk)
    assert f"事项 {one.number} 第 4 条留痕：与上一条的封印不衔接" in broken()


def test_a_case_without_any_trace_is_found(unguarded: None) -> None:
    case = done_case()
    sql("DELETE FROM cases_traceevent WHERE case_id = %s", case.pk)
    assert f"事项 {case.number} 第 0 条留痕：整条链不见了" in broken()


def test_a_cut_end_changes_the_digest_of_all_ends(unguarded: None) -> None:
    before = sealing.verify(sealing.stored_rows()).digest
    sql("DELETE FROM cases_traceevent WHERE case_id = %s AND seq = 4", done_case().pk)
    after = sealing.verify(sealing.stored_rows())
    assert after.broken is None
    assert after.digest != before


def test_the_first_of_two_broken_rows_is_named(unguarded: None) -> None:
    one, other = short_stories()[1000:1002]
    for case, seq in ((other, 1), (one, 4)):
        sql("UPDATE cases_traceevent SET verb = 'record' WHERE case_id = %s AND seq = %s", case.pk, seq)
    assert f"事项 {one.number} 第 4 条" in broken()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"text": '引号" 反斜杠\\ 换行\n 制表\t', "表情": "🚮", "n": [1, 2.50, 1e30, None, True]},
        {"b": {"z": 1, "aa": 2, "y": []}, "long": "长" * 2000, "unit": "a\u001fb"},
    ],
)
def test_any_payload_is_sealed_the_same_in_python(payload: dict[str, object]) -> None:
    case = done_case()
    at = dt.datetime(2026, 7, 1, 23, 59, 59, 123456, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    TraceEvent.objects.create(case=case, at=at, verb="record", to_state="closed", payload=payload)
    assert "全部完好" in verify()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_the_session_time_zone_does_not_matter(zone: str) -> None:
    sql("SET LOCAL TIME ZONE %s", zone)
    assert "全部完好" in verify()


def test_no_rows_at_all_are_whole() -> None:
    found = sealing.verify([])
    assert (found.cases, found.rows, found.broken) == (0, 0, None)
