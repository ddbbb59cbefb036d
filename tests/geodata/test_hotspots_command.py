"""``python -m geodata hotspots``: the numbers of the package in a file, and refusals in plain words."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from benchmarks.hotspots import YEAR, Ground, Scenario, ground, maps, shapes_of
from geodata.__main__ import main
from geodata.hotspots import GRID, HOT, hotspots, persistence

DISTRICT = Path(__file__).resolve().parents[2] / "fixtures" / "district"
UNTIL = date(2026, 7, 1)
SINCE = UNTIL - timedelta(days=365)


@pytest.fixture(scope="module")
def grids() -> Ground:
    return ground(GRID)


@pytest.fixture(scope="module")
def drawn(grids: Ground) -> list[Any]:
    """The year with a strong cluster, and one before it without; before that there is nothing."""
    return [maps(grids, Scenario(*YEAR, 0.0, risk), 1, seed=4)[0] for risk in (5, 1)]


@pytest.fixture(scope="module")
def cases(grids: Ground, drawn: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case a line, in its grid, on days spread over its year; five lie nowhere."""
    inside = shapely.get_coordinates(shapely.point_on_surface(list(shapes_of(GRID)[0].values())))
    rows: list[list[Any]] = []
    for back, it in enumerate(drawn):
        first = SINCE - timedelta(days=365 * back)
        for at in range(len(grids.codes)):
            for number in range(int(it.observed[at])):
                # The first minutes of a day in China are still yesterday in Greenwich.
                day = first + timedelta(days=len(rows) % 365 - 1)
                who = "patrol" if number < it.patrol[at] else "public"
                rows.append([*inside[at], f"{day}T16:05:00Z", who])
    rows += [["", "", f"{SINCE}", "public"]] * 5
    path = tmp_path_factory.mktemp("cases") / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["lon", "lat", "reported_at", "channel"], *rows])
    return path


def run(cases: Path, out: Path, *more: str, since: str = f"{SINCE}", denominator: str = "residents") -> int:
    return main(
        [
            "hotspots", str(DISTRICT / "grids.geojson"), str(cases), "--areas-coord", "cgcs2000", "--coord", "cgcs2000",
            "--lon", "lon", "--lat", "lat", "--level", "grid", "--rivers", str(DISTRICT / "rivers.geojson"),
            "--figures", str(DISTRICT / "areas.csv"), "--denominator", denominator,
            "--since", since, "--until", f"{UNTIL}", "--out", str(out), *more,
        ]
    )  # fmt: skip


def test_the_file_says_what_the_package_says(
    grids: Ground, drawn: list[Any], cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cases, tmp_path / "out.geojson") == 0
    windows = [
        hotspots(grids.codes, it.observed, it.patrol, grids.residents, grids.graph, 365, GRID).spot for it in drawn
    ]
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    told = {it["properties"]["code"]: it["properties"] for it in features}
    assert [told[code]["observed"] for code in grids.codes] == drawn[0].observed.tolist()
    assert [told[code]["patrol"] for code in grids.codes] == drawn[0].patrol.tolist()
    assert [told[code]["class"] for code in grids.codes] == windows[0].tolist()
    assert [told[code]["persistence"] for code in grids.codes] == persistence(windows).tolist()
    assert {it["geometry"]["type"] for it in features} <= {"Polygon", "MultiPolygon"}
    hot = [code for code in grids.codes if told[code]["class"] in HOT]
    assert len(hot) > 5
    assert {told[code]["persistence"] for code in hot} == {"new"}
    one = told[hot[0]]
    assert one["label"].startswith("热点")
    assert (one["since"], one["until"], one["denominator"], one["total"]) == (f"{SINCE}", f"{UNTIL}", "residents", 1860)
    assert (one["method"], one["permutations"], one["seed"]) == ("2021.1", 9999, 2021)
    assert (one["floor_cases"], one["floor_days"]) == (400, 89)
    assert one["generated_at"].endswith("+08:00")
    assert f"热点 {len(hot)} 个" in (said := capsys.readouterr().err)
    assert "整个文件有 5 件没有位置" in said


def test_csv_has_the_same_rows_and_a_short_window_says_why_there_is_nothing(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cases, tmp_path / "out.csv", since="2026-06-01", denominator="km2") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 727
    assert {row["class"] for row in rows} == {"too_few"}
    assert {(row["z"], row["q"], row["eb_rate"], row["persistence"]) for row in rows} == {("", "", "", "")}
    assert {row["reason"] for row in rows} == {"样本不足：时段 30 天，少于 89 天 (the window is too short)"}
    assert 300 < sum(float(row["size"]) for row in rows) < 400  # square kilometres of the whole district
    assert "样本不足" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--denominator", "cats"], "areas.csv 没有列 cats"),
        (["--time", "when"], "没有列 when"),
        (["--time", "channel"], "第 1 行的时间 'p"),
        (["--until", "2020-01-01"], "--until 须晚于 --since"),
        (["--out", "spots.xlsx"], "格式不认识"),
    ],
)
def test_what_cannot_be_done_is_said(
    cases: Path, tmp_path: Path, more: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cases, tmp_path / "out.csv", *more) == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_a_row_that_is_no_number_names_its_area(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.csv"
    figures.write_text("code,residents\n360702001001001,many\n", encoding="utf-8")
    assert run(cases, tmp_path / "out.csv", "--figures", str(figures)) == 1
    assert "区域 360702001001001 的 residents 不是数：'many'" in capsys.readouterr().err


def test_the_areas_may_hold_the_denominator_and_the_cases_be_geojson(
    grids: Ground, drawn: list[Any], tmp_path: Path
) -> None:
    features = json.loads((DISTRICT / "grids.geojson").read_text())["features"]
    residents = dict(zip(grids.codes.tolist(), grids.residents.tolist(), strict=True))
    for it in features:
        it["properties"]["residents"] = residents[it["properties"]["code"]]
    places = shapely.get_coordinates(shapely.point_on_surface(list(shapes_of(GRID)[0].values())))
    inside = dict(zip(grids.codes.tolist(), places.tolist(), strict=True))
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": inside[code]},
            "properties": {"reported_at": "2026-05-01T08:00:00+08:00", "channel": "public"},
        }
        for code, count in zip(grids.codes.tolist(), drawn[0].observed.tolist(), strict=True)
        for _ in range(int(count))
    ]
    areas, cases, out = (tmp_path / name for name in ("areas.geojson", "cases.geojson", "out.csv"))
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    cases.write_text(json.dumps({"type": "FeatureCollection", "features": points}))
    assert main(
        ["hotspots", str(areas), str(cases), "--areas-coord", "cgcs2000", "--coord", "cgcs2000", "--level", "grid",
         "--denominator", "residents", "--since", f"{SINCE}", "--until", f"{UNTIL}", "--out", str(out)]
    ) == 0  # fmt: skip
    with out.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    assert [float(rows[code]["observed"]) for code in grids.codes] == drawn[0].observed.tolist()
    assert np.mean([rows[code]["patrol_share"] == "0.0" for code in grids.codes if rows[code]["observed"] != "0"]) == 1
