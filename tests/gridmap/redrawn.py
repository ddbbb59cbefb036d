"""The demonstration district redrawn: one split, one merge, one moved line, one new name, and defects on demand.

``redrawn(defects=True)`` gives the areas of a new edition, as a file with second-level grids only would; ``part`` a
file of one town; ``write_geojson`` writes such areas for whoever reads a file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from geodata.areas import Areas

DISTRICT, TOWN = "360702", "360702003"
FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "district"
COUNTS = ("households", "residents", "enterprises", "party_members")

# Cut in two by a line; the smaller half is a grid of its own.
SPLIT, SPLIT_NEW = "360702003005002", "360702003005008"
# One grid of the two: MERGED_AWAY, where three cases of the demonstration are open, is gone.
MERGED_INTO, MERGED_AWAY = "360702001001002", "360702001001001"
# Ground of the one becomes the other's; they are of two communities, so that the communities' line moves too.
HANDED_FROM, HANDED_TO = "360702002003003", "360702002004003"
RENAMED, NEW_NAME = "360702003001001", "换了名称的网格"
# The defects: a spike on the outline, a corner some 20 cm over the neighbour's line, a code of no community.
SPIKED, OVER_THE_LINE, MISCODED, WRONG_CODE = (
    "360702004001001",
    "360702005001001",
    "360702006001001",
    "360702996001001",
)
SPIKE_DEGREES, OVER_DEGREES = 0.00005, 0.000002


@cache
def grids() -> dict[str, shapely.Polygon]:
    """The second-level grids of the fixtures by code, CGCS2000 degrees."""
    features = json.loads((FOLDER / "grids.geojson").read_text(encoding="utf-8"))["features"]
    return {it["properties"]["code"]: shapely.from_geojson(json.dumps(it["geometry"])) for it in features}


@cache
def described() -> dict[str, dict[str, str]]:
    """What the fixtures say of each area, by code."""
    with (FOLDER / "areas.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def changed() -> dict[str, shapely.Polygon]:
    """The grids after one split, one merge and one moved line; every line is still shared to the last bit."""
    shapes = dict(grids())
    shapes[SPLIT], shapes[SPLIT_NEW] = _halves(shapes[SPLIT])
    merged = shapely.coverage_union_all([shapes[MERGED_INTO], shapes.pop(MERGED_AWAY)])
    shapes[MERGED_INTO] = _one(merged)
    shapes[HANDED_FROM], strip = _strip(shapes[HANDED_FROM], shapes[HANDED_TO])
    shapes[HANDED_TO] = _one(shapely.coverage_union_all([shapes[HANDED_TO], strip]))
    return shapes


def redrawn(*, defects: bool = False, below: str = DISTRICT) -> Areas:
    """The redrawn grids as a file would give them, those below an area only if one is named."""
    shapes = changed()
    if defects:
        shapes[SPIKED] = _spiked(shapes[SPIKED])
        shapes[OVER_THE_LINE] = _over_the_line(shapes[OVER_THE_LINE], shapes)
        shapes[WRONG_CODE] = shapes.pop(MISCODED)
    return areas({code: shape for code, shape in sorted(shapes.items()) if code.startswith(below)})


def areas(shapes: dict[str, shapely.Geometry]) -> Areas:
    """Areas of such shapes, described as the fixtures do and for the split, the merge and the new name anew."""
    said = [_said(code) for code in shapes]
    drawn = np.empty(len(shapes), dtype=object)
    drawn[:] = list(shapes.values())
    table = pd.DataFrame([{field: row[field] for field in ("kind", *COUNTS, "size_waiver")} for row in said])
    return Areas(
        np.array(list(shapes), dtype=object),
        np.array([row["name"] for row in said], dtype=object),
        drawn,
        np.arange(1, len(shapes) + 1),
        table,
        "redrawn.geojson",
    )


def write_geojson(path: Path, drawn: Areas) -> Path:
    """The areas as a GeoJSON file with the properties code, name, kind, counts and size_waiver."""
    features = []
    for position, code in enumerate(drawn.codes):
        row = drawn.table.iloc[position]
        properties = {"code": code, "name": drawn.names[position], "kind": row["kind"]}
        properties |= {count: None if pd.isna(row[count]) else int(row[count]) for count in COUNTS}
        properties["size_waiver"] = row["size_waiver"]
        shape = drawn.shapes[position]
        geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def _said(code: str) -> dict[str, object]:
    known = described()
    said: dict[str, object] = dict(known[{SPLIT_NEW: SPLIT, WRONG_CODE: MISCODED}.get(code, code)])
    said |= {count: int(str(said[count])) for count in COUNTS}
    if code in (SPLIT, SPLIT_NEW):
        part = 3 if code == SPLIT else 2
        said |= {count: int(known[SPLIT][count]) * part // 5 for count in COUNTS}
        said["size_waiver"] = "按路分开管理"
    if code == SPLIT_NEW:
        said["name"] = "南外街道示范05社区第8网格"
    if code == MERGED_INTO:
        said |= {count: int(known[code][count]) + int(known[MERGED_AWAY][count]) for count in COUNTS}
        said["size_waiver"] = "同一小区，合并管理"
    if code == RENAMED:
        said["name"] = NEW_NAME
    return said


def _halves(shape: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon]:
    """Cut in two from corner to corner, as evenly as a straight line can; the larger part first."""
    first, second = max(_cuts(shape), key=lambda parts: min(part.area for part in parts))
    return (first, second) if first.area >= second.area else (second, first)


def _strip(shape: shapely.Polygon, neighbour: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon]:
    """What is left of a shape, and about a fifth of it along all of its line with the neighbour."""
    line = shapely.intersection(shape, neighbour)
    pieces = [(rest, piece) for cut in _cuts(shape) for rest, piece in (cut, cut[::-1]) if piece.covers(line)]
    return min(pieces, key=lambda parts: abs(parts[1].area / shape.area - 0.2))


def _cuts(shape: shapely.Polygon) -> Iterator[tuple[shapely.Polygon, shapely.Polygon]]:
    """Both parts for every straight line between two corners that runs inside."""
    ring = shapely.get_coordinates(shape.exterior)[:-1]
    for i in range(len(ring)):
        for j in range(i + 2, len(ring)):
            chord = shapely.LineString([ring[i], ring[j]])
            if shape.contains(chord) and chord.crosses(shape.boundary) is False:
                parts = (shapely.Polygon(ring[i : j + 1]), shapely.Polygon([*ring[j:], *ring[: i + 1]]))
                if all(part.is_valid and part.area > 0 for part in parts):
                    yield parts


def _one(shape: shapely.Geometry) -> shapely.Polygon:
    (polygon,) = shapely.get_parts(shape)
    assert isinstance(polygon, shapely.Polygon)
    # Joined polygons come clockwise.
    return shapely.orient_polygons(polygon)


def _spiked(shape: shapely.Polygon) -> shapely.Polygon:
    """The outline runs out of its westernmost corner and back."""
    ring = shapely.get_coordinates(shape.exterior)
    at = int(ring[:-1, 0].argmin())
    spike = ring[at] - [SPIKE_DEGREES, 0]
    return shapely.Polygon([*ring[: at + 1], spike, *ring[at:]])


def _over_the_line(shape: shapely.Polygon, shapes: dict[str, shapely.Polygon]) -> shapely.Polygon:
    """A corner that only one neighbour shares is moved into that neighbour."""
    ring = shapely.get_coordinates(shape.exterior)
    others = [other for other in shapes.values() if other is not shape]
    for at in range(1, len(ring) - 1):
        sharing = [other for other in others if other.intersects(shapely.Point(ring[at]))]
        if len(sharing) == 1:
            away = ring[at] - shapely.get_coordinates(shape.centroid)[0]
            ring[at] += away / np.hypot(*away) * OVER_DEGREES
            return shapely.Polygon(ring)
    raise AssertionError("no corner between two grids only")
