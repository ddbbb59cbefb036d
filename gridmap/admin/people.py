"""People, the posts they hold, and staff moved down to the towns."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from gridmap.admin.filters import InForceFilter, TownFilter
from gridmap.admin.rows import ApartInTime, Kept, Tabular
from gridmap.models import Appointment, Person, StationedStaff


class HeldApart(ApartInTime):
    """The same post is not held twice at a time."""

    same = ("role", "area", "organisation")
    refusal = "同一任职的日期重叠，请合并或改日期 (the same post twice at a time)"


class AppointmentInline(Tabular):
    """The posts of one person."""

    model = Appointment
    formset = HeldApart
    fields = ("role", "area", "organisation", "part_time", "valid_from", "valid_until")
    autocomplete_fields = ("area", "organisation")
    extra = 0
    ordering = ("-valid_from", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        """With the names of the places."""
        return super().get_queryset(request).select_related("area", "organisation")


@admin.register(Person)
class PersonAdmin(Kept):
    """Everybody who holds a post; residents are never registered."""

    list_display = ("code", "name", "phone", "party_member", "posts", "user")
    list_display_links = ("code", "name")
    list_filter = ("appointments__role", "party_member", ("user", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = (
        "name",
        "code__startswith",
        "phone",
        "appointments__area__name",
        "appointments__organisation__name",
    )
    search_help_text = "姓名、工作电话、任职的区域或机构，工号的开头"
    autocomplete_fields = ("user",)
    inlines = (AppointmentInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        """With the posts held today."""
        held = Appointment.objects.on(timezone.localdate()).select_related("area", "organisation").order_by("role")
        return super().get_queryset(request).prefetch_related(Prefetch("appointments", held, to_attr="held"))

    @admin.display(description="现任")
    def posts(self, person: Any) -> str:
        """Every post held today, in one line."""
        return ";".join(f"{post.get_role_display()} {_place(post)}" for post in person.held) or "—"


def _place(post: Appointment) -> str:
    if post.area is not None:
        return post.area.name
    return post.organisation.name if post.organisation is not None else ""


@admin.register(Appointment)
class AppointmentAdmin(Kept):
    """Who is what, where and when."""

    list_display = ("person", "role", "place", "part_time", "valid_from", "valid_until")
    list_filter = ("role", InForceFilter, "part_time", TownFilter)
    list_select_related = ("person", "area", "organisation")
    search_fields = ("person__name", "person__code__startswith", "area__name", "organisation__name")
    search_help_text = "姓名、区域或机构名称，工号的开头"
    autocomplete_fields = ("person", "area", "organisation")
    date_hierarchy = "valid_from"

    @admin.display(description="任职单位")
    def place(self, post: Appointment) -> str:
        """The area or the organisation."""
        return _place(post)


@admin.register(StationedStaff)
class StationedStaffAdmin(Kept):
    """Posts moved down from departments: owned there, managed and used here."""

    list_display = ("post", "person", "home", "area", "mode", "valid_from", "valid_until")
    list_display_links = ("post", "person")
    list_filter = (
        "mode",
        TownFilter,
        ("home", admin.RelatedOnlyFieldListFilter),
        ("person", admin.EmptyFieldListFilter),
        InForceFilter,
    )
    list_select_related = ("person", "home", "area")
    search_fields = ("post__startswith", "person__name", "home__name", "area__name")
    search_help_text = "姓名、派出部门、镇街，编制号的开头"
    autocomplete_fields = ("person", "home", "area")
    date_hierarchy = "valid_from"
