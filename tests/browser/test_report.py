"""Reporting, in a real browser: the whole trip, and the ways it can go wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ask

# Middles of second-level grids, one for each test that makes a case, so that no test finds another's.
DOORSTEPS = {
    "trip": (114.9239, 25.8545),
    "photo": (114.9165, 25.8517),
    "voice": (114.9202, 25.8521),
    "retry": (114.9144, 25.8515),
    "edited": (114.9187, 25.8523),
}
BEIJING = {"latitude": 39.9042, "longitude": 116.4074, "accuracy": 20}
LAMP = ("设施损坏", "路灯不亮")


def stand(page: Page, where: str, accuracy: float = 12) -> tuple[float, float]:
    """Put the device somewhere."""
    lon, lat = DOORSTEPS[where]
    page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": accuracy})
    return lon, lat


def choose(page: Page, group: str, kind: str) -> None:
    """Tap a larger kind, then the smaller one."""
    page.locator("label.report-tile", has_text=group).click()
    page.locator(".report-children:not([hidden]) label.report-tile", has_text=kind).click()


def fill_in(page: Page, text: str) -> None:
    """A whole report from where the device stands."""
    page.goto("/report/")
    page.get_by_role("button", name="定位到我").click()
    expect(page.locator("#answer")).to_contain_text("网格员")
    choose(page, *LAMP)
    page.get_by_label("情况", exact=True).fill(text)


def send(page: Page) -> None:
    """Send, saying of similar cases that they are something else."""
    page.locator("#send").click()
    expect(page.locator("#receipt, #similar").locator("visible=true").first).to_be_visible()
    if page.locator("#similar").is_visible():
        page.get_by_role("button", name="不是，继续上报").click()


def number_on(page: Page) -> str:
    """The number on the receipt."""
    expect(page.locator("#receipt")).to_be_visible()
    number = page.locator("#receipt-number").inner_text()
    assert re.fullmatch(r"\d{8}-\d{6}", number)
    return number


def lamps_near(site: str, lon: float, lat: float) -> list[dict[str, Any]]:
    """Cases about lamps within some ten metres, as everybody may read them."""
    box = f"{lon - 0.0001},{lat - 0.0001},{lon + 0.0001},{lat + 0.0001}"
    features: list[dict[str, Any]] = ask(f"{site}/api/v1/cases.geojson?bbox={box}&category=0301")["features"]
    return features


def jpeg(*, gps: tuple[float, float] | None = None) -> bytes:
    """A small photo, with the place it was taken at (longitude, latitude) written into it."""
    exif = Image.Exif()
    if gps:
        lon, lat = gps
        exif[0x8825] = {
            1: "N",
            2: (int(lat), 0, (lat - int(lat)) * 3600),
            3: "E",
            4: (int(lon), 0, (lon - int(lon)) * 3600),
        }
        exif[0x8769] = {0x9003: "2026:06:20 09:12:33"}
    written = io.BytesIO()
    Image.new("RGB", (640, 480), "#38761d").save(written, "JPEG", exif=exif)
    return written.getvalue()


def attach(page: Page, content: bytes, name: str = "lamp.jpg", kind: str = "image/jpeg") -> None:
    """Choose a photo."""
    page.locator("#photo-file").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(80):
        if page.locator(selector).evaluate("(it) => it === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with Tab")


@pytest.fixture
def faults() -> Iterator[Callable[[Page], None]]:
    """Fail the test when the page's own code fails."""
    seen: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: seen.append(str(error)))

    yield watch
    assert seen == []


