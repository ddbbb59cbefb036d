"""Keep the keys sent with actions, so that one sent again is done once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cases", "0008_what_the_reporter_says"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActionKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, verbose_name="办理标识")),
                ("digest", models.CharField(max_length=64, verbose_name="内容摘要")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="经办人",
                    ),
                ),
            ],
            options={
                "verbose_name": "办理标识",
                "verbose_name_plural": "办理标识",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "key"),
                        name="action_key_once_a_user",
                        violation_error_message="这个办理标识已经用过 (this key is taken)",
                    )
                ],
            },
        ),
    ]
