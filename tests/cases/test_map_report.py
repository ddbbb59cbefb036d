"""The map report: it says what the review says, in words what was asked, and nothing in it asks anybody."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import os
import re
import stat
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import folium
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from folium.plugins import HeatMap
from hypothesis import given
from hypothesis import strategies as st

from cases import hotspots, map_report
from cases.counting import by_area
from cases.map_report import contents, download, one_file, printing
from cases.map_report.layers import BLUES, steps
from cases.map_report.one_file import MissingAsset, OwnMap
from cases.models import Case, HotSpots, OpenWhistle, Reporter
from cases.overdue import OVERDUE
from cases.review import review
from cases.workflow import RUNNING, State
from gridmap.duties import NOBODY
from gridmap.features.parameters import Filters
from gridmap.models import Area, Boundary, Organisation
from tests.cases.playing import report as reported
from tests.conftest import GRID

pytestmark = pytest.mark.django_db
# When all that the demonstration left open is past its limit.
LATER = dt.datetime(2026, 9, 1, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
YEAR = "since=2025-07-01&until=2026-07-01"


def made(query: str, *, now: dt.datetime = LATER) -> str:
    """The report that a query asks for, as the command writes it."""
    filters = map_report.read(QueryDict(query))
    return map_report.written(map_report.gathered(filters, now=now, ask=map_report.worked_out(now)))


@pytest.fixture(scope="module")
def year(kept_for_module: None) -> str:
    """The report of a year."""
    return made(YEAR)


class Page(HTMLParser):
    """A page as tests look at it: its figures, its tables by name, its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.figures: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._figure = self._table = ""
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        its = dict(attrs)
        self.tags.append((tag, its))
        self._silent = tag in ("script", "style")
        self._figure = its.get("data-figure") or ""
        if tag == "table":
            self._table = its.get("data-table") or ""
            self.tables[self._table] = []
        elif tag == "tr":
            self.tables[self._table].append([])
        elif tag in ("td", "th"):
            self.tables[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._figure = ""
        self._silent = False
        self._table = "" if tag == "table" else self._table

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words += data
        if self._figure:
            self.figures[self._figure] = data
        if self._table and self.tables[self._table] and self.tables[self._table][-1]:
            self.tables[self._table][-1][-1] += data


def features(page: str, layer: str) -> list[dict[str, Any]]:
    """What a layer is drawn from."""
    found = re.search(rf"{layer}_add\((\{{.*?\}})\);\n", page)
    assert found, layer
    features: list[dict[str, Any]] = json.loads(found[1])["features"]
    return features


def legend(page: str, layer: str) -> dict[str, int]:
    """The classes of a layer's legend, with how many are of each."""
    part = re.search(rf'data-layer="{layer}".*?</section>', page, re.DOTALL)
    assert part, layer
    return {words: int(n) for words, n in re.findall(r'</svg>(.*?)<span class="n">n = (\d+)</span>', part[0])}


def shown(share: dict[str, Any]) -> str:
    return "—" if share["percent"] is None else f"{share['percent']:.1f} %"


# ---- the same numbers as everywhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [YEAR, "since=2026-03-11T12:30:00&area=360702001", "since=2025-01-01&category=03", "since=2030-01-01"],
)
def test_the_numbers_are_those_of_the_review(query: str) -> None:
    page, told = Page(made(query)), review(map_report.read(QueryDict(query)), now=LATER)
    its = told.headline
    for name in ("collected", "done", "open", "overdue"):
        assert page.figures[name] == f"{its[name]:,}"
    for name in ("completion_rate", "on_time_rate", "patrol_rate", "survey_rate", "solved_rate"):
        assert page.figures[name] == shown(its[name])
    assert page.figures["n"] == str(its["collected"])
    months = [row for row in page.tables["trend"][1:] if len(row) == 7]
    assert [(row[0].rstrip("*"), int(row[1]), int(row[3]), int(row[4])) for row in months] == [
        (it["month"], it["collected"], it["done"], it["in_time"]) for it in told.trend
    ]
    assert [row[0].endswith("*") for row in months] == [not it["whole"] for it in told.trend]
    rows = [row for row in page.tables["departments"][1:] if len(row) == 12]
    every = [*told.departments["rows"], told.departments["total"] | {"name": "合计", "rank": ""}]
    assert [row[1] for row in rows] == [it["name"] for it in (every if told.departments["rows"] else [])]
    for row, it in zip(rows, every, strict=False):
        assert (row[2:5], row[7], row[9:11]) == (
            [str(it[name]) for name in ("demanded", "arrived", "waiting")],
            str(it["done"]),
            [str(it["overdue"]), str(it["scored"])],
        )
        assert row[5].startswith(shown(it["arrival_rate"]))


