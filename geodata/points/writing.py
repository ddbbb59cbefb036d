"""Rows with what was decided, as Parquet, GeoJSON, GeoPackage, or CSV made of another format's columns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from geodata.crs import STORED_SRID
from geodata.points.rows import ADDED, Chunk, Floats, Source, arrow
from geodata.routing import Decided
from geodata.routing.deciding import stored_points

COORDINATES = ("lon", "lat")
"""Columns of CSV for the coordinates that were a layer's geometry."""

OWN_COLUMNS = ("fid", "geom")
"""Columns every GeoPackage layer has of itself."""

METRE_DECIMALS, DEGREE_DECIMALS = 2, 7  # a centimetre each


class Tables:
    """A source's rows as tables with the added columns behind; the same columns and types in every chunk."""

    def __init__(self, source: Source, names: tuple[str, ...], coord: str) -> None:
        self.names, self.coord = names, coord
        self._source = source
        self._arrow = arrow("CSV 以外的输出")

    def table(self, chunk: Chunk, decided: Decided) -> Any:
        """The chunk's own columns and the added ones."""
        pa = self._arrow
        table = self._source.table(chunk)
        for name, column in zip(self.names, ADDED, strict=True):
            values = getattr(decided, column)
            if column == "distance_m":
                added = pa.array(np.round(values, METRE_DECIMALS), pa.float64(), from_pandas=True)
            else:
                added = pa.array(values, pa.string(), mask=values == "")
            table = table.append_column(name, added)
        return table

    def places(self, chunk: Chunk) -> tuple[Floats, Floats]:
        """Longitudes and latitudes in CGCS2000 degrees, NaN where a row has no place."""
        usable, x, y = stored_points(chunk.lon, chunk.lat, self.coord)
        lon, lat = np.full(len(chunk), np.nan), np.full(len(chunk), np.nan)
        lon[usable], lat[usable] = x, y
        return lon, lat


class ParquetSink:
    """Parquet; the source's own columns keep their types."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path, self._tables = path, tables
        self._writer: Any = None

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add rows; see Sink."""
        import pyarrow.parquet as parquet

        table = self._tables.table(chunk, decided)
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """See Sink."""
        if self._writer is not None:
            self._writer.close()


class CsvSink:
    """CSV in UTF-8 of a Parquet file's or a layer's columns; a layer's own coordinates become columns `lon`, `lat`."""

    def __init__(self, path: Path, tables: Tables, *, of_layer: bool) -> None:
        self._path, self._tables, self._of_layer = path, tables, of_layer
        self._writer: Any = None

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add rows; see Sink."""
        from pyarrow import csv

        table = self._tables.table(chunk, decided)
        if self._of_layer:
            for name, values in zip(COORDINATES, (chunk.lon, chunk.lat), strict=True):
                column = arrow("CSV").array(values, from_pandas=True)
                table = table.add_column(table.num_columns - len(ADDED), name, column)
        if self._writer is None:
            self._writer = csv.CSVWriter(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """See Sink."""
        if self._writer is not None:
            self._writer.close()


class GeoJsonSink:
    """GeoJSON (RFC 7946) in CGCS2000 degrees, as one collection or a feature a line; no place, no geometry."""

    def __init__(self, path: Path, tables: Tables, *, a_line_each: bool) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._tables, self._a_line_each = tables, a_line_each
        self._between = "" if a_line_each else '{"type": "FeatureCollection", "features": [\n'

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add rows; see Sink."""
        lon, lat = self._tables.places(chunk)
        places = zip(np.round(lon, DEGREE_DECIMALS).tolist(), np.round(lat, DEGREE_DECIMALS).tolist(), strict=True)
        for (x, y), properties in zip(places, _records(self._tables.table(chunk, decided)), strict=True):
            geometry = None if math.isnan(x) else {"type": "Point", "coordinates": [x, y]}
            feature = {"type": "Feature", "geometry": geometry, "properties": properties}
            self._file.write(self._between + json.dumps(feature, ensure_ascii=False, default=str))
            self._between = "\n" if self._a_line_each else ",\n"

    def close(self) -> None:
        """See Sink."""
        if self._a_line_each:
            self._file.write(self._between and "\n")
        else:
            opening = self._between if self._between.startswith("{") else ""
            self._file.write(opening + "\n]}\n")
        self._file.close()


class GeoPackageSink:
    """A GeoPackage with one layer of points in EPSG:4490, named like the file."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path, self._tables = path, tables

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add rows; see Sink."""
        lon, lat = self._tables.places(chunk)
        shapes = np.full(len(chunk), None, dtype=object)
        there = ~np.isnan(lon)
        shapes[there] = shapely.to_wkb(np.asarray(shapely.points(lon[there], lat[there])))
        table = self._tables.table(chunk, decided).append_column(
            "geom", arrow("GeoPackage").array(shapes, type="binary")
        )
        pyogrio.write_arrow(
            table,
            self._path,
            layer=self._path.stem,
            driver="GPKG",
            geometry_name=OWN_COLUMNS[1],
            geometry_type="Point",
            crs=f"EPSG:{STORED_SRID}",
            append=self._path.exists(),
        )

    def close(self) -> None:
        """See Sink."""


def _records(table: Any) -> Iterator[dict[str, Any]]:
    for record in table.to_pylist():
        yield {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in record.items()
        }
