"""How the processes of the site share the work: each computes one answer at a time, and who is free takes what is new."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from socket import socket
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE_S = 0.3
LOOKS_AGAIN_S = 0.1


class OneAtATime:
    """Lets the threads of a process answer one after the other.

    They share one interpreter, so several at once take longer together than in turn. Nobody waits longer than
    ``patience_s`` behind an answer that takes its time, or whose question comes in slowly; what is streamed is sent
    outside anybody's turn.
    """

    def __init__(self, application: WSGIApplication, *, patience_s: float = PATIENCE_S) -> None:
        self.application = application
        self.patience_s = patience_s
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer in turn, or without one when it is too long in coming."""
        in_turn = self._turn.acquire(timeout=self.patience_s)
        try:
            return self.application(environ, start_response)
        finally:
            if in_turn:
                self._turn.release()


class Worker(ThreadWorker):
    """Leaves a new connection to another process while this one is at work, unless nobody has taken it for a while.

    Else whichever process wakes first takes it, and keeps it: of four people, three may wait for the same one.
    """

    _last = 0.0

    def accept(self, listener: socket) -> None:
        """Take a connection, and no other as long as it keeps this process busy."""
        self._last = time.monotonic()
        super().accept(listener)
        self.set_accept_enabled(True)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Said by gunicorn before it waits for anything."""
        super().set_accept_enabled(enabled and self._is_free())

    def wait_for_and_dispatch_events(self, timeout: float) -> Any:
        """Wait, not long while others may have to take what comes."""
        super().wait_for_and_dispatch_events(timeout if self._accepting else min(timeout, LOOKS_AGAIN_S))

    def _is_free(self) -> bool:
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return not at_work or time.monotonic() - self._last > PATIENCE_S
