"""A layer as its file has it: raw shapes and columns, nothing converted yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.reading.refusing import BadFile, Limits, features_at, too_many

NAMED_REASONS = 5


@dataclass(frozen=True)
class Layer:
    """One layer: `shapes` in the file's own coordinates, shape (n,), None where there is no geometry; its columns.

    `declared`: what the file says about its coordinate system (an authority's name or WKT), None when it says nothing.
    """

    shapes: NDArray[np.object_]
    table: pd.DataFrame
    declared: str | None


def check_counts(source: str, vertices: NDArray[np.int64], limits: Limits) -> None:
    """Hold a layer against the limits; `vertices`: shape (n,), of each feature. Raises BadFile."""
    if len(vertices) > limits.features:
        raise too_many(source, "要素", len(vertices), limits.features, "too many features")
    largest = int(vertices.argmax()) if len(vertices) else 0
    if len(vertices) and vertices[largest] > limits.vertices_of_one:
        what = f"第 {largest + 1} 个要素的顶点"
        raise too_many(source, what, int(vertices[largest]), limits.vertices_of_one, "too many vertices in one feature")
    if vertices.sum() > limits.vertices:
        raise too_many(source, "顶点", int(vertices.sum()), limits.vertices, "too many vertices")


def parsed(source: str, written: NDArray[np.object_], parse: Any) -> NDArray[np.object_]:
    """Geometries of WKT or WKB, shape (n,), None for None, by shapely's `parse`; raises BadFile naming what is broken."""
    try:
        return np.asarray(parse(written), dtype=object)
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        reasons = {}
        for row, one in enumerate(written, start=1):
            try:
                parse(one)
            except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
                reasons[row] = str(error)
        raise broken(source, reasons) from None


def broken(source: str, reasons: dict[int, str]) -> BadFile:
    """The refusal of geometries that cannot be read; `reasons` by the feature's place in the file, from 1."""
    first = next(iter(reasons.values()))
    return BadFile(
        f"{source}：{features_at(reasons)}的几何不能读取：{_in_chinese(first)} (geometry cannot be read: {first[:120]})"
    )


def _in_chinese(reason: str) -> str:
    known = {
        "closed linestring": "环没有闭合，首尾两点应相同",
        "Invalid number of points": "环上的点太少，至少要 4 个（首尾相同）",
        "ParseException": "文字不合 WKT 格式",
        "nan": "坐标不是有限的数",
    }
    return next((chinese for sign, chinese in known.items() if sign in reason), "格式有误")
