"""How things stand, for leaders: the page, and its figures for machines. Everybody may see them; they name no person."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from cases.features import READERS, by_the_minute
from cases.models import Case, SurveyAnswer
from cases.review import review
from cases.serializers import category_tree
from cases.sheets import PERIOD, window_words
from cases.workflow import DONE, OPEN
from gridmap.features import areal
from gridmap.features.offered import Offered, Question
from gridmap.models import Area, Organisation
from gridmap.models.ground import Level


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


def page(request: HttpRequest) -> HttpResponse:
    """How things stand: the page asks for the figures and draws them; its filters are the map's, in its address."""
    categories = category_tree(at=timezone.localtime())
    told = {
        "figures": reverse("api-review"),
        "map": reverse("map"),
        "report": reverse("review-report"),
        "today": timezone.localdate().isoformat(),
        "done": sorted(DONE),
        "open": sorted(OPEN),
        "categories": [it["code"] for group in categories for it in (group, *group["children"])],
    }
    chosen_from = {
        "towns": _towns(),
        "categories": categories,
        "channels": Case.Channel.choices,
        "departments": Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT).order_by("code"),
    }
    return render(request, "cases/review.html", {"page": told, **chosen_from})


def _towns() -> list[dict[str, Any]]:
    """Towns, each with its communities: codes and names."""
    found: dict[str, dict[str, Any]] = {}
    places = Area.objects.filter(level__in=[Level.TOWN, Level.COMMUNITY]).order_by("code").values_list("code", "name")
    for code, name in places:
        town = found.setdefault(code[: Level.TOWN.code_length], {"code": code, "name": name, "children": []})
        if code != town["code"]:
            town["children"].append({"code": code, "name": name})
    return list(found.values())
