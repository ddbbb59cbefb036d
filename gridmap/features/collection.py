"""A collection: what can be asked, which rows that means, and what each row shows.

A package offers one by naming it in ``settings.COLLECTIONS``; every way of going out reads the same definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.utils.module_loading import import_string

from gridmap.duties import Standing
from gridmap.features.offered import Offered
from gridmap.features.parameters import Filters
from gridmap.problems import NotFound


@dataclass(frozen=True, kw_only=True)
class Collection(Offered):
    """Rows, columns and filters of one collection.

    ``geometry`` is an expression giving GeoJSON text in RFC 7946 order, rendered in the database. ``properties``
    maps a public name to a column or an expression. ``key`` is a unique column that rows are ordered and paged by.
    """

    rows: Callable[[Filters, Standing], QuerySet[Any]]
    key: str
    geometry: str | Combinable
    properties: Mapping[str, str | Combinable]
    default_limit: int | None = None


@cache
def collections() -> dict[str, Collection]:
    """Every collection the settings name, by id."""
    offered: list[Collection] = [import_string(path) for path in settings.COLLECTIONS]
    return {it.id: it for it in offered}


def collection(name: str) -> Collection:
    """One collection by id; raises :class:`NotFound`."""
    try:
        return collections()[name]
    except KeyError:
        known = "、".join(sorted(collections()))
        raise NotFound(f"没有名为 {name} 的图层 (no such collection);现有：{known}") from None
