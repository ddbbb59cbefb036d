"""The second whistle in a real browser: each by an account of its own, from the grid to the town and back to an end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.showcase import CHIEF, CLERK, GRID, WORKER, picture, report

SignIn = Callable[[Page, str], None]


@pytest.fixture
def envoy(let_in: Callable[..., tuple[str, str]]) -> tuple[str, str]:
    """Somebody of the town's offices, to be sent."""
    return let_in("office_staff", "党政综合办公室")


def test_a_case_the_community_cannot_solve_is_whistled_up_and_settled(
    open_page: Callable[..., Page], phone: Page, desk_page: Page, site: str, sign_in: SignIn, envoy: tuple[str, str]
) -> None:
    number = report(site, "井盖下沉，社区没有权限施工")
    sign_in(phone, WORKER)
    phone.goto(f"/cases/{number}/")
    phone.get_by_role("button", name="接单处置").tap()
    expect(phone.locator("summary", has_text="吹二级哨")).to_have_count(0)

    # The chief says what was tried and why it is not enough; both are asked for, and kept where one is missing.
    chief = open_page(viewport={"width": 1440, "height": 900})
    sign_in(chief, CHIEF)
    chief.goto(f"/cases/{number}/")
    chief.locator("summary", has_text="吹二级哨").click()
    chief.get_by_label("网格和社区已经做过什么").fill("设了围挡，联系物业两次")
    chief.get_by_label("为什么社区解决不了").fill("   ")
    chief.get_by_role("button", name="吹二级哨").click()
    expect(chief.get_by_role("alert")).to_contain_text("“吹二级哨”需要说明文字")
    expect(chief.get_by_label("网格和社区已经做过什么")).to_have_value("设了围挡，联系物业两次")
    chief.get_by_label("为什么社区解决不了").fill("涉及市政管网")
    chief.get_by_role("button", name="吹二级哨").click()
    expect(chief.locator(".case-head .state")).to_have_text("二级哨")
    expect(chief.locator("main")).to_contain_text("等待网格中心人员“中心备案”")

    # The town's centre files it and sends somebody: only both together carry it on.
    sign_in(desk_page, CLERK)
    desk_page.goto("/desk/")
    row = desk_page.locator(f"[data-number='{number}']")
    expect(row).to_contain_text("待我：中心备案")
    desk_page.goto(f"/cases/{number}/")
    desk_page.get_by_role("button", name="中心备案").click()
    expect(desk_page.locator(".case-head .state")).to_have_text("二级哨")
    desk_page.get_by_label("派谁到社区").select_option(envoy[0])
    desk_page.get_by_role("button", name="派专人到社区").click()
    expect(desk_page.locator(".case-head .state")).to_have_text("中心整合")
    expect(desk_page.locator(".whistle")).to_contain_text("派出专人")

    # Whoever was sent settles it on the spot.
    field = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    sign_in(field, envoy[1])
    field.goto("/desk/")
    expect(field.locator(f"[data-number='{number}']")).to_contain_text("待我：到社区协调解决")
    field.goto(f"/cases/{number}/")
    expect(field.locator(".whistle")).to_contain_text("设了围挡，联系物业两次")
    assert field.evaluate("document.documentElement.scrollWidth") <= 390
    field.get_by_label("怎样协调解决的").fill("已协调管网公司当场换盖")
    field.get_by_label("处置后的照片").set_input_files(picture())
    field.get_by_role("button", name="就地协调解决").tap()
    expect(field.locator(".case-head .state")).to_have_text("镇街核实")
    expect(field.locator(".case-actions")).to_have_count(0)

    # Somebody else verifies.
    desk_page.reload()
    desk_page.get_by_role("button", name="核实并结项").click()
    expect(desk_page.locator(".case-head .state")).to_have_text("已结项")
    expect(desk_page.locator(".trace li")).to_have_count(7)


def case_pages(open_page: Callable[..., Page], sign_in: SignIn, number: str) -> Callable[[str], Page]:
    """Pages of one case, each by an account of its own."""

    def page_of(username: str) -> Page:
        page = open_page(viewport={"width": 1440, "height": 900})
        sign_in(page, username)
        page.goto(f"/cases/{number}/")
        return page

    return page_of


def state(page: Page, name: str) -> None:
    expect(page.locator(".case-head .state")).to_have_text(name)


