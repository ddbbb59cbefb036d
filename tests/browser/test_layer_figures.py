"""The figures of each layer: legends count as the data say, colours are those of the legend, numbers open what they count."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from shapely.geometry import shape

from tests.browser.reading import ASKED, PERIOD, YEAR, ask, legend, listed, loaded, part, query, rectangle, shown


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


def test_density_of_one_department_opens_the_cases_of_that_department(desk_page: Page, site: str) -> None:
    asked = ask(f"{site}/api/v1/coverage?{ASKED}")["rows"][0]["department"]
    desk_page.goto(f"/?layer=density&{PERIOD}&department={asked}")
    shown(desk_page)
    n = ask(f"{site}/api/v1/density?{ASKED}&department={asked}")["n"]
    link = part(desk_page, "n").get_by_role("link")
    expect(link).to_have_text(f"{n} 件")
    link.click()
    loaded(desk_page)
    assert query(desk_page)["department"] == asked
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(n))


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


def test_hot_spots_are_waited_for_and_too_few_say_why(
    desk_page: Page, site: str, find_spots: Callable[[], None]
) -> None:
    asked = "since=2026-06-01&until=2026-07-01"
    desk_page.goto("/?layer=hotspots&since=2026-06-01&until=2026-06-30")
    expect(desk_page.locator("#layers-loading")).to_contain_text("正在计算热点")
    find_spots()
    shown(desk_page)
    answer = ask(f"{site}/api/v1/hotspots?{asked}")
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

    expect(part(desk_page, "due-soon")).to_have_text(str(sums["total"]["due_soon"]))
    part(desk_page, "which").get_by_text("24 工时内到期").click()
    expect(rows).to_have_count(sums["total"]["due_soon"])
    assert query(desk_page)["late"] == "soon"
    part(desk_page, "overdue").get_by_role("button").click()
    expect(rows).to_have_count(sums["total"]["overdue"])
    assert query(desk_page)["late"] == "over"
    shown(desk_page)
    late = {name: n if name in ("over", "far_over") else 0 for name, n in sums["classes"].items()}
    assert {name: legend(desk_page)[name] for name in late} == late

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


@pytest.mark.parametrize("name", ["demanded", "arrived"])
def test_how_departments_came_opens_the_cases_of_it(desk_page: Page, site: str, name: str) -> None:
    desk_page.goto("/?layer=coverage")
    shown(desk_page)
    n = sum(row[name] for row in ask(f"{site}/api/v1/coverage")["rows"])
    number = part(desk_page, name)
    expect(number).to_have_text(str(n))
    number.get_by_role("link").click()
    loaded(desk_page)
    assert query(desk_page)["arrival"] == name
    cases = {it["id"] for it in ask(f"{site}/api/v1/cases.geojson?arrival={name}&limit=100000")["features"]}
    assert 0 < len(cases) <= n
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(len(cases)))
    expect(desk_page.get_by_role("combobox", name="部门到位")).to_have_value(name)


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
        box = rectangle(desk_page.locator("#map"))
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
