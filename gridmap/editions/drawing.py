"""Drawing in a draft: a grid split by a line, neighbours merged, a strip handed over; each as one step of the draft.

What is drawn is planned first (:class:`Redrawing`), to be shown or to be carried out; the geometry is
:mod:`geodata.editing`'s. People are divided with the ground: by the buildings in each piece where these are known,
else by ground.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.contrib.auth.models import User
from django.contrib.gis.db.models.functions import AsWKB
from django.db import transaction
from django.utils import timezone
from shapely.geometry.base import BaseGeometry

from geodata import editing
from geodata.corners import Plane
from geodata.editing import EditRefused
from gridmap.editions import drafts
from gridmap.editions.attributes import COUNTS, LABELS
from gridmap.editions.people import peopled
from gridmap.editions.scopes import stored
from gridmap.editions.standing import well_formed
from gridmap.models import Area, Boundary, Edition
from gridmap.models.drafts import DraftArea, DraftStep
from gridmap.models.ground import Level
from gridmap.problems import Conflict, Unprocessable

Shapes = dict[str, BaseGeometry]
LAST_NUMBER = 999


@dataclass(frozen=True)
class Sheet:
    """A draft as it stands, ready to be drawn in.

    ``rows`` and ``shapes`` have the same keys: the code, or for a row whose code is ill-formed or stands twice a key
    nobody can ask for, so that its line keeps the corners of its neighbours. ``shapes`` has only what rows draw
    themselves. ``fixed`` is the outline that may get no new corner, as ground beyond it is not redrawn.
    """

    edition: Edition
    rows: dict[str, DraftArea]
    shapes: Shapes
    registered: dict[str, Area]
    fixed: BaseGeometry | None
    twice: frozenset[str]

    def row(self, code: str) -> DraftArea:
        """The row of a grid; raises :class:`Unprocessable` where there is none to draw in."""
        if code in self.twice:
            raise Unprocessable(f"编码 {code} 在草稿中出现多次，请先改正 (the code stands twice)", parameter="code")
        if code not in self.rows:
            raise Unprocessable(f"草稿中没有网格 {code[:20]} (no such area in the draft)", parameter="code")
        if len(code) != Level.GRID.code_length:
            raise Unprocessable(f"{code} 不是二级网格，请在二级网格上画 (draw in second-level grids)", parameter="code")
        return self.rows[code]

    def count(self, code: str, counted: str) -> int | None:
        """A count of an area: the draft's own, else the registry's; None where nobody knows."""
        own: int | None = getattr(self.rows[code], counted)
        if own is None and code in self.registered:
            own = getattr(self.registered[code], counted)
        return own

    def name(self, code: str) -> str:
        """The area's name, which a draft may leave to the registry."""
        row = self.rows[code]
        return row.name or (self.registered[code].name if code in self.registered else "")


@dataclass(frozen=True)
class Piece:
    """An area as it will be: ``is_new`` where its code is. Counts nobody knows are None."""

    code: str
    name: str
    kind: str
    shape: BaseGeometry
    area_m2: float
    counts: Mapping[str, int | None]
    is_new: bool = False

    def said(self) -> str:
        """The piece in a few words."""
        residents = self.counts["residents"]
        people = f"，{residents} 人" if residents is not None else ""
        return f"{self.code}（{self.area_m2:,.0f} 平方米{people}）"

    def kept(self) -> dict[str, Any]:
        """The piece as a step keeps it."""
        new = "新网格 " if self.is_new else ""
        figures = {"area_m2": round(self.area_m2, 1), **self.counts}
        return {"code": self.code, "new": self.is_new, **figures, "sentence": f"{new}{self.name} {self.said()}"}


@dataclass(frozen=True)
class Redrawing:
    """What drawing something would do to a draft: shown before, carried out by :func:`draw`."""

    kind: DraftStep.Kind
    sentence: str
    pieces: tuple[Piece, ...]
    made: list[DraftArea]
    replaced: list[int]
    gone: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def details(self) -> list[dict[str, Any]]:
        """The pieces and what is gone, as the step keeps them, each with a sentence for its history."""
        gone = [{"code": code, "gone": True, "sentence": f"{code} 不再使用 (gone)"} for code in self.gone]
        return [it.kept() for it in self.pieces] + gone


Plan = Callable[[Sheet], Redrawing]


def draw(
    edition: Edition, plan: Plan, *, step_id: int, by: User, at: dt.datetime, check: bool = True
) -> tuple[Redrawing, DraftStep]:
    """Carry out what was planned on the draft as it was after step ``step_id``; all or nothing.

    ``check`` as in :func:`gridmap.editions.drafts.take_step`.

    Raises :class:`Conflict` when the draft has changed since or is none any more, :class:`Unprocessable`, with the
    place where there is one, when it cannot be drawn.
    """
    with transaction.atomic():
        Edition.objects.select_for_update().get(pk=edition.pk)
        done = look(edition, plan, step_id=step_id, at=at)
        step = drafts.take_step(
            edition,
            done.kind,
            done.sentence,
            replaced=done.replaced,
            made=done.made,
            details=done.details,
            by=by,
            at=at,
            check=check,
        )
    return done, step


