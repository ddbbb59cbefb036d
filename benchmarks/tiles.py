"""Tiles of cases at zooms 10 to 15: ours over HTTP, the same statement through psycopg2, and tipg in its own server.

One client on kept connections asks all three for the same tiles in turns, drawn by lot among those that have cases.
Ours is made anew each time: every question has a ``since`` of its own, earlier than all cases, so that no answer kept in
memory fits; ``kept`` and ``304`` are measured apart. The floor is the very statement of ours, with the same parameters.
tipg serves each case as a feature, with the same columns, no limit that hides any and no buffer around the tile.
"""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import os
import random
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pyogrio

from benchmarks.measuring import Finding, Work, interleaved, milliseconds
from benchmarks.serving import Answer, Client, gunicorn, uvicorn

ZOOMS = range(10, 16)
TILES = 24
"""At each zoom, or all where there are fewer."""
PASSES = 2
THREADS = 8
SEED = 20260630
MAX_KB = 500
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))

VIEW = """
    CREATE SCHEMA peers;
    CREATE VIEW peers.cases AS
    SELECT number, state, category_id AS category, closed_at IS NULL AS open,
           closed_at IS NULL AND state <> 'suspended' AND due_at < now() AS overdue, public_point AS geom
    FROM cases_case
"""
TIPG = "/collections/peers.cases/tiles/WebMercatorQuad/{}/{}/{}"
TIPG_SETTINGS = {
    "TIPG_DB_SCHEMAS": '["peers"]',
    "TIPG_TABLE_CONFIG__peers_cases__pk": "number",
    "TIPG_CATALOG_TTL": "0",
    "TIPG_MAX_FEATURES_PER_TILE": "10000000",
    "TIPG_TILE_BUFFER": "0",
}
KEYS = "SELECT quadkey >> %s AS tile, count(*) FROM cases_case GROUP BY 1 ORDER BY 1"

Place = tuple[int, int, int]
# No question is asked twice.
QUESTIONS = itertools.count()


def run(database_url: str) -> list[Finding]:
    """Look at every tile for the largest, then ask for some of them in turns."""
    database = psycopg2.connect(database_url)
    database.autocommit = True
    with database.cursor() as cursor:
        cursor.execute(VIEW)
        # As autovacuum leaves a site that has run for a while: what a tile is read from is known to be visible.
        cursor.execute("VACUUM ANALYZE cases_case")
    filled = {zoom: _filled(database, zoom) for zoom in ZOOMS}
    findings = [_largest(database, filled)]
    draw = random.Random(SEED)
    with (
        gunicorn(os.environ) as site,
        uvicorn("tipg.main:app", os.environ | TIPG_SETTINGS, ready="/healthz") as tipg,
    ):
        ours, theirs = Client(site.port), Client(tipg.port)
        _check(ours, theirs, filled[15])
        _warm(site.port, max(filled[10], key=filled[10].__getitem__))
        together: dict[str, list[float]] = {"ours": [], "floor": [], "tipg": []}
        for zoom, counts in filled.items():
            drawn = draw.sample(sorted(counts), min(TILES, len(counts)))
            seconds = _measure(ours, theirs, database, drawn)
            findings += _compared(f"zoom {zoom}", seconds)
            fullest = max(counts, key=counts.__getitem__)
            alone = _compared(f"zoom {zoom}, the fullest tile", _measure(ours, theirs, database, [fullest]))
            findings += [replace(it, met=None, budget="") for it in alone]
            for name, taken in seconds.items():
                together[name] += taken
        findings += _compared("all zooms", together)
        findings += _again(ours, max(filled[14], key=filled[14].__getitem__))
    database.close()
    return findings


def _filled(database: Any, zoom: int) -> dict[Place, int]:
    """The tiles of a zoom that have cases, with how many."""
    with database.cursor() as cursor:
        cursor.execute(KEYS, [2 * (30 - zoom)])
        return {(zoom, _every_other(key), _every_other(key >> 1)): count for key, count in cursor.fetchall()}


def _every_other(bits: int) -> int:
    return sum((bits >> (2 * place) & 1) << place for place in range(31))


def _statement(place: Place, since: dt.datetime) -> tuple[str, tuple[Any, ...]]:
    from gridmap.duties import NOBODY
    from gridmap.features.offered import Question
    from gridmap.features.parameters import Filters
    from gridmap.features.tile import Tile
    from gridmap.features.tiles import tile_layer, tile_statement

    question = Question(Filters(since=since), NOBODY, dt.datetime.now(dt.UTC))
    asked = tile_statement(tile_layer("cases"), question, Tile(*place))
    if asked is None:
        raise ValueError(f"nothing is asked for {place}")
    return asked


def _fetched(database: Any, asked: tuple[str, tuple[Any, ...]]) -> bytes:
    with database.cursor() as cursor:
        cursor.execute(*asked)
        return bytes(cursor.fetchone()[0])


