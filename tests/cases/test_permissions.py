"""Who may open what: every address crossed with every kind of caller, for a case in and out of their ground.

The table is complete by test: an address that is in the URL configuration and not here fails.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from cases import actions
from cases.actions import Report
from cases.models import Case
from gridmap.editions import drafts
from gridmap.models import Boundary
from tests.conftest import GRID, Cast

pytestmark = pytest.mark.django_db

CALLERS = ("anonymous", "worker", "chief", "clerk", "leader", "centre", "admin", "department", "stranger")
#           ---- on the case's ground ----                                       ---- not on it ----
ON_GROUND = ("worker", "chief", "clerk", "leader", "centre", "admin")


def everybody(status: int) -> dict[str, int]:
    return dict.fromkeys(CALLERS, status)


def ground_only(inside: int, *, anonymous: int, outside: int = 404, **special: int) -> dict[str, int]:
    return everybody(outside) | {"anonymous": anonymous} | dict.fromkeys(ON_GROUND, inside) | special


def keepers_only(status: int) -> dict[str, int]:
    """For the centre of the district and of a town, and the administrator."""
    return everybody(403) | {"anonymous": 302} | dict.fromkeys(("clerk", "centre", "admin"), status)


# name → (method, path, expected status by caller). NUMBER is a reported case on the cast's grid.
TABLE: dict[str, tuple[str, str, dict[str, int]]] = {
    "map": ("get", "/", everybody(200)),
    "review": ("get", "/review/", everybody(200)),
    "report": ("get", "/report/", everybody(200)),
    "track": ("get", "/track/", everybody(200)),
    "track-qr": ("get", "/track/qr.svg", everybody(404)),  # without number and code
    "track-survey": ("post", "/track/survey/", everybody(404)),
    "sign-in": ("get", "/sign-in/", everybody(302) | {"anonymous": 200}),
    "sign-out": ("post", "/sign-out/", everybody(302)),
    "healthz": ("get", "/healthz", everybody(200)),
    "readyz": ("get", "/readyz", everybody(200)),
    "api-locate": ("get", "/api/v1/locate?lon=114.9375&lat=25.8685&coord=wgs84", everybody(200)),
    "api-places": ("get", "/api/v1/places?q=示范", everybody(200)),
    "api-area": ("get", "/api/v1/areas/360702001", everybody(200)),
    "api-editions": ("get", "/api/v1/editions", everybody(200)),
    "api-geojson": ("get", "/api/v1/cases.geojson?limit=5", everybody(200)),
    "tile-layer": ("get", "/tiles/cases.json", everybody(200)),
    "tile": ("get", "/tiles/cases/9/419/217.mvt", everybody(200)),
    "api-schema": ("get", "/api/schema/", everybody(200)),
    "api-categories": ("get", "/api/v1/categories", everybody(200)),
    "api-cases": ("post", "/api/v1/cases", everybody(400)),
    "api-similar": ("get", "/api/v1/cases/similar?lon=114.9375&lat=25.8685&coord=wgs84", everybody(200)),
    "api-cells": ("get", "/api/v1/cases/cells?zoom=12", everybody(200)),
    "api-process": ("get", "/api/v1/process", everybody(200)),
    "api-summary": ("get", "/api/v1/summary", everybody(200)),
    "api-counts": ("get", "/api/v1/counts", everybody(200)),
    "api-counts-geojson": ("get", "/api/v1/counts.geojson?level=town", everybody(200)),
    "api-coverage": ("get", "/api/v1/coverage", everybody(200)),
    "api-coverage-geojson": ("get", "/api/v1/coverage.geojson", everybody(200)),
    "api-density": ("get", "/api/v1/density", everybody(200)),
    "api-ground": ("get", "/api/v1/ground?theme=party", everybody(200)),
    "api-ground-geojson": ("get", "/api/v1/ground.geojson?theme=workers", everybody(200)),
    # Nothing is found before the sweep has been at it.
    "api-hotspots": ("get", "/api/v1/hotspots", everybody(202)),
    "api-hotspots-geojson": ("get", "/api/v1/hotspots.geojson", everybody(202)),
    "api-overdue": ("get", "/api/v1/overdue", everybody(200)),
    "api-review": ("get", "/api/v1/review", everybody(200)),
    "review-report": ("get", "/review/report.html?area=360702001&since=2026-06-01", everybody(200)),
    "api-case": ("get", "/api/v1/cases/NUMBER", everybody(200)),
    "api-voices": ("post", "/api/v1/cases/NUMBER/voices", everybody(400)),
    "api-survey": ("post", "/api/v1/cases/NUMBER/survey", everybody(400)),
    # Accepting is for those on the grid; others who see the case are told that it is not theirs to accept.
    "api-act": (
        "post",
        "/api/v1/cases/NUMBER/actions/accept",
        ground_only(200, anonymous=401, clerk=403, leader=403, centre=403, admin=403),
    ),
    "desk": ("get", "/desk/", everybody(200) | {"anonymous": 302}),
    "desk-live": ("get", "/desk/live", everybody(200) | {"anonymous": 401}),
    "desk-csv": ("get", "/desk/cases.csv", everybody(200) | {"anonymous": 302}),
    "desk-geojson": ("get", "/desk/cases.geojson", everybody(200) | {"anonymous": 302}),
    # A form with nothing ticked.
    "desk-dispatch": ("post", "/desk/dispatch/", everybody(403) | {"anonymous": 302, "clerk": 422}),
    # No notice is named; whose notices are whose is in test_notices_on_the_desk.py.
    "desk-notices-read": ("post", "/desk/notices/read/", everybody(422) | {"anonymous": 302}),
    "case": ("get", "/cases/NUMBER/", ground_only(200, anonymous=302)),
    "case-act": (
        "post",
        "/cases/NUMBER/accept/",
        ground_only(302, anonymous=302, clerk=403, leader=403, centre=403, admin=403),
    ),
    "case-reporter": (
        "post",
        "/cases/NUMBER/reporter/",
        ground_only(200, anonymous=302, leader=403, admin=403),
    ),
    "registry": ("get", "/registry/", keepers_only(200)),
    "registry-editions": ("get", "/registry/editions/", keepers_only(200)),
    # Forms without anything in them are refused at their fields.
    "registry-import": ("post", "/registry/editions/import/", keepers_only(422)),
    "registry-copy": ("post", "/registry/editions/copy/", keepers_only(422)),
    "registry-edition": ("get", "/registry/editions/DRAFT/", keepers_only(200)),
    "registry-findings": ("get", "/registry/editions/DRAFT/findings.geojson", keepers_only(200)),
    "registry-changes": ("get", "/registry/editions/DRAFT/changes.geojson", keepers_only(200)),
    "registry-describe": ("post", "/registry/editions/DRAFT/describe/", keepers_only(422)),
    "registry-repair": ("post", "/registry/editions/DRAFT/repair/", keepers_only(409)),
    "registry-undo": ("post", "/registry/editions/DRAFT/steps/undo/", keepers_only(409)),
    "registry-abandon": ("post", "/registry/editions/DRAFT/abandon/", keepers_only(302)),
    "registry-propose": ("post", "/registry/editions/DRAFT/propose/", keepers_only(302)),
    "registry-lineage": ("post", "/registry/editions/DRAFT/lineage/", keepers_only(422)),
    "registry-lineage-remove": ("post", "/registry/editions/DRAFT/lineage/1/remove/", keepers_only(422)),
    "registry-staffing": ("post", "/registry/editions/DRAFT/staffing/", keepers_only(422)),
    "registry-excuse": ("post", "/registry/editions/DRAFT/staffing/excuse/", keepers_only(422)),
    # A town's centre prepares; the district approves and publishes. Nothing differs in this draft.
    "registry-approve": ("post", "/registry/editions/DRAFT/approve/", keepers_only(409) | {"clerk": 403}),
    "registry-withdraw": ("post", "/registry/editions/DRAFT/withdraw/", keepers_only(409) | {"clerk": 403}),
    "registry-publish": ("post", "/registry/editions/DRAFT/publish/", keepers_only(422) | {"clerk": 403}),
    "registry-reroute": ("post", "/registry/editions/DRAFT/reroute/", keepers_only(409) | {"clerk": 403}),
    "registry-balance": ("get", "/registry/balance/", keepers_only(200)),
    "registry-rosters": ("get", "/registry/rosters/", keepers_only(200)),
    "registry-roster": ("get", "/registry/rosters/appointments/", keepers_only(200)),
    "registry-roster-template": ("get", "/registry/rosters/people/template.xlsx", keepers_only(200)),
    # What the district gives to its towns is the district's to register.
    "registry-roster-registered": (
        "get",
        "/registry/rosters/power-grants/registered.xlsx",
        keepers_only(200) | {"clerk": 403},
    ),
    "registry-roster-import": (
        "get",
        "/registry/rosters/people/6f0e3b2c-5a68-4c8e-9d51-1f3a5a3f0c11/",
        keepers_only(404),
    ),
    "registry-draw": ("get", "/registry/editions/DRAFT/draw/", keepers_only(200)),
    "registry-draft-geojson": (
        "get",
        "/registry/editions/DRAFT/draft.geojson",
        keepers_only(200) | {"anonymous": 401},
    ),
    # A form without anything in it.
    "registry-draw-edit": (
        "post",
        "/registry/editions/DRAFT/edits/split",
        keepers_only(400) | {"anonymous": 401},
    ),
    "registry-draw-undo": ("post", "/registry/editions/DRAFT/undo", keepers_only(400) | {"anonymous": 401}),
    # There is no letter; nobody off the ground is told that there is no case either.
    "case-letter": ("get", "/cases/NUMBER/letters/1/", everybody(404) | {"anonymous": 302}),
    "case-photo": ("get", "/cases/NUMBER/photos/PHOTO/", ground_only(200, anonymous=404)),
}
# Answered by Django's own admin, which asks for staff before anything else (tests/browser/test_admin.py).
NOT_OURS = {"admin"}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name or str(pattern.pattern)
        elif pattern.namespace not in NOT_OURS:
            yield from names(pattern.url_patterns)


def test_the_table_holds_every_address() -> None:
    assert set(names(get_resolver().url_patterns)) == set(TABLE)


@pytest.fixture(scope="module")
def reported(kept_for_module: None, now: dt.datetime) -> int:
    """A report on the cast's grid, with a reporter and a photo."""
    point = Boundary.objects.get(area=GRID, valid_until=None).geom.point_on_surface
    sent = Report(
        client_id=uuid.uuid4(),
        category="0301",
        text="只有自己人能看的描述",
        lon=point.x,
        lat=point.y,
        coord="wgs84",
        channel="web",
        reporter_name="李四海",
        reporter_phone="10000005678",
        pictures=[actions.reporting.photos.re_encode(_png())],
    )
    return actions.report(sent, by=None, at=now)[0].pk


