"""Drawing in a draft: what a step writes, what it leaves alone, that undoing is exact, and what is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import shapely
import shapely.affinity
from django.contrib.auth.models import User
from django.contrib.gis.geos import GEOSGeometry
from django.test import Client

from geodata.corners import Plane, edges_of
from gridmap.editions import drafts, drawing
from gridmap.editions.people import BY_GROUND, Peopled
from gridmap.models import Area, Building, Edition
from gridmap.models.drafts import DraftArea, DraftStep
from gridmap.problems import Conflict, Unprocessable
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 7, 7)
AT = dt.datetime(2026, 7, 7, 2, tzinfo=dt.UTC)
TOWN = "360702003"
COMMUNITY = "360702003005"
AsUser = Callable[[User | None], Client]
COUNTS = ("households", "residents", "enterprises", "party_members")


@pytest.fixture(scope="module")
def begun(kept_for_module: None) -> int:
    """A copy of one town's boundaries in force."""
    return drafts.begin("南外街道调整", None, on=DAY, by=None, at=AT, scope=TOWN).pk


@pytest.fixture
def draft(begun: int, db: None) -> Edition:
    return Edition.objects.get(pk=begun)


@pytest.fixture
def by(cast: Cast) -> User:
    return cast.clerk


def bits(edition: Edition) -> dict[int, str]:
    """Every standing row to the last bit."""
    return {
        row.pk: row.geom.hexewkb if row.geom else "" for row in DraftArea.objects.filter(edition=edition).standing()
    }


def grids(edition: Edition, below: str = COMMUNITY) -> dict[str, shapely.Geometry]:
    return {code: shape for code, shape in drafts.shapes(edition).items() if len(code) == 15 and code.startswith(below)}


def row(edition: Edition, code: str) -> DraftArea:
    return DraftArea.objects.filter(edition=edition).standing().get(code=code)


def across(shape: shapely.Geometry, share: float = 0.5) -> shapely.LineString:
    """A line through a shape from south to north."""
    west, south, east, north = shape.bounds
    x = west + share * (east - west)
    return shapely.LineString([(x, south - 0.001), (x + 1e-6, north + 0.001)])


def cuttable(edition: Edition) -> tuple[str, shapely.LineString]:
    """A grid and a line that cuts it in two."""
    for code, shape in grids(edition).items():
        for share in (0.5, 0.4, 0.6, 0.3, 0.7):
            line = across(shape, share)
            if len(shapely.get_parts(shape.intersection(line))) == 1:
                return code, line
    raise AssertionError("no grid is cut in two by a straight line")


def neighbours(edition: Edition, *, same: bool = True) -> tuple[str, str]:
    """Two grids with a line in common, below the same community or not."""
    shapes = grids(edition, TOWN)
    edges = {code: edges_of(shape) for code, shape in shapes.items()}
    for one in shapes:
        for other in shapes:
            if one < other and edges[one] & edges[other] and (one[:12] == other[:12]) is same:
                return one, other
    raise AssertionError("no such neighbours")


def strip(edition: Edition, giver: str, taker: str) -> shapely.Polygon:
    """A ring around the middle of their common line."""
    shapes = grids(edition, TOWN)
    shared = shapely.line_merge(shapely.shared_paths(shapes[giver].boundary, shapes[taker].boundary).geoms[1])
    longest = max(shapely.get_parts(shared), key=lambda it: it.length)
    return longest.interpolate(0.5, normalized=True).buffer(min(longest.length / 4, 0.0004), quad_segs=2)


def draw(edition: Edition, plan: drawing.Plan, by: User) -> drawing.Redrawing:
    return drawing.draw(edition, plan, step_id=drawing.last_step(edition), by=by, at=AT)[0]


def check_whole(edition: Edition) -> None:
    """Every level is a valid coverage of the town's ground, and the grids' lines are the communities' too."""
    shapes = drafts.shapes(edition)
    levels = {length: [it for code, it in shapes.items() if len(code) == length] for length in (12, 15)}
    for level in levels.values():
        assert shapely.coverage_is_valid(level)
        assert shapely.is_valid(level).all()
    grounds = [shapely.coverage_union_all(level) for level in levels.values()]
    assert grounds[0].symmetric_difference(grounds[1]).area < 1e-16


# ---- split -----------------------------------------------------------------------------------------------------


