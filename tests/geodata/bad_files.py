"""Files that must be refused, each made where it is wanted: how to make it, and what the refusal must say."""

from __future__ import annotations

import json
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from geodata.reading import Limits

SQUARE = [[[114.9, 25.8], [114.91, 25.8], [114.91, 25.81], [114.9, 25.8]]]
VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
KML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
BOMB = KML_HEAD + (
    '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&c;</name></Placemark></kml>'
)
LINKS = (
    KML_HEAD + '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>http://127.0.0.1:9/a.kml</href>'
    "</Link></NetworkLink></kml>"
)


@dataclass(frozen=True)
class BadFileCase:
    """`make` writes the file into a folder and returns its path; `says` must all be in the refusal."""

    name: str
    make: Callable[[Path], Path | str]
    says: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=lambda: {"coord": "cgcs2000"})


def feature(code: Any, coordinates: Any, kind: str = "Polygon") -> dict[str, Any]:
    """A GeoJSON feature with a code."""
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features: dict[str, Any], **more: Any) -> str:
    """The text of a FeatureCollection."""
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more})


def written(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """A maker of a file of this content."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def drawn(name: str, number: int = 3, crs: Any = 4490, **options: Any) -> Callable[[Path], Path]:
    """A maker of a file of some squares by geopandas."""

    def make(folder: Path) -> Path:
        known = {"driver": "LIBKML"} if name.endswith(".kml") else {}
        squares(number, crs).to_file(folder / name, **known, **options)
        return folder / name

    return make


def squares(number: int = 3, crs: Any = 4490) -> gpd.GeoDataFrame:
    """Squares of a hundredth of a degree in a row."""
    shapes = [shapely.box(114.9 + i / 100, 25.8, 114.91 + i / 100, 25.81) for i in range(number)]
    codes = [f"3607020010{i:02d}" for i in range(1, number + 1)]
    table = gpd.GeoDataFrame({"code": codes, "name": [f"第{i}社区" for i in range(number)]}, geometry=shapes, crs=4490)
    return table.to_crs(crs)


def zipped(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> Callable[[Path], Path]:
    """A maker of a zip of these members."""

    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return folder / "a.zip"

    return make


def _without(name: str, suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = drawn(name)(folder)
        path.with_suffix(suffix).unlink()
        return path

    return make


def _cut(name: str, suffix: str, keep: float) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = drawn(name)(folder)
        part = path.with_suffix(suffix)
        content = part.read_bytes()
        part.write_bytes(content[: int(len(content) * keep)])
        return path

    return make


def _corrupt_zip(folder: Path) -> Path:
    path = zipped(("a.geojson", collection(feature("360702", SQUARE)) * 50))(folder)
    content = bytearray(path.read_bytes())
    content[60:70] = b"\xff" * 10
    path.write_bytes(content)
    return path


def _link_in_zip() -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("a.geojson")
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def _link_out(folder: Path) -> Path:
    inner = folder / "inner"
    inner.mkdir()
    written("b.geojson", collection(feature("360702", SQUARE)))(folder)
    (inner / "a.geojson").symlink_to("../b.geojson")
    return inner / "a.geojson"


def _companion_out(folder: Path) -> Path:
    inner = folder / "inner"
    inner.mkdir()
    path = drawn("a.shp")(inner)
    path.with_suffix(".dbf").rename(folder / "b.dbf")
    path.with_suffix(".dbf").symlink_to("../b.dbf")
    return path


def _sqlite(path: Path, *statements: str, application: str = "GPKG") -> Path:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA application_id = {struct.unpack('>i', application.encode())[0]}")
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


def _view_for_a_layer(folder: Path) -> Path:
    path = drawn("a.gpkg", layer="a")(folder)
    return _sqlite(path, "ALTER TABLE a RENAME TO b", "CREATE VIEW a AS SELECT * FROM b")


def _two_layers(folder: Path) -> Path:
    drawn("a.gpkg", layer="社区")(folder)
    return drawn("a.gpkg", layer="网格")(folder)


def _directory(folder: Path) -> Path:
    (folder / "a.geojson").mkdir()
    return folder / "a.geojson"


def _many_corners(number: int) -> str:
    ring = [[114 + i / number, 25.0] for i in range(number)] + [[114.5, 26], [114, 25]]
    return collection(feature("360702", SQUARE), feature("360703", [ring]))


WKT_ROWS = 'code,name,wkt\n1,a,"POLYGON((1 1,2 1,2 2,1 1))"\n2,b,"POLYGON((1 1,2 1,2 2,1 1))"\n3,c,"POLYGON((1 1,2 x"\n'
SEVERAL_SRIDS = 'code;wkt\n1;"SRID=4490;POLYGON((1 1,2 1,2 2,1 1))"\n2;"SRID=4547;POLYGON((1 1,2 1,2 2,1 1))"\n'
LINES = collection(feature("360702", [[114, 25], [115, 26]], "LineString"))
ONE = collection(feature("360702", SQUARE))
METRES = [[[500000, 2860000], [501000, 2860000], [501000, 2861000], [500000, 2860000]]]

BAD_FILES = [
    BadFileCase("no such file", lambda folder: folder / "a.geojson", ("a.geojson", "不能读取")),
    BadFileCase("an empty file", written("a.geojson", ""), ("空的",)),
    BadFileCase("a directory", _directory, ("不是普通文件",)),
    BadFileCase("a link out of the folder", _link_out, ("链接",)),
    BadFileCase("a companion out of the folder", _companion_out, ("a.dbf", "链接")),
    BadFileCase("a path into GDAL's file systems", lambda _: Path("/vsicurl/http://127.0.0.1:9/a.geojson"), ("本机",)),
    BadFileCase("a path into a zip for GDAL", lambda folder: Path(f"/vsizip/{folder}/a.zip/a.shp"), ("本机",)),
    BadFileCase("an address", lambda _: "http://127.0.0.1:9/a.geojson", ("本机",)),
    BadFileCase("a drawing", written("a.dxf", "0\nSECTION\n"), ("不支持", ".geojson")),
    BadFileCase("a PDF", written("a.pdf", "%PDF-1.7"), ("不支持",)),
    BadFileCase("a VRT", written("a.vrt", VRT), ("不支持",)),
    *(
        BadFileCase(f"a VRT named {suffix}", written(f"a{suffix}", VRT), ("VRT",))
        for suffix in (".geojson", ".csv", ".kml", ".gpkg", ".shp", ".mif", ".tab")
    ),
    BadFileCase("a PDF named .geojson", written("a.geojson", "%PDF-1.7 {"), ("PDF",)),
    BadFileCase("an error page named .geojson", written("a.geojson", "<!DOCTYPE html><html>"), ("HTML",)),
    BadFileCase("a corrupt zip", _corrupt_zip, ("压缩包损坏",)),
    BadFileCase("half a zip", written("a.zip", b"PK\x03\x04" + b"\0" * 50), ("压缩包损坏",)),
    BadFileCase("a zip bomb", zipped(("a.geojson", b"[" * 60_000_000)), ("压缩炸弹",)),
    BadFileCase(
        "a zip of more than is allowed",
        zipped(("a.geojson", ONE * 500)),
        ("压缩炸弹",),
        {"coord": "cgcs2000", "limits": Limits(unpacked_bytes=10_000)},
    ),
    BadFileCase(
        "a zip of too many files",
        zipped(*((f"{i}.geojson", ONE) for i in range(6))),
        ("6 个文件",),
        {"limits": Limits(zip_members=5)},
    ),
    BadFileCase("a path upwards inside a zip", zipped(("../../a.geojson", ONE)), ("../../a.geojson", "之外")),
    BadFileCase("an absolute path inside a zip", zipped(("/etc/a.geojson", ONE)), ("之外",)),
    BadFileCase("a Windows path inside a zip", zipped(("C:\\a.geojson", ONE)), ("之外",)),
    BadFileCase("a link inside a zip", zipped((_link_in_zip(), "/etc/passwd")), ("链接",)),
    BadFileCase("a zip inside a zip", zipped(("b.zip", "PK")), ("又有压缩包",)),
    BadFileCase("a zip without areas", zipped(("readme.txt", "x")), ("没有边界文件",)),
    BadFileCase("a zip of two files", zipped(("a.geojson", ONE), ("b.geojson", ONE)), ("a.geojson、b.geojson",)),
    BadFileCase("a zip of a VRT", zipped(("a.geojson", VRT)), ("VRT",)),
    BadFileCase("no GeoPackage but SQLite", lambda folder: _sqlite(folder / "a.gpkg", application="none"), ("SQLite",)),
    BadFileCase("a GeoPackage without layers", lambda folder: _sqlite(folder / "a.gpkg"), ("GeoPackage",)),
    BadFileCase("a view for a layer", _view_for_a_layer, ("视图",)),
    BadFileCase("two layers", _two_layers, ("社区、网格", "layer"), {}),
    BadFileCase("no such layer", drawn("a.gpkg", layer="社区"), ("网格", "社区"), {"layer": "网格"}),
    BadFileCase("a Shapefile without .shx", _without("a.shp", ".shx"), ("a.shx",)),
    BadFileCase("a Shapefile without .dbf", _without("a.shp", ".dbf"), ("a.dbf",)),
    BadFileCase("a truncated Shapefile", _cut("a.shp", ".shp", 0.7), ("a.shp 不完整",)),
    BadFileCase("a truncated index", _cut("a.shp", ".shx", 0.9), ("a.shx 不完整",)),
    BadFileCase("truncated attributes", _cut("a.shp", ".dbf", 0.7), ("a.dbf 不完整",)),
    BadFileCase("half a FlatGeobuf", _cut("a.fgb", ".fgb", 0.8), ("a.fgb",)),
    BadFileCase("half a GeoPackage", _cut("a.gpkg", ".gpkg", 0.5), ("a.gpkg",)),
    BadFileCase("a KML of entities", written("a.kml", BOMB), ("ENTITY",)),
    BadFileCase("a KML of links", written("a.kml", LINKS), ("网络链接", "不会去取")),
    BadFileCase("half a KML", _cut("a.kml", ".kml", 0.6), ("a.kml",)),
    BadFileCase("a table of other tables", written("a.tab", '!table\nOpen Table "b"\n'), ("别的表",)),
    BadFileCase("a TAB alone", written("a.tab", "!table\n!version 300\n"), ("a.dat",)),
    BadFileCase("a MIF alone", written("a.mif", "Version 300\n"), ("a.mid",)),
    BadFileCase("broken WKT in the third row", written("a.csv", WKT_ROWS), ("第 3 个要素", "WKT")),
    BadFileCase("a table of several systems", written("a.csv", SEVERAL_SRIDS), ("4490、4547", "SRID"), {}),
    BadFileCase("a table without WKT", written("a.csv", "code,name\n1,a\n"), ("code、name", "WKT")),
    BadFileCase("no JSON", written("a.geojson", '{"type": "FeatureCollection", "features": ['), ("不是 GeoJSON",)),
    BadFileCase("no features", written("a.geojson", collection()), ("要素",)),
    BadFileCase("one geometry", written("a.geojson", '{"type": "Point", "coordinates": [1, 1]}'), ("要素集",)),
    BadFileCase("a list for a feature", written("a.geojson", collection([1])), ("第 1 个要素",)),  # type: ignore[arg-type]
    BadFileCase("nested deeply", written("a.geojson", ONE.replace(str(SQUARE), "[" * 10_000)), ("嵌套过深",)),
    BadFileCase("NaN", written("a.geojson", ONE.replace("25.81", "NaN")), ("第 1 个要素", "有限")),
    BadFileCase("infinity", written("a.geojson", ONE.replace("25.81", "-Infinity")), ("第 1 个要素", "有限")),
    BadFileCase("texts for numbers", written("a.geojson", ONE.replace("25.81", '"25.81"')), ("第 1 个要素",)),
    BadFileCase("truth for a number", written("a.geojson", ONE.replace(str(SQUARE), "true")), ("第 1 个要素",)),
    BadFileCase(
        "an open ring", written("a.geojson", ONE.replace(", [114.9, 25.8]]", "]")), ("第 1 个要素", "没有闭合")
    ),
    BadFileCase("two corners", written("a.geojson", collection(feature("1", [[[1, 1], [1, 1]]]))), ("点太少",)),
    BadFileCase("an unknown type", written("a.geojson", collection(feature("1", [], "Circle"))), ("第 1 个要素",)),
    BadFileCase("no coordinate system", written("a.geojson", ONE), ("指明", "gcj02", "EPSG:4547"), {}),
    BadFileCase(
        "no coordinate system in a table", written("a.csv", WKT_ROWS.replace("2 x", "2 2,1 1))")), ("指明",), {}
    ),
    BadFileCase("a system nobody knows", written("a.geojson", ONE), ("mars",), {"coord": "mars"}),
    BadFileCase("a system of another country", drawn("a.gpkg", crs=2263), ("New York",), {}),
    BadFileCase("an older system", drawn("a.shp", crs=2343), ("Xian",), {"coord": "EPSG:4547"}),
    BadFileCase("two systems", drawn("a.gpkg"), ("cgcs2000", "EPSG:4547"), {"coord": "EPSG:4547"}),
    BadFileCase("a shifted system over a plane", drawn("a.gpkg", crs=4547), ("EPSG:4547", "gcj02"), {"coord": "gcj02"}),
    BadFileCase(
        "metres among degrees",
        written("a.geojson", collection(feature("360702", SQUARE), feature("360703", METRES))),
        ("第 2 个要素", "360703", "米"),
    ),
    BadFileCase(
        "degrees among metres",
        written("a.geojson", collection(feature("360702", METRES), feature("360703", SQUARE))),
        ("第 2 个要素", "360703", "度"),
        {"coord": "EPSG:4547"},
    ),
    BadFileCase(
        "northing first",
        written("a.geojson", collection(feature("360702", [[[y, x] for x, y in METRES[0]]]))),
        ("北坐标在前",),
        {"coord": "EPSG:4547"},
    ),
    BadFileCase(
        "a zone's number before the easting",
        written("a.geojson", collection(feature("360702", [[[x + 38e6, y] for x, y in METRES[0]]]))),
        ("EPSG:4526",),
        {"coord": "EPSG:4547"},
    ),
    BadFileCase("latitude first", written("a.geojson", ONE.replace("[114.91, 25.8]", "[25.8, 114.9]")), ("纬度在前",)),
    BadFileCase("no column of codes", drawn("a.gpkg"), ("code、name",), {"code_field": "grid"}),
    BadFileCase("codes nobody can guess", written("a.geojson", ONE.replace('"code"', '"number"')), ("number", "指明")),
    BadFileCase("no column of names", drawn("a.gpkg"), ("code、name",), {"name_field": "title"}),
    BadFileCase(
        "digits lost",
        written("a.csv", WKT_ROWS.replace("3,c", "3.60702E+14,c").replace("2 x", "2 2,1 1))")),
        ("第 3 个要素", "3.60702E+14", "科学计数法"),
    ),
    BadFileCase(
        "a file too large",
        written("a.geojson", ONE),
        ("字节",),
        {"coord": "cgcs2000", "limits": Limits(file_bytes=100)},
    ),
    BadFileCase(
        "one polygon too large",
        written("a.geojson", _many_corners(2_000)),
        ("2,00", "1,000"),
        {"coord": "cgcs2000", "limits": Limits(vertices_of_one=1_000)},
    ),
    BadFileCase(
        "one polygon too large in a Shapefile",
        drawn("a.shp"),
        ("第 1 个要素的顶点", "最多 4"),
        {"limits": Limits(vertices_of_one=4)},
    ),
    BadFileCase(
        "too many corners in all",
        drawn("a.fgb", 300),
        ("顶点", "最多 1,000"),
        {"limits": Limits(vertices=1_000)},
    ),
    *(
        BadFileCase(
            f"too many features in {suffix}", drawn(f"a{suffix}", 30), ("最多 20",), {"limits": Limits(features=20)}
        )
        for suffix in (".geojson", ".gpkg", ".shp", ".fgb", ".kml")
    ),
]
