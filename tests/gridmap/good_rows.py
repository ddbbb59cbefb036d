"""One good row of each table of the registry said in SQL, past every form and model, to be changed into wrong ones."""

from __future__ import annotations

from django.db import connection

# A square of about a kilometre outside the district.
SQUARE = "ST_GeomFromText('MULTIPOLYGON(((113 30,113.01 30,113.01 30.01,113 30.01,113 30)))', 4490)"
POINT = "ST_GeomFromText('POINT(114.92 25.85)', 4490)"
GRID = "360702001001001"
SOMEBODY = "(SELECT min(id) FROM auth_user)"


def insert(table: str, **values: object) -> str:
    """An INSERT; a value that begins with ``ST_`` or ``(`` is SQL as it is."""
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(_literal(it) for it in values.values())})"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return text if text.startswith(("ST_", "(")) else "'" + text.replace("'", "''") + "'"


def area(**change: object) -> str:
    good = {
        "code": "360702001001999",
        "level": "grid",
        "kind": "basic",
        "name": "试",
        "parent_id": "360702001001",
        "urban": True,
        "households": 1,
        "residents": 1,
        "enterprises": 1,
        "party_members": 1,
        "complexity": 1,
        "villager_groups": "{}",
        "size_waiver": "",
    }
    return insert("gridmap_area", **(good | change))


def boundary(**change: object) -> str:
    edition = "(SELECT min(id) FROM gridmap_edition)"
    good = {
        "area_id": GRID,
        "edition_id": edition,
        "geom": SQUARE,
        "valid_from": None,
        "valid_until": None,
        "former_name": "",
    }
    return insert("gridmap_boundary", **(good | change))


def edition(**change: object) -> str:
    good = {
        "name": "试版",
        "state": "draft",
        "scope": "",
        "valid_from": None,
        "source": "",
        "schematic": False,
        "created_at": "2026-01-01T00:00:00Z",
        "published_at": None,
    }
    return insert("gridmap_edition", **(good | change))


def lineage(**change: object) -> str:
    number = "(SELECT min(id) FROM gridmap_edition)"
    good = {"edition_id": number, "kind": "split", "predecessor_id": GRID, "successor_id": GRID[:-1] + "2"}
    return insert("gridmap_lineage", **(good | change))


def draft_lineage(**change: object) -> str:
    number = "(SELECT min(id) FROM gridmap_edition)"
    good = {"edition_id": number, "kind": "split", "predecessor_id": GRID, "successor": GRID, "share": 1}
    return insert("gridmap_draftlineage", **(good | {"by_hand": False} | change))


def draft_staffing(**change: object) -> str:
    good = {
        "edition_id": "(SELECT min(id) FROM gridmap_edition)",
        "code": GRID,
        "party_name": "",
        "party_kind": "",
        "exemption": "",
        "vacancy": "",
    }
    return insert("gridmap_draftstaffing", **(good | change))


def former_seat(**change: object) -> str:
    good = {"organisation_id": "360702-D01", "party_organisation_id": None, "area_id": GRID, "until": "2026-01-01"}
    return insert("gridmap_formerseat", **(good | change))


def organisation(**change: object) -> str:
    good = {"code": "N1", "kind": "office", "name": "试", "area_id": "360702001", "parent_id": None, "template": ""}
    return insert("gridmap_organisation", **(good | change))


def party(**change: object) -> str:
    good = {
        "code": "N1",
        "kind": "branch",
        "name": "试",
        "area_id": GRID,
        "building_id": None,
        "secretary_id": None,
        "established_on": "2026-01-01",
    }
    return insert("gridmap_partyorganisation", **(good | change))


def building(**change: object) -> str:
    good = {
        "code": "N1",
        "kind": "commercial",
        "name": "试",
        "address": "",
        "area_id": GRID,
        "households": 0,
        "residents": 0,
        "point": POINT,
    }
    return insert("gridmap_building", **(good | change))


def appointment(**change: object) -> str:
    good = {
        "person_id": "P0002",
        "role": "grid_worker",
        "area_id": GRID,
        "organisation_id": None,
        "part_time": False,
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_appointment", **(good | change))


def stationed(**change: object) -> str:
    good = {
        "post": "N1",
        "home_id": "360702-D01",
        "area_id": "360702001",
        "person_id": None,
        "mode": "dual",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_stationedstaff", **(good | change))


def roster_import(**change: object) -> str:
    good = {
        "id": "6f0e3b2c-5a68-4c8e-9d51-1f3a5a3f0c11",
        "kind": "people",
        "file_name": "x.csv",
        "digest": "0" * 64,
        "day": "2026-07-01",
        "by_id": "(SELECT min(id) FROM auth_user)",
        "received_at": "2026-07-01",
        "committed_at": None,
        "counts": "{}",
        "content": "x",
        "findings": "{}",
    }
    return insert("gridmap_rosterimport", **(good | change))


def power(**change: object) -> str:
    good = {
        "code": "N1",
        "batch": "首批",
        "department_id": "360702-D01",
        "kind": "approval",
        "name": "试",
        "document": "",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_delegatedpower", **(good | change))


def grant(**change: object) -> str:
    free = "(SELECT code FROM gridmap_delegatedpower WHERE code NOT IN (SELECT power_id FROM gridmap_powergrant"
    good = {
        "power_id": f"{free} WHERE area_id = '360702001') ORDER BY code LIMIT 1)",
        "area_id": "360702001",
        "valid_from": "2026-01-01",
        "valid_until": None,
    }
    return insert("gridmap_powergrant", **(good | change))


def guide(**change: object) -> str:
    good = {
        "power_id": "(SELECT min(code) FROM gridmap_delegatedpower WHERE kind = 'enforcement')",
        "conditions": "条件",
        "basis": "依据",
        "process": "流程",
        "time_limit": "即办",
        "contact_name": "某人",
        "contact_phone": "1",
    }
    return insert("gridmap_serviceguide", **(good | change))


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


GOOD = [
    area,
    boundary,
    edition,
    lineage,
    draft_lineage,
    draft_staffing,
    organisation,
    former_seat,
    party,
    building,
    appointment,
    stationed,
    roster_import,
    power,
    grant,
    guide,
]
