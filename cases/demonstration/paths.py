"""The paths cases take in the demonstration, as data: what is done, by whom, how long it takes; and where the open ones stand.

A new way through the process is one more :class:`Path` here. A verb that writes more than state and trace has its
effect in :mod:`cases.demonstration.effects`, and what is said with it is in ``fixtures/passages.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cases.deadlines import Limit, Unit
from cases.rules import RULES
from cases.workflow import VERBS, State, after

# The verb by which the town sends a department back to do it again.
FAIL = "fail"
# These give the case a new deadline, from the moment they are used.
ISSUING = ("issue", "issue_at_once")
RESTARTS = ("order", "redo", *ISSUING, "reopen", FAIL)
# A leader and a centre give the time the category allows, and never less than this.
ORDERED_AT_LEAST = Limit(2, Unit.WORKING_DAYS)
ISSUED_AT_LEAST = Limit(5, Unit.WORKING_DAYS)


class Who(StrEnum):
    """Who acts, as seen from the case."""

    WORKER = "worker"
    CHIEF = "chief"
    CLERK = "clerk"
    ENVOY = "envoy"  # the person sent to the community
    OFFICE = "office"  # somebody of the office it was dispatched to
    LEADER = "leader"
    PRINCIPAL = "principal"
    UNIT = "unit"  # somebody of the unit that was ordered
    DISTRICT = "district"  # somebody of the district's centre
    LEAD = "lead"
    ASSISTANT = "assistant"
    NOBODY = "nobody"  # it happens by itself


@dataclass(frozen=True)
class Hours:
    """Working hours after the deed before, between two bounds."""

    least: float
    most: float


@dataclass(frozen=True)
class Share:
    """A share of what the case uses of its running limit, since that began to run, between two bounds."""

    least: float
    most: float


@dataclass(frozen=True)
class Since:
    """Working hours since the running limit began to run, between two bounds."""

    least: float
    most: float


@dataclass(frozen=True)
class Deed:
    """A verb, who uses it, and when; ``about``: which department, where it is about one.

    ``told``: where the case then stands, for a verb whose end the course of the case tells.
    """

    verb: str
    who: Who
    when: Hours | Share | Since
    about: Who = Who.LEAD
    told: State | None = None

    @property
    def concerns_lead(self) -> bool:
        """Whether it moves the case on, of what is about departments."""
        return Who.ASSISTANT not in (self.who, self.about)


Deeds = tuple[Deed, ...]


@dataclass(frozen=True)
class Path:
    """A way through the process; ``share`` in a thousand of all cases that are done. ``far``: beyond the grid."""

    name: str
    share: float
    deeds: Deeds
    far: bool = True


@dataclass(frozen=True)
class Stop:
    """Where an open case stands: its path up to the first use of a verb; "" for the end of the path.

    ``category``: the kind of case it is; "" for any.
    """

    path: str
    before: str
    category: str = ""

    @property
    def deeds(self) -> Deeds:
        """What has been done."""
        deeds = PATHS[self.path].deeds
        verbs = [deed.verb for deed in deeds]
        return deeds[: verbs.index(self.before)] if self.before else deeds


TAKEN = (Deed("accept", Who.WORKER, Share(0.02, 0.3)),)
SOLVED = (Deed("resolve", Who.WORKER, Share(0.4, 0.9)), Deed("close", Who.CHIEF, Share(1.0, 1.0)))
WHISTLED = (
    Deed("accept", Who.WORKER, Hours(0.2, 3.0)),
    Deed("record", Who.WORKER, Hours(0.5, 4.0)),
    Deed("whistle", Who.CHIEF, Hours(0.5, 5.0)),
)
FILED_AND_SENT = (Deed("file", Who.CLERK, Hours(0.1, 1.5)), Deed("send", Who.CLERK, Hours(0.1, 1.0)))
SENT_AND_FILED = (Deed("send", Who.CLERK, Hours(0.1, 1.5)), Deed("file", Who.CLERK, Hours(0.1, 1.0)))
SETTLED = (Deed("settle", Who.ENVOY, Hours(1.0, 8.0)),)
CONCLUDED = (Deed("conclude", Who.CLERK, Hours(0.3, 5.0)),)
DISPATCHED = (*WHISTLED, *FILED_AND_SENT, Deed("dispatch", Who.CLERK, Hours(0.2, 3.0)))
BRIEFED = (
    *DISPATCHED,
    Deed("brief", Who.OFFICE, Hours(0.3, 5.0)),
)
ORDERED = (Deed("order", Who.LEADER, Hours(0.3, 6.0)),)
FINISHED = (Deed("log", Who.UNIT, Share(0.2, 0.5)), Deed("finish", Who.UNIT, Share(0.7, 1.0)))
CONFIRMED = (Deed("confirm", Who.CLERK, Hours(0.3, 5.0)),)
APPLIED = (
    Deed("refer", Who.LEADER, Hours(0.5, 8.0)),
    Deed("apply", Who.OFFICE, Hours(0.5, 6.0)),
)
ISSUED = (
    Deed("endorse", Who.PRINCIPAL, Hours(0.3, 8.0)),
    Deed("issue", Who.CLERK, Hours(0.2, 3.0)),
)
ISSUED_AT_ONCE = (
    Deed("issue_at_once", Who.CLERK, Hours(0.1, 0.4)),
    Deed("receive", Who.LEAD, Hours(0.05, 0.2)),
    Deed("sign_in", Who.OFFICE, Hours(0.05, 0.2)),
    Deed("ratify", Who.PRINCIPAL, Hours(0.2, 2.0)),
    Deed("handle", Who.LEAD, Share(0.1, 0.2)),
)
RECEIVED = (Deed("receive", Who.LEAD, Hours(0.1, 1.6)),)
# In the four working hours in which it can be; it then goes to another department.
RETURNED = (
    Deed("receive", Who.LEAD, Hours(0.1, 1.2)),
    Deed("return", Who.LEAD, Hours(0.3, 1.5)),
    Deed("take_back", Who.CLERK, Hours(0.3, 3.0)),
    Deed("issue", Who.CLERK, Hours(0.2, 3.0)),
)
DISPUTED = (
    *RECEIVED,
    Deed("dispute", Who.LEAD, Hours(0.5, 4.0)),
    Deed("rule", Who.DISTRICT, Hours(1.0, 8.0), told=State.CONFIRMED),
    Deed("issue", Who.CLERK, Hours(0.2, 3.0)),
)
RECEIVED_BY_ITSELF = (Deed("receive", Who.NOBODY, Since(2.005, 2.02)),)
BOTH_RECEIVED = (Deed("receive", Who.ASSISTANT, Hours(0.05, 0.8)), Deed("receive", Who.LEAD, Hours(0.05, 0.8)))
ONE_RECEIVED_BY_ITSELF = (
    Deed("receive", Who.LEAD, Hours(0.1, 1.2)),
    Deed("receive", Who.NOBODY, Since(2.005, 2.02), Who.ASSISTANT),
)
CAME = (Deed("sign_in", Who.OFFICE, Hours(0.5, 6.0)), Deed("handle", Who.LEAD, Share(0.3, 0.5)))
BOTH_CAME = (
    Deed("sign_in", Who.OFFICE, Hours(0.5, 6.0)),
    Deed("sign_in", Who.OFFICE, Hours(0.1, 2.0), Who.ASSISTANT),
    Deed("handle", Who.ASSISTANT, Share(0.25, 0.35), Who.ASSISTANT),
    Deed("handle", Who.LEAD, Share(0.35, 0.5)),
    Deed("claim", Who.ASSISTANT, Share(0.5, 0.7), Who.ASSISTANT),
)
CLAIMED = (Deed("claim", Who.LEAD, Share(0.7, 1.0)),)
CERTIFIED = (Deed("certify", Who.OFFICE, Hours(0.5, 6.0)),)
SCORED = (Deed("evaluate", Who.CLERK, Hours(0.5, 12.0)),)
EXTENDED = (
    Deed("extend", Who.LEAD, Share(0.5, 0.55)),
    Deed("grant_extension", Who.CLERK, Hours(0.3, 3.0)),
    Deed("claim", Who.LEAD, Share(1.0, 1.4)),
)
SUSPENDED = (
    Deed("suspend", Who.LEAD, Hours(2.0, 8.0)),
    Deed("support_suspension", Who.PRINCIPAL, Hours(0.5, 8.0)),
    Deed("grant_suspension", Who.DISTRICT, Hours(0.5, 8.0)),
    Deed("resume", Who.LEAD, Hours(40.0, 120.0), told=State.ARRIVED),
    Deed("claim", Who.LEAD, Hours(4.0, 24.0)),
)
FAILED = (
    Deed(FAIL, Who.OFFICE, Hours(0.5, 6.0)),
    Deed("sign_in", Who.OFFICE, Hours(0.5, 4.0)),
    Deed("claim", Who.LEAD, Share(0.6, 1.0)),
)

PATHS: dict[str, Path] = {
    path.name: path
    for path in (
        # The first level. By far the most: the article says that nearly all is done, and never that it had to go up.
        Path("solved", 872, (*TAKEN, *SOLVED), far=False),
        Path("solved and recorded", 45, (*TAKEN, Deed("record", Who.WORKER, Share(0.3, 0.4)), *SOLVED), far=False),
        Path(
            "sent back",
            18,
            (
                *TAKEN,
                Deed("resolve", Who.WORKER, Share(0.3, 0.5)),
                Deed("send_back", Who.CHIEF, Share(0.5, 0.6)),
                Deed("resolve", Who.WORKER, Share(0.7, 0.9)),
                Deed("close", Who.CHIEF, Share(1.0, 1.0)),
            ),
            far=False,
        ),
        Path(
            "reopened",
            2,
            (
                *TAKEN,
                *SOLVED,
                Deed("reopen", Who.CLERK, Hours(8.0, 60.0), told=State.HANDLING),
                Deed("resolve", Who.WORKER, Share(0.4, 0.8)),
                Deed("close", Who.CHIEF, Share(0.9, 1.0)),
            ),
            far=False,
        ),
        # The second whistle: whoever was sent settles it, or an office of the town does.
        Path("settled", 18, (*WHISTLED, *FILED_AND_SENT, *SETTLED, *CONCLUDED)),
        Path("settled, sent first", 7, (*WHISTLED, *SENT_AND_FILED, *SETTLED, *CONCLUDED)),
        Path(
            "settled twice",
            2,
            (
                *WHISTLED,
                *SENT_AND_FILED,
                *SETTLED,
                Deed("rework", Who.CLERK, Hours(0.3, 4.0)),
                *SETTLED,
                *CONCLUDED,
            ),
        ),
        Path("ordered", 14, (*BRIEFED, *ORDERED, *FINISHED, *CONFIRMED)),
        Path(
            "redone",
            3,
            (
                *BRIEFED,
                *ORDERED,
                *FINISHED,
                Deed("redo", Who.CLERK, Hours(0.3, 4.0)),
                Deed("finish", Who.UNIT, Share(0.5, 1.0)),
                *CONFIRMED,
            ),
        ),
        Path(
            "declined",
            2,
            (
                *BRIEFED,
                *APPLIED,
                Deed("decline", Who.PRINCIPAL, Hours(0.5, 6.0)),
                *ORDERED,
                *FINISHED,
                *CONFIRMED,
            ),
        ),
        # The third whistle.
        Path("lettered", 3, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *CLAIMED, *CERTIFIED)),
        Path("scored", 2, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *CLAIMED, *CERTIFIED, *SCORED)),
        Path(
            "two scored",
            2,
            (*BRIEFED, *APPLIED, *ISSUED, *BOTH_RECEIVED, *BOTH_CAME, *CLAIMED, *CERTIFIED, *SCORED),
        ),
        Path(
            "failed and scored",
            1,
            (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *CLAIMED, *FAILED, *CERTIFIED, *SCORED),
        ),
        Path("lettered to two", 1, (*BRIEFED, *APPLIED, *ISSUED, *BOTH_RECEIVED, *BOTH_CAME, *CLAIMED, *CERTIFIED)),
        Path(
            "lettered to two, one late",
            1,
            (*BRIEFED, *APPLIED, *ISSUED, *ONE_RECEIVED_BY_ITSELF, *BOTH_CAME, *CLAIMED, *CERTIFIED),
        ),
        Path("returned", 1, (*BRIEFED, *APPLIED, *ISSUED, *RETURNED, *RECEIVED, *CAME, *CLAIMED, *CERTIFIED)),
        Path("suspended", 1, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *SUSPENDED, *CERTIFIED)),
        Path("disputed", 1, (*BRIEFED, *APPLIED, *ISSUED, *DISPUTED, *RECEIVED, *CAME, *CLAIMED, *CERTIFIED)),
        Path("at once", 1, (*DISPATCHED, *ISSUED_AT_ONCE, *CLAIMED, *CERTIFIED)),
        Path("extended", 1, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *EXTENDED, *CERTIFIED)),
        Path("received by itself", 1, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED_BY_ITSELF, *CAME, *CLAIMED, *CERTIFIED)),
        Path("failed", 1, (*BRIEFED, *APPLIED, *ISSUED, *RECEIVED, *CAME, *CLAIMED, *FAILED, *CERTIFIED)),
        # Not among those that are done.
        Path("merged", 0, (Deed("merge", Who.CLERK, Hours(0.3, 3.0)),), far=False),
        Path("refused", 0, (Deed("refuse", Who.CLERK, Hours(0.3, 6.0)),), far=False),
        Path("refused by the town", 0, (*WHISTLED, *FILED_AND_SENT, Deed("refuse", Who.CLERK, Hours(0.3, 6.0)))),
    )
}

# The first of these are there whatever the amount: the article leaves nine open, and with them something waits on every
# desk of one line, from the grid worker to a department. From the tenth on the other states, then the refused; at the end
# what waits beside the course.
UNFINISHED = (
    Stop("solved", "accept"),
    Stop("solved", "resolve"),
    Stop("solved", "close"),
    Stop("settled", "file", "0303"),
    Stop("ordered", "brief", "0305"),
    Stop("ordered", "order", "0102"),
    Stop("lettered", "endorse", "0203"),
    Stop("lettered", "receive", "0305"),
    Stop("lettered", "claim", "0303"),
    Stop("settled", "settle", "0604"),
    Stop("settled", "conclude", "0502"),
    Stop("ordered", "finish", "0202"),
    Stop("ordered", "confirm", "0404"),
    Stop("lettered", "apply", "0404"),
    Stop("lettered", "issue", "0203"),
    Stop("lettered", "sign_in", "0303"),
    Stop("lettered", "certify", "0305"),
    Stop("refused", ""),
    Stop("settled, sent first", "file", "0204"),
    Stop("redone", "redo", "0303"),
    Stop("lettered to two", "claim", "0203"),
    Stop("solved and recorded", "record"),
    Stop("declined", "decline", "0604"),
    Stop("received by itself", "handle", "0404"),
    Stop("refused by the town", "", "0604"),
    Stop("suspended", "resume", "0305"),
    Stop("extended", "grant_extension", "0203"),
    Stop("returned", "take_back", "0404"),
)


def states_along(deeds: Deeds) -> list[tuple[State, State]]:
    """From which state to which each deed leads, by the workflow's own rule."""
    state, tracks, along = State.REPORTED, set[str](), []
    for deed in deeds:
        verb = VERBS[deed.verb]
        came, state = state, after(verb, state, tracks, lead=deed.concerns_lead, told=deed.told)
        if verb.beside:
            tracks.add(verb.name)
        along.append((came, state))
    return along


def limit_given(verb: str, category: Limit) -> Limit:
    """How long an order or a letter about a case of a category gives."""
    if verb == "issue_at_once":
        return RULES.emergency_limit
    least = ORDERED_AT_LEAST if verb == "order" else ISSUED_AT_LEAST
    longer = category.unit == least.unit and category.amount > least.amount
    return category if longer else least


def extension_of(limit: Limit) -> Limit:
    """How much more time is asked for, and granted: half of what was given, in the same unit."""
    return Limit(max(1, limit.amount // 2), limit.unit)
