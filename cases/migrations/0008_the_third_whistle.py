"""Let a town call the district: letters, what departments are asked, who came, and the states that come of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0007_the_town_in_hand"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE cases_letter_number", "DROP SEQUENCE cases_letter_number"),
        migrations.CreateModel(
            name="CategoryPower",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "verbose_name": "类别对应的赋权事项",
                "verbose_name_plural": "类别对应的赋权事项",
                "ordering": ["category", "power"],
            },
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("persons", models.CharField(max_length=200, verbose_name="报到人员")),
                ("note", models.CharField(blank=True, max_length=2000, verbose_name="地点与说明")),
                ("at", models.DateTimeField(verbose_name="时间")),
            ],
            options={
                "verbose_name": "签到",
                "verbose_name_plural": "签到",
                "ordering": ["id"],
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
            ],
            options={
                "verbose_name": "承办需求信函",
                "verbose_name_plural": "承办需求信函",
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
        migrations.RemoveConstraint(
            model_name="whistle",
            name="whistle_level_known",
        ),
        migrations.AddField(
            model_name="assignment",
            name="arrived_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="首次报到时间"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="part",
            field=models.CharField(
                choices=[("lead", "主办"), ("assist", "协办")],
                db_default="lead",
                default="lead",
                max_length=6,
                verbose_name="主协办",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="received_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="查收时间"),
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
                    ("referred", "待申请三级哨"),
                    ("applied", "待主要领导确认"),
                    ("confirmed", "待发信函"),
                    ("issued", "三级哨"),
                    ("received", "部门已查收"),
                    ("arrived", "部门已报到"),
                    ("claimed", "部门办结核实"),
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
                    ("referred", "待申请三级哨"),
                    ("applied", "待主要领导确认"),
                    ("confirmed", "待发信函"),
                    ("issued", "三级哨"),
                    ("received", "部门已查收"),
                    ("arrived", "部门已报到"),
                    ("claimed", "部门办结核实"),
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
                    ("referred", "待申请三级哨"),
                    ("applied", "待主要领导确认"),
                    ("confirmed", "待发信函"),
                    ("issued", "三级哨"),
                    ("received", "部门已查收"),
                    ("arrived", "部门已报到"),
                    ("claimed", "部门办结核实"),
                    ("closed", "已结项"),
                    ("refused", "不予受理"),
                ],
                max_length=12,
                verbose_name="新状态",
            ),
        ),
        migrations.AlterField(
            model_name="whistle",
            name="level",
            field=models.PositiveSmallIntegerField(choices=[(2, "二级哨"), (3, "三级哨")], verbose_name="级别"),
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
        migrations.AddConstraint(
            model_name="whistle",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__in", [2, 3])),
                name="whistle_level_known",
                violation_error_message="没有这一级哨 (no such level)",
            ),
        ),
        migrations.AddField(
            model_name="categorypower",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="powers",
                to="cases.category",
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="categorypower",
            name="power",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="gridmap.delegatedpower",
                verbose_name="赋权事项",
            ),
        ),
        migrations.AddField(
            model_name="checkin",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="check_ins",
                to="cases.assignment",
                verbose_name="承办任务",
            ),
        ),
        migrations.AddField(
            model_name="checkin",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="登记人",
            ),
        ),
        migrations.AddField(
            model_name="letter",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="letters",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="letter",
            name="confirmed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="确认的主要领导",
            ),
        ),
        migrations.AddField(
            model_name="letter",
            name="issued_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="发出人",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="letter",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="cases.letter",
                verbose_name="信函",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("part", "lead")),
                fields=("letter",),
                name="assignment_one_lead_a_letter",
                violation_error_message="一封信函只有一个主办部门 (one lead)",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(
                fields=("letter", "unit"),
                name="assignment_once_a_letter",
                violation_error_message="一封信函对一个部门只有一项任务 (once a department)",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("finished_at", None), ("letter", None), ("arrived_at__isnull", False), _connector="OR"
                ),
                name="assignment_arrived_before_finished",
                violation_error_message="部门报到之前不能申请办结 (not before it came)",
            ),
        ),
        migrations.AddConstraint(
            model_name="categorypower",
            constraint=models.UniqueConstraint(
                fields=("category", "power"),
                name="category_power_once",
                violation_error_message="已有这条对应 (there already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(("persons", ""), _negated=True),
                name="check_in_names_somebody",
                violation_error_message="签到须写明来的人 (who came)",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(("task", ""), _negated=True),
                name="letter_with_a_task",
                violation_error_message="信函须写明工作任务 (a letter needs a task)",
            ),
        ),
    ]
