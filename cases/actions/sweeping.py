"""What happens by itself when time has run out: a letter nobody received is received (R61), a suspension ends.

Nobody holds the clock. Any number may sweep at once; each deed is a transaction of its own, and a case that somebody is
acting on is left for the next sweep.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cases.actions import asking, district
from cases.models import Assignment, Case, Procedure, TraceEvent
from cases.workflow import VERBS, WITH_DEPARTMENTS, State, Verb, after

AT_ONCE = 200


def receive_overdue(*, at: dt.datetime) -> int:
    """Receive the letters whose limit for that has passed; returns how many. Exactly at the limit is in time."""
    waiting = Assignment.objects.waiting_for_receipt(at).order_by("receive_by", "id")
    found = waiting.values_list("pk", "case_id")[:AT_ONCE]
    return sum(_receive(assignment, case, at=at) for assignment, case in found)


@transaction.atomic
def _receive(key: int, case_key: int, *, at: dt.datetime) -> bool:
    case = _free(case_key)
    assignment = Assignment.objects.waiting_for_receipt(at).select_related("unit").filter(pk=key).first()
    if case is None or assignment is None or State(case.state) not in WITH_DEPARTMENTS:
        return False
    verb, before = VERBS["receive"], State(case.state)
    told = district.receive(assignment, at=at)
    # Who assists moves nothing, and a lead that has come already has moved the case farther.
    case.state = after(verb, before, lead=assignment.is_lead and before == State.ISSUED)
    case.save(update_fields=["state"])
    _write_down(case, verb, before, told, at=at)
    return True


def resume_expired(*, at: dt.datetime) -> int:
    """Take up again the cases whose day of review has come; returns how many. The clock has run since that day."""
    found = Procedure.objects.expired(at).order_by("until", "id").values_list("pk", "case_id")[:AT_ONCE]
    return sum(_resume(procedure, case, at=at) for procedure, case in found)


@transaction.atomic
def _resume(key: int, case_key: int, *, at: dt.datetime) -> bool:
    case = _free(case_key)
    suspension = Procedure.objects.expired(at).filter(pk=key).first()
    if case is None or suspension is None or suspension.until is None:
        return False
    before = State(case.state)
    told = asking.resume(suspension, case, end=suspension.until)
    case.state = suspension.resumes
    case.save(update_fields=["state", "due_at"])
    _write_down(case, VERBS["resume"], before, told, at=at)
    return True


def _free(key: int) -> Case | None:
    """The case, locked; None while somebody is acting on it."""
    return Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=key).first()


def _write_down(case: Case, verb: Verb, before: State, told: dict[str, object], *, at: dt.datetime) -> None:
    TraceEvent.objects.create(
        case=case,
        at=at,
        verb=verb.name,
        from_state=before,
        to_state=case.state,
        payload=told | {"automatic": True},
    )
