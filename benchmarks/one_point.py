"""One point routed: our statement, against the covers query by hand (as a plain statement and prepared) and against GeoDjango's ORM.

All of them name the same second-level grid for the same points; ours also measures the distance to the line and
carries out the rules for shared lines, gaps and rivers.
"""

from __future__ import annotations

import datetime as dt
import random

import psycopg2
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.measuring import Finding, Work, at_least, at_most, interleaved, milliseconds
from geodata.crs import STORED_SRID
from gridmap import routing
from gridmap.models import Boundary

ON = dt.date(2026, 6, 30)
POINTS = 2000

BY_HAND = """
    SELECT area.code FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
    WHERE area.level = 'grid' AND ST_Covers(boundary.geom, ST_SetSRID(ST_MakePoint(%s, %s), 4490))
      AND boundary.valid_from <= %s AND (boundary.valid_until > %s OR boundary.valid_until IS NULL)
    ORDER BY area.code LIMIT 1
"""


def run(database_url: str) -> list[Finding]:
    """Time them on the same points, in turns."""
    points = _points()
    plain = psycopg2.connect(database_url)
    plain.autocommit = True
    cursor = plain.cursor()

    def by_hand(number: int) -> str:
        lon, lat = points[number]
        cursor.execute(BY_HAND, (lon, lat, ON, ON))
        return str(cursor.fetchone()[0])

    cursor.execute("PREPARE by_hand (float8, float8, date, date) AS " + BY_HAND % ("$1", "$2", "$3", "$4"))

    def prepared(number: int) -> str:
        lon, lat = points[number]
        cursor.execute("EXECUTE by_hand (%s, %s, %s, %s)", (lon, lat, ON, ON))
        return str(cursor.fetchone()[0])

    def ours(number: int) -> str:
        lon, lat = points[number]
        return routing.route(lon, lat, on=ON).area

    def orm(number: int) -> str:
        lon, lat = points[number]
        here = Point(lon, lat, srid=STORED_SRID)
        found = (
            Boundary.objects.on(ON)
            .filter(area__level="grid", geom__covers=here)
            .only("area_id", "geom")
            .order_by("area_id")
            .first()
        )
        if found is None or found.geom.empty:
            raise LookupError(f"nothing covers {lon} {lat}")
        return str(found.area_id)

    for number in range(0, POINTS, 20):
        if len({by_hand(number), prepared(number), ours(number), orm(number)}) != 1:
            raise ValueError(f"the answers differ at {points[number]}")
    works = {"plain": Work(by_hand), "prepared": Work(prepared), "ours": Work(ours), "orm": Work(orm)}
    seconds = interleaved(works, rounds=POINTS)
    with CaptureQueriesContext(connection) as seen:
        ours(0)
    plain.close()
    return [
        Finding("定位一个点 one point: gridmap_route", milliseconds(seconds["ours"])),
        Finding("— psycopg2, covers by hand", milliseconds(seconds["plain"])),
        Finding("— psycopg2, the same prepared: the floor", milliseconds(seconds["prepared"])),
        Finding("— GeoDjango ORM with its geometry", milliseconds(seconds["orm"])),
        at_most("time against psycopg2", seconds["ours"], seconds["plain"], 2),
        at_least("faster than the ORM", seconds["ours"], seconds["orm"], 2.5),
        Finding("statements", str(len(seen)), "1", len(seen) == 1),
    ]


def _points() -> list[tuple[float, float]]:
    """Points spread over the district, each inside a second-level grid; always the same ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT ST_X(point.geom), ST_Y(point.geom)
               FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id,
                    ST_DumpPoints(ST_GeneratePoints(boundary.geom, 3, 1)) AS point
               WHERE area.level = 'grid' ORDER BY area.code, point.path"""
        )
        points: list[tuple[float, float]] = cursor.fetchall()
    random.Random(1).shuffle(points)
    return points[:POINTS]
