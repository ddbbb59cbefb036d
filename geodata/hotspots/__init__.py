"""Hot spots: areas where more was reported, or less, than chance and their size explain.

Pure statistics of counts by area. `docs/guide/hotspots.md` says what the answer means and what it cannot say.

    graph = neighbours(codes, polygons, rivers)
    now = hotspots(codes, observed, patrol, residents, graph, window_days=365, level="grid")
    now.spot, now.q, now.patrol_share
    persistence([now.spot, before.spot, …])
"""

from geodata.hotspots.method import CLASSES, COLD, COMMUNITY, GRID, HOT, LABELS, LEVELS, METHOD, NONE, TOO_FEW, Method
from geodata.hotspots.neighbours import neighbours
from geodata.hotspots.persistence import COURSES, FADING, NEW, PERSISTENT, persistence
from geodata.hotspots.spots import Hotspots, Progress, hotspots

__all__ = [
    "CLASSES",
    "COLD",
    "COMMUNITY",
    "COURSES",
    "FADING",
    "GRID",
    "HOT",
    "LABELS",
    "LEVELS",
    "METHOD",
    "NEW",
    "NONE",
    "PERSISTENT",
    "TOO_FEW",
    "Hotspots",
    "Method",
    "Progress",
    "hotspots",
    "neighbours",
    "persistence",
]
