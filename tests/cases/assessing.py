"""What tests of the assessment share: the days of one July, marks, results and their numbers."""

from __future__ import annotations

import datetime as dt

from cases.models import Case, Result
from cases.scoring import Marks
from tests.cases.playing import MARKS, Department, Office, act

GOOD = MARKS[""]


TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = 7, 8, 9, 10


def july(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """The letter is issued on Tuesday the 7th at ten."""
    return dt.datetime(2026, 7, day, hour, minute, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def certified(case: Case, office: Office, at: dt.datetime, marks: dict[str, Marks] | None = None) -> Case:
    return act(case, "certify", office.user, at, text="盖面平整", marks={"": GOOD} if marks is None else marks)


def result(case: Case, department: Department) -> Result:
    return Result.objects.get(assignment__case=case, assignment__unit=department.code)


def numbers(found: Result) -> list[float | None]:
    """The system's part, the town's, and the two joined."""
    return [None if it is None else float(it) for it in (found.system_score, found.street_score, found.total)]


def spent(found: Result) -> dict[str, tuple[float, float, bool]]:
    return {name: (it["used"], it["allowed"], it["done"]) for name, it in found.inputs["spent"].items()}
