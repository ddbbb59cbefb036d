"""Check areas before anybody relies on them: every fault with its code, figures and a place to look."""

from __future__ import annotations

from collections.abc import Iterator

from geodata.areas import Areas
from geodata.checking.alone import check_shapes
from geodata.checking.coding import check_codes
from geodata.checking.covering import check_filled, check_holes, check_overlaps
from geodata.checking.findings import LABELS, REPAIR_LABELS, Finding, Kind, Severity, Tolerances, counts, in_order
from geodata.checking.ground import Ground
from geodata.checking.nesting import above_each, check_inside, check_prefixes, outlines_above
from geodata.checking.placing import check_places
from geodata.checking.sizing import check_sizes

__all__ = [
    "LABELS",
    "REPAIR_LABELS",
    "Finding",
    "Kind",
    "Severity",
    "Tolerances",
    "check",
    "counts",
]

DEFAULTS = Tolerances()


def check(
    areas: Areas, *, parents: Areas | None = None, in_force: Areas | None = None, tolerances: Tolerances = DEFAULTS
) -> list[Finding]:
    """Everything that is wrong with areas, errors first.

    `areas`: of one level or several, read off the length of their codes; areas of a level are held against each other
    and against the nearest area above, of the same file or of `parents`. Without any above, ground that areas surround
    and none holds is a gap. `in_force`: the areas as they are now, to see whether the file lies where they do.

    All shapes are in CGCS2000 degrees; square metres and metres are those of each place's own plane. Never raises for what
    is in the areas: an invalid polygon is one finding, and its neighbours are held against it as GEOS would mend it.
    """
    ground = Ground.of(areas)
    above = Ground.of(parents) if parents is not None else None
    now = Ground.of(in_force) if in_force is not None else None
    return in_order(_found(ground, above, now, tolerances))


def _found(
    ground: Ground, parents: Ground | None, in_force: Ground | None, tolerances: Tolerances
) -> Iterator[Finding]:
    yield from check_codes(ground)
    yield from check_shapes(ground, tolerances)
    yield from check_places(ground, in_force)
    yield from check_overlaps(ground, tolerances)
    outlines = outlines_above(ground, parents)
    above = above_each(ground, outlines)
    yield from check_prefixes(ground, above, outlines)
    yield from check_inside(ground, above, outlines, tolerances)
    yield from check_filled(ground, above, outlines, tolerances)
    with_parents = {int(ground.level[row]) for row in above}
    for level in ground.levels:
        if level not in with_parents:
            yield from check_holes(ground, level, tolerances)
    yield from check_sizes(ground)
