"""Keep hot spots of cases from anywhere or of one channel, state or department, as every other layer can be asked for."""

from django.db import migrations, models

KEY = ["level", "denominator", "category", "area", "channel", "state", "department", "since", "until", "method"]


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_whose_turn_read_from_indexes")]

    operations = [
        migrations.AddField(
            model_name="hotspots",
            name="channel",
            field=models.CharField("来源", blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="hotspots",
            name="state",
            field=models.CharField("状态", blank=True, db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="hotspots",
            name="department",
            field=models.CharField("部门", blank=True, db_collation="C", db_default="", default="", max_length=40),
        ),
        migrations.RemoveConstraint(model_name="hotspots", name="hot_spots_asked_once"),
        migrations.AddConstraint(
            model_name="hotspots",
            constraint=models.UniqueConstraint(
                fields=KEY,
                name="hot_spots_asked_once",
                violation_error_message="已有这一时段的热点 (asked already)",
            ),
        ),
    ]
