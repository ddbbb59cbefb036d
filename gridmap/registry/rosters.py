"""Pages of rosters: download, send in, look at every row, carry out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from gridmap.editions import keepers
from gridmap.models import RosterImport
from gridmap.problems import Forbidden, NotFound
from gridmap.registry.access import KeeperRequest, keepers_only
from gridmap.rosters import imports
from gridmap.rosters.kinds import ROSTERS
from gridmap.rosters.reading import MAX_BYTES, MAX_ROWS, Unreadable
from gridmap.rosters.register import Register, Terms
from gridmap.rosters.roster import Outcome, Roster
from gridmap.rosters.sheets import MEDIA_TYPE, workbook

ROWS_A_PAGE = 200
LATEST = 10
# How far back or ahead a roster may hold from: a slip of the year is caught here.
_BACK, _AHEAD = dt.timedelta(days=3 * 366), dt.timedelta(days=366)


class RosterForm(forms.Form):
    """A file, and the day it holds from."""

    file = forms.FileField(
        label="名册文件",
        error_messages={"required": "请选择一个 .xlsx 或 .csv 文件 (choose a file)", "empty": "文件是空的 (empty)"},
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv", "class": "form-control"}),
    )
    day = forms.DateField(
        label="生效日期",
        required=False,
        error_messages={"invalid": "日期写成 2026-07-01 (not a day)"},
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.today = today

    def clean_file(self) -> UploadedFile[bytes]:
        """Too large is said before the file is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件 (too large)")
        return file

    def clean_day(self) -> dt.date:
        """Today unless said otherwise."""
        day: dt.date = self.cleaned_data["day"] or self.today
        if not self.today - _BACK <= day <= self.today + _AHEAD:
            raise forms.ValidationError("生效日期应在三年前到一年后之间，请核对年份 (check the year)")
        return day


@keepers_only
@require_safe
def rosters(request: KeeperRequest) -> HttpResponse:
    """Every kind of roster this keeper may send."""
    shown = [roster for roster in ROSTERS.values() if _open_to(request, roster)]
    return render(request, "gridmap/registry/rosters.html", {"rosters": shown, "latest": _latest(request)})


@keepers_only
@require_http_methods(["GET", "HEAD", "POST"])
def roster(request: KeeperRequest, kind: str) -> HttpResponse:
    """One kind: how it is filled in, and where it is sent."""
    chosen = _kind(request, kind)
    now = timezone.localtime()
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = RosterForm(*sent, today=now.date(), initial={"day": now.date()})
    if request.method != "POST":
        return _form_page(request, chosen, form)
    if not form.is_valid():
        return _form_page(request, chosen, form)
    file = form.cleaned_data["file"]
    try:
        received = imports.receive(
            kind,
            file.name or "",
            file.read(),
            day=form.cleaned_data["day"],
            by=request.user,
            keeps=_keeps(request),
            at=now,
        )
    except Unreadable as error:
        form.add_error("file", str(error))
        return _form_page(request, chosen, form)
    return redirect("registry-roster-import", kind, received.pk)


@keepers_only
@require_http_methods(["GET", "HEAD", "POST"])
def roster_import(request: KeeperRequest, kind: str, key: UUID) -> HttpResponse:
    """What a file means row by row; a POST carries it out."""
    chosen = _kind(request, kind)
    now = timezone.localtime()
    held = imports.waiting(kind, key, by=request.user, at=now)
    if request.method != "POST":
        return _findings_page(request, chosen, held, refused="")
    try:
        imports.commit(held, digest=request.POST.get("digest", ""), keeps=_keeps(request), at=now)
    except imports.Refused as refused:
        held.refresh_from_db()
        return _findings_page(request, chosen, held, refused=str(refused))
    messages.success(request, f"{chosen.title}已写入：{_in_words(held.counts)}。")
    return redirect("registry-roster", kind)


@keepers_only
@require_safe
def roster_template(request: KeeperRequest, kind: str) -> HttpResponse:
    """The empty spreadsheet."""
    chosen = _kind(request, kind)
    return _spreadsheet(workbook(chosen(_terms(request)), []), f"{chosen.title}-模板.xlsx")


