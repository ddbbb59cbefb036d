"""Points in Parquet, and in the layers of GeoJSON and GeoPackage; all of it by way of pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from geodata.points.rows import AT_ONCE, Chunk, Floats, PointsRefused, arrow, place
from geodata.reading.drivers import only_these_drivers

NO_POINT = "几何不是点 (its geometry is not a point)"
UNREADABLE = (DataSourceError, DataLayerError, FeatureError, GeometryError)
SQLITE = b"SQLite format 3\0"


class ParquetSource:
    """A Parquet file. `lon`, `lat`: names of columns of numbers, or of text that reads as numbers. Raises PointsRefused."""

    def __init__(self, path: Path, *, lon: str, lat: str) -> None:
        self.path = path
        arrow("Parquet")
        import pyarrow.parquet as parquet

        try:
            self._file = parquet.ParquetFile(path)
        except (OSError, ValueError) as error:
            raise PointsRefused(f"{path.name} 不是 Parquet 文件：{error} (not Parquet)") from None
        self.schema = self._file.schema_arrow
        self.columns = list(self.schema.names)
        self._lon, self._lat = place(self.columns, lon, path), place(self.columns, lat, path)
        self._rows, self._read = self._file.metadata.num_rows, 0

    def chunks(self) -> Iterator[Chunk]:
        """All rows; see Source."""
        pa = arrow("Parquet")
        for batch in (
            self._file.iter_batches(batch_size=AT_ONCE) if self._rows else self.schema.empty_table().to_batches()
        ):
            table = pa.Table.from_batches([batch], self.schema)
            self._read += len(table)
            yield Chunk(self._numbers(table, self._lon), self._numbers(table, self._lat), table)

    def share_read(self) -> float:
        """See Source."""
        return float(self._read / max(self._rows, 1))

    def table(self, chunk: Chunk) -> Any:
        """See Source."""
        return chunk.rows

    def _numbers(self, table: Any, column: int) -> Floats:
        values = table.column(column).to_pandas()
        try:
            return np.array(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            return np.array([_number(value) for value in values], dtype=np.float64)


class LayerSource:
    """A layer of points in GeoJSON (``.geojson``, ``.json``, or a feature a line) or GeoPackage.

    `layer`: its name, needed where there are several. Only these two formats are opened, and only as local files.
    Raises PointsRefused, also for a layer in projected coordinates.
    """

    def __init__(self, path: Path, *, layer: str | None = None) -> None:
        self.path = path
        arrow("GeoJSON, GeoPackage")
        _refuse_disguised(path)
        only_these_drivers()
        try:
            layers = [str(name) for name, _ in pyogrio.list_layers(path)]
            self._layer = _chosen(layers, layer, path)
            told = pyogrio.read_info(path, layer=self._layer, force_feature_count=True)
        except UNREADABLE as error:
            raise PointsRefused(f"{path.name} 无法读取：{error} (cannot be read)") from None
        _refuse_projected(told["crs"], path)
        self.columns = [str(name) for name in told["fields"]]
        self._rows, self._read = int(told["features"]), 0

    def chunks(self) -> Iterator[Chunk]:
        """All rows; see Source."""
        pa = arrow("GeoJSON, GeoPackage")
        options = {"layer": self._layer, "batch_size": AT_ONCE, "use_pyarrow": True}
        try:
            with pyogrio.open_arrow(self.path, **options) as (told, batches):
                geometry = told["geometry_name"] or "wkb_geometry"
                for batch in batches if self._rows else batches.schema.empty_table().to_batches():
                    table = pa.Table.from_batches([batch], batches.schema)
                    self._read += len(table)
                    yield _chunk(table, geometry)
        except (*UNREADABLE, pa.ArrowException) as error:
            raise PointsRefused(f"{self.path.name} 第 {self._read} 行之后无法读取：{error} (cannot be read)") from None

    def share_read(self) -> float:
        """See Source."""
        return float(self._read / max(self._rows, 1))

    def table(self, chunk: Chunk) -> Any:
        """See Source."""
        return chunk.rows


def _chunk(table: Any, geometry: str) -> Chunk:
    shapes = shapely.from_wkb(table.column(geometry).to_numpy(zero_copy_only=False))
    # Not a point, or none: no coordinates.
    reason = np.where((shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes), NO_POINT, "").astype(object)
    return Chunk(shapely.get_x(shapes), shapely.get_y(shapes), table.drop_columns([geometry]), reason)


def _chosen(layers: list[str], layer: str | None, path: Path) -> str:
    if layer is not None and layer not in layers:
        raise PointsRefused(f"{path.name} 没有图层 {layer} (layers: {', '.join(layers)})")
    if layer is None and len(layers) != 1:
        raise PointsRefused(f"{path.name} 有 {len(layers)} 个图层，请用 --layer 指明 (layers: {', '.join(layers)})")
    return layer or layers[0]


def _refuse_disguised(path: Path) -> None:
    """GDAL goes by what is in a file; what is not what its name says might make it open something else."""
    with path.open("rb") as file:
        first = file.read(1 << 12)
    geopackage = path.suffix.lower() == ".gpkg"
    if geopackage and not first.startswith(SQLITE):
        raise PointsRefused(f"{path.name} 不是 GeoPackage 文件 (not a GeoPackage)")
    if not geopackage and not first.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e").startswith(b"{"):
        raise PointsRefused(f"{path.name} 不是 GeoJSON 文件 (not GeoJSON)")


def _refuse_projected(crs: str | None, path: Path) -> None:
    if not crs:
        return
    try:
        projected = not CRS.from_user_input(crs).is_geographic
    except CRSError:
        projected = True
    if projected:
        raise PointsRefused(f"{path.name} 的坐标系 {crs} 不是经纬度，请先转换 (not in degrees; convert it first)")


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")
