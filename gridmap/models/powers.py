"""Powers delegated by departments to towns and subdistricts, and how to use them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models

from gridmap.models.dated import Dated, DatedQuerySet, in_force_range, until_after_from
from gridmap.models.ground import Area
from gridmap.models.organisations import Organisation


class DelegatedPower(Dated):
    """An approval, a service or an enforcement power that a department hands down (R39, R40)."""

    class Kind(models.TextChoices):
        APPROVAL = "approval", "审批"
        SERVICE = "service", "服务"
        ENFORCEMENT = "enforcement", "执法"

    code = models.CharField("编码", max_length=24, primary_key=True, db_collation="C")
    batch = models.CharField("批次", max_length=20)
    department = models.ForeignKey(
        Organisation, models.PROTECT, related_name="delegated_powers", verbose_name="赋权部门"
    )
    kind = models.CharField("类别", max_length=11, choices=Kind.choices)
    name = models.CharField("名称", max_length=120)
    document = models.CharField("依据文件", max_length=120, blank=True)
    valid_from = models.DateField("生效日期")
    valid_until = models.DateField("失效日期", null=True, blank=True)
    units = models.ManyToManyField(Area, through="PowerGrant", related_name="delegated_powers", verbose_name="赋权镇街")

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "赋权事项"
        verbose_name_plural = "赋权事项"
        ordering = ["code"]
        constraints = [until_after_from("delegated_power_until_after_from")]

    def __str__(self) -> str:
        return self.name


class PowerGrant(Dated):
    """One power given to one town or subdistrict: the unit of count, since the three totals may overlap."""

    power = models.ForeignKey(DelegatedPower, models.PROTECT, related_name="grants", verbose_name="赋权事项")
    area = models.ForeignKey(Area, models.PROTECT, related_name="power_grants", verbose_name="镇街")
    valid_from = models.DateField("生效日期")
    valid_until = models.DateField("失效日期", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "赋权"
        verbose_name_plural = "赋权"
        constraints = [
            until_after_from("power_grant_until_after_from"),
            ExclusionConstraint(
                name="power_granted_once",
                expressions=[
                    ("power", RangeOperators.EQUAL),
                    ("area", RangeOperators.EQUAL),
                    (in_force_range(), RangeOperators.OVERLAPS),
                ],
                violation_error_message="该事项在这段日期内已赋予该镇街 (granted already)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.power_id} → {self.area_id}"


class ServiceGuide(models.Model):
    """How to use a delegated power: every field is needed before it can be published (R42)."""

    power = models.OneToOneField(
        DelegatedPower, models.CASCADE, primary_key=True, related_name="guide", verbose_name="赋权事项"
    )
    conditions = models.TextField("办理条件")
    basis = models.TextField("依据")
    process = models.TextField("流程")
    time_limit = models.CharField("办理时限", max_length=60)
    contact_name = models.CharField("联络人", max_length=40)
    contact_phone = models.CharField("联系电话", max_length=20)

    class Meta:
        verbose_name = "服务指南"
        verbose_name_plural = "服务指南"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(**{f"{field}__gt": ""}),
                name=f"service_guide_{field}_given",
                violation_error_message=f"服务指南的“{label}”不能为空 (every field is needed)",
            )
            for field, label in (
                ("conditions", "办理条件"),
                ("basis", "依据"),
                ("process", "流程"),
                ("time_limit", "办理时限"),
                ("contact_name", "联络人"),
                ("contact_phone", "联系电话"),
            )
        ]

    def __str__(self) -> str:
        return f"服务指南 {self.power_id}"
