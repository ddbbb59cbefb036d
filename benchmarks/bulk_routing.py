"""A million points into 727 polygons: ours, geopandas.sjoin and SedonaDB, on one processor and with one answer.

Ours is given two columns of numbers; the peers are given points made beforehand, and their making is timed apart.
``district`` is uniform over the district's ground, ``box`` uniform over its bounding box (three fifths lie outside),
``clustered`` is thick about the grids' centres as reports are. GeoPandas asks GEOS and is exact, so its answers must be ours;
how far SedonaDB is off is counted, on points along lines too.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
from collections.abc import Callable
from functools import partial

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.database import ROOT
from benchmarks.measuring import Finding, Work, at_least, at_most, bytes_for, interleaved, memory, milliseconds
from benchmarks.peers.joins import geopandas_join, sedonadb_join
from geodata.areas import Shapes, Texts
from geodata.routing import Router

GRIDS = ROOT / "fixtures" / "district" / "grids.geojson"
POINTS, MANY_POINTS, ALONG_LINES = 1_000_000, 50_000_000, 10_000
MANY_AREAS, BENDS = 70_000, 5  # the district's grids have 39 vertices on average
CHECKED = 50_000
ROUNDS = 5
SPREAD = 0.002  # degrees about a grid's centre, some 200 m
BUDGETS = {"district": (40, 15), "box": (40, 15), "clustered": (25, 12)}

Points = NDArray[np.float64]


def run(_database_url: str) -> list[Finding]:
    """Ratios first, then memory and growth, each growth in turns with the small case."""
    everywhere = os.sched_getaffinity(0)
    codes, shapes = grids()
    places = _places(shapes)
    os.sched_setaffinity(0, {max(everywhere)})
    findings = [finding for name, points in places.items() for finding in _against_peers(name, points, codes, shapes)]
    findings += [_building(codes, shapes, places["district"]), *_along_lines(codes, shapes)]
    findings += _many_areas(codes, shapes, places["district"])
    above = memory("memory above 1 M clustered points", "benchmarks.bulk_routing", 100)
    findings += [_many_points(codes, shapes), above]
    os.sched_setaffinity(0, everywhere)
    return [*findings, *_threads(codes, shapes, places)]


def grids() -> tuple[Texts, Shapes]:
    features = json.loads(GRIDS.read_text())["features"]
    features.sort(key=lambda feature: feature["properties"]["code"])
    shapes: Shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return np.array([feature["properties"]["code"] for feature in features], dtype=object), shapes


def _places(shapes: Shapes, count: int = POINTS) -> dict[str, Points]:
    random = np.random.default_rng(1)
    west, south, east, north = shapely.total_bounds(shapes)
    box = random.uniform((west, south), (east, north), (count * 4, 2))
    ground = box[shapely.contains_xy(_prepared(shapely.coverage_union_all(shapes)), box[:, 0], box[:, 1])]
    centres = shapely.get_coordinates(shapely.point_on_surface(shapes))
    thick = centres[random.integers(0, len(centres), count)] + random.normal(0, SPREAD, (count, 2))
    return {"district": ground[:count], "box": box[:count], "clustered": thick}


def _prepared(shape: shapely.Geometry) -> shapely.Geometry:
    shapely.prepare(shape)
    return shape


def _columns(points: Points) -> tuple[Points, Points]:
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def _against_peers(name: str, points: Points, codes: Texts, shapes: Shapes) -> list[Finding]:
    lon, lat = _columns(points)
    router = Router.of(codes, shapes)
    sjoin, sedona = geopandas_join(shapes, lon, lat), sedonadb_join(shapes, lon, lat)
    ours = router.route(lon, lat).area
    if (ours != sjoin()).any():
        raise ValueError(f"{name}: geopandas.sjoin answers differently")
    off = int((ours != sedona()).sum())

    def with_build(_: int) -> None:
        Router.of(codes, shapes).route(lon, lat)

    works = {
        "ours": Work(lambda _: router.route(lon, lat), turns=3),
        "with build": Work(with_build),
        "sjoin": Work(lambda _: sjoin()),
        "SedonaDB": Work(lambda _: sedona()),
        "points": Work(lambda _: geopandas.points_from_xy(lon, lat)),
    }
    seconds = interleaved(works, rounds=ROUNDS)
    over_sjoin, over_sedona = BUDGETS[name]
    return [
        *(Finding(f"{name}: {work}", milliseconds(seconds[work])) for work in works),
        at_least(f"{name}: against sjoin", seconds["ours"], seconds["sjoin"], over_sjoin),
        at_least(f"{name}: against SedonaDB", seconds["ours"], seconds["SedonaDB"], over_sedona),
        at_least(f"{name}: with the index build, against sjoin", seconds["with build"], seconds["sjoin"], 8),
        Finding(f"{name}: answers unlike sjoin · SedonaDB", f"0 · {off}"),
    ]


def _building(codes: Texts, shapes: Shapes, points: Points) -> Finding:
    seconds = interleaved({"build": Work(lambda _: Router.of(codes, shapes))}, rounds=ROUNDS * 2)["build"]
    return Finding("index build", milliseconds(seconds), "< 300 ms", statistics.median(seconds) < 0.3)


def _along_lines(codes: Texts, shapes: Shapes) -> list[Finding]:
    """Middles of edges: seldom exactly on the line in doubles, and never far from it."""
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    middles = ((corners[1:] + corners[:-1]) / 2)[ring[1:] == ring[:-1]]
    points = np.random.default_rng(2).permutation(np.concatenate([np.unique(middles, axis=0), corners]))[:ALONG_LINES]
    lon, lat = _columns(points)
    ours = Router.of(codes, shapes).route(lon, lat).area
    off = [int((ours != join(shapes, lon, lat)()).sum()) for join in (geopandas_join, sedonadb_join)]
    return [
        Finding(f"{len(lon)} points on and along lines: unlike sjoin", str(off[0]), "0", off[0] == 0),
        Finding(f"{len(lon)} points on and along lines: unlike SedonaDB", str(off[1])),
    ]


def _many_areas(codes: Texts, shapes: Shapes, points: Points) -> list[Finding]:
    """As many points on as wide a ground, cut into 70,000 polygons: of few vertices, and of as many as our grids have."""
    bounds = shapely.total_bounds(shapes)
    cuts = {"plain": tessellation(bounds, bends=0), "bent": tessellation(bounds, bends=BENDS)}
    routers = {"few": Router.of(codes, shapes)}
    routers |= {name: Router.of([f"{number:05}" for number in range(len(cut))], cut) for name, cut in cuts.items()}
    lon, lat = _columns(points)
    for name, cut in cuts.items():
        if (
            geopandas_join(cut, lon[:CHECKED], lat[:CHECKED])()
            != routers[name].route(lon[:CHECKED], lat[:CHECKED]).area
        ).any():
            raise ValueError(f"{name}: geopandas.sjoin answers differently")

    def routing(name: str) -> Work:
        return Work(lambda _: routers[name].route(lon, lat))

    seconds = interleaved({name: routing(name) for name in routers}, rounds=ROUNDS * 2)
    return [
        at_most(
            f"{len(cut)} polygons of {shapely.get_num_coordinates(cut).mean():.0f} vertices against {len(codes)}, a point",
            seconds[name],
            seconds["few"],
            3,
        )
        for name, cut in cuts.items()
    ]


def tessellation(bounds: Points, *, bends: int) -> Shapes:
    """Voronoi cells; with bends, each edge is bent so many times on average, for both its neighbours alike."""
    random = np.random.default_rng(3)
    west, south, east, north = bounds.tolist()
    seeds = random.uniform((west, south), (east, north), (MANY_AREAS, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds)))
    cells = shapely.intersection(cells, shapely.box(west, south, east, north))
    if bends:
        # A cell as wide as high has six edges of 0.62 of its width.
        piece = 0.62 * (east - west) / np.sqrt(MANY_AREAS) / (bends + 1)
        bent = shapely.transform(shapely.segmentize(cells, piece * 1.2), partial(_moved, by=piece / 8))
        good = shapely.is_valid(bent)
        cells[good] = bent[good]
    return cells


def _moved(points: Points, by: float) -> Points:
    moved: Points = points + by * np.sin(points[:, ::-1] * 2 * np.pi / (by * 40))
    return moved


def _many_points(codes: Texts, shapes: Shapes) -> Finding:
    """Fifty million points in one call against fifty calls of a million, none of them in the processor's cache."""
    router = Router.of(codes, shapes)
    lon, lat = (np.tile(column, MANY_POINTS // POINTS) for column in _columns(_places(shapes)["district"]))

    def a_million(number: int) -> None:
        part = slice(number % 50 * POINTS, (number % 50 + 1) * POINTS)
        router.route(lon[part], lat[part])

    works = {"1 M": Work(a_million, turns=10), "50 M": Work(lambda _: router.route(lon, lat))}
    seconds = interleaved(works, rounds=3)
    ratio = statistics.median(seconds["50 M"]) / statistics.median(seconds["1 M"])
    return Finding("50 M points against 1 M", f"{ratio:.1f}× the time", "≤ 55×", ratio <= 55)


def memory_of_a_run() -> None:
    """Print the bytes that building the index and routing took above the points; for a process of its own."""
    codes, shapes = grids()
    centres = shapely.get_coordinates(shapely.point_on_surface(shapes))
    random = np.random.default_rng(1)
    points = centres[random.integers(0, len(centres), POINTS)] + random.normal(0, SPREAD, (POINTS, 2))
    lon, lat = _columns(points)
    print(bytes_for(lambda: Router.of(codes, shapes).route(lon, lat)))


def _threads(codes: Texts, shapes: Shapes, places: dict[str, Points]) -> list[Finding]:
    router = Router.of(codes, shapes)
    findings = [_second_processor()]
    for name, points in places.items():
        lon, lat = (np.tile(column, 4) for column in _columns(points))

        def routed(threads: int, lon: Points = lon, lat: Points = lat) -> Callable[[int], object]:
            return lambda _: router.route(lon, lat, threads=threads)

        seconds = interleaved({"one": Work(routed(1)), "two": Work(routed(2))}, rounds=ROUNDS * 3)
        findings.append(at_least(f"{name}: two threads against one", seconds["two"], seconds["one"], 1.6))
    return findings


def _second_processor() -> Finding:
    """What the machine gives at all: without a free second processor two threads cannot be quicker than one."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        works = {
            "one": Work(lambda _: [pool.apply(_counted) for _ in range(2)]),
            "two": Work(lambda _: pool.map(_counted, range(2), chunksize=1)),
        }
        seconds = interleaved(works, rounds=ROUNDS)
    return at_least(
        "two processes that only count against one: the machine's own", seconds["two"], seconds["one"], None
    )


def _counted(_: int = 0) -> int:
    return sum(range(10_000_000))
