"""Hot spots: each step against a recount by plain loops, neighbours against GEOS, and false alarms and power by made-up maps."""

from __future__ import annotations

import math
from typing import Any

import esda
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some
from libpysal.graph import Graph

from benchmarks.hotspots import BUSY, QUARTER, VARIED, YEAR, Ground, Scenario, ground, maps, ours, sure
from geodata.crs import from_metres, to_metres
from geodata.hotspots import COLD, GRID, HOT, METHOD, Hotspots, Method, hotspots, neighbours, persistence
from geodata.hotspots.method import Floor
from geodata.hotspots.neighbours import pairs_of
from geodata.hotspots.statistics import draws, empirical_bayes, false_discovery, rarity
from geodata.routing import UnusableAreas

QUICK = Method(permutations=4_999, floors={GRID: Floor(0, 0)})
EAST, NORTH = 600_000.0, 2_860_000.0


@pytest.fixture(scope="module")
def grids() -> Ground:
    return ground(GRID)


def box(west: float, south: float, east: float, north: float) -> Any:
    """A rectangle of metres, in degrees."""
    return in_degrees(shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north))


def in_degrees(planar: Any) -> Any:
    return shapely.transform(planar, lambda xy: np.column_stack(from_metres(xy[:, 0], xy[:, 1], 4547)))


def links(graph: Any) -> set[tuple[str, str]]:
    found = graph.adjacency
    return {(one, other) for one, other in found[found != 0].index}


def lattice(side: int) -> tuple[list[str], Any]:
    """A square of boxes and their graph, for counts made by hand."""
    places = [(x, y) for y in range(side) for x in range(side)]
    codes = [f"{x:02}{y:02}" for x, y in places]
    near = [
        (f"{x:02}{y:02}", f"{x + right:02}{y + up:02}")
        for x, y in places
        for right, up in ((1, 0), (0, 1))
        if x + right < side and y + up < side
    ]
    both = near + [(other, one) for one, other in near]
    both.sort(key=lambda pair: codes.index(pair[0]))
    return codes, Graph.from_arrays(*np.array(both, dtype=object).T, np.ones(len(both)))


# ---- neighbours --------------------------------------------------------------------------------------------------


def test_neighbours_share_a_border_that_geos_measures(grids: Ground) -> None:
    from benchmarks.hotspots import shapes_of

    shapes, rivers = shapes_of(GRID)
    plane = lambda drawn: shapely.transform(drawn, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1])))  # noqa: E731
    planar, water = plane(np.array(list(shapes.values()))), shapely.union_all(plane(rivers))
    one, other = shapely.STRtree(planar).query(planar, predicate="intersects")
    one, other = one[one < other], other[one < other]
    border = shapely.intersection(shapely.boundary(planar[one]), shapely.boundary(planar[other]))
    length = shapely.length(border)
    wet = shapely.length(shapely.intersection(border, shapely.buffer(water, 10)))
    expected = {(a, b) for a, b, m, w in zip(one, other, length, wet, strict=True) if m > 0 and w <= m / 2}
    across = {(a, b) for a, b, m, w in zip(one, other, length, wet, strict=True) if m > 0 and w > m / 2}
    assert {tuple(pair) for pair in pairs_of(grids.graph, grids.codes).tolist()} == expected
    assert len(across) > 50


def test_a_corner_is_no_border_and_a_hair_between_lines_is_one() -> None:
    boxes = {
        "a": box(0, 0, 300, 300),
        "b": box(300.3, 0, 600, 300),  # 30 cm beside a
        "c": box(300.1, 299.8, 600, 600),  # 20 cm over b, at a's corner
        "d": box(601, 0, 900, 300),  # a metre beside b
        "e": box(900, 100, 1200, 200),  # a part of d's side, whose corners d has not
    }
    assert links(neighbours(boxes, boxes.values())) == {("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")} | {
        ("d", "e"),
        ("e", "d"),
    }