def to_the_centre(page_of: Callable[[str], Page], envoy: str) -> Page:
    """Take a case, whistle it up, file it and send somebody; gives the page of the centre's clerk."""
    page_of(WORKER).get_by_role("button", name="接单处置").click()
    chief = page_of(CHIEF)
    chief.locator("summary", has_text="吹二级哨").click()
    chief.get_by_label("网格和社区已经做过什么").fill("设了围挡")
    chief.get_by_label("为什么社区解决不了").fill("没有施工权限")
    chief.get_by_role("button", name="吹二级哨").click()
    clerk = page_of(CLERK)
    clerk.get_by_role("button", name="中心备案").click()
    clerk.get_by_label("派谁到社区").select_option(envoy)
    clerk.get_by_role("button", name="派专人到社区").click()
    state(clerk, "中心整合")
    return clerk


def test_a_case_is_dispatched_decided_ordered_done_and_verified(
    open_page: Callable[..., Page],
    site: str,
    sign_in: SignIn,
    envoy: tuple[str, str],
    let_in: Callable[..., tuple[str, str]],
) -> None:
    number = report(site, "井盖下沉，等镇街处置")
    _, builder = let_in("office_staff", "城市建设办公室")
    _, leader = let_in("leader_in_charge", "街道办事处")
    page_of = case_pages(open_page, sign_in, number)
    clerk = to_the_centre(page_of, envoy[0])

    # The rule names the office; a person confirms.
    expect(clerk.get_by_label("派给哪个职能机构").locator("option:checked")).to_contain_text(
        "城市建设办公室(“设施损坏”归它)"
    )
    clerk.get_by_role("button", name="派件").click()
    state(clerk, "已派件")
    expect(clerk.locator(".trace")).to_contain_text("依据：设施损坏 → 解放街道城市建设办公室")
    expect(clerk.locator("main")).to_contain_text("等待解放街道城市建设办公室“呈报主管领导”")

    office = page_of(builder)
    office.get_by_label("来件情况和拟办意见").fill("拟由本办换盖")
    office.get_by_role("button", name="呈报主管领导").click()
    state(office, "领导研判")

    # The leader gives unit, task and deadline; what was typed stays where one is refused.
    decides = page_of(leader)
    decides.get_by_label("责任部门").select_option(label="解放街道城市建设办公室")
    decides.get_by_label("工作任务").fill("   ")
    decides.get_by_label("完成时限").fill("3")
    decides.get_by_role("button", name="交办").click()
    expect(decides.get_by_role("alert")).to_contain_text("“交办”需要说明文字")
    expect(decides.get_by_label("完成时限")).to_have_value("3")
    expect(decides.get_by_label("责任部门").locator("option:checked")).to_have_text("解放街道城市建设办公室")
    decides.get_by_label("工作任务").fill("更换井盖并回填")
    decides.get_by_role("button", name="交办").click()
    state(decides, "镇街办理")
    expect(decides.locator(".assignment")).to_contain_text("限 3工作日")

    office.reload()
    office.locator("#finish-text").fill("已换盖回填")
    office.get_by_label("处置后的照片").set_input_files(picture())
    office.get_by_role("button", name="申请办结").click()
    state(office, "办结核实")
    expect(office.get_by_role("button", name="核实通过")).to_have_count(0)
    clerk.reload()
    clerk.get_by_role("button", name="核实通过").click()
    state(clerk, "已结项")


