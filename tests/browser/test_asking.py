"""What is asked for beside a case's course, in a real browser: each by an account of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.showcase import CHIEF, CLERK, GRID, WORKER, picture, report
from tests.conftest import Site
from tests.racing import Browser, ask_database

SignIn = Callable[[Page, str], None]
LetIn = Callable[..., tuple[str, str]]


@dataclass(frozen=True)
class People:
    """Those a case meets on its way to the district, by the names of their accounts."""

    envoy: str
    builder: str
    leader: str
    principal: str
    department: str
    centre: str


@pytest.fixture
def people(let_in: LetIn) -> People:
    return People(
        let_in("office_staff", "党政综合办公室")[0],
        let_in("office_staff", "城市建设办公室")[1],
        let_in("leader_in_charge", "街道办事处")[1],
        let_in("principal_leader", "街道办事处")[1],
        let_in("department_staff", "区城管局", GRID[:6])[1],
        let_in("district_centre_staff", "区网格中心", GRID[:6])[1],
    )


@pytest.fixture
def issued(site: str, server: Site, people: People) -> str:
    """A case that a letter has asked the district's urban management about: its number."""
    number = report(site, "井盖下沉，区里承办")
    signed_in: dict[str, Browser] = {}

    def act(username: str, verb: str, **given: Any) -> Any:
        if username not in signed_in:
            signed_in[username] = Browser(site)
            signed_in[username].sign_in(username)
        answer = signed_in[username].post(f"/api/v1/cases/{number}/actions/{verb}", given)
        assert answer.status == 200, answer.body
        return answer.body

    act(WORKER, "accept")
    act(CHIEF, "whistle", tried="设了围挡", text="没有施工权限")
    act(CLERK, "file")
    act(CLERK, "send", person=people.envoy)
    units = dict(ask_database(server, "SELECT name, code FROM gridmap_organisation"))
    act(CLERK, "dispatch", office=units["解放街道城市建设办公室"])
    act(people.builder, "brief", text="主管网归区里管")
    act(people.leader, "refer", text="主管网归区城管局")
    act(people.builder, "apply", text="请区城管局承办")
    act(people.principal, "endorse")
    act(CLERK, "issue", department=units["区城管局"], text="更换主管网井盖", limit_amount=10)
    return number


def state(page: Page, name: str) -> None:
    expect(page.locator(".case-head .state").first).to_have_text(name)


@pytest.fixture
def page_of(open_page: Callable[..., Page], sign_in: SignIn, issued: str) -> Callable[[str], Page]:
    """The case as somebody sees it now: a page for each account, loaded anew each time it is asked for."""
    pages: dict[str, Page] = {}

    def show(username: str) -> Page:
        if username not in pages:
            pages[username] = open_page(viewport={"width": 1440, "height": 900})
            sign_in(pages[username], username)
        pages[username].goto(f"/cases/{issued}/")
        return pages[username]

    return show


