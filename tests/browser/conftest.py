"""A real Chromium in front of the real server; it may reach nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.showcase import WORKER
from tests.conftest import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A page that is slow is not wrong; long enough for a machine ten times slower than it should be.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
# In the middle of one second-level grid of the demonstration district.
HERE = {"latitude": 25.8545, "longitude": 114.9239, "accuracy": 12}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "geolocation": HERE,
    "permissions": ["geolocation"],
}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, kept on this machine."""
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """As in Ganzhou."""
    return browser_context_args | {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


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
    return open_page(viewport={"width": 1440, "height": 900})


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
    """Sign in as a showcase account of the demonstration."""

    def do(page: Page, username: str) -> None:
        page.goto(f"{site}/sign-in/")
        page.locator("input[name=username]").fill(username)
        page.locator("input[name=password]").fill("gridmap-demo")
        page.locator("form:has(input[name=password]) [type=submit]").click()
        page.wait_for_url("**/desk/")

    return do


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
