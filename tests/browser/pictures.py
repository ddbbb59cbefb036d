"""The pictures of the guide to the map, taken of a site that runs: ``make pictures``.

Every layer, its views and themes, two periods compared and the review, on a phone and on a desk. On the phone the legend
is opened, as a press does, where it leaves something to see. An empty database is best filled by ``load_demo --unfinished 60``:
every state and many whistles are there. The pictures have few colours, to be small; those of the legends are among them.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.screens import DESK, LAUNCHED, PATIENCE_MS, PHONE, PLACED, ROOT

FOLDER = ROOT / "docs" / "pictures"
FOLDED = ("hotspots", "compare")
YEAR = dt.timedelta(days=365)
SIZES: dict[int, dict[str, Any]] = {390: PHONE | {"device_scale_factor": 1}, 1440: DESK}


def views(today: dt.date) -> dict[str, str]:
    """Names and addresses of what is taken, as leaders look at it: a year until today, where a period is needed."""
    since = today - YEAR + dt.timedelta(days=1)
    year = f"since={since}&until={today}"
    before = f"before={since - YEAR}..{since - dt.timedelta(days=1)}"
    return {
        "cases": "/",
        "density": f"/?layer=density&{year}",
        "hotspots": f"/?layer=hotspots&{year}&lon=114.93&lat=25.853&zoom=13",
        "overdue": "/?layer=overdue",
        "coverage": "/?layer=coverage",
        "coverage-supply": "/?layer=coverage&view=supply",
        "ground-size": "/?layer=ground",
        "ground-party": "/?layer=ground&theme=party",
        "ground-workers": "/?layer=ground&theme=workers",
        "ground-workload": "/?layer=ground&theme=workload",
        "ground-routing": "/?layer=ground&theme=routing",
        "compare": f"/?layer=density&{year}&{before}",
        "review": "/review/",
        "review-funnel": "/review/#funnel-title",
    }


def settled(page: Page) -> None:
    """Wait until everything is read and drawn."""
    for waiting in page.locator("main [data-part=loading]").all():
        waiting.wait_for(state="hidden")
    page.wait_for_load_state("networkidle")
    page.evaluate("location.hash && document.querySelector(location.hash).scrollIntoView()")
    page.wait_for_timeout(800)


def open_legend(page: Page) -> None:
    """Press what the legend is folded behind on a phone."""
    legend = page.locator("#legend:not([open]) > summary")
    if legend.count():
        legend.click()


def small(taken: bytes) -> Image.Image:
    """The picture in few colours, none mixed from dots; the octree leaves out none that is seldom but stands out."""
    whole = Image.open(io.BytesIO(taken)).convert("RGB")
    return whole.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def take(site: str, folder: Path) -> None:
    """Take every view at every size."""
    today = dt.datetime.now(ZoneInfo(PLACED["timezone_id"])).date()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCHED)
        for width, screen in SIZES.items():
            context = browser.new_context(**PLACED, **screen, base_url=site, reduced_motion="reduce")
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            for name, address in views(today).items():
                page.goto(address)
                settled(page)
                if name not in FOLDED:
                    open_legend(page)
                path = folder / f"layer-{name}-{width}.png"
                small(page.screenshot()).save(path, optimize=True)
                print(f"{path.name} {path.stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000", FOLDER)
