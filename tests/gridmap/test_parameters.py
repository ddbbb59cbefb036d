"""The readers of query parameters, one table each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from geodata.crs import COORDINATE_SYSTEMS, from_stored
from gridmap.features import parameters as read
from gridmap.features.description import FILTERS
from gridmap.problems import BadParameter

SHANGHAI = dt.timezone(dt.timedelta(hours=8))


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (read.read_number, "114.9", 114.9),
        (read.read_number, "-1e-3", -0.001),
        (read.read_bbox, "114.5,30,115,30.5", (114.5, 30.0, 115.0, 30.5)),
        (read.read_bbox, "-180,-90,180,90", (-180.0, -90.0, 180.0, 90.0)),
        (read.read_bbox, "114,30,114,30", (114.0, 30.0, 114.0, 30.0)),
        (read.read_day, "2024-02-29", dt.date(2024, 2, 29)),
        (read.read_day, "1900-01-01", dt.date(1900, 1, 1)),
        (read.read_moment, "2026-06-30", dt.datetime(2026, 6, 30, tzinfo=SHANGHAI)),
        (read.read_moment, "2026-06-30T23:59:59", dt.datetime(2026, 6, 30, 23, 59, 59, tzinfo=SHANGHAI)),
        (read.read_moment, "2026-06-30T16:00:00Z", dt.datetime(2026, 7, 1, tzinfo=SHANGHAI)),
        # An unescaped + arrives as a space.
        (read.read_moment, "2026-06-30T12:00:00 08:00", dt.datetime(2026, 6, 30, 12, tzinfo=SHANGHAI)),
        (read.read_switch, "true", True),
        (read.read_switch, "0", False),
        (read.read_limit, "1", 1),
        (read.read_limit, "100000", 100_000),
        (read.read_code, "360702", "360702"),
        (read.read_word, "0301", "0301"),
        (read.some_of("a", "b"), "b,a", ("b", "a")),
    ],
)
def test_good_values(reader: Callable[[str, str], Any], text: str, value: object) -> None:
    found = reader("x", text)
    assert found == value
    if isinstance(found, dt.datetime):
        assert found.utcoffset() is not None


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read.read_number, "nan"),
        (read.read_number, "1,5"),
        (read.read_bbox, "115,30,114,31"),
        (read.read_bbox, "114,30,181,31"),
        (read.read_day, "1899-12-31"),
        (read.read_day, "2023-02-29"),
        (read.read_day, "30/06/2026"),
        (read.read_day, "3000-01-01"),
        (read.read_moment, "2026-06-30T24:01:00"),
        (read.read_moment, "0001-01-01T00:00:00+08:00"),
        (read.read_moment, "9999-12-31T23:59:59-12:00"),
        (read.read_moment, "1899-12-31"),
        (read.read_switch, "ja"),
        (read.read_limit, "100001"),
        (read.read_limit, "0"),
        (read.read_code, "36_702"),
        (read.read_word, ""),
        (read.one_of("a"), "b"),
        (read.some_of("a"), "a,,a"),
    ],
)
def test_bad_values_name_the_parameter_and_what_was_sent(reader: Callable[[str, str], Any], text: str) -> None:
    with pytest.raises(BadParameter) as raised:
        reader("x", text)
    assert raised.value.parameter == "x"
    assert text.split(",")[0] in raised.value.detail


@given(name=st.sampled_from(sorted(read.READERS)), text=st.text(max_size=80))
def test_no_text_gets_anything_but_a_value_or_a_problem(name: str, text: str) -> None:
    try:
        value = read.READERS[name](name, text)
    except BadParameter as problem:
        refused = problem
    else:
        assert value is not None
        assert not isinstance(value, float) or math.isfinite(value)
        return
    assert refused.parameter == name
    assert len(refused.detail) < 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("a=1&b=2", "b"), ("a=1&a=1", "a"), ("a=%00", "a"), ("", None), ("a=", None), ("a=%20", None)],
)
def test_single_values(query: str, parameter: str | None) -> None:
    if parameter is None:
        assert read.single_values(QueryDict(query), ("a",)) == {}
        return
    with pytest.raises(BadParameter) as raised:
        read.single_values(QueryDict(query), ("a",))
    assert raised.value.parameter == parameter


def test_values_lose_the_blanks_around_them() -> None:
    assert read.single_values(QueryDict("a=+1+"), ("a",)) == {"a": "1"}


@pytest.mark.parametrize("coord", COORDINATE_SYSTEMS)
def test_a_position_in_any_system_is_the_same_place(coord: str) -> None:
    lon, lat = from_stored(114.8867, 30.3958, coord)
    found = read.read_position({"lon": repr(lon), "lat": repr(lat), "coord": coord})
    assert found == pytest.approx((114.8867, 30.3958), abs=1e-9)


def test_every_filter_is_described() -> None:
    assert set(FILTERS) == set(read.READERS)
