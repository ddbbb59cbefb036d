"""A town's work on top of the demonstration: open cases in every state of the process, and years of assignments.

Made by a few statements. Open cases lie where demonstration cases do and have all their process asks for: whistles,
dispatches, letters, assignments, and a whole trace, sealed by the database's own trigger. Assignments of the past hang
on closed demonstration cases, whose trace does not speak of them: they are there to be in the way, and no load acts on
them.
"""

from __future__ import annotations

from typing import Any

import psycopg2

from cases.workflow import VERBS, State, after

# Open cases and assignments, in thousandths of the demonstration's cases; with few of these enough to act on.
OPEN_SHARE, ASSIGNED_SHARE = 40, 200
AT_LEAST_OPEN = 1500
# How many of a thousand open cases are in each state.
STATES = {
    State.REPORTED: 210,
    State.HANDLING: 210,
    State.RESOLVED: 80,
    State.WHISTLED: 50,
    State.TRIAGE: 80,
    State.VERIFYING: 25,
    State.DISPATCHED: 50,
    State.DECIDING: 35,
    State.ORDERED: 120,
    State.FINISHED: 35,
    State.REFERRED: 8,
    State.APPLIED: 7,
    State.CONFIRMED: 5,
    State.ISSUED: 20,
    State.RECEIVED: 25,
    State.ARRIVED: 30,
    State.CLAIMED: 10,
}
# The deeds that bring a case from one state to another, and so from its report to any.
WAYS = (
    (State.REPORTED, State.HANDLING, ("accept",)),
    (State.HANDLING, State.RESOLVED, ("resolve",)),
    (State.HANDLING, State.WHISTLED, ("whistle",)),
    (State.WHISTLED, State.TRIAGE, ("file", "send")),
    (State.TRIAGE, State.VERIFYING, ("settle",)),
    (State.TRIAGE, State.DISPATCHED, ("dispatch",)),
    (State.DISPATCHED, State.DECIDING, ("brief",)),
    (State.DECIDING, State.ORDERED, ("order",)),
    (State.ORDERED, State.FINISHED, ("finish",)),
    (State.DECIDING, State.REFERRED, ("refer",)),
    (State.REFERRED, State.APPLIED, ("apply",)),
    (State.APPLIED, State.CONFIRMED, ("endorse",)),
    (State.CONFIRMED, State.ISSUED, ("issue",)),
    (State.ISSUED, State.RECEIVED, ("receive",)),
    (State.RECEIVED, State.ARRIVED, ("sign_in",)),
    (State.ARRIVED, State.CLAIMED, ("claim",)),
)
# Who does them, as columns of the backlog and roles; and what the trace says beside the text.
WHO = {
    "worker": ("grid_worker", ("accept", "resolve")),
    "chief": ("grid_chief", ("whistle",)),
    "clerk": ("centre_clerk", ("file", "send", "dispatch", "issue")),
    "sent": ("office_staff", ("settle",)),
    "office_user": ("office_staff", ("brief", "apply", "finish", "sign_in")),
    "leader": ("leader_in_charge", ("order", "refer")),
    "principal": ("principal_leader", ("endorse",)),
    "lead_user": ("department_staff", ("receive", "claim")),
}
SAYS = {
    "whistle": "'level', 2, 'tried', '已上门两次，物业称无权处理'",
    "send": "'person_name', sent_name",
    "dispatch": "'office', office, 'office_name', office_name, 'rule', ''",
    "order": "'unit', office, 'unit_name', office_name, 'limit', '5工作日', 'due_at', due_at",
    "issue": "'letter', letter, 'level', 3, 'lead', lead_name, 'assisting', jsonb_build_array(assisting_name)",
    "receive": "'department', lead_name",
    "sign_in": "'department', lead_name, 'persons', '示范员'",
    "claim": "'department', lead_name",
}
TEXT = "'text', '现场查看后按职责分工处理，说明情况。'"
STEPS = 20  # a case's days so far, in as many parts: no way is longer

