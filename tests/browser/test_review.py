"""The review in a real browser: its numbers are the site's, its filters are in the address, each number leads to its cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.reading import ask, query, query_of, too_small
from tests.browser.screens import PHONE

YEAR = "since=2025-07-01&until=2026-06-30"
# Classes of the funnel, as the page says and draws them one after the other.
CLASSES = {
    "above_99.8": "明显偏高",
    "above_95": "偏高",
    "inside": "偶然范围内",
    "below_95": "偏低",
    "below_99.8": "明显偏低",
    "too_few": "件数太少，不判断",
}


def figures(site: str, query: str = "") -> Any:
    return ask(f"{site}/api/v1/review?{query}")


def read(page: Page) -> None:
    """Wait until the figures are there."""
    expect(page.locator("[data-part=loading]")).to_be_hidden()
    expect(page.locator("[data-part=figures]")).to_have_attribute("aria-busy", "false")


def words(rate: dict[str, Any]) -> str:
    return "—" if rate["percent"] is None else f"{rate['percent']:.1f} %({rate['numerator']}/{rate['denominator']})"


def expect_headline(page: Page, told: Any) -> None:
    for name in ("collected", "done", "open", "overdue"):
        expect(page.locator(f"[data-figure={name}]")).to_have_text(str(told["headline"][name]))
    for name in ("completion_rate", "on_time_rate", "patrol_rate", "survey_rate", "solved_rate"):
        expect(page.locator(f"[data-figure={name}]")).to_have_text(words(told["headline"][name]))


def cells(page: Page, table: str) -> list[list[str]]:
    """The rows of a table as they read, whether it is folded or not."""
    rows = page.locator(f"[data-table={table}] tbody tr")
    found: list[list[str]] = rows.evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
    return found


def test_the_numbers_are_those_of_the_site_and_nobody_else_is_asked(
    desk_page: Page, site: str, offsite: Callable[[Page], list[str]]
) -> None:
    elsewhere, broken = offsite(desk_page), []
    desk_page.on("pageerror", lambda error: broken.append(str(error)))
    desk_page.goto("/")
    desk_page.get_by_role("link", name="回顾").click()
    read(desk_page)
    told = figures(site)
    expect_headline(desk_page, told)

    # What others report meanwhile is of a month that has not ended, which is said beside it.
    assert [row[:4] for row in cells(desk_page, "trend")] == [
        [it["month"] + ("" if it["whole"] else "(未完)"), str(it["collected"]), str(it["done"]), str(it["in_time"])]
        for it in told["trend"]
    ]
    assert [(row[0], row[4]) for row in cells(desk_page, "funnel")] == [
        (it["name"], words(it["whistle_rate"])) for it in told["funnel"]["rows"]
    ]
    outside = [it["name"] for it in told["funnel"]["rows"] if it["class"].startswith(("above", "below"))]
    assert sorted(row[0] for row in cells(desk_page, "outside")) == sorted(outside)
    assert outside
    for level in ("community", "grid"):
        busiest = told["places"][level]["busiest"]["rows"]
        assert [(row[0], row[4]) for row in cells(desk_page, f"{level}-busiest")] == [
            (it["name"], str(it["collected"])) for it in busiest
        ]
    assert [(row[0], row[4], row[1]) for row in cells(desk_page, "departments")] == [
        (it["name"], words(it["arrival_rate"]), "不排名" if it["rank"] is None else str(it["rank"]))
        for it in told["departments"]["rows"]
    ]
    assert [row[1] for row in cells(desk_page, "steps")] == [str(it["n"]) for it in told["steps"]["rows"]]

    for name in ("trend", "funnel", "steps"):
        expect(desk_page.locator(f"[data-chart={name}] canvas")).to_be_visible()
    drawn = desk_page.evaluate(
        """() => [...document.querySelectorAll('[data-chart]')].map(it => echarts.getInstanceByDom(it).getOption())
                 .map(it => it.series.filter(s => s.type !== 'line').reduce((n, s) => n + s.data.length, 0))"""
    )
    assert drawn == [2 * len(told["trend"]), len(told["funnel"]["rows"]), 18]
    assert elsewhere == []
    assert broken == []


def test_a_filter_changes_figures_and_address_and_back_undoes_it(desk_page: Page, site: str) -> None:
    desk_page.goto("/review/")
    read(desk_page)
    whole = figures(site)
    expect_headline(desk_page, whole)
    desk_page.get_by_label("区域").select_option("360702001")
    town = figures(site, "area=360702001")
    assert 0 < town["headline"]["collected"] < whole["headline"]["collected"]
    expect_headline(desk_page, town)
    assert query(desk_page) == {"area": "360702001"}
    assert len(cells(desk_page, "funnel")) == len(town["funnel"]["rows"]) > 0

    desk_page.get_by_label("类别").select_option("01")
    expect_headline(desk_page, figures(site, "area=360702001&category=01"))
    assert query(desk_page) == {"area": "360702001", "category": "01"}
    desk_page.go_back()
    expect_headline(desk_page, town)
    expect(desk_page.get_by_label("类别")).to_have_value("")
    desk_page.go_back()
    expect_headline(desk_page, whole)
    expect(desk_page.get_by_label("区域")).to_have_value("")

    desk_page.get_by_role("button", name="近 12 个月").click()
    since = query(desk_page)["since"]
    assert since.endswith("-01")
    expect_headline(desk_page, figures(site, f"since={since}"))
    expect(desk_page.get_by_role("button", name="近 12 个月")).to_have_attribute("aria-pressed", "true")
    desk_page.get_by_role("button", name="去掉筛选").click()
    expect_headline(desk_page, whole)
    assert query(desk_page) == {}


def test_a_link_shows_the_same_and_its_last_day_is_meant_whole(desk_page: Page, site: str) -> None:
    desk_page.goto(f"/review/?area=360702001001001&{YEAR}")
    read(desk_page)
    expect_headline(desk_page, figures(site, "area=360702001001001&since=2025-07-01&until=2026-07-01"))
    door = desk_page.get_by_role("link", name="在地图上看").get_attribute("href")
    assert door is not None
    assert query_of(door) == {
        "layer": "cases",
        "area": "360702001001001",
        "since": "2025-07-01",
        "until": "2026-06-30",
    }


def test_a_number_opens_the_cases_it_counts(desk_page: Page, site: str) -> None:
    desk_page.goto(f"/review/?{YEAR}")
    read(desk_page)
    told = figures(site, "since=2025-07-01&until=2026-07-01")
    community = told["places"]["community"]["busiest"]["rows"][0]
    desk_page.locator("[data-table=community-busiest] tbody tr").first.get_by_role(
        "link", name=str(community["collected"]), exact=True
    ).click()
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(community["collected"]))
    assert query(desk_page)["area"] == community["code"]
    desk_page.go_back()
    read(desk_page)
    expect_headline(desk_page, told)
    desk_page.locator("[data-figure=overdue]").click()
    expect(desk_page.locator("[data-figure=overdue]")).to_have_text(str(told["headline"]["overdue"]))
    assert query(desk_page)["overdue"] == "true"
    desk_page.go_back()
    read(desk_page)
    asked = told["departments"]["rows"][0]
    row = desk_page.locator("[data-table=departments] tbody tr").first
    row.get_by_role("link", name=str(asked["demanded"]), exact=True).click()
    expect(desk_page.locator("[data-figure=collected]")).to_have_text(str(asked["demanded"]))
    assert query(desk_page)["department"] == asked["code"]
    assert query(desk_page)["arrival"] == "demanded"


def test_a_click_on_a_point_of_the_funnel_opens_that_community(desk_page: Page, site: str) -> None:
    desk_page.emulate_media(reduced_motion="reduce")
    desk_page.goto("/review/")
    read(desk_page)
    chart = desk_page.locator("[data-chart=funnel]")
    chart.scroll_into_view_if_needed()
    spot = chart.evaluate(
        """it => {
            const chart = echarts.getInstanceByDom(it);
            const { series } = chart.getOption();
            const seriesIndex = series.findIndex(s => s.type === 'scatter' && s.data.length);
            const { value, code, kind } = series[seriesIndex].data[0];
            const [x, y] = chart.convertToPixel({ seriesIndex }, value);
            return { x, y, code, kind };
        }"""
    )
    chart.click(position={"x": spot["x"], "y": spot["y"]})
    desk_page.wait_for_url(lambda address: query_of(str(address)).get("area") == spot["code"])
    # The first that is drawn is of the farthest class there is: which it is hangs on what the other tests have reported.
    classes = {it["code"]: it["class"] for it in figures(site)["funnel"]["rows"]}
    farthest = next(kind for kind in CLASSES if kind in classes.values())
    assert (classes[spot["code"]], spot["kind"]) == (farthest, CLASSES[farthest])


def test_nothing_found_is_said_and_a_failure_can_be_tried_again(desk_page: Page, site: str) -> None:
    desk_page.goto("/review/?since=2030-01-01")
    expect(desk_page.locator("[data-part=empty]")).to_be_visible()
    expect(desk_page.locator("[data-part=figures]")).to_be_hidden()

    failing = [True]

    def answer(route: Route) -> None:
        if failing.pop() if failing else False:
            route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "数据库正在恢复"}')
        else:
            route.continue_()

    desk_page.route("**/api/v1/review*", answer)
    desk_page.goto("/review/")
    problem = desk_page.locator("[data-part=problem]")
    expect(problem).to_contain_text("数据库正在恢复")
    problem.get_by_role("button").click()
    read(desk_page)
    expect(problem).to_be_hidden()
    expect_headline(desk_page, figures(site))


def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE, reduced_motion="reduce")
    page.goto("/review/")
    read(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.evaluate(
        "echarts.getInstanceByDom(document.querySelector('[data-chart=trend]')).getOption().animation"
    )
    assert too_small(page) == []
    page.locator("summary", has_text="数字表").first.click()
    expect(page.locator("[data-table=trend] tbody tr").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
