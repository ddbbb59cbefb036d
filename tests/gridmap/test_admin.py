"""The admin: found by Chinese words, few statements, history untouched, refusals in sentences."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection
from django.forms import ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from cases.models import Case, Category, Photo, Reporter, TraceEvent, Voice, Workday
from gridmap.admin.rows import ReadOnly, refusal
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Building,
    DelegatedPower,
    Edition,
    Organisation,
    PartyOrganisation,
    Person,
    PowerGrant,
    River,
    ServiceGuide,
    StationedStaff,
)

pytestmark = pytest.mark.django_db
GRID = "360702001001001"
HISTORY = (Boundary, Case, Photo, River, TraceEvent, Voice)


@pytest.fixture
def keeper(client: Client) -> Client:
    client.force_login(User.objects.get(username="admin"))
    return client


def page(model: type, name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def prefixed(prefix: str, rows: list[dict[str, object]], *, initial: int = 0) -> dict[str, object]:
    """The fields of an inline formset as a browser sends them."""
    fields: dict[str, object] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


OURS = [model for model in admin.site._registry if model._meta.app_label in ("gridmap", "cases")]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_list_costs_the_same_however_many_rows_it_has(model, keeper, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(16):
        answer = keeper.get(page(model, "changelist"), {"all": ""} if model is Category else {})
    assert answer.status_code == 200
    assert str(model._meta.verbose_name) in answer.content.decode()


@pytest.mark.parametrize(
    ("model", "words", "expected"),
    [
        (Area, "解放街道示范01社区", "360702001001"),
        (Area, "360702003005", "360702003005002"),
        (Person, "赵示范0144", "P0144"),
        (Person, "沙石镇", "网格"),
        (Building, "解放街道示范01社区第1网格1号楼", "360702001001001-01"),
        (Organisation, "城管", "区城管局"),
        (PartyOrganisation, "党支部", "党支部"),
        (DelegatedPower, "户外广告", "Q002"),
        (StationedStaff, "解放街道", "S001"),
        (Appointment, "钱示范0001", "网格长"),
        (Category, "路灯", "0301"),
        (Workday, "National", "20"),
        (Case, "路灯", "路灯不亮"),
        (TraceEvent, "20240", "20240"),
        (Boundary, "解放街道", "示意版"),
    ],
    ids=lambda it: getattr(it, "__name__", it),
)
def test_words_find_rows(model, words: str, expected: str, keeper: Client) -> None:
    answer = keeper.get(page(model, "changelist"), {"q": words})
    found = answer.context["cl"].result_list
    assert found
    assert expected in answer.content.decode()
    if model is Area:
        assert len(found) < Area.objects.count()


def test_nothing_of_another_word_is_found(keeper: Client) -> None:
    assert not keeper.get(page(Area, "changelist"), {"q": "没有这个地方"}).context["cl"].result_list


def test_filters_narrow(keeper: Client) -> None:
    towns = keeper.get(page(Area, "changelist"), {"level": "grid", "town": "360702001"}).context["cl"]
    assert towns.result_count == Area.objects.filter(level="grid", code__startswith="360702001").count()
    over = keeper.get(page(Appointment, "changelist"), {"time": "over"}).context["cl"]
    assert over.result_count == 0
    now = keeper.get(page(Appointment, "changelist"), {"time": "now"}).context["cl"]
    assert now.result_count == Appointment.objects.count()


def test_every_own_model_can_be_opened(keeper: Client, django_assert_max_num_queries) -> None:
    for model in OURS:
        first = model._default_manager.first()
        if first is None:
            continue
        with django_assert_max_num_queries(30):
            answer = keeper.get(page(model, "change", first.pk))
        assert answer.status_code == 200, model


def _writable(keeper: Client) -> list[tuple[object, object]]:
    """Every form and inline form of ours somebody can write to, with its model."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="admin")
    pages = [admin.site._registry[model] for model in OURS if not isinstance(admin.site._registry[model], ReadOnly)]
    inlines = [inline for it in pages for inline in it.get_inline_instances(request)]
    return [(it, it.get_formset(request).form) for it in inlines if it.has_change_permission(request)] + [
        (it, it.get_form(request)) for it in pages
    ]


