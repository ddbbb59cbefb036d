"""The routing rules as one function of the database; gridmap/routing.py has them in words.

A function, because its plans are kept for the life of a connection (planning the statement anew took ten times as
long as running it), and because one report and a million re-routed together then follow the same text. Searches
are narrowed in degrees (4490); every distance that decides is in metres (4547).
"""

from django.db import migrations

IN_FORCE = """
CREATE FUNCTION gridmap_in_force(valid_from date, valid_until date, day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT valid_from <= day AND (valid_until > day OR valid_until IS NULL)'
"""

ROUTE = """
CREATE FUNCTION gridmap_route(
    lon float8, lat float8, day date, accuracy float8,
    OUT area text, OUT method text, OUT distance_m float8, OUT candidates text[], OUT uncertain boolean,
    OUT azimuth float8
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    point constant geometry := ST_SetSRID(ST_MakePoint(lon, lat), 4490);
    metres constant geometry := ST_Transform(point, 4547);
    reach_lat constant float8 := greatest(accuracy, 200.0) * 1.01 / 110500;
    reach constant geometry := ST_Expand(point, reach_lat / greatest(cos(radians(lat)), 0.1), reach_lat);
    covering text[];
    around text[];
    shape geometry;
    communities text[];
BEGIN
    -- Covered: the lowest code, all of them kept.
    SELECT array_agg(grid.code ORDER BY grid.code), (array_agg(grid.geom ORDER BY grid.code))[1]
    INTO covering, shape
    FROM (SELECT found.code, boundary.geom
          FROM gridmap_boundary AS boundary JOIN gridmap_area AS found ON found.code = boundary.area_id
          WHERE found.level = 'grid' AND ST_Covers(boundary.geom, point)
            AND gridmap_in_force(boundary.valid_from, boundary.valid_until, day)) AS grid;
    IF covering IS NOT NULL THEN
        area := covering[1];
        method := CASE WHEN cardinality(covering) = 1 THEN 'within' ELSE 'edge' END;
        distance_m := CASE WHEN method = 'edge' THEN 0.0
                           ELSE ST_Distance(ST_Boundary(ST_Transform(shape, 4547)), metres) END;
        IF accuracy <= distance_m THEN
            candidates := covering;
            uncertain := false;
            RETURN;
        END IF;
    END IF;

    -- The device may be off by more than the way to the line: every grid it may mean.
    SELECT array_agg(boundary.area_id ORDER BY boundary.area_id) INTO around
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS found ON found.code = boundary.area_id
    WHERE found.level = 'grid' AND boundary.geom && reach
      AND gridmap_in_force(boundary.valid_from, boundary.valid_until, day)
      AND ST_Distance(ST_Transform(boundary.geom, 4547), metres) <= accuracy;
    IF covering IS NOT NULL THEN
        candidates := ARRAY(SELECT DISTINCT unnest(covering || around) AS code ORDER BY code);
        uncertain := cardinality(candidates) > cardinality(covering);
        RETURN;
    END IF;

    -- Near: inside the community that covers the point if one does, and on this side of every river.
    SELECT array_agg(found.code) INTO communities
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS found ON found.code = boundary.area_id
    WHERE found.level = 'community' AND ST_Covers(boundary.geom, point)
      AND gridmap_in_force(boundary.valid_from, boundary.valid_until, day);
    SELECT grid.code, grid.distance INTO area, distance_m
    FROM (SELECT found.code, boundary.geom, ST_Distance(ST_Transform(boundary.geom, 4547), metres) AS distance
          FROM gridmap_boundary AS boundary JOIN gridmap_area AS found ON found.code = boundary.area_id
          WHERE found.level = 'grid' AND boundary.geom && reach
            AND gridmap_in_force(boundary.valid_from, boundary.valid_until, day)) AS grid
    WHERE grid.distance <= 200
      AND (communities IS NULL OR left(grid.code, 12) = ANY (communities))
      AND NOT EXISTS (SELECT FROM gridmap_river AS river
                      WHERE ST_Intersects(river.geom, ST_ShortestLine(point, grid.geom)))
    ORDER BY grid.distance, grid.code LIMIT 1;
    IF area IS NOT NULL THEN
        method := 'nearest';
        candidates := ARRAY(SELECT DISTINCT unnest(area || around) AS code ORDER BY code);
        uncertain := cardinality(candidates) > 1;
        RETURN;
    END IF;

    -- Nobody's grid: the town that covers it, else the nearest district, with the way and the side it lies on.
    SELECT found.code, CASE WHEN ST_Covers(boundary.geom, point) THEN 0.0
                            ELSE ST_Distance(ST_Transform(boundary.geom, 4547), metres) END,
           degrees(ST_Azimuth(ST_Transform(ST_ClosestPoint(boundary.geom, point), 4547), metres))
    INTO area, distance_m, azimuth
    FROM gridmap_boundary AS boundary JOIN gridmap_area AS found ON found.code = boundary.area_id
    WHERE gridmap_in_force(boundary.valid_from, boundary.valid_until, day)
      AND (found.level = 'district' OR (found.level = 'town' AND ST_Covers(boundary.geom, point)))
    ORDER BY found.level = 'town' DESC, 2, found.code LIMIT 1;
    method := 'unrouted';
    candidates := coalesce(around, ARRAY[]::text[]);
    uncertain := false;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0003_data_versions")]

    operations = [
        migrations.RunSQL(IN_FORCE, "DROP FUNCTION gridmap_in_force(date, date, date)"),
        migrations.RunSQL(ROUTE, "DROP FUNCTION gridmap_route(float8, float8, date, float8)"),
    ]
