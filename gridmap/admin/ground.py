"""Areas, editions, boundaries and where they came from."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, QuerySet
from django.forms import Media
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from gridmap.admin import maps
from gridmap.admin.filters import AreaTownFilter, InForceFilter
from gridmap.admin.rows import Kept, ReadOnly, ReadOnlyInline
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    DataVersion,
    Edition,
    Lineage,
    PartyOrganisation,
    River,
)


class PostsHere(ReadOnlyInline):
    """Who holds or held a post for the area."""

    model = Appointment
    fields = ("person", "role", "part_time", "valid_from", "valid_until")
    show_change_link = True
    verbose_name_plural = "在此任职"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        """With the people's names."""
        return super().get_queryset(request).select_related("person").order_by("role", "-valid_from")


class PartyHere(ReadOnlyInline):
    """The area's party organisations."""

    model = PartyOrganisation
    fields = ("name", "kind", "secretary", "established_on")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartyOrganisation]:
        """With the secretaries' names."""
        return super().get_queryset(request).select_related("secretary")


@admin.register(Area)
class AreaAdmin(Kept):
    """An area's place in the tree comes with an edition; what is known of it is kept here."""

    list_display = (
        "code",
        "name",
        "level",
        "kind",
        "above",
        "urban",
        "households",
        "residents",
        "enterprises",
        "party_members",
        "complexity",
    )
    list_display_links = ("code", "name")
    list_filter = ("level", "kind", AreaTownFilter, "urban", "complexity", ("size_waiver", admin.EmptyFieldListFilter))
    list_select_related = ("parent",)
    search_fields = ("name", "code__startswith")
    search_help_text = "名称的一部分，或编码的开头"
    readonly_fields = ("level", "kind", "parent", "square_metres", "map")
    fieldsets = (
        (None, {"fields": (("code", "level", "kind"), "parent", "name", "urban")}),
        ("边界", {"fields": ("map", "square_metres")}),
        (
            "规模",
            {
                "fields": (
                    ("households", "residents"),
                    ("enterprises", "party_members"),
                    "complexity",
                    "villager_groups",
                    "size_waiver",
                ),
                "description": "城镇二级网格 300—500 户、不超过 1000 人，超过的写明豁免理由；村民小组以英文逗号分隔。",
            },
        ),
    )
    formfield_overrides = {ArrayField: {"widget": AdminTextInputWidget}}
    inlines = (PostsHere, PartyHere)

    @property
    def media(self) -> Media:
        """With the map's."""
        return super().media + maps.MEDIA

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Areas are made by importing an edition."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Area | None = None) -> bool:
        """Areas end with their boundaries; their row stays."""
        return False

    @admin.display(description="上级", ordering="parent")
    def above(self, area: Area) -> str:
        """The name of the area above; its code is the beginning of this one's."""
        return area.parent.name if area.parent else "—"

    @admin.display(description="现行边界")
    def map(self, area: Area) -> SafeString:
        """The boundary in force."""
        boundary = _in_force(area)
        return maps.drawing(boundary.geojson if boundary else None, label=f"{area.name}的现行边界")

    @admin.display(description="面积")
    def square_metres(self, area: Area) -> str:
        """Of the boundary in force, in hectares."""
        boundary = _in_force(area)
        return hectares(boundary.area_m2) if boundary else "—"


def _in_force(area: Area) -> Boundary | None:
    return Boundary.objects.on(timezone.localdate()).filter(area=area).defer("geom").first()


def hectares(square_metres: float | None) -> str:
    """An extent as people here say it."""
    return "—" if square_metres is None else f"{square_metres / 10_000:,.2f} 公顷"


@admin.register(Edition)
class EditionAdmin(Kept):
    """A draft may still be named; what is published stays as it was."""

    list_display = ("name", "state", "valid_from", "schematic", "source", "boundary_count", "published_at")
    list_filter = ("state", "schematic")
    search_fields = ("name", "source")
    date_hierarchy = "valid_from"
    readonly_fields = ("state", "valid_from", "created_at", "published_at", "boundary_count")
    fields = ("name", "state", "valid_from", "source", "schematic", "created_at", "published_at", "boundary_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of boundaries in each."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(boundary_count=Count("boundaries"))
        return rows

    @admin.display(description="边界数", ordering="boundary_count")
    def boundary_count(self, edition: Any) -> int:
        """How many boundaries it holds."""
        return int(edition.boundary_count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Editions are imported."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        """Drafts only."""
        return super().has_change_permission(request, obj) and (obj is None or obj.state == Edition.State.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        """Nobody: a draft is abandoned, and that is remembered."""
        return False


@admin.register(Boundary)
class BoundaryAdmin(ReadOnly):
    """Shapes through time."""

    list_display = ("area", "edition", "valid_from", "valid_until", "extent")
    list_filter = (InForceFilter, "area__level", "edition")
    list_select_related = ("area", "edition")
    search_fields = ("area__name", "area__code__startswith", "edition__name")
    search_help_text = "区域名称或编码，版本名称"
    date_hierarchy = "valid_from"
    fields = ("area", "edition", "valid_from", "valid_until", "extent", "map")

    @property
    def media(self) -> Media:
        """With the map's."""
        return super().media + maps.MEDIA

    def get_queryset(self, request: HttpRequest) -> QuerySet[Boundary]:
        """Without the coordinates, which a list has no use for."""
        return super().get_queryset(request).defer("geom", "geojson")

    @admin.display(description="面积", ordering="area_m2")
    def extent(self, boundary: Boundary) -> str:
        """In hectares."""
        return hectares(boundary.area_m2)

    @admin.display(description="边界")
    def map(self, boundary: Boundary) -> SafeString:
        """This shape, in force or not."""
        return maps.drawing(boundary.geojson, label=f"{boundary.area}的边界")


@admin.register(Lineage)
class LineageAdmin(ReadOnly):
    """Which areas came from which."""

    list_display = ("predecessor", "kind", "successor", "edition")
    list_filter = ("kind", "edition")
    list_select_related = ("predecessor", "successor", "edition")
    search_fields = ("predecessor__name", "successor__name", "predecessor__code", "successor__code")


@admin.register(River)
class RiverAdmin(ReadOnly):
    """Rivers come with the ground they divide."""

    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name", "map")

    @property
    def media(self) -> Media:
        """With the map's."""
        return super().media + maps.MEDIA

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the line as GeoJSON."""
        lines: QuerySet[Any] = super().get_queryset(request).annotate(line=AsGeoJSON("geom", precision=7))
        return lines.defer("geom")

    @admin.display(description="中心线")
    def map(self, river: Any) -> SafeString:
        """Its course."""
        return maps.drawing(river.line, label=f"{river.name}的中心线")


@admin.register(DataVersion)
class DataVersionAdmin(ReadOnly):
    """How often each collection has changed."""

    list_display = ("collection", "slot", "changes")
    list_filter = ("collection",)
    search_fields = ("collection",)
