"""What comes in about cases, checked field by field."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from cases.actions.handling import MAX_ACTION_TEXT, MAX_LIMIT, MAX_PERSONS
from cases.deadlines import Unit
from cases.models import Case
from cases.scoring import MOST_MARKS, RUBRIC, Marks
from geodata.crs import COORDINATE_SYSTEMS
from gridmap.features.parameters import read_number
from gridmap.problems import BadParameter, Unprocessable

MAX_TEXT = 4000


EARLIEST_YEAR = 1900


class StrictInput(serializers.Serializer[Any]):
    """Input that refuses fields nobody knows, so that a mistyped name is not silently dropped."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Check the whole; raises ``ValidationError``, also for the ``null`` that JSON may be."""
        if data is None and self.parent is None:
            raise serializers.ValidationError(
                {"non_field_errors": "请求内容应为一个 JSON 对象 (a JSON object is expected)"}
            )
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        """Read the fields; raises ``ValidationError`` naming the first unknown one."""
        if isinstance(data, Mapping) and (unknown := set(data) - self._known()):
            name = sorted(unknown)[0][:40].encode(errors="replace").decode()  # JSON may hold half a character
            raise serializers.ValidationError({name: f"不认识字段 {name} (unknown field)"})
        return super().to_internal_value(data)

    def _known(self) -> set[str]:
        """Names of the fields, and of the parts of nested ones as a form writes them."""
        inner = {f"{name}.{part}" for name, field in self.fields.items() for part in getattr(field, "fields", ())}
        return set(self.fields) | inner


class NumberField(serializers.FloatField):
    """A finite number, as JSON or as text in the digits machines write."""

    def to_internal_value(self, data: Any) -> float:
        """Read it; raises ``ValidationError``."""
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("invalid")
        try:
            return read_number(self.field_name or "", str(data))
        except BadParameter:
            self.fail("invalid")


