"""The OpenAPI description says what is there, and what is there answers as described."""

from __future__ import annotations

import copy
import json
import re
import uuid
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema

from cases.models import Case
from gridmap.features.collection import collections
from gridmap.features.tiles import MEDIA_TYPE, tile_layers
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def described(client: Client) -> dict[str, Any]:
    response = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert response.status_code == 200
    description: dict[str, Any] = json.loads(response.content)
    return description


def test_the_description_is_valid_openapi(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate_schema(described)


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> set[str]:
    """Every address below these patterns, with its variables in braces."""
    found: set[str] = set()
    for it in patterns:
        here = before + str(it.pattern)
        found |= addresses(it.url_patterns, here) if isinstance(it, URLResolver) else {here}
    return {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path).lstrip("/") for path in found}


def test_every_address_is_described(described: dict[str, Any]) -> None:
    served = {path for path in addresses(get_resolver().url_patterns) if path.startswith(("/api/v1/", "/tiles/"))}
    kits = {
        "/api/v1/{name}.geojson": collections(),
        "/tiles/{name}.json": tile_layers(),
        "/tiles/{name}/{z}/{x}/{y}.mvt": tile_layers(),
    }
    assert kits.keys() <= served
    served -= kits.keys()
    served |= {path.replace("{name}", name) for path, names in kits.items() for name in names}
    assert set(described["paths"]) == served


def strict(schema: Any) -> Any:
    """The schema with nothing allowed that it does not name."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    if "properties" in closed and closed.get("type") == "object" and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    return closed


QUESTIONS = {
    "/api/v1/areas/{code}": {"code": "360702"},
    "/api/v1/cases/{number}": {"number": "NUMBER"},
    "/api/v1/cases/cells": {"zoom": "12"},
    "/api/v1/cases/similar": {"lon": "LON", "lat": "LAT", "coord": "cgcs2000"},
    "/api/v1/locate": {"lon": "LON", "lat": "LAT", "coord": "cgcs2000"},
    "/api/v1/places": {"q": "街道"},
    "/api/v1/cases.geojson": {"limit": "3"},
    **{f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt": {"z": "9", "x": "419", "y": "217"} for name in tile_layers()},
}


def check(described: dict[str, Any], answers: dict[str, Any], response: Any) -> Any:
    """Hold an answer against its description; returns it."""
    [(media_type, documented)] = answers[str(response.status_code)]["content"].items()
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    schemas = strict(copy.deepcopy(described["components"]["schemas"]))
    whole = {**strict(documented["schema"]), "components": {"schemas": schemas}}
    if media_type == MEDIA_TYPE:
        return response.content
    answer = response.json()
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(answer)
    return answer


@pytest.mark.parametrize("who", [None, "worker", "admin"])
def test_every_get_answers_as_described(client: Client, described: dict[str, Any], cast: Cast, who: str | None) -> None:
    if who:
        client.force_login(getattr(cast, who))
    case = Case.objects.filter(area=cast.grid, category__sensitive=False).first()
    assert case is not None
    words = {"NUMBER": case.number, "LON": str(case.point.x), "LAT": str(case.point.y)}
    asked = 0
    for path, operations in described["paths"].items():
        if "get" not in operations:
            continue
        query = {name: words.get(value, value) for name, value in QUESTIONS.get(path, {}).items()}
        needed = {it["name"] for it in operations["get"].get("parameters", []) if it.get("required")}
        assert needed <= set(query), path
        address = re.sub(r"\{(\w+)\}", lambda found, query=query: query.pop(found[1]), path)
        answer = check(described, operations["get"]["responses"], client.get(address, query))
        assert answer or path == "/api/v1/cases/similar", path
        asked += 1
    assert asked >= 11


def test_every_filter_described_is_taken(client: Client, described: dict[str, Any]) -> None:
    """A parameter the address does not know would be answered 400 and named."""
    for path, operations in described["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                address = re.sub(r"\{\w+\}", "0", path)
                response = client.get(address, {parameter["name"]: "\x01 no such value"})
                assert "不认识参数" not in response.content.decode(), (path, parameter["name"])


def test_posts_answer_as_described(client: Client, described: dict[str, Any], cast: Cast) -> None:
    some = Case.objects.filter(area=cast.grid).first()
    assert some is not None
    body = {"client_id": str(uuid.uuid4()), "category": "0301", "text": "路灯不亮", "coord": "wgs84", "channel": "web"}
    body |= {"lon": some.point.x, "lat": some.point.y}
    paths = described["paths"]
    for status in (201, 200):
        response = client.post("/api/v1/cases", body, content_type="application/json")
        assert response.status_code == status
        receipt = check(described, paths["/api/v1/cases"]["post"]["responses"], response)
    address = f"/api/v1/cases/{receipt['number']}"
    response = client.post(f"{address}/voices", {"client_id": str(uuid.uuid4())}, content_type="application/json")
    check(described, paths["/api/v1/cases/{number}/voices"]["post"]["responses"], response)
    client.force_login(cast.worker)
    response = client.post(f"{address}/actions/accept", {}, content_type="application/json")
    check(described, paths["/api/v1/cases/{number}/actions/{verb}"]["post"]["responses"], response)
