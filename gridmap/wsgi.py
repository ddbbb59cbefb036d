"""The site as a WSGI application, computing one answer at a time in each process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE_S = 0.3


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


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmap.settings")
application = OneAtATime(get_wsgi_application())
