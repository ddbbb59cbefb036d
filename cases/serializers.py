"""What goes out about cases, shaped."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers

from cases.deadlines import due_at
from cases.models import Assignment, Case, Category, Dispatch, Procedure, Result, SurveyAnswer, TraceEvent, Whistle
from cases.models.assessment import result_of
from cases.models.calendar import calendar_for
from cases.workflow import STEP_OF, VERBS, State, Verb
from gridmap.routing import Method


class PartCategorySerializer(serializers.Serializer[Any]):
    """A category people may report under."""

    code = serializers.CharField()
    name = serializers.CharField()
    icon = serializers.CharField()
    limit = serializers.CharField(help_text="时限，如 4工作时")
    due_at = serializers.DateTimeField(help_text="现在上报的话，何时到期")
    sensitive = serializers.BooleanField(help_text="位置敏感：对外只显示所在网格")


class CategorySerializer(PartCategorySerializer):
    """A category with those under it."""

    children = PartCategorySerializer(many=True)


class RouteSerializer(serializers.Serializer[Any]):
    """How the place was found."""

    method = serializers.ChoiceField(Method.choices)
    distance_m = serializers.FloatField()


class AcceptedSerializer(serializers.Serializer[Any]):
    """What the one who reported needs to know."""

    number = serializers.CharField()
    state = serializers.ChoiceField(State.choices)
    step = serializers.DictField()
    area = serializers.DictField()
    route = RouteSerializer()
    due_at = serializers.DateTimeField()
    track_code = serializers.CharField()
    track_url = serializers.CharField()


def step_of(state: str) -> dict[str, Any]:
    """A state's place among the nine steps."""
    step = STEP_OF[State(state)]
    return {"number": step.value, "name": step.label}


def accepted(case: Case) -> dict[str, Any]:
    """A report's receipt."""
    return {
        "number": case.number,
        "state": case.state,
        "step": step_of(case.state),
        "area": {"code": case.current_area_id, "name": case.current_area.name},
        "route": {"method": case.route_method, "distance_m": case.route_distance_m},
        "due_at": timezone.localtime(case.due_at).isoformat(),
        "track_code": case.track_code,
        "track_url": f"{reverse('track')}?number={case.number}&code={case.track_code}",
    }


def public_view(case: Case) -> dict[str, Any]:
    """What anybody may know of a case."""
    return {
        "number": case.number,
        "kind": case.kind,
        "category": {"code": case.category_id, "name": case.category.name},
        "state": case.state,
        "state_name": State(case.state).label,
        "step": step_of(case.state),
        "area": {"code": case.current_area_id, "name": case.current_area.name},
        "area_routed": {"code": case.area_id, "name": case.area.name},
        "point": {"lon": round(case.public_point.x, 7), "lat": round(case.public_point.y, 7)},
        "exact": not case.category.sensitive,
        "reported_at": timezone.localtime(case.reported_at).isoformat(),
        "due_at": timezone.localtime(case.due_at).isoformat(),
        "closed_at": timezone.localtime(case.closed_at).isoformat() if case.closed_at else None,
        "voices": case.voices_count,
        "merged_into": case.merged_into.number if case.merged_into else None,
    }


def full_view(case: Case, actions: list[Verb]) -> dict[str, Any]:
    """A case as those on its ground see it: everything but the reporter in clear."""
    reporter = getattr(case, "reporter", None)
    return public_view(case) | {
        "text": case.text,
        "address": case.address,
        "channel": case.channel,
        "point": {"lon": case.point.x, "lat": case.point.y},
        "exact": True,
        "route": {
            "method": case.route_method,
            "distance_m": case.route_distance_m,
            "candidates": case.route_candidates,
            "uncertain": case.route_uncertain,
        },
        "reporter": {"name": reporter.masked_name, "phone": reporter.masked_phone} if reporter else None,
        "photos": [
            {"url": reverse("case-photo", args=[case.number, photo.pk]), "kind": photo.kind}
            for photo in case.photos.all()
        ],
        "whistles": [whistle_view(whistle) for whistle in case.whistles.all()],
        "dispatches": [dispatch_view(it) for it in case.dispatches.all()],
        "assignments": [assignment_view(it) for it in case.assignments.all()],
        "procedures": [procedure_view(it) for it in case.procedures.all()],
        "hard": case.hard,
        "reopened": case.reopened,
        "repeats": case.repeats.number if case.repeats else None,
        "survey": survey_view(answers[0]) if (answers := case.answers.all()) else None,
        "trace": [trace_view(event) for event in case.trace.all()],
        "actions": [{"verb": verb.name, "label": verb.label, "needs": list(verb.needs)} for verb in actions],
    }


def whistle_view(whistle: Whistle) -> dict[str, Any]:
    """A whistle with its two tracks."""
    return {
        "level": whistle.level,
        "level_name": whistle.get_level_display(),
        "tried": whistle.tried,
        "reason": whistle.reason,
        "blown_at": timezone.localtime(whistle.blown_at).isoformat(),
        "filed_at": timezone.localtime(whistle.filed_at).isoformat() if whistle.filed_at else None,
        "sent": {"code": whistle.sent.code, "name": whistle.sent.name} if whistle.sent else None,
        "sent_at": timezone.localtime(whistle.sent_at).isoformat() if whistle.sent_at else None,
    }


def dispatch_view(it: Dispatch) -> dict[str, Any]:
    """A dispatch to an office."""
    return {
        "office": {"code": it.office_id, "name": it.office.name},
        "rule": it.rule,
        "at": timezone.localtime(it.at).isoformat(),
    }


