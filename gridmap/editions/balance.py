"""Which grids break the size rules (R12, R13), and how each could be cut or joined so that they no longer do.

Advice only: what is taken up becomes a draft, which is checked, corrected and approved like any other.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from django.contrib.auth.models import User
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from geodata.balancing import CannotBalance, Halving, Homes, best_neighbour, halve
from geodata.sizes import RURAL_RESIDENTS, URBAN_HOUSEHOLDS, URBAN_RESIDENTS, Size, size_of
from gridmap.editions import drafts, drawing, findings
from gridmap.editions.standing import Held, in_force
from gridmap.models import Area, Building, DraftStep, Edition
from gridmap.models.ground import Level
from gridmap.problems import Unprocessable

Home = tuple[float, float, int, int]
"""Longitude, latitude, households, residents of a building."""

Proposal = tuple[str, Halving | None, Held | None]


@dataclass(frozen=True)
class Advice:
    """A second-level grid that breaks a rule.

    ``why`` says which rule; ``what`` says what is proposed or why nothing can be. ``cut`` is where to cut a grid that is
    too large, ``joined`` the neighbour to join one to that is too small; with both, the two are joined and cut anew.
    """

    grid: Held
    urban: bool
    size: Size
    why: str
    what: str
    cut: Halving | None = None
    joined: Held | None = None

    @property
    def can_be_taken_up(self) -> bool:
        """Whether there is a proposal."""
        return self.cut is not None or self.joined is not None


def advice(scope: str, *, on: dt.date) -> list[Advice]:
    """The basic grids in force below an area that break the size rules, with a proposal each, in order of their codes.

    Dedicated grids (专属网格) have no size rule. A waiver does not take a grid off the list; it is shown beside it.
    """
    held = in_force(scope, on=on)
    grids = {code: area for code, area in held.items() if len(code) == Level.GRID.code_length}
    urban = dict(Area.objects.filter(code__in=grids).values_list("code", "urban"))
    sizes = {
        code: size_of(grid.households, grid.residents, urban=urban[code])
        for code, grid in grids.items()
        if grid.kind != Area.Kind.DEDICATED
    }
    wrong = [code for code, size in sizes.items() if size is not Size.FITS]
    ground = _Ground(grids, urban, _homes(scope))
    found = []
    for code in wrong:
        why = _why(grids[code], urban=urban[code])
        propose = ground.divided if sizes[code] is Size.TOO_LARGE else ground.enlarged
        found.append(Advice(grids[code], urban[code], sizes[code], why, *propose(grids[code])))
    return found


def take_up(codes: Iterable[str], *, name: str, on: dt.date, by: User, at: dt.datetime) -> Edition:
    """Begin a draft of the boundaries in force with the advice for these grids carried out, a step each.

    The draft redraws the smallest area that holds them all. Raises :class:`~gridmap.problems.Unprocessable` where
    there is no proposal for a grid or where it cannot be drawn, and what :func:`gridmap.editions.drafts.begin` raises;
    nothing is kept then.
    """
    wanted = sorted(set(codes))
    if not wanted:
        raise Unprocessable("请至少选一个网格 (choose a grid)", parameter="grids")
    proposals = {it.grid.code: it for it in advice(common_scope(wanted), on=on)}
    with transaction.atomic():
        edition = drafts.begin(name, None, on=on, by=by, at=at, scope=common_scope(wanted))
        gone: set[str] = set()
        for code in wanted:
            proposal = proposals.get(code)
            if proposal is None or not proposal.can_be_taken_up:
                raise Unprocessable(f"{code[:20]} 没有可采用的建议 (no proposal for it)", parameter="grids")
            touched = {code} | ({proposal.joined.code} if proposal.joined else set())
            if touched & gone:
                raise Unprocessable(
                    f"{proposal.grid.name}：相邻网格已用于另一条建议，请分两次采用 (its neighbour is taken up already)",
                    parameter="grids",
                )
            gone |= touched
            for plan in _plans(proposal):
                drawing.draw(edition, plan, step_id=drawing.last_step(edition), by=by, at=at, check=False)
        findings.recheck(edition, on=on)
    return edition


def common_scope(codes: Sequence[str]) -> str:
    """The code of the smallest district, town or community that holds all these grids; raises ``Unprocessable``."""
    for length in (Level.COMMUNITY.code_length, Level.TOWN.code_length, Level.DISTRICT.code_length):
        if len({code[:length] for code in codes}) == 1:
            return codes[0][:length]
    raise Unprocessable("所选网格分属不同的区 (grids of several districts)", parameter="grids")


def _plans(proposal: Advice) -> list[drawing.Plan]:
    code, plans = proposal.grid.code, []
    if proposal.joined is not None:
        plans.append(drawing.merge([code, proposal.joined.code], into=code))
    if proposal.cut is not None:
        plans.append(drawing.split(code, proposal.cut.line))
    return [_as_proposed(plan) for plan in plans]


def _as_proposed(plan: drawing.Plan) -> drawing.Plan:
    """The same plan, kept in the draft as taken from the advice."""
    return lambda sheet: replace(plan(sheet), kind=DraftStep.Kind.PROPOSAL)


def _why(grid: Held, *, urban: bool) -> str:
    figures = f"{grid.households} 户、{grid.residents} 人"
    if urban:
        least, most = URBAN_HOUSEHOLDS
        return f"{figures}；城镇网格应为 {least} 至 {most} 户，不超过 {URBAN_RESIDENTS} 人"
    least, most = RURAL_RESIDENTS
    return f"{figures}；农村网格应为 500 人左右({least} 至 {most} 人)"


def _homes(scope: str) -> dict[str, list[Home]]:
    found: defaultdict[str, list[Home]] = defaultdict(list)
    for building in Building.objects.filter(area__code__startswith=scope, residents__gt=0).order_by("code"):
        point = building.point
        found[building.area_id].append((point.x, point.y, building.households, building.residents))
    return found


@dataclass(frozen=True)
class _Ground:
    """The grids below an area, whether each is urban, and the buildings people live in."""

    grids: Mapping[str, Held]
    urban: Mapping[str, bool]
    homes: Mapping[str, Sequence[Home]]

    def divided(self, grid: Held) -> Proposal:
        """What becomes of a grid that is too large: cut in two, or divided anew with a neighbour, as fits the rules."""
        try:
            cut = self._halved([grid])
        except CannotBalance as problem:
            return str(problem), None, None
        if not self._misfits(cut, grid):
            return f"沿楼栋拆成两个：{_parts(cut)} (split in two)", cut, None
        anew = [
            (halving.unevenness, other.code, halving)
            for other in self._beside(grid)
            if (halving := self._halved_or_none([grid, other])) and not self._misfits(halving, grid)
        ]
        if anew:
            _, code, halving = min(anew)
            other = self.grids[code]
            return f"与 {other.name} 重新划分：{_parts(halving)} (divide anew with the neighbour)", halving, other
        return f"沿楼栋拆成两个：{_parts(cut)}；{self._misfits(cut, grid)} (split in two)", cut, None

    def enlarged(self, grid: Held) -> Proposal:
        """The neighbour a grid that is too small is joined to."""
        beside: dict[str, BaseGeometry] = {other.code: other.shape for other in self._beside(grid)}

        def fits(code: str) -> bool:
            other = self.grids[code]
            households, residents = grid.households + other.households, grid.residents + other.residents
            return size_of(households, residents, urban=self.urban[grid.code]) is not Size.TOO_LARGE

        best = best_neighbour(grid.code, beside | {grid.code: grid.shape}, fits)
        if best is None:
            return "同村(社区)内没有合并后不超标的相邻网格 (no neighbour to join within the rules)", None, None
        other = self.grids[best[0]]
        together = f"{grid.households + other.households} 户 {grid.residents + other.residents} 人"
        return (
            f"与 {other.name} 合并：{together}，共有界线 {best[1]:,.0f} 米 (join to the neighbour)",
            None,
            other,
        )

    def _beside(self, grid: Held) -> list[Held]:
        """Grids of the same community and kind that touch it, in order of their codes."""
        return [
            other
            for code, other in self.grids.items()
            if code != grid.code
            and code[:-3] == grid.code[:-3]
            and other.kind == grid.kind
            and self.urban[code] == self.urban[grid.code]
            and other.shape.intersects(grid.shape)
        ]

    def _halved(self, grids: Sequence[Held]) -> Halving:
        """Raises CannotBalance."""
        rows = np.array([home for grid in grids for home in self.homes.get(grid.code, ())]).reshape(-1, 4)
        homes = Homes(rows[:, 0], rows[:, 1], rows[:, 2].astype(np.int64), rows[:, 3].astype(np.int64))
        return halve(shapely.coverage_union_all([grid.shape for grid in grids]), homes)

    def _halved_or_none(self, grids: Sequence[Held]) -> Halving | None:
        try:
            return self._halved(grids)
        except CannotBalance:
            return None

    def _misfits(self, cut: Halving, grid: Held) -> str:
        """What would still be wrong after a cut, "" when nothing."""
        counted = zip(cut.households, cut.residents, strict=True)
        sizes = {size_of(households, residents, urban=self.urban[grid.code]) for households, residents in counted}
        if Size.TOO_LARGE in sizes:
            return "仍有一个偏大，可再拆一次"
        return "拆后偏小，也可保留豁免" if Size.TOO_SMALL in sizes else ""


def _parts(cut: Halving) -> str:
    counted = zip(cut.households, cut.residents, strict=True)
    return "，".join(f"{households} 户 {residents} 人" for households, residents in counted)
