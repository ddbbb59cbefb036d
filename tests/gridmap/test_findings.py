"""What is found wrong with a draft: by the registry, by the geometry, and what one button repairs."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from geodata.areas import Areas, areas_of
from gridmap.editions import drafts, findings
from gridmap.models import Area, Boundary, DraftArea, DraftFinding, Edition
from tests.gridmap import redrawn

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 7, 7)
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)
WEST = shapely.box(113, 30, 113.01, 30.01)


def begin(areas: Areas | None, name: str = "新版", **more: object) -> Edition:
    return drafts.begin(name, areas, **({"on": DAY, "by": None, "at": AT} | more))  # type: ignore[arg-type]


def found(edition: Edition, kind: str) -> dict[str, DraftFinding]:
    return {it.code: it for it in DraftFinding.objects.filter(edition=edition, kind=kind)}


def coded(old: str, new: str) -> Areas:
    """The grids in force, one of them under another code."""
    drawn = redrawn.areas(dict(redrawn.grids()))
    codes = drawn.codes.copy()
    codes[codes == old] = new
    return replace(drawn, codes=codes)


def row_of(edition: Edition, code: str) -> DraftArea:
    return DraftArea.objects.standing().get(edition=edition, code=code)


# ---- the registry ------------------------------------------------------------------------------------------------


def test_a_copy_of_what_is_in_force_has_no_errors() -> None:
    edition = begin(None, scope="360702")
    assert list(edition.findings.filter(severity="error").values_list("sentence", flat=True)) == []
    assert findings.blocking(edition) == 0


def test_a_code_without_parent_is_an_error_with_a_place() -> None:
    edition = begin(coded(redrawn.MISCODED, redrawn.WRONG_CODE))
    (finding,) = found(edition, "no_parent").values()
    assert (finding.code, finding.other, finding.severity) == (redrawn.WRONG_CODE, "360702996001", "error")
    assert "既未登记" in finding.sentence
    row = row_of(edition, redrawn.WRONG_CODE)
    assert finding.row == row.row
    assert row.geom.contains(finding.place)
    assert findings.blocking(edition) >= 1
    drafts.describe(edition, row.pk, {"code": redrawn.MISCODED}, by=None, at=AT)
    assert found(edition, "no_parent") == {}


def test_a_code_outside_the_scope_is_an_error() -> None:
    edition = begin(coded(redrawn.MISCODED, "360799001001001"))
    (finding,) = found(edition, "outside_scope").values()
    assert (finding.code, finding.severity) == ("360799001001001", "error")
    narrow = begin(redrawn.redrawn(below=redrawn.TOWN), "街道", scope="360702003005")
    assert redrawn.RENAMED in found(narrow, "outside_scope")
    assert redrawn.SPLIT not in found(narrow, "outside_scope")


def test_children_of_an_area_that_goes_are_errors() -> None:
    communities = {
        it.area_id: shapely.from_wkb(bytes(it.geom.wkb))
        for it in Boundary.objects.filter(area__level="community", area__code__startswith=redrawn.TOWN)
    }
    gone = communities.pop("360702003005")
    edition = begin(areas_of(communities, communities.values()))
    orphans = found(edition, "no_parent")
    assert {code[:12] for code in orphans} == {"360702003005"}
    assert "已不在草稿中" in orphans["360702003005001"].sentence
    warned = found(edition, "area_gone")["360702003005"]
    assert warned.severity == "warning"
    assert shapely.from_wkb(bytes(warned.place.wkb)).within(gone)


def test_a_gone_area_that_is_in_use_is_told_of() -> None:
    edition = begin(redrawn.redrawn())
    told = found(edition, "gone_in_use")
    assert told.keys() == {redrawn.MERGED_AWAY}
    (note,) = told.values()
    posts = Area.objects.get(code=redrawn.MERGED_AWAY).appointments.on(DAY).count()
    assert note.severity == "note"
    assert f"任职 {posts} 个" in note.sentence
    assert "党组织" in note.sentence
    assert findings.blocking(edition) == 0


def test_a_code_that_was_given_up_is_a_warning() -> None:
    Boundary.objects.filter(area=redrawn.MERGED_AWAY).update(valid_until=dt.date(2026, 7, 1))
    edition = begin(redrawn.areas(dict(redrawn.grids())))
    (finding,) = found(edition, "code_given_up").values()
    assert (finding.code, finding.severity) == (redrawn.MERGED_AWAY, "warning")
    assert "解放街道示范01社区第1网格" in finding.sentence


def test_a_kind_of_another_level_and_a_missing_name_are_errors() -> None:
    drawn = redrawn.redrawn()
    table, names = drawn.table.copy(), drawn.names.copy()
    position = int(np.flatnonzero(drawn.codes == redrawn.SPLIT_NEW)[0])
    table.loc[position, "kind"], names[position] = "village", ""
    edition = begin(replace(drawn, table=table, names=names))
    assert "应为基础网格、专属网格" in found(edition, "kind_of_level")[redrawn.SPLIT_NEW].sentence
    assert found(edition, "no_name").keys() == {redrawn.SPLIT_NEW}
    assert findings.blocking(edition) == 2


def test_the_outline_of_a_narrower_scope_is_fixed() -> None:
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    town = shapely.from_wkb(bytes(Boundary.objects.get(area=redrawn.TOWN).geom.wkb))

    def with_town(shape: shapely.Geometry) -> Areas:
        return replace(
            drawn,
            codes=np.append(drawn.codes, redrawn.TOWN),
            names=np.append(drawn.names, ""),
            shapes=np.append(drawn.shapes, shape),
            rows=np.append(drawn.rows, len(drawn) + 1),
            table=pd.concat([drawn.table, pd.DataFrame([{}])], ignore_index=True),
        )

    assert found(begin(with_town(town)), "outline_moved") == {}
    wider = begin(with_town(town.union(town.centroid.buffer(0.05))), "更大")
    finding = found(wider, "outline_moved")[redrawn.TOWN]
    assert finding.severity == "error"
    assert (finding.measure or 0) > 1e5
    smaller = begin(with_town(town.difference(town.centroid.buffer(0.001))), "更小")
    assert (found(smaller, "outline_moved")[redrawn.TOWN].measure or 0) == pytest.approx(34_500, rel=0.05)


def test_ground_of_another_district_is_an_error() -> None:
    far = begin(areas_of(["990001"], [WEST], ["远区"]))
    assert found(far, "other_district") == {}
    taken = Boundary.objects.get(area="360702")
    place = shapely.from_wkb(bytes(taken.geom.wkb)).representative_point()
    near = begin(areas_of(["990001"], [place.buffer(0.001)], ["近区"]), "近版")
    finding = found(near, "other_district")["990001"]
    assert (finding.other, finding.severity) == ("360702", "error")
    assert "章贡区" in finding.sentence
    assert finding.measure == pytest.approx(35_000, rel=0.05)
    # Ground given up by that day is free.
    Boundary.objects.filter(area="360702").update(valid_until=DAY)
    findings.recheck(near, on=DAY)
    assert found(near, "other_district") == {}


def test_findings_are_written_anew() -> None:
    edition = begin(coded(redrawn.MISCODED, redrawn.WRONG_CODE))
    before = list(edition.findings.values_list("kind", "code", "sentence", "measure"))
    findings.recheck(edition, on=DAY)
    assert list(edition.findings.values_list("kind", "code", "sentence", "measure")) == before
