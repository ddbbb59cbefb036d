"""Answers kept in memory while they hold: the same map is asked for all day, and its ground seldom changes.

The key holds the ETag, and with it the data's version, so that nothing kept can be out of date: a change makes
another key, and what nobody asks for any more is the first to go.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class KeptAnswers:
    """The answers last asked for, up to ``room`` bytes together; one that would take a quarter of it is not kept."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def body(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The body kept under this key, else a new one; two threads that ask at once may both make it."""
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
                return self._bodies[key]
        made = make()
        if len(made) * 4 <= self._room:
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: bytes) -> None:
        with self._lock:
            self._taken += len(made) - len(self._bodies.pop(key, b""))
            self._bodies[key] = made
            while self._taken > self._room:
                _, dropped = self._bodies.popitem(last=False)
                self._taken -= len(dropped)
