"""Another district from a file: tried first, then made, in any coordinate system; and the code names no place."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.core.management import CommandError, call_command
from django.test import Client

from geodata.crs import from_stored
from gridmap.models import Area, Boundary, Edition

ROOT = Path(__file__).resolve().parents[2]
WEST, SOUTH, STEP = 116.30, 39.90, 0.01


def ring(x: float, y: float, coord: str, width: float = 1) -> list[list[float]]:
    corners = [(x, y), (x + width, y), (x + width, y + 1), (x, y + 1), (x, y)]
    return [list(from_stored(WEST + a * STEP, SOUTH + b * STEP, coord)) for a, b in corners]


def feature(code: object, name: object, shape: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"code": code, "name": name} | more, "geometry": shape}


def polygon(coordinates: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": coordinates}


def district(coord: str = "wgs84") -> list[dict[str, Any]]:
    """One street with a community of two grids, one town with a village of one; upper levels undrawn."""
    return [
        feature("990101", "某区"),
        feature("990101001", "某街道"),
        feature("990101001001", "某社区"),
        feature("990101001001001", "某社区第1网格", polygon([ring(0, 0, coord)]), residents=812, households=300.0),
        feature("990101001001002", "某社区第2网格", polygon([ring(1, 0, coord)])),
        feature("990101100", "某镇", kind="镇"),
        feature("990101100200", "某村", kind="village"),
        feature("990101100200001", "某村第1网格", polygon([ring(2, 0, coord)])),
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "areas.geojson"


def write(file: Path, features: Any) -> Path:
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return file


def run(file: Path, *options: str, coord: str = "wgs84", valid_from: str = "2026-01-01") -> str:
    said = io.StringIO()
    command = ["import_areas", str(file), "--name", "某版", "--valid-from", valid_from, "--coord", coord, *options]
    call_command(*command, stdout=said)
    return said.getvalue()


def counts() -> tuple[int, int, int]:
    return Area.objects.count(), Boundary.objects.count(), Edition.objects.count()


@pytest.mark.django_db
def test_a_trial_run_says_what_would_be_made_and_writes_nothing(file: Path) -> None:
    before = counts()
    said = run(write(file, district()))
    assert counts() == before
    assert "二级网格 3 个:990101001001001 – 990101100200001" in said
    assert "镇街 2 个" in said
    assert "990101 某区" in said
    assert "试运行，没有写入" in said


@pytest.mark.django_db
def test_another_district_answers_beside_the_demonstration(file: Path, client: Client) -> None:
    said = run(write(file, district()), "--commit")
    assert "已导入并发布" in said
    place = {"lon": WEST + 2.5 * STEP, "lat": SOUTH + 0.5 * STEP, "coord": "wgs84", "on": "2026-02-01"}
    answer = client.get("/api/v1/locate", place).json()
    assert answer["area"]["code"] == "990101100200001"
    assert [it["name"] for it in answer["area"]["path"]] == ["某区", "某镇", "某村", "某村第1网格"]
    elsewhere = client.get("/api/v1/locate", {"lon": 114.9239, "lat": 25.8545, "coord": "wgs84"}).json()
    assert elsewhere["method"] == "within"
    edition = Edition.objects.get(name="某版")
    assert (edition.state, edition.source, edition.schematic) == ("published", "areas.geojson", False)
    kinds = dict(Area.objects.filter(code__startswith="990101").values_list("code", "kind"))
    assert kinds["990101001"] == "subdistrict"
    assert kinds["990101100"] == "town"
    assert kinds["990101100200"] == "village"
    assert kinds["990101001001001"] == "basic"
    grid = Area.objects.get(code="990101001001001")
    assert (grid.residents, grid.households, grid.urban) == (812, 300, True)
    assert Area.objects.get(code="990101100200001").urban is False


@pytest.mark.django_db
def test_a_report_there_finds_its_grid(file: Path, client: Client) -> None:
    run(write(file, district()), "--commit")
    sent = {
        "client_id": "0d1a7a4e-4a51-4d0e-9a6c-0000000000aa",
        "category": "0101",
        "text": "另一个区的第一件",
        "lon": WEST + 1.5 * STEP,
        "lat": SOUTH + 0.5 * STEP,
        "coord": "wgs84",
        "channel": "web",
    }
    answer = client.post("/api/v1/cases", sent, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["area"]["code"] == "990101001001002"


@pytest.mark.django_db
@pytest.mark.parametrize("coord", ["gcj02", "bd09", "cgcs2000"])
def test_every_vertex_of_other_systems_is_turned(coord: str, file: Path) -> None:
    run(write(file, district(coord)), "--commit", coord=coord)
    got = shapely.from_wkb(bytes(Boundary.objects.get(area="990101001001002").geom.wkb))
    want = shapely.Polygon(ring(1, 0, "wgs84"))
    assert shapely.hausdorff_distance(got, want) < 1e-9
    # Neighbours still share their line to the last bit.
    left = shapely.from_wkb(bytes(Boundary.objects.get(area="990101001001001").geom.wkb))
    assert left.intersection(got).length == pytest.approx(STEP, rel=1e-6)
    assert left.intersection(got).area == 0


@pytest.mark.django_db
def test_the_wrong_system_puts_it_half_a_kilometre_off(file: Path) -> None:
    run(write(file, district("gcj02")), "--commit", coord="wgs84")
    got = shapely.from_wkb(bytes(Boundary.objects.get(area="990101001001002").geom.wkb))
    assert shapely.hausdorff_distance(got, shapely.Polygon(ring(1, 0, "wgs84"))) > 0.004


@pytest.mark.django_db
def test_fields_go_by_other_names_and_heights_are_dropped(file: Path) -> None:
    high = [[*vertex, 12.5] for vertex in ring(0, 0, "wgs84")]
    renamed = [{"type": "Feature", "properties": {"dm": 990101, "mc": "某区", "lx": "区"}, "geometry": polygon([high])}]
    said = run(write(file, renamed), "--code-field", "dm", "--name-field", "mc", "--kind-field", "lx", "--commit")
    assert "区 1 个:990101" in said
    assert not Boundary.objects.get(area="990101").geom.hasz


@pytest.mark.django_db
def test_a_gap_is_told_of(file: Path) -> None:
    features = district()
    corners = [(0, -1), (2, -1), (2, 0), (2, 1), (1, 1), (0, 1), (0, 0), (0, -1)]
    features[1]["geometry"] = polygon([[[WEST + x * STEP, SOUTH + y * STEP] for x, y in corners]])
    assert "注意：990101001 某街道" in run(write(file, features))


def changed(number: int, **change: Any) -> list[dict[str, Any]]:
    """The district with one feature's properties, or geometry, changed."""
    features = district()
    if "geometry" in change:
        features[number]["geometry"] = change.pop("geometry")
    features[number]["properties"] |= change
    return features