def look(edition: Edition, plan: Plan, *, step_id: int, at: dt.datetime) -> Redrawing:
    """What carrying it out would do; raises as :func:`draw` does, and changes nothing."""
    if last_step(edition) != step_id:
        raise Conflict("草稿已被他人修改，请刷新后再画 (the draft has changed meanwhile)")
    try:
        return plan(sheet_of(edition, on=timezone.localdate(at)))
    except EditRefused as refused:
        place: dict[str, Any] = {"place": list(refused.place)} if refused.place is not None else {}
        raise Unprocessable(refused.sentence, **place) from refused


def last_step(edition: Edition) -> int:
    """The key of the last step taken in a draft, 0 before the first."""
    return edition.steps.order_by("-pk").values_list("pk", flat=True).first() or 0


def sheet_of(edition: Edition, *, on: dt.date) -> Sheet:
    """Read a draft to draw in; ``on`` is the day whose boundary of the scope is fixed."""
    rows: dict[str, DraftArea] = {}
    shapes: Shapes = {}
    twice: set[str] = set()
    standing = DraftArea.objects.filter(edition=edition).standing().order_by("code", "pk")
    drawn = dict(standing.values_list("pk", AsWKB("geom")))
    for row in standing.defer("geom"):
        wkb = drawn[row.pk]
        key = row.code if well_formed(row.code) and row.code not in rows else f"#{row.pk}"
        if row.code in rows:
            twice.add(row.code)
        rows[key] = row
        if wkb is not None:
            shapes[key] = shapely.force_2d(shapely.from_wkb(bytes(wkb)))
    registered = Area.objects.filter(code__startswith=edition.scope).in_bulk()
    return Sheet(edition, rows, shapes, registered, _fixed(edition, on), frozenset(twice))


def _fixed(edition: Edition, on: dt.date) -> BaseGeometry | None:
    if len(edition.scope) <= Level.DISTRICT.code_length:
        return None  # a district's own outline is redrawn with it
    boundary = Boundary.objects.on(on).filter(area_id=edition.scope).values_list(AsWKB("geom"), flat=True).first()
    return shapely.from_wkb(bytes(boundary)) if boundary is not None else None


# ---- three things to draw --------------------------------------------------------------------------------------


def split(code: str, line: BaseGeometry, *, both_new: bool = False) -> Plan:
    """Split a grid by a line. The piece with more people keeps the code, or the larger where nobody counted."""

    def plan(sheet: Sheet) -> Redrawing:
        row = sheet.row(code)
        done = editing.split(sheet.shapes, code, line, fixed=sheet.fixed)
        people = peopled(sheet.shapes[code], done.pieces)
        kept, cut_off = done.pieces
        if people.share("residents", 1) > people.share("residents", 0):
            kept, cut_off, people = cut_off, kept, people.turned()
        new = _new_codes(code[:-3], 2 if both_new else 1)
        codes = new if both_new else [code, *new]
        divided = {it: people.divided(it, sheet.count(code, it)) for it in COUNTS}
        pieces = tuple(
            Piece(
                its,
                _numbered(sheet.name(code), code, its),
                row.kind or _kind(sheet, code),
                shape,
                Plane(shape).ground(shape),
                {counted: shares[side] for counted, shares in divided.items()},
                is_new=its != code,
            )
            for side, (its, shape) in enumerate(zip(codes, (kept, cut_off), strict=True))
        )
        how, english = people.said
        sentence = (
            f"拆分 {sheet.name(code)} {code}：{'，'.join(piece.said() for piece in pieces)}；{how} (split, {english})"
        )
        notes = [*_moved(done.moved_m), *_waived(row)]
        return _redrawing(
            sheet, DraftStep.Kind.SPLIT, sentence, pieces, {code: row}, done.changed, notes, size_waiver=""
        )

    return plan


def merge(codes: Iterable[str], *, into: str = "") -> Plan:
    """Make one grid of several below the same area; it keeps the lowest code, or the one named."""
    wanted = sorted(set(codes))

    def plan(sheet: Sheet) -> Redrawing:
        rows = {code: sheet.row(code) for code in wanted}
        done = editing.merge(sheet.shapes, wanted, into=into or None)
        kept = into or wanted[0]
        counts = {counted: _sum(sheet.count(code, counted) for code in wanted) for counted in COUNTS}
        shape = done.whole
        kind = rows[kept].kind or _kind(sheet, kept)
        whole = Piece(kept, sheet.name(kept), kind, shape, Plane(shape).ground(shape), counts)
        gone = tuple(code for code in wanted if code != kept)
        sentence = f"合并 {'、'.join(wanted)} 为 {whole.name} {whole.said()} (merged)"
        unknown = [LABELS[counted] for counted, total in counts.items() if total is None]
        notes = [f"{'、'.join(unknown)}不全，合并后留空，请补填 (counts unknown)"] if unknown else []
        notes += [note for row in rows.values() for note in _waived(row)]
        return _redrawing(
            sheet, DraftStep.Kind.MERGE, sentence, (whole,), rows, done.changed, notes, gone=gone, size_waiver=""
        )

    return plan


