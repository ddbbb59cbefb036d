"""Carry a case on: every verb of the workflow table goes through :func:`act`."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from cases import photos
from cases.actions import asking, assessing, district, merging, once, reopening, telling, town, whistling
from cases.actions.reporting import public_point
from cases.barrier import hold_boundaries
from cases.course import Course, course_of
from cases.deadlines import Limit
from cases.models import Assignment, Case, Photo, Procedure, TraceEvent
from cases.scoring import Marks
from cases.workflow import NEEDS, OPEN, REASONS, VERBS, Stage, State, Verb, after, allowed
from gridmap.duties import Standing
from gridmap.models import Area, Boundary
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from gridmap.roles import Role
from gridmap.routing import Method

_Row = TypeVar("_Row")
MAX_ACTION_TEXT = 2000
MAX_LIMIT = 365
MAX_PERSONS = 200


@dataclass(frozen=True)
class Given:
    """What the one who acts gives with it; ``place``: longitude and latitude in CGCS2000 degrees."""

    text: str = ""
    area: str = ""
    tried: str = ""
    person: str = ""
    office: str = ""
    unit: str = ""
    department: str = ""
    persons: str = ""
    own_power: str = ""
    into: str = ""
    reason: str = ""
    until: str = ""
    procedure: str = ""
    component: str = ""
    assisting: Sequence[str] = ()
    limit: Limit | None = None
    place: tuple[float, float] | None = None
    # By the code of the department, "" for the lead.
    marks: Mapping[str, Marks] = field(default_factory=dict)
    pictures: Sequence[photos.Picture] = field(default_factory=tuple)

    def digest(self, number: str, verb: str) -> str:
        """The same for the same content with the same verb on the same case."""
        said = {it.name: getattr(self, it.name) for it in fields(self)}
        said["pictures"] = [picture.digest for picture in self.pictures]
        return hashlib.sha256(json.dumps([number, verb, said], default=str).encode()).hexdigest()


# What is given in words.
WORDS = tuple(it.name for it in fields(Given) if it.default == "")


def act(
    number: str,
    name: str,
    given: Given,
    *,
    by: AbstractBaseUser,
    standing: Standing,
    at: dt.datetime,
    key: str = "",
) -> Case:
    """Use a verb on a case and write it down, or do neither; with a ``key`` that was used for just this, nothing.

    Raises :class:`NotFound` for a case or verb this caller may not know of, :class:`Forbidden` for the wrong role,
    :class:`Conflict` when the case has moved on or the key was used for something else, :class:`Unprocessable` when
    something needed is missing.
    """
    verb = VERBS.get(name)
    if verb is None:
        raise NotFound(f"没有 {name[:20]} 这个操作 (no such action)")
    with transaction.atomic():
        if key and not once.is_new(key, given.digest(number, name), by=by, at=at):
            return Case.objects.get(number=number)
        case = Case.objects.visible_to(standing).locked(number)
        course = course_of(case)
        role = _check(verb, case, course, given, by=by, standing=standing, at=at)
        before = State(case.state)
        procedure = asking.found(course, verb, given.procedure) if verb.stages else None
        asked = course.asked_of(verb, standing, given.department)
        if procedure is not None:
            asked = next((it for it in course.units if it.pk == procedure.assignment_id), None)
        kind = Photo.Kind.CAME if verb.name == "sign_in" else Photo.Kind.AFTER
        taken = Photo.objects.bulk_create(photos.row(it, case=case, kind=kind, at=at) for it in given.pictures)
        payload = _change(verb, Deed(case, course, asked, procedure, given, taken, by, standing, at))
        TraceEvent.objects.create(
            case=case,
            at=at,
            actor_id=by.pk,
            role=role,
            verb=verb.name,
            from_state=before,
            to_state=case.state,
            payload=payload,
        )
        if verb.procedure and procedure is None:
            procedure = case.procedures.select_related("unit").latest("id")
        telling.tell(case, verb.name, payload, asked=procedure, at=at)
    return case


def _check(
    verb: Verb,
    case: Case,
    course: Course,
    given: Given,
    *,
    by: AbstractBaseUser,
    standing: Standing,
    at: dt.datetime,
) -> Role:
    role = standing.role_among(verb.roles, case.current_area_id)
    if role is None:
        raise Forbidden(f"您在本事项所在区域没有“{verb.label}”的权限 (not your role here)")
    if not allowed(verb, State(case.state), course.tracks):
        already = (
            "已经办过" if verb.beside and case.state in verb.comes_from else f"事项已是“{State(case.state).label}”"
        )
        raise Conflict(f"{already}，不能再“{verb.label}” (the case has moved on)", state=case.state)
    refusal = course.refusal(verb, standing, by.pk)
    if refusal is not None:
        raise Forbidden(refusal)
    early = course.too_early(verb, case, standing, at)
    if early is not None:
        raise Conflict(early, state=case.state)
    _check_given(verb, given)
    return role


def _check_given(verb: Verb, given: Given) -> None:
    words = {name: getattr(given, name) for name in WORDS}
    there = {name: bool(said.strip()) for name, said in words.items()}
    there |= {"photo": bool(given.pictures), "limit": given.limit is not None, "marks": bool(given.marks)}
    for need in verb.needs:
        if not there[need]:
            raise Unprocessable(f"“{verb.label}”需要{NEEDS[need]} ({need} is needed)", parameter=need)
    for name, said in words.items():
        if "\x00" in said:
            raise Unprocessable("内容含有空字符，无法保存 (a NUL character)", parameter=name)
        most = MAX_PERSONS if name == "persons" else MAX_ACTION_TEXT
        if len(said) > most:
            raise Unprocessable(f"不能超过 {most} 字 (too long)", parameter=name)
    if "reason" in verb.needs and given.reason not in REASONS[verb.name]:
        known = "、".join(REASONS[verb.name].values())
        raise Unprocessable(f"原因应为 {known} 之一 (unknown reason)", parameter="reason")
    if given.limit is not None and not 1 <= given.limit.amount <= MAX_LIMIT:
        raise Unprocessable(f"时限应在 1 到 {MAX_LIMIT} 之间 (limit out of range)", parameter="limit")


@dataclass(frozen=True)
class Deed:
    """Somebody uses a verb on a case: all that what it does beside the state may want to know.

    ``asked`` is what was asked of the unit it is about, None where it is about none; ``procedure`` what it decides;
    ``taken`` the pictures that came with it.
    """

    case: Case
    course: Course
    asked: Assignment | None
    procedure: Procedure | None
    given: Given
    taken: Sequence[Photo]
    by: AbstractBaseUser
    standing: Standing
    at: dt.datetime


def _change(verb: Verb, deed: Deed) -> dict[str, object]:
    """Do what a verb does and move the case; returns what the trace says of it."""
    case, given = deed.case, deed.given
    payload: dict[str, object] = {"text": given.text.strip()} if given.text.strip() else {}
    if given.pictures:
        payload["photos"] = [picture.digest for picture in given.pictures]
    if verb.procedure and verb.stage:
        payload |= _ask_or_decide(verb, deed, verb.stage)
    if verb.name in EFFECTS:
        payload |= EFFECTS[verb.name](deed)
    lead = deed.asked is None or deed.asked.is_lead
    told = ONWARD[verb.name](deed) if verb.one_of else None
    case.state = after(verb, State(case.state), deed.course.tracks, lead=lead, told=told)
    changed = ["state", *CHANGES.get(verb.name, ())]
    if case.state not in OPEN and case.closed_at is None:
        case.closed_at = deed.at
        changed.append("closed_at")
    case.save(update_fields=changed)
    asking.let_lapse(deed.course, State(case.state), at=deed.at)
    return payload


def _ask_or_decide(verb: Verb, deed: Deed, stage: Stage) -> dict[str, object]:
    """The part of a verb that all procedures beside the course share."""
    given, text = deed.given, deed.given.text.strip()
    if deed.procedure is None:
        return asking.begin(
            verb,
            deed.case,
            deed.asked,
            deed.course,
            text=text,
            reason=given.reason,
            limit=given.limit,
            until=given.until,
            by=deed.by,
            at=deed.at,
        )
    if stage == Stage.OVER:
        return asking.resume(deed.procedure, deed.case, end=deed.at)
    return asking.decide(deed.procedure, stage, text=text, by=deed.by, standing=deed.standing, at=deed.at)


# What a verb changes of the case itself, beside its state.
CHANGES = {
    "relocate": ("area", "current_area", "public_point", "route_method", "route_uncertain"),
    "order": ("due_at",),
    "redo": ("due_at",),
    "issue": ("due_at",),
    "fail": ("due_at",),
    "merge": ("merged_into",),
    "issue_at_once": ("due_at",),
    "minute": ("due_at",),
    "grant_extension": ("due_at",),
    "resume": ("due_at",),
    "convene": ("hard",),
    "mark": ("hard",),
    "reopen": ("due_at", "closed_at", "reopened"),
}


def _there(row: _Row | None) -> _Row:
    """What the state of a case says must be there."""
    if row is None:
        raise Conflict("事项缺少这一步所需的记录 (what this needs is missing)")
    return row


# What a verb does beside the state; each returns what the trace says of it.
EFFECTS: dict[str, Callable[[Deed], dict[str, object]]] = {
    "relocate": lambda it: _relocate(it.case, it.given.area, on=it.at.date()),
    "merge": lambda it: merging.merge(it.case, it.given.into, by=it.by, standing=it.standing, at=it.at),
    "whistle": lambda it: whistling.blow(
        it.case, tried=it.given.tried.strip(), reason=it.given.text.strip(), by=it.by, at=it.at
    ),
    "file": lambda it: whistling.put_on_file(_there(it.course.whistle), at=it.at),
    "send": lambda it: whistling.send(_there(it.course.whistle), it.case, it.given.person, at=it.at),
    "dispatch": lambda it: town.dispatch(it.case, it.given.office, by=it.by, at=it.at),
    "order": lambda it: town.order(
        it.case, it.given.unit, it.given.text.strip(), _there(it.given.limit), by=it.by, at=it.at
    ),
    "finish": lambda it: town.finish(_there(it.course.assignment), at=it.at),
    "redo": lambda it: town.redo(_there(it.course.assignment), it.case, at=it.at),
    "apply": lambda it: district.apply(it.case, it.given.own_power.strip(), on=it.at.date()),
    "issue": lambda it: _issue(it),
    "receive": lambda it: district.receive(_there(it.asked), at=it.at),
    "issue_at_once": lambda it: _issue(it, urgent=True),
    "ratify": lambda it: district.ratify(_there(_there(it.course.lead).letter), by=it.by, at=it.at),
    "disown": lambda it: {"withdrawn": district.withdraw(it.course.asked, at=it.at)},
    "sign_in": lambda it: district.sign_in(
        it.asked,
        it.case,
        it.given.persons.strip(),
        it.given.text.strip(),
        place=it.given.place,
        photo=next(iter(it.taken), None),
        by=it.by,
        at=it.at,
    ),
    "handle": lambda it: district.named(_there(it.asked)),
    "claim": lambda it: district.claim(_there(it.asked), at=it.at),
    "fail": lambda it: town.redo(_there(it.course.lead), it.case, at=it.at),
    "take_back": lambda it: asking.take_back(_there(it.procedure), it.course, at=it.at),
    "rule": lambda it: asking.rule(_there(it.procedure), it.course, it.given.department, at=it.at),
    "minute": lambda it: asking.minute(
        _there(it.procedure),
        it.case,
        it.course,
        it.given.persons.strip(),
        it.given.department,
        it.given.assisting,
        it.given.text.strip(),
        _there(it.given.limit),
        by=it.by,
        at=it.at,
    ),
    "grant_extension": lambda it: asking.grant_extension(_there(it.procedure), it.case, it.course),
    "grant_suspension": lambda it: asking.grant_suspension(_there(it.procedure), it.case, at=it.at),
    "reopen": lambda it: reopening.reopen(it.case, it.course, it.given.reason, at=it.at),
    "mark": lambda it: _mark(it.case),
    "certify": lambda it: assessing.certify(it.course.asked, it.given.marks, it.given.text.strip(), by=it.by, at=it.at),
    "evaluate": lambda it: assessing.evaluate(it.case, it.course.asked, it.course.procedures, at=it.at),
    "appeal": lambda it: assessing.appeal(_there(it.asked), it.given.text.strip(), at=it.at),
    "uphold": lambda it: assessing.rule(it.asked, it.given.text.strip(), at=it.at),
    "grant": lambda it: assessing.rule(it.asked, it.given.text.strip(), exempt=it.given.component, at=it.at),
}


# Which of several states a verb leads to.
ONWARD: dict[str, Callable[[Deed], State | None]] = {
    "rule": lambda it: State.CONFIRMED if _there(it.course.lead).withdrawn_at is not None else None,
    "resume": lambda it: State(_there(it.procedure).resumes),
    "reopen": lambda it: reopening.reopens_to(it.course),
}


def _mark(case: Case) -> dict[str, object]:
    case.hard = True
    return {}


def _issue(it: Deed, *, urgent: bool = False) -> dict[str, object]:
    ruled, given = it.course.ruled, it.given
    if ruled is not None and given.department != ruled:
        raise Unprocessable("已经裁定了主办部门，信函应发给它 (ruled to be another's)", parameter="department")
    send = district.issue_at_once if urgent else district.issue
    return send(it.case, given.department, given.assisting, given.text.strip(), _there(given.limit), by=it.by, at=it.at)


def _relocate(case: Case, code: str, *, on: dt.date) -> dict[str, object]:
    hold_boundaries()
    in_force = Boundary.objects.on(on).filter(area=code)
    area = Area.objects.filter(code=code, level="grid", pk__in=in_force.values("area")).first()
    if area is None:
        raise Unprocessable(f"没有编码为 {code[:20]} 的现行二级网格 (no such grid in force)", parameter="area")
    moved: dict[str, object] = {"from_area": case.current_area_id, "to_area": area.code}
    case.area = case.current_area = area
    case.route_method, case.route_uncertain = Method.MANUAL, False
    case.public_point = public_point(case.point, case.category, area.code, on=on)
    return moved
