"""How the site is served, wherever gunicorn is started from this folder; its command line takes precedence."""

import gc
import os
from typing import Any

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
graceful_timeout = 8
control_socket_disable = True


def post_worker_init(_worker: Any) -> None:
    """Let the collector of garbage pass over what is loaded by now, and look less often: it took a seventh of a page's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
