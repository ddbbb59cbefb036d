"""What a town does with a case: which office answers for what, whom it was dispatched to, who was asked to act."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from cases.deadlines import Limit, Unit
from cases.workflow import Progress
from geodata.crs import STORED_SRID
from gridmap.models import DelegatedPower, Organisation


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


class CategoryPower(models.Model):
    """A power that cases of a category fall under: where it was handed down to a town, the town is asked first (R43)."""

    category = models.ForeignKey("cases.Category", models.CASCADE, related_name="powers", verbose_name="类别")
    power = models.ForeignKey(DelegatedPower, models.CASCADE, related_name="+", verbose_name="赋权事项")

    class Meta:
        verbose_name = "类别对应的赋权事项"
        verbose_name_plural = "类别对应的赋权事项"
        ordering = ["category", "power"]
        constraints = [
            models.UniqueConstraint(
                fields=["category", "power"],
                name="category_power_once",
                violation_error_message="已有这条对应 (there already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.category} → {self.power}"


class Letter(models.Model):
    """A letter of demand to departments of the district (R59): numbered, with the task and the limit (R60)."""

    number = models.CharField("文号", max_length=24, unique=True)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="letters", verbose_name="事项")
    task = models.TextField("工作任务", max_length=2000)
    due_at = models.DateTimeField("完成时限")
    issued_at = models.DateTimeField("发出时间")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="发出人")
    # An emergency letter goes out first; the principal leader confirms it by then (R56).
    confirm_by = models.DateTimeField("补确认时限", null=True, blank=True)
    confirmed_at = models.DateTimeField("补确认时间", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="确认的主要领导",
    )

    class Meta:
        verbose_name = "承办需求信函"
        verbose_name_plural = "承办需求信函"
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=~Q(task=""),
                name="letter_with_a_task",
                violation_error_message="信函须写明工作任务 (a letter needs a task)",
            ),
            CheckConstraint(
                condition=Q(confirmed_by__isnull=False) | Q(confirm_by__isnull=False),
                name="letter_confirmed_or_urgent",
                violation_error_message="没有主要领导确认的只能是应急信函 (confirmed, or urgent)",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """What units were asked to do, narrowed by adjectives."""

    def binding(self) -> Self:
        """Those that still ask something of their units."""
        return self.filter(withdrawn_at=None, finished_at=None)

    def waiting_for_receipt(self, now: dt.datetime) -> Self:
        """Letters nobody has received though the limit for that has passed; exactly at the limit is in time."""
        return self.filter(received_at=None, receive_by__lt=now, finished_at=None, withdrawn_at=None)


class Assignment(models.Model):
    """What a unit was asked to do about a case, and by when (R55, R60): unit, task and deadline, all three.

    A unit of the town is ordered; a department of the district is asked by a letter, as the lead or to assist (R05).
    The limit is kept as it was given, so that a later change of rules changes nothing of it. ``withdrawn_at``: it no
    longer binds the unit, because a return, a ruling, a meeting or the principal leader said so.
    """

    class Part(models.TextChoices):
        """As what a unit acts."""

        LEAD = "lead", "主办"
        ASSIST = "assist", "协办"

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="assignments", verbose_name="事项")
    unit = models.ForeignKey(
        Organisation, models.PROTECT, related_name="assignments", verbose_name="责任部门", db_index=False
    )
    letter = models.ForeignKey(
        Letter, models.PROTECT, null=True, blank=True, related_name="assignments", verbose_name="信函"
    )
    part = models.CharField("主协办", max_length=6, choices=Part.choices, default=Part.LEAD, db_default=Part.LEAD)
    task = models.TextField("工作任务", max_length=2000)
    limit_amount = models.PositiveSmallIntegerField("时限")
    limit_unit = models.CharField("时限单位", max_length=15, choices=Unit.choices)
    ordered_at = models.DateTimeField("交办时间")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="交办人")
    due_at = models.DateTimeField("完成时限")
    receive_by = models.DateTimeField("查收时限", null=True, blank=True)
    return_by = models.DateTimeField("退单时限", null=True, blank=True)
    arrive_by = models.DateTimeField("报到时限", null=True, blank=True)
    received_at = models.DateTimeField("查收时间", null=True, blank=True)
    arrived_at = models.DateTimeField("首次报到时间", null=True, blank=True)
    # Working time from the letter to the first sign-in, by the calendar of that day.
    arrival_minutes = models.PositiveIntegerField("报到用时(工作分钟)", null=True, blank=True)
    finished_at = models.DateTimeField("申请办结时间", null=True, blank=True)
    redone = models.PositiveSmallIntegerField("返工次数", default=0)
    redone_at = models.DateTimeField("最近一次返工时间", null=True, blank=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = "承办任务"
        verbose_name_plural = "承办任务"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["receive_by"], condition=Q(received_at=None), name="assignment_to_be_received"),
            models.Index(
                fields=["unit"],
                include=["case"],
                condition=Q(finished_at=None, withdrawn_at=None),
                name="assignment_binding_by_unit",
            ),
            # What a unit was ever asked says which cases it sees.
            models.Index(fields=["unit", "case"], name="assignment_by_unit"),
            # What departments were asked and have not done: few among all that was ever asked.
            models.Index(
                fields=["case"],
                condition=Q(letter__isnull=False, finished_at=None, withdrawn_at=None),
                name="assignment_still_to_be_done",
            ),
        ]
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
            models.UniqueConstraint(
                fields=["letter"],
                condition=Q(part="lead"),
                name="assignment_one_lead_a_letter",
                violation_error_message="一封信函只有一个主办部门 (one lead)",
            ),
            models.UniqueConstraint(
                fields=["letter", "unit"],
                name="assignment_once_a_letter",
                violation_error_message="一封信函对一个部门只有一项任务 (once a department)",
            ),
            CheckConstraint(
                condition=Q(arrived_at=None, arrival_minutes=None)
                | Q(arrived_at__isnull=False, arrival_minutes__isnull=False),
                name="assignment_arrived_after_how_long",
                violation_error_message="报到时间与报到用时须同时填写 (when it came goes with after how long)",
            ),
            CheckConstraint(
                condition=Q(finished_at=None) | Q(letter=None) | Q(arrived_at__isnull=False),
                name="assignment_arrived_before_finished",
                violation_error_message="部门报到之前不能申请办结 (not before it came)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.unit_id}"

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        reached = {
            Progress.WITHDRAWN: self.withdrawn_at,
            Progress.FINISHED: self.finished_at,
            Progress.ARRIVED: self.arrived_at,
            Progress.RECEIVED: self.received_at,
        }
        return next((it for it, at in reached.items() if at is not None), Progress.ISSUED)

    @property
    def is_lead(self) -> bool:
        """Whether it moves the case."""
        return self.part == self.Part.LEAD

    @property
    def limit(self) -> Limit:
        """The time it was given."""
        return Limit(self.limit_amount, Unit(self.limit_unit))


class CheckIn(models.Model):
    """Somebody of a department came, and the town's office wrote it down (R63, R73); never the department itself."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="check_ins", verbose_name="承办任务")
    persons = models.CharField("报到人员", max_length=200)
    note = models.CharField("地点与说明", max_length=2000, blank=True)
    # Where they were signed in, and how far that is from the case.
    point = models.PointField("位置", srid=STORED_SRID, null=True, blank=True)
    distance_m = models.FloatField("距事项(米)", null=True, blank=True)
    photo = models.ForeignKey(
        "cases.Photo", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="签到照片"
    )
    at = models.DateTimeField("时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="登记人")

    class Meta:
        verbose_name = "签到"
        verbose_name_plural = "签到"
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=~Q(persons=""),
                name="check_in_names_somebody",
                violation_error_message="签到须写明来的人 (who came)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.persons}"
