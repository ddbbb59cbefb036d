"""Remind of limits: when to look at which, the notices written, and their way out of the site."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cases.models.notice

# A limit is looked at from the moment it is given, anew when it changes, and no more at the end. The rule itself is
# `cases/reminding.py`; the database only sees to it that nobody who writes a case can forget.
OF_CASES = """
CREATE FUNCTION cases_remind_of_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NOT NULL THEN
        DELETE FROM cases_reminder WHERE case_id = NEW.id;
    ELSE
        INSERT INTO cases_reminder (case_id, look_at, planned) VALUES (NEW.id, NEW.reported_at, false)
        ON CONFLICT (case_id, assignment_id) DO UPDATE SET look_at = EXCLUDED.look_at, planned = false;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_case_remind_of_new AFTER INSERT ON cases_case
    FOR EACH ROW WHEN (NEW.closed_at IS NULL) EXECUTE FUNCTION cases_remind_of_case();
CREATE TRIGGER cases_case_remind_of_changed AFTER UPDATE OF due_at, closed_at ON cases_case
    FOR EACH ROW WHEN ((OLD.due_at, OLD.closed_at) IS DISTINCT FROM (NEW.due_at, NEW.closed_at))
    EXECUTE FUNCTION cases_remind_of_case();
"""
# A desk shows what it is told without being loaded again.
COUNT = """
CREATE TRIGGER cases_notice_count_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cases_notice
    FOR EACH STATEMENT EXECUTE FUNCTION gridmap_count_change('notices');
"""
OF_ASSIGNMENTS = """
CREATE FUNCTION cases_remind_of_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.finished_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL THEN
        DELETE FROM cases_reminder WHERE case_id = NEW.case_id AND assignment_id = NEW.id;
    ELSE
        INSERT INTO cases_reminder (case_id, assignment_id, look_at, planned)
        VALUES (NEW.case_id, NEW.id, NEW.ordered_at, false)
        ON CONFLICT (case_id, assignment_id) DO UPDATE SET look_at = EXCLUDED.look_at, planned = false;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_assignment_remind_of_new AFTER INSERT ON cases_assignment
    FOR EACH ROW WHEN (NEW.finished_at IS NULL) EXECUTE FUNCTION cases_remind_of_assignment();
CREATE TRIGGER cases_assignment_remind_of_changed AFTER UPDATE OF due_at, finished_at, withdrawn_at ON cases_assignment
    FOR EACH ROW WHEN ((OLD.due_at, OLD.finished_at, OLD.withdrawn_at) IS DISTINCT FROM (NEW.due_at, NEW.finished_at, NEW.withdrawn_at))
    EXECUTE FUNCTION cases_remind_of_assignment();