def test_rows_of_large_tables_are_found_by_typing(keeper: Client) -> None:
    large = (Area, Person, Organisation, Building, User, DelegatedPower)
    asked = 0
    for holder, form in _writable(keeper):
        for name, field in form.base_fields.items():
            parent = getattr(holder, "parent_model", None)  # an inline's form is given its own
            if isinstance(field, ModelChoiceField) and field.queryset.model in set(large) - {parent}:
                assert name in holder.autocomplete_fields, (holder, name)
                asked += 1
    assert asked >= 15
    answer = keeper.get(
        reverse("admin:autocomplete"),
        {"app_label": "gridmap", "model_name": "appointment", "field_name": "area", "term": "解放街道示范01社区第1"},
    )
    assert any(row["id"] == GRID for row in answer.json()["results"])


# ---- who may come in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["", "worker", "centre"])
def test_nobody_but_staff_comes_in(who: str, cast, client: Client) -> None:
    if who:
        client.force_login(getattr(cast, who))
    for address in (reverse("admin:index"), page(Area, "changelist"), page(Case, "changelist")):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))
    before = Person.objects.get(code="P0001").name
    client.post(page(Person, "change", "P0001"), {"name": "改"})
    assert Person.objects.get(code="P0001").name == before


def test_reporters_are_not_in_the_admin(keeper: Client) -> None:
    assert Reporter not in admin.site._registry
    with pytest.raises(NoReverseMatch):
        page(Reporter, "changelist")


def test_a_case_shows_neither_its_reporter_nor_its_secrets(keeper: Client) -> None:
    case = Case.objects.latest("id")
    Reporter.objects.create(case=case, name="周某某", phone="13812345678")
    text = keeper.get(page(Case, "change", case.pk)).content.decode()
    assert case.number in text
    for secret in ("周某某", "13812345678", case.track_code, str(case.client_id), case.content_digest):
        assert secret not in text


@pytest.mark.parametrize(
    "lookup", ["track_code__startswith", "client_id", "reporter__phone__startswith", "content_digest__gt"]
)
def test_no_filter_feels_its_way_to_a_secret(lookup: str, keeper: Client) -> None:
    assert keeper.get(page(Case, "changelist"), {lookup: "A"}).status_code == 400
    assert keeper.get(page(TraceEvent, "changelist"), {f"case__{lookup}": "A"}).status_code == 400


def test_staff_see_the_cases_of_their_own_ground_only(cast, client: Client) -> None:
    clerk = cast.worker
    clerk.is_staff = True
    clerk.save()
    models = ["case", "traceevent", "photo"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=[f"view_{name}" for name in models]))
    client.force_login(clerk)
    mine = set(Case.objects.filter(area__code__startswith=cast.grid).values_list("pk", flat=True))
    assert 0 < len(mine) < 100
    shown = client.get(page(Case, "changelist"), {"all": ""}).context["cl"]
    assert set(shown.queryset.values_list("pk", flat=True)) == mine
    traces = client.get(page(TraceEvent, "changelist")).context["cl"].queryset
    assert set(traces.values_list("case", flat=True)) == mine
    other = Case.objects.exclude(pk__in=mine).first()
    assert client.get(page(Case, "change", other.pk)).status_code == 302
    assert client.get(page(Person, "changelist")).status_code == 403


