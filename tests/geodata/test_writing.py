"""Areas that go out in any format come in again as they were, or are refused for a reason that is said."""

import json
import os
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from geodata import writing
from geodata.areas import areas_of
from geodata.reading import read_areas
from geodata.replacing import CannotReplace
from geodata.writing import CannotWrite, write_areas

NAMES = ("a.geojson", "a.json", "网格.gpkg", "网格.shp", "网格.zip", "a.fgb", "a.kml", "a.csv")
DEGREES, SHIFTED, PLANES = ("wgs84", "cgcs2000"), ("gcj02", "bd09"), ("EPSG:4547", "EPSG:4526", "EPSG:4498")
SQUARE = shapely.box(114.9, 25.8, 114.91, 25.81)


@pytest.fixture(scope="module")
def areas():
    """The district's grids with names and columns of every type; one has no shape, one two parts, one a hole."""
    grids = read_areas("fixtures/district/grids.geojson", coord="cgcs2000")
    shapes = grids.shapes.copy()
    shapes[5] = None
    shapes[6] = shapely.MultiPolygon([shapes[6], shapely.box(113, 25, 113.1, 25.1)])
    shapes[7] = shapes[7] - shapely.point_on_surface(shapes[7]).buffer(1e-5)
    shapes = shapely.transform(shapes, lambda degrees: np.round(degrees, 9))
    table = pd.DataFrame(
        {
            "户数": pd.Series([None if row == 3 else row for row in grids.rows], dtype=object),
            "比例": grids.rows / 8,
            "编号": [f"{row:06}" for row in grids.rows],
            "备注": [None if row == 2 else f"“第 {row} 号”，<甲> & 乙\n第二行" for row in grids.rows],
        }
    )
    names = np.array([f"第{row}网格·㐂𠮷" for row in grids.rows], dtype=object)
    return replace(grids, names=names, shapes=shapes, table=table)


def coord_of(name, coord):
    """What must be said when a file is read again."""
    return coord if coord in SHIFTED or name.endswith(("csv", "json")) else None


@pytest.mark.parametrize(
    ("name", "coord"),
    [
        (name, coord)
        for name in NAMES
        for coord in (*DEGREES, *SHIFTED, *PLANES)
        if coord in DEGREES or not name.endswith("kml")
        if coord not in PLANES or not name.endswith("json")
    ],
)
def test_every_format_gives_back_what_was_written(name, coord, areas, tmp_path):
    written = write_areas(areas, tmp_path / name, coord=coord)
    assert (written.number, written.coord) == (727, coord)
    read = read_areas(tmp_path / name, coord=coord_of(name, coord))
    assert list(read.codes) == list(areas.codes)
    assert list(read.names) == list(areas.names)
    assert list(np.isin(read.shapes, [None])) == [row == 5 for row in range(727)]
    drawn = read.shapes != None  # noqa: E711
    off = shapely.hausdorff_distance(read.shapes[drawn], areas.shapes[drawn])
    assert off.max() < 1e-9
    if coord in DEGREES:
        assert shapely.equals(read.shapes[drawn], areas.shapes[drawn]).all()
    assert shapely.get_num_interior_rings(shapely.get_geometry(read.shapes[7], 0)) == 1
    for column in areas.table.columns:
        assert [text(cell) for cell in read.table[column]] == [text(cell) for cell in areas.table[column]]


def text(cell):
    """A cell as every format has it; a spreadsheet knows no difference between nothing and an empty text."""
    if cell is None or cell != cell or cell == "":
        return ""
    try:
        return str(float(cell)) if str(cell)[0] != "0" else str(cell)
    except ValueError:
        return str(cell)


@pytest.mark.parametrize("name", NAMES)
def test_a_shifted_system_is_declared_by_no_file(name, areas, tmp_path):
    if name.endswith("kml"):
        with pytest.raises(CannotWrite, match="KML 一律是 WGS 84"):
            write_areas(areas, tmp_path / name, coord="gcj02")
        return
    written = write_areas(areas, tmp_path / name, coord="gcj02")
    assert any("--coord gcj02" in note for note in written.notes)
    if not name.endswith(("csv", "json")):
        path = f"/vsizip/{tmp_path / name}" if name.endswith("zip") else tmp_path / name
        declared = pyogrio.read_info(path)["crs"]
        assert declared is None or "Undefined" in declared


def test_geojson_is_what_its_standard_says(areas, tmp_path):
    fine = shapely.transform(areas.shapes, lambda degrees: degrees + 1e-10 / 3)
    turned = replace(areas, shapes=shapely.reverse(fine))
    write_areas(turned, tmp_path / "a.geojson", coord="wgs84")
    content = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert set(content) == {"type", "features"}
    numbers = []
    for feature in content["features"]:
        assert set(feature) == {"type", "properties", "geometry"}
        if feature["geometry"] is not None:
            shape = shapely.geometry.shape(feature["geometry"])
            assert shapely.is_ccw(shapely.get_exterior_ring(shapely.get_parts(shape))).all()
            numbers += shapely.get_coordinates(shape).ravel().tolist()
    assert max(len(str(number).partition(".")[2]) for number in numbers) <= 9
    first = content["features"][0]["properties"]
    assert first == {
        "code": areas.codes[0], "name": areas.names[0], "户数": 1, "比例": 0.125, "编号": "000001",
        "备注": "“第 1 号”，<甲> & 乙\n第二行",
    }  # fmt: skip
    assert content["features"][2]["properties"]["户数"] is None


