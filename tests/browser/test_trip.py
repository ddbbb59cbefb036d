"""The whole trip of one report: from a phone at the place to the right desk, the map and GeoJSON, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.reading import ask, expect_drawn, loaded
from tests.browser.showcase import CHIEF, CLERK, GRID, WORKER, picture, report
from tests.browser.test_report import choose, number_on

if TYPE_CHECKING:
    SignIn = Callable[[Page, str], None]


WORDS = "桥头第三根灯杆夜里不亮"
NAME, TELEPHONE = "周小满", "10000004321"


def test_a_report_lands_where_it_belongs_and_nowhere_else(
    phone: Page,
    open_page: Callable[..., Page],
    site: str,
    sign_in: SignIn,
    stranger: str,
    offsite: Callable[[Page], list[str]],
) -> None:
    elsewhere = offsite(phone)
    earlier = report(site, "早先有人报过的路灯")
    place = ask(f"{site}/api/v1/cases/{earlier}")["point"]
    phone.context.set_geolocation({"longitude": place["lon"], "latitude": place["lat"], "accuracy": 8})

    # At the place: found, told who answers, shown what is already reported, and sent all the same.
    phone.goto("/report/")
    phone.get_by_role("button", name="定位到我").tap()
    located = ask(f"{site}/api/v1/locate?lon={place['lon']}&lat={place['lat']}&coord=wgs84")
    assert located["area"]["code"] == GRID
    expect(phone.locator("#answer")).to_contain_text(located["area"]["name"])
    expect(phone.locator("#answer")).to_contain_text(located["people"][0]["name"])
    expect(phone.locator(".report-pin")).to_be_visible()
    choose(phone, "设施损坏", "路灯不亮")
    phone.get_by_label("情况", exact=True).fill(WORDS)
    phone.locator("#photo-file").set_input_files(picture())
    expect(phone.locator(".report-photo")).to_have_count(1)
    phone.get_by_label("称呼").fill(NAME)
    phone.get_by_label("电话", exact=True).fill(TELEPHONE)
    phone.locator("#send").tap()
    expect(phone.locator("#similar")).to_contain_text("路灯不亮")
    phone.get_by_role("button", name="不是，继续上报").tap()
    number = number_on(phone)
    assert elsewhere == []

    # In GeoJSON and on the map: that it exists, and nothing that was said in confidence.
    features = ask(f"{site}/api/v1/cases.geojson?area={GRID}&state=reported")["features"]
    (made,) = [it for it in features if it["properties"]["number"] == number]
    assert made["properties"]["category_name"] == "路灯不亮"
    public = json.dumps([made, ask(f"{site}/api/v1/cases/{number}")], ensure_ascii=False)
    for secret in (WORDS, NAME, TELEPHONE):
        assert secret not in public
    desk = open_page(viewport={"width": 1440, "height": 900})
    desk.goto(f"/?area={GRID}&state=reported")
    loaded(desk)
    expect_drawn(desk, len(features))

    # On the desks of its worker, its chief and its street centre, whole but with the reporter masked.
    for somebody in (WORKER, CHIEF, CLERK):
        page = open_page(viewport={"width": 1440, "height": 900})
        sign_in(page, somebody)
        page.goto("/desk/?show=all")
        expect(page.locator(f"[data-number='{number}']")).to_contain_text(WORDS)
        page.goto(f"/cases/{number}/")
        expect(page.locator("main")).to_contain_text("100****4321")
        expect(page.locator("body")).not_to_contain_text(TELEPHONE)

    # On no other desk, and behind no other door.
    page = open_page(viewport={"width": 1440, "height": 900})
    sign_in(page, stranger)
    page.goto("/desk/")
    expect(page.locator(f"[data-number='{number}']")).to_have_count(0)
    answer = page.goto(f"/cases/{number}/")
    assert answer is not None
    assert answer.status == 404
