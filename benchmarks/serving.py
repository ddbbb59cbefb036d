"""Real servers to measure, one client to measure them with, and what their workers cost."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path

from benchmarks.database import ROOT


@dataclass(frozen=True)
class Answer:
    """What came back, with the body as it was sent."""

    status: int
    headers: HTTPMessage
    body: bytes


class Client:
    """One connection that is kept alive, and opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request and the whole of its answer."""
        try:
            return self._once(path, method, body, headers or {})
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()
            return self._once(path, method, body, headers or {})

    def _once(self, path: str, method: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        self.connection.request(method, path, body, dict(headers))
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def worker_seconds(self) -> float:
        """Processor time of all processes below the one started, user and system, since they began."""
        return sum(_seconds(pid) for pid in _below(self.process.pid))


@contextmanager
def gunicorn(environment: Mapping[str, str], *, settings: str = "gridmap.settings") -> Iterator[Server]:
    """The site as ``make run`` serves it, by gunicorn.conf.py: 2 workers of 4 threads."""
    with tempfile.TemporaryDirectory() as media:
        told = dict(environment) | {"DJANGO_SETTINGS_MODULE": settings, "MEDIA_ROOT": media}
        with _running(["gunicorn", "gridmap.wsgi", "--bind"], told, "/readyz") as server:
            yield server


@contextmanager
def uvicorn(application: str, environment: Mapping[str, str], *, ready: str) -> Iterator[Server]:
    """An ASGI application in 2 workers, with uvloop and httptools."""
    with _running(
        ["uvicorn", application, "--workers", "2", "--log-level", "warning", "--port"], environment, ready
    ) as server:
        yield server


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], ready: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    listen = f"127.0.0.1:{port}" if command[-1] == "--bind" else str(port)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, listen], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            if not _answers(port, ready, process):
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not come up:\n{log.read().decode(errors='replace')[-3000:]}")
            yield Server(port, process)
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int, ready: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(150):
        if process.poll() is not None:
            return False
        try:
            if Client(port).ask(ready).status == 200:
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def seconds_of(pids: Iterable[int]) -> float:
    """Processor time of these processes, as far as they run on this machine and still do."""
    return sum(_seconds(pid) for pid in pids if Path(f"/proc/{pid}/stat").exists())


def _below(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(deeper for child in children for deeper in _below(child))]


def _seconds(pid: int) -> float:
    # proc(5): after the name in brackets, user and system ticks are the 12th and 13th field.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