# ---- history ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model.__name__)
def test_history_refuses_to_be_written(model, keeper: Client) -> None:
    if model is Voice:
        Voice.objects.create(
            case=Case.objects.latest("id"),
            client_id="7a1f9f0e-0000-4000-8000-000000000001",
            at=dt.datetime(2026, 6, 30, tzinfo=dt.UTC),
        )
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()
    count = model.objects.count()
    assert keeper.post(page(model, "change", row.pk), {"name": "改", "verb": "改"}).status_code == 403
    assert keeper.get(page(model, "add")).status_code == 403
    assert keeper.post(page(model, "add"), {}).status_code == 403
    assert keeper.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    keeper.post(page(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model.objects.count() == count
    assert model.objects.filter(pk=row.pk).values().get() == before


def test_a_published_edition_stays_as_it_is_and_a_draft_may_be_named(keeper: Client, now: dt.datetime) -> None:
    published = Edition.objects.get()
    assert keeper.post(page(Edition, "change", published.pk), {"name": "改"}).status_code == 403
    draft = Edition.objects.create(name="草稿一", created_at=now)
    answer = keeper.post(page(Edition, "change", draft.pk), {"name": "草稿二", "source": "实测", "state": "published"})
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.name, draft.state) == ("草稿二", "draft")
    assert keeper.post(page(Edition, "delete", draft.pk), {"post": "yes"}).status_code == 403


def test_an_area_keeps_its_code_and_place_whatever_is_sent(keeper: Client) -> None:
    area = Area.objects.get(code=GRID)
    sent = {
        "code": "999999",
        "level": "town",
        "parent": "",
        "name": "改了名的网格",
        "urban": "on",
        "households": 400,
        "residents": 900,
        "enterprises": 1,
        "party_members": 2,
        "complexity": 2,
        "villager_groups": "",
        "size_waiver": "",
        **prefixed("appointments", []),
        **prefixed("party_organisations", []),
    }
    assert keeper.post(page(Area, "change", GRID), sent).status_code == 302
    after = Area.objects.get(code=GRID)
    assert after.name == "改了名的网格"
    assert (after.level, after.parent_id) == (area.level, area.parent_id)
    assert not Area.objects.filter(code="999999").exists()
    assert keeper.get(page(Area, "add")).status_code == 403
    assert keeper.post(page(Area, "delete", GRID), {"post": "yes"}).status_code == 403
    answer = keeper.post(page(Area, "change", GRID), sent | {"complexity": 7})
    assert "治理复杂程度应为 1、2 或 3" in answer.content.decode()


# ---- refusals in sentences -------------------------------------------------------------------------------------


def refused(answer: object, sentence: str) -> None:
    assert answer.status_code == 200  # type: ignore[attr-defined]
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert sentence in text
    assert "请更正" in text


CHIEF = {"role": "grid_chief", "area": "360702001001", "valid_from": "2020-01-01"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "该区域在这段日期内已有网格长"),
        ({"person": "P0001"}, "该区域在这段日期内已有网格长"),
        ({"role": "grid_worker", "organisation": "360702-D01"}, "只填其一"),
        ({"role": "grid_worker", "area": ""}, "只填其一"),
        ({"role": "grid_worker", "valid_until": "2019-12-31"}, "截止日期应晚于起始日期"),
        ({"valid_until": "2020-01-01"}, "截止日期应晚于起始日期"),
        ({"person": "P0001", "role": "party_secretary"}, "此人在这段日期内已任同一区域的同一角色"),
        ({"valid_from": "去年"}, "输入一个有效的日期"),
        ({"area": "000"}, "选择一个有效的选项"),
    ],
)
def test_an_appointment_is_refused_in_words(change: dict[str, str], sentence: str, keeper: Client) -> None:
    before = Appointment.objects.count()
    refused(keeper.post(page(Appointment, "add"), {"person": "P0002"} | CHIEF | change), sentence)
    assert Appointment.objects.count() == before


def test_a_good_appointment_is_saved(keeper: Client) -> None:
    sent = {"person": "P0002", "role": "grid_worker", "area": GRID, "valid_from": "2026-07-01", "part_time": "on"}
    assert keeper.post(page(Appointment, "add"), sent).status_code == 302
    assert Appointment.objects.filter(person="P0002", area=GRID, part_time=True).exists()


def test_two_overlapping_rows_sent_together_are_refused(keeper: Client) -> None:
    row = {"role": "grid_worker", "area": GRID, "valid_from": "2026-01-01"}
    person = {"code": "N1", "name": "新人", "phone": "", "user": ""}
    sent = person | prefixed("appointments", [row, row | {"valid_from": "2026-03-01"}])
    refused(keeper.post(page(Person, "add"), sent), "同一任职的日期重叠")
    assert not Person.objects.filter(code="N1").exists()
    apart = person | prefixed("appointments", [row | {"valid_until": "2026-03-01"}, row | {"valid_from": "2026-03-01"}])
    assert keeper.post(page(Person, "add"), apart).status_code == 302
    assert Appointment.objects.filter(person="N1").count() == 2


