"""The page of one edition: its steps in order, what each still lacks, and the data its map draws."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from gridmap.editions import differences, keepers, lineage, publishing, staffing
from gridmap.editions.differences import Ground
from gridmap.editions.keepers import Act
from gridmap.models import Boundary, DraftArea, DraftLineage, DraftStep, Edition, Lineage
from gridmap.models.ground import Level
from gridmap.problems import Problem
from gridmap.registry import shapes, staffs
from gridmap.registry.access import KeeperRequest, edition_of, keepers_only
from gridmap.registry.forms import DescribeForm, ExcuseForm, LineageForm, PublishForm, StyledForm
from gridmap.registry.shown import (
    AT_ONCE,
    CHANGE_NAMES,
    difference_rows,
    findings_of,
    main_changes,
    names_of,
    scope_names,
)

State = Edition.State
OPEN = (State.DRAFT, State.APPROVED)
MAX_LINES = 500


@dataclass(frozen=True)
class Tried:
    """What somebody tried and was refused: shown again in its section, with the form as it was filled in."""

    section: str
    problem: Problem | None = None
    form: StyledForm | None = None

    @property
    def detail(self) -> str:
        """The reason in one sentence."""
        return self.problem.detail if self.problem else "请改正下面标出的各项 (see below)"

    @property
    def sentences(self) -> list[str]:
        """The reasons, where there are several."""
        return list(getattr(self.problem, "sentences", ()))

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.problem.status if self.problem else 422


@dataclass
class Step:
    """One of the steps on the way, as the row of steps shows it."""

    id: str
    name: str
    done: bool
    note: str = ""
    state: str = field(default="", init=False)


@keepers_only
@require_safe
@ensure_csrf_cookie
def edition(request: KeeperRequest, pk: int) -> HttpResponse:
    """One edition."""
    return edition_page(request, edition_of(pk))


@keepers_only
@require_safe
def findings_geojson(request: KeeperRequest, pk: int) -> HttpResponse:
    """Where something was found in a draft, as GeoJSON."""
    return _geojson(shapes.found(edition_of(pk)))


@keepers_only
@require_safe
def changes_geojson(request: KeeperRequest, pk: int) -> HttpResponse:
    """The areas an edition changes, as GeoJSON: of a draft against what is in force, of a published one for good."""
    shown = edition_of(pk)
    if shown.state == State.PUBLISHED:
        return _geojson(shapes.published(shown))
    today = timezone.localdate()
    found = differences.differences(shown, on=today)
    return _geojson(shapes.changed(differences.ground(shown, on=today), found, main_changes(shown, found)))


def _geojson(features: list[dict[str, Any]]) -> JsonResponse:
    return JsonResponse(
        {"type": "FeatureCollection", "features": features},
        content_type="application/geo+json",
        json_dumps_params={"ensure_ascii": False},
    )


def edition_page(request: KeeperRequest, shown: Edition, tried: Tried | None = None) -> HttpResponse:
    """The page, with what was tried and refused, if something was."""
    today = timezone.localdate()
    context: dict[str, Any] = {
        "edition": shown,
        "scope_name": scope_names([shown.scope])[shown.scope] or "—",
        "today": today,
        "tried": tried,
        "is_draft": shown.state in OPEN,
        "may_prepare": keepers.may_prepare(request.standing, request.user, scope=shown.scope),
        "history": _history(shown),
        "page": {
            "areas": reverse("api-geojson", args=["areas"]),
            "rivers": reverse("api-geojson", args=["rivers"]),
            "changes": reverse("registry-changes", args=[shown.pk]),
            # What was found is told of a draft only: publishing has answered it, and what is given up nobody mends.
            "findings": reverse("registry-findings", args=[shown.pk]) if shown.state in OPEN else None,
            "change_names": CHANGE_NAMES,
            "is_published": shown.state == State.PUBLISHED,
        },
    }
    if shown.state in OPEN:
        context |= _draft(request, shown, tried, today=today)
    elif shown.state == State.PUBLISHED:
        context |= _published(request, shown, today=today)
    else:
        context["steps"] = []
    return render(request, "gridmap/registry/edition.html", context, status=tried.status if tried else 200)


# ---- a draft -----------------------------------------------------------------------------------------------------


def _draft(request: KeeperRequest, shown: Edition, tried: Tried | None, *, today: dt.date) -> dict[str, Any]:
    ground = differences.ground(shown, on=today)
    changed = differences.differences(shown, on=today)
    context = (
        _check(request, shown, tried)
        | _differences(shown, changed)
        | _lineage(shown, ground, tried)
        | staffs.staffing_context(shown, ground, today=today, form=_form(tried, "staffing"))
        | _approval(request, shown, tried, today=today)
    )
    excuse = _form(tried, "excuse")
    context["excuse_form"] = excuse or ExcuseForm()
    approved = shown.state == State.APPROVED
    context["steps"] = _in_order(
        [
            Step("check", "检查", not context["found"].errors, f"{context['found'].errors} 个错误"),
            Step("differences", "差异", bool(changed), "没有差异"),
            Step("lineage", "沿革", not context["lineage_missing"], "有缺"),
            Step("staffing", "人员", not context["staffing_missing"], "有缺"),
            Step("approval", "批准", approved),
            Step("publication", "发布", False),
            Step("publication", "归入", False),
        ]
    )
    return context


def _in_order(steps: list[Step]) -> list[Step]:
    """The first that is not done is the present one; a note is for what is not done."""
    current = next((step for step in steps if not step.done), None)
    for step in steps:
        step.state = "reached" if step.done else "current" if step is current else ""
        step.note = "" if step.done else step.note
    return steps


def _form(tried: Tried | None, section: str) -> StyledForm | None:
    return tried.form if tried is not None and tried.section == section else None


def _check(request: KeeperRequest, shown: Edition, tried: Tried | None) -> dict[str, Any]:
    severity, kind = request.GET.get("severity", "")[:7], request.GET.get("kind", "")[:30]
    find = request.GET.get("find", "").strip()[:40].replace("\x00", "")
    return {
        "found": findings_of(shown, severity=severity.replace("\x00", ""), kind=kind.replace("\x00", "")),
        "severity": severity,
        "kind": kind,
        "find": find,
        "describe_form": _form(tried, "check") or _describing(shown, request.GET.get("area", ""), find),
    }


def _describing(shown: Edition, row: str, code: str) -> DescribeForm | None:
    """The form for a row of the draft, asked for by key or by code."""
    rows = DraftArea.objects.filter(edition=shown).standing()
    if row.isascii() and row.isdigit() and len(row) <= 18:
        area = rows.filter(pk=int(row)).first()
    else:
        area = rows.filter(code=code).first() if code else None
    if area is None:
        return None
    initial = {name: getattr(area, name) for name in DescribeForm.base_fields if name != "row"}
    return DescribeForm(initial=initial | {"row": area.pk})


def _differences(shown: Edition, changed: Sequence[differences.Difference]) -> dict[str, Any]:
    counted = Counter(change for it in changed for change in it.change)
    grids = [it for it in changed if it.level == Level.GRID]
    return {
        "differences": difference_rows(shown, changed),
        "differences_total": len(changed),
        "counted": [
            {"word": change.value, "name": change.label, "count": counted[change]}
            for change in differences.Change
            if counted[change]
        ],
        "moving_cases": max(sum(it.cases_in for it in grids), sum(it.cases_out for it in grids)),
    }


def _lineage(shown: Edition, ground: Ground, tried: Tried | None) -> dict[str, Any]:
    rows = list(DraftLineage.objects.filter(edition=shown).order_by("predecessor_id", "-share", "successor")[:AT_ONCE])
    gone, made = lineage.gone(ground), lineage.made(ground)
    touched = {it.old_code for it in ground.overlaps} | {it.new_code for it in ground.overlaps}
    names = names_of(
        shown, {*touched, *gone, *made, *(code for it in rows for code in (it.predecessor_id, it.successor))}
    )
    form = _form(tried, "lineage") or LineageForm()
    form.fields["predecessor"].widget.attrs["list"] = "old-codes"
    form.fields["successor"].widget.attrs["list"] = "new-codes"
    return {
        "lineage": [
            {
                "row": row,
                "predecessor_name": names.get(row.predecessor_id, ""),
                "successor_name": names.get(row.successor, ""),
                "percent": round(row.share * 100),
            }
            for row in rows
        ],
        "lineage_missing": lineage.missing(shown, ground),
        "lineage_form": form,
        "old_areas": [(code, names.get(code, "")) for code in sorted(touched & ground.before.keys() | set(gone))][
            :AT_ONCE
        ],
        "new_areas": [(code, names.get(code, "")) for code in sorted(touched & ground.after.keys() | set(made))][
            :AT_ONCE
        ],
    }


def _approval(request: KeeperRequest, shown: Edition, tried: Tried | None, *, today: dt.date) -> dict[str, Any]:
    approved = shown.state == State.APPROVED
    who = (request.standing, request.user)
    form = _form(tried, "publication") or PublishForm(initial={"valid_from": today + dt.timedelta(days=1)})
    return {
        "faults": [] if approved else publishing.faults(shown, on=today),
        "obstacles": publishing.obstacles(shown, on=today) if approved else [],
        "approve_refusal": keepers.refusal(Act.APPROVE, *who, shown),
        "publish_refusal": keepers.refusal(Act.PUBLISH, *who, shown),
        "may_withdraw": keepers.has_role_for(Act.APPROVE, *who, scope=shown.scope),
        "publish_form": form,
    }


# ---- what is published, and how it came about --------------------------------------------------------------------


def _published(request: KeeperRequest, shown: Edition, *, today: dt.date) -> dict[str, Any]:
    drawn, gone = (
        dict(rows.order_by("area__level").values_list("area__level").annotate(Count("pk")))
        for rows in (Boundary.objects.filter(edition=shown), Boundary.objects.gone_by(shown))
    )
    begun = shown.valid_from or today
    done = shown.rerouted_at is not None
    steps = [
        Step(word, name, True) for word, name in (("published", "检查"), ("published", "差异"), ("published", "沿革"))
    ]
    steps += [Step("published", "人员", True), Step("published", "批准", True), Step("published", "发布", True)]
    return {
        "drawn": _by_level(drawn),
        "gone": _by_level(gone),
        "lineage": Lineage.objects.filter(edition=shown).select_related("predecessor", "successor")[:AT_ONCE],
        "in_force": begun <= today,
        "day_before": begun - dt.timedelta(days=1),
        "may_publish_role": keepers.has_role_for(Act.PUBLISH, request.standing, request.user, scope=shown.scope),
        "steps": _in_order([*steps, Step("reroute", "归入", done)]),
    }


def _by_level(counted: dict[str, int]) -> list[dict[str, Any]]:
    return [{"name": level.label, "count": counted[level.value]} for level in Level if level.value in counted]


def _history(shown: Edition) -> list[DraftStep]:
    """The steps, the last first; only the last can be undone, and never the one that began the draft."""
    steps = list(shown.steps.select_related("by__person").order_by("-pk"))
    for step in steps:
        step.lines = [_line(it) for it in step.details[:MAX_LINES]]  # type: ignore[attr-defined]
        step.can_undo = step is steps[0] and len(steps) > 1  # type: ignore[attr-defined]
    return steps


def _line(detail: Any) -> str:
    """A detail of a step in words, whatever step it was."""
    if not isinstance(detail, dict):
        return str(detail)
    if "sentence" in detail:
        return str(detail["sentence"])
    if "undone" in detail:
        return f"撤销过：{detail['undone']}"
    if "label" in detail:
        return f"{detail['label']}：{detail.get('before')} → {detail.get('after')}"
    return "，".join(f"{name} {value}" for name, value in detail.items())


__all__ = ["Tried", "edition", "edition_page", "staffing"]
