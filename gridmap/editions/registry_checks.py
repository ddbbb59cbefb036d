"""What is wrong with a draft that only the registry knows: codes given up, parents that are nobody, ground of others."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import shapely
from django.db.models import Q
from shapely.geometry.base import BaseGeometry

from geodata.areas import Areas
from geodata.comparing import overlaps, square_metres
from gridmap.editions.opening import KINDS
from gridmap.editions.scopes import DISTRICT, TOLERANCE_M2, stored
from gridmap.editions.standing import LENGTHS, Held, drawn, in_force, standing, well_formed
from gridmap.models import Appointment, Area, Boundary, Building, Edition, Organisation, PartyOrganisation
from gridmap.models.drafts import DraftFinding
from gridmap.models.ground import Level

SEVERITIES = ERROR, WARNING, NOTE = ("error", "warning", "note")
LEVELS = {level.code_length: level for level in Level}


@dataclass(frozen=True)
class Draft:
    """A draft as it stands, with what is in force at and below its scope.

    ``shapes``: by well-formed code, those the areas below draw included, CGCS2000 degrees.
    """

    scope: str
    rows: Areas
    shapes: Mapping[str, BaseGeometry]
    held: Mapping[str, Held]
    on: dt.date

    @classmethod
    def of(cls, edition: Edition, *, on: dt.date) -> Draft:
        """A draft as it stands, against the boundaries in force on a day."""
        rows = standing(edition)
        return cls(edition.scope, rows, drawn(rows.codes, rows.shapes), in_force(edition.scope, on=on), on)

    @property
    def whole_district(self) -> bool:
        """Whether the draft may move the outline of its scope."""
        return len(self.scope) == DISTRICT

    @property
    def gone(self) -> list[str]:
        """Codes in force below the scope that the draft does not have."""
        kept = set(self.rows.codes)
        return [code for code in self.held if code not in kept and (code != self.scope or self.whole_district)]

    def finding(self, position: int, kind: str, severity: str, sentence: str, **more: object) -> DraftFinding:
        """Something about the row at a position."""
        code, shape = self.rows.codes[position], self.rows.shapes[position]
        place = shape if shape is not None else self.shapes.get(code)
        named = f"{code} {self.rows.names[position]}".strip() or f"第 {self.rows.rows[position]} 行"
        return DraftFinding(
            kind=kind,
            severity=severity,
            code=code,
            row=int(self.rows.rows[position]) or None,
            sentence=f"{named}：{sentence}",
            place=stored(_middle(place)),
            **more,
        )


def registry_findings(draft: Draft) -> list[DraftFinding]:
    """Everything found, errors first, then by code."""
    found = [
        *_rows(draft),
        *_given_up(draft),
        *_gone(draft),
        *_outline(draft),
        *_district_outline(draft),
        *_other_districts(draft),
    ]
    return sorted(found, key=lambda it: (SEVERITIES.index(it.severity), it.code))


def _rows(draft: Draft) -> Iterator[DraftFinding]:
    there = {code for code in draft.rows.codes if well_formed(code)}
    if not draft.whole_district:
        there.add(draft.scope)
    kinds = draft.rows.table["kind"].tolist()
    for position, code in enumerate(draft.rows.codes):
        if not well_formed(code):
            continue
        if not code.startswith(draft.scope):
            yield draft.finding(
                position,
                "outside_scope",
                ERROR,
                f"编码不以本草稿的范围 {draft.scope} 开头 (not below the scope)",
                other=draft.scope,
            )
        elif len(code) > DISTRICT and code != draft.scope and code[:-3] not in there:
            yield _parentless(draft, position)
        yield from _described(draft, position, kinds[position])


def _parentless(draft: Draft, position: int) -> DraftFinding:
    parent = draft.rows.codes[position][:-3]
    if parent in draft.held:
        sentence = f"上级 {parent} {draft.held[parent].name} 已不在草稿中，请换码或保留上级 (its parent is gone)"
    else:
        sentence = f"上级 {parent} 既未登记，也不在草稿中 (no such parent)"
    return draft.finding(position, "no_parent", ERROR, sentence, other=parent)


def _described(draft: Draft, position: int, kind: str) -> Iterator[DraftFinding]:
    possible = KINDS[LEVELS[len(draft.rows.codes[position])]]
    if kind and kind not in possible:
        wanted = "、".join(it.label for it in possible)
        label = Area.Kind(kind).label
        yield draft.finding(
            position,
            "kind_of_level",
            ERROR,
            f"类型“{label}”不适用于这一层级，应为{wanted} (kind does not fit the level)",
        )
    if not draft.rows.names[position]:
        yield draft.finding(position, "no_name", ERROR, "没有名称 (no name)")


def _given_up(draft: Draft) -> Iterator[DraftFinding]:
    """Codes that are registered but not in force: used again, people would take the new area for the old."""
    new = [code for code in draft.rows.codes if well_formed(code) and code not in draft.held]
    known = dict(Area.objects.filter(code__in=new).values_list("code", "name"))
    for position, code in enumerate(draft.rows.codes):
        if code in known:
            yield draft.finding(
                position, "code_given_up", WARNING, f"此编码曾属“{known[code]}”，已停用，建议换新编码 (a retired code)"
            )


def _gone(draft: Draft) -> Iterator[DraftFinding]:
    gone = draft.gone
    if not gone:
        return
    held = _held_by(gone, draft.on)
    for code in gone:
        area = draft.held[code]
        place = stored(_middle(area.shape))
        if len(code) < LENGTHS[-1]:
            yield DraftFinding(
                kind="area_gone",
                severity=WARNING,
                code=code,
                sentence=f"{code} {area.name}：将被撤销，请确认 (the area would be gone)",
                place=place,
            )
        if held[code]:
            what = "、".join(f"{label} {number} 个" for label, number in held[code].items())
            yield DraftFinding(
                kind="gone_in_use",
                severity=NOTE,
                code=code,
                sentence=f"{code} {area.name}：将被撤销，仍有{what}，发布时须作安排 (still in use)",
                place=place,
                measure=float(sum(held[code].values())),
            )


def _held_by(codes: list[str], on: dt.date) -> dict[str, Counter[str]]:
    """What hangs on each area: posts held, party organisations, buildings, organisations."""
    in_use: dict[str, Counter[str]] = {code: Counter() for code in codes}
    places = {
        "任职": Appointment.objects.on(on).filter(area__in=codes),
        "党组织": PartyOrganisation.objects.filter(Q(abolished_on=None) | Q(abolished_on__gt=on), area__in=codes),
        "楼宇楼栋": Building.objects.filter(area__in=codes),
        "机构": Organisation.objects.filter(area__in=codes),
    }
    for label, rows in places.items():
        for code in rows.values_list("area_id", flat=True):
            in_use[str(code)][label] += 1
    return in_use


def _outline(draft: Draft) -> Iterator[DraftFinding]:
    """A draft of a town or a community cannot move its outer line."""
    if draft.whole_district or draft.scope not in draft.shapes or draft.scope not in draft.held:
        return
    held = draft.held[draft.scope].shape
    kept = overlaps({"": held}, {"": draft.shapes[draft.scope]})
    of_old, of_new = (kept[0].share_of_old, kept[0].share_of_new) if kept else (0.0, 0.0)
    m2 = draft.held[draft.scope].area_m2
    moved = m2 * (1 - of_old) + (m2 * of_old / of_new - m2 * of_old if of_new else 0.0)
    if moved > TOLERANCE_M2:
        position = list(draft.rows.codes).index(draft.scope)
        sentence = f"外界线移动 {moved:,.0f} 平方米；本草稿只改其内部 (the scope's outline cannot move)"
        yield draft.finding(position, "outline_moved", ERROR, sentence, measure=moved)


def _district_outline(draft: Draft) -> Iterator[DraftFinding]:
    """A district's own outline may move, but nobody should move it without knowing."""
    if not draft.whole_district or draft.scope not in draft.shapes or draft.scope not in draft.held:
        return
    held, drawn = draft.held[draft.scope], draft.shapes[draft.scope]
    shared = sum(it.share_of_old for it in overlaps({"": held.shape}, {"": drawn}))
    won = sum(square_metres({"": drawn}).values()) - shared * held.area_m2
    lost = held.area_m2 * (1 - shared)
    if max(lost, won) > TOLERANCE_M2:
        sound = shapely.make_valid(drawn)
        yield DraftFinding(
            kind="outline_changed",
            severity=WARNING,
            code=draft.scope,
            sentence=f"{draft.scope} {held.name}：区界变动，减少 {max(lost, 0):,.0f} 平方米，增加 {max(won, 0):,.0f} 平方米，"
            "请确认 (the district's outline changes)",
            place=stored(sound.symmetric_difference(shapely.make_valid(held.shape))),
            measure=max(lost, 0.0) + max(won, 0.0),
        )


