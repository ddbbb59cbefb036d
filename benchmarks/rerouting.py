"""Cases given their areas of today after some twenty grids were redrawn: ours, against row by row and single UPDATEs.

All begin from the same cases and come to the same areas and public points; ours also writes the trace and the handovers
of open cases. Every run is taken back, its constraints checked first as a commit would.
Row by row is measured on a sample and multiplied; the single UPDATEs are the plain one, one that looks only
inside the new shapes, and the same helped to a better plan.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable
from functools import partial

import numpy as np
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.measuring import Finding, Work, at_least, interleaved
from cases import rerouting
from cases.models import Case, Handover
from gridmap.models import Edition
from tests.cases.redrawing import grids_in_force, publish, redrawn

DAY = dt.date(2026, 7, 1)
ROUNDS = 5
SAMPLE = 400
SEED, MOVES, SPLITS, MERGES = 11, 4, 3, 2

ONE_ROW = """
UPDATE cases_case SET current_area_id = (gridmap_route(ST_X(point), ST_Y(point), %s, 0)).area WHERE id = %s
"""
# The new area, and for a case whose place is kept back the point that stands for it.
UPDATE = """
WITH place AS MATERIALIZED (
    SELECT boundary.area_id, ST_PointOnSurface(boundary.geom) AS inside
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
    WHERE area.level = 'grid' AND gridmap_in_force(boundary.valid_from, boundary.valid_until, '{day}')
), now AS ({now})
UPDATE cases_case
SET current_area_id = now.code, public_point = CASE WHEN category.sensitive THEN place.inside ELSE public_point END
FROM now JOIN place ON place.area_id = now.code, cases_category AS category
WHERE cases_case.id = now.id AND category.code = category_id
  AND (current_area_id <> now.code OR category.sensitive AND NOT ST_Equals(public_point, place.inside))
"""
# What covers each case now, the lowest code of several.
COVERING = """
    SELECT found.id, min(boundary.area_id) AS code
    FROM cases_case AS found JOIN gridmap_boundary AS boundary ON ST_Covers(boundary.geom, found.point)
    JOIN gridmap_area AS area ON area.code = boundary.area_id
    WHERE area.level = 'grid' AND gridmap_in_force(boundary.valid_from, boundary.valid_until, '{day}')
    GROUP BY found.id
"""
# Only what the new shapes cover; a neighbour that was not redrawn keeps the points on its line if its code is lower.
COVERED_ANEW = """
    SELECT found.id,
           CASE WHEN EXISTS (SELECT FROM gridmap_boundary AS closed
                             WHERE closed.area_id = found.current_area_id AND closed.valid_until = '{day}')
                THEN min(boundary.area_id) ELSE least(found.current_area_id, min(boundary.area_id)) END AS code
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
    JOIN cases_case AS found ON ST_Covers(boundary.geom, found.point)
    WHERE area.level = 'grid' AND boundary.valid_from = '{day}'
    GROUP BY found.id, found.current_area_id
"""
ALL = UPDATE.format(day=DAY, now=COVERING.format(day=DAY))
OPENED = UPDATE.format(day=DAY, now=COVERED_ANEW.format(day=DAY))
# The planner takes what a shape covers for half the table and reads all of it, unless it is handed the keys.
BY_KEY = OPENED.replace("now AS (", "now AS MATERIALIZED (").replace(
    "WHERE cases_case.id = now.id", "WHERE cases_case.id = ANY (ARRAY(SELECT id FROM now)) AND cases_case.id = now.id"
)
SINGLE = {"all": ALL, "opened": OPENED, "by key": BY_KEY}


def run(database_url: str) -> list[Finding]:
    """Redraw, check that all come to the same areas, and time them in turns."""
    at = timezone.make_aware(dt.datetime.combine(DAY, dt.time(9)))
    before = grids_in_force()
    after = redrawn(before, np.random.default_rng(SEED), moves=MOVES, splits=SPLITS, merges=MERGES)
    edition = publish(after, on=DAY)
    changed = sum(after.get(code) != shape for code, shape in before.items())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    cases = Case.objects.count()
    sample = list(Case.objects.order_by("client_id").values_list("pk", flat=True)[:SAMPLE])

    def ours() -> None:
        for _ in rerouting.reroute(edition, at=at):
            pass

    works = {
        "ours": ours,
        **{name: partial(_execute, statement) for name, statement in SINGLE.items()},
        "rows": lambda: [_execute(ONE_ROW, DAY, key) for key in sample],
    }
    answers = {name: _outcome(work) for name, work in works.items() if name != "rows"}
    if len(set(answers.values())) != 1:
        raise ValueError(f"the answers differ: {answers}")
    looked_at, told = _told(ours, edition)
    seconds = interleaved({name: Work(_taken_back(work)) for name, work in works.items()}, rounds=ROUNDS)
    row_by_row = [taken / SAMPLE * cases for taken in seconds["rows"]]
    best = min(SINGLE, key=lambda name: statistics.median(seconds[name]))
    with CaptureQueriesContext(connection) as seen:
        _taken_back(ours)(0)
    return [
        Finding(
            f"{cases} 件，{changed} 个网格重划 redrawn", f"看过 {looked_at}，改归 {answers['ours'][0]}，移交 {told}"
        ),
        Finding("重新归入 reroute", _seconds(seconds["ours"])),
        Finding("— 逐件 row by row（按抽样推算 scaled）", _seconds(row_by_row)),
        Finding("— 一条 UPDATE，全部 all cases", _seconds(seconds["all"])),
        Finding("— 一条 UPDATE，只看新界内 inside new shapes", _seconds(seconds["opened"])),
        Finding("— 一条 UPDATE，只看新界内，按主键 by key", _seconds(seconds["by key"])),
        at_least("faster than row by row", seconds["ours"], row_by_row, 10),
        at_least("faster than the UPDATE over all", seconds["ours"], seconds["all"], None),
        at_least(f"faster than the best single UPDATE ({best})", seconds["ours"], seconds[best], 2),
        Finding("statements", str(len(seen))),
    ]


def _execute(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _taken_back(work: Callable[[], object]) -> Callable[[int], None]:
    """The work with all that a commit checks, and nothing left of it."""

    def once(_: int) -> None:
        with transaction.atomic():
            work()
            _execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)

    return once


def _outcome(work: Callable[[], object]) -> tuple[int, str]:
    """How many cases lie elsewhere after the work, and a digest of all areas and public points."""
    with transaction.atomic():
        work()
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FILTER (WHERE current_area_id <> area_id),
                          md5(string_agg(id || current_area_id || ST_AsEWKB(public_point)::text, ',' ORDER BY id))
                   FROM cases_case"""
            )
            moved, digest = cursor.fetchone()
        transaction.set_rollback(True)
    return int(moved), str(digest)


def _told(work: Callable[[], object], edition: Edition) -> tuple[int, int]:
    with transaction.atomic():
        work()
        with connection.cursor() as cursor:
            cursor.execute("SELECT done FROM cases_rerouting")
            (looked_at,) = cursor.fetchone()
        told = Handover.objects.filter(edition=edition).count()
        transaction.set_rollback(True)
    return int(looked_at), told


def _seconds(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f})"
