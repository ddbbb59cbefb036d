"""From a file to areas: see what it is, read a layer, find its columns, turn its coordinates."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import shapely

from geodata.areas import Areas, Shapes, are_polygons
from geodata.reading import delimited, drivers, geojson
from geodata.reading.columns import code_column, codes, name_column, texts
from geodata.reading.formats import Format, Opened, opened
from geodata.reading.layers import Layer
from geodata.reading.packed import is_packed, unpacked
from geodata.reading.refusing import DEFAULT_LIMITS, BadFile, Limits
from geodata.reading.systems import stored, system_of

# Their rule is that an outer ring runs clockwise, so that its direction tells nothing.
CLOCKWISE_BY_RULE = (Format.SHAPEFILE, Format.MIF, Format.TAB)


def read_areas(
    path: Path | str,
    *,
    coord: str | None = None,
    assumed: str | None = None,
    code_field: str | None = None,
    name_field: str | None = None,
    layer: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Areas:
    """Read GeoJSON, GeoPackage, Shapefile (bare or zipped), FlatGeobuf, KML, MIF/TAB or CSV with a column of WKT.

    `coord`: the file's coordinate system, a name `geodata.crs.named_system` knows; it may be left out where the file
    says it itself. `assumed`: its system if neither says. `code_field`, `name_field`: the columns of codes and names;
    left out, the common names are tried. `layer`: for a file of several layers.

    The shapes are in CGCS2000 degrees, turned vertex by vertex, without heights; of any type, valid or not: that is for
    `geodata.checking` to say. Codes are text to the last digit. Raises BadFile, whose message names what is wrong where.
    """
    file, read = _read(path, layer, limits)
    source = Path(path).name
    system = system_of(source, read.declared, coord or (assumed if read.declared is None else None))
    column = code_column(source, read.table, code_field)
    found = codes(source, read.table[column])
    named = name_column(source, read.table, name_field)
    names = texts(read.table[named]) if named is not None else np.full(len(found), "", dtype=object)
    shapes = stored(source, read.shapes, system, found)
    if file.format in CLOCKWISE_BY_RULE:
        shapes = _turned(shapes)
    others = read.table.drop(columns=[given for given in (column, named) if given is not None])
    return Areas(found, names, shapes, np.arange(1, len(found) + 1), others, source, system)


def read_shapes(
    path: Path | str, *, coord: str | None = None, assumed: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Shapes:
    """Read only the shapes of a file, of rivers for one, which have no codes; all else as in `read_areas`."""
    _, read = _read(path, None, limits)
    source = Path(path).name
    rows = np.array([str(row) for row in range(1, len(read.shapes) + 1)], dtype=object)
    system = system_of(source, read.declared, coord or (assumed if read.declared is None else None))
    return stored(source, read.shapes, system, rows)


def _read(path: Path | str, layer: str | None, limits: Limits) -> tuple[Opened, Layer]:
    with ExitStack() as stack:
        file = opened(path, limits)
        if is_packed(file):
            file = stack.enter_context(unpacked(file, layer, limits))
        return file, _layer(file, layer, limits)


def _layer(file: Opened, layer: str | None, limits: Limits) -> Layer:
    if file.format in drivers.DRIVERS:
        # Of a zip of several Shapefiles, the name chose the file already.
        return drivers.read(file, layer, limits)
    if layer is not None and layer not in (file.path.stem, file.path.name):
        raise BadFile(f"{file.source}：没有图层 {layer} (no such layer)")
    read = geojson.read if file.format is Format.GEOJSON else delimited.read
    return read(file.path, file.source, limits)


def _turned(shapes: np.typing.NDArray[np.object_]) -> np.typing.NDArray[np.object_]:
    drawn = are_polygons(shapes)
    shapes = shapes.copy()
    shapes[drawn] = shapely.orient_polygons(shapes[drawn])
    return shapes
