"""Drawing in a draft: the page with the map, and what it asks: forms in, JSON out, problems as everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

import numpy as np
import shapely
from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from geodata.corners import plane_of
from geodata.crs import COORDINATE_SYSTEMS, CoordinateOutOfRange, to_metres, to_stored
from geodata.cutting import MAX_POINTS
from gridmap.editions import drafts, drawing
from gridmap.editions.drawing import Piece, Plan, Redrawing
from gridmap.editions.keepers import Act
from gridmap.editions.standing import drawn as drawn_by_all_levels
from gridmap.models import Edition
from gridmap.models.drafts import DraftFinding, DraftStep
from gridmap.models.ground import Level
from gridmap.problems import BadParameter, Conflict, Problem, SignInNeeded, answer
from gridmap.registry.access import KeeperRequest, for_act, keepers_only
from gridmap.registry.editions import propose

# About a centimetre; the server finds the corner that was meant (geodata.cutting.SNAP_METRES).
DECIMALS = 7
STEPS_SHOWN = 30
POLYGONS = ("Polygon", "MultiPolygon")  # whatever else a file brought in cannot be drawn in
OPEN = (Edition.State.DRAFT, Edition.State.APPROVED)
DRAWN = (DraftStep.Kind.SPLIT, DraftStep.Kind.MERGE, DraftStep.Kind.HAND_OVER)
LEVEL_OF_LENGTH = {level.code_length: level for level in Level}

_Rest = ParamSpec("_Rest")


def for_machines(
    view: Callable[Concatenate[KeeperRequest, _Rest], HttpResponse],
) -> Callable[Concatenate[HttpRequest, _Rest], HttpResponse]:
    """Keepers only, as the pages; refusals are answered as problems, not as pages."""
    guarded = keepers_only(view)

    def answered(request: HttpRequest, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> HttpResponse:
        try:
            if not request.user.is_authenticated:
                raise SignInNeeded("请先登录 (sign in first)")
            return guarded(request, *args, **kwargs)
        except Problem as problem:
            return answer(problem)

    update_wrapper(answered, view)
    return answered


def _open_draft(request: KeeperRequest, pk: int) -> Edition:
    edition = for_act(request, pk, Act.PREPARE)
    if edition.state not in OPEN:
        raise Conflict(f"“{edition.name}”{edition.get_state_display()}，不能再修改 (no longer a draft)")
    return edition


# ---- what is asked ---------------------------------------------------------------------------------------------


class DrawnLine(forms.CharField):
    """A drawn line as JSON, ``[[lon, lat], …]``; cleaned to a list of pairs."""

    def to_python(self, value: Any) -> Any:
        """Read the line; raises ``ValidationError``."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            places = np.array(json.loads(text), dtype=np.float64)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise forms.ValidationError("线应写作 [[经度, 纬度], …] (not a line)") from None
        if places.ndim != 2 or places.shape[1] != 2 or not 2 <= len(places) <= MAX_POINTS + 1:
            raise forms.ValidationError(f"线应有 2 到 {MAX_POINTS} 个点，各有经度、纬度 (not a line)")
        return places.tolist()


class EditForm(forms.Form):
    """What every edit says: the step it was drawn upon, and whether it is only to be looked at."""

    step = forms.IntegerField()
    preview = forms.BooleanField(required=False)


