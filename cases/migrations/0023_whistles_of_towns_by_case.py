"""Let the database see when a town's whistle was blown without looking up its row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0022_open_cases_read_from_their_index")]

    operations = [
        migrations.AddIndex(
            model_name="whistle",
            index=models.Index(
                condition=models.Q(("level", 2)),
                fields=["case"],
                include=("blown_at",),
                name="whistle_of_town_by_case",
            ),
        ),
    ]
