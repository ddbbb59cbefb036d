"""Write areas to the formats people ask for, in the coordinate system they name, or say why not."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from geodata.areas import Areas, Shapes, are_polygons
from geodata.crs import CoordinateOutOfRange, named_system, plane_of, to_named
from geodata.reading.drivers import DRIVERS, KML_COLUMNS, only_these_drivers
from geodata.reading.formats import SUFFIXES, Format
from geodata.reading.refusing import features_at
from geodata.replacing import replaced

FORMATS = tuple(suffix for suffix, kind in SUFFIXES.items() if kind not in (Format.MIF, Format.TAB))
"""What a name may end in: ``.shp`` and ``.zip`` are a Shapefile, bare and packed."""

DEGREE_DECIMALS = 9
"""Of GeoJSON: a tenth of a millimetre."""

CODE, NAME, WKT = "code", "name", "wkt"
DECLARED = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}
# Their rule is longitude and latitude.
DEGREES_ONLY = (Format.GEOJSON, Format.KML)
# Columns these formats have of themselves.
RESERVED = {
    Format.GEOPACKAGE: ("fid", "geom"),
    Format.CSV: (WKT,),
    Format.KML: tuple(name.lower() for name in KML_COLUMNS),
}
# A dBase table has this much room, in bytes.
DBASE_NAME, DBASE_TEXT = 10, 254
OPTIONS: dict[Format, dict[str, str]] = {
    Format.SHAPEFILE: {"encoding": "UTF-8"},
    # An index would put the areas into another order, and takes none without a shape.
    Format.FLATGEOBUF: {"SPATIAL_INDEX": "NO"},
}
# What other programs leave beside a Shapefile is about the one that was there before.
LEFT_BESIDE = (".prj", ".sbn", ".sbx", ".qix", ".idx", ".shp.xml")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class CannotWrite(ValueError):
    """Areas that cannot be written as asked; the message says in Chinese and English what stands against it."""


@dataclass(frozen=True)
class Written:
    """What was written: so many areas in a format and coordinate system, and what whoever reads it should know."""

    path: Path
    number: int
    format: Format
    coord: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """A column as its format takes it: `values` of one type, shape (n,); `missing`: where there is none."""

    name: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]

    def cells(self) -> list[Any]:
        """The values as Python has them, None where there is none."""
        return [None if gone else value for value, gone in zip(self.values.tolist(), self.missing, strict=True)]


def write_areas(areas: Areas, out: Path, *, coord: str = "cgcs2000") -> Written:
    """Write areas as GeoJSON, GeoPackage, Shapefile (bare or zipped), FlatGeobuf, KML or CSV with WKT, by the name's end.

    `coord`: the coordinate system to write in, a name `geodata.crs.named_system` knows; GeoJSON and KML hold degrees only.
    Codes and names are text in the columns ``code`` and ``name``, the other columns keep their names where the format
    can hold them. `out` is replaced at the end, or stays as it was. Raises CannotWrite, UnknownCoordinateSystem,
    CannotReplace, OSError.
    """
    coord = named_system(coord)
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise CannotWrite(f"{out.name}：不能写这种文件，可用 {'、'.join(FORMATS)} (format not on the list)")
    kind = Format.SHAPEFILE if suffix == ".zip" else SUFFIXES[suffix]
    _check_system(out, kind, coord)
    _check_polygons(areas)
    shapes = _placed(areas, coord)
    columns, notes = _columns(areas, kind)
    with replaced(out) as part:
        notes += _write(part, kind, shapes, columns, coord)
    if suffix == ".shp":
        _clear_beside(out, coord)
    return Written(out, len(areas), kind, coord, tuple([*notes, *_on_the_system(kind, coord)]))


def features(shapes: Shapes, records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a GeoJSON collection (RFC 7946), a feature a line.

    `shapes`: shape (n,), in degrees, longitude first, or None; `records`: their properties, of what JSON can hold.
    Coordinates have DEGREE_DECIMALS decimals, outer rings run counterclockwise.
    """
    rounded = shapely.transform(shapely.orient_polygons(shapes), lambda degrees: np.round(degrees, DEGREE_DECIMALS))
    yield '{"type": "FeatureCollection", "features": ['
    before = ""
    for geometry, record in zip(shapely.to_geojson(rounded), records, strict=True):
        properties = json.dumps(record, ensure_ascii=False)
        yield f'{before}{{"type": "Feature", "properties": {properties}, "geometry": {geometry or "null"}}}'
        before = ","
    yield "]}"


