"""One button repairs what has one safe repair: a step that lists them all, and that can be undone to the last bit."""

from __future__ import annotations

import datetime as dt

import pytest
import shapely
from django.contrib.auth.models import User

from gridmap.editions import drafts, findings, repairs
from gridmap.editions.standing import standing
from gridmap.models import DraftArea, DraftFinding, DraftStep, Edition
from gridmap.problems import Conflict
from tests.gridmap import redrawn
from tests.gridmap.test_drafts import everything

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)
DAY = AT.date()
# A town with both defects that can be repaired, and the third that cannot.
TOWN = redrawn.OVER_THE_LINE[:9]


@pytest.fixture
def edition() -> Edition:
    return drafts.begin("新版", redrawn.redrawn(defects=True), on=DAY, by=None, at=AT)


def errors(edition: Edition) -> dict[str, str]:
    return dict(DraftFinding.objects.filter(edition=edition, severity="error").values_list("code", "kind"))


def repaired(edition: Edition, by: User | None = None) -> DraftStep:
    return repairs.repair(edition, by=by, at=AT)


def test_safe_repairs_are_made_listed_and_leave_the_rest_alone(edition: Edition, admin_user: User) -> None:
    assert set(errors(edition)) >= {redrawn.SPIKED, redrawn.OVER_THE_LINE, redrawn.WRONG_CODE}
    before = {row.code: row.pk for row in DraftArea.objects.filter(edition=edition).standing()}
    step = repaired(edition, admin_user)
    assert (step.kind, step.by) == (DraftStep.Kind.REPAIR, admin_user)
    assert step.sentence == "自动修复 2 处：清理边界 1，吸附 1 (repaired)"
    assert [(it["code"], it["repair"]) for it in step.details] == [
        (redrawn.SPIKED, "make_valid"),
        (redrawn.OVER_THE_LINE, "snap"),
    ]
    after = {row.code: row.pk for row in DraftArea.objects.filter(edition=edition).standing()}
    assert {code for code in before if before[code] != after[code]} == {redrawn.SPIKED, redrawn.OVER_THE_LINE}
    # The wrong code is for somebody to put right, and with it the hole it leaves in its community.
    assert not {redrawn.SPIKED, redrawn.OVER_THE_LINE} & set(errors(edition))
    assert redrawn.WRONG_CODE in errors(edition)
    row = DraftArea.objects.filter(edition=edition).standing().get(code=redrawn.SPIKED)
    assert (row.name, row.row, row.made_by) == ("东外街道示范01社区第1网格", 207, step)
    shapes = drafts.shapes(edition)
    assert shapely.equals(shapes[redrawn.SPIKED], redrawn.changed()[redrawn.SPIKED])
    assert shapely.coverage_is_valid([shape for code, shape in shapes.items() if len(code) == 15])


def test_repairing_can_be_undone_to_the_last_bit(edition: Edition) -> None:
    before, said = everything(edition), errors(edition)
    step = repaired(edition)
    drafts.undo(edition, step_id=step.pk, by=None, at=AT)
    assert everything(edition) == before
    assert errors(edition) == said


def test_a_row_that_is_there_twice_goes_once() -> None:
    areas = redrawn.redrawn(below=TOWN)
    shapes = dict(zip(areas.codes, areas.shapes, strict=True))
    twice = redrawn.areas(shapes)
    code = areas.codes[3]
    edition = drafts.begin("新版", twice, on=DAY, by=None, at=AT)
    row = DraftArea.objects.filter(edition=edition).standing().get(code=code)
    drafts.take_step(
        edition, DraftStep.Kind.DESCRIBE, "又一行", replaced=[], made=[drafts.successor(row)], by=None, at=AT
    )
    assert findings.blocking(edition)
    step = repaired(edition)
    assert [it["repair"] for it in step.details] == ["drop_duplicate"]
    assert DraftArea.objects.filter(edition=edition, code=code).standing().count() == 1
    assert findings.blocking(edition) == 0


def test_nothing_to_repair_is_refused_and_writes_nothing() -> None:
    edition = drafts.begin("新版", redrawn.redrawn(below=TOWN), on=DAY, by=None, at=AT)
    before = everything(edition)
    with pytest.raises(Conflict, match="没有可以自动修复的问题"):
        repaired(edition)
    assert everything(edition) == before
    assert edition.steps.count() == 1


def test_repairing_withdraws_an_approval_and_is_refused_once_published(edition: Edition, admin_user: User) -> None:
    Edition.objects.filter(pk=edition.pk).update(state="approved", approved_by=admin_user, approved_at=AT)
    edition.refresh_from_db()
    repaired(edition)
    edition.refresh_from_db()
    assert (edition.state, edition.approved_by) == ("draft", None)
    drafts.abandon(edition, by=None, at=AT)
    rows = standing(edition)
    with pytest.raises(Conflict, match="不能再修改"):
        repaired(edition)
    assert len(standing(edition)) == len(rows)
