"""What is asked for beside the course of a case: a return, a ruling, a meeting, more time, suspension."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from cases.models.town import Assignment
from cases.workflow import REASONS, Kind, Stage, states
from gridmap.models import Organisation

WAITING = (Stage.ASKED, Stage.SUPPORTED)


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    """Procedures, narrowed by adjectives."""

    def expired(self, now: dt.datetime) -> Self:
        """Suspensions whose day of review has come."""
        return self.filter(kind=Kind.SUSPENSION, stage=Stage.GRANTED, until__lte=now)

    def rulings(self, category: str) -> Self:
        """Who was found to answer for cases of a category, the last ruling first (precedents)."""
        ruled = self.filter(kind=Kind.DISPUTE, stage=Stage.GRANTED, case__category=category)
        return ruled.select_related("department", "case").order_by("-id")


class Procedure(models.Model):
    """Something somebody asked for and somebody else decides: who, for what reason, on what grounds, with what result.

    ``assignment`` is what it is about and ``unit`` who asks, where they are a unit; ``decide_by`` the limit for the
    decision. ``until`` is the day of review of a suspension, ``resumes`` the state it came from; ``department`` whom a
    ruling or a meeting names as the lead. ``due_before`` and ``due_after`` are the limit as it was and as it became.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="procedures", verbose_name="事项")
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, blank=True, related_name="procedures", verbose_name="承办任务"
    )
    unit = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出单位"
    )
    kind = models.CharField("程序", max_length=10, choices=Kind.choices)
    stage = models.CharField("进展", max_length=9, choices=Stage.choices, default=Stage.ASKED)
    reason = models.CharField("原因", max_length=10, blank=True)
    text = models.TextField("说明和依据", max_length=2000)
    asked_at = models.DateTimeField("提出时间")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="提出人")
    decide_by = models.DateTimeField("决定时限")
    limit_amount = models.PositiveSmallIntegerField("延长", null=True, blank=True)
    until = models.DateTimeField("复查时间", null=True, blank=True)
    resumes = models.CharField("恢复到的状态", max_length=12, choices=states, blank=True)
    supported_at = models.DateTimeField("主要领导同意时间", null=True, blank=True)
    supported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="同意的主要领导"
    )
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="决定人"
    )
    ruling = models.TextField("决定理由", max_length=2000, blank=True)
    department = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="认定的主办部门"
    )
    due_before = models.DateTimeField("原时限", null=True, blank=True)
    due_after = models.DateTimeField("新时限", null=True, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = "附带程序"
        verbose_name_plural = "附带程序"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["until"], condition=Q(kind="suspension", stage="granted"), name="procedure_suspended"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "unit"],
                condition=Q(kind="return"),
                name="procedure_return_once_a_unit",
                violation_error_message="一个单位对一件事项只能退单一次 (returned already)",
            ),
            models.UniqueConstraint(
                fields=["case", "kind", "assignment"],
                condition=Q(stage__in=["asked", "supported"]),
                nulls_distinct=False,
                name="procedure_one_waiting",
                violation_error_message="已有一份在等决定 (one is waiting already)",
            ),
            CheckConstraint(
                condition=Q(stage__in=["asked", "supported"], decided_at=None, decided_by=None)
                | Q(stage__in=["granted", "refused"], decided_at__isnull=False, decided_by__isnull=False)
                | Q(stage="over", ended_at__isnull=False),
                name="procedure_decided_by_somebody",
                violation_error_message="决定须写明时间和决定人 (decided when and by whom)",
            ),
            CheckConstraint(
                condition=Q(kind="meeting") | Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="procedure_decided_by_another",
                violation_error_message="提出的人不能自己决定 (not by who asked)",
            ),
            CheckConstraint(
                condition=~Q(kind="suspension") | Q(until__gt=F("asked_at"), until__isnull=False),
                name="procedure_suspended_until",
                violation_error_message="挂账须写明复查日期 (a suspension needs a day of review)",
            ),
            CheckConstraint(
                condition=~Q(kind="suspension", stage__in=["granted", "over"]) | Q(supported_by__isnull=False),
                name="procedure_suspension_supported",
                violation_error_message="挂账须先经主要领导同意 (not without the principal leader)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_kind_display()}"

    @property
    def waits(self) -> bool:
        """Whether somebody still has to decide."""
        return self.stage in WAITING

    @property
    def kind_label(self) -> str:
        """What it is, in Chinese."""
        return Kind(self.kind).label

    @property
    def reason_label(self) -> str:
        """The reason in words."""
        return next((words[self.reason] for words in REASONS.values() if self.reason in words), "")
