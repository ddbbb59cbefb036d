"""Codes: their form, and that no two areas have the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely

from geodata.checking.findings import DROP_DUPLICATE, Finding, Kind, Severity
from geodata.checking.ground import Ground


def check_codes(ground: Ground) -> Iterator[Finding]:
    """Ill-formed codes, codes that several areas have, and shapes that are there twice."""
    for row in np.flatnonzero(~ground.well_formed).tolist():
        code, at = ground.areas.codes[row], int(ground.areas.rows[row])
        sentence = f"{ground.row_title(row)}：{_fault(code)} (ill-formed code)"
        yield Finding(Kind.ILL_FORMED_CODE, Severity.ERROR, code, sentence, row=at, place=_look(ground, row))
    twins = same_shapes(ground)
    yield from _same_codes(ground, twins)
    for row, first in twins.items():
        yield _same_shape(ground, row, first)


def same_shapes(ground: Ground) -> dict[int, int]:
    """Each area of a level whose shape is another's to the last bit, and the first that has it."""
    first: dict[tuple[int, bytes], int] = {}
    twins = {}
    rows = np.flatnonzero(ground.drawn)
    normal = shapely.to_wkb(shapely.normalize(ground.sound[rows]))
    for row, written in zip(rows.tolist(), normal, strict=True):
        key = (int(ground.level[row]), written)
        if key in first:
            twins[row] = first[key]
        else:
            first[key] = row
    return twins


def _same_codes(ground: Ground, twins: dict[int, int]) -> Iterator[Finding]:
    rows = defaultdict(list)
    for row, code in enumerate(ground.areas.codes):
        if code and not (row in twins and ground.areas.codes[twins[row]] == code):
            rows[code].append(row)
    for code, having in rows.items():
        if len(having) < 2:
            continue
        listed = "、".join(str(ground.areas.rows[row]) for row in having)
        sentence = f"{ground.title(having[0])}：编码出现 {len(having)} 次，见第 {listed} 个要素 (duplicate code)"
        yield Finding(
            Kind.DUPLICATE_CODE,
            Severity.ERROR,
            code,
            sentence,
            row=int(ground.areas.rows[having[1]]),
            place=_look(ground, having[1]),
            measure=float(len(having)),
        )


def _same_shape(ground: Ground, row: int, first: int) -> Finding:
    code, other = ground.areas.codes[row], ground.areas.codes[first]
    same = code == other
    what = "与" if same else f"图形与 {ground.title(first)}（"
    where = f"第 {ground.areas.rows[first]} 个要素"
    sentence = (
        f"{ground.title(row)}：{what}{where}完全相同，可去掉其一 (a duplicate)"
        if same
        else f"{ground.title(row)}：{what}{where}）完全相同，编码却不同 (two codes for one shape)"
    )
    return Finding(
        Kind.DUPLICATE_SHAPE,
        Severity.ERROR,
        code,
        sentence,
        other=other,
        row=int(ground.areas.rows[row]),
        place=_look(ground, row),
        repair=DROP_DUPLICATE if same and same_attributes(ground, row, first) else "",
    )


def same_attributes(ground: Ground, row: int, first: int) -> bool:
    """Whether two rows say the same in every column."""
    table, names = ground.areas.table, ground.areas.names
    return bool(names[row] == names[first] and (not len(table) or table.iloc[row].equals(table.iloc[first])))


def _fault(code: str) -> str:
    if not code:
        return "没有编码"
    if not code.isascii() or not code.isdigit():
        odd = sorted({sign for sign in code if not (sign.isascii() and sign.isdigit())})
        return f"编码“{code}”含有半角数字以外的字符 {'、'.join(odd)}"
    return f"编码 {code} 有 {len(code)} 位，应为 6、9、12 或 15 位"


def _look(ground: Ground, row: int) -> shapely.Point | None:
    return shapely.point_on_surface(ground.sound[row]) if ground.drawn[row] else None
