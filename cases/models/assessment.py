"""One whistle, one assessment: the office's marks, the result of what one department was asked, and an appeal against it."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q

from cases.models.town import Assignment
from cases.scoring import EVIDENCE, MODELS, MOST_MARKS, RUBRIC, Component, Flag, Grade, Inputs, Marks, Score, score


def _marks(label: str) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(label, validators=[MaxValueValidator(MOST_MARKS)])


class Verification(models.Model):
    """The professional assessment of a department's work by the town's office (R64, R65); the last of an assignment counts.

    ``own`` is false where a department that assists was given no marks of its own: it has those of the lead.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="verifications", verbose_name="承办任务")
    solved = _marks(RUBRIC["solved"])
    removed = _marks(RUBRIC["removed"])
    quality = _marks(RUBRIC["quality"])
    cooperation = _marks(RUBRIC["cooperation"])
    own = models.BooleanField("单独评分", default=True)
    text = models.TextField("核实情况", max_length=2000)
    at = models.DateTimeField("时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="核实人")

    class Meta:
        verbose_name = "专业评估"
        verbose_name_plural = "专业评估"
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=Q(solved__lte=5, removed__lte=5, quality__lte=5, cooperation__lte=5),
                name="verification_marks_0_to_5",
                violation_error_message="各项评分应为 0 到 5 (marks from 0 to 5)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.marks.total}/20"

    @property
    def marks(self) -> Marks:
        """The four marks."""
        return Marks(self.solved, self.removed, self.quality, self.cooperation)


class ResultQuerySet(models.QuerySet["Result"]):
    """Results, narrowed by adjectives."""

    def appealed(self) -> Self:
        """Those the district's centre has to rule on."""
        return self.filter(appealed_at__isnull=False, decided_at=None)


class Result(models.Model):
    """The one result of what a department was asked (R66, R76): the system's part and the town's, joined.

    Written when the case is closed, never before. ``inputs`` and ``model_version`` are all it was worked out from.
    It can be appealed once, until ``appeal_by``; a ruling that grants the appeal takes the component ``exempt`` out,
    and the result as it was stays in the trace. ``final_at`` is None while an appeal waits for its ruling.
    """

    class Ruling(models.TextChoices):
        """What the district's centre said of an appeal."""

        UPHELD = "upheld", "维持评分"
        GRANTED = "granted", "申诉成立"

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="result", verbose_name="承办任务")
    model_version = models.CharField("评分模型", max_length=12)
    inputs = models.JSONField("依据")
    system_score = models.DecimalField("系统评分", max_digits=5, decimal_places=2, null=True, blank=True)
    street_score = models.DecimalField("镇街评分", max_digits=5, decimal_places=2, null=True, blank=True)
    total = models.DecimalField("考核结果", max_digits=5, decimal_places=2)
    grade = models.CharField("等次", max_length=9, choices=Grade.choices)
    flags = models.JSONField("标记", default=list)
    computed_at = models.DateTimeField("评分时间")
    final_at = models.DateTimeField("确定时间", null=True, blank=True)

    appeal_by = models.DateTimeField("申诉截止")
    appealed_at = models.DateTimeField("申诉时间", null=True, blank=True)
    appeal_reason = models.TextField("申诉理由", max_length=2000, blank=True)
    decided_at = models.DateTimeField("裁决时间", null=True, blank=True)
    ruling = models.CharField("裁决", max_length=7, choices=Ruling.choices, blank=True)
    ruling_reason = models.TextField("裁决理由", max_length=2000, blank=True)
    exempt = models.CharField("豁免的指标", max_length=8, choices=Component.choices, blank=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = "考核结果"
        verbose_name_plural = "考核结果"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["appealed_at"], condition=Q(decided_at=None), name="result_to_be_ruled_on"),
            models.Index(fields=["appeal_by"], condition=Q(appealed_at=None), name="result_open_to_appeal"),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(total__range=(0, 100))
                & (Q(system_score=None) | Q(system_score__range=(0, 100)))
                & (Q(street_score=None) | Q(street_score__range=(0, 100))),
                name="result_0_to_100",
                violation_error_message="评分应在 0 到 100 之间 (scores from 0 to 100)",
            ),
            CheckConstraint(
                condition=Q(appealed_at=None, appeal_reason="")
                | (Q(appealed_at__isnull=False, appealed_at__lte=F("appeal_by")) & ~Q(appeal_reason="")),
                name="result_appealed_in_time_with_a_reason",
                violation_error_message="申诉须在期限内并写明理由 (in time, with a reason)",
            ),
            CheckConstraint(
                condition=Q(decided_at=None, ruling="", ruling_reason="")
                | (
                    Q(appealed_at__isnull=False, decided_at__gte=F("appealed_at"), ruling__in=["upheld", "granted"])
                    & ~Q(ruling_reason="")
                ),
                name="result_ruled_on_after_an_appeal",
                violation_error_message="裁决须在申诉之后并写明理由 (a ruling follows an appeal, with a reason)",
            ),
            CheckConstraint(
                condition=Q(ruling="granted", exempt__in=Component.values) | (~Q(ruling="granted") & Q(exempt="")),
                name="result_exempt_where_granted",
                violation_error_message="申诉成立的须写明豁免哪一项 (granted goes with a component)",
            ),
            CheckConstraint(
                condition=Q(final_at=None, appealed_at__isnull=False, decided_at=None)
                | (Q(final_at__isnull=False) & (Q(appealed_at=None) | Q(decided_at__isnull=False))),
                name="result_final_unless_appealed",
                violation_error_message="申诉未裁决的结果不是最终结果 (not final while appealed)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.total}"

    @property
    def score(self) -> Score:
        """Worked out again from what was kept, with the model of its time: the components and what each got."""
        return score(Inputs.from_json(self.inputs), MODELS[self.model_version])

    @property
    def marks(self) -> Marks | None:
        """The marks it was worked out from."""
        return Inputs.from_json(self.inputs).marks

    @property
    def evidence_there(self) -> int:
        """How much of a whole trace was there."""
        return sum(self.inputs["evidence"].values())

    @property
    def evidence_missing(self) -> list[str]:
        """What of a whole trace was missing, in words."""
        return [name for key, name in EVIDENCE.items() if self.inputs["evidence"].get(key) is False]

    @property
    def flag_names(self) -> list[str]:
        """The flags in words."""
        return [str(Flag(flag).label) for flag in self.flags]

    @property
    def is_appealed(self) -> bool:
        """Waiting for the ruling of the district's centre."""
        return self.appealed_at is not None and self.decided_at is None

    def is_final(self, now: dt.datetime) -> bool:
        """Nothing can change it any more; exactly at the end of the time for appeals it still can be appealed."""
        if self.final_at is None:
            return False
        return self.decided_at is not None or now > self.final_at


def result_of(assignment: Assignment) -> Result | None:
    """Its result, None before there is one; asks the database nothing where it was read along."""
    return getattr(assignment, "result", None)
