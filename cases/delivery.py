"""Take notices out of the site: by e-mail to those in post, by webhook to the systems of their organisations.

First each notice is spread: a row for each address. Then rows are tried, with pauses that grow, until they are taken
or given up. A receiver that does not answer costs one wait in a pass and holds up nobody else: receivers are served
side by side, each for a few seconds at most.
"""

from __future__ import annotations

import datetime as dt
import json
import smtplib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from cases import webhooks
from cases.models import Delivery, Notice, Webhook
from cases.models.notice import MAX_ERROR, Channel
from gridmap.duties import lineage_of
from gridmap.models import Appointment, Organisation
from gridmap.roles import Role

AT_ONCE = 100
SECONDS = 5.0
# So long a receiver is served in a pass; what is left of its share waits for the next.
SHARE_SECONDS = 10.0
PASS_SECONDS = 20.0
SIDE_BY_SIDE = 8
# Longer than a pass can take: what was claimed by a process that died is tried again after it.
LEASE = dt.timedelta(minutes=5)
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
# The organisation whose system is told what these posts are told; a grid has none.
HOUSES = {
    Role.GRID_CHIEF: Organisation.Kind.COMMITTEE,
    Role.CENTRE_CLERK: Organisation.Kind.CENTRE,
    Role.LEADER_IN_CHARGE: Organisation.Kind.AUTHORITY,
    Role.PRINCIPAL_LEADER: Organisation.Kind.AUTHORITY,
    Role.DISTRICT_CENTRE_STAFF: Organisation.Kind.DISTRICT_CENTRE,
}

# ---- spreading -------------------------------------------------------------------------------------------------


def spread(*, at: dt.datetime) -> int:
    """Write a delivery for each address of each new notice; returns how many. Any number may do so at once."""
    written = 0
    while True:
        looked_at, made = _spread_some(at=at)
        written += made
        if looked_at < AT_ONCE:
            return written


@transaction.atomic
def _spread_some(*, at: dt.datetime) -> tuple[int, int]:
    new = Notice.objects.filter(spread_at=None).select_for_update(skip_locked=True).order_by("id")
    found = list(new[:AT_ONCE])
    if not found:
        return 0, 0
    made = [*_mails(found, on=timezone.localdate(at)), *_posts(found)]
    for it in made:
        it.next_try_at = at
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    Notice.objects.filter(pk__in=[it.pk for it in found]).update(spread_at=at)
    return len(found), len(made)


def _mails(notices: Sequence[Notice], *, on: dt.date) -> Iterator[Delivery]:
    if not settings.SENDS_MAIL:
        return
    held = (
        Appointment.objects.on(on)
        .filter(role__in={it.role for it in notices}, person__user__is_active=True)
        .exclude(person__user__email="")
        .values_list("role", "area_id", "organisation_id", "organisation__area_id", "person__user__email")
    )
    addresses: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for role, area, organisation, seat, address in held:
        for place in {area, organisation, seat} - {None}:
            addresses[role, place].add(address)
    for it in notices:
        places = [it.organisation_id] if it.organisation_id else lineage_of(it.area_id or "")
        for address in sorted(set().union(*(addresses[it.role, place] for place in places))):
            yield Delivery(notice=it, channel=Channel.MAIL, target=address)


def _posts(notices: Sequence[Notice]) -> Iterator[Delivery]:
    hooks: defaultdict[tuple[str, str], list[Webhook]] = defaultdict(list)
    for hook in Webhook.objects.filter(active=True).select_related("organisation"):
        hooks["", hook.organisation_id].append(hook)
        hooks[hook.organisation.kind, hook.organisation.area_id].append(hook)
    for it in notices:
        key = (HOUSES.get(Role(it.role), "nobody"), it.area_id or "")
        for hook in hooks["", it.organisation_id] if it.organisation_id else hooks[key]:
            yield Delivery(notice=it, channel=Channel.WEBHOOK, webhook=hook, target=hook.url)


# ---- delivering ------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of the deliveries to one receiver: by key the error, "" for taken; ``dead``: it did not answer.

    A key that is missing was not tried.
    """

    errors: dict[int, str] = field(default_factory=dict)
    dead: bool = False


Send = Callable[[], object]


@dataclass
class Delivered:
    """How many deliveries were taken, are to be tried again, and were given up."""

    taken: int = 0
    failed: int = 0
    given_up: int = 0


def deliver(*, at: dt.datetime) -> Delivered:
    """Try what is waiting, about :data:`PASS_SECONDS` at most. Any number may deliver at once.

    Nothing is locked while something is sent. A receiver may get the same delivery twice, where this process dies
    between sending and writing it down: it carries its key for that.
    """
    began, dead, told = time.monotonic(), set[int | None](), Delivered()
    while time.monotonic() - began < PASS_SECONDS:
        claimed = _claim(dead, at=at)
        if not claimed:
            break
        receivers: defaultdict[int | None, list[Delivery]] = defaultdict(list)
        for it in claimed:
            receivers[it.webhook_id].append(it)
        outcomes = _side_by_side({key: _job(rows, at=at) for key, rows in receivers.items()})
        # Whoever had more than its share is left alone for the rest of the pass as well.
        dead |= {key for key, it in outcomes.items() if it.dead or len(it.errors) < len(receivers[key])}
        _write_down(claimed, outcomes, told, at=at)
    return told


@transaction.atomic
def _claim(dead: set[int | None], *, at: dt.datetime) -> list[Delivery]:
    """Take over what is waiting, but for receivers found dead: a webhook's key, None for all e-mail."""
    waiting = Delivery.objects.waiting(at).exclude(webhook__in=[key for key in dead if key is not None])
    if None in dead:
        waiting = waiting.exclude(webhook=None)
    keys = list(
        waiting.select_for_update(skip_locked=True).order_by("next_try_at", "id").values_list("pk", flat=True)[:AT_ONCE]
    )
    if not keys:
        return []
    Delivery.objects.filter(pk__in=keys).update(next_try_at=at + LEASE, attempts=F("attempts") + 1)
    whole = Delivery.objects.select_related(
        "webhook", "notice__case__category", "notice__assignment__unit", "notice__organisation", "notice__area"
    )
    return list(whole.filter(pk__in=keys).order_by("id"))


