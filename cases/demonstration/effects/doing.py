"""A deed being done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.demonstration.paths import Deed, Who
from cases.demonstration.people import Actor
from cases.demonstration.story import Story, there
from cases.models import (
    Assignment,
    Procedure,
)

if TYPE_CHECKING:
    from cases.demonstration.stories import Teller


@dataclass(frozen=True)
class Doing:
    """A deed being done: all that its effect may want to know."""

    teller: Teller
    story: Story
    deed: Deed
    actor: Actor | None
    at: dt.datetime
    text: str

    @property
    def by(self) -> int:
        """The user who acts."""
        return int(there(self.actor).user)

    @property
    def procedure(self) -> Procedure:
        """What it decides: what was asked for last."""
        return self.story.procedures[-1]

    @property
    def asked(self) -> Assignment:
        """What the letter asked of the department it is about."""
        return self.story.asked[Who.LEAD if self.deed.concerns_lead else Who.ASSISTANT]
