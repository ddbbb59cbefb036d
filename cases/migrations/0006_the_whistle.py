"""Let a case be whistled up: the states of its way, the whistle with its two tracks, the dispatch to an office."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cases.workflow


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cases", "0005_kept_back_cases"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
    ]

    operations = [
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
                choices=cases.workflow.states, default="reported", max_length=12, verbose_name="状态"
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
        migrations.AlterField(
            model_name="traceevent",
            name="from_state",
            field=models.CharField(blank=True, choices=cases.workflow.states, max_length=12, verbose_name="原状态"),
        ),
        migrations.AlterField(
            model_name="traceevent",
            name="to_state",
            field=models.CharField(choices=cases.workflow.states, max_length=12, verbose_name="新状态"),
        ),
        migrations.CreateModel(
            name="Responsibility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="responsibilities",
                        to="cases.category",
                        verbose_name="类别",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="responsibilities",
                        to="gridmap.organisation",
                        verbose_name="职能机构",
                    ),
                ),
            ],
            options={
                "verbose_name": "权责归属",
                "verbose_name_plural": "权责归属",
                "ordering": ["category", "office"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("category", "office"),
                        name="responsibility_once",
                        violation_error_message="已有这条权责归属 (there already)",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Whistle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.PositiveSmallIntegerField(choices=[(2, "二级哨"), (3, "三级哨")], verbose_name="级别"),
                ),
                ("tried", models.TextField(max_length=2000, verbose_name="下级处置经过")),
                ("reason", models.TextField(max_length=2000, verbose_name="吹哨理由")),
                ("blown_at", models.DateTimeField(verbose_name="吹哨时间")),
                ("filed_at", models.DateTimeField(blank=True, null=True, verbose_name="备案时间")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="派出时间")),
                (
                    "blown_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="吹哨人",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="whistles",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "sent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.person",
                        verbose_name="派出的专人",
                    ),
                ),
            ],
            options={
                "verbose_name": "哨",
                "verbose_name_plural": "哨",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("case", "level"),
                        name="whistle_once_a_level",
                        violation_error_message="该事项已吹过这一级哨 (blown already)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", [2, 3])),
                        name="whistle_level_known",
                        violation_error_message="没有这一级哨 (no such level)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent", None), ("sent_at", None)),
                            models.Q(("sent__isnull", False), ("sent_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="whistle_sent_with_its_time",
                        violation_error_message="派出的专人与派出时间须同时填写 (a person goes with a time)",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(blank=True, max_length=120, verbose_name="依据的权责归属")),
                ("at", models.DateTimeField(verbose_name="派件时间")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="派件人",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispatches",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.organisation",
                        verbose_name="职能机构",
                    ),
                ),
            ],
            options={
                "verbose_name": "派件",
                "verbose_name_plural": "派件",
                "ordering": ["id"],
            },
        ),
    ]
