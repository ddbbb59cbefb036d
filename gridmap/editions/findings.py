"""What is wrong with a draft as it stands: the checks of its geometry, and what only the registry knows."""

from __future__ import annotations

import datetime as dt

from gridmap.editions.geometry_checks import geometry_findings
from gridmap.editions.registry_checks import ERROR, SEVERITIES, Draft, registry_findings
from gridmap.models import Edition
from gridmap.models.drafts import DraftFinding


def recheck(edition: Edition, *, on: dt.date) -> None:
    """Check a draft as it stands against the boundaries in force on a day and write its findings anew."""
    draft = Draft.of(edition, on=on)
    found = sorted([*geometry_findings(draft), *registry_findings(draft)], key=lambda it: SEVERITIES.index(it.severity))
    for finding in found:
        finding.edition = edition
    DraftFinding.objects.filter(edition=edition).delete()
    DraftFinding.objects.bulk_create(found)


def blocking(edition: Edition) -> int:
    """How many of a draft's findings keep it from being approved."""
    return DraftFinding.objects.filter(edition=edition, severity=ERROR).count()
