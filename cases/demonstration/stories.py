"""A case walked along its path: what the actions would write of it, as lines of the trace and rows beside.

In memory, for speed; the tests take the same deeds through the actions and find the same rows.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cases.actions.assessing import APPEAL, worked_out
from cases.actions.district import named
from cases.assessment import Record
from cases.deadlines import SHANGHAI, Limit, WorkingCalendar, due_at, halved, resumed
from cases.demonstration.passages import Passages
from cases.demonstration.paths import FAIL, Deed, Deeds, Who, extension_of, limit_given
from cases.demonstration.people import DISTRICT_DIGITS, TOWN_DIGITS, Actor, Answering, Offices, People
from cases.models import (
    Assignment,
    Category,
    CheckIn,
    Dispatch,
    Letter,
    Procedure,
    Result,
    SurveyAnswer,
    TraceEvent,
    Verification,
    Voice,
    Whistle,
)
from cases.rules import RULES
from cases.scoring import CURRENT, RUBRIC, Marks
from cases.workflow import DONE, REASONS, VERBS, Kind, Stage, State, after
from gridmap.models import Organisation
from gridmap.roles import Role

Payload = dict[str, object]
# How reporters answer the survey, of a hundred who do: solved, satisfaction, and which comment.
OPINIONS = (
    (46, "yes", 5, "survey_good"),
    (34, "yes", 4, "survey_good"),
    (9, "yes", 3, "survey_fair"),
    (6, "partly", 3, "survey_fair"),
    (3, "partly", 2, "survey_poor"),
    (2, "no", 1, "survey_poor"),
)
COMMENTED = 0.4
# Until when what is suspended is looked at again: later than it is taken up.
REVIEW = dt.timedelta(days=60)
# The order goes to the office that briefed; one in five to another of the town.
TO_ANOTHER = 0.2


@dataclass(frozen=True)
class Plot:
    """A case as it was written, and what happens to it: its deeds at their moments (seconds since the epoch).

    ``voices`` and ``answers``: when somebody says the same, and when the survey is answered. ``absorbs``: the numbers
    of the cases merged into it, by moment. ``into``: the number of the case it is merged into, "" for none. ``letters``:
    the numbers of its letters in the sequence of all.
    """

    key: int
    area: str
    category: Category
    done: str
    due: float
    deeds: Deeds
    moments: Sequence[float]
    voices: Sequence[float] = ()
    answers: Sequence[float] = ()
    absorbs: Sequence[tuple[float, str]] = ()
    into: str = ""
    letters: Sequence[int] = ()


@dataclass
class Beside:
    """Rows of other tables, in the order they are to be written."""

    whistles: list[Whistle] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    check_ins: list[CheckIn] = field(default_factory=list)
    procedures: list[Procedure] = field(default_factory=list)
    verifications: list[Verification] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    voices: list[Voice] = field(default_factory=list)
    answers: list[SurveyAnswer] = field(default_factory=list)

    def write(self) -> None:
        """Write all of them; who refers to another comes after it."""
        Whistle.objects.bulk_create(self.whistles, batch_size=1000)
        Dispatch.objects.bulk_create(self.dispatches, batch_size=1000)
        Letter.objects.bulk_create(self.letters, batch_size=1000)
        Assignment.objects.bulk_create(self.assignments, batch_size=1000)
        CheckIn.objects.bulk_create(self.check_ins, batch_size=1000)
        Procedure.objects.bulk_create(self.procedures, batch_size=1000)
        Verification.objects.bulk_create(self.verifications, batch_size=1000)
        Result.objects.bulk_create(self.results, batch_size=1000)
        Voice.objects.bulk_create(self.voices, batch_size=1000)
        SurveyAnswer.objects.bulk_create(self.answers, batch_size=1000)


@dataclass
class Story:
    """A case while it is told: where it stands, and the rows it has by now.

    ``deeds``: those since a letter was sent, as its score reads them; ``marks``: what the office gave last.
    ``procedures``: what was asked for beside the course.
    """

    plot: Plot
    due: dt.datetime
    state: State = State.REPORTED
    tracks: set[str] = field(default_factory=set)
    voices: int = 0
    actors: dict[Who, Actor] = field(default_factory=dict)
    whistle: Whistle | None = None
    dispatch: Dispatch | None = None
    ordered: Assignment | None = None
    asked: dict[Who, Assignment] = field(default_factory=dict)
    opinion: tuple[str, int, str] | None = None
    letters: list[Letter] = field(default_factory=list)
    procedures: list[Procedure] = field(default_factory=list)
    referred: str = ""
    deeds: list[TraceEvent] = field(default_factory=list)
    marks: Marks | None = None
    closed_at: dt.datetime | None = None

    @property
    def town(self) -> str:
        """The code of its town."""
        return self.plot.area[:TOWN_DIGITS]


@dataclass(frozen=True)
class World:
    """What all stories share; ``after`` is the digest of the picture of afterwards by group of categories."""

    people: People
    offices: Offices
    passages: Passages
    calendar: WorkingCalendar
    after: Mapping[str, str]
    random: Random


class Teller:
    """Tells stories one after the other; the rows beside collect in ``beside``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self.beside = Beside()

    def tell(self, plot: Plot) -> Iterator[str]:
        """The lines of the trace after the report, in the order of time, for COPY into :data:`statements.TRACED`."""
        story = Story(plot, dt.datetime.fromtimestamp(plot.due, SHANGHAI))
        # Of what falls on one second the deed comes last: nobody speaks about what has ended.
        happens: list[tuple[float, int, Callable[[Story, dt.datetime], str]]] = [
            *((moment, 0, self._voice) for moment in plot.voices),
            *((moment, 1, self._absorb(number)) for moment, number in plot.absorbs),
            *((moment, 2, self._deed(deed)) for moment, deed in zip(plot.moments, plot.deeds, strict=True)),
            *((moment, 3, self._answer) for moment in plot.answers),
        ]
        if len(happens) > len(plot.deeds):
            happens.sort(key=lambda it: it[:2])
        for moment, _, happening in happens:
            yield happening(story, dt.datetime.fromtimestamp(moment, SHANGHAI))

    # ---- what people other than those in post do -----------------------------------------------------------------

    def _voice(self, story: Story, at: dt.datetime) -> str:
        story.voices += 1
        text = self.say("voice", story) if self._random.random() < COMMENTED else ""
        client_id = uuid.UUID(int=self._random.getrandbits(128), version=4)
        self.beside.voices.append(Voice(case_id=story.plot.key, client_id=client_id, at=at, text=text))
        return _line(story, at, None, "", "voice", story.state, {"voices": story.voices})

    def _absorb(self, number: str) -> Callable[[Story, dt.datetime], str]:
        def happen(story: Story, at: dt.datetime) -> str:
            story.voices += 1
            payload: Payload = {"merged": number, "voices": story.voices}
            return _line(story, at, self._actor(Who.CLERK, story).user, "", "absorb", story.state, payload)

        return happen

    def _answer(self, story: Story, at: dt.datetime) -> str:
        said = self._opinion(story)
        while said == story.opinion:
            said = self._opinion(story)  # the same again would change nothing
        story.opinion = solved, satisfaction, comment = said
        self.beside.answers.append(
            SurveyAnswer(case_id=story.plot.key, at=at, solved=solved, satisfaction=satisfaction, comment=comment)
        )
        payload: Payload = {"solved": solved, "satisfaction": satisfaction}
        return _line(story, at, None, "", "survey", story.state, payload)

    def _opinion(self, story: Story) -> tuple[str, int, str]:
        _, solved, satisfaction, occasion = self._random.choices(OPINIONS, [it[0] for it in OPINIONS])[0]
        return solved, satisfaction, self.say(occasion, story) if self._random.random() < COMMENTED else ""

    # ---- what is done in office ----------------------------------------------------------------------------------

    def _deed(self, deed: Deed) -> Callable[[Story, dt.datetime], str]:
        return lambda story, at: self._use(deed, story, at)

    def _use(self, deed: Deed, story: Story, at: dt.datetime) -> str:
        verb, before = VERBS[deed.verb], story.state
        actor = None if deed.who == Who.NOBODY else self._actor(deed.who, story)
        role = self._world.people.role_used(actor, verb.roles, story.plot.area) if actor else ""
        payload = self._said_with(deed, story)
        doing = Doing(self, story, deed, actor, at, str(payload.get("text", "")))
        if verb.procedure:
            payload |= _decide(doing) if verb.stages else _ask(doing)
        if deed.verb in EFFECTS:
            payload |= EFFECTS[deed.verb](doing)
        story.state = after(verb, before, story.tracks, lead=deed.concerns_lead, told=deed.told)
        if verb.beside:
            story.tracks.add(verb.name)
        if story.asked:
            story.deeds.append(TraceEvent(at=at, verb=verb.name, payload=payload))
        if story.state in DONE:
            story.closed_at = story.closed_at or at
        return _line(story, at, actor.user if actor else None, role, verb.name, before, payload)

    def _said_with(self, deed: Deed, story: Story) -> Payload:
        verb = VERBS[deed.verb]
        text = story.plot.done if verb.name == "resolve" else self.say(verb.name, story)
        payload: Payload = {"text": text} if text else {}
        if "photo" in verb.needs:
            payload["photos"] = [self._world.after[story.plot.category.code[:2]]]
        return payload

    def say(self, occasion: str, story: Story) -> str:
        """Something said on an occasion about this case."""
        return self._world.passages.say(occasion, story.plot.category.code, self._random)

    # ---- who ------------------------------------------------------------------------------------------------------

    def _actor(self, who: Who, story: Story) -> Actor:
        """Whoever it is in this story: always the same one."""
        if who not in story.actors:
            story.actors[who] = self._chosen(self._world.people.of(*_post(who, story)), story)
        return story.actors[who]

    def _chosen(self, among: list[Actor], story: Story) -> Actor:
        # By the grid, so that two cases which are one matter meet the same clerk.
        return among[int(story.plot.area[-3:]) % len(among)]

    def answering(self, story: Story) -> Answering:
        """The office the first rule names."""
        found = self._world.offices.answering(story.plot.category.code, story.town)
        if not found:
            raise LookupError(f"{story.town} 没有承接 {story.plot.category} 的职能机构 (no office answers)")
        return found[0]

    def envoy(self, story: Story) -> Actor:
        """Choose whom the centre sends."""
        story.actors[Who.ENVOY] = self._random.choice(self._world.people.of(Role.OFFICE_STAFF, story.town))
        return story.actors[Who.ENVOY]

    def unit(self, story: Story) -> Organisation:
        """Choose whom the leader orders."""
        own = self.answering(story).office
        others = self._world.offices.of_town(story.town)
        return self._random.choice(others) if self._random.random() < TO_ANOTHER else own

    def departments(self, story: Story) -> tuple[Organisation, list[Organisation]]:
        """Whom a letter asks: the lead, and those that assist where the path has any.

        Whoever was asked before, and is no longer, is not asked again.
        """
        first, others = self._world.offices.departments(story.plot.category.code)
        lead, *assisting = (first, *others)[len(story.letters) :]
        several = any(not deed.concerns_lead for deed in story.plot.deeds)
        return lead, assisting[:1] if several else []

    def own_powers(self, story: Story) -> list[str]:
        """Powers over it that its town has itself."""
        return self._world.offices.own_powers(story.plot.category.code, story.town)

    def reason(self, verb: str) -> str:
        """One of the reasons a verb can have."""
        return self._random.choice(list(REASONS[verb]))

    def marks(self) -> Marks:
        """What the office thinks of a department's work: mostly well of it."""
        return Marks(*self._random.choices(range(2, 6), (1, 4, 8, 7), k=len(RUBRIC)))

    def due_after(self, at: dt.datetime, limit: Limit) -> dt.datetime:
        """When a limit runs out."""
        return due_at(at, limit, self._world.calendar)

    def due_when_resumed(self, asked: Assignment, paused: dt.datetime, end: dt.datetime) -> dt.datetime:
        """When what was suspended between two moments runs out."""
        return resumed(asked.due_at, paused, end, asked.limit.unit, self._world.calendar)

    def record(self, story: Story, closed_at: dt.datetime) -> Record:
        """What its score is worked out from."""
        satisfaction = [story.opinion[1]] if story.opinion else []
        return Record(story.deeds, (), satisfaction, self._world.calendar, closed_at)


