"""The roster of posts moved down from departments to towns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from gridmap.models import Organisation, StationedStaff
from gridmap.rosters.columns import Choice, Code, Column, Day, name_of, reference
from gridmap.rosters.roster import Entry
from gridmap.rosters.spans import SpansRoster


class StationedPosts(SpansRoster):
    """Stationed staff: owned by a department, managed and used by a town (R34, R70–R72)."""

    kind = "stationed-staff"
    title = "派驻编制名册"
    summary = "部门下沉到镇街的编制及在编人员、管理方式；没有人的编制姓名留空"
    model = StationedStaff
    identity = ("post",)
    facts = ("home_id", "area_id", "person_id", "mode")

    post = Column("post", "编制号", Code(24), required=True)
    home = reference("home_id", "organisations", "派出部门编码", name="派出部门名称", hint="与名称至少填一项")
    home_name = name_of("home__name", "派出部门名称")
    area = reference("area_id", "areas", "镇街编码", name="镇街名称", hint="9 位；与名称至少填一项")
    area_name = name_of("area__name", "镇街名称")
    person = reference("person_id", "people", "工号", name="姓名", hint="空编留空")
    person_name = name_of("person__name", "姓名")
    mode = Column("mode", "管理方式", Choice(StationedStaff.Mode), required=True)
    valid_from = Column("valid_from", "起始日期", Day(), hint="新派驻留空，则从名册生效日起")
    valid_until = Column("valid_until", "截止日期", Day(), hint="结束当天；在派的留空")

    def registered(self) -> QuerySet[Any]:
        """Posts of today, and those already decided."""
        current = Q(valid_until=None) | Q(valid_until__gt=self.terms.today)
        return (
            StationedStaff.objects.filter(current)
            .select_related("home", "area", "person")
            .order_by("post", "valid_from")
        )

    def settle(self, entry: Entry) -> None:
        """From a department, to a town."""
        home, area = entry.values.get("home_id"), entry.values.get("area_id")
        if home is None or self.terms.register.kind_of_organisation[home] != Organisation.Kind.DEPARTMENT:
            entry.fault("应填一个区级部门 (a district department)", "派出部门编码")
        if area is None or len(area) != 9:
            entry.fault("应填一个镇街，编码 9 位 (a town or subdistrict)", "镇街编码")

    def grounds(self, row: Any) -> Iterable[str]:
        """The town's."""
        return [row.area_id]

    def name(self, row: Any) -> str:
        """The post and who holds it."""
        who = self.terms.register.people.names.get(row.person_id or "", "空编")
        return f"{row.post} {who}"
