"""The 727 second-level grids as GeoJSON: ours, djangorestframework-gis in the same server, and tipg in its own.

One client on kept connections asks all of them in turns, for plain bytes and for gzip; the coordinates have the six
decimals they are stored with in every answer. The site keeps what it answered last: ``kept`` is that, as a map asks
for it, and ``anew`` a question nobody has asked before. ``304`` is ours when the client already has the data; the
peers know no ETag here.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import sys
from collections.abc import Callable

import psycopg2

from benchmarks.measuring import Finding, Work, at_least, interleaved, milliseconds
from benchmarks.serving import Answer, Client, gunicorn, uvicorn

OURS = "/api/v1/areas.geojson?level=grid"
DRF_GIS = "/peers/drf-gis"
TIPG = "/collections/peers.grids/items?limit=10000&f=geojson"
GRIDS = 727
CODINGS = ("identity", "gzip")
ROUNDS = 12

# What tipg publishes is a table or a view; this one has the columns of our answer.
VIEW = """
    CREATE SCHEMA peers;
    CREATE VIEW peers.grids AS
    SELECT area.code, area.name, area.level, area.kind, area.parent_id AS parent, area.urban, area.households,
           area.residents, area.enterprises, area.party_members, area.complexity, area.size_waiver, boundary.area_m2,
           edition.name AS edition, edition.schematic, boundary.valid_from, boundary.geom
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
         JOIN gridmap_edition AS edition ON edition.id = boundary.edition_id
    WHERE area.level = 'grid' AND boundary.valid_from <= current_date
      AND (boundary.valid_until IS NULL OR boundary.valid_until > current_date)
"""
TIPG_SETTINGS = {
    "TIPG_DB_SCHEMAS": '["peers"]',
    "TIPG_TABLE_CONFIG__peers_grids__pk": "code",
    "TIPG_CATALOG_TTL": "0",
}


def run(database_url: str) -> list[Finding]:
    """Ask all of them in turns."""
    with psycopg2.connect(database_url) as maker, maker.cursor() as cursor:
        cursor.execute(VIEW)
    maker.close()
    with (
        gunicorn(os.environ, settings="benchmarks.peers.settings") as site,
        uvicorn("tipg.main:app", os.environ | TIPG_SETTINGS, ready="/healthz") as tipg,
    ):
        return _measure(Client(site.port), Client(tipg.port))


def _measure(site: Client, tipg: Client) -> list[Finding]:
    etag = _checked(site.ask(OURS)).headers["ETag"]
    sizes = {
        path: len(_checked(client.ask(path)).body) for client, path in ((site, OURS), (site, DRF_GIS), (tipg, TIPG))
    }
    print({path: f"{size / 1e6:.2f} MB" for path, size in sizes.items()}, file=sys.stderr)
    works = {"304": Work(lambda _: _fresh(site.ask(OURS, headers={"If-None-Match": etag})), turns=20)}
    for coding in CODINGS:
        works |= {
            f"kept, {coding}": Work(_asking(site, OURS, coding), turns=20),
            # The limit is over the number of grids: every answer is whole, and each is another question.
            f"anew, {coding}": Work(_asking(site, OURS + "&limit={}", coding), turns=4),
            f"tipg, {coding}": Work(_asking(tipg, TIPG, coding), turns=2),
            f"DRF-gis, {coding}": Work(_asking(site, DRF_GIS, coding)),
        }
    seconds = interleaved(works, rounds=ROUNDS)
    findings = [
        Finding(f"{GRIDS} grids as GeoJSON: {name}", f"{1 / statistics.median(times):.0f}/s, {milliseconds(times)}")
        for name, times in seconds.items()
    ]
    for coding in CODINGS:
        for ours in ("kept", "anew"):
            taken = seconds[f"{ours}, {coding}"]
            findings += [
                at_least(f"{ours} against DRF-gis, {coding}", taken, seconds[f"DRF-gis, {coding}"], 40),
                at_least(f"{ours} against tipg, {coding}", taken, seconds[f"tipg, {coding}"], 8),
            ]
    for name in ("DRF-gis", "tipg", "anew", "kept"):
        budget = 100 if name in ("DRF-gis", "tipg") else None
        findings.append(at_least(f"304 against {name}", seconds["304"], seconds[f"{name}, identity"], budget))
    return findings


def _asking(client: Client, path: str, coding: str) -> Callable[[int], None]:
    def ask(number: int) -> None:
        answer = client.ask(path.format(1000 + number), headers={"Accept-Encoding": coding})
        if answer.status != 200 or answer.headers.get("Content-Encoding", "identity") != coding:
            raise ValueError(f"{path}: {answer.status} {answer.headers.get('Content-Encoding')}")

    return ask


def _checked(answer: Answer) -> Answer:
    """Refuse to measure an answer that is not all of the grids."""
    if answer.status != 200:
        raise ValueError(f"{answer.status}: {answer.body.decode(errors='replace')[:300]}")
    body = gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body
    features = json.loads(body)["features"]
    if len(features) != GRIDS or len(features[0]["properties"]) < 15:  # two of them give the code as the id only
        raise ValueError(f"{len(features)} features with {sorted(features[0]['properties'])}")
    return answer


def _fresh(answer: Answer) -> None:
    if answer.status != 304 or answer.body:
        raise ValueError(f"{answer.status} with {len(answer.body)} bytes")
