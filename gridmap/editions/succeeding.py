"""What follows the ground when an edition comes out: posts, party organisations, organisations and buildings.

Nothing is overwritten that has days: posts end and begin, powers too. What has none (where an organisation stands)
leaves a :class:`~gridmap.models.FormerSeat`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import Q

from gridmap.editions.staffing import ENDING, LEADERS
from gridmap.models import (
    Appointment,
    Area,
    DraftStaffing,
    FormerSeat,
    Organisation,
    PartyOrganisation,
    PowerGrant,
    StationedStaff,
)
from gridmap.roles import Role


class Posts:
    """Posts to be opened at a day, each person in a role for an area once."""

    def __init__(self, day: dt.date, areas: Iterable[str]) -> None:
        self.day = day
        held = Appointment.objects.filter(Q(valid_until=None) | Q(valid_until__gt=day), area__in=list(areas))
        self.held = set(held.values_list("person_id", "role", "area_id"))
        self.opened: list[Appointment] = []

    def open(self, person: str, role: str, area: str, *, part_time: bool = False, until: dt.date | None = None) -> None:
        """Appoint somebody from the day on, unless they hold that post already."""
        if (person, role, area) not in self.held:
            self.held.add((person, role, area))
            self.opened.append(
                Appointment(
                    person_id=person,
                    role=role,
                    area_id=area,
                    part_time=part_time,
                    valid_from=self.day,
                    valid_until=until,
                )
            )


def appoint(staffing: Sequence[DraftStaffing], *, gone: Sequence[str], heirs: Mapping[str, str], day: dt.date) -> None:
    """End the posts of areas that go and open those of their successors.

    Leaders and secretaries are those the staffing names; part-time workers, building heads and group leaders go with
    their ground to the main successor.
    """
    ending = list(Appointment.objects.on(day).filter(area__in=gone).order_by("pk"))
    posts = Posts(day, {*(row.code for row in staffing), *heirs.values()})
    for row in staffing:
        if row.leader_id:
            posts.open(row.leader_id, LEADERS[len(row.code)], row.code)
        if row.secretary_id:
            posts.open(row.secretary_id, Role.PARTY_SECRETARY, row.code)
    for post in ending:
        follows = post.part_time if post.role in ENDING else True
        heir = heirs.get(post.area_id or "")
        if follows and heir and post.role != Role.GRID_CHIEF:
            posts.open(post.person_id, post.role, heir, part_time=post.part_time, until=post.valid_until)
    Appointment.objects.filter(pk__in=[post.pk for post in ending]).update(valid_until=day)
    Appointment.objects.bulk_create(posts.opened)


def settle_parties(staffing: Sequence[DraftStaffing], *, gone: Sequence[str], day: dt.date) -> None:
    """Carry over, establish and abolish party organisations as the staffing of the new areas says."""
    carried = {row.party_organisation_id: row for row in staffing if row.party_organisation_id}
    standing = list(PartyOrganisation.objects.existing(day).filter(area__in=gone).order_by("code"))
    target = {it.area_id: carried[it.code].code for it in standing if it.code in carried}
    moving, ending = [], []
    for party in standing:
        # Whatever else stands in an area goes where its first party organisation goes.
        if (to := target.get(party.area_id)) is None:
            ending.append(party.code)
            continue
        moving.append(FormerSeat(party_organisation=party, area_id=party.area_id or "", until=day))
        party.area_id = to
        if (row := carried.get(party.code)) and row.secretary_id:
            party.secretary_id = row.secretary_id
    FormerSeat.objects.bulk_create(moving)
    PartyOrganisation.objects.bulk_update(
        [it for it in standing if it.code not in set(ending)], ["area", "secretary"], batch_size=500
    )
    PartyOrganisation.objects.filter(code__in=ending).update(abolished_on=day)
    _establish([row for row in staffing if row.party_name], day=day)


def _establish(rows: Sequence[DraftStaffing], *, day: dt.date) -> None:
    prefix = Q(pk__in=[])
    for row in rows:
        prefix |= Q(code__startswith=f"{row.code}-P")
    taken = set(PartyOrganisation.objects.filter(prefix).values_list("code", flat=True)) if rows else set()
    PartyOrganisation.objects.bulk_create(
        PartyOrganisation(
            code=_free_code(row.code, taken),
            kind=row.party_kind,
            name=row.party_name,
            area_id=row.code,
            secretary_id=row.secretary_id,
            established_on=day,
        )
        for row in rows
    )


def _free_code(area: str, taken: set[str]) -> str:
    """A code nobody has: the area's and P, with a number after the first."""
    number = 1
    while (code := f"{area}-P{number if number > 1 else ''}") in taken:
        number += 1
    taken.add(code)
    return code


