"""The roster of party organisations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from gridmap.models import FormerSeat, PartyOrganisation
from gridmap.rosters.columns import Choice, Code, Column, Day, Text, name_of, reference
from gridmap.rosters.facts import FactsRoster
from gridmap.rosters.roster import Entry, Verb


class PartyOrganisations(FactsRoster):
    """Party organisations on grids, in communities, in buildings."""

    kind = "party-organisations"
    title = "党组织名册"
    summary = "村(社区)、二级网格、楼宇的党组织及其书记；撤销的填撤销日期，不删除"
    model = PartyOrganisation
    dated = True
    name_within = "area_id"
    ends_attr = "abolished_on"

    code = Column("code", "编码", Code(24), hint="新设的必填；留空时按名称在同一区域查找")
    name_ = Column("name", "名称", Text(60), required=True)
    kind_ = Column(
        "kind",
        "类型",
        Choice(PartyOrganisation.Kind),
        required=True,
        hint="村(社区)：党委或党总支；网格：党支部或党小组",
    )
    area = reference("area_id", "areas", "区域编码", name="区域名称", hint="与楼宇只填其一")
    area_name = name_of("area__name", "区域名称")
    building = reference("building_id", "buildings", "楼宇编码", name="楼宇名称", hint="功能型党支部所在楼宇")
    building_name = name_of("building__name", "楼宇名称")
    secretary = reference("secretary_id", "people", "书记工号", name="书记姓名", hint="书记或组长；暂缺留空")
    secretary_name = name_of("secretary__name", "书记姓名")
    established_on = Column("established_on", "成立日期", Day(), required=True)
    abolished_on = Column("abolished_on", "撤销日期", Day(), hint="撤销当天；现存的留空")

    def registered(self) -> QuerySet[Any]:
        """Those that exist, and those to be abolished later."""
        current = Q(abolished_on=None) | Q(abolished_on__gt=self.terms.today)
        return (
            PartyOrganisation.objects.filter(current).select_related("area", "building", "secretary").order_by("code")
        )

    def settle(self, entry: Entry) -> None:
        """On an area or in a building."""
        values = entry.values
        if (
            "area_id" in values
            and "building_id" in values
            and (values["area_id"] is None) == (values["building_id"] is None)
        ):
            entry.fault("应在一个区域或一处楼宇，只填其一 (either an area or a building)", "区域编码")

    def follow(self, entry: Entry, before: Any, after: Any) -> None:
        """Where it stood until the day is kept, so that asking a past day still finds it there."""
        if before is None or before.area_id in (None, after.area_id) or before.code in self._moved:
            return
        seat = FormerSeat(party_organisation_id=before.code, area_id=before.area_id, until=self.terms.day)
        entry.write(Verb.INSERT, seat)

    @cached_property
    def _moved(self) -> set[str | None]:
        """Those that moved on the day already; where they had stood before is known."""
        return set(FormerSeat.objects.filter(until=self.terms.day).values_list("party_organisation_id", flat=True))

    def grounds(self, row: Any) -> Iterable[str]:
        """The area, or the building's grid."""
        if row.area_id:
            return [row.area_id]
        return [self.terms.register.area_of_building[row.building_id]] if row.building_id else []