def _largest(database: Any, filled: dict[int, dict[Place, int]]) -> Finding:
    """The largest of all tiles of these zooms, packed as it is sent."""
    sizes = {}
    for counts in filled.values():
        for place in counts:
            body = _fetched(database, _statement(place, LONG_AGO))
            sizes[place] = (len(gzip.compress(body, compresslevel=6)) / 1e3, len(body) / 1e3, counts[place])
    for zoom in filled:
        place = max((it for it in sizes if it[0] == zoom), key=lambda it: sizes[it])
        print("{}: {:.0f} kB packed, {:.0f} kB, {} cases".format(place, *sizes[place]), file=sys.stderr)
    packed, plain, cases = max(sizes.values())
    name = f"largest of {len(sizes)} tiles, zooms {ZOOMS[0]} to {ZOOMS[-1]}: gzip ({plain:.0f} kB plain, {cases} cases)"
    return Finding(name, f"{packed:.0f} kB", f"≤ {MAX_KB} kB", packed <= MAX_KB)


def _warm(port: int, place: Place) -> None:
    """Let every thread of the site open its connection, and that load PostGIS and map the pages kept in memory.

    tipg's and the floor's few connections have done so after a tile or two.
    """

    def ask(second: int) -> None:
        _whole(Client(port).ask(_path(place, since=f"1999-01-01T00:00:{second:02}")))

    with ThreadPoolExecutor(THREADS) as clients:
        list(clients.map(ask, range(3 * THREADS)))


def _measure(ours: Client, theirs: Client, database: Any, drawn: list[Place]) -> dict[str, list[float]]:
    """Seconds of each tile, by who was asked."""
    plain = {"Accept-Encoding": "identity"}

    def anew(turn: int) -> None:
        place = drawn[turn % len(drawn)]
        since = LONG_AGO + dt.timedelta(seconds=next(QUESTIONS))
        _whole(ours.ask(_path(place, since=f"{since:%Y-%m-%dT%H:%M:%S}"), headers=plain))

    asked = [_statement(place, LONG_AGO) for place in drawn]

    def floor(turn: int) -> None:
        _fetched(database, asked[turn % len(drawn)])

    def peer(turn: int) -> None:
        _whole(theirs.ask(TIPG.format(*drawn[turn % len(drawn)]), headers=plain))

    # tipg reads the table and ours an index, each driving the other's pages out of the database's memory: whoever
    # comes after the other has its pages fetched first, unmeasured.
    works = {"again": peer, "tipg": peer, "fetching": floor, "ours": anew, "floor": floor}
    seconds = interleaved({name: Work(run) for name, run in works.items()}, rounds=PASSES * len(drawn))
    return {name: seconds[name] for name in ("ours", "floor", "tipg")}


def _compared(which: str, seconds: dict[str, list[float]]) -> list[Finding]:
    rates = {name: len(taken) / sum(taken) for name, taken in seconds.items()}
    told = ", ".join(f"{name} {rate:.1f}/s" for name, rate in rates.items())
    against_tipg, against_floor = (rates["ours"] / rates[peer] for peer in ("tipg", "floor"))
    return [
        Finding(f"{which}, asked {len(seconds['ours'])} times", told),
        Finding(f"{which} against tipg", f"{against_tipg:.1f}×", "≥ 4×", against_tipg >= 4),
        Finding(f"{which} against the floor", f"{against_floor:.2f}×", "≥ 0.7×", against_floor >= 0.7),
    ]


def _again(ours: Client, place: Place) -> list[Finding]:
    """What the site keeps, and what the client does: the fullest tile of a zoom once more."""
    packed = {"Accept-Encoding": "gzip"}
    etag = _whole(ours.ask(_path(place), headers=packed)).headers["ETag"]
    works = {
        "kept": Work(lambda _: _whole(ours.ask(_path(place), headers=packed)), turns=20),
        "304": Work(_unchanged(ours, place, etag), turns=20),
    }
    return [
        Finding(f"the fullest tile of zoom {place[0]}: {name}", milliseconds(taken))
        for name, taken in interleaved(works, rounds=5).items()
    ]


def _unchanged(ours: Client, place: Place, etag: str) -> Callable[[int], None]:
    def ask(_: int) -> None:
        answer = ours.ask(_path(place), headers={"If-None-Match": etag})
        if answer.status != 304:
            raise ValueError(f"{answer.status} for a tile the client has")

    return ask


def _path(place: Place, **query: str) -> str:
    return "/tiles/cases/{}/{}/{}.mvt".format(*place) + "".join(f"?{name}={value}" for name, value in query.items())


def _whole(answer: Answer) -> Answer:
    if answer.status != 200 or not answer.body:
        raise ValueError(f"{answer.status}: {answer.body.decode(errors='replace')[:300]}")
    return answer


def _check(ours: Client, theirs: Client, counts: dict[Place, int]) -> None:
    """Refuse to measure what is not all of the cases: ours counts them, tipg gives each, and those on its far edges."""
    place = max(counts, key=counts.__getitem__)
    cases = counts[place]
    told = int(_column(_whole(ours.ask(_path(place))).body, place, "count").sum())
    each = len(_column(_whole(theirs.ask(TIPG.format(*place))).body, place, "number"))
    if told != cases or not cases <= each <= cases * 1.01:
        raise ValueError(f"{place} has {cases} cases; ours tells of {told}, tipg of {each}")


def _column(body: bytes, place: Place, name: str) -> Any:
    zoom, column, row = place
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / str(zoom) / str(column) / f"{row}.mvt"
        saved.parent.mkdir(parents=True)
        saved.write_bytes(body)
        return pyogrio.raw.read(saved, columns=[name], read_geometry=False)[3][0]
