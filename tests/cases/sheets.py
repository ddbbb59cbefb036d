"""Asking for figures by area as clients do, in all the ways there are."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cases.deadlines import SHANGHAI
from cases.models import Assignment
from gridmap.features.parameters import Filters
from tests.cases.recounting import chosen


def ask(client: Client, where: str, **query: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/{where}", query)
    assert response.status_code == 200, response.content.decode()
    found: dict[str, Any] = json.loads(response.content)
    return found


DISTRICT = "360702"
COMMUNITY = "360702003005"
WAY = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
days = st.dates(dt.date(2024, 1, 1), dt.date(2026, 7, 31)).map(str)
words: dict[str, Any] = {
    "since": days,
    "until": days,
    "category": st.sampled_from(["0", "01", "03", "0301", "9"]),
    "area": st.sampled_from([DISTRICT, "360702002", COMMUNITY, "36070200"]),
    "channel": st.sampled_from(["patrol", "hotline"]),
    "state": st.sampled_from(["closed", "triage,merged", "suspended,handling,received"]),
    "department": st.sampled_from(["360702-D01", "360702-D12", "nobody"]),
}
queries = st.fixed_dictionaries({}, optional=words)


def filters_of(query: dict[str, str]) -> Filters:
    moments = {
        name: dt.datetime.fromisoformat(query[name]).replace(tzinfo=SHANGHAI)
        for name in ("since", "until")
        if name in query
    }
    state = {"state": tuple(query["state"].split(","))} if "state" in query else {}
    return Filters(**{**query, **moments, **state})  # type: ignore[arg-type]


def asked_of(cases: Any, filters: Filters) -> Any:
    kept = chosen(cases, filters)
    if filters.department is None:
        return kept
    asked = Assignment.objects.filter(unit=filters.department, withdrawn_at=None).values_list("case", flat=True)
    return kept[kept.id.isin(set(asked))]