def hand_over(giver: str, taker: str, drawn: BaseGeometry, *, in_parts: bool = False) -> Plan:
    """Hand a strip of one grid to its neighbour, which may lie below another community."""

    def plan(sheet: Sheet) -> Redrawing:
        rows = {code: sheet.row(code) for code in (giver, taker)}
        done = editing.hand_over(sheet.shapes, giver, taker, drawn, fixed=sheet.fixed, in_parts=in_parts)
        people = peopled(sheet.shapes[giver], (done.rest, done.strip))
        left: dict[str, int | None] = {}
        added: dict[str, int | None] = {}
        for counted in COUNTS:
            left[counted], going = people.divided(counted, sheet.count(giver, counted))
            added[counted] = _sum((sheet.count(taker, counted), going))
        pieces = tuple(
            Piece(
                code, sheet.name(code), rows[code].kind or _kind(sheet, code), shape, Plane(shape).ground(shape), counts
            )
            for code, shape, counts in ((giver, done.rest, left), (taker, done.whole, added))
        )
        how, english = people.said
        ground = Plane(done.strip).ground(done.strip)
        residents = sheet.count(giver, "residents")
        moving = f"、{residents - (left['residents'] or 0)} 人" if residents is not None else ""
        sentence = (
            f"从 {sheet.name(giver)} {giver} 划 {ground:,.0f} 平方米{moving}给 {sheet.name(taker)} {taker}；{how}"
            f" (handed over, {english})"
        )
        return _redrawing(sheet, DraftStep.Kind.HAND_OVER, sentence, pieces, rows, done.changed, _moved(done.moved_m))

    return plan


def _redrawing(
    sheet: Sheet,
    kind: DraftStep.Kind,
    sentence: str,
    pieces: tuple[Piece, ...],
    edited: Mapping[str, DraftArea],
    changed: Shapes,
    notes: Sequence[str],
    *,
    gone: tuple[str, ...] = (),
    **also: Any,
) -> Redrawing:
    """The rows that change: those edited, and their neighbours and the areas above with new corners."""
    first = next(iter(edited.values()))
    made = []
    for piece in pieces:
        row = drafts.successor(
            edited.get(piece.code, first),
            code=piece.code,
            name=piece.name,
            kind=piece.kind,
            geom=stored(piece.shape),
            **piece.counts,
            **also,
        )
        row.row = None if piece.is_new else row.row
        made.append(row)
    made += [drafts.successor(sheet.rows[key], geom=stored(shape)) for key, shape in changed.items()]
    replaced = [row.pk for row in edited.values()] + [sheet.rows[key].pk for key in changed]
    return Redrawing(kind, sentence, pieces, made, replaced, gone, tuple(notes))


# ---- codes, names, counts --------------------------------------------------------------------------------------


def _new_codes(above: str, wanted: int) -> list[str]:
    """Codes below a community that no area, past or planned, has ever had.

    The next after the highest; gaps are filled only when 999 is reached.
    """
    taken = set(Area.objects.filter(code__startswith=above).values_list("code", flat=True))
    taken |= set(DraftArea.objects.filter(code__startswith=above).values_list("code", flat=True))
    used = {int(code[-3:]) for code in taken if well_formed(code) and len(code) == len(above) + 3}
    highest = max(used, default=0)
    free = [*range(highest + 1, LAST_NUMBER + 1), *(number for number in range(1, highest) if number not in used)]
    if len(free) < wanted:
        raise Unprocessable(f"{above} 之下的网格编码已用完 (no code is left below it)")
    return [f"{above}{number:03d}" for number in free[:wanted]]


def _numbered(name: str, code: str, new: str) -> str:
    """The name of a piece: the old one with the new number in it, or behind it."""
    if new == code or not name:
        return name
    number = int(new[-3:])
    renamed, found = re.subn(r"第\s*\d+\s*网格", f"第{number}网格", name, count=1)
    return renamed if found else f"{name[:50]}之{number}"


def _kind(sheet: Sheet, code: str) -> str:
    return sheet.registered[code].kind if code in sheet.registered else ""


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum, unknown where one of them is."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _moved(metres: float) -> list[str]:
    if not metres:
        return []
    return [f"外边界不能增加拐点，线的末端移到了 {metres:,.0f} 米外的拐点 (moved to a corner of the outer line)"]


def _waived(row: DraftArea) -> list[str]:
    if not row.size_waiver:
        return []
    return [f"{row.code} 的规模豁免理由“{row.size_waiver}”不再沿用，需要时请重填 (its waiver is dropped)"]
