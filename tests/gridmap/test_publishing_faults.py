"""Killed half-way, a publication leaves the old edition whole, and running it again completes; a backup restores.

On a cluster of its own, made by the script that makes the others, since here the whole server is killed. It is filled
from a backup of the tests' template, so that restoring one is tried as well.
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

from gridmap.editions.publishing import PUBLICATION_LOCK
from tests.conftest import ROOT, _database_url
from tests.gridmap import redrawn

# What a publication writes, and what it must not touch.
TABLES = (
    "area",
    "boundary",
    "edition",
    "lineage",
    "appointment",
    "partyorganisation",
    "organisation",
    "formerseat",
    "building",
    "draftarea",
    "draftlineage",
    "draftstaffing",
)
EDITION, DAY, TODAY = "新版", "2099-01-01", "2026-07-07"
# The town in which two grids become one: posts end, a party organisation is abolished, buildings move.
TOWN = redrawn.MERGED_INTO[:9]
# Another edition, of another town.
OTHER, OTHER_TOWN = "另一版", redrawn.SPLIT[:9]
HOLD = 42
# Areas and boundaries are written by then; posts, party organisations and buildings are not.
HOLD_IN_THE_MIDDLE = f"""
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock({HOLD}); RETURN NULL; END $$;
CREATE TRIGGER hold AFTER INSERT ON gridmap_lineage FOR EACH STATEMENT EXECUTE FUNCTION hold()
"""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of the tests' own: where it is, and how to reach its database."""

    folder: Path
    url: str

    def run(self, action: str) -> None:
        script = self.folder / "scripts" / "cluster.sh"
        subprocess.run([script, action, "dev"], check=True, capture_output=True, timeout=60)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @property
    def postmaster(self) -> int:
        (file,) = self.folder.glob("var/pg/data/postmaster.pid")
        return int(file.read_text().split()[0])


