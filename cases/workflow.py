"""The life of a case as data: states, steps, verbs and who may use them.

Pure: no database, no clock. The nine steps are the article's (R44). At the first level (R48) a grid worker takes the
case and handles it on the spot, and the grid chief verifies. What cannot be solved there the grid chief whistles up
to the town (R49), which opens two tracks (R50): the centre files it and a named person is sent; with both the centre
has it in hand. What the person sent cannot settle the centre dispatches to an office of the town (R52), which lays it
before the leader in charge (R53); the leader orders a unit to do a task by a deadline (R55), or finds that the district
is needed: then the office applies, the principal leader confirms (R56), and the centre blows the third whistle with a
letter to a lead department and those that assist (R58, R59). The lead receives it, comes and is signed in by the town's
office (R63), handles the case and says so; the office verifies (R64).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import IntegerChoices, TextChoices

from gridmap.roles import Role


class State(TextChoices):
    """Where a case stands."""

    REPORTED = "reported", "已上报"
    HANDLING = "handling", "处置中"
    RESOLVED = "resolved", "待核实"
    WHISTLED = "whistled", "二级哨"
    TRIAGE = "triage", "中心整合"
    VERIFYING = "verifying", "镇街核实"
    DISPATCHED = "dispatched", "已派件"
    DECIDING = "deciding", "领导研判"
    ORDERED = "ordered", "镇街办理"
    FINISHED = "finished", "办结核实"
    REFERRED = "referred", "待申请三级哨"
    APPLIED = "applied", "待主要领导确认"
    CONFIRMED = "confirmed", "待发信函"
    ISSUED = "issued", "三级哨"
    RECEIVED = "received", "部门已查收"
    ARRIVED = "arrived", "部门已报到"
    CLAIMED = "claimed", "部门办结核实"
    CLOSED = "closed", "已结项"
    REFUSED = "refused", "不予受理"
    MERGED = "merged", "已并入"


def states() -> list[tuple[str, str]]:
    """The states as a field's choices: named by migrations, so that a new state is a new constraint and no more."""
    return State.choices


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
    State.WHISTLED: Step.INTEGRATE,
    State.TRIAGE: Step.INTEGRATE,
    State.VERIFYING: Step.VERIFY,
    State.DISPATCHED: Step.CLASSIFY,
    State.DECIDING: Step.CLASSIFY,
    State.ORDERED: Step.IMPLEMENT,
    State.FINISHED: Step.VERIFY,
    State.REFERRED: Step.CLASSIFY,
    State.APPLIED: Step.PUBLISH,
    State.CONFIRMED: Step.PUBLISH,
    State.ISSUED: Step.ACCEPT,
    State.RECEIVED: Step.REPORT_FOR_DUTY,
    State.ARRIVED: Step.IMPLEMENT,
    State.CLAIMED: Step.VERIFY,
    State.CLOSED: Step.EVALUATE,
    State.REFUSED: Step.INTEGRATE,
    State.MERGED: Step.INTEGRATE,
}

ON_THE_GRID = frozenset({Role.GRID_WORKER, Role.GRID_CHIEF, Role.BUILDING_HEAD, Role.GROUP_LEADER})
VERIFIERS = frozenset({Role.GRID_CHIEF, Role.CENTRE_CLERK})
CENTRES = frozenset({Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF})
CENTRE = frozenset({Role.CENTRE_CLERK})
LEADERS = frozenset({Role.LEADER_IN_CHARGE})
OFFICES = frozenset({Role.OFFICE_STAFF})
DEPARTMENTS = frozenset({Role.DEPARTMENT_STAFF})
# From the letter on until the lead department says that it is done.
WITH_DEPARTMENTS = frozenset({State.ISSUED, State.RECEIVED, State.ARRIVED})
# Whom a town has to send: its own people, whatever their post there.
OF_THE_TOWN = frozenset({Role.CENTRE_CLERK, Role.OFFICE_STAFF, Role.LEADER_IN_CHARGE, Role.PRINCIPAL_LEADER})


