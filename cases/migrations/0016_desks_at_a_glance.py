"""Let desks find what is open in a town, what binds a department and what is to be scored without looking at all cases."""

from django.db import migrations, models

# Whoever writes an assignment: what binds last says whether the case is with departments.
BY_LETTER = """
CREATE FUNCTION cases_mark_by_letter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cases_case SET by_letter = found.said FROM (
        SELECT case_id, coalesce((
            SELECT last.letter_id IS NOT NULL FROM cases_assignment AS last
            WHERE last.case_id = written.case_id AND last.withdrawn_at IS NULL ORDER BY last.id DESC LIMIT 1
        ), false) AS said
        FROM (SELECT DISTINCT case_id FROM written_rows) AS written
    ) AS found
    WHERE cases_case.id = found.case_id AND by_letter <> found.said;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_assignment_mark_new AFTER INSERT ON cases_assignment REFERENCING NEW TABLE AS written_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cases_mark_by_letter();
CREATE TRIGGER cases_assignment_mark_changed AFTER UPDATE ON cases_assignment REFERENCING NEW TABLE AS written_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cases_mark_by_letter();
CREATE TRIGGER cases_assignment_mark_gone AFTER DELETE ON cases_assignment REFERENCING OLD TABLE AS written_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cases_mark_by_letter();
"""
BACK = """
DROP TRIGGER cases_assignment_mark_new ON cases_assignment;
DROP TRIGGER cases_assignment_mark_changed ON cases_assignment;
DROP TRIGGER cases_assignment_mark_gone ON cases_assignment;
DROP FUNCTION cases_mark_by_letter();
"""
# What is written already.
FILL = """
UPDATE cases_case SET by_letter = true WHERE (
    SELECT last.letter_id IS NOT NULL FROM cases_assignment AS last
    WHERE last.case_id = cases_case.id AND last.withdrawn_at IS NULL ORDER BY last.id DESC LIMIT 1
);
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_one_whistle_one_assessment")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="by_letter",
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name="由部门承办"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(BY_LETTER, BACK),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["current_area", "state"], name="case_open_by_area"
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("by_letter", True), ("state", "closed")),
                fields=["closed_at"],
                name="case_to_be_scored",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("by_letter", True), ("closed_at", None)),
                fields=["id"],
                include=("current_area", "state"),
                name="case_open_by_letter",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("finished_at", None), ("withdrawn_at", None)),
                fields=["unit"],
                include=("case",),
                name="assignment_binding_by_unit",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("appealed_at", None)), fields=["appeal_by"], name="result_open_to_appeal"
            ),
        ),
    ]
