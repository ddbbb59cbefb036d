"""Cases in the admin: categories and the calendar are kept here, cases and their trace only looked at.

Reporters are not here at all: who they are is read on the case's page, by those who handle it, and traced.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases.models import (
    Case,
    Category,
    CategoryPower,
    Delivery,
    Notice,
    Photo,
    Responsibility,
    TraceEvent,
    Voice,
    Webhook,
    Workday,
)
from cases.serializers import OTHER_DEEDS
from cases.workflow import VERBS
from gridmap.admin.filters import TownFilter
from gridmap.admin.rows import Kept, ReadOnly, ReadOnlyInline
from gridmap.duties import standing_for

# Whoever knows the follow-up code may speak as the reporter; whoever knows a webhook's secret, as this site.
SECRET = frozenset({"track_code", "client_id", "content_digest", "reporter", "secret"})


@admin.register(Category)
class CategoryAdmin(Kept):
    """What can be reported, and the time allowed."""

    list_display = ("code", "name", "parent", "limit_amount", "limit_unit", "sensitive", "icon")
    list_display_links = ("code", "name")
    list_filter = ("sensitive", "limit_unit", ("parent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("parent",)
    search_fields = ("name", "code__startswith")
    autocomplete_fields = ("parent",)
    fieldsets = (
        (
            None,
            {
                "fields": ("code", "parent", "name", "icon", ("limit_amount", "limit_unit"), "sensitive"),
                "description": "改动只对以后的上报生效；已上报事项的时限和公开位置不变。",
            },
        ),
    )


@admin.register(Responsibility)
class ResponsibilityAdmin(Kept):
    """Which office of a town answers for what; the centre is shown it when it dispatches, and may choose another."""

    list_display = ("category", "office", "town")
    list_filter = (("category", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("category", "office__area")
    search_fields = ("category__name", "office__name")
    autocomplete_fields = ("category", "office")

    @admin.display(description="镇街")
    def town(self, rule: Responsibility) -> str:
        """The name of the office's town."""
        return rule.office.area.name


