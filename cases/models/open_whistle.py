"""Whistles still open, as the database sees them: one row for each unit that was asked, or for the desk it waits on."""

from __future__ import annotations

from django.db import models

from cases.models.case import Case
from cases.models.town import Assignment
from gridmap.models import Organisation


class OpenWhistle(models.Model):
    """What a unit was asked and has not done yet; where nobody is asked now, the whistle itself, on a desk of the town.

    A view of the database (see the migration that creates it), so it is never out of date. ``id``: in the order of the
    limits. ``level``: 2 within the town, 3 with departments. ``since``: from when a unit has had it; None for a desk.
    ``start``, ``due_at``: its time.
    """

    id = models.CharField("编号", max_length=48, primary_key=True)
    case = models.ForeignKey(Case, models.DO_NOTHING, related_name="open_whistles", verbose_name="事项")
    assignment = models.ForeignKey(Assignment, models.DO_NOTHING, null=True, related_name="+", verbose_name="承办任务")
    unit = models.ForeignKey(Organisation, models.DO_NOTHING, null=True, related_name="+", verbose_name="责任部门")
    level = models.PositiveSmallIntegerField("级别")
    part = models.CharField("主协办", max_length=6)
    start = models.DateTimeField("开始时间")
    since = models.DateTimeField("何时到此", null=True)
    due_at = models.DateTimeField("完成时限")

    class Meta:
        managed = False
        db_table = "cases_openwhistle"
        verbose_name = "未结的哨"
        verbose_name_plural = "未结的哨"

    def __str__(self) -> str:
        return self.id
