"""The roster of appointments: who is what, where, from when until when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from gridmap.models import Appointment, Organisation
from gridmap.roles import Role
from gridmap.rosters.columns import Choice, Code, Column, Day, YesNo, name_of, reference
from gridmap.rosters.roster import Entry
from gridmap.rosters.spans import SpansRoster

# Where each role is held: digits of the area's code, or the kinds of organisation. Who may see what follows from
# roles, so that a role in the wrong place would open what is not theirs.
_ON_AREAS = {
    Role.GRID_WORKER: (15,),
    Role.GRID_CHIEF: (12,),
    Role.BUILDING_HEAD: (15,),
    Role.GROUP_LEADER: (15,),
    Role.PARTY_SECRETARY: (12, 15),
}
_AT_ORGANISATIONS = {
    Role.LEADER_IN_CHARGE: (Organisation.Kind.AUTHORITY,),
    Role.PRINCIPAL_LEADER: (Organisation.Kind.AUTHORITY,),
    Role.CENTRE_CLERK: (Organisation.Kind.CENTRE,),
    Role.OFFICE_STAFF: (Organisation.Kind.OFFICE, Organisation.Kind.BRIGADE),
    Role.DEPARTMENT_STAFF: (Organisation.Kind.DEPARTMENT,),
    Role.DISTRICT_CENTRE_STAFF: (Organisation.Kind.DISTRICT_CENTRE,),
}
_LEVELS = {12: "村(社区)", 15: "二级网格"}


class Appointments(SpansRoster):
    """Posts on areas and in organisations."""

    kind = "appointments"
    title = "任职名册"
    summary = "网格长、网格员、书记、中心和机构人员：何人、何职、何处、何时起止"
    model = Appointment
    identity = ("person_id", "role", "area_id", "organisation_id")
    facts = ("part_time",)

    number = Column("pk", "任职编号", Code(18), hint="下载的名册中已有，请勿改动；新任职留空")
    person = reference("person_id", "people", "工号", name="姓名", hint="与姓名至少填一项")
    person_name = name_of("person__name", "姓名")
    role = Column("role", "角色", Choice(Role), required=True)
    area = reference(
        "area_id", "areas", "区域编码", name="区域名称", hint="村(社区)12 位，二级网格 15 位；与机构只填其一"
    )
    area_name = name_of("area__name", "区域名称")
    organisation = reference("organisation_id", "organisations", "机构编码", name="机构名称", hint="与区域只填其一")
    organisation_name = name_of("organisation__name", "机构名称")
    part_time = Column("part_time", "兼职", YesNo(), hint="是或否；留空为否")
    valid_from = Column("valid_from", "任职日期", Day(), hint="新任职留空，则从名册生效日起")
    valid_until = Column("valid_until", "离任日期", Day(), hint="离任当天；在任的留空")

    def registered(self) -> QuerySet[Any]:
        """Posts held today, and those already decided."""
        current = Q(valid_until=None) | Q(valid_until__gt=self.terms.today)
        posts = Appointment.objects.filter(current).select_related("person", "area", "organisation")
        return posts.order_by("area", "organisation", "role", "person", "valid_from")

    def number_of(self, entry: Entry) -> Any:
        """The appointment the row was downloaded from."""
        number = entry.values.get("pk")
        return int(number) if number else None

    def settle(self, entry: Entry) -> None:
        """A person, one place, and a role that is held there."""
        values = entry.values
        number = values.get("pk") or "0"
        if not number.isascii() or not number.isdigit():
            entry.fault("应为下载的名册中的编号，新任职请留空 (not a number of an appointment)", "任职编号")
        if values.get("person_id") is None:
            entry.fault("请填工号或姓名 (who?)", "工号")
        values.setdefault("area_id", None)
        values.setdefault("organisation_id", None)
        if (values["area_id"] is None) == (values["organisation_id"] is None):
            entry.fault("任职应对应一个区域或一个机构，只填其一 (either an area or an organisation)", "区域编码")
        elif not entry.faults:
            self._check_place(entry)

    def _check_place(self, entry: Entry) -> None:
        role, area, organisation = (entry.values[name] for name in ("role", "area_id", "organisation_id"))
        if area is not None:
            if len(area) not in _ON_AREAS.get(role, ()):
                entry.fault(f"{self._where(role)} (this role is held elsewhere)", "区域编码")
        elif self.terms.register.kind_of_organisation[organisation] not in _AT_ORGANISATIONS.get(role, ()):
            entry.fault(f"{self._where(role)} (this role is held elsewhere)", "机构编码")

    def _where(self, role: Role) -> str:
        places = [_LEVELS[length] for length in _ON_AREAS.get(role, ())]
        kinds = [str(Organisation.Kind(kind).label) for kind in _AT_ORGANISATIONS.get(role, ())]
        return f"“{Role(role).label}”应任职于{'或'.join(places + kinds)}"

    def plan(self, entries: list[Entry]) -> None:
        """Refuse numbers nobody has given out, then match."""
        numbers = {number for entry in entries if not entry.faults and (number := self.number_of(entry))}
        known = set(Appointment.objects.filter(pk__in=numbers).values_list("pk", flat=True))
        for entry in entries:
            if not entry.faults and (number := self.number_of(entry)) and number not in known:
                entry.fault(f"没有编号为 {number} 的任职；新任职请留空 (no such number)", "任职编号")
        super().plan(entries)

    def grounds(self, row: Any) -> Iterable[str]:
        """The area, or the organisation's ground."""
        return [row.area_id or self.terms.register.area_of_organisation[row.organisation_id]]

    def name(self, row: Any) -> str:
        """Who and what."""
        place = self.terms.register.areas.names.get(row.area_id or "") or self.terms.register.organisations.names.get(
            row.organisation_id or ""
        )
        return f"{self.terms.register.people.names[row.person_id]} {Role(row.role).label} {place}"
