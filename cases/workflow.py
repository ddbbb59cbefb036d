"""The life of a case as data: states, steps, verbs and who may use them.

Pure: no database, no clock. The nine steps are the article's (R44). At the first level (R48) a grid worker takes the
case and handles it on the spot, and the grid chief verifies. What cannot be solved there the grid chief whistles up
to the town (R49), which opens two tracks (R50): the centre files it and a named person is sent; with both the centre
has it in hand. What the person sent cannot settle the centre dispatches to an office of the town (R52), which lays it
before the leader in charge (R53); the leader orders a unit to do a task by a deadline (R55), or finds that the district
is needed: then the office applies, the principal leader confirms (R56), and the centre blows the third whistle with a
letter to a lead department and those that assist (R58, R59). The lead receives it, comes and is signed in by the town's
office (R63), handles the case and says so; the office verifies (R64). Then the centre scores what each department was
asked (R65, R66); a department may appeal against its result, and the district's centre rules.

Beside this course run procedures: somebody asks for something, somebody else decides. A department returns a letter or
disputes it, a joint meeting says who leads, a unit asks for more time or for the case to be suspended. They have stages
of their own; only some decisions move the case.
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
    SUSPENDED = "suspended", "已挂账"
    CLOSED = "closed", "已结项"
    EVALUATED = "evaluated", "已评价"
    REFUSED = "refused", "不予受理"
    MERGED = "merged", "已并入"


def states() -> list[tuple[str, str]]:
    """The states as a field's choices: named by migrations, so that a new state is a new constraint and no more."""
    return State.choices


class Kind(TextChoices):
    """What can be asked for beside the course of a case."""

    RETURN = "return", "退单"
    DISPUTE = "dispute", "权属争议"
    MEETING = "meeting", "会商"
    EXTENSION = "extension", "延期"
    SUSPENSION = "suspension", "挂账"


class Stage(TextChoices):
    """Where what was asked for stands."""

    ASKED = "asked", "待决定"
    SUPPORTED = "supported", "主要领导已同意"
    GRANTED = "granted", "已同意"
    REFUSED = "refused", "不同意"
    OVER = "over", "已结束"


