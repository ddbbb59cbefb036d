"""A surface of density for the eye: counts by cells of the web's maps, spread by a kernel, as a picture with a legend.

It tests nothing: where it is dark much was reported, and no more is said. A picture of what was counted has to be read
with its legend, so its colours are classes of cases a square kilometre, the same in the picture and in the words.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, pi, radians

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from geodata.tiles import latitude

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

# Metres of a standard deviation of the kernel (DOMAIN 5.6): what lies so far away still counts, in town and in country.
URBAN_M, RURAL_M = 250, 800
# Beyond so many standard deviations a kernel is cut off.
REACH = 3
# Around the earth at the equator, in the metres of web maps (EPSG:3857).
AROUND_M = 2 * pi * 6_378_137
# From little to much: told apart by lightness alone too, so that no colour blindness hides an order.
COLOURS = ("#fdf0c4", "#fdd08a", "#f9a25b", "#e76a3d", "#bf3a36", "#7f1d3a")
# Pixels of the picture for a cell.
FINER = 4
OPACITY = 205
STEPS = (1.0, 3.0)


@dataclass(frozen=True)
class Class:
    """From so many cases a square kilometre up to, and without, so many; None: no upper end."""

    start: float
    end: float | None
    colour: str


@dataclass(frozen=True)
class Surface:
    """Cases a square kilometre, shape (rows, columns), from north and west; ``bounds``: west, south, east, north in degrees.

    Rows are as far apart as columns on a web map (EPSG:3857), so a picture of it lies straight between its bounds.
    """

    density: Floats
    bounds: tuple[float, float, float, float]

    @cached_property
    def drawn(self) -> Floats:
        """The same by pixels of the picture; its top lies a little lower."""
        fine: Floats = zoom(self.density, FINER, order=1, mode="nearest", grid_mode=True)
        return fine

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """From little to much; each is to be seen in the picture."""
        return _classes(float(self.drawn.max()))

    def picture(self) -> bytes:
        """As PNG, transparent below the first class."""
        edges = [it.start for it in self.classes]
        index = np.digitize(self.drawn, edges).astype(np.uint8)
        image = Image.fromarray(index, mode="P")
        palette = [0, 0, 0, *(part for it in self.classes for part in bytes.fromhex(it.colour[1:]))]
        image.putpalette(palette)
        written = io.BytesIO()
        image.save(written, "PNG", transparency=bytes([0] + [OPACITY] * len(self.classes)))
        return written.getvalue()


def surface(x: Whole, y: Whole, count: Whole, urban: NDArray[np.bool_], *, cell_zoom: int) -> Surface | None:
    """Spread the counts of cells (tiles ``x``, ``y`` at a zoom of web maps), each as its ground asks; None of nothing.

    What is spread is as much as there was: a kernel only moves it. At the rim of the district some of it falls outside.
    """
    if not len(x):
        return None
    side = AROUND_M / 2**cell_zoom
    middle = radians(float(latitude(np.median(y) + 0.5, cell_zoom)))
    metres = side * cos(middle)
    margin = int(np.ceil(REACH * RURAL_M / metres))
    west, north = int(x.min()) - margin, int(y.min()) - margin
    shape = int(y.max()) - north + margin + 1, int(x.max()) - west + margin + 1
    density = np.zeros(shape)
    for chosen, bandwidth in ((urban, URBAN_M), (~urban, RURAL_M)):
        counted = np.zeros(shape)
        np.add.at(counted, (y[chosen] - north, x[chosen] - west), count[chosen])
        density += gaussian_filter(counted, bandwidth / metres, mode="constant", truncate=REACH)
    density /= (metres / 1000) ** 2
    bounds = (
        west / 2**cell_zoom * 360 - 180,
        float(latitude(north + shape[0], cell_zoom)),
        (west + shape[1]) / 2**cell_zoom * 360 - 180,
        float(latitude(north, cell_zoom)),
    )
    return Surface(density, bounds)


def _classes(most: float) -> tuple[Class, ...]:
    """Classes with round edges, each about three times the one before, so that town and country are seen on one map."""
    edges = _round_edges(most, len(COLOURS))
    ends: Sequence[float | None] = (*edges[1:], None)
    return tuple(
        Class(start, end, colour) for start, end, colour in zip(edges, ends, COLOURS[-len(edges) :], strict=True)
    )


def _round_edges(most: float, count: int) -> list[float]:
    """The largest ``count`` of 1, 3, 10, 30, … below a number; numbers under one go on as 0.3, 0.1."""
    edges: list[float] = []
    exponent = int(np.floor(np.log10(most)))
    while len(edges) < count:
        edges += [edge for step in reversed(STEPS) if (edge := float(f"{step * 10.0**exponent:.3g}")) < most]
        exponent -= 1
    return sorted(edges[:count])
