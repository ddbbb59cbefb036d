"""Hot spots as a map asks for them: found in the background, kept by window, found anew when cases have changed."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from cases import hotspots
from cases.deadlines import SHANGHAI
from cases.hotspots import ASKED_AGAIN, KEPT_AT_MOST, KEPT_FOR, REST, Window, find, forget_old, kept, spots
from cases.models import Case, HotSpots
from cases.models.hot_spots import SILENCE
from geodata.hotspots import CLASSES, METHOD, neighbours, persistence
from geodata.hotspots import hotspots as statistic
from gridmap.models import Area, Boundary, River
from gridmap.models.ground import Level
from tests.cases.recounting import NOW, table_of_cases
from tests.cases.sheets import asked_of
from tests.conftest import PATIENCE_S
from tests.threads import on, threads_on

pytestmark = pytest.mark.django_db
YEAR = {"since": "2025-07-01", "until": "2026-07-01"}
WINDOW = Window(Level.GRID, "residents", dt.date(2025, 7, 1), dt.date(2026, 7, 1))
MINUTE = dt.timedelta(minutes=1)


class Clock:
    """The time as the tests tell it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock


def ask(client: Client, where: str = "hotspots", **query: str) -> tuple[int, dict[str, Any]]:
    response = client.get(f"/api/v1/{where}", query)
    return response.status_code, json.loads(response.content)


def change_a_case() -> None:
    Case.objects.filter(pk=Case.objects.earliest("pk").pk).update(voices_count=timezone.now().microsecond + 1)


# ---- asked, found, kept -----------------------------------------------------------------------------------------------


