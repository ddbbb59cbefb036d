"""The layers of the one map: legends count as the data say, numbers open what they count, an address shows all of it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect
from shapely.geometry import shape

from tests.browser.test_map import ask, at_rest, loaded, query
from tests.conftest import PATIENCE_S, ROOT, Site

YEAR, YEAR_BEFORE = ("2025-07-01", "2026-06-30"), ("2024-07-01", "2025-06-30")
PERIOD = f"since={YEAR[0]}&until={YEAR[1]}"
# As a server is asked: the first day no longer meant.
ASKED = "since=2025-07-01&until=2026-07-01"
ASKED_BEFORE = "since=2024-07-01&until=2025-07-01"
LAYERS = ("cases", "density", "hotspots", "overdue", "coverage", "ground")


@pytest.fixture(scope="session")
def found(server: Site) -> Callable[[str], Any]:
    """Hot spots as asked for, which a process beside the server finds."""

    def find(asked: str) -> Any:
        address = f"{server.url}/api/v1/hotspots?{asked}"
        if ask(address)["status"] != "ready":
            work(server)
        return ask(address)

    return find


def work(server: Site) -> None:
    """Do what the sweep does for hot spots, and nothing else of it: the other tests' cases stay as they are."""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", "from cases.hotspots import find\nwhile find(): pass"],
        check=True,
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": server.database_url, "DEBUG": "1"},
        timeout=PATIENCE_S,
    )


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


def test_a_filter_changes_every_layer_and_stays(desk_page: Page, site: str, found: Callable[[str], Any]) -> None:
    hot = found(f"{ASKED}&category=03")
    desk_page.goto(f"/?layer=density&{PERIOD}")
    shown(desk_page)
    whole = ask(f"{site}/api/v1/density?{ASKED}")["n"]
    expect(part(desk_page, "n")).to_have_text(f"{whole} 件")
    desk_page.locator("[data-part=filters] summary").click()
    desk_page.get_by_label("类别").select_option("03")
    narrowed = ask(f"{site}/api/v1/density?{ASKED}&category=03")["n"]
    assert 0 < narrowed < whole
    expect(part(desk_page, "n")).to_have_text(f"{narrowed} 件")
    assert query(desk_page)["category"] == "03"

    pick(desk_page, "热点")
    expect(part(desk_page, "n")).to_have_text(f"{hot['n']} 件")
    pick(desk_page, "超期哨")
    expect(part(desk_page, "open")).to_have_text(
        str(ask(f"{site}/api/v1/overdue?{ASKED}&category=03")["total"]["open"])
    )
    pick(desk_page, "部门到位")
    rows = ask(f"{site}/api/v1/coverage?{ASKED}&category=03")["rows"]
    expect(part(desk_page, "demanded")).to_have_text(str(sum(row["demanded"] for row in rows)))
    pick(desk_page, "事项")
    collected = ask(f"{site}/api/v1/summary?{ASKED}&category=03")["collected"]
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(collected))

    desk_page.get_by_role("button", name=re.compile("去掉筛选：")).first.click()
    assert "category" not in query(desk_page)
    desk_page.go_back()
    desk_page.go_back()
    expect(desk_page.locator("#layer-coverage")).to_be_visible()
    assert query(desk_page)["category"] == "03"


def test_a_filter_a_layer_does_not_know_stays_and_is_said_so(desk_page: Page, found: Callable[[str], Any]) -> None:
    found(ASKED)
    desk_page.goto(f"/?layer=hotspots&{PERIOD}&state=closed")
    shown(desk_page)
    chip = desk_page.get_by_role("button", name="去掉筛选：已结项，本图层不用")
    expect(chip).to_be_visible()
    pick(desk_page, "事项")
    loaded(desk_page)
    expect(desk_page.get_by_role("button", name="去掉筛选：已结项", exact=True)).to_be_visible()


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


def test_density_says_what_its_colours_are_and_that_it_tests_nothing(desk_page: Page, site: str) -> None:
    desk_page.goto(f"/?layer=density&{PERIOD}")
    shown(desk_page)
    answer = ask(f"{site}/api/v1/density?{ASKED}")
    box = desk_page.locator("#legend")
    expect(box).to_contain_text("密度图，不作检验")
    expect(box).to_contain_text("件/平方公里")
    expect(box).to_contain_text(f"n = {answer['n']} 件")
    expect(box.locator(".key-rows li")).to_have_count(len(answer["classes"]))
    picture = desk_page.locator("#map img.density")
    assert picture.get_attribute("src") == answer["image"]
    part(desk_page, "n").get_by_role("link").click()
    loaded(desk_page)
    assert listed(desk_page) == answer["n"] + ask(f"{site}/api/v1/summary?{ASKED}")["states"]["merged"]


