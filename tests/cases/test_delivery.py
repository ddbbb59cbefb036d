"""Notices leave the site: signed, to those in post, tried again with growing pauses; a dead receiver holds up nobody."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction

from cases import delivery, webhooks
from cases.delivery import LEASE, deliver, spread
from cases.models import Case, Delivery, Notice, Reporter, Webhook
from gridmap.models import Organisation
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


# ---- receivers -------------------------------------------------------------------------------------------------


@dataclass
class Receiver:
    """A server on this machine: its address and what was posted to it."""

    url: str
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver(status: int = 200, **headers: str) -> Iterator[Receiver]:
    """One that answers."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.posted.append((dict(self.headers), body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    here = Receiver(f"http://127.0.0.1:{server.server_port}/hook?from=gridmap")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hanging(drip: bytes = b"") -> Iterator[Receiver]:
    """One that takes the connection and never ends its answer: silent, or a byte now and then."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = Receiver(f"http://127.0.0.1:{listening.getsockname()[1]}/")

        def hold() -> None:
            while True:
                held, _ = listening.accept()
                with held:
                    if over.is_set():
                        return
                    here.posted.append(({}, b""))
                    for byte in drip * 10_000:
                        try:
                            held.sendall(bytes([byte]))
                        except OSError:
                            break
                        if over.wait(0.05):
                            return
                    else:
                        while not over.is_set() and held.recv(65536):
                            pass

        thread = threading.Thread(target=hold)
        thread.start()
        try:
            yield here
        finally:
            over.set()
            socket.create_connection(listening.getsockname()).close()
            thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.4)


@pytest.fixture
def departments() -> list[Organisation]:
    return list(Organisation.objects.filter(kind="department").order_by("code")[:3])


def hook(organisation: Organisation, url: str, **more: Any) -> Webhook:
    return Webhook.objects.create(organisation=organisation, url=url, **more)


def tell(case: Case, organisation: Organisation, at: dt.datetime, times: int = 1) -> list[Notice]:
    return [
        Notice.objects.create(
            case=case, kind="letter", role="department_staff", organisation=organisation, text=f"第{n}封信函",
            due_at=at, at=at,
        )
        for n in range(times)
    ]  # fmt: skip


# ---- webhooks --------------------------------------------------------------------------------------------------


def test_a_webhook_is_posted_signed_and_says_nothing_of_the_reporter(
    case: Case, departments: list[Organisation], now: dt.datetime
) -> None:
    Reporter.objects.create(case=case, name="李四海", phone="13800005678")
    with receiver() as there:
        secret = hook(departments[0], there.url).secret
        (notice,) = tell(case, departments[0], now)
        assert spread(at=now) == 1
        assert deliver(at=now).taken == 1
    ((headers, body),) = there.posted
    sent = Delivery.objects.get()
    assert (headers["X-Gridmap-Delivery"], headers["X-Gridmap-Timestamp"]) == (str(sent.pk), str(int(now.timestamp())))
    signed = headers["X-Gridmap-Timestamp"].encode() + b"." + body
    assert headers["X-Gridmap-Signature"] == "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["notice"], told["kind"], told["text"]) == (notice.pk, "letter", "第0封信函")
    assert (told["case"]["number"], told["case"]["url"]) == (case.number, f"/cases/{case.number}/")
    assert told["to"] == {"role": "department_staff", "area": None, "organisation": departments[0].code}
    assert told["at"] == "2026-07-07T10:00:00+08:00"
    for secret_of_somebody in ("李", "5678", "井盖下沉", case.track_code, str(case.client_id)):
        assert secret_of_somebody not in body.decode()
    assert (sent.delivered_at, sent.next_try_at, sent.attempts) == (now, None, 1)
    assert spread(at=now) == 0
    assert deliver(at=now + dt.timedelta(days=9)).taken == 0


def test_a_dead_receiver_costs_one_wait_and_holds_up_nobody(
    case: Case, departments: list[Organisation], now: dt.datetime, impatient: None
) -> None:
    with hanging() as dead, receiver(500) as broken, receiver() as works:
        for organisation, there in zip(departments, (dead, broken, works), strict=True):
            hook(organisation, there.url)
            tell(case, organisation, now, times=5)
        spread(at=now)
        done = deliver(at=now)
    assert (done.taken, done.failed) == (5, 10)
    assert (len(dead.posted), len(broken.posted), len(works.posted)) == (1, 5, 5)
    waiting = Delivery.objects.filter(delivered_at=None)
    assert set(waiting.values_list("attempts", "next_try_at")) == {(1, now + MINUTE)}
    assert all("没有应答" in it.last_error for it in waiting.filter(webhook__url=dead.url))
    assert all("500" in it.last_error for it in waiting.filter(webhook__url=broken.url))


def test_a_receiver_that_drips_is_cut_off(
    case: Case, departments: list[Organisation], now: dt.datetime, impatient: None
) -> None:
    with hanging(drip=b"H") as there:
        hook(departments[0], there.url)
        tell(case, departments[0], now)
        spread(at=now)
        assert deliver(at=now).failed == 1
    assert "没有应答" in Delivery.objects.get().last_error


def test_a_dead_receiver_with_more_than_a_batch_leaves_room_for_others(
    case: Case, departments: list[Organisation], now: dt.datetime, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 3)
    with hanging() as dead, receiver() as works:
        hook(departments[0], dead.url)
        hook(departments[1], works.url)
        tell(case, departments[0], now, times=8)
        tell(case, departments[1], now, times=4)
        spread(at=now)
        assert deliver(at=now).taken == 4
    assert len(dead.posted) == 1
    assert (
        sorted(Delivery.objects.filter(webhook__url=dead.url).values_list("attempts", flat=True)) == [0] * 5 + [1] * 3
    )


def test_a_slow_receiver_gets_its_share_and_the_rest_later(
    case: Case, departments: list[Organisation], now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SHARE_SECONDS", 0)
    with receiver() as there:
        hook(departments[0], there.url)
        tell(case, departments[0], now, times=3)
        spread(at=now)
        tried = [deliver(at=now).taken for _ in range(4)]
    assert sum(tried) == len(there.posted) <= 3
    assert set(Delivery.objects.values_list("attempts", flat=True)) <= {0, 1}


def test_redirects_are_not_followed(case: Case, departments: list[Organisation], now: dt.datetime) -> None:
    with receiver() as elsewhere, receiver(307, Location=elsewhere.url) as there:
        hook(departments[0], there.url)
        tell(case, departments[0], now)
        spread(at=now)
        assert deliver(at=now).failed == 1
    assert (len(there.posted), len(elsewhere.posted)) == (1, 0)
    assert "不跟随重定向" in Delivery.objects.get().last_error


def test_pauses_grow_until_it_is_given_up(case: Case, departments: list[Organisation], now: dt.datetime) -> None:
    with receiver(503) as there:
        hook(departments[0], there.url)
        tell(case, departments[0], now)
        spread(at=now)
        at, pauses = now, []
        while True:
            deliver(at=at)
            later = Delivery.objects.get().next_try_at
            if later is None:
                break
            assert deliver(at=later - dt.timedelta(seconds=1)).failed == 0
            pauses.append((later - at) / MINUTE)
            at = later
    assert pauses == [1, 5, 30, 120, 720]
    assert len(there.posted) == 6
    assert list(Delivery.objects.given_up()) == list(Delivery.objects.all())


def test_what_a_dead_process_claimed_is_tried_again(
    case: Case, departments: list[Organisation], now: dt.datetime
) -> None:
    with receiver() as there:
        hook(departments[0], there.url)
        tell(case, departments[0], now)
        spread(at=now)
        assert len(delivery._claim(set(), at=now)) == 1  # and nothing is heard of it again
        assert deliver(at=now + LEASE - MINUTE).taken == 0
        assert deliver(at=now + LEASE).taken == 1
    assert Delivery.objects.get().attempts == 2


def test_what_is_switched_off_is_sent_nothing(case: Case, departments: list[Organisation], now: dt.datetime) -> None:
    with receiver() as there:
        off = hook(departments[0], there.url, active=False)
        tell(case, departments[0], now)
        assert spread(at=now) == 0
        Webhook.objects.update(active=True)
        tell(case, departments[0], now)
        assert spread(at=now) == 1
        Webhook.objects.filter(pk=off.pk).update(active=False)
        assert deliver(at=now).failed == 1
    assert there.posted == []
    assert "停用" in Delivery.objects.get().last_error


@pytest.mark.parametrize(
    ("role", "kind", "digits"),
    [
        ("grid_chief", "committee", 12),
        ("centre_clerk", "centre", 9),
        ("leader_in_charge", "authority", 9),
        ("principal_leader", "authority", 9),
        ("district_centre_staff", "district_centre", 6),
        ("grid_worker", None, 15),
    ],
)
def test_a_post_is_told_at_its_organisation(
    case: Case, cast: Cast, now: dt.datetime, role: str, kind: str | None, digits: int
) -> None:
    area = cast.grid[:digits]
    houses = Organisation.objects.filter(area=area)
    if kind == "committee" and not houses.filter(kind=kind).exists():
        Organisation.objects.create(code="C-1", kind=kind, name="居委会", area_id=area)
    for number, house in enumerate(Organisation.objects.filter(area__in=[cast.grid[:n] for n in (6, 9, 12)])):
        hook(house, f"http://127.0.0.1:9/{number}")
    Notice.objects.create(case=case, kind="overdue", role=role, area_id=area, text="超期", due_at=now, at=now)
    spread(at=now)
    reached = [it.webhook.organisation for it in Delivery.objects.select_related("webhook__organisation")]
    assert [(it.kind, it.area_id) for it in reached] == ([(kind, area)] if kind else [])


@pytest.mark.parametrize(
    "url", ["", "ftp://a/b", "file:///etc/passwd", "http://", "http://u:p@host/", "http://host:port/", "http://a/\n"]
)
def test_only_web_addresses_are_registered(url: str, departments: list[Organisation]) -> None:
    with pytest.raises(ValidationError):
        Webhook(organisation=departments[0], url=url).full_clean()


def test_a_secret_is_long_and_each_is_its_own(departments: list[Organisation]) -> None:
    one, other = (Webhook(organisation=departments[0], url="https://a.example/x") for _ in range(2))
    one.full_clean()
    assert len(one.secret) == 64
    assert one.secret != other.secret
    with pytest.raises(ValidationError):
        Webhook(organisation=departments[0], url="https://a.example/x", secret="short").full_clean()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "gopher://127.0.0.1/", "http://[::bad/", "http://a..b.invalid/"]
)
def test_what_cannot_be_reached_is_said_to_be(url: str) -> None:
    with pytest.raises(webhooks.Unreachable):
        webhooks.post(url, b"{}", secret="s" * 16, timestamp=0, delivery=1, seconds=0.5)


def test_the_signature_is_as_the_guide_says() -> None:
    # printf '1783389600.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert webhooks.signature("0123456789abcdef", 1783389600, b"{}") == (
        "sha256=ec922c35fafdf569f3eb1ae91ac383c8155980b11609c0edab7f8aa92116570d"
    )


def test_a_delivery_is_written_once_and_done_is_done(
    case: Case, departments: list[Organisation], now: dt.datetime
) -> None:
    there = hook(departments[0], "http://127.0.0.1:1/")
    (notice,) = tell(case, departments[0], now)
    given = {"notice": notice, "channel": "webhook", "webhook": there, "target": there.url}
    Delivery.objects.create(**given)
    for bad in ({}, {"target": "a@b", "channel": "mail"}, {"target": "x", "delivered_at": now, "next_try_at": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.create(**(given | bad))


# ---- e-mail ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mailing(settings: Any) -> Any:
    settings.SENDS_MAIL = True
    settings.SITE_URL = "https://grid.example"
    return settings


def to_the_worker(case: Case, cast: Cast, at: dt.datetime) -> Notice:
    return Notice.objects.create(
        case=case, kind="due_soon", role="grid_worker", area_id=cast.grid, text="事项将到期", due_at=at, at=at
    )


def test_those_in_post_who_have_an_address_are_written_to(
    case: Case, cast: Cast, now: dt.datetime, mailing: Any
) -> None:
    for user in (cast.worker, cast.chief, cast.stranger):
        user.email = f"{user.username}@grid.example"
        user.save()
    to_the_worker(case, cast, now)
    assert spread(at=now) == 1
    assert deliver(at=now).taken == 1
    (sent,) = mail.outbox
    assert sent.to == [cast.worker.email]
    assert sent.subject == "[即将到期] 事项将到期"
    assert f"https://grid.example/cases/{case.number}/" in sent.body


def test_those_not_in_post_or_not_active_are_not(case: Case, cast: Cast, now: dt.datetime, mailing: Any) -> None:
    cast.worker.email = "worker@grid.example"
    cast.worker.save()
    cast.worker.person.appointments.update(valid_until=now.date())
    to_the_worker(case, cast, now)
    assert spread(at=now) == 0
    cast.worker.person.appointments.update(valid_until=None)
    cast.worker.is_active = False
    cast.worker.save()
    to_the_worker(case, cast, now + MINUTE)
    assert spread(at=now) == 0


def test_a_site_without_a_mail_server_writes_none(case: Case, cast: Cast, now: dt.datetime, settings: Any) -> None:
    assert settings.SENDS_MAIL is False
    cast.worker.email = "worker@grid.example"
    cast.worker.save()
    notice = to_the_worker(case, cast, now)
    assert spread(at=now) == 0
    notice.refresh_from_db()
    assert notice.spread_at == now


class Dead(BaseEmailBackend):
    """A mail server that does not answer."""

    def open(self) -> bool:
        raise TimeoutError("timed out")


class Choosy(BaseEmailBackend):
    """A mail server that knows one address."""

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if message.to != ["good@grid.example"]:
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such user")})
        return len(messages)


def both(case: Case, cast: Cast, at: dt.datetime) -> None:
    for user, address in ((cast.worker, "bad@grid.example"), (cast.chief, "good@grid.example")):
        user.email = address
        user.save()
    to_the_worker(case, cast, at)
    Notice.objects.create(
        case=case, kind="due_soon", role="grid_chief", area_id=cast.grid[:12], text="将到期", due_at=at, at=at
    )
    assert spread(at=at) == 2


def test_a_dead_mail_server_is_asked_once(case: Case, cast: Cast, now: dt.datetime, mailing: Any) -> None:
    mailing.EMAIL_BACKEND = f"{__name__}.Dead"
    both(case, cast, now)
    assert deliver(at=now).failed == 2
    assert set(Delivery.objects.values_list("attempts", "next_try_at")) == {(1, now + MINUTE)}


def test_an_address_refused_does_not_keep_the_next_from_being_tried(
    case: Case, cast: Cast, now: dt.datetime, mailing: Any
) -> None:
    mailing.EMAIL_BACKEND = f"{__name__}.Choosy"
    both(case, cast, now)
    done = deliver(at=now)
    assert (done.taken, done.failed) == (1, 1)
    assert "no such user" in Delivery.objects.get(target="bad@grid.example").last_error


def test_delivering_nothing_asks_once(now: dt.datetime, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(6):  # the savepoints of two chunks, and two questions
        assert spread(at=now) == 0
        assert deliver(at=now).taken == 0
