"""Pages about cases: reporting, following, one case."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import segno
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from cases import actions, photos
from cases.actions.district import departments, own_powers
from cases.actions.handling import WORDS, Given
from cases.actions.merging import candidates
from cases.actions.once import read_key
from cases.actions.surveying import SURVEY_DAYS, survey_until
from cases.actions.town import rules_for, units_of
from cases.actions.whistling import who_can_be_sent
from cases.api import caller, case_for
from cases.assessment_forms import assessment_choices, read_marks
from cases.course import Course, usable, whole_case
from cases.deadlines import Limit, Unit
from cases.desk import time_left, waits_for
from cases.inputs import MAX_TEXT
from cases.letters import drawing
from cases.models import Case, Letter, Photo, Procedure, SurveyAnswer
from cases.models.survey import MAX_COMMENT
from cases.rules import RULES
from cases.serializers import category_tree, trace_view
from cases.workflow import REASONS, RUNNING, STEP_OF, State, Step, Verb
from gridmap.duties import Standing, path_of, responsible_for
from gridmap.features.parameters import read_number, stored_position
from gridmap.models import Area
from gridmap.problems import NotFound, Problem, Unprocessable

# Rulings about cases of the same category that are offered with a letter.
PRECEDENTS = 5
# What reporters are told beside every change of state: that it will take longer (DOMAIN 2.4).
TOLD = frozenset({"grant_extension"})
UNKNOWN_ICON = "question-circle"
SATISFACTIONS = SurveyAnswer.Satisfaction


class AuthenticatedHttpRequest(HttpRequest):
    """A request that got past ``login_required``."""

    user: User


def uploads(request: HttpRequest) -> list[Any]:
    """The photos sent with a form."""
    return list(request.FILES.getlist("photos"))


@require_safe
@ensure_csrf_cookie
def report(request: HttpRequest) -> HttpResponse:
    """Report a problem from the map."""
    page: dict[str, Any] = {
        "areas": reverse("api-geojson", args=["areas"]),
        "rivers": reverse("api-geojson", args=["rivers"]),
        "cases": reverse("api-cases"),
        "locate": reverse("api-locate"),
        "places": reverse("api-places"),
        "similar": reverse("api-similar"),
        "voices": reverse("api-voices", args=["NUMBER"]),
        "qr": reverse("track-qr"),
        "channel": Case.Channel.PATROL if caller(request).roles else Case.Channel.WEB,
        "max_photos": photos.MAX_PHOTOS,
        "max_text": MAX_TEXT,
    }
    categories = _pictured(category_tree(at=timezone.localtime()))
    return render(request, "cases/report.html", {"page": page, "categories": categories})


def _pictured(categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tree with the address of each category's picture."""
    return [
        category | {"picture": _picture(category["icon"]), "children": _pictured(category.get("children", []))}
        for category in categories
    ]


def _picture(icon: str) -> str:
    try:
        return static(f"vendor/bootstrap-icons/{icon or UNKNOWN_ICON}.svg")
    except ValueError:
        # Icons are named by people in the admin; a name that does not exist must not close the page.
        return static(f"vendor/bootstrap-icons/{UNKNOWN_ICON}.svg")


@require_safe
def track(request: HttpRequest) -> HttpResponse:
    """Follow a case by number and code; whoever has both may see it, the reporter's data excepted."""
    number, code = _key(request.GET)
    return _track_page(request, number, code) if number or code else render(request, "cases/track.html")


@require_POST
def survey(request: HttpRequest) -> HttpResponse:
    """Take a reporter's answer and come back to the case; a refusal is shown where it was answered."""
    number, code = _key(request.POST)
    given = {name: request.POST.get(name, "") for name in ("solved", "satisfaction", "comment")}
    opinion = actions.Opinion(
        given["solved"], {str(it.value): it.value for it in SATISFACTIONS}.get(given["satisfaction"]), given["comment"]
    )
    try:
        actions.answer_survey(number, code, opinion, at=timezone.localtime())
    except Problem as problem:
        return _track_page(request, number, code, Tried("survey", problem, given))
    return redirect(f"{_track_path(number, code)}#survey")


