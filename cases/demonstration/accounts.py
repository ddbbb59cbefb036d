"""Accounts of the demonstration district.

Everybody in post has an account, so that the trace can name who acted; only a few, one for each role, can be signed
in to, and only those are listed on the sign-in page, in debug.
"""

from __future__ import annotations

from typing import TypedDict

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db.models import Count

from gridmap.models import Appointment, Person
from gridmap.roles import Role

PASSWORD = "gridmap-demo"  # noqa: S105  shown on the sign-in page on purpose
ADMIN = "admin"


class Account(TypedDict):
    """An account to try the site with."""

    username: str
    password: str
    role: str
    place: str


def create(*, with_password: bool) -> None:
    """Give everybody an account, and the showcase ones the demonstration password if asked."""
    people = list(Person.objects.filter(user=None))
    users = User.objects.bulk_create(
        User(username=person.code.lower(), first_name=person.name, password=make_password(None)) for person in people
    )
    for person, user in zip(people, users, strict=True):
        person.user = user
    Person.objects.bulk_update(people, ["user"], batch_size=500)
    if with_password:
        shown = make_password(PASSWORD)
        User.objects.filter(person__in=[post.person_id for post in _showcase()]).update(password=shown)
        User.objects.update_or_create(
            username=ADMIN, defaults={"password": shown, "is_staff": True, "is_superuser": True}
        )


def _showcase() -> list[Appointment]:
    """One appointment for each role, all about the same ground where roles allow it."""
    worker = Appointment.objects.filter(role=Role.GRID_WORKER, area__isnull=False).order_by("area", "person").first()
    if worker is None or worker.area_id is None:
        return []
    line = {worker.area_id[:length] for length in (6, 9, 12, 15)}
    shown = []
    for role in Role:
        held = Appointment.objects.filter(role=role).select_related("person__user", "area", "organisation__area")
        # Of a town's offices the one that answers for most has the most on its desk.
        posts = held.annotate(asked=Count("organisation__responsibilities")).order_by("-asked", "pk")
        near: list[Appointment] = [it for it in posts if (it.area_id or _seat(it)) in line]
        shown += (near or list(posts[:1]))[:1]
    return shown


def _seat(post: Appointment) -> str:
    return post.organisation.area_id if post.organisation else ""


def listed() -> list[Account]:
    """The accounts the sign-in page offers in debug."""
    accounts: list[Account] = [
        {
            "username": post.person.user.username,
            "password": PASSWORD,
            "role": Role(post.role).label,
            "place": str(post.area.name if post.area else post.organisation),
        }
        for post in _showcase()
        if post.person.user
    ]
    if User.objects.filter(username=ADMIN).exists():
        accounts.append({"username": ADMIN, "password": PASSWORD, "role": "系统管理员", "place": "全区"})
    return accounts