@pytest.fixture(scope="module")
def backup(
    template: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The tests' template and a backup of it, made as the guide says."""
    with django_db_blocker.unblock():
        url = _database_url(template)
    file = tmp_path_factory.mktemp("backup") / "gridmap.dump"
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={file}", url], check=True, timeout=60)
    return url, file


def program(name: str) -> str:
    found = subprocess.run([ROOT / "scripts" / "find-postgres.sh"], check=True, capture_output=True, text=True)
    return f"{found.stdout.strip()}/{name}"


@pytest.fixture(scope="module")
def cluster(backup: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with the backup restored into it, and a town redrawn in it as a draft."""
    folder = tmp_path_factory.mktemp("c")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    script = folder / "scripts" / "cluster.sh"
    url = subprocess.run([script, "url", "dev"], check=True, capture_output=True, text=True).stdout.strip()
    made = Cluster(folder, url)
    made.run("up")
    try:
        restore = [program("pg_restore"), "--exit-on-error", "--no-owner", f"--dbname={url}", str(backup[1])]
        done = subprocess.run(restore, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        for name, town in ((EDITION, TOWN), (OTHER, OTHER_TOWN)):
            file = redrawn.write_geojson(folder / "redrawn.geojson", redrawn.redrawn(below=town))
            options = ["--name", name, "--coord", "cgcs2000", "--by", "p1430", "--commit"]
            said = finished(manage(made, "import_areas", str(file), *options))
            assert "已存为草稿" in said, said
        made.ask(HOLD_IN_THE_MIDDLE)
        yield made
    finally:
        made.run("down")
        shutil.rmtree(folder, ignore_errors=True)


def manage(cluster: Cluster, *command: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": cluster.url, "DEBUG": "1"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def publishing(cluster: Cluster, name: str = EDITION) -> subprocess.Popen[str]:
    options = ["--valid-from", DAY, "--approved-by", "admin", "--excuse", "选任中"]
    return manage(cluster, "publish_edition", name, *options)


def finished(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=60)
    return f"{said}\nended with {process.returncode}"


def state(url: str, tables: tuple[str, ...] = TABLES) -> dict[str, Any]:
    """Every row of the registry as a checksum, and where each building's place belongs on two days."""
    rows = " UNION ALL ".join(
        f"SELECT '{it}', count(*), md5(string_agg(row::text, '|' ORDER BY row::text)) FROM gridmap_{it} AS row"
        for it in tables
    )
    routes = f"""SELECT day, count(*), md5(string_agg(route::text, '|' ORDER BY building.code))
        FROM gridmap_building AS building, unnest(ARRAY['{TODAY}', '{DAY}']::date[]) AS day,
             LATERAL gridmap_route(ST_X(point), ST_Y(point), day, 0) AS route GROUP BY day"""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"{rows} UNION ALL SELECT day::text, count, md5 FROM ({routes}) AS routed (day, count, md5)")
        return {name: (count, digest) for name, count, digest in cursor.fetchall()}


@contextmanager
def held(cluster: Cluster) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A publication that has come half-way and waits there: its process, and its session in the database."""
    with closing(psycopg2.connect(cluster.url)) as holder:
        holder.autocommit = True
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [HOLD])
            process = publishing(cluster)
            session = waiting(cursor, process)
        yield process, session


def waiting(cursor: Any, process: subprocess.Popen[str]) -> int:
    for _ in range(300):
        cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [HOLD])
        if found := cursor.fetchone():
            return int(found[0])
        assert process.poll() is None, finished(process)
        time.sleep(0.1)
    raise AssertionError("the publication never came half-way")


def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came about")


def nobody_publishes(cluster: Cluster) -> bool:
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


def test_a_backup_restores_to_the_same_rows(backup: tuple[str, Path], cluster: Cluster) -> None:
    """Square metres are computed anew while restoring, when nothing is on the search path."""
    tables = ("area", "boundary", "appointment", "partyorganisation", "building")
    wanted = state(backup[0], tables)
    assert wanted["area"][0] == wanted["boundary"][0] > 800
    assert state(cluster.url, tables) == wanted


@pytest.mark.parametrize("kill", [kill_session, kill_process, kill_server])
def test_killed_half_way_it_leaves_the_old_edition_whole(cluster: Cluster, kill: Callable[..., None]) -> None:
    before = state(cluster.url)
    assert before["edition"][0] == 3
    with held(cluster) as (process, session):
        kill(cluster, process, session)
    until(lambda: nobody_publishes(cluster))
    assert state(cluster.url) == before


def test_running_it_again_completes_and_a_second_one_waits_for_the_first(cluster: Cluster) -> None:
    """After all that was killed above. The second is another town's: it waits for its turn, not for the same rows."""
    before = state(cluster.url)
    with held(cluster) as (first, _):
        second = publishing(cluster, OTHER)
        until(lambda: waits_for_its_turn(cluster))
        assert second.poll() is None
        assert state(cluster.url) == before
    for process in (first, second):
        said = finished(process)
        assert said.endswith("ended with 0"), said
    after = state(cluster.url)
    written = {"area", "boundary", "edition", "lineage", "appointment", "partyorganisation", "building", DAY}
    assert {name for name in before if after[name] != before[name]} >= written
    assert after[TODAY] == before[TODAY]
    opened = cluster.ask(
        "SELECT edition.name, edition.state, count(*) FROM gridmap_edition AS edition"
        f" JOIN gridmap_boundary ON edition_id = edition.id WHERE gridmap_boundary.valid_from = '{DAY}' GROUP BY edition.id"
    )
    assert set(opened) == {(EDITION, "published", 1), (OTHER, "published", 3)}


def waits_for_its_turn(cluster: Cluster) -> bool:
    """Whether somebody waits to publish: the lock's number comes in two halves."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    high, low = divmod(PUBLICATION_LOCK, 2**32)
    ((number,),) = cluster.ask(f"{waiting} AND classid = {high} AND objid = {low}")
    return bool(number)
