"""What the registry needs of PostgreSQL: geometry, exclusion by plain values, similarity of words."""

from django.contrib.postgres.operations import BtreeGistExtension, CreateExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []

    operations = [CreateExtension("postgis"), BtreeGistExtension(), TrigramExtension()]
