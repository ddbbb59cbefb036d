"""Two periods of a layer side by side, and layers on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.reading import (
    ASKED,
    ASKED_BEFORE,
    PERIOD,
    YEAR,
    YEAR_BEFORE,
    ask,
    at_rest,
    query,
    rectangle,
    shown,
)


def test_two_periods_side_by_side_move_together(desk_page: Page, site: str) -> None:
    desk_page.goto(f"/?layer=density&{PERIOD}")
    shown(desk_page)
    desk_page.get_by_role("button", name="对比上期").click()
    titles = desk_page.locator(".map-period")
    now, then = (ask(f"{site}/api/v1/density?{asked}")["n"] for asked in (ASKED, ASKED_BEFORE))
    expect(titles.nth(0)).to_have_text(f"本期 {YEAR[0]} 至 {YEAR[1]}，{now} 件")
    expect(titles.nth(1)).to_have_text(f"上期 {YEAR_BEFORE[0]} 至 {YEAR_BEFORE[1]}，{then} 件")
    assert query(desk_page)["before"] == "..".join(YEAR_BEFORE)
    expect(desk_page.locator("#pair img.density")).to_have_count(2)

    second = desk_page.locator("[data-part=second]")
    second.focus()
    desk_page.keyboard.press("+")
    at_rest(desk_page)
    names = [set(box.locator(".ground-name").all_inner_texts()) for box in (desk_page.locator("#map"), second)]
    assert names[0] == names[1] != set()

    desk_page.get_by_label("上期从这一天起").fill("2025-01-01")
    expect(titles.nth(1)).to_contain_text("上期 2025-01-01 至 2025-06-30")
    desk_page.go_back()
    expect(titles.nth(1)).to_contain_text(YEAR_BEFORE[0])
    desk_page.get_by_role("button", name="对比上期").click()
    expect(second).to_be_hidden()
    assert "before" not in query(desk_page)


def test_an_end_alone_is_compared_with_the_year_before_its_year(desk_page: Page) -> None:
    desk_page.goto("/?layer=density&until=2025-06-30")
    shown(desk_page)
    desk_page.get_by_role("button", name="对比上期").click()
    shown(desk_page)
    said = query(desk_page)
    assert (said["since"], said["until"], said["before"]) == ("2024-07-01", "2025-06-30", "2023-07-02..2024-06-30")


def test_hot_spots_without_a_beginning_say_which_year_they_took(
    desk_page: Page, site: str, found: Callable[[str], Any]
) -> None:
    answer = found("until=2026-04-01")
    found("since=2024-04-01&until=2025-04-01")
    desk_page.goto("/?layer=hotspots&until=2026-03-31&before=2024-04-01..2025-03-31")
    expect(desk_page.locator(".map-period").nth(0)).to_have_text(f"本期 2025-04-01 至 2026-03-31，{answer['n']} 件")


def test_on_paper_there_are_title_filters_legend_count_and_date(desk_page: Page, site: str) -> None:
    desk_page.goto(f"/?layer=density&{PERIOD}&category=03")
    shown(desk_page)
    before = query(desk_page)
    desk_page.evaluate("window.print = () => { window.printed = true; }")
    desk_page.get_by_role("button", name="打印").click()
    desk_page.wait_for_function("window.printed")
    n = ask(f"{site}/api/v1/density?{ASKED}&category=03")["n"]
    head, foot = desk_page.locator(".print-head"), desk_page.locator(".print-foot")
    expect(head).to_contain_text("密度")
    for words in (f"{YEAR[0]} 至 {YEAR[1]}", f"{n} 件"):
        expect(head).to_contain_text(words)
    expect(foot).to_contain_text("示意")
    expect(foot).to_contain_text("制图 ")
    expect(desk_page.locator("#legend .key-rows")).to_be_visible()
    expect(desk_page.locator("#panel")).to_be_hidden()
    paper = desk_page.pdf(prefer_css_page_size=True)
    sides = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert sides
    # A3 across, in points.
    assert [round(float(side)) for side in sides.groups()] == [1191, 842]
    assert len(re.findall(rb"/Type /Page\b(?!s)", paper)) == 1
    desk_page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(desk_page.locator("#panel")).to_be_visible()
    at_rest(desk_page)
    assert query(desk_page) | {"lat": "", "lon": "", "zoom": ""} == before | {"lat": "", "lon": "", "zoom": ""}


def on_paper(page: Page, address: str) -> list[tuple[str, int, int]]:
    """Print; where the towns' names stand then, in pixels from the corner of the map each is on, both maps in turn."""
    page.goto(address)
    shown(page)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="打印").click()
    page.wait_for_function("window.printed")
    at_rest(page)
    found: list[list[Any]] = page.locator("#pair .ground-name-town > span").evaluate_all(
        """names => names.map(name => {
            const [its, map] = [name, name.closest('.ground')].map(it => it.getBoundingClientRect());
            return [name.textContent, Math.round(its.x - map.x), Math.round(its.y - map.y)];
        })"""
    )
    return [(name, x, y) for name, x, y in found]


def test_two_periods_are_printed_side_by_side_and_alike_from_a_phone_and_a_desk(phone: Page, desk_page: Page) -> None:
    address = f"/?layer=density&{PERIOD}&before={'..'.join(YEAR_BEFORE)}"
    from_desk, from_phone = on_paper(desk_page, address), on_paper(phone, address)
    half = len(from_desk) // 2
    assert half
    assert from_desk[:half] == from_desk[half:]
    assert from_phone == from_desk
    left, right = rectangle(phone.locator("#map")), rectangle(phone.locator("[data-part=second]"))
    assert left["x"] + left["width"] <= right["x"]
    # Folded on the phone, not on paper.
    expect(phone.locator("#legend .key-rows")).to_be_visible()
    phone.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(phone.locator("#legend .key-rows")).to_be_hidden()