"""
# What is open already.
FILL = """
INSERT INTO cases_reminder (case_id, look_at, planned)
SELECT id, reported_at, false FROM cases_case WHERE closed_at IS NULL;
INSERT INTO cases_reminder (case_id, assignment_id, look_at, planned)
SELECT asked.case_id, asked.id, asked.ordered_at, false
FROM cases_assignment AS asked JOIN cases_case ON cases_case.id = asked.case_id
WHERE asked.finished_at IS NULL AND asked.withdrawn_at IS NULL AND cases_case.closed_at IS NULL;
"""
UNDO = """
DROP TRIGGER cases_case_remind_of_new ON cases_case;
DROP TRIGGER cases_case_remind_of_changed ON cases_case;
DROP FUNCTION cases_remind_of_case();
DROP TRIGGER cases_assignment_remind_of_new ON cases_assignment;
DROP TRIGGER cases_assignment_remind_of_changed ON cases_assignment;
DROP FUNCTION cases_remind_of_assignment();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0013_open_cases_by_deadline"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("due_soon", "即将到期"),
                            ("overdue", "已超期"),
                            ("dispatched", "新派件"),
                            ("ordered", "新交办"),
                            ("letter", "新信函"),
                            ("survey", "可以回访"),
                            ("asked", "待决定"),
                            ("decided", "已决定"),
                        ],
                        max_length=10,
                        verbose_name="种类",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("grid_worker", "网格员"),
                            ("grid_chief", "网格长"),
                            ("building_head", "楼栋长"),
                            ("group_leader", "居民小组长"),
                            ("party_secretary", "党组织书记"),
                            ("leader_in_charge", "主管领导"),
                            ("principal_leader", "主要领导"),
                            ("centre_clerk", "网格中心人员"),
                            ("office_staff", "职能机构人员"),
                            ("department_staff", "区级部门人员"),
                            ("district_centre_staff", "区网格中心人员"),
                        ],
                        max_length=21,
                        verbose_name="收件岗位",
                    ),
                ),
                ("text", models.CharField(max_length=300, verbose_name="内容")),
                ("due_at", models.DateTimeField(verbose_name="所说的时限")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("spread_at", models.DateTimeField(blank=True, null=True, verbose_name="分发时间")),
                (
                    "area",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.area",
                        verbose_name="收件区域",
                    ),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="cases.assignment",
                        verbose_name="承办任务",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.organisation",
                        verbose_name="收件机构",
                    ),
                ),
            ],
            options={
                "verbose_name": "催办提醒",
                "verbose_name_plural": "催办提醒",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="NoticeReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="readings",
                        to="cases.notice",
                        verbose_name="提醒",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="账号",
                    ),
                ),
            ],
            options={
                "verbose_name": "提醒已阅",
                "verbose_name_plural": "提醒已阅",
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("look_at", models.DateTimeField(db_index=True, verbose_name="下次查看")),
                ("planned", models.BooleanField(default=False, verbose_name="已安排")),
                (
                    "assignment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="cases.assignment",
                        verbose_name="承办任务",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="cases.case",
                        verbose_name="事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "催办安排",
                "verbose_name_plural": "催办安排",
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(help_text="http 或 https；不跟随重定向", max_length=300, verbose_name="地址")),
                (
                    "secret",
                    models.CharField(
                        default=cases.models.notice.new_secret,
                        help_text="接收方用它核对签名；换了以后两边都要换",
                        max_length=128,
                        validators=[django.core.validators.MinLengthValidator(16)],
                        verbose_name="签名密钥",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="启用")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="gridmap.organisation",
                        verbose_name="机构",
                    ),
                ),
            ],
            options={
                "verbose_name": "提醒接收地址",
                "verbose_name_plural": "提醒接收地址",
                "ordering": ["organisation", "id"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "邮件"), ("webhook", "接口")], max_length=7, verbose_name="方式"
                    ),
                ),
                ("target", models.CharField(max_length=320, verbose_name="送往")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="已试次数")),
                ("next_try_at", models.DateTimeField(blank=True, null=True, verbose_name="下次再试")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="送达时间")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="最近的错误")),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="cases.notice",
                        verbose_name="提醒",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="cases.webhook",
                        verbose_name="接收地址",
                    ),
                ),
            ],
            options={
                "verbose_name": "提醒送达",
                "verbose_name_plural": "提醒送达",
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["role", "area", "at"], name="notice_to_area"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("spread_at", None)), fields=["id"], name="notice_to_be_spread"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("area", None), ("organisation__isnull", False)),
                    models.Q(("area__isnull", False), ("organisation", None)),
                    _connector="OR",
                ),
                name="notice_to_one_desk",
                violation_error_message="提醒应发给一个区域或一个机构的岗位 (an area or an organisation)",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["due_soon", "overdue"])),
                fields=("kind", "case", "assignment", "role", "area", "organisation", "due_at"),
                name="notice_once_a_limit",
                nulls_distinct=False,
                violation_error_message="这个时限已经提醒过 (reminded of already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticereading",
            constraint=models.UniqueConstraint(
                fields=("notice", "user"),
                name="notice_read_once",
                violation_error_message="已经标过“知道了” (read already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                fields=("case", "assignment"),
                name="reminder_once",
                nulls_distinct=False,
                violation_error_message="已有这项催办安排 (there already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(
                fields=("organisation", "url"),
                name="webhook_once",
                violation_error_message="该机构已有这个地址 (there already)",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="delivery_to_be_tried"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("notice", "channel", "target"),
                name="delivery_once",
                violation_error_message="已有这份送达 (there already)",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivered_at", None), ("next_try_at", None), _connector="OR"),
                name="delivery_done_is_not_tried",
                violation_error_message="已送达的不再试 (delivered is not tried again)",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "mail"), ("webhook", None)),
                    models.Q(("channel", "webhook"), ("webhook__isnull", False)),
                    _connector="OR",
                ),
                name="delivery_by_its_channel",
                violation_error_message="接口送达应有接收地址，邮件没有 (a webhook goes with its channel)",
            ),
        ),
        migrations.RunSQL(OF_CASES + OF_ASSIGNMENTS + FILL, UNDO),
        migrations.RunSQL(COUNT, "DROP TRIGGER cases_notice_count_change ON cases_notice"),
    ]
