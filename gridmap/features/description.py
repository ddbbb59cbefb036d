"""Collections and layers of tiles in the OpenAPI description: addresses and filters, read from themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import NoReverseMatch, reverse
from drf_spectacular.utils import OpenApiParameter

from gridmap.features import areal, geojson, tiles
from gridmap.features.collection import Collection, collections
from gridmap.features.offered import Offered
from gridmap.features.parameters import MAX_LIMIT
from gridmap.features.tiles import MAX_ZOOM, TileLayer, tile_layers
from gridmap.models.ground import Level

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
FILTERS: dict[str, tuple[Schema, str]] = {
    "after": (_TEXT, "上一页最后一个编号；按应答中的 next 翻页即可"),
    "area": ({"type": "string", "pattern": "^[0-9]{1,15}$"}, "区域编码或其开头"),
    "arrival": (_TEXT, "信函所要的部门怎样报到；同时给 department 时只看这个部门"),
    "bbox": (_TEXT, "西，南，东，北，度"),
    "category": (_TEXT, "类别编码或其开头"),
    "channel": (_TEXT, "来源"),
    "denominator": ({"type": "string", "enum": ["residents", "enterprises", "km2"]}, "分母：居民、企业、平方公里"),
    "department": (_TEXT, "部门编码"),
    "edition": ({"type": "integer"}, "只要由这一边界版本划定的边界，编号见 /api/v1/editions"),
    "gone": ({"type": "boolean"}, "true：只要从 on 那一天起撤销的区域，给出它们最后的边界"),
    "level": ({"type": "string", "enum": list(Level.values)}, "区域层级"),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, "最多几条"),
    "on": ({"type": "string", "format": "date"}, "按哪一天的边界，默认今天"),
    "overdue": ({"type": "boolean"}, "是否超期未结"),
    "since": (_TEXT, "此刻起上报,ISO 8601 日期或时间，不写时区为北京时间"),
    "soon": ({"type": "boolean"}, "是否 24 工作时内到期"),
    "state": (_TEXT, "状态，可用逗号隔开多个"),
    "theme": (_TEXT, "专题"),
    "until": (_TEXT, "此刻前上报,ISO 8601 日期或时间，不写时区为北京时间"),
}


def filter_parameters(names: Iterable[str]) -> list[OpenApiParameter]:
    """The named filters, for ``extend_schema``."""
    return [OpenApiParameter(name, FILTERS[name][0], description=FILTERS[name][1]) for name in sorted(names)]


def describe_collections(result: Schema, **_: Any) -> Schema:
    """Add every collection's address to the description (a postprocessing hook of drf-spectacular)."""
    for shown in collections().values():
        result["paths"][reverse("api-geojson", args=[shown.id])] = {"get": _collection(shown)}
    result["components"]["schemas"]["FeatureCollection"] = FEATURE_COLLECTION
    return result


def describe_tile_layers(result: Schema, **_: Any) -> Schema:
    """Add the addresses of every layer of vector tiles (a postprocessing hook too)."""
    for layer in tile_layers().values():
        template = reverse("tile", args=[layer.id, 0, 0, 0]).replace("0/0/0", "{z}/{x}/{y}")
        result["paths"][reverse("tile-layer", args=[layer.id])] = {"get": _layer(layer)}
        result["paths"][template] = {"get": _tile(layer)}
    result["components"]["schemas"]["TileJSON"] = TILEJSON
    return result


def describe_figures(result: Schema, **_: Any) -> Schema:
    """Add the addresses of figures by area, and of what else is told in JSON (a postprocessing hook too)."""
    for shown in areal.figures().values():
        result["paths"][reverse(f"api-{shown.id}")] = {"get": _figures(shown)}
        try:
            drawn = reverse(f"api-{shown.id}-geojson")
        except NoReverseMatch:
            continue  # a collection of its own, or nothing that has an outline
        result["paths"][drawn] = {"get": _drawn_figures(shown)}
    return result


def _figures(shown: Offered) -> Schema:
    return {
        "operationId": f"v1_{shown.id}",
        "summary": shown.title,
        "description": _told(shown),
        "tags": ["v1"],
        "parameters": _filters(shown),
        "responses": _responses(shown, areal.MEDIA_TYPE, {"type": "object"}) | _later(shown),
    }


