"""Web workers, the sweep and the database are killed under people who act: what was acknowledged is there, and once.

On a cluster of its own, since the whole server is killed too. Whoever gets no answer, or is told to try again, sends
the same again under the same key. What it comes to is compared with a case that nobody disturbed.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg2
import pytest
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from cases.scoring import RUBRIC
from tests.cases import pictures
from tests.conftest import GRID, PATIENCE_S, SHOWCASE_TOWN, Site, let_in_at, serving
from tests.killing import Cluster, cluster_from, manage, template_backed_up, until
from tests.racing import (
    Answer,
    Browser,
    Deed,
    ask_database,
    assert_sealed,
    deed,
    deed_in_json,
    kill_workers,
    new_case,
    report,
    send_under_kills,
    showcase_ground,
    signed_in,
    workers_of,
)

pytestmark = pytest.mark.django_db

STREAMS, LIVES, REPORTS = 4, 3, 24
# A sweep is slow enough to be killed in the middle of what it does.
SLOW_SWEEP = """
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
CREATE TRIGGER linger AFTER INSERT ON cases_traceevent
    FOR EACH ROW WHEN (NEW.payload ? 'automatic') EXECUTE FUNCTION linger()
"""
IN_THE_MIDDLE = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
# A letter nobody receives in time, and a suspension whose day of review has come; then whether the sweep has done what
# follows, NULL where there is nothing it could be done to.
RECEIPT_IS_LATE = """
UPDATE cases_assignment SET receive_by = ordered_at - interval '1 minute'
WHERE received_at IS NULL AND case_id = (SELECT id FROM cases_case WHERE number = %s)
"""
IS_RECEIVED = """
SELECT bool_and(received_at IS NOT NULL) FROM cases_assignment
WHERE case_id = (SELECT id FROM cases_case WHERE number = %s)
"""
REVIEW_HAS_COME = """
UPDATE cases_procedure SET until = decided_at + interval '1 millisecond'
WHERE stage = 'granted' AND case_id = (SELECT id FROM cases_case WHERE number = %s)
"""
IS_RESUMED = """
SELECT bool_and(stage = 'over') FROM cases_procedure
WHERE stage IN ('granted', 'over') AND case_id = (SELECT id FROM cases_case WHERE number = %s)
"""
VERBS = [
    *("report", "accept", "whistle", "file", "send", "dispatch", "brief", "refer", "apply", "endorse", "issue"),
    *("receive", "receive", "suspend", "support_suspension", "grant_suspension", "resume"),
    *("sign_in", "handle", "claim", "certify"),
]
BY_ITSELF = ["receive", "receive", "resume"]
# What a life leaves behind, all but when and under which numbers.
LEFT_BEHIND = """
SELECT c.state, c.closed_at IS NOT NULL, events.verbs, events.states, events.seqs, events.automatic, events.last,
       (SELECT count(*) FROM cases_whistle WHERE case_id = c.id),
       (SELECT count(*) FROM cases_dispatch WHERE case_id = c.id),
       (SELECT count(*) FROM cases_letter WHERE case_id = c.id),
       (SELECT array_agg(unit_id || part || (received_at IS NOT NULL) || (finished_at IS NOT NULL) ORDER BY id)
        FROM cases_assignment WHERE case_id = c.id),
       (SELECT count(*) FROM cases_checkin JOIN cases_assignment a ON a.id = assignment_id WHERE a.case_id = c.id),
       (SELECT array_agg(kind || stage || resumes || (ended_at = until) ORDER BY id)
        FROM cases_procedure WHERE case_id = c.id),
       (SELECT count(*) FROM cases_photo WHERE case_id = c.id)