def test_a_river_parts_only_those_whose_border_it_is() -> None:
    boxes = {
        "a": box(0, 0, 300, 300),
        "b": box(300, 0, 600, 300),
        "c": box(0, 300, 300, 600),
        "d": box(300, 300, 600, 600),
    }

    def river(*places: tuple[float, float]) -> Any:
        return in_degrees(shapely.LineString([(EAST + x, NORTH + y) for x, y in places]))

    along = neighbours(boxes, boxes.values(), [river((304, -50), (296, 320))])
    assert links(along) == {("a", "c"), ("c", "a"), ("b", "d"), ("d", "b"), ("c", "d"), ("d", "c")}
    straight_through = neighbours(boxes, boxes.values(), [river((-50, 150), (700, 160))])
    assert links(straight_through) == links(neighbours(boxes, boxes.values()))
    island = neighbours(boxes, boxes.values(), [river((300, -50), (300, 300), (-50, 300))])
    assert list(island.isolates) == ["a"]
    assert list(island.unique_ids) == list(boxes)


def test_areas_that_cannot_be_neighbours_are_refused() -> None:
    with pytest.raises(UnusableAreas, match="编码重复"):
        neighbours(["a", "a"], [box(0, 0, 1, 1), box(1, 0, 2, 1)])
    with pytest.raises(ValueError, match="没有区域"):
        neighbours([], [])


# ---- each step by plain loops ------------------------------------------------------------------------------------


counts = some.lists(some.integers(0, 30), min_size=16, max_size=16)
sizes = some.lists(some.floats(0.5, 2000), min_size=16, max_size=16)


@given(counts, sizes)
def test_the_smoothed_rate_is_marshalls(observed: list[int], base: list[float]) -> None:
    overall = sum(observed) / sum(base)
    spread = sum(b * (o / b - overall) ** 2 for o, b in zip(observed, base, strict=True)) / sum(base)
    varying = max(spread - overall / (sum(base) / len(base)), 0.0)
    expected = [
        overall + (varying / (varying + overall / b) * (o / b - overall) if varying > 0 else 0.0)
        for o, b in zip(observed, base, strict=True)
    ]
    smoothed = empirical_bayes(np.array(observed), np.array(base))
    found = smoothed.rates
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)
    if varying > 1e-9:
        theirs = esda.smoothing.Empirical_Bayes(np.array(observed), np.array(base)).r.ravel()
        assert found == pytest.approx(theirs, rel=1e-6, abs=1e-12)
        scores = esda.smoothing.assuncao_rate(np.array(observed), np.array(base))
        assert smoothed.scores == pytest.approx(scores, rel=1e-6, abs=1e-9)


def test_where_chance_explains_everything_all_areas_have_one_rate() -> None:
    observed, base = np.array([2, 3, 2, 3, 2]), np.full(5, 100.0)
    smoothed = empirical_bayes(observed, base)
    assert smoothed.rates == pytest.approx([0.024] * 5)
    assert not smoothed.scores.any()
    theirs = esda.smoothing.Empirical_Bayes(observed, base).r.ravel()
    assert theirs[0] > theirs[1]  # fewer reports, higher rate: why that one is not ours
    flat = rarity(np.full(16, 0.024), lattice(4)[1], permutations=99, seed=1)
    assert set(flat.above) == set(flat.below) == {1.0}


@settings(max_examples=20, deadline=None)
@given(some.lists(some.floats(0.1, 10), min_size=16, max_size=16, unique=True))
def test_z_and_p_are_those_of_a_recount(rates: list[float]) -> None:
    codes, graph = lattice(4)
    found = rarity(np.array(rates), graph, permutations=200, seed=3)
    n, mean = len(rates), sum(rates) / len(rates)
    deviation = math.sqrt(sum(rate * rate for rate in rates) / n - mean * mean)
    near = {code: [code, *(other for one, other in links(graph) if one == code)] for code in codes}
    drawn = [[sorted(rates)[at] for at in row] for row in draws(16, 5, 200, 3).tolist()]
    for row, code in enumerate(codes):
        k, total = len(near[code]), sum(rates[codes.index(other)] for other in near[code])
        z = (total - k * mean) / (deviation * math.sqrt((n * k - k * k) / (n - 1)))
        assert found.z[row] == pytest.approx(z, abs=1e-6)
        as_high = sum(sum(some_rates[:k]) >= total - 1e-7 for some_rates in drawn)
        assert found.above[row] == pytest.approx((1 + as_high) / 201, abs=1.5 / 201)


