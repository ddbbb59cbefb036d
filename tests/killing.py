"""A PostgreSQL of a test's own, which may be killed: filled from a backup of the tests' template.

Made by the script that makes the others. A command is held half-way by a trigger that waits for a lock; then the
command, its session or the whole server is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import PATIENCE_S, ROOT, _database_url

HOLD = 42
# For a trigger where the command is to wait.
HOLD_FUNCTION = f"""
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock({HOLD}); RETURN NULL; END $$;
"""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of the tests' own: where it is, and how to reach its database."""

    folder: Path
    url: str

    def run(self, action: str) -> None:
        script = self.folder / "scripts" / "cluster.sh"
        subprocess.run([script, action, "dev"], check=True, capture_output=True, timeout=PATIENCE_S)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @property
    def postmaster(self) -> int:
        (file,) = self.folder.glob("var/pg/data/postmaster.pid")
        return int(file.read_text().split()[0])


@contextmanager
def cluster_from(backup: Path, folder: Path) -> Iterator[Cluster]:
    """A cluster with the backup restored into it, removed afterwards; ``folder`` is empty, its path short."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    script = folder / "scripts" / "cluster.sh"
    url = subprocess.run([script, "url", "dev"], check=True, capture_output=True, text=True).stdout.strip()
    made = Cluster(folder, url)
    made.run("up")
    try:
        restore = [program("pg_restore"), "--exit-on-error", "--no-owner", f"--dbname={url}", str(backup)]
        done = subprocess.run(restore, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        yield made
    finally:
        made.run("down")
        shutil.rmtree(folder, ignore_errors=True)


def back_up(url: str, file: Path) -> Path:
    """A backup of a database, made as the guide says."""
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={file}", url], check=True, timeout=PATIENCE_S)
    return file


def template_backed_up(template: str, blocker: DjangoDbBlocker, folders: pytest.TempPathFactory) -> tuple[str, Path]:
    """The tests' template and a backup of it."""
    with blocker.unblock():
        url = _database_url(template)
    return url, back_up(url, folders.mktemp("backup") / "gridmap.dump")


def program(name: str) -> str:
    found = subprocess.run([ROOT / "scripts" / "find-postgres.sh"], check=True, capture_output=True, text=True)
    return f"{found.stdout.strip()}/{name}"


def manage(cluster: Cluster, *command: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": cluster.url, "DEBUG": "1"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE_S)
    return f"{said}\nended with {process.returncode}"


@contextmanager
def held(cluster: Cluster, *command: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command that has come half-way and waits there: its process, and its session in the database."""
    with closing(psycopg2.connect(cluster.url)) as holder:
        holder.autocommit = True
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [HOLD])
            process = manage(cluster, *command)
            session = waiting(cursor, process)
        yield process, session


def waiting(cursor: Any, process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [HOLD])
        if found := cursor.fetchone():
            return int(found[0])
        assert process.poll() is None, finished(process)
        time.sleep(0.1)
    raise AssertionError("the command never came half-way")


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def nobody_is_connected(cluster: Cluster) -> bool:
    ((number,),) = cluster.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return bool(number == 0)


def kill_session(cluster: Cluster, process: subprocess.Popen[str], session: int) -> None:
    cluster.ask(f"SELECT pg_terminate_backend({session})")
    said = finished(process)
    assert not said.endswith("ended with 0"), said


def kill_process(cluster: Cluster, process: subprocess.Popen[str], session: int) -> None:
    process.send_signal(signal.SIGKILL)
    finished(process)
    # What the session was told to wait for goes; nobody is there to tell it what comes next.
    cluster.ask(
        f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {HOLD} AND granted"
    )


def kill_server(cluster: Cluster, process: subprocess.Popen[str], session: int) -> None:
    os.kill(cluster.postmaster, signal.SIGKILL)
    said = finished(process)
    assert not said.endswith("ended with 0"), said
    cluster.run("up")
