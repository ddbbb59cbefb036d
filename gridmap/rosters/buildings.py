"""The roster of buildings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import QuerySet, TextChoices

from geodata.crs import STORED_SRID, CoordinateOutOfRange, to_stored
from gridmap.models import Building
from gridmap.rosters.columns import Choice, Code, Column, Count, Degrees, Text, name_of, reference
from gridmap.rosters.facts import FactsRoster
from gridmap.rosters.roster import Entry

# A tenth of a millimetre: what spreadsheets lose of a degree.
_SAME_PLACE = 1e-9
# As far as a report is still given to the nearest grid; a point farther from its grid is in the wrong coordinate
# system or has the wrong grid.
FAR_M = 200
_FAR_FROM_GRID = """
SELECT given.line, ST_Distance(boundary.geom::geography, given.point::geography)
FROM (SELECT line, code, ST_SetSRID(ST_MakePoint(lon, lat), %(srid)s) AS point
      FROM unnest(%(lines)s::int[], %(codes)s::text[], %(lons)s::float8[], %(lats)s::float8[])
      AS rows (line, code, lon, lat)) AS given
JOIN gridmap_boundary AS boundary ON boundary.area_id = given.code AND boundary.valid_from <= %(day)s
     AND (boundary.valid_until IS NULL OR boundary.valid_until > %(day)s)
WHERE NOT ST_Covers(boundary.geom, given.point)
"""
_PLACE = ("point__x", "point__y", "coord")


class Coord(TextChoices):
    """Coordinate systems a file may be in; there is no default."""

    CGCS2000 = "cgcs2000", "CGCS2000"
    WGS84 = "wgs84", "WGS84"
    GCJ02 = "gcj02", "GCJ-02"
    BD09 = "bd09", "BD-09"


class Buildings(FactsRoster):
    """Commercial and residential buildings, each with its place and its grid."""

    kind = "buildings"
    title = "楼宇楼栋名册"
    summary = "商务楼宇和居民楼栋：所在网格、地址、户数、人口数、经纬度和坐标系"
    model = Building
    name_within = "area_id"

    code = Column("code", "编码", Code(24), hint="新楼必填；留空时按名称在同一网格查找")
    name_ = Column("name", "名称", Text(60), required=True)
    kind_ = Column("kind", "类型", Choice(Building.Kind), required=True)
    address = Column("address", "地址", Text(120))
    area = reference("area_id", "areas", "网格编码", name="网格名称", hint="15 位；与网格名称至少填一项")
    area_name = name_of("area__name", "网格名称")
    households = Column("households", "户数", Count())
    residents = Column("residents", "人口数", Count())
    lon = Column("point__x", "经度", Degrees(), required=True, hint="十进制度数，例如 114.934691")
    lat = Column("point__y", "纬度", Degrees(), required=True, hint="十进制度数，例如 25.871934")
    coord = Column("coord", "坐标系", Choice(Coord), required=True, hint="经纬度取自哪种地图；没有默认值")

    def registered(self) -> QuerySet[Any]:
        """Every building."""
        return Building.objects.select_related("area").order_by("code")

    def dehydrate_coord(self, row: Any) -> str:
        """Places are stored in one system."""
        return str(Coord.CGCS2000.label)

    def settle(self, entry: Entry) -> None:
        """On a second-level grid, at a place in the stored system."""
        area = entry.values.get("area_id")
        if area is None or len(area) != 15:
            entry.fault("应填一个二级网格，编码 15 位 (a second-level grid)", "网格编码")
        lon, lat, coord = (entry.values.pop(name) for name in _PLACE)
        try:
            entry.values["point__x"], entry.values["point__y"] = to_stored(lon, lat, coord)
        except CoordinateOutOfRange:
            entry.fault(f"{lon}, {lat} 不在地球上，经度应在 ±180、纬度应在 ±90 之间 (not a place)", "经度")

    def plan(self, entries: list[Entry]) -> None:
        """After matching, whether what is to be written lies in or near its grid: one question for the whole file."""
        super().plan(entries)
        written = {entry.line.number: entry for entry in entries if not entry.faults and entry.writes}
        rows: list[tuple[int, Any]] = [(line, entry.writes[0].row) for line, entry in written.items()]
        asked: dict[str, Any] = {
            "srid": STORED_SRID,
            "day": self.terms.today,
            "lines": [line for line, _ in rows],
            "codes": [row.area_id for _, row in rows],
            "lons": [row.point.x for _, row in rows],
            "lats": [row.point.y for _, row in rows],
        }
        with connection.cursor() as cursor:
            cursor.execute(_FAR_FROM_GRID, asked)
            for line, metres in cursor.fetchall():
                if metres > FAR_M:
                    said = f"离所填的网格有 {metres:.0f} 米，请核对经纬度、坐标系和网格 (far from its grid)"
                    written[line].fault(said, "经度")

    def alike(self, attr: str, before: Any, after: Any) -> bool:
        """Degrees are compared as far as spreadsheets keep them."""
        if attr in _PLACE:
            return before is not None and abs(before - after) < _SAME_PLACE
        return super().alike(attr, before, after)

    def assign(self, row: Any, attr: str, value: Any) -> None:
        """Longitude and latitude make one point."""
        if attr == "point__x":
            row.point = Point(value, row.point.y if row.point else 0.0, srid=STORED_SRID)
        elif attr == "point__y":
            row.point = Point(row.point.x if row.point else 0.0, value, srid=STORED_SRID)
        else:
            setattr(row, attr, value)

    def stored(self, attrs: list[str]) -> list[str]:
        """One field holds both."""
        return list(dict.fromkeys("point" if attr in _PLACE else attr for attr in attrs))

    def grounds(self, row: Any) -> Iterable[str]:
        """Its grid."""
        return [row.area_id]