POSTS = """
CREATE SCHEMA bench;
CREATE TABLE bench.post AS
SELECT post.role, coalesce(post.area_id, organisation.area_id) AS area, organisation.code AS unit,
       organisation.name AS unit_name, person.user_id, person.code AS person, person.name,
       row_number() OVER same - 1 AS nth, count(*) OVER (PARTITION BY post.role, coalesce(post.area_id, organisation.area_id)) AS of
FROM gridmap_appointment AS post JOIN gridmap_person AS person ON person.code = post.person_id
     LEFT JOIN gridmap_organisation AS organisation ON organisation.code = post.organisation_id
WHERE person.user_id IS NOT NULL AND gridmap_in_force(post.valid_from, post.valid_until, current_date)
WINDOW same AS (PARTITION BY post.role, coalesce(post.area_id, organisation.area_id) ORDER BY organisation.code, post.id);
ANALYZE bench.post
"""


def _somebody(alias: str, role: str, digits: int, *, plus: int = 0) -> str:
    """One of those who hold a role for the ground of a case, in turns."""
    return f"""JOIN bench.post AS {alias} ON {alias}.role = '{role}' AND {alias}.area = left(place.current_area_id, {digits})
         AND {alias}.nth = (place.nth + {plus}) %% {alias}.of"""


# Places and words are those of closed cases, drawn by a hash of their keys; who acts is whoever is in post there.
BACKLOG = f"""
CREATE TABLE bench.backlog AS
WITH place AS (
    SELECT found.*, row_number() OVER (ORDER BY hashint8(id), id) - 1 AS nth
    FROM cases_case AS found WHERE found.state = 'closed' ORDER BY hashint8(id), id LIMIT %(open)s
), share AS (
    SELECT state, sum(thousandths) OVER (ORDER BY place) AS upto, thousandths
    FROM unnest(%(states)s::text[], %(thousandths)s::int[]) WITH ORDINALITY AS given(state, thousandths, place)
), aged AS (
    SELECT nth, (0.1 + nth * 104729 %% 1000 / 50.0) * interval '1 day' AS age FROM place
)
SELECT place.nth, place.id AS like_case, NULL::bigint AS id, gen_random_uuid() AS client_id, share.state,
       %(now)s - aged.age AS reported_at, aged.age / {STEPS} AS step,
       CASE WHEN place.nth %% 5 = 0 THEN %(now)s - aged.age * 0.1
            ELSE %(now)s + (place.nth * 31 %% 240 + 2) * interval '1 hour' END AS due_at,
       place.current_area_id AS area, worker.user_id AS worker, chief.user_id AS chief, clerk.user_id AS clerk,
       sent.user_id AS sent, sent.person AS sent_person, sent.name AS sent_name, leader.user_id AS leader,
       principal.user_id AS principal, office.unit AS office, office.unit_name AS office_name,
       office.user_id AS office_user, lead.unit AS lead, lead.unit_name AS lead_name, lead.user_id AS lead_user,
       assisting.unit AS assisting, assisting.unit_name AS assisting_name,
       '吹函〔' || extract(year FROM %(now)s) || '〕' || to_char(800000 + place.nth, 'FM000000') || '号' AS letter
FROM place JOIN aged USING (nth) JOIN share ON place.nth * 7919 %% 1000 < upto AND place.nth * 7919 %% 1000 >= upto - thousandths
     {_somebody("worker", "grid_worker", 15)}
     {_somebody("chief", "grid_chief", 12)}
     {_somebody("clerk", "centre_clerk", 9)}
     {_somebody("sent", "office_staff", 9, plus=1)}
     {_somebody("leader", "leader_in_charge", 9)}
     {_somebody("principal", "principal_leader", 9)}
     {_somebody("office", "office_staff", 9)}
     {_somebody("lead", "department_staff", 6)}
     {_somebody("assisting", "department_staff", 6, plus=7)}
"""

