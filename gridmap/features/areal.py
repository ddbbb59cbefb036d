"""Figures by area as JSON, and the same with the areas' boundaries as GeoJSON: worked out once, shown in both.

The outlines are passed on as the database keeps them; Python parses no geometry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from gridmap.features import answering, geojson
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import SCHEMA_VERSION, Offered, Question
from gridmap.features.parameters import Filters
from gridmap.models import Boundary
from gridmap.models.ground import Level

MEDIA_TYPE = "application/json"
KEPT = KeptAnswers(room=16 * 1024 * 1024)


@dataclass(frozen=True)
class Sheet:
    """What is said of areas: ``head`` of all of them, and a row for each with its ``code`` and more.

    Several rows may be of one area; ``id`` then tells them apart.
    """

    head: Mapping[str, Any]
    rows: Iterable[Mapping[str, Any]] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Areal(Offered):
    """Figures by area: what may be asked, and what ``sheet`` answers; ``fields`` say in words what a row has.

    ``takes_time``: they are worked out behind the scenes, and answered 202 until then.
    """

    sheet: Callable[[Question], Sheet]
    fields: Mapping[str, str]
    takes_time: bool = False


def level_of(question: Question, default: Level) -> tuple[Level, Filters]:
    """The level that figures are wanted for, and the filters without it: it narrows nothing that is counted."""
    return Level(question.filters.level or default), replace(question.filters, level=None)


@cache
def figures() -> dict[str, Offered]:
    """Every answer of figures the settings name, by id: those by area, and others in JSON."""
    offered: list[Offered] = [import_string(path) for path in settings.FIGURES]
    return {it.id: it for it in offered}


def answer(request: HttpRequest, shown: Areal) -> HttpResponse:
    """The figures as JSON; 304 when the caller already has them."""

    def tell(question: Question) -> dict[str, Any]:
        sheet = shown.sheet(question)
        return {**sheet.head, "rows": list(sheet.rows)}

    return answer_told(request, shown, tell)


def answer_told(request: HttpRequest, shown: Offered, tell: Callable[[Question], Mapping[str, Any]]) -> HttpResponse:
    """What is told of a question, as JSON; 304 when the caller already has it."""

    def make(question: Question) -> bytes:
        return _text({**_head(shown), **tell(question)})

    return answering.answer(request, shown, make, media_type=MEDIA_TYPE, kept=KEPT)


def answer_geojson(request: HttpRequest, shown: Areal) -> HttpResponse:
    """The figures as GeoJSON (RFC 7946), each with the boundary in force today."""

    def make(question: Question) -> bytes:
        sheet = shown.sheet(question)
        rows = list(sheet.rows)
        outlines = outlines_of({row["code"] for row in rows}, question)
        features = [_feature(row, outlines[row["code"]]) for row in rows if row["code"] in outlines]
        head = _head(shown) | {"type": "FeatureCollection", **sheet.head, "number_returned": len(features)}
        return b'%s,"features":[%s]}' % (_text(head)[:-1], b",\n".join(features))

    return answering.answer(request, shown, make, media_type=geojson.MEDIA_TYPE, kept=KEPT)


def outlines_of(codes: Iterable[str], question: Question) -> dict[str, str]:
    """GeoJSON texts of boundaries in force on the day of a question, by the area's code."""
    in_force = Boundary.objects.on(question.filters.on or question.now.date())
    return dict(in_force.filter(area__in=list(codes)).values_list("area_id", "geojson"))


def _head(shown: Offered) -> dict[str, Any]:
    return {
        "name": shown.id,
        "title": shown.title,
        "schema_version": SCHEMA_VERSION,
        "generated_at": timezone.localtime().isoformat(timespec="seconds"),
    }


def _feature(row: Mapping[str, Any], outline: str) -> bytes:
    return b'{"type":"Feature","id":%s,"geometry":%s,"properties":%s}' % (
        _text(row.get("id", row["code"])),
        outline.encode(),
        _text(row),
    )


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
