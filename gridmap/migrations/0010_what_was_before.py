"""What the registry said in the days of a boundary, where an organisation stood, and what an approval was for."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gridmap", "0009_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="boundary",
            name="former_enterprises",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="当时企业数"),
        ),
        migrations.AddField(
            model_name="boundary",
            name="former_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("district", "区"),
                    ("town", "镇"),
                    ("subdistrict", "街道"),
                    ("village", "村"),
                    ("community", "社区"),
                    ("basic", "基础网格"),
                    ("dedicated", "专属网格"),
                ],
                db_default="",
                default="",
                max_length=11,
                verbose_name="当时类型",
            ),
        ),
        migrations.AddField(
            model_name="boundary",
            name="former_party_members",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="当时党员数"),
        ),
        migrations.AddField(
            model_name="boundary",
            name="former_size_waiver",
            field=models.CharField(blank=True, max_length=200, null=True, verbose_name="当时规模豁免理由"),
        ),
        migrations.AddField(
            model_name="draftlineage",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="经办人",
            ),
        ),
        migrations.AddField(
            model_name="draftstaffing",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="经办人",
            ),
        ),
        migrations.AddField(
            model_name="draftstaffing",
            name="by_hand",
            field=models.BooleanField(db_default=False, default=False, verbose_name="人工确定"),
        ),
        migrations.AddField(
            model_name="edition",
            name="approved_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="批准内容摘要"),
        ),
        migrations.CreateModel(
            name="FormerSeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateField(verbose_name="迁出日期")),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gridmap.area",
                        verbose_name="原所在区域",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_seats",
                        to="gridmap.organisation",
                        verbose_name="机构",
                    ),
                ),
                (
                    "party_organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_seats",
                        to="gridmap.partyorganisation",
                        verbose_name="党组织",
                    ),
                ),
            ],
            options={
                "verbose_name": "原驻地",
                "verbose_name_plural": "原驻地",
                "ordering": ["until", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("organisation", None), ("party_organisation__isnull", False)),
                            models.Q(("organisation__isnull", False), ("party_organisation", None)),
                            _connector="OR",
                        ),
                        name="former_seat_of_one",
                        violation_error_message="原驻地只对应一个机构或一个党组织 (of an organisation or a party organisation)",
                    ),
                    models.UniqueConstraint(
                        fields=("organisation", "until"),
                        name="former_seat_of_organisation_once",
                        violation_error_message="该机构当日迁出已有记录 (recorded already)",
                    ),
                    models.UniqueConstraint(
                        fields=("party_organisation", "until"),
                        name="former_seat_of_party_organisation_once",
                        violation_error_message="该党组织当日迁出已有记录 (recorded already)",
                    ),
                ],
            },
        ),
    ]
