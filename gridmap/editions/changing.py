"""The door to a draft: whoever changes anything of it holds its row, and an approval given before is withdrawn."""

from __future__ import annotations

from gridmap.models import Edition
from gridmap.problems import Conflict


def open_for_change(edition: Edition) -> None:
    """Lock the edition's row until the transaction ends; withdraw its approval, here and in the database.

    Raises :class:`~gridmap.problems.Conflict` when it is published or abandoned.
    """
    locked = Edition.objects.select_for_update().get(pk=edition.pk)
    if locked.state not in (Edition.State.DRAFT, Edition.State.APPROVED):
        raise Conflict(f"“{locked.name}”{locked.get_state_display()}，不能再修改 (no longer a draft)")
    if locked.state == Edition.State.APPROVED:
        withdraw_approval(locked)
    edition.state, edition.approved_by, edition.approved_at = locked.state, None, None
    edition.approved_digest = ""


def withdraw_approval(edition: Edition) -> None:
    """Make an approved edition a draft again."""
    edition.state, edition.approved_by, edition.approved_at = Edition.State.DRAFT, None, None
    edition.approved_digest = ""
    edition.save(update_fields=["state", "approved_by", "approved_at", "approved_digest"])
