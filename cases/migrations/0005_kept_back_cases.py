"""Find the cases whose public point stands for a whole area by that area."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_current_area")]

    operations = [
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["current_area"],
                condition=~models.Q(public_point__equals=models.F("point")),
                name="case_kept_back",
            ),
        )
    ]