def test_a_resident_reports_from_a_phone_and_follows_the_case(
    phone: Page, site: str, offsite: Callable[[Page], list[str]], faults: Callable[[Page], None]
) -> None:
    elsewhere = offsite(phone)
    faults(phone)
    lon, lat = stand(phone, "trip")
    located = ask(f"{site}/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84&accuracy=12")
    fill_in(phone, "3 号楼西边的路灯三天没亮了。")
    answer = phone.locator("#answer")
    expect(answer).to_contain_text(located["area"]["name"])
    expect(answer).to_contain_text(located["people"][0]["name"])
    expect(answer).to_contain_text("前办理（1 个工作日内）")
    expect(phone.locator(".report-pin")).to_be_visible()
    attach(phone, jpeg())
    expect(phone.locator(".report-photo")).to_have_count(1)
    send(phone)
    number = number_on(phone)

    (made,) = [it for it in lamps_near(site, lon, lat) if it["properties"]["number"] == number]
    assert made["properties"]["area"] == located["area"]["code"]
    assert made["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=1e-6)
    expect(phone.locator("#receipt-area")).to_have_text(located["area"]["name"])
    assert phone.locator("#receipt-qr").evaluate("(it) => it.complete && it.naturalWidth > 0")

    phone.get_by_role("link", name="查询进度").last.click()
    expect(phone.locator(".steps .current")).to_contain_text("问题收集")
    expect(phone.locator("main")).to_contain_text(located["people"][0]["name"])
    assert elsewhere == []


def test_the_pin_moves_by_tap_and_by_arrow_keys(desk_page: Page, faults: Callable[[Page], None]) -> None:
    faults(desk_page)
    desk_page.goto("/report/")
    expect(desk_page.locator("#map-loading")).to_have_count(0)
    desk_page.locator("#map").click()
    answer = desk_page.locator("#answer-empty")
    expect(answer).to_have_count(0)
    with desk_page.expect_request(lambda request: "/locate?" in request.url) as first:
        desk_page.keyboard.press("ArrowRight")
    with desk_page.expect_request(lambda request: "/locate?" in request.url) as second:
        desk_page.keyboard.press("Shift+ArrowRight")
    lon = [float(re.search(r"lon=([\d.]+)", it.value.url)[1]) for it in (first, second)]  # type: ignore[index]
    assert lon[0] < lon[1]


def test_a_link_from_the_map_brings_its_place_along(desk_page: Page, site: str) -> None:
    lon, lat = DOORSTEPS["trip"]
    located = ask(f"{site}/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84")
    desk_page.goto(f"/report/?lon={lon}&lat={lat}")
    expect(desk_page.locator("#answer")).to_contain_text(located["area"]["name"])
    expect(desk_page.locator(".report-pin")).to_be_visible()


def test_somebody_without_a_mouse_or_a_map_reports(desk_page: Page, faults: Callable[[Page], None]) -> None:
    faults(desk_page)
    desk_page.goto("/report/")
    tab_to(desk_page, "#without-map")
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator("#map")).to_be_hidden()
    expect(desk_page.locator("#place-words")).to_be_focused()
    desk_page.keyboard.type("示范01村第2网格1号楼")
    expect(desk_page.get_by_role("option").first).to_be_visible()
    desk_page.keyboard.press("ArrowDown")
    chosen = desk_page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(desk_page.locator("#place-words")).to_have_attribute(
        "aria-activedescendant", chosen.get_attribute("id") or ""
    )
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator("#answer")).to_contain_text("第2网格")
    tab_to(desk_page, "input[name=group][value='01']")
    desk_page.keyboard.press("Space")
    desk_page.keyboard.press("ArrowRight")
    desk_page.keyboard.press("ArrowRight")
    tab_to(desk_page, "[data-group='03'] input:first-of-type >> nth=0")
    desk_page.keyboard.press("Space")
    tab_to(desk_page, "#text")
    desk_page.keyboard.type("楼道口的路灯坏了")
    tab_to(desk_page, "#send")
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator("#receipt, #similar").locator("visible=true").first).to_be_visible()
    if desk_page.locator("#similar").is_visible():
        tab_to(desk_page, "#not-the-same")
        desk_page.keyboard.press("Enter")
    number_on(desk_page)
    expect(desk_page.locator("#receipt-title")).to_be_focused()


def test_the_same_thing_close_by_gets_one_more_voice_instead_of_a_second_case(
    open_page: Callable[..., Page], phone: Page, site: str
) -> None:
    lon, lat = stand(phone, "voice")
    fill_in(phone, "路灯不亮")
    send(phone)
    number = number_on(phone)
    phone.get_by_role("button", name="再报一件").click()
    expect(phone.locator("#text")).to_have_value("")

    fill_in(phone, "这里的灯坏了")
    card = phone.locator(".report-card", has_text=number)
    expect(card).to_be_visible()
    before = len(lamps_near(site, lon, lat))
    phone.locator("#send").click()
    expect(phone.locator("#similar-title")).to_be_focused()
    card.get_by_role("button", name="就是这件事").click()
    expect(phone.locator("#thanks")).to_contain_text(number)
    assert ask(f"{site}/api/v1/cases/{number}")["voices"] == 1
    assert len(lamps_near(site, lon, lat)) == before


