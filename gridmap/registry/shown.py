"""Findings and differences of a draft as the pages show them: in words, the pressing first, never too many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from gridmap.editions.differences import Change, Difference
from gridmap.models import Area, DraftArea, DraftFinding, DraftLineage, Edition, Lineage
from gridmap.registry.words import SEVERITY_NAMES, kind_name, measure_words

AT_ONCE = 300
MAX_NEIGHBOURS = 3


# ---- findings ----------------------------------------------------------------------------------------------------


def in_order(rows: QuerySet[DraftFinding]) -> QuerySet[DraftFinding]:
    """The worst first, then by kind and code."""
    ranks = [When(severity=severity, then=Value(rank)) for rank, severity in enumerate(SEVERITY_NAMES)]
    rank = Case(*ranks, default=Value(len(ranks)), output_field=IntegerField())
    return rows.order_by(rank, "kind", "code", "pk")


@dataclass(frozen=True)
class Findings:
    """The findings of a draft: some of them as rows, and how many there are of each kind and severity."""

    rows: list[dict[str, Any]]
    total: int
    chosen: int
    errors: int
    repairable: int
    severities: list[dict[str, Any]]
    kinds: list[dict[str, Any]]


def findings_of(edition: Edition, *, severity: str = "", kind: str = "") -> Findings:
    """The findings, narrowed to a severity and a kind where they are given."""
    every = DraftFinding.objects.filter(edition=edition)
    counted = every.order_by("severity", "kind").values_list("severity", "kind").annotate(Count("pk"))
    by_severity: defaultdict[str, int] = defaultdict(int)
    by_kind: defaultdict[str, int] = defaultdict(int)
    for severity_, kind_, number in counted:
        by_severity[severity_] += number
        by_kind[kind_] += number
    chosen = every
    if severity:
        chosen = chosen.filter(severity=severity)
    if kind:
        chosen = chosen.filter(kind=kind)
    rows = list(in_order(chosen)[:AT_ONCE])
    areas = dict(
        DraftArea.objects.filter(edition=edition, code__in={row.code for row in rows})
        .standing()
        .order_by("-pk")
        .values_list("code", "pk")
    )
    return Findings(
        rows=[_finding(row, areas.get(row.code)) for row in rows],
        total=sum(by_severity.values()),
        chosen=chosen.count(),
        errors=by_severity["error"],
        repairable=every.exclude(repair="").count(),
        severities=[
            {"word": word, "name": name, "count": by_severity[word]}
            for word, name in SEVERITY_NAMES.items()
            if by_severity[word]
        ],
        kinds=[{"word": word, "name": kind_name(word), "count": number} for word, number in sorted(by_kind.items())],
    )


def _finding(row: DraftFinding, area_pk: int | None) -> dict[str, Any]:
    return {
        "pk": row.pk,
        "severity": row.severity,
        "severity_name": SEVERITY_NAMES.get(row.severity, row.severity),
        "kind": row.kind,
        "kind_name": kind_name(row.kind),
        "code": row.code,
        "row": row.row,
        "sentence": row.sentence,
        "measure_words": measure_words(row.kind, row.measure),
        "place": row.place is not None,
        "repair": row.repair,
        "area_pk": area_pk,
    }


# ---- differences -------------------------------------------------------------------------------------------------


def difference_rows(edition: Edition, found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The differences in words; what was split or merged is read off the draft's lineage."""
    listed = found[:AT_ONCE]
    kinds = successions(DraftLineage.objects.filter(edition=edition))
    names = names_of(edition, {code for it in listed for code in (*it.from_codes, *it.to_codes)})
    return [
        {
            "code": it.code,
            "name": it.name or it.code,
            "former_name": it.former_name if it.former_name not in ("", it.name) else "",
            "changes": [{"word": word, "name": CHANGE_NAMES[word]} for word in change_words(it, kinds)],
            "area_words": _from_to(it.area_m2_before, it.area_m2_after, "m²"),
            "residents_words": _from_to(it.residents_before, it.residents_after, "人"),
            "ground_words": _ground_words(it, names),
            "cases_words": "，".join(
                f"{word} {number}" for word, number in (("移入", it.cases_in), ("移出", it.cases_out)) if number
            ),
        }
        for it in listed
    ]


CHANGE_NAMES: dict[str, str] = {change.value: str(change.label) for change in Change} | {
    str(kind.value): str(kind.label) for kind in Lineage.Kind
}


def change_words(it: Difference, kinds: Mapping[str, Collection[str]]) -> list[str]:
    """What happened to an area, the most telling first."""
    return [*sorted(kinds.get(it.code, ())), *(change.value for change in Change if change in it.change)]


def successions(lineages: QuerySet[DraftLineage] | QuerySet[Lineage]) -> dict[str, set[str]]:
    """The kinds of lineage each area is in, by code."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for kind, *codes in lineages.values_list("kind", "predecessor", "successor"):
        for code in codes:
            kinds[code].add(kind)
    return dict(kinds)


def main_changes(edition: Edition, found: Sequence[Difference]) -> dict[str, str]:
    """By code, the most telling of what happens to each area: what its colour on the map says."""
    kinds = successions(DraftLineage.objects.filter(edition=edition))
    return {it.code: change_words(it, kinds)[0] for it in found}


def names_of(edition: Edition, codes: Collection[str]) -> dict[str, str]:
    """Names by code as the draft has them, else as the registry has them."""
    names = dict(Area.objects.filter(code__in=codes).values_list("code", "name"))
    drawn = DraftArea.objects.filter(edition=edition, code__in=codes).standing().exclude(name="")
    return names | dict(drawn.values_list("code", "name"))


# Keeps a number and its unit on one line.
NO_BREAK = "\N{NO-BREAK SPACE}"


def _from_to(before: float | None, after: float | None, unit: str) -> str:
    unit = NO_BREAK + unit
    if before is None or after is None:
        return f"{'+' if before is None else '−'}{(after if before is None else before) or 0:,.0f}{unit}"
    if round(before) == round(after):
        return f"{after:,.0f}{unit}"
    return f"{before:,.0f} → {after:,.0f}{unit}"


def _ground_words(it: Difference, names: Mapping[str, str]) -> str:
    said = [
        f"{word}{_listed(codes, names)}" for word, codes in (("来自 ", it.from_codes), ("归入 ", it.to_codes)) if codes
    ]
    return "；".join(said)


def _listed(codes: Mapping[str, float], names: Mapping[str, str]) -> str:
    largest = sorted(codes.items(), key=lambda item: -item[1])
    said = "、".join(f"{names.get(code, code)} {m2:,.0f}{NO_BREAK}m²" for code, m2 in largest[:MAX_NEIGHBOURS])
    return said + (f"等 {len(codes)} 个" if len(codes) > MAX_NEIGHBOURS else "")


def scope_names(scopes: Iterable[str]) -> dict[str, str]:
    """Names of what editions redraw, by code; the code itself where nobody has registered it yet."""
    codes = set(scopes)
    names = dict(Area.objects.filter(code__in=codes).values_list("code", "name"))
    return {code: f"{names[code]} {code}" if code in names else code for code in codes}
