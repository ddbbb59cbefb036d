"""Drawing in a draft, in a real browser: split, merge, hand over, undo; on a phone, by keyboard, and when it is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
import shapely
from playwright.sync_api import Page, Route, expect

from tests.browser.reading import rectangle
from tests.conftest import ROOT, Site
from tests.killing import until

COMMUNITY = "360702001001"
TOWN = COMMUNITY[:9]
BEGIN = """
import django; django.setup()
from django.utils import timezone
from gridmap.editions import drafts
import sys
print(drafts.begin(sys.argv[1], None, on=timezone.localdate(), by=None, at=timezone.now(), scope=sys.argv[2]).pk)
"""
# Leaflet's map, for finding the pixel of a place.
KEEP_MAP = """
Object.defineProperty(window, "L", {
  configurable: true,
  get() {},
  set(leaflet) {
    leaflet.Map.addInitHook(function () { window.theMap = this; });
    Object.defineProperty(window, "L", { value: leaflet, writable: true });
  },
});
"""


@pytest.fixture(scope="module")
def draft(server: Site) -> int:
    """A draft of one town on the running server."""
    environment = os.environ | {
        "DATABASE_URL": server.database_url,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "gridmap.settings",
    }
    made = subprocess.run(
        [sys.executable, "-c", BEGIN, "画图用的草稿", TOWN],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return int(made.stdout)


def ask(server: Site, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the server's database."""
    connection = psycopg2.connect(server.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    finally:
        connection.close()


def standing(server: Site, draft: int) -> dict[str, tuple[shapely.Geometry, int | None]]:
    """Shape and residents of the draft's grids."""
    rows = ask(
        server,
        "SELECT code, ST_AsBinary(geom), residents FROM gridmap_draftarea"
        " WHERE edition_id = %s AND replaced_by_id IS NULL AND length(code) = 15",
        draft,
    )
    return {code: (shapely.from_wkb(bytes(shape)), residents) for code, shape, residents in rows}


def check_whole(server: Site, draft: int, ground: float) -> None:
    shapes = [shape for shape, _ in standing(server, draft).values()]
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert sum(shape.area for shape in shapes) == pytest.approx(ground, rel=1e-12)


@pytest.fixture
def open_draft(server: Site, draft: int, sign_in: Callable[[Page, str], None]) -> Callable[[Page], Page]:
    """Open the page as the clerk of the town and wait until the draft is there."""

    def do(page: Page) -> Page:
        page.add_init_script(KEEP_MAP)
        sign_in(page, clerk(server))
        page.goto(f"/registry/editions/{draft}/draw/")
        expect(page.locator("[data-part=hint]")).to_have_text("点选要拆分的网格")
        expect(page.locator("#grid-words")).to_be_enabled()
        return page

    return do


def clerk(server: Site) -> str:
    """The showcase account of the centre of the town."""
    ((username,),) = ask(
        server,
        """SELECT u.username FROM gridmap_appointment a JOIN gridmap_person p ON p.code = a.person_id
             JOIN auth_user u ON u.id = p.user_id JOIN gridmap_organisation o ON o.code = a.organisation_id
            WHERE a.role = 'centre_clerk' AND o.area_id = %s AND u.password NOT LIKE '!%%' LIMIT 1""",
        TOWN,
    )
    return str(username)


def pixel(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place is in the window."""
    return tuple(  # type: ignore[return-value]
        page.evaluate(
            """([lon, lat]) => {
                const at = window.theMap.latLngToContainerPoint([lat, lon]);
                const box = window.theMap.getContainer().getBoundingClientRect();
                return [box.left + at.x, box.top + at.y];
            }""",
            [lon, lat],
        )
    )


def click(page: Page, lon: float, lat: float, *, double: bool = False) -> None:
    x, y = pixel(page, lon, lat)
    page.mouse.move(x, y)
    (page.mouse.dblclick if double else page.mouse.click)(x, y)


def choose(page: Page, *codes: str) -> None:
    """By keyboard, as one who cannot see the map would."""
    for code in codes:
        page.locator("#grid-words").fill(code)
        page.locator("#grid-words").press("Enter")
        expect(page.locator("[data-part=chosen]")).to_contain_text(code)


def expect_names(page: Page, ground: shapely.Geometry, number: int) -> None:
    """So many grids are named on this ground."""
    find = """() => [...document.querySelectorAll(".ground-name-grid")].map((it) => {
        const box = window.theMap.getContainer().getBoundingClientRect();
        const at = it.getBoundingClientRect();
        const { lng, lat } = window.theMap.containerPointToLatLng([at.left - box.left, at.top - box.top]);
        return [lng, lat];
    })"""
    until(lambda: shapely.contains(ground, shapely.points(page.evaluate(find))).sum() == number)


def confirm(page: Page, words: str) -> None:
    button = page.get_by_role("button", name=words, exact=True)
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("[data-part=hint]")).to_contain_text("(")


def undo(page: Page) -> None:
    steps, button = page.locator("[data-part=steps] li"), page.get_by_role("button", name="撤销")
    expect(button).to_be_enabled()
    left = steps.count() - 1
    button.click()
    expect(steps).to_have_count(left)
    expect(page.locator("[data-part=hint]")).to_contain_text("已撤销")


def ends(shape: shapely.Geometry) -> tuple[tuple[float, float], tuple[float, float]]:
    """A little past a shape on both sides, through its middle."""
    _, south, _, north = shape.bounds
    middle = shape.point_on_surface()
    return (middle.x, south - (north - south) * 0.06), (middle.x, north + (north - south) * 0.06)


def beside(shapes: dict[str, shapely.Geometry], below: str = COMMUNITY) -> tuple[str, str, shapely.LineString]:
    """Two grids of a community and the longest stretch they share."""
    found = []
    codes = [code for code in shapes if code.startswith(below)]
    for one in codes:
        for other in codes:
            shared = shapely.line_merge(shapes[one].intersection(shapes[other]))
            if one < other and shared.length > 0:
                longest = max(shapely.get_parts(shared), key=lambda it: it.length)
                found.append((longest.length, one, other, longest))
    _, one, other, longest = max(found, key=lambda it: it[0])
    return one, other, longest


def test_split_merge_and_hand_over_each_undone(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page], offsite: Callable[[Page], list[str]]
) -> None:
    elsewhere = offsite(desk_page)
    page = open_draft(desk_page)
    before = standing(server, draft)
    ground = sum(shape.area for shape, _ in before.values())
    code = f"{COMMUNITY}001"

    # Split: click the grid, click a line, look, confirm.
    choose(page, code)
    page.keyboard.press("Escape")
    middle = before[code][0].point_on_surface()
    click(page, middle.x, middle.y)
    expect(page.locator("[data-part=chosen]")).to_contain_text(code)
    first, last = ends(before[code][0])
    click(page, *first)
    expect(page.locator("[data-part=preview]")).to_be_hidden()
    click(page, *last, double=True)
    rows = page.locator(".draw-pieces tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("新编码")
    expect(rows.nth(0)).to_contain_text("平方米")
    expect(page.locator(".draw-label")).to_have_count(2)
    assert standing(server, draft).keys() == before.keys()
    confirm(page, "确认拆分")
    after = standing(server, draft)
    (new,) = after.keys() - before.keys()
    registered = ask(server, "SELECT residents FROM gridmap_area WHERE code = %s", code)[0][0]
    assert after[code][1] + after[new][1] == registered  # type: ignore[operator]
    check_whole(server, draft, ground)
    # The map names what the draft has, not what is in force.
    expect_names(page, before[code][0], 2)
    expect(page.locator("[data-part=steps] li")).to_have_count(2)
    expect(page.locator("[data-part=steps] li").first).to_contain_text("拆分 ")

    # Merge the two again.
    page.get_by_role("button", name="合并", exact=True).click()
    choose(page, code, new)
    expect(page.locator("[data-part=preview]")).to_contain_text(f"{new} 不再使用")
    confirm(page, "确认合并")
    merged = standing(server, draft)
    assert merged.keys() == before.keys()
    expect_names(page, before[code][0], 1)
    assert merged[code][1] == registered
    check_whole(server, draft, ground)

    # Hand a strip over: a ring around the middle of the shared line.
    giver, taker, shared = beside({it: shape for it, (shape, _) in merged.items()})
    page.get_by_role("button", name="划转", exact=True).click()
    choose(page, giver, taker)
    half = shared.length / 5
    at = shared.interpolate(0.5, normalized=True)
    for x, y in ((-half, -half), (half, -half), (half, half), (-half, half)):
        click(page, at.x + x, at.y + y)
    click(page, at.x - half, at.y - half)
    expect(page.locator(".draw-pieces tbody tr")).to_have_count(2)
    confirm(page, "确认划转")
    handed = standing(server, draft)
    assert handed[giver][0].area < merged[giver][0].area
    assert handed[taker][0].area > merged[taker][0].area
    check_whole(server, draft, ground)

    for stage in (merged, after, before):
        undo(page)
        now = standing(server, draft)
        assert {code: (shapely.to_wkb(shape), people) for code, (shape, people) in now.items()} == {
            code: (shapely.to_wkb(shape), people) for code, (shape, people) in stage.items()
        }
    expect(page.get_by_role("button", name="撤销")).to_be_disabled()
    assert elsewhere == []


def test_a_line_that_ends_inside_is_said_and_shown(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(desk_page)
    code = f"{COMMUNITY}002"
    choose(page, code)
    shape, _ = standing(server, draft)[code]
    inside = shape.point_on_surface()
    click(page, *ends(shape)[0])
    click(page, inside.x, inside.y)
    expect(page.locator("[data-part=problem]")).to_be_hidden()
    page.locator("#map").press("Enter")
    expect(page.locator("[data-part=problem]")).to_contain_text("没有完全穿过网格")
    expect(page.get_by_role("button", name="确认拆分")).to_be_disabled()
    # Going on cures it; taking a point away makes it unfinished again.
    click(page, *ends(shape)[1])
    expect(page.locator("[data-part=problem]")).to_be_hidden()
    expect(page.get_by_role("button", name="确认拆分")).to_be_enabled()
    page.locator("#map").press("Backspace")
    expect(page.get_by_role("button", name="确认拆分")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=hint]")).to_contain_text("画一条线穿过网格")
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=hint]")).to_have_text("点选要拆分的网格")


def test_what_is_chosen_while_the_draft_is_read_anew_is_taken_up(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(desk_page)
    before = standing(server, draft)
    one, other, _ = beside({code: shape for code, (shape, _) in before.items()})
    by_words, by_click = sorted(before.keys() - {one, other})[:2]
    middle = before[by_click][0].point_on_surface()
    page.get_by_role("button", name="合并", exact=True).click()
    choose(page, one, other)
    held: list[Route] = []
    page.route("**/draft.geojson", lambda route: route.continue_() if held else held.append(route))
    confirm(page, "确认合并")
    expect(page.locator("[data-part=hint]")).to_contain_text("正在保存并重新读取草稿…")
    page.locator("#grid-words").fill(by_words)
    page.locator("#grid-words").press("Enter")
    expect(page.locator("[data-part=hint]")).to_contain_text("读完接着办")
    expect(page.locator("[data-part=chosen] li")).to_have_count(0)
    click(page, middle.x, middle.y)
    held[0].continue_()
    expect(page.locator("[data-part=chosen] li")).to_have_count(2)
    expect(page.locator("[data-part=chosen]")).to_contain_text(by_words)
    expect(page.locator("[data-part=chosen]")).to_contain_text(by_click)
    page.keyboard.press("Escape")
    undo(page)


def test_a_click_beside_the_draft_is_answered(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(desk_page)
    west, _, _, north = shapely.union_all([shape for shape, _ in standing(server, draft).values()]).bounds
    click(page, west, north)
    expect(page.locator("[data-part=problem]")).to_contain_text("这里没有草稿中的网格")


def test_what_somebody_else_changed_is_said_and_read_anew(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(desk_page)
    one, other, _ = beside({code: shape for code, (shape, _) in standing(server, draft).items()})
    page.get_by_role("button", name="合并", exact=True).click()
    choose(page, one, other)
    expect(page.get_by_role("button", name="确认合并")).to_be_enabled()
    merged_elsewhere(page, server, draft, one, other)
    page.get_by_role("button", name="确认合并").click()
    expect(page.locator("[data-part=problem]")).to_contain_text("已被他人修改")
    expect(page.locator("[data-part=steps] li")).to_have_count(2)
    undo(page)


def merged_elsewhere(page: Page, server: Site, draft: int, *codes: str) -> None:
    """The same, done by somebody at another desk."""
    ((step,),) = ask(server, "SELECT max(id) FROM gridmap_draftstep WHERE edition_id = %s", draft)
    status = page.evaluate(
        """([address, step, codes]) => {
            const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
            return fetch(address, {
                method: "POST",
                headers: { "X-CSRFToken": token },
                body: new URLSearchParams({ step, codes }),
            }).then((answer) => answer.status);
        }""",
        [f"/registry/editions/{draft}/edits/merge", step, ",".join(codes)],
    )
    assert status == 200


def test_on_a_phone_it_fits_and_a_finger_draws(
    server: Site, draft: int, phone: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tools = rectangle(page.locator(".draw-tools"))
    assert tools["y"] + tools["height"] == pytest.approx(844, abs=1)
    code = f"{COMMUNITY}003"
    choose(page, code)
    shape, _ = standing(server, draft)[code]
    for place in ends(shape):
        page.touchscreen.tap(*pixel(page, *place))
    expect(page.locator(".draw-pieces tbody tr")).to_have_count(2)
    button = page.get_by_role("button", name="确认拆分")
    box = rectangle(button)
    assert box["y"] + box["height"] <= tools["y"] + 1
    page.get_by_role("button", name="取消").click()
    expect(page.locator("[data-part=preview]")).to_be_hidden()


def test_the_keyboard_alone_draws(
    server: Site, draft: int, desk_page: Page, open_draft: Callable[[Page], Page]
) -> None:
    page = open_draft(desk_page)
    code = f"{COMMUNITY}001"
    choose(page, code)
    page.locator("#map").focus()
    shape, _ = standing(server, draft)[code]
    for lon, lat in ends(shape):
        page.evaluate(
            "([lon, lat]) => { window.theMap.setView([lat, lon], undefined, { animate: false }); }", [lon, lat]
        )
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="确认拆分")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=hint]")).to_contain_text("(split, people by buildings)")
    kinds = ask(server, "SELECT kind FROM gridmap_draftstep WHERE edition_id = %s ORDER BY id DESC LIMIT 1", draft)
    assert kinds == [("split",)]
    undo(page)
