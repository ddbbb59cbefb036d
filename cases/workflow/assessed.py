"""One whistle, one assessment: scored, appealed against, ruled on (R65, R66, R76)."""

from __future__ import annotations

from cases.workflow.verb import Verb
from cases.workflow.words import CENTRE, DEPARTMENTS, DISTRICT, State

ASSESSED = (
    Verb("evaluate", "综合评分", frozenset({State.CLOSED}), State.EVALUATED, CENTRE),
    Verb(
        "appeal",
        "申诉评分",
        frozenset({State.EVALUATED}),
        None,
        DEPARTMENTS,
        ("text",),
        asks="申诉理由",
        only="department",
        aside=True,
    ),
    Verb(
        "uphold",
        "维持评分",
        frozenset({State.EVALUATED}),
        None,
        DISTRICT,
        ("department", "text"),
        asks="裁决理由",
        other_than=("certify",),
        aside=True,
    ),
    Verb(
        "grant",
        "申诉成立",
        frozenset({State.EVALUATED}),
        None,
        DISTRICT,
        ("department", "component", "text"),
        asks="裁决理由",
        other_than=("certify",),
        aside=True,
    ),
)
