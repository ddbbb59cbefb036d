"""People and the posts they hold."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import CheckConstraint, Q

from gridmap.models.dated import Dated, DatedQuerySet, in_force_range, until_after_from
from gridmap.models.ground import Area
from gridmap.models.organisations import Organisation
from gridmap.roles import Role


class Person(models.Model):
    """Somebody who holds a post; residents are never registered here."""

    code = models.CharField("工号", max_length=24, primary_key=True, db_collation="C")
    name = models.CharField("姓名", max_length=40)
    phone = models.CharField("工作电话", max_length=20, blank=True)
    party_member = models.BooleanField("党员", default=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="person",
        verbose_name="账号",
    )

    class Meta:
        verbose_name = "人员"
        verbose_name_plural = "人员"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Appointment(Dated):
    """A person in a role for an area or an organisation, during a range of days (many-to-many, R26)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments", verbose_name="人员")
    role = models.CharField("角色", max_length=21, choices=Role.choices)
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name="区域"
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name="机构"
    )
    part_time = models.BooleanField("兼职", default=False)
    valid_from = models.DateField("任职日期")
    valid_until = models.DateField("离任日期", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "任职"
        verbose_name_plural = "任职"
        constraints = [
            until_after_from("appointment_until_after_from"),
            CheckConstraint(
                condition=Q(area__isnull=False, organisation=None) | Q(area=None, organisation__isnull=False),
                name="appointment_to_one_place",
                violation_error_message="任职应对应一个区域或一个机构，只填其一 (either an area or an organisation)",
            ),
            ExclusionConstraint(
                name="appointment_one_chief",
                expressions=[("area", RangeOperators.EQUAL), (in_force_range(), RangeOperators.OVERLAPS)],
                condition=Q(role="grid_chief"),
                violation_error_message="该区域在这段日期内已有网格长 (one chief at a time)",
            ),
            ExclusionConstraint(
                name="appointment_held_once",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("area", RangeOperators.EQUAL),
                    (in_force_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(area__isnull=False),
                violation_error_message="此人在这段日期内已任同一区域的同一角色 (held already)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.get_role_display()}"


class StationedStaff(Dated):
    """A post moved down from a department to a town: owned by the one, managed and used by the other (R34, R70–R72).

    One row for the days in which nothing about the post changes; a row without a person is a vacant post.
    """

    class Mode(models.TextChoices):
        UNIFIED = "unified", "统一管理"
        DUAL = "dual", "双重管理"
        COORDINATED = "coordinated", "统一指挥协调"

    post = models.CharField("编制号", max_length=24, db_collation="C")
    home = models.ForeignKey(Organisation, models.PROTECT, related_name="stationed_out", verbose_name="派出部门")
    area = models.ForeignKey(Area, models.PROTECT, related_name="stationed_staff", verbose_name="镇街")
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="stations", verbose_name="人员"
    )
    mode = models.CharField("管理方式", max_length=11, choices=Mode.choices)
    valid_from = models.DateField("起始日期")
    valid_until = models.DateField("截止日期", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "派驻编制"
        verbose_name_plural = "派驻编制"
        ordering = ["post", "valid_from"]
        constraints = [
            until_after_from("stationed_staff_until_after_from"),
            ExclusionConstraint(
                name="stationed_staff_once_a_post",
                expressions=[("post", RangeOperators.EQUAL), (in_force_range(), RangeOperators.OVERLAPS)],
                violation_error_message="该编制在这段日期内已有登记 (the post is registered already)",
            ),
        ]

    def __str__(self) -> str:
        return self.post
