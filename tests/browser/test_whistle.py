"""The second whistle in a real browser: each by an account of its own, from the grid to the town and back to an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_desk import CHIEF, CLERK, GRID, WORKER, picture, report

if TYPE_CHECKING:
    from tests.conftest import Site

SignIn = Callable[[Page, str], None]


@pytest.fixture
def envoy(server: Site) -> tuple[str, str]:
    """Code and username of somebody of the town's offices, given the demonstration's password."""
    with psycopg2.connect(server.database_url) as database, database.cursor() as cursor:
        cursor.execute(
            """UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = %s)
               WHERE id = (SELECT p.user_id FROM gridmap_person p
                           JOIN gridmap_appointment a ON a.person_id = p.code
                           JOIN gridmap_organisation o ON o.code = a.organisation_id
                           WHERE a.role = 'office_staff' AND o.area_id = %s ORDER BY p.code LIMIT 1)
               RETURNING (SELECT code FROM gridmap_person WHERE user_id = auth_user.id), username""",
            [WORKER, GRID[:9]],
        )
        found = cursor.fetchone()
    assert found is not None
    return found


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
    row = desk_page.locator(f"[data-number='{number}']")
    expect(row).to_contain_text("待我：中心备案")
    desk_page.goto(f"/cases/{number}/")
    desk_page.get_by_role("button", name="中心备案").click()
    expect(desk_page.locator(".case-head .state")).to_have_text("二级哨")
    desk_page.get_by_label("派谁到社区").select_option(envoy[0])
    desk_page.get_by_role("button", name="派专人到社区").click()
    expect(desk_page.locator(".case-head .state")).to_have_text("中心整合")
    expect(desk_page.locator("main")).to_contain_text("“到社区协调解决”")

    # Whoever was sent settles it on the spot.
    field = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    sign_in(field, envoy[1])
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
