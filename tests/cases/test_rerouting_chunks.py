"""Re-routing comes to the same end in chunks of any size, done again, by two at once, and edition after edition."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from cases import rerouting
from cases.models import Case, Rerouting
from gridmap.models import Edition
from gridmap.problems import Conflict
from tests.cases.placing import AT, DAY, TOWN, inside, one_open, put, settle, wholly, wrongly_placed
from tests.cases.redrawing import grids_in_force, publish, redrawn, run
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(cast: Cast) -> Edition:
    """A redrawn town, with an open case in the middle of each of its grids that changed."""
    before = grids_in_force(TOWN)
    after = redrawn(before, np.random.default_rng(8), moves=20, merges=3)
    gone = [code for code in before if code not in after]
    lost = [before[code] - after[code] for code in before if code in after and before[code] != after[code]]
    for number, shape in enumerate([*(before[code] for code in gone), *(it for it in lost if it.area)][:8]):
        put(one_open(number), *inside(max(shapely.get_parts(shape), key=lambda part: part.area)), TOWN)
    settle()
    return publish(after, on=DAY)


def state() -> dict[str, object]:
    """Everything re-routing leaves behind."""
    return {
        "areas": run("SELECT id, current_area_id, ST_AsEWKB(public_point)::text FROM cases_case ORDER BY id"),
        "trace": run("SELECT case_id, seq, verb, payload, seal FROM cases_traceevent ORDER BY case_id, seq"),
        "handovers": run("SELECT case_id, edition_id, from_area_id, to_area_id, at FROM cases_handover ORDER BY 1, 2"),
        "progress": run("SELECT done, total, moved FROM cases_rerouting"),
        "editions": run("SELECT id, rerouted_at FROM gridmap_edition ORDER BY id"),
    }


def test_any_size_of_chunk_comes_to_the_same_end(edition: Edition) -> None:
    ends = []
    for chunk, pull in ((100_000, 100_000), (100, 140), (19, 19)):
        with transaction.atomic():
            steps = list(rerouting.reroute(edition, at=AT, chunk=chunk, pull=pull))
            assert [it.finished for it in steps] == [False] * (len(steps) - 1) + [True]
            # Where the last chunk was a full one, that nothing is left is one step more.
            done = [it.done for it in steps]
            assert done[:-1] == sorted(set(done[:-1]))
            assert done[-1] == max(done)
            assert steps[-1].done == steps[-1].total == steps[0].total
            ends.append(state())
            transaction.set_rollback(True)
    assert ends[0] == ends[1] == ends[2]
    assert len(ends[0]["handovers"]) >= 4  # type: ignore[arg-type]


def test_a_page_can_drive_it_chunk_by_chunk(edition: Edition) -> None:
    steps = [rerouting.advance(edition, at=AT, chunk=60)]
    while not steps[-1].finished:
        assert Edition.objects.get(pk=edition.pk).rerouted_at is None
        steps.append(rerouting.advance(edition, at=AT, chunk=60))
    assert len(steps) == steps[0].total // 60 + 1 > 3
    assert wrongly_placed() == []
    assert rerouting.advance(edition, at=AT) == steps[-1]
    assert rerouting.pending(DAY) == []


def test_done_again_from_the_start_it_does_nothing_twice(edition: Edition) -> None:
    moved = wholly(edition).moved
    assert moved > 20
    first = state()
    Rerouting.objects.all().delete()
    Edition.objects.filter(pk=edition.pk).update(rerouted_at=None)
    assert wholly(edition).moved == 0
    again = state()
    assert {name: again[name] for name in ("areas", "trace", "handovers", "editions")} == {
        name: first[name] for name in ("areas", "trace", "handovers", "editions")
    }


def test_two_at_once_share_the_work(edition: Edition) -> None:
    one, other = (rerouting.reroute(edition, at=AT, chunk=30, pull=80) for _ in range(2))
    seen: list[rerouting.Progress] = []
    for turn in (one, other, other, one, one, other, other, one):
        seen.append(next(turn))
    seen.extend([*one, *other])
    assert [it.done for it in seen if not it.finished] == sorted({it.done for it in seen if not it.finished})
    assert seen[-1].finished
    assert seen[-1].done == seen[0].total
    assert wrongly_placed() == []


def test_editions_wait_for_their_day_and_for_each_other(edition: Edition) -> None:
    later = publish(grids_in_force(TOWN), on=DAY + dt.timedelta(days=3), name="后一版")
    drafts = Edition.objects.create(name="草稿", created_at=AT, valid_from=DAY)
    assert rerouting.pending(DAY - dt.timedelta(days=1)) == []
    assert rerouting.pending(DAY) == [edition]
    assert rerouting.pending(AT.date()) == [edition, later]
    with pytest.raises(Conflict, match="请先完成“测试版”"):
        rerouting.advance(later, at=AT)
    with pytest.raises(Conflict, match="还未生效"):
        rerouting.advance(later, at=AT - dt.timedelta(days=5))
    with pytest.raises(Conflict, match="还没有发布"):
        rerouting.advance(drafts, at=AT)
    assert not Rerouting.objects.exists()
    wholly(edition)
    assert wholly(later).finished


def test_cases_reported_under_the_new_lines_are_left_alone(edition: Edition) -> None:
    wholly(edition)
    whole = run("SELECT done FROM cases_rerouting")[0][0]
    newer = list(Case.objects.order_by("-pk").values_list("pk", flat=True)[:3000])
    Rerouting.objects.all().delete()
    Edition.objects.filter(pk=edition.pk).update(rerouted_at=None)
    Case.objects.filter(pk__in=newer).update(
        reported_at=AT - dt.timedelta(days=1), due_at=AT, closed_at=F("closed_at") + dt.timedelta(days=3000)
    )
    assert wholly(edition).done < whole


def lines_of(*arguments: str) -> Iterator[str]:
    said = io.StringIO()
    call_command("reroute_cases", *arguments, stdout=said)
    return iter(said.getvalue().splitlines())


def test_the_command_takes_all_that_wait_and_says_so(edition: Edition) -> None:
    publish(grids_in_force(TOWN), on=DAY + dt.timedelta(days=3), name="后一版")
    first, second = lines_of("--chunk", "400")
    progress = Rerouting.objects.get(edition=edition)
    assert first == (
        f"测试版（2026-07-01 起）：看过 {progress.done} 件，改归 {progress.moved} 件"
        f" ({progress.done} looked at, {progress.moved} moved)"
    )
    assert second.startswith("后一版（2026-07-04 起）：看过 0 件")
    assert wrongly_placed() == []
    assert list(lines_of()) == ["没有等待重新归入的边界版本 (nothing to do)"]
    with pytest.raises(CommandError, match="--chunk 应为正整数"):
        list(lines_of("--chunk", "0"))


def test_statements_do_not_grow_with_the_cases(edition: Edition) -> None:
    with CaptureQueriesContext(connection) as seen:
        progress = wholly(edition)
    assert progress.moved > 20
    counted = [it["sql"] for it in seen if not it["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(counted) <= 20, counted
