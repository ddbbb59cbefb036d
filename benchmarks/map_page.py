"""The one map in a real browser over a million cases: until it is idle, against Leaflet with every case as GeoJSON.

Both pages come from this machine and draw on a canvas without a graphics card, as office computers do. A page is idle
when nothing was asked for and no frame took longer than 50 ms for half a second. The peer is what one would write first:
the 727 grids and all cases in one file of GeoJSON, drawn by ``L.geoJSON`` with circle markers; its file is written before,
with nothing but coordinates. It is given two minutes. Frames are counted while the map is dragged to and fro.
"""

from __future__ import annotations

import http.server
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg2
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.database import ROOT
from benchmarks.measuring import Finding
from benchmarks.serving import gunicorn

TIMES, FRAMES = 3, 30
ROUNDS = 3
PATIENCE_MS = 120_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
VIEW = {"width": 1440, "height": 900}
# The two of them open at the same place: the whole district.
LAYERS = {"density": "/?layer=density&since=2025-07-01", "hotspots": "/?layer=hotspots"}
IDLE = """
    () => new Promise((done) => {
        let quiet = performance.now(), last = quiet, asked = performance.getEntriesByType("resource").length;
        const look = (now) => {
            const count = performance.getEntriesByType("resource").length;
            if (now - last > 50 || count !== asked) { quiet = now; asked = count; }
            last = now;
            if (now - quiet > 500) { done(quiet); } else { requestAnimationFrame(look); }
        };
        requestAnimationFrame(look);
    })
"""
COUNT = """
    () => { window.frames_drawn = 0; const count = () => { window.frames_drawn += 1; requestAnimationFrame(count); };
            requestAnimationFrame(count); }
"""
PEER = """<!doctype html><meta charset="utf-8"><title>peer</title><link rel="stylesheet" href="leaflet.css">
<style>html, body, #map { height: 100%; margin: 0 }</style><div id="map"></div><script src="leaflet.js"></script>
<script>
const map = L.map("map", { preferCanvas: true }).setView([25.85, 114.93], 12);
const read = (name) => fetch(name).then((answer) => answer.json());
Promise.all([read("grids.geojson"), read("cases.geojson")]).then(([grids, cases]) => {
  L.geoJSON(grids, { style: { weight: 1 } }).addTo(map);
  L.geoJSON(cases, { pointToLayer: (_, at) => L.circleMarker(at, { radius: 3, stroke: false }) }).addTo(map);
  document.title = "drawn";
});
</script>"""


def run(database_url: str) -> list[Finding]:
    """Serve both, look at both in turns, then drag the map."""
    if CHROMIUM is None:
        return [Finding("map page", "no Chromium on this machine")]
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ,
        check=True,
    )
    with gunicorn(os.environ) as site, _peer(database_url) as peer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        ours = f"http://127.0.0.1:{site.port}"
        _seconds_to_idle(browser, ours + LAYERS["density"])  # the server's first answer
        idle = [_seconds_to_idle(browser, ours + LAYERS["density"]) for _ in range(ROUNDS)]
        theirs = _seconds_to_idle(browser, peer, title="drawn")
        findings = [
            Finding("地图页到空闲，密度图层 our page, density", _span(idle)),
            Finding(
                "Leaflet 加全部事项的 GeoJSON the peer", f"{theirs:.1f} s" if theirs else f"> {PATIENCE_MS // 1000} s"
            ),
            _faster(idle, theirs),
            *(_dragged(browser, name, ours + path) for name, path in LAYERS.items()),
        ]
        browser.close()
    return findings


def _span(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f}–{max(seconds):.1f})"


def _faster(ours: list[float], theirs: float | None) -> Finding:
    ratio = (theirs or PATIENCE_MS / 1000) / statistics.median(ours)
    said = f"{ratio:.1f}×" if theirs else f"> {ratio:.0f}×"
    return Finding("比它快 faster", said, f"≥ {TIMES}×", ratio >= TIMES)


def _seconds_to_idle(browser: Browser, address: str, *, title: str = "") -> float | None:
    """From asking for the page until it is idle; None where it does not come so far in time."""
    page = browser.new_page(viewport=VIEW, locale="zh-CN")
    page.set_default_timeout(PATIENCE_MS)
    begun = time.perf_counter()
    try:
        page.goto(address, wait_until="load")
        if title:
            page.wait_for_function(f"document.title === '{title}'")
        else:
            page.locator("img.leaflet-image-layer").first.wait_for(state="attached")
        page.evaluate(IDLE)
        return time.perf_counter() - begun - 0.5
    except Exception as problem:  # a tab that ran out of time or memory is a finding too
        print(f"{address}: {problem}"[:300], file=sys.stderr)
        return None
    finally:
        page.close()


def _dragged(browser: Browser, name: str, address: str) -> Finding:
    page = browser.new_page(viewport=VIEW, locale="zh-CN")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address, wait_until="load")
    page.evaluate(IDLE)
    rate = _frames_while_dragging(page)
    page.close()
    return Finding(
        f"拖动时每秒帧数 frames a second while dragging：{name}", f"{rate:.0f}", f"≥ {FRAMES}", rate >= FRAMES
    )


def _frames_while_dragging(page: Page, seconds: float = 4) -> float:
    page.evaluate(COUNT)
    page.mouse.move(1000, 450)
    page.mouse.down()
    begun, step = time.perf_counter(), 0
    before = page.evaluate("window.frames_drawn")
    while (passed := time.perf_counter() - begun) < seconds:
        step += 1
        page.mouse.move(1000 - 200 * abs((step % 80) - 40) / 40, 450 + 100 * abs((step % 60) - 30) / 30)
    drawn = page.evaluate("window.frames_drawn") - before
    page.mouse.up()
    return float(drawn / passed)


# ---- the peer ---------------------------------------------------------------------------------------------------------


@contextmanager
def _peer(database_url: str) -> Iterator[str]:
    """The address of the peer's page, served with its files from a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        _write(database_url, Path(folder))
        handler = partial(_Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        finally:
            server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _write(database_url: str, folder: Path) -> None:
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copy(ROOT / "node_modules/leaflet/dist" / name, folder)
    (folder / "index.html").write_text(PEER)
    feature = """'{"type":"Feature","properties":{},"geometry":' || %s || '}'"""
    grids = "SELECT geojson FROM gridmap_boundary JOIN gridmap_area ON code = area_id WHERE level = 'grid' AND valid_until IS NULL"
    cases = "SELECT ST_AsGeoJSON(public_point, 6) AS geojson FROM cases_case"
    connection = psycopg2.connect(database_url)
    for name, rows in (("grids", grids), ("cases", cases)):
        with (folder / f"{name}.geojson").open("w") as file, connection.cursor() as cursor:
            file.write('{"type":"FeatureCollection","features":[\n')
            cursor.execute(f"SELECT string_agg({feature % 'geojson'}, E',\\n') FROM ({rows}) AS row")
            file.write(cursor.fetchone()[0])
            file.write("]}")
    connection.close()