def test_an_answer_lost_on_the_way_makes_no_second_case(phone: Page, site: str) -> None:
    lon, lat = stand(phone, "retry")
    arrived: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        arrived.append(answer.json()["number"])
        if len(arrived) == 1:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    phone.route("**/api/v1/cases", lose_the_first_answer)
    fill_in(phone, "井边的路灯不亮")
    attach(phone, jpeg())
    expect(phone.locator(".report-photo")).to_have_count(1)
    before = len(lamps_near(site, lon, lat))
    send_once = phone.locator("#send")
    send_once.click()
    expect(phone.locator("#failed")).to_contain_text("不会重复上报")

    phone.reload()
    expect(phone.locator("#restored")).to_be_visible()
    expect(phone.locator("#text")).to_have_value("井边的路灯不亮")
    expect(phone.locator(".report-photo")).to_have_count(1)
    send_once.click()
    assert number_on(phone) == arrived[0]
    assert arrived == [arrived[0]] * 2
    assert len(lamps_near(site, lon, lat)) == before + 1


def test_what_was_changed_after_a_lost_answer_is_not_thrown_away(phone: Page) -> None:
    stand(phone, "edited")
    sent: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        sent.append(route.fetch().json()["number"])
        route.abort("connectionreset")

    phone.route("**/api/v1/cases", lose_the_first_answer)
    fill_in(phone, "路灯不亮")
    phone.locator("#send").click()
    expect(phone.locator("#failed")).to_be_visible()
    phone.unroute("**/api/v1/cases")

    phone.get_by_label("情况", exact=True).fill("路灯不亮，有老人摔倒")
    phone.locator("#send").click()
    # The first sending did arrive, so it is offered as the same thing; insisting makes a case of its own.
    expect(phone.locator(".report-card", has_text=sent[0])).to_be_visible()
    phone.get_by_role("button", name="不是，继续上报").click()
    assert number_on(phone) != sent[0]


def test_a_draft_survives_a_reload_and_can_be_thrown_away(phone: Page) -> None:
    phone.goto("/report/")
    expect(phone.locator("#restored")).to_be_hidden()
    choose(phone, *LAMP)
    phone.get_by_label("情况", exact=True).fill("写到一半")
    phone.get_by_label("电话").fill("10000000000")
    phone.reload()
    expect(phone.locator("#text")).to_have_value("写到一半")
    expect(phone.locator("input[value='0301']")).to_be_checked()
    phone.get_by_role("button", name="清空重填").click()
    expect(phone.locator("#phone")).to_have_value("")
    phone.reload()
    expect(phone.locator("#restored")).to_be_hidden()
    expect(phone.locator("#text")).to_have_value("")


def test_a_photo_offers_the_place_it_was_taken_at(phone: Page, site: str) -> None:
    lon, lat = DOORSTEPS["photo"]
    stand(phone, "trip")
    fill_in(phone, "路灯不亮")
    attach(phone, jpeg(gps=(lon, lat)))
    expect(phone.locator("#photo-place")).to_contain_text("2026-06-20 09:12")
    expect(phone.locator("#photo-place")).to_contain_text("离图钉约")
    phone.get_by_role("button", name="用照片位置").click()
    there = ask(f"{site}/api/v1/locate?lon={lon}&lat={lat}&coord=wgs84")["area"]["name"]
    expect(phone.locator("#answer")).to_contain_text(there)


def test_photos_are_shown_removed_and_limited_to_six(phone: Page) -> None:
    phone.goto("/report/")
    many = [{"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": jpeg()} for i in range(8)]
    phone.locator("#photo-file").set_input_files(many)  # type: ignore[arg-type]
    expect(phone.locator(".report-photo")).to_have_count(6)
    expect(phone.locator("#photo-status")).to_contain_text("2 张没有加")
    expect(phone.locator("#photo-file")).to_be_disabled()
    phone.get_by_role("button", name="移除这张照片").first.click()
    expect(phone.locator(".report-photo")).to_have_count(5)
    expect(phone.locator("#photo-file")).to_be_enabled()


