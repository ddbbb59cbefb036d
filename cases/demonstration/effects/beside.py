"""What asking and deciding beside the course write, as :mod:`cases.actions.asking` does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from cases.deadlines import SHANGHAI
from cases.demonstration.effects.doing import Doing
from cases.demonstration.paths import Who, extension_of
from cases.demonstration.story import Payload, there
from cases.models import (
    Procedure,
)
from cases.rules import RULES
from cases.workflow import REASONS, VERBS, Kind, Stage

# Until when what is suspended is looked at again: later than it is taken up.
REVIEW = dt.timedelta(days=60)


def ask(it: Doing) -> Payload:
    """Ask for something beside the course, as ``cases.actions.asking`` does."""
    verb = it.deed.verb
    kind, reason = Kind(str(VERBS[verb].procedure)), it.teller.reason(verb)
    asked = Procedure(
        case_id=it.story.plot.key,
        assignment=None if kind == Kind.DISPUTE else it.asked,
        unit=it.asked.unit,
        kind=kind,
        reason=reason,
        text=it.text,
        asked_at=it.at,
        asked_by_id=it.by,
        decide_by=it.teller.due_after(it.at, RULES.decisions[kind]),
    )
    it.story.procedures.append(asked)
    it.teller.beside.procedures.append(asked)
    told: Payload = {"reason": REASONS[verb][reason], "procedure": kind.label, "decide_by": asked.decide_by.isoformat()}
    return told | (ASKING[verb](it, asked) if verb in ASKING else {})


def _more(it: Doing, asked: Procedure) -> Payload:
    more = extension_of(it.asked.limit)
    asked.limit_amount = more.amount
    return {"limit": str(more)}


def _until(it: Doing, asked: Procedure) -> Payload:
    day = (it.at + REVIEW).date()
    asked.until = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), SHANGHAI)
    return {"until": day.isoformat()}


# What some ask for beside a reason.
ASKING: dict[str, Callable[[Doing, Procedure], Payload]] = {"extend": _more, "suspend": _until}


def decide(it: Doing) -> Payload:
    """Carry on what was asked for."""
    asked, stage = it.procedure, VERBS[it.deed.verb].stage
    asked.stage = stage or asked.stage
    if stage == Stage.OVER:
        asked.ended_at = it.at
        return {"procedure": asked.kind_label}
    if stage == Stage.SUPPORTED:
        asked.supported_at, asked.supported_by_id = it.at, it.by
    else:
        asked.decided_at, asked.decided_by_id, asked.ruling = it.at, it.by, it.text
    return {"procedure": asked.kind_label, "asked_by": asked.unit.name if asked.unit else ""}


def rule(it: Doing) -> Payload:
    unit, _ = it.teller.departments(it.story)  # the next, since the first has its letter
    it.procedure.department = unit
    return {"ruled": unit.name, "withdrawn": _withdraw(it)}


def grant_suspension(it: Doing) -> Payload:
    asked = it.procedure
    asked.resumes, asked.due_before = it.story.state.value, it.story.due
    return {"until": there(asked.until).isoformat()}


def resume(it: Doing) -> Payload:
    paused = there(it.procedure.decided_at)
    for asked in it.story.asked.values():
        asked.due_at = it.teller.due_when_resumed(asked, paused, it.at)
    it.story.due = it.procedure.due_after = it.story.asked[Who.LEAD].due_at
    return {"due_at": it.story.due.isoformat()}


def take_back(it: Doing) -> Payload:
    withdrawn = _withdraw(it)
    hops = sum(asked.kind == Kind.RETURN and asked.stage == Stage.GRANTED for asked in it.story.procedures)
    return {"withdrawn": withdrawn, "hops": hops}


def _withdraw(it: Doing) -> list[str]:
    """Ask nobody any more; gives the names of the departments."""
    asked, it.story.asked = list(it.story.asked.values()), {}
    for assignment in asked:
        assignment.withdrawn_at = it.at
    return [assignment.unit.name for assignment in asked]


def grant_extension(it: Doing) -> Payload:
    asked, own, more = it.procedure, it.asked, extension_of(it.asked.limit)
    asked.due_before, own.due_at = own.due_at, it.teller.due_after(own.due_at, more)
    asked.due_after = it.story.due = own.due_at
    return {"limit": str(more), "due_at": own.due_at.isoformat()}
