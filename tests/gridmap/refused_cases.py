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


# Whether there is such an assignment is asked at the end of the transaction only.
CHECK_IN = f"INSERT INTO cases_checkin (assignment_id, persons, note, at, by_id) VALUES (1, '', '', now(), {SOMEBODY})"
TWICE = "FROM generate_series(1, 2)"


def answer(solved: str = "yes", satisfaction: int = 5) -> str:
    return f"""INSERT INTO cases_surveyanswer (case_id, solved, satisfaction, comment, at)
        VALUES ({CASE}, '{solved}', {satisfaction}, '', now())"""


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
    "nobody came": (CHECK_IN, "check_in_names_somebody"),
    "solved perhaps": (answer(solved="maybe"), "survey_solved_known"),
    "six of five": (answer(satisfaction=6), "survey_satisfaction_1_to_5"),
    "one key twice": (
        f"INSERT INTO cases_actionkey (user_id, key, digest, at) SELECT {SOMEBODY}, 'k', 'd', now() {TWICE}",
        "action_key_once_a_user",
    ),
}