def _post(who: Who, story: Story) -> tuple[Role, str]:
    """The role and the place of whoever acts."""
    area, town = story.plot.area, story.town
    match who:
        case Who.WORKER:
            return Role.GRID_WORKER, area
        case Who.CHIEF:
            return Role.GRID_CHIEF, area[:12]
        case Who.CLERK:
            return Role.CENTRE_CLERK, town
        case Who.LEADER:
            return Role.LEADER_IN_CHARGE, town
        case Who.PRINCIPAL:
            return Role.PRINCIPAL_LEADER, town
        case Who.DISTRICT:
            return Role.DISTRICT_CENTRE_STAFF, area[:DISTRICT_DIGITS]
        case Who.OFFICE:
            return Role.OFFICE_STAFF, _there(story.dispatch).office_id
        case Who.UNIT:
            return Role.OFFICE_STAFF, _there(story.ordered).unit_id
        case Who.LEAD | Who.ASSISTANT:
            return Role.DEPARTMENT_STAFF, story.asked[who].unit_id
    raise LookupError(f"nobody has been chosen as {who}")


@dataclass(frozen=True)
class Doing:
    """A deed being done: all that its effect may want to know."""

    teller: Teller
    story: Story
    deed: Deed
    actor: Actor | None
    at: dt.datetime
    text: str

    @property
    def by(self) -> int:
        """The user who acts."""
        return int(_there(self.actor).user)

    @property
    def procedure(self) -> Procedure:
        """What it decides: what was asked for last."""
        return self.story.procedures[-1]

    @property
    def asked(self) -> Assignment:
        """What the letter asked of the department it is about."""
        return self.story.asked[Who.LEAD if self.deed.concerns_lead else Who.ASSISTANT]


