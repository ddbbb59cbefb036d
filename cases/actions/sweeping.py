"""What happens by itself when time has run out: a letter nobody received is received (R61), so that nobody holds the clock."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cases.actions import district
from cases.models import Assignment, Case, TraceEvent
from cases.workflow import VERBS, WITH_DEPARTMENTS, State, after

AT_ONCE = 200


def receive_overdue(*, at: dt.datetime) -> int:
    """Receive the letters whose limit for that has passed; returns how many. Any number may sweep at once.

    Exactly at the limit is in time. Each is a transaction of its own; a case that somebody is acting on is left for the
    next sweep.
    """
    waiting = Assignment.objects.waiting_for_receipt(at).order_by("receive_by", "id")
    found = waiting.values_list("pk", "case_id")[:AT_ONCE]
    return sum(_receive(assignment, case, at=at) for assignment, case in found)


@transaction.atomic
def _receive(key: int, case_key: int, *, at: dt.datetime) -> bool:
    case = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=case_key).first()
    assignment = Assignment.objects.waiting_for_receipt(at).select_related("unit").filter(pk=key).first()
    if case is None or assignment is None or State(case.state) not in WITH_DEPARTMENTS:
        return False
    verb, before = VERBS["receive"], State(case.state)
    told = district.receive(assignment, at=at)
    # Who assists moves nothing, and a lead that has come already has moved the case farther.
    case.state = after(verb, before, lead=assignment.is_lead and before == State.ISSUED)
    case.save(update_fields=["state"])
    TraceEvent.objects.create(
        case=case,
        at=at,
        verb=verb.name,
        from_state=before,
        to_state=case.state,
        payload=told | {"automatic": True},
    )
    return True
