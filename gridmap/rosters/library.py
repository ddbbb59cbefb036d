"""What of django-import-export and openpyxl is used here, with types: they have none of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    openpyxl: Any

    from collections.abc import Mapping

    class Widget:
        """Reads a cell into a value and writes a value into a cell."""

        def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> Any: ...

        def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any: ...

    class DateWidget(Widget):
        """Days, in the forms of ``formats``."""

        formats: tuple[str, ...]

    class Field:
        """A column: its heading, the attribute it stands for, its widget."""

        attribute: str | None
        column_name: str
        widget: Widget
        readonly: bool

        def __init__(
            self, attribute: str | None = None, column_name: str = "", widget: Widget | None = None, **kwargs: Any
        ) -> None: ...

        def clean(self, row: Mapping[str, Any], **kwargs: Any) -> Any: ...

        def get_value(self, instance: Any) -> Any: ...

    class Resource:
        """A table of columns, declared as class attributes and gathered in ``fields``."""

        fields: dict[str, Any]

        def __init__(self, **kwargs: Any) -> None: ...

        def export(self, queryset: Any = None, **kwargs: Any) -> Any: ...

        def get_export_headers(self, selected_fields: Any = None) -> list[str]: ...
else:
    import openpyxl
    import openpyxl.worksheet.datavalidation
    from import_export.fields import Field
    from import_export.resources import Resource
    from import_export.widgets import DateWidget, Widget

__all__ = ["DateWidget", "Field", "Resource", "Widget", "openpyxl"]
