"""What findings are called on the pages, and in which unit they are measured."""

from __future__ import annotations

from geodata.checking import LABELS, Kind, Severity

# From the worst; also the order in which they are listed.
SEVERITY_NAMES = {severity.value: severity.label for severity in Severity}
# The last ones only the registry knows (gridmap.editions.registry_checks).
KIND_NAMES = {kind.value: label for kind, label in LABELS.items()} | {
    "outside_scope": "编码在范围之外",
    "no_parent": "没有上级区域",
    "kind_of_level": "类型与层级不符",
    "no_name": "没有名称",
    "code_given_up": "编码曾停用",
    "area_gone": "区域撤销",
    "gone_in_use": "撤销区域仍在使用",
    "outline_moved": "外界线移动",
    "outline_changed": "区界变动",
    "other_district": "与别的区重叠",
}
_SQUARE_METRES = {
    Kind.INVALID_RING,
    Kind.DUPLICATE_SHAPE,
    Kind.WRONG_PREFIX,
    Kind.OVERLAP,
    Kind.GAP,
    Kind.OUTSIDE_PARENT,
    "outline_moved",
    "outline_changed",
    "other_district",
}
_METRES = {
    Kind.SLIVER,
    Kind.FAR_AWAY,
    Kind.SWAPPED,
    Kind.GCJ02_SUSPECTED,
    Kind.BD09_SUSPECTED,
    Kind.WGS84_SUSPECTED,
}
UNITS = dict.fromkeys(map(str, _SQUARE_METRES), " m²") | dict.fromkeys(map(str, _METRES), " m")


def kind_name(kind: str) -> str:
    """What a kind of finding is called; a kind nobody has named yet goes by its own word."""
    return KIND_NAMES.get(kind, kind)


def measure_words(kind: str, measure: float | None) -> str:
    """How much of it there is, with its unit."""
    if measure is None:
        return ""
    digits = 2 if kind in UNITS and abs(measure) < 10 else 0
    if 0 < abs(measure) < 0.005 or (measure == 0 and kind in UNITS):
        return f"不到 0.01{UNITS.get(kind, '')}"
    return f"{measure:,.{digits}f}{UNITS.get(kind, '')}"
