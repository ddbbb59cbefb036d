"""How things stand, as figures for machines: everybody may see them, they name no person."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse

from cases.features import READERS
from cases.models import SurveyAnswer
from cases.overdue import by_the_minute
from cases.review import review
from cases.sheets import PERIOD, window_words
from gridmap.features import areal
from gridmap.features.offered import Offered, Question


def _turns(question: Question) -> str:
    """Another one by the minute, for limits pass, and with every answer of a reporter: answers are only ever added."""
    answers = SurveyAnswer.objects.aggregate(last=Max("pk"))["last"]
    return f"{by_the_minute(question)}|{answers}"


REVIEW = Offered(
    id="review",
    title="回顾",
    parameters=PERIOD - {"level"},
    counters=("cases", "areas", "registry", "whistles"),
    readers=READERS,
    turns=_turns,
)


def figures(request: HttpRequest) -> HttpResponse:
    """The figures of a period: headline, months, whistles by community, places, departments, steps."""

    def tell(question: Question) -> dict[str, Any]:
        window = {"window": window_words(question.filters)}
        return window | review(question.filters, now=question.now).as_dict()

    return areal.answer_told(request, REVIEW, tell)
