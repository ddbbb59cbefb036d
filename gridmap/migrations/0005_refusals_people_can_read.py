"""Say in plain words what the database refuses, and name what had no name; no SQL is run."""

import django.contrib.gis.db.models.functions
import django.contrib.postgres.constraints
import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gridmap", "0004_route"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="dataversion",
            options={"verbose_name": "数据版本", "verbose_name_plural": "数据版本"},
        ),
        migrations.AlterField(
            model_name="boundary",
            name="area_m2",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    django.contrib.gis.db.models.functions.Transform("geom", 4547), function="ST_Area"
                ),
                output_field=models.FloatField(),
                verbose_name="面积(平方米)",
            ),
        ),
        migrations.AlterField(
            model_name="boundary",
            name="geojson",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.gis.db.models.functions.AsGeoJSON("geom", precision=7),
                output_field=models.TextField(),
                verbose_name="GeoJSON",
            ),
        ),
        migrations.AlterField(
            model_name="dataversion",
            name="changes",
            field=models.BigIntegerField(default=0, verbose_name="变更次数"),
        ),
        migrations.AlterField(
            model_name="dataversion",
            name="collection",
            field=models.CharField(max_length=30, verbose_name="数据集"),
        ),
        migrations.AlterField(
            model_name="dataversion",
            name="slot",
            field=models.PositiveSmallIntegerField(verbose_name="分槽"),
        ),
        migrations.AlterConstraint(
            model_name="appointment",
            name="appointment_until_after_from",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"),
                name="appointment_until_after_from",
                violation_error_message="截止日期应晚于起始日期 (must end after it begins)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="appointment",
            name="appointment_to_one_place",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("area__isnull", False), ("organisation", None)),
                    models.Q(("area", None), ("organisation__isnull", False)),
                    _connector="OR",
                ),
                name="appointment_to_one_place",
                violation_error_message="任职应对应一个区域或一个机构，只填其一 (either an area or an organisation)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="appointment",
            name="appointment_one_chief",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("role", "grid_chief")),
                expressions=[
                    ("area", "="),
                    (models.Func(models.F("valid_from"), models.F("valid_until"), function="daterange"), "&&"),
                ],
                name="appointment_one_chief",
                violation_error_message="该区域在这段日期内已有网格长 (one chief at a time)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="appointment",
            name="appointment_held_once",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("area__isnull", False)),
                expressions=[
                    ("person", "="),
                    ("role", "="),
                    ("area", "="),
                    (models.Func(models.F("valid_from"), models.F("valid_until"), function="daterange"), "&&"),
                ],
                name="appointment_held_once",
                violation_error_message="此人在这段日期内已任同一区域的同一角色 (held already)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="area",
            name="area_code_fits_level",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code__regex", "^[0-9]{6}$"), ("level", "district")),
                    models.Q(("code__regex", "^[0-9]{9}$"), ("level", "town")),
                    models.Q(("code__regex", "^[0-9]{12}$"), ("level", "community")),
                    models.Q(("code__regex", "^[0-9]{15}$"), ("level", "grid")),
                    _connector="OR",
                ),
                name="area_code_fits_level",
                violation_error_message="编码应为数字：区 6 位、镇街 9 位、村(社区) 12 位、二级网格 15 位 (code and level)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="area",
            name="area_code_starts_with_parent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level", "district"), ("parent", None)),
                    models.Q(
                        models.Q(("level", "district"), _negated=True),
                        ("code__startswith", models.F("parent")),
                        ("parent__isnull", False),
                        django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("code"),
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.functions.text.Length("parent"), "+", models.Value(3)
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="area_code_starts_with_parent",
                violation_error_message="编码应为上级编码加三位；只有区没有上级 (code must be the parent's and three digits)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="area",
            name="area_complexity_1_to_3",
            constraint=models.CheckConstraint(
                condition=models.Q(("complexity__range", (1, 3))),
                name="area_complexity_1_to_3",
                violation_error_message="治理复杂程度应为 1、2 或 3 (complexity is 1 to 3)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="boundary",
            name="boundary_is_valid",
            constraint=models.CheckConstraint(
                condition=models.Q(("geom__isvalid", True)),
                name="boundary_is_valid",
                violation_error_message="边界无效，可能自相交 (invalid polygon)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="boundary",
            name="boundary_until_after_from",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"),
                name="boundary_until_after_from",
                violation_error_message="截止日期应晚于起始日期 (must end after it begins)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="boundary",
            name="boundary_one_in_force",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("valid_from__isnull", False)),
                expressions=[
                    ("area", "="),
                    (models.Func(models.F("valid_from"), models.F("valid_until"), function="daterange"), "&&"),
                ],
                name="boundary_one_in_force",
                violation_error_message="该区域在这段日期内已有生效的边界 (another boundary is in force)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="dataversion",
            name="data_version_slot",
            constraint=models.UniqueConstraint(
                fields=("collection", "slot"),
                name="data_version_slot",
                violation_error_message="该数据集的分槽已存在 (slot exists)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="delegatedpower",
            name="delegated_power_until_after_from",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"),
                name="delegated_power_until_after_from",
                violation_error_message="截止日期应晚于起始日期 (must end after it begins)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="edition",
            name="edition_published_at_a_date",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "published"), _negated=True),
                    models.Q(("published_at__isnull", False), ("valid_from__isnull", False)),
                    _connector="OR",
                ),
                name="edition_published_at_a_date",
                violation_error_message="已发布的版本应有生效日期和发布时间 (published needs its dates)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="lineage",
            name="lineage_once",
            constraint=models.UniqueConstraint(
                fields=("edition", "predecessor", "successor"),
                name="lineage_once",
                violation_error_message="本版本中已有这条沿革 (recorded already)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="lineage",
            name="lineage_between_two",
            constraint=models.CheckConstraint(
                condition=models.Q(("predecessor", models.F("successor")), _negated=True),
                name="lineage_between_two",
                violation_error_message="原区域与现区域不能相同 (an area cannot come from itself)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="organisation",
            name="organisation_template_of_authorities",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "authority"), ("template__gt", "")),
                    models.Q(models.Q(("kind", "authority"), _negated=True), ("template", "")),
                    _connector="OR",
                ),
                name="organisation_template_of_authorities",
                violation_error_message="镇街应选机构模式，其他机构不选 (a template is for towns and subdistricts only)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="partyorganisation",
            name="party_organisation_kind_fits_place",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("area", None), ("building__isnull", False), ("kind", "functional")),
                    models.Q(
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("area"), 12),
                        ("building", None),
                        ("kind__in", ["committee", "general_branch"]),
                    ),
                    models.Q(
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("area"), 15),
                        ("building", None),
                        ("kind__in", ["branch", "group"]),
                    ),
                    _connector="OR",
                ),
                name="party_organisation_kind_fits_place",
                violation_error_message="类型与层级不符：村(社区)建党委或党总支，二级网格建党支部或党小组，楼宇建功能型党支部 (the kind does not fit the place)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="powergrant",
            name="power_grant_until_after_from",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"),
                name="power_grant_until_after_from",
                violation_error_message="截止日期应晚于起始日期 (must end after it begins)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="powergrant",
            name="power_granted_once",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("power", "="),
                    ("area", "="),
                    (models.Func(models.F("valid_from"), models.F("valid_until"), function="daterange"), "&&"),
                ],
                name="power_granted_once",
                violation_error_message="该事项在这段日期内已赋予该镇街 (granted already)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_conditions_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("conditions__gt", "")),
                name="service_guide_conditions_given",
                violation_error_message="服务指南的“办理条件”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_basis_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("basis__gt", "")),
                name="service_guide_basis_given",
                violation_error_message="服务指南的“依据”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_process_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("process__gt", "")),
                name="service_guide_process_given",
                violation_error_message="服务指南的“流程”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_time_limit_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("time_limit__gt", "")),
                name="service_guide_time_limit_given",
                violation_error_message="服务指南的“办理时限”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_contact_name_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("contact_name__gt", "")),
                name="service_guide_contact_name_given",
                violation_error_message="服务指南的“联络人”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="serviceguide",
            name="service_guide_contact_phone_given",
            constraint=models.CheckConstraint(
                condition=models.Q(("contact_phone__gt", "")),
                name="service_guide_contact_phone_given",
                violation_error_message="服务指南的“联系电话”不能为空 (every field is needed)",
            ),
        ),
        migrations.AlterConstraint(
            model_name="stationedstaff",
            name="stationed_staff_until_after_from",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until", None), ("valid_until__gt", models.F("valid_from")), _connector="OR"),
                name="stationed_staff_until_after_from",
                violation_error_message="截止日期应晚于起始日期 (must end after it begins)",
            ),
        ),
    ]
