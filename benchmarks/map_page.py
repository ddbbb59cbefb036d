"""The one map in a real browser over a million cases: until it is idle, against Leaflet with every case as GeoJSON.

Both pages come from this machine and draw on a canvas without a graphics card, as office computers do. A page is idle
when nothing was asked for and no frame took longer than 50 ms for half a second. The peer is what one would write first:
the 727 grids and all cases in one file of GeoJSON, drawn by ``L.geoJSON`` with circle markers; its file is written before,
with nothing but coordinates. It is given two minutes, and may break down earlier. Frames are counted while the map is
dragged to and fro.
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
from playwright.sync_api import Browser, Error, Page, TimeoutError, sync_playwright

from benchmarks.database import ROOT
from benchmarks.measuring import Finding
from benchmarks.serving import Client, gunicorn
from cases.map_report.printing import chromium

TIMES, FRAMES = 3, 30
ROUNDS = 3
PATIENCE_MS = 120_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
VIEW = {"width": 1440, "height": 900}
# By layer what is there once it is drawn. The pages open at the same place: the whole district.
LAYERS = {"density": "img.leaflet-image-layer", "hotspots": ".leaflet-theme-pane canvas"}
SINCE = "2025-07-01"
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
PANE = """() => document.querySelector(".leaflet-map-pane").style.transform"""
PEER = """<!doctype html><meta charset="utf-8"><title>peer</title><link rel="stylesheet" href="leaflet.css">
<style>html, body, #map { height: 100%; margin: 0 }</style><div id="map"></div><script src="leaflet.js"></script>
<script>
const map = L.map("map", { preferCanvas: true }).setView([25.85, 114.93], 12);
const read = (name) => fetch(name).then((answer) => answer.json());
Promise.all([read("grids.geojson"), read("cases.geojson")]).then(([grids, cases]) => {
  L.geoJSON(grids, { style: { weight: 1 } }).addTo(map);
  L.geoJSON(cases, { pointToLayer: (_, at) => L.circleMarker(at, { radius: 3, stroke: false }) }).addTo(map);
  document.querySelector("canvas").dataset.drawn = "";
});
</script>"""


def run(database_url: str) -> list[Finding]:
    """Serve both, look at both in turns, then drag the map."""
    browser_path = chromium()
    if browser_path is None:
        return [Finding("map page", "no Chromium on this machine")]
    _manage("collectstatic", "--noinput", "--verbosity", "0")
    with gunicorn(os.environ) as site, _peer(database_url) as peer, sync_playwright() as playwright:
        _find_hot_spots(site.port)
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        ours = {name: f"http://127.0.0.1:{site.port}/?layer={name}&since={SINCE}" for name in LAYERS}
        _seconds_to_idle(browser, ours["density"], LAYERS["density"])  # the server's first answer
        idle = [_seconds_to_idle(browser, ours["density"], LAYERS["density"]) for _ in range(ROUNDS)]
        theirs = _peers_seconds(browser, peer)
        findings = [
            Finding("地图页到空闲，密度图层 our page, density", _span(idle)),
            Finding("Leaflet 加全部事项的 GeoJSON the peer", f"{theirs:.1f} s" if theirs else "没有画出来 never drawn"),
            _faster(idle, theirs),
            *(_dragged(browser, name, address) for name, address in ours.items()),
        ]
        browser.close()
    return findings


def _manage(*command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=os.environ, check=True, stdout=sys.stderr)


def _find_hot_spots(port: int) -> None:
    """Ask for those the page will ask for, and have them found: without them it would draw nothing."""
    asked = f"/api/v1/hotspots?level=grid&denominator=residents&since={SINCE}"
    client = Client(port)
    client.ask(asked)
    _manage("sweep")
    answer = client.ask(asked)
    if answer.status != 200:
        raise ValueError(f"no hot spots were found: {answer.status} {answer.body[:200]!r}")


def _span(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f}–{max(seconds):.1f})"


def _faster(ours: list[float], theirs: float | None) -> Finding:
    """Where the peer was never idle, it is taken for as slow as it had time."""
    ratio = (theirs or PATIENCE_MS / 1000) / statistics.median(ours)
    said = f"{ratio:.1f}×" if theirs else "它没有到过空闲 it was never idle"
    return Finding("比它快 faster", said, f"≥ {TIMES}×", ratio >= TIMES)


def _peers_seconds(browser: Browser, address: str) -> float | None:
    """None where it does not come so far in time, or its tab breaks down; any other trouble is ours."""
    try:
        return _seconds_to_idle(browser, address, "canvas[data-drawn]")
    except Error as problem:
        if not (isinstance(problem, TimeoutError) or "crashed" in str(problem)):
            raise
        print(f"{address}: {problem}"[:300], file=sys.stderr)
        return None


def _seconds_to_idle(browser: Browser, address: str, drawn: str) -> float:
    """From asking for the page until what is drawn is there and it is idle."""
    begun = time.perf_counter()
    with _opened(browser, address, drawn):
        return time.perf_counter() - begun - 0.5


@contextmanager
def _opened(browser: Browser, address: str, drawn: str) -> Iterator[Page]:
    """A page of its own, idle."""
    page = browser.new_page(viewport=VIEW, locale="zh-CN")
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(address, wait_until="load")
        page.locator(drawn).first.wait_for(state="attached")
        page.evaluate(IDLE)
        yield page
    finally:
        page.close()


def _dragged(browser: Browser, name: str, address: str) -> Finding:
    with _opened(browser, address, LAYERS[name]) as page:
        rate = _frames_while_dragging(page)
    return Finding(
        f"拖动时每秒帧数 frames a second while dragging：{name}", f"{rate:.0f}", f"≥ {FRAMES}", rate >= FRAMES
    )


def _frames_while_dragging(page: Page, seconds: float = 4) -> float:
    page.evaluate(COUNT)
    lay = page.evaluate(PANE)
    page.mouse.move(1000, 450)
    page.mouse.down()
    begun, step = time.perf_counter(), 0
    before = page.evaluate("window.frames_drawn")
    while (passed := time.perf_counter() - begun) < seconds:
        step += 1
        page.mouse.move(1000 - 200 * abs((step % 80) - 40) / 40, 450 + 100 * abs((step % 60) - 30) / 30)
    drawn = page.evaluate("window.frames_drawn") - before
    if page.evaluate(PANE) == lay:
        raise ValueError("the map was not dragged")
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
