"""Three years of cases, made up: where people live, clustered so that real hot spots exist, handled as in practice.

Everything drawn at random comes from one seed. Cases are staged by COPY and made by a few statements: routed by the
same rule as reported ones, numbered from the same sequence, dated on the same calendar. What then happens to each is
told along its path (:mod:`cases.demonstration.paths`), and sealed by the same trigger.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from django.db import connection, transaction

from cases.actions.reporting import TRACK_ALPHABET, TRACK_LENGTH
from cases.actions.surveying import SURVEY_DAYS
from cases.demonstration import pictures, statements
from cases.demonstration.drafting import Draft, daytime, draft_of
from cases.demonstration.passages import Passages
from cases.demonstration.paths import ISSUING
from cases.demonstration.people import Offices, People
from cases.demonstration.stories import Teller
from cases.demonstration.story import Plot, World
from cases.demonstration.timing import DAY, Whole
from cases.models import Case, Category, Photo
from cases.models.calendar import calendar_between
from cases.workflow import DONE, State
from gridmap.models import Area

SEED = 4649
# Of 4,649 collected 4,640 are done (R06, R07); other amounts keep the proportion.
ARTICLE_COLLECTED, ARTICLE_OPEN = 4649, 9
ANSWERED = 0.38
ANSWERED_AGAIN = 0.04
STORIES_AT_A_TIME = 20_000


def load(count: int, *, as_of: dt.datetime, fixtures: Path, unfinished: int | None = None) -> None:
    """Add cases of the 36 months before ``as_of``: ``count`` collected, and a few that were merged into them.

    ``unfinished`` of them are not done: open, and from the eighteenth on some refused; by default the article's share.
    """
    if not count:
        return
    if unfinished is None:
        unfinished = max(1, round(count * ARTICLE_OPEN / ARTICLE_COLLECTED))
    random = np.random.default_rng(SEED)
    categories = list(Category.objects.filter(children=None).order_by("code"))
    passages = Passages(fixtures)
    days = dt.timedelta(days=2000), dt.timedelta(days=400)
    calendar = calendar_between(as_of.date() - days[0], as_of.date() + days[1])
    draft = draft_of(count, min(unfinished, count), categories, calendar, as_of, random)
    order = np.argsort(draft.reported, kind="stable")
    with transaction.atomic(), connection.cursor() as cursor:
        kept = pictures.keep_all(categories)
        cursor.execute(statements.STAGE)
        cursor.copy_expert(statements.FILL, _Lines(_rows(draft, order, categories, passages, random)))
        statements.stage_pictures(cursor, kept)
        for statement in statements.SETTLE:
            cursor.execute(statement, {"on": as_of.date()})
        world = World(
            people=People(as_of.date()),
            offices=Offices(fixtures, as_of.date()),
            passages=passages,
            calendar=calendar,
            after={it.category: it.digest for it in kept if it.kind == Photo.Kind.AFTER},
            random=Random(SEED),  # noqa: S311  nothing here is a secret
        )
        _tell(cursor, world, _plots(cursor, draft, order, categories, passages, as_of, random))
        for statement in statements.ENDS:
            cursor.execute(statement)
        cursor.execute("DROP TABLE staged")
        cursor.execute("ANALYZE cases_case, cases_photo, cases_traceevent")


CHANNELS = (
    Case.Channel.PATROL,
    Case.Channel.WEB,
    Case.Channel.WECHAT,
    Case.Channel.HOTLINE,
    Case.Channel.MEETING,
)
CHANNEL_SHARES = (0.55, 0.2, 0.12, 0.1, 0.03)


# ---- written -------------------------------------------------------------------------------------------------------


def _rows(
    draft: Draft, order: Whole, categories: list[Category], passages: Passages, random: np.random.Generator
) -> Iterator[str]:
    """Lines for COPY, in the order of the staged columns."""
    count = len(order)
    ids = random.bytes(16 * count)
    letters = np.array(list(TRACK_ALPHABET))[random.integers(len(TRACK_ALPHABET), size=(count, TRACK_LENGTH))]
    channel = random.choice(len(CHANNELS), count, p=CHANNEL_SHARES)
    for n, case in enumerate(order):
        code = categories[draft.category[case]].code
        state = draft.ways[draft.way[case]].state
        merged = state == State.MERGED  # not before the one it is merged into is there
        yield (
            "\t".join(
                (
                    str(uuid.UUID(bytes=ids[16 * n : 16 * n + 16], version=4)),
                    "".join(letters[n]),
                    code,
                    passages.phrase(code, case)[0],
                    CHANNELS[channel[n]].value,
                    f"{draft.points[case, 0]:.7f}",
                    f"{draft.points[case, 1]:.7f}",
                    (State.REPORTED if merged else state).value,
                    f"{draft.reported[case]:.0f}",
                    f"{draft.due_first[case]:.0f}",
                    f"{draft.due[case]:.0f}",
                    r"\N" if merged or np.isnan(draft.closed[case]) else f"{draft.closed[case]:.0f}",
                    str(draft.voices[case]),
                )
            )
            + "\n"
        )


def _tell(cursor: Any, world: World, plots: Iterator[Plot]) -> None:
    """Write the stories, some thousands at a time: the trace by COPY, then the rows beside."""
    while some := list(itertools.islice(plots, STORIES_AT_A_TIME)):
        teller = Teller(world)
        cursor.copy_expert(statements.TRACED, _Lines(line for plot in some for line in teller.tell(plot)))
        teller.beside.write()


def _plots(
    cursor: Any,
    draft: Draft,
    order: Whole,
    categories: list[Category],
    passages: Passages,
    as_of: dt.datetime,
    random: np.random.Generator,
) -> Iterator[Plot]:
    """What happens to each case, in the order they were reported."""
    cursor.execute(statements.MADE)
    made = dict(zip(order.tolist(), cursor.fetchall(), strict=True))
    letters = _letters(cursor, draft)
    absorbs: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    for case in np.flatnonzero(draft.into >= 0).tolist():
        absorbs[int(draft.into[case])].append((float(draft.moments(case)[-1]), made[case][1]))
    for case, (key, _, area) in made.items():
        category, into = categories[draft.category[case]], int(draft.into[case])
        absorbed = absorbs.get(case, ())
        voices = int(draft.voices[case]) - len(absorbed)
        yield Plot(
            key=key,
            area=area,
            category=category,
            done=passages.phrase(category.code, case)[1],
            due=float(draft.due_first[case]),
            deeds=draft.ways[draft.way[case]].deeds,
            moments=draft.moments(case).tolist(),
            voices=_voices(draft, case, voices, as_of, random) if voices else (),
            answers=_answers(draft, case, as_of, random),
            absorbs=absorbed,
            into=made[into][1] if into >= 0 else "",
            letters=letters[case],
        )


def _letters(cursor: Any, draft: Draft) -> defaultdict[int, list[int]]:
    """The numbers of the letters of each case; all of them are numbered in the order they were issued."""
    issued = [
        (float(moment), case)
        for way in draft.ways
        for column, deed in enumerate(way.deeds)
        if deed.verb in ISSUING
        for case, moment in zip(way.cases.tolist(), way.walk.moments[:, column], strict=True)
    ]
    cursor.execute("SELECT nextval('cases_letter_number') FROM generate_series(1, %s)", [len(issued)])
    found: defaultdict[int, list[int]] = defaultdict(list)
    for (_, case), (number,) in zip(sorted(issued), cursor.fetchall(), strict=True):
        found[case].append(number)
    return found


def _voices(draft: Draft, case: int, count: int, as_of: dt.datetime, random: np.random.Generator) -> list[float]:
    """When others say the same: while it is open."""
    ended = draft.ended[case]
    end = as_of.timestamp() if np.isnan(ended) else ended
    begin, end = draft.reported[case] + 30.0, end - 30.0
    times = np.floor(random.uniform(begin, end, count))
    by_day = daytime(times, random)
    return sorted(np.where((by_day > begin) & (by_day < end), by_day, times).tolist())


def _answers(draft: Draft, case: int, as_of: dt.datetime, random: np.random.Generator) -> list[float]:
    """When the reporter answers the survey: within days, some twice, most never."""
    if draft.ways[draft.way[case]].state not in DONE or random.random() > ANSWERED:
        return []
    closed = draft.closed[case]
    until = min(closed + SURVEY_DAYS * DAY, as_of.timestamp())
    times = np.cumsum(random.exponential(3 * DAY, 2 if random.random() < ANSWERED_AGAIN else 1) + 600.0)
    return [time for time in sorted(daytime(closed + times, random)) if closed < time < until]


class _Lines(io.TextIOBase):
    """Lines from a generator as the file COPY reads."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = ""

    def read(self, size: int | None = -1) -> str:
        parts, length = [self._rest], len(self._rest)
        for line in self._lines:
            parts.append(line)
            length += len(line)
            if size is not None and 0 <= size <= length:
                break
        text = "".join(parts)
        if size is None or size < 0:
            self._rest = ""
            return text
        self._rest = text[size:]
        return text[:size]


def summary() -> str:
    """One line about what is loaded."""
    return f"{Case.objects.count()} 件事项,{Case.objects.open().count()} 件未结;{Area.objects.count()} 个区域"