def write_features(out: Path, shapes: Shapes, records: Iterable[dict[str, Any]]) -> None:
    """Write a GeoJSON file of `features`, replaced at the end."""
    write_lines(out, features(shapes, records))


def write_lines(out: Path, lines: Iterable[str]) -> None:
    """Write a file of text, replaced at the end."""
    with replaced(out) as part:
        _put_lines(part, lines)


def _check_system(out: Path, kind: Format, coord: str) -> None:
    if kind in DEGREES_ONLY and plane_of(coord) is not None:
        raise CannotWrite(f"{out.name}：{kind.value} 只能是经纬度，不能是 {coord} ({kind.value} holds degrees only)")
    if kind is Format.KML and coord not in DECLARED:
        raise CannotWrite(f"{out.name}：KML 一律是 WGS 84，不能是 {coord} (KML is WGS 84)")


def _check_polygons(areas: Areas) -> None:
    """Areas without a shape are written without one: they may be made of their children."""
    wrong = ~(are_polygons(areas.shapes) | shapely.is_missing(areas.shapes) | shapely.is_empty(areas.shapes))
    if wrong.any():
        first = areas.shapes[np.argmax(wrong)].geom_type
        raise CannotWrite(
            f"{areas.source}：{features_at(areas.rows[wrong].tolist())}的图形不是面，是 {first} (not polygons)"
        )


def _placed(areas: Areas, coord: str) -> Shapes:
    """The shapes in a coordinate system, None for empty ones."""

    def placed(shapes: Shapes) -> Shapes:
        turned = shapely.transform(shapes, lambda xy: np.column_stack(to_named(xy[:, 0], xy[:, 1], coord)))
        return np.asarray(turned, dtype=object)

    shapes = areas.shapes.copy()
    shapes[shapely.is_empty(shapes)] = None
    try:
        return placed(shapes)
    except CoordinateOutOfRange:
        outside = []
        for row in range(len(shapes)):
            try:
                placed(shapes[row : row + 1])
            except CoordinateOutOfRange:
                outside.append(int(areas.rows[row]))
        raise CannotWrite(
            f"{areas.source}：{features_at(outside)}在 {coord} 的范围之外 (outside the coordinate system)"
        ) from None


def _columns(areas: Areas, kind: Format) -> tuple[list[_Column], list[str]]:
    """Codes, names and the other columns under names their format can hold, and a note of those that changed."""
    given: list[tuple[str, Any]] = [(CODE, areas.codes), (NAME, areas.names)]
    given += [(str(name), areas.table[name].to_numpy(dtype=object)) for name in areas.table.columns]
    taken = set(RESERVED.get(kind, ()))
    columns, changed = [], []
    for name, values in given:
        fitting = _fitting_name(name, kind, taken)
        taken.add(fitting.lower())
        column = _Column(fitting, *_of_one_type(values))
        if kind is Format.SHAPEFILE:
            _check_room(areas, name, column)
        columns.append(column)
        if fitting != name:
            changed.append(f"{name} → {fitting}")
    return columns, [f"列名有改动：{'、'.join(changed)} (columns renamed)"] if changed else []


def _fitting_name(name: str, kind: Format, taken: set[str]) -> str:
    name = UNWRITABLE.sub("", name) or "column"
    room = DBASE_NAME if kind is Format.SHAPEFILE else len(name.encode()) + len(str(len(taken))) + 1
    tried, number = _cut(name, room), 0
    while tried.lower() in taken:
        number += 1
        tried = _cut(name, room - len(f"_{number}")) + f"_{number}"
    return tried


def _cut(text: str, room: int) -> str:
    """As much of a text as so many bytes hold."""
    return text.encode()[:room].decode(errors="ignore")