def test_a_split_makes_a_new_code_and_divides_by_buildings(draft: Edition, by: User) -> None:
    code, line = cuttable(draft)
    before, ground = bits(draft), grids(draft)[code]
    registered = Area.objects.get(code=code)
    done = draw(draft, drawing.split(code, line), by)
    kept, new = done.pieces
    last = Area.objects.filter(code__startswith=COMMUNITY, level="grid").order_by("-code").first()
    assert last is not None
    assert (kept.code, new.code) == (code, f"{COMMUNITY}{int(last.code[-3:]) + 1:03d}")
    assert kept.counts["residents"] >= new.counts["residents"]  # type: ignore[operator]
    assert f"第{int(new.code[-3:])}网格" in new.name
    for counted in COUNTS:
        total = sum(getattr(row(draft, it), counted) for it in (code, new.code))
        assert total == getattr(registered, counted)
    assert "按楼栋" in done.sentence
    living = Building.objects.filter(point__coveredby=row(draft, new.code).geom)
    assert new.counts["residents"] == pytest.approx(sum(it.residents for it in living), abs=1)
    assert kept.area_m2 + new.area_m2 == pytest.approx(Plane(ground).ground(ground), rel=1e-6)
    check_whole(draft)
    after = bits(draft)
    touched = {pk for pk in before if pk not in after}
    assert touched == set(done.replaced)
    assert all(after[pk] == before[pk] for pk in before if pk in after)


def test_without_buildings_the_ground_divides(draft: Edition, by: User) -> None:
    Building.objects.update(households=0, residents=0)
    code, line = cuttable(draft)
    done = draw(draft, drawing.split(code, line), by)
    kept, new = done.pieces
    residents = Area.objects.get(code=code).residents
    assert "按面积" in done.sentence
    assert kept.area_m2 >= new.area_m2
    assert new.counts["residents"] == pytest.approx(residents * new.area_m2 / (kept.area_m2 + new.area_m2), abs=1)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("total", [0, 1, 3, 976])
def test_a_divided_count_adds_up(share: float, total: int) -> None:
    for people in (Peopled(share, share, BY_GROUND), Peopled(share, share, BY_GROUND).turned()):
        parts = people.divided("residents", total)
        assert None not in parts
        assert sum(it for it in parts if it is not None) == total
    assert Peopled(share, share, BY_GROUND).divided("households", None) == (None, None)


def test_both_pieces_may_have_new_codes_that_nobody_ever_had(draft: Edition, by: User) -> None:
    code, line = cuttable(draft)
    elsewhere = drafts.begin("另一草稿", None, on=DAY, by=None, at=AT, scope=COMMUNITY)
    other = draw(elsewhere, drawing.split(code, line), by).pieces[1].code
    done = draw(draft, drawing.split(code, line, both_new=True), by)
    codes = [piece.code for piece in done.pieces]
    assert codes == [f"{COMMUNITY}{int(other[-3:]) + n:03d}" for n in (1, 2)]
    assert not DraftArea.objects.filter(edition=draft, code=code).standing().exists()
    # Merged away and still not used again.
    draw(draft, drawing.merge(codes), by)
    third, line = cuttable(draft)
    assert draw(draft, drawing.split(third, line), by).pieces[1].code == f"{COMMUNITY}{int(other[-3:]) + 3:03d}"


def test_codes_that_are_used_up_are_refused(draft: Edition, by: User) -> None:
    like = Area.objects.get(code=f"{COMMUNITY}001")
    taken = set(Area.objects.filter(code__startswith=COMMUNITY).values_list("code", flat=True))
    codes = [f"{COMMUNITY}{n:03d}" for n in range(1, 1000)]
    Area.objects.bulk_create(
        Area(code=code, level="grid", kind="basic", name="试", parent_id=like.parent_id)
        for code in codes
        if code not in taken
    )
    code, line = cuttable(draft)
    with pytest.raises(Unprocessable, match="已用完"):
        draw(draft, drawing.split(code, line), by)


# ---- merge and hand over ---------------------------------------------------------------------------------------


def test_a_merge_adds_the_counts_and_keeps_the_lowest_code(draft: Edition, by: User) -> None:
    one, other = neighbours(draft)
    done = draw(draft, drawing.merge([other, one]), by)
    registered = Area.objects.in_bulk([one, other])
    for counted in COUNTS:
        assert getattr(row(draft, one), counted) == sum(getattr(it, counted) for it in registered.values())
    assert done.gone == (other,)
    assert not DraftArea.objects.filter(edition=draft, code=other).standing().exists()
    check_whole(draft)


def test_a_merge_may_keep_the_other_code(draft: Edition, by: User) -> None:
    one, other = neighbours(draft)
    assert draw(draft, drawing.merge([one, other], into=other), by).pieces[0].code == other


