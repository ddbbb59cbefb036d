"""The collections in the OpenAPI description: their addresses and filters, read from the collections themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter

from gridmap.features.collection import Collection, collections
from gridmap.features.parameters import MAX_LIMIT
from gridmap.models.ground import Level

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
FILTERS: dict[str, tuple[Schema, str]] = {
    "after": (_TEXT, "上一页最后一个编号；按应答中的 next 翻页即可"),
    "area": ({"type": "string", "pattern": "^[0-9]{1,15}$"}, "区域编码或其开头"),
    "bbox": (_TEXT, "西，南，东，北，度"),
    "category": (_TEXT, "类别编码或其开头"),
    "channel": (_TEXT, "来源"),
    "department": (_TEXT, "部门编码"),
    "edition": ({"type": "integer"}, "只要由这一边界版本划定的边界，编号见 /api/v1/editions"),
    "gone": ({"type": "boolean"}, "true：只要从 on 那一天起撤销的区域，给出它们最后的边界"),
    "level": ({"type": "string", "enum": list(Level.values)}, "区域层级"),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, "最多几条"),
    "on": ({"type": "string", "format": "date"}, "按哪一天的边界，默认今天"),
    "overdue": ({"type": "boolean"}, "是否超期未结"),
    "since": (_TEXT, "此刻起上报,ISO 8601 日期或时间，不写时区为北京时间"),
    "state": (_TEXT, "状态，可用逗号隔开多个"),
    "until": (_TEXT, "此刻前上报,ISO 8601 日期或时间，不写时区为北京时间"),
}


def filter_parameters(names: Iterable[str]) -> list[OpenApiParameter]:
    """The named filters, for ``extend_schema``."""
    return [OpenApiParameter(name, FILTERS[name][0], description=FILTERS[name][1]) for name in sorted(names)]


def describe_collections(result: Schema, **_: Any) -> Schema:
    """Add every collection's address to the description (a postprocessing hook of drf-spectacular)."""
    for shown in collections().values():
        result["paths"][reverse("api-geojson", args=[shown.id])] = {"get": _operation(shown)}
    result["components"]["schemas"]["FeatureCollection"] = FEATURE_COLLECTION
    return result


def _operation(shown: Collection) -> Schema:
    answers = {"application/geo+json": {"schema": {"$ref": "#/components/schemas/FeatureCollection"}}}
    return {
        "operationId": f"v1_{shown.id}_geojson",
        "summary": shown.title,
        "description": "RFC 7946;每个要素的属性:" + "、".join(shown.properties),
        "tags": ["v1"],
        "parameters": [
            {"in": "query", "name": name, "schema": FILTERS[name][0], "description": FILTERS[name][1]}
            for name in sorted(shown.parameters)
        ],
        "responses": {
            "200": {"description": shown.title, "content": answers},
            "304": {"description": "If-None-Match 中的 ETag 仍然有效"},
        },
    }


_FEATURE: Schema = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": ["string", "integer"]},
        "geometry": {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {"type": _TEXT, "coordinates": {"type": "array"}},
        },
        "properties": {"type": "object"},
    },
}
FEATURE_COLLECTION: Schema = {
    "type": "object",
    "required": ["type", "name", "title", "schema_version", "generated_at", "number_returned", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "name": _TEXT,
        "title": _TEXT,
        "schema_version": _TEXT,
        "generated_at": {"type": "string", "format": "date-time"},
        "number_returned": {"type": "integer"},
        "next": {"type": "string", "format": "uri", "description": "下一页的地址；没有更多时不出现"},
        "features": {"type": "array", "items": _FEATURE},
    },
}
