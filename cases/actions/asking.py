"""What procedures beside the course of a case write: somebody asks, somebody else decides, and what follows from that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser

from cases.actions import district
from cases.course import Course
from cases.deadlines import SHANGHAI, Limit
from cases.models import Assignment, Case, Procedure
from cases.models.calendar import due_after, due_when_resumed
from cases.procedures import hindrance
from cases.rules import RULES
from cases.workflow import REASONS, VERBS, Kind, Stage, State, Verb
from gridmap.duties import Standing
from gridmap.problems import Conflict, Forbidden, Unprocessable

# The states in which each kind can be decided.
DECIDED_IN = {
    kind: frozenset().union(*(it.comes_from for it in VERBS.values() if it.procedure == kind and it.decides))
    for kind in Kind
}


def begin(
    verb: Verb,
    case: Case,
    own: Assignment | None,
    course: Course,
    *,
    text: str,
    reason: str = "",
    limit: Limit | None = None,
    until: str = "",
    by: AbstractBaseUser,
    at: dt.datetime,
) -> dict[str, object]:
    """Ask for something; what was asked of the unit that asks is its ``own``.

    A case that was returned as often as may be goes to arbitration by itself. Raises :class:`Unprocessable` for
    more time than was given at first, and for a day of review that is none.
    """
    kind = Kind(str(verb.procedure))
    told: dict[str, object] = {}
    if verb.name in REASONS:
        told["reason"] = REASONS[verb.name][reason]
    if kind == Kind.RETURN and course.returns >= RULES.returns:
        kind, told = Kind.DISPUTE, told | {"arbitration": True}
        if (waits := hindrance(kind, None, course.procedures, at)) is not None:
            raise Conflict(waits, state=case.state)
    asked = Procedure(
        case=case,
        assignment=own if kind not in (Kind.DISPUTE, Kind.MEETING) else None,
        unit=own.unit if own is not None else None,
        kind=kind,
        reason=reason,
        text=text,
        asked_at=at,
        asked_by_id=by.pk,
        decide_by=due_after(at, RULES.decisions[kind]),
    )
    if kind == Kind.EXTENSION:
        more = _more(own, limit)
        asked.limit_amount = more.amount
        told["limit"] = str(more)
    if kind == Kind.SUSPENSION:
        asked.until = _day_of_review(until, at)
        told["until"] = until
    if kind == Kind.MEETING and not case.hard:
        case.hard = True
    asked.save()
    return told | {"procedure": kind.label, "decide_by": asked.decide_by.isoformat()}


def _more(own: Assignment | None, limit: Limit | None) -> Limit:
    if own is None or limit is None:
        raise Conflict("没有可以延长的时限 (no limit to extend)")
    if limit.unit != own.limit_unit or limit.amount > own.limit_amount:
        raise Unprocessable(f"每次延长不超过原来的时限 {own.limit} (more than was given at first)", parameter="limit")
    return limit


def _day_of_review(until: str, at: dt.datetime) -> dt.datetime:
    """The end of that day in Shanghai."""
    try:
        day = dt.date.fromisoformat(until.strip())
    except ValueError:
        raise Unprocessable("复查日期应写作 年-月-日 (a date, YYYY-MM-DD)", parameter="until") from None
    first = at.astimezone(SHANGHAI).date()
    if not first < day <= first + dt.timedelta(days=RULES.suspension_days):
        raise Unprocessable(
            f"复查日期应在今天以后、{RULES.suspension_days} 天以内 (not within {RULES.suspension_days} days)",
            parameter="until",
        )
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), SHANGHAI)


def found(course: Course, verb: Verb, key: str) -> Procedure:
    """The procedure a verb carries on: the one that is named, or the only one; raises :class:`Unprocessable`."""
    waiting = course.waiting(verb)
    named = [it for it in waiting if str(it.pk) == key] if key else waiting
    if len(named) != 1:
        raise Unprocessable("请指明是哪一份申请 (which one)", parameter="procedure")
    return named[0]


def decide(
    asked: Procedure, stage: Stage, *, text: str, by: AbstractBaseUser, standing: Standing, at: dt.datetime
) -> dict[str, object]:
    """Carry it on to a stage; raises :class:`Forbidden` for whoever asked, and for the unit that did.

    Who calls a meeting puts down what it agreed on.
    """
    units = frozenset().union(*standing.organisations.values())
    if asked.kind != Kind.MEETING and (by.pk == asked.asked_by_id or asked.unit_id in units):
        raise Forbidden("提出的人和单位不能自己决定 (not by who asked)")
    asked.stage = stage
    if stage == Stage.SUPPORTED:
        asked.supported_at, asked.supported_by_id = at, by.pk
    else:
        asked.decided_at, asked.decided_by_id, asked.ruling = at, by.pk, text
    asked.save()
    return {"procedure": asked.kind_label, "asked_by": asked.unit.name if asked.unit else ""}


def take_back(asked: Procedure, course: Course, *, at: dt.datetime) -> dict[str, object]:
    """A return is let: nothing is asked of the department any more, of the lead none of those beside it either."""
    own = _about(asked, course)
    withdrawn = district.withdraw(course.asked if own.is_lead else [own], at=at)
    return {"withdrawn": withdrawn, "hops": course.returns}


def rule(asked: Procedure, course: Course, department: str, *, at: dt.datetime) -> dict[str, object]:
    """Say who answers for it; where that is another than the lead, the letter is withdrawn and another one is to be sent."""
    (unit,) = district.departments_named([department])
    asked.department = unit
    asked.save(update_fields=["department"])
    told: dict[str, object] = {"ruled": unit.name}
    if course.lead is not None and course.lead.unit_id != unit.code:
        told["withdrawn"] = district.withdraw(course.asked, at=at)
    return told


def minute(
    asked: Procedure,
    case: Case,
    course: Course,
    persons: str,
    lead: str,
    assisting: Sequence[str],
    task: str,
    limit: Limit,
    *,
    by: AbstractBaseUser,
    at: dt.datetime,
) -> dict[str, object]:
    """Put the meeting's conclusion into a letter: a lead and those that assist, each with the limit agreed on."""
    withdrawn = district.withdraw(course.asked, at=at)
    told = district.issue(case, lead, assisting, task, limit, by=by, at=at)
    asked.department_id = lead
    asked.save(update_fields=["department"])
    return told | {"persons": persons, "withdrawn": withdrawn}


