"""Add one's voice to a case somebody else reported: "it is the same"."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction

from cases.models import Case, TraceEvent, Voice
from gridmap.problems import Conflict


def add_voice(number: str, client_id: uuid.UUID, text: str, *, at: dt.datetime) -> tuple[Case, bool]:
    """Count one more voice on an open case; the same ``client_id`` again counts once."""
    if (voice := Voice.objects.select_related("case").filter(client_id=client_id).first()) is not None:
        return _same(voice, number), False
    try:
        with transaction.atomic():
            return _add(number, client_id, text, at=at), True
    except IntegrityError:
        voice = Voice.objects.select_related("case").get(client_id=client_id)
        return _same(voice, number), False


def _same(voice: Voice, number: str) -> Case:
    if voice.case.number != number:
        raise Conflict("这个 client_id 已用于另一件事项 (client_id used for another case)", parameter="client_id")
    return voice.case


def _add(number: str, client_id: uuid.UUID, text: str, *, at: dt.datetime) -> Case:
    case = Case.objects.open().locked(number)
    Voice.objects.create(case=case, client_id=client_id, at=at, text=text)
    case.voices_count += 1
    case.save(update_fields=["voices_count"])
    TraceEvent.objects.create(
        case=case,
        at=at,
        verb="voice",
        from_state=case.state,
        to_state=case.state,
        payload={"voices": case.voices_count},
    )
    return case
