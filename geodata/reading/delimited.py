"""CSV with a column of WKT."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from geodata.reading.layers import Layer, check_counts, parsed
from geodata.reading.refusing import BadFile, Limits, too_many

WKT_NAMES = ("wkt", "geometry", "geom", "the_geom", "shape", "几何", "边界", "图形")
GEOMETRY = re.compile(
    r"\s*(?:SRID=(?P<srid>\d+);)?\s*(?:MULTI)?(?:POLYGON|LINESTRING|POINT|GEOMETRYCOLLECTION)\b", re.I
)
SEPARATORS = ",;\t|"
CHUNK_BYTES = 1024 * 1024


def read(path: Path, source: str, limits: Limits) -> Layer:
    """The rows of a table, one area a row. Raises BadFile."""
    table = _table(path, source, limits)
    column = _wkt_column(source, table)
    written = table[column].str.strip().to_numpy(dtype=object)
    srids = {found["srid"] for text in written if (found := GEOMETRY.match(text))}
    if len(srids) > 1:
        raise BadFile(f"{source}：几何列中有几种 SRID：{'、'.join(sorted(map(str, srids)))} (mixed coordinate systems)")
    srid = next(iter(srids), None)
    bare = np.array([text.partition(";")[2] if srid else text for text in written], dtype=object)
    bare[bare == ""] = None
    vertices = np.array([text.count(",") + 1 if text else 0 for text in bare], dtype=np.int64)
    check_counts(source, vertices, limits)
    shapes = shapely.force_2d(parsed(source, bare, shapely.from_wkt))
    return Layer(shapes, table.drop(columns=column), f"EPSG:{srid}" if srid else None)


def _table(path: Path, source: str, limits: Limits) -> pd.DataFrame:
    encoding = encoding_of(path)
    try:
        with path.open(encoding=encoding) as file:
            first = file.readline()
        table = pd.read_csv(
            path,
            sep=max(SEPARATORS, key=first.count),
            dtype=str,
            keep_default_na=False,
            encoding=encoding,
            nrows=limits.features + 1,
            # Else a row that is one cell too long shifts the columns of all.
            index_col=False,
            on_bad_lines="error",
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise BadFile(f"{source}：不能按 CSV 读取，{str(error).strip()} (not CSV)") from None
    if table.empty:
        raise BadFile(f"{source}：没有一行数据 (no rows)")
    if len(table) > limits.features:
        raise too_many(source, "行", len(table), limits.features, "too many features")
    # A row that is short of cells leaves no text.
    return table.fillna("")


def encoding_of(path: Path) -> str:
    """UTF-8 where the whole file is, else the encoding of Chinese Windows."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _wkt_column(source: str, table: pd.DataFrame) -> str:
    by_name = {str(column).strip().lower(): str(column) for column in table.columns}
    for name in WKT_NAMES:
        if name in by_name:
            return by_name[name]
    for column in table.columns:
        first = next((text for text in table[column] if text.strip()), "")
        if GEOMETRY.match(first):
            return str(column)
    listed = "、".join(str(column) for column in table.columns)
    raise BadFile(f"{source}：没有 WKT 几何列，现有列 {listed} (no column of WKT; name it wkt)")
