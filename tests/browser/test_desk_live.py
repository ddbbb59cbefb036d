"""The desk in a real browser while others work: it keeps up by itself, and several cases are dispatched at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reading import rectangle
from tests.browser.showcase import CHIEF, CLERK, WORKER, picture, report

SignIn = Callable[[Page, str], None]
SOON = 10_000  # ms: what is promised of the list


@pytest.fixture
def envoy(let_in: Callable[..., tuple[str, str]]) -> tuple[str, str]:
    """Somebody of the town's offices, to be sent."""
    return let_in("office_staff", "党政综合办公室")


def press(page: Page, number: str, verb: str, then: str) -> None:
    """Use a verb that needs nothing, from the case's page."""
    page.goto(f"/cases/{number}/")
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page.locator(".case-head .state")).to_have_text(then)


def to_triage(
    open_page: Callable[..., Page], site: str, sign_in: SignIn, envoy: tuple[str, str], texts: list[str]
) -> list[str]:
    """Cases that their town's centre has in hand."""
    numbers = [report(site, text) for text in texts]
    worker, chief, clerk = open_page(), open_page(), open_page()
    sign_in(worker, WORKER)
    for number in numbers:
        press(worker, number, "接单处置", "处置中")
    sign_in(chief, CHIEF)
    sign_in(clerk, CLERK)
    for number in numbers:
        chief.goto(f"/cases/{number}/")
        chief.locator("summary", has_text="吹二级哨").click()
        chief.get_by_label("网格和社区已经做过什么").fill("去过两次")
        chief.get_by_label("为什么社区解决不了").fill("涉及市政")
        chief.get_by_role("button", name="吹二级哨").click()
        expect(chief.locator(".case-head .state")).to_have_text("二级哨")
        press(clerk, number, "中心备案", "二级哨")
        clerk.get_by_label("派谁到社区").select_option(envoy[0])
        clerk.get_by_role("button", name="派专人到社区").click()
        expect(clerk.locator(".case-head .state")).to_have_text("中心整合")
    return numbers


def test_what_others_do_is_seen_within_ten_seconds(
    desk_page: Page, open_page: Callable[..., Page], site: str, sign_in: SignIn
) -> None:
    first = report(site, "先来的一件")
    second = report(site, "要转走的一件")
    sign_in(desk_page, CHIEF)
    desk_page.goto("/desk/?show=all")
    desk_page.evaluate("window.notReloaded = true")
    mine = desk_page.locator(f"[data-number='{first}']")
    mine.locator("a").focus()
    total = int(desk_page.locator("[data-count=all]").inner_text())

    # Somebody reports, somebody acts: a row comes, another changes, and the focus stays where it was.
    third = report(site, "刚刚报来的一件")
    worker = open_page()
    sign_in(worker, WORKER)
    press(worker, second, "接单处置", "处置中")
    expect(desk_page.locator(f"[data-number='{third}']")).to_contain_text("刚刚报来的一件", timeout=SOON)
    expect(desk_page.locator(f"[data-number='{second}'] .state")).to_have_text("处置中", timeout=SOON)
    expect(desk_page.locator("[data-count=all]")).to_have_text(str(total + 1))
    expect(desk_page.locator("#said")).to_contain_text("有 1 件新的")
    expect(desk_page.locator(f"#map .pin[title$='{third}']")).to_have_count(1)
    expect(mine.locator("a")).to_be_focused()

    # What one is at stays although it is listed no more, and goes when one has left it.
    press(worker, first, "接单处置", "处置中")
    desk_page.goto("/desk/?show=mine")
    desk_page.evaluate("window.notReloaded = true")
    at = desk_page.locator(f"[data-number='{first}']")
    at.locator("a").focus()
    finish(worker, first)
    expect(at).to_contain_text("待我：核实结项", timeout=SOON)
    other = open_page()
    sign_in(other, CLERK)
    press(other, first, "核实结项", "已结项")
    expect(at).to_contain_text("这一件刚有变化", timeout=SOON)
    expect(at.locator("a")).to_be_focused()
    desk_page.locator("main").focus()
    report(site, "又一件")
    expect(at).to_have_count(0, timeout=SOON)
    assert desk_page.evaluate("window.notReloaded")


def finish(page: Page, number: str) -> None:
    page.goto(f"/cases/{number}/")
    page.get_by_label("怎样解决的").fill("好了")
    page.get_by_label("处置后的照片").set_input_files(picture())
    page.get_by_role("button", name="已经解决").click()
    expect(page.locator(".case-head .state")).to_have_text("待核实")


def test_without_a_network_a_quiet_line_says_so_and_goes_when_it_is_back(
    desk_page: Page, site: str, sign_in: SignIn
) -> None:
    problems: list[str] = []
    desk_page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(desk_page, WORKER)
    desk_page.goto("/desk/")
    away = desk_page.locator("#away")
    expect(away).to_be_hidden()
    desk_page.context.set_offline(True)
    expect(away).to_have_text("连不上服务器，列表可能不是最新的")
    desk_page.context.set_offline(False)
    expect(away).to_be_hidden()
    number = report(site, "网络回来以后")
    expect(desk_page.locator(f"[data-number='{number}']")).to_have_count(1)
    assert problems == []


def test_where_nothing_has_changed_nothing_is_sent(desk_page: Page, sign_in: SignIn) -> None:
    sign_in(desk_page, WORKER)
    desk_page.goto("/desk/")
    for _ in range(2):
        with desk_page.expect_response(lambda answer: "/desk/live" in answer.url and answer.status == 304):
            pass


