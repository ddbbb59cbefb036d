"""What a verb writes beside state and trace, as the effects of :mod:`cases.actions.handling` do: a room for each level."""

from __future__ import annotations

from collections.abc import Callable

from cases.actions.district import named
from cases.demonstration.effects import assessed, beside, district, town
from cases.demonstration.effects.beside import ask, decide
from cases.demonstration.effects.doing import Doing
from cases.demonstration.paths import FAIL, Who
from cases.demonstration.story import Payload, there

__all__ = ["EFFECTS", "ask", "decide"]

EFFECTS: dict[str, Callable[[Doing], Payload]] = {
    "whistle": town.whistle,
    "file": town.put_on_file,
    "send": town.send,
    "dispatch": town.dispatch,
    "order": town.order,
    "finish": town.finish,
    "redo": lambda it: town.again(it, there(it.story.ordered)),
    "refer": town.refer,
    "apply": town.apply,
    "issue": district.issue,
    "issue_at_once": lambda it: district.issue(it, urgent=True),
    "ratify": district.ratify,
    "receive": district.receive,
    "sign_in": district.sign_in,
    "handle": lambda it: named(it.asked),
    "claim": district.claim,
    "certify": assessed.certify,
    "evaluate": assessed.evaluate,
    "grant_extension": beside.grant_extension,
    "grant_suspension": beside.grant_suspension,
    "resume": beside.resume,
    "rule": beside.rule,
    "take_back": beside.take_back,
    "reopen": assessed.reopen,
    FAIL: lambda it: town.again(it, it.story.asked[Who.LEAD]),
    "merge": lambda it: {"into": it.story.plot.into},
}