class ClientIdField(serializers.UUIDField):
    """A UUID the sender made up, as text."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Read it; raises ``ValidationError``."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        read: uuid.UUID = super().to_internal_value(data)
        return read


class PhotosField(serializers.ListField):
    """Files of a form; what they hold is judged by :mod:`cases.photos`."""

    child = serializers.FileField(allow_empty_file=True)


class ReporterInput(StrictInput):
    """Who reports: both may be left out."""

    name = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    phone = serializers.RegexField(
        r"^[0-9+\- ]{5,20}$",
        required=False,
        allow_blank=True,
        default="",
        error_messages={"invalid": "电话只能包含数字、空格、+ 和 -,5 到 20 位 (not a telephone number)"},
    )


class ReportInput(StrictInput):
    """A report as it comes in, as JSON or as a form with pictures."""

    client_id = ClientIdField(
        error_messages={"required": "缺少 client_id (missing)", "invalid": "client_id 应为 UUID (not a UUID)"}
    )
    category = serializers.CharField(
        max_length=12, error_messages={"required": "请选择类别 (category is missing)", "blank": "请选择类别"}
    )
    text = serializers.CharField(
        max_length=MAX_TEXT,
        error_messages={
            "required": "请写明情况 (text is missing)",
            "blank": "请写明情况 (text is empty)",
            "max_length": f"描述不能超过 {MAX_TEXT} 字 (text is over {MAX_TEXT} characters)",
        },
    )
    lon = NumberField(error_messages={"required": "缺少经度 lon (missing)", "invalid": "经度 lon 应为数字"})
    lat = NumberField(error_messages={"required": "缺少纬度 lat (missing)", "invalid": "纬度 lat 应为数字"})
    coord = serializers.ChoiceField(
        COORDINATE_SYSTEMS,
        error_messages={
            "required": f"缺少坐标系 coord,没有默认值，请写明 {'、'.join(COORDINATE_SYSTEMS)} 之一 (missing)",
            "invalid_choice": f"不认识的坐标系，应为 {'、'.join(COORDINATE_SYSTEMS)} 之一 (unknown coord)",
        },
    )
    accuracy = NumberField(min_value=0, max_value=100_000, required=False, allow_null=True, default=None)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    channel = serializers.ChoiceField(
        Case.Channel.choices,
        error_messages={
            "required": "缺少来源 channel (missing)",
            "invalid_choice": "不认识的来源 (unknown channel)",
        },
    )
    kind = serializers.ChoiceField(Case.Kind.choices, required=False, default=Case.Kind.PROBLEM)
    occurred_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    reporter = ReporterInput(required=False, allow_null=True, default=None)
    photos = PhotosField(required=False, default=list)

    def validate_occurred_at(self, value: dt.datetime | None) -> dt.datetime | None:
        """Refuse the future, and what lies so far back that it can only be a slip."""
        if value is not None and value > timezone.now() + dt.timedelta(minutes=10):
            raise serializers.ValidationError("发生时间在将来 (occurred_at lies in the future)")
        if value is not None and value.year < EARLIEST_YEAR:
            raise serializers.ValidationError(f"发生时间早于 {EARLIEST_YEAR} 年 (occurred_at lies too far back)")
        return value


class VoiceInput(StrictInput):
    """One more voice for a case."""

    client_id = ClientIdField()
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class MarksInput(StrictInput):
    """The professional assessment of one department: four marks."""

    department = serializers.CharField(
        max_length=24, required=False, allow_blank=True, default="", help_text="部门编码；空：主办部门"
    )
    solved = serializers.IntegerField(min_value=0, max_value=MOST_MARKS, help_text=RUBRIC["solved"])
    removed = serializers.IntegerField(min_value=0, max_value=MOST_MARKS, help_text=RUBRIC["removed"])
    quality = serializers.IntegerField(min_value=0, max_value=MOST_MARKS, help_text=RUBRIC["quality"])
    cooperation = serializers.IntegerField(min_value=0, max_value=MOST_MARKS, help_text=RUBRIC["cooperation"])


class ActionInput(StrictInput):
    """What the one who acts gives with the verb."""

    text = serializers.CharField(max_length=MAX_ACTION_TEXT, required=False, allow_blank=True, default="")
    area = serializers.CharField(max_length=15, required=False, allow_blank=True, default="")
    tried = serializers.CharField(max_length=MAX_ACTION_TEXT, required=False, allow_blank=True, default="")
    person = serializers.CharField(max_length=24, required=False, allow_blank=True, default="")
    office = serializers.CharField(max_length=24, required=False, allow_blank=True, default="")
    unit = serializers.CharField(max_length=24, required=False, allow_blank=True, default="")
    department = serializers.CharField(max_length=24, required=False, allow_blank=True, default="")
    assisting = serializers.ListField(
        child=serializers.CharField(max_length=24), max_length=20, required=False, default=list
    )
    persons = serializers.CharField(max_length=MAX_PERSONS, required=False, allow_blank=True, default="")
    into = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    component = serializers.CharField(
        max_length=8, required=False, allow_blank=True, default="", help_text="申诉成立时豁免的指标"
    )
    marks = MarksInput(
        many=True, required=False, default=list, help_text="核实时的专业评估，一个部门一项；以 JSON 发送"
    )
    own_power = serializers.CharField(max_length=MAX_ACTION_TEXT, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    until = serializers.CharField(max_length=10, required=False, allow_blank=True, default="")
    procedure = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    lon = NumberField(required=False, allow_null=True, default=None)
    lat = NumberField(required=False, allow_null=True, default=None)
    coord = serializers.ChoiceField(COORDINATE_SYSTEMS, required=False, allow_null=True, default=None)
    limit_amount = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False, default=None)
    limit_unit = serializers.ChoiceField(Unit.choices, required=False, default=Unit.WORKING_DAYS)
    photos = PhotosField(required=False, default=list)


class SurveyInput(StrictInput):
    """What a reporter says of a closed case; whether it can be taken is for the action to say."""

    code = serializers.CharField(
        max_length=12, error_messages={"required": "缺少查询码 code (missing)", "blank": "缺少查询码 code (empty)"}
    )
    solved = serializers.CharField(required=False, allow_blank=True, default="", help_text="yes、partly 或 no")
    satisfaction = serializers.IntegerField(
        required=False,
        default=None,
        help_text="1 很不满意 … 5 很满意",
        error_messages={"invalid": "应为 1 到 5 的整数"},
    )
    comment = serializers.CharField(required=False, allow_blank=True, default="", help_text="不超过 500 字")


def marks_of(rows: list[dict[str, Any]]) -> dict[str, Marks]:
    """Marks by department as sent; raises :class:`Unprocessable` for a department named twice."""
    marks = {row["department"]: Marks(**{item: row[item] for item in RUBRIC}) for row in rows}
    if len(marks) < len(rows):
        raise Unprocessable("同一个部门只能评一次 (a department is marked once)", parameter="marks")
    return marks
