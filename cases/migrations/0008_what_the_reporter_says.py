"""What a reporter says of a closed case: the satisfaction survey (R64)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0007_what_units_are_asked"),
    ]

    operations = [
        migrations.CreateModel(
            name="SurveyAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "solved",
                    models.CharField(
                        choices=[("yes", "解决了"), ("partly", "解决了一部分"), ("no", "没有解决")],
                        max_length=6,
                        verbose_name="是否解决",
                    ),
                ),
                (
                    "satisfaction",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "很不满意"), (2, "不太满意"), (3, "一般"), (4, "比较满意"), (5, "很满意")],
                        verbose_name="满意程度",
                    ),
                ),
                ("comment", models.CharField(blank=True, max_length=500, verbose_name="留言")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "满意度评价",
                "verbose_name_plural": "满意度评价",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("solved__in", ["yes", "partly", "no"])),
                        name="survey_solved_known",
                        violation_error_message="是否解决应为 yes、partly 或 no (unknown answer)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("satisfaction__range", (1, 5))),
                        name="survey_satisfaction_1_to_5",
                        violation_error_message="满意程度应为 1 到 5 (out of range)",
                    ),
                ],
            },
        ),
    ]
