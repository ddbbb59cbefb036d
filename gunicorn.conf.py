"""How the site is served, wherever gunicorn is started from this folder; its command line takes precedence."""

import gc
import os
import socket
from typing import Any

worker_class = "gridmap.serving.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
graceful_timeout = 8
control_socket_disable = True
SILENT_S = 30


def when_ready(server: Any) -> None:
    """Let the system keep connections that browsers open ahead and say nothing on: they would occupy threads."""
    for listener in server.LISTENERS:
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_S)


def post_worker_init(_worker: Any) -> None:
    """Let the collector of garbage pass over what is loaded by now, and look less often: it took a seventh of a page's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
