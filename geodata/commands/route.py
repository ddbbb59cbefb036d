"""``python -m geodata route``: for each row of a file of points, the area it lies in."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from geodata.areas import Areas, Shapes
from geodata.cluster import by_threads, by_workers
from geodata.commands.numbers import between
from geodata.crs import COORDINATE_SYSTEMS
from geodata.points import FORMATS, Chunk, Source, open_points, writing
from geodata.points.text import ENCODINGS
from geodata.reading import assumed_of, read_areas, read_shapes
from geodata.replacing import refuse_own_input
from geodata.routing import METHODS, REACH_M, Decided, Rules, lines_of


def add_route(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "route",
        help="name the area of every point in a file",
        description="Write a file with one row for each row of POINTS, in the same order: its own columns as they are, "
        "then code, method (within, edge, nearest, unrouted), distance_m, candidates and reason. "
        f"Formats of points by what the name ends in: {' '.join(FORMATS)}.",
    )
    command.add_argument("--areas", type=Path, required=True, help="polygons with a code each")
    command.add_argument("--code-field", help="their column of codes, if its name is not a common one")
    command.add_argument("--areas-coord", help="their coordinate system, if the file does not say; GeoJSON: wgs84")
    command.add_argument("--points", type=Path, required=True, help="the file of points")
    command.add_argument("--lon", help="column of longitudes (CSV, Parquet)")
    command.add_argument("--lat", help="column of latitudes (CSV, Parquet)")
    command.add_argument("--encoding", choices=ENCODINGS, help="of CSV, if it is not to be found out")
    command.add_argument("--layer", help="of a GeoPackage with several")
    command.add_argument("--coord", required=True, choices=COORDINATE_SYSTEMS, help="the points' coordinate system")
    command.add_argument("--out", type=Path, required=True, help="the file to write; replaced at the end if it exists")
    command.add_argument("--prefix", default="", help="before the names of the added columns, such as route_")
    command.add_argument(
        "--parents", type=Path, help="areas of the level above: the nearest is not sought outside them"
    )
    command.add_argument("--parents-code-field", help="their column of codes, if its name is not a common one")
    command.add_argument("--rivers", type=Path, help="lines the nearest area is not sought across")
    command.add_argument(
        "--reach",
        type=between(0, 10_000, "metres"),
        default=REACH_M,
        metavar="M",
        help="how far the nearest may be (200)",
    )
    command.add_argument("--no-distance", action="store_true", help="leave distance_m empty for points within: quicker")
    by = command.add_mutually_exclusive_group()
    by.add_argument("--threads", type=_count, default=1, metavar="N", help="work on so many chunks side by side")
    by.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that is to do the work")
    command.set_defaults(run=_route)


def _route(options: argparse.Namespace) -> int:
    refuse_own_input("--out", options.out, (options.points, options.areas, options.parents, options.rivers))
    coord = options.areas_coord
    rules = Rules(
        _areas(options.areas, coord, options.code_field),
        parents=_areas(options.parents, coord, options.parents_code_field) if options.parents else None,
        rivers=_rivers(options.rivers, coord) if options.rivers else None,
        reach_m=options.reach,
        measured=not options.no_distance,
    )
    source = open_points(
        options.points, lon=options.lon, lat=options.lat, encoding=options.encoding, layer=options.layer
    )
    methods: Counter[str] = Counter()
    with (
        writing(options.out, source, coord=options.coord, prefix=options.prefix) as sink,
        tqdm(unit=" rows", unit_scale=True, disable=None) as bar,  # shown on a terminal only
    ):
        for chunk, decided in _decided(rules, source, options):
            sink.write(chunk, decided)
            methods.update(decided.method.tolist())
            _advance(bar, source, len(chunk))
    told = "，".join(f"{method} {methods[method]}" for method in METHODS)
    print(f"{options.out} 共 {methods.total()} 行：{told} ({methods.total()} rows written)", file=sys.stderr)
    return 0


def _decided(rules: Rules, source: Source, options: argparse.Namespace) -> Iterator[tuple[Chunk, Decided]]:
    chunks = source.chunks()
    if options.scheduler:
        answers = by_workers(rules, chunks, options.coord, options.scheduler)
    else:
        answers = by_threads(rules, chunks, options.coord, options.threads)
    for chunk, decided in answers:
        if chunk.reason is not None:
            known = chunk.reason != ""
            decided.reason[known] = chunk.reason[known]
        yield chunk, decided


def _advance(bar: tqdm[Any], source: Source, rows: int) -> None:
    """How many rows there will be is known by how much of the file these rows took."""
    share = source.share_read()
    if share > 0:
        bar.total = round((bar.n + rows) / share)
    bar.update(rows)


def _areas(path: Path, coord: str | None, code_field: str | None) -> Areas:
    return read_areas(path, coord=coord, assumed=assumed_of(path), code_field=code_field)


def _rivers(path: Path, coord: str | None) -> Shapes:
    return lines_of(read_shapes(path, coord=coord, assumed=assumed_of(path)), path.name)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError("from 1 to 256")
    return number
