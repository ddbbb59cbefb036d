"""Files of points, read and written row by row in chunks: memory stays the same whatever their length.

What the name ends in says the format: CSV (``.csv .tsv .txt``), Parquet (``.parquet``), GeoJSON (``.geojson .json``, a
feature a line ``.geojsonl .geojsons .ndjson``), GeoPackage (``.gpkg``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geodata.points.rows import ADDED, AT_ONCE, Chunk, PointsRefused, Sink, Source
from geodata.points.tables import LayerSource, ParquetSource
from geodata.points.text import TextSink, TextSource
from geodata.points.writing import COORDINATES, OWN_COLUMNS, CsvSink, GeoJsonSink, GeoPackageSink, ParquetSink, Tables
from geodata.replacing import replaced

TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet",)
COLLECTIONS, LINES, GEOPACKAGE = (".geojson", ".json"), (".geojsonl", ".geojsons", ".ndjson"), (".gpkg",)
FORMATS = (*TEXT, *PARQUET, *COLLECTIONS, *LINES, *GEOPACKAGE)

__all__ = ["ADDED", "AT_ONCE", "FORMATS", "Chunk", "PointsRefused", "Sink", "Source", "open_points", "writing"]


def open_points(
    path: Path,
    *,
    lon: str | None = None,
    lat: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Source:
    """Open a file of points.

    `lon`, `lat`: the columns of CSV and Parquet that hold the coordinates; the others have them in their geometry and
    take none. `encoding`: of CSV, ``utf-8`` or ``gb18030``, found out if None. `layer`: of a GeoPackage. Raises
    PointsRefused for a missing file or column, an unknown format, or what is not in the format it is named for.
    """
    if not path.is_file():
        raise PointsRefused(f"没有文件 {path} (no such file)")
    suffix = _format(path)
    if suffix in (*TEXT, *PARQUET):
        if lon is None or lat is None:
            raise PointsRefused(
                f"{path.name} 请用 --lon 与 --lat 指明坐标所在的列 (name the columns of the coordinates)"
            )
        if suffix in PARQUET:
            return ParquetSource(path, lon=lon, lat=lat)
        return TextSource(path, lon=lon, lat=lat, encoding=encoding)
    if lon is not None or lat is not None:
        raise PointsRefused(f"{path.name} 的坐标在几何中，不用 --lon 与 --lat (coordinates are in the geometry)")
    return LayerSource(path, layer=layer)


@contextmanager
def writing(out: Path, source: Source, *, coord: str, prefix: str = "") -> Iterator[Sink]:
    """A file for the source's rows with the columns of ADDED behind, each name after `prefix`.

    It is made beside `out` and takes its place when the block ends well; if not, nothing is left. `coord`: the source's
    coordinate system, for layers, which are written in CGCS2000. Raises PointsRefused for an unknown format, and if a
    column would be there twice; CannotReplace where there is no such folder.
    """
    _format(out)
    names = tuple(prefix + name for name in ADDED)
    _refuse_twice(source, names, out)
    with replaced(out) as part:
        sink = _sink(part, source, names, coord)
        try:
            yield sink
        finally:
            sink.close()


def _sink(path: Path, source: Source, names: tuple[str, ...], coord: str) -> Sink:
    suffix = _format(path)
    if isinstance(source, TextSource) and suffix in TEXT:
        return TextSink(path, source, names)
    tables = Tables(source, names, coord)
    if suffix in TEXT:
        return CsvSink(path, tables, of_layer=isinstance(source, LayerSource))
    if suffix in PARQUET:
        return ParquetSink(path, tables)
    if suffix in GEOPACKAGE:
        return GeoPackageSink(path, tables)
    return GeoJsonSink(path, tables, a_line_each=suffix in LINES)


def _format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise PointsRefused(f"{path.name} 的格式不认识，应为 {' '.join(FORMATS)} 之一 (unknown format)")
    return suffix


def _refuse_twice(source: Source, names: tuple[str, ...], out: Path) -> None:
    there, new = source.columns, [*names]
    if isinstance(source, LayerSource) and out.suffix.lower() in TEXT:
        new += COORDINATES
    if out.suffix.lower() in GEOPACKAGE:  # takes capitals for small letters
        there, new = [name.lower() for name in there], [*(name.lower() for name in new), *OWN_COLUMNS]
    twice = sorted({name for name in new if name in there} | {name for name in there if there.count(name) > 1})
    if twice:
        raise PointsRefused(
            f"{source.path.name} 的列 {', '.join(twice)} 在输出中会重名，可用 --prefix 给新列加前缀 (columns would be there twice)"
        )
