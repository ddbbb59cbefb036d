"""Let a town handle a case: who answers for what, dispatch to an office, order to a unit, and the states that come of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_the_second_whistle"),
        ("gridmap", "0011_rosters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("task", models.TextField(max_length=2000, verbose_name="工作任务")),
                ("limit_amount", models.PositiveSmallIntegerField(verbose_name="时限")),
                (
                    "limit_unit",
                    models.CharField(
                        choices=[
                            ("emergency_hours", "紧急工作时"),
                            ("working_hours", "工作时"),
                            ("working_days", "工作日"),
                            ("calendar_days", "自然日"),
                        ],
                        max_length=15,
                        verbose_name="时限单位",
                    ),
                ),
                ("ordered_at", models.DateTimeField(verbose_name="交办时间")),
                ("due_at", models.DateTimeField(verbose_name="完成时限")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="申请办结时间")),
                ("redone", models.PositiveSmallIntegerField(default=0, verbose_name="返工次数")),
            ],
            options={
                "verbose_name": "承办任务",
                "verbose_name_plural": "承办任务",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(blank=True, max_length=120, verbose_name="依据的权责归属")),
                ("at", models.DateTimeField(verbose_name="派件时间")),
            ],
            options={
                "verbose_name": "派件",
                "verbose_name_plural": "派件",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Responsibility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "verbose_name": "权责归属",
                "verbose_name_plural": "权责归属",
                "ordering": ["category", "office"],
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
        migrations.AlterField(
            model_name="case",
            name="state",
            field=models.CharField(
                choices=[
                    ("reported", "已上报"),
                    ("handling", "处置中"),
                    ("resolved", "待核实"),
                    ("whistled", "二级哨"),
                    ("triage", "中心整合"),
                    ("verifying", "镇街核实"),
                    ("dispatched", "已派件"),
                    ("deciding", "领导研判"),
                    ("ordered", "镇街办理"),
                    ("finished", "办结核实"),
                    ("closed", "已结项"),
                    ("refused", "不予受理"),
                ],
                default="reported",
                max_length=12,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="traceevent",
            name="from_state",
            field=models.CharField(
                blank=True,
                choices=[
                    ("reported", "已上报"),
                    ("handling", "处置中"),
                    ("resolved", "待核实"),
                    ("whistled", "二级哨"),
                    ("triage", "中心整合"),
                    ("verifying", "镇街核实"),
                    ("dispatched", "已派件"),
                    ("deciding", "领导研判"),
                    ("ordered", "镇街办理"),
                    ("finished", "办结核实"),
                    ("closed", "已结项"),
                    ("refused", "不予受理"),
                ],
                max_length=12,
                verbose_name="原状态",
            ),
        ),
        migrations.AlterField(
            model_name="traceevent",
            name="to_state",
            field=models.CharField(
                choices=[
                    ("reported", "已上报"),
                    ("handling", "处置中"),
                    ("resolved", "待核实"),
                    ("whistled", "二级哨"),
                    ("triage", "中心整合"),
                    ("verifying", "镇街核实"),
                    ("dispatched", "已派件"),
                    ("deciding", "领导研判"),
                    ("ordered", "镇街办理"),
                    ("finished", "办结核实"),
                    ("closed", "已结项"),
                    ("refused", "不予受理"),
                ],
                max_length=12,
                verbose_name="新状态",
            ),
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
                            "closed",
                            "refused",
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
                                "deciding",
                                "dispatched",
                                "finished",
                                "handling",
                                "ordered",
                                "reported",
                                "resolved",
                                "triage",
                                "verifying",
                                "whistled",
                            ],
                        ),
                    ),
                    models.Q(
                        ("closed_at__gte", models.F("reported_at")),
                        ("closed_at__isnull", False),
                        ("state__in", ["closed", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="case_closed_at_when_ended",
                violation_error_message="已结束的事项应有结项时间，未结束的没有 (closed_at goes with an ended state)",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="ordered_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="交办人",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="gridmap.organisation",
                verbose_name="责任部门",
            ),
        ),
        migrations.AddField(
            model_name="dispatch",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="派件人",
            ),
        ),
        migrations.AddField(
            model_name="dispatch",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dispatches",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="dispatch",
            name="office",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gridmap.organisation",
                verbose_name="职能机构",
            ),
        ),
        migrations.AddField(
            model_name="responsibility",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="responsibilities",
                to="cases.category",
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="responsibility",
            name="office",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="responsibilities",
                to="gridmap.organisation",
                verbose_name="职能机构",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("task", ""), _negated=True), ("limit_amount__gt", 0)),
                name="assignment_task_and_limit",
                violation_error_message="交办须写明工作任务和完成时限 (a task and a limit)",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gte", models.F("ordered_at"))),
                name="assignment_due_after_ordered",
                violation_error_message="完成时限不能早于交办时间 (due before ordered)",
            ),
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=models.UniqueConstraint(
                fields=("category", "office"),
                name="responsibility_once",
                violation_error_message="已有这条权责归属 (there already)",
            ),
        ),
    ]
