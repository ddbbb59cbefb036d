"""Rows with a code and facts: found by code or name, facts brought up to date, each change shown."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any, ClassVar

from gridmap.rosters.roster import Change, Entry, Outcome, Roster, Verb


class FactsRoster(Roster):
    """A roster of rows that are one each, whatever the day."""

    model: ClassVar[Any]
    # Where a name must be the only one of its kind for the code to be left empty; "" for everywhere.
    name_within: ClassVar[str] = ""
    ends_attr: ClassVar[str] = ""

    def plan(self, entries: list[Entry]) -> None:
        """Match each entry with the row it speaks of, and compare."""
        self.rows: dict[str, Any] = self.every_row()
        by_name = self._by_name()
        seen: dict[str, int] = {}
        for entry in entries:
            if not entry.faults and self._found(entry, by_name):
                code = entry.values["code"]
                if code in seen:
                    entry.fault(f"与第 {seen[code]} 行重复：{code} (twice in the file)", self._heading("code"))
                seen.setdefault(code, entry.line.number)
            if not entry.faults:
                self._compare(entry)

    def every_row(self) -> dict[str, Any]:
        """All rows of the registry by code."""
        rows: dict[str, Any] = self.model.objects.in_bulk()
        return rows

    def _heading(self, attr: str) -> str:
        return self.by_attr[attr].column_name

    def _by_name(self) -> dict[tuple[Any, str], list[str]]:
        named: defaultdict[tuple[Any, str], list[str]] = defaultdict(list)
        for code, row in self.rows.items():
            named[getattr(row, self.name_within, None) if self.name_within else None, row.name].append(code)
        return named

    def _found(self, entry: Entry, by_name: dict[tuple[Any, str], list[str]]) -> bool:
        """Settle which code the entry speaks of."""
        values = entry.values
        if values.get("code"):
            return True
        within = values.get(self.name_within) if self.name_within else None
        codes = by_name.get((within, values["name"]), [])
        if len(codes) == 1:
            values["code"] = codes[0]
            return True
        many = f"叫“{values['name']}”的有 {len(codes)} 个" if codes else f"登记中没有“{values['name']}”"
        entry.fault(f"{many}，请填写{self._heading('code')} (a code is needed)", self._heading("code"))
        return False

    def _compare(self, entry: Entry) -> None:
        before = self.rows.get(entry.values["code"])
        after = self._begun(entry) if before is None else self._changed(entry, before)
        entry.title = self.name(after)
        self.check_ground(entry, before, after)
        if before is None or list(self.grounds(before)) != list(self.grounds(after)):
            self.check_standing(entry, after)
        self.follow(entry, before, after)

    def _begun(self, entry: Entry) -> Any:
        entry.outcome = Outcome.NEW
        row = self.model()
        for attr, value in entry.values.items():
            self.assign(row, attr, value)
            if value not in (None, "", False, 0):
                entry.changes.append(Change(self._heading(attr), "", self.change(attr, None, value).after))
        entry.write(Verb.INSERT, row)
        return row

    def _changed(self, entry: Entry, before: Any) -> Any:
        differing = [
            attr
            for attr, value in entry.values.items()
            if attr != "code" and not self.alike(attr, self.by_attr[attr].get_value(before), value)
        ]
        if not differing:
            return before
        after = copy.copy(before)
        for attr in differing:
            value = entry.values[attr]
            entry.changes.append(self.change(attr, self.by_attr[attr].get_value(before), value))
            self.assign(after, attr, value)
        ends = self.ends_attr in differing and entry.values[self.ends_attr] is not None
        entry.outcome = Outcome.ENDED if ends else Outcome.CHANGED
        if stored := self.stored(differing):
            entry.write(Verb.UPDATE, after, *stored)
        return after

    # ---- what a subclass may say otherwise ---------------------------------------------------------------------

    def alike(self, attr: str, before: Any, after: Any) -> bool:
        """Whether a fact is the same."""
        return bool(before == after)

    def assign(self, row: Any, attr: str, value: Any) -> None:
        """Put a fact into a row."""
        setattr(row, attr, value)

    def stored(self, attrs: list[str]) -> list[str]:
        """The model's fields that hold these facts."""
        return attrs

    def follow(self, entry: Entry, before: Any, after: Any) -> None:
        """What is to be written beside the row itself."""

    def name(self, row: Any) -> str:
        """Its name and code."""
        return f"{row.name} {row.code}"
