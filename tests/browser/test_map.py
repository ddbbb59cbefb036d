"""The one map, in a real browser: what it shows equals the data, and a link shows it again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ask, at_rest, drawn, drawn_of, expect_drawn, loaded, query, query_of, rectangle

# Inside one second-level grid of the town; no case is drawn with the state below, so a click meets the ground.
SPOT = (114.9239, 25.8545)
NO_CASES = "state=refused"


def test_the_whole_district_is_shown_and_counts_as_the_data_does(
    desk_page: Page, site: str, offsite: Callable[[Page], list[str]]
) -> None:
    elsewhere = offsite(desk_page)
    desk_page.goto("/")
    loaded(desk_page)

    features = ask(f"{site}/api/v1/cases.geojson")["features"]
    summary = ask(f"{site}/api/v1/summary")
    assert summary["collected"] + summary["states"]["merged"] == len(features) > 4000
    expect_drawn(desk_page, len(features))

    states = Counter(feature["properties"]["state"] for feature in features)
    for state in summary["states"]:
        assert desk_page.locator(f"[data-state-count={state}]").inner_text() == str(states[state])
    rate = summary["completion_rate"]
    assert desk_page.locator("[data-figure=percent]").inner_text() == f"{rate['percent']:.1f} %"
    assert desk_page.locator("[data-figure=made-of]").inner_text() == f"({rate['numerator']}/{rate['denominator']})"
    expect(desk_page.locator("[data-part=seen-count]")).to_have_text(f"当前范围 {len(features)} 件")
    # Those merged into others are drawn, and not collected.
    merged = sum(it["properties"]["state"] == "merged" for it in features)
    assert merged
    expect(desk_page.locator("[data-part=seen-merged]")).to_have_text(f"含已并入别件的 {merged} 件，收集里不算。")
    expect(desk_page.locator("#map")).to_contain_text("示意")
    assert elsewhere == []


def test_a_click_says_who_answers_there_and_what_is_open(desk_page: Page, site: str) -> None:
    lon, lat = SPOT
    desk_page.goto(f"/?{NO_CASES}&lon={lon}&lat={lat}&zoom=16")
    loaded(desk_page)
    desk_page.locator("#map").click()

    located = ask(f"{site}/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84")
    panel = desk_page.locator("#panel")
    expect(panel.get_by_role("heading", level=2)).to_have_text(located["area"]["name"])
    for person in located["people"]:
        expect(panel).to_contain_text(person["name"])
        expect(panel).to_contain_text(person["phone"])
    for party in located["party"]:
        expect(panel).to_contain_text(party["name"])
    expect(panel).to_contain_text(located["centre"])

    still_open = ask(f"{site}/api/v1/cases.geojson?area={located['area']['code']}&state=reported,handling,resolved")
    expect(panel.locator("[data-part=content] [data-number]")).to_have_count(len(still_open["features"]))
    href = panel.get_by_role("link", name="在这里上报").get_attribute("href")
    assert href is not None
    asked = query_of(href)
    assert abs(float(asked["lon"]) - lon) < 1e-4
    assert abs(float(asked["lat"]) - lat) < 1e-4

    panel.get_by_role("button", name="返回").click()
    expect(panel.locator("[data-figure=collected]")).to_be_visible()
    assert "place" not in query(desk_page)


def test_a_place_with_open_cases_lists_them(desk_page: Page, site: str) -> None:
    feature = ask(f"{site}/api/v1/cases.geojson?state=reported,handling,resolved")["features"][0]
    area, number = feature["properties"]["area"], feature["id"]
    inside = ask(f"{site}/api/v1/areas/{area}")
    assert inside["id"] == area
    lon, lat = feature["geometry"]["coordinates"]
    desk_page.goto(f"/?place={lon},{lat}")
    row = desk_page.locator(f"[data-part=content] [data-number='{number}']")
    row.click()
    door = desk_page.locator("#panel").get_by_role("link", name="打开事项")
    expect(door).to_have_attribute("href", f"/cases/{number}/")
    assert query(desk_page)["case"] == number


def test_outside_the_district_the_refusal_is_said(desk_page: Page) -> None:
    desk_page.goto("/?place=116.4,39.9")
    expect(desk_page.locator("[data-part=content] [role=alert]")).to_contain_text("不在受理范围")
    loaded(desk_page)
    expect(desk_page.locator("#map .cluster-icon").first).to_be_visible()


def test_a_filter_changes_map_figures_list_and_address_and_back_undoes_it(desk_page: Page, site: str) -> None:
    desk_page.goto("/")
    loaded(desk_page)
    whole = ask(f"{site}/api/v1/summary")
    expect_drawn(desk_page, drawn_of(whole))

    desk_page.get_by_label("类别").select_option("01")
    waste = ask(f"{site}/api/v1/summary?category=01")
    assert 0 < waste["collected"] < whole["collected"]
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(waste["collected"]))
    expect_drawn(desk_page, drawn_of(waste))
    assert query(desk_page)["category"] == "01"
    expect(desk_page.get_by_role("button", name="去掉筛选：市容环境")).to_be_visible()

    desk_page.get_by_label("已结项").check()
    done = ask(f"{site}/api/v1/summary?category=01&state=closed")["collected"]
    expect_drawn(desk_page, done)
    assert query(desk_page)["state"] == "closed"

    desk_page.go_back()
    expect_drawn(desk_page, drawn_of(waste))
    expect(desk_page.get_by_label("已结项")).not_to_be_checked()
    desk_page.go_back()
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(whole["collected"]))
    expect_drawn(desk_page, drawn_of(whole))
    expect(desk_page.get_by_label("类别")).to_have_value("")


def test_the_last_day_of_a_range_counts_whole(desk_page: Page, site: str) -> None:
    desk_page.goto("/?since=2026-03-01&until=2026-03-31")
    loaded(desk_page)
    features = ask(f"{site}/api/v1/cases.geojson")["features"]
    march = [it for it in features if it["properties"]["reported_at"].startswith("2026-03-")]
    assert any(it["properties"]["reported_at"].startswith("2026-03-31") for it in march)
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(
        str(sum(it["properties"]["state"] != "merged" for it in march))
    )


def test_an_area_is_outlined_and_narrows_everything(desk_page: Page, site: str) -> None:
    desk_page.goto("/")
    loaded(desk_page)
    desk_page.get_by_label("区域").select_option(label="水西镇")
    summary = ask(f"{site}/api/v1/summary?area=360702105")
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(summary["collected"]))
    expect_drawn(desk_page, drawn_of(summary))
    # The address follows the map once it has come to rest.
    desk_page.wait_for_function("() => Number(new URLSearchParams(location.search).get('zoom')) > 11")


def test_a_link_shows_the_same_again(desk_page: Page, open_page: Callable[..., Page]) -> None:
    desk_page.goto("/?category=03&since=2025-01-01")
    loaded(desk_page)
    desk_page.locator("#map").focus()
    desk_page.keyboard.press("+")
    desk_page.keyboard.press("ArrowLeft")
    desk_page.wait_for_function("() => new URLSearchParams(location.search).has('zoom')")
    at_rest(desk_page)
    assert {"lon", "lat", "zoom", "category", "since"} <= set(query(desk_page))

    other = open_page(viewport={"width": 1440, "height": 900})
    other.goto(desk_page.url)
    loaded(other)
    seen = desk_page.locator("[data-part=seen-count]").inner_text()
    assert re.fullmatch(r"当前范围 \d+ 件(，共 \d+ 件)?", seen)
    expect(other.locator("[data-part=seen-count]")).to_have_text(seen)
    expect_drawn(other, drawn(desk_page))
    assert query(other) == query(desk_page)
    assert other.get_by_label("类别").input_value() == "03"


def test_too_many_to_send_are_counted_by_the_server_and_none_is_hidden(desk_page: Page, site: str) -> None:
    def say_many(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"collected": 1_000_000})

    asked: list[str] = []
    desk_page.on("request", lambda request: asked.append(request.url))
    desk_page.route("**/api/v1/summary*", say_many)
    desk_page.goto("/")
    expect_drawn(desk_page, drawn_of(ask(f"{site}/api/v1/summary")))
    assert not [url for url in asked if "cases.geojson" in url]
    desk_page.goto(f"/?lon={SPOT[0]}&lat={SPOT[1]}&zoom=16")
    expect(desk_page.locator("[data-part=seen-count]")).to_have_text(re.compile(r"当前范围 [1-9]\d* 件"))
    assert [url for url in asked if "cases.geojson" in url and "bbox" in url]


def test_what_fails_is_said_and_can_be_tried_again(desk_page: Page, site: str) -> None:
    desk_page.route("**/api/v1/cases.geojson*", lambda route: route.abort())
    desk_page.goto("/")
    problem = desk_page.locator("[data-part=problem]")
    expect(problem).to_contain_text("没有连上")
    desk_page.unroute("**/api/v1/cases.geojson*")
    problem.get_by_role("button").click()
    expect(problem).to_be_hidden()
    expect_drawn(desk_page, drawn_of(ask(f"{site}/api/v1/summary")))


def test_a_place_is_found_by_keyboard_alone(desk_page: Page) -> None:
    desk_page.goto("/")
    loaded(desk_page)
    box = desk_page.get_by_role("combobox", name="按名称查找地点")
    box.press_sequentially("水西镇示范02")
    expect(desk_page.get_by_role("option").first).to_be_visible()
    box.press("ArrowDown")
    name = desk_page.locator("[role=option][aria-selected=true] strong").inner_text()
    assert name.startswith("水西镇示范02")
    box.press("Enter")
    expect(desk_page.locator("#panel").get_by_role("heading", level=2)).to_contain_text(name)
    assert "place" in query(desk_page)


def test_on_a_phone_the_sheet_rises_and_the_place_stays_in_sight(phone: Page) -> None:
    lon, lat = SPOT
    phone.goto(f"/?{NO_CASES}&lon={lon}&lat={lat}&zoom=16")
    loaded(phone)
    handle = phone.locator("[data-part=handle]")
    expect(handle).to_have_attribute("aria-expanded", "false")
    assert rectangle(handle)["height"] >= 44
    phone.locator("#map").tap()
    expect(phone.locator("#panel")).to_contain_text("网格员")
    expect(handle).to_have_attribute("aria-expanded", "true")
    at_rest(phone)
    phone.wait_for_function(
        """() => document.querySelector('.here').getBoundingClientRect().bottom
                 <= document.querySelector('#panel').getBoundingClientRect().top"""
    )
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