def test_the_key_of_a_row_is_written_once(keeper: Client) -> None:
    posts = [
        {"id": it.pk, "role": it.role, "area": it.area_id or "", "valid_from": it.valid_from.isoformat()}
        for it in Appointment.objects.filter(person="P0001").order_by("-valid_from", "role")
    ]
    sent = {"code": "OTHER", "name": "钱改名", "phone": "1", "user": ""}
    sent |= prefixed("appointments", [it | {"person": "P0001"} for it in posts], initial=len(posts))
    answer = keeper.post(page(Person, "change", "P0001"), sent)
    assert answer.status_code == 302, answer.content.decode()
    assert not Person.objects.filter(code="OTHER").exists()
    assert Person.objects.get(code="P0001").name == "钱改名"


GUIDE = {
    "conditions": "条件",
    "basis": "依据",
    "process": "流程",
    "time_limit": "即办",
    "contact_name": "某人",
    "contact_phone": "1",
}
POWER = {
    "code": "N1",
    "batch": "二批",
    "department": "360702-D01",
    "kind": "approval",
    "name": "新事项",
    "valid_from": "2026-01-01",
}


def test_a_guide_with_an_empty_field_is_refused(keeper: Client) -> None:
    guide = prefixed("guide", [GUIDE | {"process": " "}]) | prefixed("grants", [])
    refused(keeper.post(page(DelegatedPower, "add"), POWER | guide), "该字段是必填项")
    whole = prefixed("guide", [GUIDE]) | prefixed("grants", [{"area": "360702001", "valid_from": "2026-01-01"}])
    assert keeper.post(page(DelegatedPower, "add"), POWER | whole).status_code == 302
    assert ServiceGuide.objects.get(power="N1").process == "流程"
    assert PowerGrant.objects.filter(power="N1").count() == 1


def test_a_grant_is_not_given_twice(keeper: Client) -> None:
    grant = {"area": "360702001", "valid_from": "2026-01-01"}
    twice = prefixed("guide", []) | prefixed("grants", [grant, grant])
    refused(keeper.post(page(DelegatedPower, "add"), POWER | twice), "同一镇街的赋权日期重叠")
    again = {"power": "Q001", "area": "360702001", "valid_from": "2026-01-01"}
    refused(keeper.post(page(PowerGrant, "add"), again), "已赋予该镇街")


@pytest.mark.parametrize(
    ("model", "sent", "sentence"),
    [
        (
            PartyOrganisation,
            {"code": "N1", "kind": "branch", "name": "错层", "area": "360702001001", "established_on": "2026-01-01"},
            "类型与层级不符",
        ),
        (
            PartyOrganisation,
            {"code": "N1", "kind": "functional", "name": "无楼宇", "established_on": "2026-01-01"},
            "类型与层级不符",
        ),
        (
            Organisation,
            {"code": "N1", "kind": "authority", "name": "无模式", "area": "360702001"},
            "镇街应选机构模式",
        ),
        (
            Organisation,
            {"code": "N1", "kind": "office", "name": "多模式", "area": "360702001", "template": "town_4_1_2"},
            "镇街应选机构模式",
        ),
        (
            StationedStaff,
            {
                "post": "N1",
                "home": "360702-D01",
                "area": "360702001",
                "mode": "dual",
                "valid_from": "2026-02-01",
                "valid_until": "2026-01-01",
            },
            "截止日期应晚于起始日期",
        ),
        (Person, {"code": "P0001", "name": "重号"} | prefixed("appointments", []), "已存在"),
        (
            Category,
            {"code": "0699", "parent": "0601", "name": "第三层", "limit_amount": 1, "limit_unit": "working_days"},
            "大类应是没有上级的类别",
        ),
        (Workday, {"date": "2026-10-01", "works": "on"}, "已存在"),
    ],
)
def test_a_row_is_refused_in_words(model, sent: dict[str, object], sentence: str, keeper: Client) -> None:
    before = model.objects.count()
    refused(keeper.post(page(model, "add"), sent), sentence)
    assert model.objects.count() == before


def test_a_party_organisation_on_its_level_is_saved(keeper: Client) -> None:
    sent = {"code": "N1", "kind": "group", "name": "对层", "area": GRID, "established_on": "2026-01-01"}
    assert keeper.post(page(PartyOrganisation, "add"), sent).status_code == 302