def test_what_is_asked_is_found_by_the_sweep_and_kept(client: Client) -> None:
    status, said = ask(client, level="community", **YEAR)
    assert (status, said["status"], said["progress"]) == (202, "computing", 0)
    assert said["window"] == {"since": "2025-07-01", "until": "2026-07-01", "days": 365}
    response = client.get("/api/v1/hotspots", {"level": "community", **YEAR})
    assert response.headers["Retry-After"] == "3"
    assert "no-store" in response.headers["Cache-Control"]
    assert HotSpots.objects.count() == 1
    call_command("sweep", verbosity=0)
    status, said = ask(client, level="community", **YEAR)
    assert (status, said["status"], said["renewing"]) == (200, "ready", False)
    assert said["computed_at"] == NOW.astimezone(SHANGHAI).isoformat(timespec="seconds")
    assert len(said["rows"]) == 143
    assert set(said["classes"]) == set(CLASSES) == set(said["labels"])
    assert sum(said["classes"].values()) == 143
    assert said["method"]["floor"] == {"cases": 100, "days": 28}
    # Asked for in other words it is the same window.
    same = {"since": "2025-07-01T00:00:00+08:00", "until": "2026-06-30T16:00:00Z", "denominator": "residents"}
    assert ask(client, level="community", **same)[1]["rows"] == said["rows"]
    assert HotSpots.objects.count() == 1
    etag = client.get("/api/v1/hotspots", {"level": "community", **YEAR}).headers["ETag"]
    again = client.get("/api/v1/hotspots", {"level": "community", **YEAR}, headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_the_same_with_polygons_is_read_by_gdal(client: Client, tmp_path: Any) -> None:
    assert ask(client, "hotspots.geojson", level="community", **YEAR)[0] == 202
    find()
    plain = ask(client, level="community", **YEAR)[1]["rows"]
    response = client.get("/api/v1/hotspots.geojson", {"level": "community", **YEAR})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/geo+json")
    drawn = json.loads(response.content)
    assert [it["properties"] for it in drawn["features"]] == plain
    saved = tmp_path / "hotspots.geojson"
    saved.write_bytes(response.content)
    assert pyogrio.read_info(saved)["features"] == 143
    read = pyogrio.read_dataframe(saved)
    assert (read.set_index("code").observed == pd.DataFrame(plain).set_index("code").observed).all()


def test_every_filter_makes_a_window_of_its_own(client: Client) -> None:
    for asked in ({}, {"channel": "hotline"}, {"state": "evaluated,closed"}, {"department": "360702-D12"}):
        assert ask(client, level="community", **YEAR, **asked)[0] == 202
    find()
    n = [ask(client, level="community", **YEAR, **asked)[1]["n"] for asked in ({}, {"channel": "hotline"})]
    assert n[0] > n[1] > 0
    # In whatever order states are named, they are the same ones.
    assert ask(client, level="community", **YEAR, state="closed,evaluated,closed")[0] == 200
    assert HotSpots.objects.count() == 4


def test_what_is_asked_without_a_window_is_the_year_until_tonight(client: Client) -> None:
    _, said = ask(client)
    assert said["window"] == {"since": "2025-07-08", "until": "2026-07-08", "days": 365}
    assert (said["level"], said["denominator"]) == ("grid", "residents")


def test_asking_what_is_kept_is_few_statements(client: Client, django_assert_num_queries: Any) -> None:
    kept(WINDOW, now=NOW)
    find()
    with django_assert_num_queries(2):  # the row, and the version of nothing
        first = client.get("/api/v1/hotspots", YEAR)
    assert first.status_code == 200
    with django_assert_num_queries(3):  # and the outlines
        client.get("/api/v1/hotspots.geojson", YEAR)


# ---- the figures ------------------------------------------------------------------------------------------------------


def recounted(window: Window, codes: list[str], cases: Any) -> tuple[Any, Any]:
    """Reports by area, and those of patrols among them."""
    rows = asked_of(cases[cases.state != "merged"], window.filters())
    places = rows.current_area_id.str[: window.level.code_length]
    patrol = rows[rows.channel == "patrol"].current_area_id.str[: window.level.code_length]
    return tuple(it.value_counts().reindex(codes, fill_value=0).to_numpy() for it in (places, patrol))


@pytest.mark.parametrize(
    ("level", "denominator", "asked"),
    [
        ("grid", "residents", {}),
        ("grid", "enterprises", {"category": "03"}),
        ("community", "km2", {"channel": "hotline", "state": "closed,evaluated"}),
        ("community", "residents", {"channel": "patrol"}),
        ("community", "residents", {"department": "360702-D12"}),
    ],
)
def test_the_figures_are_those_of_the_method_on_a_recount(level: str, denominator: str, asked: dict[str, str]) -> None:
    window = Window(Level(level), denominator, WINDOW.since, WINDOW.until, **asked)
    told: list[float] = []
    answer = spots(window, on=NOW.date(), tell=told.append)
    assert told == [0.25, 0.5, 0.75, 1]
    areas = Boundary.objects.on(NOW.date()).filter(area__level=level).order_by("area").select_related("area")
    codes = [it.area_id for it in areas]
    graph = neighbours(
        codes,
        shapely.from_wkt([it.geom.wkt for it in areas]),
        shapely.from_wkt([it.geom.wkt for it in River.objects.all()]),
    )
    base = [it.area_m2 / 1e6 if denominator == "km2" else getattr(it.area, denominator) for it in areas]
    cases = table_of_cases()
    found = [
        statistic(codes, *recounted(window.before(times), codes, cases), base, graph, 365, level) for times in range(4)
    ]
    now = found[0]
    rows = pd.DataFrame(answer["rows"])
    assert list(rows.code) == codes
    assert list(rows.observed) == list(now.observed)
    assert answer["n"] == now.total
    assert answer["too_few"] == now.too_few
    per = 1000 if denominator == "residents" else 1
    figures = {
        "expected": now.expected, "rate": now.rate * per, "eb_rate": now.eb_rate * per, "z": now.z, "p": now.p,
        "q": now.q, "patrol_share": now.patrol_share,
    }  # fmt: skip
    for name, column in figures.items():
        ours = rows[name].astype(float).to_numpy()
        assert np.allclose(ours, column, rtol=6e-4, atol=1e-9, equal_nan=True), name
    assert list(rows["class"]) == list(now.spot)
    assert list(rows.persistence) == list(persistence([it.spot for it in found]))
    assert list(rows.patrol_only) == list(now.patrol_only)
    assert list(rows.reason) == list(now.reason)
    assert answer["classes"] == {name: list(now.spot).count(name) for name in CLASSES}
    json.dumps(answer, allow_nan=False)


def test_too_few_cases_or_days_say_why(client: Client) -> None:
    for query, why in (
        ({"since": "2026-06-01", "until": "2026-07-01"}, "30 天，少于 89 天"),
        ({"category": "9", **YEAR}, "0 件，少于 400 件"),
    ):
        ask(client, **query)
        find()
        status, said = ask(client, **query)
        assert status == 200
        assert why in said["too_few"]
        assert said["classes"]["too_few"] == len(said["rows"]) == 727
        assert {row["z"] for row in said["rows"]} == {None}


def test_within_an_area_only_its_own_are_neighbours_and_its_own_rate_is_expected(client: Client) -> None:
    town = Window(Level.COMMUNITY, "residents", WINDOW.since, WINDOW.until, area="360702002")
    rows = spots(town, on=NOW.date())["rows"]
    codes = list(Area.objects.filter(level="community", code__startswith="360702002").values_list("code", flat=True))
    assert [row["code"] for row in rows] == codes
    observed, expected = (sum(row[name] for row in rows) for name in ("observed", "expected"))
    assert expected == pytest.approx(observed, rel=1e-3)
    assert hotspots._ground(Level.COMMUNITY, "360702002", NOW.date(), 0).graph.n == len(codes)


def test_what_cannot_be_found_is_told_and_the_sweep_goes_on(client: Client) -> None:
    ask(client, area="9", **YEAR)
    ask(client, level="community", **YEAR)
    assert find() == 1
    status, said = ask(client, area="9", **YEAR)
    assert (status, said["status"]) == (202, "failed")
    assert "没有区域" in said["problem"]
    assert ask(client, level="community", **YEAR)[0] == 200


def test_the_longest_window_there_is_can_be_found() -> None:
    """Those before it too: none of them begins before the calendar does."""
    longest = Window(Level.COMMUNITY, "km2", dt.date(1900, 1, 1), dt.date(1900, 1, 1) + hotspots.LONGEST)
    kept(longest, now=NOW)
    assert find() == 1


# ---- renewed ----------------------------------------------------------------------------------------------------------


def test_a_stale_answer_is_shown_until_there_is_a_better_one(client: Client, clock: Clock) -> None:
    ask(client, level="community", **YEAR)
    find()
    first = ask(client, level="community", **YEAR)[1]
    change_a_case()
    clock.now += REST - MINUTE
    assert ask(client, level="community", **YEAR)[1] == first | {
        "generated_at": ask(client, level="community", **YEAR)[1]["generated_at"]
    }
    assert not HotSpots.objects.get().wanted
    clock.now += MINUTE
    status, said = ask(client, level="community", **YEAR)
    assert (status, said["renewing"], said["computed_at"], said["rows"]) == (
        200,
        True,
        first["computed_at"],
        first["rows"],
    )
    Case.objects.filter(reported_at__gte="2026-01-01T00:00+08:00").update(channel="patrol")
    assert find() == 1
    said = ask(client, level="community", **YEAR)[1]
    assert (said["renewing"], said["computed_at"]) == (False, clock.now.isoformat(timespec="seconds"))
    assert said["rows"] != first["rows"]
    # Nothing has changed since.
    clock.now += 10 * REST
    assert ask(client, level="community", **YEAR)[1]["renewing"] is False
    assert find() == 0


def test_what_failed_is_not_tried_again_before_its_rest(
    client: Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the first time nor behind an answer there is."""
    ask(client, level="community", **YEAR)
    find()

    def fail(*args: Any, **more: Any) -> None:
        raise ValueError("没有河")

    with monkeypatch.context() as broken:
        broken.setattr(hotspots, "spots", fail)
        change_a_case()
        clock.now += REST
        ask(client, level="community", **YEAR)
        assert find() == 0
        status, said = ask(client, level="community", **YEAR)
        assert (status, said["status"], said["renewing"], said["problem"]) == (200, "ready", False, "没有河")
        clock.now += REST - MINUTE
        assert ask(client, level="community", **YEAR)[1]["renewing"] is False
        clock.now += MINUTE
        assert ask(client, level="community", **YEAR)[1]["renewing"] is True
    assert find() == 1
    assert ask(client, level="community", **YEAR)[1]["problem"] == ""


def test_what_nobody_thought_of_is_logged_and_ends_no_sweep(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise ZeroDivisionError("by the way")

    ask(client, level="community", **YEAR)
    with monkeypatch.context() as broken:
        broken.setattr(hotspots, "spots", fail)
        assert find() == 0
    assert "by the way" in caplog.text
    status, said = ask(client, level="community", **YEAR)
    assert (status, said["status"]) == (202, "failed")
    assert "by the way" not in said["problem"]
    assert "日志" in said["problem"]


def test_what_changed_while_it_was_found_is_found_anew(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    real = hotspots.spots

    def slow(*args: Any, **more: Any) -> dict[str, Any]:
        answer = real(*args, **more)
        change_a_case()
        return answer

    monkeypatch.setattr(hotspots, "spots", slow)
    kept(WINDOW, now=clock.now)
    find()
    clock.now += REST
    assert kept(WINDOW, now=clock.now).wanted


def test_progress_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    real = hotspots.by_area

    def looking(filters: Any) -> Any:
        status, said = ask(client, **YEAR)
        assert status == 202
        seen.append(said["progress"])
        return real(filters)

    monkeypatch.setattr(hotspots, "by_area", looking)
    kept(WINDOW, now=NOW)
    find()
    assert seen == [0, 0.25, 0.5, 0.75]


def test_whoever_dies_over_it_is_replaced(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    row = kept(WINDOW, now=clock.now)

    def die(*args: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(hotspots, "spots", die)
        with pytest.raises(KeyboardInterrupt):
            find()
    clock.now += SILENCE
    assert find() == 0
    clock.now += dt.timedelta(microseconds=1)
    assert find() == 1
    row.refresh_from_db()
    assert row.answer is not None


def test_old_ones_are_forgotten_unless_somebody_asks(clock: Clock) -> None:
    asked, other = WINDOW, WINDOW.before(1)
    for window in (asked, other):
        kept(window, now=clock.now)
    HotSpots.objects.update(wanted=False, told_at=clock.now, answer={"rows": []}, done_at=clock.now, version=-1)
    HotSpots.objects.update(version=hotspots.version_of(*hotspots.COUNTERS))
    clock.now += ASKED_AGAIN + MINUTE
    kept(asked, now=clock.now)
    clock.now += KEPT_FOR - ASKED_AGAIN
    assert forget_old(now=clock.now) == 1
    assert HotSpots.objects.get().since == asked.since


def test_there_is_an_end_to_what_anybody_can_have_kept() -> None:
    key = {"level": "grid", "denominator": "km2", "category": "", "area": "", "method": METHOD.version}
    first = dt.date(2020, 1, 1)
    HotSpots.objects.bulk_create(
        HotSpots(**key, since=first, until=first + dt.timedelta(days=n + 1), asked_at=NOW + n * MINUTE)
        for n in range(KEPT_AT_MOST + 7)
    )
    assert forget_old(now=NOW) == 7
    assert HotSpots.objects.earliest("asked_at").asked_at == NOW + 7 * MINUTE


# ---- several at once --------------------------------------------------------------------------------------------------


def test_one_window_is_found_by_one_of_many_finders(apart: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six windows, three finders at once: each window is worked out once, and all are answered."""
    found: list[dt.date] = []
    start_together = threading.Barrier(3)

    def slow(window: Window, **more: Any) -> dict[str, Any]:
        found.append(window.since)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
        return {"rows": []}

    monkeypatch.setattr(hotspots, "spots", slow)
    windows = [WINDOW.before(n) for n in range(6)]

    def finder() -> int:
        start_together.wait(PATIENCE_S)
        return find()

    on(apart, lambda: [kept(window, now=NOW) for window in windows])
    with threads_on(apart) as start:
        counted = [start(finder) for _ in range(3)]
    assert sum(it.result() for it in counted) == 6
    assert sorted(found) == sorted(window.since for window in windows)
    assert on(apart, lambda: list(HotSpots.objects.values_list("wanted", flat=True))) == [False] * 6


def test_asked_by_many_at_once_it_is_one_row(apart: str) -> None:
    window = WINDOW.before(20)
    together = threading.Barrier(6)

    def asking() -> int:
        together.wait(PATIENCE_S)
        return kept(window, now=NOW).pk

    with threads_on(apart) as start:
        rows = [start(asking) for _ in range(6)]
    assert len({it.result() for it in rows}) == 1
