"""Count changes of who answers for what, so that maps of it are read anew only when something changed."""

from importlib import import_module

from django.db import migrations

count_changes = import_module("gridmap.migrations.0003_data_versions").count_changes
TABLES = (
    "appointment",
    "building",
    "delegatedpower",
    "organisation",
    "partyorganisation",
    "powergrant",
    "stationedstaff",
)


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0012_an_abandoned_draft_says_so")]

    operations = [count_changes(f"gridmap_{table}", "registry") for table in TABLES]
