"""The layers on a phone: everything fits, fingers find it, and nothing hides what matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ASKED, LAYERS, PERIOD, YEAR_BEFORE, rectangle, shown, too_small


def test_on_a_phone_the_sheet_hides_neither_waiting_nor_failing(phone: Page) -> None:
    held: list[Route] = []
    phone.route("**/api/v1/density*", lambda route: held.append(route))
    # That it is waited for is said before it is asked for.
    with phone.expect_request("**/api/v1/density*"):
        phone.goto("/?layer=density")
    waiting = phone.locator("#layers-loading")
    expect(waiting).to_have_text("正在读取…")
    box, sheet = rectangle(waiting), rectangle(phone.locator("#panel"))
    assert box["y"] + box["height"] < sheet["y"]
    expect(phone.locator("[data-part=handle]")).to_have_attribute("aria-expanded", "false")
    held[0].abort()
    expect(waiting).to_be_hidden()
    expect(phone.locator("[data-part=handle]")).to_have_attribute("aria-expanded", "true")
    expect(phone.locator("[data-part=problem]")).to_be_in_viewport(ratio=1)


def test_on_a_phone_fingers_find_everything(phone: Page, found: Callable[[str], Any]) -> None:
    found(ASKED)
    for layer in LAYERS:
        phone.goto(f"/?layer={layer}&{PERIOD}")
        shown(phone)
        phone.locator("[data-part=handle]").tap()
        phone.locator("[data-part=filters]").evaluate("it => { it.open = true; }")
        assert too_small(phone) == [], layer


def test_on_a_phone_every_layer_fits_and_two_maps_lie_one_over_the_other(phone: Page) -> None:
    for layer in ("density", "overdue", "coverage", "ground"):
        phone.goto(f"/?layer={layer}&{PERIOD}")
        shown(phone)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        for tab in phone.locator(".map-tab").all():
            box = rectangle(tab)
            assert box["height"] >= 44
            assert box["x"] + box["width"] <= 390
    phone.goto(f"/?layer=density&{PERIOD}&before={'..'.join(YEAR_BEFORE)}")
    shown(phone)
    upper, lower = rectangle(phone.locator("#map")), rectangle(phone.locator("[data-part=second]"))
    assert upper["y"] + upper["height"] <= lower["y"]
    assert upper["width"] == lower["width"]
    # Nothing lies over what is compared.
    tabs, words = rectangle(phone.locator("#layers")), rectangle(phone.locator(".map-period").first)
    drawn, note = rectangle(phone.locator("#map img.density")), rectangle(phone.locator("#map .ground-note"))
    assert tabs["y"] + tabs["height"] <= upper["y"]
    assert words["y"] + words["height"] <= drawn["y"]
    assert drawn["y"] + drawn["height"] <= note["y"]
