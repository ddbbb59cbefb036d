"""How figures by area are asked for and sent: statements, what is known already, heads."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cases.models import Case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


STATEMENTS = {
    # Beside the version of the rows, which is one.
    "counts": 1 + 2,
    "counts.geojson": 1 + 3,
    "coverage": 1 + 6,
    "ground": 1 + 1,
    "overdue": 1 + 3,
    "density": 1 + 2,
}


@pytest.mark.parametrize("where", STATEMENTS)
def test_how_many_statements_an_answer_takes(client: Client, where: str, django_assert_num_queries: Any) -> None:
    client.get(f"/api/v1/{where}")  # what is kept of the ground
    with django_assert_num_queries(STATEMENTS[where]):
        first = client.get(f"/api/v1/{where}")
    with django_assert_num_queries(1):
        again = client.get(f"/api/v1/{where}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    head = client.head(f"/api/v1/{where}")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    Case.objects.filter(pk=Case.objects.earliest("pk").pk).update(voices_count=9)
    assert client.get(f"/api/v1/{where}").headers["ETag"] != first.headers["ETag"]
