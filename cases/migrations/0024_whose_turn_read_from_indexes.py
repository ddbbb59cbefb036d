"""Tell whose turn it is from indexes alone; two that others hold already go."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_whistles_of_towns_by_case")]

    operations = [
        migrations.AddIndex(
            model_name="traceevent",
            index=models.Index(
                condition=models.Q(("verb__in", ["claim", "finish", "refer", "resolve", "settle"])),
                fields=["case", "verb", "-seq"],
                include=("actor",),
                name="trace_who_did_it_last",
            ),
        ),
        migrations.AlterField(
            model_name="traceevent",
            name="case",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trace",
                to="cases.case",
                verbose_name="事项",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment", index=models.Index(fields=["unit", "case"], name="assignment_by_unit")
        ),
        migrations.AlterField(
            model_name="assignment",
            name="unit",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="gridmap.organisation",
                verbose_name="责任部门",
            ),
        ),
        migrations.RemoveIndex(model_name="case", name="case_open_by_area"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["current_area", "state"],
                include=("due_at", "id"),
                name="case_open_by_area",
            ),
        ),
    ]