@pytest.fixture(scope="module")
def draft(kept_for_module: None) -> int:
    """A draft of the town around it, nothing of which differs."""
    return drafts.begin("草稿", None, on=timezone.localdate(), by=None, at=timezone.now(), scope=GRID[:9]).pk


@pytest.fixture
def case(reported: int, db: None) -> Case:
    return Case.objects.get(pk=reported)


def _png():  # type: ignore[no-untyped-def]
    import io

    from PIL import Image

    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    drawn.seek(0)
    return drawn


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", TABLE)
def test_every_caller_at_every_address(
    name: str, caller: str, case: Case, draft: int, cast: Cast, as_user: Callable[[User | None], Client]
) -> None:
    method, path, expected = TABLE[name]
    client = as_user(None if caller == "anonymous" else getattr(cast, caller))
    path = path.replace("DRAFT", str(draft)).replace("NUMBER", case.number).replace("PHOTO", str(case.photos.get().pk))
    response = getattr(client, method)(path)
    response.getvalue()  # a photo is an open file until somebody has read it
    assert response.status_code == expected[caller]


@pytest.mark.parametrize("caller", ["anonymous", "department", "stranger"])
def test_those_elsewhere_see_no_more_than_the_public(
    caller: str, case: Case, cast: Cast, as_user: Callable[[User | None], Client]
) -> None:
    client = as_user(None if caller == "anonymous" else getattr(cast, caller))
    for path in (f"/api/v1/cases/{case.number}", "/api/v1/cases.geojson?state=reported", f"/cases/{case.number}/"):
        shown = client.get(path, follow=True).content.decode()
        for secret in ("李四海", "李**", "5678", "只有自己人能看的描述", case.track_code):
            assert secret not in shown, path


def test_those_on_the_ground_see_the_reporter_masked(
    case: Case, cast: Cast, as_user: Callable[[User | None], Client]
) -> None:
    for path in (f"/api/v1/cases/{case.number}", f"/cases/{case.number}/"):
        shown = as_user(cast.worker).get(path).content.decode()
        assert "只有自己人能看的描述" in shown
        assert "100****5678" in shown
        assert "李四海" not in shown
        assert case.track_code not in shown
