"""Desks, case pages and actions at once: four clients on a real server, over a million cases and 200,000 assignments.

The demonstration's cases are given a backlog (``benchmarks.backlog``): open cases in every state, and assignments of years.
Everything is asked for as a browser does, by the pages' own addresses, signed in, with gzip; first each kind by itself, then
all of them shuffled. The actions are two whole walks, each case acted on by those whose turn it is: accept, resolve, close on
the grid; and from the whistle through filing, sending, dispatch, briefing, order and finish to the confirmation.

The floor of a page is its own statements, as Django sends them, asked again by psycopg2: what is above it is Python.
"""

from __future__ import annotations

import io
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.core.management import call_command
from django.db import connection

from benchmarks import backlog
from benchmarks.browsing import Ask, load, send, sign_in, statements_of
from benchmarks.counting import CHECK, statements
from benchmarks.database import ROOT
from benchmarks.measuring import Finding, Work, interleaved, milliseconds, percentile
from benchmarks.serving import Client, Server, gunicorn, seconds_of

CLIENTS = 4
EACH = 30  # of a kind by itself, for every client
WARM = 3
WALKS = {"grid": 4, "town": 3}  # for every client, by themselves; as many again in the mixture
SHUFFLED = {"worker": 20, "clerk": 10, "department": 6, "district": 4, "page": 30}  # the mixture of every client
SMALL, THINNED = 100_000, 5  # below so many cases it is only tried whether all of it runs, with fewer requests
BUDGET_MS = 150
MOST_STATEMENTS = 20
SWEEPS, MOST_SWEEPS = 5, 1000
DESK = "/desk/"
NAMES = {
    "worker": "工作台：网格员 desk, worker",
    "clerk": "工作台：网格中心 desk, centre clerk",
    "department": "工作台：区级部门 desk, department",
    "district": "工作台：区网格中心，看得到全部 desk, everything",
    "page": "事项页面 case page",
    "action": "办理 action",
}
ROLES = {
    "worker": "grid_worker",
    "clerk": "centre_clerk",
    "department": "department_staff",
    "district": "district_centre_staff",
}
# Who does what: a column of the backlog, and what the form is filled in with, of its columns too.
WAYS: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    "grid": (
        ("accept", "worker", {}),
        ("resolve", "worker", {"text": "已清理干净"}),
        ("close", "clerk", {}),
    ),
    "town": (
        ("whistle", "chief", {"tried": "已上门两次", "text": "社区没有施工权限"}),
        ("file", "clerk", {}),
        ("send", "clerk", {"person": "{sent_person}"}),
        ("dispatch", "clerk", {"office": "{office}"}),
        ("brief", "office_user", {"text": "拟请本办处置"}),
        (
            "order",
            "leader",
            {"unit": "{office}", "text": "换盖并回填", "limit_amount": "3", "limit_unit": "working_days"},
        ),
        ("finish", "office_user", {"text": "已换盖回填"}),
        ("confirm", "clerk", {}),
    ),
}
BEGINS = {"grid": "reported", "town": "handling"}
WITH_PICTURE = frozenset({"resolve", "finish"})


