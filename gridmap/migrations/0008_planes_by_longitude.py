"""Measure in the plane of a place's own longitude, so that a district anywhere is measured truly.

``gridmap_metres_srid`` is ``geodata.crs.metres_srid`` (a test compares them): within the zone used
until now every distance and every area stays as it was.
"""

import importlib

from django.db import migrations, models

METRES_SRID = """
CREATE FUNCTION gridmap_metres_srid(lon float8, lat float8) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN lon >= 73.5 AND lon < 136.5 AND lat > 0 AND lat < 60 THEN 4534 + floor((lon - 73.5) / 3)::integer
                ELSE CASE WHEN lat >= 0 THEN 32600 ELSE 32700 END + least(floor((lon + 180) / 6)::integer, 59) + 1 END
$$
"""

# A restored backup computes the column while nothing is on the search path.
AREA_M2 = """
CREATE FUNCTION gridmap_area_m2(shape geometry) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT ST_Area(ST_Transform(shape, gridmap_metres_srid(
        (ST_XMin(shape) + ST_XMax(shape)) / 2, (ST_YMin(shape) + ST_YMax(shape)) / 2)))
$$
"""

BEFORE = importlib.import_module("gridmap.migrations.0004_route").ROUTE.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
ROUTE = BEFORE.replace(
    "    metres constant geometry := ST_Transform(point, 4547);",
    "    plane constant integer := gridmap_metres_srid(lon, lat);\n"
    "    metres constant geometry := ST_Transform(point, plane);",
).replace("4547", "plane")


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0007_a_party_organisation_has_a_place")]

    operations = [
        migrations.RunSQL(METRES_SRID, "DROP FUNCTION gridmap_metres_srid(float8, float8)"),
        migrations.RunSQL(AREA_M2, "DROP FUNCTION gridmap_area_m2(geometry)"),
        migrations.RunSQL(ROUTE, BEFORE),
        # PostgreSQL cannot change what a generated column is made of.
        migrations.RemoveField("boundary", "area_m2"),
        migrations.AddField(
            "boundary",
            "area_m2",
            models.GeneratedField(
                db_persist=True,
                expression=models.Func("geom", function="gridmap_area_m2", output_field=models.FloatField()),
                output_field=models.FloatField(),
                verbose_name="面积(平方米)",
            ),
        ),
    ]
