"""Let each department a letter names be marked by the office and get one result, which it may appeal against once."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0014_notices"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Result",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model_version", models.CharField(max_length=12, verbose_name="评分模型")),
                ("inputs", models.JSONField(verbose_name="依据")),
                (
                    "system_score",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="系统评分"),
                ),
                (
                    "street_score",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="镇街评分"),
                ),
                ("total", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="考核结果")),
                (
                    "grade",
                    models.CharField(
                        choices=[("excellent", "优"), ("good", "良"), ("fair", "中"), ("poor", "差")],
                        max_length=9,
                        verbose_name="等次",
                    ),
                ),
                ("flags", models.JSONField(default=list, verbose_name="标记")),
                ("computed_at", models.DateTimeField(verbose_name="评分时间")),
                ("final_at", models.DateTimeField(blank=True, null=True, verbose_name="确定时间")),
                ("appeal_by", models.DateTimeField(verbose_name="申诉截止")),
                ("appealed_at", models.DateTimeField(blank=True, null=True, verbose_name="申诉时间")),
                ("appeal_reason", models.TextField(blank=True, max_length=2000, verbose_name="申诉理由")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="裁决时间")),
                (
                    "ruling",
                    models.CharField(
                        blank=True,
                        choices=[("upheld", "维持评分"), ("granted", "申诉成立")],
                        max_length=7,
                        verbose_name="裁决",
                    ),
                ),
                ("ruling_reason", models.TextField(blank=True, max_length=2000, verbose_name="裁决理由")),
                (
                    "exempt",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("receipt", "查收及时"),
                            ("arrival", "报到及时"),
                            ("handling", "按期办结"),
                            ("quality", "返工退单"),
                            ("trace", "留痕完整"),
                        ],
                        max_length=8,
                        verbose_name="豁免的指标",
                    ),
                ),
            ],
            options={
                "verbose_name": "考核结果",
                "verbose_name_plural": "考核结果",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "solved",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(5)], verbose_name="问题解决"
                    ),
                ),
                (
                    "removed",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(5)], verbose_name="根源消除"
                    ),
                ),
                (
                    "quality",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(5)], verbose_name="办理质量"
                    ),
                ),
                (
                    "cooperation",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(5)], verbose_name="配合协作"
                    ),
                ),
                ("own", models.BooleanField(default=True, verbose_name="单独评分")),
                ("text", models.TextField(max_length=2000, verbose_name="核实情况")),
                ("at", models.DateTimeField(verbose_name="时间")),
            ],
            options={
                "verbose_name": "专业评估",
                "verbose_name_plural": "专业评估",
                "ordering": ["id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="case",
            name="case_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="case",
            name="case_closed_at_when_ended",
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "reported",
                            "handling",
                            "resolved",
                            "whistled",
                            "triage",
                            "verifying",
                            "dispatched",
                            "deciding",
                            "ordered",
                            "finished",
                            "referred",
                            "applied",
                            "confirmed",
                            "issued",
                            "received",
                            "arrived",
                            "claimed",
                            "suspended",
                            "closed",
                            "evaluated",
                            "refused",
                            "merged",
                        ],
                    )
                ),
                name="case_state_known",
                violation_error_message="没有这个状态 (unknown state)",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at", None),
                        (
                            "state__in",
                            [
                                "applied",
                                "arrived",
                                "claimed",
                                "confirmed",
                                "deciding",
                                "dispatched",
                                "finished",
                                "handling",
                                "issued",
                                "ordered",
                                "received",
                                "referred",
                                "reported",
                                "resolved",
                                "suspended",
                                "triage",
                                "verifying",
                                "whistled",
                            ],
                        ),
                    ),
                    models.Q(
                        ("closed_at__gte", models.F("reported_at")),
                        ("closed_at__isnull", False),
                        ("state__in", ["closed", "evaluated", "merged", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="case_closed_at_when_ended",
                violation_error_message="已结束的事项应有结项时间，未结束的没有 (closed_at goes with an ended state)",
            ),
        ),
        migrations.AddField(
            model_name="result",
            name="assignment",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="result",
                to="cases.assignment",
                verbose_name="承办任务",
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="verifications",
                to="cases.assignment",
                verbose_name="承办任务",
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="核实人",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("decided_at", None)), fields=["appealed_at"], name="result_to_be_ruled_on"
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total__range", (0, 100)),
                    models.Q(("system_score", None), ("system_score__range", (0, 100)), _connector="OR"),
                    models.Q(("street_score", None), ("street_score__range", (0, 100)), _connector="OR"),
                ),
                name="result_0_to_100",
                violation_error_message="评分应在 0 到 100 之间 (scores from 0 to 100)",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("appeal_reason", ""), ("appealed_at", None)),
                    models.Q(
                        ("appealed_at__isnull", False),
                        ("appealed_at__lte", models.F("appeal_by")),
                        models.Q(("appeal_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="result_appealed_in_time_with_a_reason",
                violation_error_message="申诉须在期限内并写明理由 (in time, with a reason)",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("ruling", ""), ("ruling_reason", "")),
                    models.Q(
                        ("appealed_at__isnull", False),
                        ("decided_at__gte", models.F("appealed_at")),
                        ("ruling__in", ["upheld", "granted"]),
                        models.Q(("ruling_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="result_ruled_on_after_an_appeal",
                violation_error_message="裁决须在申诉之后并写明理由 (a ruling follows an appeal, with a reason)",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("exempt__in", ["receipt", "arrival", "handling", "quality", "trace"]), ("ruling", "granted")
                    ),
                    models.Q(models.Q(("ruling", "granted"), _negated=True), ("exempt", "")),
                    _connector="OR",
                ),
                name="result_exempt_where_granted",
                violation_error_message="申诉成立的须写明豁免哪一项 (granted goes with a component)",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("appealed_at__isnull", False), ("decided_at", None), ("final_at", None)),
                    models.Q(
                        ("final_at__isnull", False),
                        models.Q(("appealed_at", None), ("decided_at__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="result_final_unless_appealed",
                violation_error_message="申诉未裁决的结果不是最终结果 (not final while appealed)",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cooperation__lte", 5), ("quality__lte", 5), ("removed__lte", 5), ("solved__lte", 5)
                ),
                name="verification_marks_0_to_5",
                violation_error_message="各项评分应为 0 到 5 (marks from 0 to 5)",
            ),
        ),
    ]
