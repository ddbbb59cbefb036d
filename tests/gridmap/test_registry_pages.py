"""The registry's pages: what a form does, what is refused and how, and that nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from gridmap.models import Appointment, Boundary, DraftLineage, DraftStaffing, Edition, Lineage, PartyOrganisation
from gridmap.registry.uploads import file_name
from gridmap.roles import Role
from tests.conftest import Cast
from tests.gridmap.redrawn import (
    HANDED_FROM,
    MERGED_AWAY,
    MERGED_INTO,
    NEW_NAME,
    RENAMED,
    SPLIT,
    SPLIT_NEW,
    TOWN,
    areas,
    changed,
    redrawn,
    write_geojson,
)

pytestmark = pytest.mark.django_db

EDITIONS = "/registry/editions/"
IMPORT = f"{EDITIONS}import/"
AsUser = Callable[[User | None], Client]


@pytest.fixture
def keeper(cast: Cast, as_user: AsUser) -> Client:
    """Somebody of the district centre."""
    return as_user(cast.centre)


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    """The town redrawn, without a fault: a split and a new name."""
    return write_geojson(tmp_path / "town.geojson", redrawn(below=TOWN)).read_bytes()


def sent(content: bytes, called: str = "town.geojson", **more: str) -> dict[str, Any]:
    """The import form as filled in."""
    return {"file": SimpleUploadedFile(called, content), "name": "二〇二七年调整", "coord": "cgcs2000"} | more


def begun(client: Client, content: bytes, **more: str) -> Edition:
    """A draft kept through the form."""
    response = client.post(IMPORT, sent(content, do="keep", **more))
    assert response.status_code == 302, words(response)
    edition = Edition.objects.latest("pk")
    assert response["Location"] == page(edition)
    return edition


def page(edition: Edition, rest: str = "") -> str:
    return f"{EDITIONS}{edition.pk}/{rest}"


def words(response: Any) -> str:
    return html.unescape(response.content.decode())


# ---- who -----------------------------------------------------------------------------------------------------------


def test_keepers_see_the_door_and_others_do_not(cast: Cast, as_user: AsUser) -> None:
    for somebody, sees in ((cast.centre, True), (cast.clerk, True), (cast.worker, False), (None, False)):
        assert ('href="/registry/"' in words(as_user(somebody).get("/"))) is sees


def test_a_town_s_centre_draws_its_own_town_only(cast: Cast, as_user: AsUser, file: bytes, tmp_path: Path) -> None:
    clerk = as_user(cast.clerk)
    assert cast.grid.startswith(TOWN)
    assert begun(clerk, file).scope == TOWN
    elsewhere = write_geojson(tmp_path / "other.geojson", redrawn(below="360702002")).read_bytes()
    refused = clerk.post(IMPORT, sent(elsewhere, do="keep", name="别人的镇街"))
    assert refused.status_code == 403, words(refused)
    assert "您的岗位不能编制" in words(refused)
    assert not Edition.objects.filter(name="别人的镇街").exists()


# ---- beginning a draft ---------------------------------------------------------------------------------------------


def test_a_trial_shows_what_would_be_and_keeps_nothing(keeper: Client, file: bytes) -> None:
    before = list(Edition.objects.values_list("pk", flat=True))
    response = keeper.post(IMPORT, sent(file, do="check"))
    assert response.status_code == 200
    shown = words(response)
    assert "没有写入任何东西" in shown
    assert NEW_NAME in shown
    assert SPLIT_NEW in shown
    assert 'value="二〇二七年调整"' in shown
    assert list(Edition.objects.values_list("pk", flat=True)) == before


def test_a_draft_is_kept_with_its_lineage_and_staffing_proposed(keeper: Client, cast: Cast, file: bytes) -> None:
    edition = begun(keeper, file)
    assert (edition.scope, edition.created_by, edition.source) == (TOWN, cast.centre, "town.geojson")
    assert DraftLineage.objects.get(edition=edition).successor == SPLIT_NEW
    assert DraftStaffing.objects.get(edition=edition).code == SPLIT_NEW
    shown = words(keeper.get(page(edition)))
    assert "拆分" in shown
    assert "更名" in shown
    assert "党组织应与网格同步设置" in shown


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"not a map", "town.geojson", "内容不是 GeoJSON"),
        (b"", "town.geojson", "文件是空的"),
        (b"PK\x03\x04 broken", "town.zip", "town.zip"),
        (b'{"type":"FeatureCollection","features":[]}', "town.exe", "不支持这种文件"),
        (b'{"type":"FeatureCollection","features":[]}', "../../etc/town.geojson", "town.geojson"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(
    keeper: Client, content: bytes, name: str, said: str
) -> None:
    before = Edition.objects.count()
    response = keeper.post(IMPORT, sent(content, name, do="keep", code_field="bm"))
    assert response.status_code == 422
    shown = words(response)
    assert said in shown
    assert 'value="二〇二七年调整"' in shown
    assert 'value="bm"' in shown
    assert '<option value="cgcs2000" selected>' in shown
    assert Edition.objects.count() == before


def test_a_file_without_a_named_system_is_refused(keeper: Client, file: bytes) -> None:
    response = keeper.post(IMPORT, sent(file, do="check", coord=""))
    assert response.status_code == 422
    assert "文件没有写明坐标系" in words(response).split('id="id_coord"')[1]


def test_a_file_too_large_is_refused_with_the_limit(keeper: Client, file: bytes, settings: Any) -> None:
    settings.MAX_AREA_FILE = len(file) - 1
    response = keeper.post(IMPORT, sent(file, do="check"))
    assert response.status_code == 422
    assert "的上限" in words(response)


def test_a_request_too_long_is_refused_before_it_is_read(keeper: Client, settings: Any) -> None:
    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    def send(path: str) -> Any:
        return keeper.generic(
            "POST",
            path,
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(settings.MAX_REQUEST + 1),
            **{"wsgi.input": Unread()},
        )

    response = send(IMPORT)
    assert response.status_code == 413
    assert "80.0 MB 的上限" in words(response).replace("\xa0", " ")
    refused = send("/api/v1/cases")
    assert (refused.status_code, refused.json()["code"]) == (413, "too-large")


def test_a_name_that_is_taken_is_said_at_the_field(keeper: Client, file: bytes) -> None:
    begun(keeper, file)
    response = keeper.post(IMPORT, sent(file, do="keep"))
    assert response.status_code == 409
    assert "已有名为" in words(response)


def test_uploaded_names_cannot_leave_their_folder() -> None:
    assert "/" not in file_name("../../etc/passwd")
    assert file_name("网格" * 60 + ".geojson") == ("网格" * 60)[:60] + ".geojson"
    assert file_name("...") == "file"


def test_a_draft_begins_as_the_boundaries_in_force(keeper: Client) -> None:
    response = keeper.post(f"{EDITIONS}copy/", {"name": "照现行", "scope": TOWN})
    edition = Edition.objects.get(name="照现行")
    assert response["Location"] == page(edition)
    shown = words(keeper.get(page(edition)))
    assert "与现行边界没有差异" in shown
    assert "草稿与现行边界没有差别，无需发布" in shown
    assert keeper.post(f"{EDITIONS}copy/", {"name": "照现行", "scope": TOWN}).status_code == 409
    assert keeper.post(f"{EDITIONS}copy/", {"name": "别处", "scope": "110101"}).status_code == 422


# ---- working on it ---------------------------------------------------------------------------------------------------


def test_one_area_is_described_anew_and_the_step_undone(keeper: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    row = edition.draft_areas.standing().get(code=SPLIT)
    found = words(keeper.get(f"{page(edition)}?find={SPLIT}"))
    assert f'name="row" value="{row.pk}"' in found
    given = {"row": row.pk, "code": SPLIT, "name": "改了的名称", "kind": row.kind, "size_waiver": row.size_waiver}
    given |= {it: getattr(row, it) for it in ("households", "residents", "enterprises", "party_members")}

    response = keeper.post(page(edition, "describe/"), given)
    assert response["Location"] == page(edition, "#check")
    assert "改了的名称" in words(keeper.get(page(edition)))
    now = edition.draft_areas.standing().get(code=SPLIT)
    refused = keeper.post(page(edition, "describe/"), given | {"row": now.pk, "code": "12"})
    assert refused.status_code == 422
    assert "编码应为 6、9、12 或 15 位数字" in words(refused)
    stale = keeper.post(page(edition, "describe/"), given | {"name": "再改"})
    assert stale.status_code == 409
    assert 'value="再改"' in words(stale)
    assert "已被他人修改" in words(stale)

    step = edition.steps.latest("pk")
    assert keeper.post(page(edition, "steps/undo/"), {"step": step.pk})["Location"] == page(edition, "#history")
    assert edition.draft_areas.standing().get(code=SPLIT).name == row.name
    again = keeper.post(page(edition, "steps/undo/"), {"step": step.pk})
    assert again.status_code == 409
    assert keeper.post(page(edition, "steps/undo/"), {"step": "x"}).status_code == 409


def test_lineage_is_corrected_by_hand(keeper: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    row = DraftLineage.objects.get(edition=edition)
    removed = keeper.post(page(edition, f"lineage/{row.pk}/remove/"))
    assert removed["Location"] == page(edition, "#lineage")
    assert f"新编码 {SPLIT_NEW} 的土地原属其他区域" in words(keeper.get(page(edition)))
    wrong = {"predecessor": SPLIT, "successor": "360702003005999", "kind": "split"}
    refused = keeper.post(page(edition, "lineage/"), wrong)
    assert refused.status_code == 422
    assert "不是草稿中的区域" in words(refused)
    assert 'value="360702003005999"' in words(refused)
    keeper.post(page(edition, "lineage/"), wrong | {"successor": SPLIT_NEW})
    row = DraftLineage.objects.get(edition=edition)
    assert (row.successor, row.by_hand) == (SPLIT_NEW, True)
    assert 0.3 < row.share < 0.7


def test_staffing_is_asked_for_and_its_refusal_shown_in_place(keeper: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    given = {"code": SPLIT_NEW, "party_name": "第8网格党支部", "party_kind": "branch", "leader": "nobody"}
    refused = keeper.post(page(edition, "staffing/"), given)
    assert refused.status_code == 422
    assert "没有工号为 nobody 的人员" in words(refused)
    assert 'value="第8网格党支部"' in words(refused)
    both = keeper.post(page(edition, "staffing/"), given | {"leader": "", "exemption": "以后再设"})
    assert both.status_code == 422
    assert "只取其一" in words(both)
    keeper.post(page(edition, "staffing/"), given | {"leader": "", "vacancy": "正在招聘"})
    row = DraftStaffing.objects.get(edition=edition)
    assert (row.party_name, row.vacancy, row.by_hand) == ("第8网格党支部", "正在招聘", True)


def test_a_draft_is_abandoned_and_can_only_be_read(keeper: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    assert keeper.post(page(edition, "abandon/")).status_code == 302
    shown = words(keeper.get(page(edition)))
    assert "只供查阅" in shown
    assert "abandon/" not in shown
    assert keeper.post(page(edition, "propose/")).status_code == 409


def test_what_is_drawn_on_the_map_is_geojson(keeper: Client, tmp_path: Path) -> None:
    shapes = {code: it for code, it in changed().items() if code.startswith(TOWN)}
    corner = shapely.get_coordinates(shapes[SPLIT])[0]
    shapes[SPLIT] = shapely.union(shapes[SPLIT], shapely.Point(corner).buffer(0.0003))
    edition = begun(keeper, write_geojson(tmp_path / "over.geojson", areas(shapes)).read_bytes())
    drawn = keeper.get(page(edition, "changes.geojson"))
    assert drawn["Content-Type"] == "application/geo+json"
    by_code = {it["id"]: it for it in drawn.json()["features"]}
    assert by_code[SPLIT_NEW]["properties"] == {
        "code": SPLIT_NEW,
        "name": "南外街道示范05社区第8网格",
        "level": "grid",
        "change": "split",
        "gone": False,
    }
    ring = shapely.from_geojson(json.dumps(by_code[SPLIT_NEW]["geometry"]))
    assert shapely.is_ccw(shapely.get_exterior_ring(shapely.get_geometry(ring, 0)))
    found = keeper.get(page(edition, "findings.geojson")).json()["features"]
    overlap = next(it for it in found if it["properties"]["kind"] == "overlap")
    assert overlap["properties"]["severity"] == "error"
    assert "重叠" in overlap["properties"]["sentence"]
    shown = words(keeper.get(f"{page(edition)}?severity=error&kind=overlap"))
    assert "错误" in shown
    assert "第8网格：" not in shown.split('class="registry-table stacks findings-table"')[1].split("</table>")[0]


# ---- approval, publication, cases --------------------------------------------------------------------------------------


@pytest.fixture
def second(cast: Cast, as_user: AsUser) -> Client:
    """Another of the district centre, who had no hand in the draft."""
    somebody = User.objects.create_user("second")
    post = Appointment.objects.get(person__user=cast.centre, role=Role.DISTRICT_CENTRE_STAFF)
    person = post.person
    person.pk, person.user = "SECOND", somebody
    person.save(force_insert=True)
    Appointment.objects.create(
        person=person, role=post.role, organisation=post.organisation, valid_from=dt.date(2020, 1, 1)
    )
    return as_user(somebody)


def test_approved_by_a_second_published_at_a_day_and_cases_given_their_area(
    keeper: Client, second: Client, file: bytes, settings: Any
) -> None:
    edition = begun(keeper, file)
    early = second.post(page(edition, "approve/"))
    assert early.status_code == 409
    assert "党组织应与网格同步设置" in words(early)
    keeper.post(page(edition, "staffing/excuse/"), {"reason": "名册随后报送"})

    own = keeper.post(page(edition, "approve/"))
    assert own.status_code == 403
    assert "批准须由未参与编制的人进行" in words(own)
    assert second.post(page(edition, "approve/"))["Location"] == page(edition, "#approval")
    today = timezone.localdate()
    past = second.post(page(edition, "publish/"), {"valid_from": today - dt.timedelta(days=3)})
    assert past.status_code == 409
    assert "早于今天" in words(past)
    assert second.post(page(edition, "publish/"), {"valid_from": "soon"}).status_code == 422

    assert second.post(page(edition, "publish/"), {"valid_from": today}).status_code == 302
    edition.refresh_from_db()
    assert (edition.state, edition.valid_from) == ("published", today)
    assert Boundary.objects.on(today).filter(area=SPLIT_NEW).exists()
    assert Lineage.objects.get(edition=edition).successor_id == SPLIT_NEW
    assert not PartyOrganisation.objects.filter(area=SPLIT_NEW).exists()

    shown = words(second.get(page(edition)))
    assert "开始归入" in shown
    for _ in range(20):
        progress = second.post(page(edition, "reroute/"), headers={"Accept": "application/json"}).json()
        if progress["finished"]:
            break
    assert progress["finished"]
    assert progress["done"] == progress["total"] > 0
    edition.refresh_from_db()
    assert edition.rerouted_at is not None
    assert "已完成" in words(second.get(page(edition)))
    assert keeper.post(page(edition, "propose/")).status_code == 409


def test_an_approval_is_withdrawn_by_a_change_and_by_hand(keeper: Client, second: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    keeper.post(page(edition, "staffing/excuse/"), {"reason": "名册随后报送"})
    second.post(page(edition, "approve/"))
    edition.refresh_from_db()
    assert edition.state == "approved"
    assert second.post(page(edition, "withdraw/"))["Location"] == page(edition, "#approval")
    second.post(page(edition, "approve/"))
    row = DraftLineage.objects.get(edition=edition)
    keeper.post(page(edition, "lineage/"), {"predecessor": SPLIT, "successor": row.successor, "kind": "recode"})
    edition.refresh_from_db()
    assert edition.state == "draft"


def test_a_published_edition_shows_what_it_drew_and_what_it_ended(
    keeper: Client, second: Client, tmp_path: Path
) -> None:
    edition = begun(keeper, write_geojson(tmp_path / "district.geojson", redrawn()).read_bytes())
    keeper.post(page(edition, "staffing/excuse/"), {"reason": "名册随后报送"})
    second.post(page(edition, "approve/"))
    last = {it["id"]: it["geometry"] for it in keeper.get("/api/v1/areas.geojson").json()["features"]}
    second.post(page(edition, "publish/"), {"valid_from": timezone.localdate()})
    shown = keeper.get(page(edition, "changes.geojson")).json()["features"]
    said = {it["id"]: (it["properties"]["change"], it["properties"]["gone"]) for it in shown}
    assert len(said) == len(shown)
    assert {code: said[code] for code in (MERGED_AWAY, MERGED_INTO, SPLIT_NEW, HANDED_FROM, RENAMED)} == {
        MERGED_AWAY: ("merge", True),
        MERGED_INTO: ("merge", False),
        SPLIT_NEW: ("split", False),
        HANDED_FROM: ("moved", False),
        RENAMED: ("renamed", False),
    }
    assert [it["geometry"] for it in shown if it["properties"]["gone"]] == [last[MERGED_AWAY]]
    (first,) = Edition.objects.filter(name="示意版")
    founded = keeper.get(page(first, "changes.geojson")).json()["features"]
    assert {it["properties"]["change"] for it in founded} == {"new"}


def test_cases_go_on_without_scripts_too(keeper: Client, second: Client, file: bytes) -> None:
    edition = begun(keeper, file)
    refused = second.post(page(edition, "reroute/"))
    assert refused.status_code == 409
    keeper.post(page(edition, "staffing/excuse/"), {"reason": "名册随后报送"})
    second.post(page(edition, "approve/"))
    second.post(page(edition, "publish/"), {"valid_from": timezone.localdate()})
    response = second.post(page(edition, "reroute/"), follow=True)
    assert response.redirect_chain == [(page(edition, "#reroute"), 302)]
    assert "全部完成" in words(response)


def test_the_overview_counts_what_is_in_force(keeper: Client) -> None:
    shown = words(keeper.get("/registry/"))
    assert ">727<" in shown
    assert ">143<" in shown
    assert "示意版" in shown