def _key(given: QueryDict) -> tuple[str, str]:
    """Number and follow-up code as typed."""
    return given.get("number", "").strip(), given.get("code", "").strip().upper()


def _track_page(request: HttpRequest, number: str, code: str, tried: Tried | None = None) -> HttpResponse:
    case = Case.objects.select_related("category", "current_area").by_code(number, code)
    if case is None:
        error = "编号或查询码不对，请核对后再试 (number and code do not match)"
        shown = {"number": number, "code": code, "error": error}
        return render(request, "cases/track.html", shown, status=404)
    shown = _followed(request, case) | {"survey": _survey(case), "tried": tried}
    return render(request, "cases/track.html", shown, status=tried.problem.status if tried else 200)


def _survey(case: Case) -> dict[str, Any]:
    """What the survey's part of a page shows."""
    until = survey_until(case)
    return {
        "until": until,
        "open": until is not None and timezone.now() <= until,
        "days": SURVEY_DAYS,
        "answers": case.answers.all(),
        "solved": SurveyAnswer.Solved.choices,
        "satisfaction": SATISFACTIONS.choices[::-1],
        "max_comment": MAX_COMMENT,
    }


@require_safe
def track_qr(request: HttpRequest) -> HttpResponse:
    """The address of a case's progress as a QR code (SVG), for whoever has number and code already."""
    case = Case.objects.by_code(*_key(request.GET))
    if case is None:
        raise NotFound("编号或查询码不对 (number and code do not match)")
    response = HttpResponse(qr_svg(_track_address(request, case), standalone=True), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=86400"
    return response


def _track_path(number: str, code: str) -> str:
    return f"{reverse('track')}?{urlencode({'number': number, 'code': code})}"


def _track_address(request: HttpRequest, case: Case) -> str:
    return request.build_absolute_uri(_track_path(case.number, case.track_code))


def _followed(request: HttpRequest, case: Case) -> dict[str, Any]:
    address = _track_address(request, case)
    return {
        "case": case,
        "photos": case.photos.all(),
        "steps": steps(case),
        "responsible": responsible_for(case.current_area_id, on=timezone.localdate()),
        "events": [
            trace_view(event)
            for event in case.trace.select_related("actor__person")
            if event.from_state != event.to_state or event.verb in TOLD
        ],
        "qr": qr_svg(address),
        "address": address,
        "overdue": case.is_overdue(timezone.now()),
    }


def qr_svg(address: str, *, standalone: bool = False) -> str:
    """The address as a QR code: SVG to put inside a page, or ``standalone`` as a picture of its own."""
    code = segno.make(address, error="m")
    if not standalone:
        return str(code.svg_inline(scale=4, border=2))
    written = io.BytesIO()
    code.save(written, kind="svg", scale=4, border=2, light="#fff")
    return written.getvalue().decode()


def steps(case: Case) -> list[dict[str, Any]]:
    """The nine steps with where this case stands; those it did not need on its way are said to be skipped."""
    passed = {STEP_OF[State(event.to_state)] for event in case.trace.all()}
    return [
        {
            "number": step.value,
            "name": step.label,
            "reached": step in passed and step <= case.step,
            "skipped": step not in passed and step < case.step,
            "current": step == case.step,
        }
        for step in Step
    ]


@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: its steps, its trace, and what this caller may do now."""
    standing = caller(request)
    found, whole = case_for(number, standing)
    if not whole:
        if not request.user.is_authenticated:
            return redirect(f"{reverse('sign-in')}?next={request.path}")
        raise NotFound(f"没有找到事项 {number[:20]}，或不在您的辖区 (no such case on your ground)")
    return _case_page(request, found, standing)


@dataclass(frozen=True)
class Tried:
    """What somebody tried and was refused, with what was typed: shown again where it was tried."""

    verb: str
    problem: Problem
    given: dict[str, str]


def _case_page(request: HttpRequest, found: Case, standing: Standing, tried: Tried | None = None) -> HttpResponse:
    now = timezone.now()
    shown, course = whole_case(found.pk)
    verbs = usable(shown, course, standing, request.user.pk, at=now)
    context = {
        "case": shown,
        "steps": steps(shown),
        "path": _short(path_of(shown.current_area_id)),
        "responsible": responsible_for(shown.current_area_id, on=timezone.localdate()),
        "candidates": Area.objects.filter(code__in=shown.route_candidates).order_by("code"),
        "events": [trace_view(event) | {"when": event.at} for event in shown.trace.all()],
        # What others wait for comes first, then what carries the case on.
        "actions": [
            {"verb": verb, "waiting": course.waiting(verb), "reasons": REASONS.get(verb.name)}
            for verb in sorted(verbs, key=lambda verb: (not verb.decides or verb.aside, verb.goes_to is None))
        ],
        "waits_for": waits_for(State(shown.state), verbs, course),
        "choices": _choices(shown, verbs, course, standing)
        | assessment_choices(course, {verb.name for verb in verbs}, tried.given if tried else {}),
        "procedures": course.procedures,
        "suspension": course.suspension,
        "unconfirmed": course.unconfirmed,
        "own_powers": own_powers(shown, on=timezone.localdate()) if any(it.name == "apply" for it in verbs) else [],
        "overdue": shown.is_overdue(now),
        "left": time_left(shown.state, shown.due_at, now) if shown.state in RUNNING else "",
        "may_read_reporter": standing.role_among(actions.MAY_READ, shown.current_area_id) is not None,
        "survey": _survey(shown),
        "now": now,
        "tried": tried,
        # A verb refused because the case has moved on is no longer among the forms.
        "tried_elsewhere": tried is not None and all(verb.name != tried.verb for verb in verbs),
        "max_photos": photos.MAX_PHOTOS,
        # Each form adds its verb: pressed twice, or sent again after a lost answer, it is done once.
        "key": uuid.uuid4(),
        "page": {
            "areas": reverse("api-geojson", args=["areas"]),
            "rivers": reverse("api-geojson", args=["rivers"]),
            "locate": reverse("api-locate"),
            "lon": shown.point.x,
            "lat": shown.point.y,
            "area": shown.current_area_id,
        },
    }
    return render(request, "cases/case.html", context, status=tried.problem.status if tried else 200)


def _choices(shown: Case, verbs: list[Verb], course: Course, standing: Standing) -> dict[str, Any]:
    """What the forms offer to choose from; nothing is asked for that no form needs."""
    needs = {need for verb in verbs for need in verb.needs}
    own = course.own(standing)
    choices: dict[str, Any] = {
        "asked": course.asked,
        "ruled": course.ruled,
        "more": own.limit if own is not None else None,
    }
    if "person" in needs:
        choices["people"] = who_can_be_sent(shown, on=timezone.localdate())
    if "office" in needs:
        choices["rules"] = rules_for(shown)
    if needs & {"office", "unit"}:
        choices["units"] = units_of(shown)
    if "into" in needs:
        choices["candidates"] = candidates(shown, standing)
    if "department" in needs:
        choices["departments"] = departments()
        choices["precedents"] = Procedure.objects.rulings(shown.category_id)[:PRECEDENTS]
    if "until" in needs:
        today = timezone.localdate()
        choices["until"] = (today + dt.timedelta(days=1), today + dt.timedelta(days=RULES.suspension_days))
    if "limit" in needs:
        choices["limit_units"] = Unit.choices
    return choices


def _short(path: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each area with its name less the name above it, as one reads a path."""
    above = ["", *(area["name"] for area in path)]
    return [
        area | {"short": area["name"].removeprefix(up) or area["name"]} for area, up in zip(path, above, strict=False)
    ]


@login_required
@require_POST
def act(request: AuthenticatedHttpRequest, number: str, verb: str) -> HttpResponse:
    """Use a verb on a case and come back to it; a refusal is shown where it was tried."""
    standing = caller(request)
    try:
        key = read_key(request.POST.get("key"))
        given = _given(request)
        actions.act(number, verb, given, by=request.user, standing=standing, at=timezone.localtime(), key=key)
    except Problem as problem:
        found, whole = case_for(number, standing)
        if not whole:
            raise
        return _case_page(request, found, standing, Tried(verb, problem, request.POST.dict()))
    return redirect("case", number)


def _given(request: HttpRequest) -> Given:
    """What a form says; raises :class:`Problem` for what it cannot mean."""
    words: dict[str, Any] = {name: request.POST.get(name, "") for name in WORDS}
    words["area"] = words["area"].strip()
    return Given(
        **words,
        assisting=request.POST.getlist("assisting"),
        limit=_limit(request),
        place=_place(request),
        marks=read_marks(request.POST),
        pictures=photos.read_all(uploads(request)),
    )


def _place(request: HttpRequest) -> tuple[float, float] | None:
    """The place a device told a form, in its own words WGS 84; None where it told nothing."""
    lon, lat = (request.POST.get(name, "").strip() for name in ("lon", "lat"))
    if not (lon or lat):
        return None
    return stored_position(read_number("lon", lon), read_number("lat", lat), request.POST.get("coord", "wgs84"))


def _limit(request: HttpRequest) -> Limit | None:
    """The limit of a form; raises :class:`Unprocessable` for what is none."""
    amount, unit = request.POST.get("limit_amount", "").strip(), request.POST.get("limit_unit", Unit.WORKING_DAYS)
    if not amount:
        return None
    if not (amount.isascii() and amount.isdigit() and len(amount) <= 3) or unit not in Unit.values:
        raise Unprocessable("完成时限应为整数和单位 (a number and a unit)", parameter="limit")
    return Limit(int(amount), Unit(unit))


@login_required
@require_POST
def reporter(request: AuthenticatedHttpRequest, number: str) -> HttpResponse:
    """Show who reported it, in clear; the reading is traced."""
    found = actions.read_reporter(number, by=request.user, standing=caller(request), at=timezone.localtime())
    response = render(request, "cases/reporter.html", {"reporter": found, "number": number})
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def letter(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A letter of demand, to read and to print; for those who may read the case whole."""
    found, whole = case_for(number, caller(request))
    if not whole and not request.user.is_authenticated:
        return redirect(f"{reverse('sign-in')}?next={request.path}")
    written = Letter.objects.select_related("confirmed_by__person").filter(case=found, pk=pk).first() if whole else None
    if written is None:
        raise NotFound("没有找到这封信函 (no such letter)")
    asked = list(written.assignments.select_related("unit").order_by("part", "id"))
    path = path_of(found.current_area_id)
    town = path[1]["name"] if len(path) > 1 else path[0]["name"]
    context = {
        "case": found,
        "letter": written,
        "lead": next(it for it in asked if it.is_lead),
        "assisting": [it for it in asked if not it.is_lead],
        "town": town,
        "place": path[-1]["name"],
        "centre": responsible_for(found.current_area_id, on=timezone.localdate(written.issued_at))["centre"],
        "confirmed_by": _named(written.confirmed_by),
        "drawn": drawing(found, on=timezone.localdate(), above=town),
    }
    return render(request, "cases/letter.html", context)


def _named(user: User | None) -> str:
    person = getattr(user, "person", None)
    return person.name if person else user.get_username() if user else ""


@require_safe
def photo(request: HttpRequest, number: str, pk: int) -> FileResponse:
    """A picture, for those on the case's ground and for whoever holds its follow-up code."""
    found, whole = case_for(number, caller(request))
    picture = Photo.objects.filter(case=found, pk=pk).first()
    code = request.GET.get("code", "")
    if picture is None or not (whole or constant_time_compare(found.track_code, code)):
        raise NotFound("没有找到这张照片 (no such photo)")
    response = FileResponse(default_storage.open(picture.file), content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    return response
