"""The roster of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from gridmap.models import Appointment, Person, StationedStaff
from gridmap.rosters.columns import Code, Column, Text, YesNo
from gridmap.rosters.facts import FactsRoster


class People(FactsRoster):
    """Everybody who holds a post or is to hold one."""

    kind = "people"
    title = "人员名册"
    summary = "工号、姓名、工作电话、是否党员；任何岗位的人先在这里登记"
    model = Person

    code = Column("code", "工号", Code(24), hint="新人员必填；留空时按姓名查找，须只有一人同名")
    name_ = Column("name", "姓名", Text(40), required=True)
    phone = Column("phone", "工作电话", Code(20), hint="公开的工作电话")
    party_member = Column("party_member", "党员", YesNo(), hint="是或否；留空为否")

    def registered(self) -> QuerySet[Any]:
        """Everybody."""
        return Person.objects.order_by("code")

    def grounds(self, row: Any) -> Iterable[str]:
        """Wherever the person holds a post; nowhere for somebody who is new."""
        return sorted(self._places.get(row.code, ()))

    def sees(self, row: Any) -> bool:
        """People with a post, all of them on the sender's ground; those without one only for the whole district."""
        grounds = self.grounds(row) or [""]
        return all(self.terms.keeps(code) for code in grounds)

    @cached_property
    def _places(self) -> dict[str, set[str]]:
        places: defaultdict[str, set[str]] = defaultdict(set)
        held = Appointment.objects.on(self.terms.today).values_list(
            "person_id", Coalesce("area_id", "organisation__area_id")
        )
        stationed = StationedStaff.objects.on(self.terms.today).exclude(person=None).values_list("person_id", "area_id")
        for person, area in [*held, *stationed]:
            places[person].add(area)
        return places
