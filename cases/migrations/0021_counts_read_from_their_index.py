"""Keep every figure that maps read in the index of the counts, what was merged too, so that no row is looked up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0020_cases_by_their_end")]

    operations = [
        migrations.RemoveIndex(model_name="areamonth", name="area_month_read"),
        migrations.RemoveIndex(model_name="cellmonth", name="cell_month_read"),
        migrations.AddIndex(
            model_name="areamonth",
            index=models.Index(
                fields=["category", "month", "area"],
                include=("collected", "patrol", "astray", "merged", "done", "in_time"),
                name="area_month_read",
            ),
        ),
        migrations.AddIndex(
            model_name="cellmonth",
            index=models.Index(
                fields=["category", "month"], include=("cell", "collected", "merged"), name="cell_month_read"
            ),
        ),
    ]
