"""Files of points: every format in and out, nothing of the input changed, and refusals that say where and why."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pyogrio
import pytest
import shapely

from geodata.points import ADDED, AT_ONCE, PointsRefused, open_points, writing
from geodata.points import rows as rows_module
from geodata.points import text as text_module
from geodata.points.rows import Source
from geodata.replacing import CannotReplace
from geodata.routing import Decided

PLAIN = "编号,lon,lat,内容\r\n007,114.93,25.87,路灯不亮\r\n008,x,25.88,\r\n"


def decided(count: int) -> Decided:
    """What routing might say: every second row within 7, the others unrouted."""
    routed = np.arange(count) % 2 == 0

    def text(yes: str, no: str) -> np.ndarray:
        return np.where(routed, yes, no).astype(object)

    return Decided(
        text("007", ""),
        text("within", "unrouted"),
        np.where(routed, 12.346, np.nan),
        text("007;008", ""),
        text("", "没有，(none, at all)"),
    )


def rewritten(path: Path, out: Path, *, coord: str = "cgcs2000", **options: str) -> Source:
    source = open_points(path, **options)
    with writing(out, source, coord=coord) as sink:
        for chunk in source.chunks():
            sink.write(chunk, decided(len(chunk)))
    assert source.share_read() == 1
    assert sorted(path.name for path in out.parent.iterdir()) == sorted({path.name, out.name})
    return source


def in_columns(path: Path) -> dict[str, str]:
    return {"lon": "lon", "lat": "lat"} if path.suffix in (".csv", ".parquet") else {}


# ---- CSV ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_csv_comes_out_in_its_own_encoding_with_every_field_as_it_was(tmp_path: Path, encoding: str) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_bytes(PLAIN.encode(encoding))
    rewritten(given, out, lon="lon", lat="lat")
    expected = (
        "编号,lon,lat,内容,code,method,distance_m,candidates,reason\r\n"
        "007,114.93,25.87,路灯不亮,007,within,12.35,007;008,\r\n"
        '008,x,25.88,,,unrouted,,,"没有，(none, at all)"\r\n'
    )
    assert out.read_bytes() == expected.encode(encoding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_quotes_line_breaks_and_blanks_inside_fields_stay(tmp_path: Path, end: str, delimiter: str) -> None:
    rows = [
        ['"a ""b"""', " 114.9 ", "25.8", '"two\nlines"'],
        ["00012345678901234567890", "1e2", "-0", "'"],
        ['"114,9"', '"114.9"', '"25.8"', '"x,;\ty"'],
        ["", "", "", ""],
    ]
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = [delimiter.join(row) for row in (["id", "lon", "lat", "text"], *rows)]
    given.write_bytes((end.join(lines) + end + end).encode())
    source = rewritten(given, out, lon="lon", lat="lat")
    written = out.read_bytes().decode()
    for line in lines:
        assert line + delimiter in written
    first = next(iter(source.chunks()))
    np.testing.assert_array_equal(first.lon, [114.9, 100, 114.9, np.nan])
    np.testing.assert_array_equal(first.lat, [25.8, 0, 25.8, np.nan])
    read = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter))
    assert [row[0] for row in read[1:]] == ['a "b"', "00012345678901234567890", "114,9", ""]
    assert {len(row) for row in read} == {9}


def test_a_file_without_a_last_line_end_and_one_without_rows(tmp_path: Path) -> None:
    for content, rows in (("lon,lat\n1,2", 1), ("lon,lat\n", 0), ("lon,lat", 0)):
        given = tmp_path / "in.csv"
        given.write_text(content)
        for name in ("out.csv", "out.parquet", "out.geojson", "out.gpkg"):
            out = tmp_path / "to" / name
            out.parent.mkdir(exist_ok=True)
            with writing(out, open_points(given, lon="lon", lat="lat"), coord="wgs84") as sink:
                for chunk in open_points(given, lon="lon", lat="lat").chunks():
                    sink.write(chunk, decided(len(chunk)))
        assert len((tmp_path / "to" / "out.csv").read_text().splitlines()) == rows + 1
        assert parquet.read_table(tmp_path / "to" / "out.parquet").num_rows == rows
        assert len(json.loads((tmp_path / "to" / "out.geojson").read_text())["features"]) == rows
        assert pyogrio.read_info(tmp_path / "to" / "out.gpkg")["features"] == rows