def _there(row: Any) -> Any:
    if row is None:
        raise LookupError("a path uses what it has not made yet")
    return row


def _whistle(it: Doing) -> Payload:
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


def _file(it: Doing) -> Payload:
    _there(it.story.whistle).filed_at = it.at
    return {}


def _send(it: Doing) -> Payload:
    whistle, envoy = _there(it.story.whistle), it.teller.envoy(it.story)
    whistle.sent_id, whistle.sent_at = envoy.code, it.at
    return {"person": envoy.code, "person_name": envoy.name}


def _dispatch(it: Doing) -> Payload:
    found = it.teller.answering(it.story)
    it.story.dispatch = Dispatch(case_id=it.story.plot.key, office=found.office, rule=found.rule, at=it.at, by_id=it.by)
    it.teller.beside.dispatches.append(it.story.dispatch)
    return {"office": found.office.code, "office_name": found.office.name, "rule": found.rule}


def _assign(it: Doing, unit: Organisation, limit: Limit, **more: Any) -> Assignment:
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


def _order(it: Doing) -> Payload:
    unit, limit = it.teller.unit(it.story), limit_given("order", it.story.plot.category.limit)
    it.story.ordered = _assign(it, unit, limit)
    was, it.story.due = it.story.due, it.story.ordered.due_at
    return {
        "unit": unit.code,
        "unit_name": unit.name,
        "limit": str(limit),
        "due_at": it.story.due.isoformat(),
        "due_before": was.isoformat(),
    }


