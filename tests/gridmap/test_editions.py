"""Founding a district: what makes one, what does not, and that nothing is half written."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import shapely
from django.db import connection

from gridmap import routing
from gridmap.editions import founding
from gridmap.editions.founding import BadAreas, DrawnArea
from gridmap.models import Area, Boundary, Edition
from gridmap.models.versions import version_of

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 1, 1)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# Far from the demonstration district, still inside the projection's reach.
WEST, SOUTH, STEP = 113.0, 30.0, 0.01


def square(x: float, y: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """A rectangle in steps of about a kilometre."""
    return shapely.box(
        WEST + x * STEP, SOUTH + y * STEP, WEST + (x + width) * STEP, SOUTH + (y + height) * STEP, ccw=True
    )


def district() -> dict[str, DrawnArea]:
    """Two towns of one community each with two grids, in one row; only grids are drawn."""
    drawn = [DrawnArea("990001", "某区", "district")]
    for town in (1, 2):
        drawn += [
            DrawnArea(f"99000100{town}", f"某{town}街道", "subdistrict"),
            DrawnArea(f"99000100{town}001", f"某{town}社区", "community"),
        ]
        drawn += [
            DrawnArea(f"99000100{town}00100{n}", f"某{town}第{n}网格", "basic", square(2 * town + n, 0)) for n in (1, 2)
        ]
    return {area.code: area for area in drawn}


def found(drawn: dict[str, DrawnArea] | list[DrawnArea], **more: object) -> Edition:
    areas = list(drawn.values()) if isinstance(drawn, dict) else drawn
    return founding.found(areas, **({"name": "试版", "valid_from": DAY, "at": AT} | more))  # type: ignore[arg-type]


def counts() -> tuple[int, int, int]:
    return Area.objects.count(), Boundary.objects.count(), Edition.objects.count()


def test_unions_make_the_levels_nobody_drew() -> None:
    edition = found(district())
    shapes = {it.area_id: shapely.from_wkb(bytes(it.geom.wkb)) for it in Boundary.objects.filter(edition=edition)}
    assert len(shapes) == 9
    assert shapes["990001"].equals(square(3, 0, width=4))
    assert shapes["990001002"].equals(square(5, 0, width=2))
    assert Area.objects.get(code="990001002001").parent_id == "990001002"
    assert founding.gaps(edition) == []
    assert edition.state == "published"


def test_a_point_is_answered_for_from_that_day_on() -> None:
    found(district())
    lon, lat = WEST + 3.5 * STEP, SOUTH + 0.5 * STEP
    assert routing.route(lon, lat, on=DAY).area == "990001001001001"
    with pytest.raises(routing.OutsideDistrict):
        routing.route(lon, lat, on=DAY - dt.timedelta(days=1))
    # The demonstration district beside it goes on as before.
    assert routing.route(114.9239, 25.8545, on=DAY).method == "within"


def test_it_moves_the_version_of_the_areas() -> None:
    before = version_of("areas")
    found(district())
    assert version_of("areas") > before


def refused(drawn: dict[str, DrawnArea] | list[DrawnArea], *parts: str, **more: object) -> None:
    before = counts()
    with pytest.raises(BadAreas) as caught:
        found(drawn, **more)
    for part in parts:
        assert part in str(caught.value), str(caught.value)
    assert counts() == before


def test_a_code_given_twice_is_refused() -> None:
    drawn = list(district().values())
    refused([*drawn, drawn[-1]], "990001002001002", "多次")


@pytest.mark.parametrize(("code", "words"), [("9900010", "长度"), ("99000A", "数字以外"), ("９９０００１", "数字以外")])
def test_a_code_that_is_none_is_refused(code: str, words: str) -> None:
    refused([*district().values(), DrawnArea(code, "坏", "district", square(9, 9))], code, words)


def test_a_missing_parent_is_named() -> None:
    drawn = district()
    del drawn["990001002001"]
    refused(drawn, "990001002001001", "缺少上级 990001002001")


def test_an_area_without_shape_or_children_is_refused() -> None:
    refused(district() | {"x": DrawnArea("990001003", "空", "town")}, "990001003", "没有边界，也没有下级")


def with_shape(code: str, shape: shapely.Geometry) -> dict[str, DrawnArea]:
    drawn = district()
    return drawn | {code: replace(drawn[code], geometry=shape)}


def test_overlapping_grids_are_refused_with_the_place() -> None:
    refused(with_shape("990001001001002", square(3.5, 0, width=1.5)), "99000100100100", "重叠", "113.0")


@pytest.mark.parametrize("bend", [-0.00001, 0.00001], ids=["into the neighbour", "away from it"])
def test_lines_a_centimetre_apart_are_refused(bend: float) -> None:
    corners = [(4, 0), (5, 0), (5, 1), (4, 1), (4 + bend, 0.5)]
    shape = shapely.Polygon([(WEST + x * STEP, SOUTH + y * STEP) for x, y in corners])
    refused(with_shape("990001001001002", shape), "界线不吻合")


def test_a_bow_tie_is_refused() -> None:
    shape = shapely.Polygon([(113, 30), (113.01, 30.01), (113.01, 30), (113, 30.01)])
    refused(with_shape("990001001001002", shape), "990001001001002", "边界无效")


@pytest.mark.parametrize(
    "shape", [shapely.LineString([(113, 30), (113.1, 30)]), shapely.Point(113, 30), shapely.Polygon()]
)
def test_what_is_no_polygon_is_refused(shape: shapely.Geometry) -> None:
    refused(with_shape("990001001001002", shape), "990001001001002", "不是多边形")


def test_ground_wider_than_a_line_may_be_nobodys() -> None:
    corners = [(4, 0), (5, 0), (5, 1), (4, 1), (4.1, 0.5)]
    found(with_shape("990001001001002", shapely.Polygon([(WEST + x * STEP, SOUTH + y * STEP) for x, y in corners])))


def test_a_child_outside_its_parent_is_refused_with_how_much() -> None:
    drawn = with_shape("990001001001", square(3, 0, width=1.5))
    refused(drawn, "990001001001002", "上级 990001001001", "平方米")


def test_children_that_leave_a_gap_are_told_of_and_allowed() -> None:
    drawn = with_shape("990001002001", square(5, 0, width=2.5))
    edition = found(drawn)
    (gap,) = founding.gaps(edition)
    half = Boundary.objects.get(area="990001002001002").area_m2 / 2
    assert gap.code == "990001002001"
    assert gap.m2 == pytest.approx(half, rel=1e-3)


def test_a_registered_code_is_refused_with_its_name() -> None:
    taken = Area.objects.get(level="district")
    drawn = district() | {"x": DrawnArea(taken.code, "又一区", "district", square(9, 9))}
    refused(drawn, taken.code, taken.name, "已登记")


def test_an_edition_of_the_same_name_is_refused() -> None:
    refused(district(), "已有名为", name=Edition.objects.get().name)
    refused(district(), "版本名称", name="")
    refused(district(), "版本名称", name="长" * 81)


def test_ground_of_another_district_in_force_is_refused() -> None:
    found(district())
    again = [
        DrawnArea(
            "990002" + it.code[6:],
            it.name,
            it.kind,
            it.geometry and shapely.transform(it.geometry, lambda c: c + 0.001),
        )
        for it in district().values()
    ]
    refused(again, "990002", "已登记的 990001 某区 重叠", name="二版")
    # Ground that was given up before that day is free.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gridmap_boundary SET valid_until = %s WHERE area_id LIKE '990001%%'", ["2026-06-01"])
    refused(again, "990002", "重叠", name="二版", valid_from=dt.date(2026, 5, 31))
    found(again, name="二版", valid_from=dt.date(2026, 6, 1))
    lon, lat = WEST + 3.5 * STEP, SOUTH + 0.5 * STEP
    assert routing.route(lon, lat, on=dt.date(2026, 5, 31)).area == "990001001001001"
    assert routing.route(lon, lat, on=dt.date(2026, 6, 1)).area == "990002001001001"


def test_a_district_beside_another_shares_its_line() -> None:
    found(district())
    beside = [DrawnArea("990002", "邻区", "district", square(7, 0))]
    found(beside, name="邻版")
    assert routing.route(WEST + 7.5 * STEP, SOUTH + 0.5 * STEP, on=DAY).area == "990002"


def test_a_polygon_with_a_hole_and_one_in_parts_are_districts_too() -> None:
    ring = square(20, 20, 3, 3).difference(square(21, 21))
    parts = shapely.MultiPolygon([square(30, 0), square(33, 0)])
    found([DrawnArea("990003", "环区", "district", ring), DrawnArea("990004", "岛区", "district", parts)])
    assert Boundary.objects.get(area="990004").geom.num_geom == 2
    with pytest.raises(routing.OutsideDistrict):
        routing.route(WEST + 31.9 * STEP, SOUTH + 0.5 * STEP, on=DAY)
