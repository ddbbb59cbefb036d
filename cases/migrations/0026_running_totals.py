"""Keep running totals of the counts by month, so that a year is read as fast as a month.

Rows counted before stay where they are until they are joined to the totals, which the first sweep does. The triggers say
what they said, without the mark of what was joined, since nothing among those rows is, and of cells only what is read.
"""

from importlib import import_module

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

before = import_module("cases.migrations.0018_counts_by_month")

COUNTED_OF = {
    "cases_case": before.of_cases,
    "cases_assignment": before.of_assignments,
    "cases_result": before.of_results,
    "cases_surveyanswer": before.of_voices,
}
TOTALS = ("cases_areatotals", "cases_celltotals", "cases_unittotals")
# A row is a few kilobytes; packing and unpacking it would take longer than reading it.
AS_IT_IS = "ALTER TABLE {} SET (toast_tuple_target = 8160)"
ALONE = f"LOCK TABLE {', '.join(COUNTED_OF)} IN ACCESS EXCLUSIVE MODE"
FIRST_DELETED = "DELETE FROM cases_areamonth;"


# Of cells nobody reads how their cases ended.
CELLS_BEFORE = before.COUNT_CASES[before.COUNT_CASES.index("INSERT INTO cases_cellmonth") :]
CELLS = f"""INSERT INTO cases_cellmonth (month, category, cell, collected, merged)
    SELECT month, category, cell, sum(sign * collected), sum(sign * merged) FROM ({before.CASES}) AS counted
    GROUP BY month, category, cell HAVING sum(sign * collected) <> 0 OR sum(sign * merged) <> 0;
"""
ENDS = ("patrol", "astray", "refused", "evaluated", "done", "in_time")


def as_now(sql, changed):
    """The SQL of a function as it was, made of rows ``changed``, as it is now."""
    for settled in ("true", "false"):
        sql = sql.replace(CELLS_BEFORE.format(changed=changed, settled=settled), CELLS.format(changed=changed))
    for mark in (" settled,", " true,", " false,"):
        sql = sql.replace(mark, "")
    return sql


def counting(table, of, way):
    """The function of a trigger anew: without the mark, and as it was."""
    text = """
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {body}
            RETURN NULL;
        END $$;
    """
    name, body = f"{table}_count_{way.lower()}", of(way)
    now = as_now(body, before.WAYS[way])
    return migrations.RunSQL(text.format(name=name, body=now), text.format(name=name, body=body))


def recounting():
    was = before.RECOUNT.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    deleted = "".join(f"DELETE FROM {table};\n    " for table in TOTALS)
    now = as_now(was, "SELECT 1 AS sign, * FROM cases_case").replace(
        "    -- What was said stands in rows of its own, to be joined with the others of its key.\n", ""
    )
    return migrations.RunSQL(now.replace(FIRST_DELETED, deleted + FIRST_DELETED), was)


def totals(name, verbose_name, keys, figures):
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("category", models.CharField("类别", blank=True, db_collation="C", max_length=2)),
            ("first", models.IntegerField("首月")),
            ("last", models.IntegerField("末月")),
            *keys,
            ("totals", ArrayField(ArrayField(figures), verbose_name="累计")),
        ],
        options={"verbose_name": verbose_name, "verbose_name_plural": verbose_name},
    )


def once(model, what, *keys):
    return migrations.AddConstraint(
        model_name=model,
        constraint=models.UniqueConstraint(
            fields=["category", *keys],
            name=f"{model.removesuffix('totals')}_totals_once",
            violation_error_message=f"这个{what}已有累计 (this key has totals)",
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_hot_spots_by_all_filters")]

    operations = [
        # Else a writer in the middle might wait for what waits for them.
        migrations.RunSQL(ALONE, migrations.RunSQL.noop),
        # On the way back, last of all: what only the totals know is counted anew.
        migrations.RunSQL(migrations.RunSQL.noop, "SELECT cases_recount()"),
        totals(
            "AreaTotals",
            "区域累计",
            [("area", models.CharField("区域", db_collation="C", max_length=15))],
            models.IntegerField(),
        ),
        totals(
            "CellTotals",
            "格子累计",
            [("zoom", models.PositiveSmallIntegerField("级别")), ("cell", models.BigIntegerField("格子"))],
            models.IntegerField(),
        ),
        totals(
            "UnitTotals",
            "部门累计",
            [
                ("unit", models.CharField("部门", db_collation="C", max_length=24)),
                ("digits", models.PositiveSmallIntegerField("区域编码位数")),
                ("area", models.CharField("区域", db_collation="C", max_length=12)),
            ],
            models.BigIntegerField(),
        ),
        once("areatotals", "区域", "area"),
        once("celltotals", "格子", "zoom", "cell"),
        once("unittotals", "部门", "digits", "unit", "area"),
        *(migrations.RunSQL(AS_IT_IS.format(table), migrations.RunSQL.noop) for table in TOTALS),
        *(counting(table, of, way) for table, of in COUNTED_OF.items() for way in before.WAYS),
        recounting(),
        *(
            operation
            for kind in ("area", "cell", "unit")
            for operation in (
                migrations.RemoveIndex(model_name=f"{kind}month", name=f"{kind}_month_to_settle"),
                migrations.RemoveField(model_name=f"{kind}month", name="settled"),
            )
        ),
        # They hold little now, and are not read by themselves.
        *(
            operation
            for kind in ("area", "cell")
            for operation in (
                migrations.RemoveIndex(model_name=f"{kind}month", name=f"{kind}_month_read"),
                migrations.AddIndex(
                    model_name=f"{kind}month",
                    index=models.Index(fields=["category", "month"], name=f"{kind}_month_read"),
                ),
            )
        ),
        *(migrations.RemoveField(model_name="cellmonth", name=name) for name in ENDS),
        # What coverage asks of the rows: who has not done yet what they were asked, of a period.
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("finished_at", None), ("letter__isnull", False), ("withdrawn_at", None)),
                fields=["case"],
                name="assignment_still_to_be_done",
            ),
        ),
        migrations.RemoveIndex(model_name="case", name="case_open_by_letter"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("by_letter", True), ("closed_at", None)),
                fields=["reported_at"],
                name="case_open_by_letter",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, ALONE),
    ]