def _drawn_figures(shown: Offered) -> Schema:
    # What is told of all areas stands beside the features.
    collection = FEATURE_COLLECTION | {"additionalProperties": True}
    return _figures(shown) | {
        "operationId": f"v1_{shown.id}_geojson",
        "responses": _responses(shown, geojson.MEDIA_TYPE, collection) | _later(shown),
    }


def _later(shown: Offered) -> Schema:
    if not isinstance(shown, areal.Areal) or not shown.takes_time:
        return {}
    content = {areal.MEDIA_TYPE: {"schema": {"type": "object"}}}
    return {"202": {"description": "还在计算，progress 为进展；按 Retry-After 再问", "content": content}}


def _told(shown: Offered) -> str:
    if not isinstance(shown, areal.Areal):
        return "JSON"
    return "rows 的每一行:" + "、".join(f"{name}({says})" for name, says in shown.fields.items())


def _collection(shown: Collection) -> Schema:
    return {
        "operationId": f"v1_{shown.id}_geojson",
        "summary": shown.title,
        "description": "RFC 7946;每个要素的属性:" + "、".join(shown.properties),
        "tags": ["v1"],
        "parameters": _filters(shown),
        "responses": _responses(shown, geojson.MEDIA_TYPE, {"$ref": "#/components/schemas/FeatureCollection"}),
    }


def _layer(layer: TileLayer) -> Schema:
    return {
        "operationId": f"tiles_{layer.id}_json",
        "summary": f"{layer.title}:瓦片图层的说明",
        "description": "TileJSON 3.0.0;这里写的筛选会带到瓦片的地址里",
        "tags": ["tiles"],
        "parameters": _filters(layer),
        "responses": _responses(layer, "application/json", {"$ref": "#/components/schemas/TileJSON"}),
    }


def _tile(layer: TileLayer) -> Schema:
    told = "、".join(f"{name}({says})" for name, says in layer.fields.items())
    numbers = {"z": f"级，0 到 {MAX_ZOOM}", "x": "列，自西向东", "y": "行，自北向南"}
    return {
        "operationId": f"tiles_{layer.id}",
        "summary": f"{layer.title}:一块矢量瓦片",
        "description": f"Mapbox Vector Tile 2.1,一个图层 {layer.id};每个要素的属性:{told}",
        "tags": ["tiles"],
        "parameters": [
            {"in": "path", "name": name, "required": True, "schema": {"type": "integer"}, "description": says}
            for name, says in numbers.items()
        ]
        + _filters(layer),
        "responses": _responses(layer, tiles.MEDIA_TYPE, {"type": "string", "format": "binary"})
        | {"204": {"description": "这块瓦片上什么也没有"}, "404": {"description": "没有这一级、列或行"}},
    }


def _filters(offered: Offered) -> list[Schema]:
    return [
        {"in": "query", "name": name, "schema": FILTERS[name][0], "description": FILTERS[name][1]}
        for name in sorted(offered.parameters)
    ]


def _responses(offered: Offered, media_type: str, schema: Schema) -> Schema:
    return {
        "200": {"description": offered.title, "content": {media_type: {"schema": schema}}},
        "304": {"description": "If-None-Match 中的 ETag 仍然有效"},
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
TILEJSON: Schema = {
    "type": "object",
    "required": ["tilejson", "name", "attribution", "scheme", "tiles", "minzoom", "maxzoom", "vector_layers"],
    "properties": {
        "tilejson": {"const": "3.0.0"},
        "name": _TEXT,
        "description": _TEXT,
        "attribution": {"type": "string", "description": "HTML"},
        "scheme": {"const": "xyz"},
        "tiles": {"type": "array", "items": {"type": "string", "description": "含 {z}、{x}、{y} 的地址"}},
        "minzoom": {"type": "integer"},
        "maxzoom": {"type": "integer"},
        "bounds": {"type": "array", "items": {"type": "number"}, "description": "西，南，东，北，度"},
        "vector_layers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "fields"],
                "properties": {
                    "id": _TEXT,
                    "description": _TEXT,
                    "minzoom": {"type": "integer"},
                    "maxzoom": {"type": "integer"},
                    "fields": {"type": "object", "additionalProperties": _TEXT},
                },
            },
        },
    },
}
