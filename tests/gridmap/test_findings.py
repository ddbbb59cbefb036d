"""What is found wrong with a draft: by the registry, by the geometry, and what one button repairs."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from geodata.areas import Areas, areas_of
from geodata.crs import from_stored, to_stored
from gridmap.editions import drafts, findings
from gridmap.editions.scopes import stored
from gridmap.models import Area, Boundary, DraftArea, DraftFinding, DraftStep, Edition
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


def test_an_ill_formed_code_is_one_error_and_no_other_area_s() -> None:
    edition = begin(coded(redrawn.MISCODED, "12"))
    assert list(edition.findings.filter(severity="error").values_list("kind", "code")) == [("ill_formed_code", "12")]


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


# ---- the geometry ------------------------------------------------------------------------------------------------


def errors(edition: Edition) -> dict[tuple[str, str], DraftFinding]:
    return {(it.kind, it.code): it for it in edition.findings.filter(severity="error")}


def test_a_sound_file_has_no_errors_and_no_warnings() -> None:
    for edition in (begin(redrawn.redrawn()), begin(redrawn.redrawn(below=redrawn.TOWN), "街道")):
        assert list(edition.findings.exclude(kind="gone_in_use").values_list("sentence", flat=True)) == []


def test_three_defects_are_three_errors_each_with_a_place() -> None:
    edition = begin(redrawn.redrawn(defects=True))
    found_errors = errors(edition)
    assert {key: it.repair for key, it in found_errors.items()} == {
        ("invalid_ring", redrawn.SPIKED): "make_valid",
        ("overlap", redrawn.OVER_THE_LINE): "snap",
        ("no_parent", redrawn.WRONG_CODE): "",
    }
    assert findings.blocking(edition) == 3
    for (_, code), finding in found_errors.items():
        assert finding.place is not None
        assert finding.row == row_of(edition, code).row
        assert row_of(edition, code).geom.envelope.intersects(finding.place)


def test_ground_within_a_part_that_nobody_has_is_an_error() -> None:
    kept = redrawn.redrawn(below=redrawn.TOWN)
    kept = kept.where(kept.codes != redrawn.RENAMED)
    (gap,) = errors(begin(kept)).values()
    assert gap.kind == "gap"
    missing = redrawn.grids()[redrawn.RENAMED]
    assert shapely.from_wkb(bytes(gap.place.wkb)).symmetric_difference(missing).area < 1e-12


def test_a_part_cannot_reach_beyond_the_boundary_in_force() -> None:
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    town = shapely.from_wkb(bytes(Boundary.objects.get(area=redrawn.TOWN).geom.wkb))
    at = next(n for n, shape in enumerate(drawn.shapes) if shape.intersection(town.boundary).length > 0.001)
    shapes = drawn.shapes.copy()
    shapes[at] = shapes[at].union(shapes[at].intersection(town.boundary).buffer(0.0005))
    kinds = {(it.kind, it.other) for it in errors(begin(replace(drawn, shapes=shapes))).values()}
    assert ("outside_parent", redrawn.TOWN) in kinds


def test_a_district_may_move_its_outline_but_not_unseen() -> None:
    drawn = redrawn.redrawn()
    district = shapely.from_wkb(bytes(Boundary.objects.get(area="360702").geom.wkb))
    outer = next(n for n, shape in enumerate(drawn.shapes) if shape.intersection(district.boundary).length > 0.001)
    edition = begin(drawn.where(np.arange(len(drawn)) != outer))
    assert errors(edition) == {}
    warned = found(edition, "outline_changed")["360702"]
    m2 = Boundary.objects.get(area=drawn.codes[outer]).area_m2
    assert warned.severity == "warning"
    assert warned.measure == pytest.approx(m2, rel=0.01)
    assert found(begin(redrawn.redrawn(), "原界"), "outline_changed") == {}


def test_people_a_row_does_not_count_are_the_registrys() -> None:
    Area.objects.filter(code=redrawn.RENAMED).update(residents=1234, size_waiver="")
    shapes = {code: shape for code, shape in redrawn.grids().items() if code.startswith(redrawn.TOWN)}
    edition = begin(areas_of(shapes, shapes.values()))
    assert found(edition, "too_many_residents")[redrawn.RENAMED].measure == 1234
    row = row_of(edition, redrawn.RENAMED)
    drafts.describe(edition, row.pk, {"size_waiver": "商住混合"}, by=None, at=AT)
    assert redrawn.RENAMED not in found(edition, "too_many_residents")


def test_what_rows_draw_may_not_overlap_what_the_areas_below_draw() -> None:
    """A community drawn over its neighbour, whose shape its own grids make: no grid overlaps another."""
    edition = begin(redrawn.areas(dict(redrawn.grids())))
    shapes = drafts.shapes(edition)
    one, other = redrawn.HANDED_FROM[:12], redrawn.HANDED_TO[:12]
    row = row_of(edition, one)
    wider = shapes[one].union(shapes[redrawn.HANDED_TO])
    made = drafts.successor(row, geom=stored(wider))
    drafts.take_step(edition, DraftStep.Kind.DESCRIBE, "试", replaced=[row.pk], made=[made], by=None, at=AT)
    finding = errors(edition)["overlap", one]
    assert finding.other == other
    assert finding.measure == pytest.approx(Boundary.objects.get(area=redrawn.HANDED_TO).area_m2, rel=1e-3)


def test_an_area_nobody_draws_is_an_error() -> None:
    drawn = redrawn.redrawn(below=redrawn.TOWN)
    shapes = drawn.shapes.copy()
    at = int(np.flatnonzero(drawn.codes == redrawn.RENAMED)[0])
    shapes[at] = None
    assert ("empty", redrawn.RENAMED) in errors(begin(replace(drawn, shapes=shapes)))


@pytest.mark.parametrize(("said", "meant", "kind"), [("cgcs2000", "gcj02", "gcj02"), ("gcj02", "cgcs2000", "wgs84")])
def test_a_file_in_another_system_than_it_says_is_suspected(said: str, meant: str, kind: str) -> None:
    def misread(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_stored(*from_stored(vertices[:, 0], vertices[:, 1], meant), said))

    drawn = redrawn.redrawn()
    shapes = drawn.shapes.copy()
    shapes[:] = [shapely.transform(shape, misread) for shape in shapes]
    edition = begin(replace(drawn, shapes=shapes, coord=said))
    assert (f"{kind}_suspected", "") in errors(edition)


def test_a_new_district_anywhere_is_checked() -> None:
    grids = {f"99000100100100{n}": shapely.box(-74 + n / 100, 40.7, -73.99 + n / 100, 40.71) for n in (1, 2, 4)}
    grids["990001001001003"] = shapely.box(-73.9701, 40.7, -73.96, 40.71)
    above = ["990001001001", "990001001"]
    edition = begin(
        areas_of([*grids, *above, "990001"], [*grids.values(), None, None, shapely.box(-73.99, 40.7, -73.95, 40.71)])
    )
    kinds = {it.kind for it in errors(edition).values()}
    assert kinds == {"overlap", "no_name"}
