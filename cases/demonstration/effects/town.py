"""What the verbs of the second level write: the whistle, its tracks, the dispatch, the order, the application."""

from __future__ import annotations

from typing import Any

from cases.deadlines import Limit, halved
from cases.demonstration.effects.doing import Doing
from cases.demonstration.paths import limit_given
from cases.demonstration.story import Payload, there
from cases.models import (
    Assignment,
    Dispatch,
    Whistle,
)
from gridmap.models import Organisation


def whistle(it: Doing) -> Payload:
    tried = it.teller.say("tried", it.story)
    it.story.whistle = Whistle(
        case_id=it.story.plot.key,
        level=Whistle.Level.TOWN,
        tried=tried,
        reason=it.text,
        blown_at=it.at,
        blown_by_id=it.by,
    )
    it.teller.beside.whistles.append(it.story.whistle)
    return {"level": Whistle.Level.TOWN.value, "tried": tried}


def put_on_file(it: Doing) -> Payload:
    there(it.story.whistle).filed_at = it.at
    return {}


def send(it: Doing) -> Payload:
    blown, envoy = there(it.story.whistle), it.teller.envoy(it.story)
    blown.sent_id, blown.sent_at = envoy.code, it.at
    return {"person": envoy.code, "person_name": envoy.name}


def dispatch(it: Doing) -> Payload:
    found = it.teller.answering(it.story)
    it.story.dispatch = Dispatch(case_id=it.story.plot.key, office=found.office, rule=found.rule, at=it.at, by_id=it.by)
    it.teller.beside.dispatches.append(it.story.dispatch)
    return {"office": found.office.code, "office_name": found.office.name, "rule": found.rule}


def assign(it: Doing, unit: Organisation, limit: Limit, **more: Any) -> Assignment:
    assignment = Assignment(
        case_id=it.story.plot.key,
        unit=unit,
        task=it.text,
        limit_amount=limit.amount,
        limit_unit=limit.unit,
        ordered_at=it.at,
        ordered_by_id=it.by,
        due_at=it.teller.due_after(it.at, limit),
        **more,
    )
    it.teller.beside.assignments.append(assignment)
    return assignment


def order(it: Doing) -> Payload:
    unit, limit = it.teller.unit(it.story), limit_given("order", it.story.plot.category.limit)
    it.story.ordered = assign(it, unit, limit)
    was, it.story.due = it.story.due, it.story.ordered.due_at
    return {
        "unit": unit.code,
        "unit_name": unit.name,
        "limit": str(limit),
        "due_at": it.story.due.isoformat(),
        "due_before": was.isoformat(),
    }


def finish(it: Doing) -> Payload:
    there(it.story.ordered).finished_at = it.at
    return {}


def again(it: Doing, assignment: Assignment) -> Payload:
    limit = halved(assignment.limit)
    assignment.due_at, assignment.finished_at = it.teller.due_after(it.at, limit), None
    assignment.redone, assignment.redone_at = assignment.redone + 1, it.at
    it.story.due = assignment.due_at
    return {"unit_name": assignment.unit.name, "limit": str(limit), "due_at": assignment.due_at.isoformat()}


def refer(it: Doing) -> Payload:
    it.story.referred = it.text
    return {}


def apply(it: Doing) -> Payload:
    powers = it.teller.own_powers(it.story)
    return {"own_powers": powers, "own_power": it.teller.say("own_power", it.story)} if powers else {}