@admin.register(CategoryPower)
class CategoryPowerAdmin(Kept):
    """Which handed-down power cases of a category fall under: a town that has it is asked before it calls the district."""

    list_display = ("category", "power")
    list_filter = (("category", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("category", "power")
    search_fields = ("category__name", "power__name")
    autocomplete_fields = ("category", "power")


@admin.register(Workday)
class WorkdayAdmin(Kept):
    """Holidays and made-up workdays; a date not listed is worked from Monday to Friday."""

    fieldsets = (
        (
            None,
            {
                "fields": ("date", "works", "note"),
                "description": "改动只对以后算出的时限生效；正在办的，改完以后运行"
                " manage.py recalculate_deadlines --since 改动的第一天，重算并留痕。",
            },
        ),
    )
    list_display = ("date", "works", "note")
    list_filter = ("works",)
    search_fields = ("note",)
    date_hierarchy = "date"
    ordering = ("-date",)


class OnOwnGround(ReadOnly):
    """History of cases, as far as this person may see the case itself; ``case_path`` leads to it."""

    case_path = "case"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The one rule about who sees which case holds here too."""
        standing = standing_for(request)
        rows = super().get_queryset(request)
        if standing.everything:
            return rows
        return rows.filter(**{f"{self.case_path}__in": Case.objects.visible_to(standing).values("pk")})

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """No filter in an address may feel its way to a secret letter by letter."""
        return not SECRET.intersection(lookup.split("__")) and super().lookup_allowed(lookup, value, request)


DEEDS = OTHER_DEEDS | {verb.name: verb.label for verb in VERBS.values()}


class Deeds:
    """Shows the trace as people say it."""

    @admin.display(description="动作", ordering="verb")
    def deed(self, event: TraceEvent) -> str:
        """The label of the verb."""
        return DEEDS.get(event.verb, event.verb)

    @admin.display(description="经办人", ordering="actor")
    def who(self, event: TraceEvent) -> str:
        """The name of who did it."""
        return (event.actor.get_full_name() or event.actor.get_username()) if event.actor else "—"


class DeedFilter(admin.SimpleListFilter):
    """Rows of one verb."""

    title = "动作"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every verb there is."""
        return list(DEEDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The one chosen."""
        return queryset.filter(verb=self.value()) if self.value() else queryset


class TraceInline(Deeds, ReadOnlyInline):
    """Everything that was done to the case."""

    model = TraceEvent
    fields = ("seq", "at", "deed", "who", "role", "from_state", "to_state")
    readonly_fields = ("deed", "who")
    ordering = ("seq",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TraceEvent]:
        """With who did it."""
        return super().get_queryset(request).select_related("actor")


class PhotoInline(ReadOnlyInline):
    """The case's photos."""

    model = Photo
    fields = ("kind", "picture", "width", "height", "at")
    readonly_fields = ("picture",)

    @admin.display(description="照片")
    def picture(self, photo: Photo) -> SafeString:
        """A link to it; the photo's own page asks again who may see it."""
        return picture_link(photo)


def picture_link(photo: Photo) -> SafeString:
    """A link that opens the photo."""
    return format_html('<a href="{}">查看</a>', reverse("case-photo", args=[photo.case.number, photo.pk]))


class CurrentTownFilter(TownFilter):
    """By where the place lies now."""

    code_field = "current_area__code"


@admin.register(Case)
class CaseAdmin(OnOwnGround):
    """Cases to look at; they are acted upon on their own pages."""

    case_path = "pk"
    list_display = ("number", "category", "current_area", "state", "channel", "reported_at", "due_at", "closed_at")
    list_filter = (
        "state",
        ("category", admin.RelatedOnlyFieldListFilter),
        "channel",
        "kind",
        "route_method",
        "route_uncertain",
        CurrentTownFilter,
    )
    list_select_related = ("category", "current_area")
    search_fields = ("number__startswith", "text", "address", "current_area__name")
    search_help_text = "编号的开头，描述、地址或网格名称的一部分"
    date_hierarchy = "reported_at"
    fieldsets = (
        (None, {"fields": (("number", "page"), ("kind", "category"), "text", ("channel", "state"))}),
        (
            "位置",
            {
                "fields": (
                    ("current_area", "area"),
                    "address",
                    ("route_method", "route_distance_m", "route_uncertain"),
                    "route_candidates",
                    ("coord", "accuracy_m"),
                )
            },
        ),
        (
            "时间",
            {"fields": ("occurred_at", "reported_at", "due_at", "closed_at", "voices_count")},
        ),
    )
    inlines = (TraceInline, PhotoInline)

    @admin.display(description="办理")
    def page(self, case: Case) -> SafeString:
        """Where it is acted upon."""
        return format_html('<a href="{}">打开事项页面</a>', reverse("case", args=[case.number]))


@admin.register(TraceEvent)
class TraceEventAdmin(Deeds, OnOwnGround):
    """The sealed trace."""

    list_display = ("case", "seq", "at", "deed", "who", "role", "from_state", "to_state")
    list_filter = (DeedFilter, "role", "to_state")
    list_select_related = ("case", "actor")
    search_fields = ("case__number__startswith", "actor__first_name", "actor__username")
    search_help_text = "事项编号的开头，经办人姓名或账号"
    date_hierarchy = "at"
    ordering = ("-id",)
    fields = ("case", "seq", "at", "deed", "who", "role", "from_state", "to_state", "payload", "previous", "seal")
    readonly_fields = ("deed", "who")


@admin.register(Photo)
class PhotoAdmin(OnOwnGround):
    """Photos of places."""

    list_display = ("case", "kind", "at", "width", "height")
    list_filter = ("kind",)
    list_select_related = ("case",)
    search_fields = ("case__number__startswith",)
    date_hierarchy = "at"
    fields = ("case", "kind", "picture", "width", "height", "at")

    @admin.display(description="照片")
    def picture(self, photo: Photo) -> SafeString:
        """A link to it."""
        return picture_link(photo)


@admin.register(Voice)
class VoiceAdmin(OnOwnGround):
    """Who said "it is the same"."""

    list_display = ("case", "at", "text")
    list_select_related = ("case",)
    search_fields = ("case__number__startswith", "text")
    date_hierarchy = "at"
    fields = ("case", "at", "text")


@admin.register(Webhook)
class WebhookAdmin(Kept):
    """Where the systems of organisations are told what their desks are told."""

    list_display = ("organisation", "url", "active")
    list_filter = ("active",)
    list_select_related = ("organisation",)
    search_fields = ("organisation__name", "url")
    autocomplete_fields = ("organisation",)


class Fate(admin.SimpleListFilter):
    """Deliveries by what became of them."""

    title = "结果"
    parameter_name = "fate"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three there are."""
        return [("delivered", "已送达"), ("waiting", "待送"), ("given-up", "已放弃")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The one chosen."""
        if self.value() == "delivered":
            return queryset.filter(delivered_at__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(next_try_at__isnull=False)
        return queryset.filter(next_try_at=None, delivered_at=None) if self.value() == "given-up" else queryset


class DeliveryInline(ReadOnlyInline):
    """Where a notice went."""

    model = Delivery
    fields = ("channel", "target", "attempts", "next_try_at", "delivered_at", "last_error")


@admin.register(Notice)
class NoticeAdmin(OnOwnGround):
    """What desks were told."""

    list_display = ("case", "kind", "role", "to_place", "text", "at")
    list_filter = ("kind", "role")
    list_select_related = ("case", "area", "organisation")
    search_fields = ("case__number__startswith", "organisation__name", "area__name")
    search_help_text = "事项编号的开头，收件机构或区域名称的一部分"
    date_hierarchy = "at"
    fields = ("case", "kind", "role", "to_place", "text", "due_at", "at", "spread_at")
    readonly_fields = ("to_place",)
    inlines = (DeliveryInline,)

    @admin.display(description="收件单位或区域")
    def to_place(self, notice: Notice) -> str:
        """The name of where the post is."""
        return str(notice.organisation or notice.area)


@admin.register(Delivery)
class DeliveryAdmin(OnOwnGround):
    """Where notices went by e-mail and webhook, and what was given up."""

    case_path = "notice__case"
    list_display = ("notice", "channel", "target", "attempts", "next_try_at", "delivered_at", "last_error")
    list_filter = (Fate, "channel")
    list_select_related = ("notice",)
    search_fields = ("target", "notice__case__number__startswith")
    search_help_text = "地址的一部分，或事项编号的开头"
    fields = ("notice", "channel", "target", "attempts", "next_try_at", "delivered_at", "last_error")
