"""Read a reporter's name and telephone in clear: possible for those who handle the case, and traced."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from cases.models import Case, Reporter, TraceEvent
from gridmap.duties import Standing
from gridmap.problems import Forbidden, NotFound
from gridmap.roles import Role

MAY_READ = frozenset({Role.GRID_WORKER, Role.GRID_CHIEF, Role.CENTRE_CLERK, Role.DISTRICT_CENTRE_STAFF})


@transaction.atomic
def read_reporter(number: str, *, by: AbstractBaseUser, standing: Standing, at: dt.datetime) -> Reporter:
    """The reporter in clear; writes who read it and when before giving it."""
    case = Case.objects.visible_to(standing).locked(number)
    role = standing.role_among(MAY_READ, case.current_area_id)
    if role is None:
        raise Forbidden("您的角色不能查看上报人联系方式 (not your role here)")
    reporter = Reporter.objects.filter(case=case).first()
    if reporter is None:
        raise NotFound("上报人没有留下姓名和电话 (nobody left a name)")
    TraceEvent.objects.create(
        case=case,
        at=at,
        actor_id=by.pk,
        role=role,
        verb="read_reporter",
        from_state=case.state,
        to_state=case.state,
    )
    return reporter
