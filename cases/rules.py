"""What the article leaves open, decided in one place: limits, and how often something can be asked for.

The article says "in time" and gives no number (DOMAIN 1.2). These are the defaults of this system, read by the actions
and served with the process. A limit already given stays as it was given; rules that change get a new version.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cases.deadlines import Limit, Unit
from cases.workflow import Kind


@dataclass(frozen=True)
class Rules:
    """Limits in the four units; those of an emergency run day and night, in minutes.

    ``returns``: a case returned this often goes to arbitration the next time. ``repeat_within_m``: reports of one
    category this near are taken for the same matter. ``decisions``: by when each kind of procedure is to be decided.
    """

    version: str
    receipt: Limit
    arrival: Limit
    emergency_receipt: dt.timedelta
    emergency_arrival: dt.timedelta
    emergency_limit: Limit
    ratification: dt.timedelta
    returning: Limit
    returns: int
    extensions: int
    suspension_days: int
    reopening_days: int
    repeat_within_m: int
    decisions: Mapping[Kind, Limit]


RULES = Rules(
    version="2021.1",
    receipt=Limit(2, Unit.WORKING_HOURS),
    arrival=Limit(1, Unit.WORKING_DAYS),
    emergency_receipt=dt.timedelta(minutes=15),
    emergency_arrival=dt.timedelta(minutes=30),  # as Pinggu has it (DOMAIN 5.2)
    emergency_limit=Limit(24, Unit.EMERGENCY_HOURS),
    ratification=dt.timedelta(hours=24),
    returning=Limit(4, Unit.WORKING_HOURS),
    returns=2,
    extensions=2,
    suspension_days=90,
    reopening_days=30,
    repeat_within_m=50,
    decisions={
        Kind.RETURN: Limit(4, Unit.WORKING_HOURS),
        Kind.DISPUTE: Limit(1, Unit.WORKING_DAYS),
        Kind.MEETING: Limit(3, Unit.WORKING_DAYS),
        Kind.EXTENSION: Limit(4, Unit.WORKING_HOURS),
        Kind.SUSPENSION: Limit(2, Unit.WORKING_DAYS),
    },
)
