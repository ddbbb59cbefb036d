"""Reports sent to a real server by four clients at once: how long they wait, what a report costs."""

from __future__ import annotations

import json
import os
import random
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.test import Client as InProcess

from benchmarks.counting import statements
from benchmarks.measuring import Finding, percentile
from benchmarks.serving import Client, Server, gunicorn

CLIENTS = 4
EACH = 150
WARM = 15


def run(database_url: str) -> list[Finding]:
    """Send the reports, and count the statements of one."""
    bodies = _bodies(CLIENTS * (EACH + WARM) + 2)
    asked = [_statements(body) for body in (bodies.pop(), bodies.pop())][-1]
    connection.close()
    shares = [bodies[number::CLIENTS] for number in range(CLIENTS)]
    with gunicorn(os.environ) as server:
        _send(server, [share[:WARM] for share in shares])
        before, begun = server.worker_seconds(), time.perf_counter()
        waits = _send(server, [share[WARM:] for share in shares])
        taken, processor = time.perf_counter() - begun, server.worker_seconds() - before
    each = processor / len(waits) * 1e3
    high = percentile(waits, 95) * 1e3
    return [
        Finding(
            f"上报 POST a report: {len(waits)} by {CLIENTS} clients",
            f"{len(waits) / taken:.0f}/s, p50 {statistics.median(waits) * 1e3:.1f} ms",
        ),
        Finding("p95", f"{high:.1f} ms", "≤ 50 ms", high <= 50),
        Finding("Python CPU per report", f"{each:.1f} ms", "≤ 10 ms", each <= 10),
        Finding(
            "SQL statements per report, BEGIN, COMMIT and the connection's check among them",
            str(asked),
            "≤ 15",
            asked <= 15,
        ),
    ]


def _send(server: Server, shares: list[list[bytes]]) -> list[float]:
    """Seconds each report waited for its answer."""

    def send(share: list[bytes]) -> list[float]:
        client, waits = Client(server.port), []
        for body in share:
            begun = time.perf_counter()
            answer = client.ask("/api/v1/cases", method="POST", body=body, headers={"Content-Type": "application/json"})
            waits.append(time.perf_counter() - begun)
            if answer.status != 201:
                raise ValueError(f"{answer.status}: {answer.body.decode()[:300]}")
        return waits

    with ThreadPoolExecutor(CLIENTS) as clients:
        return [wait for waits in clients.map(send, shares) for wait in waits]


def _statements(body: bytes) -> int:
    """What Django sends for one report."""

    def send() -> None:
        answer = InProcess().post("/api/v1/cases", body, content_type="application/json")
        if answer.status_code != 201:
            raise ValueError(f"{answer.status_code}: {answer.content.decode()[:300]}")

    return len(statements(send))


def _bodies(count: int) -> list[bytes]:
    """Reports as a phone sends them: every other one with the reporter's name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT ST_X(point.geom), ST_Y(point.geom)
               FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id,
                    ST_DumpPoints(ST_GeneratePoints(boundary.geom, 3, 2)) AS point
               WHERE area.level = 'grid' ORDER BY area.code, point.path"""
        )
        points = cursor.fetchall()
        cursor.execute(
            """SELECT code FROM cases_category AS category WHERE NOT sensitive
               AND NOT EXISTS (SELECT FROM cases_category AS child WHERE child.parent_id = category.code) ORDER BY code"""
        )
        categories = [code for (code,) in cursor.fetchall()]
    chance = random.Random(2)
    chance.shuffle(points)
    return [json.dumps(_body(n, points[n % len(points)], chance.choice(categories))).encode() for n in range(count)]


def _body(number: int, point: tuple[float, float], category: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "client_id": str(uuid.uuid4()),
        "category": category,
        "text": f"路面破损约半米，行人容易绊倒，请尽快处理。第 {number} 件。",
        "lon": point[0],
        "lat": point[1],
        "coord": "wgs84",
        "accuracy": 12.5,
        "address": "路口东南角",
        "channel": "web",
    }
    if number % 2:
        body["reporter"] = {"name": "刘女士", "phone": "13800000000"}
    return body
