"""When a limit is reminded of, who has a case in charge and who stands above: by table, without a database."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.reminding import (
    ABOVE,
    DIGITS,
    TICK,
    UNITS,
    Desk,
    NoticeKind,
    desk_for,
    due_soon_at,
    in_charge,
    next_word,
    superior,
)
from cases.workflow import OPEN, VERBS, State
from gridmap.roles import Role

START = dt.datetime(2026, 7, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
HOUR = dt.timedelta(hours=1)
GRID = "360702003005002"


@pytest.mark.parametrize(
    ("due", "seen", "soon"),
    [
        # hours after the start: the limit, when it is first looked at, when it is reminded of
        (48, 0, 36),  # a quarter of two days
        (8, 0, 6),
        (4, 0, 3),  # a quarter is an hour
        (3, 0, 2),  # an hour at least
        (1, 0, 0.5),  # but not in the first half of it
        (48, 40, 44),  # looked at late, or given anew: not in the first half of what is left
        (48, 47, 47.5),
        (48, 48, 48),
    ],
)
def test_the_moment_to_remind(due: float, seen: float, soon: float) -> None:
    assert due_soon_at(START, START + due * HOUR, START + seen * HOUR) == START + soon * HOUR


@pytest.mark.parametrize(
    ("at", "planned", "kind", "look_at"),
    [
        (0, False, None, 36),  # the first look only plans
        (47, False, None, 47.5),
        (36, True, NoticeKind.DUE_SOON, 48),
        (48, True, NoticeKind.DUE_SOON, 48),  # exactly at the limit is in time
        (48.01, True, NoticeKind.OVERDUE, None),
        (50, False, NoticeKind.OVERDUE, None),  # nobody looked in time
    ],
)
def test_what_is_said_and_when_to_look_again(
    at: float, planned: bool, kind: NoticeKind | None, look_at: float | None
) -> None:
    said, later = next_word(START, START + 48 * HOUR, START + at * HOUR, planned=planned)
    assert said == kind
    wanted = None if look_at is None else START + look_at * HOUR
    assert later == (wanted + TICK if look_at == 48 else wanted)


@given(limit=st.floats(0.01, 5000), seen=st.floats(0, 1))
def test_a_limit_is_reminded_of_once_before_and_once_after(limit: float, seen: float) -> None:
    due = START + limit * HOUR
    at: dt.datetime | None = START + seen * limit * HOUR
    planned, said = False, []
    while at is not None and len(said) < 5:
        kind, later = next_word(START, due, at, planned=planned)
        assert later is None or later >= at
        said += [kind] if kind else []
        at, planned = later, True
    assert said == [NoticeKind.DUE_SOON, NoticeKind.OVERDUE]


@pytest.mark.parametrize(
    ("state", "area", "hands", "expected"),
    [
        ("reported", GRID, {}, Desk(Role.GRID_WORKER, GRID)),
        ("reported", GRID[:9], {}, Desk(Role.CENTRE_CLERK, GRID[:9])),  # in no grid: the centre is to find one
        ("reported", GRID[:6], {}, Desk(Role.DISTRICT_CENTRE_STAFF, GRID[:6])),
        ("handling", GRID, {}, Desk(Role.GRID_WORKER, GRID)),
        ("resolved", GRID, {}, Desk(Role.GRID_CHIEF, GRID[:12])),
        ("whistled", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),
        ("triage", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),  # who was sent is the centre's to remind
        ("verifying", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),
        ("dispatched", GRID, {"office": "CJB"}, Desk(Role.OFFICE_STAFF, "CJB")),
        ("dispatched", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),
        ("deciding", GRID, {}, Desk(Role.LEADER_IN_CHARGE, GRID[:9])),
        ("ordered", GRID, {}, None),  # the unit is reminded of its order
        ("finished", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),
        ("referred", GRID, {"office": "CJB"}, Desk(Role.OFFICE_STAFF, "CJB")),
        ("applied", GRID, {}, Desk(Role.PRINCIPAL_LEADER, GRID[:9])),
        ("confirmed", GRID, {}, Desk(Role.CENTRE_CLERK, GRID[:9])),
        ("issued", GRID, {}, None),
        ("received", GRID, {}, None),
        ("arrived", GRID, {}, None),
        ("claimed", GRID, {"office": "CJB"}, Desk(Role.OFFICE_STAFF, "CJB")),
        ("suspended", GRID, {}, None),  # its clock stands still
        ("closed", GRID, {}, None),
        ("refused", GRID, {}, None),
        ("merged", GRID, {}, None),
    ],
)
def test_who_has_a_case_in_charge(state: str, area: str, hands: dict[str, str], expected: Desk | None) -> None:
    assert in_charge(State(state), area, hands) == expected


@pytest.mark.parametrize("state", sorted(OPEN))
def test_whoever_is_in_charge_may_carry_the_case_on(state: State) -> None:
    desk = in_charge(state, GRID, {"office": "CJB"})
    ways = [verb for verb in VERBS.values() if state in verb.comes_from and verb.goes_to and not verb.aside]
    if desk is None:
        assert state == State.SUSPENDED or ways[0].only in ("unit", "department")
    else:
        assert any(desk.role in verb.roles for verb in ways)


@pytest.mark.parametrize(
    ("desk", "above"),
    [
        (Desk(Role.GRID_WORKER, GRID), Desk(Role.GRID_CHIEF, GRID[:12])),
        (Desk(Role.GRID_CHIEF, GRID[:12]), Desk(Role.CENTRE_CLERK, GRID[:9])),
        (Desk(Role.OFFICE_STAFF, "CJB"), Desk(Role.LEADER_IN_CHARGE, GRID[:9])),
        (Desk(Role.CENTRE_CLERK, GRID[:9]), Desk(Role.LEADER_IN_CHARGE, GRID[:9])),
        (Desk(Role.LEADER_IN_CHARGE, GRID[:9]), Desk(Role.PRINCIPAL_LEADER, GRID[:9])),
        (Desk(Role.PRINCIPAL_LEADER, GRID[:9]), Desk(Role.DISTRICT_CENTRE_STAFF, GRID[:6])),
        (Desk(Role.DEPARTMENT_STAFF, "CG"), Desk(Role.DISTRICT_CENTRE_STAFF, GRID[:6])),
        (Desk(Role.DISTRICT_CENTRE_STAFF, GRID[:6]), None),
    ],
)
def test_who_stands_above(desk: Desk, above: Desk | None) -> None:
    assert superior(desk, GRID) == above


def test_every_desk_has_somebody_above_it_but_the_last() -> None:
    assert set(DIGITS) | UNITS == set(ABOVE) | {Role.DISTRICT_CENTRE_STAFF}
    for role in DIGITS:
        steps, desk = 0, desk_for(role, GRID)
        while (up := superior(desk, GRID)) is not None:
            desk, steps = up, steps + 1
            assert steps < 10
        assert desk.role == Role.DISTRICT_CENTRE_STAFF
