"""The machine as data: every triple of state, verb and role, and that nothing gets stuck."""

from __future__ import annotations

import pytest

from cases.workflow import DONE, EXTRAS, NEEDS, OPEN, REASONS, STEP_OF, VERBS, Kind, Stage, State, after, allowed
from gridmap.roles import Role

# Written out by hand from the rules, apart from the code: verb → states it may be used in, roles that may use it.
G = {Role.GRID_WORKER, Role.GRID_CHIEF, Role.BUILDING_HEAD, Role.GROUP_LEADER}
CENTRE = {Role.CENTRE_CLERK}
PRINCIPAL = {Role.PRINCIPAL_LEADER}
DEPARTMENTS = {Role.DEPARTMENT_STAFF}
DISTRICT = {Role.DISTRICT_CENTRE_STAFF}
WITH = {State.ISSUED, State.RECEIVED, State.ARRIVED}
WORK = WITH | {State.ORDERED}
TOWN = {Role.CENTRE_CLERK, Role.OFFICE_STAFF, Role.LEADER_IN_CHARGE, Role.PRINCIPAL_LEADER}
ACTING = G | TOWN | DEPARTMENTS | DISTRICT
EXPECTED = {
    "accept": ({State.REPORTED}, G, State.HANDLING),
    "record": ({State.HANDLING}, G, None),
    "resolve": ({State.HANDLING}, G, State.RESOLVED),
    "close": ({State.RESOLVED}, {Role.GRID_CHIEF, Role.CENTRE_CLERK}, State.CLOSED),
    "send_back": ({State.RESOLVED}, {Role.GRID_CHIEF, Role.CENTRE_CLERK}, State.HANDLING),
    "whistle": ({State.HANDLING}, {Role.GRID_CHIEF}, State.WHISTLED),
    "file": ({State.WHISTLED}, CENTRE, None),
    "send": ({State.WHISTLED}, CENTRE, None),
    "settle": ({State.TRIAGE}, TOWN, State.VERIFYING),
    "conclude": ({State.VERIFYING}, CENTRE, State.CLOSED),
    "rework": ({State.VERIFYING}, CENTRE, State.TRIAGE),
    "dispatch": ({State.TRIAGE}, CENTRE, State.DISPATCHED),
    "brief": ({State.DISPATCHED}, {Role.OFFICE_STAFF}, State.DECIDING),
    "order": ({State.DECIDING}, {Role.LEADER_IN_CHARGE}, State.ORDERED),
    "refer": ({State.DECIDING}, {Role.LEADER_IN_CHARGE}, State.REFERRED),
    "apply": ({State.REFERRED}, {Role.OFFICE_STAFF}, State.APPLIED),
    "endorse": ({State.APPLIED}, {Role.PRINCIPAL_LEADER}, State.CONFIRMED),
    "decline": ({State.APPLIED}, {Role.PRINCIPAL_LEADER}, State.DECIDING),
    "issue": ({State.CONFIRMED}, CENTRE, State.ISSUED),
    "receive": (WITH, {Role.DEPARTMENT_STAFF}, State.RECEIVED),
    "sign_in": (WITH, {Role.OFFICE_STAFF}, State.ARRIVED),
    "handle": (WITH, {Role.DEPARTMENT_STAFF}, None),
    "claim": (WITH, {Role.DEPARTMENT_STAFF}, State.CLAIMED),
    "certify": ({State.CLAIMED}, {Role.OFFICE_STAFF}, State.CLOSED),
    "fail": ({State.CLAIMED}, {Role.OFFICE_STAFF}, State.ARRIVED),
    "evaluate": ({State.CLOSED}, CENTRE, State.EVALUATED),
    "appeal": ({State.EVALUATED}, {Role.DEPARTMENT_STAFF}, None),
    "uphold": ({State.EVALUATED}, {Role.DISTRICT_CENTRE_STAFF}, None),
    "grant": ({State.EVALUATED}, {Role.DISTRICT_CENTRE_STAFF}, None),
    "merge": ({State.REPORTED, State.TRIAGE}, {Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF}, State.MERGED),
    "log": ({State.ORDERED}, {Role.OFFICE_STAFF}, None),
    "finish": ({State.ORDERED}, {Role.OFFICE_STAFF}, State.FINISHED),
    "confirm": ({State.FINISHED}, {Role.OFFICE_STAFF, Role.CENTRE_CLERK}, State.CLOSED),
    "redo": ({State.FINISHED}, {Role.OFFICE_STAFF, Role.CENTRE_CLERK}, State.ORDERED),
    "relocate": ({State.REPORTED, State.HANDLING, State.TRIAGE}, {Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF}, None),
    "refuse": ({State.REPORTED, State.TRIAGE}, {Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF}, State.REFUSED),
    "issue_at_once": ({State.DISPATCHED, State.DECIDING, State.REFERRED, State.APPLIED}, CENTRE, State.ISSUED),
    "ratify": (WITH | {State.CLAIMED}, PRINCIPAL, None),
    "disown": (WITH | {State.CLAIMED}, PRINCIPAL, State.DECIDING),
    "withdraw": ({State.CONFIRMED}, CENTRE, State.TRIAGE),
    "return": (WITH, DEPARTMENTS, None),
    "take_back": (WITH, CENTRE, State.CONFIRMED),
    "refuse_return": (WITH, CENTRE, None),
    "dispute": (WITH, DEPARTMENTS | CENTRE, None),
    "rule": (WITH, DISTRICT, None),
    "convene": (WITH | {State.CONFIRMED}, CENTRE | DISTRICT, None),
    "minute": (WITH | {State.CONFIRMED}, CENTRE, State.ISSUED),
    "extend": (WORK, DEPARTMENTS | {Role.OFFICE_STAFF}, None),
    "grant_extension": (WORK, CENTRE | DISTRICT, None),
    "refuse_extension": (WORK, CENTRE | DISTRICT, None),
    "suspend": (WORK, DEPARTMENTS | {Role.OFFICE_STAFF}, None),
    "support_suspension": (WORK, PRINCIPAL, None),
    "grant_suspension": (WORK, DISTRICT, State.SUSPENDED),
    "refuse_suspension": (WORK, PRINCIPAL | DISTRICT, None),
    "resume": ({State.SUSPENDED}, DEPARTMENTS | {Role.OFFICE_STAFF}, None),
    "reopen": ({State.CLOSED, State.EVALUATED}, {Role.GRID_CHIEF, Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF}, None),
    "mark": (
        WORK | {State.TRIAGE, State.DECIDING, State.CONFIRMED},
        CENTRE | DISTRICT | PRINCIPAL | {Role.LEADER_IN_CHARGE},
        None,
    ),
}