OPEN = (
    """
    INSERT INTO cases_case (
        number, client_id, content_digest, track_code, kind, category_id, text, channel, state, point, public_point, coord,
        accuracy_m, address, area_id, current_area_id, route_method, route_distance_m, route_candidates, route_uncertain,
        reported_at, due_at, voices_count)
    SELECT to_char(backlog.reported_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || '-'
               || regexp_replace(to_char(nextval('cases_number'), 'FM000000000000'), '^0{1,6}', ''),
           backlog.client_id, encode(sha256(convert_to(backlog.client_id::text, 'UTF8')), 'hex'), track_code, kind,
           category_id, text, channel, backlog.state, point, public_point, coord, accuracy_m, address, area_id,
           current_area_id, route_method, route_distance_m, route_candidates, route_uncertain, backlog.reported_at,
           backlog.due_at, 0
    FROM bench.backlog JOIN cases_case ON cases_case.id = like_case ORDER BY backlog.reported_at
    """,
    """
    UPDATE bench.backlog SET id = made.id FROM cases_case AS made WHERE made.client_id = backlog.client_id;
    ANALYZE bench.backlog
    """,
    "INSERT INTO cases_reporter (case_id, name, phone) SELECT id, '刘女士', '13800000000' FROM bench.backlog WHERE nth %% 5 < 2",
    """
    INSERT INTO cases_photo (case_id, kind, file, width, height, at)
    SELECT backlog.id, kind, file, width, height, reported_at
    FROM bench.backlog JOIN cases_photo ON case_id = like_case AND kind = 'report' ORDER BY backlog.id
    """,
)
# What the deeds leave beside the trace; %(…)s are the states that come after each.
RECORDS = (
    """
    INSERT INTO cases_whistle (case_id, level, tried, reason, blown_at, blown_by_id, filed_at, sent_id, sent_at)
    SELECT id, 2, '已上门两次，物业称无权处理', '涉及市政管网，社区没有施工权限', reported_at + step * 2, chief,
           CASE WHEN state = ANY(%(send)s) THEN reported_at + step * 3 END,
           CASE WHEN state = ANY(%(send)s) THEN sent_person END, CASE WHEN state = ANY(%(send)s) THEN reported_at + step * 4 END
    FROM bench.backlog WHERE state = ANY(%(whistle)s) ORDER BY id
    """,
    """
    INSERT INTO cases_dispatch (case_id, office_id, rule, at, by_id)
    SELECT id, office, '', reported_at + step * 5, clerk FROM bench.backlog WHERE state = ANY(%(dispatch)s) ORDER BY id
    """,
    """
    INSERT INTO cases_assignment (
        case_id, unit_id, part, task, limit_amount, limit_unit, ordered_at, ordered_by_id, due_at, finished_at, redone)
    SELECT id, office, 'lead', '现场处置并回填', 5, 'working_days', reported_at + step * 7, leader, due_at,
           CASE WHEN state = ANY(%(finish)s) THEN reported_at + step * 8 END, 0
    FROM bench.backlog WHERE state = ANY(%(order)s) ORDER BY id
    """,
    """
    INSERT INTO cases_whistle (case_id, level, tried, reason, blown_at, blown_by_id)
    SELECT id, 3, '镇街没有这项权力', '需区级部门承办', reported_at + step * 10, clerk
    FROM bench.backlog WHERE state = ANY(%(issue)s) ORDER BY id
    """,
    """
    INSERT INTO cases_letter (number, case_id, task, due_at, issued_at, issued_by_id, confirmed_by_id)
    SELECT letter, id, '更换主管网井盖', due_at, reported_at + step * 10, clerk, principal
    FROM bench.backlog WHERE state = ANY(%(issue)s) ORDER BY id
    """,
    # Nobody's limit to receive a letter has run out: nothing is due when it is swept.
    """
    INSERT INTO cases_assignment (
        case_id, letter_id, unit_id, part, task, limit_amount, limit_unit, ordered_at, ordered_by_id, due_at, receive_by,
        received_at, arrived_at, arrival_minutes, finished_at, redone)
    SELECT backlog.id, cases_letter.id, asked.unit, asked.part, '更换主管网井盖', 5, 'working_days', issued_at, clerk,
           backlog.due_at, %(now)s + interval '1 day',
           CASE WHEN asked.part = 'lead' AND state = ANY(%(receive)s) THEN reported_at + step * 11 END,
           CASE WHEN asked.part = 'lead' AND state = ANY(%(sign_in)s) THEN reported_at + step * 12 END,
           CASE WHEN asked.part = 'lead' AND state = ANY(%(sign_in)s) THEN 120 END,
           CASE WHEN asked.part = 'lead' AND state = ANY(%(claim)s) THEN reported_at + step * 13 END, 0
    FROM bench.backlog JOIN cases_letter ON cases_letter.case_id = backlog.id
         CROSS JOIN LATERAL (VALUES ('lead', lead), ('assist', assisting)) AS asked(part, unit)
    ORDER BY backlog.id, asked.part DESC
    """,
    """
    INSERT INTO cases_checkin (assignment_id, persons, note, at, by_id)
    SELECT cases_assignment.id, '示范员', '', arrived_at, office_user
    FROM bench.backlog JOIN cases_assignment ON case_id = backlog.id WHERE arrived_at IS NOT NULL ORDER BY 1
    """,
)
# Of nine closed cases seven were ordered of an office, two went to a department, one of these to a second: ten in all.
PAST = (
    f"""
    CREATE TABLE bench.past AS
    WITH place AS (
        SELECT id, current_area_id, reported_at, due_at, closed_at, row_number() OVER (ORDER BY hashint8(id) DESC, id) AS nth
        FROM cases_case WHERE state = 'closed' AND NOT EXISTS (SELECT FROM cases_whistle WHERE case_id = cases_case.id)
        ORDER BY hashint8(id) DESC, id
        LIMIT greatest(0, %(assigned)s - (SELECT count(*) FROM cases_assignment)) * 9 / 10
    )
    SELECT place.*, place.nth %% 9 < 7 AS in_town, office.unit AS office, chief.user_id AS chief, clerk.user_id AS clerk,
           leader.user_id AS leader, principal.user_id AS principal, lead.unit AS lead, assisting.unit AS assisting
    FROM place
         {_somebody("office", "office_staff", 9)}
         {_somebody("chief", "grid_chief", 12)}
         {_somebody("clerk", "centre_clerk", 9)}
         {_somebody("leader", "leader_in_charge", 9)}
         {_somebody("principal", "principal_leader", 9)}
         {_somebody("lead", "department_staff", 6)}
         {_somebody("assisting", "department_staff", 6, plus=7)}
    """,
    """
    INSERT INTO cases_whistle (case_id, level, tried, reason, blown_at, blown_by_id, filed_at)
    SELECT id, 2, '已上门两次，物业称无权处理', '涉及市政管网，社区没有施工权限', reported_at, chief, reported_at FROM bench.past
    ORDER BY nth
    """,
    """
    INSERT INTO cases_dispatch (case_id, office_id, rule, at, by_id)
    SELECT id, office, '', reported_at, clerk FROM bench.past ORDER BY nth
    """,
    """
    INSERT INTO cases_assignment (
        case_id, unit_id, part, task, limit_amount, limit_unit, ordered_at, ordered_by_id, due_at, finished_at, redone)
    SELECT id, office, 'lead', '现场处置并回填', 5, 'working_days', reported_at, leader, due_at, closed_at, 0
    FROM bench.past WHERE in_town ORDER BY nth
    """,
    """
    INSERT INTO cases_letter (number, case_id, task, due_at, issued_at, issued_by_id, confirmed_by_id)
    SELECT '吹函〔' || extract(year FROM reported_at) || '〕' || to_char(nth, 'FM000000') || '号', id, '更换主管网井盖', due_at,
           reported_at, clerk, principal
    FROM bench.past WHERE NOT in_town ORDER BY nth
    """,
    # They came within three working days or so of the letter, more often in time than not.
    """
    INSERT INTO cases_assignment (
        case_id, letter_id, unit_id, part, task, limit_amount, limit_unit, ordered_at, ordered_by_id, due_at, receive_by,
        arrive_by, received_at, arrived_at, arrival_minutes, finished_at, redone)
    SELECT past.id, cases_letter.id, asked.unit, asked.part, '更换主管网井盖', 5, 'working_days', issued_at, clerk, past.due_at,
           issued_at + interval '2 hours', issued_at + interval '1 day', came, came, past.nth %% 37 * 20, closed_at, 0
    FROM bench.past JOIN cases_letter ON cases_letter.case_id = past.id
         CROSS JOIN LATERAL (VALUES ('lead', lead), ('assist', assisting)) AS asked(part, unit)
         CROSS JOIN LATERAL (SELECT least(closed_at, issued_at + past.nth %% 37 * interval '1 hour')) AS arrival(came)
    WHERE asked.part = 'lead' OR past.nth %% 9 = 8 ORDER BY nth, asked.part DESC
    """,
    """
    INSERT INTO cases_result (
        assignment_id, model_version, inputs, total, grade, flags, computed_at, final_at, appeal_by, appeal_reason, ruling,
        ruling_reason, exempt)
    SELECT assignment.id, '2021.1', '{}', 60 + nth %% 41, 'fair', '[]', closed_at, closed_at, closed_at, '', '', '', ''
    FROM bench.past JOIN cases_assignment AS assignment ON case_id = past.id WHERE NOT in_town ORDER BY assignment.id
    """,
    "UPDATE cases_case SET state = 'evaluated' FROM bench.past WHERE cases_case.id = past.id AND NOT in_town",
)
TABLES = ["case", "reporter", "photo", "whistle", "dispatch", "letter", "assignment", "checkin", "result", "traceevent"]


