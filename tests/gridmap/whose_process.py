"""A site that says which process answers, and from when to when: it takes as many seconds as it is asked to."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The number of the process, and when it began and ended by the machine's clock."""
    began = time.monotonic()
    time.sleep(float(environ["QUERY_STRING"] or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {began} {time.monotonic()}".encode()]
