"""What the third whistle's verbs write beside the state and the trace: the letter, receipt, sign-in, handling, return."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import QuerySet

from cases.actions.town import categories_of, town_of
from cases.deadlines import Limit, due_at
from cases.models import Assignment, Case, CategoryPower, CheckIn, Letter, Photo, TraceEvent, Whistle
from cases.models.calendar import calendar_for, minutes_worked
from cases.rules import RULES
from geodata.crs import STORED_SRID, distance_m
from gridmap.models import DelegatedPower, Organisation, PowerGrant
from gridmap.problems import Conflict, Unprocessable

# What says whether a third whistle is confirmed: the last of these.
APPLYING = ("refer", "endorse", "withdraw", "disown")


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
    urgent: bool = False,
) -> dict[str, object]:
    """Blow the third whistle: a numbered letter to one lead department and to those that assist (R58 to R60).

    Its deadline is the case's from now on; the clock starts here, not when somebody receives it. Only what is ``urgent``
    goes out without the principal leader's confirmation, which may follow within a day.
    """
    units = departments_named([lead, *(code for code in assisting if code != lead)])
    reason, confirmed_by = _application(case)
    if confirmed_by is None and not urgent:
        raise Conflict("没有主要领导的确认，不能吹三级哨 (not confirmed)")
    calendar = calendar_for(at, [limit, RULES.receipt, RULES.returning, RULES.arrival])
    due = partial(due_at, calendar=calendar)
    done_by, limits = due(at, limit), letter_limits(at, due, urgent=urgent)
    whistle, _ = Whistle.objects.get_or_create(
        case=case,
        level=Whistle.Level.DISTRICT,
        defaults={"tried": reason or task, "reason": task, "blown_at": at, "blown_by_id": by.pk},
    )
    letter = Letter.objects.create(
        number=_next_number(at),
        case=case,
        task=task,
        due_at=done_by,
        issued_at=at,
        issued_by_id=by.pk,
        confirmed_by_id=confirmed_by,
        confirm_by=at + RULES.ratification if confirmed_by is None else None,
    )
    Assignment.objects.bulk_create(
        Assignment(
            case=case,
            letter=letter,
            unit=unit,
            part=Assignment.Part.LEAD if unit.code == lead else Assignment.Part.ASSIST,
            task=task,
            limit_amount=limit.amount,
            limit_unit=limit.unit,
            ordered_at=at,
            ordered_by_id=by.pk,
            due_at=done_by,
            **limits,
        )
        for unit in units
    )
    case.due_at = done_by
    return {
        "letter": letter.number,
        "level": whistle.level,
        "lead": units[0].name,
        "assisting": [unit.name for unit in units[1:]],
        "limit": str(limit),
        "due_at": done_by.isoformat(),
    } | ({"urgent": True} if urgent else {})


def _application(case: Case) -> tuple[str, int | None]:
    """Why the town is not enough, and which principal leader has confirmed that since the case was with the town last."""
    reason, confirmed_by = "", None
    for event in TraceEvent.objects.filter(case=case, verb__in=APPLYING).order_by("seq"):
        if event.verb == "refer":
            reason = str(event.payload["text"])
        confirmed_by = event.actor_id if event.verb == "endorse" else None
    return reason, confirmed_by


def issue_at_once(
    case: Case, lead: str, assisting: Sequence[str], task: str, limit: Limit, *, by: AbstractBaseUser, at: dt.datetime
) -> dict[str, object]:
    """The whistle of an emergency: at once, to be done within a day, and confirmed within a day."""
    most = RULES.emergency_limit
    if limit.unit != most.unit or limit.amount > most.amount:
        raise Unprocessable(
            f"应急哨的时限以紧急工作时计，不超过 {most} (emergency hours, at most 24)", parameter="limit"
        )
    return issue(case, lead, assisting, task, limit, by=by, at=at, urgent=True)


def ratify(letter: Letter, *, by: AbstractBaseUser, at: dt.datetime) -> dict[str, object]:
    """The principal leader confirms what went out at once (R56); later than it should be is said, and counts all the same."""
    letter.confirmed_by_id, letter.confirmed_at = by.pk, at
    letter.save(update_fields=["confirmed_by", "confirmed_at"])
    late = letter.confirm_by is not None and at > letter.confirm_by
    return {"letter": letter.number, "late": late}


def withdraw(asked: Iterable[Assignment], *, at: dt.datetime) -> list[str]:
    """Ask it of these units no longer; gives their names."""
    names = []
    for assignment in asked:
        assignment.withdrawn_at = at
        assignment.save(update_fields=["withdrawn_at"])
        names.append(assignment.unit.name)
    return names


def letter_limits(
    at: dt.datetime, due: Callable[[dt.datetime, Limit], dt.datetime], *, urgent: bool
) -> dict[str, dt.datetime]:
    """By when a letter is to be received, can be returned and is to be come for; ``due``: when a limit runs out."""
    if urgent:
        receive_by = at + RULES.emergency_receipt
        return {"receive_by": receive_by, "return_by": receive_by, "arrive_by": at + RULES.emergency_arrival}
    limits = {"receive_by": RULES.receipt, "return_by": RULES.returning, "arrive_by": RULES.arrival}
    return {name: due(at, limit) for name, limit in limits.items()}


def receive(assignment: Assignment, *, at: dt.datetime) -> dict[str, object]:
    """The department has the letter (R61)."""
    assignment.received_at = at
    assignment.save(update_fields=["received_at"])
    return named(assignment)


def sign_in(
    assignment: Assignment | None,
    case: Case,
    persons: str,
    note: str,
    *,
    place: tuple[float, float] | None,
    photo: Photo | None,
    by: AbstractBaseUser,
    at: dt.datetime,
) -> dict[str, object]:
    """Write down who of a department came (R63): the office does, never the department. Coming is receiving too.

    ``place``: longitude and latitude in CGCS2000 of whoever signs them in; how far that is from the case is kept.
    """
    if assignment is None:
        raise Unprocessable("信函没有发给这个部门 (the letter does not name it)", parameter="department")
    if assignment.finished_at is not None:
        raise Conflict(f"{assignment.unit.name}已经申请办结 (done already)")
    distance = distance_m(place, (case.point.x, case.point.y)) if place is not None else None
    CheckIn.objects.create(
        assignment=assignment,
        persons=persons,
        note=note,
        point=Point(*place, srid=STORED_SRID) if place is not None else None,
        distance_m=distance,
        photo=photo,
        at=at,
        by_id=by.pk,
    )
    assignment.received_at = assignment.received_at or at
    if assignment.arrived_at is None:
        assignment.arrived_at, assignment.arrival_minutes = at, minutes_worked(assignment.ordered_at, at)
    assignment.save(update_fields=["received_at", "arrived_at", "arrival_minutes"])
    told = named(assignment) | {"persons": persons}
    return told | ({"distance_m": round(distance)} if distance is not None else {})


def claim(assignment: Assignment, *, at: dt.datetime) -> dict[str, object]:
    """The department says that it is done (R62)."""
    assignment.finished_at = at
    assignment.save(update_fields=["finished_at"])
    return named(assignment)


def named(assignment: Assignment) -> dict[str, object]:
    """The department as the trace names it: by its code, and by its name of that day."""
    return {"unit": assignment.unit_id, "department": assignment.unit.name}


def departments_named(codes: Sequence[str]) -> list[Organisation]:
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
