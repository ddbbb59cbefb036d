"""Give each case the key of its public place in the tiles of web maps, with an index that answers tiles by itself."""

from django.db import migrations, models

# Numbers every place of the web Mercator square, halved 30 times each way, so that each tile of each zoom is one range
# of numbers: the bits of column and row by turns (Morton's order; Bing Maps calls it a quadkey). Floats in, not a
# geometry, so that a restore finds all it needs without a search path.
QUADKEY = """
CREATE FUNCTION cases_quadkey(lon float8, lat float8) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    side CONSTANT bigint := 1 << 30;
    col bigint := least(side - 1, greatest(0, floor((lon + 180) / 360 * side)));
    row bigint := least(side - 1, greatest(0, floor((1 - asinh(tan(radians(lat))) / pi()) / 2 * side)));
BEGIN
    col := (col | (col << 16)) & x'0000FFFF0000FFFF'::bigint;
    col := (col | (col << 8)) & x'00FF00FF00FF00FF'::bigint;
    col := (col | (col << 4)) & x'0F0F0F0F0F0F0F0F'::bigint;
    col := (col | (col << 2)) & x'3333333333333333'::bigint;
    col := (col | (col << 1)) & x'5555555555555555'::bigint;
    row := (row | (row << 16)) & x'0000FFFF0000FFFF'::bigint;
    row := (row | (row << 8)) & x'00FF00FF00FF00FF'::bigint;
    row := (row | (row << 4)) & x'0F0F0F0F0F0F0F0F'::bigint;
    row := (row | (row << 2)) & x'3333333333333333'::bigint;
    row := (row | (row << 1)) & x'5555555555555555'::bigint;
    RETURN col | (row << 1);
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0016_desks_at_a_glance")]

    operations = [
        migrations.RunSQL(QUADKEY, "DROP FUNCTION cases_quadkey(float8, float8)"),
        migrations.AddField(
            "case",
            "quadkey",
            models.GeneratedField(
                expression=models.Func(
                    models.Func("public_point", function="ST_X", output_field=models.FloatField()),
                    models.Func("public_point", function="ST_Y", output_field=models.FloatField()),
                    function="cases_quadkey",
                ),
                output_field=models.BigIntegerField(),
                db_persist=True,
                verbose_name="地图瓦片键",
            ),
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["quadkey"],
                include=[
                    "public_point",
                    "number",
                    "category",
                    "state",
                    "channel",
                    "current_area",
                    "reported_at",
                    "due_at",
                    "closed_at",
                ],
                name="case_by_tile",
            ),
        ),
    ]
