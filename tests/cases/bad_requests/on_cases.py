"""Voices, answers to the survey and actions that cannot be taken."""

from __future__ import annotations

import uuid
from typing import Any

from tests.cases.bad_requests.row import BAD, DEEP, LEFT_OUT, Row

VOICE, ACT = "/api/v1/cases/{number}/voices", "/api/v1/cases/{number}/actions/"
ID = str(uuid.uuid4())


def voice(name: str, parameter: str, given: Any, status: int = 400, code: str = BAD, path: str = VOICE) -> Row:
    """A voice that cannot be counted."""
    return Row(name, path, status, code, parameter, "POST", json=given)


def act(name: str, verb: str, status: int, code: str = BAD, parameter: str = "", given: Any = None, **more: Any) -> Row:
    """Something a signed-in worker cannot do."""
    return Row(name, ACT + verb, status, code, parameter, "POST", json=given or {}, signed_in=True, **more)


VOICES = [
    voice("voice without client_id", "client_id", {}),
    voice("voice by no UUID", "client_id", {"client_id": "me"}),
    voice("voice of 1,001 characters", "text", {"client_id": ID, "text": "同" * 1001}),
    voice("voice with a NUL", "text", {"client_id": ID, "text": "\x00"}),
    voice("voice with an unknown field", "txet", {"client_id": ID, "txet": "同"}),
    voice("voice a list", "", []),
    voice("voice a number", "", 7),
    voice("voice for no case", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/20990101-000001/voices"),
    voice("voice for a NUL", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/%00/voices"),
    voice("voice for a closed case", "", {"client_id": ID}, 404, "not-found", "/api/v1/cases/{closed}/voices"),
    voice("voice used for another case", "client_id", {"client_id": "taken"}, 409, "conflict"),
    Row("voice as broken JSON", VOICE, 400, "parse-error", method="POST", body="{"),
    Row("voice nested too deep", VOICE, 400, "parse-error", method="POST", body=DEEP),
]

SURVEY = "/api/v1/cases/{closed}/survey"
ANSWER = {"code": "{closed_code}", "solved": "yes", "satisfaction": 5}


def survey(name: str, parameter: str, status: int = 422, problem: str = "unprocessable", **changes: Any) -> Row:
    """An answer to the survey with one thing wrong."""
    given = {name: value for name, value in (ANSWER | changes).items() if value is not LEFT_OUT}
    return Row(name, SURVEY, status, problem, parameter, "POST", json=given)


SURVEYS = [
    survey("survey without code", "code", 400, BAD, code=LEFT_OUT),
    survey("survey with an empty code", "code", 400, BAD, code=""),
    survey("survey with a code too long", "code", 400, BAD, code="A" * 13),
    survey("survey with another's code", "", 404, "not-found", code="ABCDEFGH"),
    survey("survey with a code in Chinese", "", 404, "not-found", code="查询码"),
    survey("survey without solved", "solved", solved=LEFT_OUT),
    survey("survey with an unknown solved", "solved", solved="maybe"),
    survey("survey with solved no text", "solved", 400, BAD, solved=True),
    survey("survey without satisfaction", "satisfaction", satisfaction=LEFT_OUT),
    survey("survey with satisfaction 0", "satisfaction", satisfaction=0),
    survey("survey with satisfaction 6", "satisfaction", satisfaction=6),
    survey("survey with satisfaction 2.5", "satisfaction", 400, BAD, satisfaction=2.5),
    survey("survey with satisfaction true", "satisfaction", 400, BAD, satisfaction=True),
    survey("survey with satisfaction huge", "satisfaction", satisfaction=10**30),
    survey("survey with a comment of 501", "comment", comment="好" * 501),
    survey("survey with a NUL", "comment", 400, BAD, comment="\x00"),
    survey("survey with half a character", "comment", 400, BAD, comment="\ud800"),
    survey("survey with an unknown field", "txet", 400, BAD, txet="1"),
    Row("survey a list", SURVEY, 400, BAD, method="POST", json=[]),
    Row("survey as broken JSON", SURVEY, 400, "parse-error", method="POST", body="{"),
    Row("survey nested too deep", SURVEY, 400, "parse-error", method="POST", body=DEEP),
    Row("survey of no case", "/api/v1/cases/20990101-000001/survey", 404, "not-found", method="POST", json=ANSWER),
    Row("survey of a NUL", "/api/v1/cases/%00/survey", 404, "not-found", method="POST", json=ANSWER),
    Row(
        "survey of an open case",
        "/api/v1/cases/{number}/survey",
        409,
        "conflict",
        method="POST",
        json=ANSWER | {"code": "{number_code}"},
        says="结项以后",
    ),
]

ACTIONS = [
    Row("action by nobody", ACT + "accept", 401, "sign-in-needed", method="POST", json={}),
    act("unknown verb", "explode", 404, "not-found"),
    act("verb with a NUL", "acc%00ept", 404, "not-found"),
    act("verb of another state", "resolve", 409, "conflict"),
    act("verb of another role", "refuse", 403, "forbidden", given={"text": "重复"}),
    act("text not a text", "accept", 400, parameter="text", given={"text": ["x"]}),
    act("text with a NUL", "accept", 400, parameter="text", given={"text": "\x00"}),
    act("text of 2,001 characters", "accept", 400, parameter="text", given={"text": "字" * 2001}),
    act("area too long", "accept", 400, parameter="area", given={"area": "1" * 16}),
    act("unknown field", "accept", 400, parameter="txet", given={"txet": "1"}),
    *(
        act(f"key {name}", "accept", 400, parameter="Idempotency-Key", headers={"Idempotency-Key": key}, says="请求头")
        for name, key in (("empty", ""), ("with a space", "a b"), ("in Chinese", "键".encode().decode("latin-1")))
    ),
    act("key too long", "accept", 400, parameter="Idempotency-Key", headers={"Idempotency-Key": "k" * 65}),
    Row("action as a list", ACT + "accept", 400, BAD, method="POST", json=[], signed_in=True),
    Row("action as broken JSON", ACT + "accept", 400, "parse-error", method="POST", body="{", signed_in=True),
    Row("action nested too deep", ACT + "accept", 400, "parse-error", method="POST", body=DEEP, signed_in=True),
    Row(
        "action on no case",
        "/api/v1/cases/20990101-000001/actions/accept",
        404,
        "not-found",
        method="POST",
        json={},
        signed_in=True,
    ),
    Row(
        "action on ground of others",
        "/api/v1/cases/{elsewhere}/actions/accept",
        404,
        "not-found",
        method="POST",
        json={},
        signed_in=True,
    ),
    Row(
        "action from another site",
        ACT + "accept",
        403,
        "permission-denied",
        method="POST",
        json={},
        signed_in=True,
        headers={"X-CSRFToken": "not the one"},
    ),
]
