"""Take a case of the demonstration again through the actions, and hold what they write against what was loaded."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db import connection

from cases import photos, sealing
from cases.actions import Opinion, Report, act, add_voice, answer_survey, report
from cases.actions.handling import Given
from cases.actions.sweeping import receive_overdue
from cases.deadlines import SHANGHAI, Limit, Unit
from cases.demonstration.paths import Deed, Who
from cases.models import (
    Assignment,
    Case,
    Category,
    CheckIn,
    Dispatch,
    Letter,
    Photo,
    Procedure,
    Result,
    SurveyAnswer,
    TraceEvent,
    Verification,
    Voice,
    Whistle,
)
from cases.scoring import RUBRIC, Marks
from cases.workflow import REASONS, VERBS
from gridmap.duties import standing_of
from gridmap.models import Organisation
from tests.cases.pictures import jpeg

ENDED = dt.datetime(2026, 6, 30, 18, tzinfo=SHANGHAI)
# What nobody does in office.
BY_THE_WAY = ("report", "voice", "absorb", "survey")


def signature(deeds: tuple[Deed, ...]) -> tuple[tuple[str, bool], ...]:
    """What tells a path: its verbs in order, and whether each happens by itself."""
    return tuple((deed.verb, deed.who == Who.NOBODY) for deed in deeds)


@cache
def by_signature(newest: int) -> dict[tuple[tuple[str, bool], ...], list[int]]:
    told: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    events = TraceEvent.objects.exclude(verb__in=BY_THE_WAY[1:]).order_by("case", "seq")
    for case, verb, actor in events.values_list("case_id", "verb", "actor_id"):
        told[case] += [] if verb == "report" else [(verb, actor is None)]
    found = defaultdict(list)
    for case, deeds in told.items():
        found[tuple(deeds)].append(case)
    return dict(found)


def cases_of(deeds: tuple[Deed, ...]) -> list[int]:
    newest = Case.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return by_signature(newest).get(signature(deeds), [])


def assert_same_again(key: int) -> None:
    """Report a case again, do the same to it at the same moments, and find the same rows.

    A case it was merged into, or that was merged into it, is taken along.
    """
    loaded = Case.objects.select_related("category", "merged_into").get(pk=key)
    together = {loaded, *([loaded.merged_into] if loaded.merged_into else []), *loaded.merged.all()}
    together |= set(loaded.merged_into.merged.all()) if loaded.merged_into else set()
    again: dict[int, Case] = {}
    for event in sorted(happened(together), key=lambda it: (it.at, it.case_id, it.seq)):
        take_again(event, again)
    numbers = {case.number: again[case.pk].number for case in together}
    for case in together:
        made = Case.objects.get(pk=again[case.pk].pk)
        assert row_of(made, {}) == row_of(case, numbers), case.number
        assert told_of(made, {}) == told_of(case, numbers), case.number
        assert beside(made) == beside(case), case.number
    verified = sealing.verify(sealed_rows([it.pk for it in again.values()]))
    assert (verified.cases, verified.broken) == (len(again), None)


def sealed_rows(cases: list[int]) -> list[sealing.Row]:
    """What is sealed of some cases only: to read all of them each time would take most of the time."""
    with connection.cursor() as cursor:
        cursor.execute(sealing.ROWS.replace("ORDER BY", "WHERE cases_case.id = ANY(%s) ORDER BY"), [cases])
        return [sealing.Row(*values) for values in cursor.fetchall()]


def happened(cases: set[Case]) -> Iterator[TraceEvent]:
    for case in cases:
        yield from case.trace.select_related("actor", "case__category")


def take_again(event: TraceEvent, again: dict[int, Case]) -> None:
    """Do once more what an event says was done."""
    at, case = event.at.astimezone(SHANGHAI), event.case
    if event.verb == "report":
        again[case.pk] = reported_again(case)
    elif event.verb == "voice":
        said = Voice.objects.get(case=case, at=event.at)
        add_voice(again[case.pk].number, uuid.uuid4(), said.text, at=at)
    elif event.verb == "survey":
        said = SurveyAnswer.objects.get(case=case, at=event.at)
        opinion = Opinion(said.solved, said.satisfaction, said.comment)
        answer_survey(again[case.pk].number, again[case.pk].track_code, opinion, at=at)
    elif event.verb in VERBS and event.actor is None:
        assert receive_overdue(at=at) >= 1  # with it what else nobody has received by then
    elif event.verb in VERBS:
        standing = standing_of(event.actor, on=at.date())
        act(again[case.pk].number, event.verb, given_in(event, again), by=event.actor, standing=standing, at=at)
    else:
        assert event.verb == "absorb"  # written with the merge


def reported_again(case: Case) -> Case:
    sent = Report(
        client_id=uuid.uuid4(),
        category=case.category_id,
        text=case.text,
        lon=case.point.x,
        lat=case.point.y,
        coord="wgs84",
        channel=case.channel,
        pictures=[picture()],
    )
    # What was closed later than this report, the case itself above all, is not there yet for it.
    later = Case.objects.filter(category=case.category, closed_at__gt=case.reported_at)
    keys = list(later.values_list("pk", flat=True))
    later.update(category=Category.objects.exclude(pk=case.category_id).order_by("pk")[0])
    made, new = report(sent, by=None, at=case.reported_at.astimezone(SHANGHAI))
    Case.objects.filter(pk__in=keys).update(category=case.category_id)
    assert new
    return made


@cache
def picture() -> photos.Picture:
    return photos.re_encode(io.BytesIO(jpeg(960, 720)))


def given_in(event: TraceEvent, again: dict[int, Case]) -> Given:
    """What the one who acted must have given, from what the trace says of it."""
    said = event.payload
    units = dict(Organisation.objects.filter(kind="department").values_list("name", "code"))
    into = Case.objects.filter(number=said.get("into", "")).first()
    return Given(
        text=said.get("text", ""),
        tried=said.get("tried", ""),
        person=said.get("person", ""),
        office=said.get("office", ""),
        unit=said.get("unit", "") if event.verb == "order" else "",
        department=units.get(said.get("ruled") or said.get("lead") or said.get("department"), ""),
        persons=said.get("persons", ""),
        reason=reason_in(event),
        until=said["until"] if event.verb == "suspend" else "",
        own_power=said.get("own_power", ""),
        into=again[into.pk].number if into else "",
        assisting=[units[name] for name in said.get("assisting", [])],
        limit=limit_in(said["limit"]) if event.verb in LIMITED else None,
        pictures=[picture()] if "photos" in said else [],
        marks={it["unit"]: Marks(*(it[item] for item in RUBRIC)) for it in said.get("marks", []) if it["own"]},
    )


def reason_in(event: TraceEvent) -> str:
    known = REASONS.get(event.verb, {})
    return next((key for key, words in known.items() if words == event.payload["reason"]), "")


def limit_in(words: str) -> Limit:
    found = re.fullmatch(r"(\d+)(.+)", words)
    assert found
    return Limit(int(found[1]), next(unit for unit in Unit if unit.label == found[2]))


# What gives a limit, or asks for one.
LIMITED = ("order", "issue", "issue_at_once", "extend")
OWN = {"id", "number", "client_id", "content_digest", "track_code"}


def row_of(case: Case, numbers: dict[str, str]) -> dict[str, object]:
    """The columns of a case but those that are its own; another case by its number, and that as ``numbers`` has it."""
    row = {it.name: getattr(case, it.attname) for it in Case._meta.concrete_fields if it.name not in OWN}
    into = case.merged_into.number if case.merged_into else ""
    return row | {"merged_into": numbers.get(into, into)}


def told_of(case: Case, numbers: dict[str, str]) -> list[tuple[object, ...]]:
    """The trace but for its seals, with what is another's each time left out."""
    return [
        (it.seq, it.at, it.actor_id, it.role, it.verb, it.from_state, it.to_state, comparable(it.payload, numbers))
        for it in case.trace.order_by("seq")
    ]


