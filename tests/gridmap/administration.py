"""The admin for the tests: who keeps it, the addresses of its pages, forms as a browser sends them, and refusals."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

GRID = "360702001001001"


@pytest.fixture
def keeper(client: Client) -> Client:
    client.force_login(User.objects.get(username="admin"))
    return client


def page(model: type, name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def prefixed(prefix: str, rows: list[dict[str, object]], *, initial: int = 0) -> dict[str, object]:
    """The fields of an inline formset as a browser sends them."""
    fields: dict[str, object] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


def refused(answer: object, sentence: str) -> None:
    assert answer.status_code == 200  # type: ignore[attr-defined]
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert sentence in text
    assert "请更正" in text
