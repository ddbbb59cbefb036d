"""Past and coming days on the one map: the slider, what an edition changed, and who answered then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ask, at_rest, loaded, query, rectangle
from tests.conftest import Site

FIRST = "2024-01-01"  # before the demonstration's last day, after its first edition
KEPT, GONE = "360702003005002", "360702003005003"

# One grid is joined to its neighbour from that day on.
JOIN = """
    WITH edition AS (
        INSERT INTO gridmap_edition (name, state, scope, source, schematic, valid_from, created_at, published_at)
        VALUES ('二〇二四年调整', 'published', '', '', true, %(day)s, now(), now()) RETURNING id),
    ended AS (
        UPDATE gridmap_boundary SET valid_until = %(day)s WHERE area_id IN (%(kept)s, %(gone)s)
        RETURNING geom)
    INSERT INTO gridmap_boundary (area_id, edition_id, geom, valid_from, former_name)
    SELECT %(kept)s, edition.id, ST_Multi(joined.geom), %(day)s, ''
    FROM edition, (SELECT ST_Union(geom) AS geom FROM ended) AS joined"""


@pytest.fixture(scope="module")
def site(start_server: Callable[[str], AbstractContextManager[Site]]) -> Iterator[str]:
    """A server whose map has two editions."""
    with start_server("days") as running:
        database = psycopg2.connect(running.database_url)
        with database, database.cursor() as cursor:
            cursor.execute(JOIN, {"day": FIRST, "kept": KEPT, "gone": GONE})
        database.close()
        yield running.url


@pytest.fixture
def gone(site: str) -> tuple[float, float]:
    """A point in what is no grid of its own any more."""
    ring = ask(f"{site}/api/v1/areas/{GONE}?on=2023-06-01")["geometry"]["coordinates"][0][0]
    found = [(x, y) for x, y in _inside(ring) if _code(site, x, y, "2023-06-01") == GONE]
    return found[0]


def _inside(ring: list[list[float]]) -> list[tuple[float, float]]:
    """The middle of the ring, and points half-way from there to its corners."""
    x, y = (sum(it[i] for it in ring[:-1]) / (len(ring) - 1) for i in (0, 1))
    return [(x, y), *(((x + it[0]) / 2, (y + it[1]) / 2) for it in ring[:-1])]


def _code(site: str, lon: float, lat: float, on: str = "") -> str:
    day = f"&on={on}" if on else ""
    found = ask(f"{site}/api/v1/locate?lon={lon}&lat={lat}&coord=cgcs2000{day}")
    return str(found["area"]["code"])


def test_the_slider_moves_between_editions_and_points_out_what_changed(
    desk_page: Page, site: str, gone: tuple[float, float]
) -> None:
    asked: list[str] = []
    desk_page.on("request", lambda request: asked.append(request.url))
    first, second = ask(f"{site}/api/v1/editions")
    desk_page.goto(f"/?lon={gone[0]}&lat={gone[1]}&zoom=16")
    loaded(desk_page)
    box = desk_page.locator("#days")
    box.locator("summary").click()
    slider = desk_page.get_by_role("slider", name="在各边界版本之间移动")
    expect(slider).to_have_value("1")
    expect(box).to_contain_text("二〇二四年调整")
    assert not [url for url in asked if "edition=" in url]

    slider.focus()
    slider.press("ArrowLeft")
    expect(box.locator("[data-part=day-now]")).to_have_text(first["valid_from"])
    expect(slider).to_have_attribute("aria-valuetext", f"{first['name']}，{first['valid_from']} 起")
    for word in ("changed", "gone"):
        expect(box.locator(f"[data-part=day-{word}-legend]")).to_be_hidden()
    expect(desk_page.locator("#day-note")).to_contain_text("事项是今天的")
    assert query(desk_page)["on"] == first["valid_from"]

    slider.press("ArrowRight")
    expect(box.locator("[data-part=day-changed]")).to_have_text("二级网格 1 个")
    expect(box.locator("[data-part=day-changed-legend]")).to_contain_text("实线")
    expect(box.locator("[data-part=day-gone-legend]")).to_contain_text("虚线，这一版撤销的原界线：二级网格 1 个")
    assert query(desk_page)["on"] == FIRST
    at_rest(desk_page)
    assert [url for url in asked if f"edition={second['id']}" in url and f"on={FIRST}" in url]
    wait_for_pixels(desk_page, ORANGE, "> 5000")
    wait_for_pixels(desk_page, VIOLET, "> 300")

    box.get_by_role("button", name="今天").click()
    expect(box.locator("[data-part=day-now]")).to_have_text("今天")
    expect(desk_page.locator("#day-note")).to_be_hidden()
    assert "on" not in query(desk_page)
    for colour in (ORANGE, VIOLET):
        wait_for_pixels(desk_page, colour, "== 0")
    desk_page.go_back()
    expect(box.locator("[data-part=day-changed]")).to_have_text("二级网格 1 个")


# What is tinted as changed, and the lines of what is gone.
ORANGE = "data[i] > 150 && data[i + 2] < 60"
VIOLET = "data[i] < 100 && data[i + 2] > 110"


def wait_for_pixels(page: Page, like: str, number: str) -> None:
    """Until so many pixels of the map are like that."""
    page.wait_for_function(
        f"""() => [...document.querySelectorAll('.leaflet-changes-pane canvas')].reduce((sum, canvas) => {{
            const {{ data }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let n = 0;
            for (let i = 0; i < data.length; i += 4) {{ n += {like} && data[i + 3] > 40; }}
            return sum + n;
        }}, 0) {number}"""
    )


def test_areas_still_on_their_way_when_the_editions_are_known_are_drawn(desk_page: Page) -> None:
    held: list[Route] = []
    desk_page.route("**/areas.geojson?level=community*", lambda route: held.append(route))
    with desk_page.expect_request("**/areas.geojson?level=community*"):
        desk_page.goto("/?lon=114.9344&lat=25.8714&zoom=14&state=refused")
    loaded(desk_page)
    expect(desk_page.locator("#days")).to_be_visible()
    for route in held:
        route.continue_()
    expect(desk_page.locator(".ground-name-community")).not_to_have_count(0)


def test_a_link_to_a_day_asks_everything_of_that_day(desk_page: Page, site: str, gone: tuple[float, float]) -> None:
    assert _code(site, *gone) == KEPT
    asked: list[str] = []
    desk_page.on("request", lambda request: asked.append(request.url))
    desk_page.goto(f"/?on=2023-06-01&place={gone[0]},{gone[1]}&lon={gone[0]}&lat={gone[1]}&zoom=16")
    loaded(desk_page)
    panel = desk_page.locator("#panel")
    then = ask(f"{site}/api/v1/locate?lon={gone[0]}&lat={gone[1]}&coord=wgs84&on=2023-06-01")
    assert then["area"]["code"] == GONE
    expect(panel.get_by_role("heading", level=2)).to_have_text(then["area"]["name"])
    expect(panel).to_contain_text("按 2023-06-01 的边界和任职")
    expect(desk_page.locator("#days")).to_have_attribute("open", "")
    drawn = [url for url in asked if "areas.geojson" in url or "/locate" in url]
    assert drawn
    assert [url for url in drawn if "on=2023-06-01" not in url] == []

    desk_page.locator("#days").get_by_role("button", name="今天").click()
    now = ask(f"{site}/api/v1/locate?lon={gone[0]}&lat={gone[1]}&coord=wgs84")
    expect(panel.get_by_role("heading", level=2)).to_have_text(now["area"]["name"])
    expect(panel).not_to_contain_text("的边界和任职")


def test_any_day_can_be_asked_and_one_before_the_first_is_said_to_be_empty(desk_page: Page) -> None:
    desk_page.goto("/?on=1999-12-31")
    loaded(desk_page)
    expect(desk_page.locator("#map-status")).to_contain_text("1999-12-31 还没有生效的边界")
    expect(desk_page.locator("[data-part=day-edition]")).to_have_text("还没有生效的边界")
    expect(desk_page.locator(".ground-name-town")).to_have_count(0)
    desk_page.get_by_label("看哪一天的边界").fill("2023-06-01")
    expect(desk_page.locator("#map-status")).to_be_hidden()
    assert query(desk_page)["on"] == "2023-06-01"
    # The map stands on the district all the same: its towns are named.
    expect(desk_page.locator(".ground-name-town").filter(has_text="水西镇")).to_have_count(1)


def test_on_a_phone_the_box_leaves_sheet_and_search_free(phone: Page) -> None:
    phone.goto("/?on=2024-06-01")
    loaded(phone)
    phone.locator("#days summary").tap()
    expect(phone.locator("[data-part=day-gone-legend]")).to_be_visible()
    box, sheet, search = (rectangle(phone.locator(it)) for it in ("#days", "#panel", "#search"))
    assert search["y"] + search["height"] <= box["y"]
    assert box["y"] + box["height"] <= sheet["y"]
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
