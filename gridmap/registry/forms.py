"""What the registry's pages ask for; what each means is decided by the actions behind them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat

from geodata.crs import COORDINATE_SYSTEMS
from gridmap.editions.attributes import COUNTS, LABELS, MAX_LENGTH
from gridmap.editions.drafts import MAX_NAME
from gridmap.editions.staffing import MAX_REASON, PARTY_KINDS
from gridmap.models import Area, Lineage
from gridmap.problems import Problem

COORD_NAMES = {
    "cgcs2000": "CGCS2000 国家大地坐标系，经纬度",
    "wgs84": "WGS 84 (GPS)，经纬度",
    "gcj02": "GCJ-02 (高德、腾讯)，经纬度",
    "bd09": "BD-09 (百度)，经纬度",
}
# EPSG:4534 has its central meridian at 75°E, and so on to 135°E.
THREE_DEGREE_PLANES = [(f"EPSG:{4534 + i}", f"中央子午线 {75 + 3 * i}° (EPSG:{4534 + i})") for i in range(21)]
COORD_CHOICES = [
    ("", "按文件自己声明的"),
    ("经纬度", [(it, COORD_NAMES[it]) for it in COORDINATE_SYSTEMS]),
    ("CGCS2000 三度带，米", THREE_DEGREE_PLANES),
]


class StyledForm(forms.Form):
    """A form whose fields look like the site's; a refusal by an action is shown at the field it is about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            is_choice = isinstance(field.widget, forms.Select)
            field.widget.attrs.setdefault("class", "form-select" if is_choice else "form-control")
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"{self.add_prefix(name)}-hint"

    def refuse(self, problem: Problem) -> None:
        """Show why an action refused what was filled in."""
        self.add_error(problem.parameter if problem.parameter in self.fields else None, problem.detail)


def _choice(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    """Give a field its choices."""
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


PERSON = forms.TextInput(attrs={"list": "people"})


class ImportForm(StyledForm):
    """A file of areas to begin a draft with."""

    file = forms.FileField(
        label="文件",
        allow_empty_file=False,
        error_messages={"required": "请选择文件 (choose a file)", "empty": "文件是空的 (empty file)"},
    )
    name = forms.CharField(label="版本名称", max_length=MAX_NAME, help_text="例如“2027 年网格调整”。")
    coord = forms.ChoiceField(
        label="坐标系",
        required=False,
        choices=COORD_CHOICES,
        help_text="没有默认值：文件没有声明坐标系时必须在这里选。",
    )
    code_field = forms.CharField(
        label="编码列", required=False, max_length=80, help_text="文件里叫 code、编码时不用填。"
    )
    name_field = forms.CharField(
        label="名称列", required=False, max_length=80, help_text="文件里叫 name、名称时不用填。"
    )
    layer = forms.CharField(label="图层", required=False, max_length=120, help_text="文件有多个图层时填写。")
    scope = forms.CharField(
        label="范围",
        required=False,
        max_length=12,
        help_text="重划哪个区域的内部：6、9 或 12 位编码；不填则从编码看出。",
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is larger than anything that can be checked."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is not None and file.size > settings.MAX_AREA_FILE:
            limit, size = filesizeformat(settings.MAX_AREA_FILE), filesizeformat(file.size)
            raise forms.ValidationError(f"文件 {size}，超过 {limit} 的上限 (the file is too large)")
        return file


class CopyForm(StyledForm):
    """A draft that begins as the boundaries in force."""

    name = forms.CharField(label="版本名称", max_length=MAX_NAME)
    scope = forms.ChoiceField(label="范围")

    def __init__(self, *args: Any, scopes: QuerySet[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choice(self.fields["scope"], [(area.code, f"{area.name} {area.code}") for area in scopes])


class DescribeForm(StyledForm):
    """What a draft says of one area."""

    row = forms.IntegerField(widget=forms.HiddenInput)
    code = forms.CharField(label=LABELS["code"], max_length=MAX_LENGTH["code"])
    name = forms.CharField(label=LABELS["name"], max_length=MAX_LENGTH["name"], required=False)
    kind = forms.ChoiceField(label=LABELS["kind"], required=False, choices=[("", "沿用登记"), *Area.Kind.choices])
    households = forms.IntegerField(label=LABELS["households"], required=False, min_value=0)
    residents = forms.IntegerField(label=LABELS["residents"], required=False, min_value=0)
    enterprises = forms.IntegerField(label=LABELS["enterprises"], required=False, min_value=0)
    party_members = forms.IntegerField(label=LABELS["party_members"], required=False, min_value=0)
    size_waiver = forms.CharField(label=LABELS["size_waiver"], max_length=MAX_LENGTH["size_waiver"], required=False)

    def changes(self) -> dict[str, Any]:
        """The values by the names :func:`gridmap.editions.drafts.describe` takes."""
        return {name: self.cleaned_data[name] for name in ("code", "name", "kind", *COUNTS, "size_waiver")}


class LineageForm(StyledForm):
    """One area that came of another."""

    predecessor = forms.CharField(label="原区域编码", max_length=15)
    successor = forms.CharField(label="现区域编码", max_length=15)
    kind = forms.ChoiceField(label="变更", choices=Lineage.Kind.choices)


class StaffingForm(StyledForm):
    """Who is to answer for one new area."""

    code = forms.CharField(max_length=15, widget=forms.HiddenInput)
    party_organisation = forms.ChoiceField(label="沿用撤销区域的党组织", required=False)
    party_name = forms.CharField(label="或新设党组织：名称", required=False, max_length=60)
    party_kind = forms.ChoiceField(label="新设党组织：类型", required=False)
    exemption = forms.CharField(label="或暂不设党组织：理由", required=False, max_length=MAX_REASON)
    secretary = forms.CharField(label="书记(组长)：工号", required=False, max_length=24, widget=PERSON)
    leader = forms.CharField(label="网格长或网格员：工号", required=False, max_length=24, widget=PERSON)
    vacancy = forms.CharField(label="人员暂缺的理由", required=False, max_length=MAX_REASON)

    def __init__(self, *args: Any, level: int, parties: list[tuple[str, str]], **kwargs: Any) -> None:
        """``level``: digits of the area's code; ``parties``: codes and names of those that could be carried over."""
        super().__init__(*args, **kwargs)
        kinds = [(kind.value, kind.label) for kind in PARTY_KINDS.get(level, ())]
        _choice(self.fields["party_kind"], [("", "—"), *kinds])
        none = "没有可沿用的" if not parties else "不沿用"
        _choice(self.fields["party_organisation"], [("", none), *parties])


class ExcuseForm(StyledForm):
    """One reason for whatever is still open in all new areas."""

    reason = forms.CharField(label="理由", max_length=MAX_REASON)


class PublishForm(StyledForm):
    """The day an edition comes into force."""

    valid_from = forms.DateField(
        label="从这一天起施行", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