def test_a_waiver_does_not_outlive_the_shape_it_was_given_for(draft: Edition, by: User) -> None:
    one, other = neighbours(draft)
    DraftArea.objects.filter(pk=row(draft, one).pk).update(size_waiver="高层住宅集中")
    done = draw(draft, drawing.merge([one, other]), by)
    assert any("高层住宅集中" in note for note in done.notes)
    assert row(draft, one).size_waiver == ""


def test_a_strip_moves_with_its_people(draft: Edition, by: User) -> None:
    giver, taker = neighbours(draft)
    before = drafts.shapes(draft)
    done = draw(draft, drawing.hand_over(giver, taker, strip(draft, giver, taker)), by)
    rest, whole = done.pieces
    after = drafts.shapes(draft)
    assert after[giver].area < before[giver].area
    assert after[giver].area + after[taker].area == pytest.approx(before[giver].area + before[taker].area, rel=1e-12)
    for counted in COUNTS:
        registered = Area.objects.filter(code__in=[giver, taker]).values_list(counted, flat=True)
        assert rest.counts[counted] + whole.counts[counted] == sum(registered)  # type: ignore[operator]
    check_whole(draft)


def test_ground_for_another_community_moves_its_line_too(draft: Edition, by: User) -> None:
    giver, taker = neighbours(draft, same=False)
    before = drafts.shapes(draft)
    draw(draft, drawing.hand_over(giver, taker, strip(draft, giver, taker)), by)
    after = drafts.shapes(draft)
    assert after[giver[:12]].area < before[giver[:12]].area
    assert after[taker[:12]].area > before[taker[:12]].area
    check_whole(draft)


def test_the_outer_line_of_the_scope_keeps_its_corners(db: None, by: User) -> None:
    edition = drafts.begin("一个社区", None, on=DAY, by=None, at=AT, scope=COMMUNITY)
    outline = shapely.from_wkb(bytes(Area.objects.get(code=COMMUNITY).boundaries.get().geom.wkb))
    for code, shape in list(grids(edition).items())[:4]:
        for share in (0.5, 0.3, 0.7):
            with contextlib.suppress(Unprocessable):
                draw(edition, drawing.split(code, across(shape, share)), by)
                break
        ground = shapely.coverage_union_all(list(grids(edition).values()))
        assert edges_of(ground) == edges_of(outline)
    assert edition.steps.filter(kind="split").count() >= 3


# ---- undo, conflicts, refusals ---------------------------------------------------------------------------------


def test_undoing_every_step_brings_back_every_bit(draft: Edition, by: User) -> None:
    begun = bits(draft)
    stages = [begun]
    code, line = cuttable(draft)
    draw(draft, drawing.split(code, line), by)
    stages.append(bits(draft))
    draw(draft, drawing.merge(neighbours(draft)), by)
    stages.append(bits(draft))
    giver, taker = neighbours(draft)
    draw(draft, drawing.hand_over(giver, taker, strip(draft, giver, taker)), by)
    check_whole(draft)
    for stage in reversed(stages):
        drafts.undo(draft, step_id=drawing.last_step(draft), by=by, at=AT)
        assert bits(draft) == stage


def test_looking_changes_nothing(draft: Edition) -> None:
    code, line = cuttable(draft)
    before = bits(draft)
    done = drawing.look(draft, drawing.split(code, line), step_id=drawing.last_step(draft), at=AT)
    assert len(done.pieces) == 2
    assert bits(draft) == before
    assert draft.steps.count() == 1


def test_a_draft_that_has_changed_meanwhile_is_a_conflict(draft: Edition, by: User) -> None:
    step = drawing.last_step(draft)
    draw(draft, drawing.merge(neighbours(draft)), by)
    before = bits(draft)
    code, line = cuttable(draft)
    with pytest.raises(Conflict, match="已被他人修改"):
        drawing.draw(draft, drawing.split(code, line), step_id=step, by=by, at=AT)
    assert bits(draft) == before


@pytest.mark.parametrize(
    ("code", "words"), [(COMMUNITY, "不是二级网格"), (f"{COMMUNITY}999", "没有网格"), ("360702001001001", "没有网格")]
)
def test_what_is_no_grid_of_the_draft_is_refused(draft: Edition, by: User, code: str, words: str) -> None:
    with pytest.raises(Unprocessable, match=words):
        draw(draft, drawing.split(code, shapely.LineString([(114, 25), (115, 26)])), by)


