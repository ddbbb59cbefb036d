"""The columns of rosters: what a cell may say, in Chinese or in codes, and how it is written back."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices

from gridmap.rosters.library import DateWidget, Field, Widget
from gridmap.rosters.register import Register

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d", "%Y-%m-%d 00:00:00", "%Y/%m/%d 0:00:00")
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?[eE]\+?\d+$")
_YES = ("是", "true", "1", "yes", "y", "√", "有", "对")
_NO = ("否", "false", "0", "no", "n", "×", "无", "不是")


class Column(Field):
    """A column of a roster: its heading, what it stands for, what the template says of it."""

    def __init__(
        self,
        attribute: str,
        heading: str,
        widget: Widget,
        *,
        required: bool = False,
        hint: str = "",
        readonly: bool = False,
    ) -> None:
        super().__init__(attribute=attribute, column_name=heading, widget=widget, readonly=readonly)
        self.required = required
        self.hint = hint

    @property
    def attr(self) -> str:
        """The attribute it stands for."""
        return self.attribute or ""

    @property
    def choices(self) -> list[str]:
        """What may be chosen, as the drop-down list shows it."""
        return getattr(self.widget, "labels", [])

    @property
    def is_text(self) -> bool:
        """Whether a spreadsheet must keep its hands off: codes, names and telephones are no numbers."""
        return not isinstance(self.widget, (Count, Degrees, Day))

    def read(self, cells: Mapping[str, Any], register: Register) -> Any:
        """The value of the cell, None for an empty one; raises ``ValueError`` with a sentence."""
        value = self.clean(cells, register=register)
        if self.required and value in (None, ""):
            raise ValueError("不能为空 (needed)")
        return value

    def say(self, value: Any) -> str:
        """A value for people."""
        said = self.widget.render(value)
        return said.isoformat() if isinstance(said, dt.date) else str(said)


def _refuse_dates(value: Any) -> None:
    if isinstance(value, dt.date):
        raise ValueError(f"被表格软件改成了日期 {value.isoformat()}，请把这一列设为文本后重填 (turned into a date)")


class Text(Widget):
    """Words of at most ``longest`` signs."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> str:
        """The words."""
        _refuse_dates(value)
        text = _whole(value)
        if len(text) > self.longest:
            raise ValueError(f"有 {len(text)} 字，最多 {self.longest} 字 (too long)")
        return text


class Code(Text):
    """A code or a telephone number: digits that are no number."""

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> str:
        """The code; what a spreadsheet has made of a long number is refused, for the digits are lost."""
        text = super().clean(value, row, **kwargs)
        if _SCIENTIFIC.match(text) or (isinstance(value, float) and abs(value) >= 2**53):
            raise ValueError(f"被表格软件改成了 {value}，后几位已丢失，请把这一列设为文本后重填 (digits are lost)")
        if any(sign.isspace() for sign in text):
            raise ValueError("中间有空格或换行 (a blank inside)")
        return text


def _whole(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


class Choice(Widget):
    """One of the choices, by its Chinese label or its code."""

    def __init__(self, choices: type[TextChoices]) -> None:
        super().__init__()
        self.labels = [str(label) for label in choices.labels]
        self.by_label = {str(label): str(code) for code, label in choices.choices}
        self.by_code = {code: label for label, code in self.by_label.items()}

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> str:
        """The code, empty for an empty cell."""
        text = _whole(value)
        if text in ("", *self.by_code):
            return text
        if text not in self.by_label:
            raise ValueError(f"“{text}”不在可选的值里，应为：{'、'.join(self.labels)} (not among the choices)")
        return self.by_label[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The label."""
        return self.by_code.get(value, value or "")


class YesNo(Widget):
    """是 or 否; an empty cell says no."""

    labels = ["是", "否"]

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> bool:
        """Whether it says yes."""
        text = _whole(value).lower()
        if text in _YES:
            return True
        if text in ("", *_NO):
            return False
        raise ValueError(f"“{value}”应为“是”或“否” (yes or no)")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """是 or 否."""
        return "是" if value else "否"


class Day(DateWidget):
    """A day, as a date of the spreadsheet or in one of the ways people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.formats = _DAYS

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> dt.date | None:
        """The day, None for an empty cell."""
        if value == "" or value is None:
            return None
        if isinstance(value, (bool, int, float)) and not 19000101 <= value <= 21001231:
            raise ValueError(f"“{value}”不是日期，请写成 2026-07-01 (not a day)")
        try:
            day: dt.date = super().clean(value if isinstance(value, dt.date) else _whole(value))
        except ValueError:
            raise ValueError(f"“{value}”不是日期，请写成 2026-07-01 (not a day)") from None
        if not 1900 <= day.year <= 2100:
            raise ValueError(f"{day.isoformat()} 的年份不对 (an impossible year)")
        return day

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """The day itself, for the spreadsheet to show; empty for none."""
        return "" if value is None else value


class Degrees(Widget):
    """A longitude or latitude in degrees."""

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> float | None:
        """The degrees, None for an empty cell."""
        if value == "" or value is None:
            return None
        try:
            degrees = math.nan if isinstance(value, (bool, dt.date)) else float(value)
        except ValueError:
            degrees = math.nan
        if not math.isfinite(degrees):
            raise ValueError(f"“{value}”不是十进制的度数，例如 114.934691 (not decimal degrees)")
        return degrees

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """The number itself."""
        return "" if value is None else value


class Count(Widget):
    """A whole number, not below nought; an empty cell says nought."""

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> int:
        """The number."""
        text = _whole(value)
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{0,9}", text, re.ASCII):
            raise ValueError(f"“{value}”应为整数 (a whole number)")
        return int(text or 0)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """The number itself."""
        return "" if value is None else value


class Reference(Widget):
    """Something registered elsewhere, by code; or by the name in the column beside it, where only one has it."""

    def __init__(self, book: str, name_heading: str) -> None:
        super().__init__()
        self.book = book
        self.code = Code(24)
        self.name_heading = name_heading

    def clean(self, value: Any, row: Mapping[str, Any] | None = None, **kwargs: Any) -> str | None:
        """Its code, None where neither code nor name is given."""
        code = self.code.clean(value)
        register: Register = kwargs["register"]
        return register.book(self.book).find(code, _whole((row or {}).get(self.name_heading)))


def reference(attribute: str, book: str, heading: str, *, name: str, required: bool = False, hint: str = "") -> Column:
    """A column that speaks of something registered elsewhere; ``name`` heads the column beside it."""
    return Column(attribute, heading, Reference(book, name), required=required, hint=hint)


def name_of(attribute: str, heading: str) -> Column:
    """The name beside a reference: written out for people, read by the reference itself."""
    return Column(attribute, heading, Text(200), readonly=True, hint="可不填；编码留空时按名称查找")
