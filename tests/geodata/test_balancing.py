"""Cuts that leave two connected halves of about equal weight, and the neighbour to join a small grid to."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.ops import split

from geodata.balancing import CannotBalance, Homes, best_neighbour, halve

DISTRICT = Path(__file__).parents[2] / "fixtures" / "district"


@pytest.fixture(scope="module")
def grounds():
    features = json.loads((DISTRICT / "grids.geojson").read_text(encoding="utf-8"))["features"]
    return {it["properties"]["code"]: shapely.geometry.shape(it["geometry"]) for it in features}


@pytest.fixture(scope="module")
def homes():
    rows = defaultdict(list)
    with (DISTRICT / "buildings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "residential":
                rows[row["area"]].append([float(row[key]) for key in ("lon", "lat", "households", "residents")])
    return {code: homes_of(np.array(it)) for code, it in rows.items()}


def homes_of(rows):
    return Homes(rows[:, 0], rows[:, 1], rows[:, 2].astype(int), rows[:, 3].astype(int))


def test_every_grid_with_homes_can_be_halved_between_them(grounds, homes):
    unevenness = []
    for code, living in list(homes.items())[::4]:
        halving = halve(grounds[code], living)
        points = shapely.points(living.lon, living.lat)
        one, two = halving.pieces
        assert one.geom_type == two.geom_type == "Polygon", code
        assert (shapely.intersects(one, points) == halving.first).all(), code
        assert (shapely.intersects(two, points) == ~halving.first).all(), code
        assert shapely.symmetric_difference(shapely.union(one, two), grounds[code]).area < 1e-9, (
            code
        )  # ten square metres
        assert halving.residents == (living.residents[halving.first].sum(), living.residents[~halving.first].sum())
        assert sum(halving.households) == living.households.sum()
        unevenness.append(halving.unevenness)
    assert np.median(unevenness) < 0.2
    assert max(unevenness) < 0.5


def test_the_cut_crosses_the_ground_from_side_to_side(grounds, homes):
    for code, living in list(homes.items())[::40]:
        halving = halve(grounds[code], living)
        ends = shapely.points([halving.line.coords[0], halving.line.coords[-1]])
        assert not shapely.intersects(grounds[code], ends).any(), code
        parts = sorted(piece.area for piece in split(grounds[code], halving.line).geoms)
        assert parts[-2:] == pytest.approx(sorted(piece.area for piece in halving.pieces), rel=1e-4), code


def test_the_same_question_gets_the_same_cut(grounds, homes):
    code = next(iter(homes))
    one, other = (halve(grounds[code], homes[code]) for _ in range(2))
    assert one.line.equals(other.line)
    assert (one.first == other.first).all()


def test_people_decide_not_ground():
    """Ninety-nine in a hundred live at the western end: the cut goes through them."""
    ground = shapely.box(114.90, 25.80, 114.95, 25.81)
    lon = np.array([114.9005, 114.9015, 114.9025, 114.9035, 114.945])
    halving = halve(ground, Homes(lon, np.full(5, 25.805), np.full(5, 30), np.array([250, 250, 240, 250, 10])))
    assert sorted(halving.residents) == [500, 500]
    assert halving.line.centroid.x < 114.905


@pytest.mark.parametrize(("lon", "words"), [([], "不足两处"), ([114.92], "不足两处"), ([114.92, 114.92], "同一位置")])
def test_what_cannot_be_cut_is_said(lon, words):
    ground = shapely.box(114.90, 25.80, 114.95, 25.81)
    n = len(lon)
    with pytest.raises(CannotBalance, match=words):
        halve(ground, Homes(np.array(lon), np.full(n, 25.805), np.full(n, 9), np.full(n, 20)))


def test_a_far_district_is_measured_where_it_lies():
    ground = shapely.box(-74.01, 40.70, -74.00, 40.71)
    lon, lat = np.meshgrid([-74.008, -74.005, -74.002], [40.702, 40.708])
    halving = halve(ground, Homes(lon.ravel(), lat.ravel(), np.full(6, 70), np.full(6, 200)))
    assert halving.residents == (600, 600)


def test_the_longest_border_that_fits_wins():
    shapes = {
        "1": shapely.box(0, 0, 0.01, 0.01),
        "2": shapely.box(0.01, 0, 0.02, 0.01),
        "3": shapely.box(0, 0.01, 0.004, 0.02),
        "4": shapely.box(0.01, 0.01, 0.02, 0.02),
        "5": shapely.box(0.05, 0.05, 0.06, 0.06),
    }
    assert best_neighbour("1", shapes, lambda code: True)[0] == "2"
    assert best_neighbour("1", shapes, lambda code: code != "2")[0] == "3"
    _, metres = best_neighbour("1", shapes, lambda code: code != "2")
    assert 440 < metres < 450
    # A corner is no border, and what lies apart is no neighbour.
    assert best_neighbour("1", shapes, lambda code: code in "45") is None
