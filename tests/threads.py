"""Work in threads, each with a connection of its own to a database that commits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection

from tests.conftest import PATIENCE_S

Found = TypeVar("Found")


def _work(database: str, work: Callable[[], Found]) -> Found:
    # A thread has a connection of its own, but the settings of all are one dictionary.
    connection.settings_dict = connection.settings_dict | {"NAME": database}
    try:
        return work()
    finally:
        connection.close()


@contextmanager
def threads_on(database: str, most: int = 8) -> Any:
    """Gives ``start(work)``, which runs it in a thread; whoever leaves waits for all."""
    with ThreadPoolExecutor(most) as pool:

        def start(work: Callable[[], Found]) -> Future[Found]:
            return pool.submit(_work, database, work)

        yield start


def on(database: str, work: Callable[[], Found]) -> Found:
    """What it gives there."""
    with threads_on(database, 1) as start:
        found: Found = start(work).result(PATIENCE_S)
    return found
