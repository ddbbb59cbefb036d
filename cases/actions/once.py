"""An action sent twice is done once: by the key its sender gave it."""

from __future__ import annotations

import datetime as dt
import re

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from cases.models import ActionKey
from gridmap.problems import BadParameter, Conflict

HEADER = "Idempotency-Key"
KEY = r"^[!-~]{1,64}$"
WRITE_DOWN = """
INSERT INTO cases_actionkey (user_id, key, digest, at) VALUES (%s, %s, %s, %s) ON CONFLICT (user_id, key) DO NOTHING
"""


def read_key(sent: str | None) -> str:
    """The key as sent, "" where none was; raises :class:`BadParameter` for what is none."""
    if sent is None:
        return ""
    if not re.fullmatch(KEY, sent):
        raise BadParameter(
            f"请求头 {HEADER} 应为 UUID，或 1 到 64 个可见的 ASCII 字符 (1 to 64 visible ASCII characters)",
            parameter=HEADER,
        )
    return sent


def is_new(key: str, digest: str, *, by: AbstractBaseUser, at: dt.datetime) -> bool:
    """Write the key down, or say that the same was done with it before; another's hand on it is waited for.

    Belongs in the action's transaction: what is refused then leaves no key. Raises :class:`Conflict` for a key this
    user has used for something else.
    """
    with connection.cursor() as cursor:
        # By hand: one statement, where reading, a savepoint and an insert are four.
        cursor.execute(WRITE_DOWN, [by.pk, key, digest, at])
        if cursor.rowcount:
            return True
    if ActionKey.objects.get(user_id=by.pk, key=key).digest != digest:
        raise Conflict(
            f"这次提交的标识({HEADER})已经用于另一次办理，请核对事项现状后重新提交 (key used for another action)",
            parameter=HEADER,
        )
    return False
