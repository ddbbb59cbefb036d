"""What a check finds: in words, in figures and on the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry.base import BaseGeometry


class Severity(StrEnum):
    """What a finding means for whoever wants to use the areas: stop, look, or know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def label(self) -> str:
        """In Chinese."""
        return {"error": "错误", "warning": "提醒", "note": "说明"}[self.value]


class Kind(StrEnum):
    """What can be wrong with areas."""

    EMPTY = "empty"
    NOT_POLYGON = "not_polygon"
    INVALID_RING = "invalid_ring"
    CLOCKWISE = "clockwise"
    SLIVER = "sliver"
    ILL_FORMED_CODE = "ill_formed_code"
    DUPLICATE_CODE = "duplicate_code"
    DUPLICATE_SHAPE = "duplicate_shape"
    WRONG_PREFIX = "wrong_prefix"
    OVERLAP = "overlap"
    GAP = "gap"
    OUTSIDE_PARENT = "outside_parent"
    FAR_AWAY = "far_away"
    SWAPPED = "swapped"
    GCJ02_SUSPECTED = "gcj02_suspected"
    BD09_SUSPECTED = "bd09_suspected"
    WGS84_SUSPECTED = "wgs84_suspected"
    BAD_COUNT = "bad_count"
    TOO_MANY_HOUSEHOLDS = "too_many_households"
    TOO_FEW_HOUSEHOLDS = "too_few_households"
    TOO_MANY_RESIDENTS = "too_many_residents"
    RURAL_SIZE = "rural_size"

    @property
    def label(self) -> str:
        """In Chinese."""
        return LABELS[self]


LABELS = {
    Kind.EMPTY: "没有图形",
    Kind.NOT_POLYGON: "不是面",
    Kind.INVALID_RING: "边界无效",
    Kind.CLOCKWISE: "外环顺时针",
    Kind.SLIVER: "过窄",
    Kind.ILL_FORMED_CODE: "编码不合规",
    Kind.DUPLICATE_CODE: "编码重复",
    Kind.DUPLICATE_SHAPE: "图形重复",
    Kind.WRONG_PREFIX: "上级编码不符",
    Kind.OVERLAP: "重叠",
    Kind.GAP: "缝隙",
    Kind.OUTSIDE_PARENT: "超出上级",
    Kind.FAR_AWAY: "位置过远",
    Kind.SWAPPED: "经纬度写反",
    Kind.GCJ02_SUSPECTED: "疑为 GCJ-02",
    Kind.BD09_SUSPECTED: "疑为 BD-09",
    Kind.WGS84_SUSPECTED: "疑为 WGS 84 或 CGCS2000",
    Kind.BAD_COUNT: "数字有误",
    Kind.TOO_MANY_HOUSEHOLDS: "户数过多",
    Kind.TOO_FEW_HOUSEHOLDS: "户数过少",
    Kind.TOO_MANY_RESIDENTS: "人口过多",
    Kind.RURAL_SIZE: "农村网格人口不合",
}

# The names of the safe repairs; see `geodata.repairing`.
TURN, MAKE_VALID, SNAP, DROP_DUPLICATE = "turn", "make_valid", "snap", "drop_duplicate"
REPAIR_LABELS = {TURN: "转向", MAKE_VALID: "清理边界", SNAP: "吸附", DROP_DUPLICATE: "去掉重复"}


@dataclass(frozen=True)
class Finding:
    """One thing found.

    `code`, `other`: the areas concerned, "" for none. `row`: where the first stands in its file, from 1, None when the
    finding is about the whole file. `sentence`: Chinese, then short English, with figures. `place`: where to look, a
    geometry in CGCS2000 degrees. `measure`: what was measured, in m², m, or a count by the kind. `repair`: the name of the
    one safe repair, "" when there is none.
    """

    kind: Kind
    severity: Severity
    code: str
    sentence: str
    other: str = ""
    row: int | None = None
    place: BaseGeometry | None = None
    measure: float | None = None
    repair: str = ""


@dataclass(frozen=True)
class Tolerances:
    """What is let pass: `m2` square metres of overlap, gap or ground outside; a width of `sliver_m` metres is no sliver;
    what is at most `snap_m` metres wide, snapping closes."""

    m2: float = 1.0
    sliver_m: float = 1.0
    snap_m: float = 0.5


def snapped_words(thin: bool, tolerances: Tolerances) -> str:
    """What a sentence adds of ground that snapping closes."""
    return f"，处处不宽于 {tolerances.snap_m:g} 米，吸附可以消除" if thin else ""


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by kind and code."""
    severities, kinds = list(Severity), list(Kind)
    return sorted(
        findings,
        key=lambda it: (severities.index(it.severity), kinds.index(it.kind), it.code, it.other, it.row or 0),
    )


def counts(findings: Iterable[Finding]) -> Counter[Severity]:
    """How many findings there are of each severity."""
    return Counter(finding.severity for finding in findings)
