"""A file of redrawn grids on its whole way, in a real browser: found wrong, put right, approved, published, cases moved."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.reading import ask, loaded
from tests.conftest import PATIENCE_S, Site
from tests.gridmap.redrawn import (
    MERGED_AWAY,
    MERGED_INTO,
    MISCODED,
    NEW_NAME,
    OVER_THE_LINE,
    RENAMED,
    SPIKED,
    SPLIT,
    SPLIT_NEW,
    WRONG_CODE,
    changed,
    redrawn,
    write_geojson,
)

NAME = "二〇二七年网格调整"
NEIGHBOUR = SPLIT[:-3] + "003"
Select = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def running(start_server: Callable[[str], AbstractContextManager[Site]]) -> Iterator[Site]:
    """A server of its own: what is published here would change every other test's map."""
    with start_server("editions") as server:
        yield server


@pytest.fixture
def site(running: Site) -> str:
    """Its address."""
    return running.url


@pytest.fixture
def select(running: Site) -> Select:
    """Ask the server's database."""

    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        database = psycopg2.connect(running.database_url)
        try:
            with database, database.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            database.close()

    return run


@pytest.fixture
def worker_of(select: Select) -> Callable[[str], tuple[str, str]]:
    """Code and username of a grid's worker, who can be signed in from then on."""

    def find(grid: str) -> tuple[str, str]:
        ((person, username),) = select(
            """UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = 'admin')
               WHERE id = (SELECT person.user_id FROM gridmap_person AS person
                           JOIN gridmap_appointment AS post ON post.person_id = person.code
                           WHERE post.area_id = %s AND post.role = 'grid_worker' AND post.valid_until IS NULL
                           ORDER BY post.part_time, person.code LIMIT 1)
               RETURNING (SELECT code FROM gridmap_person WHERE user_id = auth_user.id), username""",
            grid,
        )
        return person, username

    return find