def _job(rows: Iterable[Delivery], *, at: dt.datetime) -> Callable[[], Outcome]:
    """What is to be done for one receiver; all that it needs of the database is read here."""
    rows = list(rows)
    if rows[0].webhook is None:
        return partial(_serve_mail, {it.pk: _mail(it) for it in rows})
    return partial(_serve, {it.pk: _post(it, rows[0].webhook, at=at) for it in rows})


def _post(it: Delivery, hook: Webhook, *, at: dt.datetime) -> Send:
    if not hook.active:
        return _switched_off
    body, stamp = json.dumps(body_of(it), ensure_ascii=False).encode(), int(at.timestamp())
    return partial(webhooks.post, hook.url, body, secret=hook.secret, timestamp=stamp, delivery=it.pk, seconds=SECONDS)


def _switched_off() -> None:
    raise webhooks.Declined("接收地址已停用 (switched off)")


def _mail(it: Delivery) -> EmailMessage:
    text = it.notice.text
    lines = [text, "", f"{settings.SITE_NAME} {_address(it.notice)}", "请勿回复这封邮件 (please do not reply)"]
    return EmailMessage(f"[{it.notice.get_kind_display()}] {text}", "\n".join(lines), to=[it.target])


def _address(notice: Notice) -> str:
    return settings.SITE_URL + reverse("case", args=[notice.case.number])


def body_of(it: Delivery) -> dict[str, object]:
    """What a webhook is sent: about the case what the public may know too, nothing of who reported it."""
    notice, case, asked = it.notice, it.notice.case, it.notice.assignment
    return {
        "delivery": it.pk,
        "notice": notice.pk,
        "kind": notice.kind,
        "kind_name": notice.get_kind_display(),
        "text": notice.text,
        "at": timezone.localtime(notice.at).isoformat(),
        "due_at": timezone.localtime(notice.due_at).isoformat(),
        "to": {"role": notice.role, "area": notice.area_id, "organisation": notice.organisation_id},
        "case": {
            "number": case.number,
            "state": case.state,
            "category": case.category_id,
            "category_name": case.category.name,
            "area": case.current_area_id,
            "url": _address(notice),
        },
        "unit": {"code": asked.unit_id, "name": asked.unit.name, "part": asked.part} if asked is not None else None,
    }


def _side_by_side(jobs: dict[int | None, Callable[[], Outcome]]) -> dict[int | None, Outcome]:
    """Serve all receivers; no thread asks the database anything."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        served = {key: pool.submit(job) for key, job in jobs.items()}
        return {key: it.result() for key, it in served.items()}


def _serve(sends: dict[int, Send]) -> Outcome:
    """Send one after the other until the receiver's share of time is used up; when it is dead, all fail together."""
    outcome, began = Outcome(), time.monotonic()
    for key, send in sends.items():
        if time.monotonic() - began > SHARE_SECONDS:
            break
        try:
            send()
        except (webhooks.Declined, smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ValueError) as error:
            outcome.errors[key] = str(error) or type(error).__name__
        except (webhooks.Unreachable, OSError) as error:
            words = str(error) or type(error).__name__
            return Outcome(outcome.errors | {it: words for it in sends if it not in outcome.errors}, dead=True)
        else:
            outcome.errors[key] = ""
    return outcome


def _serve_mail(mails: dict[int, EmailMessage]) -> Outcome:
    """All by one connection to the mail server."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        return Outcome(dict.fromkeys(mails, f"邮件服务器没有应答 (no mail server): {error}"), dead=True)
    for mail in mails.values():
        mail.connection = connection
    try:
        return _serve({key: mail.send for key, mail in mails.items()})
    finally:
        connection.close()


@transaction.atomic
def _write_down(
    claimed: Sequence[Delivery], outcomes: dict[int | None, Outcome], told: Delivered, *, at: dt.datetime
) -> None:
    for it in claimed:
        error = outcomes[it.webhook_id].errors.get(it.pk)
        if error is None:  # not tried
            it.attempts, it.next_try_at = it.attempts - 1, at
        elif error == "":
            it.next_try_at, it.delivered_at, it.last_error = None, at, ""
            told.taken += 1
        else:
            it.last_error = error[:MAX_ERROR]
            it.next_try_at = at + PAUSES[it.attempts - 1] if it.attempts <= len(PAUSES) else None
            told.failed += it.next_try_at is not None
            told.given_up += it.next_try_at is None
    Delivery.objects.bulk_update(claimed, ["attempts", "next_try_at", "delivered_at", "last_error"])
