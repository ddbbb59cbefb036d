"""Carry a case on: every verb of the workflow table goes through :func:`act`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from cases import photos
from cases.actions import whistling
from cases.actions.reporting import public_point
from cases.barrier import hold_boundaries
from cases.models import Case, Photo, TraceEvent, Whistle
from cases.workflow import OPEN, VERBS, State, Verb, after, allowed
from gridmap.duties import Standing
from gridmap.models import Area, Boundary
from gridmap.problems import Conflict, Forbidden, NotFound, Unprocessable
from gridmap.roles import Role
from gridmap.routing import Method

MAX_ACTION_TEXT = 2000
NEEDED = {
    "text": "说明文字",
    "photo": "至少一张照片",
    "area": "网格编码",
    "tried": "已经做过的处置",
    "person": "派出的人",
}
# Saying that it is solved, and the states in which another is to see whether it is.
SOLVING = ("resolve", "settle")
AWAITING_VERIFICATION = (State.RESOLVED, State.VERIFYING)


@dataclass(frozen=True)
class Given:
    """What the one who acts gives with it."""

    text: str = ""
    area: str = ""
    tried: str = ""
    person: str = ""
    pictures: Sequence[photos.Picture] = field(default_factory=tuple)


def available(case: Case, standing: Standing, *, user_id: int | None) -> list[Verb]:
    """The verbs this caller may use now."""
    resolver = _resolver(case) if case.state in AWAITING_VERIFICATION else None
    whistle = whistling.whistle_of(case)
    return [
        verb
        for verb in VERBS.values()
        if allowed(verb, State(case.state), _tracks(whistle))
        and standing.role_among(verb.roles, case.current_area_id)
        and not (verb.by_another and user_id is not None and user_id == resolver)
        and not (verb.by_sent and not _is_sent(whistle, user_id))
    ]


def _tracks(whistle: Whistle | None) -> frozenset[str]:
    return whistle.tracks if whistle is not None else frozenset()


def _is_sent(whistle: Whistle | None, user_id: int | None) -> bool:
    return whistle is not None and whistle.sent is not None and whistle.sent.user_id == user_id


def act(number: str, name: str, given: Given, *, by: AbstractBaseUser, standing: Standing, at: dt.datetime) -> Case:
    """Use a verb on a case and write it down, or do neither.

    Raises :class:`NotFound` for a case or verb this caller may not know of, :class:`Forbidden` for the wrong role,
    :class:`Conflict` when the case has moved on, :class:`Unprocessable` when something needed is missing.
    """
    verb = VERBS.get(name)
    if verb is None:
        raise NotFound(f"没有 {name[:20]} 这个操作 (no such action)")
    with transaction.atomic():
        case = Case.objects.visible_to(standing).locked(number)
        whistle = whistling.whistle_of(case)
        role = _check(verb, case, whistle, given, by=by, standing=standing)
        before = State(case.state)
        payload = _change(verb, case, whistle, given, by=by, at=at)
        Photo.objects.bulk_create(
            photos.row(picture, case=case, kind=Photo.Kind.AFTER, at=at) for picture in given.pictures
        )
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
    return case


def _check(
    verb: Verb, case: Case, whistle: Whistle | None, given: Given, *, by: AbstractBaseUser, standing: Standing
) -> Role:
    role = standing.role_among(verb.roles, case.current_area_id)
    if role is None:
        raise Forbidden(f"您在本事项所在区域没有“{verb.label}”的权限 (not your role here)")
    if not allowed(verb, State(case.state), _tracks(whistle)):
        already = (
            "已经办过" if verb.beside and case.state in verb.comes_from else f"事项已是“{State(case.state).label}”"
        )
        raise Conflict(f"{already}，不能再“{verb.label}” (the case has moved on)", state=case.state)
    if verb.by_another and by.pk == _resolver(case):
        raise Forbidden("核实人不能是处置人本人 (the one who handled it cannot verify it)")
    if verb.by_sent and not _is_sent(whistle, by.pk):
        raise Forbidden("只有派出的专人可以办理这一步 (only the person who was sent)")
    _check_given(verb, given)
    return role


def _check_given(verb: Verb, given: Given) -> None:
    there = {
        "text": bool(given.text.strip()),
        "tried": bool(given.tried.strip()),
        "photo": bool(given.pictures),
        "area": bool(given.area),
        "person": bool(given.person),
    }
    for need in verb.needs:
        if not there[need]:
            raise Unprocessable(f"“{verb.label}”需要{NEEDED[need]} ({need} is needed)", parameter=need)
    for name, words in (("text", given.text), ("tried", given.tried), ("area", given.area), ("person", given.person)):
        if "\x00" in words:
            raise Unprocessable("内容含有空字符，无法保存 (a NUL character)", parameter=name)
        if len(words) > MAX_ACTION_TEXT:
            raise Unprocessable(f"不能超过 {MAX_ACTION_TEXT} 字 (too long)", parameter=name)


def _change(
    verb: Verb, case: Case, whistle: Whistle | None, given: Given, *, by: AbstractBaseUser, at: dt.datetime
) -> dict[str, object]:
    payload: dict[str, object] = {"text": given.text.strip()} if given.text.strip() else {}
    if given.pictures:
        payload["photos"] = [picture.digest for picture in given.pictures]
    changed = ["state"]
    if verb.name == "relocate":
        payload |= _relocate(case, given.area, on=at.date())
        changed += ["area", "current_area", "public_point", "route_method", "route_uncertain"]
    if verb.name == "whistle":
        payload |= whistling.blow(case, tried=given.tried.strip(), reason=given.text.strip(), by=by, at=at)
    if whistle is not None and verb.name == "file":
        payload |= whistling.put_on_file(whistle, at=at)
    if whistle is not None and verb.name == "send":
        payload |= whistling.send(whistle, case, given.person, at=at)
    case.state = after(verb, State(case.state), _tracks(whistle))
    if case.state not in OPEN:
        case.closed_at = at
        changed.append("closed_at")
    case.save(update_fields=changed)
    return payload


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


def _resolver(case: Case) -> int | None:
    """Whoever said last that it was solved."""
    return (
        TraceEvent.objects.filter(case=case, verb__in=SOLVING)
        .order_by("-seq")
        .values_list("actor_id", flat=True)
        .first()
    )