class LineForm(EditForm):
    """An edit with a drawn line, in a named coordinate system."""

    line = DrawnLine(max_length=64 * MAX_POINTS)
    coord = forms.ChoiceField(choices=[(it, it) for it in COORDINATE_SYSTEMS])

    def clean(self) -> dict[str, Any]:
        """Turn the line into a shape in stored degrees."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("line") and "coord" in cleaned:
            try:
                places = np.array(cleaned["line"])
                lon, lat = to_stored(places[:, 0], places[:, 1], cleaned["coord"])
            except CoordinateOutOfRange:
                raise forms.ValidationError(
                    {"line": "坐标应是经纬度 (not longitude and latitude in degrees)"}
                ) from None
            cleaned["line"] = shapely.LineString(np.column_stack((lon, lat)))
        return cleaned


class SplitForm(LineForm):
    """Split a grid by a line."""

    code = forms.CharField(max_length=15)
    both_new = forms.BooleanField(required=False)

    def plan(self) -> Plan:
        """What :func:`gridmap.editions.drawing.draw` takes."""
        return drawing.split(
            self.cleaned_data["code"], self.cleaned_data["line"], both_new=self.cleaned_data["both_new"]
        )


class HandOverForm(LineForm):
    """Hand a strip to the neighbour."""

    giver = forms.CharField(max_length=15)
    taker = forms.CharField(max_length=15)
    in_parts = forms.BooleanField(required=False)

    def plan(self) -> Plan:
        """What :func:`gridmap.editions.drawing.draw` takes."""
        given = self.cleaned_data
        return drawing.hand_over(given["giver"], given["taker"], given["line"], in_parts=given["in_parts"])


class MergeForm(EditForm):
    """Merge neighbours; ``codes`` stand with commas between."""

    codes = forms.CharField(max_length=16 * 50)
    into = forms.CharField(max_length=15, required=False)

    def plan(self) -> Plan:
        """What :func:`gridmap.editions.drawing.draw` takes."""
        codes = [code.strip() for code in self.cleaned_data["codes"].split(",") if code.strip()]
        return drawing.merge(codes, into=self.cleaned_data["into"])


class UndoForm(forms.Form):
    """Take the last step back."""

    step = forms.IntegerField()


Edit = SplitForm | HandOverForm | MergeForm
EDITS: dict[str, type[Edit]] = {"split": SplitForm, "merge": MergeForm, "hand-over": HandOverForm}


def _checked(form: forms.Form) -> None:
    for name, sentences in form.errors.items():
        raise BadParameter(f"{name}：{sentences[0]} (bad parameter)", parameter=name)


# ---- pages and answers -----------------------------------------------------------------------------------------


@keepers_only
@require_safe
@ensure_csrf_cookie
def draw(request: KeeperRequest, pk: int) -> HttpResponse:
    """The map to draw on."""
    edition = _open_draft(request, pk)
    page = {
        "scope": edition.scope,
        "areas": reverse("api-geojson", args=["areas"]),
        "rivers": reverse("api-geojson", args=["rivers"]),
        "draft": reverse("registry-draft-geojson", args=[pk]),
        "edits": {name: reverse("registry-draw-edit", args=[pk, name]) for name in EDITS},
        "undo": reverse("registry-draw-undo", args=[pk]),
    }
    return render(request, "gridmap/registry/draw.html", {"edition": edition, "page": page})


@for_machines
@require_safe
def draft_geojson(request: KeeperRequest, pk: int) -> HttpResponse:
    """A draft as it stands: every area's shape and what is said of it, and under ``draft`` its steps and findings."""
    edition = for_act(request, pk, Act.PREPARE)
    sheet = drawing.sheet_of(edition, on=timezone.localdate())
    drawn = drawn_by_all_levels(sheet.rows, [sheet.shapes.get(key) for key in sheet.rows])
    shapes = {code: shape for code, shape in drawn.items() if shape.geom_type in POLYGONS and not shape.is_empty}
    redrawn = _redrawn(edition)
    above = {code[:-3] for code in shapes}
    features = [
        _feature(
            code,
            shape,
            ground,
            name=sheet.name(code),
            kind=sheet.rows[code].kind,
            counts={it: sheet.count(code, it) for it in ("households", "residents")},
            lowest=code not in above,
            changed=code in redrawn or sheet.rows[code].made_by_id in redrawn,
        )
        for code, shape, ground in zip(shapes, _rounded(list(shapes.values())), _grounds(shapes), strict=True)
    ]
    body = {"type": "FeatureCollection", "features": features, "draft": _state(edition)}
    return JsonResponse(body, content_type="application/geo+json", json_dumps_params={"ensure_ascii": False})


def _redrawn(edition: Edition) -> set[str | int]:
    """What shows which areas the draft redraws: codes that were drawn, and other steps all of whose rows count.

    A neighbour that only got a new corner is not redrawn.
    """
    marks: set[str | int] = set()
    for pk, kind, details in edition.steps.order_by("pk").values_list("pk", "kind", "details")[1:]:
        if kind in DRAWN:
            # What was undone after the step is noted there too, and has no code.
            marks |= {detail["code"] for detail in details if "code" in detail}
        elif kind != DraftStep.Kind.DESCRIBE:
            marks.add(pk)
    return marks


