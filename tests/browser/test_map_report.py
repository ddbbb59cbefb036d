"""The map report opened from a folder, with no network at all: it draws, it can be looked through, it prints."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from cases.map_report import printing
from tests.browser.reading import ask
from tests.conftest import PATIENCE_S

ASKED = "since=2025-07-01&until=2026-07-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("usb")


@pytest.fixture
def file(site: str, folder: Path) -> Path:
    """The report as it was downloaded."""
    out = folder / "地图报告.html"
    if not out.exists():
        with urllib.request.urlopen(f"{site}/review/report.html?{ASKED}", timeout=PATIENCE_S) as answer:
            out.write_bytes(answer.read())
    return out


@pytest.fixture
def told(site: str) -> Any:
    """What the review says of the same cases."""
    return ask(f"{site}/api/v1/review?{ASKED}")


@pytest.fixture
def opened(desk_page: Page, file: Path) -> Iterator[Page]:
    """The file in a browser that is cut off; whatever it asks for but itself, and whatever goes wrong, fails the test."""
    with watched(desk_page, file) as page:
        yield page


@contextmanager
def watched(page: Page, file: Path) -> Iterator[Page]:
    asked: list[str] = []
    wrong: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(file.as_uri())
    yield page
    assert [it for it in asked if not it.startswith("data:")] == [file.as_uri()]
    assert wrong == []


def choose(page: Page, layer: str) -> None:
    page.locator("[data-part=layers] label", has_text=layer).click()


def test_layers_are_drawn_and_can_be_chosen(opened: Page) -> None:
    expect(opened.locator(".leaflet-overlay-pane path")).to_have_count(143)
    expect(opened.locator(".leaflet-lines-pane path")).to_have_count(10)
    assert opened.locator(".town span").all_inner_texts()
    # Every area is drawn as large as it is, and filled as the legend says.
    fills = opened.locator(".leaflet-overlay-pane path").evaluate_all("its => its.map(it => it.getAttribute('fill'))")
    legend = opened.locator("[data-layer=geo_json_counts_community] rect").evaluate_all(
        "its => its.map(it => it.getAttribute('fill'))"
    )
    numbers = opened.locator("[data-layer=geo_json_counts_community] .n").all_inner_texts()
    assert [f"n = {fills.count(fill)}" for fill in legend] == numbers

    choose(opened, "事项数 · 二级网格")
    expect(opened.locator(".leaflet-overlay-pane path")).to_have_count(727)
    expect(opened.locator("[data-layer=geo_json_counts_grid]")).to_be_visible()
    expect(opened.locator("[data-layer=geo_json_counts_community]")).to_be_hidden()
    choose(opened, "部门按时报到率")
    expect(opened.locator(".leaflet-overlay-pane path")).to_have_count(10)
    choose(opened, "密度")
    expect(opened.locator("[data-layer=image_overlay_density]")).to_contain_text("密度图，不作检验")
    width = opened.locator("img.leaflet-image-layer").evaluate(
        "async it => { await it.decode(); return it.naturalWidth; }"
    )
    assert width > 100


def test_whistles_can_be_taken_off_and_say_whose_desk_they_are_on(opened: Page) -> None:
    marks = opened.locator(".leaflet-marks-pane path")
    said = opened.locator("[data-layer=geo_json_whistles] p").inner_text()
    expect(marks).to_have_count(int(re.findall(r"n = (\d+)", said)[0]))
    marks.last.hover(force=True)
    expect(opened.locator(".leaflet-tooltip")).to_contain_text("时限")
    choose(opened, "未结的哨")
    expect(marks).to_have_count(0)
    expect(opened.locator("[data-layer=geo_json_whistles]")).to_be_hidden()


def test_it_shows_the_numbers_of_the_review(opened: Page, told: dict[str, Any]) -> None:
    for name in ("collected", "done", "open"):
        expect(opened.locator(f"[data-figure={name}]")).to_have_text(f"{told['headline'][name]:,}")
    for name in ("completion_rate", "on_time_rate"):
        expect(opened.locator(f"[data-figure={name}]")).to_have_text(f"{told['headline'][name]['percent']:.1f} %")
    rows = opened.locator("[data-table=trend] tbody tr")
    expect(rows).to_have_count(len(told["trend"]))
    assert [int(row.locator("td").first.inner_text()) for row in rows.all()] == [
        it["collected"] for it in told["trend"]
    ]
    names = opened.locator("[data-table=departments] tbody th").all_inner_texts()
    assert names == [it["name"] for it in told["departments"]["rows"]]


def test_the_review_page_hands_it_over_with_the_same_filters(desk_page: Page, folder: Path) -> None:
    desk_page.goto("/review/?since=2026-06-01&until=2026-06-30&area=360702001")
    expect(desk_page.locator("[data-part=report-door]")).to_have_attribute("href", re.compile("until=2026-07-01"))
    with desk_page.expect_download() as handed:
        desk_page.locator("[data-part=report-door]").click()
    handed.value.save_as(folder / "handed.html")
    text = (folder / "handed.html").read_text(encoding="utf-8")
    assert "2026-06-01 起、2026-07-01 前上报的事项" in text
    assert "360702001</dd>" in text


def test_the_whole_district_is_seen_whatever_the_size(opened: Page) -> None:
    for width, height in ((1440, 900), (1000, 600), (390, 844)):
        opened.set_viewport_size({"width": width, "height": height})
        opened.wait_for_function(
            """() => {
                const box = document.querySelector("#map_report").getBoundingClientRect();
                return [...document.querySelectorAll(".leaflet-lines-pane path")].every(it => {
                    const its = it.getBoundingClientRect();
                    return its.left >= box.left && its.right <= box.right && its.top >= box.top && its.bottom <= box.bottom;
                });
            }"""
        )
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone(phone: Page, file: Path) -> None:
    with watched(phone, file) as page:
        expect(page.locator(".leaflet-overlay-pane path")).to_have_count(143)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_it_is_printed_on_a3_with_the_map_as_large_as_the_sheet(opened: Page, file: Path, folder: Path) -> None:
    # A browser printing by hand says so to the page before.
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    size = "(({ offsetWidth, offsetHeight }) => [offsetWidth, offsetHeight])(document.querySelector('#map_report'))"
    assert opened.evaluate(size) == [1132, 882]
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.evaluate(size) != [1132, 882]
    pdf = printing.printed(file, folder / "a.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(sheets) > 1
    assert {(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in sheets} == {
        (420, 297)
    }


def test_a_picture_of_it_has_the_map_in_it(file: Path, folder: Path) -> None:
    picture = Image.open(printing.printed(file, folder / "a.png")).convert("RGB")
    assert picture.size == (3200, 2260)
    seen = {colour for _, colour in picture.getcolors(1 << 24) or []}
    blues = {(r, g, b) for r, g, b in seen if b > r + 60 and b > 120}
    assert len(blues) > 5
