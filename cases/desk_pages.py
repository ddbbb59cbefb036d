"""The desk's pages: the list, what keeps it up to date, the same list as a file, and several cases dispatched at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import bulk, desk_files, notices
from cases.api import caller
from cases.desk import Asked, Place, Row, Show, desk_of, first_shown, listed, posts_of, scores_waiting
from cases.handovers import handed_over
from cases.views import AuthenticatedHttpRequest
from gridmap.duties import Standing
from gridmap.features import delimited, geojson
from gridmap.models.versions import version_of
from gridmap.problems import BadParameter, Forbidden, SignInNeeded, answer

# What moves when a desk does; the passing of time is told by the minute.
COUNTERS = ("cases", "areas", "notices")


@login_required
@require_safe
def desk(request: AuthenticatedHttpRequest) -> HttpResponse:
    """My work: what waits for me on my ground, by deadline."""
    standing, now = caller(request), timezone.now()
    asked = _asked(request, standing)
    etag = _etag(request.user.pk, standing, asked, now)
    page = {
        "areas": reverse("api-geojson", args=["areas"]),
        "rivers": reverse("api-geojson", args=["rivers"]),
        "live": f"{reverse('desk-live')}?{_query(asked)}",
        "etag": etag,
    }
    context = _work(request.user.pk, standing, asked, now) | {
        "scores": scores_waiting(standing, now=now),
        "handed_over": handed_over(standing, now=now),
        "posts": posts_of(standing),
        "everything": standing.everything,
        "page": page,
    }
    return render(request, "cases/desk.html", context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The changing part of the desk as a piece of the page; 304 while nothing in it has changed.

    Whoever is no longer signed in gets 401 and not the sign-in page: nobody reads it here.
    """
    if not request.user.is_authenticated:
        return answer(SignInNeeded("请先登录 (sign in first)"))
    standing, now = caller(request), timezone.now()
    asked = _asked(request, standing)
    etag = _etag(request.user.pk, standing, asked, now)
    response: HttpResponse
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        response = render(request, "cases/desk_work.html", _work(request.user.pk, standing, asked, now))
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _asked(request: HttpRequest, standing: Standing) -> Asked:
    """What an address of the desk asks for; raises :class:`BadParameter`."""
    show, after = request.GET.get("show", "").strip(), request.GET.get("after", "").strip()
    if show and show not in Show.values:
        raise BadParameter(f"参数 show 应为 {'、'.join(Show.values)} 之一", parameter="show")
    return Asked(Show(show) if show else first_shown(standing), Place.read(after) if after else None)


def _etag(user_id: int, standing: Standing, asked: Asked, now: dt.datetime) -> str:
    """Weak: the data version, who asks for what, and the minute, by which times are told."""
    grounds = [(role, sorted(codes)) for role, codes in sorted(standing.grounds.items())]
    organisations = [(role, sorted(codes)) for role, codes in sorted(standing.organisations.items())]
    who = f"{user_id}|{standing.everything}|{grounds}|{organisations}|{asked.show}|{asked.after}|{now:%Y%m%d%H%M}"
    return f'W/"desk-{version_of(*COUNTERS)}-{hashlib.sha256(who.encode()).hexdigest()[:16]}"'


def _work(user_id: int, standing: Standing, asked: Asked, now: dt.datetime) -> dict[str, Any]:
    """What the changing part of the page shows."""
    found = desk_of(standing, user_id=user_id, now=now, asked=asked)
    counts = {Show.MINE: found.mine, Show.ALL: found.total, Show.OVERDUE: found.overdue}
    return {
        "desk": found,
        "notices": notices.unread(standing, user_id, now=now),
        "tabs": [
            {"show": show.value, "name": show.label, "count": counts[show], "current": show == asked.show}
            for show in Show
        ],
        "pins": [_pin(row) for row in found.rows],
        "next": f"?{_query(Asked(asked.show, found.next))}" if found.next else "",
        "dispatches": bool(bulk.VERB.roles & standing.roles),
    }


@login_required
@require_POST
def read_notices(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Take the notices named off this person's desk, and come back to it."""
    notices.read(
        request.POST.getlist("notice"), standing=caller(request), user_id=request.user.pk, at=timezone.localtime()
    )
    return redirect("desk")


def _pin(row: Row) -> dict[str, Any]:
    return {
        "number": row.case.number,
        "name": row.case.category.name,
        "state": "overdue" if row.overdue else row.case.state,
        "lon": row.case.point.x,
        "lat": row.case.point.y,
    }


def _query(asked: Asked) -> str:
    return urlencode({"show": asked.show.value} | ({"after": str(asked.after)} if asked.after else {}))


@login_required
@require_safe
def as_csv(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    """The whole list, all pages of it, for a spreadsheet."""
    standing, now = caller(request), timezone.now()
    show = _asked(request, standing).show
    cases = listed(standing, user_id=request.user.pk, now=now, show=show)
    text = delimited.lines(list(desk_files.COLUMNS), desk_files.rows(cases, now=now))
    headers = _file_headers(show, "csv", now)
    return StreamingHttpResponse(text, content_type=delimited.MEDIA_TYPE, headers=headers)


@login_required
@require_safe
def as_geojson(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The whole list, all pages of it, for a map."""
    standing, now = caller(request), timezone.now()
    show = _asked(request, standing).show
    cases = listed(standing, user_id=request.user.pk, now=now, show=show)
    body = desk_files.feature_collection(cases, standing, title=show.label, now=now)
    return HttpResponse(body, content_type=geojson.MEDIA_TYPE, headers=_file_headers(show, "geojson", now))


def _file_headers(show: Show, suffix: str, now: dt.datetime) -> dict[str, str]:
    name = f"desk-{show.value}-{timezone.localtime(now):%Y%m%d-%H%M}.{suffix}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dispatch(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Several cases dispatched at once: asked about with what the table of responsibilities proposes, then done."""
    standing = caller(request)
    if not bulk.VERB.roles & standing.roles:
        raise Forbidden("只有镇街网格中心人员可以派件 (for the centre of a town)")
    given = request.POST if request.method == "POST" else request.GET
    numbers = bulk.ticked(given.getlist("case"))
    if request.method != "POST":
        found = bulk.proposals(numbers, standing, request.user.pk, at=timezone.now())
        known = {proposal.case.number for proposal in found}
        context = {
            "proposals": found,
            "unknown": [number for number in numbers if number not in known],
            "ready": sum(not proposal.refusal for proposal in found),
            # One for the page: each case adds its number, and what was done is not done again.
            "key": uuid.uuid4(),
        }
        return render(request, "cases/dispatch.html", context)
    offices = {number: request.POST.get(f"office-{number}", "") for number in numbers}
    results = bulk.dispatch_each(
        offices, by=request.user, standing=standing, clock=timezone.localtime, key=_page_key(request.POST.get("key"))
    )
    refused = [result for result in results if result.refusal]
    context = {
        "results": results,
        "done": len(results) - len(refused),
        "refused": refused,
        "again": urlencode({"case": [result.number for result in refused]}, doseq=True),
    }
    return render(request, "cases/dispatched.html", context, status=409 if len(refused) == len(results) else 200)


def _page_key(sent: str | None) -> str:
    try:
        return str(uuid.UUID(sent or ""))
    except ValueError:
        raise BadParameter("页面标识无法识别，请重新打开页面 (no key of a page)", parameter="key") from None