def test_hot_spots_count_in_the_legend_and_a_number_opens_its_cases(
    desk_page: Page, site: str, found: Callable[[str], Any]
) -> None:
    answer = found(ASKED)
    desk_page.goto(f"/?layer=hotspots&{PERIOD}")
    shown(desk_page)
    patrolled = sum(row["patrol_only"] for row in answer["rows"])
    assert legend(desk_page) == answer["classes"] | {"patrol_only": patrolled}
    assert sum(answer["classes"].values()) == 727

    hot = [row for row in answer["rows"] if row["class"].startswith("hot")]
    assert hot
    rank = ["hot_99", "hot_95", "hot_90"]
    best = min(hot, key=lambda row: (rank.index(row["class"]), row["q"], -row["observed"], row["code"]))
    first = part(desk_page, "rows").locator("li").first
    expect(first).to_have_attribute("data-code", best["code"])
    for words in (f"{best['observed']} 件", f"{round(100 * best['patrol_share'])} %"):
        expect(first).to_contain_text(words)
    first.get_by_role("link").first.click()
    loaded(desk_page)
    assert query(desk_page)["area"] == best["code"]
    assert (query(desk_page)["since"], query(desk_page)["until"]) == YEAR
    cases = ask(f"{site}/api/v1/cases.geojson?{ASKED}&area={best['code']}")["features"]
    merged = sum(case["properties"]["state"] == "merged" for case in cases)
    assert listed(desk_page) == len(cases) == best["observed"] + merged
    desk_page.go_back()
    expect(desk_page.locator("#layer-hotspots")).to_be_visible()


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


def test_hot_spots_are_waited_for_and_too_few_say_why(desk_page: Page, server: Site) -> None:
    asked = "since=2026-06-01&until=2026-07-01"
    desk_page.goto("/?layer=hotspots&since=2026-06-01&until=2026-06-30")
    expect(desk_page.locator("#layers-loading")).to_contain_text("正在计算热点")
    work(server)
    shown(desk_page)
    answer = ask(f"{server.url}/api/v1/hotspots?{asked}")
    assert answer["classes"]["too_few"] == 727
    assert legend(desk_page)["too_few"] == 727
    expect(part(desk_page, "few")).to_contain_text(answer["too_few"])
    part(desk_page, "few").get_by_role("button", name="统计到社区(村)").click()
    assert query(desk_page)["level"] == "community"


def test_open_whistles_by_the_time_left_and_whose_desk(desk_page: Page, site: str) -> None:
    desk_page.goto("/?layer=overdue")
    shown(desk_page)
    sums = ask(f"{site}/api/v1/overdue")
    points = [it["properties"] for it in ask(f"{site}/api/v1/overdue.geojson")["features"]]
    assert points
    shown_classes = legend(desk_page)
    assert {name: shown_classes[name] for name in sums["classes"]} == sums["classes"]
    levels = Counter(str(it["level"]) for it in points)
    assert (shown_classes["level-2"], shown_classes["level-3"]) == (levels["2"], levels["3"])
    assert shown_classes["suspended"] == sums["total"]["suspended"]
    rows = part(desk_page, "rows").locator("button")
    expect(rows).to_have_count(len(points))
    assert [row.get_attribute("data-number") for row in rows.all()] == [it["number"] for it in points]
    for row, its in zip(rows.all(), points, strict=True):
        expect(row).to_contain_text(its["holder"])

    town = sums["rows"][0]
    part(desk_page, "towns").locator(f"tr[data-code='{town['code']}'] button").last.click()
    expect(rows).to_have_count(town["overdue"])
    assert query(desk_page)["area"] == town["code"]
    assert query(desk_page)["late"] == "over"
    rows.first.click()
    facts = desk_page.locator("#panel [data-part=content]")
    expect(facts).to_contain_text("在谁手里")
    expect(facts.get_by_role("link", name="打开事项")).to_have_attribute("href", f"/cases/{points[0]['number']}/")


