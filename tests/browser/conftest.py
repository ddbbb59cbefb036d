"""A real Chromium in front of the real server; it may reach nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.reading import ask
from tests.browser.screens import DESK, LAUNCHED, PATIENCE_MS, PHONE, PLACED
from tests.browser.showcase import WORKER
from tests.conftest import PATIENCE_S, ROOT, Site
from tests.racing import Browser as Asking

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """A browser that reaches nothing else."""
    return browser_type_launch_args | LAUNCHED


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """In the district's language and time."""
    return browser_context_args | PLACED


@pytest.fixture
def open_page(browser: Browser, browser_context_args: dict[str, Any], site: str) -> Iterator[Callable[..., Page]]:
    """Make pages with settings of their own, e.g. another place or no geolocation."""
    contexts: list[BrowserContext] = []

    def make(**settings: Any) -> Page:
        context = browser.new_context(**(browser_context_args | {"base_url": site} | settings))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def phone(open_page: Callable[..., Page]) -> Page:
    """A phone standing in the district, location allowed."""
    return open_page(**PHONE)


@pytest.fixture
def desk_page(open_page: Callable[..., Page]) -> Page:
    """A desk computer."""
    return open_page(**DESK)


@pytest.fixture
def offsite() -> Callable[[Page], list[str]]:
    """Collect every request of a page that is not to this machine."""

    def watch(page: Page) -> list[str]:
        seen: list[str] = []
        local = ("http://127.0.0.1", "http://localhost", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(local) else seen.append(request.url))
        return seen

    return watch


@pytest.fixture
def sign_in(site: str) -> Callable[[Page, str], None]:
    """Let a page be somebody's whose password is the demonstration's; it stays where it is."""

    def do(page: Page, username: str) -> None:
        somebody = Asking(site)
        somebody.sign_in(username)
        page.context.add_cookies([{"name": it.name, "value": it.value or "", "url": site} for it in somebody.cookies])

    return do


@pytest.fixture(scope="session")
def find_spots(server: Site) -> Callable[[], None]:
    """Do what the sweep does for hot spots, and nothing else of it: the other tests' cases stay as they are."""

    def find() -> None:
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", "from cases.hotspots import find\nwhile find(): pass"],
            check=True,
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": server.database_url, "DEBUG": "1"},
            timeout=PATIENCE_S,
        )

    return find


@pytest.fixture(scope="session")
def found(server: Site, find_spots: Callable[[], None]) -> Callable[[str], Any]:
    """Hot spots as asked for, which a process beside the server finds."""

    def found_for(asked: str) -> Any:
        address = f"{server.url}/api/v1/hotspots?{asked}"
        if ask(address)["status"] != "ready":
            find_spots()
        return ask(address)

    return found_for


@pytest.fixture
def stranger(server: Site) -> str:
    """A worker of a grid in another town, given the demonstration's password."""
    with psycopg2.connect(server.database_url) as database, database.cursor() as cursor:
        cursor.execute(
            """UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = %s)
               WHERE id = (SELECT p.user_id FROM gridmap_person p
                           JOIN gridmap_appointment a ON a.person_id = p.code
                           WHERE a.role = 'grid_worker' AND a.area_id LIKE '360702101%%' ORDER BY p.code LIMIT 1)
               RETURNING username""",
            [WORKER],
        )
        (username,) = cursor.fetchone() or (None,)
    assert username is not None
    return str(username)
