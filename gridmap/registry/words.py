"""What findings are called on the pages, and in which unit they are measured."""

from __future__ import annotations

# From the worst; also the order in which they are listed.
SEVERITY_NAMES = {"error": "错误", "warning": "提醒", "note": "说明"}
# What only the registry knows (gridmap.editions.registry_checks).
KIND_NAMES = {
    "outside_scope": "编码在范围之外",
    "no_parent": "没有上级区域",
    "kind_of_level": "类型与层级不符",
    "no_name": "没有名称",
    "code_given_up": "编码曾停用",
    "area_gone": "区域撤销",
    "gone_in_use": "撤销区域仍在使用",
    "outline_moved": "外界线移动",
    "other_district": "与别的区重叠",
}
SQUARE_METRES = {"outline_moved", "other_district"}
NUMBER = {"gone_in_use"}


def kind_name(kind: str) -> str:
    """What a kind of finding is called; a kind nobody has named yet goes by its own word."""
    return KIND_NAMES.get(kind, kind)


def measure_words(kind: str, measure: float | None) -> str:
    """How much of it there is, with its unit."""
    if measure is None:
        return ""
    if kind in SQUARE_METRES:
        return f"{measure:,.2f} m²" if measure < 10 else f"{measure:,.0f} m²"
    return f"{measure:g}"
