"""Keep a case from being closed while its lead is still asked for something, whoever asks the database to."""

from django.db import migrations

GUARD = """
CREATE FUNCTION cases_refuse_open_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cases_assignment
        WHERE case_id = NEW.id AND part = 'lead' AND finished_at IS NULL AND withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'case % has an open lead assignment', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_no_open_lead_when_closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_case_no_open_lead AFTER UPDATE OF state ON cases_case
    FOR EACH ROW WHEN (NEW.state = 'closed' AND OLD.state <> 'closed') EXECUTE FUNCTION cases_refuse_open_lead();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_beside_the_course")]

    operations = [
        migrations.RunSQL(
            GUARD, "DROP TRIGGER cases_case_no_open_lead ON cases_case; DROP FUNCTION cases_refuse_open_lead()"
        ),
    ]