# What a verb can need of the one who acts.
NEEDS = {
    "text": "说明文字",
    "photo": "至少一张照片",
    "area": "网格编码",
    "tried": "已经做过的处置",
    "person": "派出的人",
    "office": "承接的职能机构",
    "unit": "责任部门",
    "limit": "完成时限",
    "department": "部门",
    "persons": "来的人",
    "into": "另一件事项的编号",
}
# In whose hands a case can be.
HANDS = {
    "sent": ("派出的专人", "the person who was sent"),
    "office": ("承接派件的职能机构", "the office it was dispatched to"),
    "unit": ("被交办的责任部门", "the unit that was ordered"),
    "department": ("信函所列的部门", "a department the letter names"),
}


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a case.

    ``goes_to`` is None where the state stays. ``needs`` names what the one who acts must give, of :data:`NEEDS`, and
    ``asks`` what its text is to say. ``other_than`` asks for somebody else than whoever last used one of these verbs,
    ``only`` for somebody in whose hands the case is, of :data:`HANDS`. ``beside`` names the other of two tracks: each
    can be taken once, and the state goes on when both are. ``lead``: the state goes on only where it concerns the lead
    department. ``aside``: not the ordinary way on, and nobody is waited for to go it.
    """

    name: str
    label: str
    comes_from: frozenset[State]
    goes_to: State | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    asks: str = "理由"
    other_than: tuple[str, ...] = ()
    only: str = ""
    beside: str = ""
    lead: bool = False
    aside: bool = False


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
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
        Verb(
            "confirm", "核实通过", frozenset({State.FINISHED}), State.CLOSED, OFFICES | CENTRE, other_than=("finish",)
        ),
        Verb("redo", "退回重办", frozenset({State.FINISHED}), State.ORDERED, OFFICES | CENTRE, ("text",), aside=True),
        Verb(
            "refer",
            "需区级部门承办",
            frozenset({State.DECIDING}),
            State.REFERRED,
            LEADERS,
            ("text",),
            asks="为什么镇街解决不了",
            aside=True,
        ),
        Verb(
            "apply",
            "申请三级哨",
            frozenset({State.REFERRED}),
            State.APPLIED,
            OFFICES,
            ("text",),
            asks="申请事由",
            only="office",
        ),
        Verb(
            "endorse",
            "主要领导确认",
            frozenset({State.APPLIED}),
            State.CONFIRMED,
            frozenset({Role.PRINCIPAL_LEADER}),
            other_than=("refer",),
        ),
        Verb(
            "decline",
            "主要领导退回",
            frozenset({State.APPLIED}),
            State.DECIDING,
            frozenset({Role.PRINCIPAL_LEADER}),
            ("text",),
            aside=True,
        ),
        Verb(
            "issue",
            "吹三级哨",
            frozenset({State.CONFIRMED}),
            State.ISSUED,
            CENTRE,
            ("department", "text", "limit"),
            asks="工作任务",
        ),
        Verb("receive", "查收信函", WITH_DEPARTMENTS, State.RECEIVED, DEPARTMENTS, only="department", lead=True),
        Verb(
            "sign_in",
            "登记签到",
            WITH_DEPARTMENTS,
            State.ARRIVED,
            OFFICES,
            ("department", "persons"),
            only="office",
            lead=True,
        ),
        Verb(
            "handle", "补充处置记录", WITH_DEPARTMENTS, None, DEPARTMENTS, ("text",), asks="办理情况", only="department"
        ),
        Verb(
            "claim",
            "申请办结",
            WITH_DEPARTMENTS,
            State.CLAIMED,
            DEPARTMENTS,
            ("text", "photo"),
            asks="办理情况",
            only="department",
            lead=True,
        ),
        Verb(
            "certify",
            "核实并结项",
            frozenset({State.CLAIMED}),
            State.CLOSED,
            OFFICES,
            ("text",),
            asks="核实情况(专业评估)",
            only="office",
            other_than=("claim",),
        ),
        Verb(
            "fail",
            "退回部门返工",
            frozenset({State.CLAIMED}),
            State.ARRIVED,
            OFFICES,
            ("text",),
            only="office",
            aside=True,
        ),
        Verb("close", "核实结项", frozenset({State.RESOLVED}), State.CLOSED, VERIFIERS, other_than=("resolve",)),
        Verb("send_back", "退回返工", frozenset({State.RESOLVED}), State.HANDLING, VERIFIERS, ("text",), aside=True),
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
}

OPEN = frozenset(state for state in State if any(state in verb.comes_from for verb in VERBS.values()))
DONE = frozenset({State.CLOSED})


def allowed(verb: Verb, state: State, tracks: Collection[str] = ()) -> bool:
    """Whether the verb can be used in this state at all; ``tracks``: those of two tracks that are taken already."""
    return state in verb.comes_from and not (verb.beside and verb.name in tracks)


def after(verb: Verb, state: State, tracks: Collection[str] = (), *, lead: bool = True) -> State:
    """The state a case is in once the verb was used; ``lead``: whether it concerned the lead department."""
    if (verb.beside and verb.beside not in tracks) or (verb.lead and not lead):
        return state
    return verb.goes_to or state