@pytest.mark.parametrize("text", ["abc", "", "1_000", "114,93", "NaN", "一百", "0x10", "--1"])
def test_what_is_no_number_is_none(tmp_path: Path, text: str) -> None:
    given = tmp_path / "in.csv"
    given.write_text(f'lon;lat\n"{text}";2\n', encoding="utf-8")
    chunk = next(iter(open_points(given, lon="lon", lat="lat").chunks()))
    assert np.isnan(chunk.lon[0])
    assert chunk.lat[0] == 2


def test_long_files_come_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AT_ONCE == rows_module.AT_ONCE
    monkeypatch.setattr(text_module, "AT_ONCE", 1000)
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text("n,lon,lat\n" + "".join(f"{n},{n / 100},2\n" for n in range(3500)))
    source = open_points(given, lon="lon", lat="lat")
    chunks = source.chunks()
    assert len(next(chunks)) == 1000
    assert 0.2 < source.share_read() < 0.9
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]
    rewritten(given, out, lon="lon", lat="lat")
    assert [line.split(",")[0] for line in out.read_text().splitlines()[1:]] == [str(n) for n in range(3500)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"lon,lat\n1,2\n1,2,3\n", "第 2 行有 3 个字段，应为 2 个"),
        (b"lon,lat,n\n1,2,3\n\n1,2\n", "第 2 行有 2 个字段，应为 3 个"),
        (b'lon,lat\n1,2\n1,"2\n', "第 2 行无法解析"),
        (b"lon,lat\n1,2\n\x81\xff,2\n", "编码"),
        (b"", "第一行应是列名"),
        (b"\n1,2\n", "第一行应是列名"),
        (b"x,y\n1,2\n", r"没有列 lon \(columns: x, y\)"),
        (b"lon,lat,lon\n1,2,3\n", "有不止一列 lon"),
    ],
)
def test_broken_csv_is_refused_by_row_and_nothing_is_left(tmp_path: Path, content: bytes, why: str) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_bytes(content)
    out.write_text("of before")
    with pytest.raises(PointsRefused, match=why):
        rewritten(given, out, lon="lon", lat="lat")
    assert out.read_text() == "of before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_an_encoding_that_shows_late_can_be_named(tmp_path: Path) -> None:
    given = tmp_path / "in.csv"
    late = "lon,lat,n\n" + "1,2,a\n" * 500_000 + "1,2,网格\n"
    given.write_bytes(late.encode("gbk"))
    assert sum(len(chunk) for chunk in open_points(given, lon="lon", lat="lat").chunks()) == 500_001
    with pytest.raises(PointsRefused, match=r"不是 utf-8 编码，请用 --encoding 指明"):
        list(open_points(given, lon="lon", lat="lat", encoding="utf-8").chunks())


# ---- the other formats --------------------------------------------------------------------------------------------


def sample(path: Path) -> None:
    """Three rows, the last without a place."""
    columns = {"id": ["007", "008", "009"], "n": [1, None, 3], "label": ["甲", 'a "b", c', None]}
    lon, lat = [114.93, 114.94, None], [25.87, 25.88, None]
    if path.suffix == ".parquet":
        parquet.write_table(pa.table(columns | {"lon": lon, "lat": lat}), path)
        return
    shapes = [shapely.Point(*at) if at[0] is not None else None for at in zip(lon, lat, strict=True)]
    table = pa.table(columns | {"geom": [shapely.to_wkb(shape) if shape else None for shape in shapes]})
    pyogrio.write_arrow(table, path, geometry_name="geom", geometry_type="Point", crs="EPSG:4490")