def use(page: Page, verb: str, **filled: str) -> None:
    """Fill in a verb's form and send it: text by typing, `reason`, `department` by choosing."""
    form = page.locator(f"form[data-verb={verb}]")
    if not form.locator(".verb-go").is_visible():
        page.locator("details.verb", has=form).locator("summary").click()
    for name, value in filled.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("it => it.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    if form.locator("[name=photos][required]").count():
        form.locator("[name=photos]").set_input_files(picture())
    form.locator(".verb-go").click()
    page.wait_for_load_state()


def test_a_department_returns_a_letter_disputes_it_and_is_ruled_to_answer(
    people: People, page_of: Callable[[str], Page]
) -> None:
    duty = page_of(people.department)
    use(duty, "return", reason="权属不清", text="")
    assert duty.locator("#return-text").evaluate("it => it.validity.valueMissing")
    use(duty, "return", reason="权属不清", text="管养单位是市政公司")
    expect(duty.locator(".procedure")).to_contain_text("待决定")
    clerk = page_of(CLERK)
    use(clerk, "refuse_return", text="移交协议不含该路段")
    expect(clerk.locator(".procedure")).to_contain_text("不同意")
    state(clerk, "三级哨")

    duty = page_of(people.department)
    use(duty, "dispute", reason="职能交叉", text="城管局和水利局各执一词")
    centre = page_of(people.centre)
    expect(centre.locator("h3", has_text="裁定权属")).to_be_visible()
    use(centre, "rule", department="区水利局", text="井盖属排水设施")
    state(centre, "待发信函")
    clerk = page_of(CLERK)
    issue = clerk.locator("form[data-verb=issue]")
    expect(issue.locator("[name=department] option:checked")).to_have_text("区水利局")
    expect(issue).to_contain_text("已经裁定了主办部门")
    use(clerk, "issue", text="更换排水井盖", limit_amount="5")
    state(clerk, "三级哨")
    expect(clerk.locator(".assignment", has_text="区城管局")).to_contain_text("已撤回")


def test_a_department_is_given_more_time_and_its_case_is_suspended_and_taken_up_again(
    people: People, page_of: Callable[[str], Page], phone: Page, sign_in: SignIn, issued: str
) -> None:
    duty = page_of(people.department)
    use(duty, "extend", reason="天气或不可抗力", text="连日暴雨", limit_amount="5")
    clerk = page_of(CLERK)
    use(clerk, "grant_extension")
    expect(clerk.locator(".procedure")).to_contain_text("→")

    duty = page_of(people.department)
    day = duty.locator("#suspend-until").get_attribute("max")
    assert day is not None
    use(duty, "suspend", reason="资金未落实", text="列入下一年度计划", until=day)
    use(page_of(people.principal), "support_suspension")
    use(page_of(people.centre), "grant_suspension")
    state(page_of(people.centre), "已挂账")

    # On a phone the department sees until when, and takes it up before.
    sign_in(phone, people.department)
    phone.goto(f"/cases/{issued}/")
    expect(phone.locator("main")).to_contain_text("已挂账到")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.locator("summary", has_text="恢复办理").tap()
    phone.get_by_label("为什么可以办了").fill("资金到位")
    phone.get_by_role("button", name="恢复办理").tap()
    state(phone, "三级哨")


def test_a_department_signs_in_at_a_distance_reworks_what_failed_and_what_was_closed_is_opened_again(
    people: People, page_of: Callable[[str], Page], phone: Page, sign_in: SignIn, issued: str
) -> None:
    use(page_of(people.department), "receive")
    sign_in(phone, people.builder)
    phone.goto(f"/cases/{issued}/")
    form = phone.locator("form[data-verb=sign_in]")
    form.get_by_label("来的人").fill("张工、李工")
    form.get_by_role("button", name="用本机位置").tap()
    expect(form.locator("[data-part=said]")).to_contain_text("已取得位置")
    form.locator("[name=photos]").set_input_files(picture())
    form.get_by_role("button", name="登记签到").tap()
    state(phone, "部门已报到")
    expect(phone.locator(".assignment")).to_contain_text("距事项")
    expect(phone.locator("figcaption", has_text="报到")).to_be_visible()

    use(page_of(people.department), "claim", text="已换井盖")
    office = page_of(people.builder)
    use(office, "fail", text="盖面不平")
    state(office, "部门已报到")
    expect(office.locator(".assignment")).to_contain_text("返工 1 次")
    use(page_of(people.department), "claim", text="已调平")
    office = page_of(people.builder)
    for mark in office.locator("form[data-verb=certify] select[required]").all():
        mark.select_option("4")
    use(office, "certify", text="合格")
    state(office, "已结项")

    clerk = page_of(CLERK)
    use(clerk, "reopen", reason="抽查发现未解决", text="雨后又下沉")
    state(clerk, "部门已报到")
    expect(clerk.locator(".trace")).to_contain_text("抽查发现未解决")
