"""Beside the area a case was routed to, the one it lies in now; and what moving it there leaves behind."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.db import migrations, models

# Until now no line had moved under a case: where it lies is where it was routed to.
FILL = "UPDATE cases_case SET current_area_id = area_id"
LOOKED_AT = """
UPDATE gridmap_edition SET rerouted_at = now()
WHERE state = 'published' AND rerouted_at IS NULL AND valid_from <= CURRENT_DATE
"""

AREA = {"on_delete": django.db.models.deletion.PROTECT, "to": "gridmap.area"}


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_refusals_people_can_read"), ("gridmap", "0009_drafts")]

    operations = [
        migrations.RemoveIndex("case", "case_area_state"),
        migrations.AlterField(
            "case",
            "area",
            models.ForeignKey(db_index=False, related_name="+", verbose_name="归入时的网格", **AREA),
        ),
        migrations.AddField(
            "case",
            "current_area",
            models.ForeignKey(db_index=False, null=True, related_name="cases", verbose_name="现属网格", **AREA),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(LOOKED_AT, migrations.RunSQL.noop),
        migrations.AlterField(
            "case",
            "current_area",
            models.ForeignKey(db_index=False, related_name="cases", verbose_name="现属网格", **AREA),
        ),
        migrations.AddIndex("case", models.Index(fields=["current_area", "state"], name="case_current_area_state")),
        migrations.AlterField(
            "case",
            "point",
            django.contrib.gis.db.models.fields.PointField(srid=4490, verbose_name="位置"),
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handovers",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.edition",
                        verbose_name="边界版本",
                    ),
                ),
                (
                    "from_area",
                    models.ForeignKey(db_index=False, related_name="+", verbose_name="移出网格", **AREA),
                ),
                ("to_area", models.ForeignKey(db_index=False, related_name="+", verbose_name="移入网格", **AREA)),
            ],
            options={"verbose_name": "划界移交", "verbose_name_plural": "划界移交", "ordering": ["-at", "id"]},
        ),
        migrations.AddIndex("handover", models.Index(fields=["from_area", "at"], name="handover_from_at")),
        migrations.AddIndex("handover", models.Index(fields=["to_area", "at"], name="handover_to_at")),
        migrations.AddIndex("handover", models.Index(fields=["at"], name="handover_at")),
        migrations.AddConstraint(
            "handover",
            models.UniqueConstraint(
                fields=["case", "edition"],
                name="handover_once",
                violation_error_message="该事项在本版本中已移交过 (handed over already)",
            ),
        ),
        migrations.CreateModel(
            name="Rerouting",
            fields=[
                (
                    "edition",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="gridmap.edition",
                        verbose_name="边界版本",
                    ),
                ),
                ("begun_at", models.DateTimeField(verbose_name="开始时间")),
                ("after", models.BigIntegerField(default=0, verbose_name="已看到的事项")),
                ("total", models.PositiveIntegerField(null=True, verbose_name="要看的事项数")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="已看的事项数")),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="改归的事项数")),
            ],
            options={"verbose_name": "重新归入进度", "verbose_name_plural": "重新归入进度"},
        ),
    ]
