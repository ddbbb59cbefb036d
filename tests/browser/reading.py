"""Reading the site as a person does: what the map has drawn, what its legend and lists say, where things stand on a page."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.conftest import PATIENCE_S

LAYERS = ("cases", "density", "hotspots", "overdue", "coverage", "ground")
# A year that is looked at, and the one before; in an address of the map, and as a server is asked, the last day no longer meant.
YEAR, YEAR_BEFORE = ("2025-07-01", "2026-06-30"), ("2024-07-01", "2025-06-30")
PERIOD = f"since={YEAR[0]}&until={YEAR[1]}"
ASKED = "since=2025-07-01&until=2026-07-01"
ASKED_BEFORE = "since=2024-07-01&until=2025-07-01"


def ask(address: str) -> Any:
    """The JSON an address answers."""
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def loaded(page: Page) -> None:
    """Wait until the cases are there and the map has come to rest."""
    expect(page.locator("[data-part=loading]")).to_be_hidden()
    expect(page.locator("[data-figure=collected]")).not_to_have_text("…")
    at_rest(page)


def at_rest(page: Page) -> None:
    """Wait until the address has not changed for a while: it is written whenever the map stops moving."""
    page.wait_for_function(
        """() => {
            const { search } = location;
            if (window.lastSearch?.search !== search) {
                window.lastSearch = { search, at: performance.now() };
            }
            return performance.now() - window.lastSearch.at > 600;
        }"""
    )


def drawn(page: Page) -> int:
    """How many cases the clusters and single markers on the map stand for."""
    clusters = page.locator("#map .cluster-icon b").all_inner_texts()
    return sum(int(text) for text in clusters) + page.locator("#map .pin").count()


def expect_drawn(page: Page, count: int) -> None:
    """Clusters are built in pieces: wait for the last."""
    page.wait_for_function(
        """count => [...document.querySelectorAll('#map .cluster-icon b')].reduce((n, b) => n + Number(b.textContent), 0)
                    + document.querySelectorAll('#map .pin').length === count""",
        arg=count,
    )


def drawn_of(summary: dict[str, Any]) -> int:
    """How many cases the map shows: those merged into others too, which are not counted as collected."""
    return sum(summary["states"].values())


def query(page: Page) -> dict[str, str]:
    """The parameters of its address."""
    return query_of(page.url)


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each given once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def shown(page: Page) -> None:
    """Wait until the layer is drawn."""
    expect(page.locator("#layers-loading")).to_be_hidden()
    expect(page.locator("#legend")).to_be_visible()
    at_rest(page)


def part(page: Page, name: str) -> Locator:
    """A part of the layer that is shown."""
    return page.locator(f".map-layer:not([hidden]) [data-part={name}]")


def legend(page: Page) -> dict[str, int]:
    """Counts by class, as the legend shows them."""
    rows = page.locator("#legend [data-class]")
    return {
        str(row.get_attribute("data-class")): int(row.locator(".legend-n").first.inner_text() or 0)
        for row in rows.all()
    }


def pick(page: Page, title: str) -> None:
    """Choose a layer by its tab."""
    page.locator(".map-tab", has_text=title).click()


def listed(page: Page) -> int:
    """How many cases the list beside the map has."""
    words = page.locator("[data-part=seen-count]")
    expect(words).to_have_text(re.compile(r"当前范围 \d+ 件"))
    found = re.fullmatch(r"当前范围 (\d+) 件(，共 \d+ 件)?", words.inner_text())
    assert found
    assert not found[2], "some lie outside what the map shows"
    return int(found[1])


def too_small(page: Page) -> list[str]:
    """What a finger may miss, less than 44 pixels either way: all but the circles and pins on the map."""
    found: list[str] = page.locator("a, button, input, select, summary").evaluate_all(
        """all => all.map(it => it.closest('label') ?? it).filter(it => {
            const { width, height } = it.getBoundingClientRect();
            return width > 1 && height > 1 && (width < 43.5 || height < 43.5);
        }).map(it => it.outerHTML.slice(0, 120))"""
    )
    return found


def rectangle(it: Locator) -> FloatRect:
    """Where it stands on the page, in pixels; it must be there."""
    found = it.bounding_box()
    assert found is not None
    return found
