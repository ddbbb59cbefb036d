"""What the verbs of the assessment write: the office's marks, the results, an appeal and the ruling on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from cases.actions.district import named
from cases.assessment import Record, inputs
from cases.deadlines import Limit, Unit, WorkingCalendar, last_day_needed
from cases.models import Assignment, Case, Procedure, Result, SurveyAnswer, TraceEvent, Verification
from cases.models.assessment import result_of
from cases.models.calendar import calendar_between, due_after
from cases.rules import RULES
from cases.scoring import CURRENT, MODELS, MOST_MARKS, RUBRIC, Component, Inputs, Marks, Score, score
from gridmap.problems import Conflict, Unprocessable

# Our default (the article knows no appeal).
APPEAL = Limit(5, Unit.WORKING_DAYS)


def certify(
    asked: Sequence[Assignment], given: Mapping[str, Marks], text: str, *, by: AbstractBaseUser, at: dt.datetime
) -> dict[str, object]:
    """Write down the marks of every department the letter names; who assists has the lead's where it is given none."""
    lead = next((it for it in asked if it.is_lead), None)
    if lead is None:
        raise Conflict("事项没有信函 (no letter)")
    marks = {code or lead.unit_id: it for code, it in given.items()}
    _check_marks(marks, {it.unit_id for it in asked}, lead.unit_id)
    rows = [
        Verification(
            assignment=it,
            own=it.unit_id in marks,
            text=text,
            at=at,
            by_id=by.pk,
            **vars(marks.get(it.unit_id, marks[lead.unit_id])),
        )
        for it in asked
    ]
    Verification.objects.bulk_create(rows)
    return {"marks": [named(row.assignment) | {"own": row.own} | vars(row.marks) for row in rows]}


def _check_marks(marks: Mapping[str, Marks], asked: set[str], lead: str) -> None:
    for code, it in marks.items():
        if code not in asked:
            raise Unprocessable("信函没有发给这个部门，不能评分 (the letter does not name it)", parameter="marks")
        if any(not 0 <= given <= MOST_MARKS for given in vars(it).values()):
            raise Unprocessable(f"各项评分应为 0 到 {MOST_MARKS} 的整数 (marks from 0 to 5)", parameter="marks")
    if lead not in marks:
        raise Unprocessable(
            f"请给主办部门评分：{'、'.join(RUBRIC.values())} (the lead's marks are missing)", parameter="marks"
        )


def evaluate(
    case: Case, asked: Sequence[Assignment], procedures: Sequence[Procedure], *, at: dt.datetime
) -> dict[str, object]:
    """Work out the one result of each department the last letter names (R66).

    Where the case was opened again since there was one, that is worked out anew; what it was stays in the trace.
    """
    closed_at = case.closed_at or at
    record = Record(
        trace=list(TraceEvent.objects.filter(case=case).order_by("seq")),
        procedures=procedures,
        satisfaction=list(SurveyAnswer.objects.counted().filter(case=case).values_list("satisfaction", flat=True)),
        calendar=_calendar(asked, closed_at),
        closed_at=closed_at,
    )
    marks = {it.assignment_id: it.marks for it in Verification.objects.filter(assignment__in=asked).order_by("id")}
    appeal_by = due_after(at, APPEAL)
    told = []
    for it in asked:
        earlier = result_of(it)
        row, said = worked_out(it, record, marks.get(it.pk), appeal_by=appeal_by, at=at)
        row.pk = earlier.pk if earlier is not None else None
        row.save()
        told.append(said | ({"before": _told(earlier)} if earlier is not None else {}))
    return {"results": told, "model": CURRENT.version}


def worked_out(
    assignment: Assignment, record: Record, marks: Marks | None, *, appeal_by: dt.datetime, at: dt.datetime
) -> tuple[Result, dict[str, object]]:
    """The result of one assignment, not stored yet, and what the trace says of it; nothing is asked of the database."""
    row = Result(assignment=assignment, computed_at=at, appeal_by=appeal_by, final_at=appeal_by)
    _take(row, inputs(assignment, record, marks), CURRENT.version)
    return row, named(assignment) | _told(row)


def _calendar(asked: Sequence[Assignment], closed_at: dt.datetime) -> WorkingCalendar:
    """As far as the limits and the closing reach; a day more at either end for the zone."""
    day = dt.timedelta(days=1)
    ends = [closed_at.date(), *(it.due_at.date() for it in asked)]
    ends += [last_day_needed(it.ordered_at, limit) for it in asked for limit in (it.limit, RULES.arrival)]
    return calendar_between(min(it.ordered_at for it in asked).date() - day, max(ends) + day)


def appeal(assignment: Assignment, reason: str, *, at: dt.datetime) -> dict[str, object]:
    """The department does not agree; until it is ruled on the result is not final."""
    result = result_of(assignment)
    if result is None:
        raise Conflict("本部门没有考核结果 (no result of this department)")
    result.appealed_at, result.appeal_reason, result.final_at = at, reason, None
    result.save(update_fields=["appealed_at", "appeal_reason", "final_at"])
    return named(assignment)


def rule(assignment: Assignment | None, reason: str, *, exempt: str = "", at: dt.datetime) -> dict[str, object]:
    """Keep the result, or take ``exempt`` out of it and work it out again with the model of its time.

    What it was stays in the trace, and that a limit was passed stays in the result.
    """
    result = result_of(assignment) if assignment is not None else None
    if assignment is None or result is None or not result.is_appealed:
        raise Unprocessable("这个部门没有待裁决的申诉 (no appeal of this department)", parameter="department")
    result.decided_at = result.final_at = at
    result.ruling, result.ruling_reason = Result.Ruling.UPHELD, reason
    told: dict[str, object] = named(assignment)
    if exempt:
        told |= {"before": _told(result)}
        _exempt(result, exempt)
        told |= {"component": exempt, "component_name": str(Component(exempt).label), "after": _told(result)}
    result.save()
    return told


def _exempt(result: Result, component: str) -> None:
    if component not in Component.values:
        raise Unprocessable(
            f"豁免的指标应为 {'、'.join(Component.values)} 之一 (unknown component)", parameter="component"
        )
    kept = Inputs.from_json(result.inputs)
    result.ruling, result.exempt = Result.Ruling.GRANTED, component
    _take(result, replace(kept, exempt=(*kept.exempt, component)), result.model_version)


def _take(result: Result, found: Inputs, version: str) -> Score:
    """Put a score into a result."""
    worked_out = score(found, MODELS[version])
    result.inputs, result.model_version = found.as_json(), version
    result.system_score, result.street_score = worked_out.system, worked_out.street
    result.total, result.grade = worked_out.total, worked_out.grade
    result.flags = [flag.value for flag in worked_out.flags]
    return worked_out


def _told(result: Result) -> dict[str, Any]:
    """What the trace says of a result."""
    return {
        "system": None if result.system_score is None else str(result.system_score),
        "street": None if result.street_score is None else str(result.street_score),
        "total": str(result.total),
        "grade": result.get_grade_display(),
        "flags": list(result.flags),
    }