def assignment_view(it: Assignment) -> dict[str, Any]:
    """An order to a unit."""
    return {
        "unit": {"code": it.unit_id, "name": it.unit.name},
        "letter": it.letter.number if it.letter else "",
        "part": it.part,
        "received_at": timezone.localtime(it.received_at).isoformat() if it.received_at else None,
        "arrived_at": timezone.localtime(it.arrived_at).isoformat() if it.arrived_at else None,
        "task": it.task,
        "limit": str(it.limit),
        "ordered_at": timezone.localtime(it.ordered_at).isoformat(),
        "due_at": timezone.localtime(it.due_at).isoformat(),
        "finished_at": timezone.localtime(it.finished_at).isoformat() if it.finished_at else None,
        "redone": it.redone,
        "result": result_view(result) if (result := result_of(it)) is not None else None,
        "withdrawn_at": timezone.localtime(it.withdrawn_at).isoformat() if it.withdrawn_at else None,
    }


def procedure_view(it: Procedure) -> dict[str, Any]:
    """What somebody asked for beside the course of a case, and what was decided."""
    return {
        "id": it.pk,
        "kind": it.kind,
        "kind_name": it.kind_label,
        "stage": it.stage,
        "stage_name": it.get_stage_display(),
        "unit": {"code": it.unit_id, "name": it.unit.name} if it.unit else None,
        "reason": it.reason,
        "reason_name": it.reason_label,
        "text": it.text,
        "asked_at": timezone.localtime(it.asked_at).isoformat(),
        "decide_by": timezone.localtime(it.decide_by).isoformat(),
        "until": timezone.localtime(it.until).isoformat() if it.until else None,
        "decided_at": timezone.localtime(it.decided_at).isoformat() if it.decided_at else None,
        "ruling": it.ruling,
        "department": {"code": it.department_id, "name": it.department.name} if it.department else None,
    }


def result_view(result: Result) -> dict[str, Any]:
    """A result with what it was worked out from."""
    found = result.score
    return {
        "model": result.model_version,
        "system_score": _number(result.system_score),
        "street_score": _number(result.street_score),
        "total": float(result.total),
        "grade": result.grade,
        "grade_name": result.get_grade_display(),
        "flags": result.flags,
        "components": [
            {
                "component": part.component.value,
                "name": str(part.component.label),
                "points": part.points,
                "got": _number(part.got),
                "used_h": part.spent.used if part.spent else None,
                "allowed_h": part.spent.allowed if part.spent else None,
                "exempt": part.component in result.inputs["exempt"],
            }
            for part in found.parts
        ],
        "evidence": result.inputs["evidence"],
        "marks": result.inputs["marks"],
        "satisfaction": list(result.inputs["satisfaction"]),
        "computed_at": timezone.localtime(result.computed_at).isoformat(),
        "appeal_by": timezone.localtime(result.appeal_by).isoformat(),
        "final_at": timezone.localtime(result.final_at).isoformat() if result.final_at else None,
        "appealed_at": timezone.localtime(result.appealed_at).isoformat() if result.appealed_at else None,
        "appeal_reason": result.appeal_reason,
        "decided_at": timezone.localtime(result.decided_at).isoformat() if result.decided_at else None,
        "ruling": result.ruling,
        "ruling_reason": result.ruling_reason,
        "exempt": result.exempt,
    }


def _number(score: Decimal | None) -> float | None:
    return None if score is None else float(score)


def survey_view(answer: SurveyAnswer) -> dict[str, Any]:
    """What a reporter said of a case."""
    return {
        "solved": answer.solved,
        "solved_name": answer.get_solved_display(),
        "satisfaction": answer.satisfaction,
        "satisfaction_name": answer.get_satisfaction_display(),
        "comment": answer.comment,
        "at": timezone.localtime(answer.at).isoformat(),
    }


def trace_view(event: TraceEvent) -> dict[str, Any]:
    """One row of the trace."""
    return {
        "seq": event.seq,
        "at": timezone.localtime(event.at).isoformat(),
        "verb": event.verb,
        "label": verb_label(event.verb),
        "role": event.get_role_display(),
        "actor": _actor(event),
        "from": event.from_state,
        "to": event.to_state,
        "payload": event.payload,
    }


OTHER_DEEDS = {
    "absorb": "并入了另一件",
    "report": "上报",
    "voice": "附议",
    "read_reporter": "查看上报人联系方式",
    "reroute": "划界调整移交",
    "survey": "群众评价",
    "recalculate": "按工作日历重算时限",
}


def verb_label(name: str) -> str:
    """A deed's Chinese name."""
    return VERBS[name].label if name in VERBS else OTHER_DEEDS[name]


def _actor(event: TraceEvent) -> str:
    if event.actor is None:
        return "系统" if event.verb == "reroute" or event.payload.get("automatic") else "群众"
    person = getattr(event.actor, "person", None)
    return person.name if person else event.actor.get_username()


def category_tree(*, at: dt.datetime) -> list[dict[str, Any]]:
    """The tree of categories, two levels, each with when a case reported ``at`` that moment would be due."""
    rows = list(Category.objects.all())
    calendar = calendar_for(at, [row.limit for row in rows])
    shown = {row.code: _category(row, due_at(at, row.limit, calendar)) for row in rows}
    below: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.parent_id:
            below.setdefault(row.parent_id, []).append(shown[row.code])
    return [shown[row.code] | {"children": below.get(row.code, [])} for row in rows if not row.parent_id]


def _category(row: Category, due: dt.datetime) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "icon": row.icon,
        "limit": str(row.limit),
        "due_at": due.isoformat(timespec="seconds"),
        "sensitive": row.sensitive,
    }
