"""The registry at a glance: what is in force, what is being prepared, and the way to each part."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from gridmap.models import Boundary, Edition, PartyOrganisation, Person
from gridmap.models.ground import Level
from gridmap.registry.access import KeeperRequest, keepers_only

LATEST = 5


@keepers_only
@require_safe
def overview(request: KeeperRequest) -> HttpResponse:
    """Counts by level in force, the editions last worked on, and doors to rosters, drawing and advice."""
    today = timezone.localdate()
    counted = {
        level: (count, m2)
        for level, count, m2 in Boundary.objects.on(today)
        .order_by("area__level")
        .values_list("area__level")
        .annotate(Count("pk"), Sum("area_m2"))
    }
    context = {
        "today": today,
        "levels": [
            {"name": level.label, "count": count, "km2": m2 / 1e6}
            for level in Level
            for count, m2 in [counted.get(level.value, (0, 0.0))]
        ],
        "people": Person.objects.count(),
        "parties": PartyOrganisation.objects.count(),
        "editions": Edition.objects.order_by("-created_at")[:LATEST],
        "to_reroute": Edition.objects.filter(state=Edition.State.PUBLISHED, rerouted_at=None, created_by__isnull=False),
    }
    return render(request, "gridmap/registry/overview.html", context)
