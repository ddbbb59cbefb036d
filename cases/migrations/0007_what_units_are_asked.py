"""Let a town order a unit and the district ask departments by a letter: what each is asked, by when, and who came."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cases", "0006_the_whistle"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
    ]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE cases_letter_number",
            reverse_sql="DROP SEQUENCE cases_letter_number",
        ),
        migrations.CreateModel(
            name="CategoryPower",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="powers",
                        to="cases.category",
                        verbose_name="类别",
                    ),
                ),
                (
                    "power",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="gridmap.delegatedpower",
                        verbose_name="赋权事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "类别对应的赋权事项",
                "verbose_name_plural": "类别对应的赋权事项",
                "ordering": ["category", "power"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("category", "power"),
                        name="category_power_once",
                        violation_error_message="已有这条对应 (there already)",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="文号")),
                ("task", models.TextField(max_length=2000, verbose_name="工作任务")),
                ("due_at", models.DateTimeField(verbose_name="完成时限")),
                ("issued_at", models.DateTimeField(verbose_name="发出时间")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="确认的主要领导",
                    ),
                ),
                (
                    "issued_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发出人",
                    ),
                ),
            ],
            options={
                "verbose_name": "承办需求信函",
                "verbose_name_plural": "承办需求信函",
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("task", ""), _negated=True),
                        name="letter_with_a_task",
                        violation_error_message="信函须写明工作任务 (a letter needs a task)",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[("lead", "主办"), ("assist", "协办")],
                        db_default="lead",
                        default="lead",
                        max_length=6,
                        verbose_name="主协办",
                    ),
                ),
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
                ("receive_by", models.DateTimeField(blank=True, null=True, verbose_name="查收时限")),
                ("received_at", models.DateTimeField(blank=True, null=True, verbose_name="查收时间")),
                ("arrived_at", models.DateTimeField(blank=True, null=True, verbose_name="首次报到时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="申请办结时间")),
                ("redone", models.PositiveSmallIntegerField(default=0, verbose_name="返工次数")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "ordered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="交办人",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="gridmap.organisation",
                        verbose_name="责任部门",
                    ),
                ),
                (
                    "letter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="cases.letter",
                        verbose_name="信函",
                    ),
                ),
            ],
            options={
                "verbose_name": "承办任务",
                "verbose_name_plural": "承办任务",
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("received_at", None)),
                        fields=["receive_by"],
                        name="assignment_to_be_received",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("task", ""), _negated=True), ("limit_amount__gt", 0)),
                        name="assignment_task_and_limit",
                        violation_error_message="交办须写明工作任务和完成时限 (a task and a limit)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__gte", models.F("ordered_at"))),
                        name="assignment_due_after_ordered",
                        violation_error_message="完成时限不能早于交办时间 (due before ordered)",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("part", "lead")),
                        fields=("letter",),
                        name="assignment_one_lead_a_letter",
                        violation_error_message="一封信函只有一个主办部门 (one lead)",
                    ),
                    models.UniqueConstraint(
                        fields=("letter", "unit"),
                        name="assignment_once_a_letter",
                        violation_error_message="一封信函对一个部门只有一项任务 (once a department)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("finished_at", None), ("letter", None), ("arrived_at__isnull", False), _connector="OR"
                        ),
                        name="assignment_arrived_before_finished",
                        violation_error_message="部门报到之前不能申请办结 (not before it came)",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("persons", models.CharField(max_length=200, verbose_name="报到人员")),
                ("note", models.CharField(blank=True, max_length=2000, verbose_name="地点与说明")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="cases.assignment",
                        verbose_name="承办任务",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登记人",
                    ),
                ),
            ],
            options={
                "verbose_name": "签到",
                "verbose_name_plural": "签到",
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("persons", ""), _negated=True),
                        name="check_in_names_somebody",
                        violation_error_message="签到须写明来的人 (who came)",
                    )
                ],
            },
        ),
    ]
