"""What keeps a case from being routed by boundaries that are no longer in force.

A case takes its area from the boundaries it reads and is committed a moment later. If an edition is published in
between, re-routing could look before the case is there and miss it. So whoever reads boundaries for a case holds them
until the end of the transaction, and re-routing begins by waiting for all who hold them: they are committed then, and
whoever comes later reads the new boundaries.
"""

from __future__ import annotations

from django.db import connection

HOLDING_BOUNDARIES = 4490_0203


def hold_boundaries() -> None:
    """Say until the end of this transaction that a case is routed in it; holds up nobody who does the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (HOLDING_BOUNDARIES,))


def wait_for_holders() -> None:
    """Wait until every transaction that held boundaries has ended; ends with this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (HOLDING_BOUNDARIES,))
