"""Organisations, party organisations and buildings."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.gis.db.models import PointField
from django.db.models import QuerySet
from django.http import HttpRequest

from gridmap.admin.filters import TownFilter
from gridmap.admin.maps import PointWidget
from gridmap.admin.rows import Kept, ReadOnlyInline
from gridmap.models import Appointment, Building, Organisation, PartyOrganisation


class StaffHere(ReadOnlyInline):
    """Who holds or held a post in the organisation."""

    model = Appointment
    fields = ("person", "role", "part_time", "valid_from", "valid_until")
    show_change_link = True
    verbose_name_plural = "在此任职"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        """With the people's names."""
        return super().get_queryset(request).select_related("person").order_by("role", "-valid_from")


@admin.register(Organisation)
class OrganisationAdmin(Kept):
    """Departments, towns and subdistricts and their offices, centres, committees."""

    list_display = ("code", "name", "kind", "area", "parent", "template")
    list_display_links = ("code", "name")
    list_filter = ("kind", "template", TownFilter)
    list_select_related = ("area", "parent")
    search_fields = ("name", "code__startswith", "area__name")
    search_help_text = "机构或辖区名称，编码的开头"
    autocomplete_fields = ("area", "parent")
    inlines = (StaffHere,)


@admin.register(PartyOrganisation)
class PartyOrganisationAdmin(Kept):
    """Party organisations on grids, in communities and in buildings."""

    list_display = ("code", "name", "kind", "area", "building", "secretary", "established_on")
    list_display_links = ("code", "name")
    list_filter = ("kind", TownFilter)
    list_select_related = ("area", "building", "secretary")
    search_fields = ("name", "code__startswith", "secretary__name")
    search_help_text = "名称、书记姓名，编码的开头"
    autocomplete_fields = ("area", "building", "secretary")
    date_hierarchy = "established_on"


@admin.register(Building)
class BuildingAdmin(Kept):
    """Commercial and residential buildings, each with its place on the map."""

    list_display = ("code", "name", "kind", "area", "address")
    list_display_links = ("code", "name")
    list_filter = ("kind", TownFilter)
    list_select_related = ("area",)
    search_fields = ("name", "address", "code__startswith")
    search_help_text = "名称、地址，编码的开头"
    autocomplete_fields = ("area",)
    formfield_overrides = {
        PointField: {
            "widget": PointWidget,
            "error_messages": {
                "required": "请在地图上点出位置，或填写经度和纬度 (a place is needed)",
                "invalid_geom": "经度应为 -180 至 180 的数字，纬度应为 -90 至 90 的数字 (not a place)",
            },
        }
    }
