"""Tell desks what was just asked of them, and write notices at all; time alone tells in :mod:`cases.actions.sweeping`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils import timezone

from cases.actions.surveying import survey_until
from cases.models import Assignment, Case, Notice, Procedure, Reporter
from cases.reminding import Desk, NoticeKind, decider, desk_for
from cases.workflow import DONE, Kind, Stage
from gridmap.models import Organisation
from gridmap.roles import Role

# The verbs that ask something of a unit: by order, or by a letter.
ASKING = frozenset({"order", "issue", "issue_at_once", "minute"})


def tell(
    case: Case, verb: str, payload: Mapping[str, object], *, asked: Procedure | None = None, at: dt.datetime
) -> None:
    """Tell those a verb concerns, in its own transaction: whoever was given the case, decides, or may call the reporter.

    ``payload``: what the trace says of it; ``asked``: what was asked for or decided beside the course of the case. At
    most three statements, none for most verbs.
    """
    if asked is not None:
        _beside(asked, case, at=at)
    if verb == "dispatch":
        office = Desk(Role.OFFICE_STAFF, str(payload["office"]))
        text = f"{named(case)}已派给{payload['office_name']}，请呈报主管领导 (dispatched to you)"
        notice_to(office, case, NoticeKind.DISPATCHED, text, due=case.due_at, at=at).save()
    elif verb in ASKING:
        Notice.objects.bulk_create(_asked(case, payload, at=at))
    elif case.state in DONE:
        _invite(case, at=at)


def _beside(asked: Procedure, case: Case, *, at: dt.datetime) -> None:
    """Whoever decides is told that somebody waits for it; the unit that asked, what was decided."""
    who = asked.unit.name if asked.unit is not None else "网格中心"
    desk = decider(Kind(asked.kind), Stage(asked.stage), case.current_area_id)
    if desk is not None:
        text = f"{named(case)}：{who}提出{asked.kind_label}，请在 {moment(asked.decide_by)} 前决定 (to be decided)"
        notice_to(desk, case, NoticeKind.ASKED, text, due=asked.decide_by, at=at, about=asked.assignment).save()
    elif asked.unit is not None:
        is_department = asked.unit.kind == Organisation.Kind.DEPARTMENT
        own = Desk(Role.DEPARTMENT_STAFF if is_department else Role.OFFICE_STAFF, asked.unit.code)
        text = f"{named(case)}：{asked.kind_label}{asked.get_stage_display()} (decided)"
        notice_to(own, case, NoticeKind.DECIDED, text, due=case.due_at, at=at, about=asked.assignment).save()


def _asked(case: Case, payload: Mapping[str, object], *, at: dt.datetime) -> list[Notice]:
    """What the units are told of an order just given, or of a letter just sent."""
    asked = Assignment.objects.filter(case=case, ordered_at=at).select_related("unit").order_by("id")
    if "letter" in payload:
        return [
            _about(
                it,
                case,
                NoticeKind.LETTER,
                f"{named(case)}：{payload['letter']}发给{it.unit.name}({it.get_part_display()})，请查收 (a letter to you)",
                at=at,
            )
            for it in asked.filter(letter__number=payload["letter"])
        ]
    order = asked.filter(letter=None, unit=str(payload["unit"])).last()
    if order is None:
        return []
    text = f"{named(case)}已交办{order.unit.name}，{moment(order.due_at)} 前办结 (ordered of you)"
    return [_about(order, case, NoticeKind.ORDERED, text, at=at)]


def _invite(case: Case, *, at: dt.datetime) -> None:
    """Reporters leave a telephone number at most: the town's centre is told that it may call and ask."""
    until = survey_until(case)
    if until is None or not Reporter.objects.filter(case=case).exclude(phone="").exists():
        return
    text = f"{named(case)}已结项，上报人留有电话，可以回访；评价到 {moment(until)} 为止 (survey open)"
    centre = desk_for(Role.CENTRE_CLERK, case.current_area_id)
    notice_to(centre, case, NoticeKind.SURVEY, text, due=until, at=at).save()


def named(case: Case) -> str:
    """A case as notices name it."""
    return f"事项 {case.number}({case.category.name})"


def moment(at: dt.datetime) -> str:
    """A moment as notices write it."""
    return f"{timezone.localtime(at):%m-%d %H:%M}"


def notice_to(
    desk: Desk,
    case: Case,
    kind: NoticeKind,
    text: str,
    *,
    due: dt.datetime,
    at: dt.datetime,
    about: Assignment | None = None,
) -> Notice:
    """A notice to a desk, not stored yet."""
    place = {"organisation_id": desk.place} if desk.is_unit else {"area_id": desk.place}
    return Notice(case=case, assignment=about, kind=kind, role=desk.role, text=text, due_at=due, at=at, **place)


def _about(asked: Assignment, case: Case, kind: NoticeKind, text: str, *, at: dt.datetime) -> Notice:
    return notice_to(desk_of_unit(asked), case, kind, text, due=asked.due_at, at=at, about=asked)


def desk_of_unit(asked: Assignment) -> Desk:
    """The desk of the unit or department that was asked."""
    return Desk(Role.OFFICE_STAFF if asked.letter_id is None else Role.DEPARTMENT_STAFF, asked.unit_id)
