"""What was done to a case, by whom and when: append-only, each row sealed to the one before."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from cases.workflow import states
from gridmap.roles import Role


class TraceEvent(models.Model):
    """One deed. The database numbers the rows of a case, chains their hashes, and refuses to change or drop any.

    ``seq``, ``previous`` and ``seal`` are set by a trigger when the row is inserted: SHA-256 over the previous
    seal and the row's own fields, as ``cases/migrations`` spells out and :mod:`cases.sealing` recomputes.
    """

    # Found by its number in the trace: one index of the longest table is enough.
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="trace", verbose_name="事项", db_index=False)
    seq = models.PositiveIntegerField("序号", default=0)
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="经办人",
    )
    role = models.CharField("角色", max_length=21, choices=Role.choices, blank=True)
    verb = models.CharField("动作", max_length=20)
    from_state = models.CharField("原状态", max_length=12, choices=states, blank=True)
    to_state = models.CharField("新状态", max_length=12, choices=states)
    payload = models.JSONField("内容", default=dict)
    previous = models.CharField("上一封印", max_length=64, default="")
    seal = models.CharField("封印", max_length=64, default="")

    class Meta:
        verbose_name = "留痕"
        verbose_name_plural = "留痕"
        ordering = ["case", "seq"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "seq"],
                name="trace_event_seq",
                violation_error_message="该事项已有这个序号的留痕 (this number is taken)",
            )
        ]
        indexes = [
            # Whoever did these last may not judge them: every desk asks who that was, of all that waits to be judged.
            models.Index(
                fields=["case", "verb", "-seq"],
                include=["actor"],
                condition=models.Q(verb__in=["claim", "finish", "refer", "resolve", "settle"]),
                name="trace_who_did_it_last",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} #{self.seq} {self.verb}"
