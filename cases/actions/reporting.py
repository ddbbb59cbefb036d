"""Take in a report: route it, give it a number and a deadline, write its first trace row."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.gis.db.models.functions import PointOnSurface
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction

from cases import photos
from cases.barrier import hold_boundaries
from cases.models import Case, Category, Photo, Reporter, TraceEvent
from cases.models.calendar import due_after
from cases.rules import RULES
from cases.workflow import State
from geodata.crs import STORED_SRID
from gridmap import routing
from gridmap.models import Boundary
from gridmap.problems import BadParameter, Conflict

# Without 0, O, 1, I and L: read over the telephone and typed on a phone.
TRACK_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
TRACK_LENGTH = 8


@dataclass(frozen=True)
class Report:
    """What somebody reports. ``lon`` and ``lat`` are CGCS2000 degrees, already converted from ``coord``."""

    client_id: uuid.UUID
    category: str
    text: str
    lon: float
    lat: float
    coord: str
    channel: str
    kind: str = Case.Kind.PROBLEM
    accuracy: float | None = None
    address: str = ""
    occurred_at: dt.datetime | None = None
    reporter_name: str = ""
    reporter_phone: str = ""
    pictures: Sequence[photos.Picture] = field(default_factory=tuple)

    def digest(self) -> str:
        """The same for the same content, so that a retry is told from a second report under one id."""
        content: list[Any] = [
            self.category,
            self.text,
            round(self.lon, 7),
            round(self.lat, 7),
            self.coord,
            self.channel,
            self.kind,
            self.accuracy,
            self.address,
            self.occurred_at.isoformat() if self.occurred_at else None,
            self.reporter_name,
            self.reporter_phone,
            [picture.digest for picture in self.pictures],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def report(sent: Report, *, by: AbstractBaseUser | AnonymousUser | None, at: dt.datetime) -> tuple[Case, bool]:
    """Take in a report once; returns the case and whether it is new.

    Sending the same ``client_id`` again gives the same case. Raises :class:`Conflict` when the id was used for
    something else, :class:`BadParameter` for a category that does not exist, and the routing refusals.
    """
    digest = sent.digest()
    if earlier := _earlier(sent.client_id, digest):
        return earlier, False
    try:
        with transaction.atomic():
            return _create(sent, digest, by=by, at=at), True
    except IntegrityError:
        # The other sending of the same report got there first; anything else is a fault and goes on up.
        if earlier := _earlier(sent.client_id, digest):
            return earlier, False
        raise


def _earlier(client_id: uuid.UUID, digest: str) -> Case | None:
    # Nearly every report is new: building the statement for a whole case would be a fifth of taking one in.
    if not Case.objects.filter(client_id=client_id).exists():
        return None
    case = Case.objects.select_related("category", "current_area").get(client_id=client_id)
    if case.content_digest != digest:
        raise Conflict(
            f"这个 client_id 已用于内容不同的上报 {case.number}，请换一个 (client_id used for other content)",
            parameter="client_id",
        )
    return case


def _create(sent: Report, digest: str, *, by: AbstractBaseUser | AnonymousUser | None, at: dt.datetime) -> Case:
    category = category_for_reports(sent.category)
    hold_boundaries()
    route = routing.route(sent.lon, sent.lat, on=at.date(), accuracy=sent.accuracy)
    point = Point(sent.lon, sent.lat, srid=STORED_SRID)
    repeats = _closed_before(sent, at)
    case = Case.objects.create(
        number=_next_number(at),
        client_id=sent.client_id,
        content_digest=digest,
        track_code="".join(secrets.choice(TRACK_ALPHABET) for _ in range(TRACK_LENGTH)),
        kind=sent.kind,
        category=category,
        text=sent.text,
        channel=sent.channel,
        point=point,
        public_point=public_point(point, category, route.area, on=at.date()),
        coord=sent.coord,
        accuracy_m=sent.accuracy,
        address=sent.address,
        area_id=route.area,
        current_area_id=route.area,
        route_method=route.method,
        route_distance_m=round(route.distance_m, 2),
        route_candidates=list(route.candidates),
        route_uncertain=route.uncertain,
        occurred_at=sent.occurred_at,
        reported_at=at,
        due_at=due_after(at, category.limit),
        repeats=repeats,
    )
    if sent.reporter_name or sent.reporter_phone:
        Reporter.objects.create(case=case, name=sent.reporter_name, phone=sent.reporter_phone)
    Photo.objects.bulk_create(
        photos.row(picture, case=case, kind=Photo.Kind.REPORT, at=at) for picture in sent.pictures
    )
    TraceEvent.objects.create(
        case=case,
        at=at,
        actor_id=by.pk if by is not None and by.is_authenticated else None,
        verb="report",
        to_state=State.REPORTED,
        payload={
            "area": route.area,
            "method": route.method,
            "distance_m": round(route.distance_m, 2),
            "candidates": list(route.candidates),
            "coord": sent.coord,
            "limit": str(category.limit),
            "due_at": case.due_at.isoformat(),
            "photos": [picture.digest for picture in sent.pictures],
        }
        | ({"repeats": repeats.number} if repeats is not None else {}),
    )
    return case


def _closed_before(sent: Report, at: dt.datetime) -> Case | None:
    """The case of the same category closed at this place not long ago: reported again, it may not have been solved."""
    since = at - dt.timedelta(days=RULES.reopening_days)
    closed = Case.objects.done().filter(category=sent.category, closed_at__gte=since)
    near = closed.near(sent.lon, sent.lat, within_m=RULES.repeat_within_m, place="point")
    return near.only("number").order_by("-closed_at").first()


def category_for_reports(code: str) -> Category:
    """A category people may report under: one without parts of its own."""
    category = Category.objects.filter(code=code, children=None).first()
    if category is None:
        raise BadParameter(f"没有可上报的类别 {code[:20]} (unknown category)", parameter="category")
    return category


def _next_number(at: dt.datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('cases_number')")
        return f"{at:%Y%m%d}-{cursor.fetchone()[0]:06d}"


def public_point(point: Point, category: Category, area: str, *, on: dt.date) -> Point:
    """What everybody may see of a place: the place itself, or a point that stands for the whole area."""
    if not category.sensitive:
        return point
    inside: Point = (
        Boundary.objects.on(on)
        .filter(area=area)
        .annotate(inside=PointOnSurface("geom"))
        .values_list("inside", flat=True)
        .get()
    )
    return inside
