"""The process as others read it: as data for programs, as a page for people; both from the tables of the workflow."""

from __future__ import annotations

from typing import Any

from cases.workflow import HANDS, NEEDS, OPEN, STEP_OF, VERBS, State, Step, Verb
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
        "needs": [{"need": need, "name": name} for need, name in NEEDS.items()],
        "verbs": [_verb(verb) for verb in VERBS.values()],
    }


def _verb(verb: Verb) -> dict[str, Any]:
    return {
        "verb": verb.name,
        "label": verb.label,
        "from": [state.value for state in State if state in verb.comes_from],
        "to": verb.goes_to.value if verb.goes_to else None,
        "roles": [role.value for role in Role if role in verb.roles],
        "needs": list(verb.needs),
        "other_than": list(verb.other_than),
        "lead": verb.lead,
        "only": verb.only or None,
        "beside": verb.beside or None,
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
            if state in verb.comes_from and verb.goes_to:
                lines.append(f"    {state.value} --> {verb.goes_to.value}: {verb.label}")
    lines += [f"    {state.value} --> [*]" for state in State if state not in OPEN]
    return "\n".join(lines)


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
    goes_to = verb.goes_to.label if verb.goes_to else "不变"
    return f"| {verb.label} | `{verb.name}` | {comes_from} | {goes_to} | {roles} | {needs} | {special} |"
