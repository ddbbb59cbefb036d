"""What a town does with a case: which office answers for what, whom it was dispatched to, who was ordered to act."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from cases.deadlines import Limit, Unit
from gridmap.models import Organisation


class Responsibility(models.Model):
    """Which office of a town answers for a category (R52); for a whole group where the category has no rule of its own."""

    category = models.ForeignKey("cases.Category", models.CASCADE, related_name="responsibilities", verbose_name="类别")
    office = models.ForeignKey(Organisation, models.CASCADE, related_name="responsibilities", verbose_name="职能机构")

    class Meta:
        verbose_name = "权责归属"
        verbose_name_plural = "权责归属"
        ordering = ["category", "office"]
        constraints = [
            models.UniqueConstraint(
                fields=["category", "office"],
                name="responsibility_once",
                violation_error_message="已有这条权责归属 (there already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.category} → {self.office}"


class Dispatch(models.Model):
    """A case given to an office of its town by the centre; ``rule`` is the rule that named the office, "" for none."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="dispatches", verbose_name="事项")
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="职能机构")
    rule = models.CharField("依据的权责归属", max_length=120, blank=True)
    at = models.DateTimeField("派件时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="派件人")

    class Meta:
        verbose_name = "派件"
        verbose_name_plural = "派件"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.office_id}"


class Assignment(models.Model):
    """What a unit was ordered to do about a case, and by when (R55): unit, task and deadline, all three.

    The limit is kept as it was given, so that a later change of rules changes nothing of it.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="assignments", verbose_name="事项")
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="assignments", verbose_name="责任部门")
    task = models.TextField("工作任务", max_length=2000)
    limit_amount = models.PositiveSmallIntegerField("时限")
    limit_unit = models.CharField("时限单位", max_length=15, choices=Unit.choices)
    ordered_at = models.DateTimeField("交办时间")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="交办人")
    due_at = models.DateTimeField("完成时限")
    finished_at = models.DateTimeField("申请办结时间", null=True, blank=True)
    redone = models.PositiveSmallIntegerField("返工次数", default=0)

    class Meta:
        verbose_name = "承办任务"
        verbose_name_plural = "承办任务"
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=~Q(task="") & Q(limit_amount__gt=0),
                name="assignment_task_and_limit",
                violation_error_message="交办须写明工作任务和完成时限 (a task and a limit)",
            ),
            CheckConstraint(
                condition=Q(due_at__gte=F("ordered_at")),
                name="assignment_due_after_ordered",
                violation_error_message="完成时限不能早于交办时间 (due before ordered)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.unit_id}"

    @property
    def limit(self) -> Limit:
        """The time it was given."""
        return Limit(self.limit_amount, Unit(self.limit_unit))
