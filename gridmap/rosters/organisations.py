"""The roster of organisations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from gridmap.models import FormerSeat, Organisation
from gridmap.rosters.columns import Choice, Code, Column, Text, name_of, reference
from gridmap.rosters.facts import FactsRoster
from gridmap.rosters.reading import Sheet
from gridmap.rosters.roster import Entry, Verb

# Digits of the code of the ground each kind stands on: who may see what follows from it.
_STANDS_ON = {
    Organisation.Kind.DEPARTMENT: 6,
    Organisation.Kind.DISTRICT_CENTRE: 6,
    Organisation.Kind.AUTHORITY: 9,
    Organisation.Kind.OFFICE: 9,
    Organisation.Kind.CENTRE: 9,
    Organisation.Kind.BRIGADE: 9,
    Organisation.Kind.COMMITTEE: 12,
}
_LEVELS = {6: "区", 9: "镇街", 12: "村(社区)"}


class Organisations(FactsRoster):
    """Departments, towns and subdistricts with their offices, centres, committees."""

    kind = "organisations"
    title = "机构名册"
    summary = "区级部门、镇街机关及其职能机构、网格中心、执法大队、村(居)委会"
    model = Organisation
    dated = True
    name_within = "area_id"

    code = Column("code", "编码", Code(24), hint="新机构必填；留空时按名称在同一辖区查找")
    name_ = Column("name", "名称", Text(60), required=True)
    kind_ = Column("kind", "类型", Choice(Organisation.Kind), required=True)
    area = reference("area_id", "areas", "辖区编码", name="辖区名称", hint="区 6 位，镇街 9 位，村(社区) 12 位")
    area_name = name_of("area__name", "辖区名称")
    parent = reference("parent_id", "organisations", "上级机构编码", name="上级机构名称", hint="没有上级的留空")
    parent_name = name_of("parent__name", "上级机构名称")
    template = Column("template", "机构模式", Choice(Organisation.Template), hint="只有镇街选填")

    def registered(self) -> QuerySet[Any]:
        """Every organisation."""
        return Organisation.objects.select_related("area", "parent").order_by("code")

    def entries(self, sheet: Sheet) -> list[Entry]:
        """Rows may stand under others of the same file, in any order."""
        names = self.terms.register.organisations.names
        for line in sheet.lines:
            code, name = str(line.cells.get("编码", "")), str(line.cells.get("名称", ""))
            if code and code not in names:
                names[code] = name
                self.terms.register.organisations.codes[name].append(code)
        return super().entries(sheet)

    def settle(self, entry: Entry) -> None:
        """On ground of its level."""
        kind, area = Organisation.Kind(entry.values["kind"]), entry.values.get("area_id")
        if area is None or len(area) != _STANDS_ON[kind]:
            entry.fault(
                f"“{kind.label}”的辖区应是一个{_LEVELS[_STANDS_ON[kind]]} (the ground does not fit)", "辖区编码"
            )

    def plan(self, entries: list[Entry]) -> None:
        """After matching, look for circles among those above."""
        super().plan(entries)
        above = {code: row.parent_id for code, row in self.rows.items()}
        above |= {e.values["code"]: e.values["parent_id"] for e in entries if not e.faults and "parent_id" in e.values}
        for entry in entries:
            if not entry.faults and _in_circle(entry.values["code"], above):
                entry.fault("上级机构绕回了自己 (it would stand above itself)", "上级机构编码")

    def follow(self, entry: Entry, before: Any, after: Any) -> None:
        """Where it stood until the day is kept, so that asking a past day still finds it there."""
        if before is not None and before.area_id != after.area_id and before.code not in self._moved:
            entry.write(
                Verb.INSERT, FormerSeat(organisation_id=before.code, area_id=before.area_id, until=self.terms.day)
            )

    @cached_property
    def _moved(self) -> set[str | None]:
        """Those that moved on the day already; where they had stood before is known."""
        return set(FormerSeat.objects.filter(until=self.terms.day).values_list("organisation_id", flat=True))

    def grounds(self, row: Any) -> Iterable[str]:
        """Its ground."""
        return [row.area_id]


def _in_circle(code: str, above: dict[str, str | None]) -> bool:
    seen = {code}
    step = above.get(code)
    while step is not None and step not in seen:
        seen.add(step)
        step = above.get(step)
    return step == code
