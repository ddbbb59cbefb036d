"""The second level: two tracks, the person sent, the office it is dispatched to, the leader's order (R50 to R55)."""

from __future__ import annotations

from cases.workflow.verb import Verb
from cases.workflow.words import CENTRE, CENTRES, LEADERS, OF_THE_TOWN, OFFICES, State

TOWN = (
    Verb("file", "中心备案", frozenset({State.WHISTLED}), State.TRIAGE, CENTRE, beside="send"),
    Verb("send", "派专人到社区", frozenset({State.WHISTLED}), State.TRIAGE, CENTRE, ("person",), beside="file"),
    Verb(
        "settle",
        "就地协调解决",
        frozenset({State.TRIAGE}),
        State.VERIFYING,
        OF_THE_TOWN,
        ("text", "photo"),
        asks="怎样协调解决的",
        only="sent",
    ),
    Verb("conclude", "核实并结项", frozenset({State.VERIFYING}), State.CLOSED, CENTRE, other_than=("settle",)),
    Verb("rework", "退回专人返工", frozenset({State.VERIFYING}), State.TRIAGE, CENTRE, ("text",), aside=True),
    Verb("dispatch", "派件", frozenset({State.TRIAGE}), State.DISPATCHED, CENTRE, ("office",)),
    Verb(
        "brief",
        "呈报主管领导",
        frozenset({State.DISPATCHED}),
        State.DECIDING,
        OFFICES,
        ("text",),
        asks="来件情况和拟办意见",
        only="office",
    ),
    Verb(
        "order",
        "交办",
        frozenset({State.DECIDING}),
        State.ORDERED,
        LEADERS,
        ("unit", "text", "limit"),
        asks="工作任务",
    ),
    Verb("log", "补充办理记录", frozenset({State.ORDERED}), None, OFFICES, ("text",), asks="办理情况", only="unit"),
    Verb(
        "finish",
        "申请办结",
        frozenset({State.ORDERED}),
        State.FINISHED,
        OFFICES,
        ("text", "photo"),
        asks="办理情况",
        only="unit",
    ),
    Verb("confirm", "核实通过", frozenset({State.FINISHED}), State.CLOSED, OFFICES | CENTRE, other_than=("finish",)),
    Verb("redo", "退回重办", frozenset({State.FINISHED}), State.ORDERED, OFFICES | CENTRE, ("text",), aside=True),
    Verb(
        "relocate",
        "更正所属网格",
        frozenset({State.REPORTED, State.HANDLING, State.TRIAGE}),
        None,
        CENTRES,
        ("area", "text"),
    ),
    Verb(
        "merge",
        "并入另一件",
        frozenset({State.REPORTED, State.TRIAGE}),
        State.MERGED,
        CENTRES,
        ("into",),
        aside=True,
    ),
    Verb(
        "refuse",
        "不予受理",
        frozenset({State.REPORTED, State.TRIAGE}),
        State.REFUSED,
        CENTRES,
        ("text",),
        aside=True,
    ),
)