def _other_districts(draft: Draft) -> Iterator[DraftFinding]:
    """No ground may be another district's, from that day on."""
    outline = draft.shapes.get(draft.scope)
    if not draft.whole_district or outline is None:
        return
    west, south, east, north = shapely.bounds(outline).tolist()
    others = (
        Boundary.objects.filter(Q(valid_until=None) | Q(valid_until__gt=draft.on), area__level=Level.DISTRICT)
        .filter(valid_from__isnull=False, geom__bboverlaps=stored(shapely.box(west, south, east, north)))
        .exclude(area=draft.scope)
        .select_related("area")
    )
    for other in others:
        shape = shapely.from_wkb(bytes(other.geom.wkb))
        for shared in overlaps({"": shape}, {"": outline}, at_least_m2=TOLERANCE_M2):
            yield DraftFinding(
                kind="other_district",
                severity=ERROR,
                code=draft.scope,
                other=other.area_id,
                sentence=f"{draft.scope}：与已登记的 {other.area_id} {other.area.name} 重叠 {shared.m2:,.0f} 平方米"
                " (overlaps a district in force)",
                place=stored(_middle(shapely.make_valid(shape).intersection(shapely.make_valid(outline)))),
                measure=shared.m2,
            )


def _middle(shape: BaseGeometry | None) -> BaseGeometry | None:
    """A place to look: a point of the shape, or None without one."""
    if shape is None or shape.is_empty:
        return None
    inside = shapely.make_valid(shape).representative_point()
    return inside if not inside.is_empty else shapely.Point(shapely.get_coordinates(shape)[0])
