"""Killed in the middle of re-routing, each case is as before or as after its chunk, and running it again completes.

On a cluster of its own, since here the whole server is killed. What it comes to is compared with a copy of the
database in which nobody disturbed it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from pytest_django.plugin import DjangoDbBlocker

from cases.workflow import OPEN
from tests.conftest import PATIENCE_S
from tests.killing import (
    HOLD_FUNCTION,
    Cluster,
    cluster_from,
    finished,
    held,
    kill_process,
    kill_server,
    manage,
    nobody_is_connected,
    program,
    template_backed_up,
    until,
)

TOWN, DAY, DAY_BEFORE = "360702003", "2026-07-01", "2026-06-30"
CHUNK, WHOLE_CHUNKS = 40, 2
REROUTE = ("reroute_cases", "--chunk", str(CHUNK))
PUBLISH = f"""
import datetime as dt, numpy as np
from tests.cases.redrawing import grids_in_force, publish, redrawn
after = redrawn(grids_in_force("{TOWN}"), np.random.default_rng(8), moves=20, merges=3)
publish(after, on=dt.date.fromisoformat("{DAY}"))
"""
# Nearly all cases of the demonstration are closed: half of the town's are opened again.
REOPEN = f"""
UPDATE cases_case SET state = 'handling', closed_at = NULL
WHERE starts_with(area_id, '{TOWN}') AND id % 2 = 0 AND merged_into_id IS NULL
"""
# In the third chunk: its cases are written and how far it has come, and nothing of it is committed.
HOLD_IN_THE_MIDDLE = f"""
{HOLD_FUNCTION}
CREATE TRIGGER hold AFTER UPDATE ON cases_rerouting
    FOR EACH ROW WHEN (NEW.done > {CHUNK * WHOLE_CHUNKS}) EXECUTE FUNCTION hold()
"""
CASES = "SELECT id, current_area_id, ST_AsEWKB(public_point)::text FROM cases_case ORDER BY id"
# All but when: an undisturbed run has another clock. The seals are checked by the command that does so.
LEFT_BEHIND = {
    "trace": "SELECT case_id, seq, actor_id, role, verb, from_state, to_state, payload FROM cases_traceevent ORDER BY 1, 2",
    "handovers": "SELECT case_id, edition_id, from_area_id, to_area_id FROM cases_handover ORDER BY 1, 2",
    "progress": "SELECT edition_id, after, total, done, moved FROM cases_rerouting",
    "waiting": "SELECT name FROM gridmap_edition WHERE rerouted_at IS NULL",
}
DAY_BEFORES_ANSWERS = f"""
SELECT id, gridmap_route(ST_X(point), ST_Y(point), '{DAY_BEFORE}', 0)::text FROM cases_case
WHERE starts_with(area_id, '{TOWN}') ORDER BY id
"""


@dataclass(frozen=True)
class Town:
    """A cluster with a redrawn town; ``undisturbed`` is a copy in which its cases were given their areas at once."""

    cluster: Cluster
    undisturbed: Cluster
    before: dict[int, tuple[Any, ...]]

    def after(self) -> dict[int, tuple[Any, ...]]:
        return cases(self.undisturbed)


def cases(cluster: Cluster) -> dict[int, tuple[Any, ...]]:
    return {key: rest for key, *rest in cluster.ask(CASES)}


def left_behind(cluster: Cluster) -> dict[str, list[tuple[Any, ...]]]:
    return {name: cluster.ask(statement) for name, statement in LEFT_BEHIND.items()}


@pytest.fixture(scope="module")
def town(template: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    _, backup = template_backed_up(template, django_db_blocker, tmp_path_factory)
    with cluster_from(backup, tmp_path_factory.mktemp("c")) as cluster:
        said = finished(manage(cluster, "shell", "-v", "0", "-c", PUBLISH))
        assert said.endswith("ended with 0"), said
        cluster.ask(REOPEN)
        cluster.ask(HOLD_IN_THE_MIDDLE)
        undisturbed = copied(cluster, "undisturbed")
        said = finished(manage(undisturbed, *REROUTE))
        assert said.endswith("ended with 0"), said
        yield Town(cluster, undisturbed, cases(cluster))


def copied(cluster: Cluster, name: str) -> Cluster:
    parts = urlsplit(cluster.url)
    template = parts.path.removeprefix("/")
    create = [program("createdb"), f"--maintenance-db={cluster.url}", f"--template={template}", name]
    subprocess.run(create, check=True, capture_output=True, timeout=PATIENCE_S)
    return replace(cluster, url=urlunsplit(parts._replace(path=f"/{name}")))


@pytest.mark.parametrize("kill", [kill_process, kill_server])
def test_killed_in_the_middle_each_case_is_as_before_or_as_after_its_chunk(
    town: Town, kill: Callable[..., None]
) -> None:
    answers = town.cluster.ask(DAY_BEFORES_ANSWERS)
    with held(town.cluster, *REROUTE) as (process, session):
        kill(town.cluster, process, session)
    until(lambda: nobody_is_connected(town.cluster))

    ((after_case, done, moved),) = town.cluster.ask("SELECT after, done, moved FROM cases_rerouting")
    assert done == CHUNK * WHOLE_CHUNKS
    now, then = cases(town.cluster), town.after()
    assert now == {key: (then if key <= after_case else town.before)[key] for key in now}
    assert moved == sum(now[key][0] != town.before[key][0] for key in now) > 0
    assert any(then[key] != now[key] for key in now)
    assert traced_and_told(town.cluster) == open_and_moved(town)
    assert town.cluster.ask(DAY_BEFORES_ANSWERS) == answers


def test_running_it_again_comes_to_what_an_undisturbed_run_leaves(town: Town) -> None:
    """After all that was killed above."""
    answers = town.cluster.ask(DAY_BEFORES_ANSWERS)
    said = finished(manage(town.cluster, *REROUTE))
    assert said.endswith("ended with 0"), said
    assert cases(town.cluster) == town.after()
    assert left_behind(town.cluster) == left_behind(town.undisturbed)
    assert left_behind(town.cluster)["waiting"] == []
    assert len(open_and_moved(town)) > 20
    assert traced_and_told(town.cluster) == open_and_moved(town)
    assert town.cluster.ask(DAY_BEFORES_ANSWERS) == answers
    said = finished(manage(town.cluster, "verify_trace"))
    assert "全部完好" in said, said


def traced_and_told(cluster: Cluster) -> list[int]:
    """The case of every row of the trace that re-routing wrote; the handovers are of the same."""
    traced = cluster.ask("SELECT case_id FROM cases_traceevent WHERE verb = 'reroute' ORDER BY case_id")
    assert cluster.ask("SELECT case_id FROM cases_handover ORDER BY case_id") == traced
    return [key for (key,) in traced]


def open_and_moved(town: Town) -> list[int]:
    """The open cases that lie in another area than before."""
    states = dict(town.cluster.ask("SELECT id, state FROM cases_case"))
    return [
        key for key, (area, _) in cases(town.cluster).items() if states[key] in OPEN and area != town.before[key][0]
    ]