def test_a_top_category_with_parts_stays_on_top(keeper: Client) -> None:
    sent = {"parent": "01", "name": "环境污染", "limit_amount": 2, "limit_unit": "working_days"}
    refused(keeper.post(page(Category, "change", "02"), sent), "下面还有小类")


def test_whoever_was_quicker_is_told_of_in_words(keeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The form asks the database before it saves; here somebody else saves in between.
    monkeypatch.setattr(Appointment, "validate_constraints", lambda self, exclude=None: None)
    answer = keeper.post(page(Appointment, "add"), {"person": "P0002"} | CHIEF, follow=True)
    assert "没有保存：该区域在这段日期内已有网格长" in answer.content.decode()


def test_a_refusal_without_a_name_is_a_sentence_too() -> None:
    assert "没有保存" in refusal(IntegrityError("?"))


# ---- the point of a building -----------------------------------------------------------------------------------

BUILDING = {"code": "N1", "kind": "commercial", "name": "新楼", "address": "某路 1 号", "area": GRID} | {
    "households": "0",
    "residents": "0",
}


def test_a_point_is_stored_as_typed(keeper: Client) -> None:
    answer = keeper.post(page(Building, "add"), BUILDING | {"point_lon": " 114.9332641", "point_lat": "25.8717549"})
    assert answer.status_code == 302
    point = Building.objects.get(code="N1").point
    assert (point.srid, point.x, point.y) == (4490, 114.9332641, 25.8717549)
    text = keeper.get(page(Building, "change", "N1")).content.decode()
    assert 'value="114.9332641"' in text
    keeper.post(page(Building, "change", "N1"), BUILDING | {"point_lon": "114.94", "point_lat": "25.87"})
    assert Building.objects.get(code="N1").point.x == 114.94


@pytest.mark.parametrize(
    ("lon", "lat", "sentence"),
    [
        ("", "", "请在地图上点出位置"),
        ("114.9", "", "经度应为 -180 至 180 的数字"),
        ("东经", "25.8", "经度应为 -180 至 180 的数字"),
        ("25.8", "114.9", "经度应为 -180 至 180 的数字"),
        ("nan", "25.8", "经度应为 -180 至 180 的数字"),
        ('"><script>', "25.8", "经度应为 -180 至 180 的数字"),
    ],
)
def test_what_is_no_point_is_refused_and_shown_again(lon: str, lat: str, sentence: str, keeper: Client) -> None:
    answer = keeper.post(page(Building, "add"), BUILDING | {"point_lon": lon, "point_lat": lat})
    refused(answer, sentence)
    assert "<script>" not in answer.content.decode().split('name="point_lon"')[1].split("</p>")[0]
    if lon == "东经":
        assert 'value="东经"' in answer.content.decode()


def test_a_map_shows_the_boundary_in_force(keeper: Client) -> None:
    text = keeper.get(page(Area, "change", GRID)).content.decode()
    assert 'data-geojson="{&quot;type&quot;:&quot;MultiPolygon&quot;' in text
    assert reverse("api-geojson", args=["areas"]) in text
    assert "openlayers" not in text.lower()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gridmap_boundary SET valid_until = '2020-01-01' WHERE area_id = %s", [GRID])
    assert "没有生效的边界" in keeper.get(page(Area, "change", GRID)).content.decode()


def test_pages_may_load_from_the_site_only(keeper: Client) -> None:
    for address in (reverse("admin:index"), page(Building, "add"), page(Area, "change", GRID)):
        answer = keeper.get(address)
        assert answer["Content-Security-Policy"].startswith("default-src 'self'")
        assert "http://" not in answer.content.decode().replace("http://www.w3.org", "")
        assert "https://" not in answer.content.decode()


def test_the_pages_carry_the_name_of_the_site(keeper: Client, settings) -> None:
    assert settings.SITE_NAME in keeper.get(reverse("admin:index")).content.decode()


def test_the_trace_speaks_as_people_do(keeper: Client) -> None:
    answer = keeper.get(page(TraceEvent, "changelist"), {"verb": "close"})
    assert {event.verb for event in answer.context["cl"].result_list} == {"close"}
    text = answer.content.decode()
    assert "核实结项" in text
    assert answer.context["cl"].result_list[0].actor.first_name in text
