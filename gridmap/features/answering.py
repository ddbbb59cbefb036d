"""How features are answered, whatever their format: read the question, know the answer by its ETag, keep it packed."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags

from gridmap.duties import NOBODY, standing_of
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import SCHEMA_VERSION, Offered, Question
from gridmap.features.parameters import read_filters
from gridmap.models.versions import version_of

ACCEPTS_GZIP = re.compile(r"\bgzip\b")


def answer(
    request: HttpRequest, offered: Offered, make: Callable[[Question], bytes], *, media_type: str, kept: KeptAnswers
) -> HttpResponse:
    """What ``make`` gives to this caller's question; 304 when the caller already has it, 204 when it is nothing."""
    question = _question(request, offered)
    etag = _etag(offered, question)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = _whole(request, offered, lambda: make(question), media_type, etag, kept)
    response["ETag"] = etag
    everybody = question.standing is NOBODY
    patch_cache_control(response, no_cache=True, **{"public" if everybody else "private": True})
    return response


def _question(request: HttpRequest, offered: Offered) -> Question:
    filters = read_filters(request.GET, offered.parameters, own=offered.readers)
    now = timezone.localtime()
    if filters.on is None and "on" in offered.parameters:
        filters = replace(filters, on=now.date())
    standing = standing_of(request.user, on=now.date()) if offered.personal else NOBODY
    return Question(filters, standing, now)


def _etag(offered: Offered, question: Question) -> str:
    """Weak, because a proxy may compress: the data version, the question and who asks."""
    standing = question.standing
    asked = f"{SCHEMA_VERSION}|{question.filters}|{standing.everything}|{standing.prefixes}"
    if offered.turns is not None:
        asked += f"|{offered.turns(question)}"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
    return f'W/"{offered.id}-{version_of(*offered.counters)}-{digest}"'


def _whole(
    request: HttpRequest,
    offered: Offered,
    make: Callable[[], bytes],
    media_type: str,
    etag: str,
    kept: KeptAnswers,
) -> HttpResponse:
    # Inside a transaction the answer may hold what is never committed.
    if offered.personal or connection.in_atomic_block:
        return _response(make(), media_type)
    # An answer may name the host and the query as they were asked.
    key = (etag, request.build_absolute_uri())
    if not ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
        return _response(kept.body(key, make), media_type)
    # Compressing takes longer than all the rest. What everybody may read holds no secret whose length could tell.
    response = _response(kept.body((*key, "gzip"), lambda: _packed(make())), media_type)
    if response.content:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0) if body else b""


def _response(body: bytes, media_type: str) -> HttpResponse:
    return HttpResponse(body, content_type=media_type, status=200 if body else 204)
