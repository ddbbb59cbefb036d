"""Find the cases that ended last without reading all: the review tells from their trace how long each step took."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0019_what_maps_show")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["closed_at", "id"], condition=models.Q(closed_at__isnull=False), name="case_ended"
            ),
        ),
    ]
