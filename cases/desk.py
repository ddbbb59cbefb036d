"""What waits on somebody's desk: the open cases of their ground, by deadline, and whose turn it is."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, TextChoices, Value, Window

from cases.course import Course
from cases.models import Case, Result
from cases.models.case import CaseQuerySet, late
from cases.waiting import Turns, is_waited_for, turns_of
from cases.workflow import RUNNING, VERBS, VERBS_FROM, State, Verb, allowed
from gridmap.duties import Standing
from gridmap.problems import BadParameter
from gridmap.roles import Role

MAX_ROWS: int = settings.DESK_ROWS
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
# What is shown of a case whose result waits, and of one on the list.
SCORED = ("number", "category__name")
SHOWN = (
    "number",
    "state",
    "text",
    "address",
    "point",
    "due_at",
    "category__name",
    "category__icon",
    "current_area__name",
)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Show(TextChoices):
    """Which of the open cases of somebody's ground are listed."""

    MINE = "mine", "轮到我的"
    ALL = "all", "全部"
    OVERDUE = "overdue", "超期"


@dataclass(frozen=True)
class Place:
    """Where a page of the list begins: behind the case with this limit and key."""

    due_at: dt.datetime
    key: int

    def __str__(self) -> str:
        return f"{(self.due_at - EPOCH) // dt.timedelta(microseconds=1)}.{self.key}"

    @classmethod
    def read(cls, written: str) -> Place:
        """As it stands in an address; raises :class:`BadParameter`."""
        found = re.fullmatch(r"([0-9]{1,16})[.]([0-9]{1,18})", written)
        if found is None:
            raise BadParameter("参数 after 无法识别，请用页面上的“下一页” (not a place in the list)", parameter="after")
        return cls(EPOCH + dt.timedelta(microseconds=int(found[1])), int(found[2]))


@dataclass(frozen=True)
class Asked:
    """Which part of a desk is asked for: what is listed and where the page begins."""

    show: Show
    after: Place | None = None


@dataclass(frozen=True)
class Post:
    """A role somebody holds, and the names of where."""

    role: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """An open case; ``turn`` is what this person may do next, empty where others are to act.

    ``dispatchable``: this person may dispatch it to an office.
    """

    case: Case
    overdue: bool
    left: str
    turn: str
    dispatchable: bool = False


@dataclass(frozen=True)
class Desk:
    """A page of open cases by deadline, and how many there are: of all, past their limit, and waiting for this person.

    ``next`` is where the next page begins, None on the last.
    """

    rows: list[Row]
    total: int
    overdue: int
    mine: int
    asked: Asked = field(default_factory=lambda: Asked(Show.ALL))
    next: Place | None = None

    @property
    def shown_total(self) -> int:
        """How many cases the list has on all its pages."""
        return {Show.MINE: self.mine, Show.ALL: self.total, Show.OVERDUE: self.overdue}[self.asked.show]


def first_shown(standing: Standing) -> Show:
    """What somebody sees who asked for nothing: what waits for them, where anything can."""
    return Show.MINE if is_waited_for(standing) else Show.ALL


def listed(standing: Standing, *, user_id: int | None, now: dt.datetime, show: Show) -> CaseQuerySet:
    """The open cases of somebody's ground that a list shows, by deadline."""
    return _listed(standing, turns_of(standing, user_id) if show == Show.MINE else Turns(), now, show)


def _listed(standing: Standing, turns: Turns, now: dt.datetime, show: Show) -> CaseQuerySet:
    cases = _open(standing)
    if show == Show.MINE:
        cases = cases.filter(turns.any())
    if show == Show.OVERDUE:
        cases = cases.overdue(now)
    return cases.order_by("due_at", "id")


def desk_of(standing: Standing, *, user_id: int | None, now: dt.datetime, asked: Asked = Asked(Show.ALL)) -> Desk:
    """A page of the desk of somebody with this standing at this moment: as many statements however long the list is."""
    turns = turns_of(standing, user_id)
    cases = _listed(standing, turns, now, asked.show)
    mine, keys, more = _page(cases, asked.after, counted=asked.show == Show.MINE and asked.after is None)
    rows = [_row(case, now) for case in _shown(keys, turns)]
    # Of a column that the index of a town's open cases has.
    counts = _open(standing).aggregate(total=Count("due_at"), overdue=Count("due_at", filter=late(now)))
    if mine is None:
        mine = _open(standing).filter(turns.any()).count()
    following = Place(rows[-1].case.due_at, rows[-1].case.pk) if more else None
    return Desk(rows, **counts, mine=mine, asked=asked, next=following)


