"""The second whistle: blown by the community, answered on two tracks, settled on the ground, verified by another."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases import photos
from cases.models import Case, TraceEvent, Whistle
from cases.sealing import stored_rows, verify
from gridmap.models import Appointment, Person
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from gridmap.roles import Role
from tests.cases.playing import BLOWN, act, offered, turn, user_of
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_r49_a_worker_cannot_blow_level_two(case: Case, cast: Cast, now: dt.datetime) -> None:
    for somebody in (cast.worker, cast.clerk, cast.leader, cast.centre):
        with pytest.raises(Forbidden):
            act(case, "whistle", somebody, now, **BLOWN)
    assert not Whistle.objects.filter(case=case).exists()


@pytest.mark.parametrize("missing", ["tried", "text"])
def test_r49_no_level_two_without_the_record_of_what_was_tried_and_why_it_is_not_enough(
    case: Case, cast: Cast, now: dt.datetime, missing: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        act(case, "whistle", cast.chief, now, **(BLOWN | {missing: "  "}))
    assert refused.value.parameter == missing
    assert not Whistle.objects.filter(case=case).exists()
    assert Case.objects.get(pk=case.pk).state == "handling"


def test_r50_both_tracks_are_opened_and_neither_alone_is_enough(
    case: Case, cast: Cast, envoy: Person, now: dt.datetime
) -> None:
    assert act(case, "whistle", cast.chief, now, **BLOWN).state == "whistled"
    assert offered(case, cast.clerk, now) == ["file", "send"]
    assert offered(case, cast.chief, now) == []
    later = now + dt.timedelta(hours=1)
    assert act(case, "file", cast.clerk, later).state == "whistled"
    assert offered(case, cast.clerk, now) == ["send"]
    with pytest.raises(Conflict, match="已经办过"):
        act(case, "file", cast.clerk, later)
    assert act(case, "send", cast.clerk, later, person=envoy.code).state == "triage"
    whistle = Whistle.objects.get(case=case)
    assert (whistle.level, whistle.tried, whistle.reason) == (2, BLOWN["tried"], BLOWN["text"])
    assert (whistle.blown_by, whistle.blown_at) == (cast.chief, now)
    assert (whistle.filed_at, whistle.sent, whistle.sent_at) == (later, envoy, later)


def test_the_tracks_may_be_taken_in_either_order(case: Case, cast: Cast, envoy: Person, now: dt.datetime) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    assert act(case, "send", cast.clerk, now, person=envoy.code).state == "whistled"
    assert act(case, "file", cast.clerk, now).state == "triage"


def test_only_people_of_the_town_can_be_sent(case: Case, cast: Cast, now: dt.datetime) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    elsewhere = Appointment.objects.filter(role=Role.OFFICE_STAFF).exclude(organisation__area=cast.grid[:9])
    for code in (elsewhere.earliest("pk").person_id, "无此人", "p" * 24):
        with pytest.raises(Unprocessable, match="本镇街没有"):
            act(case, "send", cast.clerk, now, person=code)
    with pytest.raises(Unprocessable, match="派出的人"):
        act(case, "send", cast.clerk, now)
    assert Whistle.objects.get(case=case).sent is None


def test_who_was_sent_settles_it_and_another_verifies(
    case: Case, cast: Cast, envoy: Person, now: dt.datetime, picture: photos.Picture
) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    act(case, "file", cast.clerk, now)
    act(case, "send", cast.clerk, now, person=envoy.code)
    assert "settle" not in offered(case, cast.clerk, now)
    with pytest.raises(Forbidden, match="只有派出的专人"):
        act(case, "settle", cast.clerk, now, text="好了", pictures=[picture])
    assert offered(case, user_of(envoy), now) == ["settle"]
    with pytest.raises(Unprocessable, match="照片"):
        act(case, "settle", user_of(envoy), now, text="好了")
    settled = act(case, "settle", user_of(envoy), now, text="已协调管网公司换盖", pictures=[picture])
    assert settled.state == "verifying"
    assert offered(case, user_of(envoy), now) == []
    assert act(case, "rework", cast.clerk, now, text="仍有缝隙").state == "triage"
    act(case, "settle", user_of(envoy), now, text="缝隙已补", pictures=[picture])
    assert act(case, "conclude", cast.clerk, now).state == "closed"
    verbs = list(TraceEvent.objects.filter(case=case).order_by("seq").values_list("verb", flat=True))
    assert verbs == ["report", "accept", "whistle", "file", "send", "settle", "rework", "settle", "conclude"]
    assert verify(row for row in stored_rows() if row.number == case.number).broken is None


def test_verifier_is_never_the_handler(case: Case, cast: Cast, now: dt.datetime, picture: photos.Picture) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    act(case, "file", cast.clerk, now)
    clerk = Person.objects.get(user=cast.clerk)
    act(case, "send", cast.clerk, now, person=clerk.code)
    act(case, "settle", cast.clerk, now, text="好了", pictures=[picture])
    assert offered(case, cast.clerk, now) == ["rework"]
    with pytest.raises(Forbidden, match="本人"):
        act(case, "conclude", cast.clerk, now)


def test_each_desk_is_told_whose_turn_it_is(case: Case, cast: Cast, envoy: Person, now: dt.datetime) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    assert (turn(case, cast.clerk, now), turn(case, cast.chief, now)) == ("中心备案", "")
    act(case, "file", cast.clerk, now)
    assert turn(case, cast.clerk, now) == "派专人到社区"
    act(case, "send", cast.clerk, now, person=envoy.code)
    # While somebody is on the way, the centre may give it to an office as well.
    assert (turn(case, user_of(envoy), now), turn(case, cast.clerk, now)) == ("到社区协调解决", "派件")


def test_the_whistle_is_seen_on_its_ground_and_nowhere_else(case: Case, cast: Cast, now: dt.datetime) -> None:
    act(case, "whistle", cast.chief, now, **BLOWN)
    for somebody in (cast.stranger, cast.department):
        with pytest.raises(NotFound):
            act(case, "file", somebody, now)
    for somebody in (cast.worker, cast.chief, cast.leader):
        with pytest.raises(Forbidden):
            act(case, "file", somebody, now)


def test_the_database_keeps_one_whistle_a_level_and_a_person_with_a_time(
    case: Case, cast: Cast, envoy: Person, now: dt.datetime
) -> None:
    given = {"case": case, "tried": "做过", "reason": "不够", "blown_at": now, "blown_by": cast.chief}
    Whistle.objects.create(level=2, **given)
    for bad in ({"level": 2}, {"level": 5}, {"level": 2, "sent": envoy}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Whistle.objects.create(**(given | bad))