def make(database_url: str) -> dict[str, int]:
    """Add the backlog and the past to the district's cases; returns how many cases, open cases and assignments there are."""
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), now() FROM cases_case")
        cases, now = cursor.fetchone()
        cursor.execute(POSTS)
        values = _values(cases) | {"now": now}
        for statement in (BACKLOG, *OPEN, *_traces(), *RECORDS, *PAST):
            cursor.execute(statement, values)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE " + ", ".join(f"cases_{table}" for table in TABLES))
        cursor.execute(
            """SELECT (SELECT count(*) FROM cases_case), (SELECT count(*) FROM cases_case WHERE closed_at IS NULL),
                      (SELECT count(*) FROM cases_assignment)"""
        )
        counts = dict(zip(("cases", "open", "assignments"), cursor.fetchone(), strict=True))
    connection.close()
    return counts


def _values(cases: int) -> dict[str, Any]:
    """What the statements are told: how many, the shares, and for each deed the states that come after it."""
    return {
        "open": max(AT_LEAST_OPEN, cases * OPEN_SHARE // 1000),
        "assigned": cases * ASSIGNED_SHARE // 1000,
        "states": [state.value for state in STATES],
        "thousandths": list(STATES.values()),
        **{verb: states for verb, (_, _, states) in _deeds().items()},
    }


def _deeds() -> dict[str, tuple[State, State, list[str]]]:
    """Each deed in order, with the state before it, the state after it, and the states of those who have it behind them."""
    done: dict[State, tuple[str, ...]] = {State.REPORTED: ()}
    deeds: dict[str, tuple[State, State, list[str]]] = {}
    for start, end, verbs in WAYS:
        done[end] = (*done[start], *verbs)
        state = start
        for verb in verbs:
            before, state = state, after(VERBS[verb], state, done[end][: done[end].index(verb)])
            deeds[verb] = (before, state, [])
        if state != end:
            raise ValueError(f"{verbs} lead from {start} to {state}, not to {end}")
    for state, behind in done.items():
        for verb in behind:
            deeds[verb][2].append(state.value)
    return deeds


def _traces() -> list[str]:
    """A statement for each deed, in the order they are done in: the trigger chains each row to the one before."""
    roles = {verb: (column, role) for column, (role, verbs) in WHO.items() for verb in verbs}
    report = """
        INSERT INTO cases_traceevent (case_id, at, role, verb, from_state, to_state, payload, seq, previous, seal)
        SELECT id, reported_at, '', 'report', '', 'reported', jsonb_build_object('area', area, 'due_at', due_at), 0, '', ''
        FROM bench.backlog ORDER BY id
    """
    statements = [report]
    for verb, (before, end, _) in _deeds().items():
        actor, role = roles[verb]
        said = ", ".join(part for part in (TEXT if "text" in VERBS[verb].needs else "", SAYS.get(verb, "")) if part)
        statements.append(f"""
            INSERT INTO cases_traceevent (case_id, at, actor_id, role, verb, from_state, to_state, payload, seq, previous, seal)
            SELECT id, reported_at + step * {len(statements)}, {actor}, '{role}', '{verb}', '{before}', '{end}',
                   jsonb_build_object({said}), 0, '', ''
            FROM bench.backlog WHERE state = ANY(%({verb})s) ORDER BY id
        """)
    return statements
