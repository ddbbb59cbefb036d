"""Load a registry from a folder of small CSV and GeoJSON files, as ``python -m geodata district`` writes them."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from django.contrib.gis.geos import Point
from django.db import transaction

from geodata.crs import STORED_SRID
from gridmap.editions import founding
from gridmap.models import (
    Appointment,
    Building,
    DelegatedPower,
    Edition,
    Organisation,
    PartyOrganisation,
    Person,
    PowerGrant,
    River,
    ServiceGuide,
    StationedStaff,
)
from gridmap.shapes import stored_multi

GUIDE_FIELDS = ("conditions", "basis", "process", "time_limit", "contact_name", "contact_phone")
COUNTS = ("households", "residents", "enterprises", "party_members", "complexity")


@transaction.atomic
def load(folder: Path, *, name: str, valid_from: dt.date, at: dt.datetime) -> Edition:
    """Load everything the folder holds, or nothing."""
    edition = founding.found(
        _areas(folder),
        name=name,
        valid_from=valid_from,
        at=at,
        source="python -m geodata district",
        schematic=True,
    )
    River.objects.bulk_create(_rivers(folder))
    Organisation.objects.bulk_create(_organisations(folder))
    Building.objects.bulk_create(_buildings(folder))
    Person.objects.bulk_create(
        Person(code=row["code"], name=row["name"], phone=row["phone"], party_member=_yes(row["party_member"]))
        for row in _rows(folder / "people.csv")
    )
    PartyOrganisation.objects.bulk_create(
        PartyOrganisation(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            area_id=row["area"] or None,
            building_id=row["building"] or None,
            secretary_id=row["secretary"] or None,
            established_on=row["established_on"],
        )
        for row in _rows(folder / "party_organisations.csv")
    )
    Appointment.objects.bulk_create(_appointments(folder))
    StationedStaff.objects.bulk_create(
        StationedStaff(
            post=row["post"],
            home_id=row["home"],
            area_id=row["area"],
            person_id=row["person"] or None,
            mode=row["mode"],
            valid_from=row["valid_from"],
        )
        for row in _rows(folder / "stationed_staff.csv")
    )
    _load_powers(folder)
    return edition


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _yes(value: str) -> bool:
    return value == "true"


def _features(path: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    return features


def _areas(folder: Path) -> list[founding.DrawnArea]:
    shapes = founding.polygons_by_code(_features(folder / "grids.geojson"), "code")
    return [
        founding.DrawnArea(
            row["code"],
            row["name"],
            row["kind"],
            shapes.get(row["code"]),
            {
                "urban": _yes(row["urban"]),
                "villager_groups": [group for group in row["villager_groups"].split(";") if group],
                "size_waiver": row["size_waiver"],
                **{name: int(row[name]) for name in COUNTS},
            },
        )
        for row in _rows(folder / "areas.csv")
    ]


def _rivers(folder: Path) -> Iterator[River]:
    for feature in _features(folder / "rivers.geojson"):
        line = shapely.from_geojson(json.dumps(feature["geometry"]))
        yield River(name=feature["properties"]["name"], geom=stored_multi(line))


def _organisations(folder: Path) -> list[Organisation]:
    rows = sorted(_rows(folder / "organisations.csv"), key=lambda row: (row["parent"] != "", row["code"]))
    return [
        Organisation(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            area_id=row["area"],
            parent_id=row["parent"] or None,
            template=row["template"],
        )
        for row in rows
    ]


def _buildings(folder: Path) -> Iterator[Building]:
    for row in _rows(folder / "buildings.csv"):
        yield Building(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            address=row["address"],
            area_id=row["area"],
            households=int(row["households"]),
            residents=int(row["residents"]),
            point=Point(float(row["lon"]), float(row["lat"]), srid=STORED_SRID),
        )


def _appointments(folder: Path) -> Iterator[Appointment]:
    for row in _rows(folder / "appointments.csv"):
        yield Appointment(
            person_id=row["person"],
            role=row["role"],
            area_id=row["area"] or None,
            organisation_id=row["organisation"] or None,
            part_time=_yes(row["part_time"]),
            valid_from=row["valid_from"],
        )


def _load_powers(folder: Path) -> None:
    rows = list(_rows(folder / "powers.csv"))
    DelegatedPower.objects.bulk_create(
        DelegatedPower(
            code=row["code"],
            batch=row["batch"],
            department_id=row["department"],
            kind=row["kind"],
            name=row["name"],
            document=row["document"],
            valid_from=row["valid_from"],
        )
        for row in rows
    )
    ServiceGuide.objects.bulk_create(
        ServiceGuide(power_id=row["code"], **{field: row[field] for field in GUIDE_FIELDS})
        for row in rows
        if row["conditions"]
    )
    PowerGrant.objects.bulk_create(
        PowerGrant(power_id=row["power"], area_id=row["area"], valid_from=row["valid_from"])
        for row in _rows(folder / "power_grants.csv")
    )
