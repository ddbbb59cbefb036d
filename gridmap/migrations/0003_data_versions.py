"""Count changes per collection by trigger, whichever way rows are written."""

from django.db import migrations

# The slot spreads writers over 32 rows, so that two transactions seldom wait for each other.
COUNT_CHANGE = """
CREATE FUNCTION gridmap_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gridmap_dataversion AS version (collection, slot, changes)
    VALUES (TG_ARGV[0], pg_backend_pid() % 32, 1)
    ON CONFLICT (collection, slot) DO UPDATE SET changes = version.changes + 1;
    RETURN NULL;
END $$;
"""


def count_changes(table, collection):
    """One trigger per table: once for each statement that wrote to it."""
    name = f"{table}_count_change"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION gridmap_count_change('{collection}')",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0002_registry")]

    operations = [
        migrations.RunSQL(COUNT_CHANGE, "DROP FUNCTION gridmap_count_change()"),
        count_changes("gridmap_area", "areas"),
        count_changes("gridmap_boundary", "areas"),
        count_changes("gridmap_river", "rivers"),
    ]