def grant_extension(asked: Procedure, case: Case, course: Course) -> dict[str, object]:
    """More time, from the limit as it is."""
    own = _about(asked, course)
    more = Limit(asked.limit_amount or 0, own.limit.unit)
    asked.due_before, own.due_at = own.due_at, due_after(own.due_at, more)
    asked.due_after = own.due_at
    own.save(update_fields=["due_at"])
    asked.save(update_fields=["due_before", "due_after"])
    if own.is_lead:
        case.due_at = own.due_at
    return {"limit": str(more), "due_at": own.due_at.isoformat()}


def grant_suspension(asked: Procedure, case: Case, *, at: dt.datetime) -> dict[str, object]:
    """The clock stands still until it is taken up again, or until the day of review at the latest."""
    if asked.until is None or asked.until <= at:
        raise Conflict("复查日期已过，请重新申请 (the day of review has passed)")
    asked.resumes, asked.due_before = case.state, case.due_at
    asked.save(update_fields=["resumes", "due_before"])
    return {"until": asked.until.isoformat()}


def resume(asked: Procedure, case: Case, *, end: dt.datetime) -> dict[str, object]:
    """Take it up again where it was, with the time that was left."""
    asked.stage, asked.ended_at = Stage.OVER, end
    for assignment in Assignment.objects.binding().filter(case=case):
        assignment.due_at = due_when_resumed(assignment.due_at, _when(asked), end, assignment.limit.unit)
        assignment.save(update_fields=["due_at"])
        if assignment.is_lead:
            case.due_at = assignment.due_at
    asked.due_after = case.due_at
    asked.save(update_fields=["stage", "ended_at", "due_after"])
    return {"procedure": asked.kind_label, "due_at": case.due_at.isoformat()}


def let_lapse(course: Course, state: State, *, at: dt.datetime) -> None:
    """End what waits for a decision that no longer matters: the case has gone on, or the unit is done."""
    binding = {it.pk for it in course.units if it.finished_at is None and it.withdrawn_at is None}
    for asked in course.procedures:
        done = asked.assignment_id is not None and asked.assignment_id not in binding
        if asked.waits and (done or state not in DECIDED_IN[Kind(asked.kind)]):
            asked.stage, asked.ended_at = Stage.OVER, at
            asked.save(update_fields=["stage", "ended_at"])


def _about(asked: Procedure, course: Course) -> Assignment:
    own = next((it for it in course.units if it.pk == asked.assignment_id), None)
    if own is None:
        raise Conflict("这份申请的承办任务已经撤回 (what it is about was withdrawn)")
    return own


def _when(asked: Procedure) -> dt.datetime:
    if asked.decided_at is None:
        raise Conflict("还没有批准 (not granted)")
    return asked.decided_at
