"""Dispatching several cases at once: what is proposed for each, and what came of each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from cases import actions
from cases.actions.handling import Given
from cases.actions.town import rules_for_each, town_of, units_in
from cases.course import courses_of, usable
from cases.models import Case, Dispatch, Responsibility
from cases.workflow import VERBS, State
from gridmap.duties import Standing
from gridmap.models import Organisation
from gridmap.problems import Problem, Unprocessable

VERB = VERBS["dispatch"]
MAX_AT_ONCE = 100
NUMBER = r"[!-~]{1,20}"


@dataclass(frozen=True)
class Proposal:
    """A case that somebody ticked: the rules that name an office for it, first the one proposed, and all there are.

    ``refusal`` says why it cannot be dispatched by this person now; empty where it can.
    """

    case: Case
    rules: list[Responsibility]
    units: list[Organisation]
    refusal: str


@dataclass(frozen=True)
class Result:
    """What came of one case: the dispatch, or in ``refusal`` why there is none."""

    number: str
    dispatch: Dispatch | None
    refusal: str = ""


def ticked(numbers: Sequence[str]) -> list[str]:
    """The numbers, each once; raises :class:`Unprocessable` for none, too many and what no case can be called."""
    once = list(dict.fromkeys(number.strip() for number in numbers if number.strip()))
    for number in once:
        if not re.fullmatch(NUMBER, number):
            raise Unprocessable(f"{number[:20]!r} 不是事项编号 (no number of a case)", parameter="case")
    if not once:
        raise Unprocessable("没有选中要派的事项，请回工作台勾选 (no case was ticked)", parameter="case")
    if len(once) > MAX_AT_ONCE:
        raise Unprocessable(f"一次最多派 {MAX_AT_ONCE} 件 (too many at once)", parameter="case")
    return once


def proposals(numbers: Sequence[str], standing: Standing, user_id: int | None, *, at: dt.datetime) -> list[Proposal]:
    """What to ask about each case this person may see, in the order ticked; as many statements however many there are."""
    found = Case.objects.visible_to(standing).filter(number__in=numbers).select_related("category", "current_area")
    cases = sorted(found, key=lambda case: numbers.index(case.number))
    courses, rules = courses_of(cases), rules_for_each(cases)
    units = list(units_in({town_of(case) for case in cases}))
    return [
        Proposal(
            case,
            rules[case.pk],
            [unit for unit in units if unit.area_id == town_of(case)],
            "" if VERB in usable(case, courses[case.pk], standing, user_id, at=at) else _why_not(case),
        )
        for case in cases
    ]


def _why_not(case: Case) -> str:
    if State(case.state) not in VERB.comes_from:
        return f"事项已是“{State(case.state).label}”，不能再派件 (the case has moved on)"
    return "您不能派这一件 (not yours to dispatch)"


def dispatch_each(
    offices: Mapping[str, str],
    *,
    by: AbstractBaseUser,
    standing: Standing,
    clock: Callable[[], dt.datetime],
    key: str,
) -> list[Result]:
    """Dispatch each case, by number, to its office: every one an action of its own, which the others' refusal leaves.

    Sent again under the same ``key`` nothing is done twice, however far it came the first time.
    """
    refused: dict[str, str] = {}
    for number, office in offices.items():
        try:
            actions.act(
                number, VERB.name, Given(office=office), by=by, standing=standing, at=clock(), key=f"{key}-{number}"
            )
        except Problem as problem:
            refused[number] = problem.detail
    done = [number for number in offices if number not in refused]
    rows = Dispatch.objects.filter(case__number__in=done).select_related("case", "office").order_by("id")
    dispatches = {row.case.number: row for row in rows}
    return [Result(number, dispatches.get(number), refused.get(number, "")) for number in offices]