def test_the_verbs_are_these() -> None:
    assert set(VERBS) == set(EXPECTED)


@pytest.mark.parametrize("verb", EXPECTED)
def test_every_triple(verb: str) -> None:
    states, roles, goes_to = EXPECTED[verb]
    it = VERBS[verb]
    for state in State:
        assert allowed(it, state) == (state in states), state
        assert after(it, state) == (goes_to or state), state
    for role in Role:
        assert (role in it.roles) == (role in roles), role


def test_level_one_is_only_for_those_on_the_grid() -> None:
    # R48: blown only by a grid worker, a building head or a residents'-group leader (and the chief they answer to).
    assert VERBS["accept"].roles == G


def test_level_two_is_only_for_the_community() -> None:
    # R49: blown by the village or community, whose secretary is the grid chief (R23); never by a worker.
    assert VERBS["whistle"].roles == {Role.GRID_CHIEF}
    assert {"tried", "text"} == set(VERBS["whistle"].needs)


def test_r55_an_order_needs_unit_task_and_deadline() -> None:
    assert set(VERBS["order"].needs) == {"unit", "text", "limit"}


def test_r56_only_the_principal_leader_confirms_the_third_whistle_and_r58_only_the_centre_blows_it() -> None:
    assert VERBS["endorse"].roles == {Role.PRINCIPAL_LEADER}
    assert VERBS["endorse"].other_than == ("refer",)
    assert VERBS["issue"].roles == CENTRE
    ways_to_issued = {name for name, verb in VERBS.items() if verb.goes_to == State.ISSUED}
    # Only an emergency goes out first, and a meeting about what was confirmed already.
    assert ways_to_issued == {"issue", "issue_at_once", "minute"}
    assert all(VERBS[name].roles == CENTRE for name in ways_to_issued)
    # What a department gave back, or was found not to answer for, was confirmed before.
    assert {name for name, verb in VERBS.items() if verb.goes_to == State.CONFIRMED} == {"endorse", "take_back"}


def test_r60_a_letter_needs_department_task_and_deadline() -> None:
    assert set(VERBS["issue"].needs) == {"department", "text", "limit"}


def test_r63_a_department_cannot_sign_itself_in() -> None:
    assert Role.DEPARTMENT_STAFF not in VERBS["sign_in"].roles


