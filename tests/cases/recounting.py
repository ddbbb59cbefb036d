"""Figures counted again from tables of all cases and of all that departments were asked, in pandas and GeoPandas."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas
import numpy as np
import pandas as pd

from cases import counting
from cases.counting import Figures
from cases.coverage import Coverage, Place
from cases.deadlines import SHANGHAI
from cases.models import Assignment, Case
from cases.models.counts import CELL_ZOOM, HOURS
from cases.workflow import RUNNING
from geodata.crs import STORED_SRID
from gridmap.features.parameters import Filters
from gridmap.models.ground import Level

NOW = dt.datetime(2026, 7, 7, 10, 0, tzinfo=SHANGHAI)


def table_of_cases() -> geopandas.GeoDataFrame:
    """Every case with what figures are made of, its public place in CGCS2000."""
    columns = [
        "id",
        "state",
        "channel",
        "route_method",
        "category_id",
        "current_area_id",
        "reported_at",
        "due_at",
        "closed_at",
    ]
    rows = pd.DataFrame(Case.objects.values_list(*columns), columns=columns)
    for name in ("reported_at", "due_at", "closed_at"):
        rows[name] = pd.to_datetime(rows[name], utc=True)
    places = np.array([(point.x, point.y) for point in Case.objects.values_list("public_point", flat=True)])
    return geopandas.GeoDataFrame(rows, geometry=geopandas.points_from_xy(*places.T), crs=STORED_SRID)


def chosen(cases: pd.DataFrame, filters: Filters) -> Any:
    kept = cases
    if filters.since is not None:
        kept = kept[kept.reported_at >= filters.since]
    if filters.until is not None:
        kept = kept[kept.reported_at < filters.until]
    for name, column in (("category", "category_id"), ("area", "current_area_id")):
        if (prefix := getattr(filters, name)) is not None:
            kept = kept[kept[column].str.startswith(prefix)]
    if filters.state is not None:
        kept = kept[kept.state.isin(filters.state)]
    return kept if filters.channel is None else kept[kept.channel == filters.channel]


def figures_of(cases: pd.DataFrame) -> Figures:
    collected = cases.state != "merged"
    done = cases.state.isin(["closed", "evaluated"])
    in_time = done & (cases.closed_at <= cases.due_at)
    patrol = collected & (cases.channel == "patrol")
    astray = collected & (cases.route_method != "within")
    return Figures(*(int(it.sum()) for it in (collected, patrol, astray, ~collected, done, in_time)))


def recounted(cases: pd.DataFrame, filters: Filters) -> dict[str, Figures]:
    groups = chosen(cases, filters).groupby("current_area_id")
    return {str(code): its for code, rows in groups if any(its := figures_of(rows))}


def cells_of(cases: Any, filters: Filters) -> dict[tuple[int, int], int]:
    kept = chosen(cases, filters)
    kept = kept[kept.state != "merged"]
    metres = kept.to_crs(3857).geometry
    half = 20037508.342789244
    side = 2 * half / 2**CELL_ZOOM
    x = np.floor((metres.x + half) / side).astype(int)
    y = np.floor((half - metres.y) / side).astype(int)
    return pd.Series(1, index=pd.MultiIndex.from_arrays([x, y])).groupby(level=[0, 1]).sum().to_dict()


def as_dict(cells: counting.Cells) -> dict[tuple[int, int], int]:
    return {
        (int(x), int(y)): int(n)
        for x, y, n in zip(counting.columns_of(cells.key), counting.rows_of(cells.key), cells.n, strict=True)
    }


def demands() -> pd.DataFrame:
    """What departments were asked and still stands."""
    columns = {
        "unit": "unit_id",
        "category_id": "case__category_id",
        "current_area_id": "case__current_area_id",
        "state": "case__state",
        "channel": "case__channel",
        "ended": "case__closed_at",
        "reported_at": "case__reported_at",
        "arrived_at": "arrived_at",
        "arrive_by": "arrive_by",
        "finished_at": "finished_at",
        "due_at": "due_at",
        "minutes": "arrival_minutes",
        "total": "result__total",
    }
    standing = Assignment.objects.exclude(letter=None).filter(withdrawn_at=None)
    rows = pd.DataFrame(standing.values_list(*columns.values()), columns=list(columns))
    for name in ("reported_at", "arrived_at", "arrive_by", "finished_at", "due_at", "ended"):
        rows[name] = pd.to_datetime(rows[name], utc=True)
    rows["total"] = rows.total.astype(float)
    return rows


def recovered(rows: pd.DataFrame, filters: Filters, level: Level) -> dict[Place, Coverage]:
    kept = chosen(rows, filters)
    if filters.department is not None:
        kept = kept[kept.unit == filters.department]
    kept = kept[kept.current_area_id.str.len() >= level.code_length]
    places = kept.groupby(["unit", kept.current_area_id.str[: level.code_length]])
    return {Place(*map(str, place)): _coverage_of(its) for place, its in places}


def _coverage_of(its: pd.DataFrame) -> Coverage:
    edges = [-1, *(60 * hours for hours in HOURS), np.inf]
    hours, _ = np.histogram(its.minutes.dropna().astype(float) - 0.5, bins=edges)
    still = its[its.finished_at.isna() & its.ended.isna()]
    scores = its.total.dropna()
    return Coverage(
        demanded=len(its),
        arrived=int(its.arrived_at.notna().sum()),
        arrived_in_time=int((its.arrived_at <= its.arrive_by).sum()),
        done=int(its.finished_at.notna().sum()),
        done_in_time=int((its.finished_at <= its.due_at).sum()),
        scored=len(scores),
        points=round(scores.sum(), 2),
        squares=round((scores**2).sum(), 4),
        hours=tuple(int(n) for n in hours),
        waiting=int((still.arrived_at.isna() & (still.arrive_by >= NOW)).sum()),
        late=int((still.state.isin([str(it) for it in RUNNING]) & (still.due_at < NOW)).sum()),
    )


def rounded(found: dict[Place, Coverage]) -> dict[Place, Coverage]:
    return {
        place: its._replace(points=round(float(its.points), 2), squares=round(float(its.squares), 4))  # type: ignore[arg-type]
        for place, its in found.items()
    }
