"""Let a case end as part of another that it is the same matter as."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0011_an_action_done_once"),
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
        migrations.AddField(
            model_name="case",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="cases.case",
                verbose_name="并入的事项",
            ),
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
                    ("merged", "已并入"),
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
                    ("merged", "已并入"),
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
                    ("merged", "已并入"),
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
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged")),
                    models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into", None)),
                    _connector="OR",
                ),
                name="case_merged_into_another",
                violation_error_message="并入的事项须写明并入哪一件 (merged goes with into which)",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into", None), models.Q(("merged_into", models.F("id")), _negated=True), _connector="OR"
                ),
                name="case_not_merged_into_itself",
                violation_error_message="事项不能并入自己 (not into itself)",
            ),
        ),
    ]
