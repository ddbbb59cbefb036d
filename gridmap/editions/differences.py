"""What a draft would change of what is in force: areas, ground, counts, and the open cases that would move."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import shapely
from django.conf import settings
from django.db.models import TextChoices
from django.utils.module_loading import import_string
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas
from geodata.comparing import Overlap, overlaps, square_metres
from geodata.routing.router import Router
from gridmap.editions.attributes import COUNTS
from gridmap.editions.standing import LENGTHS, Held, drawn, in_force, standing, well_formed
from gridmap.models import Edition
from gridmap.models.drafts import DraftLineage, DraftStaffing
from gridmap.models.ground import Level

# What joining polygons does to their lines is no move.
MOVED_M2 = 1.0
LEVELS = {level.code_length: level for level in Level}
GRID = LENGTHS[-1]

Shapes = Mapping[str, BaseGeometry]


class Change(TextChoices):
    """What a draft does to an area; several may hold."""

    NEW = "new", "新设"
    GONE = "gone", "撤销"
    MOVED = "moved", "界线变动"
    RENAMED = "renamed", "更名"
    RECOUNTED = "recounted", "数据更新"
    DESCRIBED = "described", "类型或规模豁免变更"


@dataclass(frozen=True)
class Ground:
    """The ground before and after: shapes by code in CGCS2000 degrees, square metres by code, and what went where.

    ``moved_m2``: ground that changed hands, for every area that is in both; 0.0 for one that stays as it is.
    ``overlaps``: shared ground of areas of one level of which at least one is new, gone or moved.
    """

    before: Shapes
    after: Shapes
    before_m2: dict[str, float]
    after_m2: dict[str, float]
    moved_m2: dict[str, float]
    overlaps: list[Overlap]

    @property
    def changed(self) -> frozenset[str]:
        """Codes of the areas that are new, gone or moved."""
        moved = {code for code, m2 in self.moved_m2.items() if m2 > MOVED_M2}
        return frozenset(moved | (self.before.keys() ^ self.after.keys()))


@dataclass(frozen=True)
class Difference:
    """An area that a draft changes. What there was not, or will not be, is None.

    ``from_codes`` and ``to_codes``: other areas of its level its ground came from and goes to, with square metres;
    ``moved_m2`` is all ground that changed hands. ``cases_in`` and ``cases_out``: open cases that would move.
    """

    code: str
    name: str
    former_name: str
    level: Level
    change: frozenset[Change]
    area_m2_before: float | None
    area_m2_after: float | None
    households_before: int | None
    households_after: int | None
    residents_before: int | None
    residents_after: int | None
    moved_m2: float
    from_codes: dict[str, float] = field(default_factory=dict)
    to_codes: dict[str, float] = field(default_factory=dict)
    cases_in: int = 0
    cases_out: int = 0


def ground(edition: Edition, *, on: dt.date) -> Ground:
    """Compare the shapes of a draft as it stands with the boundaries in force on a day."""
    rows = standing(edition)
    return _compared(_held_shapes(_held(edition, rows, on)), drawn(rows.codes, rows.shapes))


def changed_codes(edition: Edition, *, on: dt.date) -> frozenset[str]:
    """Codes of the areas that are new, gone, or of which more than a square metre changes hands."""
    return ground(edition, on=on).changed


def differences(edition: Edition, *, on: dt.date) -> list[Difference]:
    """The areas a draft as it stands changes of what is in force on a day, by code; unchanged ones are left out.

    Rows with an ill-formed code are left out, of a code that stands twice the first row counts: the findings name
    them.
    """
    rows = standing(edition)
    held = _held(edition, rows, on)
    compared = _compared(_held_shapes(held), drawn(rows.codes, rows.shapes))
    said = _said(rows)
    cases = _in_and_out(_case_moves(compared))
    found = []
    for code in sorted(held.keys() | (said.keys() & compared.after.keys())):
        before, after = held.get(code), said.get(code) if code in compared.after else None
        change = _change(before, after, compared.moved_m2.get(code, 0.0))
        if change:
            found.append(_difference(code, before, after, change, compared, cases.get(code, (0, 0))))
    return found


def case_moves(edition: Edition, *, on: dt.date) -> dict[tuple[str, str], int]:
    """How many open cases would go from which second-level grid to which; to "" where no grid would cover them."""
    return _case_moves(ground(edition, on=on))


def fingerprint(edition: Edition) -> str:
    """A digest of all that a draft would publish: its rows as they stand, its lineage and its staffing.

    The same content gives the same digest however it came about, so that what was approved can be told from what
    was not.
    """
    rows = standing(edition)
    digest = hashlib.sha256(edition.scope.encode())
    lines = [
        (_plain([code, name, *record]), b"" if shape is None else shapely.to_wkb(shape))
        for code, name, record, shape in zip(
            rows.codes,
            rows.names,
            rows.table.drop(columns="id").astype(object).itertuples(index=False),
            rows.shapes,
            strict=True,
        )
    ]
    for said, wkb in sorted(lines):
        digest.update(said + b"\n" + hashlib.sha256(wkb).digest())
    lineage = DraftLineage.objects.filter(edition=edition).values_list("predecessor_id", "successor", "kind")
    staffing = DraftStaffing.objects.filter(edition=edition).values_list(
        "code",
        "party_organisation_id",
        "party_name",
        "party_kind",
        "exemption",
        "secretary_id",
        "leader_id",
        "vacancy",
    )
    for listed in (lineage, staffing):
        digest.update(_plain(sorted(map(list, listed), key=lambda row: row[:2])))
    return digest.hexdigest()


def _plain(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, default=str).encode()


def _held(edition: Edition, rows: Areas, on: dt.date) -> dict[str, Held]:
    """What is in force of what the edition redraws; of a narrower scope itself only where a row describes it."""
    own = len(edition.scope) == LENGTHS[0] or edition.scope in set(rows.codes)
    return {code: area for code, area in in_force(edition.scope, on=on).items() if own or code != edition.scope}


def _held_shapes(held: Mapping[str, Held]) -> dict[str, BaseGeometry]:
    return {code: area.shape for code, area in held.items()}


def _compared(before: Shapes, after: Shapes) -> Ground:
    """Compare level by level; areas that are the same on both sides are not cut with anything."""
    both = before.keys() & after.keys()
    same = {code for code in both if _same(before[code], after[code])}
    shared: list[Overlap] = []
    for length in LENGTHS:
        old = {code: it for code, it in before.items() if len(code) == length and code not in same}
        new = {code: it for code, it in after.items() if len(code) == length and code not in same}
        shared += overlaps(old, new)
    kept = {it.old_code: it for it in shared if it.old_code == it.new_code}
    before_m2, after_m2 = square_metres(before), square_metres(after)
    moved_m2 = dict.fromkeys(sorted(same), 0.0)
    for code in sorted(both - same):
        # Shares, not square metres: every overlay measures in the plane of its own middle.
        of_old, of_new = (kept[code].share_of_old, kept[code].share_of_new) if code in kept else (0.0, 0.0)
        moved_m2[code] = before_m2[code] * max(1 - of_old, 0.0) + after_m2[code] * max(1 - of_new, 0.0)
    return Ground(before, after, before_m2, after_m2, moved_m2, shared)


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two shapes have the same lines to the last bit, wherever their rings begin."""
    return bool(shapely.equals_identical(_in_order(one), _in_order(other)))


