"""The life of a case as data: states, steps, verbs and who may use them.

Pure: no database, no clock. The nine steps are the article's (R44). At the first level (R48) a grid worker takes the
case and handles it on the spot, and the grid chief verifies. What cannot be solved there the grid chief whistles up
to the town (R49), which opens two tracks (R50): the centre files it and a named person is sent; with both the centre
has it in hand. What the person sent cannot settle the centre dispatches to an office of the town (R52), which lays it
before the leader in charge (R53); the leader orders a unit to do a task by a deadline (R55), or finds that the district
is needed: then the office applies, the principal leader confirms (R56), and the centre blows the third whistle with a
letter to a lead department and those that assist (R58, R59). The lead receives it, comes and is signed in by the town's
office (R63), handles the case and says so; the office verifies (R64). Then the centre scores what each department was
asked (R65, R66); a department may appeal against its result, and the district's centre rules.

Beside this course run procedures: somebody asks for something, somebody else decides. A department returns a letter or
disputes it, a joint meeting says who leads, a unit asks for more time or for the case to be suspended. They have stages
of their own; only some decisions move the case.
"""

from __future__ import annotations

from cases.workflow.assessed import ASSESSED
from cases.workflow.beside import BESIDE
from cases.workflow.in_the_district import DISTRICT_LEVEL
from cases.workflow.in_the_town import TOWN
from cases.workflow.on_the_grid import GRID
from cases.workflow.verb import Verb, after, allowed
from cases.workflow.words import (
    EXTRAS,
    HANDS,
    NEEDS,
    OF_THE_TOWN,
    REASONS,
    STEP_OF,
    WITH_DEPARTMENTS,
    Kind,
    Progress,
    Stage,
    State,
    Step,
    states,
)

__all__ = [
    "DONE",
    "ENDED",
    "EXTRAS",
    "HANDS",
    "NEEDS",
    "OF_THE_TOWN",
    "OPEN",
    "REASONS",
    "RUNNING",
    "STEP_OF",
    "VERBS",
    "VERBS_FROM",
    "WITH_DEPARTMENTS",
    "Kind",
    "Progress",
    "Stage",
    "State",
    "Step",
    "Verb",
    "after",
    "allowed",
    "states",
]

# In the order in which they are offered.
VERBS: dict[str, Verb] = {verb.name: verb for verb in (*GRID, *TOWN, *DISTRICT_LEVEL, *BESIDE, *ASSESSED)}

# The verbs that can be used in a state, in the same order.
VERBS_FROM = {state: tuple(verb for verb in VERBS.values() if state in verb.comes_from) for state in State}

DONE = frozenset({State.CLOSED, State.EVALUATED})
# A case that ended can be opened again, and is not open for that.
ENDED = DONE | {State.REFUSED, State.MERGED}
OPEN = frozenset(State) - ENDED
# Open and its clock running: what can be overdue.
RUNNING = OPEN - {State.SUSPENDED}
