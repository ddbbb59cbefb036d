"""Count cases and what departments were asked, by month, whichever way rows are written.

A change is counted where it is made, by statement: what was is taken away and what is is added, and only a difference
is written. One text says what counts; inserting, changing, deleting and counting anew all use it.
"""

import datetime as dt

import django.contrib.postgres.fields
from django.db import migrations, models

from cases.deadlines import WorkingCalendar, worked_between

# What of a case is counted, from rows ``changed`` with a ``sign``.
CASES = """
    SELECT sign, date_trunc('month', reported_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
           left(category_id, letters) AS category, current_area_id AS area, quadkey >> 24 AS cell,
           (state <> 'merged')::integer AS collected,
           (state <> 'merged' AND channel = 'patrol')::integer AS patrol,
           (state <> 'merged' AND route_method <> 'within')::integer AS astray,
           (state = 'merged')::integer AS merged,
           (state = 'refused')::integer AS refused,
           (state = 'evaluated')::integer AS evaluated,
           (state IN ('closed', 'evaluated'))::integer AS done,
           (state IN ('closed', 'evaluated') AND closed_at <= due_at)::integer AS in_time
    FROM ({changed}) AS changed, (VALUES (0), (2)) AS prefix (letters)
"""
COUNTED = ("collected", "patrol", "astray", "merged", "refused", "evaluated", "done", "in_time")
COLUMNS = ", ".join(COUNTED)
SUMS = ", ".join(f"sum(sign * {name})" for name in COUNTED)
SOME = " OR ".join(f"sum(sign * {name}) <> 0" for name in COUNTED)
COUNT_CASES = f"""
    INSERT INTO cases_areamonth (month, category, area, settled, {COLUMNS})
    SELECT month, category, area, {{settled}}, {SUMS} FROM ({CASES}) AS counted
    GROUP BY month, category, area HAVING {SOME};
    INSERT INTO cases_cellmonth (month, category, cell, settled, {COLUMNS})
    SELECT month, category, cell, {{settled}}, {SUMS} FROM ({CASES}) AS counted
    GROUP BY month, category, cell HAVING {SOME};
"""

# What of an assignment is counted. Minutes of working time are whole: 60 of them are still one hour.
ANSWERS = """
    SELECT sign, date_trunc('month', reported_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
           left(category_id, letters) AS category, unit_id AS unit, digits, left(current_area_id, digits) AS area,
           1 AS demanded,
           (arrived_at IS NOT NULL)::integer AS arrived,
           coalesce(arrived_at <= arrive_by, false)::integer AS arrived_in_time,
           (finished_at IS NOT NULL)::integer AS done,
           coalesce(finished_at <= due_at, false)::integer AS done_in_time,
           width_bucket(arrival_minutes - 1, ARRAY[60, 120, 180, 240, 360, 480, 720, 960, 1440, 2400]) AS class,
           (total IS NOT NULL)::integer AS scored, coalesce(total, 0) AS points
    FROM ({changed}) AS changed, (VALUES (0), (2)) AS prefix (letters), (VALUES (9), (12)) AS level (digits)
    WHERE letter_id IS NOT NULL AND withdrawn_at IS NULL
"""
FIGURES = ("demanded", "arrived", "arrived_in_time", "done", "done_in_time", "scored")
CLASSES = ", ".join(f"coalesce(sum(sign) FILTER (WHERE class = {n}), 0)" for n in range(11))
ANSWERED = (
    ", ".join(f"sum(sign * {name})" for name in FIGURES[:5])
    + f", ARRAY[{CLASSES}], sum(sign * scored), sum(sign * points), sum(sign * points * points)"
)
ANY = " OR ".join(
    [f"sum(sign * {name}) <> 0" for name in (*FIGURES, "points")]
    + [f"coalesce(sum(sign) FILTER (WHERE class = {n}), 0) <> 0" for n in range(11)]
)
COUNT_ANSWERS = f"""
    INSERT INTO cases_unitmonth (month, category, unit, digits, area, settled,
        demanded, arrived, arrived_in_time, done, done_in_time, hours, scored, points, squares)
    SELECT month, category, unit, digits, area, {{settled}}, {ANSWERED} FROM ({ANSWERS}) AS counted
    GROUP BY month, category, unit, digits, area HAVING {ANY};
"""