def _page(cases: CaseQuerySet, after: Place | None, *, counted: bool) -> tuple[int | None, list[int], bool]:
    """How many there are of all, the keys of the page, and whether another follows.

    Whose turn it is is asked of every open case, so the page is found and counted in one go where both are wanted.
    """
    if after is not None:
        at, key = after.due_at, after.key
        cases = cases.filter(Q(due_at__gt=at) | Q(due_at=at, id__gt=key), due_at__gte=at)
    said = cases.annotate(found=Window(Count("*")) if counted else Value(0))
    keys = list(said.values_list("pk", "found")[: MAX_ROWS + 1])
    found = (keys[0][1] if keys else 0) if counted else None
    return found, [key for key, _ in keys[:MAX_ROWS]], len(keys) > MAX_ROWS


def _shown(keys: Collection[int], turns: Turns) -> Iterable[Any]:
    """The cases of a page by deadline, each with the name of the verb it waits for this person to use."""
    dispatchable = ExpressionWrapper(turns.of("dispatch"), output_field=BooleanField())
    cases = Case.objects.filter(pk__in=keys).select_related("category", "current_area").order_by("due_at", "id")
    return cases.only(*SHOWN).annotate(turn=turns.first(), dispatchable=dispatchable)


def _open(standing: Standing) -> CaseQuerySet:
    # Open is what has no closing time (a constraint says so): that is how the index of the open ones knows them, and
    # asking for the states besides would make the planner think that there are few.
    return Case.objects.filter(closed_at=None).visible_to(standing)


def _row(case: Any, now: dt.datetime) -> Row:
    return Row(
        case=case,
        overdue=case.is_overdue(now),
        left=time_left(case.state, case.due_at, now),
        turn=_turn(VERBS[case.turn]) if case.turn else "",
        dispatchable=case.dispatchable,
    )


@dataclass(frozen=True)
class ScoreRow:
    """A case of which a result waits for somebody: ``what`` is to be done, ``until`` when, None for no limit."""

    case: Case
    what: str
    until: dt.datetime | None


def scores_waiting(standing: Standing, *, now: dt.datetime) -> list[ScoreRow]:
    """What waits on somebody's desk about results: to work out, to read and perhaps appeal against, to rule on."""
    rows: list[ScoreRow] = []
    if Role.CENTRE_CLERK in standing.roles:
        closed = Case.objects.visible_to(standing).to_be_scored().select_related("category").only(*SCORED)
        rows += [ScoreRow(case, "综合评分", None) for case in closed.order_by("closed_at")[:MAX_ROWS]]
    results = Result.objects.select_related("assignment__case__category")
    if units := standing.organisations.get(Role.DEPARTMENT_STAFF):
        mine = results.filter(assignment__unit__in=units, appealed_at=None, appeal_by__gte=now)
        rows += [
            ScoreRow(it.assignment.case, f"考核结果 {it.total}({it.get_grade_display()})，可以申诉", it.appeal_by)
            for it in mine.order_by("appeal_by")[:MAX_ROWS]
        ]
    if Role.DISTRICT_CENTRE_STAFF in standing.roles:
        for it in results.appealed().select_related("assignment__unit").order_by("appealed_at")[:MAX_ROWS]:
            rows.append(ScoreRow(it.assignment.case, f"裁决{it.assignment.unit.name}的申诉", None))
    return rows


def ways_on(state: State, tracks: Collection[str] = ()) -> list[Verb]:
    """The verbs that ordinarily carry a case on from a state, in the order of the table; none from an end."""
    return [verb for verb in VERBS_FROM[state] if allowed(verb, state, tracks) and verb.carries_on]


def _turn(verb: Verb) -> str:
    return TURN_WORDS.get(verb.name, verb.label)


def time_left(state: str, due_at: dt.datetime, now: dt.datetime) -> str:
    """The time to a limit or past it, in words, rounded towards less time; while a case is suspended no clock runs."""
    if state not in RUNNING:
        return "不计时"
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
    # Nobody is waited for to score a case that no department was asked about.
    ways = [way for way in ways_on(state, course.tracks) if way.name != "evaluate" or course.asked]
    if not ways:
        return None
    mine = list(mine)
    verb = next((way for way in ways if way in mine), ways[0])
    return {
        "verb": verb.name,
        "mine": verb in mine,
        "label": _turn(verb),
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
    posts = []
    for role in (it for it in Role if it in standing.roles):
        places = standing.organisations.get(role) or standing.grounds[role]
        posts.append(Post(role.label, tuple(standing.names[code] for code in sorted(places))))
    return posts