FROM cases_case c, LATERAL (
    SELECT array_agg(verb ORDER BY seq) AS verbs, array_agg(from_state || '>' || to_state ORDER BY seq) AS states,
           array_agg(seq ORDER BY seq) AS seqs,
           array_agg(verb ORDER BY seq) FILTER (WHERE payload ? 'automatic') AS automatic,
           (array_agg(to_state ORDER BY seq DESC))[1] AS last
    FROM cases_traceevent WHERE case_id = c.id
) AS events
WHERE c.number = %s
"""


@dataclass
class Ground:
    """The site, the database under it, and the sweep beside it."""

    cluster: Cluster
    site: Site
    sweep: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.start_sweep()

    def start_sweep(self) -> None:
        self.sweep = manage(self.cluster, "sweep", "--every", "1")

    def kill_sweep(self) -> bool:
        """In the middle of a deed, once it is there; another one is started at once."""
        if self.cluster.ask(IN_THE_MIDDLE) == [(0,)]:
            return False
        self.end_sweep()
        self.start_sweep()
        return True

    def end_sweep(self) -> None:
        self.sweep.kill()
        self.sweep.communicate(timeout=PATIENCE_S)

    def kill_database(self) -> None:
        """And start it again once the site has said that it is away."""
        os.kill(self.cluster.postmaster, signal.SIGKILL)
        somebody = Browser(self.site.url)
        until(lambda: somebody.ask("/readyz")[0] == 503)
        status, page = somebody.ask("/desk/?mine=1")
        assert (status, "系统暂时不可用" in page) == (503, True)
        self.cluster.run("up")


@pytest.fixture
def ground(
    template: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    _, backup = template_backed_up(template, django_db_blocker, tmp_path_factory)
    with cluster_from(backup, tmp_path_factory.mktemp("c")) as cluster:
        cluster.ask(SLOW_SWEEP)
        with serving(cluster.url, tmp_path_factory.mktemp("site")) as site:
            made = Ground(cluster, site)
            try:
                yield made
            finally:
                made.end_sweep()


# ---- what is sent ------------------------------------------------------------------------------------------------


class Item(Protocol):
    """Something that is done once, however often it is tried."""

    def send(self) -> Answer: ...


@dataclass(frozen=True)
class Reported:
    """A report, the same however often it is sent."""

    site: Site
    body: dict[str, Any]

    def send(self) -> Answer:
        return Browser(self.site.url).post("/api/v1/cases", self.body)


@dataclass(frozen=True)
class Done:
    """A deed with its key."""

    number: str
    deed: Deed

    def send(self) -> Answer:
        return self.deed.on(self.number)


@dataclass(frozen=True)
class Swept:
    """Time passes, and the sweep does what it brings about: waited for by looking."""

    site: Site
    number: str
    passes: str
    comes: str

    def send(self) -> Answer:
        until(self._has_come)
        return Answer(200, None)

    def _has_come(self) -> bool:
        try:
            with closing(psycopg2.connect(self.site.database_url)) as database, database, database.cursor() as cursor:
                cursor.execute(self.passes, [self.number])
                cursor.execute(self.comes, [self.number])
                [(come,)] = cursor.fetchall()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):  # the database is away
            return False
        assert come is not None, "what was acknowledged is not there"
        return bool(come)


@pytest.fixture
def life(ground: Ground) -> Callable[[str], list[Item]]:
    """The steps of a case from its report to the letter, to the departments, through a suspension, to its end."""
    site, url = ground.site, ground.site.database_url
    chief = signed_in(site, showcase_ground(site)[0][1])
    clerk = signed_in(site, let_in_at(url, "centre_clerk", "网格化服务管理中心")[1])
    builder = signed_in(site, let_in_at(url, "office_staff", "城市建设办公室")[1])
    leader = signed_in(site, let_in_at(url, "leader_in_charge", "街道办事处")[1])
    principal = signed_in(site, let_in_at(url, "principal_leader", "街道办事处")[1])
    urban = signed_in(site, let_in_at(url, "department_staff", "区城管局", GRID[:6])[1])
    district = signed_in(site, let_in_at(url, "district_centre_staff", "区网格中心", GRID[:6])[1])
    envoy, _ = let_in_at(url, "office_staff", "党政综合办公室")
    codes = dict(ask_database(site, "SELECT name, code FROM gridmap_organisation"))
    [office] = [
        code for name, code in codes.items() if code.startswith(SHOWCASE_TOWN) and name.endswith("城市建设办公室")
    ]
    lead, assisting = codes["区城管局"], codes["区住建局"]
    limit = {"limit_amount": 10, "limit_unit": "working_days"}
    marks = dict.fromkeys(RUBRIC, 4)
    day_of_review = str(timezone.localdate() + dt.timedelta(days=20))
    photo = pictures.jpeg(40, 30)

    def steps(number: str) -> list[Item]:
        town = [
            deed(chief, "accept"),
            deed(chief, "whistle", tried="设了围挡", text="没有施工权限"),
            deed(clerk, "file"),
            deed(clerk, "send", person=envoy),
            deed(clerk, "dispatch", office=office),
            deed(builder, "brief", text="涉及市政主管网"),
            deed(leader, "refer", text="主管网归区里管"),
            deed(builder, "apply", text="请城管部门承办", own_power="须区里的设备"),
            deed(principal, "endorse"),
            deed(clerk, "issue", department=lead, assisting=assisting, text="更换井盖", **limit),
        ]
        suspension = [
            deed(urban, "suspend", reason="funds", text="等资金下达", until=day_of_review),
            deed(principal, "support_suspension"),
            deed(district, "grant_suspension"),
        ]
        end = [
            deed(builder, "sign_in", department=lead, persons="张工"),
            deed(urban, "handle", text="已经开工"),
            deed(urban, "claim", text="已更换", photos=[pictures.upload(photo)]),
            deed_in_json(builder, "certify", text="现场看过，平整牢固", marks=[marks]),
        ]

        def keyed(deeds: list[Deed]) -> list[Item]:
            return [Done(number, replace(it, key=str(uuid.uuid4()))) for it in deeds]

        received = Swept(site, number, RECEIPT_IS_LATE, IS_RECEIVED)
        resumed = Swept(site, number, REVIEW_HAS_COME, IS_RESUMED)
        return [*keyed(town), received, *keyed(suspension), resumed, *keyed(end)]

    return steps


# ---- what it comes to --------------------------------------------------------------------------------------------


def test_what_is_killed_under_a_load_loses_nothing_acknowledged_and_doubles_nothing(
    ground: Ground, life: Callable[[str], list[Item]]
) -> None:
    site = ground.site
    numbers = [new_case(site) for _ in range(STREAMS * LIVES)]
    streams = [[item for number in numbers[start::STREAMS] for item in life(number)] for start in range(STREAMS)]
    reports: list[Item] = [Reported(site, report(GRID) | {"text": f"路灯不亮 {count}"}) for count in range(REPORTS)]
    first, second = kill_workers(site)
    before, lost = workers_of(site), list[str]()
    kills = [first, ground.kill_sweep, ground.kill_database, second, ground.kill_sweep, ground.kill_database]
    sent = send_under_kills(lambda item: item.send(), [*streams, reports], kills, lost=lost)

    # Told to try again, or not answered at all: nothing else ever came.
    assert "503" in lost
    assert {answer.status for _, answer in sent} <= {200, 201}
    assert not set(before) & set(workers_of(site))
    assert_each_is_there_once(site, sent)
    undisturbed = assert_that_it_goes_on_by_itself(ground, life)
    assert {number: left_behind(site, number) for number in numbers} == dict.fromkeys(numbers, undisturbed)
    assert_sealed(site)


def left_behind(site: Site, number: str) -> tuple[Any, ...]:
    (row,) = ask_database(site, LEFT_BEHIND, number)
    return row


def assert_each_is_there_once(site: Site, sent: list[tuple[Item, Answer]]) -> None:
    """A row of the trace and a key for each deed; a case with its trace for each report, under the number acknowledged."""
    done = [item for item, _ in sent if isinstance(item, Done)]
    rows = ask_database(
        site,
        """SELECT c.number, t.verb, count(*) FROM cases_traceevent t JOIN cases_case c ON c.id = t.case_id
           WHERE c.number = ANY(%s) AND t.actor_id IS NOT NULL GROUP BY 1, 2""",
        list({item.number for item in done}),
    )
    assert sorted(rows) == sorted((item.number, item.deed.verb, 1) for item in done)
    keys = "SELECT count(*), count(DISTINCT key) FROM cases_actionkey WHERE key = ANY(%s)"
    assert ask_database(site, keys, [item.deed.key for item in done]) == [(len(done), len(done))]
    reported = {item.body["client_id"]: answer.body["number"] for item, answer in sent if isinstance(item, Reported)}
    stored = ask_database(
        site,
        """SELECT c.client_id::text, c.number, (SELECT array_agg(verb) FROM cases_traceevent WHERE case_id = c.id)
           FROM cases_case c WHERE c.client_id::text = ANY(%s)""",
        list(reported),
    )
    assert sorted(stored) == sorted((key, number, ["report"]) for key, number in reported.items())


def assert_that_it_goes_on_by_itself(ground: Ground, life: Callable[[str], list[Item]]) -> tuple[Any, ...]:
    """Nothing but the database is started again, and everything is answered at once.

    Returns what a life leaves behind that nobody disturbs.
    """
    workers, site = workers_of(ground.site), ground.site
    # Once more, while nobody asks: no connection has been found broken before it is wanted.
    os.kill(ground.cluster.postmaster, signal.SIGKILL)
    ground.cluster.run("up")
    assert Browser(site.url).ask("/readyz")[0] == 200
    number = new_case(site)
    for item in life(number):
        answer = item.send()
        assert answer.status == 200, answer
    left = left_behind(site, number)
    assert left[0] == left[6] == "closed"
    assert left[2] == VERBS
    assert left[5] == BY_ITSELF
    assert workers_of(site) == workers
    assert ground.sweep.poll() is None
    return left