# What reporters said: of each case the last answer, of rows ``changed`` with a ``sign``.
COUNT_VOICES = """
    INSERT INTO cases_areamonth (month, category, area, settled, answers, solved, points)
    SELECT date_trunc('month', reported_at AT TIME ZONE 'Asia/Shanghai')::date, left(category_id, letters), current_area_id,
           {settled}, sum(sign), sum(sign * (solved = 'yes')::integer), sum(sign * satisfaction)
    FROM ({changed}) AS changed, (VALUES (0), (2)) AS prefix (letters)
    GROUP BY 1, 2, 3
    HAVING sum(sign) <> 0 OR sum(sign * (solved = 'yes')::integer) <> 0 OR sum(sign * satisfaction) <> 0;
"""
NOW, BEFORE = "SELECT 1 AS sign, * FROM after_rows", "SELECT -1 AS sign, * FROM before_rows"
WAYS = {"INSERT": NOW, "UPDATE": f"{NOW} UNION ALL {BEFORE}", "DELETE": BEFORE}
SEEN = {
    "INSERT": "NEW TABLE AS after_rows",
    "UPDATE": "OLD TABLE AS before_rows NEW TABLE AS after_rows",
    "DELETE": "OLD TABLE AS before_rows",
}
ANSWER = """assignment.unit_id, assignment.arrived_at, assignment.arrive_by, assignment.finished_at,
    assignment.due_at, assignment.arrival_minutes, assignment.letter_id, assignment.withdrawn_at"""
OF_ASSIGNMENTS = f"""
    SELECT sign, {ANSWER}, of.reported_at, of.category_id, of.current_area_id, result.total
    FROM ({{rows}}) AS assignment JOIN cases_case AS of ON of.id = assignment.case_id
        LEFT JOIN cases_result AS result ON result.assignment_id = assignment.id
"""
OF_RESULTS = f"""
    SELECT sign, {ANSWER}, of.reported_at, of.category_id, of.current_area_id, scored.total
    FROM ({{rows}}) AS scored JOIN cases_assignment AS assignment ON assignment.id = scored.assignment_id
        JOIN cases_case AS of ON of.id = assignment.case_id
    UNION ALL
    SELECT -sign, {ANSWER}, of.reported_at, of.category_id, of.current_area_id, NULL
    FROM ({{rows}}) AS scored JOIN cases_assignment AS assignment ON assignment.id = scored.assignment_id
        JOIN cases_case AS of ON of.id = assignment.case_id
"""
# A case that moves to another area, category or day takes with it what was asked about it.
MOVED = """
        SELECT 1 AS sign, id, reported_at, category_id, current_area_id FROM after_rows
        UNION ALL SELECT -1, id, reported_at, category_id, current_area_id FROM before_rows
"""
# Asked without joining the rows as they were to the rows as they are: such a plan, once made for a few rows, would be
# kept for many.
SOME_MOVED = """
    EXISTS (
        SELECT id, reported_at, category_id, current_area_id FROM after_rows
        EXCEPT SELECT id, reported_at, category_id, current_area_id FROM before_rows
    )
"""
OF_MOVED_CASES = f"""
    SELECT sign, {ANSWER}, moved.reported_at, moved.category_id, moved.current_area_id, result.total
    FROM ({MOVED}) AS moved
        JOIN cases_assignment AS assignment ON assignment.case_id = moved.id
        LEFT JOIN cases_result AS result ON result.assignment_id = assignment.id
"""


# The last answers of the cases touched, as they are and as they were.
LAST_NOW = """
    SELECT DISTINCT ON (case_id) 1 AS sign, case_id, solved, satisfaction
    FROM cases_surveyanswer WHERE case_id IN ({touched}) ORDER BY case_id, id DESC
"""
LAST_BEFORE = """
    SELECT DISTINCT ON (case_id) -1 AS sign, case_id, solved, satisfaction FROM (
        SELECT id, case_id, solved, satisfaction FROM cases_surveyanswer
        WHERE case_id IN ({touched}) {but_new} {and_old}
    ) AS earlier ORDER BY case_id, id DESC
"""
BUT_NEW = "AND id NOT IN (SELECT id FROM after_rows)"
AND_OLD = "UNION ALL SELECT id, case_id, solved, satisfaction FROM before_rows"
TOUCHED = {
    "INSERT": "SELECT case_id FROM after_rows",
    "UPDATE": "SELECT case_id FROM after_rows UNION SELECT case_id FROM before_rows",
    "DELETE": "SELECT case_id FROM before_rows",
}
OF_VOICES = """
    SELECT sign, reported_at, category_id, current_area_id, solved, satisfaction
    FROM ({rows}) AS answer JOIN cases_case AS of ON of.id = answer.case_id
"""
VOICES_OF_MOVED_CASES = f"""
    SELECT sign, moved.reported_at, moved.category_id, moved.current_area_id, answer.solved, answer.satisfaction
    FROM ({MOVED}) AS moved JOIN LATERAL (
        SELECT solved, satisfaction FROM cases_surveyanswer WHERE case_id = moved.id ORDER BY id DESC LIMIT 1
    ) AS answer ON true
"""


