"""Killed half-way, a publication leaves the old edition whole, and running it again completes; a backup restores.

On a cluster of its own, made by the script that makes the others, since here the whole server is killed. It is filled
from a backup of the tests' template, so that restoring one is tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pytest_django.plugin import DjangoDbBlocker

from gridmap.editions.publishing import PUBLICATION_LOCK
from tests.gridmap import redrawn
from tests.killing import (
    HOLD_FUNCTION,
    Cluster,
    cluster_from,
    finished,
    held,
    kill_process,
    kill_server,
    kill_session,
    manage,
    nobody_is_connected,
    template_backed_up,
    until,
)

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
# Areas and boundaries are written by then; posts, party organisations and buildings are not.
HOLD_IN_THE_MIDDLE = f"""
{HOLD_FUNCTION}
CREATE TRIGGER hold AFTER INSERT ON gridmap_lineage FOR EACH STATEMENT EXECUTE FUNCTION hold()
"""


@pytest.fixture(scope="module")
def backup(
    template: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The tests' template and a backup of it, made as the guide says."""
    return template_backed_up(template, django_db_blocker, tmp_path_factory)


@pytest.fixture(scope="module")
def cluster(backup: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with the backup restored into it, and a town redrawn in it as a draft."""
    with cluster_from(backup[1], tmp_path_factory.mktemp("c")) as made:
        for name, town in ((EDITION, TOWN), (OTHER, OTHER_TOWN)):
            file = redrawn.write_geojson(made.folder / "redrawn.geojson", redrawn.redrawn(below=town))
            options = ["--name", name, "--coord", "cgcs2000", "--by", "p1430", "--commit"]
            said = finished(manage(made, "import_areas", str(file), *options))
            assert "已存为草稿" in said, said
        made.ask(HOLD_IN_THE_MIDDLE)
        yield made


def publishing(name: str = EDITION) -> list[str]:
    return ["publish_edition", name, "--valid-from", DAY, "--approved-by", "admin", "--excuse", "选任中"]


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
    with held(cluster, *publishing()) as (process, session):
        kill(cluster, process, session)
    until(lambda: nobody_is_connected(cluster))
    assert state(cluster.url) == before


def test_running_it_again_completes_and_a_second_one_waits_for_the_first(cluster: Cluster) -> None:
    """After all that was killed above. The second is another town's: it waits for its turn, not for the same rows."""
    before = state(cluster.url)
    with held(cluster, *publishing()) as (first, _):
        second = manage(cluster, *publishing(OTHER))
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
