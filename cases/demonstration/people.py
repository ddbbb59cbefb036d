"""Who acts in the demonstration: people in post, by role and place, and what the registry says of their offices."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from cases.models import Category, CategoryPower, Responsibility
from gridmap.duties import Standing
from gridmap.models import Appointment, Organisation, PowerGrant
from gridmap.roles import Role

DISTRICT_DIGITS, TOWN_DIGITS = 6, 9


class NobodyInPost(LookupError):
    """The registry lacks somebody whom the demonstration's paths need."""


@dataclass(frozen=True)
class Actor:
    """Somebody with an account."""

    user: int
    code: str
    name: str


@dataclass(frozen=True)
class Answering:
    """The office a rule names for a category, and the rule in words."""

    office: Organisation
    rule: str


class People:
    """Everybody in post on a day, read once."""

    def __init__(self, on: dt.date) -> None:
        held: defaultdict[tuple[str, str], list[Actor]] = defaultdict(list)
        grounds: defaultdict[int, defaultdict[Role, set[str]]] = defaultdict(lambda: defaultdict(set))
        posts = Appointment.objects.on(on).exclude(person__user=None).order_by("id")
        for role, area, organisation, seat, user, code, name in posts.values_list(
            "role",
            "area_id",
            "organisation_id",
            "organisation__area_id",
            "person__user_id",
            "person_id",
            "person__name",
        ):
            for place in {area or seat, organisation} - {None}:
                held[role, str(place)].append(Actor(user, code, name))
            if area or seat:
                grounds[user][Role(role)].add(area or seat)
        self._held = held
        self._standings = {
            user: Standing({role: frozenset(codes) for role, codes in of.items()}) for user, of in grounds.items()
        }
        self._roles: dict[tuple[int, frozenset[Role], str], str] = {}

    def of(self, role: Role, place: str) -> list[Actor]:
        """Who holds a role for an area or at an organisation; raises :class:`NobodyInPost`."""
        found = self._held.get((role, place))
        if not found:
            raise NobodyInPost(f"{place} 没有{role.label}，示范事项无人办理 (nobody in post)")
        return found

    def role_used(self, actor: Actor, roles: frozenset[Role], area: str) -> str:
        """The role the trace names when somebody uses a verb of these roles."""
        key = actor.user, roles, area
        if key not in self._roles:
            self._roles[key] = self._standings[actor.user].role_among(roles, area) or ""
        return self._roles[key]


class Offices:
    """Which office answers for what, which departments are asked, and which powers towns have, read once."""

    def __init__(self, fixtures: Path, on: dt.date) -> None:
        self._parents = dict(Category.objects.values_list("code", "parent_id"))
        self._answering: defaultdict[tuple[str, str], list[Answering]] = defaultdict(list)
        for rule in Responsibility.objects.select_related("category", "office").order_by("office_id"):
            town, answering = rule.office.area_id, Answering(rule.office, str(rule))
            self._answering[rule.category_id, town].append(answering)
        self._departments = _departments(fixtures / "letter_departments.csv")
        self._powers: defaultdict[str, set[str]] = defaultdict(set)
        for category, power in CategoryPower.objects.values_list("category_id", "power_id"):
            self._powers[category].add(power)
        self._grants: defaultdict[str, set[str]] = defaultdict(set)
        for town, power in PowerGrant.objects.on(on).values_list("area_id", "power_id"):
            self._grants[town].add(power)

    def codes(self, category: str) -> list[str]:
        """The category's code and that of the group it is in."""
        parent = self._parents[category]
        return [category, parent] if parent else [category]

    def answering(self, category: str, town: str) -> list[Answering]:
        """The offices the rules name, those of the category itself before those of its group."""
        return [it for code in self.codes(category) for it in self._answering[code, town]]

    def of_town(self, town: str) -> list[Organisation]:
        """The offices of a town that any rule names."""
        found = {it.office.code: it.office for (_, of), rules in self._answering.items() if of == town for it in rules}
        return [found[code] for code in sorted(found)]

    def departments(self, category: str) -> tuple[Organisation, list[Organisation]]:
        """The lead department for a category and those that assist."""
        return next(self._departments[code] for code in self.codes(category) if code in self._departments)

    def own_powers(self, category: str, town: str) -> list[str]:
        """The powers over a category that were handed down to a town."""
        of_category = set[str]().union(*(self._powers[code] for code in self.codes(category)))
        return sorted(of_category & self._grants[town])


def _departments(path: Path) -> dict[str, tuple[Organisation, list[Organisation]]]:
    known = {it.name: it for it in Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT)}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["category"]: (known[row["lead"]], [known[name] for name in row["assisting"].split()])
            for row in csv.DictReader(file)
            if row["lead"] in known
        }
