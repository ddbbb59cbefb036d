"""GeoJSON, one feature at a time, so that only one of them lies in memory as text and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.reading.layers import Layer, broken, check_counts
from geodata.reading.refusing import BadFile, Limits, too_many

BLANK = re.compile(r"[ \t\n\r]*")
RUN = re.compile(rb'[^{}"]+')
# A vertex takes at least this much: [1,1],
VERTEX_BYTES = 6
MIN_CORNERS = 4


class _BadGeometry(ValueError):
    """What is wrong with one geometry."""


def read(path: Path, source: str, limits: Limits) -> Layer:
    """The features of a FeatureCollection. Raises BadFile."""
    content = path.read_bytes()
    _check_size(source, content, limits)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A Chinese Windows program may write its own encoding, though the format allows only UTF-8.
        text = _decoded(source, content)
    del content
    return _layer(source, text, limits)


def _check_size(source: str, content: bytes, limits: Limits) -> None:
    """Refuse what holds too many vertices before any of it is taken apart: coordinates are long runs without braces."""
    at_least = limits.vertices_of_one * VERTEX_BYTES
    # The length is not asked of the pattern: it would begin anew at every byte of a run that is too short.
    for run in RUN.finditer(content):
        vertices = content.count(b"[", *run.span()) if run.end() - run.start() >= at_least else 0
        if vertices > limits.vertices_of_one:
            limit = limits.vertices_of_one
            raise too_many(source, "一个要素的顶点", vertices, limit, "too many vertices in one feature")
    brackets = content.count(b"[")
    if brackets > 2 * limits.vertices + limits.features:
        raise too_many(source, "顶点", brackets, limits.vertices, "too many vertices")


def _decoded(source: str, content: bytes) -> str:
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise BadFile(f"{source}：不是 UTF-8 编码的文字，见第 {error.start + 1:,} 字节 (not UTF-8)") from None


def _layer(source: str, text: str, limits: Limits) -> Layer:
    shapes: list[BaseGeometry | None] = []
    rows: list[dict[str, Any]] = []
    reasons: dict[int, str] = {}
    head: dict[str, Any] = {}
    try:
        for key, value in _members(text):
            if key != "features":
                head[key] = value
                continue
            row = len(rows) + 1
            if row > limits.features:
                raise too_many(source, "要素", row, limits.features, "too many features")
            if not isinstance(value, dict):
                raise BadFile(f"{source}：第 {row} 个要素不是 GeoJSON 要素 (not a feature)")
            given = value.get("properties")
            rows.append(given if isinstance(given, dict) else {})
            try:
                shapes.append(_shape(value.get("geometry")))
            except _BadGeometry as error:
                reasons[row] = str(error)
                shapes.append(None)
    except RecursionError:
        raise BadFile(f"{source}：{_after(rows)}层层嵌套过深 (nested too deeply)") from None
    except json.JSONDecodeError as error:
        raise BadFile(f"{source}：{_after(rows)}不是 GeoJSON，{error} (not GeoJSON)") from None
    if head.get("type") != "FeatureCollection" or not rows:
        raise BadFile(f"{source}：不是有要素的 GeoJSON 要素集 (not a FeatureCollection, or no features)")
    if reasons:
        raise broken(source, reasons)
    drawn = np.empty(len(shapes), dtype=object)
    drawn[:] = shapes
    check_counts(source, shapely.get_num_coordinates(drawn).astype(np.int64), limits)
    return Layer(drawn, _table(rows), _declared(source, head.get("crs")))


def _after(rows: list[Any]) -> str:
    return f"第 {len(rows)} 个要素之后" if rows else ""


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of the object a text holds; the elements of "features" come one by one under that name."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    at = _expect(text, 0, "{")
    while text[at : at + 1] != "}":
        key, at = decoder.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name", text, at)
        at = _expect(text, _skip(text, at), ":")
        if key == "features" and text[at : at + 1] == "[":
            at = _skip(text, at + 1)
            while text[at : at + 1] != "]":
                value, at = decoder.raw_decode(text, at)
                yield key, value
                at = _next(text, at, "]")
            at += 1
        else:
            value, at = decoder.raw_decode(text, at)
            yield ("" if key == "features" else key), value
        at = _next(text, _skip(text, at), "}")
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)


def _skip(text: str, at: int) -> int:
    blank = BLANK.match(text, at)
    return blank.end() if blank else at


def _expect(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting '{sign}'", text, at)
    return _skip(text, at + 1)


def _next(text: str, at: int, end: str) -> int:
    """Past a comma to the next element, or at the closing sign."""
    at = _skip(text, at)
    return at if text[at : at + 1] == end else _expect(text, at, ",")


def _refuse_constant(name: str) -> float:
    # Given back as it stands, so that the feature it is in can be named.
    return float(name.replace("Infinity", "inf"))


def _shape(given: Any) -> BaseGeometry | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise _BadGeometry("not a geometry")
    coordinates = given.get("coordinates")
    try:
        if given.get("type") == "Polygon":
            return _polygon(coordinates)
        if given.get("type") == "MultiPolygon":
            return shapely.MultiPolygon([_polygon(part) for part in _listed(coordinates)])
        return shapely.force_2d(shapely.from_geojson(json.dumps(given)))
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise _BadGeometry(str(error)) from None


def _polygon(rings: Any) -> shapely.Polygon:
    drawn = [_ring(ring) for ring in _listed(rings)]
    if not drawn:
        return shapely.Polygon()
    return shapely.Polygon(drawn[0], drawn[1:])


def _ring(places: Any) -> shapely.LinearRing:
    try:
        numbers = np.array(_listed(places))
    except ValueError:
        raise _BadGeometry("coordinates are not pairs of numbers") from None
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 2 or numbers.shape[1] < 2:
        raise _BadGeometry("coordinates are not pairs of numbers")
    pairs: NDArray[np.float64] = numbers[:, :2].astype(np.float64)
    if not np.isfinite(pairs).all():
        raise _BadGeometry("nan or infinite coordinates")
    if not np.array_equal(pairs[0], pairs[-1]):
        raise _BadGeometry("points of a ring do not form a closed linestring")
    if len(pairs) < MIN_CORNERS:
        raise _BadGeometry("Invalid number of points in a ring")
    return shapely.LinearRing(pairs)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _BadGeometry("coordinates are not lists of lists")
    return value


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = dict.fromkeys(key for row in rows for key in row)
    # Objects, so that an empty cell does not turn whole numbers into floats.
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in columns})


def _declared(source: str, crs: Any) -> str | None:
    if crs is None:
        return None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise BadFile(f"{source}：crs 成员没有写明坐标系的名称 (crs without a name)")
    return name
