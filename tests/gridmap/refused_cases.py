"""Rows about cases that the database must refuse, each with the constraint that stops it: statement, name."""

from __future__ import annotations

CASE, SOMEBODY = "(SELECT min(id) FROM cases_case)", "(SELECT min(id) FROM auth_user)"
UNIT, OTHER_UNIT = "'360702-D01'", "'360702-D02'"


def whistle(level: str = "2", sent: str = "NULL, NULL", times: int = 1) -> str:
    return f"""INSERT INTO cases_whistle (case_id, level, tried, reason, blown_at, blown_by_id, sent_id, sent_at)
        SELECT {CASE}, {level}, '做过', '不够', now(), {SOMEBODY}, {sent} FROM generate_series(1, {times})"""


def letter(task: str = "换盖") -> str:
    return f"""INSERT INTO cases_letter (number, case_id, task, due_at, issued_at, issued_by_id, confirmed_by_id)
        VALUES ('吹函', {CASE}, '{task}', now(), now(), {SOMEBODY}, {SOMEBODY})"""


def assignments(*rows: str) -> str:
    """Assignments of one letter, each given as unit, part, task, limit, due, arrived and finished."""
    return f"""WITH letter AS ({letter()} RETURNING id)
        INSERT INTO cases_assignment (case_id, letter_id, limit_unit, ordered_at, ordered_by_id, redone,
                                      unit_id, part, task, limit_amount, due_at, arrived_at, finished_at)
        SELECT {CASE}, letter.id, 'working_days', now(), {SOMEBODY}, 0, row.* FROM letter,
            (VALUES {", ".join(f"({row})" for row in rows)})
            AS row (unit, part, task, limit_amount, due_at, arrived_at, finished_at)"""


def asked(
    unit: str = UNIT, part: str = "lead", task: str = "换盖", limit: int = 1, due: str = "now()", finished: str = "NULL"
) -> str:
    return f"{unit}, '{part}', '{task}', {limit}, {due}, NULL::timestamptz, {finished}::timestamptz"


def hot_spots(times: int = 1, until: str = "2026-04-01", done: str = "NULL") -> str:
    return f"""INSERT INTO cases_hotspots
        (level, denominator, category, area, since, until, method, wanted, asked_at, progress, done_at, problem)
        SELECT 'grid', 'residents', '', '', '2026-01-01', '{until}', '0', true, now(), 0, {done}::timestamptz, ''
        FROM generate_series(1, {times})"""


# Whether there is such an assignment is asked at the end of the transaction only.
CHECK_IN = f"INSERT INTO cases_checkin (assignment_id, persons, note, at, by_id) VALUES (1, '', '', now(), {SOMEBODY})"
TWICE = "FROM generate_series(1, 2)"


def answer(solved: str = "yes", satisfaction: int = 5) -> str:
    return f"""INSERT INTO cases_surveyanswer (case_id, solved, satisfaction, comment, at)
        VALUES ({CASE}, '{solved}', {satisfaction}, '', now())"""


def notice(place: str = "'360702001'", times: int = 1) -> str:
    return f"""INSERT INTO cases_notice (case_id, kind, role, area_id, text, due_at, at)
        SELECT {CASE}, 'overdue', 'centre_clerk', {place}, '超期', now(), now() FROM generate_series(1, {times})"""


def of_a_notice(into: str, values: str, times: int = 2) -> str:
    """Rows that belong to a notice."""
    return f"""WITH notice AS ({notice()} RETURNING id)
        INSERT INTO {into} SELECT {values} FROM notice, generate_series(1, {times})"""


DELIVERY = "cases_delivery (notice_id, channel, target, attempts, next_try_at, delivered_at, last_error)"
RETURNED = f"UPDATE cases_procedure SET case_id = {CASE}, unit_id = {UNIT}, kind = 'return'"
WAITING = f"""UPDATE cases_procedure SET case_id = {CASE}, assignment_id = NULL, kind = 'dispute', stage = 'asked',
    decided_at = NULL, decided_by_id = NULL"""
GRANTED = "WHERE stage = 'granted'"
SUSPENDED = "WHERE kind = 'suspension'"

