"""Areas from a file by command: tried first, kept as a draft, approved and published; a first district at once."""

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
from django.utils import timezone

from cases.models import Case
from geodata.crs import from_stored
from gridmap.models import Area, Boundary, DraftArea, Edition
from tests.gridmap import redrawn
from tests.gridmap.editing import keepers

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


def run(file: Path, *options: str, coord: str = "wgs84", name: str = "某版") -> str:
    said = io.StringIO()
    call_command("import_areas", str(file), "--name", name, "--coord", coord, *options, stdout=said)
    return said.getvalue()


AT_ONCE = ("--publish-from", "2026-01-01", "--commit")


def counts() -> tuple[int, ...]:
    return tuple(it.objects.count() for it in (Area, Boundary, Edition, DraftArea))


# ---- a district nobody had registered ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_trial_run_says_what_would_be_made_and_writes_nothing(file: Path) -> None:
    before = counts()
    for options in ((), AT_ONCE[:2]):
        said = run(write(file, district()), *options)
        assert counts() == before
        assert "二级网格 3 个：990101001001001 – 990101100200001" in said
        assert "镇街 2 个" in said
        assert "区 1 个：990101" in said
        assert "新设 8" in said
        assert "试运行，没有写入" in said


@pytest.mark.django_db
def test_another_district_answers_beside_the_demonstration(file: Path, client: Client) -> None:
    said = run(write(file, district()), *AT_ONCE)
    assert "已导入并发布，2026-01-01 起生效" in said
    place = {"lon": WEST + 2.5 * STEP, "lat": SOUTH + 0.5 * STEP, "coord": "wgs84", "on": "2026-02-01"}
    answer = client.get("/api/v1/locate", place).json()
    assert answer["area"]["code"] == "990101100200001"
    assert [it["name"] for it in answer["area"]["path"]] == ["某区", "某镇", "某村", "某村第1网格"]
    elsewhere = client.get("/api/v1/locate", {"lon": 114.9239, "lat": 25.8545, "coord": "wgs84"}).json()
    assert elsewhere["method"] == "within"
    edition = Edition.objects.get(name="某版")
    assert (edition.state, edition.source, edition.schematic) == ("published", "areas.geojson", False)
    assert (edition.scope, str(edition.valid_from)) == ("990101", "2026-01-01")
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
    run(write(file, district()), *AT_ONCE)
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
    run(write(file, district(coord)), *AT_ONCE, coord=coord)
    got = shapely.from_wkb(bytes(Boundary.objects.get(area="990101001001002").geom.wkb))
    want = shapely.Polygon(ring(1, 0, "wgs84"))
    assert shapely.hausdorff_distance(got, want) < 1e-9
    # Neighbours still share their line to the last bit.
    left = shapely.from_wkb(bytes(Boundary.objects.get(area="990101001001001").geom.wkb))
    assert left.intersection(got).length == pytest.approx(STEP, rel=1e-6)
    assert left.intersection(got).area == 0


@pytest.mark.django_db
def test_fields_go_by_other_names_and_heights_are_dropped(file: Path) -> None:
    high = [[*vertex, 12.5] for vertex in ring(0, 0, "wgs84")]
    renamed = [
        {"type": "Feature", "properties": {"甲": "990101", "乙": "某区", "丙": "区"}, "geometry": polygon([high])}
    ]
    fields = ("--code-field", "甲", "--name-field", "乙", "--kind-field", "丙")
    assert "区 1 个：990101" in run(write(file, renamed), *fields, *AT_ONCE)
    assert not Boundary.objects.get(area="990101").geom.hasz
    assert Area.objects.get(code="990101").kind == "district"


def changed(number: int, **change: Any) -> list[dict[str, Any]]:
    """The district with one feature's properties, or geometry, changed."""
    features = district()
    if "geometry" in change:
        features[number]["geometry"] = change.pop("geometry")
    features[number]["properties"] |= change
    return features


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([*district(), district()[3]], ["990101001001001"]),
        (changed(3, code="990109001001001"), ["990109001001"]),
        (changed(3, code="9901"), ["9901"]),
        (changed(3, name=""), ["990101001001001", "名称"]),
        (changed(3, name="长" * 61), ["名称"]),
        (changed(3, kind="village"), ["990101001001001"]),
        (changed(3, kind="club"), ["club"]),
        (changed(3, residents=-1), ["人口数"]),
        (changed(3, residents="很多"), ["很多"]),
        (changed(4, geometry={"type": "Point", "coordinates": [116.3, 39.9]}), ["990101001001002"]),
        (changed(4, geometry=None), ["990101001001002"]),
        ([], []),
    ],
)
def test_what_makes_no_district_is_refused_by_name_and_leaves_nothing(
    features: Any, words: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = counts()
    with pytest.raises(CommandError) as caught:
        run(write(file, features), *AT_ONCE)
    said = str(caught.value) + capsys.readouterr().err
    for word in ["没有导入", *words]:
        assert word in said, said
    assert counts() == before


@pytest.mark.django_db
def test_a_registered_district_is_not_published_past_approval(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(write(file, district()), *AT_ONCE)
    before = counts()
    with pytest.raises(CommandError, match="没有导入"):
        run(write(file, changed(3, residents=5)), *AT_ONCE, name="二版")
    assert "须经批准" in capsys.readouterr().err
    with pytest.raises(CommandError, match="已有名为"):
        run(file, "--commit")
    assert counts() == before


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"PK\x03\x04"])
def test_files_that_are_none_are_refused(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    before = counts()
    with pytest.raises(CommandError, match=r"areas\.geojson"):
        run(file)
    assert counts() == before


@pytest.mark.django_db
def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match=r"areas\.geojson"):
        run(file)


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["昨天", "2026-13-01", "2026"])
def test_a_day_that_is_none_is_named(day: str, file: Path) -> None:
    with pytest.raises(CommandError, match=day):
        run(write(file, district()), "--publish-from", day)


