"""The paths cases take in the demonstration: all are taken, most end on the grid, and something waits on every desk."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from django.contrib.auth.models import User
from django.db import connection

from cases.demonstration import accounts
from cases.demonstration.paths import FAIL, PATHS, UNFINISHED, states_along
from cases.desk import desk_of
from cases.models import Case, Letter, Procedure, Result, SurveyAnswer, TraceEvent, Whistle
from cases.summary import summary
from cases.workflow import DONE, OPEN, VERBS, Kind, Stage, State, allowed
from gridmap.duties import Standing, standing_of
from gridmap.roles import Role
from tests.cases.retaking import BY_THE_WAY, ENDED, cases_of

pytestmark = pytest.mark.django_db
# What no path has yet: corrections of the grid, emergencies nobody confirms, the list of the hard ones, appeals.
NOT_YET = {
    *("relocate", "disown", "withdraw", "mark"),
    *("appeal", "uphold", "grant"),
}


def test_every_path_is_taken_and_most_cases_end_on_the_grid() -> None:
    missing = {name for name, path in PATHS.items() if path.share and not cases_of(path.deeds)}
    assert missing == set()
    whistled = Whistle.objects.filter(level=Whistle.Level.TOWN, case__state__in=DONE).count()
    lettered = Letter.objects.filter(case__state__in=DONE).values("case").distinct().count()
    assert 0.03 < whistled / 4640 < 0.1
    assert 0.005 < lettered / 4640 < 0.02
    for name in ("solved", "sent back", "settled", "ordered", "lettered", "failed"):
        share = len(cases_of(PATHS[name].deeds)) / 4640
        assert abs(share - PATHS[name].share / 1000) < 0.005, name


def test_every_verb_of_the_ordinary_course_is_in_some_path() -> None:
    used = {deed.verb for path in PATHS.values() for deed in path.deeds}
    beside = {verb.name for verb in VERBS.values() if verb.procedure}
    assert set(VERBS) - used - beside == NOT_YET


def test_a_stop_is_where_its_name_says() -> None:
    standing = [states_along(stop.deeds)[-1][1] if stop.deeds else State.REPORTED for stop in UNFINISHED]
    assert set(standing) == OPEN | {State.REFUSED}
    # The article's nine each wait for somebody else.
    assert len(set(standing[:9])) == 9
    assert set(standing[:17]) <= OPEN
    for stop, state in zip(UNFINISHED, standing, strict=True):
        assert not stop.before or allowed(VERBS[stop.before], state), stop


@pytest.mark.parametrize(
    "role",
    [
        Role.GRID_WORKER,
        Role.GRID_CHIEF,
        Role.CENTRE_CLERK,
        Role.OFFICE_STAFF,
        Role.LEADER_IN_CHARGE,
        Role.PRINCIPAL_LEADER,
        Role.DEPARTMENT_STAFF,
    ],
)
def test_something_waits_on_the_desk_of_every_account_listed(role: Role) -> None:
    username = next(it["username"] for it in accounts.listed() if it["role"] == role.label)
    user = User.objects.get(username=username)
    desk = desk_of(standing_of(user, on=ENDED.date()), user_id=user.pk, now=ENDED)
    assert desk.mine >= 1
    centre = desk_of(Standing(everything=True), user_id=None, now=ENDED)
    assert (centre.total, centre.overdue >= 1) == (9, True)


def test_what_is_said_is_there_and_about_the_matter() -> None:
    deeds = TraceEvent.objects.exclude(verb__in=BY_THE_WAY)
    for verb in VERBS.values():
        if "text" in verb.needs:
            assert not deeds.filter(verb=verb.name).exclude(payload__text__gt="").exists(), verb.name
    about: dict[str, set[str]] = defaultdict(set)
    for category, text in deeds.filter(verb="finish").values_list("case__category", "payload__text"):
        about[text].add(category)
    assert len(about) > 15
    assert all(len(categories) == 1 for categories in about.values())
    assert Whistle.objects.values("tried").distinct().count() > 20


def test_the_survey_is_answered_by_some_and_most_are_content() -> None:
    figures = summary(Case.objects.all(), now=ENDED)
    assert 30 < figures["survey_rate"]["percent"] < 50
    assert 80 < figures["solved_rate"]["percent"] < 95
    assert 4 < figures["satisfaction"]["mean"] < 4.7
    assert SurveyAnswer.objects.count() > figures["survey_rate"]["numerator"]  # some have answered again
    assert Counter(SurveyAnswer.objects.values_list("solved", flat=True)).keys() == {"yes", "partly", "no"}


def test_some_departments_have_results_of_several_grades() -> None:
    results = Result.objects.filter(assignment__case__state=State.EVALUATED)
    assert results.count() == Result.objects.count() > 20
    assert len(set(results.values_list("grade", flat=True))) >= 2
    assert results.filter(assignment__part="assist").exists()
    assert {bool(it.inputs["satisfaction"]) for it in results} == {True, False}


def test_a_few_cases_have_something_beside_their_course() -> None:
    asked = Procedure.objects.filter(case__state__in=DONE)
    found = Counter(asked.values_list("kind", "stage"))
    granted = {(kind, Stage.GRANTED) for kind in (Kind.RETURN, Kind.DISPUTE, Kind.EXTENSION)}
    assert found.keys() == granted | {(Kind.SUSPENSION, Stage.OVER)}
    for kind, count in found.items():
        assert 3 <= count <= 8, kind
    assert 3 <= Letter.objects.exclude(confirm_by=None).exclude(confirmed_at=None).count() <= 8
    assert 5 <= Case.objects.filter(reopened=1).count() <= 12
    # The second letter is another department's.
    for case in Case.objects.filter(assignments__withdrawn_at__isnull=False).prefetch_related("assignments__letter"):
        units = [it.unit_id for it in case.assignments.order_by("id")]
        assert len(set(units)) == len(units) == case.letters.count() == 2, case.number


def test_people_work_at_working_hours() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FILTER (WHERE extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') NOT BETWEEN 8 AND 18),
                      count(*) FROM cases_traceevent WHERE verb <> ALL (%s)""",
            [list(BY_THE_WAY)],
        )
        at_night, all_of_them = cursor.fetchone()
    assert at_night / all_of_them < 0.02


def test_the_fail_of_a_department_is_one_verb_of_the_table() -> None:
    assert VERBS[FAIL].comes_from == {State.CLAIMED}
    assert VERBS[FAIL].goes_to == State.ARRIVED
