"""What tells an action sent again from another one."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ActionKey(models.Model):
    """The key somebody sent with an action that was done, and the digest of what it said.

    Written in the action's own transaction, so that there is a key for each keyed action done and for no other. A key
    matters for as long as the same may be sent again: minutes for a machine that retries, a day for a page left open.
    Rows older than that may be dropped; nothing refers to them, and the trace says what was done.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="经办人")
    key = models.CharField("办理标识", max_length=64)
    digest = models.CharField("内容摘要", max_length=64)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "办理标识"
        verbose_name_plural = "办理标识"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"],
                name="action_key_once_a_user",
                violation_error_message="这个办理标识已经用过 (this key is taken)",
            )
        ]

    def __str__(self) -> str:
        return self.key
