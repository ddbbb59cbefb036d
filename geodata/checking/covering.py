"""Areas of one level cover their ground once: no overlaps, no gaps.

Everything is cut in degrees, where the corners that neighbours share are the same bits; only what is left over is
measured in metres. Two neighbours whose lines agree edge for edge are seen to agree without being cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.areas import Shapes
from geodata.checking.coding import same_shapes
from geodata.checking.faces import faces_of
from geodata.checking.findings import SNAP, Finding, Kind, Severity, Tolerances, snapped_words
from geodata.checking.ground import Ground, in_metres, m2, no_wider_than, polygonal

# About a tenth of a millimetre: what lies beside a hole touches it up to this.
TOUCHING_DEGREES = 1e-9


def check_overlaps(ground: Ground, tolerances: Tolerances) -> Iterator[Finding]:
    """Every two areas of a level that hold the same ground."""
    twins = set(same_shapes(ground))
    for level in ground.levels:
        rows = np.array([row for row in ground.at(level).tolist() if row not in twins], dtype=np.int64)
        shapes = ground.sound[rows]
        one, other = _neighbours(shapes, ground.mismatched[rows])
        shared = polygonal(shapely.intersection(shapes[one], shapes[other]))
        ground_m2 = m2(shared)
        over = ground_m2 > tolerances.m2
        narrow = no_wider_than(tolerances.snap_m, in_metres(shared[over]))
        for first, second, piece, size, thin in zip(
            rows[one[over]], rows[other[over]], shared[over], ground_m2[over], narrow, strict=True
        ):
            yield _overlap(ground, int(first), int(second), piece, float(size), bool(thin), tolerances)


def _neighbours(shapes: Shapes, faulty: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that touch and are not known to agree, each once."""
    suspects = np.flatnonzero(faulty)
    if not len(suspects):
        return suspects, suspects
    found, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    one = suspects[found]
    # Two suspects find each other.
    kept = (one < other) | ((one > other) & ~faulty[other])
    return one[kept], other[kept]


def _overlap(
    ground: Ground, first: int, second: int, piece: BaseGeometry, size: float, thin: bool, tolerances: Tolerances
) -> Finding:
    codes = ground.areas.codes
    if codes[second] < codes[first]:
        first, second = second, first
    sentence = f"{ground.title(first)}：与 {ground.title(second)} 重叠 {size:,.1f} 平方米{snapped_words(thin, tolerances)} (overlap)"
    return Finding(
        Kind.OVERLAP,
        Severity.ERROR,
        codes[first],
        sentence,
        other=codes[second],
        row=int(ground.areas.rows[first]),
        place=piece,
        measure=size,
        repair=SNAP if thin else "",
    )


def check_holes(ground: Ground, level: int, tolerances: Tolerances) -> Iterator[Finding]:
    """Ground that areas of a level surround and none of them holds, where nothing says how far their ground goes."""
    rows = ground.at(level)
    shapes = ground.sound[rows]
    yield from gaps_of(ground, rows, faces_of(shapes).holes, "", tolerances)


def check_filled(
    ground: Ground, above: dict[int, str], outlines: dict[str, BaseGeometry], tolerances: Tolerances
) -> Iterator[Finding]:
    """Ground of an area above that none of its children holds.

    `above`: the code of the area above, by row; `outlines`: its polygon by code.
    """
    groups: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for row, code in above.items():
        groups[int(ground.level[row]), code].append(row)
    for level in ground.levels:
        rows = ground.at(level)
        parents = sorted(code for at, code in groups if at == level)
        unions = np.array([_union(ground, groups[level, code]) for code in parents], dtype=object)
        drawn = np.array([outlines[code] for code in parents], dtype=object)
        for code, left in zip(parents, _left(drawn, unions), strict=True):
            pieces = shapely.get_parts(_not_held(ground.sound[rows], left)) if not left.is_empty else np.array([])
            yield from gaps_of(ground, np.array(groups[level, code]), pieces, code, tolerances)


def _union(ground: Ground, rows: list[int]) -> BaseGeometry:
    """The ground of children as one; those that agree with their neighbours are only put together."""
    shapes = ground.sound[rows]
    if ground.mismatched[rows].any():
        return faces_of(shapes).whole
    made: BaseGeometry = shapely.coverage_union_all(shapes)
    return made


def _left(outlines: Shapes, unions: Shapes) -> Shapes:
    """What of each outline is left; those that are the same to begin with are not cut."""
    left = np.full(len(outlines), shapely.Polygon(), dtype=object)
    if len(outlines):
        some = ~shapely.covers(unions, outlines)
        left[some] = polygonal(shapely.difference(outlines[some], unions[some]))
    return left


def _not_held(shapes: Shapes, left: BaseGeometry) -> BaseGeometry:
    """What of some ground no area at all holds, be it another's child."""
    holders = shapes[shapely.intersects(shapes, left)]
    if not len(holders):
        return left
    made: BaseGeometry = polygonal(np.array([shapely.difference(left, shapely.union_all(holders))], dtype=object))[0]
    return made


def gaps_of(
    ground: Ground, rows: NDArray[np.int64], pieces: Shapes, code: str, tolerances: Tolerances
) -> Iterator[Finding]:
    """A finding for each piece of ground that is larger than the tolerance; `code` is the area above, "" for none."""
    if not len(pieces):
        return
    sizes = m2(pieces)
    pieces, sizes = pieces[sizes > tolerances.m2], sizes[sizes > tolerances.m2]
    if not len(pieces):
        return
    narrow = no_wider_than(tolerances.snap_m, in_metres(pieces))
    tree = shapely.STRtree(ground.sound[rows])
    for piece, size, thin in zip(pieces, sizes, narrow, strict=True):
        touching = rows[np.unique(tree.query(piece, predicate="dwithin", distance=TOUCHING_DEGREES))]
        beside = sorted(touching.tolist(), key=lambda row: str(ground.areas.codes[row]))
        codes = [ground.areas.codes[row] for row in beside]
        near = f"，挨着 {'、'.join(codes[:3])}{' 等' if len(codes) > 3 else ''}" if codes else ""
        where = f"{code} 内" if code else "区域之间"
        sentence = f"{where}有 {size:,.1f} 平方米不属于任何下级{near}{snapped_words(bool(thin), tolerances)} (gap)"
        if not code:
            sentence = sentence.replace("任何下级", "任何区域")
        named = [one for one in (code, *codes) if one]
        yield Finding(
            Kind.GAP,
            Severity.ERROR,
            named[0] if named else "",
            sentence,
            other=named[1] if len(named) > 1 else "",
            row=int(ground.areas.rows[beside[0]]) if beside else None,
            place=piece,
            measure=float(size),
            repair=SNAP if thin else "",
        )
