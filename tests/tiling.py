"""Tiles as tests look at them: decoded, and their positions as degrees again."""

from __future__ import annotations

import math
from typing import Any

import mapbox_vector_tile
from django.test import Client

from gridmap.features.tile import EXTENT, Tile

Feature = dict[str, Any]


def path(layer: str, tile: Tile) -> str:
    return f"/tiles/{layer}/{tile.z}/{tile.x}/{tile.y}.mvt"


def features(client: Client, layer: str, tile: Tile, **query: str) -> list[Feature]:
    """The features of a tile, y to the south as they are sent."""
    response = client.get(path(layer, tile), query)
    assert response.status_code in (200, 204), response.content.decode()
    assert (response.status_code == 204) == (response.content == b"")
    return decoded(response.content, layer)


def decoded(body: bytes, layer: str) -> list[Feature]:
    if not body:
        return []
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    assert list(layers) == [layer]
    assert layers[layer]["extent"] == EXTENT
    found: list[Feature] = layers[layer]["features"]
    return found


def share(lon: float, lat: float) -> tuple[float, float]:
    """Where a place lies on the whole map, from 0 at the north-west to 1: EPSG:3857 as its definition says it."""
    metres = 6378137.0
    x = metres * math.radians(lon)
    y = metres * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    half = math.pi * metres
    return (x + half) / (2 * half), (half - y) / (2 * half)


def tile_of(lon: float, lat: float, z: int) -> Tile:
    """The tile of a zoom that a place lies in."""
    x, y = share(lon, lat)
    return Tile(z, math.floor(x * 2**z), math.floor(y * 2**z))


def units(lon: float, lat: float, tile: Tile) -> tuple[float, float]:
    """Where a place lies on a tile, in its units."""
    x, y = share(lon, lat)
    return (x * 2**tile.z - tile.x) * EXTENT, (y * 2**tile.z - tile.y) * EXTENT
