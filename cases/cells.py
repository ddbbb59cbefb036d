"""Cases counted by cells of the map: what is drawn where there are too many to send one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.gis.db.models import Func
from django.db.models import Avg, Count, F, FloatField, Q, QuerySet
from django.db.models.functions import Floor

from cases.models import Case
from cases.workflow import OPEN, RUNNING

CELL_PIXELS = 64
MAX_ZOOM = 19


def cell_size(zoom: int) -> float:
    """The side of a cell in degrees: 64 pixels of longitude on a web map of that zoom."""
    return 360 / (256 * 2.0**zoom) * CELL_PIXELS


def cells(chosen: QuerySet[Case], *, zoom: int, now: dt.datetime) -> list[dict[str, Any]]:
    """Count cases by cell, by their public places.

    Gives ``lon`` and ``lat`` (CGCS2000 degrees, the mean of the cases in the cell), ``count``, ``open`` and
    ``overdue`` for each cell with a case in it, the fullest first. No case is left out of the counts.
    """
    size = cell_size(zoom)
    x = Func(F("public_point"), function="ST_X", output_field=FloatField())
    y = Func(F("public_point"), function="ST_Y", output_field=FloatField())
    counted = (
        chosen.order_by()
        .values(column=Floor(x / size), row=Floor(y / size))
        .annotate(
            lon=Avg(x),
            lat=Avg(y),
            count=Count("pk"),
            open=Count("pk", filter=Q(state__in=OPEN)),
            overdue=Count("pk", filter=Q(state__in=RUNNING, due_at__lt=now)),
        )
        .order_by("-count", "column", "row")
    )
    return [
        {"lon": round(it["lon"], 6), "lat": round(it["lat"], 6)}
        | {name: it[name] for name in ("count", "open", "overdue")}
        for it in counted
    ]
