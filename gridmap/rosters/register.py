"""What the registry holds, by code and by name: read once for a whole file, however many rows it has."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q

from gridmap.models import Area, Boundary, Building, DelegatedPower, Organisation, Person


class Book:
    """Things of one sort that rows may speak of, found by code or by a name only one of them has."""

    def __init__(self, what: str, names: Iterable[tuple[str, str]]) -> None:
        self.what = what
        self.names = dict(names)
        self.codes: defaultdict[str, list[str]] = defaultdict(list)
        for code, name in self.names.items():
            self.codes[name].append(code)

    def find(self, code: str, name: str) -> str | None:
        """The code of what is meant, None if nothing is said; raises ``ValueError`` with a sentence."""
        if code:
            return self._by_code(code, name)
        if not name:
            return None
        found = self.codes.get(name, [])
        if not found:
            raise ValueError(f"没有叫“{name}”的{self.what} (no such name)")
        if len(found) > 1:
            raise ValueError(f"叫“{name}”的{self.what}有 {len(found)} 个，请填编码 (several of this name)")
        return found[0]

    def _by_code(self, code: str, name: str) -> str:
        if code not in self.names:
            raise ValueError(f"没有编码为 {code} 的{self.what} (no such code)")
        if name and name != self.names[code]:
            both = f"{code} 登记的是“{self.names[code]}”，这里写的是“{name}”"
            raise ValueError(f"{both}；改了一个，另一个也要改或清空 (code and name differ)")
        return code

    def said(self, code: str | None) -> str:
        """The name with its code, for people."""
        return f"{self.names.get(code, '')} {code}".strip() if code else ""


class Register:
    """The books of the registry, each opened when a roster first asks for it."""

    def book(self, name: str) -> Book:
        """The book of that name."""
        book: Book = getattr(self, name)
        return book

    @cached_property
    def areas(self) -> Book:
        """Areas of every level."""
        return Book("区域", Area.objects.values_list("code", "name"))

    @cached_property
    def people(self) -> Book:
        """Everybody who holds a post or may."""
        return Book("人员", Person.objects.values_list("code", "name"))

    @cached_property
    def organisations(self) -> Book:
        """Organisations; those a file brings itself are added to it."""
        return Book("机构", ((code, name) for code, name, _, _ in self._organisations))

    @cached_property
    def buildings(self) -> Book:
        """Commercial and residential buildings."""
        return Book("楼宇", ((code, name) for code, name, _ in self._buildings))

    @cached_property
    def powers(self) -> Book:
        """Delegated powers."""
        return Book("赋权事项", DelegatedPower.objects.values_list("code", "name"))

    @cached_property
    def area_of_organisation(self) -> dict[str, str]:
        """The ground of each organisation."""
        return {code: area for code, _, area, _ in self._organisations}

    @cached_property
    def kind_of_organisation(self) -> dict[str, str]:
        """What each organisation is."""
        return {code: kind for code, _, _, kind in self._organisations}

    @cached_property
    def area_of_building(self) -> dict[str, str]:
        """The grid of each building."""
        return {code: area for code, _, area in self._buildings}

    @cached_property
    def _organisations(self) -> list[tuple[str, str, str, str]]:
        return list(Organisation.objects.values_list("code", "name", "area_id", "kind"))

    @cached_property
    def _buildings(self) -> list[tuple[str, str, str]]:
        return list(Building.objects.values_list("code", "name", "area_id"))


@dataclass
class Terms:
    """Under what a file is read: the day it holds from, today, and which ground its sender keeps."""

    day: dt.date
    today: dt.date
    keeps: Callable[[str], bool]
    register: Register

    @cached_property
    def standing(self) -> frozenset[str]:
        """Codes of the areas that have a boundary in force on the day or later: those taken apart before are history."""
        later = Boundary.objects.filter(Q(valid_until=None) | Q(valid_until__gt=self.day), valid_from__isnull=False)
        return frozenset(later.values_list("area_id", flat=True))