def test_a_draw_is_a_permutation_and_every_place_is_as_likely() -> None:
    drawn = draws(6, 6, 6_000, 1)
    assert (np.sort(drawn, axis=1) == np.arange(6)).all()
    times = np.array([np.bincount(drawn[:, place], minlength=6) for place in range(6)])
    assert (np.abs(times - 1000) < 5 * math.sqrt(1000)).all()
    assert (draws(6, 3, 6_000, 2) != draws(6, 3, 6_000, 3)).any()


def test_q_rises_with_p_and_is_benjamini_and_hochbergs() -> None:
    p = np.random.default_rng(1).random(200) ** 2
    q = false_discovery(p)
    order = np.argsort(p)
    assert (np.diff(q[order]) >= 0).all()
    assert (q >= p).all()
    ranked = [p[order[at]] * 200 / (at + 1) for at in range(200)]
    assert q[order].tolist() == pytest.approx([min(ranked[at:]) for at in range(200)])


# ---- the whole ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clustered(grids: Ground) -> tuple[Hotspots, Any]:
    scenario = Scenario(*YEAR, 0.0, 5)
    drawn = maps(grids, scenario, 1, seed=4)[0]
    return ours(grids, scenario, drawn), drawn


def again(grids: Ground, drawn: Any, order: Any = slice(None), rename: Any = str, **other: Any) -> Hotspots:
    columns = {"observed": drawn.observed, "patrol": drawn.patrol, "denominator": grids.residents} | other
    graph = grids.graph
    links = graph.adjacency
    named = [[rename(code) for code in links.index.get_level_values(end)] for end in ("focal", "neighbor")]
    graph = Graph.from_arrays(*(np.array(some_codes, dtype=object) for some_codes in named), links.to_numpy())
    codes = np.array([rename(code) for code in grids.codes], dtype=object)
    return hotspots(codes[order], *(columns[name][order] for name in columns), graph, YEAR[1], GRID)


def test_a_strong_cluster_is_found_and_its_columns_agree(clustered: tuple[Hotspots, Any], grids: Ground) -> None:
    spots, drawn = clustered
    assert sure(spots)[drawn.inside].mean() > 0.5
    assert not sure(spots)[~drawn.about].any()
    assert spots.expected.sum() == pytest.approx(spots.total) == drawn.observed.sum()
    assert spots.rate == pytest.approx(drawn.observed / grids.residents)
    assert (spots.neighbours == [len(near) for near in grids.links]).all()
    hot = np.isin(spots.spot, HOT)
    assert (spots.q[hot] <= 0.10).all()
    assert (spots.others_p[hot] <= METHOD.corroborated_p).all()
    assert (spots.z[hot] > 0).all()
    assert (spots.spot[(spots.q > 0.10)] == "none").all()
    assert (np.isin(spots.spot, COLD) == ((spots.q <= 0.10) & (spots.z < 0))).all()


def test_neither_the_order_of_rows_nor_codes_nor_units_change_anything(
    clustered: tuple[Hotspots, Any], grids: Ground
) -> None:
    spots, drawn = clustered
    order = np.random.default_rng(5).permutation(len(grids.codes))
    for other in (again(grids, drawn, order), again(grids, drawn, order, rename=lambda code: str(code)[::-1])):
        for name in ("spot", "p", "q", "others_p", "patrol_only", "neighbours"):
            assert (getattr(other, name) == getattr(spots, name)[order]).all(), name
    for units in (1e-3, 7.0):
        scaled = again(grids, drawn, denominator=grids.residents * units)
        assert (scaled.spot == spots.spot).all()
        assert (scaled.p == spots.p).all()
        assert scaled.eb_rate * units == pytest.approx(spots.eb_rate)