@pytest.mark.django_db
def test_an_account_that_is_none_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match="--by 无此人"):
        run(write(file, district()), "--by", "无此人")


# ---- a draft, approved and published -----------------------------------------------------------------------------


def release(*options: str, valid_from: str = "2099-01-01") -> str:
    said = io.StringIO()
    by = options if "--approved-by" in options else (*options, "--approved-by", keepers().approver.username)
    call_command("publish_edition", "某版", "--valid-from", valid_from, *by, stdout=said)
    return said.getvalue()


@pytest.fixture
def kept(db: None, file: Path) -> str:
    """The redrawn district kept as a draft by the first of the centre: what the command said."""
    redrawn.write_geojson(file, redrawn.redrawn())
    return run(file, "--by", keepers().preparer.username, "--commit", coord="cgcs2000")


def test_a_draft_is_kept_and_nothing_in_force_changes(kept: str, client: Client) -> None:
    assert "已存为草稿“某版”" in kept
    assert f"{redrawn.SPLIT_NEW} 南外街道示范05社区第8网格：新设" in kept
    assert f"{redrawn.MERGED_AWAY}" in kept
    assert "撤销 1" in kept
    edition = Edition.objects.get(name="某版")
    assert (edition.state, edition.created_by, edition.scope) == ("draft", keepers().preparer, "360702")
    assert not Boundary.objects.filter(edition=edition).exists()
    assert edition.draft_lineages.count() == 2


def test_safe_repairs_are_made_if_asked_for_and_each_is_a_line(db: None, file: Path) -> None:
    defective = redrawn.write_geojson(file, redrawn.redrawn(defects=True))
    assert "（可用 --repair 修复：吸附）" in run(defective, coord="cgcs2000")
    said = run(defective, "--repair", "--commit", coord="cgcs2000")
    assert "自动修复 2 处：清理边界 1，吸附 1 (repaired)" in said
    assert f"  {redrawn.SPIKED} 东外街道示范01社区第1网格：清理边界，面积变动 0.00 平方米 (made valid)" in said
    assert "可用 --repair 修复" not in said
    edition = Edition.objects.get(name="某版")
    assert list(edition.steps.values_list("kind", flat=True)) == ["upload", "repair"]
    assert "没有可以自动修复的问题" in run(write(file, district()), "--repair", name="又一版")


def test_what_turns_out_not_to_be_repaired_stands_in_the_way_of_nothing(db: None, file: Path) -> None:
    """A hairline between two that overlap widely elsewhere: which of their lines is right, nobody can say."""
    features = district("cgcs2000")
    # Along the common line, some 30 cm back and then some 20 m beyond.
    line = [(1, 0.2), (0.99965, 0.3), (1, 0.4), (1, 0.6), (1.02, 0.7), (1, 0.8)]
    corners = [[WEST + x * STEP, SOUTH + y * STEP] for x, y in line]
    south_west, south_east, *others = ring(0, 0, "cgcs2000")
    features[3]["geometry"] = polygon([[south_west, south_east, *corners, *others]])
    said = run(write(file, features), "--repair", coord="cgcs2000")
    assert "没有可以自动修复的问题" in said
    assert "可用 --repair 修复：吸附" in said


def test_every_obstacle_is_a_line_and_the_exit_says_so(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError) as caught:
        release()
    assert caught.value.returncode == 1
    said = capsys.readouterr().err
    assert f"{redrawn.SPLIT_NEW}：党组织应与网格同步设置" in said
    with pytest.raises(CommandError):
        release("--approved-by", keepers().preparer.username)
    assert "未参与编制" in capsys.readouterr().err
    with pytest.raises(CommandError, match="没有这个账号"):
        release("--approved-by", "无此人")
    with pytest.raises(CommandError, match="没有名为"):
        call_command("publish_edition", "无", "--valid-from", "2099-01-01", "--approved-by", "admin")
    assert Edition.objects.get(name="某版").state == "draft"
    # Approved in the same breath, and the day does not fit: the approval is not kept either.
    with pytest.raises(CommandError):
        release("--excuse", "选任中", valid_from="2020-01-01")
    assert "早于今天" in capsys.readouterr().err
    assert Edition.objects.get(name="某版").state == "draft"


def test_it_is_approved_and_published_in_one_go(kept: str) -> None:
    said = release("--excuse", "选任中")
    assert "“某版”已发布，2099-01-01 起生效：新设 1，撤销 1" in said
    edition = Edition.objects.get(name="某版")
    assert (edition.state, edition.approved_by) == ("published", keepers().approver)
    assert Boundary.objects.filter(edition=edition).count() == 8


def test_cases_get_their_new_areas_at_once_when_the_day_is_today(kept: str) -> None:
    said = release("--excuse", "选任中", valid_from=str(timezone.localdate()))
    assert "改归" in said
    assert Edition.objects.get(name="某版").rerouted_at is not None
    moved = Case.objects.filter(area=redrawn.MERGED_AWAY)
    assert moved.exists()
    assert set(moved.values_list("current_area", flat=True)) == {redrawn.MERGED_INTO}


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