def _finish(it: Doing) -> Payload:
    _there(it.story.ordered).finished_at = it.at
    return {}


def _again(it: Doing, assignment: Assignment) -> Payload:
    limit = halved(assignment.limit)
    assignment.due_at, assignment.finished_at = it.teller.due_after(it.at, limit), None
    assignment.redone, assignment.redone_at = assignment.redone + 1, it.at
    it.story.due = assignment.due_at
    return {"unit_name": assignment.unit.name, "limit": str(limit), "due_at": assignment.due_at.isoformat()}


def _refer(it: Doing) -> Payload:
    it.story.referred = it.text
    return {}


def _apply(it: Doing) -> Payload:
    powers = it.teller.own_powers(it.story)
    return {"own_powers": powers, "own_power": it.teller.say("own_power", it.story)} if powers else {}


def _issue(it: Doing, *, urgent: bool = False) -> Payload:
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
    by_when = _emergency_limits(it) if urgent else _letter_limits(it)
    for who, unit in zip((Who.LEAD, Who.ASSISTANT), (lead, *assisting), strict=False):
        part = Assignment.Part.LEAD if who == Who.LEAD else Assignment.Part.ASSIST
        story.asked[who] = _assign(it, unit, limit, letter=letter, part=part, **by_when)
    story.due = letter.due_at
    return {
        "letter": letter.number,
        "level": whistle.level,
        "lead": lead.name,
        "assisting": [unit.name for unit in assisting],
        "limit": str(limit),
        "due_at": letter.due_at.isoformat(),
    } | ({"urgent": True} if urgent else {})


