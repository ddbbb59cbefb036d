"""What waits on somebody's desk: the open cases of their ground, by deadline, and whose turn it is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cases.course import Course, courses_of, usable
from cases.models import Case
from cases.workflow import VERBS, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.models import Area, Organisation
from gridmap.roles import Role

MAX_ROWS = 200
# A button says what was done; a desk says what is to be done.
TURN_WORDS = {
    "resolve": "处置到位",
    "settle": "到社区协调解决",
    "finish": "办理到位",
    "take_back": "决定退单",
    "minute": "登记会商纪要",
    "grant_extension": "决定延期",
    "support_suspension": "决定挂账",
    "grant_suspension": "决定挂账",
}
NO_COURSE = Course()


@dataclass(frozen=True)
class Post:
    """A role somebody holds, and the names of where."""

    role: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """An open case; ``turn`` is what this person may do next, empty where others are to act."""

    case: Case
    overdue: bool
    left: str
    turn: str


@dataclass(frozen=True)
class Desk:
    """Open cases by deadline, at most :data:`MAX_ROWS` of them, and the counts of all."""

    rows: list[Row]
    total: int
    overdue: int

    @property
    def mine(self) -> int:
        """How many of the rows shown wait for this person."""
        return sum(bool(row.turn) for row in self.rows)


def desk_of(standing: Standing, *, user_id: int | None, now: dt.datetime) -> Desk:
    """The desk of somebody with this standing at this moment."""
    waiting = Case.objects.open().visible_to(standing)
    cases = list(waiting.select_related("category", "current_area").order_by("due_at", "id")[:MAX_ROWS])
    courses = courses_of(cases)
    rows = [
        Row(
            case=case,
            overdue=case.is_overdue(now),
            left=time_left(case.due_at, now),
            turn=_turn(usable(case, courses[case.pk], standing, user_id, at=now)),
        )
        for case in cases
    ]
    total = waiting.count() if len(rows) == MAX_ROWS else len(rows)
    return Desk(rows, total=total, overdue=waiting.overdue(now).count())


def ways_on(state: State, tracks: Collection[str] = ()) -> list[Verb]:
    """The verbs that ordinarily carry a case on from a state, in the order of the table; none from an end."""
    return [verb for verb in VERBS.values() if allowed(verb, state, tracks) and verb.carries_on]


def _turn(mine: Iterable[Verb]) -> str:
    """What somebody is waited for to do, of what they may do, what others asked for first; empty when it is for others."""
    mine = list(mine)
    ordinary = (verb for verb in mine if verb.carries_on)
    verb = next((verb for verb in mine if verb.decides), None) or next(ordinary, None)
    return TURN_WORDS.get(verb.name, verb.label) if verb else ""


def time_left(due_at: dt.datetime, now: dt.datetime) -> str:
    """The time to a limit or past it, in words, rounded towards less time."""
    seconds = (due_at - now).total_seconds()
    if seconds >= 0:
        return f"还剩 {_span(seconds, up=False)}"
    return f"已超期 {_span(-seconds, up=True)}"


def _span(seconds: float, *, up: bool) -> str:
    hours = seconds / 3600
    for amount, unit, enough in ((hours / 24, "天", 2), (hours, "小时", 1)):
        if amount >= enough:
            return f"{math.ceil(amount) if up else math.floor(amount)} {unit}"
    minutes = seconds / 60
    return f"{math.ceil(minutes) if up else math.floor(minutes)} 分钟"


def waits_for(state: State, mine: Iterable[Verb] = (), course: Course = NO_COURSE) -> dict[str, object] | None:
    """The ordinary way on from a state, who goes it, and whether it is among ``mine``; None from an end."""
    ways = ways_on(state, course.tracks)
    if not ways:
        return None
    mine = list(mine)
    verb = next((way for way in ways if way in mine), ways[0])
    return {
        "verb": verb.name,
        "mine": verb in mine,
        "label": TURN_WORDS.get(verb.name, verb.label),
        "roles": [in_hands(verb, course)] if verb.only else [role.label for role in Role if role in verb.roles],
    }


def in_hands(verb: Verb, course: Course) -> str:
    """The name of whoever has a case in hand for a verb that only they may use."""
    if verb.only == "sent":
        return f"派出的{course.whistle.sent.name}" if course.whistle and course.whistle.sent else ""
    if verb.only == "department":
        return course.lead.unit.name if course.lead else ""
    if verb.only == "office":
        return course.dispatch.office.name if course.dispatch else ""
    return course.assignment.unit.name if course.assignment else ""


def posts_of(standing: Standing) -> list[Post]:
    """The roles held, in the order the roles are listed, with the names of their organisations or areas."""
    areas = dict(Area.objects.filter(code__in=set().union(*standing.grounds.values())).values_list("code", "name"))
    organisations = dict(
        Organisation.objects.filter(code__in=set().union(*standing.organisations.values())).values_list("code", "name")
    )
    posts = []
    for role in (it for it in Role if it in standing.roles):
        names = [organisations[code] for code in sorted(standing.organisations.get(role, ()))]
        names = names or [areas[code] for code in sorted(standing.grounds[role])]
        posts.append(Post(role.label, tuple(names)))
    return posts
