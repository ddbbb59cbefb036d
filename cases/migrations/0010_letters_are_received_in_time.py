"""Know until when a letter is to be received, and find those whose time has passed."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0009_what_the_reporter_says"),
        ("gridmap", "0012_an_abandoned_draft_says_so"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="receive_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="查收时限"),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("received_at", None)), fields=["receive_by"], name="assignment_to_be_received"
            ),
        ),
    ]
