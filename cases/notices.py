"""Notices (催办提醒) on the desk: what somebody has not said to know yet.

They are written in :mod:`cases.actions.telling` and :mod:`cases.actions.sweeping`, and leave the site by
:mod:`cases.delivery`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from cases.models import Case, Notice, NoticeReading
from cases.reminding import REMINDERS
from cases.workflow import OPEN
from gridmap.duties import Standing
from gridmap.problems import NotFound, Unprocessable

# What was not read by then has been seen elsewhere: on the desk's own list, or in the numbers of overdue cases.
SHOWN_FOR = dt.timedelta(days=30)
MAX_SHOWN = 20


@dataclass(frozen=True)
class Unread:
    """The latest unread notices of somebody, at most :data:`MAX_SHOWN`; ``more``: whether there are others."""

    rows: list[Notice]
    more: bool


def unread(standing: Standing, user_id: int, *, now: dt.datetime) -> Unread:
    """What somebody of this standing has not said to know: of the last month, about cases they may open.

    A reminder says nothing any more once the case has ended.
    """
    if not standing.grounds:
        return Unread([], more=False)
    still = ~Q(kind__in=REMINDERS) | Q(case__state__in=OPEN)
    rows = (
        Notice.objects.to(standing)
        .unread_by(user_id)
        .filter(still, at__gt=now - SHOWN_FOR, case__in=Case.objects.visible_to(standing))
        .select_related("case")
        .only("kind", "text", "at", "case__number")
        .order_by("-at", "-id")
    )
    found = list(rows[: MAX_SHOWN + 1])
    return Unread(found[:MAX_SHOWN], more=len(found) > MAX_SHOWN)


def read(keys: Iterable[str], *, standing: Standing, user_id: int, at: dt.datetime) -> None:
    """Mark notices as known to somebody; again changes nothing.

    Raises :class:`Unprocessable` where none is named, :class:`NotFound` where one is not to a desk of theirs.
    """
    wanted = {int(key) for key in keys if key.isascii() and key.isdigit() and len(key) <= 18}
    if not wanted:
        raise Unprocessable("没有选择提醒 (no notice named)", parameter="notice")
    mine = set(Notice.objects.to(standing).filter(pk__in=wanted).values_list("pk", flat=True))
    if mine != wanted:
        raise NotFound("没有找到这条提醒 (no such notice)")
    NoticeReading.objects.bulk_create(
        [NoticeReading(notice_id=key, user_id=user_id, at=at) for key in sorted(mine)], ignore_conflicts=True
    )
