"""What Django sends to the database for one piece of work."""

from __future__ import annotations

from collections.abc import Callable

from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

CHECK = "SELECT 1"


def statements(work: Callable[[], object]) -> list[str]:
    """The statements of one request, BEGIN and COMMIT and the check of a kept connection (`SELECT 1`) among them."""
    checked: list[str] = []
    usable = connection.is_usable

    def is_usable() -> bool:
        checked.append(CHECK)
        return usable()

    connection.is_usable = is_usable  # type: ignore[method-assign]
    try:
        with CaptureQueriesContext(connection) as seen:
            close_old_connections()  # as at the start of every real request: the connection is to be checked again
            work()
    finally:
        connection.is_usable = usable  # type: ignore[method-assign]
    return [*checked, *(query["sql"] for query in seen.captured_queries)]
