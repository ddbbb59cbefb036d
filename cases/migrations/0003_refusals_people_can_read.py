"""Say in plain words what the database refuses, and name what had no name; no SQL is run."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0002_guards"),
        ("gridmap", "0005_refusals_people_can_read"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="case",
            name="content_digest",
            field=models.CharField(max_length=64, verbose_name="内容摘要"),
        ),
        migrations.AlterField(
            model_name="photo",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="photos", to="cases.case", verbose_name="事项"
            ),
        ),
        migrations.AlterField(
            model_name="photo",
            name="height",
            field=models.PositiveIntegerField(verbose_name="高(像素)"),
        ),
        migrations.AlterField(
            model_name="photo",
            name="width",
            field=models.PositiveIntegerField(verbose_name="宽(像素)"),
        ),
        migrations.AlterField(
            model_name="reporter",
            name="case",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="reporter",
                serialize=False,
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AlterField(
            model_name="voice",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="voices", to="cases.case", verbose_name="事项"
            ),
        ),
        migrations.AlterField(
            model_name="voice",
            name="client_id",
            field=models.UUIDField(unique=True, verbose_name="客户端标识"),
        ),
        migrations.AlterConstraint(
            model_name="case",
            name="case_state_known",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["reported", "handling", "resolved", "closed", "refused"])),
                name="case_state_known",
                violation_error_message="没有这个状态 (unknown state)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="case",
            name="case_due_after_reported",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gte", models.F("reported_at"))),
                name="case_due_after_reported",
                violation_error_message="截止时间不能早于上报时间 (due before reported)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="case",
            name="case_closed_at_when_ended",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("state__in", ["handling", "reported", "resolved"])),
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
        migrations.AlterConstraint(
            model_name="case",
            name="case_coord_known",
            constraint=models.CheckConstraint(
                condition=models.Q(("coord__in", ["wgs84", "cgcs2000", "gcj02", "bd09"])),
                name="case_coord_known",
                violation_error_message="坐标来源应为 wgs84、cgcs2000、gcj02 或 bd09 (unknown coordinate system)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="traceevent",
            name="trace_event_seq",
            constraint=models.UniqueConstraint(
                fields=("case", "seq"),
                name="trace_event_seq",
                violation_error_message="该事项已有这个序号的留痕 (this number is taken)",
            ),
        ),
    ]