def test_too_many_whistles_are_summed_until_the_map_is_near(desk_page: Page, site: str) -> None:
    def say_many(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        route.fulfill(response=answer, json=said | {"total": said["total"] | {"open": 40_000}})

    asked: list[str] = []
    desk_page.on("request", lambda request: asked.append(request.url))
    desk_page.route(re.compile(r"/api/v1/overdue\?.*level=town"), say_many)
    desk_page.goto("/?layer=overdue")
    shown(desk_page)
    sums = ask(f"{site}/api/v1/overdue")["rows"]
    expect(desk_page.locator("#map .sum-icon")).to_have_count(len(sums))
    assert desk_page.locator("#map .sum-icon").first.inner_text() == str(sums[0]["open"])
    assert all("limit=" in url for url in asked if "overdue.geojson" in url)
    lon, lat = ask(f"{site}/api/v1/overdue.geojson")["features"][0]["geometry"]["coordinates"]
    desk_page.goto(f"/?layer=overdue&lon={lon}&lat={lat}&zoom=16")
    shown(desk_page)
    expect(desk_page.locator("#map .sum-icon")).to_have_count(0)
    assert [url for url in asked if "overdue.geojson" in url and "bbox=" in url]


def test_coverage_by_department_and_what_its_numbers_open(desk_page: Page, site: str) -> None:
    answer = ask(f"{site}/api/v1/coverage")
    by_department = Counter[str]()
    for row in answer["rows"]:
        by_department[row["department"]] += row["demanded"]
    department = by_department.most_common(1)[0][0]
    own = [row for row in answer["rows"] if row["department"] == department]
    desk_page.goto("/?layer=coverage")
    shown(desk_page)
    desk_page.get_by_label("看哪个部门").select_option(department)
    shown(desk_page)
    due, in_time = (sum(row[name] for row in own) for name in ("fell_due", "arrived_in_time"))
    expect(part(desk_page, "made-of")).to_have_text(f"({in_time}/{due})")
    counts = legend(desk_page)
    assert sum(counts.values()) == 10
    assert counts["没有需求(不是不到位)"] == 10 - len(own)
    assert counts["不足 5 次，不评"] == sum(row["fell_due"] < 5 for row in own)
    expect(part(desk_page, "gap-count")).to_have_text(
        f"{sum(gap['department'] == department for gap in answer['gaps'])} 处"
    )

    row = max(own, key=lambda it: it["demanded"])
    cell = part(desk_page, "matrix").locator(f"a[href*='area={row['code']}']").first
    expect(cell).to_have_text(f"{row['arrived_in_time']}/{row['fell_due']}")
    cell.click()
    loaded(desk_page)
    assert (query(desk_page)["department"], query(desk_page)["area"]) == (department, row["code"])
    cases = ask(f"{site}/api/v1/cases.geojson?department={department}&area={row['code']}")["features"]
    assert listed(desk_page) == len(cases) == row["demanded"]


def test_people_stationed_are_what_the_view_of_supply_counts(desk_page: Page, site: str) -> None:
    supply = ask(f"{site}/api/v1/coverage")["supply"]
    desk_page.goto(f"/?layer=coverage&view=supply&{PERIOD}")
    shown(desk_page)
    key = desk_page.locator("#legend")
    expect(key).to_contain_text(f"n = {sum(it['stationed'] for it in supply)} 人派驻(今天)")
    # Who is stationed does not depend on when cases were reported.
    expect(key).not_to_contain_text(YEAR[0])


@pytest.mark.parametrize("theme", ["size", "party", "workers", "workload", "routing"])
def test_what_is_known_of_grids_counts_as_the_data_do(desk_page: Page, site: str, theme: str) -> None:
    desk_page.goto(f"/?layer=ground&theme={theme}")
    shown(desk_page)
    answer = ask(f"{site}/api/v1/ground?theme={theme}")
    counts = legend(desk_page)
    assert {it["class"]: counts[it["class"]] for it in answer["legend"]} == {
        it["class"]: it["n"] for it in answer["legend"]
    }
    assert sum(it["n"] for it in answer["legend"]) == 727
    if theme == "party":
        assert counts["buildings"] == 29
    some = next(it for it in reversed(answer["legend"]) if it["n"])
    part(desk_page, "classes").locator(f"[data-class={some['class']}]").click()
    expect(part(desk_page, "list-count")).to_have_text(f"{some['n']} 个")


def test_areas_have_the_colour_of_their_class(desk_page: Page, site: str) -> None:
    rows = ask(f"{site}/api/v1/ground?theme=party")["rows"]
    for kind, colour in (("with", (145, 191, 219)), ("without", (215, 48, 39))):
        code = next(row["code"] for row in rows if row["class"] == kind)
        middle = shape(ask(f"{site}/api/v1/areas/{code}")["geometry"]).representative_point()
        desk_page.goto(f"/?layer=ground&theme=party&lon={middle.x}&lat={middle.y}&zoom=19")
        shown(desk_page)
        # In the middle of the map only this grid and its name are seen, over white paper.
        box = desk_page.locator("#map").bounding_box()
        assert box is not None
        clip = {
            "x": box["x"] + box["width"] / 2 - 15,
            "y": box["y"] + box["height"] / 2 - 15,
            "width": 30,
            "height": 30,
        }
        picture = Image.open(io.BytesIO(desk_page.screenshot(clip=clip))).convert("RGB")
        _, most = max(picture.getcolors(maxcolors=900))
        seen = [round(255 * 0.15 + part * 0.85) for part in colour]
        assert max(abs(a - b) for a, b in zip(most, seen, strict=True)) <= 3


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
    left, right = phone.locator("#map").bounding_box(), phone.locator("[data-part=second]").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    # Folded on the phone, not on paper.
    expect(phone.locator("#legend .key-rows")).to_be_visible()
    phone.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(phone.locator("#legend .key-rows")).to_be_hidden()


def test_what_fails_is_said_and_can_be_tried_again(desk_page: Page) -> None:
    desk_page.route("**/api/v1/density*", lambda route: route.abort())
    desk_page.goto("/?layer=density")
    problem = desk_page.locator("[data-part=problem]")
    expect(problem).to_contain_text("没有连上")
    desk_page.unroute("**/api/v1/density*")
    problem.get_by_role("button", name="重试").click()
    expect(problem).to_be_hidden()
    shown(desk_page)


def test_on_a_phone_the_sheet_hides_neither_waiting_nor_failing(phone: Page) -> None:
    held: list[Route] = []
    phone.route("**/api/v1/density*", lambda route: held.append(route))
    phone.goto("/?layer=density")
    waiting = phone.locator("#layers-loading")
    expect(waiting).to_have_text("正在读取…")
    box, sheet = waiting.bounding_box(), phone.locator("#panel").bounding_box()
    assert box is not None
    assert sheet is not None
    assert box["y"] + box["height"] < sheet["y"]
    expect(phone.locator("[data-part=handle]")).to_have_attribute("aria-expanded", "false")
    held[0].abort()
    expect(waiting).to_be_hidden()
    expect(phone.locator("[data-part=handle]")).to_have_attribute("aria-expanded", "true")
    expect(phone.locator("[data-part=problem]")).to_be_in_viewport(ratio=1)


def too_small(page: Page) -> list[str]:
    """What a finger may miss, less than 44 pixels either way: all but the circles and pins on the map."""
    found: list[str] = page.locator("a, button, input, select, summary").evaluate_all(
        """all => all.map(it => it.closest('label') ?? it).filter(it => {
            const { width, height } = it.getBoundingClientRect();
            return width > 1 && height > 1 && (width < 43.5 || height < 43.5);
        }).map(it => it.outerHTML.slice(0, 120))"""
    )
    return found


def test_on_a_phone_fingers_find_everything(phone: Page, found: Callable[[str], Any]) -> None:
    found(ASKED)
    for layer in LAYERS:
        phone.goto(f"/?layer={layer}&{PERIOD}")
        shown(phone)
        phone.locator("[data-part=handle]").tap()
        phone.locator("[data-part=filters]").evaluate("it => { it.open = true; }")
        assert too_small(phone) == [], layer


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


def test_on_a_phone_every_layer_fits_and_two_maps_lie_one_over_the_other(phone: Page) -> None:
    for layer in ("density", "overdue", "coverage", "ground"):
        phone.goto(f"/?layer={layer}&{PERIOD}")
        shown(phone)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        for tab in phone.locator(".map-tab").all():
            box = tab.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] + box["width"] <= 390
    phone.goto(f"/?layer=density&{PERIOD}&before={'..'.join(YEAR_BEFORE)}")
    shown(phone)
    upper, lower = phone.locator("#map").bounding_box(), phone.locator("[data-part=second]").bounding_box()
    assert upper is not None
    assert lower is not None
    assert upper["y"] + upper["height"] <= lower["y"]
    assert upper["width"] == lower["width"]
    # Nothing lies over what is compared.
    tabs, words = phone.locator("#layers").bounding_box(), phone.locator(".map-period").first.bounding_box()
    drawn, note = phone.locator("#map img.density").bounding_box(), phone.locator("#map .ground-note").bounding_box()
    assert tabs is not None
    assert words is not None
    assert drawn is not None
    assert note is not None
    assert tabs["y"] + tabs["height"] <= upper["y"]
    assert words["y"] + words["height"] <= drawn["y"]
    assert drawn["y"] + drawn["height"] <= note["y"]