def test_a_code_that_stands_twice_is_refused_and_its_line_still_shared(draft: Edition, by: User) -> None:
    one, other = neighbours(draft)
    double = row(draft, other)
    DraftArea.objects.create(edition=draft, code=other, name="重复", made_by=draft.steps.get(), geom=None)
    with pytest.raises(Unprocessable, match="出现多次"):
        draw(draft, drawing.merge([one, other]), by)
    DraftArea.objects.filter(pk=double.pk).update(code="坏编码")
    DraftArea.objects.filter(edition=draft, name="重复").delete()
    shape, step = grids(draft, TOWN)[one], drawing.last_step(draft)
    replaced: set[int] = set()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        for line in (across(shape, share), shapely.affinity.rotate(across(shape, share), 90, origin=shape.centroid)):
            with contextlib.suppress(Unprocessable):
                replaced |= set(drawing.look(draft, drawing.split(one, line), step_id=step, at=AT).replaced)
    assert double.pk in replaced


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT (114.9 25.8)",
        "POLYGON EMPTY",
        "LINESTRING (114 25, 115 26)",
        "POLYGON ((-90 1, -90 2, -91 2, -90 1))",
        "POLYGON ((114.9 25.8, 114.91 25.81, 114.91 25.8, 114.9 25.81, 114.9 25.8))",
    ],
)
def test_beside_rows_that_are_no_good_the_others_can_be_drawn(
    draft: Edition, cast: Cast, as_user: AsUser, by: User, wkt: str
) -> None:
    bad, code = f"{COMMUNITY}998", cuttable(draft)[0]
    DraftArea.objects.create(edition=draft, code=bad, made_by=draft.steps.get(), geom=GEOSGeometry(wkt, srid=4490))
    shown = as_user(cast.clerk).get(f"/registry/editions/{draft.pk}/draft.geojson")
    assert shown.status_code == 200
    json.loads(shown.content, parse_constant=pytest.fail)
    draw(draft, drawing.split(code, across(grids(draft)[code])), by)
    with pytest.raises(Unprocessable, match=f"{bad}|没有碰到网格"):
        draw(draft, drawing.split(bad, shapely.LineString([(114, 25), (115, 26)])), by)


def test_a_refusal_says_where(draft: Edition, by: User) -> None:
    code, _ = cuttable(draft)
    inside = grids(draft)[code].point_on_surface()
    short = shapely.LineString([(inside.x, inside.y), (inside.x + 0.00002, inside.y)])
    with pytest.raises(Unprocessable, match="没有完全穿过网格") as refused:
        draw(draft, drawing.split(code, short), by)
    lon, lat = refused.value.more["place"]
    assert shapely.Point(lon, lat).distance(inside) < 0.0001


# ---- over the web ----------------------------------------------------------------------------------------------


def post(client: Client, edition: Edition, what: str, **fields: Any) -> Any:
    return client.post(f"/registry/editions/{edition.pk}/{what}", {"step": drawing.last_step(edition)} | fields)


def as_json(line: shapely.Geometry) -> str:
    return json.dumps(shapely.get_coordinates(line).tolist())


def test_a_split_is_looked_at_done_and_undone(draft: Edition, cast: Cast, as_user: AsUser) -> None:
    client = as_user(cast.clerk)
    code, line = cuttable(draft)
    asked = {"code": code, "line": as_json(line), "coord": "cgcs2000"}
    looked = post(client, draft, "edits/split", preview="1", **asked)
    assert looked.status_code == 200
    assert draft.steps.count() == 1
    done = post(client, draft, "edits/split", **asked)
    assert done.status_code == 200
    assert done.json()["features"] == looked.json()["features"]
    step = draft.steps.order_by("-pk")[0]
    assert (step.kind, step.by) == (DraftStep.Kind.SPLIT, cast.clerk)
    assert done.json()["draft"]["step"] == step.pk
    assert [detail["code"] for detail in step.details] == [it["id"] for it in done.json()["features"]]
    assert "新网格" in step.details[1]["sentence"]
    assert done.json()["draft"]["steps"][0]["sentence"] == done.json()["sentence"] == step.sentence

    shown = client.get(f"/registry/editions/{draft.pk}/draft.geojson").json()
    by_code = {it["id"]: it for it in shown["features"]}
    new = done.json()["features"][1]
    assert by_code[new["id"]]["geometry"] == new["geometry"]
    # A neighbour with a new corner is not redrawn.
    drawn = {it["id"] for it in done.json()["features"]}
    assert {code for code, it in by_code.items() if it["properties"]["changed"]} == drawn
    assert step.made.count() > len(drawn)
    assert by_code[COMMUNITY]["properties"]["level"] == "community"
    assert not by_code[COMMUNITY]["properties"]["lowest"]
    assert shown["draft"] == done.json()["draft"]

    assert post(client, draft, "undo", step=step.pk - 1).status_code == 409
    assert post(client, draft, "undo").status_code == 200
    assert draft.steps.count() == 1
    assert post(client, draft, "undo").status_code == 409


