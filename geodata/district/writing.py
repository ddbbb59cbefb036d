"""Write the demonstration district: UTF-8 CSV sorted by its key, GeoJSON with one feature a line."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.district.ground import District
from geodata.district.rows import Registry

SCHEMATIC = "示意 schematic: invented geometry, not an official boundary"


def write(out: Path, district: District, registry: Registry) -> list[Path]:
    """Write all files into `out`, made if it is missing; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [_table(out / f"{table.name}.csv", getattr(registry, table.name)) for table in dataclasses.fields(registry)]
    grids = (({"code": grid.code}, grid.polygon) for grid in sorted(district.grids, key=lambda grid: grid.code))
    rivers = (({"name": name}, line) for name, line in district.rivers)
    return [*paths, _features(out / "grids.geojson", grids), _features(out / "rivers.geojson", rivers)]


def _table(path: Path, rows: Sequence[Any]) -> Path:
    columns = [column.name for column in dataclasses.fields(rows[0])]
    cells = sorted([_cell(getattr(row, column)) for column in columns] for row in rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cells)
    return path


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _features(path: Path, features: Iterable[tuple[dict[str, str], BaseGeometry]]) -> Path:
    lines = [
        json.dumps(
            {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for properties, geometry in features
    ]
    head = f'{{"type":"FeatureCollection","schematic":{json.dumps(SCHEMATIC, ensure_ascii=False)},"features":[\n'
    path.write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    return path
