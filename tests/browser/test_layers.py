"""The layers of the one map: one at a time, the filters they share, and an address that shows all of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ASKED, LAYERS, PERIOD, YEAR, ask, loaded, part, pick, query, shown


def test_one_layer_at_a_time_by_keyboard_too_and_back_shows_the_one_before(
    desk_page: Page, offsite: Callable[[Page], list[str]], found: Callable[[str], Any]
) -> None:
    found(ASKED)
    elsewhere = offsite(desk_page)
    problems: list[str] = []
    desk_page.on("pageerror", lambda error: problems.append(str(error)))
    desk_page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    desk_page.goto(f"/?{PERIOD}")
    loaded(desk_page)
    desk_page.locator("input[name=layer][value=cases]").focus()
    for layer in LAYERS[1:]:
        desk_page.keyboard.press("ArrowRight")
        shown(desk_page)
        expect(desk_page.locator(f"#layer-{layer}")).to_be_visible()
        expect(desk_page.locator(".map-layer:not([hidden])")).to_have_count(1)
        assert query(desk_page)["layer"] == layer
        assert query(desk_page)["since"] == YEAR[0]
    expect(desk_page.locator("#map .cluster-icon")).to_have_count(0)
    desk_page.go_back()
    expect(desk_page.locator("#layer-coverage")).to_be_visible()
    pick(desk_page, "事项")
    loaded(desk_page)
    expect(desk_page.locator("#map .cluster-icon").first).to_be_visible()
    assert "layer" not in query(desk_page)
    assert elsewhere == []
    assert problems == []


@pytest.mark.parametrize(("label", "chosen"), [("类别", "category=03"), ("来源", "channel=hotline")])
def test_a_filter_changes_every_layer_and_stays(
    desk_page: Page, site: str, found: Callable[[str], Any], label: str, chosen: str
) -> None:
    (name, value), asked = chosen.split("="), f"{ASKED}&{chosen}"
    hot = found(asked)
    desk_page.goto(f"/?layer=density&{PERIOD}")
    shown(desk_page)
    whole = ask(f"{site}/api/v1/density?{ASKED}")["n"]
    expect(part(desk_page, "n")).to_have_text(f"{whole} 件")
    desk_page.locator("[data-part=filters] summary").click()
    desk_page.get_by_label(label, exact=True).select_option(value)
    narrowed = ask(f"{site}/api/v1/density?{asked}")["n"]
    assert 0 < narrowed < whole
    expect(part(desk_page, "n")).to_have_text(f"{narrowed} 件")
    assert query(desk_page)[name] == value

    pick(desk_page, "热点")
    expect(part(desk_page, "n")).to_have_text(f"{hot['n']} 件")
    pick(desk_page, "超期哨")
    expect(part(desk_page, "open")).to_have_text(str(ask(f"{site}/api/v1/overdue?{asked}")["total"]["open"]))
    pick(desk_page, "部门到位")
    rows = ask(f"{site}/api/v1/coverage?{asked}")["rows"]
    expect(part(desk_page, "demanded")).to_have_text(str(sum(row["demanded"] for row in rows)))
    pick(desk_page, "事项")
    collected = ask(f"{site}/api/v1/summary?{asked}")["collected"]
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(collected))

    desk_page.get_by_role("button", name=re.compile("去掉筛选：")).first.click()
    assert name not in query(desk_page)
    desk_page.go_back()
    desk_page.go_back()
    expect(desk_page.locator("#layer-coverage")).to_be_visible()
    assert query(desk_page)[name] == value


def test_a_filter_a_layer_does_not_know_stays_and_is_said_so(desk_page: Page, found: Callable[[str], Any]) -> None:
    found(ASKED)
    desk_page.goto(f"/?layer=hotspots&{PERIOD}&overdue=true")
    shown(desk_page)
    chip = desk_page.get_by_role("button", name="去掉筛选：已超期，本图层不用")
    expect(chip).to_be_visible()
    pick(desk_page, "事项")
    loaded(desk_page)
    expect(desk_page.get_by_role("button", name="去掉筛选：已超期", exact=True)).to_be_visible()


def test_the_quick_periods_are_in_the_address(desk_page: Page, site: str) -> None:
    desk_page.goto("/?layer=density")
    shown(desk_page)
    desk_page.get_by_role("button", name="今年").click()
    expect(desk_page.get_by_role("button", name="今年")).to_have_attribute("aria-pressed", "true")
    since = query(desk_page)["since"]
    assert re.fullmatch(r"\d{4}-01-01", since)
    expect(part(desk_page, "n")).to_have_text(f"{ask(f'{site}/api/v1/density?since={since}')['n']} 件")
    desk_page.get_by_role("button", name="全部", exact=True).click()
    expect(part(desk_page, "n")).to_have_text(f"{ask(f'{site}/api/v1/density')['n']} 件")
    assert "since" not in query(desk_page)


def test_a_click_on_an_area_says_what_was_found_there(desk_page: Page, found: Callable[[str], Any]) -> None:
    answer = found(f"{ASKED}&level=community")
    rows = {row["code"]: row for row in answer["rows"]}
    desk_page.goto(f"/?layer=hotspots&{PERIOD}&level=community&lon=114.9239&lat=25.8545&zoom=15")
    shown(desk_page)
    desk_page.locator("#map").click()
    content = desk_page.locator("#panel [data-part=content]")
    expect(content).to_contain_text("热点检验")
    expect(content).to_contain_text("网格员")
    link = content.get_by_role("link", name=re.compile(r"^\d+ 件$"))
    code = re.search(r"area=(\d+)", str(link.get_attribute("href")))
    assert code
    expect(link).to_have_text(f"{rows[code[1]]['observed']} 件")


@pytest.mark.parametrize(
    ("layer", "words"),
    [("density", "打开.*的事项"), ("overdue", r"这里的哨 [1-9]\d* 件"), ("ground", r"类别\s*\S+")],
)
def test_a_place_in_the_address_waits_for_the_figures_of_its_layer(
    desk_page: Page, site: str, layer: str, words: str
) -> None:
    lon, lat = ask(f"{site}/api/v1/overdue.geojson")["features"][0]["geometry"]["coordinates"]

    def slowly(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    desk_page.route(re.compile(rf"/api/v1/{layer}"), slowly)
    desk_page.goto(f"/?layer={layer}&place={lon},{lat}")
    content = desk_page.locator("#panel [data-part=content]")
    expect(content).to_contain_text(re.compile(words))
    expect(content).not_to_contain_text("这里没有登记")


def test_what_fails_is_said_and_can_be_tried_again(desk_page: Page) -> None:
    desk_page.route("**/api/v1/density*", lambda route: route.abort())
    desk_page.goto("/?layer=density")
    problem = desk_page.locator("[data-part=problem]")
    expect(problem).to_contain_text("没有连上")
    desk_page.unroute("**/api/v1/density*")
    problem.get_by_role("button", name="重试").click()
    expect(problem).to_be_hidden()
    shown(desk_page)


def test_at_twice_the_size_the_legend_is_read_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 720, "height": 450})
    page.goto("/?layer=density")
    shown(page)
    page.locator("#legend > summary").focus()
    page.keyboard.press("Enter")
    rows = page.locator("#legend .key-rows li")
    for row in (rows.first, rows.nth(3)):
        covered = row.evaluate(
            """it => {
                const { x, y, width, height } = it.getBoundingClientRect();
                return !it.contains(document.elementFromPoint(x + width / 2, y + height / 2));
            }"""
        )
        assert not covered
