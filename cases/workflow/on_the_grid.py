"""The first level: taken on the grid, handled there, verified by another, or whistled up (R48, R49)."""

from __future__ import annotations

from cases.workflow.verb import Verb
from cases.workflow.words import ON_THE_GRID, VERIFIERS, State
from gridmap.roles import Role

GRID = (
    Verb("accept", "接单处置", frozenset({State.REPORTED}), State.HANDLING, ON_THE_GRID),
    Verb("record", "补充处置记录", frozenset({State.HANDLING}), None, ON_THE_GRID, ("text",), asks="处置情况"),
    Verb(
        "resolve",
        "已经解决",
        frozenset({State.HANDLING}),
        State.RESOLVED,
        ON_THE_GRID,
        ("text", "photo"),
        asks="怎样解决的",
    ),
    Verb(
        "whistle",
        "吹二级哨",
        frozenset({State.HANDLING}),
        State.WHISTLED,
        frozenset({Role.GRID_CHIEF}),
        ("tried", "text"),
        asks="为什么社区解决不了",
        aside=True,
    ),
    Verb("close", "核实结项", frozenset({State.RESOLVED}), State.CLOSED, VERIFIERS, other_than=("resolve",)),
    Verb("send_back", "退回返工", frozenset({State.RESOLVED}), State.HANDLING, VERIFIERS, ("text",), aside=True),
)
