"""A roster is carried out as it was shown, wholly and once, also from the pages and by many at a time."""

from __future__ import annotations

import datetime as dt
import io
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from gridmap.models import Appointment, Person, RosterImport
from gridmap.problems import Conflict, NotFound
from gridmap.rosters import imports
from tests.conftest import PATIENCE_S, Cast
from tests.gridmap.rostering import DAY, NOW, PEOPLE, Row, admin, csv_of, everywhere, look, outcomes, sheet_of, worker
from tests.racing import Browser

__all__ = ["admin"]
pytestmark = pytest.mark.django_db


def test_a_look_writes_nothing() -> None:
    before = Person.objects.count(), Appointment.objects.count()
    assert outcomes(look("people", PEOPLE)) == ["new"]
    assert (Person.objects.count(), Appointment.objects.count()) == before


def test_what_was_shown_is_what_is_carried_out_once(admin: User) -> None:
    sent = imports.receive(
        "people", "C:\\a\\名\0册.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW
    )
    with pytest.raises(Conflict, match="不是刚才核对的"):
        imports.commit(sent, digest="0" * 64, keeps=everywhere, at=NOW)
    done = imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert (done.content, done.findings, done.counts["new"], done.by, done.file_name) == (
        None,
        None,
        1,
        admin,
        "名册.xlsx",
    )
    with pytest.raises(Conflict, match="已经写入过"):
        imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert outcomes(look("people", PEOPLE)) == ["unchanged"]


def test_a_registry_that_changed_meanwhile_is_shown_again(admin: User) -> None:
    sent = imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW)
    Person.objects.create(code="N1", name="某乙")
    with pytest.raises(imports.Refused, match="登记有了变动"):
        imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    sent.refresh_from_db()
    assert sent.counts["changed"] == 1
    imports.commit(sent, digest=sent.digest, keeps=everywhere, at=NOW)
    assert Person.objects.get(code="N1").name == "某甲"


def test_a_file_is_forgotten_after_an_hour(admin: User) -> None:
    sent = imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=NOW)
    late = NOW + dt.timedelta(minutes=61)
    with pytest.raises(NotFound):
        imports.waiting("people", sent.pk, by=admin, at=late)
    with pytest.raises(NotFound):
        imports.waiting("people", sent.pk, by=User.objects.exclude(pk=admin.pk)[0], at=NOW)
    imports.receive("people", "x.xlsx", sheet_of(PEOPLE), day=DAY, by=admin, keeps=everywhere, at=late)
    assert not RosterImport.objects.filter(pk=sent.pk).exists()


def test_statements_do_not_grow_with_rows() -> None:
    def statements(number: int) -> int:
        people = Person.objects.order_by("code")[:number]
        rows = [worker(person.code, "360702101001001") for person in people]
        with CaptureQueriesContext(connection) as asked:
            assert outcomes(look("appointments", rows)) == ["new"] * number
        return len(asked)

    assert statements(200) == statements(5)


# ---- pages -------------------------------------------------------------------------------------------------------


def test_a_clerk_sends_looks_and_carries_out(cast: Cast, as_user: Callable[[User], Client]) -> None:
    client = as_user(cast.clerk)
    address = "/registry/rosters/appointments/"
    free = Person.objects.filter(appointments=None, stations=None).order_by("code")[0]
    content = sheet_of([worker(free.code, cast.grid)])
    sent = client.post(address, {"file": SimpleUploadedFile("名册.xlsx", content), "day": ""})
    assert sent.status_code == 302
    shown = client.get(sent["Location"]).content.decode()
    assert "确认写入 1 行" in shown
    digest = RosterImport.objects.get().digest
    done = client.post(sent["Location"], {"digest": digest}, follow=True).content.decode()
    assert "任职名册已写入：新增 1 行" in done
    assert "名册.xlsx" in done
    assert client.post(sent["Location"], {"digest": digest}).status_code == 409
    assert Appointment.objects.filter(person=free, area=cast.grid).exists()


