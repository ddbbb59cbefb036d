"""A collection as GeoJSON, put together by the database and passed on as it comes.

The bytes of a feature are made in SQL; Python parses no geometry and builds no dictionary per row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from gridmap.duties import NOBODY, Standing, standing_of
from gridmap.features.collection import SCHEMA_VERSION, Collection
from gridmap.features.parameters import Filters, read_filters
from gridmap.models.versions import version_of
from gridmap.problems import BadParameter

MEDIA_TYPE = "application/geo+json"


def answer(request: HttpRequest, shown: Collection) -> HttpResponse:
    """The collection as this caller may see it; 304 when the caller already has it."""
    filters = read_filters(request.GET, shown.parameters, own=shown.readers)
    now = timezone.localtime()
    standing = standing_of(request.user, on=now.date()) if shown.personal else NOBODY
    if filters.on is None and "on" in shown.parameters:
        filters = replace(filters, on=now.date())
    etag = _etag(shown, filters, standing, now=now)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(_feature_collection(request, shown, filters, standing), content_type=MEDIA_TYPE)
    response["ETag"] = etag
    patch_cache_control(response, no_cache=True, **{"private" if standing is not NOBODY else "public": True})
    return response


def _etag(shown: Collection, filters: Filters, standing: Standing, *, now: dt.datetime) -> str:
    """Weak, because a proxy may compress: the data version, the question and who asks."""
    asked = f"{SCHEMA_VERSION}|{filters}|{standing.everything}|{standing.prefixes}"
    if filters.overdue is not None:
        asked += f"|{now:%Y%m%d%H%M}"  # cases fall overdue without anybody changing them
    digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
    return f'W/"{shown.id}-{version_of(*shown.counters)}-{digest}"'


def _feature_collection(request: HttpRequest, shown: Collection, filters: Filters, standing: Standing) -> bytes:
    limit = filters.limit or shown.default_limit
    features, count, last = features_text(shown, filters, standing, limit=limit)
    head = {
        "type": "FeatureCollection",
        "name": shown.id,
        "title": shown.title,
        "schema_version": SCHEMA_VERSION,
        "generated_at": timezone.localtime().isoformat(timespec="seconds"),
        "number_returned": count,
    }
    if limit is not None and count == limit and last is not None:
        query = {**request.GET.dict(), "after": last}
        head["next"] = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
    return f'{json.dumps(head, ensure_ascii=False)[:-1]},"features":[{features}]}}'.encode()


def features_text(
    shown: Collection, filters: Filters, standing: Standing, *, limit: int | None
) -> tuple[str, int, str | None]:
    """The features joined by commas, how many there are, and the key of the last."""
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
        return "", 0, None
    properties = ", ".join(f"{_literal(name)}, c{i + 2}" for i, name in enumerate(shown.properties))
    with connection.cursor() as cursor:
        # The names in `properties` are ours (a Collection), never the caller's.
        cursor.execute(
            f"""SELECT coalesce(string_agg(concat('{{"type":"Feature","id":', to_json(c0), ',"geometry":', c1,
                       ',"properties":', json_build_object({properties}), '}}'), ',' ORDER BY c0), ''),
                       count(*), max(c0)
                FROM ({sql}) AS chosen ({", ".join(columns)})""",  # noqa: S608
            params,
        )
        text, count, last = cursor.fetchone()
    return text, count, last


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


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''").replace("%", "%%") + "'"
