"""A letter of demand as a page to print, with a drawing of the place: no map server, no script."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.crs import metres_srid, to_metres

WIDTH, HEIGHT = 640, 420
# Metres about the place, from side to side.
ACROSS_M = 800.0
# A name is written where it has room: not at the edge of the drawing, and where enough of the area is seen.
MARGIN, ROOM = 80, 9_000


def drawing(lon: float, lat: float, shapes: list[tuple[str, BaseGeometry]]) -> dict[str, Any]:
    """The ground about a place, north up, for an SVG of ``WIDTH`` by ``HEIGHT``: paths and names of areas, a scale.

    ``shapes``: names and polygons in CGCS2000 degrees. A name is "" where there is no room for it.
    """
    srid = metres_srid(lon, lat)
    ((east,), (north,)) = to_metres(np.array([lon]), np.array([lat]), srid)
    per_metre = WIDTH / ACROSS_M

    def placed(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = to_metres(xy[:, 0], xy[:, 1], srid)
        return np.column_stack([WIDTH / 2 + (x - east) * per_metre, HEIGHT / 2 - (y - north) * per_metre])

    window = shapely.box(0, 0, WIDTH, HEIGHT)
    areas = []
    for name, shape in shapes:
        seen = shapely.intersection(shapely.transform(shape, placed), window)
        if not seen.is_empty:
            inside = seen.representative_point()
            room = seen.area > ROOM and MARGIN < inside.x < WIDTH - MARGIN and 16 < inside.y < HEIGHT - 16
            here = bool(seen.intersects(shapely.Point(WIDTH / 2, HEIGHT / 2)))
            named = {"name": name if room or here else "", "here": here}
            areas.append(named | {"path": _path(seen), "x": round(inside.x), "y": round(inside.y)})
    return {"width": WIDTH, "height": HEIGHT, "areas": areas, "hundred_m": round(100 * per_metre)}


def _path(shape: BaseGeometry) -> str:
    rings = shapely.get_rings(shapely.get_parts(shape))
    drawn = (" L".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(ring)) for ring in rings)
    return " ".join(f"M{corners}Z" for corners in drawn)
