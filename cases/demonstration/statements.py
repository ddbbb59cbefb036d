"""The statements that turn staged rows into cases, photos and trace, a whole set at a time."""

from __future__ import annotations

from typing import Any

from cases.deadlines import Unit
from cases.demonstration.pictures import Kept
from cases.rules import RULES
from cases.workflow import DONE, State
from geodata.crs import METRES_SRID, STORED_SRID

STAGE = """
CREATE TEMPORARY TABLE staged (
    seq bigserial, client_id uuid, track_code text, category text, text text, channel text, lon float8, lat float8,
    state text, reported bigint, due_first bigint, due bigint, closed bigint, voices int
)
"""

# A limit in words, as the trace has it.
UNITS = " ".join(f"WHEN '{unit}' THEN '{unit.label}'" for unit in Unit)
LIMIT = f"category.limit_amount || CASE category.limit_unit {UNITS} END"

ENDED_WELL = ", ".join(f"'{state}'" for state in sorted(DONE))

FILL = """
COPY staged (client_id, track_code, category, text, channel, lon, lat, state, reported, due_first, due, closed,
             voices) FROM STDIN
"""

# The same rule as gridmap.routing for points inside the district: lowest covering code, all of them kept.
SETTLE = (
    f"""
    CREATE TEMPORARY TABLE grid_in_force ON COMMIT DROP AS
    SELECT boundary.area_id AS code, boundary.geom, ST_PointOnSurface(boundary.geom) AS inside,
           ST_Boundary(ST_Transform(boundary.geom, {METRES_SRID})) AS outline
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS area ON area.code = boundary.area_id
    WHERE area.level = 'grid' AND boundary.valid_from <= %(on)s
      AND (boundary.valid_until IS NULL OR boundary.valid_until > %(on)s)
    """,
    "CREATE INDEX ON grid_in_force USING gist (geom)",
    "ANALYZE grid_in_force",
    "ANALYZE staged",
    f"""
    INSERT INTO cases_case (
        number, client_id, content_digest, track_code, kind, category_id, text, channel, state, point, public_point,
        coord, accuracy_m, address, area_id, current_area_id, route_method, route_distance_m, route_candidates, route_uncertain,
        reported_at, due_at, closed_at, voices_count)
    SELECT to_char(to_timestamp(reported) AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || '-'
               || regexp_replace(to_char(nextval('cases_number'), 'FM000000000000'), '^0{{1,6}}', ''),
           client_id, encode(sha256(convert_to(client_id::text, 'UTF8')), 'hex'), track_code, 'problem',
           staged.category, staged.text, channel, state,
           place.point, CASE WHEN category.sensitive THEN grid.inside ELSE place.point END,
           'wgs84', NULL, '', grid.code, grid.code,
           CASE WHEN cardinality(grid.codes) = 1 THEN 'within' ELSE 'edge' END,
           round(ST_Distance(grid.outline, ST_Transform(place.point, {METRES_SRID}))::numeric, 2), to_jsonb(grid.codes),
           false, to_timestamp(reported), to_timestamp(due), to_timestamp(closed), voices
    FROM staged
    JOIN cases_category AS category ON category.code = staged.category
    CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(lon, lat), {STORED_SRID}) AS point) AS place
    CROSS JOIN LATERAL (
        SELECT min(code) AS code, array_agg(code ORDER BY code) AS codes,
               (array_agg(outline ORDER BY code))[1] AS outline, (array_agg(inside ORDER BY code))[1] AS inside
        FROM grid_in_force WHERE ST_Covers(geom, place.point)) AS grid
    ORDER BY staged.seq
    """,
    "ANALYZE cases_case",
    # The same rule as cases.actions.reporting: what was closed at this place not long before is reported again.
    # By squares as wide as "this place": among a million cases hundreds of all categories and times lie in each box.
    f"""
    CREATE TEMPORARY TABLE put ON COMMIT DROP AS
    SELECT id, category_id, reported_at, CASE WHEN state IN ({ENDED_WELL}) THEN closed_at END AS closed_at, place,
           floor(ST_X(place) / {RULES.repeat_within_m})::int AS east, floor(ST_Y(place) / {RULES.repeat_within_m})::int AS north
    FROM cases_case CROSS JOIN LATERAL (SELECT ST_Transform(point, {METRES_SRID}) AS place) AS metres
    """,
    "CREATE INDEX ON put (category_id, east, north, closed_at)",
    "ANALYZE put",
    f"""
    UPDATE cases_case SET repeats_id = found.earlier FROM (
        SELECT made.id, (
            SELECT earlier.id FROM put AS earlier
            WHERE earlier.category_id = made.category_id
              AND earlier.east = ANY (ARRAY[made.east - 1, made.east, made.east + 1])
              AND earlier.north = ANY (ARRAY[made.north - 1, made.north, made.north + 1])
              AND earlier.closed_at BETWEEN made.reported_at - interval '{RULES.reopening_days} days' AND made.reported_at
              AND ST_Distance(earlier.place, made.place) <= {RULES.repeat_within_m}
            ORDER BY earlier.closed_at DESC LIMIT 1) AS earlier
        FROM staged JOIN cases_case USING (client_id) JOIN put AS made USING (id)) AS found
    WHERE found.id = cases_case.id AND found.earlier IS NOT NULL
    """,
    """
    INSERT INTO cases_photo (case_id, kind, file, width, height, at)
    SELECT made.id, picture.kind, picture.file, picture.width, picture.height, made.reported_at
    FROM staged JOIN cases_case AS made USING (client_id)
    JOIN picture ON picture.kind = 'report' AND picture.category = left(made.category_id, 2)
    ORDER BY made.id
    """,
    f"""
    INSERT INTO cases_traceevent (case_id, seq, at, actor_id, role, verb, from_state, to_state, payload, previous, seal)
    SELECT made.id, 0, made.reported_at, NULL, '', 'report', '', '{State.REPORTED}',
           jsonb_build_object('area', made.area_id, 'method', made.route_method, 'distance_m', made.route_distance_m,
               'candidates', made.route_candidates, 'coord', 'wgs84', 'limit', {LIMIT}, 'due_at', to_timestamp(due_first), 'photos',
               jsonb_build_array(picture.digest))
               || CASE WHEN earlier.number IS NULL THEN '{{}}' ELSE jsonb_build_object('repeats', earlier.number) END, '', ''
    FROM staged JOIN cases_case AS made USING (client_id) LEFT JOIN cases_case AS earlier ON earlier.id = made.repeats_id
    JOIN cases_category AS category ON category.code = made.category_id
    JOIN picture ON picture.kind = 'report' AND picture.category = left(made.category_id, 2)
    ORDER BY made.id
    """,
)