def count_changes(table, counting):
    """A trigger for each way of writing to a table; ``counting`` gives the statements for the way."""
    operations = []
    for way, seen in SEEN.items():
        name = f"{table}_count_{way.lower()}"
        operations.append(
            migrations.RunSQL(
                f"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    {counting(way)}
                    RETURN NULL;
                END $$;
                CREATE TRIGGER {name} AFTER {way} ON {table} REFERENCING {seen}
                    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
                """,
                f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}()",
            )
        )
    return operations


def of_cases(way):
    counted = COUNT_CASES.format(changed=WAYS[way], settled="false")
    if way == "UPDATE":
        counted += f"""
            IF {SOME_MOVED} THEN
                {COUNT_ANSWERS.format(changed=OF_MOVED_CASES, settled="false")}
                {COUNT_VOICES.format(changed=VOICES_OF_MOVED_CASES, settled="false")}
            END IF;
        """
    return counted


def of_assignments(way):
    return COUNT_ANSWERS.format(changed=OF_ASSIGNMENTS.format(rows=WAYS[way]), settled="false")


def of_results(way):
    return COUNT_ANSWERS.format(changed=OF_RESULTS.format(rows=WAYS[way]), settled="false")


def of_voices(way):
    touched = TOUCHED[way]
    before = LAST_BEFORE.format(
        touched=touched,
        but_new=BUT_NEW if way != "DELETE" else "",
        and_old=AND_OLD if way != "INSERT" else "",
    )
    rows = f"({LAST_NOW.format(touched=touched)}) UNION ALL ({before})"
    return COUNT_VOICES.format(changed=OF_VOICES.format(rows=rows), settled="false")


EVERY_VOICE = OF_VOICES.format(rows=LAST_NOW.format(touched="SELECT case_id FROM cases_surveyanswer"))
EVERYTHING = OF_ASSIGNMENTS.format(rows="SELECT 1 AS sign, * FROM cases_assignment")
RECOUNT = f"""
CREATE FUNCTION cases_recount() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nobody writes meanwhile: what is written after this is counted by the triggers.
    LOCK TABLE cases_case, cases_assignment, cases_result, cases_surveyanswer IN SHARE MODE;
    DELETE FROM cases_areamonth;
    DELETE FROM cases_cellmonth;
    DELETE FROM cases_unitmonth;
    {COUNT_CASES.format(changed="SELECT 1 AS sign, * FROM cases_case", settled="true")}
    {COUNT_ANSWERS.format(changed=EVERYTHING, settled="true")}
    -- What was said stands in rows of its own, to be joined with the others of its key.
    {COUNT_VOICES.format(changed=EVERY_VOICE, settled="false")}
END $$;
"""


def write_down_how_long(apps, schema_editor):
    """For those who have come already; by the calendar as it is now."""
    assignments = apps.get_model("cases", "Assignment").objects.exclude(arrived_at=None)
    calendar = WorkingCalendar(dict(apps.get_model("cases", "Workday").objects.values_list("date", "works")))
    several = []
    for assignment in assignments.only("ordered_at", "arrived_at").iterator(5000):
        worked = worked_between(assignment.ordered_at, assignment.arrived_at, calendar)
        assignment.arrival_minutes = worked // dt.timedelta(minutes=1)
        several.append(assignment)
    assignments.bulk_update(several, ["arrival_minutes"], batch_size=5000)


ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
COUNTS = [
    ("month", models.DateField(verbose_name="月份")),
    ("category", models.CharField(blank=True, db_collation="C", max_length=2, verbose_name="类别")),
    ("settled", models.BooleanField(default=False, verbose_name="已归并")),
]
CASE_COUNTS = [
    ("collected", models.IntegerField(default=0, db_default=0, verbose_name="收集")),
    ("patrol", models.IntegerField(default=0, db_default=0, verbose_name="其中巡查发现")),
    ("astray", models.IntegerField(default=0, db_default=0, verbose_name="其中不是直接落在格内")),
    ("merged", models.IntegerField(default=0, db_default=0, verbose_name="并入别件")),
    ("refused", models.IntegerField(default=0, db_default=0, verbose_name="不予受理")),
    ("evaluated", models.IntegerField(default=0, db_default=0, verbose_name="其中已评价")),
    ("done", models.IntegerField(default=0, db_default=0, verbose_name="办结")),
    ("in_time", models.IntegerField(default=0, db_default=0, verbose_name="按期办结")),
]
MARKED = models.Q(
    models.Q(("arrival_minutes", None), ("arrived_at", None)),
    models.Q(("arrival_minutes__isnull", False), ("arrived_at__isnull", False)),
    _connector="OR",
)


def to_settle(model):
    name = f"{model.removesuffix('month')}_month_to_settle"
    index = models.Index(condition=models.Q(("settled", False)), fields=["id"], name=name)
    return migrations.AddIndex(model_name=model, index=index)


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_where_on_web_maps"), ("gridmap", "0003_data_versions")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="arrival_minutes",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="报到用时(工作分钟)"),
        ),
        migrations.RunPython(write_down_how_long, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=MARKED,
                name="assignment_arrived_after_how_long",
                violation_error_message="报到时间与报到用时须同时填写 (when it came goes with after how long)",
            ),
        ),
        migrations.CreateModel(
            name="AreaMonth",
            fields=[
                ID,
                *COUNTS,
                *CASE_COUNTS,
                ("area", models.CharField(db_collation="C", max_length=15, verbose_name="区域")),
                ("answers", models.IntegerField(default=0, db_default=0, verbose_name="评价")),
                ("solved", models.IntegerField(default=0, db_default=0, verbose_name="其中说解决了")),
                ("points", models.IntegerField(default=0, db_default=0, verbose_name="满意程度合计")),
            ],
            options={"verbose_name": "区域月计数", "verbose_name_plural": "区域月计数"},
        ),
        migrations.CreateModel(
            name="CellMonth",
            fields=[
                ID,
                *COUNTS,
                *CASE_COUNTS,
                ("cell", models.BigIntegerField(verbose_name="格子")),
            ],
            options={"verbose_name": "格子月计数", "verbose_name_plural": "格子月计数"},
        ),
        migrations.CreateModel(
            name="UnitMonth",
            fields=[
                ID,
                *COUNTS,
                ("unit", models.CharField(db_collation="C", max_length=24, verbose_name="部门")),
                ("digits", models.PositiveSmallIntegerField(verbose_name="区域编码位数")),
                ("area", models.CharField(db_collation="C", max_length=12, verbose_name="区域")),
                ("demanded", models.IntegerField(verbose_name="需报到")),
                ("arrived", models.IntegerField(verbose_name="已报到")),
                ("arrived_in_time", models.IntegerField(verbose_name="按时报到")),
                ("done", models.IntegerField(verbose_name="已办结")),
                ("done_in_time", models.IntegerField(verbose_name="按期办结")),
                (
                    "hours",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=11, verbose_name="报到用时分组"
                    ),
                ),
                ("scored", models.IntegerField(verbose_name="已评分")),
                ("points", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="评分合计")),
                ("squares", models.DecimalField(decimal_places=4, max_digits=18, verbose_name="评分平方和")),
            ],
            options={"verbose_name": "部门月计数", "verbose_name_plural": "部门月计数"},
        ),
        migrations.AddIndex(
            model_name="areamonth",
            index=models.Index(
                fields=["category", "month", "area"],
                include=("collected", "patrol", "astray", "done", "in_time"),
                name="area_month_read",
            ),
        ),
        migrations.AddIndex(
            model_name="cellmonth",
            index=models.Index(fields=["category", "month"], include=("cell", "collected"), name="cell_month_read"),
        ),
        migrations.AddIndex(
            model_name="unitmonth", index=models.Index(fields=["category", "digits", "month"], name="unit_month_read")
        ),
        *(to_settle(model) for model in ("areamonth", "cellmonth", "unitmonth")),
        migrations.RunSQL(RECOUNT, "DROP FUNCTION cases_recount()"),
        migrations.RunSQL("SELECT cases_recount()", migrations.RunSQL.noop),
        *count_changes("cases_case", of_cases),
        *count_changes("cases_assignment", of_assignments),
        *count_changes("cases_result", of_results),
        *count_changes("cases_surveyanswer", of_voices),
    ]
