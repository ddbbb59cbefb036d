"""A surface of density: nothing lost in spreading, as wide as it says in metres, and a picture that says what its legend says."""

from __future__ import annotations

import io
import itertools
from math import cos, pi, radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer
from scipy.ndimage import zoom

from geodata.density import AROUND_M, FINER, OPACITY, RURAL_M, URBAN_M, Surface, latitude, surface

ZOOM = 18
X, Y = 214_800, 111_300  # in the district
TO_METRES = Transformer.from_crs(4326, 3857, always_xy=True)


def of(*cells: tuple[int, int, int, bool]) -> Surface:
    x, y, n, urban = (np.array(column) for column in zip(*cells, strict=True))
    found = surface(x, y, n, urban.astype(bool), cell_zoom=ZOOM)
    assert found is not None
    return found


def metres_of(found: Surface) -> float:
    """How wide a cell is on the ground, by the latitude of the middle."""
    middle = radians((found.bounds[1] + found.bounds[3]) / 2)
    return AROUND_M / 2**ZOOM * cos(middle)


cells = st.lists(
    st.tuples(st.integers(X, X + 60), st.integers(Y, Y + 60), st.integers(1, 500), st.booleans()),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(given_cells=cells)
def test_what_is_spread_is_as_much_as_there_was(given_cells: list[tuple[int, int, int, bool]]) -> None:
    found = of(*given_cells)
    # The scale is that of the middle of the cells, whose distance from the middle of the picture is under a kilometre.
    spread = found.density.sum() * (metres_of(found) / 1000) ** 2
    assert spread == pytest.approx(sum(n for _, _, n, _ in given_cells), rel=2e-3)
    assert found.density.min() >= 0
    # The rim, as far as a kernel reaches, has little left to lose.
    assert max(found.density[0].max(), found.density[:, -1].max()) < 0.002 * sum(n for _, _, n, _ in given_cells)


@pytest.mark.parametrize(("urban", "bandwidth"), [(True, URBAN_M), (False, RURAL_M)])
def test_one_place_is_spread_as_wide_as_is_said(urban: bool, bandwidth: float) -> None:
    """The standard deviation each way, in metres on the ground: a kernel cut at three of its own loses some hundredths."""
    found = of((X, Y, 100, urban))
    metres = metres_of(found)
    weight = found.density / found.density.sum()
    for axis in (0, 1):
        along = weight.sum(axis=1 - axis)
        at = np.arange(len(along))
        middle = (along * at).sum()
        assert middle == pytest.approx((len(along) - 1) / 2, abs=1e-9)
        deviation = np.sqrt((along * (at - middle) ** 2).sum()) * metres
        assert deviation == pytest.approx(bandwidth, rel=0.03)
    assert found.density.max() == pytest.approx(100 / (2 * pi * (bandwidth / 1000) ** 2), rel=0.02)
    # Alike on all sides.
    assert np.allclose(found.density, found.density[::-1, ::-1])
    assert np.allclose(found.density, found.density.T)


def test_town_and_country_are_spread_each_in_its_own_way() -> None:
    both = of((X, Y, 50, True), (X + 40, Y, 50, False))
    town, country = both.density[:, : both.density.shape[1] // 2], both.density[:, both.density.shape[1] // 2 :]
    assert town.max() / country.max() == pytest.approx((RURAL_M / URBAN_M) ** 2, rel=0.03)
    assert town.sum() == pytest.approx(country.sum(), rel=0.02)
    # In one cell both can be: what overlaps is added.
    together = of((X, Y, 50, True), (X, Y, 50, False))
    alone = of((X, Y, 50, True)).density.max(), of((X, Y, 50, False)).density.max()
    assert together.density.max() == pytest.approx(sum(alone))


def test_a_cell_named_twice_is_counted_twice() -> None:
    assert np.allclose(of((X, Y, 2, True), (X, Y, 3, True)).density, of((X, Y, 5, True)).density)


@given(given_cells=cells)
@settings(max_examples=15, deadline=None)
def test_its_bounds_are_edges_of_tiles(given_cells: list[tuple[int, int, int, bool]]) -> None:
    """By pyproj's Web Mercator; and a pixel of the picture is as wide as high there."""
    found = of(*given_cells)
    west, south, east, north = found.bounds
    left, bottom = TO_METRES.transform(west, south)
    right, top = TO_METRES.transform(east, north)
    side = AROUND_M / 2**ZOOM
    edges = [(left + AROUND_M / 2) / side, (AROUND_M / 2 - top) / side, (right - left) / side, (top - bottom) / side]
    assert edges == pytest.approx([round(edge) for edge in edges], abs=1e-5)
    assert (round(edges[3]), round(edges[2])) == found.density.shape
    # The cell the first case lies in is where its tile is.
    x, y, _, _ = given_cells[0]
    assert 0 < x - round(edges[0]) < found.density.shape[1]
    assert 0 < y - round(edges[1]) < found.density.shape[0]
    assert latitude(0, 3) == pytest.approx(85.0511287798)
    assert latitude(4, 3) == 0


def test_the_middle_of_one_place_is_the_middle_of_its_tile() -> None:
    found = of((X, Y, 1, True))
    row, column = np.unravel_index(found.density.argmax(), found.density.shape)
    west, _, _, north = found.bounds
    assert round((west + 180) / 360 * 2**ZOOM) + column == X
    assert latitude(Y - int(row), ZOOM) == pytest.approx(north)


# ---- the picture ------------------------------------------------------------------------------------------------------


@given(given_cells=cells)
@settings(max_examples=25, deadline=None)
def test_the_picture_has_the_classes_of_the_legend(given_cells: list[tuple[int, int, int, bool]]) -> None:
    found = of(*given_cells)
    classes = found.classes
    starts = [it.start for it in classes]
    # Round edges, one after the other, without a gap; the last is open.
    assert len(classes) == 6
    assert all(f"{start:e}"[0] in "13" and float(f"{start:.0e}") == start for start in starts)
    assert [it.end for it in classes] == [*starts[1:], None]
    assert all(2.9 < end / start < 3.4 for start, end in itertools.pairwise(starts))
    assert starts[-1] < found.drawn.max() <= 3.4 * starts[-1]
    picture = Image.open(io.BytesIO(found.picture()))
    assert picture.format == "PNG"
    assert picture.size == tuple(FINER * side for side in found.density.shape[::-1])
    pixels = np.asarray(picture.convert("RGBA"))
    fine = zoom(found.density, FINER, order=1, mode="nearest", grid_mode=True)
    for it in classes:
        colour = [int(it.colour[n : n + 2], 16) for n in (1, 3, 5)]
        there = (pixels == [*colour, OPACITY]).all(axis=2)
        assert (there == ((fine >= it.start) & (fine < (it.end or np.inf)))).all()
        # What the legend names is to be seen.
        assert there.any()
    assert ((pixels[..., 3] == 0) == (fine < starts[0])).all()


def test_the_highest_class_is_to_be_seen_in_the_picture() -> None:
    """Also where the highest density lies hardly above its edge: drawn finer, the very top is cut off."""
    for n in range(1, 400):
        found = of((X, Y, n, True))
        # An edge lies between the top of the picture and that of the density.
        if any(found.drawn.max() < edge < found.density.max() for edge in (1, 3, 10, 30, 100, 300, 1000)):
            break
    else:
        pytest.fail("no count so near to an edge")
    pixels = np.asarray(Image.open(io.BytesIO(found.picture())).convert("RGBA"))
    top = [int(found.classes[-1].colour[n : n + 2], 16) for n in (1, 3, 5)]
    assert (pixels[..., :3] == top).all(axis=2).any()


def test_lighter_is_less() -> None:
    """By lightness alone, for whoever tells no colours apart (ITU-R BT.709)."""
    light = [
        sum(weight * int(it.colour[n : n + 2], 16) for weight, n in ((0.2126, 1), (0.7152, 3), (0.0722, 5)))
        for it in of((X, Y, 9, True)).classes
    ]
    assert all(more - less < -15 for more, less in zip(light[1:], light, strict=False))


def test_nothing_gives_nothing() -> None:
    nothing = np.array([], dtype=np.int64)
    assert surface(nothing, nothing, nothing, nothing.astype(bool), cell_zoom=ZOOM) is None
