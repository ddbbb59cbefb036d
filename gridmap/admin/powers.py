"""Delegated powers with their guides and the units they are given to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest

from gridmap.admin.filters import InForceFilter, TownFilter
from gridmap.admin.rows import ApartInTime, Kept, Stacked, Tabular
from gridmap.models import DelegatedPower, PowerGrant, ServiceGuide


class GrantedApart(ApartInTime):
    """A power is not given twice to a unit at a time."""

    same = ("area",)
    refusal = "同一镇街的赋权日期重叠，请合并或改日期 (granted twice at a time)"


class GuideInline(Stacked):
    """The guide, all of it or none."""

    model = ServiceGuide
    extra = 0


class GrantInline(Tabular):
    """The units the power is given to."""

    model = PowerGrant
    formset = GrantedApart
    autocomplete_fields = ("area",)
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[PowerGrant]:
        """With the units' names."""
        return super().get_queryset(request).select_related("area").order_by("area", "valid_from")


@admin.register(DelegatedPower)
class DelegatedPowerAdmin(Kept):
    """Powers departments hand down."""

    list_display = ("code", "name", "kind", "department", "batch", "granted", "guided", "valid_from", "valid_until")
    list_display_links = ("code", "name")
    list_filter = ("kind", "batch", ("department", admin.RelatedOnlyFieldListFilter), InForceFilter)
    list_select_related = ("department",)
    search_fields = ("name", "code__startswith", "department__name", "document")
    search_help_text = "名称、赋权部门、依据文件，编码的开头"
    autocomplete_fields = ("department",)
    date_hierarchy = "valid_from"
    inlines = (GuideInline, GrantInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With how many units have it, and whether it has a guide."""
        guides = ServiceGuide.objects.filter(power=OuterRef("pk"))
        powers: QuerySet[Any] = super().get_queryset(request).annotate(granted=Count("grants"), guided=Exists(guides))
        return powers

    @admin.display(description="赋权镇街数", ordering="granted")
    def granted(self, power: Any) -> int:
        """Units it was given to."""
        return int(power.granted)

    @admin.display(description="指南", boolean=True)
    def guided(self, power: Any) -> bool:
        """Whether it has a guide."""
        return bool(power.guided)


@admin.register(PowerGrant)
class PowerGrantAdmin(Kept):
    """One power given to one unit."""

    list_display = ("power", "area", "valid_from", "valid_until")
    list_filter = (TownFilter, InForceFilter, "power__kind")
    list_select_related = ("power", "area")
    search_fields = ("power__name", "power__code__startswith", "area__name")
    autocomplete_fields = ("power", "area")
    date_hierarchy = "valid_from"


@admin.register(ServiceGuide)
class ServiceGuideAdmin(Kept):
    """How to use a delegated power."""

    list_display = ("power", "time_limit", "contact_name", "contact_phone")
    list_select_related = ("power",)
    search_fields = ("power__name", "conditions", "basis", "contact_name")
    autocomplete_fields = ("power",)
