"""Spreadsheets that came in: looked at first, then carried out or let go."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q


class RosterImport(models.Model):
    """A roster somebody sent: kept for a short while to be carried out, then the trace of who changed what and when.

    The file and what was found in it are about people, and go as soon as it is carried out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("名册", max_length=20)
    file_name = models.CharField("文件", max_length=200)
    digest = models.CharField("摘要", max_length=64)
    day = models.DateField("生效日期")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办人")
    received_at = models.DateTimeField("收到时间")
    committed_at = models.DateTimeField("写入时间", null=True, blank=True)
    counts = models.JSONField("行数", default=dict)
    content = models.BinaryField("文件内容", null=True)
    findings = models.JSONField("逐行结果", null=True)

    class Meta:
        verbose_name = "名册导入"
        verbose_name_plural = "名册导入"
        ordering = ["-received_at"]
        constraints = [
            CheckConstraint(
                condition=Q(committed_at=None, content__isnull=False, findings__isnull=False)
                | Q(committed_at__isnull=False, content=None, findings__isnull=True),
                name="roster_import_keeps_no_file",
                violation_error_message="写入后不再保留文件 (the file goes once it is carried out)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.digest[:12]}"