def test_what_is_looked_at_stays_in_its_place(open_page: Callable[..., Page], site: str, sign_in: SignIn) -> None:
    numbers = [report(site, f"排在第 {i} 的") for i in range(8)]
    page, clerk = open_page(viewport={"width": 1440, "height": 500}), open_page()
    sign_in(page, WORKER)
    page.goto("/desk/?show=all")
    page.add_style_tag(content="* { overflow-anchor: none }")  # not every browser holds the place by itself
    at = page.locator(f"[data-number='{numbers[2]}']")
    at.evaluate("it => scrollTo(0, scrollY + it.getBoundingClientRect().top - 100)")
    was = rectangle(at)
    sign_in(clerk, CLERK)
    for number in numbers[:2]:
        clerk.goto(f"/cases/{number}/")
        clerk.locator("summary", has_text="不予受理").click()
        clerk.locator("form[data-verb=refuse]").get_by_label("理由").fill("不属于本区")
        clerk.get_by_role("button", name="不予受理").click()
        expect(clerk.locator(".case-head .state")).to_have_text("不予受理")
        expect(page.locator(f"[data-number='{number}']")).to_have_count(0)
    now = rectangle(at)
    assert now["y"] == pytest.approx(was["y"], abs=2)


def test_whoever_is_signed_out_meanwhile_is_told(desk_page: Page, sign_in: SignIn) -> None:
    sign_in(desk_page, WORKER)
    desk_page.goto("/desk/")
    desk_page.context.clear_cookies()
    expect(desk_page.locator("#away")).to_contain_text("登录已经失效")
    desk_page.get_by_role("link", name="重新登录").click()
    desk_page.wait_for_url("**/sign-in/?next=/desk/")


def test_the_centre_dispatches_several_at_once_by_keyboard(
    desk_page: Page, open_page: Callable[..., Page], site: str, sign_in: SignIn, envoy: tuple[str, str]
) -> None:
    numbers = to_triage(open_page, site, sign_in, envoy, ["第一件要派的", "第二件要派的", "第三件别人先派了"])
    sign_in(desk_page, CLERK)
    desk_page.goto("/desk/")
    expect(desk_page.locator("#bulk-go")).to_be_disabled()
    desk_page.locator("#work a").first.focus()
    todo = set(numbers)
    for _ in range(200):
        at = desk_page.evaluate("document.activeElement.closest('li').dataset.number")
        if at in todo:
            desk_page.keyboard.press("x")
            todo.remove(at)
        if not todo:
            break
        desk_page.keyboard.press("j")
    assert not todo
    expect(desk_page.locator("#bulk-count")).to_have_text("3")

    # What is ticked stays ticked while the list is renewed.
    total = int(desk_page.locator("[data-count=all]").inner_text())
    report(site, "派件的时候又来一件")
    expect(desk_page.locator("[data-count=all]")).to_have_text(str(total + 1))
    expect(desk_page.locator("#bulk-count")).to_have_text("3")
    desk_page.locator("#bulk-go").focus()
    desk_page.keyboard.press("Enter")
    desk_page.wait_for_url("**/desk/dispatch/?*")
    expect(desk_page.locator(".bulk-list > li")).to_have_count(3)
    proposed = desk_page.locator(f"[data-number='{numbers[0]}'] select")
    assert proposed.input_value() != ""
    expect(desk_page.locator(f"[data-number='{numbers[0]}']")).to_contain_text("依据：权责归属")
    changed = desk_page.locator(f"[data-number='{numbers[1]}'] select")
    changed.focus()
    was = changed.input_value()
    desk_page.keyboard.press("ArrowDown")
    assert changed.input_value() != was
    chosen = changed.evaluate("it => it.selectedOptions[0].textContent")

    # Another clerk is faster with the third.
    other = open_page()
    sign_in(other, CLERK)
    press(other, numbers[2], "派件", "已派件")

    desk_page.get_by_role("button", name="确认派件").focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator("main [role=status]")).to_have_text("已派 2 件，没有派成 1 件。")
    expect(desk_page.locator(f"[data-number='{numbers[0]}']")).to_contain_text("依据：")
    expect(desk_page.locator(f"[data-number='{numbers[1]}']")).to_contain_text(f"→ {chosen}")
    expect(desk_page.locator(f"[data-number='{numbers[2]}']")).to_contain_text("事项已是“已派件”，不能再“派件”")
    desk_page.get_by_role("link", name="重新派没有派成的").click()
    expect(desk_page.locator("main")).to_contain_text("没有可以派的事项")


def test_the_list_is_walked_through_by_keys(desk_page: Page, site: str, sign_in: SignIn) -> None:
    for text in ("一", "二", "三"):
        report(site, f"键盘走过的第{text}件")
    sign_in(desk_page, WORKER)
    desk_page.goto("/desk/")
    rows = desk_page.locator("#work > li > a")
    expect(desk_page.locator(".desk-keys")).to_be_visible()
    rows.nth(0).focus()
    desk_page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    desk_page.keyboard.press("ArrowDown")
    expect(rows.nth(2)).to_be_focused()
    desk_page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    number = desk_page.locator("#work > li").nth(1).get_attribute("data-number")
    desk_page.keyboard.press("Enter")
    desk_page.wait_for_url(f"**/cases/{number}/")