def _letter_limits(it: Doing) -> dict[str, dt.datetime]:
    limits = {"receive_by": RULES.receipt, "return_by": RULES.returning, "arrive_by": RULES.arrival}
    return {name: it.teller.due_after(it.at, given) for name, given in limits.items()}


def _emergency_limits(it: Doing) -> dict[str, dt.datetime]:
    receive_by = it.at + RULES.emergency_receipt
    return {"receive_by": receive_by, "return_by": receive_by, "arrive_by": it.at + RULES.emergency_arrival}


def _ratify(it: Doing) -> Payload:
    letter = it.story.letters[-1]
    letter.confirmed_by_id, letter.confirmed_at = it.by, it.at
    return {"letter": letter.number, "late": letter.confirm_by is not None and it.at > letter.confirm_by}


def _receive(it: Doing) -> Payload:
    it.asked.received_at = it.at
    return named(it.asked) | ({"automatic": True} if it.deed.who == Who.NOBODY else {})


def _sign_in(it: Doing) -> Payload:
    asked, persons = it.asked, it.teller.say("persons", it.story)
    it.teller.beside.check_ins.append(CheckIn(assignment=asked, persons=persons, note=it.text, at=it.at, by_id=it.by))
    asked.received_at = asked.received_at or it.at
    asked.arrived_at = asked.arrived_at or it.at
    return named(asked) | {"persons": persons}


def _claim(it: Doing) -> Payload:
    it.asked.finished_at = it.at
    return named(it.asked)


def _certify(it: Doing) -> Payload:
    marks = it.story.marks = it.teller.marks()
    rows = [
        Verification(assignment=asked, own=asked.is_lead, text=it.text, at=it.at, by_id=it.by, **vars(marks))
        for asked in it.story.asked.values()
    ]
    it.teller.beside.verifications += rows
    return {"marks": [named(row.assignment) | {"own": row.own} | vars(marks) for row in rows]}


def _evaluate(it: Doing) -> Payload:
    record = it.teller.record(it.story, _there(it.story.closed_at))
    appeal_by, told = it.teller.due_after(it.at, APPEAL), []
    for asked in it.story.asked.values():
        row, said = worked_out(asked, record, it.story.marks, appeal_by=appeal_by, at=it.at)
        it.teller.beside.results.append(row)
        told.append(said)
    return {"results": told, "model": CURRENT.version}