def _in_order(shape: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([*shapely.get_parts(shape)]).normalize() if _drawn(shape) else shape


def _drawn(shape: BaseGeometry) -> bool:
    return shape.geom_type in ("Polygon", "MultiPolygon") and not shape.is_empty


@dataclass(frozen=True)
class _Said:
    """What a draft's row says of its area; None leaves a count as it is."""

    name: str
    kind: str
    size_waiver: str
    counts: dict[str, int | None]


def _said(rows: Areas) -> dict[str, _Said]:
    said: dict[str, _Said] = {}
    for code, name, record in zip(rows.codes, rows.names, rows.table.to_dict("records"), strict=True):
        if well_formed(code):
            counts = {count: None if pd.isna(record[count]) else int(record[count]) for count in COUNTS}
            said.setdefault(code, _Said(name, record["kind"], record["size_waiver"], counts))
    return said


def _change(before: Held | None, after: _Said | None, moved_m2: float) -> frozenset[Change]:
    if before is None or after is None:
        return frozenset({Change.NEW if before is None else Change.GONE})
    holds = {
        Change.MOVED: moved_m2 > MOVED_M2,
        Change.RENAMED: after.name not in ("", before.name),
        Change.RECOUNTED: any(value not in (None, getattr(before, count)) for count, value in after.counts.items()),
        Change.DESCRIBED: after.kind not in ("", before.kind) or after.size_waiver != before.size_waiver,
    }
    return frozenset(change for change, it_holds in holds.items() if it_holds)


def _difference(
    code: str,
    before: Held | None,
    after: _Said | None,
    change: frozenset[Change],
    compared: Ground,
    cases: tuple[int, int],
) -> Difference:
    area_before, area_after = compared.before_m2.get(code), compared.after_m2.get(code)
    return Difference(
        code=code,
        name=(after.name if after else "") or (before.name if before else ""),
        former_name=before.name if before else "",
        level=LEVELS[len(code)],
        change=change,
        area_m2_before=area_before,
        area_m2_after=area_after,
        households_before=before.households if before else None,
        households_after=_count_after("households", before, after),
        residents_before=before.residents if before else None,
        residents_after=_count_after("residents", before, after),
        moved_m2=compared.moved_m2.get(code, (area_before or 0.0) + (area_after or 0.0)),
        from_codes={it.old_code: it.m2 for it in compared.overlaps if it.new_code == code != it.old_code},
        to_codes={it.new_code: it.m2 for it in compared.overlaps if it.old_code == code != it.new_code},
        cases_in=cases[0],
        cases_out=cases[1],
    )


def _count_after(count: str, before: Held | None, after: _Said | None) -> int | None:
    if after is None:
        return None
    said = after.counts[count]
    return said if said is not None else getattr(before, count) if before else 0


def _case_moves(compared: Ground) -> dict[tuple[str, str], int]:
    changed = sorted(code for code in compared.changed if len(code) == GRID)
    if not changed:
        return {}
    # A case that no grid covered stands with the town or the district.
    above = {code[:length] for code in changed for length in LENGTHS[:-1]}
    lon, lat, current = import_string(settings.OPEN_POINTS)([*changed, *sorted(above)])
    grids = {code: it for code, it in compared.after.items() if len(code) == GRID and _drawn(it) and it.is_valid}
    covering: Iterable[str | None] = [None] * len(current)
    if grids:
        covering = Router.of(grids.keys(), grids.values()).route(lon, lat).code()
    touched = set(changed)
    moves = Counter(
        (old, new or "")
        for old, new in zip(current, covering, strict=True)
        # A case that no grid covers was given the nearest; it stays there unless that one changes.
        if old != new and (old in touched or new in touched)
    )
    return dict(sorted(moves.items()))


def _in_and_out(moves: Mapping[tuple[str, str], int]) -> dict[str, tuple[int, int]]:
    """Open cases coming and going by area of every level."""
    coming: Counter[str] = Counter()
    going: Counter[str] = Counter()
    for (old, new), number in moves.items():
        for length in LENGTHS:
            if old[:length] == new[:length]:
                continue
            coming[new[:length] if len(new) >= length else ""] += number
            going[old[:length] if len(old) >= length else ""] += number
    return {code: (coming[code], going[code]) for code in coming.keys() | going.keys()}