REFUSED_CASES = {
    "case in no state": ("UPDATE cases_case SET state = 'lost' WHERE id IN (SELECT min(id) FROM cases_case)", "case_"),
    "closed without a moment": (
        "UPDATE cases_case SET closed_at = NULL WHERE id IN (SELECT min(id) FROM cases_case WHERE state = 'closed')",
        "case_closed_at_when_ended",
    ),
    "open with a moment of closing": (
        "UPDATE cases_case SET closed_at = due_at WHERE state = 'reported'",
        "case_closed_at_when_ended",
    ),
    "closed before it was reported": (
        "UPDATE cases_case SET closed_at = reported_at - interval '1 s' WHERE state = 'closed'",
        "case_closed_at_when_ended",
    ),
    "due before it was reported": (
        "UPDATE cases_case SET due_at = reported_at - interval '1 s'",
        "case_due_after_reported",
    ),
    "case in unheard coordinates": ("UPDATE cases_case SET coord = 'mars'", "case_coord_known"),
    "case on no area": ("UPDATE cases_case SET area_id = '990001'", "area_id"),
    "case lying on no area": ("UPDATE cases_case SET current_area_id = NULL", "current_area_id"),
    "case handed over twice by one edition": (
        """INSERT INTO cases_handover (case_id, edition_id, from_area_id, to_area_id, at)
           SELECT (SELECT min(id) FROM cases_case), (SELECT min(id) FROM gridmap_edition),
                  '360702001001001', '360702001001002', now() FROM generate_series(1, 2)""",
        "handover_once",
    ),
    "number twice": ("UPDATE cases_case SET number = 'X' WHERE id < 100", "cases_case_number"),
    "one report twice": (
        "UPDATE cases_case SET client_id = (SELECT client_id FROM cases_case ORDER BY id LIMIT 1)",
        "cases_case_client_id",
    ),
    "merged into nothing": (
        "UPDATE cases_case SET state = 'merged', closed_at = reported_at WHERE id = (SELECT min(id) FROM cases_case)",
        "case_merged_into_another",
    ),
    "merged into itself": (
        "UPDATE cases_case SET state = 'merged', closed_at = reported_at, merged_into_id = id",
        "case_not_merged_into_itself",
    ),
    "one whistle twice": (whistle(times=2), "whistle_once_a_level"),
    "whistle of no level": (whistle(level="4"), "whistle_level_known"),
    "somebody sent at no time": (whistle(sent="'P0001', NULL"), "whistle_sent_with_its_time"),
    "one responsibility twice": (
        f"INSERT INTO cases_responsibility (category_id, office_id) SELECT '0301', {UNIT} {TWICE}",
        "responsibility_once",
    ),
    "one power of a category twice": (
        f"INSERT INTO cases_categorypower (category_id, power_id) SELECT '0301', 'Q001' {TWICE}",
        "category_power_once",
    ),
    "letter without a task": (letter(task=""), "letter_with_a_task"),
    "order without a task": (assignments(asked(task="")), "assignment_task_and_limit"),
    "order without a limit": (assignments(asked(limit=0)), "assignment_task_and_limit"),
    "due before it was ordered": (
        assignments(asked(due="now() - interval '1 s'")),
        "assignment_due_after_ordered",
    ),
    "two leads of a letter": (assignments(asked(), asked(OTHER_UNIT)), "assignment_one_lead_a_letter"),
    "one department twice": (assignments(asked(), asked(part="assist")), "assignment_once_a_letter"),
    "done before anybody came": (assignments(asked(finished="now()")), "assignment_arrived_before_finished"),
    "came after who knows how long": (
        "UPDATE cases_assignment SET arrived_at = now(), arrival_minutes = NULL",
        "assignment_arrived_after_how_long",
    ),
    "nobody came": (CHECK_IN, "check_in_names_somebody"),
    "solved perhaps": (answer(solved="maybe"), "survey_solved_known"),
    "six of five": (answer(satisfaction=6), "survey_satisfaction_1_to_5"),
    "letter nobody confirmed": (
        "UPDATE cases_letter SET confirmed_by_id = NULL WHERE confirm_by IS NULL",
        "letter_confirmed_or_urgent",
    ),
    "an area's totals twice": (
        f"INSERT INTO cases_areatotals (category, area, first, last, totals) SELECT '', '1', 1, 1, '{{{{1}}}}' {TWICE}",
        "area_totals_once",
    ),
    "a cell's totals twice": (
        f"INSERT INTO cases_celltotals (category, zoom, cell, first, last, totals) SELECT '', 9, 1, 1, 1, '{{{{1}}}}' {TWICE}",
        "cell_totals_once",
    ),
    "a department's totals twice": (
        f"""INSERT INTO cases_unittotals (category, digits, unit, area, first, last, totals)
            SELECT '', 9, {UNIT}, '1', 1, 1, '{{{{1}}}}' {TWICE}""",
        "unit_totals_once",
    ),
    "hot spots asked for twice": (hot_spots(2), "hot_spots_asked_once"),
    "hot spots of no time": (hot_spots(until="2026-01-01"), "hot_spots_until_after_since"),
    "hot spots done without an answer": (hot_spots(done="now()"), "hot_spots_done_with_an_answer"),
    "six marks of five": ("UPDATE cases_verification SET solved = 6", "verification_marks_0_to_5"),
    "more than all points": ("UPDATE cases_result SET total = 100.5", "result_0_to_100"),
    "appeal without a reason": (
        "UPDATE cases_result SET appealed_at = computed_at, final_at = NULL",
        "result_appealed_in_time_with_a_reason",
    ),
    "ruled on without an appeal": (
        "UPDATE cases_result SET decided_at = computed_at",
        "result_ruled_on_after_an_appeal",
    ),
    "exempt without a ruling": ("UPDATE cases_result SET exempt = 'trace'", "result_exempt_where_granted"),
    "never final": ("UPDATE cases_result SET final_at = NULL", "result_final_unless_appealed"),
    "reminded of twice": (
        f"INSERT INTO cases_reminder (case_id, look_at, planned) SELECT {CASE}, now(), false {TWICE}",
        "reminder_once",
    ),
    "notice to no desk": (notice("NULL"), "notice_to_one_desk"),
    "one limit reminded of twice": (notice(times=2), "notice_once_a_limit"),
    "one notice read twice": (
        of_a_notice("cases_noticereading (notice_id, user_id, at)", f"notice.id, {SOMEBODY}, now()"),
        "notice_read_once",
    ),
    "one address twice": (
        f"""INSERT INTO cases_webhook (organisation_id, url, secret, active)
            SELECT {UNIT}, 'https://receiver.example/', 'sixteen letters or so', true {TWICE}""",
        "webhook_once",
    ),
    "one delivery twice": (
        of_a_notice(DELIVERY, "notice.id, 'mail', 'desk@district.example', 0, now(), NULL::timestamptz, ''"),
        "delivery_once",
    ),
    "webhook to nowhere": (
        of_a_notice(DELIVERY, "notice.id, 'webhook', 'x', 0, now(), NULL::timestamptz, ''", times=1),
        "delivery_by_its_channel",
    ),
    "delivered and tried again": (
        of_a_notice(DELIVERY, "notice.id, 'mail', 'desk@district.example', 1, now(), now(), ''", times=1),
        "delivery_done_is_not_tried",
    ),
    "returned twice by one unit": (RETURNED, "procedure_return_once_a_unit"),
    "two that wait": (WAITING, "procedure_one_waiting"),
    "granted by nobody": (
        f"UPDATE cases_procedure SET decided_by_id = NULL {GRANTED}",
        "procedure_decided_by_somebody",
    ),
    "granted to oneself": (
        f"UPDATE cases_procedure SET decided_by_id = asked_by_id {GRANTED}",
        "procedure_decided_by_another",
    ),
    "suspended for ever": (f"UPDATE cases_procedure SET until = NULL {SUSPENDED}", "procedure_suspended_until"),
    "suspended without the leader": (
        f"UPDATE cases_procedure SET supported_by_id = NULL {SUSPENDED}",
        "procedure_suspension_supported",
    ),
    "one key twice": (
        f"INSERT INTO cases_actionkey (user_id, key, digest, at) SELECT {SOMEBODY}, 'k', 'd', now() {TWICE}",
        "action_key_once_a_user",
    ),
}
