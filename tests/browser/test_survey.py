"""The satisfaction survey on a phone: followed by number and code, answered, changed, read by the chief."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.showcase import CHIEF, GRID

if TYPE_CHECKING:
    from tests.conftest import Site

SignIn = Callable[[Page, str], None]


@pytest.fixture
def closed(server: Site) -> tuple[str, str]:
    """Number and code of a case of the community, closed an hour ago."""
    with psycopg2.connect(server.database_url) as database, database.cursor() as cursor:
        cursor.execute(
            """UPDATE cases_case SET closed_at = now() - interval '1 hour'
               WHERE id = (SELECT c.id FROM cases_case c LEFT JOIN cases_surveyanswer s ON s.case_id = c.id
                           WHERE c.state = 'closed' AND c.current_area_id LIKE %s AND s.id IS NULL
                             AND c.reported_at < now() - interval '2 hours'
                           ORDER BY c.id DESC LIMIT 1)
               RETURNING number, track_code""",
            [f"{GRID[:12]}%"],
        )
        found = cursor.fetchone()
    assert found is not None
    return found


def follow(page: Page, number: str, code: str) -> None:
    page.goto("/track/")
    page.get_by_label("编号").fill(number)
    page.get_by_label("查询码").fill(code.lower())
    page.get_by_role("button", name="查询").click()
    # Laid out with its styles: they may come after its words.
    page.wait_for_url("**/track/?number=*")


def test_a_reporter_answers_changes_it_and_the_chief_reads_it(
    phone: Page,
    desk_page: Page,
    sign_in: SignIn,
    closed: tuple[str, str],
    offsite: Callable[[Page], list[str]],
) -> None:
    elsewhere = offsite(phone)
    number, _ = closed
    follow(phone, *closed)
    survey = phone.locator("#survey")
    expect(survey.get_by_role("heading")).to_contain_text("这件事办得怎么样")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    heights = survey.locator("label:has(input), button, textarea").evaluate_all(
        "(all) => all.map((it) => it.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    # An answer left out is asked for by the browser, and nothing is sent.
    survey.get_by_role("button", name="送出评价").tap()
    expect(survey.locator("input[name=solved]:invalid")).to_have_count(3)
    survey.get_by_text("没有解决", exact=True).tap()
    survey.get_by_text("不太满意", exact=True).tap()
    survey.get_by_label("还想说的话").fill("第二天又不亮了")
    survey.get_by_role("button", name="送出评价").tap()
    expect(survey.get_by_role("heading")).to_contain_text("谢谢您的评价")
    expect(survey.locator(".facts")).to_contain_text("第二天又不亮了")
    expect(survey).to_contain_text("前都可以改")

    # What was said is in the form again, and is changed.
    survey.get_by_text("修改评价").tap()
    expect(survey.get_by_label("没有解决", exact=True)).to_be_checked()
    expect(survey.get_by_label("不太满意")).to_be_checked()
    survey.get_by_text("解决了", exact=True).tap()
    survey.get_by_text("比较满意", exact=True).tap()
    survey.get_by_label("还想说的话").fill("又来修了一次，好了")
    survey.get_by_role("button", name="改成这样").tap()
    expect(survey.locator(".facts")).to_contain_text("比较满意")
    expect(survey.locator(".facts")).to_contain_text("又来修了一次，好了")
    expect(survey.locator(".survey-change")).not_to_have_attribute("open", "")
    assert elsewhere == []

    sign_in(desk_page, CHIEF)
    desk_page.goto(f"/cases/{number}/")
    read = desk_page.locator("section", has=desk_page.get_by_role("heading", name="满意度"))
    expect(read.locator(".facts").first).to_contain_text("比较满意")
    expect(read.locator(".facts").first).to_contain_text("又来修了一次，好了")
    expect(read.get_by_text("第二天又不亮了")).to_be_hidden()
    read.get_by_text("修改前的评价").click()
    expect(read.get_by_text("第二天又不亮了")).to_be_visible()
    expect(desk_page.locator(".trace")).to_contain_text("群众评价")
    expect(desk_page.locator(".trace")).not_to_contain_text("第二天又不亮了")


def test_the_survey_is_answered_without_a_mouse(desk_page: Page, closed: tuple[str, str]) -> None:
    follow(desk_page, *closed)
    desk_page.locator("#survey input[name=solved]").first.focus()
    desk_page.keyboard.press("ArrowRight")
    desk_page.keyboard.press("Tab")
    desk_page.keyboard.press("ArrowRight")
    desk_page.keyboard.press("Tab")
    expect(desk_page.get_by_label("还想说的话")).to_be_focused()
    desk_page.keyboard.type("   ")
    desk_page.keyboard.press("Tab")
    desk_page.keyboard.press("Enter")
    facts = desk_page.locator("#survey .facts")
    expect(facts).to_contain_text("解决了一部分")
    expect(facts).to_contain_text("比较满意")
    expect(facts).not_to_contain_text("您的话")
    # The change is opened with the keyboard too.
    desk_page.locator(".survey-change > summary").focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page.get_by_role("button", name="改成这样")).to_be_visible()


def test_what_the_site_refuses_is_said_where_it_was_typed(phone: Page, closed: tuple[str, str]) -> None:
    follow(phone, *closed)
    phone.locator("#survey form").evaluate("(it) => { it.noValidate = true; }")
    phone.get_by_text("没有解决", exact=True).tap()
    phone.get_by_label("还想说的话").fill("等了很久")
    phone.get_by_role("button", name="送出评价").tap()
    expect(phone.get_by_role("alert")).to_contain_text("请选择满意程度")
    expect(phone.locator("input[name=satisfaction]").first).to_be_focused()
    expect(phone.get_by_label("没有解决")).to_be_checked()
    expect(phone.get_by_label("还想说的话")).to_have_value("等了很久")
    phone.get_by_text("一般", exact=True).tap()
    phone.get_by_role("button", name="送出评价").tap()
    expect(phone.locator("#survey .facts")).to_contain_text("等了很久")
