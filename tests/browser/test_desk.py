"""Handling a case at the desk, in a real browser: by those whose ground it is, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, Route, expect

from cases.demonstration.accounts import PASSWORD
from tests.browser.showcase import CHIEF, CLERK, NEXT_GRID, WORKER, picture, report

PHONE_NUMBER = "13800001234"
SignIn = Callable[[Page, str], None]


def test_a_case_goes_from_desk_to_end(
    phone: Page, desk_page: Page, site: str, sign_in: SignIn, offsite: Callable[[Page], list[str]]
) -> None:
    number = report(site, "滨江步道三盏路灯不亮")
    elsewhere = offsite(phone)

    # By hand, as people do; the other tests are let in.
    phone.goto("/sign-in/")
    phone.get_by_label("用户名").fill(WORKER)
    phone.get_by_label("密码").fill(PASSWORD)
    phone.get_by_role("button", name="登录", exact=True).tap()
    phone.wait_for_url("**/desk/")
    item = phone.locator(f"[data-number='{number}']")
    expect(item).to_contain_text("滨江步道三盏路灯不亮")
    expect(item).to_contain_text("还剩")
    expect(item).to_contain_text("待我：接单处置")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    item.locator("a").tap()
    expect(phone.locator("[aria-current=step]")).to_have_text("问题收集")
    phone.get_by_role("button", name="接单处置").tap()
    expect(phone.locator("[aria-current=step]")).to_have_text("处理实施")

    phone.locator("summary", has_text="补充处置记录").tap()
    phone.get_by_label("处置情况").fill("已联系路灯所，明早换灯头")
    phone.get_by_role("button", name="补充处置记录").tap()
    expect(phone.locator(".trace")).to_contain_text("已联系路灯所，明早换灯头")

    phone.get_by_label("怎样解决的").fill("三盏灯已经换好")
    phone.get_by_label("处置后的照片").set_input_files(picture())
    expect(phone.locator(".previews img")).to_have_count(1)
    phone.get_by_role("button", name="已经解决").tap()
    expect(phone.locator("[aria-current=step]")).to_have_text("核实结项")
    after = phone.get_by_role("img", name="处置后照片")
    expect(after).to_be_visible()
    assert after.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    # Whoever solved it does not verify it.
    expect(phone.get_by_role("button", name="核实结项")).to_have_count(0)
    expect(phone.locator("main")).to_contain_text("等待网格长")

    sign_in(desk_page, CHIEF)
    desk_page.goto(f"/cases/{number}/")
    desk_page.get_by_role("button", name="核实结项").click()
    expect(desk_page.locator("[aria-current=step]")).to_have_text("评价反馈")
    expect(desk_page.locator(".case-head .state")).to_have_text("已结项")
    expect(desk_page.locator(".case-actions .verb summary")).to_have_text(["重新办理"])
    desk_page.goto("/desk/")
    expect(desk_page.locator(f"[data-number='{number}']")).to_have_count(0)
    assert elsewhere == []


def test_a_photo_chosen_before_the_script_came_is_shown(phone: Page, site: str, sign_in: SignIn) -> None:
    number = report(site, "网速很慢的地方路灯不亮")
    sign_in(phone, WORKER)
    phone.goto(f"/cases/{number}/")
    phone.get_by_role("button", name="接单处置").tap()
    expect(phone.locator(".case-head .state")).to_have_text("处置中")

    def late(script: Route) -> None:
        phone.get_by_label("处置后的照片").set_input_files(picture())
        script.continue_()

    phone.route("**/cases/js/case.js", late)
    phone.goto(f"/cases/{number}/")
    expect(phone.locator(".previews img")).to_have_count(1)


def test_another_grids_worker_does_not_see_it(desk_page: Page, site: str, sign_in: SignIn, stranger: str) -> None:
    number = report(site, "只给本网格看的路灯")
    sign_in(desk_page, stranger)
    desk_page.goto("/desk/")
    expect(desk_page.locator("main")).not_to_contain_text("只给本网格看的路灯")
    answer = desk_page.goto(f"/cases/{number}/")
    assert answer is not None
    assert answer.status == 404
    expect(desk_page.locator("main")).to_contain_text("不在您的辖区")
    expect(desk_page.locator("body")).not_to_contain_text("只给本网格看的路灯")


def test_without_signing_in_one_is_asked_to(desk_page: Page, site: str) -> None:
    number = report(site, "要先登录才看得到")
    desk_page.goto(f"/cases/{number}/")
    assert f"next=/cases/{number}/" in desk_page.url
    expect(desk_page.locator("body")).not_to_contain_text("要先登录才看得到")


def test_a_lost_race_is_said_where_it_was_tried(desk_page: Page, browser: Browser, site: str, sign_in: SignIn) -> None:
    number = report(site, "两个人同时接单")
    sign_in(desk_page, WORKER)
    desk_page.goto(f"/cases/{number}/")
    second = desk_page.context.new_page()
    second.goto(f"{site}/cases/{number}/")
    second.get_by_role("button", name="接单处置").click()
    expect(second.locator("[aria-current=step]")).to_have_text("处理实施")
    desk_page.get_by_role("button", name="接单处置").click()
    expect(desk_page.get_by_role("alert")).to_contain_text("处置中")
    expect(desk_page.get_by_role("button", name="已经解决")).to_be_visible()


def test_what_was_typed_survives_a_refusal(desk_page: Page, site: str, sign_in: SignIn) -> None:
    number = report(site, "照片坏了也不能丢字")
    sign_in(desk_page, WORKER)
    desk_page.goto(f"/cases/{number}/")
    desk_page.get_by_role("button", name="接单处置").click()
    desk_page.get_by_label("怎样解决的").fill("换了镇流器，写了很久")
    broken = {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"}
    desk_page.get_by_label("处置后的照片").set_input_files(broken)
    desk_page.get_by_role("button", name="已经解决").click()
    form = desk_page.locator("form[data-verb=resolve]")
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("怎样解决的")).to_have_value("换了镇流器，写了很久")
    expect(desk_page.locator("[aria-current=step]")).to_have_text("处理实施")


def test_reading_the_reporter_leaves_a_trace(desk_page: Page, site: str, sign_in: SignIn) -> None:
    number = report(site, "留了电话", reporter={"name": "李小明", "phone": PHONE_NUMBER})
    sign_in(desk_page, WORKER)
    desk_page.goto(f"/cases/{number}/")
    expect(desk_page.locator("main")).to_contain_text("李** 138****1234")
    expect(desk_page.locator("body")).not_to_contain_text(PHONE_NUMBER)
    desk_page.get_by_role("button", name="查看完整联系方式").click()
    expect(desk_page.locator("main")).to_contain_text("李小明")
    expect(desk_page.locator("main")).to_contain_text(PHONE_NUMBER)
    desk_page.get_by_role("link", name="回到事项").click()
    expect(desk_page.locator(".trace li").last).to_contain_text("查看上报人联系方式")


def test_the_clerk_corrects_the_grid_on_the_map(desk_page: Page, site: str, sign_in: SignIn) -> None:
    number = report(site, "其实在隔壁网格")
    sign_in(desk_page, CLERK)
    desk_page.goto(f"/cases/{number}/")
    form = desk_page.locator("form[data-verb=relocate]")
    if not form.is_visible():
        desk_page.locator("summary", has_text="更正所属网格").click()
    code = form.get_by_label("应归入的二级网格编码")
    desk_page.locator("#map").click(position={"x": 40, "y": 260})
    expect(code).not_to_have_value("")
    code.fill(NEXT_GRID)
    code.press("Tab")
    expect(form.locator("[data-part=area-name]")).to_contain_text("第2网格")
    form.get_by_label("理由").fill("现场看过，在河那边")
    form.get_by_role("button", name="更正所属网格").click()
    expect(desk_page.locator(".case-path")).to_contain_text("第2网格")
    expect(desk_page.locator(".trace li").last).to_contain_text("现场看过，在河那边")


def test_the_desk_map_marks_the_row(desk_page: Page, site: str, sign_in: SignIn) -> None:
    number = report(site, "图上也找得到")
    sign_in(desk_page, WORKER)
    desk_page.goto("/desk/")
    row = desk_page.locator(f"[data-number='{number}']")
    row.hover()
    expect(desk_page.locator("#map .pin.is-marked")).to_have_attribute("title", f"路灯不亮 {number}")
