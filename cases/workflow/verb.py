"""A verb of the process, and the two rules all of them follow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cases.workflow.words import Kind, Stage, State
from gridmap.roles import Role


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to a case.

    ``goes_to`` is None where the state stays, or where the course of the case tells which of ``one_of`` it becomes.
    ``needs`` names what the one who acts must give, of :data:`NEEDS`, ``may`` what can be given too, of :data:`EXTRAS`,
    and ``asks`` what its text is to say. ``other_than`` asks for somebody else than whoever last used one of these verbs,
    ``only`` for somebody in whose hands the case is, of :data:`HANDS`. ``beside`` names the other of two tracks: each
    can be taken once, and the state goes on when both are. ``lead``: the state goes on only where it concerns the lead
    department. ``aside``: not the ordinary way on, and nobody is waited for to go it. ``procedure``: the kind it begins, or,
    with ``stages``, carries on from one of these; it then stands at ``stage``. ``awaited``: waited for all the
    same, though it does not move the case.
    """

    name: str
    label: str
    comes_from: frozenset[State]
    goes_to: State | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    asks: str = "理由"
    other_than: tuple[str, ...] = ()
    only: str = ""
    beside: str = ""
    lead: bool = False
    aside: bool = False
    one_of: frozenset[State] = frozenset()
    may: tuple[str, ...] = ()
    awaited: bool = False
    procedure: Kind | None = None
    stages: frozenset[Stage] = frozenset()
    stage: Stage | None = None

    @property
    def carries_on(self) -> bool:
        """Whether it is the ordinary way on, and waited for."""
        return self.goes_to is not None and not self.aside and not self.stages

    @property
    def decides(self) -> bool:
        """Whether somebody waits for it beside the course of the case: a decision on what was asked for, or a confirmation."""
        return self.awaited or (bool(self.stages) and self.stage != Stage.OVER)


def allowed(verb: Verb, state: State, tracks: Collection[str] = ()) -> bool:
    """Whether the verb can be used in this state at all; ``tracks``: those of two tracks that are taken already."""
    return state in verb.comes_from and not (verb.beside and verb.name in tracks)


def after(
    verb: Verb, state: State, tracks: Collection[str] = (), *, lead: bool = True, told: State | None = None
) -> State:
    """The state a case is in once the verb was used.

    ``lead``: whether it concerned the lead department; ``told``: which of ``one_of`` the course of the case tells.
    """
    if (verb.beside and verb.beside not in tracks) or (verb.lead and not lead):
        return state
    if verb.one_of:
        return told or state
    return verb.goes_to or state
