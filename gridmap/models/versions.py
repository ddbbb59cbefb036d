"""A counter per collection that moves whenever its rows do."""

from __future__ import annotations

from django.db import models


class DataVersion(models.Model):
    """How often a collection's rows have changed, spread over slots so that writers do not wait for each other.

    Written by database triggers (see the migration that creates them), so no way of writing can forget it; the
    version of a collection is the sum over its slots.
    """

    collection = models.CharField("数据集", max_length=30)
    slot = models.PositiveSmallIntegerField("分槽")
    changes = models.BigIntegerField("变更次数", default=0)

    class Meta:
        verbose_name = "数据版本"
        verbose_name_plural = "数据版本"
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "slot"],
                name="data_version_slot",
                violation_error_message="该数据集的分槽已存在 (slot exists)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.collection} {self.changes}"


def version_of(*collections: str) -> int:
    """The present version of some collections together; read it before the rows it stands for."""
    total = DataVersion.objects.filter(collection__in=collections).aggregate(total=models.Sum("changes"))["total"]
    return int(total or 0)
