"""What new boundaries took from a desk and gave to it: shown for a while to both sides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q

from cases.models import Case, Handover
from gridmap.duties import Standing

SHOWN_FOR = dt.timedelta(days=14)
MAX_ROWS = 50
# So many are read at a glance; more are folded away so that the work stays in sight.
UNFOLDED = 3

ARRIVED, LEFT, WITHIN = "arrived", "left", "within"
WAYS = {ARRIVED: "移入", LEFT: "移出", WITHIN: "辖区内"}


@dataclass(frozen=True)
class Row:
    """A case handed over; ``way`` is one of :data:`WAYS`, ``readable`` says whether this person may open it."""

    handover: Handover
    way: str
    readable: bool

    @property
    def way_name(self) -> str:
        """The way in words."""
        return WAYS[self.way]


@dataclass(frozen=True)
class HandedOver:
    """The latest handovers, at most :data:`MAX_ROWS` of them, and the counts of all by way."""

    rows: list[Row]
    arrived: int
    left: int
    within: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.arrived + self.left + self.within

    @property
    def unfolded(self) -> bool:
        """Few enough to be shown at once."""
        return self.total <= UNFOLDED


def handed_over(standing: Standing, *, now: dt.datetime) -> HandedOver:
    """What was handed over to, from and within the ground of somebody of this standing in the last days."""
    to_me, from_me = _on_ground(standing, "to_area"), _on_ground(standing, "from_area")
    recent = Handover.objects.filter(to_me | from_me, at__gt=now - SHOWN_FOR, at__lte=now)
    counts = recent.aggregate(
        arrived=Count("pk", filter=to_me & ~from_me),
        left=Count("pk", filter=from_me & ~to_me),
        within=Count("pk", filter=to_me & from_me),
    )
    if not any(counts.values()):
        return HandedOver([], **counts)
    latest = list(recent.select_related("case__category", "edition", "from_area", "to_area")[:MAX_ROWS])
    readable = set(
        Case.objects.visible_to(standing).filter(pk__in=[it.case_id for it in latest]).values_list("pk", flat=True)
    )
    rows = [Row(it, _way(it, standing), it.case_id in readable) for it in latest]
    return HandedOver(rows, **counts)


def _on_ground(standing: Standing, field: str) -> Q:
    if standing.everything:
        return Q(pk__isnull=False)
    mine = Q(pk__in=[])
    for prefix in standing.prefixes:
        mine |= Q(**{f"{field}__code__startswith": prefix})
    return mine


def _way(handover: Handover, standing: Standing) -> str:
    came, went = (
        standing.everything or any(code.startswith(prefix) for prefix in standing.prefixes)
        for code in (handover.to_area_id, handover.from_area_id)
    )
    if came and went:
        return WITHIN
    return ARRIVED if came else LEFT