class Progress(TextChoices):
    """How far what was asked of a unit has come: the second machine, told by the times of its row."""

    ISSUED = "issued", "已发出"
    RECEIVED = "received", "已查收"
    ARRIVED = "arrived", "已报到"
    FINISHED = "finished", "申请办结"
    WITHDRAWN = "withdrawn", "已撤回"


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
    State.SUSPENDED: Step.IMPLEMENT,
    State.CLOSED: Step.EVALUATE,
    State.EVALUATED: Step.EVALUATE,
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
# A unit has been asked to act: a department by letter, an office or the brigade by order.
IN_WORK = WITH_DEPARTMENTS | {State.ORDERED}
PRINCIPAL = frozenset({Role.PRINCIPAL_LEADER})
DISTRICT = frozenset({Role.DISTRICT_CENTRE_STAFF})
UNITS = OFFICES | DEPARTMENTS
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
    "reason": "原因",
    "until": "复查日期",
    "marks": "专业评估的四项评分",
    "component": "豁免的指标",
}
# What can be given beside what must be.
EXTRAS = {"photo": "照片", "place": "位置"}
# Reasons are chosen, so that they can be counted (DOMAIN 3.3): by the verb that asks for them.
REASONS: dict[str, dict[str, str]] = {
    "return": {"territory": "属地不符", "powers": "权属不清", "overlap": "职能交叉"},
    "dispute": {"territory": "属地不符", "powers": "权属不清", "overlap": "职能交叉"},
    "extend": {
        "weather": "天气或不可抗力",
        "scope": "工作量超出预计",
        "procedure": "须履行法定程序",
        "others": "须其他单位配合",
    },
    "suspend": {"planning": "等待规划建设", "funds": "资金未落实", "history": "历史遗留", "law": "法规政策限制"},
    "reopen": {"repeat": "同一问题再次反映", "check": "抽查发现未解决", "false": "虚假办结"},
}
# In whose hands a case can be.
HANDS = {
    "sent": ("派出的专人", "the person who was sent"),
    "office": ("承接派件的职能机构", "the office it was dispatched to"),
    "unit": ("被交办的责任部门", "the unit that was ordered"),
    "department": ("信函所列的部门", "a department the letter names"),
    "asked": ("被交办的责任部门或信函所列的部门", "the unit that was ordered, a department the letter names"),
}


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a case.

    ``goes_to`` is None where the state stays, or where the course of the case tells which of ``one_of`` it becomes.
    ``needs`` names what the one who acts must give, of :data:`NEEDS`, ``may`` what can be given too, of :data:`EXTRAS`,
    and ``asks`` what its text is to say. ``other_than`` asks for somebody else than whoever last used one of these verbs,
    ``only`` for somebody in whose hands the case is, of :data:`HANDS`. ``beside`` names the other of two tracks: each
    can be taken once, and the state goes on when both are. ``lead``: the state goes on only where it concerns the lead
    department. ``aside``: not the ordinary way on, and nobody is waited for to go it. ``procedure``: the kind it begins, or,
    with ``stages``, carries on from one of these; it then stands at ``stage``. ``awaited``: waited for all the
    same, though it does not move the case.
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
    one_of: frozenset[State] = frozenset()
    may: tuple[str, ...] = ()
    awaited: bool = False
    procedure: Kind | None = None
    stages: frozenset[Stage] = frozenset()
    stage: Stage | None = None

    @property
    def carries_on(self) -> bool:
        """Whether it is the ordinary way on, and waited for."""
        return self.goes_to is not None and not self.aside and not self.stages

    @property
    def decides(self) -> bool:
        """Whether somebody waits for it beside the course of the case: a decision on what was asked for, or a confirmation."""
        return self.awaited or (bool(self.stages) and self.stage != Stage.OVER)


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
            may=("photo", "place"),
        ),
        Verb(
            "handle",
            "补充处置记录",
            WITH_DEPARTMENTS,
            None,
            DEPARTMENTS,
            ("text",),
            asks="办理情况",
            only="department",
            may=("photo",),
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
            ("text", "marks"),
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
        Verb(
            "issue_at_once",
            "应急吹哨(先发后补)",
            frozenset({State.DISPATCHED, State.DECIDING, State.REFERRED, State.APPLIED}),
            State.ISSUED,
            CENTRE,
            ("department", "text", "limit"),
            asks="工作任务和紧急情况",
            aside=True,
        ),
        Verb(
            "ratify",
            "补确认应急哨",
            WITH_DEPARTMENTS | {State.CLAIMED},
            None,
            PRINCIPAL,
            other_than=("refer",),
            awaited=True,
        ),
        Verb(
            "disown",
            "不予确认应急哨",
            WITH_DEPARTMENTS | {State.CLAIMED},
            State.DECIDING,
            PRINCIPAL,
            ("text",),
            aside=True,
        ),
        Verb("withdraw", "撤回，重新整合", frozenset({State.CONFIRMED}), State.TRIAGE, CENTRE, ("text",), aside=True),
        Verb(
            "return",
            "退单",
            WITH_DEPARTMENTS,
            None,
            DEPARTMENTS,
            ("reason", "text"),
            asks="为什么不归本部门办，证据是什么",
            only="department",
            procedure=Kind.RETURN,
            stage=Stage.ASKED,
        ),
        Verb(
            "take_back",
            "同意退单",
            WITH_DEPARTMENTS,
            State.CONFIRMED,
            CENTRE,
            ("text",),
            lead=True,
            procedure=Kind.RETURN,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.GRANTED,
        ),
        Verb(
            "refuse_return",
            "不同意退单",
            WITH_DEPARTMENTS,
            None,
            CENTRE,
            ("text",),
            aside=True,
            procedure=Kind.RETURN,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.REFUSED,
        ),
        Verb(
            "dispute",
            "提请裁定权属",
            WITH_DEPARTMENTS,
            None,
            DEPARTMENTS | CENTRE,
            ("reason", "text"),
            asks="各方主张和依据",
            procedure=Kind.DISPUTE,
            stage=Stage.ASKED,
        ),
        Verb(
            "rule",
            "裁定权属",
            WITH_DEPARTMENTS,
            None,
            DISTRICT,
            ("department", "text"),
            asks="裁定理由",
            one_of=WITH_DEPARTMENTS | {State.CONFIRMED},
            procedure=Kind.DISPUTE,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.GRANTED,
        ),
        Verb(
            "convene",
            "召集会商",
            WITH_DEPARTMENTS | {State.CONFIRMED},
            None,
            CENTRES,
            ("text",),
            asks="会商议题、时间和参加单位",
            procedure=Kind.MEETING,
            stage=Stage.ASKED,
        ),
        Verb(
            "minute",
            "按会商纪要发函",
            WITH_DEPARTMENTS | {State.CONFIRMED},
            State.ISSUED,
            CENTRE,
            ("persons", "department", "text", "limit"),
            asks="会商结论和工作任务",
            procedure=Kind.MEETING,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.GRANTED,
        ),
        Verb(
            "extend",
            "申请延期",
            IN_WORK,
            None,
            UNITS,
            ("reason", "text", "limit"),
            asks="为什么按时办不完",
            only="asked",
            procedure=Kind.EXTENSION,
            stage=Stage.ASKED,
        ),
        Verb(
            "grant_extension",
            "同意延期",
            IN_WORK,
            None,
            CENTRES,
            procedure=Kind.EXTENSION,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.GRANTED,
        ),
        Verb(
            "refuse_extension",
            "不同意延期",
            IN_WORK,
            None,
            CENTRES,
            ("text",),
            aside=True,
            procedure=Kind.EXTENSION,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.REFUSED,
        ),
        Verb(
            "suspend",
            "申请挂账",
            IN_WORK,
            None,
            UNITS,
            ("reason", "text", "until"),
            asks="为什么暂时办不了，打算怎样办",
            only="asked",
            procedure=Kind.SUSPENSION,
            stage=Stage.ASKED,
        ),
        Verb(
            "support_suspension",
            "同意挂账，报区网格中心",
            IN_WORK,
            None,
            PRINCIPAL,
            procedure=Kind.SUSPENSION,
            stages=frozenset({Stage.ASKED}),
            stage=Stage.SUPPORTED,
        ),
        Verb(
            "grant_suspension",
            "批准挂账",
            IN_WORK,
            State.SUSPENDED,
            DISTRICT,
            procedure=Kind.SUSPENSION,
            stages=frozenset({Stage.SUPPORTED}),
            stage=Stage.GRANTED,
        ),
        Verb(
            "refuse_suspension",
            "不同意挂账",
            IN_WORK,
            None,
            PRINCIPAL | DISTRICT,
            ("text",),
            aside=True,
            procedure=Kind.SUSPENSION,
            stages=frozenset({Stage.ASKED, Stage.SUPPORTED}),
            stage=Stage.REFUSED,
        ),
        Verb(
            "resume",
            "恢复办理",
            frozenset({State.SUSPENDED}),
            None,
            UNITS,
            ("text",),
            asks="为什么可以办了",
            only="asked",
            aside=True,
            one_of=IN_WORK,
            procedure=Kind.SUSPENSION,
            stages=frozenset({Stage.GRANTED}),
            stage=Stage.OVER,
        ),
        Verb(
            "reopen",
            "重新办理",
            frozenset({State.CLOSED, State.EVALUATED}),
            None,
            VERIFIERS | DISTRICT,
            ("reason", "text"),
            asks="哪里没有解决",
            aside=True,
            one_of=frozenset({State.HANDLING, State.TRIAGE, State.ORDERED, State.ARRIVED}),
        ),
        Verb(
            "mark",
            "列为重点难点",
            frozenset({State.TRIAGE, State.DECIDING, State.CONFIRMED}) | IN_WORK,
            None,
            CENTRES | LEADERS | PRINCIPAL,
            ("text",),
        ),
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

DONE = frozenset({State.CLOSED, State.EVALUATED})
# A case that ended can be opened again, and is not open for that.
ENDED = DONE | {State.REFUSED, State.MERGED}
OPEN = frozenset(State) - ENDED
# Open and its clock running: what can be overdue.
RUNNING = OPEN - {State.SUSPENDED}


def allowed(verb: Verb, state: State, tracks: Collection[str] = ()) -> bool:
    """Whether the verb can be used in this state at all; ``tracks``: those of two tracks that are taken already."""
    return state in verb.comes_from and not (verb.beside and verb.name in tracks)


def after(
    verb: Verb, state: State, tracks: Collection[str] = (), *, lead: bool = True, told: State | None = None
) -> State:
    """The state a case is in once the verb was used.

    ``lead``: whether it concerned the lead department; ``told``: which of ``one_of`` the course of the case tells.
    """
    if (verb.beside and verb.beside not in tracks) or (verb.lead and not lead):
        return state
    if verb.one_of:
        return told or state
    return verb.goes_to or state