MADE = "SELECT made.id, made.number, made.area_id FROM staged JOIN cases_case AS made USING (client_id) ORDER BY seq"

# What :mod:`cases.demonstration.stories` tells after the report.
TRACED = """
COPY cases_traceevent (case_id, seq, at, actor_id, role, verb, from_state, to_state, payload, previous, seal) FROM STDIN
"""

ENDS = (
    """
    INSERT INTO cases_photo (case_id, kind, file, width, height, at)
    SELECT event.case_id, picture.kind, picture.file, picture.width, picture.height, event.at
    FROM staged JOIN cases_case AS made USING (client_id) JOIN cases_traceevent AS event ON event.case_id = made.id
    JOIN picture ON picture.kind = 'after' AND picture.category = left(made.category_id, 2)
    WHERE event.payload ? 'photos' AND event.verb <> 'report'
    ORDER BY event.case_id, event.seq
    """,
    """
    UPDATE cases_case SET reopened = found.times
    FROM staged, (SELECT case_id, count(*) AS times FROM cases_traceevent WHERE verb = 'reopen' GROUP BY case_id) AS found
    WHERE staged.client_id = cases_case.client_id AND found.case_id = cases_case.id
    """,
    # Not before both are there: the one it is part of has its own row.
    f"""
    UPDATE cases_case SET state = '{State.MERGED}', closed_at = event.at, merged_into_id = kept.id
    FROM staged, cases_traceevent AS event JOIN cases_case AS kept ON kept.number = event.payload ->> 'into'
    WHERE staged.client_id = cases_case.client_id AND event.case_id = cases_case.id AND event.verb = 'merge'
    """,
)


def stage_pictures(cursor: Any, kept: list[Kept]) -> None:
    """Put the drawn pictures where the statements find them."""
    cursor.execute(
        "CREATE TEMPORARY TABLE picture (category text, kind text, file text, digest text, width int, height int)"
        " ON COMMIT DROP"
    )
    for picture in kept:
        cursor.execute(
            "INSERT INTO picture VALUES (%(category)s, %(kind)s, %(file)s, %(digest)s, %(width)s, %(height)s)",
            vars(picture),
        )
