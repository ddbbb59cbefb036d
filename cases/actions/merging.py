"""Two reports of one matter become one case (R51): the other's voices go with it, and both traces say so."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError
from django.db.models import QuerySet

from cases.actions.town import town_of
from cases.models import Case, TraceEvent
from gridmap.duties import Standing
from gridmap.problems import Conflict, Unprocessable

SUGGESTED = 20


def merge(case: Case, number: str, *, by: AbstractBaseUser, standing: Standing, at: dt.datetime) -> dict[str, object]:
    """Let a case be part of another open one of its town; the reports behind it count as voices there.

    Raises :class:`Unprocessable` for a number that names no such case, :class:`Conflict` while somebody is acting on it:
    two that are merged into each other at once would wait for each other for ever.
    """
    number = number.strip()
    into = Case.objects.open().visible_to(standing).filter(number=number).exclude(pk=case.pk).first()
    if into is None or town_of(into) != town_of(case):
        raise Unprocessable(f"本镇街没有编号为 {number[:20]} 的未结事项 (no such open case)", parameter="into")
    try:
        kept = Case.objects.select_for_update(of=("self",), nowait=True).open().get(pk=into.pk)
    except (OperationalError, Case.DoesNotExist):
        raise Conflict(f"{number} 正有人办理，请稍后再试 (somebody is acting on it)") from None
    kept.voices_count += 1 + case.voices_count
    kept.save(update_fields=["voices_count"])
    case.merged_into = kept
    TraceEvent.objects.create(
        case=kept,
        at=at,
        actor_id=by.pk,
        verb="absorb",
        from_state=kept.state,
        to_state=kept.state,
        payload={"merged": case.number, "voices": kept.voices_count},
    )
    return {"into": kept.number}


def candidates(case: Case, standing: Standing) -> QuerySet[Case]:
    """Open cases of the same grid, the latest first: what it may be the same matter as."""
    near = Case.objects.open().visible_to(standing).filter(current_area=case.current_area_id).exclude(pk=case.pk)
    return near.select_related("category").order_by("-reported_at")[:SUGGESTED]