@for_machines
@require_POST
def edit(request: KeeperRequest, pk: int, kind: str) -> HttpResponse:
    """Carry out what was drawn, or with ``preview`` say what it would do."""
    edition = _open_draft(request, pk)
    form = EDITS[kind](request.POST)
    _checked(form)
    step_id, now = form.cleaned_data["step"], timezone.now()
    if form.cleaned_data["preview"]:
        return _answer(edition, drawing.look(edition, form.plan(), step_id=step_id, at=now))
    done, _ = drawing.draw(edition, form.plan(), step_id=step_id, by=request.user, at=now)
    propose(edition)
    return _answer(edition, done)


@for_machines
@require_POST
def undo(request: KeeperRequest, pk: int) -> HttpResponse:
    """Take the last step back."""
    edition = _open_draft(request, pk)
    form = UndoForm(request.POST)
    _checked(form)
    drafts.undo(edition, step_id=form.cleaned_data["step"], by=request.user, at=timezone.now())
    propose(edition)
    return JsonResponse({"draft": _state(edition)}, json_dumps_params={"ensure_ascii": False})


def _answer(edition: Edition, done: Redrawing) -> JsonResponse:
    pieces = [_piece(piece) for piece in done.pieces]
    body = {
        "type": "FeatureCollection",
        "features": pieces,
        "sentence": done.sentence,
        "notes": list(done.notes),
        "gone": list(done.gone),
        "draft": _state(edition),
    }
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


def _state(edition: Edition) -> dict[str, Any]:
    """What the page shows beside the map: the last steps, which can be undone, and how much is still wrong."""
    steps = list(edition.steps.order_by("-pk").select_related("by")[:STEPS_SHOWN])
    findings = DraftFinding.objects.filter(edition=edition)
    return {
        "step": steps[0].pk if steps else 0,
        "undoable": edition.steps.count() > 1,
        "steps": [_step(step) for step in steps],
        "findings": findings.count(),
        "errors": findings.filter(severity="error").count(),
    }


def _step(step: DraftStep) -> dict[str, Any]:
    return {
        "id": step.pk,
        "kind": step.kind,
        "kind_name": step.get_kind_display(),
        "sentence": step.sentence,
        "at": timezone.localtime(step.at).isoformat(timespec="seconds"),
        "by": step.by.get_full_name() or step.by.get_username() if step.by else "",
    }


def _piece(piece: Piece) -> dict[str, Any]:
    return _feature(
        piece.code,
        _rounded([piece.shape])[0],
        piece.area_m2,
        name=piece.name,
        kind=piece.kind,
        counts=dict(piece.counts),
        is_new=piece.is_new,
    )


def _feature(
    code: str, shape: Any, ground: float, *, name: str, kind: str, counts: dict[str, int | None], **more: Any
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": code,
        "geometry": json.loads(shapely.to_geojson(shape)),
        "properties": {
            "code": code,
            "name": name,
            "kind": kind,
            "level": LEVEL_OF_LENGTH[len(code)].value,
            "area_m2": round(ground, 1) if math.isfinite(ground) else None,
            **counts,
            **more,
        },
    }


def _rounded(shapes: list[Any]) -> list[Any]:
    """The shapes as they go out."""
    return list(shapely.transform(np.array(shapes, dtype=object), lambda degrees: np.round(degrees, DECIMALS)))


def _grounds(shapes: dict[str, Any]) -> list[float]:
    """Square metres of many shapes, all measured in one plane."""
    if not shapes:
        return []
    listed = list(shapes.values())
    srid = plane_of(listed)
    flat = shapely.transform(
        np.array(listed, dtype=object), lambda it: np.column_stack(to_metres(it[:, 0], it[:, 1], srid))
    )
    # What lies off the globe has no ground.
    with np.errstate(invalid="ignore"):
        areas = shapely.area(flat)
    return [float(area) for area in areas]
