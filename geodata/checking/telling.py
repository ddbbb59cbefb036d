"""Findings told to people and to programs: a table, records, and a map of the places to look at."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geodata.areas import Areas, Shapes
from geodata.checking.findings import Finding, Severity, counts
from geodata.writing import DEGREE_DECIMALS, write_features

HEADS = ("程度", "类别", "编码", "说明")


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding below a head, in columns: severity, kind, code, sentence. No lines for no findings."""
    rows = [HEADS, *((one.severity.label, one.kind.label, one.code, one.sentence) for one in findings)]
    if len(rows) == 1:
        return
    shown = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(_width(row[column]) for row in shown) for column in range(len(HEADS) - 1)]
    for row in shown:
        yield "  ".join(
            [*(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)), row[-1]]
        )


def summary(areas: Areas, findings: Sequence[Finding]) -> str:
    """One sentence with how many there are of each severity and kind."""
    number = counts(findings)
    told = "，".join(f"{severity.label} {number[severity]:,}" for severity in Severity)
    by_kind = Counter(one.kind for one in findings)
    kinds = "、".join(f"{kind.label} {times:,}" for kind, times in by_kind.items())
    english = ", ".join(f"{number[severity]:,} {severity.value}s" for severity in Severity)
    return f"{_printable(areas.source)}：{len(areas):,} 个区域，{told}{'：' if kinds else ''}{kinds} ({english})"


def record(finding: Finding) -> dict[str, Any]:
    """What JSON holds of a finding, but for its place."""
    measure = finding.measure if finding.measure is not None and math.isfinite(finding.measure) else None
    return {
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "label": finding.kind.label,
        "code": finding.code,
        "other": finding.other,
        "row": finding.row,
        "sentence": finding.sentence,
        "measure": measure,
        "repair": finding.repair,
    }


def document(areas: Areas, findings: Sequence[Finding]) -> Iterator[str]:
    """The lines of a JSON document: what was checked, how many findings of each severity, then a finding a line, each
    with a place to look as longitude and latitude."""
    number = counts(findings)
    head = {
        "source": areas.source.encode(errors="replace").decode(),  # the name of a file need not be text
        "coord": areas.coord,
        "areas": len(areas),
        "counts": {severity.value: number[severity] for severity in Severity},
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "findings": ['
    looks, owners = shapely.get_coordinates(shapely.point_on_surface(_places(findings)), return_index=True)
    by_finding = dict(zip(owners.tolist(), np.round(looks, DEGREE_DECIMALS).tolist(), strict=True))
    for at, finding in enumerate(findings):
        yield ("," if at else "") + json.dumps({**record(finding), "place": by_finding.get(at)}, ensure_ascii=False)
    yield "]}"


def write_map(out: Path, findings: Sequence[Finding]) -> None:
    """Write a GeoJSON file of the findings with the places to look at, null where a finding has none."""
    write_features(out, _places(findings), (record(one) for one in findings))


def _places(findings: Sequence[Finding]) -> Shapes:
    places = np.full(len(findings), None, dtype=object)
    places[:] = [one.place if one.place is not None and not one.place.is_empty else None for one in findings]
    return places


def _printable(text: str) -> str:
    """Text from a file without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
