"""The tiles of web maps: which ground each is of, and where on it a place lies.

Web Mercator as everybody cuts it (OGC WebMercatorQuad): zoom ``z`` has 2^z columns from the west and 2^z rows from the
north. A place belongs to the one tile whose half-open square it lies in: west and north edges are the tile's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.contrib.gis.db.models.functions import Transform
from django.contrib.gis.geos import Polygon
from django.db.models import Func, TextField, Value

from geodata.crs import STORED_SRID
from gridmap.problems import NotFound

MERCATOR_SRID = 3857
EXTENT = 4096
"""Units along the side of a tile; positions in it are whole ones, x to the east and y to the south."""
BUFFER = 64
"""Units of the neighbours' ground that shapes are drawn into, so that their outlines meet."""
QUADKEY_ZOOM = 30
"""A quadkey names a tile of this zoom: the bits of its row and column by turns, the row's first."""


@dataclass(frozen=True)
class Tile:
    """One tile of one zoom."""

    z: int
    x: int
    y: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees."""
        return _lon(self.x, self.z), _lat(self.y + 1, self.z), _lon(self.x + 1, self.z), _lat(self.y, self.z)

    @property
    def quadkeys(self) -> tuple[int, int]:
        """The first and the last quadkey of places in this tile: no other tile of its zoom has any of them."""
        first = 0
        for bit in range(self.z):
            first |= (self.x >> bit & 1) << (2 * bit) | (self.y >> bit & 1) << (2 * bit + 1)
        below = 2 * (QUADKEY_ZOOM - self.z)
        return first << below, (first + 1 << below) - 1


def tile_at(z: int, x: int, y: int, *, maxzoom: int) -> Tile:
    """The tile with these numbers; raises :class:`NotFound` where there is none."""
    if z > maxzoom:
        raise NotFound(f"本图层到第 {maxzoom} 级为止，没有第 {str(z)[:6]} 级 (no tiles beyond zoom {maxzoom})")
    if max(x, y) >= 2**z:
        raise NotFound(f"第 {z} 级的列和行是 0 到 {2**z - 1} (no such column or row at zoom {z})")
    return Tile(z, x, y)


def _lon(column: int, z: int) -> float:
    return column / 2.0**z * 360 - 180


def _lat(row: int, z: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2.0**z))))


def ground(tile: Tile) -> Polygon:
    """What shapes have to touch to be seen on a tile: its box in stored degrees, and its buffer around it."""
    west, south, east, north = tile.box
    more, higher = (east - west) * BUFFER / EXTENT, (north - south) * BUFFER / EXTENT * 2
    box = Polygon.from_bbox((west - more, south - higher, east + more, north + higher))
    box.srid = STORED_SRID
    return box


def shape_on(tile: Tile, geometry: str) -> Func:
    """A stored shape in a tile's units, cut off at its buffer; null where nothing of it is left."""
    return Func(
        Transform(geometry, MERCATOR_SRID),
        Func(Value(tile.z), Value(tile.x), Value(tile.y), function="ST_TileEnvelope"),
        Value(EXTENT),
        Value(BUFFER),
        function="ST_AsMVTGeom",
        # As a field of geometries Django would ask for its bytes.
        output_field=TextField(),
    )


def place_on(tile: Tile, lon: str, lat: str) -> str:
    """SQL for a point of the tile in the tile's units; ``lon`` and ``lat`` are SQL for stored degrees.

    By arithmetic, as EPSG:3857 is defined, and rounded to the north-west: MapLibre leaves out points that lie at
    the extent itself, since the next tile has them too. A rounding error is kept within the tile.
    """
    east = _unit(f"({lon} + 180) / 360", tile.x, tile.z)
    south = _unit(f"(1 - asinh(tan(radians({lat}))) / pi()) / 2", tile.y, tile.z)
    return f"ST_MakePoint({east}, {south})"


def _unit(share: str, first: int, z: int) -> str:
    """The unit of a tile, by where a place lies on the whole map, from 0 to 1."""
    return f"least({EXTENT - 1}, greatest(0, floor(({share} * {2**z}::float8 - {first}) * {EXTENT})))"
