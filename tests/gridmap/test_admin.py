"""The admin's lists: few statements however long they are, and rows found by Chinese words."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.forms import ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import reverse

from cases.models import Case, Category, TraceEvent, Workday
from gridmap.admin.rows import ReadOnly
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Building,
    DelegatedPower,
    Organisation,
    PartyOrganisation,
    Person,
    StationedStaff,
)
from tests.gridmap.administration import GRID, keeper, page

__all__ = ["keeper"]
pytestmark = pytest.mark.django_db
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
