"""Refuse a party organisation without a place: a CHECK lets the unknown pass, and the length of nothing is unknown."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gridmap", "0006_right_handed_boundaries"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="partyorganisation",
            name="party_organisation_kind_fits_place",
        ),
        migrations.AddConstraint(
            model_name="partyorganisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("area", None), ("building__isnull", False), ("kind", "functional")),
                    models.Q(
                        ("area__isnull", False),
                        ("building", None),
                        models.Q(
                            models.Q(
                                django.db.models.lookups.Exact(django.db.models.functions.text.Length("area"), 12),
                                ("kind__in", ["committee", "general_branch"]),
                            ),
                            models.Q(
                                django.db.models.lookups.Exact(django.db.models.functions.text.Length("area"), 15),
                                ("kind__in", ["branch", "group"]),
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="party_organisation_kind_fits_place",
                violation_error_message="类型与层级不符：村(社区)建党委或党总支，二级网格建党支部或党小组，楼宇建功能型党支部 (the kind does not fit the place)",
            ),
        ),
    ]
