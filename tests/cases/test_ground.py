"""What is said of the ground by theme, against the registry and a recount."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from django.test import Client

from cases.ground import HEAVY, SHARES, THEMES
from gridmap.models import (
    Appointment,
    Area,
    PartyOrganisation,
)
from gridmap.roles import Role
from tests.cases.recounting import NOW, chosen
from tests.cases.sheets import ask, filters_of
from tests.conftest import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def classes(client: Client, theme: str, **query: str) -> dict[str, Any]:
    said = ask(client, "ground", theme=theme, **query)
    counts = Counter(row["class"] for row in said["rows"])
    assert {it["class"]: it["n"] for it in said["legend"]} == {
        it["class"]: counts[it["class"]] for it in said["legend"]
    }
    assert sum(counts.values()) == said["n"]
    assert set(counts) <= set(THEMES[theme].classes)
    return said | {"counts": counts}


def test_the_article_s_party_organisations(client: Client) -> None:
    """R15–R17: 727 second-level grids, 600 with a party organisation, 29 buildings with one."""
    said = classes(client, "party")
    assert said["n"] == 727
    assert (said["counts"]["with"], said["counts"]["without"]) == (600, 127)
    assert len({it["code"] for it in said["buildings"]}) == 29
    seated = set(
        PartyOrganisation.objects.filter(abolished_on=None, building__isnull=False).values_list("building", flat=True)
    )
    assert {it["code"] for it in said["buildings"]} == seated
    assert all(114.5 < it["lon"] < 115.3 and 25.4 < it["lat"] < 26.3 for it in said["buildings"])


def test_sizes_are_those_of_the_rules_with_waivers_apart(client: Client) -> None:
    said = classes(client, "size")
    columns = ["code", "households", "residents", "urban", "kind", "size_waiver"]
    table = pd.DataFrame(Area.objects.filter(level="grid").values_list(*columns), columns=columns)
    too_large = (table.urban & ((table.households > 500) | (table.residents > 1000))) | (
        ~table.urban & (table.residents > 750)
    )
    too_small = ~too_large & ((table.urban & (table.households < 300)) | (~table.urban & (table.residents < 250)))
    kind = pd.Series("fits", index=table.index).mask(too_large, "too_large").mask(too_small, "too_small")
    kind = kind.mask((kind != "fits") & (table.size_waiver != ""), "waived").mask(
        table.kind == "dedicated", "dedicated"
    )
    assert {row["code"]: row["class"] for row in said["rows"]} == dict(zip(table.code, kind, strict=True))
    assert said["counts"]["waived"] > 0
    waived = [row for row in said["rows"] if row["class"] == "waived"]
    assert all("豁免" in row["words"] for row in waived)


def test_workers_are_those_in_post(client: Client) -> None:
    said = classes(client, "workers")
    held = Appointment.objects.on(NOW.date()).filter(role=Role.GRID_WORKER, area__level="grid")
    table = pd.DataFrame(held.values("area", "person", "part_time"))
    table["shared"] = table.groupby("person").area.transform("size") > 1
    for row in said["rows"]:
        its = table[table.area == row["code"]]
        own = (~its.shared & ~its.part_time).any()
        best = "own" if own else "shared" if (~its.part_time).any() else "part_time" if len(its) else "vacant"
        assert (row["class"], row["value"]) == (best, len(its))


def test_workload_and_routing_are_those_of_a_recount(client: Client, cases: Any) -> None:
    grids = set(Area.objects.filter(level="grid").values_list("code", flat=True))
    workers = Counter(
        Appointment.objects.on(NOW.date())
        .filter(role=Role.GRID_WORKER, area__level="grid")
        .values_list("area", flat=True)
    )
    query = {"since": "2025-02-10", "area": "360702002"}
    kept = chosen(cases, filters_of(query))
    still = Counter(kept[kept.closed_at.isna()].current_area_id)
    said = classes(client, "workload", **query)
    assert {row["code"] for row in said["rows"]} == {code for code in grids if code.startswith("360702002")}
    for row in said["rows"]:
        n, people = still[row["code"]], workers[row["code"]]
        each = round(n / people, 1) if people else None
        named = (
            "vacant" if each is None else "none" if not n else next((f"to_{it}" for it in HEAVY if each <= it), "more")
        )
        assert (row["class"], row["value"]) == (named, each)
    said = classes(client, "routing", **query)
    collected = kept[kept.state != "merged"]
    for row in said["rows"]:
        its = collected[collected.current_area_id == row["code"]]
        share = round(100 * float((its.route_method != "within").mean()), 1) if len(its) else None
        named = (
            "none"
            if share is None
            else "clear"
            if not share
            else next((f"to_{it}" for it in SHARES if share <= it), "more")
        )
        assert (row["class"], row["value"]) == (named, share)
    assert said["unrouted"] == int((collected.current_area_id.str.len() < 15).sum())


def test_who_answers_for_a_grid_is_told_at_once(client: Client, cast: Cast) -> None:
    before = {row["code"]: row["class"] for row in ask(client, "ground", theme="workers")["rows"]}
    etag = client.get("/api/v1/ground?theme=workers").headers["ETag"]
    Appointment.objects.filter(area=cast.grid, role=Role.GRID_WORKER).update(valid_until=NOW.date())
    assert client.get("/api/v1/ground?theme=workers").headers["ETag"] != etag
    after = {row["code"]: row["class"] for row in ask(client, "ground", theme="workers")["rows"]}
    assert before[cast.grid] != after[cast.grid] == "vacant"
