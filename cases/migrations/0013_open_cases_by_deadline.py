"""Read open cases by deadline through an index of their own, and count the changes of whistles."""

from django.db import migrations, models

COUNT = """
CREATE TRIGGER cases_whistle_count_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cases_whistle
    FOR EACH STATEMENT EXECUTE FUNCTION gridmap_count_change('whistles');
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_no_closing_with_an_open_lead"), ("gridmap", "0003_data_versions")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["due_at", "id"],
                include=("current_area", "state"),
                name="case_open_by_due",
            ),
        ),
        migrations.RunSQL(COUNT, "DROP TRIGGER cases_whistle_count_change ON cases_whistle"),
    ]
