"""The desk's list: what it shows first, its pages and counts, what keeps it up to date, and the list as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Subquery
from django.test import Client
from django.utils import timezone

from cases import actions
from cases.actions.handling import Given
from cases.desk import MAX_ROWS, Asked, Place, Show, desk_of, first_shown
from cases.desk_files import COLUMNS
from cases.models import Assignment, Case, Whistle
from gridmap.duties import standing_of
from gridmap.problems import BadParameter
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

AsUser = Callable[[User | None], Client]
MANY = 2 * MAX_ROWS + 7
TOGETHER = 7  # cases that are due at the same moment, some of them on two pages


def open_cases(cast: Cast, how_many: int, state: str = "triage") -> list[Case]:
    """Cases of the cast's grid in a state, due hour by hour from three hours ago, some of them at the same moment."""
    start = timezone.now().replace(minute=0, second=0, microsecond=123) - dt.timedelta(hours=3)
    pool = list(Case.objects.filter(whistles=None, merged_into=None).order_by("pk")[:how_many])
    for i, case in enumerate(pool):
        case.current_area_id, case.state, case.closed_at = cast.grid, state, None
        case.due_at = start + dt.timedelta(hours=i // TOGETHER)
        case.reported_at = start - dt.timedelta(days=9)
    Case.objects.bulk_update(pool, ["current_area", "state", "closed_at", "due_at", "reported_at"])
    return pool


@pytest.fixture
def bare(db: None) -> None:
    """Nothing is open but what a test opens."""
    Assignment.objects.filter(finished_at=None).update(withdrawn_at=F("ordered_at"))
    Case.objects.open().update(state="closed", closed_at=timezone.now() + dt.timedelta(days=365))


def test_the_clerk_sees_first_what_waits_for_the_centre_and_the_administrator_everything(
    bare: None, cast: Cast, as_user: AsUser
) -> None:
    waiting, elsewhere = open_cases(cast, 2)
    Case.objects.filter(pk=elsewhere.pk).update(state="handling")
    page = as_user(cast.clerk).get("/desk/").content.decode()
    assert waiting.number in page
    assert elsewhere.number not in page
    assert '<a href="?show=mine" aria-current="page">' in page
    assert elsewhere.number in as_user(cast.clerk).get("/desk/?show=all").content.decode()
    assert first_shown(standing_of(cast.admin, on=timezone.localdate())) == Show.ALL
    assert elsewhere.number in as_user(cast.admin).get("/desk/").content.decode()


@pytest.mark.parametrize("show", Show)
def test_pages_hold_every_case_once_by_deadline_and_the_counts_are_of_all(bare: None, cast: Cast, show: Show) -> None:
    pool = open_cases(cast, MANY)
    for case in pool[:10]:
        Case.objects.filter(pk=case.pk).update(state="handling")
    now, standing = timezone.now(), standing_of(cast.clerk, on=timezone.localdate())
    listed: list[tuple[dt.datetime, int]] = []
    after, pages = None, 0
    while True:
        desk = desk_of(standing, user_id=cast.clerk.pk, now=now, asked=Asked(show, after))
        assert (desk.total, desk.mine) == (MANY, MANY - 10)
        assert desk.overdue == Case.objects.overdue(now).count() == 4 * TOGETHER
        assert all(row.turn for row in desk.rows) or show != Show.MINE
        listed += [(row.case.due_at, row.case.pk) for row in desk.rows]
        pages += 1
        if desk.next is None:
            break
        after = Place.read(str(desk.next))
        assert after == desk.next
    assert listed == sorted(set(listed))
    assert len(listed) == desk.shown_total
    assert pages == -(-desk.shown_total // MAX_ROWS)


def test_the_number_of_statements_does_not_grow_with_the_list(
    bare: None, cast: Cast, as_user: AsUser, django_assert_num_queries: Any
) -> None:
    clerk = as_user(cast.clerk)
    for how_many in (3, MANY):
        open_cases(cast, how_many)
        with django_assert_num_queries(13):
            page = clerk.get("/desk/?show=all").content.decode()
        assert page.count("data-number=") == min(how_many, MAX_ROWS)
        assert f'data-count="mine">{how_many}<' in page


@pytest.mark.parametrize("query", ["show=others", "after=x", "after=1", "after=99999999999999999.1", "after=-1.1"])
def test_what_is_no_place_in_the_list_is_refused(cast: Cast, as_user: AsUser, query: str) -> None:
    for path in ("/desk/", "/desk/live"):
        assert as_user(cast.clerk).get(f"{path}?{query}").status_code == 400


def test_every_place_that_can_be_read_can_be_asked_for(cast: Cast, as_user: AsUser) -> None:
    assert as_user(cast.clerk).get("/desk/?show=all&after=9999999999999999.999999999999999999").status_code == 200
    with pytest.raises(BadParameter):
        Place.read("")


def test_asking_again_costs_four_statements_until_something_changes(
    bare: None, cast: Cast, as_user: AsUser, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: at)
    (case,) = open_cases(cast, 1, "reported")
    worker = as_user(cast.worker)
    first = worker.get("/desk/live")
    assert first.status_code == 200
    assert case.number in first.content.decode()
    known = {"If-None-Match": first["ETag"]}
    with django_assert_num_queries(4):
        again = worker.get("/desk/live", headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert f'"etag": {json.dumps(first["ETag"])}' in worker.get("/desk/").content.decode()

    standing = standing_of(cast.worker, on=timezone.localdate())
    actions.act(case.number, "accept", Given(), by=cast.worker, standing=standing, at=timezone.localtime())
    changed = worker.get("/desk/live", headers=known)
    assert changed.status_code == 200
    assert "待我：处置到位" in changed.content.decode()
    assert changed["Cache-Control"] == "private, no-cache"
    # Times are told by the minute, and nobody is shown what was kept for another.
    monkeypatch.setattr(timezone, "now", lambda: at + dt.timedelta(minutes=1))
    assert worker.get("/desk/live", headers={"If-None-Match": changed["ETag"]}).status_code == 200
    assert as_user(cast.chief).get("/desk/live", headers={"If-None-Match": changed["ETag"]}).status_code == 200


def test_the_piece_is_no_whole_page_and_not_for_those_who_are_not_signed_in(cast: Cast, as_user: AsUser) -> None:
    assert "<html" not in as_user(cast.clerk).get("/desk/live").content.decode()
    refused = as_user(None).get("/desk/live")
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")


def test_the_list_as_csv_has_all_pages_and_runs_nothing(bare: None, cast: Cast, as_user: AsUser) -> None:
    pool = open_cases(cast, MANY)
    dangerous = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "he said \"=1\", 'x'\n=2"]
    for case, text in zip(pool, dangerous, strict=False):
        Case.objects.filter(pk=case.pk).update(text=text, address=text[:200])
    response = as_user(cast.clerk).get("/desk/cases.csv?show=mine")
    assert response["Content-Disposition"].startswith('attachment; filename="desk-mine-')
    content = response.getvalue().decode()
    assert content.startswith("\ufeff")
    head, *rows = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    assert head == list(COLUMNS)
    assert [row[0] for row in rows] == [case.number for case in sorted(pool, key=lambda it: (it.due_at, it.pk))]
    by_number = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    for case, text in zip(pool, dangerous, strict=False):
        written = by_number[case.number]
        assert written["描述"] == written["地址"] == (text if text.startswith("he") else f"'{text}")
        assert written["状态"] == "中心整合"
        assert float(written["经度(CGCS2000)"]) == pytest.approx(case.point.x)
    assert all(row[11].startswith(("还剩", "已超期")) for row in rows)


def test_a_file_holds_what_its_filter_and_its_reader_s_ground_hold(bare: None, cast: Cast, as_user: AsUser) -> None:
    pool = open_cases(cast, 30)
    late = {case.number for case in pool if case.due_at < timezone.now()}
    for user, show, wanted in (
        (cast.clerk, "overdue", late),
        (cast.clerk, "all", {case.number for case in pool}),
        (cast.leader, "mine", set()),
        (cast.stranger, "all", set()),
    ):
        client = as_user(user)
        written = list(csv.reader(io.StringIO(client.get(f"/desk/cases.csv?show={show}").getvalue().decode())))[1:]
        assert {row[0] for row in written} == wanted
        answer = client.get(f"/desk/cases.geojson?show={show}")
        assert answer["Content-Type"] == "application/geo+json"
        collection = json.loads(answer.content)
        assert {it["properties"]["number"] for it in collection["features"]} == wanted
        assert collection["number_returned"] == len(wanted)
    feature = json.loads(as_user(cast.clerk).get("/desk/cases.geojson?show=all").content)["features"][0]
    case = Case.objects.get(number=feature["id"])
    assert feature["geometry"]["coordinates"] == pytest.approx([case.point.x, case.point.y])
    assert feature["properties"]["text"] == case.text


def test_the_links_to_files_carry_the_filter(cast: Cast, as_user: AsUser) -> None:
    page = as_user(cast.clerk).get("/desk/?show=overdue").content.decode()
    assert 'href="/desk/cases.csv?show=overdue"' in page
    assert 'href="/desk/cases.geojson?show=overdue"' in page


def test_whistles_are_a_collection_with_their_tracks(cast: Cast, client: Client, now: dt.datetime) -> None:
    Whistle.objects.all().delete()
    one, two, kept_back = open_cases(cast, 3, "whistled")
    told: dict[str, Any] = {"tried": "内部经过", "reason": "内部理由", "blown_by": cast.chief}
    Whistle.objects.create(case=one, level=2, blown_at=now, **told)
    Whistle.objects.create(case=two, level=2, blown_at=now + dt.timedelta(days=1), filed_at=now, **told)
    Whistle.objects.create(
        case=kept_back, level=2, blown_at=now, filed_at=now, sent=cast.clerk.person, sent_at=now, **told
    )
    Whistle.objects.create(case=kept_back, level=3, blown_at=now, **told)
    kept_back.public_point.x += 0.001
    Case.objects.filter(pk=kept_back.pk).update(public_point=kept_back.public_point)
    answer = client.get("/api/v1/whistles.geojson")
    shown = [it["properties"] for it in json.loads(answer.content)["features"]]
    assert [(it["number"], it["level"], it["tracks"]) for it in shown] == [
        (one.number, 2, ""),
        (two.number, 2, "file"),
        (kept_back.number, 2, "file,send"),
        (kept_back.number, 3, ""),
    ]
    assert "内部" not in answer.content.decode()
    place = json.loads(answer.content)["features"][3]["geometry"]["coordinates"]
    assert place == pytest.approx([kept_back.public_point.x, kept_back.public_point.y])
    assert shown[0]["area"] == cast.grid
    assert shown[0]["state"] == "whistled"

    def numbers(query: str) -> list[str]:
        features = json.loads(client.get(f"/api/v1/whistles.geojson?{query}").content)["features"]
        return [it["properties"]["number"] for it in features]

    assert numbers("since=2026-07-08") == [two.number]
    assert numbers("state=triage") == []
    assert numbers(f"area={cast.grid}&limit=1") == [one.number]
    assert numbers(f"area={cast.grid}&limit=2&after={Whistle.objects.get(case=one).pk}") == [
        two.number,
        kept_back.number,
    ]
    assert client.get("/api/v1/whistles.geojson?overdue=true").status_code == 400
    assert client.get("/api/v1/whistles.geojson", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    Whistle.objects.filter(case=one).update(filed_at=now)
    assert client.get("/api/v1/whistles.geojson", headers={"If-None-Match": answer["ETag"]}).status_code == 200


def test_a_case_is_marked_while_departments_are_asked_whoever_writes_it(issued: Case, cast: Cast) -> None:
    def marked() -> bool:
        return Case.objects.values_list("by_letter", flat=True).get(pk=issued.pk)

    assert marked()
    letters = issued.assignments.exclude(letter=None)
    letters.update(withdrawn_at=timezone.now())
    assert not marked()
    letters.update(withdrawn_at=None)
    assert marked()
    order = letters.first()
    assert order is not None
    order.pk, order.letter, order.part = None, None, Assignment.Part.LEAD
    order.save()  # a unit of the town is ordered after the letter
    assert not marked()
    order.delete()
    assert marked()


def test_what_is_marked_agrees_with_the_assignments_of_every_case(cast: Cast) -> None:
    last = Assignment.objects.filter(case=OuterRef("pk"), withdrawn_at=None).order_by("-pk")
    asked = Case.objects.annotate(letter=Subquery(last.values("letter")[:1])).exclude(letter=None)
    assert set(asked.values_list("pk")) == set(Case.objects.filter(by_letter=True).values_list("pk")) != set()
