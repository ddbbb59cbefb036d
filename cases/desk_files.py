"""A desk's list as a file: for those who read the cases whole, so with their words and their exact places."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.utils import timezone

from cases.desk import time_left
from cases.features import CASES
from cases.models import Case
from cases.models.case import CaseQuerySet
from cases.workflow import State
from gridmap.duties import Standing
from gridmap.features.geojson import features_text
from gridmap.features.offered import SCHEMA_VERSION
from gridmap.features.parameters import Filters

AT_ONCE = 2000
# Heading → column; the rest is made of these.
COLUMNS = {
    "编号": "number",
    "类别": "category__name",
    "状态": "state",
    "描述": "text",
    "区域编码": "current_area_id",
    "区域": "current_area__name",
    "地址": "address",
    "来源": "channel",
    "附议": "voices_count",
    "上报时间": "reported_at",
    "截止时间": "due_at",
    "剩余": "due_at",
    "经度(CGCS2000)": "point",
    "纬度(CGCS2000)": "point",
}
# How a cell is written, where it is not the column as it stands: of the row by column, and the moment.
SHOWN: dict[str, Callable[[dict[str, Any], dt.datetime], object]] = {
    "状态": lambda row, now: State(row["state"]).label,
    "来源": lambda row, now: Case.Channel(row["channel"]).label,
    "上报时间": lambda row, now: _moment(row["reported_at"]),
    "截止时间": lambda row, now: _moment(row["due_at"]),
    "剩余": lambda row, now: time_left(row["state"], row["due_at"], now),
    "经度(CGCS2000)": lambda row, now: round(row["point"].x, 7),
    "纬度(CGCS2000)": lambda row, now: round(row["point"].y, 7),
}
FEATURE = replace(
    CASES,
    id="desk",
    geometry=AsGeoJSON("point", precision=7),
    properties={name: column for name, column in CASES.properties.items() if name != "exact"}
    | {"text": "text", "address": "address"},
)


def rows(cases: CaseQuerySet, *, now: dt.datetime) -> Iterator[list[Any]]:
    """The cells of each case, in the order of :data:`COLUMNS`."""
    columns = list(dict.fromkeys(COLUMNS.values()))
    for values in cases.values_list(*columns).iterator(chunk_size=AT_ONCE):
        of = dict(zip(columns, values, strict=True))
        yield [SHOWN[head](of, now) if head in SHOWN else of[column] for head, column in COLUMNS.items()]


def feature_collection(cases: CaseQuerySet, standing: Standing, *, title: str, now: dt.datetime) -> bytes:
    """The cases as GeoJSON, in the order of their numbers."""
    features, count = features_text(replace(FEATURE, rows=lambda *_: cases), Filters(), standing, limit=None)
    head = {
        "type": "FeatureCollection",
        "name": FEATURE.id,
        "title": title,
        "schema_version": SCHEMA_VERSION,
        "generated_at": timezone.localtime(now).isoformat(timespec="seconds"),
        "number_returned": count,
    }
    return b'%s,"features":[%s]}' % (json.dumps(head, ensure_ascii=False)[:-1].encode(), features)


def _moment(at: dt.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
