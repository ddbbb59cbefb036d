"""Drafts of editions: what they begin with, step by step, and back again."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from django.contrib.auth.models import User
from django.contrib.gis.db.models.functions import AsWKB
from pytest_django.plugin import DjangoDbBlocker

from geodata.areas import Areas, areas_of
from geodata.reading import read_areas
from gridmap.editions import drafts
from gridmap.editions.differences import differences, fingerprint
from gridmap.models import Area, Boundary, DraftArea, DraftStep, Edition
from gridmap.problems import Conflict, Unprocessable
from tests import conftest
from tests.gridmap import redrawn

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 7, 7)
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)
ALL, TOWNS, COMMUNITIES = 881, 10, 143


def begin(areas: Areas | None, name: str = "新版", **more: object) -> Edition:
    return drafts.begin(name, areas, **({"on": DAY, "by": None, "at": AT} | more))  # type: ignore[arg-type]


def rows_of(edition: Edition) -> dict[str, DraftArea]:
    return {row.code: row for row in DraftArea.objects.filter(edition=edition).standing()}


def everything(edition: Edition) -> list[tuple[object, ...]]:
    """All rows of a draft, standing or not, to the last bit."""
    fields = ("id", "code", "name", "kind", "households", "residents", "enterprises", "party_members", "size_waiver")
    rows = DraftArea.objects.filter(edition=edition).order_by("id")
    return [
        (*row[:-1], bytes(row[-1] or b""))
        for row in rows.values_list(*fields, "row", "made_by", "replaced_by", AsWKB("geom"))
    ]


def step(edition: Edition, *replaced: int, made: tuple[DraftArea, ...] = ()) -> DraftStep:
    return drafts.take_step(edition, DraftStep.Kind.SPLIT, "试", replaced=replaced, made=made, by=None, at=AT)


# ---- what a draft begins with ------------------------------------------------------------------------------------


def test_a_file_of_grids_redraws_the_district() -> None:
    edition = begin(redrawn.redrawn())
    assert (edition.scope, edition.state, edition.source) == ("360702", "draft", "redrawn.geojson")
    rows = rows_of(edition)
    assert len(rows) == ALL  # one grid more, one less
    # What no row draws is drawn by the areas below.
    assert {code for code, row in rows.items() if row.geom is None} == {code for code in rows if len(code) < 15}
    assert rows["360702001001"].residents is None
    assert rows["360702001001"].name == "解放街道示范01社区"
    shapes = drafts.shapes(edition)
    assert set(shapes) == set(rows)
    for length in (15, 12, 9):
        assert shapely.coverage_is_valid([shape for code, shape in shapes.items() if len(code) == length])
    whole = shapely.from_wkb(bytes(Boundary.objects.get(area="360702").geom.wkb))
    assert shapely.MultiPolygon([shapes["360702"]]).equals_exact(whole, 0, normalize=True)


def test_a_file_of_one_town_redraws_that_town() -> None:
    edition = begin(redrawn.redrawn(below=redrawn.TOWN))
    assert edition.scope == redrawn.TOWN
    rows = rows_of(edition)
    below = Area.objects.filter(code__startswith=redrawn.TOWN).exclude(code=redrawn.TOWN)
    assert set(rows) == set(below.values_list("code", flat=True)) | {redrawn.SPLIT_NEW}


def test_a_given_scope_counts_and_must_be_in_force() -> None:
    assert begin(redrawn.redrawn(below=redrawn.TOWN), scope="360702").scope == "360702"
    for scope in ("360702999", "3607", "36070200300", "三六零七零二", "360702003001001"):
        with pytest.raises(Unprocessable, match="范围"):
            begin(redrawn.redrawn(below=redrawn.TOWN), f"范围 {scope}", scope=scope)


@pytest.mark.parametrize("scope", ["360702", "360702003", "360702003005"])
def test_a_copy_is_what_is_in_force(scope: str) -> None:
    edition = begin(None, scope=scope)
    below = set(Area.objects.filter(code__startswith=scope).values_list("code", flat=True))
    assert set(rows_of(edition)) == below - ({scope} if len(scope) > 6 else set())
    assert differences(edition, on=DAY) == []
    assert edition.steps.get().kind == DraftStep.Kind.COPY
    with pytest.raises(Unprocessable, match="取哪个区域"):
        begin(None, "又一版")
    with pytest.raises(Unprocessable, match="没有生效的边界"):
        begin(None, "又一版", scope="990001")


def test_a_file_of_communities_keeps_the_grids() -> None:
    drawn = {
        it.area_id: shapely.from_wkb(bytes(it.geom.wkb))
        for it in Boundary.objects.filter(area__level="community", area__code__startswith=redrawn.TOWN)
    }
    edition = begin(areas_of(drawn, drawn.values()))
    rows = rows_of(edition)
    assert edition.scope == redrawn.TOWN
    assert all(row.geom is not None for row in rows.values())
    assert {code for code in rows if len(code) == 15} == {code for code in redrawn.grids() if code[:9] == redrawn.TOWN}


def test_an_area_missing_from_its_level_is_gone_and_takes_the_one_above_with_it() -> None:
    grids = {code: shape for code, shape in redrawn.grids().items() if not code.startswith("360702003005")}
    rows = rows_of(begin(redrawn.areas(grids)))
    assert not [code for code in rows if code.startswith("360702003005")]
    assert len(rows) == ALL - 8


def test_an_area_with_ground_its_areas_below_do_not_have_keeps_its_shape() -> None:
    Boundary.objects.filter(area=redrawn.SPLIT).delete()
    assert rows_of(begin(None, scope=redrawn.TOWN))["360702003005"].geom is not None
    assert rows_of(begin(None, "又一版", scope=redrawn.TOWN))["360702003004"].geom is None


def test_a_new_district_brings_its_own_row() -> None:
    grids = {f"99000100100100{n}": shapely.box(-74.0 + n / 100, 40.7, -73.99 + n / 100, 40.71) for n in (1, 2)}
    above = dict.fromkeys(("990001001001", "990001001"))
    edition = begin(areas_of([*grids, *above], [*grids.values(), *above.values()], ["甲", "乙", "丙社区", "丁街道"]))
    assert edition.scope == "990001"
    assert drafts.shapes(edition)["990001"].equals(shapely.box(-73.99, 40.7, -73.97, 40.71))
    assert {it.change for it in differences(edition, on=DAY)} == {frozenset({"new"})}
    # About 8.44 by 11.1 hundred metres each, in the zone of New York.
    (first, *_) = (it for it in differences(edition, on=DAY) if it.code == "990001001001001")
    assert first.area_m2_after == pytest.approx(938_000, rel=0.01)


def test_a_stray_code_does_not_move_the_scope() -> None:
    drawn = redrawn.redrawn()
    stray = drawn.codes.copy()
    stray[5] = "360799" + stray[5][6:]
    assert begin(replace(drawn, codes=stray)).scope == "360702"
    half = np.array([code if n % 2 else "360799" + code[6:] for n, code in enumerate(drawn.codes)], dtype=object)
    with pytest.raises(Unprocessable, match="分属几个区"):
        begin(replace(drawn, codes=half), "两区")


def test_a_file_gives_the_same_draft(tmp_path: Path) -> None:
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    path = redrawn.write_geojson(tmp_path / "redrawn.geojson", drawn)
    read = read_areas(path, coord="cgcs2000", code_field="code", name_field="name")
    assert fingerprint(begin(read)) == fingerprint(begin(drawn, "又一版"))


# ---- what cannot stand in a draft --------------------------------------------------------------------------------


def two(**columns: list[object]) -> Areas:
    """Two grids of a new district with further columns."""
    codes = ["990001001001001", "990001001001002"]
    made = areas_of(codes, [shapely.box(113 + n, 30, 114 + n, 31) for n in (0, 1)], ["甲", "乙"])
    return replace(made, table=pd.DataFrame(columns), rows=np.array([2, 3]))


def refused(areas: Areas | None, *parts: str, **more: object) -> None:
    before = Edition.objects.count(), DraftArea.objects.count()
    with pytest.raises(Unprocessable) as caught:
        begin(areas, **({"name": "坏版"} | more))  # type: ignore[arg-type]
    for part in parts:
        assert part in str(caught.value), str(caught.value)
    assert (Edition.objects.count(), DraftArea.objects.count()) == before


@pytest.mark.parametrize("value", [-1, 1.5, "很多", True, float("inf"), 2**31, "1e99"])
@pytest.mark.parametrize("column", ["residents", "人口数", "Residents"])
def test_what_is_no_count_is_refused_with_row_and_column(column: str, value: object) -> None:
    refused(two(**{column: [3, value]}), "第 3 行", "人口数", str(value)[:10])


def test_counts_come_under_the_names_people_use() -> None:
    columns = {"户数": ["12", " "], "party_memb": [3.0, None], "常住人口": [40, pd.NA], "网格类型": ["专属网格", ""]}
    rows = rows_of(begin(two(**columns)))
    first, second = rows["990001001001001"], rows["990001001001002"]
    assert (first.households, first.residents, first.party_members, first.enterprises) == (12, 40, 3, None)
    assert (second.households, second.residents, second.party_members) == (None, None, None)
    assert (first.kind, second.kind) == ("dedicated", "")
    own = begin(two(people=[5, 6]), "列名另给", columns={"residents": "people"})
    assert rows_of(own)["990001001001002"].residents == 6
    refused(two(people=[5, 6]), "没有“nobody”这一列", columns={"residents": "nobody"})


def test_a_waiver_stays_unless_the_file_has_a_column_of_them() -> None:
    Area.objects.filter(code=redrawn.RENAMED).update(size_waiver="商住混合")
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    without = begin(replace(drawn, table=drawn.table.drop(columns="size_waiver")))
    assert rows_of(without)[redrawn.RENAMED].size_waiver == "商住混合"
    assert rows_of(begin(drawn, "有列"))[redrawn.RENAMED].size_waiver == ""


def test_texts_that_do_not_fit_are_refused_with_the_row() -> None:
    plain = two()
    long_code, long_name = plain.codes.copy(), plain.names.copy()
    long_code[1], long_name[0] = "9" * 41, "长" * 61
    refused(replace(plain, codes=long_code), "第 3 行", "编码", "40")
    refused(replace(plain, names=long_name), "第 2 行", "名称", "60")
    refused(two(size_waiver=["", "由" * 201]), "第 3 行", "规模豁免理由")
    refused(two(kind=["没有的类型", ""]), "第 2 行", "没有的类型")
    for sign in ("\x00", "\ud800"):
        broken = plain.names.copy()
        broken[0] = f"甲{sign}"
        refused(replace(plain, names=broken), "第 2 行", "不能保存")
        refused(plain, "版本名称", name=f"版{sign}")
        refused(plain, "来源", source=f"源{sign}")


def test_what_makes_no_draft_at_all() -> None:
    refused(two(), "版本名称", name="")
    refused(two(), "版本名称", name="长" * 81)
    refused(areas_of(["甲", ""], [None, None]), "没有 6、9、12 或 15 位")
    with np.errstate(invalid="ignore"):
        nowhere = shapely.Polygon([(0, 0), (1, float("nan")), (1, 1)])
    for shape in (nowhere, shapely.box(500_000, 2_800_000, 500_100, 2_800_100), shapely.box(113, 89, 114, 91)):
        refused(areas_of(["990001"], [shape]), "第 1 行", "不是经度、纬度")
    taken = Edition.objects.get().name
    with pytest.raises(Conflict, match="已有名为"):
        begin(two(), taken)


# ---- step by step, and back --------------------------------------------------------------------------------------


def test_undoing_restores_everything_to_the_bit() -> None:
    edition = begin(redrawn.redrawn(below=redrawn.TOWN))
    before, digest = everything(edition), rows_of(edition)
    halves = [digest[redrawn.SPLIT], digest[redrawn.SPLIT_NEW]]
    whole = drafts.successor(halves[0], geom=halves[0].geom.union(halves[1].geom))
    taken = step(edition, *(row.pk for row in halves), made=(whole,))
    assert len(rows_of(edition)) == len(before) - 1
    second = step(edition, whole.pk)
    with pytest.raises(Conflict, match="最后一步"):
        drafts.undo(edition, step_id=taken.pk, by=None, at=AT)
    drafts.undo(edition, step_id=second.pk, by=None, at=AT)
    drafts.undo(edition, step_id=taken.pk, by=None, at=AT)
    assert everything(edition) == before
    with pytest.raises(Conflict, match="最后一步"):
        drafts.undo(edition, step_id=taken.pk, by=None, at=AT)
    first = edition.steps.get()
    with pytest.raises(Conflict, match="不能撤回"):
        drafts.undo(edition, step_id=first.pk, by=None, at=AT)


def test_what_was_undone_is_not_forgotten(admin_user: User) -> None:
    edition = begin(redrawn.redrawn(below=redrawn.TOWN))
    row = rows_of(edition)[redrawn.SPLIT]
    taken = drafts.describe(edition, row.pk, {"residents": 5}, by=admin_user, at=AT)
    drafts.undo(edition, step_id=taken.pk, by=None, at=AT)
    *_, undone = edition.steps.get().details
    assert (undone["by"], undone["undone_by"]) == (admin_user.pk, None)
    assert "人口数改为“5”" in undone["undone"]


def test_a_row_can_be_replaced_once() -> None:
    edition = begin(None, scope=redrawn.TOWN)
    other = begin(None, "另一版", scope=redrawn.TOWN)
    row = rows_of(edition)[redrawn.SPLIT]
    step(edition, row.pk, made=(drafts.successor(row, name="一"),))
    before = everything(edition)
    for stale in (row.pk, rows_of(other)[redrawn.SPLIT].pk, 0):
        with pytest.raises(Conflict, match="他人修改"):
            step(edition, stale, made=(drafts.successor(row, name="二"),))
    assert everything(edition) == before


def test_a_step_withdraws_the_approval(admin_user: User) -> None:
    edition = begin(None, scope=redrawn.TOWN)
    for change in ("step", "undo"):
        Edition.objects.filter(pk=edition.pk).update(state="approved", approved_by=admin_user, approved_at=AT)
        if change == "step":
            taken = step(edition, rows_of(edition)[redrawn.SPLIT].pk)
        else:
            drafts.undo(edition, step_id=taken.pk, by=None, at=AT)
        edition = Edition.objects.get(pk=edition.pk)
        assert (edition.state, edition.approved_by, edition.approved_at) == ("draft", None, None)


def test_what_is_published_or_abandoned_cannot_change() -> None:
    edition = begin(None, scope=redrawn.TOWN)
    row = rows_of(edition)[redrawn.SPLIT]
    drafts.abandon(edition, by=None, at=AT)
    drafts.abandon(edition, by=None, at=AT)
    assert Edition.objects.get(pk=edition.pk).state == edition.state == "abandoned"
    assert [(it.kind, it.sentence) for it in edition.steps.all()][1:] == [("abandon", "放弃草稿 (abandoned)")]
    with pytest.raises(Conflict, match="已放弃"):
        step(edition, row.pk)
    with pytest.raises(Conflict, match="已放弃"):
        drafts.undo(edition, step_id=edition.steps.last().pk, by=None, at=AT)  # type: ignore[union-attr]
    published = Edition.objects.get(state="published")
    with pytest.raises(Conflict, match="已发布"):
        drafts.abandon(published, by=None, at=AT)


def test_describing_a_row_is_a_step() -> None:
    edition = begin(None, scope=redrawn.TOWN)
    row = rows_of(edition)[redrawn.SPLIT]
    changes = {"name": " 新名 ", "residents": "12", "kind": "专属网格", "size_waiver": "园区"}
    taken = drafts.describe(edition, row.pk, changes, by=None, at=AT)
    now = rows_of(edition)[redrawn.SPLIT]
    assert (now.name, now.residents, now.kind, now.size_waiver) == ("新名", 12, "dedicated", "园区")
    assert now.geom.equals_exact(row.geom)
    assert (taken.kind, [it["field"] for it in taken.details]) == ("describe", list(changes))
    with pytest.raises(Conflict):
        drafts.describe(edition, row.pk, {"name": "迟到"}, by=None, at=AT)
    for bad, why in (
        ({"name": "新名"}, "没有改动"),
        ({"residents": "多"}, "人口数"),
        ({"geom": None}, "不能修改"),
        ({"name": "长" * 61}, "60"),
    ):
        with pytest.raises(Unprocessable, match=why):
            drafts.describe(edition, now.pk, bad, by=None, at=AT)
    assert edition.steps.count() == 2
    drafts.describe(edition, now.pk, {"residents": None}, by=None, at=AT)
    assert rows_of(edition)[redrawn.SPLIT].residents is None


# ---- two people at once ------------------------------------------------------------------------------------------

RACE = """
import datetime as dt, sys
import django
django.setup()
from gridmap.editions import drafts
from gridmap.models import DraftArea, Edition
from gridmap.problems import Conflict
at = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)
edition = Edition.objects.get(name="争用")
row = DraftArea.objects.standing().get(edition=edition, code=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
made = drafts.successor(row, name=sys.argv[2])
try:
    drafts.take_step(edition, "describe", "试", replaced=[row.pk], made=[made], by=None, at=at)
except Conflict as late:
    print("conflict", late)
else:
    print("done")
"""


@pytest.fixture
def committed(template: str, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, str]]:
    """The environment of a process that works on a clone of its own, where what it writes stays."""
    name = f"gridmap_race_{os.getpid()}"
    with django_db_blocker.unblock():
        conftest._clone(name, template)
        yield os.environ | {"DATABASE_URL": conftest._database_url(name), "DJANGO_SETTINGS_MODULE": "gridmap.settings"}
        conftest._admin_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_of_two_steps_at_once_one_is_late(committed: dict[str, str]) -> None:
    def start(*arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", *arguments]
        return subprocess.Popen(command, cwd=conftest.ROOT, env=committed, stdin=pipe, stdout=pipe, text=True)

    founding = RACE.split("edition =")[0] + (
        f"drafts.begin('争用', None, scope='{redrawn.TOWN}', on=at.date(), by=None, at=at); print('begun')"
    )
    begun = start(founding)
    assert begun.communicate(timeout=conftest.PATIENCE_S)[0] == "begun\n"
    racers = [start(RACE, redrawn.SPLIT, name) for name in ("甲", "乙")]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = sorted(racer.communicate(timeout=conftest.PATIENCE_S)[0].split()[0] for racer in racers)
    assert answers == ["conflict", "done"]
