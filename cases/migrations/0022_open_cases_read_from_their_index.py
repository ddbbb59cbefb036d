"""Keep what maps and desks count open cases by in the indexes of the open ones, so that no row is looked up."""

from django.db import migrations, models

OPEN = models.Q(("closed_at", None))


class Migration(migrations.Migration):
    dependencies = [("cases", "0021_counts_read_from_their_index")]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_open_by_due"),
        migrations.RemoveIndex(model_name="case", name="case_open_by_area"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=OPEN,
                fields=["due_at", "id"],
                include=("current_area", "state", "category", "reported_at", "quadkey"),
                name="case_open_by_due",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=OPEN, fields=["current_area", "state"], include=("due_at",), name="case_open_by_area"
            ),
        ),
    ]
