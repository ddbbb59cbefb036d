"""What load_demo leaves in the database: the article's figures, and cases like those the actions make."""

# ruff: noqa: N802 - the tests bear the numbers of the requirements as the article's list writes them

from __future__ import annotations

import datetime as dt
import io
import random
from collections import Counter

import numpy as np
import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q

from cases import sealing
from cases.demonstration import accounts
from cases.models import Assignment, Case, Category, Photo, TraceEvent, Workday
from cases.models.calendar import due_after
from cases.summary import summary
from cases.workflow import DONE, VERBS
from gridmap.duties import responsible_for
from gridmap.models import (
    Appointment,
    Area,
    Boundary,
    Building,
    DelegatedPower,
    Organisation,
    PartyOrganisation,
    Person,
    PowerGrant,
    ServiceGuide,
    StationedStaff,
)
from gridmap.roles import Role

pytestmark = pytest.mark.django_db
LAST_DAY = dt.date(2026, 6, 30)
ENDED = dt.datetime(2026, 6, 30, 18, tzinfo=dt.timezone(dt.timedelta(hours=8)))
WORKERS = Appointment.objects.filter(role=Role.GRID_WORKER)
GRIDS = Area.objects.filter(level="grid")


@pytest.fixture(autouse=True)
def _fast(db: None) -> None:
    """Every question here is one people will wait for: the database gives up after two seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2s'")


def rows(statement: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


# ---- the article's figures -------------------------------------------------------------------------------------


def test_R01_nothing_is_older_than_the_reform() -> None:
    begin = dt.date(2019, 1, 1)
    for model in (Boundary, Appointment, StationedStaff, DelegatedPower, PowerGrant):
        assert model.objects.order_by("valid_from").first().valid_from >= begin, model
    assert PartyOrganisation.objects.filter(established_on__lt=begin).count() == 0


def test_R02_four_levels_each_with_a_boundary_in_force() -> None:
    by_level = {"district": 1, "town": 10, "community": 143, "grid": 727}
    assert Counter(Area.objects.values_list("level", flat=True)) == by_level
    in_force = Boundary.objects.on(LAST_DAY).values_list("area__level", flat=True)
    assert Counter(in_force) == by_level


def test_R06_R07_4649_collected_4640_done_9_open() -> None:
    figures = summary(Case.objects.all(), now=ENDED)
    assert (figures["collected"], figures["done"], figures["open"]) == (4649, 4640, 9)
    assert figures["completion_rate"] == {"numerator": 4640, "denominator": 4649, "percent": 99.8}
    tops = Case.objects.values_list("category__parent__name", flat=True).distinct()
    assert {"市容环境", "环境污染"} <= set(tops)


def test_R12_more_than_1000_people_in_an_urban_grid_need_a_waiver() -> None:
    over = GRIDS.filter(urban=True, residents__gt=1000)
    assert over.exists()
    assert not over.filter(size_waiver="").exists()


def test_R14_R15_143_first_level_and_727_second_level_grids() -> None:
    assert Area.objects.filter(level="community", kind__in=["community", "village"]).count() == 143
    assert GRIDS.count() == 727


def test_R20_600_grids_have_a_branch_or_group() -> None:
    of_grids = PartyOrganisation.objects.filter(kind__in=["branch", "group"])
    assert of_grids.count() == of_grids.values("area").distinct().count() == 600


def test_R21_29_commercial_buildings_have_a_functional_branch() -> None:
    assert Building.objects.filter(kind="commercial", party_organisations__kind="functional").count() == 29
    assert PartyOrganisation.objects.filter(kind="functional").count() == 29
    assert Building.objects.filter(kind="commercial").count() == 29


def test_R22_coverage_is_82_point_5_percent() -> None:
    covered = GRIDS.filter(party_organisations__isnull=False).distinct().count()
    assert (covered, round(100 * covered / GRIDS.count(), 1)) == (600, 82.5)


def test_R23_143_chiefs_each_the_secretary_of_the_community() -> None:
    chiefs = Appointment.objects.on(LAST_DAY).filter(role=Role.GRID_CHIEF)
    assert chiefs.count() == chiefs.values("person").distinct().count() == 143
    secretaries = chiefs.filter(
        area__party_organisations__kind__in=["committee", "general_branch"],
        area__party_organisations__secretary=F("person"),
    )
    assert secretaries.count() == 143


def test_R26_691_workers_and_at_least_36_shared_grids() -> None:
    assert WORKERS.values("person").distinct().count() == 691
    assert not GRIDS.exclude(pk__in=WORKERS.values("area")).exists()
    several = WORKERS.values("person").annotate(grids=Count("area", distinct=True)).filter(grids__gt=1)
    shared = WORKERS.filter(person__in=several.values("person")).values("area").distinct().count()
    assert shared >= 36


def test_R27_359_of_them_are_party_members() -> None:
    members = Person.objects.filter(party_member=True, appointments__role=Role.GRID_WORKER).distinct().count()
    assert (members, round(100 * members / 691, 2)) == (359, 51.95)


@pytest.mark.parametrize(
    ("pattern", "units", "offices"),
    [("developed_town", 1, 8), ("town_4_1_2", 3, 7), ("subdistrict_3_1_2", 6, 6)],
)
def test_R29_R30_R31_offices_by_template(pattern: str, units: int, offices: int) -> None:
    found = Organisation.objects.filter(template=pattern).annotate(
        offices=Count("children", filter=Q(children__kind="office"))
    )
    assert [it.offices for it in found] == [offices] * units


def test_R31_65_offices_in_all() -> None:
    assert Organisation.objects.filter(kind="office").count() == 65


def test_R34_123_posts_in_nine_units_108_filled() -> None:
    assert StationedStaff.objects.count() == 123
    assert StationedStaff.objects.filter(person__isnull=False).values("person").distinct().count() == 108
    assert StationedStaff.objects.values("area").distinct().count() == 9
    assert StationedStaff.objects.values("home").distinct().count() == 4


def test_R39_75_62_and_5_powers() -> None:
    units = Area.objects.filter(level="town").annotate(powers=Count("power_grants"))
    assert [it.powers for it in units if it.kind == "town"] == [75] * 4
    subdistricts = [it.powers for it in units if it.kind == "subdistrict"]
    assert len(subdistricts) == 6
    assert set(subdistricts) == {62, 67}
    some = PowerGrant.objects.filter(area__kind="subdistrict").values("power").annotate(units=Count("area"))
    assert sum(it["units"] < 6 for it in some) == 5


def test_R42_guides_are_complete() -> None:
    needing = DelegatedPower.objects.exclude(kind="enforcement")
    assert needing.count() > 30
    assert not needing.filter(guide=None).exists()
    for field in ("conditions", "basis", "process", "time_limit", "contact_name", "contact_phone"):
        assert not ServiceGuide.objects.filter(**{field: ""}).exists()


def test_every_grid_has_somebody_who_answers() -> None:
    for code in GRIDS.values_list("code", flat=True)[::60]:
        roles = [it["role"] for it in responsible_for(code, on=LAST_DAY)["people"]]
        assert Role.GRID_WORKER in roles
        assert Role.GRID_CHIEF in roles


# ---- cases like those the actions make -------------------------------------------------------------------------


def test_every_case_lies_where_the_routing_says() -> None:
    differing = rows(
        """SELECT cases_case.number, area_id, found.area FROM cases_case,
           LATERAL gridmap_route(ST_X(point), ST_Y(point),
                                 (reported_at AT TIME ZONE 'Asia/Shanghai')::date, 0) AS found
           WHERE area_id <> found.area OR route_method <> found.method
              OR abs(route_distance_m - found.distance_m) > 0.0051
              OR route_candidates <> to_jsonb(found.candidates) OR route_uncertain <> found.uncertain"""
    )
    assert differing == []
    assert Case.objects.exclude(route_method__in=["within", "edge"]).count() == 0


def test_300_cases_are_due_when_the_calendar_says() -> None:
    on_the_grid = Case.objects.filter(whistles=None, reopened=0)
    cases = list(on_the_grid.select_related("category").order_by("pk"))
    sample = random.Random(7).sample(cases, 300)
    assert len({case.category.limit_unit for case in sample}) >= 3
    for case in sample:
        assert case.due_at == due_after(case.reported_at, case.category.limit), case.number


def test_what_was_ordered_is_due_when_the_order_says() -> None:
    asked = list(Assignment.objects.select_related("case").order_by("case", "id"))
    assert len(asked) > 100
    for assignment in asked:
        changed = assignment.procedures.exclude(due_after=None).order_by("-id").first()
        if changed is not None:
            assert assignment.due_at == changed.due_after > changed.due_before, assignment.case
        elif not assignment.redone:
            assert assignment.due_at == due_after(assignment.ordered_at, assignment.limit), assignment.case
    last = {assignment.case: assignment for assignment in asked if assignment.is_lead}
    assert all(case.due_at == assignment.due_at for case, assignment in last.items())


def test_every_story_begins_with_the_report_and_its_deeds_follow_on_each_other() -> None:
    stories = rows(
        """SELECT state, array_agg(verb ORDER BY seq), bool_and(coalesce(at >= before, true)),
                  bool_and(verb IN ('voice', 'absorb', 'survey') OR coalesce(at > before_deed, true)),
                  bool_and(coalesce(from_state = came, true))
           FROM (SELECT event.*, cases_case.state, lag(event.at) OVER story AS before,
                        lag(event.to_state) OVER story AS came,
                        lag(CASE WHEN verb NOT IN ('voice', 'absorb', 'survey') THEN event.at END) OVER story
                            AS before_deed
                 FROM cases_traceevent AS event JOIN cases_case ON cases_case.id = event.case_id
                 WINDOW story AS (PARTITION BY event.case_id ORDER BY event.seq)) AS events
           GROUP BY case_id, state"""
    )
    assert Counter(state for state, *_ in stories) == Counter(Case.objects.values_list("state", flat=True))
    for state, verbs, in_order, apart, joined in stories:
        assert isinstance(verbs, list)
        assert verbs[0] == "report"
        assert (in_order, apart, joined) == (True, True, True), verbs
        assert "survey" not in verbs or state in DONE
    plain = sum(verbs == ["report", "accept", "resolve", "close"] for _, verbs, *_ in stories)
    assert plain > 2000
    assert sum(state in DONE for state, *_ in stories) == 4640


def test_a_case_and_its_trace_agree_on_times_and_states() -> None:
    assert not rows(
        """SELECT cases_case.number FROM cases_case
           JOIN LATERAL (SELECT * FROM cases_traceevent WHERE case_id = cases_case.id AND verb NOT IN ('survey', 'evaluate')
                         ORDER BY seq DESC LIMIT 1) AS last ON true
           JOIN cases_traceevent AS first ON first.case_id = cases_case.id AND first.seq = 1
           WHERE (last.to_state <> state AND state <> 'evaluated') OR first.at <> reported_at
              OR (state IN ('closed', 'evaluated', 'merged') AND last.at IS DISTINCT FROM closed_at)"""
    )
    assert Case.objects.filter(reported_at__gt=ENDED).count() == 0
    assert TraceEvent.objects.filter(at__gt=ENDED).count() == 0


def test_the_one_who_verified_is_not_the_one_who_handled() -> None:
    deeds = TraceEvent.objects.filter(verb__in=VERBS)
    assert set(deeds.filter(actor=None).values_list("verb", flat=True)) == {"receive"}
    for verb in VERBS.values():
        for other in verb.other_than:
            assert not rows(
                """SELECT solved.case_id FROM cases_traceevent AS solved
                   JOIN cases_traceevent AS closed USING (case_id)
                   WHERE solved.verb = %s AND closed.verb = %s AND solved.actor_id = closed.actor_id""",
                other,
                verb.name,
            ), verb.name


def test_who_acted_holds_the_role_on_that_ground() -> None:
    assert not rows(
        """SELECT event.case_id, event.verb FROM cases_traceevent AS event
           JOIN cases_case ON cases_case.id = event.case_id
           WHERE event.role <> '' AND NOT EXISTS (
               SELECT FROM gridmap_appointment AS post JOIN gridmap_person AS person ON person.code = post.person_id
               LEFT JOIN gridmap_organisation AS at ON at.code = post.organisation_id
               WHERE person.user_id = event.actor_id AND post.role = event.role
                 AND starts_with(cases_case.area_id, coalesce(post.area_id, at.area_id)))"""
    )
    # The other side of a merge names its clerk and no role.
    assert set(TraceEvent.objects.filter(role="", verb__in=VERBS).values_list("verb", flat=True)) == {"receive"}


def test_sensitive_cases_show_the_grid_and_others_the_place() -> None:
    assert not Case.objects.filter(category__sensitive=False).exclude(public_point=F("point")).exists()
    sensitive = Case.objects.filter(category__sensitive=True)
    assert sensitive.count() > 50
    assert not sensitive.filter(public_point=F("point")).exists()
    # One public point for a grid: nothing can be told from it but the grid.
    assert sensitive.values("area").distinct().count() == sensitive.values("area", "public_point").distinct().count()


def test_every_case_has_its_picture_and_every_deed_that_needs_one_that_of_afterwards() -> None:
    assert not Case.objects.annotate(before=Count("photos", filter=Q(photos__kind="report"))).exclude(before=1).exists()
    shown = Photo.objects.filter(kind="after").order_by("case", "at").values_list("case", "at")
    deeds = TraceEvent.objects.filter(verb__in=[verb.name for verb in VERBS.values() if "photo" in verb.needs])
    assert list(shown) == list(deeds.order_by("case", "at").values_list("case", "at"))
    assert Photo.objects.values("file").distinct().count() == 12


def test_the_seals_hold() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20s'")
    found = sealing.verify(sealing.stored_rows())
    assert found.broken is None
    assert found.cases == Case.objects.count()


def test_numbers_follow_the_days_and_are_taken_once() -> None:
    numbers = list(Case.objects.order_by("pk").values_list("number", "reported_at"))
    assert len({number for number, _ in numbers}) == len(numbers) == 4649 + Case.objects.filter(state="merged").count()
    shanghai = dt.timezone(dt.timedelta(hours=8))
    assert all(number.startswith(f"{at.astimezone(shanghai):%Y%m%d}-") for number, at in numbers)
    assert rows("SELECT last_value >= 4649 FROM cases_number") == [(True,)]


# ---- what makes it worth looking at ----------------------------------------------------------------------------


def test_there_are_hot_spots() -> None:
    counted = GRIDS.filter(residents__gte=300).annotate(count=Count("cases")).values_list("count", "residents")
    count, residents = np.array(list(counted)).T
    rate = (count / residents) / (count.sum() / residents.sum())
    hot = rate >= 3
    assert 5 <= hot.sum() <= 60
    assert rate.max() >= 4
    assert np.median(rate) < 1


def test_hot_spots_are_near_each_other_and_known_for_something() -> None:
    hottest = GRIDS.annotate(count=Count("cases")).order_by("-count").first()
    kinds = Counter(Case.objects.filter(area=hottest).values_list("category", flat=True))
    (_, most), total = kinds.most_common(1)[0], sum(kinds.values())
    assert total >= 30
    assert most / total > 0.35


def test_cases_lie_over_three_years_and_all_channels_of_use() -> None:
    months = Case.objects.values_list("reported_at__year", "reported_at__month").distinct()
    assert len(set(months)) >= 36
    assert len(set(Case.objects.values_list("channel", flat=True))) == 5
    assert Case.objects.filter(state="closed", closed_at__gt=F("due_at")).count() > 100


def test_the_nine_open_ones_stand_at_nine_different_stages() -> None:
    states = Case.objects.open().values_list("state", flat=True)
    assert len(set(states)) == len(states) == 9
    assert {"reported", "handling", "resolved", "whistled", "deciding", "applied", "issued"} <= set(states)


def test_a_few_were_reported_twice_and_merged() -> None:
    merged = Case.objects.filter(state="merged").select_related("merged_into")
    assert 10 <= merged.count() <= 30
    for case in merged:
        assert case.category_id == case.merged_into.category_id
        assert case.point.distance(case.merged_into.point) < 0.001
        assert case.reported_at > case.merged_into.reported_at
        assert case.merged_into.voices_count >= 1


def test_one_of_every_role_can_sign_in_and_nobody_else() -> None:
    listed = accounts.listed()
    assert {it["role"] for it in listed} == {role.label for role in Role} | {"系统管理员"}
    for account in listed:
        assert authenticate(username=account["username"], password=account["password"]) is not None
    ours = {it["username"] for it in listed}
    others = Person.objects.exclude(user__username__in=ours).values_list("user__username", flat=True)
    assert len(others) > 1500
    assert authenticate(username=others[0], password=accounts.PASSWORD) is None


def test_the_calendar_knows_the_holidays() -> None:
    days = dict(Workday.objects.filter(date__year=2026).values_list("date", "works"))
    assert days[dt.date(2026, 10, 1)] is False
    assert any(works and day.weekday() >= 5 for day, works in days.items())
    assert Workday.objects.order_by("date").first().date.year <= 2023


def test_the_categories_are_two_levels_with_limits() -> None:
    assert Category.objects.filter(parent=None).count() == 6
    assert not Category.objects.filter(parent__parent__isnull=False).exists()
    assert not Category.objects.filter(limit_amount=0).exists()


# ---- loading ---------------------------------------------------------------------------------------------------


def test_it_is_not_loaded_over_cases() -> None:
    with pytest.raises(CommandError, match="已有事项"):
        call_command("load_demo", stdout=io.StringIO())
    said = io.StringIO()
    call_command("load_demo", "--if-empty", stdout=said)
    assert "已有数据" in said.getvalue()
    assert summary(Case.objects.all(), now=ENDED)["collected"] == 4649


@pytest.mark.parametrize(
    "option",
    [{"cases": -1}, {"unfinished": -1}, {"cases": 3, "unfinished": 4}, {"as_of": "2026-13-01"}, {"as_of": "昨天"}],
)
def test_nonsense_is_refused_before_anything_is_written(option: dict[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '60s'")
        cursor.execute("ALTER TABLE cases_traceevent DISABLE TRIGGER USER")
        cursor.execute("TRUNCATE cases_case CASCADE")
    with pytest.raises(CommandError):
        call_command("load_demo", stdout=io.StringIO(), **option)
    assert not Case.objects.exists()