def test_only_the_lead_department_moves_a_case() -> None:
    for name in ("receive", "sign_in", "claim"):
        for state in VERBS[name].comes_from:
            assert after(VERBS[name], state, lead=False) == state
            assert after(VERBS[name], state, lead=True) == VERBS[name].goes_to


def test_neither_track_alone_is_enough() -> None:
    # R50: a person on the ground and a filing at the centre.
    file, send = VERBS["file"], VERBS["send"]
    for one, other in ((file, send), (send, file)):
        assert allowed(one, State.WHISTLED)
        assert after(one, State.WHISTLED) == State.WHISTLED
        assert after(one, State.WHISTLED, {one.name}) == State.WHISTLED
        assert after(one, State.WHISTLED, {other.name}) == State.TRIAGE
        assert not allowed(one, State.WHISTLED, {one.name})
        assert allowed(other, State.WHISTLED, {one.name})


def test_every_open_state_can_still_reach_an_end() -> None:
    reached = {state: {state} for state in State}
    for _ in State:
        for verb in VERBS.values():
            for state in State:
                for here in list(reached[state]):
                    if allowed(verb, here):
                        told = verb.one_of or {None}
                        reached[state] |= {after(verb, here, {verb.beside}, told=it) for it in told}
    ends = set(State) - OPEN
    assert ends == {State.CLOSED, State.EVALUATED, State.REFUSED, State.MERGED}
    assert all(reached[state] & ends for state in State)
    assert all(State.CLOSED in reached[state] for state in OPEN)
    assert ends > DONE


def test_only_reopening_opens_what_has_ended_and_whatever_is_open_can_be_acted_on() -> None:
    for name in set(VERBS) - {"reopen"}:
        for state in VERBS[name].comes_from - OPEN:
            assert after(VERBS[name], state) not in OPEN, (name, state)
    assert all(any(state in verb.comes_from for verb in VERBS.values()) for state in OPEN)


def test_r66_only_the_centre_scores_and_only_what_is_closed() -> None:
    assert VERBS["evaluate"].roles == CENTRE
    assert {name for name, verb in VERBS.items() if verb.goes_to == State.EVALUATED} == {"evaluate"}
    assert VERBS["evaluate"].comes_from == {State.CLOSED}


def test_who_gave_the_marks_does_not_rule_on_the_appeal() -> None:
    for name in ("uphold", "grant"):
        assert VERBS[name].other_than == ("certify",)


def test_every_state_has_its_step() -> None:
    assert set(STEP_OF) == set(State)


def test_the_walk_over_every_state_verb_and_role() -> None:
    walked = {
        (state, name, role)
        for name, verb in VERBS.items()
        for state in State
        for role in Role
        if allowed(verb, state) and role in verb.roles
    }
    expected = {
        (state, name, role) for name, (states, roles, _) in EXPECTED.items() for state in states for role in roles
    }
    assert walked == expected
    # Nobody acts who is of no office of the process: each role that is there has something to do, and no other.
    assert {role for _, _, role in walked} == ACTING
    # Every open state waits for somebody; what has ended is opened again, scored, and its score appealed against.
    assert {state for state, _, _ in walked} == OPEN | DONE
    assert {name for state, name, _ in walked if state == State.CLOSED} == {"reopen", "evaluate"}
    assert {name for state, name, _ in walked if state == State.EVALUATED} == {"reopen", "appeal", "uphold", "grant"}


def test_every_procedure_can_be_begun_and_ended() -> None:
    for kind in Kind:
        of_kind = [verb for verb in VERBS.values() if verb.procedure == kind]
        begun = [verb for verb in of_kind if not verb.stages]
        assert [verb.stage for verb in begun] == [Stage.ASKED]
        reached = {Stage.ASKED}
        for _ in Stage:
            reached |= {verb.stage for verb in of_kind if verb.stages & reached}
        assert reached & {Stage.GRANTED, Stage.REFUSED}
        # Whoever can ask cannot be the one role that decides.
        assert all(verb.roles - begun[0].roles or kind in (Kind.MEETING,) for verb in of_kind if verb.decides)


def test_reasons_are_asked_where_they_are_known() -> None:
    assert set(REASONS) == {name for name, verb in VERBS.items() if "reason" in verb.needs}
    assert all(need in NEEDS for verb in VERBS.values() for need in verb.needs)
    assert all(extra in EXTRAS for verb in VERBS.values() for extra in verb.may)
