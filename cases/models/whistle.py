"""A whistle: what a level could not solve, called up to the level above."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import CheckConstraint, Q

from gridmap.models import Person


class Whistle(models.Model):
    """A call to the level above, with what was tried below and why that is not enough (R49).

    The first level's whistle is the taking of a case on the grid and is in the trace alone. The second opens two
    tracks, and neither alone will do (R50): ``filed_at`` is when the town's centre put it on file, ``sent_at`` when it
    sent ``sent``, a named person, to the community. The third is blown by the centre with a letter (R58).
    """

    class Level(models.IntegerChoices):
        """How far up it is called."""

        TOWN = 2, "二级哨"
        DISTRICT = 3, "三级哨"

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="whistles", verbose_name="事项")
    level = models.PositiveSmallIntegerField("级别", choices=Level.choices)
    tried = models.TextField("下级处置经过", max_length=2000)
    reason = models.TextField("吹哨理由", max_length=2000)
    blown_at = models.DateTimeField("吹哨时间")
    blown_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="吹哨人")
    filed_at = models.DateTimeField("备案时间", null=True, blank=True)
    sent = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派出的专人")
    sent_at = models.DateTimeField("派出时间", null=True, blank=True)

    class Meta:
        verbose_name = "哨"
        verbose_name_plural = "哨"
        ordering = ["id"]
        # Open whistles are told by the database (cases_openwhistle), which reads when those of towns were blown from it alone.
        indexes = [
            models.Index(fields=["case"], include=["blown_at"], condition=Q(level=2), name="whistle_of_town_by_case")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "level"],
                name="whistle_once_a_level",
                violation_error_message="该事项已吹过这一级哨 (blown already)",
            ),
            CheckConstraint(
                condition=Q(level__in=[2, 3]),
                name="whistle_level_known",
                violation_error_message="没有这一级哨 (no such level)",
            ),
            CheckConstraint(
                condition=Q(sent=None, sent_at=None) | Q(sent__isnull=False, sent_at__isnull=False),
                name="whistle_sent_with_its_time",
                violation_error_message="派出的专人与派出时间须同时填写 (a person goes with a time)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_level_display()}"

    @property
    def tracks(self) -> frozenset[str]:
        """The verbs of those tracks that are taken."""
        taken = {"file": self.filed_at, "send": self.sent_at}
        return frozenset(verb for verb, at in taken.items() if at is not None)
