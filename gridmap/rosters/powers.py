"""The rosters of delegated powers with their service guides, and of the towns they are given to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from gridmap.models import DelegatedPower, PowerGrant, ServiceGuide
from gridmap.rosters.columns import Choice, Code, Column, Day, Text, name_of, reference
from gridmap.rosters.facts import FactsRoster
from gridmap.rosters.roster import Entry, Verb
from gridmap.rosters.spans import SpansRoster

_GUIDE = ("conditions", "basis", "process", "time_limit", "contact_name", "contact_phone")
_PREFIX = "guide__"


class Powers(FactsRoster):
    """Powers departments hand down, each with its service guide: all of the guide or none (R42)."""

    kind = "powers"
    title = "赋权事项名册"
    summary = "下放给镇街的审批、服务、执法事项及服务指南；失效的填失效日期"
    model = DelegatedPower
    district_only = True
    ends_attr = "valid_until"

    code = Column("code", "编码", Code(24), hint="新事项必填；留空时按名称查找")
    name_ = Column("name", "名称", Text(120), required=True)
    kind_ = Column("kind", "类别", Choice(DelegatedPower.Kind), required=True)
    batch = Column("batch", "批次", Text(20), required=True, hint="例如：首批")
    department = reference(
        "department_id", "organisations", "赋权部门编码", name="赋权部门名称", hint="与名称至少填一项"
    )
    department_name = name_of("department__name", "赋权部门名称")
    document = Column("document", "依据文件", Text(120))
    valid_from = Column("valid_from", "生效日期", Day(), required=True)
    valid_until = Column("valid_until", "失效日期", Day(), hint="失效当天；有效的留空")
    conditions = Column(_PREFIX + "conditions", "办理条件", Text(2000), hint="服务指南六项，要么都填，要么都空")
    basis = Column(_PREFIX + "basis", "依据", Text(2000))
    process = Column(_PREFIX + "process", "流程", Text(2000))
    time_limit = Column(_PREFIX + "time_limit", "办理时限", Text(60))
    contact_name = Column(_PREFIX + "contact_name", "联络人", Text(40))
    contact_phone = Column(_PREFIX + "contact_phone", "联系电话", Code(20))

    def registered(self) -> QuerySet[Any]:
        """Powers in force, and those already decided."""
        current = Q(valid_until=None) | Q(valid_until__gt=self.terms.today)
        return DelegatedPower.objects.filter(current).select_related("department", "guide").order_by("code")

    def every_row(self) -> dict[str, Any]:
        """With their guides."""
        return {row.code: row for row in DelegatedPower.objects.select_related("guide")}

    def settle(self, entry: Entry) -> None:
        """A department, and a guide that is whole."""
        if entry.values.get("department_id") is None:
            entry.fault("请填赋权部门的编码或名称 (which department?)", "赋权部门编码")
        given = {name: entry.values.get(_PREFIX + name) for name in _GUIDE if _PREFIX + name in entry.values}
        if any(given.values()):
            for name in _GUIDE:
                if not given.get(name):
                    heading = self.by_attr[_PREFIX + name].column_name
                    entry.fault(f"服务指南的“{heading}”不能为空 (every field is needed)", heading)

    def alike(self, attr: str, before: Any, after: Any) -> bool:
        """A power without a guide has its fields empty."""
        return (before or "") == (after or "") if attr.startswith(_PREFIX) else super().alike(attr, before, after)

    def assign(self, row: Any, attr: str, value: Any) -> None:
        """The guide is a row of its own."""
        if not attr.startswith(_PREFIX):
            setattr(row, attr, value)

    def stored(self, attrs: list[str]) -> list[str]:
        """What stands in the power itself."""
        return [attr for attr in attrs if not attr.startswith(_PREFIX)]

    def follow(self, entry: Entry, before: Any, after: Any) -> None:
        """The guide begins with the power, or later, or is brought up to date; it is never taken away."""
        said = {name: entry.values[_PREFIX + name] for name in _GUIDE if _PREFIX + name in entry.values}
        guide = getattr(before, "guide", None) if before is not None else None
        if guide is not None and said and not any(said.values()):
            entry.fault("已有服务指南，不能删去，请照登记填写或去掉这几列 (a guide is not taken away)", "办理条件")
        elif guide is None and any(said.values()):
            entry.write(Verb.INSERT, ServiceGuide(power_id=after.code, **said))
        elif guide is not None and (differing := [n for n, value in said.items() if value != getattr(guide, n)]):
            for name in differing:
                setattr(guide, name, said[name])
            entry.write(Verb.UPDATE, guide, *differing)

    def grounds(self, row: Any) -> Iterable[str]:
        """The department's: the district."""
        return [self.terms.register.area_of_organisation[row.department_id]]


class PowerGrants(SpansRoster):
    """Which power is given to which town or subdistrict (R39)."""

    kind = "power-grants"
    title = "赋权清单"
    summary = "哪一事项赋予哪个镇街，自何时起；收回的填失效日期"
    model = PowerGrant
    district_only = True
    identity = ("power_id", "area_id")
    facts = ()

    power = reference("power_id", "powers", "事项编码", name="事项名称", hint="与名称至少填一项")
    power_name = name_of("power__name", "事项名称")
    area = reference("area_id", "areas", "镇街编码", name="镇街名称", hint="9 位；与名称至少填一项")
    area_name = name_of("area__name", "镇街名称")
    valid_from = Column("valid_from", "生效日期", Day(), hint="新赋权留空，则从名册生效日起")
    valid_until = Column("valid_until", "失效日期", Day(), hint="收回当天；有效的留空")

    def registered(self) -> QuerySet[Any]:
        """Grants in force, and those already decided."""
        current = Q(valid_until=None) | Q(valid_until__gt=self.terms.today)
        return (
            PowerGrant.objects.filter(current).select_related("power", "area").order_by("power", "area", "valid_from")
        )

    def settle(self, entry: Entry) -> None:
        """A power and a town."""
        if entry.values.get("power_id") is None:
            entry.fault("请填事项的编码或名称 (which power?)", "事项编码")
        area = entry.values.get("area_id")
        if area is None or len(area) != 9:
            entry.fault("应填一个镇街，编码 9 位 (a town or subdistrict)", "镇街编码")

    def grounds(self, row: Any) -> Iterable[str]:
        """The district, which gives."""
        return [row.area_id[:6]]

    def name(self, row: Any) -> str:
        """What and to whom."""
        register = self.terms.register
        return f"{register.powers.said(row.power_id)} → {register.areas.names[row.area_id]}"
