"""What a new edition of boundaries does to cases: who hands which over to whom, and how far re-routing has come."""

from __future__ import annotations

from django.db import models

from gridmap.models import Area, Edition


class Handover(models.Model):
    """An open case that a new edition took from one area and gave to another: both desks are told."""

    case = models.ForeignKey(
        "cases.Case", models.PROTECT, related_name="handovers", db_index=False, verbose_name="事项"
    )
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="+", verbose_name="边界版本")
    from_area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False, verbose_name="移出网格")
    to_area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False, verbose_name="移入网格")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "划界移交"
        verbose_name_plural = "划界移交"
        ordering = ["-at", "id"]
        indexes = [
            models.Index(fields=["from_area", "at"], name="handover_from_at"),
            models.Index(fields=["to_area", "at"], name="handover_to_at"),
            models.Index(fields=["at"], name="handover_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "edition"],
                name="handover_once",
                violation_error_message="该事项在本版本中已移交过 (handed over already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.from_area_id} → {self.to_area_id}"


class Rerouting(models.Model):
    """How far the cases have been looked at since an edition came into force.

    ``after`` is the last case looked at: whoever goes on begins behind it. ``total`` is counted at the start.
    """

    edition = models.OneToOneField(Edition, models.PROTECT, primary_key=True, related_name="+", verbose_name="边界版本")
    begun_at = models.DateTimeField("开始时间")
    after = models.BigIntegerField("已看到的事项", default=0)
    total = models.PositiveIntegerField("要看的事项数", null=True)
    done = models.PositiveIntegerField("已看的事项数", default=0)
    moved = models.PositiveIntegerField("改归的事项数", default=0)

    class Meta:
        verbose_name = "重新归入进度"
        verbose_name_plural = "重新归入进度"

    def __str__(self) -> str:
        return f"{self.edition_id}: {self.done}/{self.total}"