@keepers_only
@require_safe
def roster_registered(request: KeeperRequest, kind: str) -> HttpResponse:
    """The spreadsheet filled with what is registered on the keeper's ground."""
    chosen = _kind(request, kind)
    filled = chosen(_terms(request))
    today = timezone.localdate().isoformat()
    return _spreadsheet(workbook(filled, filled.held_by_sender()), f"{chosen.title}-{today}.xlsx")


def _kind(request: KeeperRequest, kind: str) -> type[Roster]:
    chosen = ROSTERS.get(kind)
    if chosen is None:
        raise NotFound("没有这种名册 (no such roster)")
    if not _open_to(request, chosen):
        raise Forbidden(f"{chosen.title}由区网格中心登记 (kept by the district's centre)")
    return chosen


def _open_to(request: KeeperRequest, chosen: type[Roster]) -> bool:
    return not chosen.district_only or keepers.may_prepare(request.standing, request.user, scope="")


def _keeps(request: KeeperRequest) -> Callable[[str], bool]:
    """Whether the keeper's ground holds an area, remembered per code: a file asks for the same few again and again."""
    standing, user = request.standing, request.user

    @cache
    def keeps(code: str) -> bool:
        return keepers.may_prepare(standing, user, scope=code)

    return keeps


def _terms(request: KeeperRequest) -> Terms:
    today = timezone.localdate()
    return Terms(today, today, _keeps(request), Register())


def _spreadsheet(content: bytes, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    # Telephones and names: for whoever asked, on no shelf on the way.
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)


def _form_page(request: KeeperRequest, chosen: type[Roster], form: RosterForm) -> HttpResponse:
    context = {
        "roster": chosen,
        "columns": list(chosen.fields.values()),
        "form": form,
        "latest": _latest(request, chosen.kind),
        "limits": {"bytes": MAX_BYTES // 1024 // 1024, "rows": MAX_ROWS},
    }
    return render(request, "gridmap/registry/rosters_kind.html", context, status=422 if form.errors else 200)


def _findings_page(request: HttpRequest, chosen: type[Roster], held: RosterImport, *, refused: str) -> HttpResponse:
    if held.findings is None:
        messages.info(request, "这份名册已经写入过了 (carried out already)。")
        return redirect("registry-roster", chosen.kind)
    show = request.GET.get("show", "")
    if show not in Outcome:
        show = next((word for word in Outcome.values if held.counts[word]), Outcome.UNCHANGED.value)
    rows = [row for row in held.findings["rows"] if row["outcome"] == show]
    address = reverse("registry-roster-import", args=[chosen.kind, held.pk])
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "roster": chosen,
        "held": held,
        "refused": refused,
        "page": page,
        "tabs": [
            {
                "word": outcome.value,
                "name": outcome.label,
                "count": held.counts[outcome.value],
                "href": f"{address}?{urlencode({'show': outcome.value})}",
                "here": outcome.value == show,
            }
            for outcome in Outcome
        ],
        "show": show,
        "address": address,
        "faults": held.counts[Outcome.FAULT.value],
        "to_write": sum(held.counts[word.value] for word in (Outcome.NEW, Outcome.CHANGED, Outcome.ENDED)),
        "until": timezone.localtime(held.received_at + imports.KEPT_FOR),
        "in_words": _in_words(held.counts),
    }
    return render(request, "gridmap/registry/rosters_import.html", context, status=409 if refused else 200)


def _in_words(counts: dict[str, int]) -> str:
    said = [f"{outcome.label} {counts[outcome.value]} 行" for outcome in Outcome if counts.get(outcome.value)]
    return "，".join(said)


def _latest(request: KeeperRequest, kind: str = "") -> list[dict[str, Any]]:
    """Who carried out what and when, the latest first; a town's clerk sees their own."""
    done = RosterImport.objects.exclude(committed_at=None).select_related("by__person").defer("content", "findings")
    if not keepers.may_prepare(request.standing, request.user, scope=""):
        done = done.filter(by=request.user)
    if kind:
        done = done.filter(kind=kind)
    return [
        {
            "title": ROSTERS[it.kind].title if it.kind in ROSTERS else it.kind,
            "at": it.committed_at,
            "by": it.by.person.name if hasattr(it.by, "person") else it.by.get_username(),
            "file": it.file_name,
            "day": it.day,
            "counts": _in_words(it.counts),
            "digest": it.digest[:12],
        }
        for it in done.order_by("-committed_at")[:LATEST]
    ]
