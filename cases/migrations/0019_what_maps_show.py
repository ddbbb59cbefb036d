"""Keep hot spots once they are found; see whistles still open as rows; tell working time in the database."""

from django.db import migrations, models

# Each unit that is asked for something now; else the whistle, on the desk of the town it waits on. Their ids are in the
# order of their limits, so that a list of them is read from the oldest on.
OPEN_WHISTLES = """
CREATE VIEW cases_openwhistle AS
SELECT to_char(asked.due_at AT TIME ZONE 'UTC', 'YYYYMMDD-HH24MISSUS') || '-a' || asked.id AS id, asked.case_id, asked.id AS assignment_id, asked.unit_id,
       CASE WHEN asked.letter_id IS NULL THEN 2 ELSE 3 END AS level, asked.part::text AS part,
       asked.ordered_at AS start, coalesce(asked.redone_at, asked.ordered_at) AS since, asked.due_at
FROM cases_assignment AS asked JOIN cases_case AS of ON of.id = asked.case_id
WHERE of.closed_at IS NULL AND asked.finished_at IS NULL AND asked.withdrawn_at IS NULL
UNION ALL
SELECT to_char(of.due_at AT TIME ZONE 'UTC', 'YYYYMMDD-HH24MISSUS') || '-c' || of.id, of.id, NULL, NULL, CASE WHEN of.by_letter THEN 3 ELSE 2 END, '', whistle.blown_at,
       NULL, of.due_at
FROM cases_case AS of JOIN cases_whistle AS whistle ON whistle.case_id = of.id AND whistle.level = 2
WHERE of.closed_at IS NULL AND NOT EXISTS (
    SELECT FROM cases_assignment AS asked
    WHERE asked.case_id = of.id AND asked.finished_at IS NULL AND asked.withdrawn_at IS NULL
);
"""
# As `cases/deadlines.py` has it: from a Monday on, weekdays are worked unless the calendar says otherwise, eight hours
# a day. A difference of two moments is the working time between them.
WORKED = """
CREATE FUNCTION cases_worked(moment timestamptz) RETURNS float8 LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    WITH told AS (
        SELECT local::date AS day, local::date - '2001-01-01'::date AS days,
               extract(epoch FROM local::time)::float8 / 3600 AS hour
        FROM (SELECT moment AT TIME ZONE 'Asia/Shanghai' AS local) AS moment
    )
    SELECT 8 * (days / 7 * 5 + least(days % 7, 5) + (
               SELECT coalesce(sum(CASE WHEN works THEN 1 ELSE -1 END), 0) FROM cases_workday
               WHERE date >= '2001-01-01' AND date < day AND works = (extract(isodow FROM date) > 5)
           )) + CASE WHEN coalesce((SELECT works FROM cases_workday WHERE date = day), extract(isodow FROM day) < 6)
               THEN least(greatest(hour - 8, 0), 4) + least(greatest(hour - 14, 0), 4) ELSE 0 END
    FROM told
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_counts_by_month")]

    operations = [
        migrations.RunSQL(WORKED, "DROP FUNCTION cases_worked(timestamptz)"),
        migrations.RunSQL(OPEN_WHISTLES, "DROP VIEW cases_openwhistle"),
        migrations.CreateModel(
            name="OpenWhistle",
            fields=[
                ("id", models.CharField(max_length=48, primary_key=True, serialize=False, verbose_name="编号")),
                ("level", models.PositiveSmallIntegerField(verbose_name="级别")),
                ("part", models.CharField(max_length=6, verbose_name="主协办")),
                ("start", models.DateTimeField(verbose_name="开始时间")),
                ("since", models.DateTimeField(null=True, verbose_name="何时到此")),
                ("due_at", models.DateTimeField(verbose_name="完成时限")),
            ],
            options={
                "verbose_name": "未结的哨",
                "verbose_name_plural": "未结的哨",
                "db_table": "cases_openwhistle",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="HotSpots",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.CharField(max_length=9, verbose_name="级别")),
                ("denominator", models.CharField(max_length=11, verbose_name="分母")),
                ("category", models.CharField(blank=True, db_collation="C", max_length=12, verbose_name="类别")),
                ("area", models.CharField(blank=True, db_collation="C", max_length=15, verbose_name="区域")),
                ("since", models.DateField(verbose_name="起")),
                ("until", models.DateField(verbose_name="止(不含)")),
                ("method", models.CharField(max_length=12, verbose_name="方法版本")),
                ("wanted", models.BooleanField(default=True, verbose_name="待计算")),
                ("asked_at", models.DateTimeField(verbose_name="提出时间")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="开始时间")),
                ("told_at", models.DateTimeField(blank=True, null=True, verbose_name="最近进展时间")),
                ("progress", models.FloatField(default=0, verbose_name="进展")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
                ("version", models.BigIntegerField(blank=True, null=True, verbose_name="事项版本")),
                ("answer", models.JSONField(blank=True, null=True, verbose_name="结果")),
                ("problem", models.TextField(blank=True, verbose_name="未能完成的原因")),
            ],
            options={
                "verbose_name": "热点",
                "verbose_name_plural": "热点",
                "indexes": [
                    models.Index(
                        condition=models.Q(("wanted", True)), fields=["asked_at"], name="hot_spots_to_be_found"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("level", "denominator", "category", "area", "since", "until", "method"),
                        name="hot_spots_asked_once",
                        violation_error_message="已有这一时段的热点 (asked already)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("since"))),
                        name="hot_spots_until_after_since",
                        violation_error_message="止日应晚于起日 (until after since)",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", None), ("done_at", None)),
                            models.Q(("answer__isnull", False), ("done_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="hot_spots_done_with_an_answer",
                        violation_error_message="完成的应有结果 (done goes with an answer)",
                    ),
                ],
            },
        ),
    ]
