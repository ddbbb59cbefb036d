"""Cases counted by area as they go out, against a recount."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cases.deadlines import SHANGHAI
from cases.workflow import OPEN, RUNNING
from gridmap.models.ground import Level
from tests.cases.recounting import NOW, figures_of
from tests.cases.sheets import WAY, ask, asked_of, filters_of, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


@WAY
@given(query=queries, level=st.sampled_from(["grid", "community", "town", "district"]))
def test_counts_are_those_of_a_recount(client: Client, cases: Any, query: dict[str, str], level: str) -> None:
    said = ask(client, "counts", level=level, **query)
    kept = asked_of(cases, filters_of(query))
    digits = Level(level).code_length
    collected, done, still = kept.state != "merged", kept.state.isin(["closed", "evaluated"]), kept.closed_at.isna()
    columns = {
        "collected": collected,
        "patrol": collected & (kept.channel == "patrol"),
        "astray": collected & (kept.route_method != "within"),
        "merged": ~collected,
        "done": done,
        "in_time": done & (kept.closed_at <= kept.due_at),
        "open": still,
        "overdue": still & kept.state.isin([str(it) for it in RUNNING]) & (kept.due_at < NOW),
    }
    deep = kept.current_area_id.str.len() >= digits
    sums = pd.DataFrame(columns)[deep].groupby(kept.current_area_id[deep].str[:digits]).sum()
    sums = sums[sums.any(axis=1)].rename_axis("code").reset_index()
    assert said["rows"] == sums.to_dict("records")
    assert said["total"] == figures_of(kept)._asdict()
    assert said["elsewhere"] == figures_of(kept[kept.current_area_id.str.len() < digits])._asdict()
    assert kept[kept.closed_at.isna()].state.isin([str(it) for it in OPEN]).all()


def test_the_sums_of_all_levels_are_one_sum(client: Client, cases: Any) -> None:
    answers = {level: ask(client, "counts", level=level, since="2025-03-05") for level in Level.values}
    assert len({json.dumps(it["total"]) for it in answers.values()}) == 1
    for said in answers.values():
        for name, n in said["total"].items():
            assert sum(row[name] for row in said["rows"]) + said["elsewhere"][name] == n
    towns = {row["code"]: row for row in answers["town"]["rows"]}
    for code, row in towns.items():
        below = [it for it in answers["community"]["rows"] if it["code"].startswith(code)]
        assert sum(it["collected"] for it in below) <= row["collected"]
    assert answers["district"]["rows"][0]["collected"] == answers["district"]["total"]["collected"] > 1000
    assert answers["district"]["rows"][0]["open"] == len(
        cases[cases.closed_at.isna() & (cases.reported_at >= dt.datetime(2025, 3, 5, tzinfo=SHANGHAI))]
    )
