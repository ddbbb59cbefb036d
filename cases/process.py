"""The process as others read it: as data for programs, as a page for people; both from the tables of the workflow."""

from __future__ import annotations

from typing import Any

from cases.rules import RULES
from cases.workflow import (
    EXTRAS,
    HANDS,
    NEEDS,
    OPEN,
    REASONS,
    STEP_OF,
    VERBS,
    Kind,
    Progress,
    Stage,
    State,
    Step,
    Verb,
)
from gridmap.roles import Role


def process() -> dict[str, Any]:
    """States, steps, verbs and roles, in the order of their tables."""
    return {
        "steps": [{"number": step.value, "name": step.label} for step in Step],
        "states": [
            {"state": state.value, "name": state.label, "step": STEP_OF[state].value, "open": state in OPEN}
            for state in State
        ],
        "roles": [{"role": role.value, "name": role.label} for role in Role],
        "needs": [{"need": need, "name": name} for need, name in (NEEDS | EXTRAS).items()],
        "procedures": [{"procedure": kind.value, "name": kind.label} for kind in Kind],
        "stages": [{"stage": stage.value, "name": stage.label} for stage in Stage],
        "assignment": [{"stage": it.value, "name": it.label} for it in Progress],
        "rules": _rules(),
        "verbs": [_verb(verb) for verb in VERBS.values()],
    }


def _verb(verb: Verb) -> dict[str, Any]:
    return {
        "verb": verb.name,
        "label": verb.label,
        "from": [state.value for state in State if state in verb.comes_from],
        "to": verb.goes_to.value if verb.goes_to else None,
        "roles": [role.value for role in Role if role in verb.roles],
        "one_of": [state.value for state in State if state in verb.one_of],
        "needs": list(verb.needs),
        "may": list(verb.may),
        "reasons": [{"reason": it, "name": name} for it, name in REASONS.get(verb.name, {}).items()],
        "procedure": verb.procedure.value if verb.procedure else None,
        "stages": [stage.value for stage in Stage if stage in verb.stages],
        "stage": verb.stage.value if verb.stage else None,
        "other_than": list(verb.other_than),
        "lead": verb.lead,
        "only": verb.only or None,
        "beside": verb.beside or None,
    }


def _rules() -> dict[str, Any]:
    """What the article leaves open, in words."""
    minutes = {
        "emergency_receipt": RULES.emergency_receipt,
        "emergency_arrival": RULES.emergency_arrival,
        "ratification": RULES.ratification,
    }
    return {
        "version": RULES.version,
        "receipt": str(RULES.receipt),
        "arrival": str(RULES.arrival),
        "emergency_limit": str(RULES.emergency_limit),
        **{name: f"{int(it.total_seconds() // 60)}分钟" for name, it in minutes.items()},
        "returning": str(RULES.returning),
        "returns": RULES.returns,
        "extensions": RULES.extensions,
        "suspension_days": RULES.suspension_days,
        "reopening_days": RULES.reopening_days,
        "repeat_within_m": RULES.repeat_within_m,
        "decisions": {kind.value: str(limit) for kind, limit in RULES.decisions.items()},
    }


BEGINS, ENDS = "<!-- 由流程表生成：manage.py describe_process -->", "<!-- 生成到此 -->"


def described(page: str) -> str:
    """A page with what stands between its marks made anew; raises ValueError without marks."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"没有 {BEGINS} 和 {ENDS} 两个标记 (no marks)")
    return f"{before}{BEGINS}\n\n```mermaid\n{diagram()}\n```\n\n{tables()}\n\n{ENDS}{after}"


def diagram() -> str:
    """The states and what leads from one to the next, in Mermaid's language."""
    lines = ["stateDiagram-v2", "    [*] --> reported: 上报"]
    lines += [f"    {state.value}: {state.label}" for state in State]
    for verb in VERBS.values():
        for state in State:
            if state in verb.comes_from:
                lines += [f"    {state.value} --> {to.value}: {verb.label}" for to in _ways(verb) if to != state]
    lines += [f"    {state.value} --> [*]" for state in State if state not in OPEN]
    return "\n".join(lines)


def _ways(verb: Verb) -> list[State]:
    """The states a verb can lead to, but for that it was used in."""
    return [verb.goes_to] if verb.goes_to else [state for state in State if state in verb.one_of]


def tables() -> str:
    """States and verbs as tables in Markdown."""
    rows = ["| 状态 | 代码 | 步骤 | |", "|---|---|---|---|"]
    rows += [
        f"| {state.label} | `{state.value}` | {STEP_OF[state].value} {STEP_OF[state].label} | {'' if state in OPEN else '结束'} |"
        for state in State
    ]
    rows += ["", "| 办理 | 代码 | 从 | 到 | 谁 | 须给出 | |", "|---|---|---|---|---|---|---|"]
    rows += [_row(verb) for verb in VERBS.values()]
    return "\n".join(rows)


def _row(verb: Verb) -> str:
    comes_from = "、".join(state.label for state in State if state in verb.comes_from)
    roles = "、".join(role.label for role in Role if role in verb.roles)
    needs = "、".join(NEEDS[need] for need in verb.needs)
    rules = [
        f"不能是“{'、'.join(VERBS[name].label for name in verb.other_than)}”的人" if verb.other_than else "",
        "主办部门的才使状态改变" if verb.lead else "",
        f"只能是{HANDS[verb.only][0]}" if verb.only else "",
        f"与“{VERBS[verb.beside].label}”都办了才往下走" if verb.beside else "",
    ]
    special = "；".join(rule for rule in rules if rule)
    goes_to = "、".join(state.label for state in _ways(verb)) or "不变"
    if verb.procedure and verb.stage:
        before = "、".join(stage.label for stage in Stage if stage in verb.stages)
        special = "；".join(it for it in (special, f"{verb.procedure.label}：{before}→{verb.stage.label}") if it)
    return f"| {verb.label} | `{verb.name}` | {comes_from} | {goes_to} | {roles} | {needs} | {special} |"
