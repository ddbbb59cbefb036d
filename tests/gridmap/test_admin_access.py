"""Who may come into the admin, what they see there, and that nobody rewrites history."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from cases.models import Case, Delivery, Photo, Reporter, TraceEvent, Voice
from gridmap.models import Area, Boundary, Edition, Person, River
from tests.gridmap.administration import GRID, keeper, page, prefixed

__all__ = ["keeper"]
pytestmark = pytest.mark.django_db
HISTORY = (Boundary, Case, Photo, River, TraceEvent, Voice)


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


def test_no_filter_of_deliveries_feels_its_way_to_a_webhook_s_secret(keeper: Client) -> None:
    assert keeper.get(page(Delivery, "changelist"), {"webhook__secret__startswith": "a"}).status_code == 400
    assert keeper.get(page(Delivery, "changelist"), {"fate": "given-up"}).status_code == 200


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
