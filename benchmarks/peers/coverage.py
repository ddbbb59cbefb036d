"""What people write in GeoPandas to see whether areas cover their ground once: every two that overlap, every hole."""

from __future__ import annotations

from collections.abc import Callable

import geopandas
import numpy as np
import shapely

from geodata.areas import Shapes, Texts
from geodata.crs import METRES_SRID, STORED_SRID

LET_PASS_M2 = 1.0


def geopandas_check(codes: Texts, shapes: Shapes) -> Callable[[], tuple[set[tuple[str, str]], int]]:
    """A check ready to be run: the pairs of codes that overlap by more than LET_PASS_M2, and how many holes are larger.

    `sjoin` finds who touches whom, pair by pair they are cut with each other, and the holes are those of their union.
    """
    frame = geopandas.GeoDataFrame({"code": codes}, geometry=shapes, crs=STORED_SRID)

    def run() -> tuple[set[tuple[str, str]], int]:
        valid = frame.geometry.is_valid
        if not valid.all():
            raise ValueError(f"{int((~valid).sum())} invalid polygons")
        flat = frame.to_crs(METRES_SRID)
        pairs = geopandas.sjoin(flat, flat, predicate="intersects")
        pairs = pairs[pairs["code_left"] < pairs["code_right"]]
        beside = flat.geometry.iloc[pairs["index_right"].to_numpy()]
        shared = pairs.geometry.intersection(beside, align=False).area.to_numpy()
        over = pairs[shared > LET_PASS_M2]
        whole = shapely.get_parts(flat.union_all())
        rings = [ring for part in whole for ring in part.interiors]
        holes = int((shapely.area(shapely.polygons(rings)) > LET_PASS_M2).sum()) if rings else 0
        return set(zip(over["code_left"], over["code_right"], strict=True)), holes

    return run


def with_faults(shapes: Shapes, share: float) -> Shapes:
    """The same areas, but that share of them grown or shrunk by a twentieth about their centres, the same each time."""
    random = np.random.default_rng(4)
    factor = np.where(random.random(len(shapes)) < share, random.choice([0.95, 1.05], len(shapes)), 1.0)
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    moved = centres[owners] + (places - centres[owners]) * factor[owners, None]
    made: Shapes = shapely.set_coordinates(shapes.copy(), np.where(factor[owners, None] == 1, places, moved))
    return made
