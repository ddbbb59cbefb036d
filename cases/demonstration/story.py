"""A case while it is told: as it was written, where it stands, and the rows it has by now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cases.deadlines import WorkingCalendar
from cases.demonstration.passages import Passages
from cases.demonstration.paths import Deeds, Who
from cases.demonstration.people import TOWN_DIGITS, Actor, Offices, People
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
from cases.scoring import Marks
from cases.workflow import State

Payload = dict[str, object]


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


def there(row: Any) -> Any:
    """What a path must have made by now; raises LookupError where it has not."""
    if row is None:
        raise LookupError("a path uses what it has not made yet")
    return row
