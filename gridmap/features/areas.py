"""The areas as a collection: boundaries in force on a day, with what the registry knows of each."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models import Extent
from django.contrib.gis.geos import Polygon
from django.db.models import QuerySet

from geodata.crs import STORED_SRID
from gridmap.duties import Standing
from gridmap.features.collection import Collection
from gridmap.features.offered import Question
from gridmap.features.parameters import Filters
from gridmap.features.tile import Tile, ground, shape_on
from gridmap.features.tiles import Box, Features, TileLayer, features_of
from gridmap.models import Boundary
from gridmap.models.ground import Level, said

# The first zoom of the tiles that each level is drawn at.
DRAWN_FROM = {Level.DISTRICT: 0, Level.TOWN: 0, Level.COMMUNITY: 11, Level.GRID: 13}
# Degrees around the boundaries: cases are taken from a little outside them (gridmap.routing).
BEYOND = 0.01


def _rows(filters: Filters, standing: Standing) -> QuerySet[Any]:
    if filters.on is None:
        raise ValueError("areas are asked for on a day")
    rows = Boundary.objects.gone().filter(valid_until=filters.on) if filters.gone else Boundary.objects.on(filters.on)
    if filters.level:
        rows = rows.filter(area__level=filters.level)
    if filters.area:
        rows = rows.filter(area__code__startswith=filters.area)
    if filters.edition is not None:
        rows = rows.filter(edition=filters.edition)
    if filters.bbox:
        box = Polygon.from_bbox(filters.bbox)
        box.srid = STORED_SRID
        rows = rows.filter(geom__bboverlaps=box)
    return rows


AREAS = Collection(
    id="areas",
    title="区域边界(示意)",
    rows=_rows,
    key="area_id",
    geometry="geojson",
    properties={
        "code": "area_id",
        "name": said("name"),
        "level": "area__level",
        "kind": said("kind"),
        "parent": "area__parent_id",
        "urban": "area__urban",
        "households": said("households"),
        "residents": said("residents"),
        "enterprises": said("enterprises"),
        "party_members": said("party_members"),
        "complexity": "area__complexity",
        "size_waiver": said("size_waiver"),
        "area_m2": "area_m2",
        "edition": "edition__name",
        "schematic": "edition__schematic",
        "valid_from": "valid_from",
    },
    parameters=frozenset({"area", "bbox", "edition", "gone", "level", "limit", "after", "on"}),
    counters=("areas",),
)


def _on_tile(question: Question, tile: Tile) -> Features | None:
    rows = _rows(question.filters, question.standing).filter(geom__bboverlaps=ground(tile))
    if question.filters.level is None:
        rows = rows.filter(area__level__in=[level for level, zoom in DRAWN_FROM.items() if zoom <= tile.z])
    return features_of(rows, shape_on(tile, "geom"), AREAS.properties)


def registered_ground() -> Box | None:
    """West, south, east and north of all ground that ever was registered, and a little more; None where none is."""
    extent = Boundary.objects.filter(valid_from__isnull=False).aggregate(extent=Extent("geom"))["extent"]
    if extent is None:
        return None
    west, south, east, north = extent
    return round(west - BEYOND, 6), round(south - BEYOND, 6), round(east + BEYOND, 6), round(north + BEYOND, 6)


AREA_TILES = TileLayer(
    id=AREAS.id,
    title=AREAS.title,
    features=_on_tile,
    fields={
        "code": "编码",
        "name": "名称",
        "level": "层级",
        "kind": "类型",
        "parent": "上级编码",
        "urban": "是否城镇",
        "households": "户数",
        "residents": "人口数",
        "enterprises": "企业数",
        "party_members": "党员数",
        "complexity": "治理复杂程度,1 到 3",
        "size_waiver": "规模豁免理由",
        "area_m2": "面积，平方米",
        "edition": "边界版本",
        "schematic": "是否示意，不作为法定界线",
        "valid_from": "生效日期",
    },
    bounds=registered_ground,
    parameters=AREAS.parameters - {"limit", "after"},
    counters=AREAS.counters,
)