@pytest.mark.parametrize("into", ["csv", "parquet", "geojson", "geojsonl", "gpkg"])
@pytest.mark.parametrize("given", ["parquet", "geojson", "gpkg", "geojsonl"])
def test_columns_and_types_pass_through(tmp_path: Path, given: str, into: str) -> None:
    path, out = tmp_path / f"in.{given}", tmp_path / "to" / f"out.{into}"
    out.parent.mkdir()
    sample(path)
    source = open_points(path, **in_columns(path))
    with writing(out, source, coord="cgcs2000") as sink:
        for chunk in source.chunks():
            np.testing.assert_array_equal(chunk.lon, [114.93, 114.94, np.nan])
            sink.write(chunk, decided(len(chunk)))
    assert source.share_read() == 1
    rows = _rows(out)
    assert [row["id"] for row in rows] == ["007", "008", "009"]
    assert [row["label"] for row in rows] == ["甲", 'a "b", c', None]
    assert [row["n"] for row in rows] == [1, None, 3]
    assert [row["code"] for row in rows] == ["007", None, "007"]
    assert [row["distance_m"] for row in rows] == [12.35, None, 12.35]
    assert [row["candidates"] for row in rows] == ["007;008", None, "007;008"]
    assert list(rows[0])[-7 if into == "csv" and given != "parquet" else -5 :][-5:] == list(ADDED)


