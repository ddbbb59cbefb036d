"""The life of a case as data: states, steps, verbs and who may use them.

Pure: no database, no clock. The nine steps are the article's (R44); states and verbs follow its first level
(R48): a grid worker takes the case and handles it on the spot, the grid chief verifies. What a case needs beyond
the grid is added to :data:`VERBS` as rows, not as code around them.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerChoices, TextChoices

from gridmap.roles import Role


class State(TextChoices):
    """Where a case stands."""

    REPORTED = "reported", "已上报"
    HANDLING = "handling", "处置中"
    RESOLVED = "resolved", "待核实"
    CLOSED = "closed", "已结项"
    REFUSED = "refused", "不予受理"


class Step(IntegerChoices):
    """The nine steps people see (R44)."""

    COLLECT = 1, "问题收集"
    INTEGRATE = 2, "信息整合"
    CLASSIFY = 3, "事项分类"
    PUBLISH = 4, "需求发布"
    ACCEPT = 5, "承办受理"
    REPORT_FOR_DUTY = 6, "部门报到"
    IMPLEMENT = 7, "处理实施"
    VERIFY = 8, "核实结项"
    EVALUATE = 9, "评价反馈"


STEP_OF: dict[State, Step] = {
    State.REPORTED: Step.COLLECT,
    State.HANDLING: Step.IMPLEMENT,
    State.RESOLVED: Step.VERIFY,
    State.CLOSED: Step.EVALUATE,
    State.REFUSED: Step.INTEGRATE,
}

ON_THE_GRID = frozenset({Role.GRID_WORKER, Role.GRID_CHIEF, Role.BUILDING_HEAD, Role.GROUP_LEADER})
VERIFIERS = frozenset({Role.GRID_CHIEF, Role.CENTRE_CLERK})
CENTRES = frozenset({Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF})


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a case.

    ``goes_to`` is None where the state stays. ``needs`` names what the one who acts must give: ``text``,
    ``photo``, ``area``. ``by_another`` asks for somebody else than the one who resolved it.
    """

    name: str
    label: str
    comes_from: frozenset[State]
    goes_to: State | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    by_another: bool = False


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("accept", "接单处置", frozenset({State.REPORTED}), State.HANDLING, ON_THE_GRID),
        Verb("record", "补充处置记录", frozenset({State.HANDLING}), None, ON_THE_GRID, ("text",)),
        Verb(
            "resolve",
            "已经解决",
            frozenset({State.HANDLING}),
            State.RESOLVED,
            ON_THE_GRID,
            ("text", "photo"),
        ),
        Verb("close", "核实结项", frozenset({State.RESOLVED}), State.CLOSED, VERIFIERS, by_another=True),
        Verb("send_back", "退回返工", frozenset({State.RESOLVED}), State.HANDLING, VERIFIERS, ("text",)),
        Verb(
            "relocate",
            "更正所属网格",
            frozenset({State.REPORTED, State.HANDLING}),
            None,
            CENTRES,
            ("area", "text"),
        ),
        Verb("refuse", "不予受理", frozenset({State.REPORTED}), State.REFUSED, CENTRES, ("text",)),
    )
}

OPEN = frozenset(state for state in State if any(state in verb.comes_from for verb in VERBS.values()))
DONE = frozenset({State.CLOSED})


def allowed(verb: Verb, state: State) -> bool:
    """Whether the verb can be used in this state at all."""
    return state in verb.comes_from


def after(verb: Verb, state: State) -> State:
    """The state a case is in once the verb was used."""
    return verb.goes_to or state
