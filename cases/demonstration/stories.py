"""A case walked along its path: what the actions would write of it, as lines of the trace and rows beside.

In memory, for speed; the tests take the same deeds through the actions and find the same rows.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator

from cases.assessment import Record
from cases.deadlines import SHANGHAI, Limit, due_at, resumed, worked_between
from cases.demonstration.effects import EFFECTS, ask, decide
from cases.demonstration.effects.doing import Doing
from cases.demonstration.paths import Deed, Who
from cases.demonstration.people import DISTRICT_DIGITS, Actor, Answering
from cases.demonstration.story import Beside, Payload, Plot, Story, World, there
from cases.models import (
    Assignment,
    SurveyAnswer,
    TraceEvent,
    Voice,
)
from cases.scoring import RUBRIC, Marks
from cases.workflow import DONE, REASONS, VERBS, State, after
from gridmap.models import Organisation
from gridmap.roles import Role

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


# The order goes to the office that briefed; one in five to another of the town.
TO_ANOTHER = 0.2


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
            payload |= decide(doing) if verb.stages else ask(doing)
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

    def minutes_worked(self, start: dt.datetime, end: dt.datetime) -> int:
        """Whole minutes of working time between two moments."""
        return worked_between(start, end, self._world.calendar) // dt.timedelta(minutes=1)

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
            return Role.OFFICE_STAFF, there(story.dispatch).office_id
        case Who.UNIT:
            return Role.OFFICE_STAFF, there(story.ordered).unit_id
        case Who.LEAD | Who.ASSISTANT:
            return Role.DEPARTMENT_STAFF, story.asked[who].unit_id
    raise LookupError(f"nobody has been chosen as {who}")


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
