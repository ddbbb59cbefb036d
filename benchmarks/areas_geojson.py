"""The 727 second-level grids as GeoJSON: ours, djangorestframework-gis in the same server, and tipg in its own.

One client on kept connections asks all of them in turns, for plain bytes and for gzip; the coordinates have the
six decimals they are stored with in every answer. ``304`` is ours when the client already has the data: the peers
know no ETag here.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics

import psycopg2

from benchmarks.measuring import Finding, Work, at_least, interleaved, milliseconds
from benchmarks.serving import Answer, Client, gunicorn, uvicorn

OURS = "/api/v1/areas.geojson?level=grid"
DRF_GIS = "/peers/drf-gis"
TIPG = "/collections/peers.grids/items?limit=10000&f=geojson"
GRIDS = 727
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
    bodies = {name: _checked(client.ask(path)).body for name, client, path in _asked(site, tipg)}
    works = {"304": Work(lambda _: _fresh(site.ask(OURS, headers={"If-None-Match": etag})), turns=20)}
    for name, client, path in _asked(site, tipg):
        turns = {"ours": 20, "tipg": 3, "drf-gis": 1}[name]
        for coding in ("identity", "gzip"):
            works[f"{name} {coding}"] = Work(_asking(client, path, coding), turns)
    seconds = interleaved(works, rounds=ROUNDS)
    findings = [
        Finding(
            f"{GRIDS} 个网格 grids as GeoJSON, {name} ({len(bodies[name.split()[0]]) / 1e6:.2f} MB)",
            f"{1 / statistics.median(times):.0f}/s, {milliseconds(times)}",
        )
        if name != "304"
        else Finding("304", f"{1 / statistics.median(times):.0f}/s, {milliseconds(times)}")
        for name, times in seconds.items()
    ]
    for coding in ("identity", "gzip"):
        ours = seconds[f"ours {coding}"]
        findings += [
            at_least(f"against DRF-gis, {coding}", ours, seconds[f"drf-gis {coding}"], 40),
            at_least(f"against tipg, {coding}", ours, seconds[f"tipg {coding}"], 8),
        ]
    findings += [
        at_least("304 against the whole answer of DRF-gis", seconds["304"], seconds["drf-gis identity"], 100),
        at_least("304 against the whole answer of tipg", seconds["304"], seconds["tipg identity"], 100),
        at_least("304 against our own whole answer", seconds["304"], seconds["ours identity"], None),
    ]
    return findings


def _asked(site: Client, tipg: Client) -> list[tuple[str, Client, str]]:
    return [("ours", site, OURS), ("tipg", tipg, TIPG), ("drf-gis", site, DRF_GIS)]


def _asking(client: Client, path: str, coding: str):  # type: ignore[no-untyped-def]
    def ask(number: int) -> None:
        answer = client.ask(path, headers={"Accept-Encoding": coding})
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
