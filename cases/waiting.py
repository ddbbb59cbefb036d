"""Whom cases wait for and for what, as the database can answer it: the rule of :func:`cases.course.usable` in SQL.

The workflow table says which states and roles; in whose hands a case is comes from the rows beside it. Both ways of
saying it are held together by a test that asks them of every state and every kind of person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models import Case as Choose
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from cases.models import Assignment, Dispatch, Procedure, TraceEvent, Whistle
from cases.models.procedure import WAITING
from cases.workflow import OPEN, VERBS, State, Verb
from gridmap.duties import Standing
from gridmap.roles import Role

NOBODY_S = Q(pk__in=[])
# What still asks something of a unit, done or not.
BINDING = Assignment.objects.filter(withdrawn_at=None)
# What is for a letter that is not confirmed yet, and what is not.
UNCONFIRMED = {"ratify": True, "certify": False}
# When each of the two tracks of the second whistle is taken.
TAKEN_AT = {"file": "filed_at", "send": "sent_at"}


def ways_on() -> list[Verb]:
    """The verbs that somebody is waited for to use on open cases: what carries a case on, and what is to be decided."""
    return [verb for verb in VERBS.values() if verb.comes_from & OPEN and (verb.decides or verb.carries_on)]


def is_waited_for(standing: Standing) -> bool:
    """Whether a case can wait for somebody with this standing at all."""
    return any(verb.roles & standing.roles for verb in ways_on())


@dataclass(frozen=True)
class Turns:
    """On which cases somebody is waited for: what they all have in common, and by verb what is asked besides."""

    among: Q = NOBODY_S
    by_verb: Mapping[str, Q] = field(default_factory=dict)

    def of(self, verb: str) -> Q:
        """Cases that wait for this person to use a verb."""
        return self.among & self.by_verb[verb] if verb in self.by_verb else NOBODY_S

    def any(self) -> Q:
        """Cases that wait for this person for anything.

        Whether they do is asked in turn, what needs no other table first: taken for alternatives, the database would
        look up each in an index of its own.
        """
        conditions: list[Q] = []
        for condition in sorted(self.by_verb.values(), key=_asks_elsewhere):
            if condition not in conditions:
                conditions.append(condition)
        whens = (When(condition, then=Value(True)) for condition in conditions)
        return self.among & Q(Choose(*whens, default=Value(False), output_field=BooleanField()))

    def first(self) -> Choose:
        """The name of the verb this person is waited for to use on a case; "" where it is for others."""
        whens = (When(condition, then=Value(name)) for name, condition in self.by_verb.items())
        name = Choose(*whens, default=Value(""), output_field=CharField())
        return Choose(When(self.among, then=name), default=Value(""), output_field=CharField())


def _asks_elsewhere(condition: Any) -> bool:
    if isinstance(condition, Q):
        return any(map(_asks_elsewhere, condition.children))
    return not isinstance(condition, tuple) or hasattr(condition[1], "query")


def turns_of(standing: Standing, user_id: int | None) -> Turns:
    """What this person is waited for to do now, what others asked for first; nobody waits for whoever is not signed in."""
    mine = [verb for verb in ways_on() if user_id is not None and verb.roles & standing.roles]
    if not mine:
        return Turns()
    deciding = frozenset[Role]().union(*(verb.roles for verb in mine if verb.stages))
    undecided = procedures_undecided(deciding, standing) if deciding else ()
    mine.sort(key=lambda verb: not verb.decides)
    asked = {verb.name: _besides(verb, standing, user_id or 0, undecided) for verb in mine}
    among = Q(state__in=sorted(frozenset[State]().union(*(verb.comes_from for verb in mine))))
    # Where the keys of the few can be said, they are found by them, else by their ground.
    if all(verb.stages for verb in mine):
        among &= Q(pk__in=sorted({case for _, _, case in undecided}))
    elif all(verb.only == "department" for verb in mine):
        among &= _binding(standing)
    elif len({_prefixes(verb.roles, standing) for verb in mine}) == 1:
        return Turns(among & _on_ground(mine[0].roles, standing), asked)
    asked = {verb.name: asked[verb.name] & _on_ground(verb.roles, standing) for verb in mine}
    return Turns(among, asked)


def procedures_undecided(roles: Collection[Role], standing: Standing) -> list[tuple[str, str, int]]:
    """Kind, stage and case of every procedure that waits for a decision on the ground of these roles, in one statement.

    There are few. Named one by one, their cases are found by key, where a condition would have to be asked of every open case.
    """
    waiting = Procedure.objects.filter(_on_ground(roles, standing, case="case__"), stage__in=WAITING)
    return list(waiting.values_list("kind", "stage", "case_id"))


def may_use(verb: Verb, standing: Standing, user_id: int, undecided: Iterable[tuple[str, str, int]]) -> Q:
    """Cases on which this person may use a verb now; ``undecided``: see :func:`procedures_undecided`."""
    return _on_ground(verb.roles, standing) & _besides(verb, standing, user_id, undecided)


def _besides(verb: Verb, standing: Standing, user_id: int, undecided: Iterable[tuple[str, str, int]]) -> Q:
    """What is asked of a case besides its ground."""
    condition = Q(state__in=sorted(verb.comes_from))
    if verb.stages:
        condition &= Q(
            pk__in=[case for kind, stage, case in undecided if kind == verb.procedure and stage in verb.stages]
        )
    if verb.beside:
        taken = Whistle.objects.filter(case=OuterRef("pk"), level=Whistle.Level.TOWN)
        condition &= ~Q(Exists(taken.filter(**{f"{TAKEN_AT[verb.name]}__isnull": False})))
    for name in verb.other_than:
        last = TraceEvent.objects.filter(case=OuterRef("pk"), verb=name).order_by("-seq").values("actor")[:1]
        condition &= ~Q(Exact(Coalesce(Subquery(last, output_field=BigIntegerField()), 0), user_id))
    if verb.name in UNCONFIRMED:
        condition &= _unconfirmed() if UNCONFIRMED[verb.name] else ~_unconfirmed()
    if verb.only:
        condition &= IN_HANDS[verb.only](verb, standing, user_id)
    return condition


def _on_ground(roles: Collection[Role], standing: Standing, *, case: str = "") -> Q:
    prefixes = _prefixes(roles, standing)
    return reduce(or_, (Q(**{f"{case}current_area__code__startswith": prefix}) for prefix in prefixes), NOBODY_S)


def _prefixes(roles: Collection[Role], standing: Standing) -> tuple[str, ...]:
    return tuple(sorted({code for role in roles for code in standing.grounds.get(role, ())}))


def _sent(_verb: Verb, _standing: Standing, user_id: int) -> Q:
    return Q(Exists(Whistle.objects.filter(case=OuterRef("pk"), level=Whistle.Level.TOWN, sent__user=user_id)))


def _office(_verb: Verb, standing: Standing, _user_id: int) -> Q:
    return _first(Dispatch.objects.order_by("-id"), Q(office__in=_of(standing, Role.OFFICE_STAFF)))


def _unit(_verb: Verb, standing: Standing, _user_id: int) -> Q:
    return _first(BINDING.order_by("-id"), Q(letter=None, unit__in=_of(standing, Role.OFFICE_STAFF)))


def _department(verb: Verb, standing: Standing, _user_id: int) -> Q:
    """The last letter names the department, and nothing has to be done first."""
    ready = Q(finished_at=None, received_at__isnull=verb.name == "receive")
    if verb.name == "claim":
        ready &= Q(arrived_at__isnull=False)
    # What binds it is said first, since it is one look at an index: the rest is asked of each case by itself.
    return _binding(standing) & _first(_asked().filter(unit__in=_of(standing, Role.DEPARTMENT_STAFF)), ready)


def _binding(standing: Standing) -> Q:
    units = _of(standing, Role.DEPARTMENT_STAFF)
    return Q(pk__in=Assignment.objects.binding().filter(unit__in=units).values("case"))


def _unconfirmed() -> Q:
    """The letter that binds now is that of an emergency which no principal leader has confirmed yet."""
    return _first(_asked().filter(part=Assignment.Part.LEAD), Q(letter__confirmed_by=None))


def _asked() -> QuerySet[Assignment]:
    """What the letter that binds now asked of departments; nothing where an order came after it."""
    last = BINDING.filter(case=OuterRef("case")).order_by("-id").values("letter")[:1]
    return BINDING.filter(letter=Subquery(last)).order_by("id")


def _first(rows: QuerySet[Any], condition: Q) -> Q:
    """Whether the first of a case's rows is so."""
    said = Choose(When(condition, then=Value(True)), default=False, output_field=BooleanField())
    first = rows.filter(case=OuterRef("pk")).annotate(said=said).values("said")[:1]
    return Q(Exact(Coalesce(Subquery(first), False), True))


def _of(standing: Standing, role: Role) -> list[str]:
    return sorted(standing.organisations.get(role, ()))


# One for each of the hands (cases.workflow.HANDS) that somebody can be waited for to have a case in.
IN_HANDS: dict[str, Callable[[Verb, Standing, int], Q]] = {
    "sent": _sent,
    "office": _office,
    "unit": _unit,
    "department": _department,
}
