"""What is asked for beside the course of a case; letters that go out before they are confirmed; cases opened again."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cases.workflow


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0010_merged_into_another"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Procedure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("return", "退单"),
                            ("dispute", "权属争议"),
                            ("meeting", "会商"),
                            ("extension", "延期"),
                            ("suspension", "挂账"),
                        ],
                        max_length=10,
                        verbose_name="程序",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("asked", "待决定"),
                            ("supported", "主要领导已同意"),
                            ("granted", "已同意"),
                            ("refused", "不同意"),
                            ("over", "已结束"),
                        ],
                        default="asked",
                        max_length=9,
                        verbose_name="进展",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=10, verbose_name="原因")),
                ("text", models.TextField(max_length=2000, verbose_name="说明和依据")),
                ("asked_at", models.DateTimeField(verbose_name="提出时间")),
                ("decide_by", models.DateTimeField(verbose_name="决定时限")),
                ("limit_amount", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="延长")),
                ("until", models.DateTimeField(blank=True, null=True, verbose_name="复查时间")),
                (
                    "resumes",
                    models.CharField(
                        blank=True, choices=cases.workflow.states, max_length=12, verbose_name="恢复到的状态"
                    ),
                ),
                ("supported_at", models.DateTimeField(blank=True, null=True, verbose_name="主要领导同意时间")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="决定时间")),
                ("ruling", models.TextField(blank=True, max_length=2000, verbose_name="决定理由")),
                ("due_before", models.DateTimeField(blank=True, null=True, verbose_name="原时限")),
                ("due_after", models.DateTimeField(blank=True, null=True, verbose_name="新时限")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="结束时间")),
            ],
            options={
                "verbose_name": "附带程序",
                "verbose_name_plural": "附带程序",
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
        migrations.AddField(
            model_name="assignment",
            name="arrive_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="报到时限"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="redone_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="最近一次返工时间"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="return_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="退单时限"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="撤回时间"),
        ),
        migrations.AddField(
            model_name="case",
            name="hard",
            field=models.BooleanField(db_default=False, default=False, verbose_name="重点难点"),
        ),
        migrations.AddField(
            model_name="case",
            name="reopened",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="重新办理次数"),
        ),
        migrations.AddField(
            model_name="case",
            name="repeats",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="cases.case",
                verbose_name="重复反映的事项",
            ),
        ),
        migrations.AddField(
            model_name="checkin",
            name="distance_m",
            field=models.FloatField(blank=True, null=True, verbose_name="距事项(米)"),
        ),
        migrations.AddField(
            model_name="checkin",
            name="photo",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.photo",
                verbose_name="签到照片",
            ),
        ),
        migrations.AddField(
            model_name="checkin",
            name="point",
            field=django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4490, verbose_name="位置"),
        ),
        migrations.AddField(
            model_name="letter",
            name="confirm_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="补确认时限"),
        ),
        migrations.AddField(
            model_name="letter",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="补确认时间"),
        ),
        migrations.AlterField(
            model_name="letter",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="确认的主要领导",
            ),
        ),
        migrations.AlterField(
            model_name="photo",
            name="kind",
            field=models.CharField(
                choices=[("report", "上报"), ("after", "处置后"), ("came", "报到")], max_length=6, verbose_name="阶段"
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
                            "referred",
                            "applied",
                            "confirmed",
                            "issued",
                            "received",
                            "arrived",
                            "claimed",
                            "suspended",
                            "closed",
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
                        ("state__in", ["closed", "merged", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="case_closed_at_when_ended",
                violation_error_message="已结束的事项应有结项时间，未结束的没有 (closed_at goes with an ended state)",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirmed_by__isnull", False), ("confirm_by__isnull", False), _connector="OR"),
                name="letter_confirmed_or_urgent",
                violation_error_message="没有主要领导确认的只能是应急信函 (confirmed, or urgent)",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="提出人",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="assignment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="procedures",
                to="cases.assignment",
                verbose_name="承办任务",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="procedures",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="决定人",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="department",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gridmap.organisation",
                verbose_name="认定的主办部门",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="supported_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="同意的主要领导",
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gridmap.organisation",
                verbose_name="提出单位",
            ),
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(
                condition=models.Q(("kind", "suspension"), ("stage", "granted")),
                fields=["until"],
                name="procedure_suspended",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "return")),
                fields=("case", "unit"),
                name="procedure_return_once_a_unit",
                violation_error_message="一个单位对一件事项只能退单一次 (returned already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage__in", ["asked", "supported"])),
                fields=("case", "kind", "assignment"),
                name="procedure_one_waiting",
                nulls_distinct=False,
                violation_error_message="已有一份在等决定 (one is waiting already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("stage__in", ["asked", "supported"])),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("stage__in", ["granted", "refused"]),
                    ),
                    models.Q(("ended_at__isnull", False), ("stage", "over")),
                    _connector="OR",
                ),
                name="procedure_decided_by_somebody",
                violation_error_message="决定须写明时间和决定人 (decided when and by whom)",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "meeting"),
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="procedure_decided_by_another",
                violation_error_message="提出的人不能自己决定 (not by who asked)",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "suspension"), _negated=True),
                    models.Q(("until__gt", models.F("asked_at")), ("until__isnull", False)),
                    _connector="OR",
                ),
                name="procedure_suspended_until",
                violation_error_message="挂账须写明复查日期 (a suspension needs a day of review)",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "suspension"), ("stage__in", ["granted", "over"]), _negated=True),
                    ("supported_by__isnull", False),
                    _connector="OR",
                ),
                name="procedure_suspension_supported",
                violation_error_message="挂账须先经主要领导同意 (not without the principal leader)",
            ),
        ),
    ]
