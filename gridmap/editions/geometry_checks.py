"""What is wrong with the lines and codes of a draft: :mod:`geodata.checking`, told what the draft leaves to the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.areas import Areas, areas_of
from geodata.checking import Finding, Kind, Severity, check
from gridmap.editions.attributes import COUNTS
from gridmap.editions.registry_checks import Draft
from gridmap.editions.scopes import stored
from gridmap.editions.standing import LENGTHS, well_formed
from gridmap.models.drafts import DraftFinding


def geometry_findings(draft: Draft) -> list[DraftFinding]:
    """Everything :func:`geodata.checking.check` finds in a draft as it stands, errors first.

    Rows without a shape are left to the areas below that draw them; what the rows do not say of people and kind is
    taken from the registry. The outline of a narrower scope is the one in force.
    """
    areas = described(draft)
    found = check(areas, parents=parents_of(draft), in_force=_in_force(draft))
    return [_stored(it) for it in [*found, *_between_drawn_and_made(draft, areas)] if not _is_said_elsewhere(it, draft)]


def described(draft: Draft) -> Areas:
    """The rows of a draft with what the registry says filled in where they leave it out."""
    rows = draft.rows
    table = rows.table[["kind", *COUNTS, "size_waiver"]].copy()
    held = [draft.held.get(code) for code in rows.codes]
    for count in COUNTS:
        table[count] = table[count].astype(object)
        known = [None if area is None else getattr(area, count) for area in held]
        table[count] = table[count].where(table[count].notna(), pd.Series(known, dtype=object, index=table.index))
    table["kind"] = [
        kind or (area.kind if area is not None else "") for kind, area in zip(table["kind"], held, strict=True)
    ]
    table["urban"] = [None if area is None else area.urban for area in held]
    return replace(rows, table=table)


def parents_of(draft: Draft) -> Areas | None:
    """What stands above a draft and cannot be redrawn by it: the boundary in force of a narrower scope."""
    if draft.whole_district or draft.scope not in draft.held:
        return None
    return areas_of([draft.scope], [draft.held[draft.scope].shape])


def _in_force(draft: Draft) -> Areas | None:
    if not draft.held:
        return None
    return areas_of(draft.held, [area.shape for area in draft.held.values()])


def _between_drawn_and_made(draft: Draft, areas: Areas) -> Iterator[Finding]:
    """Overlaps of areas that rows draw with their neighbours that the areas below draw."""
    has_shape = np.array([shape is not None for shape in areas.shapes], dtype=bool)
    for length in LENGTHS[:-1]:
        level = np.array([len(code) == length and code in draft.shapes for code in areas.codes], dtype=bool)
        if not (level & has_shape).any() or has_shape[level].all():
            continue
        filled = _filled(draft, areas, level)
        made = {code for code, drawn in zip(areas.codes[level], has_shape[level], strict=True) if not drawn}
        for finding in check(filled):
            if finding.kind is Kind.OVERLAP and len(made & {finding.code, finding.other}) == 1:
                yield finding


def _filled(draft: Draft, areas: Areas, chosen: NDArray[np.bool_]) -> Areas:
    some = areas.where(chosen)
    shapes = some.shapes.copy()
    shapes[:] = [draft.shapes[code] if shape is None else shape for code, shape in zip(some.codes, shapes, strict=True)]
    return replace(some, shapes=shapes)


def _is_said_elsewhere(finding: Finding, draft: Draft) -> bool:
    """What is no fault of a draft, or what the registry's checks say better."""
    if finding.kind is Kind.EMPTY:
        # Drawn by the areas below, as most of a draft is.
        return finding.code in draft.shapes
    if finding.kind is Kind.CLOCKWISE:
        # What was drawn or joined here is turned when it is published.
        return not finding.row
    if finding.kind is Kind.WRONG_PREFIX and finding.measure is None:
        parent = finding.code[:-3]
        return not finding.code.startswith(draft.scope) or parent not in {*draft.rows.codes, draft.scope}
    return False


def _stored(finding: Finding) -> DraftFinding:
    nothing_below = finding.kind is Kind.EMPTY and well_formed(finding.code)
    return DraftFinding(
        kind=finding.kind.value,
        severity=(Severity.ERROR if nothing_below else finding.severity).value,
        code=finding.code,
        other=finding.other,
        row=finding.row or None,
        sentence=finding.sentence,
        place=stored(finding.place),
        measure=finding.measure,
        repair=finding.repair,
    )