def report(site: str, place: shapely.Point) -> str:
    """The number of a case reported there."""
    sent = {
        "client_id": str(uuid.uuid4()),
        "category": "0301",
        "text": "路灯不亮",
        "lon": place.x,
        "lat": place.y,
        "coord": "cgcs2000",
        "channel": "web",
    }
    asked = urllib.request.Request(
        f"{site}/api/v1/cases", json.dumps(sent).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
        return str(json.load(answer)["number"])


def where(site: str, place: shapely.Point, on: str = "") -> str:
    """The code of the grid a place belongs to on a day."""
    found = ask(f"{site}/api/v1/locate?lon={place.x}&lat={place.y}&coord=cgcs2000{on and f'&on={on}'}")
    return str(found["area"]["code"])


def drawn_on(site: str, day: str) -> list[tuple[str, str, Any]]:
    """Code, name and shape of every area on a day."""
    features = ask(f"{site}/api/v1/areas.geojson?on={day}")["features"]
    return [(it["id"], it["properties"]["name"], it["geometry"]) for it in features]


def test_a_redrawn_district_from_the_file_to_the_desks(
    open_page: Callable[..., Page],
    site: str,
    select: Select,
    worker_of: Callable[[str], tuple[str, str]],
    sign_in: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    # One split, one merge, one moved line, one new name; and three defects.
    file = write_geojson(tmp_path / "grids.geojson", redrawn(defects=True))
    shapes = changed()
    kept_half, new_half = (shapely.point_on_surface(shapes[code]) for code in (SPLIT, SPLIT_NEW))
    stays, moves = report(site, kept_half), report(site, new_half)
    merged = [
        row[0]
        for row in select(
            "SELECT number FROM cases_case WHERE area_id = %s AND closed_at IS NULL",
            MERGED_AWAY,
        )
    ]
    assert merged
    old_worker, neighbour, heir = worker_of(SPLIT), worker_of(NEIGHBOUR), worker_of(MERGED_INTO)
    ((keeper,),) = select(
        """UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = 'admin')
           WHERE id = (SELECT person.user_id FROM gridmap_person AS person JOIN gridmap_appointment AS post
                       ON post.person_id = person.code WHERE post.role = 'district_centre_staff'
                       ORDER BY person.code LIMIT 1) RETURNING username"""
    )
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    yesterday = (today - dt.timedelta(days=1)).isoformat()
    before = drawn_on(site, yesterday)

    # Looked at first: nothing is kept.
    page = open_page(viewport={"width": 1440, "height": 900})
    sign_in(page, keeper)
    page.goto("/registry/editions/")
    page.locator("#id_file").set_input_files(str(file))
    page.locator("#id_name").fill(NAME)
    page.get_by_role("button", name="试检查").click()
    expect(page.locator("[data-part=import] .field-problem")).to_contain_text("坐标系")
    page.locator("#id_coord").select_option("cgcs2000")
    page.get_by_role("button", name="试检查").click()
    expect(page.locator("#import-result")).to_contain_text("没有写入任何东西")
    assert select("SELECT count(*) FROM gridmap_edition") == [(1,)]
    page.get_by_role("button", name="存为草稿").click()
    page.wait_for_url("**/registry/editions/*/")
    expect(page.locator("#map-status")).to_contain_text("与现行边界不同")

    # What was found, on the map too. Two of the defects have one safe repair each, which a button makes and lists.
    for code, kind, what in ((SPIKED, "invalid_ring", "清理可以修复"), (OVER_THE_LINE, "overlap", "吸附可以消除")):
        defect = page.locator(f".findings-table tr[data-code='{code}'][data-kind='{kind}']")
        expect(defect).to_contain_text(what)
        expect(defect).to_contain_text("可自动修复")
    page.locator(f".findings-table tr[data-code='{OVER_THE_LINE}']").get_by_role("button", name="看位置").click()
    expect(page.locator("#map .leaflet-popup")).to_contain_text(OVER_THE_LINE)
    page.get_by_role("button", name="自动修复 2 处").click()
    expect(page.get_by_text("自动修复 2 处：清理边界 1，吸附 1").first).to_be_visible()
    for code in (SPIKED, OVER_THE_LINE):
        expect(page.locator(f".findings-table tr[data-code='{code}']")).to_have_count(0)
        expect(page.locator("#history")).to_contain_text(code)
    expect(page.get_by_role("button", name="自动修复")).to_have_count(0)

    # The third, a wrong code, is put right by hand; the page has come anew, and listens once its map is drawn.
    expect(page.locator("#map-status")).to_contain_text("与现行边界不同")
    wrong = page.locator(f".findings-table tr[data-code='{WRONG_CODE}']").filter(has_text="没有上级区域")
    wrong.get_by_role("button", name="看位置").click()
    expect(page.locator("#map .leaflet-popup")).to_contain_text(WRONG_CODE)
    wrong.get_by_role("link", name="修改说明").click()
    page.locator("#describe").get_by_label("编码", exact=True).last.fill(MISCODED)
    page.get_by_role("button", name="改为以上内容").click()
    expect(page.locator("#check")).not_to_contain_text("个错误必须改正")
    expect(page.locator("#differences tr", has_text=NEW_NAME)).to_contain_text("更名")
    expect(page.locator(f"#differences tr[data-code='{MERGED_AWAY}']")).to_contain_text(f"移出 {len(merged)}")

    # What became of what, and who is to answer.
    expect(page.locator("#lineage tbody tr")).to_have_count(2)
    one = page.locator(f"#staffing-{SPLIT_NEW}")
    one.get_by_label("或新设党组织：名称").fill("第8网格党支部")
    one.get_by_label("新设党组织：类型").select_option("branch")
    one.get_by_label("网格长或网格员：工号").fill(neighbour[0])
    one.get_by_role("button", name="就这样配").click()
    expect(page.locator(f"#staffing-{SPLIT_NEW}")).to_contain_text("已配")
    expect(page.locator("#approval")).to_contain_text("须由未参与编制的人进行")
    address = page.url

    # A second person approves and publishes, and gives the cases their grids.
    second = open_page(viewport={"width": 1440, "height": 900})
    sign_in(second, "admin")
    second.goto(address)
    second.get_by_role("button", name="批准这份草稿").click()
    expect(second.locator("#approval")).to_contain_text("批准")
    second.get_by_label("从这一天起施行").fill(today.isoformat())
    second.get_by_role("button", name="发布", exact=True).click()
    expect(second.locator("#published")).to_contain_text("起施行")
    second.get_by_role("button", name="开始归入").click()
    expect(second.locator("[data-part=reroute-words]")).to_contain_text("全部完成")
    expect(second.locator(".edition-steps .current")).to_have_count(0)

    # Open cases are on the desks of those who answer there now, and on no other.
    for username, numbers, absent in (
        (old_worker[1], [stays], [moves]),
        (neighbour[1], [moves], [stays]),
        (heir[1], merged, [stays, moves]),
    ):
        desk = open_page(viewport={"width": 1440, "height": 900})
        sign_in(desk, username)
        desk.goto("/desk/?show=all")
        for number in numbers:
            expect(desk.locator(f"[data-number='{number}']")).to_have_count(1)
        for number in absent:
            expect(desk.locator(f"[data-number='{number}']")).to_have_count(0)

    # Today answers anew, the day before as it did.
    assert (where(site, new_half), where(site, new_half, yesterday)) == (SPLIT_NEW, SPLIT)
    assert drawn_on(site, yesterday) == before
    assert ask(f"{site}/api/v1/areas/{RENAMED}")["properties"]["name"] == NEW_NAME
    past = open_page(viewport={"width": 1440, "height": 900})
    past.goto(f"/?on={yesterday}&state=refused&place={new_half.x},{new_half.y}")
    loaded(past)
    named = {code: name for code, name, _ in before}
    expect(past.locator("#panel").get_by_role("heading", level=2)).to_have_text(named[SPLIT])
    past.locator("#days").get_by_role("button", name="今天").click()
    expect(past.locator("#panel").get_by_role("heading", level=2)).to_have_text("南外街道示范05社区第8网格")
