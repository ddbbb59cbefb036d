"""The statements that turn staged rows into cases, photos and trace, a whole set at a time."""

from __future__ import annotations

from typing import Any

from cases.deadlines import Unit
from cases.demonstration.pictures import Kept
from cases.workflow import State
from geodata.crs import METRES_SRID, STORED_SRID
from gridmap.roles import Role

STAGE = """
CREATE TEMPORARY TABLE staged (
    seq bigserial, client_id uuid, track_code text, category text, reported_text text, done_text text, channel text,
    lon float8, lat float8, reported bigint, due bigint, accepted bigint, resolved bigint, closed bigint
)
"""

# A limit in words, as the trace has it.
UNITS = " ".join(f"WHEN '{unit}' THEN '{unit.label}'" for unit in Unit)
LIMIT = f"category.limit_amount || CASE category.limit_unit {UNITS} END"

FILL = """
COPY staged (client_id, track_code, category, reported_text, done_text, channel, lon, lat,
             reported, due, accepted, resolved, closed) FROM STDIN
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
           staged.category, reported_text, channel,
           CASE WHEN closed IS NOT NULL THEN '{State.CLOSED}' WHEN resolved IS NOT NULL THEN '{State.RESOLVED}'
                WHEN accepted IS NOT NULL THEN '{State.HANDLING}' ELSE '{State.REPORTED}' END,
           place.point, CASE WHEN category.sensitive THEN grid.inside ELSE place.point END,
           'wgs84', NULL, '', grid.code, grid.code,
           CASE WHEN cardinality(grid.codes) = 1 THEN 'within' ELSE 'edge' END,
           round(ST_Distance(grid.outline, ST_Transform(place.point, {METRES_SRID}))::numeric, 2), to_jsonb(grid.codes),
           false, to_timestamp(reported), to_timestamp(due), to_timestamp(closed), 0
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
    f"""
    CREATE TEMPORARY TABLE in_post ON COMMIT DROP AS
    SELECT DISTINCT ON (post.role, post.area_id) post.role, post.area_id, person.user_id
    FROM gridmap_appointment AS post JOIN gridmap_person AS person ON person.code = post.person_id
    WHERE post.role IN ('{Role.GRID_WORKER}', '{Role.GRID_CHIEF}') ORDER BY post.role, post.area_id, post.id
    """,
    f"""
    CREATE TEMPORARY TABLE staged_case ON COMMIT DROP AS
    SELECT made.id, made.area_id, made.route_method, made.route_distance_m, made.route_candidates, made.category_id,
           {LIMIT} AS said_limit, to_timestamp(reported) AS reported, made.due_at, to_timestamp(accepted) AS accepted,
           to_timestamp(resolved) AS resolved, made.closed_at AS closed, done_text,
           worker.user_id AS worker, chief.user_id AS chief, before.digest AS before, after.digest AS after
    FROM staged JOIN cases_case AS made USING (client_id)
    JOIN cases_category AS category ON category.code = made.category_id
    LEFT JOIN in_post AS worker ON worker.role = '{Role.GRID_WORKER}' AND worker.area_id = made.area_id
    LEFT JOIN in_post AS chief ON chief.role = '{Role.GRID_CHIEF}' AND chief.area_id = left(made.area_id, 12)
    JOIN picture AS before ON before.kind = 'report' AND before.category = left(made.category_id, 2)
    JOIN picture AS after ON after.kind = 'after' AND after.category = left(made.category_id, 2)
    ORDER BY made.id
    """,
    """
    INSERT INTO cases_photo (case_id, kind, file, width, height, at)
    SELECT staged_case.id, picture.kind, picture.file, picture.width, picture.height,
           CASE picture.kind WHEN 'report' THEN reported ELSE resolved END
    FROM staged_case JOIN picture ON picture.category = left(staged_case.category_id, 2)
    WHERE picture.kind = 'report' OR resolved IS NOT NULL
    ORDER BY staged_case.id, picture.kind DESC
    """,
)


def _deed(verb: str, moment: str, actor: str, role: str, before: str, after: str, payload: str) -> str:
    return f"""
    INSERT INTO cases_traceevent (case_id, seq, at, actor_id, role, verb, from_state, to_state, payload, previous, seal)
    SELECT id, 0, {moment}, {actor}, '{role}', '{verb}', '{before}', '{after}', {payload}, '', ''
    FROM staged_case WHERE {moment} IS NOT NULL ORDER BY id
    """


TRACE = (
    _deed(
        "report",
        "reported",
        "NULL",
        "",
        "",
        State.REPORTED,
        "jsonb_build_object('area', area_id, 'method', route_method, 'distance_m', route_distance_m, 'candidates',"
        " route_candidates, 'coord', 'wgs84', 'limit', said_limit, 'due_at', due_at, 'photos', jsonb_build_array(before))",
    ),
    _deed("accept", "accepted", "worker", Role.GRID_WORKER, State.REPORTED, State.HANDLING, "'{}'::jsonb"),
    _deed(
        "resolve",
        "resolved",
        "worker",
        Role.GRID_WORKER,
        State.HANDLING,
        State.RESOLVED,
        "jsonb_build_object('text', done_text, 'photos', jsonb_build_array(after))",
    ),
    _deed("close", "closed", "chief", Role.GRID_CHIEF, State.RESOLVED, State.CLOSED, "'{}'::jsonb"),
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