def test_departments_that_were_asked_are_in_the_table(year: str) -> None:
    assert len(Page(year).tables["departments"]) > 3


def test_every_area_is_drawn_and_in_one_class(year: str) -> None:
    counted = by_area(map_report.read(QueryDict(YEAR)))
    for level, layer, digits in (("community", "geo_json_counts_community", 12), ("grid", "geo_json_counts_grid", 15)):
        drawn = features(year, layer)
        assert {it["id"] for it in drawn} == set(Area.objects.filter(level=level).values_list("code", flat=True))
        classes = legend(year, layer)
        assert sum(classes.values()) == len(drawn)
        with_cases = {code[:digits] for code, its in counted.items() if its.collected and len(code) >= digits}
        assert classes["没有"] == len(drawn) - len(with_cases)
        told = sum(int(re.findall(r"收集 (\d+) 件", it["properties"]["words"])[0]) for it in drawn)
        elsewhere = re.search(rf'data-layer="{layer}".*?另有 (\d+) 件没有归到.*?</section>', year, re.DOTALL)
        assert told + (int(elsewhere[1]) if elsewhere else 0) == sum(its.collected for its in counted.values())


@given(st.lists(st.integers(1, 500), max_size=60))
def test_classes_hold_every_value_once(values: list[int]) -> None:
    classes = steps(values)
    assert len(classes) <= len(BLUES)
    assert all(sum(start <= it <= end for start, end in classes) == 1 for it in values)
    assert all(any(start <= it <= end for it in values) for start, end in classes)


def test_whistles_are_drawn_each_and_the_overdue_listed_oldest_first() -> None:
    page = made("since=2023-01-01")
    marks = features(page, "geo_json_whistles")
    listed = [row[0] for row in Page(page).tables["late"][1:]]
    open_now = OpenWhistle.objects.order_by("due_at", "id")
    late = open_now.filter(due_at__lt=LATER, case__state__in=sorted(RUNNING))
    assert len(marks) == open_now.count() > 0
    assert listed == list(late.values_list("case__number", flat=True))
    assert Page(page).figures["late"] == str(len(listed))
    assert sum(legend(page, "geo_json_whistles").values()) == len(marks)
    # What is drawn lies where everybody may know of it.
    places = {
        tuple(round(it, 6) for it in point.coords) for point in open_now.values_list("case__public_point", flat=True)
    }
    assert {tuple(it["geometry"]["coordinates"]) for it in marks} == places
    holders = set(OVERDUE.rows(Filters(), NOBODY).values_list("holder", flat=True))
    assert all(any(f"在 {holder}" in it["properties"]["words"] for it in marks) for holder in holders)


