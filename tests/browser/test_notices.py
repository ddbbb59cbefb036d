"""Notices on the desk, in a real browser: read on a phone and on a desk computer, and taken off it by a press."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.reading import rectangle
from tests.browser.showcase import GRID, WORKER, report
from tests.conftest import Site

SignIn = Callable[[Page, str], None]
KINDS = ("overdue", "due_soon", "ordered", "letter", "survey")
NOTICE = """
INSERT INTO cases_notice (case_id, kind, role, area_id, text, due_at, at)
SELECT id, %s, 'grid_worker', %s, %s || number || '(路灯不亮)将于 11-27 18:00 到期，待网格员办理 (due soon)', due_at, now()
FROM cases_case WHERE number = %s
"""


@pytest.fixture
def number(server: Site, site: str) -> str:
    """A case with a notice of each kind to the worker of its grid; the others are put away."""
    made = report(site, "桥头路灯不亮")
    with closing(psycopg2.connect(server.database_url)) as database, database, database.cursor() as cursor:
        cursor.execute("DELETE FROM cases_noticereading")
        cursor.execute("DELETE FROM cases_notice")
        for kind in KINDS:
            cursor.execute(NOTICE, [kind, GRID, f"{kind} 事项 ", made])
    return made


@pytest.mark.parametrize("width", [390, 1440])
def test_a_notice_is_read_on_the_desk_and_leaves_it(
    open_page: Callable[..., Page], sign_in: SignIn, number: str, width: int
) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    sign_in(page, WORKER)
    page.goto("/desk/")
    panel = page.get_by_role("region", name="提醒 Notices")
    expect(panel.get_by_role("listitem")).to_have_count(len(KINDS))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in panel.get_by_role("button").all():
        assert rectangle(button)["height"] >= (44 if width < 768 else 24)  # for a thumb, for a mouse
    panel.get_by_role("button", name="知道了：overdue").click()
    expect(panel.get_by_role("listitem")).to_have_count(len(KINDS) - 1)
    expect(panel).not_to_contain_text("overdue 事项")
    panel.get_by_role("link", name="due_soon 事项").click()
    page.wait_for_url(f"**/cases/{number}/")
    page.goto("/desk/")
    panel.get_by_role("button", name="这 4 条都知道了").click()
    expect(panel).to_have_count(0)
