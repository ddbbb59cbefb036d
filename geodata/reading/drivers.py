"""The formats that GDAL reads for us, and nothing else of GDAL."""

from __future__ import annotations

import re
import sqlite3
import warnings
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.core import _register_drivers
from pyogrio.errors import DataLayerError, DataSourceError

from geodata.reading import shapefiles
from geodata.reading.delimited import encoding_of
from geodata.reading.formats import HEAD_BYTES, Format, Opened, companions
from geodata.reading.layers import Layer, check_counts, parsed
from geodata.reading.refusing import BadFile, Limits, too_many

DRIVERS = {
    Format.GEOPACKAGE: "GPKG",
    Format.SHAPEFILE: "ESRI Shapefile",
    Format.FLATGEOBUF: "FlatGeobuf",
    Format.KML: "LIBKML",
    Format.MIF: "MapInfo File",
    Format.TAB: "MapInfo File",
}
# What is written besides; memory layers are GDAL's own.
KEPT = {*DRIVERS.values(), "KML", "GeoJSON", "GeoJSONSeq", "CSV", "MEM", "Memory"}
# KML's own columns say how to draw a placemark.
KML_COLUMNS = (
    "id", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
)  # fmt: skip
# One part in the second makes the whole be.
GUESSED = ("utf-8-sig", "gb18030")
BYTES_OF_A_VERTEX = 16


@cache
def only_these_drivers() -> None:
    """Take every other driver out of GDAL for the rest of the process, and its ways to the network with them."""
    others = [driver for driver in pyogrio.list_drivers() if driver not in KEPT]
    pyogrio.set_gdal_config_options(
        {
            "GDAL_SKIP": ",".join(others),
            "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
            "GDAL_VRT_ENABLE_PYTHON": "NO",
            "SHAPE_RESTORE_SHX": "NO",
        }
    )
    # The list above is heeded when drivers are registered.
    _register_drivers()
    left = set(pyogrio.list_drivers()) - KEPT
    if left:
        raise RuntimeError(f"GDAL still has the drivers {', '.join(sorted(left))}")