def test_a_case_goes_to_the_district_by_letter_and_comes_back_verified(
    open_page: Callable[..., Page],
    site: str,
    sign_in: SignIn,
    envoy: tuple[str, str],
    let_in: Callable[..., tuple[str, str]],
    offsite: Callable[[Page], list[str]],
) -> None:
    number = report(site, "井盖下沉，等区里处置")
    _, builder = let_in("office_staff", "城市建设办公室")
    _, leader = let_in("leader_in_charge", "街道办事处")
    _, principal = let_in("principal_leader", "街道办事处")
    _, department = let_in("department_staff", "区城管局", GRID[:6])
    page_of = case_pages(open_page, sign_in, number)
    clerk = to_the_centre(page_of, envoy[0])
    clerk.get_by_role("button", name="派件").click()
    office = page_of(builder)
    office.get_by_label("来件情况和拟办意见").fill("主管网归区里管")
    office.get_by_role("button", name="呈报主管领导").click()

    # The leader in charge finds that the district is needed; the office applies; the principal leader confirms.
    decides = page_of(leader)
    decides.locator("summary", has_text="需区级部门承办").click()
    decides.get_by_label("为什么镇街解决不了").fill("主管网归区城管局")
    decides.get_by_role("button", name="需区级部门承办").click()
    state(decides, "待申请三级哨")
    office.reload()
    office.get_by_label("申请事由").fill("请区城管局承办")
    office.get_by_role("button", name="申请三级哨").click()
    confirms = page_of(principal)
    confirms.get_by_role("button", name="主要领导确认").click()
    state(confirms, "待发信函")

    # The centre blows the third whistle with a letter to a lead and one that assists.
    clerk.reload()
    clerk.get_by_label("主办部门").select_option(label="区城管局")
    clerk.locator("summary", has_text="协办部门").click()
    clerk.get_by_label("区水利局").check()
    clerk.get_by_label("工作任务").fill("更换主管网井盖")
    clerk.get_by_label("完成时限").fill("10")
    clerk.get_by_role("button", name="吹三级哨").click()
    state(clerk, "三级哨")
    expect(clerk.locator("[aria-current=step]")).to_have_text("承办受理")
    elsewhere = offsite(clerk)
    clerk.get_by_role("link", name="吹函").first.click()
    expect(clerk.locator(".letter-sheet")).to_contain_text("区城管局、区水利局")
    expect(clerk.locator(".letter-sheet")).to_contain_text("更换主管网井盖")
    expect(clerk.locator("svg .is-here")).to_have_count(1)
    assert elsewhere == []

    # The department finds it on its desk, receives it, and cannot be done before it has come.
    duty = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    sign_in(duty, department)
    duty.goto("/desk/")
    expect(duty.locator(f"[data-number='{number}']")).to_contain_text("待我：查收信函")
    duty.goto(f"/cases/{number}/")
    duty.get_by_role("button", name="查收信函").tap()
    state(duty, "部门已查收")
    expect(duty.get_by_role("button", name="申请办结")).to_have_count(0)

    office.reload()
    office.locator("summary", has_text="登记签到").or_(office.locator("h3", has_text="登记签到")).first.click()
    office.get_by_label("哪个部门来报到").select_option(label="区城管局(主办)")
    office.get_by_label("来的人").fill("张工、李工")
    office.get_by_role("button", name="登记签到").click()
    state(office, "部门已报到")

    duty.reload()
    assert duty.evaluate("document.documentElement.scrollWidth") <= 390
    duty.locator("#claim-text").fill("已更换主管网井盖")
    duty.get_by_label("处置后的照片").set_input_files(picture())
    duty.get_by_role("button", name="申请办结").tap()
    state(duty, "部门办结核实")

    office.reload()
    office.get_by_label("核实情况(专业评估)").fill("盖面平整")
    lead = office.locator("fieldset", has_text="主办：区城管局")
    for item in ("问题解决", "根源消除", "办理质量", "配合协作"):
        lead.get_by_label(item).select_option("4")
    office.get_by_role("button", name="核实并结项").click()
    state(office, "已结项")
    expect(office.locator(".steps .reached, .steps .current")).to_have_count(9)

    # The centre scores; the department reads its result on a phone, appeals, and the district's centre rules.
    clerk.goto("/desk/")
    expect(clerk.locator(".desk-scores li", has_text=number)).to_contain_text("综合评分")
    clerk.goto(f"/cases/{number}/")
    clerk.get_by_role("button", name="综合评分").click()
    state(clerk, "已评价")
    expect(clerk.locator(".result")).to_have_count(2)
    duty.goto("/desk/")
    expect(duty.locator(".desk-scores li", has_text=number)).to_contain_text("可以申诉")
    duty.goto(f"/cases/{number}/")
    result = duty.locator(".result", has_text="考核结果：区城管局")
    expect(result).to_contain_text("未调查")
    expect(result.locator("tbody tr")).to_have_count(5)
    assert duty.evaluate("document.documentElement.scrollWidth") <= 390
    duty.locator("summary", has_text="申诉评分").tap()
    duty.get_by_label("申诉理由").fill("平台当天没有推送处置记录")
    duty.get_by_role("button", name="申诉评分").tap()
    expect(result).to_contain_text("等待区网格中心裁决")

    _, ruler = let_in("district_centre_staff", "", GRID[:6])
    rules = page_of(ruler)
    rules.locator("summary", has_text="申诉成立").click()
    rules.get_by_label("哪一项不计入").select_option(label="留痕完整")
    rules.locator("#grant-text").fill("推送故障属实")
    rules.get_by_role("button", name="申诉成立").click()
    expect(rules.locator(".result", has_text="考核结果：区城管局")).to_contain_text("申诉豁免")
    expect(rules.locator(".trace")).to_contain_text("豁免“留痕完整”")
    duty.reload()
    expect(result).to_contain_text("“留痕完整”不计入：推送故障属实")
    assert duty.evaluate("document.documentElement.scrollWidth") <= 390
