"""Where people live within an area, as far as its buildings say: for dividing counts when its ground is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from django.contrib.gis.geos import GEOSGeometry
from shapely.geometry.base import BaseGeometry

from geodata.crs import STORED_SRID
from gridmap.models import Building

BY_BUILDINGS = ("人口按楼栋分配", "people by buildings")
BY_GROUND = ("人口按面积分配", "people by ground")


@dataclass(frozen=True)
class Peopled:
    """How the people of an area fall to its two pieces. ``residents``, ``households``: the first piece's share.

    ``said`` is how it was reckoned, in Chinese and in English.
    """

    residents: float
    households: float
    said: tuple[str, str]

    def share(self, counted: str, side: int) -> float:
        """A piece's share of a count, 0 to 1; whoever else is counted goes with the residents."""
        first = self.households if counted == "households" else self.residents
        return 1 - first if side else first

    def divided(self, counted: str, total: int | None) -> tuple[int | None, int | None]:
        """A count in two that add up to it; None twice where it is unknown."""
        if total is None:
            return None, None
        first = round(total * self.share(counted, 0))
        return first, total - first

    def turned(self) -> Peopled:
        """The same with the pieces the other way round."""
        return replace(self, residents=1 - self.residents, households=1 - self.households)


def peopled(shape: BaseGeometry, pieces: Sequence[BaseGeometry]) -> Peopled:
    """How the people of a shape fall to its two pieces: by residents of buildings if any are known, else by ground.

    A building on the cut counts with the first piece.
    """
    first = pieces[0]
    around = GEOSGeometry(shapely.to_wkb(shape, hex=True), srid=STORED_SRID)
    inside = households = residents = inside_households = 0
    for building in Building.objects.filter(point__coveredby=around).only("point", "households", "residents"):
        residents += building.residents
        households += building.households
        if first.covers(shapely.Point(building.point.x, building.point.y)):
            inside += building.residents
            inside_households += building.households
    ground = first.area / sum(piece.area for piece in pieces)
    if not residents:
        return Peopled(ground, ground, BY_GROUND)
    return Peopled(
        inside / residents, inside_households / households if households else inside / residents, BY_BUILDINGS
    )
