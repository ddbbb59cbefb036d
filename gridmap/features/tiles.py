"""Layers of vector tiles (Mapbox Vector Tile 2.1), put together by the database and passed on as they come.

A package offers a layer by naming it in ``settings.TILE_LAYERS``. A tile is one statement; Python parses nothing of it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from gridmap.features import answering
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import Offered, Question
from gridmap.features.parameters import single_values
from gridmap.features.tile import EXTENT, Tile, tile_at
from gridmap.problems import NotFound

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
KEPT = KeptAnswers(room=32 * 1024 * 1024)
MAX_ZOOM = 18
"""Clients draw nearer zooms from these tiles; a unit is then 4 cm."""

Box = tuple[float, float, float, float]
Features = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class TileLayer(Offered):
    """What is drawn of one layer.

    ``features`` gives what the database is asked for the features of a tile, with its parameters: rows with ``geom`` in the
    tile's own units and columns called as in ``fields``, which says what each is; None where there is nothing to ask.
    ``bounds`` holds all the ground with features, in degrees; clients ask for no tile outside.
    """

    features: Callable[[Question, Tile], Features | None]
    fields: Mapping[str, str]
    bounds: Callable[[], Box | None]


def features_of(rows: QuerySet[Any], geom: Combinable, fields: Mapping[str, str | Combinable]) -> Features | None:
    """Each row a feature; ``fields`` maps a name to a column or an expression, as the properties of a collection do."""
    sources = [geom, *(F(it) if isinstance(it, str) else it for it in fields.values())]
    try:
        sql, params = rows.order_by().values_list(*sources).query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking
        return None
    # The names of the fields are ours, never the caller's.
    names = ", ".join(connection.ops.quote_name(name) for name in ("geom", *fields))
    return f"SELECT * FROM ({sql}) AS feature ({names})", params  # noqa: S608


@cache
def tile_layers() -> dict[str, TileLayer]:
    """Every layer the settings name, by id."""
    offered: list[TileLayer] = [import_string(path) for path in settings.TILE_LAYERS]
    return {it.id: it for it in offered}


def tile_layer(name: str) -> TileLayer:
    """One layer by id; raises :class:`NotFound`."""
    try:
        return tile_layers()[name]
    except KeyError:
        known = "、".join(sorted(tile_layers()))
        raise NotFound(f"没有名为 {name[:40]} 的瓦片图层 (no such layer);现有：{known}") from None


def answer_tile(request: HttpRequest, layer: TileLayer, z: int, x: int, y: int) -> HttpResponse:
    """One tile; 204 where there is nothing, since MapLibre before 4.0 calls an empty 200 an error and all take the 204."""
    tile = tile_at(z, x, y, maxzoom=MAX_ZOOM)
    return answering.answer(
        request, layer, lambda question: tile_bytes(layer, question, tile), media_type=MEDIA_TYPE, kept=KEPT
    )


def answer_description(request: HttpRequest, layer: TileLayer) -> HttpResponse:
    """The layer as TileJSON 3.0.0 describes it; its tiles take the filters this was asked with."""

    def make(question: Question) -> bytes:
        return json.dumps(_tilejson(request, layer), ensure_ascii=False).encode()

    return answering.answer(request, layer, make, media_type="application/json", kept=KEPT)


def _tilejson(request: HttpRequest, layer: TileLayer) -> dict[str, Any]:
    # The braces of the template are put in last: they would be escaped.
    first = request.build_absolute_uri(reverse("tile", args=[layer.id, 0, 0, 0]))
    filters = urlencode(single_values(request.GET, layer.parameters))
    template = first.removesuffix("0/0/0.mvt") + "{z}/{x}/{y}.mvt" + ("?" + filters if filters else "")
    bounds = layer.bounds()
    return {
        "tilejson": "3.0.0",
        "name": layer.id,
        "description": layer.title,
        # Clients show it as HTML.
        "attribution": html.escape(f"{settings.SITE_NAME} · {layer.title}"),
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        **({"bounds": bounds} if bounds else {}),
        "vector_layers": [
            {
                "id": layer.id,
                "description": layer.title,
                "minzoom": 0,
                "maxzoom": MAX_ZOOM,
                "fields": dict(layer.fields),
            }
        ],
    }


def tile_bytes(layer: TileLayer, question: Question, tile: Tile) -> bytes:
    """The tile, empty where it has no feature."""
    asked = tile_statement(layer, question, tile)
    if asked is None:
        return b""
    with connection.cursor() as cursor:
        cursor.execute(*asked)
        return bytes(cursor.fetchone()[0])


def tile_statement(layer: TileLayer, question: Question, tile: Tile) -> Features | None:
    """What the database is asked for the whole tile, with its parameters; None where there is nothing to ask."""
    features = layer.features(question, tile)
    if features is None:
        return None
    sql, params = features
    return f"SELECT ST_AsMVT(feature, '{layer.id}', {EXTENT}, 'geom') FROM ({sql}) AS feature", params  # noqa: S608
