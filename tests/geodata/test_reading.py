"""Areas are read from whatever format, system and encoding people have; what cannot be read is refused by name."""

import json
import os
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS, Transformer

from geodata.crs import PLANE_SRIDS, central_meridian, false_easting, from_named, from_stored, to_named
from geodata.reading import BadFile, Limits, read_areas
from geodata.reading.systems import system_of
from tests.geodata.bad_files import BAD_FILES, ONE, collection, drawn, feature, squares, written, zipped

GRIDS = "fixtures/district/grids.geojson"


@pytest.fixture(scope="module")
def grids():
    return read_areas(GRIDS, coord="cgcs2000")


@pytest.fixture(scope="module")
def table(grids):
    names = [f"第{row}网格" for row in grids.rows]
    return gpd.GeoDataFrame({"编码": grids.codes, "名称": names, "户数": grids.rows}, geometry=grids.shapes, crs=4490)


@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.name)
def test_a_bad_file_is_refused_with_a_reason(case, tmp_path):
    path = case.make(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(BadFile) as refusal:
        read_areas(path, **case.options)
    for word in case.says:
        assert word in str(refusal.value)
    # Chinese first, English in brackets after it, and nothing left behind.
    assert str(refusal.value).endswith(")")
    assert sorted(os.listdir(tmp_path)) == before


def test_the_district_is_read_as_it_was_written(grids):
    with open(GRIDS, encoding="utf-8") as file:
        features = json.load(file)["features"]
    assert list(grids.codes) == [feature["properties"]["code"] for feature in features]
    assert list(grids.rows) == list(range(1, 728))
    assert all(
        shapely.equals_identical(shape, shapely.geometry.shape(feature["geometry"]))
        for shape, feature in zip(grids.shapes, features, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.geojson", {}),
        ("a.gpkg", {}),
        ("a.shp", {"encoding": "UTF-8"}),
        ("a.shp", {"encoding": "GBK"}),
        ("a.fgb", {"SPATIAL_INDEX": "NO"}),
        ("a.kml", {"driver": "LIBKML"}),
        ("a.mif", {"driver": "MapInfo File", "ENCODING": "CP936"}),
        ("a.tab", {"driver": "MapInfo File", "ENCODING": "CP936"}),
    ],
)
def test_every_format_gives_the_same_areas(name, options, table, grids, tmp_path):
    table.to_file(tmp_path / name, **options)
    read = read_areas(tmp_path / name)
    assert list(read.codes) == list(grids.codes)
    assert list(read.names) == list(table["名称"])
    assert [int(count) for count in read.table["户数"]] == list(grids.rows)
    # MapInfo has six decimals of a metre or fewer of a degree.
    assert shapely.equals_exact(shapely.normalize(read.shapes), shapely.normalize(grids.shapes), 2e-6).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_with_wkt_is_read(encoding, separator, table, grids, tmp_path):
    with_wkt = table.assign(wkt=shapely.to_wkt(grids.shapes, rounding_precision=-1)).drop(columns="geometry")
    with_wkt.to_csv(tmp_path / "a.csv", index=False, encoding=encoding, sep=separator)
    read = read_areas(tmp_path / "a.csv", coord="cgcs2000")
    assert list(read.codes) == list(grids.codes)
    assert list(read.names) == list(table["名称"])
    assert shapely.equals_identical(read.shapes, grids.shapes).all()


@pytest.mark.parametrize("cpg", [None, "GBK"])
def test_a_zipped_shapefile_with_chinese_names_is_read(cpg, table, tmp_path):
    table.to_file(tmp_path / "网格.shp", encoding="GBK")
    (tmp_path / "网格.cpg").unlink()
    if cpg:
        (tmp_path / "网格.cpg").write_text(cpg)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in tmp_path.glob("网格.*"):
            # As Windows packs it: a folder, GBK names that are not marked as anything.
            member = zipfile.ZipInfo(f"数据/{part.name}".encode("gbk").decode("cp437"))
            archive.writestr(member, part.read_bytes())
        archive.writestr("__MACOSX/._网格.shp", b"\0")
        archive.writestr("说明.pdf", b"%PDF")
    read = read_areas(tmp_path / "a.zip")
    assert list(read.names) == list(table["名称"])
    assert read.source == "a.zip"


def test_of_several_files_in_a_zip_one_can_be_named(tmp_path):
    path = zipped(("甲.geojson", ONE), ("乙.geojson", ONE.replace("360702", "360703")))(tmp_path)
    assert list(read_areas(path, coord="wgs84", layer="乙").codes) == ["360703"]


@pytest.mark.parametrize("plane", [4547, 4526, 4498, 4508])
def test_a_plane_is_turned_back_into_degrees(plane, table, grids, tmp_path):
    table.to_crs(plane).to_file(tmp_path / "a.shp", encoding="UTF-8")
    read = read_areas(tmp_path / "a.shp")
    assert read.coord.startswith("EPSG:4")
    assert shapely.hausdorff_distance(read.shapes, grids.shapes).max() < 1e-10


@pytest.mark.parametrize("plane", PLANE_SRIDS)
def test_every_plane_is_known_by_its_description(plane):
    named = CRS.from_epsg(plane)
    said = system_of("a", named.to_wkt("WKT1_ESRI"), None)
    # Some planes of wide and narrow zones are the same but for their number.
    assert system_of("a", said, f"EPSG:{plane}") == f"EPSG:{plane}"
    x, y = false_easting(plane), 3e6
    expected = Transformer.from_crs(plane, 4490, always_xy=True).transform(x, y)
    assert from_named(x, y, said) == pytest.approx(expected, abs=1e-11)
    assert expected[0] == pytest.approx(central_meridian(plane))
    assert to_named(*expected, f"epsg:{plane}") == pytest.approx((x, y), abs=1e-5)


@pytest.mark.parametrize("coord", ["gcj02", "bd09"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_shifted_system_is_undone_whatever_the_file_says(coord, declared, table, grids, tmp_path):
    shifted = shapely.transform(grids.shapes[:20], lambda xy: np.column_stack(from_stored(xy[:, 0], xy[:, 1], coord)))
    made = gpd.GeoDataFrame({"code": grids.codes[:20]}, geometry=shifted, crs=4326)
    made.to_file(tmp_path / "a.gpkg")
    text = made.to_json(drop_id=True)
    content = json.loads(text)
    if not declared:
        content.pop("crs", None)
    (tmp_path / "a.geojson").write_text(json.dumps(content))
    read = read_areas(tmp_path / "a.geojson", coord=coord)
    assert shapely.equals_exact(read.shapes, grids.shapes[:20], 1e-9).all()
    assert read.coord == coord


@pytest.mark.parametrize(
    ("crs", "system"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84"),
        ("urn:ogc:def:crs:EPSG::4490", "cgcs2000"),
        ("EPSG:4326", "wgs84"),
    ],
)
def test_a_geojson_says_its_system_in_its_crs_member(crs, system, tmp_path):
    content = collection(
        feature("1", [[[1, 1], [2, 1], [2, 2], [1, 1]]]), crs={"type": "name", "properties": {"name": crs}}
    )
    assert read_areas(written("a.geojson", content)(tmp_path)).coord == system


@pytest.mark.parametrize(
    ("written_as", "code"),
    [
        (360702001001001, "360702001001001"),
        (360702001001001.0, "360702001001001"),
        ("3.60702001001001E+14", "360702001001001"),
        ("3.607020010011E+14", "360702001001100"),
        (" 360702001001001　", "360702001001001"),
        ("360702001001001.0", "360702001001001"),
        (None, ""),
        ("甲1", "甲1"),
    ],
)
def test_a_code_keeps_its_digits(written_as, code, tmp_path):
    path = written("a.geojson", collection(feature(written_as, None), feature("360702", None)))(tmp_path)
    content = json.loads(path.read_text())
    for one in content["features"]:
        one["geometry"] = None
    path.write_text(json.dumps(content))
    assert list(read_areas(path, coord="wgs84").codes) == [code, "360702"]


def test_numbers_with_a_gap_between_them_keep_their_digits(tmp_path):
    table = squares(3)
    table["code"] = [360702001001001, None, 360702001001003]
    table.to_file(tmp_path / "a.gpkg")
    assert list(read_areas(tmp_path / "a.gpkg").codes) == ["360702001001001", "", "360702001001003"]


def test_heights_are_dropped_and_other_shapes_kept(tmp_path):
    content = collection(
        feature("1", [[[1, 1, 9], [2, 1, 9], [2, 2, 9], [1, 1, 9]]]),
        feature("2", [[1, 1, 5], [2, 2, 5]], "LineString"),
        feature("3", [[[[1, 1], [2, 1], [2, 2], [1, 1]]]], "MultiPolygon"),
    )
    read = read_areas(written("a.geojson", content)(tmp_path), coord="wgs84")
    assert [shape.geom_type for shape in read.shapes] == ["Polygon", "LineString", "MultiPolygon"]
    assert not shapely.has_z(read.shapes).any()


def test_a_column_can_be_named_in_small_letters(tmp_path):
    path = drawn("a.gpkg")(tmp_path)
    read = read_areas(path, code_field="CODE", name_field="name")
    assert read.names[0] == "第0社区"
    assert list(read.table.columns) == []


def test_gdal_keeps_no_driver_beyond_the_list(tmp_path):
    read_areas(drawn("a.gpkg")(tmp_path))
    left = set(pyogrio.list_drivers())
    assert left.isdisjoint({"OGR_VRT", "HTTP", "WFS", "OAPIF", "PDF", "DXF", "SQLite", "GML", "Elasticsearch", "GDALG"})
    assert {"GPKG", "ESRI Shapefile", "FlatGeobuf", "LIBKML", "MapInfo File"} <= left


def test_a_large_polygon_is_refused_before_it_is_taken_apart(tmp_path):
    ring = ",".join(f"[{114 + i / 1e6:.6f},25.{i % 97:06d}]" for i in range(120_000))
    text = ONE.replace(json.dumps([[114.9, 25.8]])[1:-1] + ", ", f"[114.9, 25.8],{ring},", 1)
    path = written("a.geojson", text)(tmp_path)
    assert len(read_areas(path, coord="wgs84")) == 1
    with pytest.raises(BadFile, match="一个要素的顶点"):
        read_areas(path, coord="wgs84", limits=Limits(vertices_of_one=100_000))