def test_merge_and_hand_over_are_asked_for_in_the_same_way(draft: Edition, cast: Cast, as_user: AsUser) -> None:
    client = as_user(cast.centre)
    giver, taker = neighbours(draft)
    ring = as_json(strip(draft, giver, taker).exterior)
    over = post(client, draft, "edits/hand-over", giver=giver, taker=taker, line=ring, coord="cgcs2000")
    assert over.status_code == 200
    merged = post(client, draft, "edits/merge", codes=f"{giver}, {taker}", into=taker)
    assert merged.json()["gone"] == [giver]
    assert [step.kind for step in draft.steps.all()] == ["copy", "hand_over", "merge"]
    assert post(client, draft, "undo").status_code == 200
    shown = client.get(f"/registry/editions/{draft.pk}/draft.geojson").json()
    assert {it["id"] for it in shown["features"] if it["properties"]["changed"]} == {giver, taker}


@pytest.mark.parametrize(
    ("fields", "status", "parameter"),
    [
        ({"line": "[[114, 25], [115"}, 400, "line"),
        ({"line": "[[114, 25]]"}, 400, "line"),
        ({"line": "[[114, 25, 3], [115, 26, 3]]"}, 400, "line"),
        ({"line": '[["a", 25], [115, 26]]'}, 400, "line"),
        ({"line": "[[1e400, 25], [115, 26]]"}, 400, "line"),
        ({"line": "[[NaN, 25], [115, 26]]"}, 400, "line"),
        ({"line": "[" * 5000}, 400, "line"),
        ({"line": json.dumps([[114 + n / 1000, 25] for n in range(600)])}, 400, "line"),
        ({"coord": ""}, 400, "coord"),
        ({"coord": "epsg:3857"}, 400, "coord"),
        ({"step": "x"}, 400, "step"),
        ({"code": "1" * 16}, 400, "code"),
        ({"code": "360702003005\x00"}, 400, "code"),
        ({"step": "99999999999999999999"}, 409, ""),
        ({"line": "[[114.9, 25.8], [114.9, 25.8]]"}, 422, ""),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_says_so(
    draft: Edition, cast: Cast, as_user: AsUser, fields: dict[str, str], status: int, parameter: str
) -> None:
    asked = {"code": f"{COMMUNITY}001", "line": "[[114.9, 25.8], [114.95, 25.9]]", "coord": "cgcs2000"} | fields
    answer = post(as_user(cast.clerk), draft, "edits/split", **asked)
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json().get("parameter", "") == parameter
    assert draft.steps.count() == 1


def test_only_keepers_of_the_scope_may_draw(draft: Edition, cast: Cast, as_user: AsUser) -> None:
    elsewhere = User.objects.filter(
        person__appointments__role="centre_clerk", person__appointments__organisation__area="360702101"
    ).first()
    assert elsewhere is not None
    for user, status in ((None, 401), (cast.worker, 403), (cast.department, 403), (elsewhere, 403)):
        client = as_user(user)
        for what in ("edits/split", "edits/merge", "edits/hand-over", "undo"):
            assert post(client, draft, what).status_code == status
        assert client.get(f"/registry/editions/{draft.pk}/draft.geojson").status_code == status
    assert as_user(cast.clerk).get("/registry/editions/999999/draft.geojson").status_code == 404
    assert as_user(cast.clerk).get(f"/registry/editions/{draft.pk}/draw/").status_code == 200
    assert post(as_user(cast.clerk), draft, "edits/erase").status_code == 404


def test_what_is_no_draft_any_more_cannot_be_drawn_in(draft: Edition, cast: Cast, as_user: AsUser) -> None:
    drafts.abandon(draft, by=cast.clerk, at=AT)
    one, other = neighbours(draft)
    assert post(as_user(cast.clerk), draft, "edits/merge", codes=f"{one},{other}", preview="1").status_code == 409
    assert as_user(cast.clerk).get(f"/registry/editions/{draft.pk}/draw/").status_code == 409


def test_a_form_without_its_token_is_refused(draft: Edition, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.clerk)
    assert post(client, draft, "edits/merge", codes="1,2").status_code == 403