def test_a_shapefile_says_its_encoding_and_keeps_nothing_of_the_one_before(areas, tmp_path):
    out = tmp_path / "a.shp"
    write_areas(areas, out)
    (tmp_path / "a.qix").write_bytes(b"old")
    write_areas(areas, out, coord="gcj02")
    assert sorted(os.listdir(tmp_path)) == ["a.cpg", "a.dbf", "a.shp", "a.shx"]
    assert (tmp_path / "a.cpg").read_text() == "UTF-8"
    write_areas(areas, tmp_path / "网格.zip")
    assert zipfile.ZipFile(tmp_path / "网格.zip").namelist() == [
        f"网格.{part}" for part in ("cpg", "dbf", "prj", "shp", "shx")
    ]


@pytest.mark.parametrize("name", [name.upper() for name in NAMES])
def test_a_name_may_end_in_capitals(name, tmp_path):
    made = areas_of(["360702"], [SQUARE])
    write_areas(made, tmp_path / name)
    assert list(read_areas(tmp_path / name, coord="cgcs2000").codes) == ["360702"]


def test_columns_keep_their_names_as_far_as_a_format_can_hold_them(tmp_path):
    columns = ["网格员姓名一", "网格员姓名二", "Code", "fid", "geom", "id", "wkt", "a_long_name_of_a_column"]
    table = pd.DataFrame({column: [column] for column in columns})
    made = replace(areas_of(["360702"], [SQUARE]), table=table)
    found = {}
    for name in NAMES:
        written = write_areas(made, tmp_path / name)
        read = read_areas(tmp_path / name, coord="cgcs2000")
        assert set(columns) <= {read.table[column][0] for column in read.table.columns}
        changed = {column: read.table[column][0] for column in read.table.columns if read.table[column][0] in columns}
        found[name] = {was for now, was in changed.items() if now != was}
        assert all(f"{was} → " in written.notes[0] for was in found[name])
    assert found == {
        "a.geojson": {"Code"}, "a.json": {"Code"}, "a.fgb": {"Code"}, "a.csv": {"Code", "wkt"}, "a.kml": {"Code", "id"},
        "网格.gpkg": {"Code", "fid", "geom"},
        "网格.shp": {"Code", "网格员姓名一", "网格员姓名二", "a_long_name_of_a_column"},
        "网格.zip": {"Code", "网格员姓名一", "网格员姓名二", "a_long_name_of_a_column"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "coord", "shape", "cell", "says"),
    [
        ("a.dxf", "cgcs2000", SQUARE, "", "不能写这种文件"),
        ("a.tab", "cgcs2000", SQUARE, "", "不能写这种文件"),
        ("gone/a.gpkg", "cgcs2000", SQUARE, "", "没有文件夹"),
        ("a.geojson", "EPSG:4547", SQUARE, "", "只能是经纬度"),
        ("a.kml", "EPSG:4547", SQUARE, "", "只能是经纬度"),
        ("a.gpkg", "EPSG:4547", shapely.box(80, 40, 81, 41), "", "第 2 个要素在 EPSG:4547 的范围之外"),
        ("a.gpkg", "cgcs2000", SQUARE.exterior, "", "第 2 个要素的图形不是面"),
        ("a.shp", "cgcs2000", SQUARE, "甲" * 85, "第 2 个要素的“备注”超过 254 字节"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_everything_as_it_was(name, coord, shape, cell, says, tmp_path):
    out = tmp_path / name
    if out.parent.is_dir():
        out.write_text("before")
    before = sorted(os.listdir(tmp_path))
    made = replace(areas_of(["360702", "360703"], [SQUARE, shape]), table=pd.DataFrame({"备注": ["", cell]}))
    with pytest.raises((CannotWrite, CannotReplace), match=says) as refusal:
        write_areas(made, out, coord=coord)
    assert str(refusal.value).endswith(")")
    assert sorted(os.listdir(tmp_path)) == before
    assert not before or out.read_text() == "before"


def test_what_gdal_cannot_write_leaves_the_file_before(areas, tmp_path, monkeypatch):
    out = tmp_path / "a.gpkg"
    write_areas(areas.where(areas.rows < 4), out)
    with monkeypatch.context() as patched:
        patched.setitem(writing.DRIVERS, writing.Format.GEOPACKAGE, "GPX")
        with pytest.raises(CannotWrite, match="不能写成 GeoPackage"):
            write_areas(areas, out)
    assert os.listdir(tmp_path) == ["a.gpkg"]
    assert len(read_areas(out)) == 3


def test_signs_no_file_can_hold_are_left_out(tmp_path):
    made = areas_of(["360702"], [SQUARE], ["甲\ud800\x00\x07乙"])
    for name in NAMES:
        write_areas(made, tmp_path / name)
        assert list(read_areas(tmp_path / name, coord="cgcs2000").names) == ["甲乙"]