def test_a_file_that_is_no_photo_is_named(phone: Page) -> None:
    phone.goto("/report/")
    attach(phone, b"not a picture at all", "notes.heic", "image/heic")
    expect(phone.locator("#photo-status")).to_contain_text("notes.heic 不是能识别的照片")
    expect(phone.locator(".report-photo")).to_have_count(0)


def test_a_large_photo_is_made_smaller_before_it_is_sent(phone: Page) -> None:
    stand(phone, "photo")
    fill_in(phone, "路灯不亮")
    written = io.BytesIO()
    Image.effect_noise((3000, 2000), 80).convert("RGB").save(written, "JPEG", quality=95)
    attach(phone, written.getvalue())
    expect(phone.locator(".report-photo")).to_have_count(1)
    width = phone.locator(".report-photo img").evaluate("(it) => it.decode().then(() => it.naturalWidth)")
    assert width == 1600


def test_denied_location_says_so_and_leaves_a_way(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, permissions=[])
    page.goto("/report/")
    page.get_by_role("button", name="定位到我").click()
    expect(page.locator("#locate-status")).to_contain_text("没有允许使用位置")
    page.get_by_role("button", name="不用地图").click()
    expect(page.locator("#place-words")).to_be_focused()


def test_a_place_outside_the_district_is_refused_with_the_sites_sentence(phone: Page) -> None:
    phone.context.set_geolocation(BEIJING)  # type: ignore[arg-type]
    phone.goto("/report/")
    phone.get_by_role("button", name="定位到我").click()
    expect(phone.locator("#answer.is-bad")).to_be_visible()
    sentence = phone.locator("#answer").inner_text().strip()
    choose(phone, *LAMP)
    phone.get_by_label("情况", exact=True).fill("路灯不亮")
    phone.locator("#send").click()
    expect(phone.locator("#missing")).to_contain_text(sentence)
    expect(phone.locator("#receipt")).to_be_hidden()


def test_an_uncertain_fix_is_said_to_be_so(phone: Page) -> None:
    stand(phone, "trip", accuracy=190)
    phone.goto("/report/")
    phone.get_by_role("button", name="定位到我").click()
    expect(phone.locator("#answer")).to_contain_text("定位误差约 190 米")
    expect(phone.locator("#answer")).to_contain_text("也可能属于")


def test_what_is_missing_is_listed_and_leads_to_the_field(desk_page: Page) -> None:
    desk_page.goto("/report/")
    desk_page.locator("#send").click()
    expect(desk_page.locator("#missing li")).to_have_count(3)
    desk_page.get_by_role("link", name="请用一两句话").click()
    expect(desk_page.locator("#text")).to_be_focused()
    expect(desk_page.locator("#text")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("path", ["/report/", "/track/", "/sign-in/"])
def test_pages_fit_a_phone(phone: Page, path: str) -> None:
    phone.goto(path)
    phone.wait_for_load_state("networkidle")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    pressed = "main button:visible, main .btn:visible, main input:not([type=hidden]):not([type=file]):visible"
    small = phone.locator(pressed).evaluate_all(
        """(all) => all
            .filter((it) => it.getBoundingClientRect().height < 44 && !it.closest('.leaflet-bar'))
            .map((it) => it.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_a_wrong_code_tells_nothing_about_the_case(desk_page: Page) -> None:
    answer = desk_page.goto("/track/?number=20260101-000001&code=WRONG")
    assert answer is not None
    assert answer.status == 404
    expect(desk_page.get_by_role("alert")).to_contain_text("编号或查询码不对")
    expect(desk_page.locator(".steps")).to_have_count(0)


def test_one_click_fills_the_form_with_a_demonstration_account(desk_page: Page) -> None:
    desk_page.goto("/sign-in/")
    desk_page.get_by_role("button", name="网格长").click()
    desk_page.get_by_role("button", name="登录", exact=True).click()
    desk_page.wait_for_url("**/desk/")
    desk_page.get_by_role("button", name="退出").click()
    expect(desk_page.get_by_role("link", name="工作人员登录")).to_be_visible()


def test_a_wrong_password_is_said_without_saying_which_was_wrong(desk_page: Page) -> None:
    desk_page.goto("/sign-in/")
    desk_page.get_by_label("用户名").fill("nobody")
    desk_page.get_by_label("密码").fill("nothing")
    desk_page.get_by_role("button", name="登录", exact=True).click()
    expect(desk_page.get_by_role("alert")).to_contain_text("用户名或密码不对")