def _rows(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()  # type: ignore[no-any-return]
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as lines:
            read = [{name: value or None for name, value in row.items()} for row in csv.DictReader(lines)]
        numbers = {"n": int, "distance_m": float}
        return [row | {name: kind(row[name]) for name, kind in numbers.items() if row[name]} for row in read]
    if path.suffix == ".geojson":
        assert json.loads(path.read_text())["type"] == "FeatureCollection"
    frame = pyogrio.read_dataframe(path)
    if path.suffix == ".gpkg":
        assert frame.crs.to_epsg() == 4490
    assert [shape and shape.wkt for shape in frame.geometry] == ["POINT (114.93 25.87)", "POINT (114.94 25.88)", None]
    return [
        {name: None if value != value else value for name, value in row.items()}
        for row in frame.drop(columns="geometry").to_dict("records")
    ]


def test_layers_are_written_in_cgcs2000(tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.geojson"
    given.write_text("lon,lat\n114.93,25.87\n500,1\n")
    source = open_points(given, lon="lon", lat="lat")
    with writing(out, source, coord="gcj02") as sink:
        for chunk in source.chunks():
            sink.write(chunk, decided(len(chunk)))
    first, second = json.loads(out.read_text())["features"]
    lon, lat = first["geometry"]["coordinates"]
    assert (lon, lat) == (pytest.approx(114.93 - 0.005, abs=0.002), pytest.approx(25.87 + 0.003, abs=0.002))
    assert second["geometry"] is None
    assert first["properties"] | {"code": "", "candidates": ""} == {
        "lon": "114.93",
        "lat": "25.87",
        "code": "",
        "method": "within",
        "distance_m": 12.35,
        "candidates": "",
        "reason": None,
    }


def test_what_is_not_a_point_says_so(tmp_path: Path) -> None:
    path = tmp_path / "in.geojson"
    line = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": g} for n, g in enumerate([line, None])]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    chunk = next(iter(open_points(path).chunks()))
    assert np.isnan(chunk.lon).all()
    assert chunk.reason is not None
    assert chunk.reason.tolist() == ["几何不是点 (its geometry is not a point)"] * 2


def test_parquet_of_text_numbers(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    parquet.write_table(pa.table({"lon": ["1.5", "x", None], "lat": pa.array([1, 2, None], pa.int16())}), path)
    chunk = next(iter(open_points(path, lon="lon", lat="lat").chunks()))
    np.testing.assert_array_equal(chunk.lon, [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(chunk.lat, [1, 2, np.nan])


# ---- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "options", "why"),
    [
        ("in.xlsx", b"x", {}, "的格式不认识"),
        ("in.csv", b"lon,lat\n1,2\n", {}, "请用 --lon 与 --lat"),
        ("in.csv", b"lon,lat\n1,2\n", {"lon": "lon"}, "请用 --lon 与 --lat"),
        ("in.geojson", b"{}", {"lon": "lon", "lat": "lat"}, "不用 --lon 与 --lat"),
        ("in.geojson", b"<OGRVRTDataSource/>", {}, "不是 GeoJSON 文件"),
        ("in.geojson", b'{"type": "FeatureCollection", "features": [', {}, "无法读取"),
        ("in.gpkg", b"<OGRVRTDataSource/>", {}, "不是 GeoPackage 文件"),
        ("in.gpkg", b"SQLite format 3\0", {}, "无法读取"),
        ("in.parquet", b"PAR1", {"lon": "lon", "lat": "lat"}, "不是 Parquet 文件"),
    ],
)
def test_unusable_files_are_refused(
    tmp_path: Path, name: str, content: bytes, options: dict[str, str], why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PointsRefused, match=why):
        list(open_points(path, **options).chunks())


def test_missing_files_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "in.csv", Path("/vsicurl/http://127.0.0.1/in.geojson"), tmp_path):
        with pytest.raises(PointsRefused, match="没有文件"):
            open_points(path)


def test_layers_are_chosen_and_must_be_in_degrees(tmp_path: Path) -> None:
    path = tmp_path / "in.gpkg"
    table = pa.table({"n": [1], "geom": [shapely.to_wkb(shapely.Point(1, 2))]})
    for layer, crs in (("one", "EPSG:4490"), ("two", "EPSG:4547")):
        pyogrio.write_arrow(
            table, path, layer=layer, geometry_name="geom", geometry_type="Point", crs=crs, append=path.exists()
        )
    assert next(iter(open_points(path, layer="one").chunks())).lon.tolist() == [1]
    with pytest.raises(PointsRefused, match=r"有 2 个图层，请用 --layer 指明 \(layers: one, two\)"):
        open_points(path)
    with pytest.raises(PointsRefused, match="没有图层 three"):
        open_points(path, layer="three")
    with pytest.raises(PointsRefused, match=r"EPSG:4547 不是经纬度"):
        open_points(path, layer="two")


def test_columns_that_are_there_already_are_not_written_over(tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text("code,lon,lat\n1,2,3\n")
    source = open_points(given, lon="lon", lat="lat")
    with (
        pytest.raises(PointsRefused, match="的列 code 在输出中会重名，可用 --prefix"),
        writing(out, source, coord="wgs84"),
    ):
        pass
    with writing(out, source, coord="wgs84", prefix="route_") as sink:
        sink.write(next(iter(source.chunks())), decided(1))
    assert out.read_text().splitlines()[0] == (
        "code,lon,lat,route_code,route_method,route_distance_m,route_candidates,route_reason"
    )


@pytest.mark.parametrize("column", ["fid", "GEOM", "Reason", "N"])
def test_a_geopackage_has_columns_of_its_own_and_knows_no_capitals(tmp_path: Path, column: str) -> None:
    given = tmp_path / "in.csv"
    given.write_text(f"{column},n,lon,lat\n1,2,3,4\n")
    source = open_points(given, lon="lon", lat="lat")
    with (
        pytest.raises(PointsRefused, match=f"的列 {column.lower()} 在输出中会重名"),
        writing(tmp_path / "out.gpkg", source, coord="wgs84"),
    ):
        pass


def test_no_folder_and_no_format_to_write(tmp_path: Path) -> None:
    given = tmp_path / "in.csv"
    given.write_text("lon,lat\n1,2\n")
    source = open_points(given, lon="lon", lat="lat")
    for out, why in ((tmp_path / "no" / "out.csv", "没有文件夹"), (tmp_path / "out.docx", "的格式不认识")):
        with pytest.raises((PointsRefused, CannotReplace), match=why), writing(out, source, coord="wgs84"):
            pass


def test_a_run_that_is_interrupted_leaves_what_was_there(tmp_path: Path) -> None:
    given = tmp_path / "in.csv"
    given.write_text("lon,lat\n1,2\n")

    def interrupted(out: Path, source: Source) -> None:
        with writing(out, source, coord="wgs84") as sink:
            sink.write(next(iter(source.chunks())), decided(1))
            raise KeyboardInterrupt

    for name in ("out.csv", "out.parquet", "out.geojson", "out.gpkg"):
        out = tmp_path / name
        out.write_text("of before")
        with pytest.raises(KeyboardInterrupt):
            interrupted(out, open_points(given, lon="lon", lat="lat"))
        assert out.read_text() == "of before"
    assert len(list(tmp_path.iterdir())) == 5