BOW = [[[116.3, 39.9], [116.31, 39.91], [116.31, 39.9], [116.3, 39.91], [116.3, 39.9]]]
OPEN = [[[116.3, 39.9], [116.31, 39.9], [116.31, 39.91]]]
METRES = [[[500000, 4400000], [500100, 4400000], [500100, 4400100], [500000, 4400000]]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([*district(), district()[3]], ["990101001001001", "出现多次"]),
        (changed(3, code="990109001001001"), ["990109001001001", "缺少上级 990109001001"]),
        (changed(3, code="9901"), ["9901", "长度"]),
        (changed(3, code=None), ["第 4 个要素", "code"]),
        (changed(3, name=""), ["990101001001001", "名称"]),
        (changed(3, name="长" * 61), ["990101001001001", "名称"]),
        (changed(3, kind="village"), ["990101001001001", "village", "基础网格"]),
        (changed(3, residents=-1), ["990101001001001", "residents"]),
        (changed(3, residents="很多"), ["990101001001001", "residents"]),
        (changed(3, residents=float("nan")), ["990101001001001", "residents"]),
        (changed(4, geometry=polygon([ring(0.5, 0, "wgs84")])), ["99010100100100", "重叠"]),
        (changed(4, geometry=polygon(BOW)), ["990101001001002", "边界无效"]),
        (changed(4, geometry=polygon(OPEN)), ["990101001001002", "几何无法读取"]),
        (changed(4, geometry=polygon(METRES)), ["990101001001002", "坐标超出经纬度范围"]),
        (changed(4, geometry={"type": "Point", "coordinates": [116.3, 39.9]}), ["990101001001002", "不是多边形"]),
        (changed(4, geometry={"type": "Polygon", "coordinates": []}), ["990101001001002", "不是多边形"]),
        (changed(4, geometry="POLYGON"), ["990101001001002", "几何无法读取"]),
        (changed(4, geometry=None), ["990101001001002", "没有边界"]),
        (changed(0, code="360702"), ["360702", "已登记"]),
        ([], ["没有要素"]),
        ({}, ["不是 GeoJSON 要素集"]),
        ([1, 2], ["不是 GeoJSON 要素集"]),
    ],
)
def test_what_makes_no_district_is_refused_by_name_and_leaves_nothing(
    features: Any, words: list[str], file: Path
) -> None:
    if features and isinstance(features, list) and "360702" in words:
        features = [feature("360702", "某区", polygon([ring(0, 0, "wgs84")]))]
    before = counts()
    with pytest.raises(CommandError) as caught:
        run(write(file, features), "--commit")
    for word in ["没有导入", *words]:
        assert word in str(caught.value), str(caught.value)
    assert counts() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是 UTF-8"),
        (b"{", "不是 UTF-8"),
        ("区".encode("gbk"), "不是 UTF-8"),
        (b"[]", "要素集"),
        (b"null", "要素集"),
    ],
)
def test_files_that_are_none_are_refused(content: bytes, words: str, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        run(file)


@pytest.mark.django_db
def test_a_byte_order_mark_is_no_fault(file: Path) -> None:
    write(file, district())
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert "二级网格 3 个" in run(file)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match=r"areas\.geojson"):
        run(file)


@pytest.mark.parametrize("day", ["昨天", "2026-13-01", "2026"])
def test_a_day_that_is_none_is_named(day: str, file: Path) -> None:
    with pytest.raises(CommandError, match=day):
        run(write(file, district()), valid_from=day)


def test_the_coordinate_system_must_be_named(file: Path) -> None:
    with pytest.raises(CommandError, match="--coord"):
        call_command("import_areas", str(write(file, district())), "--name", "x", "--valid-from", "2026-01-01")
    with pytest.raises(CommandError, match="invalid choice"):
        run(file, coord="epsg3857")


def test_the_code_names_no_place() -> None:
    place = re.compile("章贡|赣州|赣县|zhanggong|ganzhou|360702", re.IGNORECASE)
    sources = [
        path
        for package in ("gridmap", "cases", "geodata")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".js", ".html", ".css", ".svg")
    ]
    assert len(sources) > 100
    named = [str(path.relative_to(ROOT)) for path in sources if place.search(path.read_text(encoding="utf-8"))]
    assert named == []
