"""What the database does by itself for cases: numbers them, counts their changes, seals and guards their trace."""

from django.db import migrations

# The seal covers the seal before it, so that no row can be changed, moved or dropped unseen. `cases/sealing.py`
# recomputes the same text; times are written in UTC so that no session setting changes them.
SEAL = r"""
CREATE FUNCTION cases_seal_trace() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, seal INTO last FROM cases_traceevent WHERE case_id = NEW.case_id ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.previous := coalesce(last.seal, '');
    NEW.seal := encode(sha256(convert_to(concat_ws(E'\x1f',
        NEW.previous, NEW.case_id, NEW.seq, to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
        coalesce(NEW.actor_id::text, ''), NEW.role, NEW.verb, NEW.from_state, NEW.to_state, NEW.payload::text
    ), 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE TRIGGER cases_traceevent_seal BEFORE INSERT ON cases_traceevent
    FOR EACH ROW EXECUTE FUNCTION cases_seal_trace();
"""

REFUSE = """
CREATE FUNCTION cases_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trace is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER cases_traceevent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cases_traceevent
    FOR EACH STATEMENT EXECUTE FUNCTION cases_refuse_change();
"""

COUNT = """
CREATE TRIGGER cases_case_count_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cases_case
    FOR EACH STATEMENT EXECUTE FUNCTION gridmap_count_change('cases');
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_cases"), ("gridmap", "0003_data_versions")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE cases_number", "DROP SEQUENCE cases_number"),
        migrations.RunSQL(
            SEAL,
            "DROP TRIGGER cases_traceevent_seal ON cases_traceevent; DROP FUNCTION cases_seal_trace()",
        ),
        migrations.RunSQL(
            REFUSE,
            "DROP TRIGGER cases_traceevent_append_only ON cases_traceevent; DROP FUNCTION cases_refuse_change()",
        ),
        migrations.RunSQL(COUNT, "DROP TRIGGER cases_case_count_change ON cases_case"),
    ]
