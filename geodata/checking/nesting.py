"""Areas lie inside the area that their code says is above them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.checking.findings import SNAP, Finding, Kind, Severity, Tolerances, snapped_words
from geodata.checking.ground import LEVELS, Ground, in_metres, m2, no_wider_than, polygonal

# With more than this of its ground elsewhere, an area belongs elsewhere: its code is wrong, not its line.
ELSEWHERE_SHARE = 0.5


def outlines_above(ground: Ground, parents: Ground | None) -> dict[str, BaseGeometry]:
    """The polygons that areas can lie in, by code: those of the file itself and those given; the file's own first.

    What has an ill-formed code is above nothing.
    """
    outlines: dict[str, BaseGeometry] = {}
    for one in (ground, parents):
        if one is not None:
            for code, row in one.by_code.items():
                outlines.setdefault(code, one.sound[row])
    return outlines


def above_each(ground: Ground, outlines: dict[str, BaseGeometry]) -> dict[int, str]:
    """The code of the nearest area above that has a polygon, by row; rows without one are left out."""
    found = {}
    for row in np.flatnonzero(ground.drawn).tolist():
        code = ground.areas.codes[row]
        shorter = (code[:length] for length in reversed(LEVELS) if length < len(code))
        nearest = next((one for one in shorter if one in outlines), None)
        if nearest is not None:
            found[row] = nearest
    return found


def check_prefixes(ground: Ground, above: dict[int, str], outlines: dict[str, BaseGeometry]) -> Iterator[Finding]:
    """Codes that begin with no area above, though there are some."""
    levels = {len(code) for code in outlines}
    for row in np.flatnonzero(ground.well_formed & ground.drawn).tolist():
        code = ground.areas.codes[row]
        if row in above or not any(level < len(code) for level in levels):
            continue
        sentence = f"{ground.title(row)}：没有上级 {code[:-3]}，编码的前几位有误或上级不在文件中 (no area above)"
        look = shapely.point_on_surface(ground.sound[row])
        at = int(ground.areas.rows[row])
        yield Finding(Kind.WRONG_PREFIX, Severity.ERROR, code, sentence, other=code[:-3], row=at, place=look)


def check_inside(
    ground: Ground, above: dict[int, str], outlines: dict[str, BaseGeometry], tolerances: Tolerances
) -> Iterator[Finding]:
    """Areas that reach beyond the area above, or lie in another one altogether."""
    rows = np.array(sorted(above), dtype=np.int64)
    parents = np.array([outlines[above[row]] for row in rows.tolist()], dtype=object)
    if not len(rows):
        return
    shapely.prepare(parents)
    beyond = ~shapely.covers(parents, ground.sound[rows])
    rows, parents = rows[beyond], parents[beyond]
    outside = polygonal(shapely.difference(ground.sound[rows], parents))
    sizes, wholes = m2(outside), m2(ground.sound[rows])
    over = sizes > tolerances.m2
    elsewhere = over & (sizes > ELSEWHERE_SHARE * wholes)
    narrow = np.zeros(len(rows), dtype=bool)
    narrow[over] = no_wider_than(tolerances.snap_m, in_metres(outside[over]))
    for at in np.flatnonzero(over):
        row = int(rows[at])
        size = float(sizes[at])
        other = _holder(ground, row, outside[at], outlines, len(above[row])) if elsewhere[at] else None
        if other is not None:
            yield _misplaced(ground, row, above[row], other, outside[at], size)
        else:
            yield _outside(ground, row, above[row], outside[at], size, bool(narrow[at]), tolerances)


def _holder(
    ground: Ground, row: int, outside: BaseGeometry, outlines: dict[str, BaseGeometry], length: int
) -> str | None:
    """The area of a level that holds most of some ground."""
    codes = sorted(code for code in outlines if len(code) == length)
    shared: NDArray[np.float64] = shapely.area(
        shapely.intersection(np.array([outlines[code] for code in codes], dtype=object), outside)
    )
    most = int(np.argmax(shared))
    return codes[most] if shared[most] > ELSEWHERE_SHARE * shapely.area(ground.sound[row]) else None


def _misplaced(ground: Ground, row: int, parent: str, other: str, place: BaseGeometry, size: float) -> Finding:
    sentence = (
        f"{ground.title(row)}：按编码属于 {parent}，图形却在 {other} 内（{size:,.0f} 平方米） (lies in another area)"
    )
    code, at = ground.areas.codes[row], int(ground.areas.rows[row])
    return Finding(Kind.WRONG_PREFIX, Severity.ERROR, code, sentence, other=other, row=at, place=place, measure=size)


def _outside(
    ground: Ground, row: int, parent: str, place: BaseGeometry, size: float, thin: bool, tolerances: Tolerances
) -> Finding:
    mends = snapped_words(thin, tolerances)
    return Finding(
        Kind.OUTSIDE_PARENT,
        Severity.ERROR,
        ground.areas.codes[row],
        f"{ground.title(row)}：有 {size:,.1f} 平方米在上级 {parent} 之外{mends} (outside the area above)",
        other=parent,
        row=int(ground.areas.rows[row]),
        place=place,
        measure=size,
        repair=SNAP if thin else "",
    )
