"""Render boundaries as RFC 7946 (3.1.6) wants them: exteriors anticlockwise, holes clockwise."""

import django.contrib.gis.db.models.fields
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0005_refusals_people_can_read")]

    operations = [
        # PostgreSQL cannot change what a generated column is made of.
        migrations.RemoveField("boundary", "geojson"),
        migrations.AddField(
            "boundary",
            "geojson",
            models.GeneratedField(
                db_persist=True,
                expression=AsGeoJSON(
                    models.Func(
                        "geom",
                        function="ST_ForcePolygonCCW",
                        output_field=django.contrib.gis.db.models.fields.MultiPolygonField(srid=4490),
                    ),
                    precision=7,
                ),
                output_field=models.TextField(),
                verbose_name="GeoJSON",
            ),
        ),
        # Writes nothing, but its trigger says that the areas are no longer as they were sent.
        migrations.RunSQL("UPDATE gridmap_boundary SET id = id WHERE false", migrations.RunSQL.noop),
    ]
