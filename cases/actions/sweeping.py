"""What happens by itself when time has run out, and before it does.

A letter nobody received is received (R61), a suspension ends, desks are reminded of limits that are near or past.
Nobody holds the clock. Any number may sweep at once; each deed is a transaction of its own, and a case that somebody is
acting on is left for the next sweep.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from cases.actions import asking, district
from cases.actions.telling import desk_of_unit, moment, named, notice_to
from cases.course import Course, courses_of
from cases.models import Assignment, Case, Notice, Procedure, Reminder, TraceEvent
from cases.reminding import NoticeKind, in_charge, next_word, superior
from cases.workflow import VERBS, WITH_DEPARTMENTS, State, Verb, after

AT_ONCE = 200
# So many in one sweep; the rest is for the next, so that letters and deliveries are never kept waiting long.
CHUNKS = 25


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


def remind(*, at: dt.datetime) -> int:
    """Write what is due to be said about limits; returns how many notices. Any number may do so at once.

    Each chunk is a transaction of its own. A case that somebody is acting on is left for the next sweep.
    """
    written = 0
    for _ in range(CHUNKS):
        looked_at, told = _remind_some(at=at)
        written += told
        if looked_at < AT_ONCE:
            break
    return written


# Many rows by one short statement, where bulk_update() would write a case for each.
PLAN = """
UPDATE cases_reminder SET look_at = plan.look_at, planned = true
FROM unnest(%s::bigint[], %s::timestamptz[]) AS plan (id, look_at) WHERE cases_reminder.id = plan.id
"""


@transaction.atomic
def _remind_some(*, at: dt.datetime) -> tuple[int, int]:
    # The case is locked too: a notice refers to it, and must not wait for whoever waits for this.
    due = Reminder.objects.filter(look_at__lte=at).select_for_update(of=("self", "case"), skip_locked=True)
    found = list(due.select_related("case__category", "assignment__unit").order_by("look_at", "id")[:AT_ONCE])
    courses = courses_of({it.case_id: it.case for it in found}.values())
    notices: list[Notice] = []
    said: list[int] = []
    later: dict[int, dt.datetime] = {}
    for it in found:
        kind, look_at = _next_word(it, at)
        if kind is not None:
            notices += _reminders(it, kind, courses[it.case_id], at=at)
        if look_at is None:
            said.append(it.pk)
        else:
            later[it.pk] = look_at
    if notices:
        Notice.objects.bulk_create(notices, ignore_conflicts=True)
    if said:
        Reminder.objects.filter(pk__in=said).delete()
    if later:
        with connection.cursor() as cursor:
            cursor.execute(PLAN, [list(later), list(later.values())])
    return len(found), len(notices)


def _next_word(it: Reminder, at: dt.datetime) -> tuple[NoticeKind | None, dt.datetime | None]:
    start = it.case.reported_at if it.assignment is None else it.assignment.ordered_at
    return next_word(start, _limit(it), at, planned=it.planned)


def _limit(it: Reminder) -> dt.datetime:
    return it.case.due_at if it.assignment is None else it.assignment.due_at


def _reminders(it: Reminder, kind: NoticeKind, course: Course, *, at: dt.datetime) -> list[Notice]:
    """To the desk in charge and to the one above it; to none where what was asked is no longer what counts."""
    case, area = it.case, it.case.current_area_id
    if case.state == State.SUSPENDED:
        return []  # its limit stands still, and is given anew when it is taken up again
    if it.assignment is not None:
        if it.assignment not in course.units:
            return []
        desk, who = desk_of_unit(it.assignment), it.assignment.unit.name
    else:
        hands = {"office": course.dispatch.office_id} if course.dispatch is not None else {}
        charged = in_charge(State(case.state), area, hands, course.tracks)
        if charged is None:
            return []
        desk = charged
        who = course.dispatch.office.name if desk.is_unit and course.dispatch is not None else desk.role.label
    text = _words(case, kind, who, _limit(it))
    told = [desk, above] if (above := superior(desk, area)) is not None else [desk]
    return [notice_to(to, case, kind, text, due=_limit(it), at=at, about=it.assignment) for to in told]


def _words(case: Case, kind: NoticeKind, who: str, due: dt.datetime) -> str:
    if kind == NoticeKind.OVERDUE:
        return f"{named(case)}已超过 {moment(due)} 的时限，待{who}办理 (overdue)"
    return f"{named(case)}将于 {moment(due)} 到期，待{who}办理 (due soon)"
