"""What waits on somebody's desk: the open cases of their ground, by deadline, and whose turn it is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cases.actions.handling import AWAITING_VERIFICATION, SOLVING
from cases.models import Case, TraceEvent, Whistle
from cases.workflow import VERBS, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.models import Area, Organisation
from gridmap.roles import Role

MAX_ROWS = 200
# A button says what was done; a desk says what is to be done.
TURN_WORDS = {"resolve": "处置到位", "settle": "到社区协调解决"}


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
    me = _Me(standing, user_id, _resolvers(cases), _whistles(cases))
    rows = [
        Row(
            case=case,
            overdue=case.is_overdue(now),
            left=time_left(case.due_at, now),
            turn=me.turn(case),
        )
        for case in cases
    ]
    total = waiting.count() if len(rows) == MAX_ROWS else len(rows)
    return Desk(rows, total=total, overdue=waiting.overdue(now).count())


def ordinary_way_on(state: State, tracks: Collection[str] = ()) -> Verb | None:
    """The verb that ordinarily carries a case on from a state; the table lists it first. None from an end."""
    return next((verb for verb in VERBS.values() if allowed(verb, state, tracks) and verb.goes_to), None)


@dataclass(frozen=True)
class _Me:
    """Whose desk it is, and what of its cases decides whether they wait for this person: two statements for all."""

    standing: Standing
    user_id: int | None
    resolvers: dict[int, int | None]
    whistles: dict[int, Whistle]

    def turn(self, case: Case) -> str:
        """What this person is waited for to do, empty when somebody else is."""
        whistle = self.whistles.get(case.pk)
        verb = ordinary_way_on(State(case.state), whistle.tracks if whistle else ())
        if verb is None or not self.standing.role_among(verb.roles, case.current_area_id):
            return ""
        if verb.by_another and self._is_me(self.resolvers.get(case.pk)):
            return ""
        if verb.by_sent and not (whistle and whistle.sent and self._is_me(whistle.sent.user_id)):
            return ""
        return TURN_WORDS.get(verb.name, verb.label)

    def _is_me(self, user_id: int | None) -> bool:
        return user_id is not None and user_id == self.user_id


def _resolvers(cases: Iterable[Case]) -> dict[int, int | None]:
    """Who said last that a case was solved, for those waiting to be verified."""
    waiting = [case.pk for case in cases if case.state in AWAITING_VERIFICATION]
    said = TraceEvent.objects.filter(case__in=waiting, verb__in=SOLVING).order_by("seq")
    return dict(said.values_list("case_id", "actor_id"))


def _whistles(cases: Iterable[Case]) -> dict[int, Whistle]:
    """The whistle that each case in a town's hands came with."""
    blown = [case.pk for case in cases if case.state in (State.WHISTLED, State.TRIAGE)]
    return {it.case_id: it for it in Whistle.objects.filter(case__in=blown).select_related("sent").order_by("id")}


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


def waits_for(state: State, mine: Iterable[Verb] = (), whistle: Whistle | None = None) -> dict[str, object] | None:
    """The ordinary way on from a state, who goes it, and whether it is among ``mine``; None from an end."""
    verb = ordinary_way_on(state, whistle.tracks if whistle else ())
    if verb is None:
        return None
    sent = whistle.sent if whistle and verb.by_sent else None
    return {
        "verb": verb.name,
        "mine": verb in mine,
        "label": TURN_WORDS.get(verb.name, verb.label),
        "roles": [f"派出的{sent.name}"] if sent else [role.label for role in Role if role in verb.roles],
    }


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