def test_faults_come_first_and_close_the_way(cast: Cast, as_user: Callable[[User], Client]) -> None:
    client = as_user(cast.clerk)
    rows = [worker("P0001", "360702101001001"), worker("P0001", cast.grid)]
    sent = client.post("/registry/rosters/appointments/", {"file": SimpleUploadedFile("a.csv", csv_of(rows))})
    shown = client.get(sent["Location"]).content.decode()
    assert "1 行有误，整份都没有写入" in shown
    assert "不归您登记" in shown
    assert "确认写入" not in shown
    assert client.post(sent["Location"], {"digest": RosterImport.objects.get().digest}).status_code == 409
    assert as_user(cast.centre).get(sent["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "请选择一个"),
        ({"file": SimpleUploadedFile("a.txt", b"x")}, "只接受"),
        ({"file": SimpleUploadedFile("a.csv", csv_of(PEOPLE)), "day": "2062-07-01"}, "请核对年份"),
        ({"file": SimpleUploadedFile("a.csv", csv_of(PEOPLE)), "day": "x"}, "日期写成"),
    ],
)
def test_a_form_filled_in_wrongly_is_shown_again(
    sent: dict[str, Any], said: str, cast: Cast, as_user: Callable[[User], Client]
) -> None:
    answer = as_user(cast.centre).post("/registry/rosters/appointments/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_filled_roster_is_for_its_ground_and_for_no_cache(cast: Cast, as_user: Callable[[User], Client]) -> None:
    answer = as_user(cast.clerk).get("/registry/rosters/appointments/registered.xlsx")
    assert answer["Cache-Control"] == "no-store"
    assert "%E4%BB%BB%E8%81%8C%E5%90%8D%E5%86%8C" in answer["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    codes = {row[4] for row in sheet.iter_rows(min_row=3, values_only=True) if row[4]}
    assert codes
    assert all(code.startswith(cast.grid[:9]) for code in codes)
    assert as_user(cast.clerk).get("/registry/rosters/powers/").status_code == 403
    assert as_user(cast.centre).get("/registry/rosters/nonsense/").status_code == 404


# ---- at once -----------------------------------------------------------------------------------------------------


def looked_at(browser: Browser, rows: list[Row]) -> tuple[str, bytes]:
    """Where a file of people can be carried out, and the form that does it."""
    sent = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + csv_of(rows)
        + b"\r\n--cut--\r\n"
    )
    status, page = browser.ask(
        "/registry/rosters/people/", sent, **{"Content-Type": "multipart/form-data; boundary=cut"}
    )
    assert status == 200
    place = re.search(r'"(/registry/rosters/people/[0-9a-f-]{36}/)\?', page)
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert place
    assert digest
    return place[1], urlencode({"digest": digest[1]}).encode()


def together(tasks: list[tuple[Browser, str, bytes]]) -> list[int]:
    """The answers to what all post at the same moment."""
    barrier = threading.Barrier(len(tasks))

    def start(task: tuple[Browser, str, bytes]) -> int:
        barrier.wait(PATIENCE_S)
        return task[0].ask(task[1], task[2])[0]

    with ThreadPoolExecutor(len(tasks)) as threads:
        return sorted(threads.map(start, tasks))


def test_of_many_at_once_one_is_carried_out(site: str) -> None:
    clerks = [Browser(site) for _ in range(4)]
    for clerk in clerks:
        clerk.sign_in("p1441")
    assert together([(clerks[0], *looked_at(clerks[0], [{"工号": "R0001", "姓名": "某甲"}]))]) == [200]
    # One file confirmed four times, which only changes what is there; then two files about one new person.
    place, form = looked_at(clerks[0], [{"工号": "R0001", "姓名": "某乙"}])
    assert together([(clerk, place, form) for clerk in clerks]) == [200, 409, 409, 409]
    names = zip(clerks, "甲乙", strict=False)
    files = [(clerk, *looked_at(clerk, [{"工号": "R0002", "姓名": name}])) for clerk, name in names]
    assert together(files) == [200, 409]
