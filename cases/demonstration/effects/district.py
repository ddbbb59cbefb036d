"""What the verbs of the third level write: the letter, receipt, sign-in, the claim."""

from __future__ import annotations

from cases.actions.district import letter_limits, named
from cases.demonstration.effects.doing import Doing
from cases.demonstration.effects.town import assign
from cases.demonstration.paths import Who, limit_given
from cases.demonstration.story import Payload
from cases.models import (
    Assignment,
    CheckIn,
    Letter,
    Whistle,
)
from cases.rules import RULES


def issue(it: Doing, *, urgent: bool = False) -> Payload:
    story, teller = it.story, it.teller
    limit = limit_given(it.deed.verb, story.plot.category.limit)
    lead, assisting = teller.departments(story)
    whistle = Whistle(
        case_id=story.plot.key,
        level=Whistle.Level.DISTRICT,
        tried=story.referred or it.text,
        reason=it.text,
        blown_at=it.at,
        blown_by_id=it.by,
    )
    letter = Letter(
        number=f"吹函〔{it.at:%Y}〕{story.plot.letters[len(story.letters)]:05d}号",
        case_id=story.plot.key,
        task=it.text,
        due_at=teller.due_after(it.at, limit),
        issued_at=it.at,
        issued_by_id=it.by,
        confirmed_by_id=None if urgent else story.actors[Who.PRINCIPAL].user,
        confirm_by=it.at + RULES.ratification if urgent else None,
    )
    if not story.letters:
        teller.beside.whistles.append(whistle)
    for who in (Who.LEAD, Who.ASSISTANT):
        story.actors.pop(who, None)
    teller.beside.letters.append(letter)
    story.letters.append(letter)
    by_when = letter_limits(it.at, teller.due_after, urgent=urgent)
    for who, unit in zip((Who.LEAD, Who.ASSISTANT), (lead, *assisting), strict=False):
        part = Assignment.Part.LEAD if who == Who.LEAD else Assignment.Part.ASSIST
        story.asked[who] = assign(it, unit, limit, letter=letter, part=part, **by_when)
    story.due = letter.due_at
    return {
        "letter": letter.number,
        "level": whistle.level,
        "lead": lead.name,
        "assisting": [unit.name for unit in assisting],
        "limit": str(limit),
        "due_at": letter.due_at.isoformat(),
    } | ({"urgent": True} if urgent else {})


def ratify(it: Doing) -> Payload:
    letter = it.story.letters[-1]
    letter.confirmed_by_id, letter.confirmed_at = it.by, it.at
    return {"letter": letter.number, "late": letter.confirm_by is not None and it.at > letter.confirm_by}


def receive(it: Doing) -> Payload:
    it.asked.received_at = it.at
    return named(it.asked) | ({"automatic": True} if it.deed.who == Who.NOBODY else {})


def sign_in(it: Doing) -> Payload:
    asked, persons = it.asked, it.teller.say("persons", it.story)
    it.teller.beside.check_ins.append(CheckIn(assignment=asked, persons=persons, note=it.text, at=it.at, by_id=it.by))
    asked.received_at = asked.received_at or it.at
    if asked.arrived_at is None:
        asked.arrived_at, asked.arrival_minutes = it.at, it.teller.minutes_worked(asked.ordered_at, it.at)
    return named(asked) | {"persons": persons}


def claim(it: Doing) -> Payload:
    it.asked.finished_at = it.at
    return named(it.asked)
