"""Let a case be whistled up to its town: the whistle with its two tracks, and the states that come of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_kept_back_cases"),
        ("gridmap", "0011_rosters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Whistle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField(choices=[(2, "二级哨")], verbose_name="级别")),
                ("tried", models.TextField(max_length=2000, verbose_name="下级处置经过")),
                ("reason", models.TextField(max_length=2000, verbose_name="吹哨理由")),
                ("blown_at", models.DateTimeField(verbose_name="吹哨时间")),
                ("filed_at", models.DateTimeField(blank=True, null=True, verbose_name="备案时间")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="派出时间")),
            ],
            options={
                "verbose_name": "哨",
                "verbose_name_plural": "哨",
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
                        ["reported", "handling", "resolved", "whistled", "triage", "verifying", "closed", "refused"],
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
                        ("state__in", ["handling", "reported", "resolved", "triage", "verifying", "whistled"]),
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
            model_name="whistle",
            name="blown_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="吹哨人",
            ),
        ),
        migrations.AddField(
            model_name="whistle",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="whistles",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddField(
            model_name="whistle",
            name="sent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gridmap.person",
                verbose_name="派出的专人",
            ),
        ),
        migrations.AddConstraint(
            model_name="whistle",
            constraint=models.UniqueConstraint(
                fields=("case", "level"),
                name="whistle_once_a_level",
                violation_error_message="该事项已吹过这一级哨 (blown already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="whistle",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__in", [2])),
                name="whistle_level_known",
                violation_error_message="没有这一级哨 (no such level)",
            ),
        ),
        migrations.AddConstraint(
            model_name="whistle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent", None), ("sent_at", None)),
                    models.Q(("sent__isnull", False), ("sent_at__isnull", False)),
                    _connector="OR",
                ),
                name="whistle_sent_with_its_time",
                violation_error_message="派出的专人与派出时间须同时填写 (a person goes with a time)",
            ),
        ),
    ]