def read(file: Opened, layer: str | None, limits: Limits) -> Layer:
    """One layer of a file. Raises BadFile."""
    only_these_drivers()
    encoding = _checked(file)
    try:
        # What GDAL warns of is either harmless or shows as a missing geometry, which is looked for below.
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            name = _layer_name(file, layer)
            info = pyogrio.read_info(file.path, layer=name, encoding=encoding, force_feature_count=True)
            _check_info(file, info, limits)
            meta, _, written, columns = pyogrio.raw.read(
                file.path,
                layer=name,
                encoding=encoding,
                force_2d=True,
                datetime_as_string=True,
                max_features=limits.features,
            )
    except (DataSourceError, DataLayerError, ValueError, RuntimeError, UnicodeDecodeError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile(f"{file.source}：不能按 {file.format.value} 读取，{error} (cannot read)") from None
    if written is None:
        raise BadFile(f"{file.source}：没有几何 (no geometry)")
    _check_all_there(file, written, info, [str(one.message) for one in warned])
    vertices = np.array([len(one or b"") // BYTES_OF_A_VERTEX for one in written], dtype=np.int64)
    check_counts(file.source, vertices, limits)
    shapes = shapely.force_2d(parsed(file.source, written, shapely.from_wkb))
    table = pd.DataFrame(dict(zip(meta["fields"], columns, strict=True)))
    if file.format is Format.KML:
        table = table.drop(columns=[column for column in KML_COLUMNS if column in table])
    return Layer(shapes, table, _declared(meta["crs"]))


def _checked(file: Opened) -> str | None:
    """What must hold of a format before GDAL opens it; returns the encoding to read the attributes in, None for its own."""
    beside = companions(file)
    if file.format is Format.SHAPEFILE:
        shapefiles.check_whole(file.source, file.path, beside)
        return shapefiles.encoding_of(beside)
    if file.format is Format.GEOPACKAGE:
        _check_geopackage(file)
    if file.format is Format.KML:
        _check_kml(file)
    if file.format is Format.TAB:
        _check_tab(file, beside)
        return shapefiles.encoding_of_table(beside[".dat"]) if _without_charset(file.path) else None
    if file.format is Format.MIF:
        if ".mid" not in beside:
            raise BadFile(f"{file.source}：缺少同名的 {file.path.stem}.mid，请一并提供 (.mid missing)")
        parts = {encoding_of(part) for part in (file.path, beside[".mid"])}
        return max(parts, key=GUESSED.index) if _without_charset(file.path) else None
    return None


def _without_charset(path: Path) -> bool:
    """Whether a MapInfo file leaves its encoding open."""
    with path.open("rb") as file:
        charset = re.search(rb'charset\s+"?(\w+)', file.read(HEAD_BYTES), re.I)
    return charset is None or charset[1].lower() == b"neutral"


def _check_geopackage(file: Opened) -> None:
    """Refuse tables that are computed when they are read: views and virtual tables can reach beyond the file."""
    try:
        with closing(sqlite3.connect(f"{file.path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            layers = {row[0] for row in database.execute("SELECT table_name FROM gpkg_geometry_columns")}
            made = database.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
    except sqlite3.Error as error:
        raise BadFile(f"{file.source}：不能按 GeoPackage 读取，{error} (not a GeoPackage)") from None
    for kind, name, sql in made:
        virtual = re.match(r"\s*CREATE\s+VIRTUAL\s+TABLE.*?USING\s+(\w+)", sql or "", re.I | re.S)
        if (kind == "view" and name in layers) or (virtual and virtual[1].lower() not in ("rtree", "fts4", "fts5")):
            raise BadFile(f"{file.source}：{name} 是视图或虚拟表，不是数据 (a view or virtual table)")


def _check_kml(file: Opened) -> None:
    content = file.path.read_bytes()
    if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", content, re.I):
        raise BadFile(f"{file.source}：KML 中不能有 DOCTYPE 或 ENTITY 声明 (entities are refused)")
    if b"<Placemark" not in content and b":Placemark" not in content:
        links = "，只有网络链接，不会去取" if b"NetworkLink" in content else ""
        raise BadFile(f"{file.source}：没有地标 (Placemark){links} (no placemarks; network links are not followed)")


def _check_tab(file: Opened, beside: dict[str, Path]) -> None:
    """Refuse a table that stands for other tables."""
    text = file.path.read_bytes().lower()
    if re.search(
        rb'open\s+table|create\s+view|isseamless|type\s+(?:linked|dbf|access|xls|ascii|fme|wfs)|file\s+"', text
    ):
        raise BadFile(f"{file.source}：TAB 指向别的表，请另存为普通表 (the table refers to others)")
    missing = [suffix for suffix in (".dat", ".map", ".id") if suffix not in beside]
    if missing:
        listed = "、".join(file.path.stem + suffix for suffix in missing)
        raise BadFile(f"{file.source}：缺少同名的 {listed}，请一并提供 ({'、'.join(missing)} missing)")


def _layer_name(file: Opened, layer: str | None) -> str:
    """The layer to read: the one named, or the only one with shapes."""
    found = pyogrio.list_layers(file.path)
    names = [str(name) for name, geometry in found if geometry is not None]
    listed = "、".join(names)
    if not names:
        raise BadFile(f"{file.source}：没有图层 (no layers)")
    if layer is None and len(names) > 1:
        raise BadFile(f"{file.source}：有多个图层，请用 layer 指定其一：{listed} (several layers; name one)")
    if layer is not None and layer not in names:
        raise BadFile(f"{file.source}：没有图层 {layer}，现有 {listed} (no such layer)")
    return layer or names[0]


def _check_info(file: Opened, info: dict[str, Any], limits: Limits) -> None:
    if info["driver"] != DRIVERS[file.format]:
        raise BadFile(f"{file.source}：内容不是 {file.format.value} (content is not what the name says)")
    if info["features"] > limits.features:
        raise too_many(file.source, "要素", info["features"], limits.features, "too many features")
    if info["features"] == 0:
        raise BadFile(f"{file.source}：没有要素 (no features)")


def _check_all_there(file: Opened, written: Any, info: dict[str, Any], warned: list[str]) -> None:
    """Refuse what GDAL read in part: features left out, or shapes left empty with a word of warning."""
    if len(written) != info["features"]:
        raise BadFile(
            f"{file.source}：应有 {info['features']:,} 个要素，只读出 {len(written):,} 个 (features are missing)"
        )
    said = [text for text in warned if re.search("geometr|shape|corrupt|truncat|ring|coordinate", text, re.I)]
    if said and any(one is None for one in written):
        row = next(row for row, one in enumerate(written, start=1) if one is None)
        raise BadFile(f"{file.source}：第 {row} 个要素的几何不能读取，{said[0]} (geometry cannot be read)")


def _declared(crs: str | None) -> str | None:
    """What the layer says of its coordinate system; what GDAL calls undefined is nothing."""
    if not crs or re.search(r'"(?:Undefined|Unknown|unnamed|Nonearth)', crs[:200], re.I):
        return None
    return crs