@dataclass(frozen=True)
class Ground:
    """What the load is about: people by role, pages to read for those who may, walks nobody reads, and sessions."""

    people: dict[str, list[int]]
    pages: list[Ask]
    walks: dict[str, list[list[Ask]]]
    keys: dict[int, str]
    thinned: int

    def share(self, count: int) -> int:
        """So many requests, or fewer where nothing is to be measured."""
        return max(2, count // self.thinned)


def run(database_url: str) -> list[Finding]:
    """Make the backlog, count statements, then serve, and measure by the server's own answers."""
    begun = time.perf_counter()
    counts = backlog.make(database_url)
    print(f"{counts}, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ,
        check=True,
        stdout=sys.stderr,
    )
    ground = _ground(random.Random(1), thinned=1 if counts["cases"] >= SMALL else THINNED)
    swept = _sweeps()
    findings = [
        Finding(
            f"{counts['cases']} 件，未结 open {counts['open']}，承办任务 assignments {counts['assignments']}",
            f"{CLIENTS} 个客户端 clients",
        ),
        *_statement_counts(ground),
    ]
    connection.close()
    with gunicorn(os.environ) as server:
        findings += _by_themselves(server, ground)
        findings += _mixture(server, ground)
        findings += _floors(server, ground, database_url)
    return [*findings, *swept]


# ---- what the load is about -------------------------------------------------------------------------------------


def _rows(statement: str, *values: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def _ground(chance: random.Random, *, thinned: int = 1) -> Ground:
    people = {
        kind: [user for (user,) in _rows("SELECT DISTINCT user_id FROM bench.post WHERE role = %s ORDER BY 1", role)]
        for kind, role in ROLES.items()
    }
    for users in people.values():
        chance.shuffle(users)
    read = _rows(
        """SELECT cases_case.number, unnest(CASE WHEN cases_letter.id IS NULL THEN ARRAY[worker, clerk, leader]
                                      ELSE ARRAY[worker, clerk, lead_user] END)
           FROM bench.backlog JOIN cases_case USING (id) LEFT JOIN cases_letter ON cases_letter.case_id = backlog.id
           WHERE backlog.nth % 3 = 0 ORDER BY backlog.nth LIMIT 2000"""
    )
    pages = [Ask("page", user, f"/cases/{number}/") for number, user in read]
    chance.shuffle(pages)
    walks = {way: list(_walks(way)) for way in WAYS}
    asked = [*pages, *(ask for several in walks.values() for walk in several for ask in walk)]
    return Ground(people, pages, walks, sign_in({ask.user for ask in asked}.union(*people.values())), thinned)


def _walks(way: str) -> Iterator[list[Ask]]:
    """Cases nobody reads in the load, each with its whole walk."""
    wanted = CLIENTS * 2 * WALKS[way] + 2
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT backlog.*, number FROM bench.backlog JOIN cases_case USING (id)
               WHERE backlog.state = %s AND backlog.nth %% 3 = 1 ORDER BY backlog.nth LIMIT %s""",
            [BEGINS[way], wanted],
        )
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if len(found) < wanted:
        raise ValueError(f"{len(found)} cases for the walk {way}, {wanted} are wanted")
    for case in found:
        yield [
            Ask(
                "action",
                case[who],
                f"/cases/{case['number']}/{verb}/",
                {name: value.format(**case) for name, value in form.items()},
                verb in WITH_PICTURE,
            )
            for verb, who, form in WAYS[way]
        ]


# ---- the load ---------------------------------------------------------------------------------------------------


def _reading(ground: Ground, kind: str, count: int, *, client: int) -> list[Ask]:
    """So many requests of one kind, each client's of others than the next client's as far as there are."""
    count = ground.share(count)
    if kind == "page":
        return [ground.pages[(client + CLIENTS * n) % len(ground.pages)] for n in range(count)]
    people = ground.people[kind]
    return [Ask(kind, people[(client + CLIENTS * n) % len(people)], DESK) for n in range(count)]


def _walking(ground: Ground) -> list[list[Ask]]:
    """The next walks for every client, one after the other; each case is walked once."""
    return [
        [
            ask
            for way, count in WALKS.items()
            for _ in range(-(-count // ground.thinned))
            for ask in ground.walks[way].pop()
        ]
        for _ in range(CLIENTS)
    ]


def _by_themselves(server: Server, ground: Ground) -> list[Finding]:
    findings = []
    for kind in SHUFFLED:
        load(server, ground.keys, [_reading(ground, kind, WARM, client=client) for client in range(CLIENTS)])
        findings.append(
            _alone(server, ground, [_reading(ground, kind, EACH, client=client) for client in range(CLIENTS)])
        )
    return [*findings, _alone(server, ground, _walking(ground))]


def _alone(server: Server, ground: Ground, shares: list[list[Ask]]) -> Finding:
    """One kind by itself: how long it waited, how many a second, and the processor's time for each."""
    before = server.worker_seconds(), _database_seconds()
    waited, taken = load(server, ground.keys, shares)
    ((kind, waits),) = waited.items()
    after = server.worker_seconds(), _database_seconds()
    python, database = ((late - early) / len(waits) * 1e3 for early, late in zip(before, after, strict=True))
    return _waited(
        NAMES[kind], waits, f"{len(waits) / taken:.0f}/s，CPU Python {python:.0f} ms，PostgreSQL {database:.0f} ms"
    )


def _database_seconds() -> float:
    """Processor time of the database's processes that serve us, in so far as it is on this machine."""
    return seconds_of(pid for (pid,) in _rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"))


def _mixture(server: Server, ground: Ground) -> list[Finding]:
    chance = random.Random(2)
    shares = []
    for client, steps in enumerate(_walking(ground)):
        reading = [ask for kind, count in SHUFFLED.items() for ask in _reading(ground, kind, count, client=client)]
        places: list[Ask | None] = [*reading, *[None] * len(steps)]
        chance.shuffle(places)
        walk = iter(steps)  # what is shuffled is when: a walk keeps its order
        shares.append([ask or next(walk) for ask in places])
    waits, taken = load(server, ground.keys, shares)
    count = sum(len(share) for share in shares)
    return [
        Finding(f"混合 mixed：{count} 个请求 requests", f"{count / taken:.0f}/s"),
        *(_waited(f"— {name}", waits[kind]) for kind, name in NAMES.items()),
    ]


def _waited(name: str, waits: list[float], beside: str = "") -> Finding:
    """The 95th percentile against the budget, the median, and what there is beside it."""
    high = percentile(waits, 95) * 1e3
    said = f"p95 {high:.0f} ms，p50 {statistics.median(waits) * 1e3:.0f} ms" + (f"，{beside}" if beside else "")
    return Finding(name, said, f"p95 ≤ {BUDGET_MS} ms", high <= BUDGET_MS)


# ---- statements, floors, sweeps ---------------------------------------------------------------------------------


def _statement_counts(ground: Ground) -> list[Finding]:
    findings = []
    for way, verbs in WAYS.items():
        walk = ground.walks[way].pop()
        counts = {verb: len(statements_of(ask, ground.keys)) for (verb, _, _), ask in zip(verbs, walk, strict=True)}
        most = max(counts.values())
        findings.append(
            Finding(
                f"语句数 statements：{' → '.join(counts)}",
                "、".join(str(count) for count in counts.values()),
                f"≤ {MOST_STATEMENTS}",
                most <= MOST_STATEMENTS,
            )
        )
    reads = [_reading(ground, kind, 1, client=0)[0] for kind in SHUFFLED]
    said = "、".join(str(len(statements_of(ask, ground.keys))) for ask in reads)
    return [*findings, Finding(f"语句数 statements：{'、'.join(SHUFFLED)}", said)]


def _floors(server: Server, ground: Ground, database_url: str) -> list[Finding]:
    """One client asks a page and, in turns, its statements are asked of the database and nothing more."""
    client = Client(server.port)
    asking = psycopg2.connect(database_url)
    asking.autocommit = True
    findings = []
    for kind in SHUFFLED:
        ask = _reading(ground, kind, 1, client=1)[0]
        plain = [sql for sql in statements_of(ask, ground.keys) if re.match(r"SELECT", sql) and sql != CHECK]
        works = {
            "page": Work(_page(client, ask, ground), turns=3),
            "floor": Work(_replayed(asking, plain), turns=3),
        }
        seconds = interleaved(works, rounds=5)
        ratio = statistics.median(seconds["page"]) / statistics.median(seconds["floor"])
        findings.append(
            Finding(
                f"一个客户端 one client：{NAMES[kind]}",
                f"{milliseconds(seconds['page'])}，是只问其 {len(plain)} 条语句的 {ratio:.1f}× of its own SQL"
                f" {milliseconds(seconds['floor'])}",
            )
        )
    asking.close()
    connection.close()
    return findings


def _page(client: Client, ask: Ask, ground: Ground) -> Callable[[int], object]:
    return lambda _: send(client, ask, ground.keys)


def _replayed(asking: psycopg2.extensions.connection, plain: list[str]) -> Callable[[int], None]:
    def replay(_: int) -> None:
        with asking.cursor() as cursor:
            for statement in plain:
                cursor.execute(statement)
                cursor.fetchall()

    return replay


def _sweeps() -> list[Finding]:
    """Sweep until there is nothing to do, then time what is left; without the start of the process, which goes on sweeping."""
    for swept in range(1, MOST_SWEEPS):
        output = io.StringIO()
        call_command("sweep", stdout=output)
        if not output.getvalue():
            print(f"quiet from sweep {swept} on", file=sys.stderr)
            break
    asked = len(statements(lambda: call_command("sweep", stdout=io.StringIO())))
    seconds = []
    for _ in range(SWEEPS):
        begun = time.perf_counter()
        call_command("sweep", stdout=io.StringIO())
        seconds.append(time.perf_counter() - begun)
    return [
        Finding(
            f"sweep，没有到时的 nothing due，{asked} 条语句 statements",
            milliseconds(seconds),
            "< 2000 ms",
            max(seconds) < 2,
        )
    ]
