"""What a reporter says of a closed case: was it solved, and how satisfied."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q

MAX_COMMENT = 500


class SurveyAnswerQuerySet(models.QuerySet["SurveyAnswer"]):
    """Answers, narrowed by adjectives."""

    def counted(self) -> Self:
        """The last answer of each case."""
        later = SurveyAnswer.objects.filter(case=OuterRef("case"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later))


class SurveyAnswer(models.Model):
    """An answer to the satisfaction survey (R64): the last of a case counts, those before it are kept."""

    class Solved(models.TextChoices):
        """Was it solved."""

        YES = "yes", "解决了"
        PARTLY = "partly", "解决了一部分"
        NO = "no", "没有解决"

    class Satisfaction(models.IntegerChoices):
        """How satisfied, from 1 to 5."""

        VERY_POOR = 1, "很不满意"
        POOR = 2, "不太满意"
        FAIR = 3, "一般"
        GOOD = 4, "比较满意"
        VERY_GOOD = 5, "很满意"

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="answers", verbose_name="事项")
    solved = models.CharField("是否解决", max_length=6, choices=Solved.choices)
    satisfaction = models.PositiveSmallIntegerField("满意程度", choices=Satisfaction.choices)
    comment = models.CharField("留言", max_length=MAX_COMMENT, blank=True)
    at = models.DateTimeField("时间")

    objects = SurveyAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = "满意度评价"
        verbose_name_plural = "满意度评价"
        ordering = ["-id"]
        constraints = [
            CheckConstraint(
                condition=Q(solved__in=["yes", "partly", "no"]),
                name="survey_solved_known",
                violation_error_message="是否解决应为 yes、partly 或 no (unknown answer)",
            ),
            CheckConstraint(
                condition=Q(satisfaction__range=(1, 5)),
                name="survey_satisfaction_1_to_5",
                violation_error_message="满意程度应为 1 到 5 (out of range)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_solved_display()} {self.get_satisfaction_display()}"