def _of_one_type(values: NDArray[np.object_]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A column's values with their type, text where there are several, and where there is none."""
    missing = np.array([_is_missing(value) for value in values], dtype=bool)
    there = [value.item() if isinstance(value, np.generic) else value for value in values[~missing]]
    if missing.any() and all(isinstance(value, float) and value.is_integer() for value in there):
        # Whole numbers with a gap between them were read as floats.
        there = [int(value) for value in there]
    kind: np.dtype[Any]
    if there and all(isinstance(value, bool) for value in there):
        kind = np.dtype(bool)
    elif there and all(type(value) is int and abs(value) < 2**63 for value in there):
        kind = np.dtype(np.int64)
    elif there and all(type(value) is float for value in there):
        kind = np.dtype(np.float64)
    else:
        kind, there = np.dtype(object), [_text(value) for value in there]
    made = np.full(len(values), "" if kind.hasobject else 0, dtype=kind)
    made[~missing] = there
    return made, missing


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return UNWRITABLE.sub("", text)


def _check_room(areas: Areas, name: str, column: _Column) -> None:
    """Refuse texts that a Shapefile would cut off."""
    if column.values.dtype != object:
        return
    long = [row for row, text in zip(areas.rows, column.values, strict=True) if len(text.encode()) > DBASE_TEXT]
    if long:
        raise CannotWrite(
            f"{areas.source}：{features_at(long)}的“{name}”超过 {DBASE_TEXT} 字节，Shapefile 放不下，请用 .gpkg"
            " (too long for a Shapefile)"
        )


def _write(part: Path, kind: Format, shapes: Shapes, columns: list[_Column], coord: str) -> list[str]:
    """Write a file and return what GDAL had to say."""
    if kind is Format.GEOJSON:
        records = zip(*(column.cells() for column in columns), strict=True)
        names = [column.name for column in columns]
        _put_lines(part, features(shapes, (dict(zip(names, record, strict=True)) for record in records)))
        return []
    if kind is Format.CSV:
        table = pd.DataFrame({column.name: pd.Series(column.cells(), dtype=object) for column in columns})
        table[WKT] = shapely.to_wkt(shapes, rounding_precision=-1)
        # With the mark, spreadsheets know that it is UTF-8.
        table.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
        return []
    if kind is not Format.SHAPEFILE:
        return _write_layer(part, kind, shapes, columns, coord)
    if part.suffix.lower() == ".shp":
        # GDAL names its files in small letters.
        said = _write_layer(part.with_suffix(".shp"), kind, shapes, columns, coord)
        part.with_suffix(".shp").rename(part)
        return said
    with tempfile.TemporaryDirectory(dir=part.parent) as folder:
        bare = Path(folder, part.name).with_suffix(".shp")
        said = _write_layer(bare, kind, shapes, columns, coord)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for made in sorted(bare.parent.iterdir()):
                archive.write(made, made.name)
    return said


def _write_layer(part: Path, kind: Format, shapes: Shapes, columns: list[_Column], coord: str) -> list[str]:
    only_these_drivers()
    parts = bool((shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON).any())
    driver = DRIVERS[kind]
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", message=".*crs.* was not provided", category=UserWarning)
            pyogrio.raw.write(
                part,
                geometry=shapely.to_wkb(shapes),
                field_data=[column.values for column in columns],
                fields=np.array([column.name for column in columns], dtype=object),
                field_mask=[column.missing for column in columns],
                layer=part.stem,
                driver=driver,
                geometry_type="MultiPolygon" if parts else "Polygon",
                promote_to_multi=parts,
                crs=_declared(kind, coord),
                **OPTIONS.get(kind, {}),
            )
    except (RuntimeError, ValueError, OSError) as error:
        raise CannotWrite(f"{part.name}：不能写成 {kind.value}，{error} (cannot write)") from None
    return [f"GDAL：{one.message}" for one in warned]


def _declared(kind: Format, coord: str) -> str | None:
    """What a file says of its coordinate system; GCJ-02 and BD-09 have no name that a file could say."""
    plane = plane_of(coord)
    return f"EPSG:{plane}" if plane is not None else "EPSG:4326" if kind is Format.KML else DECLARED.get(coord)


def _on_the_system(kind: Format, coord: str) -> Iterator[str]:
    if kind is Format.CSV:
        yield f"CSV 不写坐标系，读取时请用 --coord {coord} 指明 (CSV does not say its coordinate system)"
    elif coord not in DECLARED and plane_of(coord) is None:
        yield f"文件写不明 {coord}，没有写坐标系，读取时请用 --coord {coord} 指明 (no coordinate system in the file)"


def _clear_beside(out: Path, coord: str) -> None:
    known = plane_of(coord) is not None or coord in DECLARED
    for suffix in LEFT_BESIDE[1:] if known else LEFT_BESIDE:
        out.with_suffix(suffix).unlink(missing_ok=True)


def _put_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
