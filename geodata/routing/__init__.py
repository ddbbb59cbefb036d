"""Routing many points at once: exact, the same answers as the registry's own rule for one point.

Coordinates are CGCS2000 degrees (EPSG:4490) unless a system is named, distances metres. Needs numpy and shapely only.

    router = Router.of(codes, polygons)
    routed = router.route(lon, lat)         # which area covers each point
    rules = Rules(areas, parents=communities, rivers=lines)
    decided = rules.decide(lon, lat, "gcj02")   # with the nearest area for points outside, distances and reasons
"""

from geodata.routing.deciding import METHODS, Decided, Rules, lines_of
from geodata.routing.nearest import REACH_M, Near, Nearest
from geodata.routing.router import Routed, Router, UnusableAreas

__all__ = [
    "METHODS",
    "REACH_M",
    "Decided",
    "Near",
    "Nearest",
    "Routed",
    "Router",
    "Rules",
    "UnusableAreas",
    "lines_of",
]
