"""Query parameters: one reader each, every fault named.

A reader takes the text and gives the value or raises :class:`BadParameter`. An unknown parameter is refused too,
so that a mistyped filter never answers with everything.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from geodata.crs import COORDINATE_SYSTEMS, to_stored
from gridmap.models.ground import Level
from gridmap.problems import BadParameter

MAX_LIMIT = 100_000
# No other year is meant by anybody, and near the ends of the calendar there is no month before or after.
YEARS = range(1900, 3000)


@dataclass(frozen=True)
class Filters:
    """What a caller asked to see; None means "any"."""

    area: str | None = None
    arrival: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    category: str | None = None
    channel: str | None = None
    denominator: str | None = None
    department: str | None = None
    edition: int | None = None
    gone: bool | None = None
    level: str | None = None
    on: dt.date | None = None
    overdue: bool | None = None
    since: dt.datetime | None = None
    soon: bool | None = None
    state: tuple[str, ...] | None = None
    theme: str | None = None
    until: dt.datetime | None = None
    limit: int | None = None
    after: str | None = None


def _bad(name: str, value: str, expected: str) -> BadParameter:
    shown = value if len(value) <= 60 else value[:57] + "..."
    return BadParameter(f"参数 {name}={shown} 无法识别，应为{expected}", parameter=name)


def read_number(name: str, value: str) -> float:
    """A finite number, in the digits machines write."""
    try:
        # Python would read full-width digits and underscores too; nobody who sends those means a coordinate.
        number = float(value if value.isascii() and "_" not in value else "no number")
    except ValueError:
        raise _bad(name, value, "数字 (a number)") from None
    if not math.isfinite(number):
        raise _bad(name, value, "有限的数字 (a finite number)")
    return number


def read_bbox(name: str, value: str) -> tuple[float, float, float, float]:
    """``west,south,east,north`` in degrees (WGS 84 or CGCS2000, RFC 7946)."""
    parts = value.split(",")
    if len(parts) != 4:
        raise _bad(name, value, "四个数字：西，南，东，北 (west,south,east,north)")
    west, south, east, north = (read_number(name, part) for part in parts)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad(name, value, "经纬度范围内的西，南，东，北 (in range and not inside out)")
    return west, south, east, north


def read_day(name: str, value: str) -> dt.date:
    """A day, ``YYYY-MM-DD``."""
    try:
        day = parse_date(value)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise _bad(name, value, "日期 YYYY-MM-DD (a date)")
    return day


def read_moment(name: str, value: str) -> dt.datetime:
    """A moment in ISO 8601; without an offset, and for a bare day, Shanghai time."""
    try:
        moment = parse_datetime(value.replace(" ", "+"))  # an unescaped + arrives as a space
        if moment is None:
            moment = dt.datetime.combine(read_day(name, value), dt.time())
    except ValueError:
        raise _bad(name, value, "ISO 8601 日期或时间 (a date or time)") from None
    if moment.year not in YEARS:
        raise _bad(name, value, f"{YEARS[0]} 到 {YEARS[-1]} 年 (a year in range)")
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment


def read_switch(name: str, value: str) -> bool:
    """``true`` or ``false``."""
    try:
        return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
    except KeyError:
        raise _bad(name, value, "true 或 false") from None


def read_limit(name: str, value: str) -> int:
    """How many at most."""
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= MAX_LIMIT:
        raise _bad(name, value, f"1 到 {MAX_LIMIT} 的整数 (an integer)")
    return int(value)


def read_row(name: str, value: str) -> int:
    """The number of a row, as the site itself gives it out."""
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise _bad(name, value, "编号 (a number)")
    return int(value)


def read_code(name: str, value: str) -> str:
    """An area code or the beginning of one."""
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise _bad(name, value, "区域编码,1 到 15 位数字 (an area code or its beginning)")
    return value


def read_word(name: str, value: str) -> str:
    """A short code."""
    if not re.fullmatch(r"[\w.-]{1,40}", value):
        raise _bad(name, value, "代码 (a code)")
    return value


def one_of(*words: str) -> Callable[[str, str], str]:
    """A reader of one word out of a list."""

    def read(name: str, value: str) -> str:
        if value not in words:
            raise _bad(name, value, "、".join(words))
        return value

    return read


def some_of(*words: str) -> Callable[[str, str], tuple[str, ...]]:
    """A reader of words out of a list, separated by commas."""
    read_one = one_of(*words)

    def read(name: str, value: str) -> tuple[str, ...]:
        return tuple(read_one(name, part) for part in value.split(","))

    return read


READERS: dict[str, Callable[[str, str], Any]] = {
    "area": read_code,
    "arrival": read_word,
    "bbox": read_bbox,
    "category": read_word,
    "channel": read_word,
    "denominator": read_word,
    "department": read_word,
    "edition": read_row,
    "gone": read_switch,
    "level": one_of(*Level.values),
    "on": read_day,
    "overdue": read_switch,
    "since": read_moment,
    "soon": read_switch,
    "state": lambda name, value: tuple(read_word(name, part) for part in value.split(",")),
    "theme": read_word,
    "until": read_moment,
    "limit": read_limit,
    "after": read_word,
}


def single_values(given: QueryDict, allowed: Iterable[str]) -> dict[str, str]:
    """The parameters as given, each known and given once; empty ones count as not given."""
    allowed = set(allowed)
    for name in given:
        if name not in allowed:
            known = "、".join(sorted(allowed)) or "无"
            raise BadParameter(f"不认识参数 {name[:40]} (unknown parameter);可用参数：{known}", parameter=name[:40])
        if len(given.getlist(name)) > 1:
            raise BadParameter(f"参数 {name} 只能给一次 (given more than once)", parameter=name)
        if "\x00" in str(given[name]):
            raise BadParameter(f"参数 {name} 含有空字符 (a NUL character)", parameter=name)
    return {name: str(value).strip() for name, value in given.items() if str(value).strip() != ""}


def read_filters(
    given: QueryDict, allowed: Iterable[str], *, own: Mapping[str, Callable[[str, str], Any]] | None = None
) -> Filters:
    """Read all filters of a request; ``own`` holds readers stricter than the common ones."""
    readers = READERS | dict(own or {})
    values = single_values(given, allowed)
    return Filters(**{name: readers[name](name, value) for name, value in values.items()})


def read_position(values: Mapping[str, str]) -> tuple[float, float]:
    """``lon``, ``lat`` and ``coord``, all of them needed, as CGCS2000 degrees."""
    for name in ("lon", "lat", "coord"):
        if name not in values:
            raise BadParameter(f"缺少参数 {name} (missing)" + _COORD_HINT * (name == "coord"), parameter=name)
    lon, lat = read_number("lon", values["lon"]), read_number("lat", values["lat"])
    return stored_position(lon, lat, values["coord"])


_COORD_HINT = f";坐标系没有默认值，请写明 {'、'.join(COORDINATE_SYSTEMS)} 之一"


def stored_position(lon: float, lat: float, coord: str) -> tuple[float, float]:
    """A named coordinate as CGCS2000 degrees; refuses what cannot be a place people report from."""
    if coord not in COORDINATE_SYSTEMS:
        raise _bad("coord", coord, "、".join(COORDINATE_SYSTEMS))
    if lon == 0 and lat == 0:
        raise BadParameter("坐标 (0, 0) 是占位值，不是真实位置 (a placeholder, not a place)", parameter="lon")
    if abs(lat) > 90 and abs(lon) <= 90:
        raise BadParameter(
            f"纬度 {lat} 超出 ±90,经纬度似乎写反了 (latitude out of range: longitude and latitude look swapped)",
            parameter="lat",
        )
    for name, word, value, limit in (("lon", "经度", lon, 180), ("lat", "纬度", lat, 90)):
        if not abs(value) <= limit:  # NaN fails this too
            raise BadParameter(f"{word} {value} 超出 ±{limit} 度 (out of range)", parameter=name)
    x, y = to_stored(lon, lat, coord)
    return float(x), float(y)


def read_accuracy(value: str | None) -> float | None:
    """The device's accuracy as a radius in metres, if given."""
    if value is None:
        return None
    metres = read_number("accuracy", value)
    if not 0 <= metres <= 100_000:
        raise _bad("accuracy", value, "0 到 100000 的米数 (metres)")
    return metres
