"""``python -m geodata route``: a row for every row, an answer in every row, and refusals instead of half a file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pyogrio
import pytest
import shapely

from geodata.__main__ import main
from geodata.areas import areas_of
from geodata.crs import from_stored
from geodata.routing import Rules
from tests.real_data import WHY_SKIPPED, real_data

ROOT = Path(__file__).resolve().parents[2]
GRIDS, RIVERS = ROOT / "fixtures" / "district" / "grids.geojson", ROOT / "fixtures" / "district" / "rivers.geojson"


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """3,000 points in and about the district in GCJ-02, and four that are nowhere."""
    _, shapes = _grids()
    west, south, east, north = shapely.total_bounds(shapes)
    lon, lat = np.random.default_rng(1).uniform((west, south), (east, north), (3000, 2)).T
    lon, lat = from_stored(lon, lat, "gcj02")
    path = tmp_path / "points.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["编号", "经度", "纬度"])
        writer.writerows([f"{n:06}", x, y] for n, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)))
        writer.writerows([["a", "", ""], ["b", "东", "25.8"], ["c", "200", "25.8"], ["d", "0", "0"]])
    return path


def run(points: Path, out: Path, *more: str, areas: Path = GRIDS, coord: str = "gcj02") -> int:
    columns = ["--lon", "经度", "--lat", "纬度"] if points.suffix in (".csv", ".parquet") else []
    files = ["--areas", str(areas), "--points", str(points), "--out", str(out)]
    return main(["route", *files, *columns, "--coord", coord, *more])


def test_every_row_is_answered_in_order_as_the_rules_say(
    points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert run(points, out, "--rivers", str(RIVERS)) == 0
    with points.open(encoding="gb18030", newline="") as lines:
        given = list(csv.reader(lines))
    with out.open(encoding="gb18030", newline="") as lines:
        written = list(csv.reader(lines))
    assert [row[:3] for row in written] == given
    assert written[0][3:] == ["code", "method", "distance_m", "candidates", "reason"]
    rivers = [json.dumps(feature["geometry"]) for feature in json.loads(RIVERS.read_text())["features"]]
    rules = Rules(areas_of(*_grids()), rivers=shapely.from_geojson(rivers))
    numbers = np.array([[float(value) for value in row[1:]] for row in given[1:3001]])
    expected = rules.decide(numbers[:, 0], numbers[:, 1], "gcj02")
    columns = (expected.code, expected.method, expected.distance_m, expected.candidates, expected.reason)
    assert [row[3:] for row in written[1:3001]] == [
        [code, method, "" if np.isnan(distance) else f"{distance:.2f}", candidates, reason]
        for code, method, distance, candidates, reason in zip(*columns, strict=True)
    ]
    assert [row[4] for row in written[3001:]] == ["unrouted"] * 4
    assert [row[7].partition(" (")[0] for row in written[3001:]] == [
        "经度或纬度不是数字",
        "经度或纬度不是数字",
        "经度须在 -180 至 180、纬度须在 -90 至 90 度之间",
        "200 米内没有可归入的区域",
    ]
    counts = {method: int((expected.method == method).sum()) for method in ("within", "edge", "nearest", "unrouted")}
    counts["unrouted"] += 4
    assert counts["within"] > 1000
    assert counts["nearest"] > 50
    told = capsys.readouterr()
    assert "共 3004 行：" + "，".join(f"{method} {count}" for method, count in counts.items()) in told.err
    assert told.out == ""
    assert "rows/s" not in told.err  # the bar is for terminals


@pytest.mark.parametrize("more", [["--threads", "3"], ["--no-distance"]])
def test_threads_change_nothing_and_distances_may_be_left_out(
    points: Path, tmp_path: Path, more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geodata.points.text.AT_ONCE", 100)
    assert run(points, tmp_path / "one.csv") == 0
    assert run(points, tmp_path / "other.csv", *more) == 0
    one, other = (
        [line.split(",") for line in (tmp_path / name).read_text("gb18030").splitlines()]
        for name in ("one.csv", "other.csv")
    )
    if more == ["--no-distance"]:
        assert {row[5] for row in other if row[4] == "within"} == {""}
        assert {row[5] == "" for row in other if row[4] == "nearest"} == {False}
        one, other = ([[*row[:5], row[6]] for row in rows] for rows in (one, other))
    assert one == other


def test_a_progress_bar_on_a_terminal(
    points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(points, tmp_path / "out.csv") == 0
    shown = capsys.readouterr().err
    assert "100%" in shown
    assert "3.00k/3.00k" in shown
    assert "rows/s" in shown


def test_the_other_formats_and_the_other_options(points: Path, tmp_path: Path) -> None:
    assert run(points, tmp_path / "a.parquet") == 0
    assert run(tmp_path / "a.parquet", tmp_path / "b.gpkg", "--prefix", "again_") == 0
    assert run(tmp_path / "b.gpkg", tmp_path / "c.geojson", "--prefix", "third_", coord="cgcs2000") == 0
    first = parquet.read_table(tmp_path / "a.parquet").to_pandas()
    last = pyogrio.read_dataframe(tmp_path / "c.geojson")
    # The columns were text in the CSV, and still are.
    assert first["编号"].tolist()[:2] == last["编号"].tolist()[:2] == ["000000", "000001"]
    for column in ("code", "method", "reason"):
        assert last[column].isna().equals(last[f"again_{column}"].isna())
        assert (last[column].fillna("") == last[f"again_{column}"].fillna("")).all()
    assert (first["method"].values == last["method"].values).all()
    # Rows without a usable place have lost it in the GeoPackage.
    assert (last["third_code"].fillna("") == last["code"].fillna("")).all()
    assert last["third_reason"].tolist()[3000] == "几何不是点 (its geometry is not a point)"


def test_parents_and_reach(tmp_path: Path) -> None:
    d, gap = 1 / 64, 1 / 1024
    north, south = shapely.box(114, 26 - d, 114 + d, 26), shapely.box(114, 26 - 2 * d - gap, 114 + d, 26 - d - gap)
    areas, parents, points = tmp_path / "areas.csv", tmp_path / "parents.csv", tmp_path / "points.csv"
    areas.write_text(f'code,wkt\n001001,"{north.wkt}"\n002001,"{south.wkt}"\n')
    parents.write_text(f'number,wkt\n001,"{north.wkt}"\n002,"{shapely.box(*south.bounds[:3], 26 - d).wkt}"\n')
    points.write_text(f"经度,纬度\n{114 + d / 2},{26 - d - gap / 4}\n")
    told = []
    for more in ([], ["--parents", str(parents), "--parents-code-field", "number"], ["--reach", "10"]):
        status = run(points, tmp_path / "out.csv", "--areas-coord", "cgcs2000", *more, areas=areas, coord="cgcs2000")
        assert status == 0
        told.append((tmp_path / "out.csv").read_text().splitlines()[1].split(",")[2:4])
    assert told == [["001001", "nearest"], ["002001", "nearest"], ["", "unrouted"]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"--lon": "x"}, "没有列 x"),
        ({"--points": "no.csv"}, "没有文件"),
        ({"--areas": "no.geojson"}, "no.geojson"),
        ({"--code-field": "no"}, "没有编码列 no"),
        ({"--out": "out.xyz"}, "的格式不认识"),
        ({"--out": "points.csv"}, "--out 与输入是同一个文件"),
        ({"--areas": "twice.geojson"}, "twice.geojson 第 2 个区域 7：编码重复"),
        ({"--areas": "bow.geojson"}, "bow.geojson 第 1 个区域 7：图形无效：Self-intersection"),
        ({"--rivers": "twice.geojson"}, ""),
        ({"--rivers": "point.geojson"}, "point.geojson 第 1 条河流不是线或面"),
        ({"--scheduler": "tcp://127.0.0.1:9"}, "连接不上 Dask 调度器"),
    ],
)
def test_refusals_are_sentences(
    points: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("geodata.cluster.CONNECT_S", 0.5)
    square = shapely.box(114, 25, 114.1, 25.1)
    bow = shapely.Polygon([(114, 25), (114.1, 25.1), (114.1, 25), (114, 25.1)])
    for name, shapes in (("twice", [square, square]), ("bow", [bow]), ("point", [shapely.Point(1, 2)])):
        features = [
            {"type": "Feature", "properties": {"code": "7"}, "geometry": json.loads(shapely.to_geojson(shape))}
            for shape in shapes
        ]
        Path(f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    arguments = {"--areas": str(GRIDS), "--points": str(points), "--out": "out.csv", "--coord": "gcj02"}
    arguments |= {"--lon": "经度", "--lat": "纬度"} | change
    before = points.read_bytes()
    status = main(["route", *(part for pair in arguments.items() for part in pair)])
    error = capsys.readouterr().err
    if why:
        assert status == 1
        assert error.startswith("geodata route: ")
        assert why in error
        assert not Path("out.csv").exists()
    else:
        assert status == 0
    assert points.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--coord", "utm"],
        ["--coord", "wgs84", "--threads", "0"],
        ["--coord", "wgs84", "--reach", "nan"],
        ["--coord", "wgs84", "--threads", "2", "--scheduler", "tcp://127.0.0.1:9"],
    ],
)
def test_wrong_arguments_are_status_2(points: Path, tmp_path: Path, more: list[str]) -> None:
    files = ["--areas", str(GRIDS), "--points", str(points), "--out", str(tmp_path / "out.csv")]
    with pytest.raises(SystemExit) as ended:
        main(["route", *files, "--lon", "经度", "--lat", "纬度", *more])
    assert ended.value.code == 2


def test_geojson_that_says_its_system_is_believed(
    points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = json.loads(GRIDS.read_text())
    given["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    areas = tmp_path / "areas.geojson"
    areas.write_text(json.dumps(given))
    assert run(points, tmp_path / "out.csv", areas=areas) == 1
    assert "像是以度为单位的经纬度" in capsys.readouterr().err


@pytest.mark.skipif(real_data("nyc") is None, reason=WHY_SKIPPED)
def test_real_reports_from_the_command_line(tmp_path: Path) -> None:
    folder = real_data("nyc")
    assert folder is not None
    out = tmp_path / "out.csv"
    options = ["--areas", folder / "community_districts.geojson", "--code-field", "BoroCD", "--coord", "wgs84"]
    options += ["--points", folder / "reports.csv", "--lon", "lon", "--lat", "lat", "--out", out]
    command = [sys.executable, "-m", "geodata", "route", *map(str, options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2924
    far = [row for row in rows if float(row["dist_to_nearest_boundary_m"]) > 5]
    assert len(far) == 2802
    assert [row["code"] for row in far] == [row["label"] for row in far]
    # Our distance to the line, in metres of the place's own plane, is the one that came with the data.
    for row in rows:
        if row["method"] == "within":
            assert float(row["distance_m"]) == pytest.approx(
                float(row["dist_to_nearest_boundary_m"]), rel=0.01, abs=0.1
            )


def _grids() -> tuple[list[str], np.ndarray]:
    features = json.loads(GRIDS.read_text())["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return [feature["properties"]["code"] for feature in features], shapes
