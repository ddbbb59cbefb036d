"""The words of the process: states, steps, kinds and stages of procedures, what a verb needs, in whose hands a case is."""

from __future__ import annotations

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
