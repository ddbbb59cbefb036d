"""A collection as GeoJSON, put together by the database and passed on as it comes.

The bytes of a feature are made in SQL; Python parses no geometry and builds no dictionary per row.
"""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from gridmap.duties import Standing
from gridmap.features import answering
from gridmap.features.collection import Collection
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import SCHEMA_VERSION, Question
from gridmap.features.parameters import Filters
from gridmap.problems import BadParameter

MEDIA_TYPE = "application/geo+json"
KEPT = KeptAnswers(room=16 * 1024 * 1024)


def answer(request: HttpRequest, shown: Collection) -> HttpResponse:
    """The collection as this caller may see it; 304 when the caller already has it."""

    def make(question: Question) -> bytes:
        return _feature_collection(request, shown, question)

    return answering.answer(request, shown, make, media_type=MEDIA_TYPE, kept=KEPT)


def _feature_collection(request: HttpRequest, shown: Collection, question: Question) -> bytes:
    limit = question.filters.limit or shown.default_limit
    features, count = features_text(shown, question.filters, question.standing, limit=limit)
    head = {
        "type": "FeatureCollection",
        "name": shown.id,
        "title": shown.title,
        "schema_version": SCHEMA_VERSION,
        "generated_at": timezone.localtime().isoformat(timespec="seconds"),
        "number_returned": count,
    }
    if count and count == limit:
        last = json.loads(features[features.rfind(b"\n") + 1 :])
        query = {**request.GET.dict(), "after": last["id"]}
        head["next"] = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
    return b'%s,"features":[%s]}' % (json.dumps(head, ensure_ascii=False)[:-1].encode(), features)


def features_text(shown: Collection, filters: Filters, standing: Standing, *, limit: int | None) -> tuple[bytes, int]:
    """The features in order of their key, one a line with a comma between, and how many there are."""
    rows = shown.rows(filters, standing).order_by(shown.key)
    if filters.after is not None:
        rows = rows.filter(**{f"{shown.key}__gt": _key(rows, shown.key, filters.after)})
    columns = {
        f"c{i}": _expression(value) for i, value in enumerate((shown.key, shown.geometry, *shown.properties.values()))
    }
    chosen = rows.values_list(*columns.values())
    if limit is not None:
        chosen = chosen[:limit]
    try:
        sql, params = chosen.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking, as after a number no key can reach
        return b"", 0
    # The names of the properties are ours (a Collection), never the caller's.
    properties = ", ".join(f"c{i + 2} AS {_quoted(name)}" for i, name in enumerate(shown.properties))
    # COPY hands over bytes, which nothing here decodes and encodes again. JSON has no bare control character, so
    # with two of them for quote and delimiter every line is a feature as it stands.
    statement = f"""
        COPY (SELECT concat('{{"type":"Feature","id":', to_json(c0), ',"geometry":', c1,
                            ',"properties":', row_to_json(properties), '}},')
              FROM ({sql}) AS chosen ({", ".join(columns)}), LATERAL (SELECT {properties}) AS properties
              ORDER BY c0)
        TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"""  # noqa: S608
    lines = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(cursor.mogrify(statement, params), lines)
        return lines.getvalue()[: -len(",\n")], cursor.rowcount


def _key(rows: QuerySet[Any], key: str, after: str) -> Any:
    """The place to go on from, in the key's own type."""
    try:
        return rows.model._meta.get_field(key).to_python(after)
    except ValidationError:
        raise BadParameter(
            f"参数 after={after} 不是本图层的编号 (no key of this collection)", parameter="after"
        ) from None


def _expression(value: str | Combinable) -> Combinable:
    return F(value) if isinstance(value, str) else value


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name).replace("%", "%%")
