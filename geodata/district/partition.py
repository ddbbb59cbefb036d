"""Cut a set of cells into connected parts of wanted size.

Each part grows from a seed cell along the shortest paths between cells, with a head start: a weighted
Voronoi diagram by path length. Whoever owns a cell owns the whole path to it, so every part is connected,
and contains its seed. The head starts are tuned until the loads come near the wanted ones. Costs are whole
numbers, so the result does not depend on the machine.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from geodata.district.mosaic import Floats, Ints

TUNING_ROUNDS = 400
TUNED = 0.01  # a load is near enough within this share and one ordinary cell
UNREACHED = np.int64(1) << 40

Neighbours = list[list[tuple[int, int]]]


class CannotPartition(ValueError):
    """The cells do not suffice for the wanted parts, or do not hang together."""


def neighbours_among(members: Ints, pairs: Ints, cost: Ints, total: int) -> Neighbours:
    """Neighbours (local index, cost) of each of `members` among themselves; `total` counts all cells."""
    local = np.full(total, -1, dtype=np.int64)
    local[members] = np.arange(len(members))
    ends = local[pairs]
    inside = (ends >= 0).all(axis=1)
    lists: Neighbours = [[] for _ in members]
    for (a, b), price in zip(ends[inside].tolist(), cost[inside].tolist(), strict=True):
        lists[a].append((b, price))
        lists[b].append((a, price))
    return lists


def walk_from(seed: int, neighbours: Neighbours) -> Ints:
    """Cheapest way from one cell to every other (Dijkstra); UNREACHED where there is none."""
    cheapest = [int(UNREACHED)] * len(neighbours)
    cheapest[seed] = 0
    queue = [(0, seed)]
    while queue:
        price, cell = heapq.heappop(queue)
        if price > cheapest[cell]:
            continue
        for other, step in neighbours[cell]:
            if price + step < cheapest[other]:
                cheapest[other] = price + step
                heapq.heappush(queue, (price + step, other))
    return np.array(cheapest, dtype=np.int64)


def balanced(walks: Ints, mass: Ints, wanted: Floats) -> Ints:
    """Give every cell an owner so that loads come near `wanted`.

    walks: (k, n) cost from each of k seeds to each of n cells. mass: (n,). wanted: (k,), in the unit of mass.
    Returns (n,) the owner's number; the best round's answer if the loads do not settle.
    """
    if (walks >= UNREACHED).any():
        raise CannotPartition("some cells cannot be reached from a seed")
    head_start = np.zeros(len(walks), dtype=np.int64)
    best, best_error = np.zeros(walks.shape[1], dtype=np.int64), np.inf
    reach = walks.sum(axis=1) // walks.shape[1]
    for turn in range(TUNING_ROUNDS):
        owner = np.argmin(walks - head_start[:, None], axis=0)
        load = np.bincount(owner, weights=mass, minlength=len(walks))
        error = float((np.abs(load - wanted) / (TUNED * wanted + mass.mean())).max())
        if error < best_error:
            best, best_error = owner, error
        if error <= 1:
            break
        own = np.bincount(owner, weights=walks[owner, np.arange(len(owner))], minlength=len(walks))
        size = np.bincount(owner, minlength=len(walks))
        radius = np.where(size > 0, own / np.maximum(size, 1), reach / 4) + 1
        push = np.clip(np.sqrt(wanted / np.maximum(load, 1)) - 1, -0.5, 0.5)
        calm = 0.8 / (1 + turn / 60)
        head_start += np.round(calm * radius * push).astype(np.int64)
    if len(np.unique(best)) < len(walks):
        raise CannotPartition("a part was left without cells")
    return best


def split(
    members: Ints,
    wanted: Floats,
    starts: Ints,
    centres: Floats,
    neighbours: Neighbours,
    rounds: int,
) -> Ints:
    """Cut cells into len(wanted) connected parts of about these shares, from given first seeds (local index).

    After each round the seed moves to the middle of its part, which makes the parts compact.
    Returns (n,) the part's number for every cell of `members`.
    """
    mass = np.ones(len(members), dtype=np.int64)
    share = wanted / wanted.sum() * len(members)
    seeds = starts
    owner = np.zeros(len(members), dtype=np.int64)
    for _ in range(rounds):
        walks = np.stack([walk_from(int(seed), neighbours) for seed in seeds])
        owner = balanced(walks, mass, share)
        seeds = np.array([_middle(np.flatnonzero(owner == part), centres) for part in range(len(wanted))])
    return owner


def _middle(part: Ints, centres: Floats) -> int:
    """The cell of `part` nearest to the part's mean centre."""
    # Whole decimetres: a sum of whole numbers is the same in any order.
    place = np.round(centres[part] * 10).astype(np.int64)
    away = place - place.sum(axis=0) // len(part)
    return int(part[np.argmin((away * away).sum(axis=1))])


def first_seeds(cells: Ints, wanted: Sequence[float], centres: Floats) -> list[int]:
    """Seeds for parts of the wanted sizes: halve the cells along the longer side until one part is left."""
    if len(cells) < len(wanted):
        raise CannotPartition(f"{len(wanted)} parts wanted from {len(cells)} cells")
    if len(wanted) == 1:
        return [_middle(cells, centres)]
    place = centres[cells]
    axis = int(np.argmax(place.max(axis=0) - place.min(axis=0)))
    ordered = cells[np.argsort(place[:, axis], kind="stable")]
    half = len(wanted) // 2
    cut = round(sum(wanted[:half]) / sum(wanted) * len(cells))
    cut = min(max(cut, half), len(cells) - (len(wanted) - half))
    return first_seeds(ordered[:cut], wanted[:half], centres) + first_seeds(ordered[cut:], wanted[half:], centres)
