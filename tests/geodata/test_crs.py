"""Coordinates change their system in one place, exactly, and never in silence."""

import numpy as np
import pytest

from geodata import crs

CENTRE = (114.9375, 25.8685)


def metres_apart(a, b):
    """Distance between two stored points, or two arrays of them, in metres."""
    (ax, ay), (bx, by) = crs.to_metres(*a), crs.to_metres(*b)
    return np.hypot(np.subtract(ax, bx), np.subtract(ay, by))


@pytest.fixture
def scattered():
    rng = np.random.default_rng(7)
    return rng.uniform(114.77, 115.07, 2000), rng.uniform(25.65, 25.99, 2000)


@pytest.mark.parametrize("coord", crs.COORDINATE_SYSTEMS)
def test_there_and_back_again_is_the_same_place_within_a_micrometre(coord, scattered):
    there = crs.from_stored(*scattered, coord)
    assert metres_apart(crs.to_stored(*there, coord), scattered).max() < 1e-6


@pytest.mark.parametrize("coord", crs.COORDINATE_SYSTEMS)
def test_a_scalar_and_an_array_give_the_same_answer(coord):
    lon, lat = crs.to_stored(*CENTRE, coord)
    lons, lats = crs.to_stored(np.array([CENTRE[0]]), np.array([CENTRE[1]]), coord)
    assert isinstance(lon, float)
    assert isinstance(lat, float)
    assert (lon, lat) == (lons[0], lats[0])


def test_gcj02_lies_east_and_south_of_the_truth_here_by_the_known_offset():
    lon, lat = crs.from_stored(*CENTRE, "gcj02")
    assert lon - CENTRE[0] == pytest.approx(0.00472, abs=5e-5)
    assert lat - CENTRE[1] == pytest.approx(-0.00319, abs=5e-5)


def test_a_published_gcj02_point_comes_down_on_its_wgs84_place():
    lon, lat = crs.to_stored(114.9387, 25.8514, "gcj02")
    assert (lon, lat) == pytest.approx((114.9340, 25.8546), abs=1e-4)


def test_bd09_lies_another_half_kilometre_beyond_gcj02():
    gcj, bd = crs.from_stored(*CENTRE, "gcj02"), crs.from_stored(*CENTRE, "bd09")
    assert bd[0] - gcj[0] == pytest.approx(0.0065, abs=3e-4)
    assert bd[1] - gcj[1] == pytest.approx(0.006, abs=3e-4)


@pytest.mark.parametrize("coord", ["wgs84", "cgcs2000"])
def test_wgs84_and_cgcs2000_are_stored_as_they_come(coord):
    assert crs.to_stored(*CENTRE, coord) == CENTRE


def test_gcj02_is_plain_wgs84_outside_china():
    assert crs.from_stored(-0.1276, 51.5072, "gcj02") == (-0.1276, 51.5072)


@pytest.mark.parametrize("coord", ["", "GCJ02", "epsg:4326", None])
def test_a_system_that_is_not_named_is_refused(coord):
    with pytest.raises(crs.UnknownCoordinateSystem, match="gcj02"):
        crs.to_stored(*CENTRE, coord)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (float("nan"), 25.8),
        (114.9, float("inf")),
        (180.1, 25.8),
        (114.9, -90.5),
        (25.8, 114.9),
        ("east", 25.8),
        ([114.9, 115.0], [25.8]),
    ],
)
def test_what_is_no_place_on_the_globe_is_refused(lon, lat):
    with pytest.raises(crs.CoordinateOutOfRange):
        crs.to_stored(lon, lat, "wgs84")


def test_one_bad_point_among_good_ones_is_refused():
    with pytest.raises(crs.CoordinateOutOfRange):
        crs.to_stored(np.array([114.9, np.nan]), np.array([25.8, 25.8]), "gcj02")


def test_the_callers_arrays_are_left_alone(scattered):
    before = scattered[0].copy()
    crs.to_stored(*scattered, "bd09")
    assert np.array_equal(scattered[0], before)


def test_metres_come_as_easting_and_northing():
    x, y = crs.to_metres(*CENTRE)
    assert 590_000 < x < 600_000
    assert 2_860_000 < y < 2_870_000
    assert crs.from_metres(x, y) == pytest.approx(CENTRE, abs=1e-9)
