"""What a whistle's verbs write beside the state and the trace: the whistle, its filing, the person who is sent."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import OuterRef, QuerySet, Subquery

from cases.models import Case, Whistle
from cases.workflow import OF_THE_TOWN
from gridmap.models import Appointment, Person
from gridmap.problems import Unprocessable

TOWN_DIGITS = 9


def blow(case: Case, *, tried: str, reason: str, by: AbstractBaseUser, at: dt.datetime) -> dict[str, object]:
    """Call the town; returns what the trace says of it."""
    Whistle.objects.create(
        case=case, level=Whistle.Level.TOWN, tried=tried, reason=reason, blown_at=at, blown_by_id=by.pk
    )
    return {"level": Whistle.Level.TOWN.value, "tried": tried}


def put_on_file(whistle: Whistle, *, at: dt.datetime) -> dict[str, object]:
    """The centre's track."""
    whistle.filed_at = at
    whistle.save(update_fields=["filed_at"])
    return {}


def send(whistle: Whistle, case: Case, code: str, *, at: dt.datetime) -> dict[str, object]:
    """The track on the ground; raises :class:`Unprocessable` for somebody who is not of the case's town."""
    person = who_can_be_sent(case, on=at.date()).filter(code=code).first()
    if person is None:
        raise Unprocessable(f"本镇街没有在任的工作人员 {code[:20]} (nobody of this town)", parameter="person")
    whistle.sent, whistle.sent_at = person, at
    whistle.save(update_fields=["sent", "sent_at"])
    return {"person": person.code, "person_name": person.name}


def who_can_be_sent(case: Case, *, on: dt.date) -> QuerySet[Person]:
    """People in post at the organisations of the case's town, who have an account; `office` is where they are."""
    town = case.current_area_id[:TOWN_DIGITS]
    held = Appointment.objects.on(on).filter(role__in=OF_THE_TOWN, organisation__area=town)
    office = held.filter(person=OuterRef("pk")).order_by("organisation").values("organisation__name")[:1]
    return (
        Person.objects.filter(pk__in=held.values("person"), user__isnull=False)
        .annotate(office=Subquery(office))
        .order_by("office", "code")
    )
