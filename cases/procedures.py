"""Whether somebody may ask for something beside the course of a case now: pure, of its rows and the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cases.rules import RULES
from cases.workflow import Kind, Stage

if TYPE_CHECKING:
    from cases.models import Assignment, Procedure


def hindrance(kind: Kind, own: Assignment | None, procedures: Sequence[Procedure], at: dt.datetime) -> str | None:
    """Why what is asked for cannot be asked for now, as a sentence; None where nothing stands in the way.

    ``own``: what was asked of the unit that asks; None where somebody else asks. ``procedures``: all of the case.
    """
    about = own.pk if own is not None and kind not in OF_THE_CASE else None
    if any(it.kind == kind and it.waits and it.assignment_id == about for it in procedures):
        return f"已有一份{kind.label}在等决定 (one is waiting already)"
    if own is None:
        return None
    if own.finished_at is not None:
        return "本单位已经申请办结 (done already)"
    return OWN_RULES[kind](own, procedures, at) if kind in OWN_RULES else None


def _returning(own: Assignment, procedures: Sequence[Procedure], at: dt.datetime) -> str | None:
    if any(it.kind == Kind.RETURN and it.unit_id == own.unit_id for it in procedures):
        return "本部门已经退过一次，不能再退 (returned already)"
    if any(it.stage == Stage.GRANTED and it.department_id == own.unit_id for it in procedures):
        return "已经认定由本部门承办，不能再退 (ruled to be yours)"
    if own.arrived_at is not None:
        return "本部门已经报到，不能再退 (come already)"
    if own.return_by is not None and at > own.return_by:
        return f"发函后 {RULES.returning} 内才能退单 (too late to return it)"
    return None


def _extending(own: Assignment, procedures: Sequence[Procedure], at: dt.datetime) -> str | None:
    if at > own.due_at:
        return "时限已过，不能再申请延期 (past the limit)"
    granted = [it for it in procedures if it.kind == Kind.EXTENSION and it.stage == Stage.GRANTED]
    if sum(it.assignment_id == own.pk for it in granted) >= RULES.extensions:
        return f"已经延期 {RULES.extensions} 次，不能再延 (extended often enough)"
    return None


def _suspending(own: Assignment, procedures: Sequence[Procedure], at: dt.datetime) -> str | None:
    return None if own.is_lead else "主办部门才能申请挂账 (for the lead to ask)"


# What is one for the whole case, whoever asks.
OF_THE_CASE = frozenset({Kind.DISPUTE, Kind.MEETING})
OWN_RULES: dict[Kind, Callable[[Assignment, Sequence[Procedure], dt.datetime], str | None]] = {
    Kind.RETURN: _returning,
    Kind.EXTENSION: _extending,
    Kind.SUSPENSION: _suspending,
}


def too_late_to_reopen(closed_at: dt.datetime | None, at: dt.datetime) -> str | None:
    """A case closed longer ago stays closed; exactly at the limit is in time."""
    if closed_at is not None and at > closed_at + dt.timedelta(days=RULES.reopening_days):
        return f"结项已超过 {RULES.reopening_days} 天，请作为新的事项上报 (closed too long ago)"
    return None
