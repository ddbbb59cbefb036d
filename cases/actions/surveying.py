"""Take a reporter's answer to the satisfaction survey: number and code are the key, nobody needs an account."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from django.db import transaction

from cases.models import Case, SurveyAnswer, TraceEvent
from cases.models.survey import MAX_COMMENT
from cases.workflow import DONE, State
from gridmap.problems import Conflict, NotFound, Unprocessable

SURVEY_DAYS = 30


@dataclass(frozen=True)
class Opinion:
    """What a reporter says of a case; ``solved`` and ``satisfaction`` as :class:`SurveyAnswer` names them."""

    solved: str = ""
    satisfaction: int | None = None
    comment: str = ""


def survey_until(case: Case) -> dt.datetime | None:
    """The last moment an answer is taken; None while there is nothing to be asked about."""
    if case.state not in DONE or case.closed_at is None:
        return None
    return case.closed_at + dt.timedelta(days=SURVEY_DAYS)


@transaction.atomic
def answer_survey(number: str, code: str, opinion: Opinion, *, at: dt.datetime) -> tuple[SurveyAnswer, dt.datetime]:
    """Take an answer; returns it and the last moment it can be changed.

    It counts in place of the one before, which is kept. The same answer again writes nothing.

    Raises :class:`NotFound` where number and code do not match, :class:`Conflict` for a case that is not closed or
    was closed too long ago, :class:`Unprocessable` for an answer that is none.
    """
    case = Case.objects.select_for_update().by_code(number, code)
    if case is None:
        raise NotFound("编号或查询码不对 (number and code do not match)")
    until = _check_time(case, at)
    said = _checked(opinion)
    before = case.answers.first()
    if before is not None and said == Opinion(before.solved, before.satisfaction, before.comment):
        return before, until
    answer = SurveyAnswer.objects.create(case=case, at=at, **asdict(said))
    TraceEvent.objects.create(
        case=case,
        at=at,
        verb="survey",
        from_state=case.state,
        to_state=case.state,
        # Not the comment: what somebody wrote can be wrong to keep for ever, and the trace keeps everything.
        payload={"solved": said.solved, "satisfaction": said.satisfaction},
    )
    return answer, until


def _check_time(case: Case, at: dt.datetime) -> dt.datetime:
    until = survey_until(case)
    if until is None:
        state = State(case.state)
        raise Conflict(f"事项是“{state.label}”，结项以后才能评价 (not closed)", state=case.state)
    if at > until:
        raise Conflict(f"结项已超过 {SURVEY_DAYS} 天，不能再评价或修改 (too late)", state=case.state)
    return until


def _checked(opinion: Opinion) -> Opinion:
    comment = opinion.comment.replace("\r\n", "\n").strip()  # a form writes every line's end as two characters
    if opinion.solved not in SurveyAnswer.Solved.values:
        raise Unprocessable("请选择问题解决了没有 (solved or not: yes, partly, no)", parameter="solved")
    if opinion.satisfaction not in SurveyAnswer.Satisfaction.values:
        raise Unprocessable("请选择满意程度 (how satisfied, from 1 to 5)", parameter="satisfaction")
    if "\x00" in comment:
        raise Unprocessable("内容含有空字符，无法保存 (a NUL character)", parameter="comment")
    if len(comment) > MAX_COMMENT:
        raise Unprocessable(f"留言不能超过 {MAX_COMMENT} 字，现在有 {len(comment)} 字 (too long)", parameter="comment")
    return Opinion(opinion.solved, opinion.satisfaction, comment)