def test_the_same_input_has_the_same_answer_and_another_seed_nearly(
    clustered: tuple[Hotspots, Any], grids: Ground
) -> None:
    spots, drawn = clustered
    assert (again(grids, drawn).p == spots.p).all()
    told: list[tuple[int, int]] = []
    other = hotspots(
        grids.codes, drawn.observed, drawn.patrol, grids.residents, grids.graph, 365, GRID, seed=9,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert other.seed == 9
    assert 0 < np.abs(other.p - spots.p).max() < 0.03
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_an_area_without_denominator_has_no_rate_and_adds_nothing() -> None:
    codes, graph = lattice(6)
    observed = np.random.default_rng(6).poisson(10, 36)
    base = np.full(36, 100.0)
    gone = 14
    base[gone] = 0
    outlier = observed.copy()
    outlier[gone] = 5_000
    spots = hotspots(codes, outlier, observed * 0, base, graph, 365, GRID, method=QUICK)
    assert (spots.spot[gone], spots.reason[gone]) == ("none", "没有分母，不算比率 (no denominator, no rate)")
    assert np.isnan([spots.rate[gone], spots.eb_rate[gone], spots.z[gone], spots.p[gone], spots.q[gone]]).all()
    assert spots.total == observed.sum() - observed[gone]
    kept = np.arange(36) != gone
    smaller = [code for code, keep in zip(codes, kept, strict=True) if keep]
    without = hotspots(
        smaller, observed[kept], observed[kept] * 0, base[kept], graph.subgraph(smaller), 365, GRID, method=QUICK
    )
    for name in ("eb_rate", "z", "p", "q", "neighbours"):
        assert (getattr(spots, name)[kept] == getattr(without, name)).all(), name


def test_nothing_at_all_is_no_error() -> None:
    codes, graph = lattice(3)
    nothing = np.zeros(9)
    spots = hotspots(codes, nothing, nothing, nothing, graph, 365, GRID, method=QUICK)
    assert set(spots.spot) == {"none"}
    assert np.isnan(spots.expected).all()
    spots = hotspots(codes, nothing, nothing, nothing + 5, graph, 365, GRID, method=QUICK)
    assert (set(spots.spot), set(spots.q)) == ({"none"}, {1.0})


@pytest.mark.parametrize(
    ("level", "cases", "days", "why"),
    [
        ("grid", 399, 365, "399 件，少于 400 件"),
        ("grid", 4000, 88, "时段 88 天，少于 89 天"),
        ("grid", 400, 89, ""),
        ("community", 99, 365, "99 件，少于 100 件"),
        ("community", 100, 28, ""),
        ("community", 4000, 27, "时段 27 天，少于 28 天"),
    ],
)
def test_below_a_floor_nothing_is_tested(level: str, cases: int, days: int, why: str) -> None:
    codes, graph = lattice(3)
    observed = np.zeros(9)
    observed[0] = cases
    spots = hotspots(codes, observed, observed * 0, np.ones(9), graph, days, level)
    assert why in spots.too_few
    assert bool(spots.too_few) == bool(why)
    assert (set(spots.spot) == {"too_few"}) == bool(why)
    assert np.isnan(spots.p).all() == np.isnan(spots.eb_rate).all() == bool(why)


@pytest.mark.parametrize(
    ("observed", "patrol", "denominator", "why"),
    [
        ([1, 2], [0, 3], [5, 5], "巡查件数多于"),
        ([1, -1], [0, 0], [5, 5], "不小于 0"),
        ([1, 1], [0, 0], [5, math.nan], "不小于 0"),
        ([1, 1.5], [0, 0], [5, 5], "整数"),
        ([1], [0, 0], [5, 5], "长短不同"),
    ],
)
def test_columns_that_do_not_fit_are_refused(observed: Any, patrol: Any, denominator: Any, why: str) -> None:
    graph = Graph.from_arrays(["a", "b"], ["b", "a"], [1, 1])
    with pytest.raises(ValueError, match=why):
        hotspots(["a", "b"], observed, patrol, denominator, graph, 365, GRID)


def test_a_graph_of_other_areas_and_an_unknown_level_are_refused() -> None:
    codes, graph = lattice(2)
    with pytest.raises(ValueError, match="相邻关系的编码"):
        hotspots([*codes[:3], "x"], [1] * 4, [0] * 4, [1] * 4, graph, 365, GRID)
    with pytest.raises(ValueError, match="没有级别 town"):
        hotspots(codes, [1] * 4, [0] * 4, [1] * 4, graph, 365, "town")


@pytest.mark.parametrize(
    ("windows", "course"),
    [
        (["hot_95", "none", "none", "none"], "new"),
        (["hot_90", "none", "hot_99", "none"], "persistent"),
        (["none", "none", "hot_95", "hot_95"], "fading"),
        (["cold_99", "none", "none", "none"], ""),
        (["hot_95", "none", "none", "none", "hot_95"], "new"),
        (["hot_95", "too_few", "too_few", "none"], "new"),
        (["hot_95", "too_few", "too_few", "too_few"], ""),
        (["too_few", "hot_95", "hot_95", "hot_95"], ""),
        (["hot_95"], ""),
    ],
)
def test_the_course_of_a_spot(windows: list[str], course: str) -> None:
    assert persistence([np.array([word], dtype=object) for word in windows]).tolist() == [course]


def test_windows_of_different_areas_have_no_course() -> None:
    with pytest.raises(ValueError, match="各时段的区域数不同"):
        persistence([np.array(["none"]), np.array(["none", "none"])])


# ---- simulation: small, seeded, loosely bounded; `benchmarks.hotspots` is the whole of it ---------------------------


@pytest.mark.parametrize("window", [QUARTER, YEAR])
def test_maps_without_a_cluster_stay_silent(grids: Ground, window: tuple[int, int]) -> None:
    """Nominal 5 % of maps, measured 0 to 2 %; without the correction it is every map."""
    scenario = Scenario(*window)
    answers = [ours(grids, scenario, it) for it in maps(grids, scenario, 40)]
    assert sum(bool(((it.z > 0) & (it.q <= 0.05)).any()) for it in answers) <= 4
    assert sum(bool(np.isin(it.spot, COLD[:2]).any()) for it in answers) <= 4
    assert all((it.p <= 0.05).any() for it in answers if np.ptp(it.eb_rate) > 0)


@pytest.mark.parametrize(("window", "risk", "least"), [(QUARTER, 5, 0.15), (YEAR, 3, 0.25), (YEAR, 5, 0.6)])
def test_a_true_cluster_is_found(grids: Ground, window: tuple[int, int], risk: int, least: float) -> None:
    scenario = Scenario(*window, 0.0, risk)
    drawn = maps(grids, scenario, 25)
    found = [sure(ours(grids, scenario, it))[it.inside].mean() for it in drawn]
    assert np.mean(found) >= least


def test_active_patrols_alone_make_no_hot_spot(grids: Ground) -> None:
    scenario = Scenario(*YEAR, VARIED, BUSY, by_patrols=True)
    answers = [ours(grids, scenario, it) for it in maps(grids, scenario, 25)]
    assert sum(bool(it.patrol_only.any()) for it in answers) >= 15
    assert sum(bool(sure(it).any()) for it in answers) <= 6
    for it in answers:
        assert (it.spot[it.patrol_only] == "none").all()
    flagged = [(it.patrol[it.patrol_only].sum(), it.observed[it.patrol_only].sum()) for it in answers]
    assert sum(patrol for patrol, _ in flagged) > 0.6 * sum(every for _, every in flagged)


def test_smoothing_keeps_small_areas_from_drowning_a_cluster(grids: Ground) -> None:
    """Where some areas have next to no denominator, as with enterprises, one report makes a rate above all others."""
    random = np.random.default_rng(8)
    few = Ground(grids.codes, random.lognormal(3, 1.5, len(grids.codes)), grids.graph, GRID, 10)
    scenario = Scenario(*YEAR, 0.0, 5)
    smoothed, plain = [], []
    for it in maps(few, scenario, 20):
        smoothed.append(sure(ours(few, scenario, it))[it.inside].mean())
        raw = rarity(100 * it.observed / few.residents, few.graph, permutations=METHOD.permutations, seed=1)
        plain.append((false_discovery(raw.above) <= 0.05)[it.inside].mean())
    assert np.mean(smoothed) > np.mean(plain) + 0.1