def move_organisations(*, gone: Sequence[str], heirs: Mapping[str, str], day: dt.date) -> None:
    """Let organisations, stationed posts and delegated powers of areas that go stand at their main successor's."""
    organisations = list(Organisation.objects.filter(area__in=[code for code in gone if code in heirs]))
    FormerSeat.objects.bulk_create(FormerSeat(organisation=it, area_id=it.area_id, until=day) for it in organisations)
    for it in organisations:
        it.area_id = heirs[it.area_id]
    Organisation.objects.bulk_update(organisations, ["area"], batch_size=500)
    towns = [code for code in gone if code in heirs and len(code) == 9]
    if towns:
        _move_posts(towns, heirs, day)
        _move_grants(towns, heirs, day)


def _move_posts(towns: Sequence[str], heirs: Mapping[str, str], day: dt.date) -> None:
    ending = list(StationedStaff.objects.on(day).filter(area__in=towns).order_by("pk"))
    StationedStaff.objects.filter(pk__in=[post.pk for post in ending]).update(valid_until=day)
    StationedStaff.objects.bulk_create(
        StationedStaff(
            post=it.post,
            home_id=it.home_id,
            area_id=heirs[it.area_id],
            person_id=it.person_id,
            mode=it.mode,
            valid_from=day,
            valid_until=it.valid_until,
        )
        for it in ending
    )


def _move_grants(towns: Sequence[str], heirs: Mapping[str, str], day: dt.date) -> None:
    ending = list(PowerGrant.objects.on(day).filter(area__in=towns).order_by("pk"))
    held = set(
        PowerGrant.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=day), area__in=[heirs[town] for town in towns]
        ).values_list("power_id", "area_id")
    )
    opened = []
    for grant in ending:
        place = (grant.power_id, heirs[grant.area_id])
        if place not in held:
            held.add(place)
            opened.append(
                PowerGrant(power_id=place[0], area_id=place[1], valid_from=day, valid_until=grant.valid_until)
            )
    PowerGrant.objects.filter(pk__in=[grant.pk for grant in ending]).update(valid_until=day)
    PowerGrant.objects.bulk_create(opened)


def move_buildings(*, touched: Iterable[str], heirs: Mapping[str, str], day: dt.date) -> None:
    """Give buildings on ground that changed hands the grid they lie in: the lowest code where they lie on a line.

    One that no grid covers goes with its grid to the main successor, or stays where its grid goes on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE gridmap_building AS building SET area_id = found.code
                FROM (SELECT mine.code AS building, min(boundary.area_id) AS code
                      FROM gridmap_building AS mine
                      JOIN gridmap_boundary AS boundary ON ST_Covers(boundary.geom, mine.point)
                      WHERE mine.area_id = ANY(%s) AND length(boundary.area_id) = 15
                        AND gridmap_in_force(boundary.valid_from, boundary.valid_until, %s)
                      GROUP BY mine.code) AS found
                WHERE found.building = building.code AND building.area_id <> found.code""",
            (sorted(touched), day),
        )
        cursor.execute(
            """UPDATE gridmap_building AS building SET area_id = heir.code
                FROM unnest(%s::text[], %s::text[]) AS heir (gone, code) WHERE building.area_id = heir.gone""",
            (list(heirs), list(heirs.values())),
        )


def begun_too_late(gone: Sequence[str], *, day: dt.date) -> list[str]:
    """What begins in an area on or after the day it goes, a sentence each: it could never hold."""
    names = dict(Area.objects.filter(code__in=gone).values_list("code", "name"))
    said = [
        f"{area} {names[area or '']}：{person} 的{Role(role).label}任职自 {begins} 起，而区域 {day} 撤销，请先更正"
        " (a post that could never begin)"
        for area, person, role, begins in Appointment.objects.filter(area__in=gone, valid_from__gte=day).values_list(
            "area_id", "person__name", "role", "valid_from"
        )
    ]
    return said + [
        f"{area} {names[area or '']}：党组织 {name} 成立于 {begins}，而区域 {day} 撤销，请先更正"
        " (a party organisation that could never begin)"
        for area, name, begins in PartyOrganisation.objects.filter(
            area__in=gone, established_on__gte=day, abolished_on=None
        ).values_list("area_id", "name", "established_on")
    ]
