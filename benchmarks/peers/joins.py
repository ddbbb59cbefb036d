"""What others do to put points into polygons: geopandas.sjoin and SedonaDB, with the same answer as ours.

A join gives a point on a shared line several times; the rule is the lowest code. Areas are numbered in the order of
their codes, so that the lowest number is taken: only if there are several for GeoPandas, by GROUP BY for SedonaDB.
"""

from __future__ import annotations

from collections.abc import Callable

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import sedonadb
from numpy.typing import NDArray

from geodata.areas import Shapes
from geodata.crs import STORED_SRID

Answers = NDArray[np.int64]

COVERING = """
    SELECT points.number, min(areas.area) AS area
    FROM points JOIN areas ON ST_Intersects(areas.geometry, points.geometry) GROUP BY points.number
"""


def geopandas_join(shapes: Shapes, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Callable[[], Answers]:
    """A call of sjoin on points made beforehand; answers an area's number or -1 for each point."""
    areas = geopandas.GeoDataFrame(geometry=shapes, crs=STORED_SRID)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat, crs=STORED_SRID))

    def join() -> Answers:
        found = geopandas.sjoin(points, areas, how="left", predicate="intersects")["index_right"]
        if len(found) > len(points):
            found = found.groupby(level=0).min()
        return found.fillna(-1).to_numpy(dtype=np.int64)

    return join


def sedonadb_join(shapes: Shapes, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Callable[[], Answers]:
    """The same by SQL in one partition, on points made beforehand."""
    engine = sedonadb.connect()
    engine.sql("SET datafusion.execution.target_partitions = 1").execute()
    numbered = pd.DataFrame({"area": np.arange(len(shapes))})
    areas = geopandas.GeoDataFrame(numbered, geometry=shapes, crs=STORED_SRID)
    numbers = pd.DataFrame({"number": np.arange(len(lon))})
    points = geopandas.GeoDataFrame(numbers, geometry=geopandas.points_from_xy(lon, lat, crs=STORED_SRID))
    engine.create_data_frame(areas).to_view("areas")
    engine.create_data_frame(points).to_view("points")

    def join() -> Answers:
        found = pa.table(engine.sql(COVERING))
        answers = np.full(len(lon), -1, dtype=np.int64)
        answers[found["number"].to_numpy()] = found["area"].to_numpy()
        return answers

    return join
