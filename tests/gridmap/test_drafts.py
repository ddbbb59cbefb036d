"""Drafts of editions: what they begin with, step by step, and back again."""

from __future__ import annotations

import datetime as dt

import pytest
import shapely

from gridmap.editions import drafts
from gridmap.models import Edition
from tests.gridmap import redrawn

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 7, 7)
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)


def begin(areas: object, name: str = "新版", **more: object) -> Edition:
    return drafts.begin(name, areas, **({"on": DAY, "by": None, "at": AT} | more))  # type: ignore[arg-type]


def test_a_file_of_grids_redraws_the_district() -> None:
    edition = begin(redrawn.redrawn())
    assert edition.scope == "360702"
    rows = drafts.standing(edition)
    assert len(rows) == 727 + 143 + 10 + 1
    shapes = drafts.shapes(edition)
    assert set(shapes) == set(rows.codes)
    assert redrawn.SPLIT_NEW in shapes and redrawn.MERGED_AWAY not in shapes
    assert shapely.coverage_is_valid([it for code, it in shapes.items() if len(code) == 15])
