"""Sending a roster in, as an office clerk does."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import Page, Route, expect

CLERK = "p1441"  # of the town 360702001
SignIn = Callable[[Page, str], None]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(page: Page, name: str) -> Any:
    """The spreadsheet behind a link, opened."""
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return load_workbook(io.BytesIO(started.value.path().read_bytes()))


def send(page: Page, book: Any) -> None:
    """Choose the edited spreadsheet and have it looked at."""
    made = io.BytesIO()
    book.save(made)
    page.get_by_label("名册文件").set_input_files(
        {"name": "任职名册.xlsx", "mimeType": XLSX, "buffer": made.getvalue()}
    )
    page.get_by_role("button", name="上传并核对").click()
    page.wait_for_url("**/registry/rosters/appointments/*-*/")


def test_a_filled_roster_is_edited_sent_back_put_right_and_carried_out(
    site: str, desk_page: Page, sign_in: SignIn, offsite: Callable[[Page], list[str]]
) -> None:
    page = desk_page
    away = offsite(page)
    sign_in(page, CLERK)
    page.goto(f"{site}/registry/rosters/")
    page.get_by_role("link", name="任职名册", exact=True).click()
    book = download(page, "现有登记")
    sheet = book["任职名册"]
    at = {cell.value.rstrip("*"): cell.column for cell in sheet[1]}
    # The last of them: the first one's desk is another test's.
    workers = [row for row in range(3, sheet.max_row) if sheet.cell(row, at["角色"]).value == "网格员"]
    worker = workers[-1]
    person = sheet.cell(worker, at["姓名"]).value
    sheet.cell(worker, at["区域编码"], "360702101001001")
    sheet.cell(worker, at["区域名称"]).value = None
    send(page, book)
    expect(page.get_by_text("1 行有误，整份都没有写入")).to_be_visible()
    expect(page.get_by_role("region", name="逐行结果")).to_contain_text("不归您登记")
    expect(page.get_by_role("button", name="确认写入")).to_have_count(0)

    sheet.cell(worker, at["区域编码"], "360702001001003")
    page.get_by_role("link", name="改好后重新上传").click()
    send(page, book)
    result = page.get_by_role("region", name="逐行结果")
    expect(result).to_contain_text(person)
    expect(result.locator("ins").first).to_contain_text("360702001001003")
    page.get_by_role("button", name="确认写入 1 行").click()
    expect(page.get_by_text("任职名册已写入：变更 1 行")).to_be_visible()
    expect(page.get_by_role("region", name="已写入的名册")).to_contain_text("任职名册.xlsx")
    send(page, book)
    expect(page.get_by_text("与登记完全一致，没有要写的")).to_be_visible()
    assert not away


def test_a_form_on_its_way_says_so_and_is_not_sent_twice(site: str, desk_page: Page, sign_in: SignIn) -> None:
    sign_in(desk_page, CLERK)
    desk_page.goto(f"{site}/registry/editions/")
    sent: list[str] = []

    def swallow(route: Route) -> None:
        # No content: the browser stays on the page, as it does while it waits.
        sent.append(route.request.url)
        route.fulfill(status=204)

    desk_page.route("**/registry/editions/copy/", swallow)
    desk_page.locator("#copy").get_by_label("版本名称").fill("只建一次")
    button = desk_page.get_by_role("button", name="新建草稿")
    button.click()
    expect(desk_page.locator("#copy").get_by_role("status")).to_have_text("正在办理，请稍候…")
    desk_page.evaluate("document.addEventListener('submit', (event) => { window.isHeld = event.defaultPrevented; })")
    button.click(force=True)
    assert desk_page.evaluate("window.isHeld")
    assert len(sent) == 1


def test_the_pages_fit_a_phone(site: str, phone: Page, sign_in: SignIn) -> None:
    sign_in(phone, CLERK)
    for path in ("/registry/rosters/", "/registry/rosters/appointments/"):
        phone.goto(f"{site}{path}")
        wide = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
