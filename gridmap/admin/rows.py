"""Two ways of keeping rows: those people edit, and history, which is only looked at."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from gridmap.refusals import sentence_of

if TYPE_CHECKING:
    # Generic for the type checker only.
    Admin = admin.ModelAdmin[Any]
    Tabular = admin.TabularInline[Any, Any]
    Stacked = admin.StackedInline[Any, Any]
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    Admin, Tabular, Stacked = admin.ModelAdmin, admin.TabularInline, admin.StackedInline
    InlineFormSet = BaseInlineFormSet


class Kept(Admin):
    """Rows people keep up: the key is written once, and what the database refuses is said in words."""

    list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A key changed by hand would make a second row and leave the first."""
        fields = super().get_readonly_fields(request, obj)
        key = self.opts.pk
        return tuple(fields) if obj is None or key is None or not key.editable else (*fields, key.name)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The key first, although it can no longer be written."""
        fields = list(super().get_fields(request, obj))
        return sorted(fields, key=lambda name: self.opts.pk is None or name != self.opts.pk.name)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form has asked before; a second person may still have been quicker."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


class OnlyLooked:
    """History: nobody adds to it, changes it or takes from it here, whatever their permissions."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class ReadOnly(OnlyLooked, Admin):
    """A page of history."""

    list_per_page = 50


class ReadOnlyInline(OnlyLooked, Tabular):
    """History under the page of what it belongs to."""

    extra = 0
    can_delete = False


class ApartInTime(InlineFormSet):
    """Dated rows sent together: the database has none of them yet, so they are held against each other here."""

    same: ClassVar[tuple[str, ...]] = ()
    refusal: ClassVar[str] = "两行内容相同而日期重叠，请合并或改日期 (two rows overlap)"

    def clean(self) -> None:
        """Refuse two rows of the same content whose days overlap."""
        super().clean()
        sent = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]
        rows = [row for row in sent if not row.get("DELETE")]
        for one, other in combinations(rows, 2):
            if all(one.get(name) == other.get(name) for name in self.same) and _overlap(one, other):
                raise ValidationError(self.refusal)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(
        one["valid_from"] < (other.get("valid_until") or date.max)
        and other["valid_from"] < (one.get("valid_until") or date.max)
    )


def refusal(error: IntegrityError) -> str:
    """The sentence of the constraint the database named."""
    return f"没有保存：{sentence_of(error) or '与已有数据冲突，请重新打开后再试 (conflict with what is stored)'}"
