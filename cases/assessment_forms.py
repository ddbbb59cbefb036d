"""The forms of the assessment: marks for each department a letter names, and what an appeal can be about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cases.course import Course
from cases.scoring import MOST_MARKS, RUBRIC, Component, Marks
from gridmap.problems import Unprocessable

PREFIX = "marks"
WORDS_FOR = ("没有做", "很差", "较差", "一般", "较好", "很好")


def field(department: str, item: str) -> str:
    """The name of one mark's field."""
    return f"{PREFIX}-{department}-{item}"


def read_marks(sent: Mapping[str, Any]) -> dict[str, Marks]:
    """The marks of a form by department; raises :class:`Unprocessable` where some of one's four are missing or none.

    A department of which all four are left empty is not among them.
    """
    given: dict[str, dict[str, str]] = {}
    for name in sent:
        prefix, _, rest = name.partition("-")
        department, _, item = rest.rpartition("-")
        if prefix == PREFIX and department and item in RUBRIC:
            given.setdefault(department, {})[item] = sent[name].strip()
    return {department: _marks(items) for department, items in given.items() if any(items.values())}


def _marks(items: Mapping[str, str]) -> Marks:
    known = {str(mark): mark for mark in range(MOST_MARKS + 1)}
    for item, label in RUBRIC.items():
        if items.get(item, "") not in known:
            raise Unprocessable(
                f"“{label}”应评 0 到 {MOST_MARKS} 分，四项都要评 (four marks from 0 to 5)", parameter="marks"
            )
    return Marks(**{item: known[items[item]] for item in RUBRIC})


def assessment_choices(course: Course, verbs: Collection[str], typed: Mapping[str, str]) -> dict[str, Any]:
    """What the forms of the assessment offer, with what was ``typed``; nothing for verbs that are not offered."""
    choices: dict[str, Any] = {}
    if "certify" in verbs:
        choices["marking"] = [
            {
                "unit": it.unit,
                "lead": it.is_lead,
                "items": [
                    {"label": label, "field": field(it.unit_id, item), "value": typed.get(field(it.unit_id, item), "")}
                    for item, label in RUBRIC.items()
                ],
            }
            for it in sorted(course.asked, key=lambda asked: not asked.is_lead)
        ]
        choices["mark_words"] = [(str(mark), WORDS_FOR[mark]) for mark in range(MOST_MARKS, -1, -1)]
    if "grant" in verbs:  # and so is "uphold"
        choices["components"] = Component.choices
        waiting = {key for key, result in course.results.items() if result.is_appealed}
        choices["appealed"] = [it for it in course.asked if it.pk in waiting]
    return choices