def comparable(payload: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    said = {name: numbers.get(value, value) if isinstance(value, str) else value for name, value in payload.items()}
    said |= {"photos": len(said["photos"])} if "photos" in said else {}
    return said | ({"letter": re.fullmatch(r"吹函〔(\d{4})〕\d{5}号", said["letter"])[1]} if "letter" in said else {})


def beside(case: Case) -> dict[str, list[tuple[object, ...]]]:
    """What other tables hold of a case, without keys, numbers of letters and names of files."""
    left_out = {"id", "case", "letter", "assignment", "client_id", "file", "number"}
    found: dict[str, list[tuple[object, ...]]] = {}
    for model in (
        Whistle,
        Dispatch,
        Letter,
        Assignment,
        Procedure,
        SurveyAnswer,
        Voice,
        Photo,
        CheckIn,
        Verification,
        Result,
    ):
        names = [it.attname for it in model._meta.concrete_fields if it.name not in left_out]
        where = {"assignment__case": case} if model in (CheckIn, Verification, Result) else {"case": case}
        found[model.__name__] = list(model.objects.filter(**where).order_by("id").values_list(*names))
    found["which letter"] = [
        (it.assignment.unit_id,) for it in CheckIn.objects.filter(assignment__case=case).order_by("id")
    ]
    return found
