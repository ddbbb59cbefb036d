"""The registry says in words what is wrong before the database has to, and the database does the rest by itself."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from cases.models import Case
from gridmap.models import Appointment, Area, Boundary, PowerGrant
from gridmap.models.versions import version_of
from tests.gridmap.good_rows import GRID, SQUARE, boundary, run

pytestmark = pytest.mark.django_db


def complain(row: object) -> str:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()  # type: ignore[attr-defined]
    return " ".join(caught.value.messages)


def test_models_say_it_in_words() -> None:
    chief = Appointment(person_id="P0002", role="grid_chief", area_id="360702001001", valid_from="2026-01-01")
    assert "已有网格长" in complain(chief)
    ended = PowerGrant(power_id="Q001", area_id="360702001", valid_from="2026-02-01", valid_until="2026-01-01")
    assert "截止日期应晚于起始日期" in complain(ended)
    stray = Area(code="360702001001999", level="grid", kind="basic", name="试", parent_id="360702001002")
    assert "编码应为上级编码加三位" in complain(stray)
    short = Area(code="3607020010019", level="grid", kind="basic", name="试", parent_id="360702001001")
    assert "二级网格 15 位" in complain(short)
    old = Boundary.objects.get(area=GRID)
    again = Boundary(area_id=GRID, edition=old.edition, geom=old.geom, valid_from=old.valid_from)
    assert "已有生效的边界" in complain(again)


def test_the_database_itself_counts_the_changes() -> None:
    areas, cases = version_of("areas"), version_of("cases")
    run(f"UPDATE gridmap_area SET name = name WHERE code = '{GRID}'")
    assert version_of("areas") > areas
    run("UPDATE cases_case SET address = address WHERE id = (SELECT min(id) FROM cases_case)")
    assert version_of("cases") > cases
    areas = version_of("areas")
    run(boundary())
    assert version_of("areas") > areas


def test_extent_and_geojson_are_made_by_the_database() -> None:
    run(boundary(area_id="360702", geom=SQUARE, valid_from="2018-01-01", valid_until="2018-02-01"))
    made = Boundary.objects.get(area="360702", valid_from="2018-01-01")
    assert made.area_m2 == pytest.approx(111_000 * 0.01 * 96_500 * 0.01, rel=0.01)
    assert made.geojson.startswith('{"type":"MultiPolygon","coordinates":[[[[113,30],')


def test_an_old_case_keeps_its_area_when_the_line_moves() -> None:
    case = Case.objects.filter(area=GRID).first()
    assert case is not None
    run(f"UPDATE gridmap_boundary SET valid_until = '2026-06-01' WHERE area_id = '{GRID}'")
    run(boundary(valid_from="2026-06-01"))
    case.refresh_from_db()
    assert case.area_id == GRID
    assert Boundary.objects.filter(area=GRID).count() == 2
