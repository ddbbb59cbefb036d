"""Hot spots of a window, worked out in the background and kept."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import CheckConstraint, Q

# Whoever has worked on one for so long without saying anything has died over it.
SILENCE = dt.timedelta(minutes=2)


class HotSpotsQuerySet(models.QuerySet["HotSpots"]):
    """Kept hot spots, narrowed by adjectives."""

    def to_be_found(self, now: dt.datetime) -> Self:
        """Those that were asked for and nobody works on."""
        return self.filter(Q(started_at=None) | Q(told_at__lt=now - SILENCE), wanted=True)


class HotSpots(models.Model):
    """What was asked, and the answer when there is one.

    The window goes from the first day to before the last, in Shanghai. ``answer`` has what the map shows: see
    :mod:`cases.hotspots`. ``version``: of the cases when they were counted. ``problem``: why there is no answer.
    """

    level = models.CharField("级别", max_length=9)
    denominator = models.CharField("分母", max_length=11)
    category = models.CharField("类别", max_length=12, blank=True, db_collation="C")
    area = models.CharField("区域", max_length=15, blank=True, db_collation="C")
    channel = models.CharField("来源", max_length=10, blank=True, default="", db_default="")
    state = models.CharField("状态", max_length=400, blank=True, default="", db_default="")
    department = models.CharField("部门", max_length=40, blank=True, default="", db_default="", db_collation="C")
    since = models.DateField("起")
    until = models.DateField("止(不含)")
    method = models.CharField("方法版本", max_length=12)
    # Asked for and not found since: at first, and again when the cases have changed.
    wanted = models.BooleanField("待计算", default=True)
    asked_at = models.DateTimeField("提出时间")
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    told_at = models.DateTimeField("最近进展时间", null=True, blank=True)
    progress = models.FloatField("进展", default=0)
    done_at = models.DateTimeField("完成时间", null=True, blank=True)
    version = models.BigIntegerField("事项版本", null=True, blank=True)
    answer = models.JSONField("结果", null=True, blank=True)
    problem = models.TextField("未能完成的原因", blank=True)

    objects = HotSpotsQuerySet.as_manager()

    class Meta:
        verbose_name = "热点"
        verbose_name_plural = "热点"
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "level",
                    "denominator",
                    "category",
                    "area",
                    "channel",
                    "state",
                    "department",
                    "since",
                    "until",
                    "method",
                ],
                name="hot_spots_asked_once",
                violation_error_message="已有这一时段的热点 (asked already)",
            ),
            CheckConstraint(
                condition=Q(until__gt=models.F("since")),
                name="hot_spots_until_after_since",
                violation_error_message="止日应晚于起日 (until after since)",
            ),
            CheckConstraint(
                condition=Q(done_at=None, answer=None) | Q(done_at__isnull=False, answer__isnull=False),
                name="hot_spots_done_with_an_answer",
                violation_error_message="完成的应有结果 (done goes with an answer)",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(wanted=True), name="hot_spots_to_be_found")]

    def __str__(self) -> str:
        return f"{self.level} {self.since}–{self.until}"
