"""What the town's verbs write beside the state and the trace: the dispatch to an office, the order to a unit."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from cases.actions.whistling import TOWN_DIGITS
from cases.deadlines import Limit, halved
from cases.models import Assignment, Case, Dispatch, Responsibility
from cases.models.calendar import due_after
from gridmap.models import Organisation
from gridmap.problems import Unprocessable

ORDERABLE = (Organisation.Kind.OFFICE, Organisation.Kind.BRIGADE)


def rules_for(case: Case) -> list[Responsibility]:
    """The rules that name an office for a case, those of its own category before those of the whole group."""
    codes = categories_of(case)
    found = Responsibility.objects.filter(category__in=codes, office__area=town_of(case)).select_related(
        "category", "office"
    )
    return sorted(found, key=lambda rule: (codes.index(rule.category_id), rule.office_id))


def categories_of(case: Case) -> list[str]:
    """The codes of a case's category and of the group it is in."""
    return [case.category_id, *([case.category.parent_id] if case.category.parent_id else [])]


def units_of(case: Case) -> QuerySet[Organisation]:
    """The offices and the brigade of a case's town."""
    return Organisation.objects.filter(kind__in=ORDERABLE, area=town_of(case)).order_by("code")


def town_of(case: Case) -> str:
    """The code of the town a case lies in."""
    return case.current_area_id[:TOWN_DIGITS]


def dispatch(case: Case, code: str, *, by: AbstractBaseUser, at: dt.datetime) -> dict[str, object]:
    """Give it to an office; whether a rule named that office is written down."""
    office = _unit(case, code, "office")
    rule = next((str(it) for it in rules_for(case) if it.office_id == office.code), "")
    Dispatch.objects.create(case=case, office=office, rule=rule, at=at, by_id=by.pk)
    return {"office": office.code, "office_name": office.name, "rule": rule}


def order(
    case: Case, code: str, task: str, limit: Limit, *, by: AbstractBaseUser, at: dt.datetime
) -> dict[str, object]:
    """Order a unit to do a task by a deadline, which is the case's deadline from now on."""
    unit = _unit(case, code, "unit")
    due_at = due_after(at, limit)
    Assignment.objects.create(
        case=case,
        unit=unit,
        task=task,
        limit_amount=limit.amount,
        limit_unit=limit.unit,
        ordered_at=at,
        ordered_by_id=by.pk,
        due_at=due_at,
    )
    was, case.due_at = case.due_at, due_at
    return {
        "unit": unit.code,
        "unit_name": unit.name,
        "limit": str(limit),
        "due_at": due_at.isoformat(),
        "due_before": was.isoformat(),
    }


def finish(assignment: Assignment, *, at: dt.datetime) -> dict[str, object]:
    """The unit says that it is done."""
    assignment.finished_at = at
    assignment.save(update_fields=["finished_at"])
    return {}


def redo(assignment: Assignment, case: Case, *, at: dt.datetime) -> dict[str, object]:
    """It is not done: again, in half the time."""
    limit = halved(assignment.limit)
    assignment.due_at, assignment.finished_at = due_after(at, limit), None
    assignment.redone, assignment.redone_at = assignment.redone + 1, at
    assignment.save(update_fields=["due_at", "finished_at", "redone", "redone_at"])
    case.due_at = assignment.due_at
    return {"unit_name": assignment.unit.name, "limit": str(limit), "due_at": assignment.due_at.isoformat()}


def _unit(case: Case, code: str, parameter: str) -> Organisation:
    unit = units_of(case).filter(code=code).first()
    if unit is None:
        raise Unprocessable(
            f"本镇街没有编码为 {code[:30]} 的职能机构 (no such office in this town)", parameter=parameter
        )
    return unit
