"""Filters beside the lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from gridmap.models import Area


class TownFilter(admin.SimpleListFilter):
    """Rows on the ground of one town or subdistrict; ``code_field`` leads to an area's code."""

    title = "镇街"
    parameter_name = "town"
    code_field = "area__code"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The towns and subdistricts."""
        return list(Area.objects.filter(level="town").values_list("code", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Everything below the one chosen."""
        return queryset.filter(**{f"{self.code_field}__startswith": self.value()}) if self.value() else queryset


class AreaTownFilter(TownFilter):
    """The same for areas themselves."""

    code_field = "code"


class InForceFilter(admin.SimpleListFilter):
    """Dated rows by where today lies."""

    title = "时效"
    parameter_name = "time"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Now, before, to come."""
        return [("now", "现行"), ("over", "已截止"), ("ahead", "未开始")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows in force today, over, or ahead."""
        today = timezone.localdate()
        chosen = {
            "now": Q(valid_from__lte=today) & (Q(valid_until=None) | Q(valid_until__gt=today)),
            "over": Q(valid_until__lte=today),
            "ahead": Q(valid_from__gt=today),
        }
        return queryset.filter(chosen[self.value() or ""]) if self.value() in chosen else queryset
