"""What the town's verbs write beside the state and the trace: the dispatch to an office, the order to a unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

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
    return rules_for_each([case])[case.pk]


def rules_for_each(cases: Collection[Case]) -> dict[int, list[Responsibility]]:
    """The rules for each of some cases, by key: one statement."""
    codes = {code for case in cases for code in categories_of(case)}
    towns = {town_of(case) for case in cases}
    found = Responsibility.objects.filter(category__in=codes, office__area__in=towns).select_related(
        "category", "office"
    )
    return {case.pk: _in_order(case, found) for case in cases}


def _in_order(case: Case, rules: Iterable[Responsibility]) -> list[Responsibility]:
    codes = categories_of(case)
    mine = [rule for rule in rules if rule.category_id in codes and rule.office.area_id == town_of(case)]
    return sorted(mine, key=lambda rule: (codes.index(rule.category_id), rule.office_id))


def categories_of(case: Case) -> list[str]:
    """The codes of a case's category and of the group it is in."""
    return [case.category_id, *([case.category.parent_id] if case.category.parent_id else [])]


def units_of(case: Case) -> QuerySet[Organisation]:
    """The offices and the brigade of a case's town."""
    return units_in({town_of(case)})


def units_in(towns: Collection[str]) -> QuerySet[Organisation]:
    """The offices and the brigades of some towns."""
    return Organisation.objects.filter(kind__in=ORDERABLE, area__in=towns).order_by("code")


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