def _reopen(it: Doing) -> Payload:
    story, reason, limit = it.story, it.teller.reason("reopen"), halved(it.story.plot.category.limit)
    closed_at, story.closed_at = _there(story.closed_at), None
    story.due = it.teller.due_after(it.at, limit)
    return {
        "reason": REASONS["reopen"][reason],
        "was_closed_at": closed_at.isoformat(),
        "limit": str(limit),
        "due_at": story.due.isoformat(),
    }


def _ask(it: Doing) -> Payload:
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


def _decide(it: Doing) -> Payload:
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


def _rule(it: Doing) -> Payload:
    unit, _ = it.teller.departments(it.story)  # the next, since the first has its letter
    it.procedure.department = unit
    return {"ruled": unit.name, "withdrawn": _withdraw(it)}


def _grant_suspension(it: Doing) -> Payload:
    asked = it.procedure
    asked.resumes, asked.due_before = it.story.state.value, it.story.due
    return {"until": _there(asked.until).isoformat()}


def _resume(it: Doing) -> Payload:
    paused = _there(it.procedure.decided_at)
    for asked in it.story.asked.values():
        asked.due_at = it.teller.due_when_resumed(asked, paused, it.at)
    it.story.due = it.procedure.due_after = it.story.asked[Who.LEAD].due_at
    return {"due_at": it.story.due.isoformat()}


def _take_back(it: Doing) -> Payload:
    withdrawn = _withdraw(it)
    hops = sum(asked.kind == Kind.RETURN and asked.stage == Stage.GRANTED for asked in it.story.procedures)
    return {"withdrawn": withdrawn, "hops": hops}


def _withdraw(it: Doing) -> list[str]:
    """Ask nobody any more; gives the names of the departments."""
    asked, it.story.asked = list(it.story.asked.values()), {}
    for assignment in asked:
        assignment.withdrawn_at = it.at
    return [assignment.unit.name for assignment in asked]


def _grant_extension(it: Doing) -> Payload:
    asked, own, more = it.procedure, it.asked, extension_of(it.asked.limit)
    asked.due_before, own.due_at = own.due_at, it.teller.due_after(own.due_at, more)
    asked.due_after = it.story.due = own.due_at
    return {"limit": str(more), "due_at": own.due_at.isoformat()}


# What a verb writes beside state and trace, as the effects of ``cases.actions.handling`` do.
EFFECTS: dict[str, Callable[[Doing], Payload]] = {
    "whistle": _whistle,
    "file": _file,
    "send": _send,
    "dispatch": _dispatch,
    "order": _order,
    "finish": _finish,
    "redo": lambda it: _again(it, _there(it.story.ordered)),
    "refer": _refer,
    "apply": _apply,
    "issue": _issue,
    "issue_at_once": lambda it: _issue(it, urgent=True),
    "ratify": _ratify,
    "receive": _receive,
    "sign_in": _sign_in,
    "handle": lambda it: named(it.asked),
    "claim": _claim,
    "certify": _certify,
    "evaluate": _evaluate,
    "grant_extension": _grant_extension,
    "grant_suspension": _grant_suspension,
    "resume": _resume,
    "rule": _rule,
    "take_back": _take_back,
    "reopen": _reopen,
    FAIL: lambda it: _again(it, it.story.asked[Who.LEAD]),
    "merge": lambda it: {"into": it.story.plot.into},
}


def _line(
    story: Story, at: dt.datetime, actor: int | None, role: str, verb: str, before: State, payload: Payload
) -> str:
    written = json.dumps(payload, ensure_ascii=False).replace("\\", "\\\\")
    who = r"\N" if actor is None else str(actor)
    return (
        "\t".join(
            (
                str(story.plot.key),
                "0",
                at.isoformat(),
                who,
                role,
                verb,
                before.value,
                story.state.value,
                written,
                "",
                "",
            )
        )
        + "\n"
    )
