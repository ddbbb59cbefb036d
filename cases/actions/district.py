"""What the third whistle's verbs write beside the state and the trace: the letter, receipt, sign-in, handling, return."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models import QuerySet

from cases.actions.town import categories_of, town_of
from cases.deadlines import Limit, Unit
from cases.models import Assignment, Case, CategoryPower, CheckIn, Letter, TraceEvent, Whistle
from cases.models.calendar import due_after
from gridmap.models import DelegatedPower, Organisation, PowerGrant
from gridmap.problems import Conflict, Unprocessable

# The article says "in time" (R61); two working hours is our default.
RECEIPT = Limit(2, Unit.WORKING_HOURS)


def departments() -> QuerySet[Organisation]:
    """The departments of the district that a letter can go to."""
    return Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT).order_by("code")


def own_powers(case: Case, *, on: dt.date) -> list[DelegatedPower]:
    """Powers over cases of this category that were handed down to the case's town: it may act itself (R43)."""
    powers = CategoryPower.objects.filter(category__in=categories_of(case)).values("power")
    grants = PowerGrant.objects.on(on).filter(area=town_of(case), power__in=powers)
    return [grant.power for grant in grants.select_related("power").order_by("power")]


def apply(case: Case, own_power: str, *, on: dt.date) -> dict[str, object]:
    """Ask for the third whistle; where the town has the power itself, it must say why it needs the district all the same."""
    powers = own_powers(case, on=on)
    if powers and not own_power:
        named = "、".join(f"“{power.name}”" for power in powers)
        raise Unprocessable(
            f"这项权力已赋予本镇街：{named}。仍要请区级部门承办，请写明理由 (this power is yours)",
            parameter="own_power",
        )
    return {"own_powers": [power.code for power in powers], "own_power": own_power} if powers else {}


def issue(
    case: Case,
    lead: str,
    assisting: Sequence[str],
    task: str,
    limit: Limit,
    *,
    by: AbstractBaseUser,
    at: dt.datetime,
) -> dict[str, object]:
    """Blow the third whistle: a numbered letter to one lead department and to those that assist (R58 to R60).

    Its deadline is the case's from now on; the clock starts here, not when somebody receives it.
    """
    units = _departments([lead, *(code for code in assisting if code != lead)])
    said = {it.verb: it for it in TraceEvent.objects.filter(case=case, verb__in=("refer", "endorse")).order_by("seq")}
    if "endorse" not in said or said["endorse"].actor_id is None:
        raise Conflict("没有主要领导的确认，不能吹三级哨 (not confirmed)")
    reason = str(said["refer"].payload["text"]) if "refer" in said else ""
    due_at, receive_by = due_after(at, limit), due_after(at, RECEIPT)
    whistle, _ = Whistle.objects.get_or_create(
        case=case,
        level=Whistle.Level.DISTRICT,
        defaults={"tried": reason, "reason": task, "blown_at": at, "blown_by_id": by.pk},
    )
    letter = Letter.objects.create(
        number=_next_number(at),
        case=case,
        task=task,
        due_at=due_at,
        issued_at=at,
        issued_by_id=by.pk,
        confirmed_by_id=said["endorse"].actor_id,
    )
    for unit in units:
        Assignment.objects.create(
            case=case,
            letter=letter,
            unit=unit,
            part=Assignment.Part.LEAD if unit.code == lead else Assignment.Part.ASSIST,
            task=task,
            limit_amount=limit.amount,
            limit_unit=limit.unit,
            ordered_at=at,
            ordered_by_id=by.pk,
            due_at=due_at,
            receive_by=receive_by,
        )
    case.due_at = due_at
    return {
        "letter": letter.number,
        "level": whistle.level,
        "lead": units[0].name,
        "assisting": [unit.name for unit in units[1:]],
        "limit": str(limit),
        "due_at": due_at.isoformat(),
    }


def receive(assignment: Assignment, *, at: dt.datetime) -> dict[str, object]:
    """The department has the letter (R61)."""
    assignment.received_at = at
    assignment.save(update_fields=["received_at"])
    return {"department": assignment.unit.name}


def sign_in(
    assignment: Assignment | None, persons: str, note: str, *, by: AbstractBaseUser, at: dt.datetime
) -> dict[str, object]:
    """Write down who of a department came (R63): the office does, never the department. Coming is receiving too."""
    if assignment is None:
        raise Unprocessable("信函没有发给这个部门 (the letter does not name it)", parameter="department")
    if assignment.finished_at is not None:
        raise Conflict(f"{assignment.unit.name}已经申请办结 (done already)")
    CheckIn.objects.create(assignment=assignment, persons=persons, note=note, at=at, by_id=by.pk)
    assignment.received_at = assignment.received_at or at
    assignment.arrived_at = assignment.arrived_at or at
    assignment.save(update_fields=["received_at", "arrived_at"])
    return {"department": assignment.unit.name, "persons": persons}


def claim(assignment: Assignment, *, at: dt.datetime) -> dict[str, object]:
    """The department says that it is done (R62)."""
    assignment.finished_at = at
    assignment.save(update_fields=["finished_at"])
    return {"department": assignment.unit.name}


def _departments(codes: Sequence[str]) -> list[Organisation]:
    """In the order they are named; raises :class:`Unprocessable` for one that is none."""
    known = {unit.code: unit for unit in departments().filter(code__in=codes)}
    for code in codes:
        if code not in known:
            raise Unprocessable(f"没有编码为 {code[:30]} 的区级部门 (no such department)", parameter="department")
    return [known[code] for code in dict.fromkeys(codes)]


def _next_number(at: dt.datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('cases_letter_number')")
        return f"吹函〔{at:%Y}〕{cursor.fetchone()[0]:05d}号"
