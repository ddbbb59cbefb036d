"""Grids of the wrong size, what is proposed for each, and taking proposals up as a draft."""

from __future__ import annotations

from typing import Any

import shapely
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from geodata.sizes import RURAL_RESIDENTS, URBAN_HOUSEHOLDS, URBAN_RESIDENTS
from gridmap.editions.balance import Advice, advice, common_scope, take_up
from gridmap.editions.drafts import MAX_NAME
from gridmap.editions.keepers import may_prepare
from gridmap.models import Area
from gridmap.models.ground import Level
from gridmap.problems import Forbidden, Problem
from gridmap.registry.access import KeeperRequest, keepers_only
from gridmap.registry.editions import propose
from gridmap.registry.forms import StyledForm

# Enough to place a line on a map to the centimetre.
DECIMALS = 7


class TakeUpForm(StyledForm):
    """Which proposals to take up, and what the draft is to be called."""

    name = forms.CharField(
        label="草稿名称", max_length=MAX_NAME, error_messages={"required": "请给草稿起个名称 (name the draft)"}
    )
    grids = forms.MultipleChoiceField(error_messages={"required": "请至少勾选一条建议 (choose at least one)"})


@keepers_only
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: KeeperRequest) -> HttpResponse:
    """The list for a district or town; a POST makes a draft of the proposals chosen."""
    places = _places(request)
    scope = _scope(request, places)
    today = timezone.localdate()
    found = advice(scope, on=today) if scope else []
    form = TakeUpForm(request.POST or None, initial={"name": f"{today:%Y-%m-%d} 规模调整"})
    form.fields["grids"].choices = [(it.grid.code, it.grid.name) for it in found if it.can_be_taken_up]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            edition = _taken_up(request, form.cleaned_data)
        except Problem as problem:
            form.refuse(problem)
        else:
            propose(edition)
            return redirect("registry-edition", edition.pk)
    context = {
        "places": places,
        "scope": scope,
        "found": found,
        "form": form,
        "chosen": set(request.POST.getlist("grids")),
        "urban_households": URBAN_HOUSEHOLDS,
        "urban_residents": URBAN_RESIDENTS,
        "rural_residents": RURAL_RESIDENTS,
        "page": {"areas": reverse("api-geojson", args=["areas"]), "scope": scope, "cuts": _cuts(found)},
    }
    return render(request, "gridmap/registry/balance.html", context, status=422 if form.errors else 200)


def _taken_up(request: KeeperRequest, chosen: dict[str, Any]) -> Any:
    scope = common_scope(chosen["grids"])
    if not may_prepare(request.standing, request.user, scope=scope):
        raise Forbidden("所选网格超出了您的辖区，请按镇街分别采用 (beyond your ground)")
    return take_up(
        chosen["grids"], name=chosen["name"].strip(), on=timezone.localdate(), by=request.user, at=timezone.now()
    )


def _places(request: KeeperRequest) -> list[Area]:
    """The districts and towns this keeper may prepare drafts for, largest first."""
    places = Area.objects.filter(level__in=[Level.DISTRICT, Level.TOWN]).order_by("code")
    return [area for area in places if may_prepare(request.standing, request.user, scope=area.code)]


def _scope(request: KeeperRequest, places: list[Area]) -> str:
    """The area asked for, else the first there is; "" when there is none."""
    asked = request.GET.get("area", "")
    codes = [area.code for area in places]
    if asked and asked not in codes:
        raise Forbidden("这个区域不在您的辖区 (not your ground)")
    return asked or (codes[0] if codes else "")


def _cuts(found: list[Advice]) -> list[dict[str, Any]]:
    """The proposed cuts as GeoJSON features."""
    return [
        {
            "type": "Feature",
            "properties": {"code": it.grid.code, "name": it.grid.name},
            "geometry": shapely.geometry.mapping(shapely.set_precision(it.cut.line, 10**-DECIMALS)),
        }
        for it in found
        if it.cut is not None
    ]