def test_too_many_whistles_are_summed_by_community(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_MARKS", 3)
    page = made("since=2023-01-01")
    marks = features(page, "geo_json_whistles")
    sums = Counter(code[:12] for code in OpenWhistle.objects.values_list("case__current_area", flat=True))
    told = [int(re.findall(r"未结的哨 (\d+)", it["properties"]["words"])[0]) for it in marks]
    lost = re.search(r"(\d+) 个不在任何村", page)
    assert sorted(told) == sorted(n for code, n in sums.items() if len(code) == 12)
    assert sum(told) + (int(lost[1]) if lost else 0) == sum(sums.values()) > 3
    assert "按村(社区)合计" in page


def test_statements_are_as_many_whatever_there_is() -> None:
    made(YEAR)  # the ground is read once
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as caught:
            made(YEAR)
        counts.append(len(caught))
        for day in range(1, 29):
            reported(GRID, dt.datetime(2026, 6, day, 9, tzinfo=LATER.tzinfo))
    assert counts == [41, 41]


# ---- what was asked -----------------------------------------------------------------------------------------------


def test_every_filter_is_said_in_words() -> None:
    unit = Organisation.objects.filter(kind="department").order_by("code")[0]
    page = Page(
        made(f"{YEAR}&area=360702003005&category=0301&department={unit.code}&channel=patrol&state=closed,evaluated")
    ).words
    town, community = (Area.objects.get(code=code).name for code in ("360702003", "360702003005"))
    for said in (
        "2025-07-01 起、2026-07-01 前上报的事项",
        f"{town} {community} 360702003005",
        "0301",
        f"{unit.name} {unit.code}",
        str(Case.Channel.PATROL.label),
        f"{State.CLOSED.label}、{State.EVALUATED.label}",
    ):
        assert said in page, said
    assert "2026-09-01 10:00" in page
    assert "示意图" in page


def test_official_lines_are_not_called_schematic() -> None:
    Boundary.objects.first().edition.__class__.objects.update(schematic=False)  # type: ignore[union-attr]
    assert "示意" not in Page(made("since=2026-06-01&area=360702001")).words


def test_beginnings_of_codes_and_moments_are_said_as_they_are() -> None:
    page = Page(made("since=2026-06-01T08:30:00&area=36070210&category=03")).words
    assert "2026-06-01 08:30:00 起上报的事项" in page
    assert "编码以 36070210 开头的区域" in page


BAD = {
    "since=yesterday": "日期 YYYY-MM-DD",
    "since=2026-07-01&until=2026-07-01": "until 应晚于 since",
    "area=999": "没有编码以 999 开头的区域",
    "area=x": "区域编码",
    "category=zz": "没有代码以 zz 开头的类别",
    "department=nobody": "没有代码为 nobody 的部门",
    "state=lost": "无法识别，应为",
    "channel=pigeon": "无法识别，应为",
}


@pytest.mark.parametrize(("query", "sentence"), BAD.items())
def test_what_means_nothing_is_refused_with_a_sentence(
    query: str, sentence: str, client: Client, tmp_path: Path
) -> None:
    answer = client.get(f"/review/report.html?{query}")
    assert (answer.status_code, sentence in answer.content.decode()) == (400, True)
    asked = {"since": "2026-01-01"} | QueryDict(query).dict()
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("map_report", out=tmp_path / "a.html", **asked)
    assert not list(tmp_path.iterdir())


def test_an_unknown_filter_is_refused(client: Client) -> None:
    answer = client.get("/review/report.html?bbox=1,2,3,4")
    assert (answer.status_code, "不认识参数 bbox" in answer.content.decode()) == (400, True)


def test_an_area_that_is_no_more_is_refused(client: Client) -> None:
    Boundary.objects.filter(area__code__startswith="360702101").update(valid_until=dt.date(2020, 1, 1))
    answer = client.get("/review/report.html?area=360702101")
    assert (answer.status_code, "现行边界里没有这个区域" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("area", ["360702001", "360702001001", GRID, "36"])
def test_any_area_can_be_asked_for(area: str) -> None:
    page = made(f"since=2026-06-01&area={area}")
    assert {it["id"][: len(area)] for it in features(page, "geo_json_counts_grid")} == {area}


# ---- a file that asks nobody --------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_anywhere(year: str) -> None:
    page = Page(year)
    assert [its for _, its in page.tags if its.keys() & {"src", "srcset", "href", "action", "data", "poster"}] == []
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base", "form", "img"}
    assert set(re.findall(r"url\(['\"]?(data:image|#|[^)]{0,40})", year)) <= {"data:image", "#"}
    # What is left are names of formats and where a reader can look things up.
    known = (
        "http://www.w3.org/2000/svg",
        "https://leafletjs.com",
        "https://bugs.chromium.org/",
        "https://bugzilla.mozilla.org/",
    )
    assert [
        it for it in re.findall(r"(?:https?:)?//[\w.-]+\.\w+/?[^\s\"'<>)]*", year) if not it.startswith(known)
    ] == []
    assert len(year.encode()) < 6_000_000


def test_only_its_own_scripts_run(year: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', year)
    said = dict(part.split(maxsplit=1) for part in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", year, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(it.encode()).digest()).decode()}'" for it in scripts}
    assert set(said["script-src"].replace("&#x27;", "'").split()) == hashes
    assert said["default-src"].replace("&#x27;", "'") == "'none'"
    assert year.index("Content-Security-Policy") < year.index("<script")
    assert not [its for _, its in Page(year).tags if any(name.startswith("on") for name in its)]


def test_names_are_text_and_never_markup() -> None:
    trap = "<img src=x onerror=alert(1)>"
    Area.objects.filter(code__in=["360702001", "360702001001", "360702001001001"]).update(name=trap)
    Organisation.objects.filter(kind="department").update(name=trap)
    page = made(f"{YEAR}&area=360702001")
    assert trap not in page
    # Folium puts a tooltip's words into the page as markup.
    assert any("&lt;img" in it["properties"]["words"] for it in features(page, "geo_json_counts_community"))


def test_no_person_is_in_it(now: dt.datetime) -> None:
    case = reported(GRID, now)
    Case.objects.filter(pk=case.pk).update(text="只有自己人能看的描述", address="门牌七号")
    Reporter.objects.filter(case=case).delete()
    Reporter.objects.create(case=case, name="李四海", phone="10000005678")
    page = made("since=2026-07-01")
    assert Page(page).figures["collected"] == "1"
    assert not [it for it in ("李四海", "10000005678", "只有自己人", "门牌七号", case.track_code) if it in page]


def test_an_asset_that_nobody_has_is_an_error_with_its_name() -> None:
    chart = OwnMap(tiles=None)
    HeatMap([[25.8, 114.9]]).add_to(chart)
    with pytest.raises(MissingAsset, match=r"leaflet-heat\.js"):
        one_file.parts(chart)
    with pytest.raises(MissingAsset, match="jquery"):
        one_file.parts(folium.Map(tiles=None))


def test_a_file_that_is_not_installed_is_an_error_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(one_file.finders, "find", lambda path: None)
    with pytest.raises(CommandError, match=r"vendor/leaflet/leaflet\.(js|css)"):
        call_command("map_report", since="2026-06-01", area="360702001", out=tmp_path / "a.html")
    assert not list(tmp_path.iterdir())


# ---- hot spots ----------------------------------------------------------------------------------------------------


def test_the_command_works_hot_spots_out(year: str) -> None:
    drawn = features(year, "geo_json_spots")
    assert len(drawn) == sum(legend(year, "geo_json_spots").values()) > 0
    assert "9,999 次置换" in year


def test_the_address_has_those_that_were_found_and_says_where_none_were(client: Client) -> None:
    address = f"/review/report.html?{YEAR}"
    page = client.get(address).content.decode()
    assert "geo_json_spots" not in page
    assert "还没有算出，已交后台计算" in Page(page).words
    assert HotSpots.objects.get().wanted
    while hotspots.find(now=lambda: LATER):
        pass
    again = client.get(address).content.decode()
    found = HotSpots.objects.get(answer__isnull=False, level="grid").answer
    assert {it["id"] for it in features(again, "geo_json_spots")} == {row["code"] for row in found["rows"]}


def test_too_few_cases_for_grids_are_looked_at_by_community() -> None:
    page = made("since=2026-06-01&until=2026-07-01")
    assert len(features(page, "geo_json_spots")[0]["id"]) == 12


def test_hot_spots_are_of_days() -> None:
    assert "热点按天计算" in Page(made("since=2025-07-01T08:30:00")).words


# ---- downloading and printing -------------------------------------------------------------------------------------


def test_it_is_a_download_that_a_browser_need_not_fetch_twice(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "REPORT", replace(download.REPORT, turns=None))  # which is another one each minute
    first = client.get("/review/report.html?since=2026-06-01&area=360702001")
    assert first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "2026-06-01-360702001.html" in first.headers["Content-Disposition"]
    assert first.headers["Content-Disposition"].startswith("attachment")
    again = client.get(
        "/review/report.html?since=2026-06-01&area=360702001", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    said, out = io.StringIO(), tmp_path / "报告.html"
    call_command("map_report", since="2026-06-01", area="360702001", out=out, stdout=said)
    assert f"已写入 {out}" in said.getvalue()
    assert Page(out.read_text(encoding="utf-8")).figures["collected"] == str(
        sum(its.collected for its in by_area(map_report.read(QueryDict("since=2026-06-01&area=360702001"))).values())
    )


@pytest.mark.parametrize(("name", "sentence"), [("a.txt", "应以 .html 结尾"), ("none/a.html", "写不进去")])
def test_a_place_it_cannot_go_to_is_named(name: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("map_report", since="2026-06-01", area=GRID, out=tmp_path / name)


def test_without_a_browser_the_page_is_there_and_the_command_says_what_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(printing.shutil, "which", lambda name: None)
    with pytest.raises(CommandError, match=r"没有 Chromium，未生成 a\.pdf"):
        call_command("map_report", since="2026-06-01", area=GRID, out=tmp_path / "a.html", pdf=True)
    assert [it.name for it in tmp_path.iterdir()] == ["a.html"]


def a_browser(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put something that is called like a browser in the browser's place."""
    stub = folder / "chromium"
    stub.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(printing, "chromium", lambda: str(stub))


def test_a_browser_that_hangs_is_ended_with_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    a_browser(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; sleep 300", monkeypatch)
    with pytest.raises(printing.NotPrinted, match="没有完成，已停止"):
        printing.printed(tmp_path / "a.html", tmp_path / "a.pdf", patience_s=2)
    child = int((tmp_path / "child").read_text())
    for _ in range(600):
        try:
            state = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            state = "gone"
        if state in ("gone", "Z"):
            break
        time.sleep(0.1)
    assert state in ("gone", "Z")


def test_a_browser_that_prints_nothing_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    a_browser(tmp_path, "echo 磁盘满了 >&2", monkeypatch)
    with pytest.raises(printing.NotPrinted, match="磁盘满了"):
        printing.printed(tmp_path / "a.html", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    assert os.listdir(tmp_path) == ["chromium"]
