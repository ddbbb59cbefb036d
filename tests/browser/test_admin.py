"""The admin in a real browser: maps of the site's own, a pin that moves, nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reading import rectangle

GRID = "360702003005002"
BUILDING = "360702003005002-01"
PAGES = (
    "",
    "gridmap/area/?q=解放",
    f"gridmap/area/{GRID}/change/",
    "gridmap/boundary/",
    "gridmap/building/",
    "gridmap/building/add/",
    f"gridmap/building/{BUILDING}/change/",
    "gridmap/person/P0001/change/",
    "gridmap/delegatedpower/Q001/change/",
    "cases/case/",
    "cases/traceevent/",
    "cases/workday/",
)


def enter(page: Page) -> None:
    page.goto("/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "gridmap-demo")
    page.click("[type=submit]")
    expect(page.locator("#user-tools")).to_be_visible()


@pytest.fixture
def keeper(desk_page: Page) -> Page:
    """The administrator at a desk."""
    enter(desk_page)
    return desk_page


def test_no_page_asks_another_host_or_breaks(keeper: Page, offsite: Callable[[Page], list[str]]) -> None:
    elsewhere = offsite(keeper)
    faults: list[str] = []
    keeper.on("pageerror", lambda error: faults.append(str(error)))
    keeper.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    for path in PAGES:
        answer = keeper.goto(f"/admin/{path}", wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, path
    assert elsewhere == []
    assert faults == []


def test_an_area_shows_its_boundary(keeper: Page) -> None:
    keeper.goto(f"/admin/gridmap/area/{GRID}/change/", wait_until="networkidle")
    canvas = keeper.locator(".admin-map-canvas")
    box = rectangle(canvas)
    assert box["width"] > 500
    assert box["height"] > 250
    # The outline and the names of the neighbours are drawn: the picture is not one plain colour.
    colours = keeper.evaluate(
        """() => [...document.querySelectorAll(".admin-map-canvas canvas")].map((canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) { seen.add(data.slice(i, i + 4).join()); }
            return seen.size;
        })"""
    )
    assert max(colours) > 20
    expect(keeper.locator(".admin-map-words")).to_have_text("")
    assert keeper.locator(".admin-map input").count() == 0


def test_a_building_is_moved_by_the_map_and_by_hand(keeper: Page) -> None:
    keeper.goto(f"/admin/gridmap/building/{BUILDING}/change/", wait_until="networkidle")
    lon, lat = keeper.get_by_label("经度"), keeper.get_by_label("纬度")
    was = (lon.input_value(), lat.input_value())
    words = keeper.locator(".admin-map-words")
    expect(words).to_contain_text(GRID)
    box = rectangle(keeper.locator(".admin-map-canvas"))
    keeper.mouse.click(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    expect(lon).not_to_have_value(was[0])
    assert abs(float(lon.input_value()) - float(was[0])) < 0.002
    clicked = lon.input_value()

    pin = rectangle(keeper.locator(".admin-pin"))
    keeper.mouse.move(pin["x"] + pin["width"] / 2, pin["y"] + pin["height"] / 2)
    keeper.mouse.down()
    keeper.mouse.move(box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2 + 40, steps=6)
    keeper.mouse.up()
    expect(lon).not_to_have_value(clicked)
    assert float(lon.input_value()) < float(clicked)

    keeper.get_by_role("button", name="保存并继续编辑").click()
    expect(keeper.locator(".messagelist")).to_contain_text("成功")
    assert lon.input_value() not in (was[0], clicked)

    lon.fill("120.5")
    lon.press("Tab")
    expect(words).to_contain_text("不在受理范围内")
    lon.fill("经度")
    lon.press("Tab")
    expect(words).to_have_text("")
    expect(keeper.locator(".admin-pin")).to_have_count(0)
    keeper.get_by_role("button", name="保存", exact=True).click()
    expect(keeper.locator(".errorlist")).to_contain_text("经度应为 -180 至 180 的数字")
    expect(lon).to_have_value("经度")
    lon.fill(was[0])
    lat.fill(was[1])
    lat.press("Tab")
    expect(words).to_contain_text(GRID)
    keeper.get_by_role("button", name="保存", exact=True).click()
    expect(keeper.locator(".messagelist")).to_contain_text("成功")


def test_an_area_is_kept_up_in_the_browser(keeper: Page) -> None:
    keeper.goto(f"/admin/gridmap/area/{GRID}/change/")
    households = keeper.get_by_label("户数")
    was = households.input_value()
    households.fill("398")
    keeper.get_by_role("button", name="保存并继续编辑").click()
    expect(keeper.locator(".messagelist")).to_contain_text("成功")
    expect(households).to_have_value("398")
    keeper.get_by_label("治理复杂程度").fill("9")
    keeper.get_by_role("button", name="保存并继续编辑").click()
    expect(keeper.locator(".errorlist")).to_contain_text("治理复杂程度应为 1、2 或 3")
    keeper.goto(f"/admin/gridmap/area/{GRID}/change/")
    households.fill(was)
    keeper.get_by_role("button", name="保存并继续编辑").click()


def test_a_place_is_found_by_typing(keeper: Page) -> None:
    keeper.goto("/admin/gridmap/building/add/")
    keeper.locator(".field-area .select2-selection").click()
    keeper.locator(".select2-search__field").fill("沙石镇示范01社区第2网格")
    option = keeper.locator(".select2-results__option", has_text="沙石镇示范01社区第2网格").first
    option.click()
    expect(keeper.locator(".field-area .select2-selection")).to_contain_text("沙石镇示范01社区第2网格")


def test_a_telephone_holds_the_pages_in_its_width(phone: Page) -> None:
    enter(phone)
    for path in PAGES:
        phone.goto(f"/admin/{path}")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, path
